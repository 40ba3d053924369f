//! One object on its own, its whole chain of deltas from the root up: for what the walk does not have at hand.
//!
//! That is a base in another pack or loose, an object whose copy in one pack is damaged, and a base that was let go of to
//! keep to the memory budget.

use std::collections::HashSet;
use std::sync::Arc;

use super::Sought;
use super::bits::Bits;
use super::buffers::{Buffer, Pool};
use super::damage::Damage;
use super::delta::Delta;
use super::file::{Content, Entry, PackFile};
use super::forest::Forest;
use super::fresh::Freshness;
use super::inflate::{Inflater, believable};
use super::loose::Loose;
use crate::git::Kind;
use crate::model::ObjectId;

/// Longer chains than git writes (4095), even where several packs were made one from another.
const LONGEST_CHAIN: usize = 16 * 1024;
/// A result of this length is only allocated after all steps of its delta have been added up.
const TRUSTED_LEN: u64 = 4 * 1024 * 1024;
/// A scratch buffer that has grown longer than this is let go of again.
const KEPT_SCRATCH: usize = 4 * 1024 * 1024;

/// A pack and the forest that it holds.
pub(super) struct Packed {
    pub(super) file: Arc<PackFile>,
    /// The number of its first object.
    pub(super) first: u32,
    pub(super) forest: Forest,
}

impl Packed {
    pub(super) fn new(file: Arc<PackFile>, first: u32, skip: &Bits, sought: Sought<'_>) -> Self {
        let wants = |place: u32| match sought {
            Sought::Texts => true,
            Sought::Trees(wants) => first.checked_add(place).is_some_and(wants),
        };
        let forest = match sought {
            Sought::Texts => Forest::grow(&file, skip, |kind| kind != Kind::Tree, wants),
            Sought::Trees(_) => Forest::grow(&file, skip, |kind| kind == Kind::Tree, wants),
        };
        Self { file, first, forest }
    }

    /// Objects whose chains have no root in this pack.
    pub(super) fn rootless(&self) -> impl Iterator<Item = ObjectId> {
        self.forest.rootless().iter().filter_map(|place| self.file.id(*place))
    }
}

/// Everything that can be read.
pub(super) struct Library<'l> {
    pub(super) packs: &'l [Packed],
    pub(super) loose: &'l Loose,
    pub(super) loose_ids: &'l [ObjectId],
    pub(super) max_object: u64,
}

/// One thread's tools.
pub(super) struct Bench {
    pub(super) inflater: Inflater,
    pub(super) pool: Pool,
    pub(super) freshness: Freshness,
    scratch: Vec<u8>,
    /// Bytes made, and for each object as much again as handling it costs at least.
    pub(super) cost: u64,
}

/// What handling one object costs, at least, in bytes.
const OBJECT_COST: u64 = 4096;

/// One delta of a chain.
struct Link {
    pack: usize,
    entry: Entry,
    end: u64,
}

impl Bench {
    pub(super) fn new(reach: usize, share: usize) -> Self {
        Self {
            inflater: Inflater::new(),
            pool: Pool::new(share),
            freshness: Freshness::new(reach),
            scratch: Vec::new(),
            cost: 0,
        }
    }

    pub(super) fn charge(&mut self, len: usize) {
        self.cost = self.cost.saturating_add(OBJECT_COST).saturating_add(len as u64);
    }
}

