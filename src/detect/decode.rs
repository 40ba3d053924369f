//! Text behind another encoding: base64 at any alignment, UTF-16, the escapes of quoted strings and those of addresses.
//!
//! In: bytes and a place where an encoded literal stands. Out: the decoded bytes around it, with the way back from each decoded byte
//! to the bytes that encode it. It must never decode more than a bounded stretch around a place, except for whole UTF-16 files.
//!
//! A name that the lines of wrapped base64 cut in two is not seen; the others of the same file lead to it where there are any.

mod escapes;
mod percent;

use std::ops::Range;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

pub(crate) use escapes::unescaped_around;
pub(crate) use percent::{is_percent_encoded, percent_around};

/// How far a run of base64 or of two-byte characters is followed to either side.
const REACH: usize = 32 << 10;
/// How much of what was decoded already is decoded again for what comes after it.
const OVERLAP: usize = 4 << 10;
/// A line break belongs to a base64 run only where the line before it is at least this long: encoders wrap at 64 or 76, people at less.
const WRAPPED_LINE: usize = 40;
/// How far behind a line break, and before it, a run is looked for: the break, the indent, a line.
pub(crate) const LONGEST_WRAP: usize = 2 + INDENT + WRAPPED_LINE;
/// Spaces in front of a wrapped line, as YAML block scalars have them.
const INDENT: usize = 32;

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decoded bytes and where each came from.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// The text.
    pub(crate) bytes: Vec<u8>,
    places: Places,
}

#[derive(Debug)]
enum Places {
    /// Byte `i` stands in the two bytes from `start + 2 * i`.
    Wide { start: usize },
    /// Where each base64 character stands, relative to `start`.
    Base64 { start: usize, characters: Vec<u32> },
    /// Where, after `start`, each byte stands, and how long what stands for it is.
    Escaped { start: usize, written: Vec<(u32, u8)> },
}

impl Decoded {
    /// The bytes that encode this range of the decoded text.
    pub(crate) fn outer(&self, inner: &Range<usize>) -> Range<usize> {
        match &self.places {
            Places::Wide { start } => start + 2 * inner.start..start + 2 * inner.end,
            Places::Base64 { start, characters } => {
                let place = |index: usize| characters.get(index).or(characters.last()).map_or(0, |at| *at as usize);
                let first = inner.start * 4 / 3;
                let last = (inner.end * 4).div_ceil(3).saturating_sub(1);
                start + place(first)..start + place(last) + 1
            }
            Places::Escaped { start, written } => {
                let piece = |index: usize| written.get(index).or(written.last()).copied().unwrap_or_default();
                let (first, (last, length)) = (piece(inner.start).0, piece(inner.end.saturating_sub(1)));
                start + first as usize..start + last as usize + usize::from(length)
            }
        }
    }

    /// Where the decoded stretch begins in the bytes that encode it.
    pub(crate) fn start(&self) -> usize {
        match &self.places {
            Places::Wide { start } | Places::Base64 { start, .. } | Places::Escaped { start, .. } => *start,
        }
    }

    /// Where the decoded stretch ends in the bytes that encode it.
    pub(crate) fn end(&self) -> usize {
        match &self.places {
            Places::Wide { start } => start + 2 * self.bytes.len(),
            Places::Base64 { start, characters } => start + characters.last().map_or(0, |at| *at as usize + 1),
            Places::Escaped { start, written } => {
                start + written.last().map_or(0, |(last, length)| *last as usize + usize::from(*length))
            }
        }
    }
}

/// Decodes, as `base64` does where its crate has it.
pub(crate) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let standard: Vec<u8> = text.iter().map(|byte| standard(*byte)).collect();
    ENGINE.decode(standard).ok()
}

fn standard(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

/// Whether a character belongs to base64, of either alphabet.
#[inline]
pub(crate) fn is_base64(byte: u8) -> bool {
    static TABLE: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0u8;
        while byte < 128 {
            table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
            byte += 1;
        }
        table
    };
    TABLE[usize::from(byte)]
}

