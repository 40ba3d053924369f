//! The tracked files of one repository inside a target, by its index.

use std::fs;
use std::path::{Path, PathBuf};

use super::file::Kind;
use super::visit::Sink;
use super::walk;
use crate::git::Repo;
use crate::model::{Code, Notification};

/// Calls `visit` with path, path relative to `target` and kind for each tracked file or link that lies below both.
pub(super) fn files(repository: &Path, target: &Path, sink: &dyn Sink, visit: &mut dyn FnMut(&Path, &Path, Kind)) {
    let warn = |message: String| {
        let place = walk::shown(repository.strip_prefix(target).unwrap_or(repository));
        let message = format!("files that are tracked although git ignores them may be missed: {message}");
        // Inside the target, a broken repository may well be test data of the one that holds it.
        sink.notify(match repository == target {
            true => Notification::warning(Code::DirectoryUnreadable, place, message),
            false => Notification::note(Code::DirectoryUnreadable, place, message),
        });
    };
    let index = Repo::discover(repository).and_then(|repo| Ok((repo.index()?, repo.work_dir().map(Path::to_owned))));
    let (entries, top) = match index {
        Ok((entries, Some(top))) => (entries, top),
        Ok((_, None)) => return,
        Err(error) => return warn(error.to_string()),
    };
    let Some(below) = path_below(repository, &top) else { return };
    for entry in entries {
        let Some(path) = native(&entry.path) else { continue };
        let Ok(inside) = path.strip_prefix(&below) else { continue };
        if sink.stop().is_some() {
            return;
        }
        if let Some(kind) = kind(repository, inside) {
            let path = repository.join(inside);
            visit(&path, path.strip_prefix(target).unwrap_or(inside), kind);
        }
    }
}

/// The part of `directory` below `top`, both taken without symbolic links.
fn path_below(directory: &Path, top: &Path) -> Option<PathBuf> {
    let (directory, top) = (fs::canonicalize(directory).ok()?, fs::canonicalize(top).ok()?);
    directory.strip_prefix(top).ok().map(Path::to_owned)
}

/// What stands there, if it is reached through no symbolic link.
fn kind(directory: &Path, inside: &Path) -> Option<Kind> {
    let mut parts: Vec<&Path> = inside.ancestors().filter(|part| !part.as_os_str().is_empty()).collect();
    parts.reverse();
    let harmless = inside.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    let (file, parents) = parts.split_last().filter(|_| harmless)?;
    let kind = |part: &Path| fs::symlink_metadata(directory.join(part)).map(|metadata| metadata.file_type());
    let is_inside = parents.iter().all(|part| kind(part).is_ok_and(|kind| kind.is_dir()));
    kind(file).ok().filter(|_| is_inside).and_then(Kind::of)
}

#[cfg(unix)]
fn native(path: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;

    Some(PathBuf::from(std::ffi::OsStr::from_bytes(path)))
}

#[cfg(not(unix))]
fn native(path: &[u8]) -> Option<PathBuf> {
    std::str::from_utf8(path).ok().map(PathBuf::from)
}
