//! Objects in files of their own. What one is and how long it is stands inside, compressed with the rest.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use zlib_rs::{Inflate, InflateFlush, Status};

use super::damage::Damage;
use super::directories;
use super::inflate::believable;
use crate::git::Kind;
use crate::model::{Notification, ObjectId, ObjectKind};

/// The longest `commit 18446744073709551615` and the zero behind it.
const LONGEST_HEADER: usize = 32;
/// What a compressed object may be longer than itself, so that a file beyond it is not read.
const OVERHEAD: u64 = 64 << 10;

/// The loose objects of some object directories.
pub(super) struct Loose {
    directories: Vec<PathBuf>,
    ids: Vec<ObjectId>,
}

impl Loose {
    pub(super) fn list(directories: &[PathBuf], id_len: usize, notes: &mut Vec<Notification>) -> Self {
        Self { directories: directories.to_vec(), ids: directories::loose(directories, id_len, notes) }
    }

    /// All of them, sorted.
    pub(super) fn ids(&self) -> &[ObjectId] {
        &self.ids
    }

    /// What it is, and its bytes, except for a tree's; `None` where there is none of this id. Makes `room` before it takes any.
    pub(super) fn read(
        &self,
        id: &ObjectId,
        limit: u64,
        room: impl FnOnce(usize),
    ) -> Option<Result<(Kind, Vec<u8>), Damage>> {
        self.ids.binary_search(id).ok()?;
        let name = id.to_string();
        let (first, rest) = name.split_at_checked(2)?;
        let mut files = self.directories.iter().map(|directory| directory.join(first).join(rest));
        let file = files.find_map(|path| File::open(path).ok());
        Some(file.ok_or(Damage::Gone).and_then(|file| content(file, limit, room)))
    }
}

fn content(file: File, limit: u64, room: impl FnOnce(usize)) -> Result<(Kind, Vec<u8>), Damage> {
    let most = limit.saturating_add(OVERHEAD);
    let mut compressed = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut compressed).map_err(|_| Damage::Gone)?;
    if compressed.len() as u64 > most {
        return Err(Damage::TooLarge);
    }
    let mut inflate = Inflate::new(true, 15);
    let mut head = [0; LONGEST_HEADER];
    inflate.decompress(&compressed, &mut head, InflateFlush::NoFlush).map_err(|_| Damage::Inflate)?;
    let made = usize::try_from(inflate.total_out()).ok().and_then(|made| head.get(..made)).unwrap_or_default();
    let (kind, size, begun) = header(made).ok_or(Damage::Header)?;
    if kind == Kind::Tree {
        return Ok((kind, Vec::new()));
    }
    let len = believable(size, compressed.len(), limit)?;
    room(len);
    let mut bytes = vec![0; len];
    let (copied, rest) = bytes.split_at_mut_checked(begun.len()).ok_or(Damage::Inflate)?;
    copied.copy_from_slice(begun);
    let tail = usize::try_from(inflate.total_in()).ok().and_then(|used| compressed.get(used..)).unwrap_or_default();
    // One byte more than promised: whoever fills it lies.
    let mut spare = [0];
    let status = inflate.decompress(tail, rest, InflateFlush::Finish).map_err(|_| Damage::Inflate)?;
    let used = usize::try_from(inflate.total_in()).unwrap_or(usize::MAX);
    let ends = status == Status::StreamEnd
        || compressed
            .get(used..)
            .is_some_and(|tail| inflate.decompress(tail, &mut spare, InflateFlush::Finish) == Ok(Status::StreamEnd));
    let whole = (begun.len() + rest.len() + header_len(made)) as u64;
    if ends && inflate.total_out() == whole { Ok((kind, bytes)) } else { Err(Damage::Inflate) }
}

fn header_len(made: &[u8]) -> usize {
    memchr::memchr(0, made).map_or(0, |zero| zero + 1)
}

/// `blob 12` and a zero, and what follows it.
fn header(made: &[u8]) -> Option<(Kind, u64, &[u8])> {
    let (head, begun) = made.split_at_checked(header_len(made))?;
    let (word, size) = std::str::from_utf8(head.strip_suffix(b"\0")?).ok()?.split_once(' ')?;
    let kind = match word {
        "commit" => Kind::Text(ObjectKind::Commit),
        "blob" => Kind::Text(ObjectKind::Blob),
        "tag" => Kind::Text(ObjectKind::Tag),
        "tree" => Kind::Tree,
        _ => return None,
    };
    (!size.is_empty() && size.bytes().all(|byte| byte.is_ascii_digit())).then_some(())?;
    Some((kind, size.parse().ok()?, begun))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::pack::fixture::{deflated, id};

    fn read(bytes: &[u8], limit: u64) -> Result<(Kind, Vec<u8>), Damage> {
        let scratch = tempfile::tempdir().unwrap();
        let id = id(b"x", 20);
        let name = id.to_string();
        std::fs::create_dir(scratch.path().join(&name[..2])).unwrap();
        std::fs::write(scratch.path().join(&name[..2]).join(&name[2..]), bytes).unwrap();
        Loose::list(&[scratch.path().to_owned()], 20, &mut Vec::new()).read(&id, limit, |_| {}).unwrap()
    }

    #[test]
    fn objects_of_every_kind_and_length() {
        for length in [0, 1, 20, 24, 25, 26, 31, 32, 33, 100, 100_000] {
            for (word, kind) in [("blob", ObjectKind::Blob), ("commit", ObjectKind::Commit), ("tag", ObjectKind::Tag)] {
                let text: Vec<u8> = (0..length).map(|at: u32| (at * 7 % 251) as u8).collect();
                let stored = [format!("{word} {length}\0").as_bytes(), &text].concat();
                assert_eq!(read(&deflated(&stored), 1 << 20), Ok((Kind::Text(kind), text)), "{word} {length}");
            }
        }
        assert_eq!(read(&deflated(b"tree 3\0abc"), 1 << 20), Ok((Kind::Tree, Vec::new())));
    }

    #[test]
    fn whatever_lies_is_refused() {
        let noise: Vec<u8> = (0..200_000u64).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u8).collect();
        let cases: [(&str, Vec<u8>, Damage); 10] = [
            ("empty", Vec::new(), Damage::Header),
            ("not deflated", b"blob 3\0abc".to_vec(), Damage::Inflate),
            ("no header", deflated(b"nothing of the kind, and much more of it"), Damage::Header),
            ("another kind", deflated(b"blub 3\0abc"), Damage::Header),
            ("a sign", deflated(b"blob +3\0abc"), Damage::Header),
            ("longer", deflated(b"blob 2\0abc"), Damage::Inflate),
            ("shorter", deflated(b"blob 4\0abc"), Damage::Inflate),
            ("a terabyte", deflated(b"blob 1099511627776\0abc"), Damage::Inflate),
            ("large", deflated(&[b"blob 2000\0".as_slice(), &[7; 2000]].concat()), Damage::TooLarge),
            ("cut", deflated(&[b"blob 900\0".as_slice(), &noise[..900]].concat())[..300].to_vec(), Damage::Inflate),
        ];
        for (name, bytes, damage) in cases {
            assert_eq!(read(&bytes, 1000), Err(damage), "{name}");
        }
        assert_eq!(read(&noise, 1000), Err(Damage::TooLarge));
    }
}
