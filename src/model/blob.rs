//! Content to be searched, and where it came from.

use std::fmt;
use std::ops::Range;

/// The id of a git object, SHA-1 or SHA-256, shown in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId {
    bytes: [u8; 32],
    len: u8,
}

impl ObjectId {
    /// Takes the raw bytes: 20 for SHA-1, 32 for SHA-256; `None` for any other length.
    pub fn new(raw: &[u8]) -> Option<Self> {
        let len = match raw.len() {
            20 => 20,
            32 => 32,
            _ => return None,
        };
        let mut bytes = [0; 32];
        bytes[..raw.len()].copy_from_slice(raw);
        Some(Self { bytes, len })
    }

    /// Takes hexadecimal digits: 40 or 64 of them.
    pub fn from_hex(digits: &[u8]) -> Option<Self> {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let (pairs, rest) = digits.as_chunks::<2>();
        let raw: Option<Vec<u8>> =
            pairs.iter().map(|[high, low]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()).collect();
        raw.filter(|_| rest.is_empty()).and_then(|raw| Self::new(&raw))
    }

    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The first seven hexadecimal digits, as git shows them.
    pub fn short(&self) -> String {
        self.to_string()[..7].to_owned()
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The kinds of git object that hold text a secret can stand in. Trees are not searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectKind {
    /// File content.
    Blob,
    /// A commit: its message and headers.
    Commit,
    /// An annotated tag: its message.
    Tag,
}

/// Where content came from. Paths are display forms: `/` between parts, bytes that are not UTF-8 as `\xNN`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// A file of a git work tree; path relative to the target.
    Worktree {
        /// Relative to the target.
        path: String,
    },
    /// The index's version of a file.
    Staged {
        /// Relative to the work tree.
        path: String,
        /// The staged blob.
        id: ObjectId,
    },
    /// An object of the repository's database. Commit and path are looked up later, and only where it matched.
    History {
        /// The object.
        id: ObjectId,
        /// Its kind.
        kind: ObjectKind,
    },
    /// Standard input.
    Stdin,
    /// A file outside any repository; path as the user gave it, or below the directory given.
    File {
        /// As shown to the user.
        path: String,
    },
    /// A member of an archive.
    Member {
        /// Where the archive came from; no member itself.
        outer: Box<Self>,
        /// The way through the archive, and through those inside it: `package/.npmrc`, `inner.zip!package/.npmrc`.
        path: String,
    },
}

/// Where a blob's first byte stands within the content. Zero but for the later windows of content too large to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// Bytes before it.
    pub offset: u64,
    /// Line feeds before it.
    pub line: u64,
    /// Characters between the last line feed before it and it.
    pub column: u64,
}

/// The part of a blob that has not been searched before, in another blob that it was made from.
#[derive(Clone, Copy, Debug)]
pub enum Fresh<'a> {
    /// All of it.
    All,
    /// A part.
    Part {
        /// What is new and what stands within the detector's reach of it: byte ranges, sorted and disjoint.
        ranges: &'a [Range<usize>],
        /// The places, in order, of what stood in the other blob at the places of its `Below::Known`.
        places: &'a [usize],
    },
}

/// How whatever is made from a blob by copying and inserting is to be searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Below {
    /// Only what is fresh in it: nothing here matches, and nothing here would match for a change far away. At these places, in order,
    /// something stands that could lead to a match, and at no others.
    Known(Vec<usize>),
    /// All of it.
    Whole,
}

/// Content to be searched.
#[derive(Clone, Debug)]
pub struct Blob<'a> {
    /// Where it came from.
    pub origin: Origin,
    /// The content, or a window of it.
    pub bytes: &'a [u8],
    /// Where the window begins.
    pub start: Start,
    /// What of it is new.
    pub fresh: Fresh<'a>,
}

impl<'a> Blob<'a> {
    /// Whole content, all of it new.
    pub fn whole(origin: Origin, bytes: &'a [u8]) -> Self {
        Self { origin, bytes, start: Start::default(), fresh: Fresh::All }
    }
}
