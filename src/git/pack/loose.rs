//! Loose objects: one zlib file each. What one is and how long it is stands inside, compressed with the rest.
//!
//! libgit2 can read them too, but from a truncated one it never comes back, and a truncated loose object is what a power failure
//! leaves behind.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::PathBuf;

use zlib_rs::{Inflate, InflateFlush, Status};

use super::damage::Damage;
use super::inflate::believable;
use crate::git::Kind;
use crate::model::{ObjectId, ObjectKind};

/// The longest `commit 18446744073709551615` and the zero behind it.
const LONGEST_HEADER: usize = 32;
/// As much of a file as the header needs, compressed.
const BEGINNING: u64 = 1024;
/// What a compressed object may be longer than itself; a file beyond that is not read.
const OVERHEAD: u64 = 64 << 10;

/// The loose objects of some object directories.
pub(in crate::git) struct Loose {
    directories: Vec<Directory>,
}

struct Directory {
    path: PathBuf,
    /// Which of its 256 subdirectories there are: in a packed repository hardly any, and then nothing needs to be tried.
    present: [bool; 256],
}

impl Loose {
    pub(in crate::git) fn among(object_directories: Vec<PathBuf>) -> Self {
        let directories = object_directories.into_iter().map(|path| {
            let mut present = [false; 256];
            for entry in fs::read_dir(&path).into_iter().flatten().flatten() {
                let number = entry.file_name().to_str().and_then(|name| u8::from_str_radix(name, 16).ok());
                if let Some(slot) = number.and_then(|number| present.get_mut(usize::from(number))) {
                    *slot = true;
                }
            }
            Directory { path, present }
        });
        Self { directories: directories.collect() }
    }

    /// Kind and size; `None` where it is not loose.
    pub(in crate::git) fn header(&self, id: &ObjectId) -> Option<Result<(Kind, u64), Damage>> {
        Some(self.open(id)?.and_then(|file| {
            let mut compressed = Vec::new();
            file.take(BEGINNING).read_to_end(&mut compressed).map_err(|_| Damage::Gone)?;
            let begun = Begun::inflate(&compressed)?;
            Ok((begun.kind, begun.size))
        }))
    }

    /// Kind and content; `None` where it is not loose.
    pub(in crate::git) fn read(&self, id: &ObjectId) -> Option<Result<(Kind, Vec<u8>), Damage>> {
        Some(self.open(id)?.and_then(|file| content(file, u64::MAX, |_| {}, |_| true)))
    }

    /// Kind and content of what is to be searched and no longer than `limit`, other kinds without content; `None` where it is not
    /// loose. Makes `room` before it takes any.
    pub(super) fn text(
        &self,
        id: &ObjectId,
        limit: u64,
        room: impl FnOnce(usize),
    ) -> Option<Result<(Kind, Vec<u8>), Damage>> {
        let is_text = |kind| matches!(kind, Kind::Text(_));
        Some(self.open(id)?.and_then(|file| content(file, limit, room, is_text)))
    }

    fn open(&self, id: &ObjectId) -> Option<Result<File, Damage>> {
        let first = id.as_bytes().first()?;
        let mut name = None;
        for directory in &self.directories {
            if directory.present.get(usize::from(*first)) != Some(&true) {
                continue;
            }
            let digits = name.get_or_insert_with(|| id.to_string());
            let (fan, rest) = digits.split_at_checked(2)?;
            let path = directory.path.join(fan).join(rest);
            if fs::metadata(&path).is_ok_and(|found| !found.is_file()) {
                return Some(Err(Damage::Gone)); // a pipe would keep us waiting
            }
            match File::open(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                result => return Some(result.map_err(|_| Damage::Gone)),
            }
        }
        None
    }
}

/// An object of which the header has been inflated.
struct Begun {
    inflate: Inflate,
    kind: Kind,
    size: u64,
    /// The header, and what came with it.
    head: [u8; LONGEST_HEADER],
    /// Length of the header.
    header: usize,
}

