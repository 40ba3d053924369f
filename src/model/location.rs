//! Where a secret stands.

use std::borrow::Cow;

use super::blob::{ObjectId, ObjectKind};

/// Where in a text. Lines and columns count from 1; columns count Unicode characters, invalid bytes one each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region {
    /// Line of the first character.
    pub line: u64,
    /// Column of the first character.
    pub column: u64,
    /// Line of the last character.
    pub end_line: u64,
    /// Column after the last character.
    pub end_column: u64,
}

/// A commit as a person knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: ObjectId,
    /// Author's name.
    pub author: String,
    /// Author's time, RFC 3339, UTC.
    pub time: String,
    /// First line of the message.
    pub summary: String,
    /// Whether a shallow clone ends with it: what stands in it may have come with any commit before it.
    pub boundary: bool,
}

/// The kind of place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file of a work tree.
    Worktree,
    /// The index.
    Staged,
    /// A git object.
    History {
        /// The object it stands in.
        id: ObjectId,
        /// What that object is.
        kind: ObjectKind,
    },
    /// Standard input.
    Stdin,
    /// A file outside any repository.
    File,
}

/// One place of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The kind of place.
    pub place: Place,
    /// Which of the run's targets it lies in, from 0.
    pub target: usize,
    /// Path, in display form; empty for standard input, commit messages, tags, notes, and objects that no tree names.
    pub path: String,
    /// In an archive at that path: the way to the member, `package/.npmrc`, `inner.zip!package/.npmrc`.
    pub member: Option<String>,
    /// Where in the text, of the member if it is one.
    pub region: Region,
    /// The commit that brought it in (for a commit message: that commit), if one was found.
    pub commit: Option<Commit>,
    /// The newest commit that took it away again, where one did.
    pub removed: Option<Commit>,
    /// Whether any ref reaches it. Always true outside history.
    pub reachable: bool,
    /// Refs at whose tip it still stands.
    pub at_tip: Vec<String>,
    /// The reason of the comment that allows it there.
    pub allow: Option<String>,
}

impl Location {
    /// A place of which only region and path are known yet.
    pub fn new(place: Place, path: String, region: Region) -> Self {
        Self {
            place,
            target: 0,
            path,
            member: None,
            region,
            commit: None,
            removed: None,
            reachable: true,
            at_tip: Vec::new(),
            allow: None,
        }
    }

    /// The git object it stands in, if it does.
    pub fn object(&self) -> Option<ObjectId> {
        match self.place {
            Place::History { id, .. } => Some(id),
            Place::Worktree | Place::Staged | Place::Stdin | Place::File => None,
        }
    }

    /// Path and member as people read them: `a.tgz!package/.npmrc`.
    pub fn whole_path(&self) -> Cow<'_, str> {
        match &self.member {
            Some(member) => Cow::Owned(format!("{}!{member}", self.path)),
            None => Cow::Borrowed(&self.path),
        }
    }
}
