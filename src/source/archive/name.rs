//! How the place of a member is shown: `inner.tgz!package/.npmrc`.
//!
//! What comes in: names as archives hold them, which may say anything. What goes out: display forms that lead nowhere.
//! Nothing is ever written under such a name; what it must never do is read like a place outside of the archive.

use crate::git::display;

/// Longer names say nothing more.
const LONGEST: usize = 1000;

/// A content that has no name of its own.
pub(super) const UNNAMED: &str = "content";

/// The name of a member: without `.` and empty parts, and `..` spelled out.
pub(super) fn shown(raw: &[u8]) -> String {
    let cut = raw.get(..LONGEST).unwrap_or(raw);
    let text = display(cut);
    let parts = text.split('/').filter(|part| !part.is_empty() && *part != ".");
    let parts: Vec<&str> = parts.map(|part| if part == ".." { "\\x2e\\x2e" } else { part }).collect();
    match parts.is_empty() {
        true => UNNAMED.to_owned(),
        false => parts.join("/") + if cut.len() < raw.len() { "…" } else { "" },
    }
}

/// The way to a member inside what lies at `path`; empty for the outermost archive.
pub(super) fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}!{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere() {
        let cases: [(&[u8], &str); 8] = [
            (b"package/.npmrc", "package/.npmrc"),
            (b"./a", "a"),
            (b"/etc/passwd", "etc/passwd"),
            (b"../../x", "\\x2e\\x2e/\\x2e\\x2e/x"),
            (b"a//b/", "a/b"),
            (b"", "content"),
            (b"/", "content"),
            (b"a\xffb", "a\\xffb"),
        ];
        for (raw, expected) in cases {
            assert_eq!(shown(raw), expected);
        }
        assert_eq!(shown(&[b'x'; 5000]).chars().count(), LONGEST + 1);
        assert_eq!(joined(&joined("", "a.tgz"), "b"), "a.tgz!b");
    }
}
