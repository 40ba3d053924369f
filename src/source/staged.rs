//! What the next commit would add: blobs of the index that HEAD has not at the same path.
//!
//! What comes in: a repository. What goes out: whole blobs, origin `Staged`; all stages of a conflict.

use std::collections::HashMap;

use super::SourceError;
use super::object::{self, Counts, Limits, MAX_OBJECT_SIZE};
use super::quota::Quota;
use super::visit::{Sink, Source};
use crate::git::{Head, Kind, Listed, Repo, Trees, display};
use crate::model::{Code, Notification, ObjectId, Origin};

/// The staged changes of a repository.
pub struct Staged<'r> {
    repo: &'r Repo,
    max_object_size: u64,
}

struct New {
    path: Vec<u8>,
    id: ObjectId,
}

impl<'r> Staged<'r> {
    /// Of this repository.
    pub fn new(repo: &'r Repo) -> Self {
        Self { repo, max_object_size: MAX_OBJECT_SIZE }
    }

    /// With another limit on the size of an object.
    #[must_use]
    pub fn max_object_size(mut self, bytes: u64) -> Self {
        self.max_object_size = bytes;
        self
    }

    /// Blobs by path in HEAD's tree.
    fn committed(&self, sink: &dyn Sink) -> Result<HashMap<Vec<u8>, ObjectId>, SourceError> {
        let path = || self.repo.git_dir().to_owned();
        let commit = match self.repo.head() {
            Head::At(commit) => commit,
            Head::Unborn(_) => return Ok(HashMap::new()),
            Head::Broken => return Err(SourceError::Head { path: path() }),
        };
        let walk = self.repo.commits([commit])?;
        let tree = walk.commits.first().map(|commit| commit.tree).ok_or_else(|| SourceError::Head { path: path() })?;
        let (mut trees, mut committed) = (Trees::new(self.repo)?, HashMap::new());
        trees.added(tree, &[], &mut |directory, name, id| {
            committed.insert([directory, name].concat(), *id);
        });
        if trees.unreadable() > 0 {
            let message = format!("{} trees of HEAD cannot be read: files in them count as new", trees.unreadable());
            sink.notify(Notification::note(Code::ObjectUnreadable, "HEAD", message));
        }
        Ok(committed)
    }
}

impl Source for Staged<'_> {
    fn visit(&self, sink: &dyn Sink) -> Result<(), SourceError> {
        let sink = &Quota::new(sink);
        if self.repo.is_bare() {
            return Err(SourceError::Bare { path: self.repo.git_dir().to_owned() });
        }
        let index = self.repo.index()?;
        let committed = self.committed(sink)?;
        let staged: Vec<New> = index
            .into_iter()
            .filter_map(|entry| Some(New { id: entry.id?, path: entry.path }))
            .filter(|new| committed.get(&new.path) != Some(&new.id))
            .collect();
        let listed = |new: &New| Listed { id: new.id, kind: Kind::Unknown, size: None };
        let origin = |new: &New, _| Origin::Staged { path: display(&new.path), id: new.id };
        let limits = Limits { max_size: self.max_object_size, counts: &Counts::default() };
        object::visit(&self.repo.opener(), &staged, &listed, &origin, &limits, sink)
    }
}
