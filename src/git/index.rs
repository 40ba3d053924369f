//! The index: what git tracks and what is staged.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use gix_hash::Kind as HashKind;
use gix_index::decode::Options;
use gix_index::entry::{Flags, Mode};
use gix_index::extension::Tree;
use memchr::memmem;

use super::error::GitError;
use super::repo::Repo;
use crate::model::ObjectId;

/// One file of the index, or one stage of a conflict.
#[derive(Clone, Debug)]
pub struct IndexEntry {
    /// Path from the top of the work tree, `/` between parts, in git's own bytes.
    pub path: Vec<u8>,
    /// The staged blob; `None` where only the intent to add the file is recorded.
    pub id: Option<ObjectId>,
}

/// An index.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// Its files in order of their paths, conflicts with all their stages, submodules left out.
    pub files: Vec<IndexEntry>,
    /// The trees that directories would be committed as, where git has noted them, by path with a slash at its end. What is staged
    /// below such a directory is what the tree holds: git commits the tree without another look.
    pub trees: HashMap<Vec<u8>, ObjectId>,
}

/// No index is allowed to make its reader take more at once.
const MOST_MEMORY: usize = 1 << 30;
/// No file system goes deeper.
const LONGEST_PATH: usize = 4 << 10;
/// Bytes of the paths of trees; whatever has no room is compared file by file.
const MOST_PATHS: usize = 64 << 20;
/// A number of more digits is none.
const MOST_DIGITS: usize = 24;
/// How often each byte of an index may be looked at in search of a cache of trees.
const MOST_LOOKS: usize = 16;

/// An index file, to be read by any thread.
#[derive(Clone, Debug)]
pub struct IndexFile {
    path: PathBuf,
    id_length: usize,
}

impl Repo {
    /// The files of the index, conflicts with all their stages, submodules left out. No index is an empty one.
    pub fn index(&self) -> Result<Vec<IndexEntry>, GitError> {
        Ok(self.index_file(None).read()?.files)
    }

    /// Its own index, or another one, such as git names to a hook in `GIT_INDEX_FILE`.
    pub fn index_file(&self, other: Option<PathBuf>) -> IndexFile {
        IndexFile { path: other.unwrap_or_else(|| self.git_dir().join("index")), id_length: self.id_length() }
    }
}

impl IndexFile {
    /// Reads it. No file is an empty index.
    pub fn read(&self) -> Result<Index, GitError> {
        if !self.path.exists() {
            return Ok(Index::default());
        }
        let broken = |reason: String| GitError::Index { path: self.path.clone(), reason };
        if !self.files().iter().all(|path| fs::read(path).is_ok_and(|bytes| is_shallow(&bytes, self.id_length))) {
            return Err(broken("it cannot be read, or it nests directories deeper than git does".to_owned()));
        }
        let hash = if self.id_length == 32 { HashKind::Sha256 } else { HashKind::Sha1 };
        let options = Options { thread_limit: Some(1), alloc_limit_bytes: Some(MOST_MEMORY), ..Options::default() };
        // Git does not check the checksum either; reading it takes longer than all the rest.
        let index = gix_index::File::at(&self.path, hash, true, options).map_err(|error| broken(error.to_string()))?;
        let files =
            index.entries().iter().filter(|entry| !entry.mode.intersects(Mode::DIR) && entry.mode != Mode::COMMIT);
        let files = files.map(|entry| IndexEntry {
            path: entry.path(&index).to_vec(),
            id: if entry.flags.contains(Flags::INTENT_TO_ADD) { None } else { ObjectId::new(entry.id.as_bytes()) },
        });
        Ok(Index { files: files.collect(), trees: index.tree().map(trees).unwrap_or_default() })
    }

    /// Itself, and what a split index is read with.
    fn files(&self) -> Vec<PathBuf> {
        let directory = self.path.parent().map(fs::read_dir).into_iter().flatten().flatten().flatten();
        let shared = directory.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"sharedindex."));
        std::iter::once(self.path.clone()).chain(shared.map(|entry| entry.path())).collect()
    }
}

