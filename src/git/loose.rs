//! Loose objects: one zlib file each. libgit2 can read them too, but from a truncated one it never comes back, and a truncated loose
//! object is what a power failure leaves behind.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit as inflate;

use super::listing::Kind;
use crate::model::{ObjectId, ObjectKind};

/// Longest beginning of an object: kind, size, a zero byte.
const HEADER: usize = 64;
/// As much of a file as the header needs, compressed.
const BEGINNING: u64 = 1024;

/// The loose objects of some object directories.
pub(super) struct Loose {
    directories: Vec<Directory>,
}

struct Directory {
    path: PathBuf,
    /// Which of its 256 subdirectories there are: in a packed repository hardly any, and then nothing needs to be tried.
    present: [bool; 256],
}

impl Loose {
    pub(super) fn among(object_directories: Vec<PathBuf>) -> Self {
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
    pub(super) fn header(&self, id: &ObjectId) -> Option<io::Result<(Kind, u64)>> {
        Some(self.open(id)?.and_then(|file| {
            let mut bytes = Vec::new();
            file.take(BEGINNING).read_to_end(&mut bytes)?;
            let (kind, size, _) = header(&bytes)?;
            Ok((kind, size))
        }))
    }

    /// Kind and content; `None` where it is not loose.
    pub(super) fn read(&self, id: &ObjectId) -> Option<io::Result<(Kind, Vec<u8>)>> {
        Some(self.open(id)?.and_then(|mut file| {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            let (kind, size, begin) = header(&bytes)?;
            let length = usize::try_from(size).ok().and_then(|size| size.checked_add(begin));
            let length = length.ok_or_else(|| damaged("its size makes no sense"))?;
            // Room for a little more, so that an object longer than it says shows as one.
            let mut content =
                inflate(&bytes, length.saturating_add(16)).map_err(|error| damaged(&error.to_string()))?;
            if content.len() != length {
                return Err(damaged("it is not as long as it says"));
            }
            content.drain(..begin);
            Ok((kind, content))
        }))
    }

    fn open(&self, id: &ObjectId) -> Option<io::Result<File>> {
        let first = id.as_bytes().first()?;
        let mut name = None;
        for directory in &self.directories {
            if directory.present.get(usize::from(*first)) != Some(&true) {
                continue;
            }
            let digits = name.get_or_insert_with(|| id.to_string());
            let (fan, rest) = digits.split_at_checked(2)?;
            match File::open(directory.path.join(fan).join(rest)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                result => return Some(result),
            }
        }
        None
    }
}

/// Kind, size, and where the content begins.
fn header(compressed: &[u8]) -> io::Result<(Kind, u64, usize)> {
    if compressed.is_empty() {
        return Err(damaged("its file is empty"));
    }
    let text = inflate(compressed, HEADER).unwrap_or_else(|error| error.output);
    let end = memchr::memchr(0, &text).ok_or_else(|| damaged("it does not begin as an object does"))?;
    let (kind, size) = std::str::from_utf8(text.get(..end).unwrap_or_default())
        .ok()
        .and_then(|header| header.split_once(' '))
        .ok_or_else(|| damaged("it does not begin as an object does"))?;
    let kind = match kind {
        "blob" => Kind::Text(ObjectKind::Blob),
        "commit" => Kind::Text(ObjectKind::Commit),
        "tag" => Kind::Text(ObjectKind::Tag),
        "tree" => Kind::Tree,
        _ => return Err(damaged("it is of no known kind")),
    };
    let size = size.parse().map_err(|_| damaged("its size makes no sense"))?;
    Ok((kind, size, end + 1))
}

fn damaged(reason: &str) -> io::Error {
    io::Error::other(format!("the loose object is damaged: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::Scratch;
    use crate::git::listing::object_directories;

    #[test]
    fn a_loose_object_is_read_and_every_cut_of_it_is_an_error() {
        let scratch = Scratch::repository();
        let content = "0123456789abcdef".repeat(40);
        scratch.write("a", &content);
        scratch.git(&["add", "a"]);
        let id = scratch.id(":a");
        let read = || {
            let loose = Loose::among(object_directories(scratch.file(".git/objects")));
            (loose.header(&id).unwrap(), loose.read(&id).unwrap())
        };
        let (header, body) = read();
        assert_eq!(header.unwrap(), (Kind::Text(ObjectKind::Blob), 640));
        assert_eq!(body.unwrap(), (Kind::Text(ObjectKind::Blob), content.into_bytes()));
        let path = scratch.loose(&id);
        let whole = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(read().1.is_err(), "{length}");
        }
    }
}
