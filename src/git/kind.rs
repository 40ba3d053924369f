//! What objects are, and how they are listed.

use crate::model::{ObjectId, ObjectKind};

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One that is searched.
    Text(ObjectKind),
    /// A directory listing.
    Tree,
    /// Not known before it is read: loose.
    Unknown,
    /// Its pack entry makes no sense.
    Damaged,
}

impl Kind {
    /// The word for messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text(ObjectKind::Blob) => "blob",
            Self::Text(ObjectKind::Commit) => "commit",
            Self::Text(ObjectKind::Tag) => "tag",
            Self::Tree => "tree",
            Self::Unknown => "known object",
            Self::Damaged => "intact object",
        }
    }
}

/// One object of the database.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// Its id.
    pub id: ObjectId,
    /// What it is.
    pub kind: Kind,
    /// Its size, where the header alone tells.
    pub size: Option<u64>,
}