impl Begun {
    fn inflate(compressed: &[u8]) -> Result<Self, Damage> {
        let mut inflate = Inflate::new(true, 15);
        let mut head = [0; LONGEST_HEADER];
        inflate.decompress(compressed, &mut head, InflateFlush::NoFlush).map_err(|_| Damage::Inflate)?;
        let made = usize::try_from(inflate.total_out()).ok().and_then(|made| head.get(..made)).unwrap_or_default();
        let (kind, size, header) = header(made).ok_or(Damage::Header)?;
        Ok(Self { inflate, kind, size, head, header })
    }

    /// What came with the header.
    fn content(&self) -> &[u8] {
        let made = usize::try_from(self.inflate.total_out()).unwrap_or(usize::MAX);
        self.head.get(self.header..made).unwrap_or_default()
    }

    /// Inflates the rest into `out`, which must end as the stream does.
    fn finish(mut self, compressed: &[u8], out: &mut [u8]) -> Result<(), Damage> {
        let (copied, rest) = out.split_at_mut_checked(self.content().len()).ok_or(Damage::Inflate)?;
        copied.copy_from_slice(self.content());
        let whole = self.inflate.total_out() + rest.len() as u64;
        // One byte more than promised: whoever fills it lies. It also lets a stream end that has nothing left to give.
        let mut spare = [0];
        for out in [rest, &mut spare] {
            let used = usize::try_from(self.inflate.total_in()).unwrap_or(usize::MAX);
            let tail = compressed.get(used..).unwrap_or_default();
            let status = self.inflate.decompress(tail, out, InflateFlush::Finish).map_err(|_| Damage::Inflate)?;
            if status == Status::StreamEnd {
                return if self.inflate.total_out() == whole { Ok(()) } else { Err(Damage::Inflate) };
            }
        }
        Err(Damage::Inflate)
    }
}

fn content(
    file: File,
    limit: u64,
    room: impl FnOnce(usize),
    is_wanted: impl FnOnce(Kind) -> bool,
) -> Result<(Kind, Vec<u8>), Damage> {
    let most = limit.saturating_add(OVERHEAD);
    let mut compressed = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut compressed).map_err(|_| Damage::Gone)?;
    if compressed.len() as u64 > most {
        return Err(Damage::TooLarge);
    }
    let begun = Begun::inflate(&compressed)?;
    let kind = begun.kind;
    if !is_wanted(kind) {
        return Ok((kind, Vec::new()));
    }
    let len = believable(begun.size, compressed.len(), limit)?;
    room(len);
    let mut bytes = vec![0; len];
    begun.finish(&compressed, &mut bytes)?;
    Ok((kind, bytes))
}

/// `blob 12` and a zero: kind, size, and the length of all that.
fn header(made: &[u8]) -> Option<(Kind, u64, usize)> {
    let end = memchr::memchr(0, made)?;
    let (word, size) = std::str::from_utf8(made.get(..end)?).ok()?.split_once(' ')?;
    let kind = match word {
        "commit" => Kind::Text(ObjectKind::Commit),
        "blob" => Kind::Text(ObjectKind::Blob),
        "tag" => Kind::Text(ObjectKind::Tag),
        "tree" => Kind::Tree,
        _ => return None,
    };
    (!size.is_empty() && size.bytes().all(|byte| byte.is_ascii_digit())).then_some(())?;
    Some((kind, size.parse().ok()?, end + 1))
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
        Loose::among(vec![scratch.path().to_owned()]).text(&id, limit, |_| {}).unwrap()
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
    #[test]
    fn every_cut_of_an_object_is_an_error() {
        let content = b"0123456789abcdef".repeat(40);
        let stored = deflated(&[b"tree 640\0".as_slice(), &content].concat());
        let scratch = tempfile::tempdir().unwrap();
        let id = id(b"x", 20);
        let name = id.to_string();
        std::fs::create_dir(scratch.path().join(&name[..2])).unwrap();
        let read = |bytes: &[u8]| {
            std::fs::write(scratch.path().join(&name[..2]).join(&name[2..]), bytes).unwrap();
            let loose = Loose::among(vec![scratch.path().to_owned()]);
            (loose.header(&id).unwrap(), loose.read(&id).unwrap())
        };
        assert_eq!(read(&stored), (Ok((Kind::Tree, 640)), Ok((Kind::Tree, content))));
        for length in 0..stored.len() {
            assert!(read(&stored[..length]).1.is_err(), "{length}");
        }
    }
}
