//! Where bytes come from: the first stage.
//!
//! What comes in: a target and what of it is wanted. What goes out, into a [`Sink`]: blobs with their origin, and notifications.
//! What it must never do: write, follow symbolic links, run anything of the scanned repository, hold a whole large file,
//! or pass over something in silence.

mod archive;
mod directory;
mod exclude;
mod file;
mod history;
mod object;
mod quota;
mod range;
mod staged;
mod stdin;
mod tracked;
mod visit;
mod walk;
mod window;
mod worktree;

#[cfg(test)]
mod collect;

use std::io;
use std::path::PathBuf;

pub use archive::{Content, Unpacking};
pub use directory::Directory;
pub use exclude::Exclude;
pub use history::History;
pub use object::MAX_OBJECT_SIZE;
pub use range::Range;
pub use staged::Staged;
pub use stdin::Stdin;
pub use visit::{Sink, Source};
pub use window::{OVERLAP, WINDOW};
pub use worktree::Worktree;

/// Why a source can be read not at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The repository, its index or a revision.
    #[error(transparent)]
    Git(#[from] crate::git::GitError),
    /// The target cannot be opened.
    #[error("cannot read {}: {error}", path.display())]
    Target {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is no work tree to look at.
    #[error("{} is a bare repository: it has no work tree", path.display())]
    Bare {
        /// Which.
        path: PathBuf,
    },
    /// HEAD makes no sense, so nothing can be compared with it.
    #[error("HEAD of {} is broken: it names neither a commit nor a branch", path.display())]
    Head {
        /// Which repository.
        path: PathBuf,
    },
}
