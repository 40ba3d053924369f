//! Content of any size through a buffer of bounded size: whole where it fits, else in windows that overlap.
//!
//! What comes in: any reader. What goes out: blobs; a later window says where it begins in bytes, lines and columns.
//! Windows begin at even offsets (UTF-16), and at characters in everything else. A match no longer than the overlap stands
//! whole in at least one window.

use std::io::{self, ErrorKind, Read};

use super::visit::Sink;
use crate::model::{Blob, Encoding, Fresh, Origin, Start};

/// The most that is searched at once.
pub const WINDOW: usize = 8 << 20;
/// What two neighbouring windows have in common.
pub const OVERLAP: usize = 64 << 10;

const FIRST_READ: usize = 64 << 10;
/// How far a window's beginning may move back to meet a character.
const LONGEST_STEP_BACK: usize = 8;

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amount {
    /// Bytes, all windows together.
    pub(super) bytes: u64,
    /// Windows handed on.
    pub(super) windows: u64,
}

/// Hands a reader's content to the sink. `buffer` is kept from one call to the next; `expected` is only a hint.
pub(super) fn read(
    reader: &mut dyn Read,
    expected: u64,
    buffer: &mut Vec<u8>,
    origin: &Origin,
    sink: &dyn Sink,
) -> io::Result<Amount> {
    let mut start = Start::default();
    let (mut filled, mut windows) = (0, 0);
    let mut encoding = None;
    // One byte more than expected, so that the end shows without another round.
    grow(buffer, usize::try_from(expected).map_or(WINDOW, |length| length.saturating_add(1)));
    loop {
        let ended = fill(reader, buffer, &mut filled)?;
        let bytes = buffer.get(..filled).unwrap_or_default();
        windows += 1;
        if !bytes.is_empty() {
            sink.blob(Blob { origin: origin.clone(), bytes, start, fresh: Fresh::All });
        }
        if ended || sink.stop().is_some() {
            return Ok(Amount { bytes: start.offset + filled as u64, windows });
        }
        let encoding = *encoding.get_or_insert_with(|| Encoding::of(bytes));
        let keep_from = beginning_of_next(bytes, encoding);
        encoding.advance(&mut start, bytes.get(..keep_from).unwrap_or_default());
        buffer.copy_within(keep_from..filled, 0);
        filled -= keep_from;
    }
}

fn grow(buffer: &mut Vec<u8>, wanted: usize) {
    let wanted = wanted.clamp(FIRST_READ, WINDOW);
    if buffer.len() < wanted {
        buffer.resize(wanted, 0);
    }
}