/// Whether no cache of trees in the index nests deeper than directories do: gix-index goes down each by calling itself, and an index
/// of a few megabytes can nest deep enough to end the program. Where the cache begins is not known before the rest has been read, so
/// whatever may be one is looked at.
fn is_shallow(index: &[u8], id_length: usize) -> bool {
    let mut left = index.len().saturating_mul(MOST_LOOKS);
    memmem::find_iter(index, b"TREE").all(|at| {
        let tree = index.get(at + 8..).unwrap_or_default();
        nests(tree, id_length, &mut left).is_none_or(|depth| depth < LONGEST_PATH / 2) && left > 0
    })
}

/// How deep a cache of trees nests, as far as it is one: a path, how many files and how many trees are below, and the id where the
/// first number is not negative. `None` where it is none from the beginning.
fn nests(mut tree: &[u8], id_length: usize, left: &mut usize) -> Option<usize> {
    let mut deepest = None;
    // Trees that are still to come, by the directory that they are in.
    let mut open = vec![1_usize];
    while let Some(siblings) = open.last_mut() {
        match siblings.checked_sub(1) {
            Some(rest) => *siblings = rest,
            None => {
                open.pop();
                continue;
            }
        }
        let name = memchr::memchr(0, tree).unwrap_or(tree.len());
        *left = left.saturating_sub(name + 1);
        let read = || {
            let (files, rest) = number(tree.get(name + 1..)?, b' ')?;
            let (trees, rest) = number(rest, b'\n')?;
            let id = if files < 0 { 0 } else { id_length };
            Some((usize::try_from(trees).ok()?, rest.get(id..)?))
        };
        let Some((trees, rest)) = read() else { break };
        deepest = deepest.max(Some(open.len()));
        if *left == 0 || deepest > Some(LONGEST_PATH) {
            break;
        }
        tree = rest;
        open.push(trees);
    }
    deepest
}

/// A number and what follows its end.
fn number(text: &[u8], end: u8) -> Option<(i64, &[u8])> {
    let digits = memchr::memchr(end, text.get(..MOST_DIGITS).unwrap_or(text))?;
    let number = std::str::from_utf8(text.get(..digits)?).ok()?.parse().ok()?;
    Some((number, text.get(digits + 1..)?))
}

/// The trees that are valid, by path.
fn trees(root: &Tree) -> HashMap<Vec<u8>, ObjectId> {
    let mut trees = HashMap::new();
    let mut pending = vec![(Vec::new(), root)];
    let mut left = MOST_PATHS;
    while let Some((path, tree)) = pending.pop() {
        let below = tree.children.iter().filter(|child| path.len() + child.name.len() < LONGEST_PATH);
        for child in below.take(left / (path.len() + 1)) {
            let path = [&path, child.name.as_slice(), b"/"].concat();
            left = left.saturating_sub(path.len());
            pending.push((path, child));
        }
        if let Some(id) = tree.num_entries.and_then(|_| ObjectId::new(tree.id.as_bytes())) {
            trees.insert(path, id);
        }
    }
    trees
}

#[cfg(test)]
mod tests {
    use crate::git::fixture::Scratch;
    use crate::git::{GitError, display};

    #[test]
    fn the_index_is_listed_or_named_as_broken() {
        let scratch = Scratch::repository();
        assert!(scratch.open().index().unwrap().is_empty());
        scratch.write("a", "a");
        scratch.write("later", "content");
        scratch.git(&["add", "a"]);
        scratch.git(&["add", "--intent-to-add", "later"]);
        let index = scratch.open().index().unwrap();
        let seen: Vec<_> = index.iter().map(|entry| (display(&entry.path), entry.id.is_some())).collect();
        assert_eq!(seen, [("a".to_owned(), true), ("later".to_owned(), false)]);
        scratch.write(".git/index", "no index");
        assert!(matches!(scratch.open().index(), Err(GitError::Index { .. })));
    }

    #[test]
    fn a_cache_of_trees_that_nests_without_end_is_refused() {
        for (depth, is_read) in [(20, true), (200_000, false)] {
            let scratch = Scratch::repository();
            let tree = ["\0-1 1\n", &"a\0-1 1\n".repeat(depth), "a\0-1 0\n"].concat();
            let size = u32::try_from(tree.len()).unwrap().to_be_bytes();
            let index = [b"DIRC\0\0\0\x02\0\0\0\0TREE", &size[..], tree.as_bytes(), &[0; 20]].concat();
            scratch.write(".git/index", index);
            let read = scratch.open().index();
            assert_eq!(read.is_ok(), is_read, "{read:?}");
        }
    }
}
