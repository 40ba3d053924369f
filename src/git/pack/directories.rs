//! The directories that hold a repository's objects: its own, and those it borrows from.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::model::{Code, Notification, ObjectId};

/// As deep as git follows alternates of alternates.
const DEEPEST: usize = 5;

/// `objects` itself, `borrowed` (what the environment of a hook names), and whatever their `info/alternates` lead to. Those
/// that are not there are left out, as git does.
pub(super) fn all(objects: &Path, borrowed: &[PathBuf]) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    let mut level: Vec<PathBuf> = std::iter::once(objects.to_owned()).chain(borrowed.iter().cloned()).collect();
    for _ in 0..=DEEPEST {
        let mut next = Vec::new();
        for directory in level {
            let Ok(real) = directory.canonicalize() else { continue };
            if real.is_dir() && seen.insert(real) {
                next.extend(alternates(&directory));
                found.push(directory);
            }
        }
        level = next;
    }
    found
}

/// The lines of `info/alternates`: paths, absolute or from here; comments start with `#`.
fn alternates(objects: &Path) -> Vec<PathBuf> {
    let text = fs::read(objects.join("info").join("alternates")).unwrap_or_default();
    text.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
        .filter_map(path)
        .map(|path| objects.join(path))
        .collect()
}

/// A path as git writes it: in C's quotes where it holds odd characters.
fn path(line: &[u8]) -> Option<PathBuf> {
    match line.strip_prefix(b"\"") {
        None => native(line.to_vec()),
        Some(quoted) => native(unquoted(quoted)?),
    }
}

fn unquoted(mut quoted: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        match quoted {
            [b'"', ..] => return Some(out),
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', rest @ ..] => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                quoted = rest;
            }
            [b'\\', escaped, rest @ ..] => {
                out.push(match escaped {
                    b'a' => 7,
                    b'b' => 8,
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 11,
                    b'f' => 12,
                    b'r' => b'\r',
                    b'"' | b'\\' => *escaped,
                    _ => return None,
                });
                quoted = rest;
            }
            [byte, rest @ ..] => {
                out.push(*byte);
                quoted = rest;
            }
            [] => return None,
        }
    }
}

#[cfg(unix)]
fn native(bytes: Vec<u8>) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt as _;
    Some(std::ffi::OsString::from_vec(bytes).into())
}

#[cfg(not(unix))]
fn native(bytes: Vec<u8>) -> Option<PathBuf> {
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

/// The index of every pack in these directories; packs that have none are told.
pub(super) fn packs(directories: &[PathBuf], notes: &mut Vec<Notification>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let packs = directories.iter().flat_map(|directory| children(&directory.join("pack"), notes));
    for path in packs.collect::<Vec<_>>() {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("idx") if path.with_extension("pack").exists() => found.push(path),
            Some("pack") if !path.with_extension("idx").exists() => notes.push(unlisted(&path, "its index is missing")),
            _ => {}
        }
    }
    found.sort();
    found
}

/// The ids of all loose objects in these directories, sorted, each once.
pub(super) fn loose(directories: &[PathBuf], id_len: usize, notes: &mut Vec<Notification>) -> Vec<ObjectId> {
    let mut found = Vec::new();
    for directory in directories.iter().flat_map(|directory| children(directory, notes)).collect::<Vec<_>>() {
        let Some(first) = name(&directory).filter(|name| name.len() == 2 && directory.is_dir()) else { continue };
        let files = children(&directory, notes);
        found.extend(files.iter().filter_map(|path| loose_id(&[first, name(path)?].concat(), id_len)));
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn children(directory: &Path, notes: &mut Vec<Notification>) -> Vec<PathBuf> {
    match fs::read_dir(directory) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            notes.push(unlisted(directory, &error.to_string()));
            Vec::new()
        }
    }
}

fn name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

/// Objects that are not searched because of what is wrong with a directory or a pack.
pub(super) fn unlisted(path: &Path, reason: &str) -> Notification {
    let place = path.display().to_string();
    Notification::warning(Code::ObjectUnreadable, place, format!("the objects in it cannot be listed: {reason}"))
}

fn loose_id(digits: &str, id_len: usize) -> Option<ObjectId> {
    ObjectId::from_hex(digits.as_bytes()).filter(|id| id.as_bytes().len() == id_len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternates_are_followed_once_each() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        for (name, lines) in [
            ("a", "# a comment\n../b\n\n../nowhere\n".to_owned()),
            ("b", format!("{}\n\"../od\\144\\\"\"\n", at("c").display())),
            ("c", "../a\n../b\n".to_owned()),
            ("odd\"", String::new()),
            ("hook", String::new()),
        ] {
            fs::create_dir_all(at(name).join("info")).unwrap();
            fs::write(at(name).join("info/alternates"), lines).unwrap();
        }
        let found = all(&at("a"), &[at("hook")]);
        let real: Vec<PathBuf> = found.iter().map(|path| path.canonicalize().unwrap()).collect();
        let expected: Vec<PathBuf> =
            ["a", "hook", "b", "c", "odd\""].map(|name| at(name).canonicalize().unwrap()).into();
        assert_eq!(real, expected);
    }

    #[test]
    fn loose_objects_have_long_names() {
        let scratch = tempfile::tempdir().unwrap();
        fs::create_dir(scratch.path().join("0a")).unwrap();
        let good = "b".repeat(38);
        for name in [&good, "tmp_obj_x", &"b".repeat(37), &"b".repeat(62), &"g".repeat(38)] {
            fs::write(scratch.path().join("0a").join(name), "").unwrap();
        }
        let twice = [scratch.path().to_owned(), scratch.path().to_owned()];
        let ids: Vec<String> = loose(&twice, 20, &mut Vec::new()).iter().map(ToString::to_string).collect();
        assert_eq!(ids, [format!("0a{good}")]);
        assert_eq!(loose(&twice, 32, &mut Vec::new()).len(), 1);
    }
}
