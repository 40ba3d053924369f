//! A git work tree as git sees it: tracked and untracked files, hidden ones too, without what git ignores.
//!
//! What comes in: the target (a work tree or a directory in one). What goes out: its files, origin `Worktree`. Submodules and nested
//! repositories are entered, and it is said that their histories are not searched; `.git` is entered only where it is the target, for
//! all but git's objects. Files that are tracked although they match an ignore pattern are read as well.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ignore::WalkBuilder;

use super::exclude::{Exclude, Excluded};
use super::file::Kind;
use super::quota::Quota;
use super::visit::{Sink, Source};
use super::{SourceError, file, tracked, walk};
use crate::model::{Code, Notification, Origin};

/// The files of a work tree.
#[derive(Debug)]
pub struct Worktree {
    target: PathBuf,
    ignored: bool,
    exclude: Excluded,
    git_directory: bool,
}

impl Worktree {
    /// `target` is a work tree or a directory in one; `ignored` reads what git ignores as well.
    pub fn new(target: impl Into<PathBuf>, ignored: bool, exclude: Option<Arc<dyn Exclude>>) -> Self {
        Self { target: target.into(), ignored, exclude: Excluded(exclude), git_directory: false }
    }

    /// The target is no work tree, but the `.git` of one.
    pub fn git_directory(mut self, is_one: bool) -> Self {
        self.git_directory = is_one;
        self
    }
}

impl Source for Worktree {
    fn visit(&self, sink: &dyn Sink) -> Result<(), SourceError> {
        let sink = &Quota::new(sink);
        std::fs::read_dir(&self.target).map_err(|error| SourceError::Target { path: self.target.clone(), error })?;
        let seen = Arc::new(Seen {
            visited: Visited::default(),
            nested: Mutex::new(vec![self.target.clone()]),
            unruled: Mutex::default(),
        });
        let scan = |path: &Path, relative: &Path, kind: Kind| {
            let shown = walk::shown(relative);
            file::scan(path, kind, &shown, &Origin::Worktree { path: shown.clone() }, sink);
        };
        let visit = |path: &Path, relative: &Path, kind: Kind| {
            if !self.ignored {
                seen.visited.add(relative);
            }
            scan(path, relative, kind);
        };
        match self.target.ancestors().find(|above| !self.ignored && is_unruled(above)) {
            Some(above) => {
                locked(&seen.unruled).push(if above == self.target { above } else { &self.target }.to_owned())
            }
            None => walk::files(&self.walker(&self.target, self.ignored, &seen), &self.target, sink, &visit),
        }
        for unruled in std::mem::take(&mut *locked(&seen.unruled)) {
            let shown = walk::shown(unruled.strip_prefix(&self.target).unwrap_or(&unruled));
            let message = ".gitignore or .git/info/exclude is no regular file there: nothing below is left out for it";
            sink.notify(Notification::note(Code::FileSpecial, shown, message));
            walk::files(&self.walker(&unruled, true, &seen), &self.target, sink, &visit);
        }
        let mut repositories = std::mem::take(&mut *locked(&seen.nested));
        repositories.sort();
        for nested in repositories.iter().filter_map(|path| path.strip_prefix(&self.target).ok()) {
            if !nested.as_os_str().is_empty() {
                sink.notify(walk::nested(nested));
            }
        }
        if !self.ignored {
            for repository in repositories {
                tracked::files(&repository, &self.target, sink, &mut |path, relative, kind| {
                    if seen.visited.add(relative) && !self.leaves_out(relative, &seen.visited) {
                        scan(path, relative, kind);
                    }
                });
            }
        }
        Ok(())
    }
}

impl Worktree {
    /// A walker from a directory of the target on, for what git ignores as well or not.
    fn walker(&self, from: &Path, ignored: bool, seen: &Arc<Seen>) -> WalkBuilder {
        let mut walker = walk::everything(from);
        if !ignored {
            walker.parents(true).git_ignore(true).git_exclude(true).git_global(true);
        }
        let (root, exclude, seen) = (self.target.clone(), self.exclude.clone(), Arc::clone(seen));
        let git_directory = self.git_directory;
        walker.filter_entry(move |entry| {
            let parent = entry.path().parent();
            if git_directory && parent == Some(&root) && entry.file_name() == "objects" {
                return false;
            }
            if entry.file_name() == ".git" && entry.depth() > 0 {
                locked(&seen.nested).extend(parent.filter(|parent| *parent != root).map(Path::to_owned));
                return false;
            }
            let relative = entry.path().strip_prefix(&root).unwrap_or(entry.path());
            if entry.depth() > 0 && exclude.leaves_out(relative, walk::is_folder(entry)) {
                seen.visited.add(relative);
                return false;
            }
            if !ignored && entry.depth() > 0 && walk::is_folder(entry) && is_unruled(entry.path()) {
                locked(&seen.unruled).push(entry.path().to_owned());
                return false;
            }
            true
        });
        walker
    }

    /// Whether a file that the walk did not come past is left out, itself or by a folder above it. Asks about each once.
    fn leaves_out(&self, relative: &Path, visited: &Visited) -> bool {
        let mut parts: Vec<&Path> = relative.ancestors().filter(|part| !part.as_os_str().is_empty()).collect();
        parts.reverse();
        parts.into_iter().any(|part| {
            let is_folder = part != relative;
            if is_folder && visited.contains(part) {
                return true; // of folders, only those that were left out are in there
            }
            let left_out = self.exclude.leaves_out(part, is_folder);
            if left_out {
                visited.add(part);
            }
            left_out
        })
    }
}

