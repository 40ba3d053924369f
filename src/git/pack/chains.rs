//! A few single objects, read without growing a forest and without trusting an index.
//!
//! What comes in: an id. What goes out: its kind and bytes, where its whole chain lies in packs. Whoever asks for many objects does
//! better with a reader that remembers the bases of deltas.

use std::path::PathBuf;

use super::buffers::Buffer;
use super::directories;
use super::file::{Content, Entry, PackFile};
use super::loose::Loose;
use super::single::{Bench, Library};
use crate::git::Kind;
use crate::model::ObjectId;

/// Longer objects are left to others.
const LONGEST: u64 = 16 << 20;
/// Longer chains, too.
const LONGEST_CHAIN: usize = 256;

/// All packs of some object directories.
pub(in crate::git) struct Chains {
    files: Vec<PackFile>,
    loose: Loose,
}

impl Chains {
    /// Opens the packs that can be opened.
    pub(in crate::git) fn open(objects: &[PathBuf], id_len: usize) -> Self {
        let indexes = directories::packs(objects, &mut Vec::new());
        let files = indexes.iter().filter_map(|index| PackFile::open(index, id_len).ok()).collect();
        Self { files, loose: Loose::among(Vec::new()) }
    }

    /// An object that is packed with all that it is made from.
    pub(in crate::git) fn read(&self, id: &ObjectId) -> Option<(Kind, Vec<u8>)> {
        let file = self.files.iter().find(|file| file.find(id).is_some())?;
        let (mut offset, mut deltas) = (file.offset(file.find(id)?)?, Vec::<Entry>::new());
        let (kind, root) = loop {
            let entry = file.entry(offset).ok()?;
            match entry.content {
                Content::Whole(kind) => break (kind, entry),
                // Always nearer to the beginning of the pack.
                Content::OffsetDelta(base) => offset = base,
                Content::IdDelta(base) => offset = file.offset(file.find(&base)?)?,
            }
            if deltas.len() >= LONGEST_CHAIN {
                return None;
            }
            deltas.push(entry);
        };
        let library = Library { packs: &[], loose: &self.loose, loose_ids: &[], max_object: LONGEST };
        let mut bench = Bench::new(0, usize::MAX);
        let mut object: Buffer = library.whole(&mut bench, file, &root, file.end()).ok()?;
        for delta in deltas.iter().rev() {
            object = library.made(&mut bench, file, delta, file.end(), (&object, &[]), |_, _| {}).ok()?;
        }
        Some((kind, object.to_vec()))
    }
}
