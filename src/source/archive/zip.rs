//! Reads zip: its directory, entry by entry, and the way to each content.
//!
//! What comes in: content that can be read at any place. What goes out: entries, also those of a zip with a program before it,
//! of more than 4 GB, without sizes before the content, with two of one name; and, where the directory is lost or leads nowhere, what
//! else there is of local headers. What it must never do: believe a number, hold the directory, or hand on one content twice.

use std::collections::HashMap;
use std::io::{self, Read, SeekFrom};

use super::Content;

/// The directory is read in parts of this size, which the largest record fits into.
const PART: u64 = 256 << 10;
const END: u64 = 22;
const END_64: u64 = 56;
const LOCATOR: u64 = 20;
const RECORD: usize = 46;
const LOCAL: usize = 30;
/// Of a header that no directory names: longer ones are no file's.
const LONGEST_NAME: u16 = 4 << 10;
const ENCRYPTED: u16 = 1;
const SIZES_FOLLOW: u16 = 8;

/// A member.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) method: u16,
    pub(super) encrypted: bool,
    /// Bytes in the archive; as many as there are, where that is not known.
    pub(super) compressed: u64,
    /// Bytes unpacked, as it says.
    pub(super) size: u64,
    /// Where its content begins; in the directory, its local header.
    at: u64,
}

/// A zip, and how far it has been read.
pub(super) struct Zip<'c> {
    content: &'c mut dyn Content,
    length: u64,
    /// What is left of the directory; `None` once it is lost.
    directory: Option<Directory>,
    /// Behind the last content that was found; lost entries are looked for from here.
    behind: u64,
    /// Where contents begin that were handed on, how they are compressed, and how long they were said to be: the directory may name one
    /// any number of times, and the first time with a length that hides most of it.
    known: HashMap<(u64, u16), u64>,
    /// Whether the directory named something that is not there.
    is_misled: bool,
    /// A part of the content that lost entries are looked for in, and where it begins.
    part: (u64, Vec<u8>),
}

struct Directory {
    /// Where the next part of it begins, and where it ends.
    at: u64,
    end: u64,
    /// What stands before the zip.
    shift: u64,
    part: Vec<u8>,
    used: usize,
}

impl<'c> Zip<'c> {
    pub(super) fn open(content: &'c mut dyn Content) -> io::Result<Self> {
        let length = content.seek(SeekFrom::End(0))?;
        let directory = Directory::find(content, length)?;
        let (known, part) = (HashMap::new(), (0, Vec::new()));
        Ok(Self { content, length, directory, behind: 0, known, is_misled: false, part })
    }

