//! Keeps libgit2 away from what it cannot survive: a pack or multi-pack index that points outside a pack makes it read memory that
//! is not there, and deltas that are based on each other keep it busy for ever.
//!
//! What comes in: the object directories. What goes out: the ids that must not be asked for. The first few objects are read without
//! libgit2, since a hook wants no more. After them, all offsets of all indexes are read; entries are looked at one by one only where
//! an index has proven bad, or when everything is listed anyway.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::kind::Kind;
use super::pack::{self, Chains};
use crate::model::ObjectId;

/// Length of a table that says how many ids begin with each byte or less.
const FANOUT: usize = 256 * 4;

/// Ids that must not be asked for, shared by all handles on a repository.
#[derive(Clone)]
pub(super) struct Forbidden(Arc<Found>);

/// So many objects are read without libgit2, which remembers the bases of deltas and is faster with many.
const FEW: usize = 64;

struct Found {
    object_directories: Vec<PathBuf>,
    id_length: usize,
    ids: OnceLock<RwLock<Arc<HashSet<ObjectId>>>>,
    chains: OnceLock<Chains>,
    asked: AtomicUsize,
}

impl Forbidden {
    /// What an index sends outside its pack, and what is built on it.
    pub(super) fn among(object_directories: Vec<PathBuf>, id_length: usize) -> Self {
        Self(Arc::new(Found {
            object_directories,
            id_length,
            ids: OnceLock::new(),
            chains: OnceLock::new(),
            asked: AtomicUsize::new(0),
        }))
    }

    fn ids(&self) -> &RwLock<Arc<HashSet<ObjectId>>> {
        self.0.ids.get_or_init(|| RwLock::new(Arc::new(self.0.outside())))
    }

    /// Forbids more.
    pub(super) fn add(&self, ids: impl IntoIterator<Item = ObjectId>) {
        let mut ids = ids.into_iter().peekable();
        if ids.peek().is_some() {
            let mut forbidden = self.ids().write().unwrap_or_else(PoisonError::into_inner);
            Arc::make_mut(&mut forbidden).extend(ids);
        }
    }

    /// One of the first few objects, read without libgit2. `None` after them, and for what cannot be read so.
    pub(super) fn few(&self, id: &ObjectId) -> Option<(Kind, Vec<u8>)> {
        let Found { object_directories, id_length, ids, chains, asked } = &*self.0;
        if ids.get().is_some() || asked.fetch_add(1, Ordering::Relaxed) >= FEW {
            return None;
        }
        chains.get_or_init(|| Chains::open(object_directories, *id_length)).read(id)
    }

    /// All of them, as they are now.
    pub(super) fn now(&self) -> Arc<HashSet<ObjectId>> {
        Arc::clone(&self.ids().read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Found {
    fn outside(&self) -> HashSet<ObjectId> {
        let mut outside = HashSet::new();
        for objects in &self.object_directories {
            let directory = objects.join("pack");
            for path in fs::read_dir(&directory).into_iter().flatten().flatten().map(|entry| entry.path()) {
                if path.extension().is_some_and(|extension| extension == "idx") {
                    outside.extend(pack::untrusted(&path, self.id_length));
                }
            }
            outside.extend(outside_by_multi_pack_index(&directory, self.id_length).unwrap_or_default());
        }
        outside
    }
}

/// The last place in a pack at which an entry can begin.
fn last_offset(pack: &Path, id_length: usize) -> Option<u64> {
    fs::metadata(pack).ok()?.len().checked_sub(id_length as u64 + 1)
}

/// What a multi-pack index sends outside the packs that it names.
fn outside_by_multi_pack_index(directory: &Path, id_length: usize) -> Option<Vec<ObjectId>> {
    let bytes = fs::read(directory.join("multi-pack-index")).ok()?;
    let chunks = usize::from(*bytes.get(6)?);
    let chunk = |name: &[u8; 4]| {
        let rows = (0..chunks).filter_map(|row| bytes.get(12 + row * 12..12 + (row + 1) * 12));
        let row = rows.into_iter().find(|row| row.starts_with(name))?;
        bytes.get(usize::try_from(number(row.get(4..)?)).ok()?..)
    };
    let count = usize::try_from(number(chunk(b"OIDF")?.get(FANOUT - 4..FANOUT)?)).ok()?;
    let ids = chunk(b"OIDL")?.get(..count.checked_mul(id_length)?)?;
    let places = chunk(b"OOFF")?.get(..count.checked_mul(8)?)?;
    let large = chunk(b"LOFF").unwrap_or_default();
    let names = chunk(b"PNAM")?.split(|byte| *byte == 0).take_while(|name| !name.is_empty());
    let last: Vec<Option<u64>> = names
        .map(|name| last_offset(&directory.join(std::str::from_utf8(name).ok()?).with_extension("pack"), id_length))
        .collect();
    let inside = |place: &[u8]| {
        let (pack, offset) = place.split_at_checked(4)?;
        let last = *last.get(usize::try_from(number(pack)).ok()?)?;
        Some(place_in_pack(offset, large)? <= last?)
    };
    let outside =
        ids.chunks_exact(id_length).zip(places.chunks_exact(8)).filter(|(_, place)| inside(place) != Some(true));
    Some(outside.filter_map(|(id, _)| ObjectId::new(id)).collect())
}

/// An offset of four bytes, or the larger one that it refers to.
fn place_in_pack(small: &[u8], large: &[u8]) -> Option<u64> {
    let offset = number(small);
    match offset.checked_sub(1 << 31) {
        None => Some(offset),
        Some(row) => Some(number(large.get(usize::try_from(row).ok()?.checked_mul(8)?..)?.get(..8)?)),
    }
}

fn number(big_endian: &[u8]) -> u64 {
    big_endian.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}
