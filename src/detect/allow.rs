//! Comments that allow what stands beside them.
//!
//! In: a text and a span in it. Out: the reason given in `keyrake:allow REASON` on the same line or
//! `keyrake:allow-next-line REASON` on the line above. It must never read further than a bounded stretch of those two lines.

use std::ops::Range;

use memchr::memmem;

const MARK: &[u8] = b"keyrake:allow";
const NEXT_LINE: &[u8] = b"-next-line";
/// How far from the span a comment may stand.
const REACH: usize = 4 << 10;
const LONGEST_REASON: usize = 200;

/// The reason of the comment that allows this span, if there is one.
pub(crate) fn reason(bytes: &[u8], span: &Range<usize>) -> Option<String> {
    let before = bytes.get(span.start.saturating_sub(REACH)..span.start)?;
    let after = bytes.get(span.end..bytes.len().min(span.end.saturating_add(REACH)))?;
    let line_start = memchr::memrchr(b'\n', before);
    let line_end = memchr::memchr(b'\n', after).unwrap_or(after.len());
    let above = line_start.and_then(|end| before.get(..end)).unwrap_or_default();
    let above = above.get(memchr::memrchr(b'\n', above).map_or(0, |at| at + 1)..).unwrap_or_default();
    let head = before.get(line_start.map_or(0, |at| at + 1)..).unwrap_or_default();
    let tail = after.get(..line_end).unwrap_or_default();
    comment(head, false).or_else(|| comment(tail, false)).or_else(|| comment(above, true))
}

fn comment(line: &[u8], for_next_line: bool) -> Option<String> {
    memmem::find_iter(line, MARK).find_map(|at| {
        let rest = line.get(at + MARK.len()..)?;
        let rest = match (rest.strip_prefix(NEXT_LINE), for_next_line) {
            (Some(rest), true) => rest,
            (None, false) => rest,
            _ => return None,
        };
        // `keyrake:allowed` is another word.
        if rest.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return None;
        }
        Some(words(rest))
    })
}

fn words(rest: &[u8]) -> String {
    let text = String::from_utf8_lossy(rest.get(..LONGEST_REASON).unwrap_or(rest));
    let text = ["*/", "-->", "#}"].iter().fold(&*text, |text, close| text.split(close).next().unwrap_or(text));
    let text = text.trim_matches(|each: char| each.is_whitespace() || matches!(each, ':' | '=' | '"' | ','));
    if text.is_empty() { "no reason given".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_line_and_line_above() {
        let cases = [
            ("SECRET # keyrake:allow rotated in May", Some("rotated in May")),
            ("/* keyrake:allow test data */ SECRET", Some("test data")),
            ("SECRET /* keyrake:allow test data */\nnext", Some("test data")),
            ("SECRET // keyrake:allow", Some("no reason given")),
            ("; keyrake:allow-next-line a fake\r\nSECRET", Some("a fake")),
            ("# keyrake:allow-next-line too far\n\nSECRET", None),
            ("# keyrake:allow the line above\nSECRET", None),
            ("SECRET # keyrake:allow-next-line", None),
            ("SECRET # keyrake:allowed", None),
            ("SECRET\n# keyrake:allow the line below", None),
            ("SECRET", None),
        ];
        for (text, expected) in cases {
            let at = text.find("SECRET").unwrap();
            let reason = reason(text.as_bytes(), &(at..at + 6));
            assert_eq!(reason.as_deref(), expected, "{text}");
        }
    }
}