    /// Whether everything that was to be found is told by the directory.
    pub(super) fn is_whole(&self) -> bool {
        self.directory.is_some()
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Entry>> {
        while let Some(directory) = &mut self.directory {
            match directory.next(self.content)? {
                Some(Ok(mut entry)) => {
                    let Some((header, _)) = local(self.content, entry.at)? else {
                        self.is_misled = true;
                        continue;
                    };
                    entry.at += behind_header(&header);
                    if self.is_more(&entry) {
                        self.behind = self.behind.max(entry.at.saturating_add(entry.compressed).min(self.length));
                        return Ok(Some(entry));
                    }
                }
                Some(Err(Lost)) => self.directory = None,
                None if self.is_misled => (self.directory, self.behind) = (None, 0),
                None => return Ok(None),
            }
        }
        self.salvage()
    }

    /// The content of an entry as it stands in the archive.
    pub(super) fn body(&mut self, entry: &Entry) -> io::Result<io::Take<&mut dyn Content>> {
        self.content.seek(SeekFrom::Start(entry.at))?;
        Ok((&mut *self.content as &mut dyn Content).take(entry.compressed))
    }

    /// Whether there is more in the entry than was handed on already.
    fn is_more(&mut self, entry: &Entry) -> bool {
        let longest = self.known.entry((entry.at, entry.method)).or_default();
        let is_more = entry.compressed > *longest;
        *longest = entry.compressed.max(*longest);
        is_more
    }

    /// The next local header.
    fn salvage(&mut self) -> io::Result<Option<Entry>> {
        while let Some(at) = self.find(b"PK\x03\x04")? {
            self.behind = at + 4;
            let header = self.header(at)?;
            if !is_likely(&header) {
                continue;
            }
            let Some((header, name)) = local(self.content, at)? else { continue };
            let (flags, method) = (short(&header, 6), short(&header, 8));
            let start = at + behind_header(&header);
            let left = self.length.saturating_sub(start);
            let is_known = flags & SIZES_FOLLOW == 0 && long(&header, 18) != u32::MAX;
            let compressed = if is_known { u64::from(long(&header, 18)).min(left) } else { left };
            self.behind = if is_known { start.saturating_add(compressed) } else { start };
            let (encrypted, size) = (flags & ENCRYPTED != 0, u64::from(long(&header, 22)));
            let entry = Entry { name, method, encrypted, compressed, size, at: start };
            if self.is_more(&entry) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// Where this stands next, from where the last content ended.
    fn find(&mut self, needle: &[u8]) -> io::Result<Option<u64>> {
        let mut from = self.behind;
        // Mostly it is near.
        let mut length = PART >> 9;
        loop {
            let (start, part) = &self.part;
            let known = from.checked_sub(*start).and_then(|skip| part.get(usize::try_from(skip).ok()?..));
            if let Some(known) = known.filter(|known| known.len() >= needle.len()) {
                if let Some(found) = memchr::memmem::find(known, needle) {
                    return Ok(Some(from + found as u64));
                }
                from += (known.len() - needle.len() + 1) as u64;
            }
            self.part = (from, read(self.content, from, length)?);
            if self.part.1.len() < needle.len() {
                return Ok(None);
            }
            length = PART.min(length * 2);
        }
    }

    /// The bytes of a local header that was found there.
    fn header(&mut self, at: u64) -> io::Result<Vec<u8>> {
        let (start, part) = &self.part;
        let known = at.checked_sub(*start).and_then(|skip| part.get(usize::try_from(skip).ok()?..)?.get(..LOCAL));
        known.map_or_else(|| read(self.content, at, LOCAL as u64), |known| Ok(known.to_vec()))
    }
}

/// How far the content stands behind the beginning of its local header.
fn behind_header(header: &[u8]) -> u64 {
    LOCAL as u64 + u64::from(short(header, 26)) + u64::from(short(header, 28))
}

/// The directory does not go on as it should.
struct Lost;

impl Directory {
    fn find(content: &mut dyn Content, length: u64) -> io::Result<Option<Self>> {
        let from = length.saturating_sub(END + u64::from(u16::MAX));
        let tail = read(content, from, length - from)?;
        for found in memchr::memmem::rfind_iter(&tail, b"PK\x05\x06") {
            let Some(end) = tail.get(found..).filter(|end| end.len() as u64 >= END) else { continue };
            let at = from + found as u64;
            let short_form = (u64::from(long(end, 12)), u64::from(long(end, 16)), at);
            let (size, offset, end) = end_64(content, at)?.unwrap_or(short_form);
            // Where the end stands tells what was put before; where that makes no sense, the offset is taken at its word.
            for start in [end.checked_sub(size), Some(offset)].into_iter().flatten() {
                let begins = read(content, start, 4)?;
                if start <= end && (begins == b"PK\x01\x02" || size == 0 && start == end) {
                    let shift = start.saturating_sub(offset);
                    return Ok(Some(Self { at: start, end, shift, part: Vec::new(), used: 0 }));
                }
            }
        }
        Ok(None)
    }

    fn next(&mut self, content: &mut dyn Content) -> io::Result<Option<Result<Entry, Lost>>> {
        for again in [true, false] {
            let rest = self.part.get(self.used..).unwrap_or_default();
            if rest.is_empty() && self.at >= self.end {
                return Ok(None);
            }
            if let Some((entry, length)) = record(rest, self.shift) {
                self.used += length;
                return Ok(Some(Ok(entry)));
            }
            if again {
                let whole = rest.len() as u64;
                let start = self.at.saturating_sub(whole);
                self.part = read(content, start, PART.min(self.end.saturating_sub(start)))?;
                self.at = start + (self.part.len() as u64).max(whole);
                self.used = 0;
            }
        }
        Ok(Some(Err(Lost)))
    }
}

/// Size and offset of the directory, and where it ends, of a zip of the large form.
fn end_64(content: &mut dyn Content, end: u64) -> io::Result<Option<(u64, u64, u64)>> {
    let Some(at) = end.checked_sub(LOCATOR) else { return Ok(None) };
    let locator = read(content, at, LOCATOR)?;
    if !locator.starts_with(b"PK\x06\x07") {
        return Ok(None);
    }
    for at in [at.checked_sub(END_64), Some(longer(&locator, 8))].into_iter().flatten() {
        let record = read(content, at, END_64)?;
        if record.starts_with(b"PK\x06\x06") && record.len() as u64 == END_64 {
            return Ok(Some((longer(&record, 40), longer(&record, 48), at)));
        }
    }
    Ok(None)
}

/// A record of the directory and its length.
fn record(bytes: &[u8], shift: u64) -> Option<(Entry, usize)> {
    let fixed = bytes.get(..RECORD).filter(|fixed| fixed.starts_with(b"PK\x01\x02"))?;
    let length = |at| usize::from(short(fixed, at));
    let (name_end, extra_end) = (RECORD + length(28), RECORD + length(28) + length(30));
    let end = extra_end + length(32);
    let (name, extra) = (bytes.get(RECORD..name_end)?, bytes.get(name_end..extra_end)?);
    bytes.get(..end)?;
    let mut numbers = [long(fixed, 24), long(fixed, 20), long(fixed, 42)].map(u64::from);
    let mut large = large_numbers(extra);
    for number in numbers.iter_mut().filter(|number| **number == u64::from(u32::MAX)) {
        let Some((eight, rest)) = large.split_first_chunk::<8>() else { break };
        (*number, large) = (u64::from_le_bytes(*eight), rest);
    }
    let [size, compressed, at] = numbers;
    let entry = Entry {
        name: name.to_vec(),
        method: short(fixed, 10),
        encrypted: short(fixed, 8) & ENCRYPTED != 0,
        compressed,
        size,
        at: at.saturating_add(shift),
    };
    Some((entry, end))
}

/// The extra field with numbers of eight bytes.
fn large_numbers(mut extra: &[u8]) -> &[u8] {
    while extra.len() >= 4 {
        let length = usize::from(short(extra, 2));
        let Some(value) = extra.get(4..4 + length) else { break };
        if short(extra, 0) == 1 {
            return value;
        }
        extra = extra.get(4 + length..).unwrap_or_default();
    }
    &[]
}

/// Whether a local header that no directory names is one: by a version and a method that exist.
fn is_likely(header: &[u8]) -> bool {
    short(header, 26) <= LONGEST_NAME
        && header.get(4).is_some_and(|version| *version <= 63)
        && matches!(short(header, 8), 0..=20 | 93..=99)
}

/// The local header there, and its name.
fn local(content: &mut dyn Content, at: u64) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
    let header = read(content, at, LOCAL as u64)?;
    if header.len() < LOCAL || !header.starts_with(b"PK\x03\x04") {
        return Ok(None);
    }
    let name = read(content, at + LOCAL as u64, u64::from(short(&header, 26)))?;
    Ok(Some((header, name)))
}

/// As many of these bytes as there are.
fn read(content: &mut dyn Content, at: u64, length: u64) -> io::Result<Vec<u8>> {
    content.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    content.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn short(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u16::from_le_bytes(*bytes))
}

fn long(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn longer(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