impl Library<'_> {
    /// An entry that is whole.
    pub(super) fn whole(&self, bench: &mut Bench, pack: &PackFile, entry: &Entry, end: u64) -> Result<Buffer, Damage> {
        let compressed = pack.compressed(entry, end)?;
        let len = believable(entry.size, compressed.len(), self.max_object)?;
        let mut buffer = bench.pool.take(len);
        bench.charge(len);
        match bench.inflater.inflate(compressed, buffer.bytes_mut()) {
            Ok(()) => Ok(buffer),
            Err(damage) => {
                bench.pool.give(Arc::new(buffer));
                Err(damage)
            }
        }
    }

    /// Reads the delta of an entry, makes `room` for what it makes, and makes it. What of it is fresh is then known to
    /// `bench.freshness`, and so is where it has what the base has at the `known` places.
    pub(super) fn made(
        &self,
        bench: &mut Bench,
        pack: &PackFile,
        entry: &Entry,
        end: u64,
        (base, known): (&[u8], &[usize]),
        room: impl FnOnce(&mut Pool, usize),
    ) -> Result<Buffer, Damage> {
        let compressed = pack.compressed(entry, end)?;
        let len = believable(entry.size, compressed.len(), self.max_object)?;
        if bench.scratch.len() < len {
            bench.scratch = vec![0; len + len / 4];
        }
        let scratch = bench.scratch.get_mut(..len).ok_or(Damage::Inflate)?;
        bench.inflater.inflate(compressed, scratch)?;
        let delta = Delta::parse(scratch)?;
        if delta.result_len() > TRUSTED_LEN.min(self.max_object) {
            delta.check(base.len())?;
        }
        if delta.result_len() > self.max_object {
            return Err(Damage::TooLarge);
        }
        let len = usize::try_from(delta.result_len()).map_err(|_| Damage::TooLarge)?;
        room(&mut bench.pool, len);
        let mut buffer = bench.pool.take(len);
        let applied = delta.apply(base, known, buffer.bytes_mut(), &mut bench.freshness);
        bench.charge(len);
        if bench.scratch.len() > KEPT_SCRATCH {
            bench.scratch = Vec::new();
        }
        match applied {
            Ok(()) => Ok(buffer),
            Err(damage) => {
                bench.pool.give(Arc::new(buffer));
                Err(damage)
            }
        }
    }

    /// The number of an object, the same for all its copies.
    pub(super) fn number(&self, id: &ObjectId) -> Option<u32> {
        self.packs.iter().find_map(|pack| pack.first.checked_add(pack.file.find(id)?))
    }

    /// The object with this id, from anywhere but the pack `not_in`.
    pub(super) fn find(&self, bench: &mut Bench, id: &ObjectId, not_in: Option<usize>) -> Option<(Kind, Buffer)> {
        let copies = (0..).zip(self.packs).filter(|(number, _)| Some(*number) != not_in);
        for (number, pack) in copies {
            let offset = pack.file.find(id).and_then(|place| pack.file.offset(place));
            if let Some(found) = offset.and_then(|offset| self.at(bench, number, offset).ok()) {
                return Some(found);
            }
        }
        self.loose(bench, id)
    }

    /// The object at this offset of this pack.
    pub(super) fn at(&self, bench: &mut Bench, pack: usize, offset: u64) -> Result<(Kind, Buffer), Damage> {
        let (kind, mut object, links) = self.root_of(bench, pack, offset)?;
        for link in links.iter().rev() {
            let pack = self.packs.get(link.pack).ok_or(Damage::Base)?;
            let made = self.made(bench, &pack.file, &link.entry, link.end, (&object, &[]), |_, _| {});
            bench.pool.give(Arc::new(object));
            object = made?;
        }
        Ok((kind, object))
    }

    /// The root of a chain, and the deltas that lead from it back to where we started, in reverse.
    fn root_of(&self, bench: &mut Bench, pack: usize, offset: u64) -> Result<(Kind, Buffer, Vec<Link>), Damage> {
        let (mut number, mut offset) = (pack, offset);
        let mut links = Vec::new();
        let mut seen = HashSet::new();
        loop {
            if links.len() >= LONGEST_CHAIN {
                return Err(Damage::Chain);
            }
            if !seen.insert((number, offset)) {
                return Err(Damage::Base);
            }
            bench.charge(0);
            let pack = self.packs.get(number).ok_or(Damage::Base)?;
            let entry = pack.file.entry(offset)?;
            let end = pack.forest.end_of(offset).ok_or(Damage::Header)?;
            let next = match entry.content {
                Content::Whole(kind) => return Ok((kind, self.whole(bench, &pack.file, &entry, end)?, links)),
                Content::OffsetDelta(base) => Ok((number, base)),
                Content::IdDelta(base) => self.place(&base, number).ok_or(base),
            };
            links.push(Link { pack: number, entry, end });
            match next {
                Ok(place) => (number, offset) = place,
                Err(base) => {
                    let (kind, root) = self.loose(bench, &base).ok_or(Damage::Base)?;
                    return Ok((kind, root, links));
                }
            }
        }
    }

    /// Where a base is: in the same pack first.
    fn place(&self, id: &ObjectId, pack: usize) -> Option<(usize, u64)> {
        std::iter::once(pack).chain(0..self.packs.len()).find_map(|number| {
            let file = &self.packs.get(number)?.file;
            Some((number, file.offset(file.find(id)?)?))
        })
    }

    fn loose(&self, bench: &mut Bench, id: &ObjectId) -> Option<(Kind, Buffer)> {
        let (kind, bytes) = self.loose.text(id, self.max_object, |_| {})?.ok()?;
        bench.charge(bytes.len());
        let mut buffer = bench.pool.take(bytes.len());
        buffer.bytes_mut().copy_from_slice(&bytes);
        Some((kind, buffer))
    }
}
