//! Keeps libgit2 away from what it cannot survive: a pack or multi-pack index that points outside a pack makes it read memory that
//! is not there, and deltas that are based on each other keep it busy for ever.
//!
//! What comes in: the object directories. What goes out: the ids that must not be asked for. The check at the opening reads only the
//! offsets of the indexes; entries are looked at one by one only where an index has proven bad, or when everything is listed anyway.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use super::entries::{self as pack, FANOUT, MAGIC, number};
use super::listing::Kind;
use crate::model::ObjectId;

/// Ids that must not be asked for, shared by all handles on a repository.
#[derive(Clone, Debug, Default)]
pub(super) struct Forbidden(Arc<RwLock<Arc<HashSet<ObjectId>>>>);

impl Forbidden {
    /// What an index sends outside its pack, and what is built on it.
    pub(super) fn among(object_directories: &[std::path::PathBuf], id_length: usize) -> Self {
        let forbidden = Self::default();
        for objects in object_directories {
            let directory = objects.join("pack");
            for path in fs::read_dir(&directory).into_iter().flatten().flatten().map(|entry| entry.path()) {
                let is_index = path.extension().is_some_and(|extension| extension == "idx");
                if is_index && !stays_inside(&path, id_length).unwrap_or(false) {
                    let entries = pack::entries(&path, id_length).unwrap_or_default();
                    forbidden.add(entries.iter().filter(|entry| entry.kind == Kind::Damaged).map(|entry| entry.id));
                }
            }
            forbidden.add(outside_by_multi_pack_index(&directory, id_length).unwrap_or_default());
        }
        forbidden
    }

    /// Forbids more.
    pub(super) fn add(&self, ids: impl IntoIterator<Item = ObjectId>) {
        let mut ids = ids.into_iter().peekable();
        if ids.peek().is_some() {
            let mut forbidden = self.0.write().unwrap_or_else(PoisonError::into_inner);
            Arc::make_mut(&mut forbidden).extend(ids);
        }
    }

    /// All of them, as they are now.
    pub(super) fn now(&self) -> Arc<HashSet<ObjectId>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether every offset of an index leaves room for an entry and the checksum at the pack's end.
fn stays_inside(idx: &Path, id_length: usize) -> io::Result<bool> {
    let Some(last) = last_offset(&idx.with_extension("pack"), id_length) else { return Ok(false) };
    let mut file = File::open(idx)?;
    let mut head = vec![0; MAGIC.len() + FANOUT];
    file.read_exact(&mut head)?;
    if !head.starts_with(MAGIC) {
        let offsets = pack::offsets(&fs::read(idx)?, id_length);
        return Ok(offsets.is_some_and(|offsets| offsets.iter().all(|(offset, _)| *offset <= last)));
    }
    let count = number(head.get(MAGIC.len() + FANOUT - 4..).unwrap_or_default());
    let ids_and_checksums = count.saturating_mul(id_length as u64 + 4);
    let offsets = file.seek(SeekFrom::Start(head.len() as u64 + ids_and_checksums))?;
    if file.metadata()?.len() < offsets.saturating_add(count * 4) {
        return Ok(false);
    }
    let mut rest = Vec::new();
    file.read_to_end(&mut rest)?;
    let (small, large) = rest.split_at_checked(usize::try_from(count * 4).unwrap_or(usize::MAX)).unwrap_or_default();
    Ok(small.chunks_exact(4).all(|row| pack::offset(row, large).is_some_and(|offset| offset <= last)))
}

/// The last place in a pack at which an entry can begin.
pub(super) fn last_offset(pack: &Path, id_length: usize) -> Option<u64> {
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
        Some(pack::offset(offset, large)? <= last?)
    };
    let outside =
        ids.chunks_exact(id_length).zip(places.chunks_exact(8)).filter(|(_, place)| inside(place) != Some(true));
    Some(outside.filter_map(|(id, _)| ObjectId::new(id)).collect())
}
