//! Walks a directory with as many threads as the machine has, for work trees and plain directories alike.
//!
//! What comes in: a walker already told what to leave out. What goes out: a call for each regular file, notifications for the rest.
//! Symbolic links are never followed: what they lead to is either elsewhere in the walk, or not the user's target.

use std::path::Path;

use ignore::{DirEntry, WalkBuilder, WalkState};

use super::file::{self, Kind};
use super::visit::Sink;
use crate::git::display;
use crate::model::{Code, Notification};

/// A walker that leaves nothing out by itself.
pub(super) fn everything(root: &Path) -> WalkBuilder {
    let mut walker = WalkBuilder::new(root);
    walker.standard_filters(false).follow_links(false);
    walker.threads(std::thread::available_parallelism().map_or(1, usize::from));
    walker
}

/// Calls `visit` with path, path relative to `root` and kind for each regular file and each link.
pub(super) fn files(walker: &WalkBuilder, root: &Path, sink: &dyn Sink, visit: &(dyn Fn(&Path, &Path, Kind) + Sync)) {
    walker.build_parallel().run(|| {
        Box::new(|entry| {
            if sink.stop().is_some() {
                return WalkState::Quit;
            }
            match entry {
                Ok(entry) => {
                    let path = entry.path();
                    let relative = path.strip_prefix(root).unwrap_or(path);
                    match entry.file_type().map(|kind| (kind, Kind::of(kind))) {
                        Some((_, Some(kind))) => visit(path, relative, kind),
                        Some((kind, None)) if !kind.is_dir() => sink.notify(file::special(kind, &shown(relative))),
                        Some(_) | None => {}
                    }
                }
                Err(error) => sink.notify(unreadable(&error, root)),
            }
            WalkState::Continue
        })
    });
}

/// Whether an entry is a folder itself, not a link to one.
pub(super) fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
}

/// What to say of a repository inside the target.
pub(super) fn nested(folder: &Path) -> Notification {
    let message = "a repository of its own: its history was not searched; name it as a target to search that too";
    Notification::note(Code::HistoryNested, shown(folder), message)
}

/// A path in display form: `/` between parts, invalid bytes spelled out.
#[cfg(unix)]
pub(super) fn shown(path: &Path) -> String {
    display(path.as_os_str().as_encoded_bytes())
}

/// A path in display form: `/` between parts, what is not Unicode replaced.
#[cfg(not(unix))]
pub(super) fn shown(path: &Path) -> String {
    display(path.to_string_lossy().replace('\\', "/").as_bytes())
}

fn unreadable(error: &ignore::Error, root: &Path) -> Notification {
    let place = path_of(error).map_or_else(String::new, |path| shown(path.strip_prefix(root).unwrap_or(path)));
    Notification::warning(Code::DirectoryUnreadable, place, format!("it cannot be listed: {error}"))
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithLineNumber { err, .. } | ignore::Error::WithDepth { err, .. } => path_of(err),
        ignore::Error::Loop { child, .. } => Some(child),
        _ => None,
    }
}
