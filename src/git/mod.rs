//! Git repositories, read as data: the only user of libgit2.
//!
//! What comes in: a path. What goes out: object ids and bytes, refs, index entries, commits and the differences between trees.
//! What it must never do: write into a repository, run its hooks, filters or aliases, follow its configuration anywhere,
//! or let one broken object end a run.

mod absent;
mod ancestry;
mod commit;
mod display;
mod entries;
mod error;
mod index;
mod kind;
mod lacks;
mod listing;
mod objects;
mod pack;
mod push;
mod refs;
mod reftable;
mod repo;
mod revision;
mod skeleton;
mod trees;
mod vet;

#[cfg(test)]
pub(crate) mod fixture;

pub use ancestry::{CommitNode, Walk};
pub use display::display;
pub use entries::TreeEntry;
pub use error::GitError;
pub use index::{Index, IndexEntry, IndexFile};
pub use kind::{Kind, Listed};
pub use lacks::{Lacks, Passed};
pub use objects::{Object, Reader};
pub use pack::{
    Database, Limits as WalkLimits, Object as Shown, Sought, Stop, Tally, Tree as ShownTree, Visitor, Walked,
};
pub use push::{Known, Update};
pub use refs::{Head, Target, Tip};
pub use repo::{Opener, Partial, Repo};
pub use revision::Range;
pub use trees::{Enter, Trees, Visit};
