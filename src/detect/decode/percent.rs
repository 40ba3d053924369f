//! Percent-encoding: a token in the address or the query of a URL, or in a form that was sent.
//!
//! In: a text and a place in it. Out: the word around the place as it was before it became part of an address.

use std::ops::Range;

use super::{Decoded, Places, escapes::hex};

/// How much is decoded before a place and after it.
const BEFORE: usize = 1 << 10;
const AFTER: usize = 8 << 10;

/// Whether something is encoded in what goes on without a break from here.
pub(crate) fn is_percent_encoded(rest: &[u8]) -> bool {
    // Most texts hold none, which is sooner known than where the word ends.
    let mut signs = memchr::memchr_iter(b'%', rest);
    let first = signs.find(|at| byte_at(rest, *at).is_some());
    first.and_then(|at| rest.get(..at)).is_some_and(|head| head.iter().all(|byte| is_of_url(*byte)))
}

/// The word around `hit` with each `%XX` as the byte that it stands for.
pub(crate) fn percent_around(bytes: &[u8], hit: &Range<usize>) -> Decoded {
    let head = bytes.get(hit.start.saturating_sub(BEFORE)..hit.start).unwrap_or_default();
    let start = hit.start - head.iter().rev().take_while(|byte| is_of_url(**byte)).count();
    // Not in the middle of an escape.
    let cut = bytes.get(start.saturating_sub(2)..start).unwrap_or_default();
    let start = match cut {
        [_, b'%'] => start + 2,
        [b'%', _] => start + 1,
        _ => start,
    };
    let end = bytes.len().min(hit.end.saturating_add(AFTER));
    let mut text = Vec::new();
    let mut written = Vec::new();
    let mut at = start;
    while let Some(byte) = bytes.get(..end).and_then(|text| text.get(at)).copied().filter(|byte| is_of_url(*byte)) {
        let (byte, length) = byte_at(bytes, at).map_or((byte, 1), |byte| (byte, 3));
        text.push(byte);
        written.push(((at - start) as u32, length)); // both are bounded by the constants above
        at += usize::from(length);
    }
    Decoded { bytes: text, places: Places::Escaped { start, written } }
}

fn byte_at(text: &[u8], at: usize) -> Option<u8> {
    match text.get(at..at + 3)? {
        [b'%', high, low] => Some(hex(*high)? * 16 + hex(*low)?),
        _ => None,
    }
}

fn is_of_url(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_addresses_are_read_as_they_were() {
        for (text, expected) in [
            ("x https://u:a%2BKEY%2fb%3D@r.invalid/ y", "https://u:a+KEY/b=@r.invalid/"),
            ("\"?k=KEY%20%2\"", "?k=KEY %2"),
            ("%KEY%", "%KEY%"),
            ("KEY%ZZ", "KEY%ZZ"),
        ] {
            let at = text.find("KEY").unwrap();
            let decoded = percent_around(text.as_bytes(), &(at..at + 3));
            assert_eq!(String::from_utf8_lossy(&decoded.bytes), expected);
            let inner = memchr::memmem::find(&decoded.bytes, b"KEY").unwrap();
            assert_eq!(decoded.outer(&(inner..inner + 3)), at..at + 3);
            assert_eq!(
                is_percent_encoded(&text.as_bytes()[at..]),
                expected.len() < text.trim_matches(['"', 'x', 'y', ' ']).len()
            );
        }
        let long = format!("%2B{}KEY", "a%2B".repeat(999));
        let at = long.len() - 3;
        assert!(!percent_around(long.as_bytes(), &(at..at + 3)).bytes.starts_with(b"2B"));
    }
}
