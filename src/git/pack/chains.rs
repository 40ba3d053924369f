//! Proof that one object can be asked of a reader that trusts packs and their indexes.
//!
//! What comes in: an id. What goes out: whether every place to which the id leads, and every base after it, is seen to lie inside its
//! pack and to come to an end. Only headers are read. Whoever asks for thousands of objects looks at whole indexes instead, and so
//! does who gets no proof.

use std::collections::HashSet;
use std::path::PathBuf;

use super::directories;
use super::file::{Content, PackFile};
use crate::model::ObjectId;

/// All packs of some object directories.
pub(in crate::git) struct Chains(Vec<PackFile>);

impl Chains {
    /// Opens the packs. `None` where a multi-pack index says otherwise than their own indexes where objects begin.
    pub(in crate::git) fn open(objects: &[PathBuf], id_len: usize) -> Option<Self> {
        if objects.iter().any(|objects| objects.join("pack/multi-pack-index").exists()) {
            return None;
        }
        let mut notes = Vec::new();
        let indexes = directories::packs(objects, &mut notes);
        let files = indexes.iter().map(|index| PackFile::open(index, id_len).ok());
        // Who can open more of them than we may read what we have not looked at.
        files.collect::<Option<_>>().filter(|_| notes.is_empty()).map(Self)
    }

    /// Whether all that is read for this object is where it should be. An object in no pack is.
    pub(in crate::git) fn prove(&self, id: &ObjectId) -> bool {
        let mut ids = vec![*id];
        let mut seen = HashSet::from([*id]);
        while let Some(id) = ids.pop() {
            for file in &self.0 {
                let Some(mut offset) = file.find(&id).and_then(|place| file.offset(place)) else { continue };
                loop {
                    match file.entry(offset).map(|entry| entry.content) {
                        Ok(Content::Whole(_)) => break,
                        // Always nearer to the beginning of the pack.
                        Ok(Content::OffsetDelta(base)) => offset = base,
                        // A base that has been seen may be its own.
                        Ok(Content::IdDelta(base)) if seen.insert(base) => {
                            ids.push(base);
                            break;
                        }
                        Ok(Content::IdDelta(_)) | Err(_) => return false,
                    }
                }
            }
        }
        true
    }
}