/// How a text looks inside base64, at each of the three alignments: the characters that depend on nothing but it, and the
/// position of the first of them within a group of four.
pub(crate) fn base64_forms(text: &[u8]) -> Vec<(Vec<u8>, u8)> {
    (0..3)
        .filter_map(|before: usize| {
            let encoded = ENGINE.encode([&vec![0; before], text].concat());
            let first = (before * 8).div_ceil(6);
            let last = (before + text.len()) * 8 / 6;
            Some((encoded.as_bytes().get(first..last)?.to_vec(), (first % 4) as u8))
        })
        .collect()
}

/// What of one text has been decoded. A run is decoded once for every way of reading it that a literal asks for, so that what is found
/// in it does not depend on which of its literals comes first.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Up to where base64 has been decoded, by where in a run the groups of four begin.
    base64: [usize; 4],
    /// The last base64 literal, and its place in a group of four if groups began at the literal from which they are counted.
    last: (usize, usize),
    /// Up to where two-byte characters have been decoded that begin at even places, and at odd ones.
    wide: [usize; 2],
}

impl Done {
    /// Decodes the base64 run around `hit`, whose first character stands at `phase` within its group of four, unless it has been read
    /// in the same groups already.
    pub(crate) fn base64(&mut self, bytes: &[u8], hit: Range<usize>, phase: u8) -> Option<Decoded> {
        let end = self.base64.iter().copied().max().unwrap_or(0);
        let (last, place) = self.last;
        let count = if hit.start < end {
            // All from the last literal to here is one run; what lies between its characters is line breaks.
            place + bytes.get(last..hit.start)?.iter().filter(|byte| is_base64(**byte)).count()
        } else {
            self.base64 = [end; 4];
            0
        };
        let place = count % 4;
        self.last = (hit.start, place);
        let groups = (place + 4 - usize::from(phase % 4)) % 4;
        let done = self.base64.get_mut(groups).filter(|done| hit.start >= **done)?;
        let decoded = base64_around(bytes, hit.clone(), phase, *done);
        // What stands at the very end of what can be decoded at once has not been seen with what follows it.
        *done = decoded.end().min(hit.end.saturating_add(REACH - OVERLAP));
        Some(decoded)
    }

    /// Decodes the run of two-byte ASCII around `hit`, the first character of a wide literal, unless that has been done already.
    pub(crate) fn wide(&mut self, bytes: &[u8], hit: usize) -> Option<Decoded> {
        let done = self.wide.get_mut(hit % 2).filter(|done| hit >= **done)?;
        let decoded = wide_around(bytes, hit, *done);
        *done = decoded.end().min(hit.saturating_add(REACH - OVERLAP));
        Some(decoded)
    }

    /// Up to where two-byte text that begins at such a place has been decoded.
    pub(crate) fn wide_end(&self, hit: usize) -> usize {
        self.wide.get(hit % 2).copied().unwrap_or(0)
    }
}

/// Decodes the base64 run around `hit`, whose first character stands at `phase` within its group of four. What comes before `done`
/// has been decoded already.
pub(crate) fn base64_around(bytes: &[u8], hit: Range<usize>, phase: u8, done: usize) -> Decoded {
    let start = run_start(bytes, hit.start, done);
    let mut characters = Vec::new();
    let mut text = Vec::new();
    let mut before = 0;
    let mut at = start;
    let mut line = 0;
    while let Some(byte) = bytes.get(at)
        && at < hit.end.saturating_add(REACH)
    {
        if is_base64(*byte) {
            before += usize::from(at < hit.start);
            text.push(standard(*byte));
            characters.push((at - start) as u32);
            line += 1;
            at += 1;
        } else if line >= WRAPPED_LINE
            && let Some(next) = next_line(bytes, at)
        {
            line = 0;
            at = next;
        } else {
            break;
        }
    }
    // The run may have begun before its encoding did (`key/…`): drop what does not fit the phase.
    let surplus = (before + 4 - usize::from(phase)) % 4;
    text.drain(..surplus.min(text.len()));
    characters.drain(..surplus.min(characters.len()));
    if text.len() % 4 == 1 {
        text.pop();
        characters.pop();
    }
    let decoded = ENGINE.decode(&text).unwrap_or_default();
    Decoded { bytes: decoded, places: Places::Base64 { start, characters } }
}

