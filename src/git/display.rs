//! Names in git are bytes; reports are text.

use std::fmt::Write;

/// Text for a name or path: bytes that are not UTF-8 as `\xNN`.
pub fn display(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_bytes_are_spelled_out() {
        assert_eq!(display("src/ä.rs".as_bytes()), "src/ä.rs");
        assert_eq!(display(b"a\xffb\xc3"), "a\\xffb\\xc3");
        assert_eq!(display(b""), "");
    }
}
