//! A directory outside git, or one file: everything in it, with no ignore rules.
//!
//! What comes in: the target. What goes out: its files, origin `File`. Git's object stores are not entered: they hold compressed
//! objects, which only the history source can read, and that is said.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::exclude::{Exclude, Excluded};
use super::file::Kind;
use super::quota::Quota;
use super::visit::{Sink, Source};
use super::{SourceError, file, walk};
use crate::model::{Code, Notification, Origin};

/// A plain directory or a single file.
#[derive(Debug)]
pub struct Directory {
    target: PathBuf,
    exclude: Excluded,
}

impl Directory {
    /// A file that is named itself is always read.
    pub fn new(target: impl Into<PathBuf>, exclude: Option<Arc<dyn Exclude>>) -> Self {
        Self { target: target.into(), exclude: Excluded(exclude) }
    }

    fn visit_directory(&self, sink: &dyn Sink) {
        let mut walker = walk::everything(&self.target);
        let (root, exclude) = (self.target.clone(), self.exclude.clone());
        let stores = Arc::new(Mutex::new(BTreeSet::new()));
        let seen = Arc::clone(&stores);
        walker.filter_entry(move |entry| {
            let relative = entry.path().strip_prefix(&root).unwrap_or(entry.path());
            if entry.depth() == 0 {
                return true;
            }
            if is_object_store(entry.path()) {
                seen.lock().unwrap_or_else(PoisonError::into_inner).insert(relative.to_owned());
                return false;
            }
            !exclude.leaves_out(relative, walk::is_folder(entry))
        });
        walk::files(&walker, &self.target, sink, &|path, relative, kind| {
            let shown = walk::shown(relative);
            file::scan(path, kind, &shown, &Origin::File { path: shown.clone() }, sink);
        });
        let stores = std::mem::take(&mut *stores.lock().unwrap_or_else(PoisonError::into_inner));
        for git in stores.iter().filter_map(|store| store.parent()) {
            sink.notify(walk::nested(git.parent().filter(|_| git.ends_with(".git")).unwrap_or(git)));
        }
    }
}

impl Source for Directory {
    fn visit(&self, sink: &dyn Sink) -> Result<(), SourceError> {
        let sink = &Quota::new(sink);
        // Follows a link: the user named it.
        let kind =
            fs::metadata(&self.target).map_err(|error| SourceError::Target { path: self.target.clone(), error })?;
        let shown = walk::shown(&self.target);
        if kind.is_dir() {
            self.visit_directory(sink);
        } else if kind.is_file() {
            file::scan(&self.target, Kind::Regular, &shown, &Origin::File { path: shown.clone() }, sink);
        } else {
            // It was asked for by name, so that leaving it out is no footnote.
            let message = "it is no regular file and is not opened; pass its content on standard input";
            sink.notify(Notification::warning(Code::FileSpecial, shown, message));
        }
        Ok(())
    }
}

fn is_object_store(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "objects")
        && path.parent().is_some_and(|parent| parent.join("HEAD").is_file() && parent.join("refs").is_dir())
        && path.is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::Scratch;
    use crate::source::collect::Collected;

    fn nested(scratch: &Scratch) -> Vec<String> {
        let seen = Collected::from(&Directory::new(scratch.path(), None));
        let notes = seen.notes.lock().unwrap();
        notes.iter().map(|note| note.place.clone()).collect()
    }

    #[test]
    fn nothing_is_hidden_but_object_stores() {
        let scratch = Scratch::empty();
        for path in [".hidden", ".gitignore", "node_modules/a", "objects/b"] {
            scratch.write(path, "*");
        }
        scratch.git(&["init", "-q", "inner"]);
        scratch.write("inner/.git/objects/ab/cd", "x");
        assert_eq!(nested(&scratch), ["inner"]);
        scratch.git(&["init", "-q", "--bare", "mirror.git"]);
        assert_eq!(nested(&scratch), ["inner", "mirror.git"]);
        std::fs::remove_dir_all(scratch.file("mirror.git")).unwrap();
        let seen = Collected::from(&Directory::new(scratch.path(), None));
        let paths = seen.paths();
        for path in [".gitignore", ".hidden", "inner/.git/config", "node_modules/a", "objects/b"] {
            assert!(paths.iter().any(|found| found == path), "{path}");
        }
        assert!(!paths.iter().any(|path| path.contains(".git/objects")));
        assert_eq!(seen.codes(), [Code::HistoryNested]);
    }

    #[test]
    fn one_file_is_read_as_it_was_named() {
        let scratch = Scratch::empty();
        scratch.write("f", "text");
        let seen = Collected::from(&Directory::new(scratch.file("f"), None));
        assert_eq!((seen.paths(), seen.texts()), (vec![walk::shown(&scratch.file("f"))], vec!["text".to_owned()]));
        let missing = Directory::new(scratch.file("g"), None).visit(&Collected::default());
        assert!(matches!(missing, Err(SourceError::Target { .. })));
    }

    #[test]
    #[cfg(unix)]
    fn of_a_link_the_text_is_read() {
        let scratch = Scratch::empty();
        std::os::unix::fs::symlink("nowhere", scratch.file("link")).unwrap();
        let seen = Collected::from(&Directory::new(scratch.path(), None));
        assert_eq!((seen.paths(), seen.texts()), (vec!["link".to_owned()], vec!["nowhere".to_owned()]));
    }

    #[test]
    #[cfg(unix)]
    fn a_named_link_is_followed_and_a_named_pipe_refused() {
        let scratch = Scratch::empty();
        scratch.write("f", "text");
        std::os::unix::fs::symlink("f", scratch.file("link")).unwrap();
        assert_eq!(Collected::from(&Directory::new(scratch.file("link"), None)).texts(), ["text"]);
        assert!(std::process::Command::new("mkfifo").arg(scratch.file("pipe")).status().unwrap().success());
        let seen = Collected::from(&Directory::new(scratch.file("pipe"), None));
        assert_eq!((seen.paths().len(), seen.codes()), (0, vec![Code::FileSpecial]));
    }
}