fn floor(hit: usize, done: usize) -> usize {
    hit.saturating_sub(REACH).max(done.min(hit).saturating_sub(OVERLAP))
}

fn run_start(bytes: &[u8], hit: usize, done: usize) -> usize {
    let floor = floor(hit, done);
    let mut start = hit;
    loop {
        while start > floor && bytes.get(start - 1).is_some_and(|byte| is_base64(*byte)) {
            start -= 1;
        }
        match previous_line(bytes, start, floor) {
            Some(end) => start = end,
            None => return start,
        }
    }
}

/// The first base64 character of the line after the break at `at`.
fn next_line(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let rest = rest.strip_prefix(b"\r").unwrap_or(rest).strip_prefix(b"\n")?;
    let indent = rest.iter().take(INDENT).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let start = bytes.len() - rest.len() + indent;
    bytes.get(start).is_some_and(|byte| is_base64(*byte)).then_some(start)
}

/// The end of the base64 text of the line before the one that begins (after its indent) at `start`.
fn previous_line(bytes: &[u8], start: usize, floor: usize) -> Option<usize> {
    let head = bytes.get(floor..start)?;
    let indent = head.iter().rev().take(INDENT).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let head = head.get(..head.len() - indent)?.strip_suffix(b"\n")?;
    let head = head.strip_suffix(b"\r").unwrap_or(head);
    let line = head.iter().rev().take(WRAPPED_LINE).take_while(|byte| is_base64(**byte)).count();
    (line == WRAPPED_LINE).then_some(floor + head.len())
}

/// Decodes the run of two-byte ASCII around `hit`, the first character of a wide literal. What comes before `done` has been decoded
/// already.
fn wide_around(bytes: &[u8], hit: usize, done: usize) -> Decoded {
    let floor = floor(hit, done);
    let is_pair = |at: usize| {
        bytes.get(at).is_some_and(|byte| byte.is_ascii() && *byte != 0)
            && bytes.get(at + 1).is_none_or(|byte| *byte == 0)
    };
    let mut start = hit;
    while start >= floor + 2 && is_pair(start - 2) {
        start -= 2;
    }
    let mut text = Vec::new();
    let mut at = start;
    while at < hit.saturating_add(REACH) && is_pair(at) {
        text.extend(bytes.get(at));
        at += 2;
    }
    // The last character of big-endian text is followed by something else than a zero.
    if let Some(last) = bytes.get(at).filter(|byte| byte.is_ascii_graphic()) {
        text.push(*last);
    }
    Decoded { bytes: text, places: Places::Wide { start } }
}

/// Bytes at the head of a file from which its encoding is judged.
const HEAD: usize = 512;

/// The whole text, if the bytes are UTF-16: by their byte order mark, or by every other byte of their head being zero.
/// What is not ASCII becomes 0xFF.
pub(crate) fn utf16(bytes: &[u8]) -> Option<Decoded> {
    let (start, low) = match bytes {
        [0xFF, 0xFE, ..] => (2, 0),
        [0xFE, 0xFF, ..] => (2, 1),
        _ => (0, low_byte(bytes.get(..HEAD).unwrap_or(bytes))?),
    };
    let narrow = |pair: &[u8]| match (pair.get(low), pair.get(1 - low)) {
        (Some(byte), Some(0)) if byte.is_ascii() => *byte,
        _ => 0xFF,
    };
    let text = bytes.get(start..)?.chunks_exact(2).map(narrow).collect();
    Some(Decoded { bytes: text, places: Places::Wide { start } })
}