/// Reads until the content ends (true) or a window is full.
fn fill(reader: &mut dyn Read, buffer: &mut Vec<u8>, filled: &mut usize) -> io::Result<bool> {
    loop {
        if *filled == buffer.len() {
            if buffer.len() >= WINDOW {
                return Ok(false);
            }
            let twice = buffer.len().saturating_mul(2);
            grow(buffer, twice);
        }
        match reader.read(buffer.get_mut(*filled..).unwrap_or_default()) {
            Ok(0) => return Ok(true),
            Ok(length) => *filled += length,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn beginning_of_next(bytes: &[u8], encoding: Encoding) -> usize {
    let latest = bytes.len().saturating_sub(OVERLAP);
    let starts_character =
        |at: &usize| encoding != Encoding::Utf8 || bytes.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80);
    let near = || (latest.saturating_sub(LONGEST_STEP_BACK)..=latest).rev();
    near()
        .find(|at| at % 2 == 0 && starts_character(at))
        .or_else(|| near().find(starts_character))
        .unwrap_or(latest & !1)
        .max(1)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::git::Tally;
    use crate::model::{Below, Notification};

    /// Keeps where windows began and ended, and where `needle` stood.
    struct Probe<'n> {
        needle: &'n [u8],
        windows: Mutex<Vec<(Start, usize)>>,
        found: Mutex<Vec<u64>>,
    }

    impl Sink for Probe<'_> {
        fn blob(&self, blob: Blob<'_>) -> Below {
            self.windows.lock().unwrap().push((blob.start, blob.bytes.len()));
            let places = memchr::memmem::find_iter(blob.bytes, self.needle);
            self.found.lock().unwrap().extend(places.map(|at| blob.start.offset + at as u64));
            Below::Whole
        }

        fn reach(&self) -> usize {
            usize::MAX
        }

        fn tally(&self, _: Tally) {}

        fn notify(&self, notification: Notification) {
            panic!("{notification:?}");
        }
    }

    fn probe<'n>(content: impl Read, needle: &'n [u8]) -> (Probe<'n>, Amount, usize) {
        let probe = Probe { needle, windows: Mutex::default(), found: Mutex::default() };
        let (mut content, mut buffer) = (content, Vec::new());
        let read = read(&mut content, 0, &mut buffer, &Origin::Stdin, &probe).unwrap();
        (probe, read, buffer.capacity())
    }

    #[test]
    fn small_content_is_one_whole_blob() {
        for length in [1, FIRST_READ - 1, FIRST_READ, FIRST_READ + 1, WINDOW - 1] {
            let (probe, read, _) = probe(io::repeat(b'x').take(length as u64), b"-");
            assert_eq!(read, Amount { bytes: length as u64, windows: 1 });
            assert_eq!(*probe.windows.lock().unwrap(), [(Start::default(), length)]);
        }
        let (probe, ..) = probe(io::empty(), b"-");
        assert!(probe.windows.lock().unwrap().is_empty());
    }

    #[test]
    fn a_needle_at_every_place_about_a_boundary_is_found_at_its_place() {
        let needle = b"needle-of-some-length";
        for before_end in [0, 1, 5, needle.len() - 1, needle.len(), OVERLAP - 1, OVERLAP, OVERLAP + 7] {
            let at = WINDOW - before_end;
            let content =
                io::repeat(b'.').take(at as u64).chain(&needle[..]).chain(io::repeat(b'.').take(WINDOW as u64));
            let (probe, read, capacity) = probe(content, needle);
            let found = probe.found.lock().unwrap();
            assert!(!found.is_empty() && found.iter().all(|place| *place == at as u64), "{before_end}: {found:?}");
            assert_eq!(read.bytes, (at + needle.len() + WINDOW) as u64);
            assert!(capacity <= WINDOW + OVERLAP);
        }
    }

    #[test]
    fn windows_know_their_lines_and_columns() {
        let line = "äöü 12345\n".repeat(WINDOW / 10);
        let (probe, ..) = probe(line.as_bytes(), b"-");
        for (start, _) in probe.windows.lock().unwrap().iter() {
            let before = &line[..usize::try_from(start.offset).unwrap()];
            assert_eq!(start.line, before.matches('\n').count() as u64);
            assert_eq!(start.column, before.rsplit('\n').next().unwrap().chars().count() as u64);
        }
        let utf16: Vec<u8> = "\u{feff}ab\n".repeat(WINDOW / 8 * 2).encode_utf16().flat_map(u16::to_le_bytes).collect();
        let (probe, ..) = self::probe(&utf16[..], b"-");
        let windows = probe.windows.lock().unwrap();
        assert!(windows.len() > 1);
        for (start, _) in windows.iter() {
            assert_eq!((start.offset % 2, start.line), (0, start.offset / 8));
        }
    }

    #[test]
    fn an_error_is_passed_on() {
        struct Breaks;
        impl Read for Breaks {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        let probe = Probe { needle: b"-", windows: Mutex::default(), found: Mutex::default() };
        let broken = read(&mut io::repeat(b'x').take(10).chain(Breaks), 0, &mut Vec::new(), &Origin::Stdin, &probe);
        assert_eq!(broken.unwrap_err().to_string(), "gone");
        assert!(probe.windows.lock().unwrap().is_empty());
    }
}
