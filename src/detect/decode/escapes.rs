//! The escapes of quoted strings: a whole file that stands in a JSON string, in code, or line by line in a notebook.
//!
//! In: a text and a place in it. Out: the stretch around the place as it was before somebody quoted it. Only line breaks count as a
//! sign that a file was quoted: what stands on one line is read as it is, escapes and all. The quotes themselves become line breaks.

use std::ops::Range;

use super::{Decoded, Places};

/// How much is decoded before a place and after it.
const BEFORE: usize = 4 << 10;
const AFTER: usize = 32 << 10;

/// The text around `hit` without its escapes. Worth its while only where an escaped line break is near.
pub(crate) fn unescaped_around(bytes: &[u8], hit: &Range<usize>) -> Decoded {
    let start = hit.start.saturating_sub(BEFORE);
    // Not in the middle of an escape.
    let head = bytes.get(start..hit.start).unwrap_or_default();
    let start = start + head.iter().take_while(|byte| **byte == b'\\').count();
    let end = bytes.len().min(hit.end.saturating_add(AFTER));
    let quote = quote_before(bytes, start..hit.start);
    let mut text = Vec::with_capacity(end - start);
    let mut written = Vec::with_capacity(end - start);
    let mut at = start;
    while let Some(rest) = bytes.get(at..end).filter(|rest| !rest.is_empty()) {
        let (byte, length) = match unescape(rest) {
            // Each string is a text of its own.
            (byte, 1) if Some(byte) == quote => (b'\n', 1),
            other => other,
        };
        text.push(byte);
        written.push(((at - start) as u32, length as u8)); // both are bounded by the constants above
        at += length;
        if byte == b'\n' && length > 1 {
            at += seam(bytes.get(at..end).unwrap_or_default());
        }
    }
    Decoded { bytes: text, places: Places::Escaped { start, written } }
}

/// The quote that opens the string in which the end of `range` stands: the nearest that follows what strings follow.
fn quote_before(bytes: &[u8], range: Range<usize>) -> Option<u8> {
    let head = bytes.get(range)?;
    memchr::memrchr3_iter(b'"', b'\'', b'`', head)
        .find(|at| match at.checked_sub(1).and_then(|before| head.get(before)) {
            None => true,
            Some(byte) => byte.is_ascii_whitespace() || matches!(byte, b':' | b',' | b'(' | b'[' | b'{' | b'=' | b'+'),
        })
        .and_then(|at| head.get(at).copied())
}

/// The first byte that is meant, and the length of what stands for it.
fn unescape(rest: &[u8]) -> (u8, usize) {
    match rest {
        [b'\\', b'n', ..] => (b'\n', 2),
        [b'\\', b'r', ..] => (b'\r', 2),
        [b'\\', b't', ..] => (b'\t', 2),
        [b'\\', byte @ (b'"' | b'\'' | b'`' | b'/' | b'\\'), ..] => (*byte, 2),
        [b'\\', b'u', b'0', b'0', high, low, ..] => match (hex(*high), hex(*low)) {
            (Some(high), Some(low)) if high < 8 => (high * 16 + low, 6),
            _ => (b'\\', 1),
        },
        [byte, ..] => (*byte, 1),
        [] => (b' ', 1),
    }
}

pub(super) fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|digit| digit as u8)
}

/// What stands between two strings of a list that are the lines of one text: `",` and `"` on the next line.
fn seam(rest: &[u8]) -> usize {
    let spaces = |text: &[u8]| text.iter().take(64).take_while(|byte| byte.is_ascii_whitespace()).count();
    let slashes = |text: &[u8]| text.iter().take(8).take_while(|byte| **byte == b'\\').count();
    let quote = |at: usize| {
        let at = at + rest.get(at..).map_or(0, slashes);
        matches!(rest.get(at), Some(b'"' | b'\'')).then_some(at + 1)
    };
    let comma = |at: usize| {
        let at = at + rest.get(at..).map_or(0, spaces);
        matches!(rest.get(at), Some(b',' | b'+')).then_some(at + 1)
    };
    let next = quote(0).and_then(comma).and_then(|at| quote(at + rest.get(at..).map_or(0, spaces)));
    next.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_file_is_read_as_it_was() {
        for (text, expected) in [
            (r#"{"a":"x=1\n\"KEY\" = \"v\"\n"}"#, "{\na\n:\nx=1\n\"KEY\" = \"v\"\n\n}"),
            (r#"'\/\/r\u003dKEY\r\n\t\\n"'"#, "\n//r=KEY\r\n\t\\n\"\n"),
            ("[\n  \"a:\\n\",\n  \"  KEY\\n\"\n]", "[\n  \na:\n  KEY\n\n\n]"),
            ("'a\\n' +\n  'KEY'", "\na\nKEY\n"),
            (r"KEY\u12\n", "KEY\\u12\n"),
            (r"KEY\u005f\u002D\u00ff", "KEY_-\\u00ff"),
        ] {
            let at = text.find("KEY").unwrap();
            let decoded = unescaped_around(text.as_bytes(), &(at..at + 3));
            assert_eq!(String::from_utf8(decoded.bytes.clone()).unwrap(), expected);
            let inner = memchr::memmem::find(&decoded.bytes, b"KEY").unwrap();
            assert_eq!(decoded.outer(&(inner..inner + 3)), at..at + 3);
            assert_eq!(decoded.end(), text.len());
        }
    }
}
