//! Pack indexes and the headers of pack entries: which objects a pack holds, where, and of what kind.
//!
//! What comes in: an `.idx` file and the pack beside it. What goes out: the entries in the order of the pack, with their kinds.
//! No content is inflated here. libgit2 could list a pack too, but not a SHA-256 one, not in pack order under a multi-pack
//! index, and it gives up on the whole pack at the first bad entry.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::listing::{Kind, Listed};
use super::vet::last_offset;
use crate::model::{ObjectId, ObjectKind};

pub(super) const MAGIC: &[u8] = b"\xfftOc\0\0\0\x02";
pub(super) const FANOUT: usize = 256 * 4;
/// The longest header: two numbers of ten bytes, or one and an id.
const LONGEST_HEADER: usize = 10 + 32;
/// git never writes deeper chains than 4095.
const DEEPEST_CHAIN: usize = 4096;

/// The entries of a pack, in pack order.
pub(super) fn entries(idx: &Path, id_length: usize) -> io::Result<Vec<Listed>> {
    let mut placed =
        offsets(&fs::read(idx)?, id_length).ok_or_else(|| io::Error::other("the pack index is damaged"))?;
    placed.sort_unstable_by_key(|(offset, _)| *offset);
    let pack = idx.with_extension("pack");
    let headers = Headers::read(&pack, &placed, id_length)?;
    Ok(placed.iter().enumerate().map(|(at, (_, id))| headers.listed(at, *id)).collect())
}

/// Offset and id of every object in an index, in the order of the index.
pub(super) fn offsets(idx: &[u8], id_length: usize) -> Option<Vec<(u64, ObjectId)>> {
    let version_2 = idx.starts_with(MAGIC);
    let fanout = if version_2 { MAGIC.len() } else { 0 };
    let count = number(idx.get(fanout + FANOUT - 4..fanout + FANOUT)?) as usize;
    let table = idx.get(fanout + FANOUT..)?;
    if !version_2 {
        let rows = table.get(..count.checked_mul(id_length + 4)?)?.chunks_exact(id_length + 4);
        return rows.map(|row| Some((number(row.get(..4)?), ObjectId::new(row.get(4..)?)?))).collect();
    }
    let (ids, rest) = table.split_at_checked(count.checked_mul(id_length)?)?;
    let (_checksums, rest) = rest.split_at_checked(count * 4)?;
    let (small, large) = rest.split_at_checked(count * 4)?;
    ids.chunks_exact(id_length)
        .zip(small.chunks_exact(4))
        .map(|(id, offset)| {
            let offset = self::offset(offset, large)?;
            Some((offset, ObjectId::new(id)?))
        })
        .collect()
}

/// An offset of four bytes, or the larger one that it refers to.
pub(super) fn offset(small: &[u8], large: &[u8]) -> Option<u64> {
    let offset = number(small);
    match offset.checked_sub(1 << 31) {
        None => Some(offset),
        Some(row) => Some(number(large.get(usize::try_from(row).ok()?.checked_mul(8)?..)?.get(..8)?)),
    }
}

