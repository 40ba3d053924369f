//! A git work tree as git sees it: tracked and untracked files, hidden ones too, without what git ignores.
//!
//! What comes in: the target (a work tree or a directory in one). What goes out: its files, origin `Worktree`. Submodules and nested
//! repositories are entered; `.git` never is. Files that are tracked although they match an ignore pattern are read as well.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::exclude::{Exclude, Excluded};
use super::quota::Quota;
use super::visit::{Sink, Source};
use super::{SourceError, file, tracked, walk};
use crate::model::Origin;

/// The files of a work tree.
#[derive(Debug)]
pub struct Worktree {
    target: PathBuf,
    ignored: bool,
    exclude: Excluded,
}

impl Worktree {
    /// `target` is a work tree or a directory in one; `ignored` reads what git ignores as well.
    pub fn new(target: impl Into<PathBuf>, ignored: bool, exclude: Option<Arc<dyn Exclude>>) -> Self {
        Self { target: target.into(), ignored, exclude: Excluded(exclude) }
    }
}

impl Source for Worktree {
    fn visit(&self, sink: &dyn Sink) -> Result<(), SourceError> {
        let sink = &Quota::new(sink);
        std::fs::read_dir(&self.target).map_err(|error| SourceError::Target { path: self.target.clone(), error })?;
        let (visited, repositories) = (Visited::default(), Arc::new(Mutex::new(vec![self.target.clone()])));
        let mut walker = walk::everything(&self.target);
        if !self.ignored {
            walker.parents(true).git_ignore(true).git_exclude(true).git_global(true);
        }
        let (root, exclude, nested) = (self.target.clone(), self.exclude.clone(), Arc::clone(&repositories));
        walker.filter_entry(move |entry| {
            if entry.file_name() == ".git" {
                if entry.depth() > 1
                    && let Some(parent) = entry.path().parent()
                {
                    nested.lock().unwrap_or_else(PoisonError::into_inner).push(parent.to_owned());
                }
                return false;
            }
            entry.depth() == 0
                || !exclude.leaves_out(entry.path().strip_prefix(&root).unwrap_or(entry.path()), walk::is_folder(entry))
        });
        let scan = |path: &Path, relative: &Path| {
            let shown = walk::shown(relative);
            file::scan(path, &shown, &Origin::Worktree { path: shown.clone() }, sink);
        };
        walk::files(&walker, &self.target, sink, &|path, relative| {
            if !self.ignored {
                visited.add(relative);
            }
            scan(path, relative);
        });
        if !self.ignored {
            let repositories = std::mem::take(&mut *repositories.lock().unwrap_or_else(PoisonError::into_inner));
            for repository in repositories {
                tracked::files(&repository, &self.target, sink, &mut |path, relative| {
                    if visited.add(relative) && !self.exclude.leaves_out_any_part(relative) {
                        scan(path, relative);
                    }
                });
            }
        }
        Ok(())
    }
}

/// Which files were read: hashes of their paths, so that a million of them cost megabytes and not hundreds.
#[derive(Default)]
struct Visited {
    hasher: RandomState,
    /// Several sets, so that threads seldom wait for each other.
    shards: [Mutex<HashSet<u64>>; 16],
}

impl Visited {
    /// Whether it is new.
    fn add(&self, relative: &Path) -> bool {
        let hash = self.hasher.hash_one(relative.as_os_str());
        let shard = usize::try_from(hash % 16).unwrap_or_default();
        self.shards.get(shard).is_none_or(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).insert(hash))
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::git::fixture::Scratch;
    use crate::model::Code;
    use crate::source::collect::Collected;

    fn worktree(scratch: &Scratch) -> Worktree {
        Worktree::new(scratch.path(), false, None)
    }

    #[test]
    fn what_git_sees_is_read_and_what_it_ignores_is_not() {
        let scratch = Scratch::repository();
        scratch.write(".gitignore", "ignored*\nbuild/\n");
        scratch.write(".ignore", "other\n");
        for path in [".hidden/file", "tracked", "untracked", "other", "ignored", "ignored-but-tracked", "build/out"] {
            scratch.write(path, path);
        }
        scratch.write("build/tracked", "x");
        scratch.git(&["add", "-f", "tracked", "ignored-but-tracked", "build/tracked"]);
        let seen = Collected::from(&worktree(&scratch));
        let tracked =
            [".gitignore", ".hidden/file", ".ignore", "build/tracked", "ignored-but-tracked", "other", "tracked"];
        assert_eq!(seen.paths(), [&tracked[..], &["untracked"]].concat());
        assert_eq!(seen.codes(), []);
        let all = Collected::from(&Worktree::new(scratch.path(), true, None));
        assert_eq!(all.paths().len(), 10);
        assert!(all.paths().iter().all(|path| !path.starts_with(".git/")));
        let below = Collected::from(&Worktree::new(scratch.file("build"), false, None));
        assert_eq!(below.paths(), ["out", "tracked"], "an ignored directory that is named itself is read");
    }