/// Which byte of each pair holds the character.
fn low_byte(head: &[u8]) -> Option<usize> {
    memchr::memchr(0, head)?;
    let pairs = head.len() / 2;
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let mostly = |many: usize, few: usize| pairs >= 8 && many * 10 >= pairs * 7 && few * 20 <= pairs;
    match () {
        () if mostly(odd, even) => Some(0),
        () if mostly(even, odd) => Some(1),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(text: &[u8]) -> String {
        ENGINE.encode(text)
    }

    #[test]
    fn base64_forms_stand_in_every_encoding() {
        for before in 0..6 {
            let plain = [&vec![b'#'; before], b"npm_".as_slice(), b"tail"].concat();
            let encoded = encode(&plain);
            let forms = base64_forms(b"npm_");
            let (at, form, phase) = forms
                .iter()
                .find_map(|(form, phase)| Some((encoded.find(std::str::from_utf8(form).unwrap())?, form, *phase)))
                .unwrap();
            assert_eq!(at % 4, usize::from(phase));
            for prefix in ["", "x", "a/b", "- "] {
                let text = format!("{prefix}{encoded}\"");
                let hit = at + prefix.len()..at + prefix.len() + form.len();
                let decoded = base64_around(text.as_bytes(), hit, phase, 0);
                let inner = memchr::memmem::find(&decoded.bytes, b"npm_").unwrap();
                let outer = decoded.outer(&(inner..inner + 8));
                assert!(text[outer.clone()].contains(std::str::from_utf8(form).unwrap()), "{prefix} {outer:?}");
                assert!(outer.end <= decoded.end());
            }
        }
    }

    #[test]
    fn base64_runs_cross_wrapped_lines() {
        let plain = format!("{}npm_secret{}", "·".repeat(100), "·".repeat(100));
        let encoded = encode(plain.as_bytes());
        for (width, break_) in [(76, "\n"), (64, "\r\n    ")] {
            let wrapped: Vec<&str> =
                encoded.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
            let text = format!("key: |\n    {}\nnext", wrapped.join(break_));
            let hit = base64_forms(b"npm_")
                .into_iter()
                .find_map(|(form, phase)| Some((memchr::memmem::find(text.as_bytes(), &form)?, phase)));
            if let Some((at, phase)) = hit {
                assert_eq!(base64_around(text.as_bytes(), at..at + 4, phase, 0).bytes, plain.as_bytes());
            }
        }
    }

    #[test]
    fn utf16_is_told_by_mark_or_by_its_zeros() {
        let text = "//r.invalid/:_authToken=abc\r\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let cases = [
            (little.clone(), 0),
            (big.clone(), 0),
            ([b"\xFF\xFE".as_slice(), &little].concat(), 2),
            ([b"\xFE\xFF".as_slice(), &big].concat(), 2),
        ];
        for (bytes, start) in cases {
            let decoded = utf16(&bytes).unwrap();
            assert_eq!(decoded.bytes, text.as_bytes());
            assert_eq!(decoded.outer(&(2..4)), start + 4..start + 8);
        }
        for plain in
            [text.as_bytes(), b"", b"\0", b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", b"ab\0cd\0ef\0gh\0ij\0kl\0mn"]
        {
            assert!(utf16(plain).is_none(), "{plain:?}");
        }
    }

    #[test]
    fn wide_runs_are_cut_out_of_other_bytes() {
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            let wide: Vec<u8> = "x=npm_abc".encode_utf16().flat_map(order).collect();
            let bytes = [b"\x01\x02\x03".as_slice(), &wide, b"\x01\x02\x03"].concat();
            let at = memchr::memmem::find(&bytes, b"n\0p\0m\0_").unwrap();
            let decoded = wide_around(&bytes, at, 0);
            let inner = memchr::memmem::find(&decoded.bytes, b"npm_abc").unwrap();
            assert_eq!(decoded.outer(&(inner..inner + 4)).start, at);
        }
    }
}
