//! One pack and its index, mapped into memory.
//!
//! Reading both formats is gix-pack's; here every place that a file names is checked before it is followed, because an
//! index may point anywhere.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use gix_hash::Kind as HashKind;
use gix_pack::data::entry::Header;
use rayon::prelude::*;

use super::damage::Damage;
use crate::git::Kind;
use crate::model::{ObjectId, ObjectKind};

/// What an entry's bytes are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    /// The object itself.
    Whole(Kind),
    /// A delta of the object at this offset of the same pack.
    OffsetDelta(u64),
    /// A delta of this object, wherever it is.
    IdDelta(ObjectId),
}

/// An entry's header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) content: Content,
    /// Inflated length, as the header says.
    pub(super) size: u64,
    /// Where the compressed bytes begin.
    pub(super) data: u64,
}

/// An open pack.
pub(super) struct PackFile {
    index: gix_pack::index::File,
    data: gix_pack::data::File,
    path: PathBuf,
}

/// An index may lie about its order; past so many guesses each look halves what is left.
const GUESSES: u32 = 6;

/// The first bytes of an id, as a number.
fn head(id: &[u8]) -> u64 {
    id.first_chunk().map_or(0, |head| u64::from_be_bytes(*head))
}

impl PackFile {
    /// Opens a pack by its index. The error is a sentence.
    pub(super) fn open(index: &Path, id_len: usize) -> Result<Self, String> {
        let hash = if id_len == 32 { HashKind::Sha256 } else { HashKind::Sha1 };
        let path = index.with_extension("pack");
        let index = gix_pack::index::File::at(index, hash).map_err(|error| error.to_string())?;
        let data = gix_pack::data::File::at(&path, hash).map_err(|error| error.to_string())?;
        Ok(Self { index, data, path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Objects that the index knows.
    pub(super) fn len(&self) -> u32 {
        self.index.num_objects()
    }

    /// Objects that the pack says it holds.
    pub(super) fn claimed(&self) -> u32 {
        self.data.num_objects()
    }

    /// Where the last entry ends.
    pub(super) fn end(&self) -> u64 {
        self.data.pack_end() as u64
    }

    /// The id at a place of the index; places are in order of ids.
    pub(super) fn id(&self, place: u32) -> Option<ObjectId> {
        if place >= self.len() {
            return None;
        }
        ObjectId::new(self.index.oid_at_index(place).as_bytes())
    }

    /// Where in the pack the object at a place of the index begins.
    pub(super) fn offset(&self, place: u32) -> Option<u64> {
        (place < self.len()).then(|| self.index.pack_offset_at_index(place))
    }

    /// The place of an id. Ids are spread evenly, so that a few guesses find it or come so near that little is left to halve.
    pub(super) fn find(&self, id: &ObjectId) -> Option<u32> {
        let id = gix_hash::oid::try_from_bytes(id.as_bytes()).ok()?;
        if id.kind() != self.index.object_hash() {
            return None;
        }
        let sought = head(id.as_bytes());
        // What is before `low.0` is less than the id, what is from `high.0` on greater; and at most, or at least, so great.
        let (mut low, mut high) = ((0, 0), (self.len(), u64::MAX));
        let mut guesses = 0;
        loop {
            let left = high.0.checked_sub(low.0).filter(|left| *left > 0)?;
            let (part, whole) = (sought.saturating_sub(low.1), high.1.saturating_sub(low.1).max(1));
            let guess = (u128::from(left) * u128::from(part) / u128::from(whole)) as u32;
            let place = low.0 + if guesses < GUESSES { guess.min(left - 1) } else { left / 2 };
            let known = self.index.oid_at_index(place);
            match known.as_bytes().cmp(id.as_bytes()) {
                Ordering::Equal => return Some(place),
                Ordering::Less => low = (place + 1, head(known.as_bytes())),
                Ordering::Greater => high = (place, head(known.as_bytes())),
            }
            guesses += 1;
        }
    }

    /// Whether every object of the index begins inside the pack.
    pub(super) fn stays_inside(&self) -> bool {
        let end = self.end();
        (0..self.len()).into_par_iter().all(|place| self.index.pack_offset_at_index(place) < end)
    }

    /// Every offset, with its place of the index.
    pub(super) fn offsets(&self) -> Vec<(u64, u32)> {
        (0..self.len()).map(|place| (self.index.pack_offset_at_index(place), place)).collect()
    }

    /// Reads the header of the entry at this offset.
    pub(super) fn entry(&self, offset: u64) -> Result<Entry, Damage> {
        if offset < gix_pack::data::header::SIZE as u64 || offset >= self.end() {
            return Err(Damage::Header);
        }
        let entry = self.data.entry(offset).map_err(|_| Damage::Header)?;
        let content = match entry.header {
            Header::Commit => Content::Whole(Kind::Text(ObjectKind::Commit)),
            Header::Tree => Content::Whole(Kind::Tree),
            Header::Blob => Content::Whole(Kind::Text(ObjectKind::Blob)),
            Header::Tag => Content::Whole(Kind::Text(ObjectKind::Tag)),
            Header::OfsDelta { base_distance: 0 } => return Err(Damage::Header),
            Header::OfsDelta { base_distance } => {
                Content::OffsetDelta(offset.checked_sub(base_distance).ok_or(Damage::Header)?)
            }
            Header::RefDelta { base_id } => Content::IdDelta(ObjectId::new(base_id.as_bytes()).ok_or(Damage::Header)?),
        };
        Ok(Entry { content, size: entry.decompressed_size, data: entry.data_offset })
    }

    /// The compressed bytes of an entry, up to where the next begins.
    pub(super) fn compressed(&self, entry: &Entry, end: u64) -> Result<&[u8], Damage> {
        let end = end.min(self.end());
        if entry.data >= end {
            return Err(Damage::Header);
        }
        self.data.entry_slice(entry.data..end).ok_or(Damage::Header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::pack::fixture::{IndexFormat, Stored, Written, image};

    fn id(head: u64, tail: u64) -> ObjectId {
        ObjectId::new(&[&head.to_be_bytes()[..], &[0; 4], &tail.to_be_bytes()].concat()).unwrap()
    }

    #[test]
    fn ids_are_found_however_they_are_spread() {
        let spread = |number: u64| id(number.wrapping_mul(0x9E37_79B9_7F4A_7C15), number);
        let dense = |number: u64| id(number, number);
        let alike = |number: u64| id(7 << 60, number);
        let skewed = |number: u64| id(if number < 190 { number } else { u64::MAX - number }, number);
        for ids in [spread, dense, alike, skewed] {
            let scratch = tempfile::tempdir().unwrap();
            let even: Vec<ObjectId> = (0..200).map(|number| ids(2 * number)).collect();
            let entries: Vec<Written> =
                even.iter().map(|id| Written { id: *id, stored: Stored::Whole(3, b"text".to_vec()) }).collect();
            image(&entries, IndexFormat::V2).write(scratch.path(), "a");
            let index = scratch.path().join("pack/pack-a.idx");
            let file = PackFile::open(&index, 20).unwrap();
            for id in &even {
                assert_eq!(file.find(id).and_then(|place| file.id(place)), Some(*id));
            }
            for absent in (0..200).map(|number| ids(2 * number + 1)).chain([id(0, 9), id(u64::MAX, u64::MAX)]) {
                assert!(even.contains(&absent) || file.find(&absent).is_none(), "{absent}");
            }
        }
    }
}
