//! What content is an archive: told by its own bytes, never by its name.
//!
//! What comes in: the beginning of content, or all of it. What goes out: the kind of archive, or none, after a look at a handful
//! of bytes at fixed places. What it must never do: search; ordinary content comes past here by the hundred thousand.

use std::io::{self, Read as _, SeekFrom};

use super::{Content, tar};

/// As much of the beginning as tells all kinds apart: a header of tar.
pub(super) const HEAD: usize = 512;

/// The end record of a zip without a comment.
const ZIP_END: usize = 22;
const LONGEST_COMMENT: usize = 0xffff;

/// What can be unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Files by a directory at the end: wheel, jar, nupkg, vsix, apk.
    Zip,
    /// Files one after another: gem, and what is inside tgz, crate and layers of images.
    Tar,
    /// One content, made smaller.
    Compressed(Compression),
}

/// How one content was made smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    /// As a file of its own, with a header.
    Gzip,
    /// Without a header, as in zip.
    Deflate,
    Bzip2,
    Xz,
    Zstd,
}

impl Kind {
    /// By the beginning alone.
    pub(super) fn of_head(head: &[u8]) -> Option<Self> {
        match head {
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 7, 8, b'P', b'K', ..] => Some(Self::Zip),
            [0x1f, 0x8b, 8, flags, ..] if flags & 0xe0 == 0 => Some(Self::Compressed(Compression::Gzip)),
            [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', b'Y', b'&', b'S', b'Y', ..] => {
                Some(Self::Compressed(Compression::Bzip2))
            }
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Compressed(Compression::Xz)),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                Some(Self::Compressed(Compression::Zstd))
            }
            _ => tar::is_header(head).then_some(Self::Tar),
        }
    }

    /// By the beginning, and by the end: a zip may have a program before it that unpacks it.
    pub(super) fn of_whole(bytes: &[u8]) -> Option<Self> {
        Self::of_head(bytes).or_else(|| ends_as_zip(bytes, bytes).then_some(Self::Zip))
    }

    /// The same of content that is not held whole.
    pub(super) fn of_content(content: &mut dyn Content) -> io::Result<Option<Self>> {
        let length = content.seek(SeekFrom::End(0))?;
        content.rewind()?;
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        (&mut *content).take(HEAD as u64).read_to_end(&mut head)?;
        let longest = (ZIP_END + LONGEST_COMMENT) as u64;
        content.seek(SeekFrom::Start(length.saturating_sub(longest)))?;
        (&mut *content).take(longest).read_to_end(&mut tail)?;
        content.rewind()?;
        Ok(Self::of_head(&head).or_else(|| ends_as_zip(&head, &tail).then_some(Self::Zip)))
    }
}

/// Without a comment the end record stands at one place; for one with a comment, only programs are searched.
fn ends_as_zip(head: &[u8], tail: &[u8]) -> bool {
    let at_end = |from: usize| tail.get(from..).is_some_and(|end| end.starts_with(b"PK\x05\x06"));
    if tail.len() > ZIP_END && at_end(tail.len() - ZIP_END) {
        return true;
    }
    let program = head.starts_with(b"MZ") || head.starts_with(b"\x7fELF");
    let comments = tail.get(tail.len().saturating_sub(ZIP_END + LONGEST_COMMENT)..).unwrap_or_default();
    program && memchr::memmem::rfind(comments, b"PK\x05\x06").is_some()
}

/// The file name that a gzip header may give.
pub(super) fn gzip_name(head: &[u8]) -> Option<&[u8]> {
    let flags = *head.get(3)?;
    let mut rest = head.get(10..)?;
    if flags & 4 != 0 {
        let [low, high] = *rest.first_chunk()?;
        rest = rest.get(2 + usize::from(u16::from_le_bytes([low, high]))..)?;
    }
    if flags & 8 == 0 {
        return None;
    }
    let end = memchr::memchr(0, rest)?;
    rest.get(..end).filter(|name| !name.is_empty())
}
