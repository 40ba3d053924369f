//! The index: what git tracks and what is staged.

use std::collections::HashMap;
use std::path::PathBuf;

use gix_hash::Kind as HashKind;
use gix_index::decode::Options;
use gix_index::entry::{Flags, Mode};
use gix_index::extension::Tree;

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
const LONGEST_PATH: usize = 16 << 10;

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
        let hash = if self.id_length == 32 { HashKind::Sha256 } else { HashKind::Sha1 };
        let options = Options { thread_limit: Some(1), alloc_limit_bytes: Some(MOST_MEMORY), ..Options::default() };
        // Git does not check the checksum either; reading it takes longer than all the rest.
        let index = gix_index::File::at(&self.path, hash, true, options)
            .map_err(|error| GitError::Index { path: self.path.clone(), reason: error.to_string() })?;
        let files =
            index.entries().iter().filter(|entry| !entry.mode.intersects(Mode::DIR) && entry.mode != Mode::COMMIT);
        let files = files.map(|entry| IndexEntry {
            path: entry.path(&index).to_vec(),
            id: if entry.flags.contains(Flags::INTENT_TO_ADD) { None } else { ObjectId::new(entry.id.as_bytes()) },
        });
        Ok(Index { files: files.collect(), trees: index.tree().map(trees).unwrap_or_default() })
    }
}

/// The trees that are valid, by path.
fn trees(root: &Tree) -> HashMap<Vec<u8>, ObjectId> {
    let mut trees = HashMap::new();
    let mut pending = vec![(Vec::new(), root)];
    while let Some((path, tree)) = pending.pop() {
        let below = tree.children.iter().filter(|child| path.len() + child.name.len() < LONGEST_PATH);
        pending.extend(below.map(|child| ([&path, child.name.as_slice(), b"/"].concat(), child)));
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
}
