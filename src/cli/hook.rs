//! What git tells its hooks: lines on standard input, and places in the environment.

use std::ffi::OsString;
use std::io::Read as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::scan::{Known, Objects, Update};

use super::args::InputArgs;

/// A hook's lines are no longer than this, all together: some hundred thousand refs.
const MOST_LINES: u64 = 32 << 20;

/// What the hook's arguments and lines ask for; `None` where there are none.
pub(super) fn objects(args: &InputArgs) -> Result<Option<Objects>> {
    if let Some(remote) = &args.pre_push {
        return Ok(Some(Objects::Push(Update::of_pre_push(&lines()?)?, Known::Remote(remote.clone()))));
    }
    if args.pre_receive {
        return Ok(Some(Objects::Push(Update::of_pre_receive(&lines()?)?, Known::Refs)));
    }
    Ok(None)
}

fn lines() -> Result<Vec<u8>> {
    let mut lines = Vec::new();
    std::io::stdin().lock().take(MOST_LINES + 1).read_to_end(&mut lines).context("cannot read standard input")?;
    if lines.len() as u64 > MOST_LINES {
        bail!("standard input holds more than a hook is told: over {MOST_LINES} bytes");
    }
    Ok(lines)
}

/// The index that is about to be committed, where it is not the repository's own: `git commit FILE` and `git commit -a` make
/// another one.
pub(super) fn index() -> Option<PathBuf> {
    std::env::var_os("GIT_INDEX_FILE").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// The directories of objects that git names beside the repository's own: pushed objects lie in quarantine until a pre-receive
/// hook has let them in.
pub(super) fn borrowed() -> Vec<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let own = variable("GIT_OBJECT_DIRECTORY").map(PathBuf::from);
    own.into_iter().chain(variable("GIT_ALTERNATE_OBJECT_DIRECTORIES").iter().flat_map(paths)).collect()
}

/// A list of paths as git writes it: those with odd characters are in double quotes, with backslashes inside.
fn paths(list: &OsString) -> Vec<PathBuf> {
    let Some(text) = list.to_str().filter(|text| text.contains('"')) else {
        return std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty()).collect();
    };
    let separator = if cfg!(windows) { ';' } else { ':' };
    let (mut paths, mut path, mut rest) = (Vec::new(), String::new(), text.chars());
    let mut quoted = false;
    while let Some(character) = rest.next() {
        match character {
            '"' => quoted = !quoted,
            '\\' if quoted => path.extend(rest.next()),
            _ if character == separator && !quoted => paths.push(std::mem::take(&mut path)),
            _ => path.push(character),
        }
    }
    paths.push(path);
    paths.into_iter().filter(|path| !path.is_empty()).map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn lists_of_paths_are_split_as_git_does() {
        let split = |list: &str| paths(&OsString::from(list));
        assert_eq!(split("/a:/b c"), ["/a", "/b c"].map(PathBuf::from));
        assert_eq!(split(":/a::"), [PathBuf::from("/a")]);
        assert_eq!(split(r#""/a:\"b":/c"#), ["/a:\"b", "/c"].map(PathBuf::from));
    }
}
