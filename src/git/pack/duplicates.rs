//! Which objects of several packs are copies of one that an earlier pack holds: each object is searched once. No honest index names an
//! object twice; what one that does so calls by one id is searched, all of it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::bits::Bits;
use super::file::PackFile;
use crate::model::ObjectId;

/// For each pack the places of its index that need not be searched. One merge over all indexes, which are sorted.
pub(super) fn mark(packs: &[Arc<PackFile>]) -> Vec<Bits> {
    if packs.len() == 1 {
        return vec![Bits::default()];
    }
    let mut marks: Vec<Bits> = packs.iter().map(|pack| Bits::new(pack.len() as usize)).collect();
    let head = |pack: usize, place: u32| -> Option<Reverse<(ObjectId, usize, u32)>> {
        packs.get(pack)?.id(place).map(|id| Reverse((id, pack, place)))
    };
    let mut heads: BinaryHeap<_> = (0..packs.len()).filter_map(|pack| head(pack, 0)).collect();
    // The first pack that holds it.
    let mut last: Option<(ObjectId, usize)> = None;
    while let Some(Reverse((id, pack, place))) = heads.pop() {
        let first = last.filter(|(known, _)| *known == id).map_or(pack, |(_, first)| first);
        if first != pack
            && let Some(mark) = marks.get_mut(pack)
        {
            mark.insert(place);
        }
        last = Some((id, first));
        heads.extend(head(pack, place + 1));
    }
    marks
}
