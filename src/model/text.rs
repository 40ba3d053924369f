//! How places in text are counted: lines by line feeds, columns by Unicode characters.
//!
//! What comes in: bytes, in UTF-8 (or something near it) or UTF-16. What goes out: how far they move a place.
//! Shared by the sources (where a window of a large file begins) and by location (where a match stands), so that both agree.
//! What it must never do: fail on any bytes, or look at them twice.

use super::blob::Start;

/// How text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, or any other superset of ASCII; an invalid byte counts as one character.
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
}

/// How much of the beginning is looked at when there is no byte order mark.
const SAMPLE: usize = 1024;
/// Fewer code units than this prove nothing.
const SHORTEST_SAMPLE: usize = 4;

impl Encoding {
    /// Tells by the byte order mark, or by the zero bytes that mostly-ASCII text has in UTF-16.
    pub fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0xff, 0xfe, ..] => return Self::Utf16Le,
            [0xfe, 0xff, ..] => return Self::Utf16Be,
            _ => {}
        }
        let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
        let (mut units, mut high_first, mut low_first) = (0, 0, 0);
        for unit in sample.chunks_exact(2) {
            units += 1;
            match unit {
                [0, 0] => return Self::Utf8,
                [0, _] => high_first += 1,
                [_, 0] => low_first += 1,
                _ => {}
            }
        }
        let most = |zeros: usize| units >= SHORTEST_SAMPLE && zeros * 4 >= units * 3;
        if most(low_first) && high_first == 0 {
            Self::Utf16Le
        } else if most(high_first) && low_first == 0 {
            Self::Utf16Be
        } else {
            Self::Utf8
        }
    }

    /// Moves a place over `bytes`. A byte order mark at the very beginning is no character.
    pub fn advance(self, place: &mut Start, bytes: &[u8]) {
        let text = if place.offset == 0 { self.without_mark(bytes) } else { bytes };
        match self {
            Self::Utf8 => advance_utf8(place, text),
            Self::Utf16Le => advance_utf16(place, text, u16::from_le_bytes),
            Self::Utf16Be => advance_utf16(place, text, u16::from_be_bytes),
        }
        place.offset = place.offset.saturating_add(bytes.len() as u64);
    }

    /// Length in bytes of the last character; 0 where there is none.
    pub fn last_character(self, bytes: &[u8]) -> usize {
        match self {
            Self::Utf8 => (1..=4.min(bytes.len()))
                .find(|length| is_one_character(bytes.get(bytes.len() - length..).unwrap_or_default()))
                .unwrap_or_else(|| bytes.len().min(1)),
            Self::Utf16Le | Self::Utf16Be => bytes.len().min(2),
        }
    }

    fn without_mark(self, bytes: &[u8]) -> &[u8] {
        let mark: &[u8] = match self {
            Self::Utf8 => &[0xef, 0xbb, 0xbf],
            Self::Utf16Le => &[0xff, 0xfe],
            Self::Utf16Be => &[0xfe, 0xff],
        };
        bytes.strip_prefix(mark).unwrap_or(bytes)
    }
}

fn is_one_character(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().count() == 1)
}

fn advance_utf8(place: &mut Start, bytes: &[u8]) {
    let line = match memchr::memrchr(b'\n', bytes) {
        Some(last) => {
            place.line += memchr::memchr_iter(b'\n', bytes).count() as u64;
            place.column = 0;
            bytes.get(last + 1..).unwrap_or_default()
        }
        None => bytes,
    };
    place.column += characters(line);
}

/// Not `utf8_chunks`, which takes every byte by itself where `from_utf8` takes plain ASCII in words.
fn characters(mut line: &[u8]) -> u64 {
    let mut count = 0;
    loop {
        let (valid, invalid) = match std::str::from_utf8(line) {
            Ok(text) => return (count + text.chars().count()) as u64,
            Err(error) => (error.valid_up_to(), error.error_len().unwrap_or(line.len() - error.valid_up_to())),
        };
        let text = line.get(..valid).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
        count += text.chars().count() + invalid;
        line = line.get(valid + invalid..).unwrap_or_default();
    }
}

fn advance_utf16(place: &mut Start, bytes: &[u8], unit: fn([u8; 2]) -> u16) {
    let mut after_high = false;
    for pair in bytes.as_chunks::<2>().0 {
        let value = unit(*pair);
        let second_half = after_high && (0xdc00..0xe000).contains(&value);
        after_high = (0xd800..0xdc00).contains(&value);
        if value == u16::from(b'\n') {
            place.line += 1;
            place.column = 0;
        } else if !second_half {
            place.column += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn encodings_are_told_apart() {
        let cases: [(&[u8], Encoding); 8] = [
            (b"", Encoding::Utf8),
            (b"plain text", Encoding::Utf8),
            (&[0; 64], Encoding::Utf8),
            (b"\xff\xfea\0", Encoding::Utf16Le),
            (b"\xfe\xff\0a", Encoding::Utf16Be),
            (&utf16("no mark at all"), Encoding::Utf16Le),
            (b"\0n\0o\0m\0a\0r\0k", Encoding::Utf16Be),
            (b"a\0b", Encoding::Utf8),
        ];
        for (bytes, encoding) in cases {
            assert_eq!(Encoding::of(bytes), encoding, "{bytes:?}");
        }
    }

    #[test]
    fn places_move_by_lines_and_characters() {
        let cases: [(Encoding, Vec<u8>, u64, u64); 8] = [
            (Encoding::Utf8, b"abc".to_vec(), 0, 3),
            (Encoding::Utf8, b"abc\nde".to_vec(), 1, 2),
            (Encoding::Utf8, "\u{feff}äö\u{1f511}".into(), 0, 3),
            (Encoding::Utf8, b"\xff\xfe\x80x".to_vec(), 0, 4),
            (Encoding::Utf8, b"\r\n\r\n".to_vec(), 2, 0),
            (Encoding::Utf16Le, utf16("\u{feff}a\nb\u{1f511}"), 1, 2),
            (Encoding::Utf16Le, utf16("\u{0a0a}\u{0a00}"), 0, 2),
            (Encoding::Utf16Le, vec![0x3d, 0xd8, b'a', 0, b'b'], 0, 2),
        ];
        for (encoding, bytes, line, column) in cases {
            let mut place = Start::default();
            encoding.advance(&mut place, &bytes);
            assert_eq!(place, Start { offset: bytes.len() as u64, line, column }, "{bytes:?}");
        }
    }

    #[test]
    fn the_last_character_has_its_length() {
        assert_eq!(Encoding::Utf8.last_character(b""), 0);
        assert_eq!(Encoding::Utf8.last_character(b"ab"), 1);
        assert_eq!(Encoding::Utf8.last_character("a\u{1f511}".as_bytes()), 4);
        assert_eq!(Encoding::Utf8.last_character(b"a\x80"), 1);
        assert_eq!(Encoding::Utf16Le.last_character(&utf16("ab")), 2);
    }
}