    #[test]
    fn submodules_and_nested_repositories_are_entered() {
        let scratch = Scratch::repository();
        scratch.write("a", "a");
        scratch.commit("first");
        let outer = Scratch::repository();
        outer.git(&["submodule", "--quiet", "add", scratch.path().to_str().unwrap(), "sub"]);
        outer.git(&["init", "-q", "nested"]);
        outer.write("nested/.gitignore", "forced\nleft\n");
        outer.write("nested/forced", "x");
        outer.write("nested/left", "x");
        outer.git_in(&outer.file("nested"), &["add", "-f", "forced"]);
        let seen = Collected::from(&worktree(&outer));
        assert_eq!(seen.paths(), [".gitmodules", "nested/.gitignore", "nested/forced", "sub/a"]);
    }

    #[test]
    fn excluded_paths_are_left_out_and_counted() {
        let scratch = Scratch::repository();
        for path in ["keep", "vendor/a", "vendor/b", "x/skip.lock", ".gitignore"] {
            scratch.write(path, "*.lock\n");
        }
        scratch.git(&["add", "-f", "."]);
        let asked = Arc::new(Asked::default());
        let worktree = Worktree::new(scratch.path(), false, Some(asked.clone()));
        assert_eq!(Collected::from(&worktree).paths(), [".gitignore", "keep"]);
        let mut asked = std::mem::take(&mut *asked.0.lock().unwrap());
        asked.sort();
        asked.dedup();
        assert_eq!(
            asked,
            [".gitignore", "keep", "vendor", "x", "x/skip.lock"],
            "nothing below a folder that is left out"
        );
    }

    #[derive(Default)]
    struct Asked(Mutex<Vec<String>>);

    impl Exclude for Asked {
        fn leaves_out(&self, path: &str, is_folder: bool) -> bool {
            self.0.lock().unwrap().push(path.to_owned());
            path.ends_with(".lock") || is_folder && path == "vendor"
        }
    }

    #[test]
    fn a_target_that_is_not_there_is_an_error() {
        let missing = Worktree::new("/nowhere/at/all", false, None).visit(&Collected::default());
        assert!(matches!(missing, Err(SourceError::Target { .. })));
    }

    #[test]
    fn a_broken_index_is_a_warning() {
        let scratch = Scratch::repository();
        scratch.write("a", "a");
        scratch.write(".git/index", "nonsense");
        let seen = Collected::from(&worktree(&scratch));
        assert_eq!((seen.paths(), seen.codes()), (vec!["a".to_owned()], vec![Code::DirectoryUnreadable]));
    }

    #[test]
    #[cfg(unix)]
    fn odd_files_cost_a_note_at_most() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::fs::symlink;

        let scratch = Scratch::repository();
        symlink(".", scratch.file("loop")).unwrap();
        symlink("nowhere", scratch.file("dangling")).unwrap();
        symlink("/etc/hostname", scratch.file("outside")).unwrap();
        scratch.git(&["add", "-A"]);
        let socket = std::os::unix::net::UnixListener::bind(scratch.file("socket")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(scratch.file("pipe")).status().unwrap().success());
        std::fs::write(scratch.path().join(OsStr::from_bytes(b"bad\xff")), "x").unwrap();
        scratch.write("empty", "");
        let seen = Collected::from(&worktree(&scratch));
        assert_eq!(seen.paths(), ["bad\\xff"]);
        assert_eq!(seen.codes(), [Code::FileSpecial, Code::FileSpecial]);
        drop(socket);
    }

    #[test]
    #[cfg(unix)]
    fn unreadable_places_are_warnings() {
        use std::os::unix::fs::PermissionsExt;

        let scratch = Scratch::repository();
        scratch.write("a", "a");
        scratch.write("file", "x");
        scratch.write("directory/file", "x");
        for path in ["file", "directory"] {
            std::fs::set_permissions(scratch.file(path), std::fs::Permissions::from_mode(0)).unwrap();
        }
        if std::fs::File::open(scratch.file("file")).is_ok() {
            return; // root reads everything
        }
        let seen = Collected::from(&worktree(&scratch));
        std::fs::set_permissions(scratch.file("directory"), std::fs::Permissions::from_mode(0o700)).unwrap();
        let mut codes = seen.codes();
        codes.sort();
        assert_eq!(codes, [Code::FileUnreadable, Code::DirectoryUnreadable]);
    }
}
