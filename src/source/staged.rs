//! What the next commit would add: blobs of the index that HEAD has not at the same path.
//!
//! What comes in: a repository. What goes out: whole blobs, origin `Staged`; all stages of a conflict.

use std::collections::HashMap;
use std::path::PathBuf;

use super::SourceError;
use super::object::{self, Counts, Limits, MAX_OBJECT_SIZE};
use super::quota::Quota;
use super::visit::{Sink, Source};
use crate::git::{Head, Index, Kind, Listed, Repo, Trees, display};
use crate::model::{Code, Notification, ObjectId, Origin};

/// The staged changes of a repository.
pub struct Staged<'r> {
    repo: &'r Repo,
    index_file: Option<PathBuf>,
    max_object_size: u64,
}

struct New {
    path: Vec<u8>,
    id: ObjectId,
}

impl<'r> Staged<'r> {
    /// Of this repository.
    pub fn new(repo: &'r Repo) -> Self {
        Self { repo, index_file: None, max_object_size: MAX_OBJECT_SIZE }
    }

    /// With another limit on the size of an object.
    #[must_use]
    pub fn max_object_size(mut self, bytes: u64) -> Self {
        self.max_object_size = bytes;
        self
    }

    /// With another index than the repository's own: git gives hooks one in `GIT_INDEX_FILE` when it commits only some files.
    #[must_use]
    pub fn index_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.index_file = Some(path.into());
        self
    }

    /// What HEAD's tree holds where the index may hold something else.
    fn committed(&self, index: &Index, sink: &dyn Sink) -> Result<Committed, SourceError> {
        let path = || self.repo.git_dir().to_owned();
        let commit = match self.repo.head() {
            Head::At(commit) => commit,
            Head::Unborn(_) => return Ok(Committed::default()),
            Head::Broken => return Err(SourceError::Head { path: path() }),
        };
        let walk = self.repo.commits([commit])?;
        let tree = walk.commits.first().map(|commit| commit.tree).ok_or_else(|| SourceError::Head { path: path() })?;
        let mut trees = Trees::new(self.repo)?;
        let Committed { mut files, mut settled } = Committed::default();
        let mut enter = |path: &[u8], id: &ObjectId| {
            let is_new = index.trees.get(path) != Some(id);
            if !is_new {
                settled.push(path.to_vec());
            }
            is_new
        };
        trees.entered(tree, &mut enter, &mut |directory, name, id| {
            files.insert([directory, name].concat(), *id);
        });
        settled.sort();
        if trees.unreadable() > 0 || trees.cut_short() {
            let message = match trees.unreadable() {
                0 => "a tree of HEAD unfolds without end: most files in it count as new".to_owned(),
                some => format!("{some} trees of HEAD cannot be read: files in them count as new"),
            };
            sink.notify(Notification::note(Code::ObjectUnreadable, "HEAD", message));
        }
        Ok(Committed { files, settled })
    }
}

/// What HEAD's tree holds.
#[derive(Default)]
struct Committed {
    /// Directories that hold what the index holds there; sorted, none in another.
    settled: Vec<Vec<u8>>,
    /// Blobs by path, outside of those.
    files: HashMap<Vec<u8>, ObjectId>,
}

impl Committed {
    fn holds(&self, path: &[u8], id: &ObjectId) -> bool {
        let before = self.settled.partition_point(|directory| directory.as_slice() <= path);
        let is_settled =
            before.checked_sub(1).and_then(|last| self.settled.get(last)).is_some_and(|last| path.starts_with(last));
        is_settled || self.files.get(path) == Some(id)
    }
}

