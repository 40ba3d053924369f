//! What can go wrong with a whole repository. A single bad object is no error of the run: see `model::Notification`.

use std::path::PathBuf;

use crate::model::ObjectId;

/// Why a repository, or what was asked of it, cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// There is nothing of git there.
    #[error("{} is not a git repository", path.display())]
    NotARepository {
        /// Where.
        path: PathBuf,
    },
    /// It looks like a repository, but is none any more.
    #[error("{} is a broken git repository: {reason}", path.display())]
    Broken {
        /// Where.
        path: PathBuf,
        /// In libgit2's or our words.
        reason: String,
    },
    /// git does not trust repositories of other users.
    #[error(
        "{0} belongs to another user, so git does not trust it; to trust it: git config --global --add safe.directory {0}",
        path.display()
    )]
    ForeignOwner {
        /// Where.
        path: PathBuf,
    },
    /// A format that cannot be read yet.
    #[error("{} uses {what}, which keyrake cannot read yet", path.display())]
    Unsupported {
        /// Where.
        path: PathBuf,
        /// Which format or extension.
        what: String,
    },
    /// The index cannot be read.
    #[error("cannot read the index {}: {reason}", path.display())]
    Index {
        /// Where.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A revision or range names nothing.
    #[error("cannot resolve the revision '{spec}': {reason}")]
    Revision {
        /// As the user wrote it.
        spec: String,
        /// Why.
        reason: String,
    },
    /// A line on a hook's standard input is not one of git's.
    #[error("line {number} on standard input is not what git writes to this hook")]
    HookLine {
        /// Which, from 1.
        number: usize,
    },
    /// One object cannot be read.
    #[error("cannot read object {id}: {reason}")]
    Object {
        /// Which.
        id: ObjectId,
        /// Why.
        reason: String,
    },
}
