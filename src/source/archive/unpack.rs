//! One file's archive, unpacked: every member, and every member of a member, handed on as content of its own.
//!
//! What comes in: content that is an archive. What goes out: blobs, and an account of what was left out. What unpacks is searched
//! unpacked; whatever does not, as it is. What it must never do: write, fail, or go past the limits.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use super::budget::{Budget, Cause};
use super::magic::{self, Compression, Kind};
use super::stream::{Kept, Metered};
use super::tar::{Next, Tar};
use super::zip::{Entry, Zip};
use super::{Content, name};
use crate::model::Origin;
use crate::source::visit::Sink;
use crate::source::window;

/// Content of zip that stands there as it is.
const STORED: u16 = 0;

/// The unpacking of one file.
pub(super) struct Unpack<'u> {
    sink: &'u dyn Sink,
    outer: &'u Origin,
    budget: &'u Budget,
    buffer: RefCell<Vec<u8>>,
}

/// Where something lies in the file.
#[derive(Clone, Copy)]
struct At<'a> {
    /// The way through the archives: `inner.zip!dir/b.tgz`; empty for the file itself.
    path: &'a str,
    /// Archives and compressions around it.
    depth: usize,
    /// What it is called if it is the content of a compression and no archive.
    name: &'a str,
}

impl<'u> Unpack<'u> {
    pub(super) fn new(sink: &'u dyn Sink, outer: &'u Origin, budget: &'u Budget) -> Self {
        Self { sink, outer, budget, buffer: RefCell::default() }
    }

    /// The file itself, whose own bytes are searched elsewhere.
    pub(super) fn file(&self, kind: Kind, content: &mut dyn Content) {
        let head = head_of(content);
        if content.rewind().is_err() {
            return;
        }
        let name = content_name(kind, &head);
        let at = At { path: "", depth: 1, name: &name };
        match kind {
            Kind::Zip => self.zip(content, at),
            Kind::Tar => self.tar(&mut BufReader::new(content), at),
            Kind::Compressed(how) => {
                self.compressed(how, &mut BufReader::new(content), at);
            }
        }
    }

    /// Content of any sort: an archive, or to be searched.
    fn content(&self, reader: &mut dyn Read, size: u64, at: At<'_>) {
        let head = head_of(reader);
        let kind = Kind::of_head(&head);
        let mut reader = Cursor::new(&head[..]).chain(reader);
        match kind {
            None => self.search(&mut reader, size, at),
            Some(_) if at.depth >= self.budget.limits().depth => {
                self.budget.leave_out(Cause::Depth, at.path);
                self.search(&mut reader, size, at);
            }
            Some(kind) => {
                let name = content_name(kind, &head);
                self.archive(kind, &mut reader, At { path: at.path, depth: at.depth + 1, name: &name });
            }
        }
    }

    fn archive(&self, kind: Kind, reader: &mut dyn Read, at: At<'_>) {
        match kind {
            Kind::Zip => self.held_zip(reader, at),
            Kind::Tar => self.tar(&mut BufReader::new(reader), at),
            Kind::Compressed(how) => {
                let mut input = BufReader::new(reader);
                if let Some(mut unused) = self.compressed(how, &mut input, at) {
                    self.search(&mut unused, 0, at);
                }
            }
        }
    }

    /// Searches content as it is.
    fn search(&self, reader: &mut dyn Read, size: u64, at: At<'_>) {
        let path = match (at.path, at.name) {
            ("", "") => name::UNNAMED.to_owned(),
            (path, "") => path.to_owned(),
            (path, name) => name::joined(path, name),
        };
        let longest = self.budget.limits().member;
        let origin = Origin::Member { outer: Box::new(self.outer.clone()), path };
        let mut buffer = self.buffer.borrow_mut();
        let read = window::read(&mut (&mut *reader).take(longest), size.min(longest), &mut buffer, &origin, self.sink);
        let mut more = || reader.read(&mut [0]).is_ok_and(|read| read > 0);
        if read.is_ok_and(|amount| amount.bytes == longest) && more() {
            self.budget.leave_out(Cause::Member, at.path);
        }
    }

