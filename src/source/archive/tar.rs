//! Reads tar: the members one after another, with the names and sizes that its dialects give them.
//!
//! What comes in: a stream. What goes out: entries and their content, as streams; what is no entry goes out too, as what it is.
//! What it must never do: believe a size, hold a content, or stop at a block that makes no sense.

use std::io::{self, BufRead, Read};

const BLOCK: usize = 512;
/// Longer extended headers are not read to their end.
const LONGEST_EXTENSION: u64 = 64 << 10;

type Block = [u8; BLOCK];

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A member with content of so many bytes, to be read with `body`.
    Entry { name: Vec<u8>, size: u64 },
    /// Blocks that are no entry, to be read with `junk`.
    Junk,
    /// Nothing.
    End,
    /// Nothing, in the middle of something.
    Cut,
}

/// What an extended header says of the entry behind it.
#[derive(Default)]
struct Extension {
    name: Option<Vec<u8>>,
    size: Option<u64>,
}

/// A tar.
pub(super) struct Tar<'r> {
    reader: &'r mut dyn BufRead,
    /// A block that was read too far.
    ahead: Option<(Block, usize)>,
    /// Bytes of the content that the entry has, and of what fills its last block.
    left: u64,
    padding: u64,
}

/// Whether this begins with a header: its checksum tells, which even the oldest have.
pub(super) fn is_header(head: &[u8]) -> bool {
    let Some(block) = head.first_chunk::<BLOCK>() else { return false };
    // Nearly everything that is none is told here, by a few bytes.
    let [digits @ .., last, _] = field::<8>(block, 148);
    let likely =
        digits.iter().all(|byte| matches!(byte, b'0'..=b'7' | b' ' | 0)) && matches!(last, 0 | b' ' | b'0'..=b'7');
    if !likely || block.first() == Some(&0) {
        return false;
    }
    let plain = |(at, byte): (usize, &u8)| u64::from(if (148..156).contains(&at) { b' ' } else { *byte });
    octal(&field::<8>(block, 148)) == Some(block.iter().enumerate().map(plain).sum())
}

impl<'r> Tar<'r> {
    pub(super) fn new(reader: &'r mut dyn BufRead) -> Self {
        Self { reader, ahead: None, left: 0, padding: 0 }
    }

    /// Goes on to the next member, past what was not read of the last.
    pub(super) fn next(&mut self) -> io::Result<Next> {
        let mut extension = Extension::default();
        let mut within = false;
        loop {
            if self.skip()? > 0 {
                return Ok(Next::Cut);
            }
            let (block, length) = match self.ahead.take() {
                Some(ahead) => ahead,
                None => read_block(self.reader)?,
            };
            if length == 0 {
                return Ok(if within { Next::Cut } else { Next::End });
            }
            if block.iter().all(|byte| *byte == 0) {
                continue;
            }
            let Some(size) = entry(&block, length) else {
                self.ahead = Some((block, length));
                return Ok(Next::Junk);
            };
            let kind = block.get(156).copied().unwrap_or_default();
            self.content(if matches!(kind, b'1'..=b'6') { 0 } else { size });
            match kind {
                b'L' | b'x' => {
                    within = true;
                    self.extend(&mut extension, kind)?;
                }
                b'K' => within = true,
                b'g' => {} // about all that come; there may be none
                _ => {
                    if kind == b'S' {
                        self.skip_sparse_map(&block)?;
                    }
                    if let Some(size) = extension.size.filter(|_| !matches!(kind, b'1'..=b'6')) {
                        self.content(size);
                    }
                    return Ok(Next::Entry { name: extension.name.unwrap_or_else(|| name(&block)), size: self.left });
                }
            }
        }
    }

    /// The content of the entry.
    pub(super) fn body(&mut self) -> Body<'_, 'r> {
        Body(self)
    }

    /// What is no entry, up to where the next begins.
    pub(super) fn junk(&mut self) -> Junk<'_, 'r> {
        Junk { tar: self, at: 0 }
    }

    fn content(&mut self, size: u64) {
        self.left = size;
        self.padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
    }

