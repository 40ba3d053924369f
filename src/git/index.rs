//! The index: what git tracks and what is staged.

use std::path::PathBuf;

use git2::{Index, ObjectFormat};

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

const KIND: u32 = 0o170_000;
const GITLINK: u32 = 0o160_000;
const DIRECTORY: u32 = 0o040_000;
const INTENT_TO_ADD: u16 = 1 << 13;

/// An index file, to be read by any thread.
#[derive(Clone, Debug)]
pub struct IndexFile {
    path: PathBuf,
    format: ObjectFormat,
}

impl Repo {
    /// The files of the index, conflicts with all their stages, submodules left out. No index is an empty one.
    pub fn index(&self) -> Result<Vec<IndexEntry>, GitError> {
        self.index_file(None).entries()
    }

    /// Its own index, or another one, such as git names to a hook in `GIT_INDEX_FILE`.
    pub fn index_file(&self, other: Option<PathBuf>) -> IndexFile {
        IndexFile { path: other.unwrap_or_else(|| self.git_dir().join("index")), format: self.format() }
    }
}

impl IndexFile {
    /// The files in it.
    pub fn entries(&self) -> Result<Vec<IndexEntry>, GitError> {
        let index = Index::open_ext(&self.path, self.format)
            .map_err(|error| GitError::Index { path: self.path.clone(), reason: error.message().to_owned() })?;
        let files = index.iter().filter(|entry| !matches!(entry.mode & KIND, GITLINK | DIRECTORY));
        Ok(files
            .map(|entry| {
                let intended = entry.flags_extended & INTENT_TO_ADD != 0;
                let id = if intended { None } else { ObjectId::new(entry.id.as_bytes()) };
                IndexEntry { path: entry.path, id }
            })
            .collect())
    }
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