    /// Returns the input again where it could not be unpacked.
    fn compressed<'i>(&self, how: Compression, input: &'i mut dyn BufRead, at: At<'_>) -> Option<impl Read + use<'i>> {
        let mut input = Kept::new(input);
        let failure = {
            let mut content = Metered::new(how.decoder(&mut input), self.budget);
            self.content(&mut content, 0, at);
            content.failure()
        };
        self.budget.leave_out(failure?, at.path);
        Some(input.again())
    }

    fn tar(&self, reader: &mut dyn BufRead, at: At<'_>) {
        let mut tar = Tar::new(reader);
        while !self.budget.is_spent() {
            match tar.next() {
                Ok(Next::Entry { name, size }) => {
                    let path = name::joined(at.path, &name::shown(&name));
                    if !self.budget.member(&path) {
                        return;
                    }
                    if size > 0 {
                        self.content(&mut tar.body(), size, At { path: &path, name: "", ..at });
                    }
                }
                Ok(Next::Junk) => {
                    self.budget.leave_out(Cause::Damaged, at.path);
                    let mut junk = tar.junk();
                    // The file's own bytes were searched.
                    if at.depth > 1 {
                        self.search(&mut junk, 0, At { name: name::UNNAMED, ..at });
                    }
                    let _ = io::copy(&mut junk, &mut io::sink());
                }
                Ok(Next::End) => return,
                Ok(Next::Cut) | Err(_) => {
                    if !self.budget.is_spent() {
                        self.budget.leave_out(Cause::Damaged, at.path);
                    }
                    return;
                }
            }
        }
    }

    /// A zip inside something: its directory is at its end.
    fn held_zip(&self, reader: &mut dyn Read, at: At<'_>) {
        let most = self.budget.holdable();
        let mut held = Vec::new();
        let _ = (&mut *reader).take(most.saturating_add(1)).read_to_end(&mut held);
        if held.len() as u64 > most {
            self.budget.leave_out(Cause::Held, at.path);
            return self.search(&mut Cursor::new(held).chain(reader), 0, At { name: "", ..at });
        }
        self.search(&mut &held[..], held.len() as u64, At { name: "", ..at });
        self.budget.holding(held.len(), || self.zip(&mut Cursor::new(&held), at));
    }

    fn zip(&self, content: &mut dyn Content, at: At<'_>) {
        if self.entries(content, at).is_err() {
            self.budget.leave_out(Cause::Damaged, at.path);
        }
    }

    fn entries(&self, content: &mut dyn Content, at: At<'_>) -> io::Result<()> {
        let mut zip = Zip::open(content)?;
        while let Some(entry) = zip.next()? {
            let path = name::joined(at.path, &name::shown(&entry.name));
            if self.budget.is_spent() || !self.budget.member(&path) {
                return Ok(());
            }
            let at = At { path: &path, name: "", ..at };
            if entry.encrypted {
                self.budget.leave_out(Cause::Encrypted, &path);
            } else if entry.compressed > 0 {
                self.entry(&entry, &mut zip.body(&entry)?, at);
            }
        }
        if !zip.is_whole() {
            self.budget.leave_out(Cause::Damaged, at.path);
        }
        Ok(())
    }

    fn entry(&self, entry: &Entry, body: &mut dyn Read, at: At<'_>) {
        let how = match entry.method {
            STORED => return self.content(&mut Metered::new(body, self.budget), entry.size, at),
            8 => Compression::Deflate,
            12 => Compression::Bzip2,
            93 => Compression::Zstd,
            95 => Compression::Xz,
            _ => return self.budget.leave_out(Cause::Unsupported, at.path),
        };
        let mut input = BufReader::new(body);
        let mut content = Metered::new(how.decoder(&mut input), self.budget);
        self.content(&mut content, entry.size, at);
        if let Some(cause) = content.failure() {
            self.budget.leave_out(cause, at.path);
        }
    }
}

/// The beginning. A reader inside an archive does not fail; a disk that does, did so when the file itself was searched.
fn head_of(reader: &mut (impl Read + ?Sized)) -> Vec<u8> {
    let mut head = Vec::new();
    let _ = reader.take(magic::HEAD as u64).read_to_end(&mut head);
    head
}

/// What the content of a compression is called.
fn content_name(kind: Kind, head: &[u8]) -> String {
    let name = if kind == Kind::Compressed(Compression::Gzip) { magic::gzip_name(head) } else { None };
    name.map_or_else(|| name::UNNAMED.to_owned(), name::shown)
}