    /// Returns how many bytes of the content are missing.
    fn skip(&mut self) -> io::Result<u64> {
        let skipped = io::copy(&mut (&mut *self.reader).take(self.left), &mut io::sink())?;
        let missing = self.left - skipped;
        io::copy(&mut (&mut *self.reader).take(self.padding), &mut io::sink())?;
        (self.left, self.padding) = (0, 0);
        Ok(missing)
    }

    fn extend(&mut self, extension: &mut Extension, kind: u8) -> io::Result<()> {
        let mut text = Vec::new();
        self.body().take(LONGEST_EXTENSION).read_to_end(&mut text)?;
        if kind == b'L' {
            let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
            text.truncate(end);
            extension.name = Some(text);
            return Ok(());
        }
        for (key, value) in records(&text) {
            match key {
                b"path" | b"GNU.sparse.name" => extension.name = Some(value.to_vec()),
                b"size" => extension.size = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Where a file has holes; only what lies between them is in the archive.
    fn skip_sparse_map(&mut self, header: &Block) -> io::Result<()> {
        let mut more = header.get(482) == Some(&1);
        while more {
            let (map, length) = read_block(self.reader)?;
            more = length == BLOCK && map.get(504) == Some(&1);
        }
        Ok(())
    }
}

/// The content of an entry.
pub(super) struct Body<'t, 'r>(&'t mut Tar<'r>);

impl Read for Body<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = (&mut *self.0.reader).take(self.0.left).read(out)?;
        self.0.left -= read as u64;
        Ok(read)
    }
}

/// Blocks that are no entry.
pub(super) struct Junk<'t, 'r> {
    tar: &'t mut Tar<'r>,
    at: usize,
}

impl Read for Junk<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.tar.ahead.is_none() {
            let (block, length) = read_block(self.tar.reader)?;
            (self.tar.ahead, self.at) = (Some((block, length)), 0);
        }
        let Some((block, length)) = &self.tar.ahead else { return Ok(0) };
        if self.at == 0 && entry(block, *length).is_some() {
            return Ok(0);
        }
        let read = block.get(self.at..*length).unwrap_or_default().read(out)?;
        self.at += read;
        if self.at >= *length && *length > 0 {
            self.tar.ahead = None;
        }
        Ok(read)
    }
}

/// A block, and how much of it there was.
fn read_block(reader: &mut dyn BufRead) -> io::Result<(Block, usize)> {
    let mut block = [0; BLOCK];
    let mut length = 0;
    while let Some(room) = block.get_mut(length..).filter(|room| !room.is_empty()) {
        match reader.read(room) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((block, length))
}

/// The size that a header gives its entry; `None` if the block is no header.
fn entry(block: &Block, length: usize) -> Option<u64> {
    let whole = length == BLOCK && is_header(block);
    number(&field::<12>(block, 124)).filter(|_| whole)
}

fn field<const N: usize>(block: &Block, at: usize) -> [u8; N] {
    block.get(at..).and_then(|rest| rest.first_chunk::<N>()).copied().unwrap_or([0; N])
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = field.split(|byte| *byte == 0).next().unwrap_or_default().trim_ascii();
    text.iter().try_fold(0_u64, |number, digit| match digit {
        b'0'..=b'7' => number.checked_mul(8)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

/// In octal digits, or in binary where those are too few.
fn number(field: &[u8; 12]) -> Option<u64> {
    match field {
        [0x80, 0, 0, 0, rest @ ..] => Some(u64::from_be_bytes(*rest)),
        [first, ..] if first & 0x80 != 0 => None,
        digits => octal(digits),
    }
}

fn name(block: &Block) -> Vec<u8> {
    let text = |bytes: &[u8]| bytes.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
    let short = text(&field::<100>(block, 0));
    let before = text(&field::<155>(block, 345));
    // GNU's own format has times there.
    if before.is_empty() || field::<6>(block, 257) != *b"ustar\0" {
        short
    } else {
        [&before[..], b"/", &short].concat()
    }
}

/// The lines of an extended header: `length key=value`.
fn records(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let space = rest.iter().position(|byte| *byte == b' ')?;
        let length: usize = std::str::from_utf8(rest.get(..space)?).ok()?.parse().ok()?;
        let record = rest.get(space + 1..length)?;
        rest = rest.get(length..)?;
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        let equals = record.iter().position(|byte| *byte == b'=')?;
        Some((record.get(..equals)?, record.get(equals + 1..)?))
    })
}