impl Source for Staged<'_> {
    fn visit(&self, sink: &dyn Sink) -> Result<(), SourceError> {
        let sink = &Quota::new(sink);
        if self.repo.is_bare() {
            return Err(SourceError::Bare { path: self.repo.git_dir().to_owned() });
        }
        let index = self.repo.index_file(self.index_file.clone()).read()?;
        let committed = self.committed(&index, sink)?;
        let files = index.files.into_iter();
        let staged: Vec<New> = files
            .filter_map(|file| Some(New { id: file.id?, path: file.path }))
            .filter(|new| !committed.holds(&new.path, &new.id))
            .collect();
        let listed = |new: &New| Listed { id: new.id, kind: Kind::Unknown, size: None };
        let origin = |new: &New, _| Origin::Staged { path: display(&new.path), id: new.id };
        let limits = Limits { max_size: self.max_object_size, counts: &Counts::default() };
        object::visit(self.repo, &staged, &listed, &origin, &limits, sink)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::Scratch;
    use crate::source::collect::Collected;

    fn staged(scratch: &Scratch) -> Vec<String> {
        let seen = Collected::from(&Staged::new(&scratch.open()));
        assert!(seen.codes().is_empty());
        seen.paths()
    }

    #[test]
    fn new_and_changed_files_are_read_from_the_index() {
        let scratch = Scratch::repository();
        scratch.write("dir/same", "same");
        scratch.write("changed", "old");
        scratch.write("moved", "moved");
        scratch.git(&["add", "."]);
        assert_eq!(staged(&scratch), ["changed", "dir/same", "moved"], "unborn");
        scratch.commit("first");
        assert!(staged(&scratch).is_empty());
        scratch.write("changed", "staged");
        scratch.git(&["mv", "moved", "dir/to"]);
        scratch.write("untracked", "x");
        scratch.write("intended", "x");
        scratch.git(&["add", "changed"]);
        scratch.git(&["add", "-N", "intended"]);
        scratch.write("changed", "not staged");
        scratch.git(&["rm", "-q", "--cached", "dir/same"]);
        let seen = Collected::from(&Staged::new(&scratch.open()));
        assert_eq!(seen.paths(), ["changed", "dir/to"]);
        assert_eq!(seen.texts(), ["moved", "staged"]);
    }

    #[test]
    fn a_conflict_shows_all_its_stages() {
        let scratch = Scratch::repository();
        scratch.write("a", "base");
        scratch.commit("base");
        scratch.git(&["checkout", "-q", "-b", "side"]);
        scratch.write("a", "theirs");
        scratch.commit("theirs");
        scratch.git(&["checkout", "-q", "main"]);
        scratch.write("a", "ours");
        scratch.commit("ours");
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| scratch.git(&["merge", "-q", "side"])));
        assert!(result.is_err(), "the merge must conflict");
        let seen = Collected::from(&Staged::new(&scratch.open()));
        assert_eq!(seen.texts(), ["base", "theirs"], "ours is HEAD's own");
    }

    #[test]
    fn submodules_are_skipped_and_bare_repositories_refused() {
        let scratch = Scratch::repository();
        scratch.commit("first");
        scratch.git(&["submodule", "--quiet", "add", scratch.path().to_str().unwrap(), "sub"]);
        assert_eq!(staged(&scratch), [".gitmodules"]);
        scratch.git(&["clone", "-q", "--bare", ".", "bare.git"]);
        let bare = Repo::open(&scratch.file("bare.git")).unwrap();
        assert!(matches!(Staged::new(&bare).visit(&Collected::default()), Err(SourceError::Bare { .. })));
        scratch.write(".git/HEAD", "nonsense");
        assert!(
            Repo::open(scratch.path())
                .map(|repo| Staged::new(&repo).visit(&Collected::default()).is_err())
                .unwrap_or(true)
        );
    }

    #[test]
    fn directories_that_git_knows_to_be_unchanged_hide_no_others() {
        let scratch = Scratch::repository();
        for directory in ["a", "a-b", "a.c", "a/d", "ab", "b/a"] {
            scratch.write(&format!("{directory}/old"), directory);
        }
        scratch.write("old", "old");
        scratch.commit("first");
        assert!(staged(&scratch).is_empty());
        for changed in ["a-b/new", "a.c/old", "a/d/new", "b/new/deep/new", "new"] {
            scratch.write(changed, format!("new {changed}"));
            scratch.git(&["add", changed]);
            assert!(!scratch.open().index_file(None).read().unwrap().trees.is_empty());
            assert_eq!(staged(&scratch), [changed]);
            scratch.git(&["commit", "-q", "-m", changed]);
            assert!(staged(&scratch).is_empty());
        }
    }

    #[test]
    fn another_index_file_can_be_named() {
        let scratch = Scratch::repository();
        scratch.write("a", "a");
        scratch.git(&["add", "."]);
        std::fs::copy(scratch.file(".git/index"), scratch.file(".git/next-index")).unwrap();
        scratch.git(&["rm", "-q", "--cached", "a"]);
        assert!(staged(&scratch).is_empty());
        let repo = scratch.open();
        let seen = Collected::from(&Staged::new(&repo).index_file(scratch.file(".git/next-index")));
        assert_eq!(seen.paths(), ["a"]);
    }

    #[test]
    fn a_missing_blob_is_a_warning() {
        let scratch = Scratch::repository();
        scratch.write("a", "a");
        scratch.write("b", "b");
        scratch.git(&["add", "."]);
        std::fs::remove_file(scratch.loose(&scratch.id(":a"))).unwrap();
        let seen = Collected::from(&Staged::new(&scratch.open()));
        assert_eq!((seen.codes(), seen.paths()), (vec![Code::ObjectUnreadable], vec!["b".to_owned()]));
    }
}
