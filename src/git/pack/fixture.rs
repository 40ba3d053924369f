//! Packs written by hand, for tests: whatever git would never write.

use std::path::{Path, PathBuf};

use libdeflater::{CompressionLvl, Compressor};
use sha2::{Digest as _, Sha256};

use crate::model::ObjectId;

/// How an entry is stored.
#[derive(Clone, Debug)]
pub(crate) enum Stored {
    /// Whole; the number is git's of the type: 1 commit, 2 tree, 3 blob, 4 tag.
    Whole(u8, Vec<u8>),
    /// A delta of the entry with this number, which must stand earlier.
    Offset(usize, Vec<u8>),
    /// A delta of the object with this id.
    Id(ObjectId, Vec<u8>),
    /// These bytes, just so.
    Raw(Vec<u8>),
}

/// One entry of a pack.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) id: ObjectId,
    pub(crate) stored: Stored,
}

/// What a pack and its index look like on disk.
pub(crate) struct Image {
    pub(crate) pack: Vec<u8>,
    pub(crate) index: Vec<u8>,
}

/// The formats of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IndexFormat {
    V1,
    V2,
    /// V2, with every offset in the table for packs over 2 GB.
    V2Far,
}

/// An id for a text; not git's own, which the engine never looks at.
pub(crate) fn id(text: &[u8], len: usize) -> ObjectId {
    ObjectId::new(&Sha256::digest(text)[..len]).unwrap()
}

/// zlib, in one go.
pub(crate) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::fastest());
    let mut out = vec![0; compressor.zlib_compress_bound(bytes.len())];
    let len = compressor.zlib_compress(bytes, &mut out).unwrap();
    out.truncate(len);
    out
}

/// An entry's header: type and size.
pub(crate) fn header(kind: u8, size: u64) -> Vec<u8> {
    let mut out = vec![kind << 4 | (size & 15) as u8];
    let mut rest = size >> 4;
    while rest > 0 {
        *out.last_mut().unwrap() |= 0x80;
        out.push((rest & 0x7f) as u8);
        rest >>= 7;
    }
    out
}

/// The distance to a base, as offset deltas write it.
pub(crate) fn distance(mut value: u64) -> Vec<u8> {
    let mut out = vec![(value & 0x7f) as u8];
    value >>= 7;
    while value > 0 {
        value -= 1;
        out.insert(0, 0x80 | (value & 0x7f) as u8);
        value >>= 7;
    }
    out
}

/// A delta under construction.
#[derive(Clone, Debug)]
pub(crate) struct DeltaText {
    base: Vec<u8>,
    steps: Vec<u8>,
    pub(crate) result: Vec<u8>,
}

impl DeltaText {
    pub(crate) fn of(base: &[u8]) -> Self {
        Self { base: base.to_vec(), steps: Vec::new(), result: Vec::new() }
    }

    pub(crate) fn copy(mut self, from: usize, len: usize) -> Self {
        for (from, len) in (from..from + len).step_by(0xff_ffff).map(|at| (at, (from + len - at).min(0xff_ffff))) {
            let value = (from as u64) | (len as u64) << 32;
            let bytes = &value.to_le_bytes()[..7];
            self.steps.push((0..7).filter(|at| bytes[*at] != 0).fold(0x80, |op, at| op | 1 << at));
            self.steps.extend(bytes.iter().filter(|byte| **byte != 0));
        }
        self.result.extend_from_slice(&self.base[from..from + len]);
        self
    }

    pub(crate) fn insert(mut self, bytes: &[u8]) -> Self {
        for chunk in bytes.chunks(127) {
            self.steps.push(chunk.len() as u8);
            self.steps.extend(chunk);
        }
        self.result.extend_from_slice(bytes);
        self
    }

    pub(crate) fn text(&self) -> Vec<u8> {
        [size(self.base.len() as u64), size(self.result.len() as u64), self.steps.clone()].concat()
    }
}

/// A size as deltas write it.
pub(crate) fn size(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 0x7f {
        out.push(0x80 | (value & 0x7f) as u8);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// Lays a pack and its index out.
pub(crate) fn image(entries: &[Written], format: IndexFormat) -> Image {
    let id_len = entries.first().map_or(20, |entry| entry.id.as_bytes().len());
    let mut pack = [b"PACK".as_slice(), &2u32.to_be_bytes(), &(entries.len() as u32).to_be_bytes()].concat();
    let mut offsets: Vec<u64> = Vec::new();
    for entry in entries {
        let at = pack.len() as u64;
        offsets.push(at);
        match &entry.stored {
            Stored::Whole(kind, bytes) => {
                pack.extend(header(*kind, bytes.len() as u64));
                pack.extend(deflated(bytes));
            }
            Stored::Offset(base, delta) => {
                pack.extend(header(6, delta.len() as u64));
                pack.extend(distance(at - offsets[*base]));
                pack.extend(deflated(delta));
            }
            Stored::Id(base, delta) => {
                pack.extend(header(7, delta.len() as u64));
                pack.extend(base.as_bytes());
                pack.extend(deflated(delta));
            }
            Stored::Raw(bytes) => pack.extend(bytes),
        }
    }
    pack.extend(vec![0; id_len]);
    let mut sorted: Vec<(ObjectId, u64)> = entries.iter().map(|entry| entry.id).zip(offsets.iter().copied()).collect();
    sorted.sort_unstable();
    Image { pack, index: index(&sorted, id_len, format) }
}

/// An index of these objects, sorted by id.
pub(crate) fn index(sorted: &[(ObjectId, u64)], id_len: usize, format: IndexFormat) -> Vec<u8> {
    let mut out = Vec::new();
    if format != IndexFormat::V1 {
        out.extend(b"\xfftOc\0\0\0\x02");
    }
    for first in 0..=255u8 {
        let count = sorted.iter().filter(|(id, _)| id.as_bytes()[0] <= first).count();
        out.extend((count as u32).to_be_bytes());
    }
    if format == IndexFormat::V1 {
        for (id, offset) in sorted {
            out.extend((*offset as u32).to_be_bytes());
            out.extend(id.as_bytes());
        }
    } else {
        out.extend(sorted.iter().flat_map(|(id, _)| id.as_bytes().to_vec()));
        out.extend(vec![0; 4 * sorted.len()]);
        for (at, (_, offset)) in sorted.iter().enumerate() {
            let near = if format == IndexFormat::V2Far { 1 << 31 | at as u32 } else { *offset as u32 };
            out.extend(near.to_be_bytes());
        }
        if format == IndexFormat::V2Far {
            out.extend(sorted.iter().flat_map(|(_, offset)| offset.to_be_bytes()));
        }
    }
    out.extend(vec![0; 2 * id_len]);
    out
}

impl Image {
    /// Puts both files into the pack directory of `objects`; gives the path of the pack.
    pub(crate) fn write(&self, objects: &Path, name: &str) -> PathBuf {
        let directory = objects.join("pack");
        std::fs::create_dir_all(&directory).unwrap();
        let pack = directory.join(format!("pack-{name}.pack"));
        std::fs::write(&pack, &self.pack).unwrap();
        std::fs::write(pack.with_extension("idx"), &self.index).unwrap();
        pack
    }
}
