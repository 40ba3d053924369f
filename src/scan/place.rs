//! What a source says about places, told from where the whole run stands.

use std::path::{Path, PathBuf};

use crate::git::{GitError, Repo, Stop, Tally, display};
use crate::model::{Below, Blob, Code, Notification, Origin};
use crate::source::{Content, Sink};

/// Hands everything on; puts `paths` before the paths of a work tree, which start at the folder that was walked, and `notes`
/// before the places of notifications.
pub(super) struct Placed<'a> {
    pub(super) sink: &'a dyn Sink,
    pub(super) paths: &'a str,
    pub(super) notes: String,
    /// Whether somebody asked for histories, and wants to know which were not searched.
    pub(super) histories: bool,
}

impl Placed<'_> {
    fn placed(&self, origin: Origin) -> Origin {
        match origin {
            Origin::Worktree { path } => Origin::Worktree { path: format!("{}{path}", self.paths) },
            Origin::Member { outer, path } => Origin::Member { outer: Box::new(self.placed(*outer)), path },
            other => other,
        }
    }
}

impl Sink for Placed<'_> {
    fn blob(&self, blob: Blob<'_>) -> Below {
        self.sink.blob(Blob { origin: self.placed(blob.origin), ..blob })
    }

    fn again(&self, origin: &Origin, content: &mut dyn Content) {
        self.sink.again(&self.placed(origin.clone()), content);
    }

    fn reach(&self) -> usize {
        self.sink.reach()
    }

    fn tally(&self, tally: Tally) {
        self.sink.tally(tally);
    }

    fn notify(&self, notification: Notification) {
        if self.histories || notification.code != Code::HistoryNested {
            self.sink.notify(noted(&self.notes, notification));
        }
    }

    fn stop(&self) -> Option<Stop> {
        self.sink.stop()
    }
}

/// The notification with something before its place.
pub(super) fn noted(before: &str, mut notification: Notification) -> Notification {
    let place = format!("{before}{}", notification.place);
    notification.place = place.trim_end_matches([':', ' ', '/']).to_owned();
    notification
}

/// The repository that this folder is, or lies in. `..` and links are followed first, as git does: the repository above the
/// text of a path may be another one.
pub(super) fn repository(folder: &Path) -> Result<Option<Repo>, GitError> {
    match Repo::discover(&real(folder)) {
        Err(GitError::NotARepository { .. }) => Ok(None),
        other => other.map(Some),
    }
}

/// Windows takes `..` out of a path by itself, and its real paths have a form that not every program reads.
fn real(folder: &Path) -> PathBuf {
    let real = if cfg!(windows) { std::path::absolute(folder) } else { folder.canonicalize() };
    real.unwrap_or_else(|_| folder.to_owned())
}

/// Whether this folder is where the repository keeps what it knows.
pub(super) fn is_git_directory(folder: &Path, repo: &Repo) -> bool {
    folder.canonicalize().is_ok_and(|folder| repo.git_dir().canonicalize().is_ok_and(|git| git == folder))
}

/// The way from the top of the repository's work tree to this folder, as `src/deep/`; empty at the top, and outside of it.
pub(super) fn below(folder: &Path, repo: &Repo) -> String {
    let top = repo.work_dir().and_then(|top| top.canonicalize().ok());
    let (Some(top), Ok(folder)) = (top, folder.canonicalize()) else { return String::new() };
    let parts = folder.strip_prefix(top).into_iter().flat_map(Path::components);
    parts.map(|part| display(part.as_os_str().as_encoded_bytes()) + "/").collect()
}

/// What stands before the paths of one target among several: its name, less the way down to it from the top of its
/// repository, where paths start.
pub(super) fn prefix(name: &str, below: &str) -> String {
    let name: String = name.chars().map(|c| if std::path::is_separator(c) { '/' } else { c }).collect();
    let (name, below) = (name.trim_end_matches('/'), below.trim_end_matches('/'));
    if below.is_empty() {
        return format!("{name}/");
    }
    match name.strip_suffix(below) {
        Some(top) if top.is_empty() || top.ends_with('/') => top.to_owned(),
        _ => format!("{name}/{}", "../".repeat(below.split('/').count())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_several_targets_start_where_their_repositories_do() {
        let cases = [
            (".", "", "./"),
            ("one/", "", "one/"),
            ("src", "src/", ""),
            ("one/src", "src/", "one/"),
            ("./src/deep/", "src/deep/", "./"),
            ("/src", "src/", "/"),
            (".", "src/deep/", "./../../"),
            ("mysrc", "src/", "mysrc/../"),
            ("/", "", "/"),
        ];
        for (name, below, expected) in cases {
            assert_eq!(prefix(name, below), expected, "{name} {below}");
        }
    }

    #[test]
    fn a_note_without_a_place_gets_a_whole_one() {
        for (before, place, expected) in
            [("one/", "a", "one/a"), ("one/", "", "one"), ("one: ", "", "one"), ("", "", "")]
        {
            assert_eq!(noted(before, Notification::note(Code::FileChanged, place, "x")).place, expected);
        }
    }
}