pub(super) fn number(big_endian: &[u8]) -> u64 {
    big_endian.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// What an entry's header says.
#[derive(Clone, Copy)]
enum Header {
    Whole(Kind, u64),
    /// Made from the entry with this number.
    Delta(usize),
    Damaged,
}

struct Headers(Vec<Header>);

impl Headers {
    fn read(pack: &Path, placed: &[(u64, ObjectId)], id_length: usize) -> io::Result<Self> {
        // A small buffer: entries are mostly shorter, and nothing but the headers is wanted.
        let mut file = BufReader::with_capacity(4096, File::open(pack)?);
        let last = last_offset(pack, id_length).unwrap_or(0);
        let mut by_id = HashMap::new();
        let mut headers = Vec::with_capacity(placed.len());
        let mut position = 0u64;
        for (offset, _) in placed {
            let mut bytes = [0; LONGEST_HEADER];
            let read = match i64::try_from(i128::from(*offset) - i128::from(position)) {
                Ok(distance) if *offset <= last => {
                    file.seek_relative(distance).and_then(|()| read_up_to(&mut file, &mut bytes))
                }
                _ => Err(io::ErrorKind::InvalidInput.into()),
            };
            let Ok(length) = read else {
                headers.push(Header::Damaged);
                position = file.seek(SeekFrom::Start(0))?;
                continue;
            };
            position = offset + length as u64;
            let known = bytes.get(..length).and_then(|bytes| parse(bytes, *offset, placed, &mut by_id, id_length));
            headers.push(known.unwrap_or(Header::Damaged));
        }
        Ok(Self(headers))
    }

    fn listed(&self, at: usize, id: ObjectId) -> Listed {
        match self.0.get(at) {
            Some(Header::Whole(kind, size)) => Listed { id, kind: *kind, size: Some(*size) },
            _ => Listed { id, kind: self.base_kind(at), size: None },
        }
    }

    fn base_kind(&self, mut at: usize) -> Kind {
        for _ in 0..DEEPEST_CHAIN {
            match self.0.get(at) {
                Some(Header::Whole(kind, _)) => return *kind,
                Some(Header::Delta(base)) => at = *base,
                Some(Header::Damaged) | None => break,
            }
        }
        Kind::Damaged
    }
}

fn read_up_to(file: &mut impl Read, bytes: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            length => filled += length,
        }
    }
    Ok(filled)
}

fn parse(
    bytes: &[u8],
    offset: u64,
    placed: &[(u64, ObjectId)],
    by_id: &mut HashMap<ObjectId, usize>,
    id_length: usize,
) -> Option<Header> {
    let (first, mut rest) = bytes.split_first()?;
    let (mut size, mut shift, mut more) = (u64::from(first & 15), 4, first & 0x80 != 0);
    while more {
        let (byte, tail) = rest.split_first()?;
        size |= u64::from(byte & 0x7f).checked_shl(shift)?;
        (shift, more, rest) = (shift + 7, byte & 0x80 != 0, tail);
    }
    let kind = match (first >> 4) & 7 {
        1 => Kind::Text(ObjectKind::Commit),
        2 => Kind::Tree,
        3 => Kind::Text(ObjectKind::Blob),
        4 => Kind::Text(ObjectKind::Tag),
        6 => {
            let base = offset.checked_sub(distance(rest)?)?;
            return placed.binary_search_by_key(&base, |(offset, _)| *offset).ok().map(Header::Delta);
        }
        7 => {
            if by_id.is_empty() {
                by_id.extend(placed.iter().enumerate().map(|(at, (_, id))| (*id, at)));
            }
            let base = ObjectId::new(rest.get(..id_length)?)?;
            return by_id.get(&base).copied().map(Header::Delta);
        }
        _ => return None,
    };
    Some(Header::Whole(kind, size))
}

/// git's own variable-length number, which adds one at each further byte.
fn distance(bytes: &[u8]) -> Option<u64> {
    let mut bytes = bytes.iter();
    let mut byte = *bytes.next()?;
    let mut value = u64::from(byte & 0x7f);
    while byte & 0x80 != 0 {
        byte = *bytes.next()?;
        value = value.checked_add(1)?.checked_mul(128)? | u64::from(byte & 0x7f);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_index_or_header_is_no_panic() {
        for length in [0, 8, 1031, 1032, 2000] {
            let mut idx = MAGIC.to_vec();
            idx.resize(length.max(8), 0xff);
            assert!(offsets(&idx, 20).is_none(), "{length}");
        }
        let mut by_id = HashMap::new();
        let cases: [&[u8]; 6] = [b"", b"\xff", &[0xff; 42], b"\x00", b"\x51", b"\x61\x80"];
        for bytes in cases {
            assert!(parse(bytes, 12, &[], &mut by_id, 20).is_none(), "{bytes:?}");
        }
        assert!(matches!(
            parse(b"\xb5\x0a", 12, &[], &mut by_id, 20),
            Some(Header::Whole(Kind::Text(ObjectKind::Blob), 165))
        ));
    }

    #[test]
    fn a_chain_without_an_end_is_damaged() {
        let headers = Headers(vec![Header::Delta(1), Header::Delta(0)]);
        assert_eq!(headers.base_kind(0), Kind::Damaged);
    }
}