/// What a walk came past.
struct Seen {
    visited: Visited,
    /// The target and the repositories inside it.
    nested: Mutex<Vec<PathBuf>>,
    /// Directories whose ignore files must not be read.
    unruled: Mutex<Vec<PathBuf>>,
}

/// Longer lists of what is ignored are not read.
const LONGEST_RULES: u64 = 8 << 20;

/// Whether an ignore file of the directory is something that git does not read either, or that nobody should: a link, which may lead
/// to a device without end, a pipe, which nobody may ever write to.
fn is_unruled(directory: &Path) -> bool {
    [".gitignore", ".git/info/exclude"].iter().any(|name| {
        let found = std::fs::symlink_metadata(directory.join(name));
        found.is_ok_and(|found| !found.is_file() || found.len() > LONGEST_RULES)
    })
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which files were read or left out: hashes of their paths, so that a million of them cost megabytes and not hundreds.
#[derive(Default)]
struct Visited {
    hasher: RandomState,
    /// Several sets, so that threads seldom wait for each other.
    shards: [Mutex<HashSet<u64>>; 16],
}

impl Visited {
    /// Whether it is new.
    fn add(&self, relative: &Path) -> bool {
        let (hash, shard) = self.shard(relative);
        shard.lock().unwrap_or_else(PoisonError::into_inner).insert(hash)
    }

    fn contains(&self, relative: &Path) -> bool {
        let (hash, shard) = self.shard(relative);
        shard.lock().unwrap_or_else(PoisonError::into_inner).contains(&hash)
    }

    fn shard(&self, relative: &Path) -> (u64, &Mutex<HashSet<u64>>) {
        let hash = self.hasher.hash_one(relative.as_os_str());
        let [first, rest @ ..] = &self.shards;
        (hash, rest.get((hash % 16) as usize).unwrap_or(first))
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
    #[cfg(unix)]
    fn an_ignore_file_that_is_a_link_hides_nothing() {
        let scratch = Scratch::repository();
        scratch.write("rules", "*");
        for (place, linked) in [("", "/dev/zero"), ("sub/", "../rules")] {
            scratch.write(&format!("{place}new"), "new");
            std::os::unix::fs::symlink(linked, scratch.file(&format!("{place}.gitignore"))).unwrap();
        }
        scratch.write("other/.gitignore", "new");
        scratch.write("other/new", "ignored");
        let seen = Collected::from(&worktree(&scratch));
        let all = [".gitignore", "new", "other/.gitignore", "other/new", "rules", "sub/.gitignore", "sub/new"];
        assert_eq!((seen.paths(), seen.codes()), (all.map(str::to_owned).to_vec(), vec![Code::FileSpecial]));
        std::fs::remove_file(scratch.file(".gitignore")).unwrap();
        let seen = Collected::from(&worktree(&scratch));
        let all = ["new", "other/.gitignore", "rules", "sub/.gitignore", "sub/new"];
        assert_eq!((seen.paths(), seen.codes()), (all.map(str::to_owned).to_vec(), vec![Code::FileSpecial]));
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
        assert_eq!(seen.codes(), [Code::HistoryNested, Code::HistoryNested]);
    }

    #[test]
    fn a_git_directory_that_is_named_itself_is_read_but_for_its_objects() {
        let scratch = Scratch::repository();
        for path in ["HEAD", "refs/a", "objects/b"] {
            scratch.write(path, path);
        }
        scratch.commit("first");
        let seen = Collected::from(&Worktree::new(scratch.file(".git"), false, None).git_directory(true));
        assert!(seen.paths().contains(&"config".to_owned()));
        assert!(!seen.paths().iter().any(|path| path.starts_with("objects/")), "{:?}", seen.paths());
        assert_eq!(Collected::from(&worktree(&scratch)).paths(), ["HEAD", "objects/b", "refs/a"]);
    }

    #[test]
    fn excluded_paths_are_left_out_and_counted() {
        let scratch = Scratch::repository();
        for path in ["keep", "vendor/a", "vendor/b", "x/skip.lock", ".gitignore"] {
            scratch.write(path, "*.lock\n");
        }
        scratch.git(&["add", "-f", "."]);
        let left_out = Arc::new(LeftOut::default());
        let worktree = Worktree::new(scratch.path(), false, Some(left_out.clone()));
        assert_eq!(Collected::from(&worktree).paths(), [".gitignore", "keep"]);
        let mut left_out = std::mem::take(&mut *left_out.0.lock().unwrap());
        left_out.sort();
        assert_eq!(left_out, ["vendor", "x/skip.lock"], "each once, and nothing below a folder");
    }

    #[derive(Default)]
    struct LeftOut(Mutex<Vec<String>>);

    impl Exclude for LeftOut {
        fn leaves_out(&self, path: &str, is_folder: bool) -> bool {
            let fits = path.ends_with(".lock") || is_folder && path == "vendor";
            if fits {
                self.0.lock().unwrap().push(path.to_owned());
            }
            fits
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
        assert_eq!(seen.paths(), ["bad\\xff", "dangling", "loop", "outside"]);
        assert!(seen.texts().iter().all(|text| ["x", "nowhere", ".", "/etc/hostname"].contains(&text.as_str())));
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
            std::fs::set_permissions(scratch.file(path), std::fs::Permissions::from_mode(0o000)).unwrap();
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
