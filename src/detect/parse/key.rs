//! The left side of a credential field: what the name (`_authToken`, `_auth`, `_password`) hangs on.
//!
//! One grammar for `.npmrc`, `.yarnrc`, JSON, shell, Dockerfiles, command lines and environment names: they differ in quotes
//! and escapes, not in the key `//host[:port]/path/:name`.

use percent_encoding::percent_decode;

use super::host::{Scheme, bound};
use crate::model::BoundHost;

/// What a name hangs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A host; `None` where it is written as a variable.
    Scoped(Option<BoundHost>),
    /// Nothing: it is for the registry of its file.
    Unscoped,
    /// The query of a URL.
    Query,
}

/// How far to the left a key may begin.
const LONGEST: usize = 512;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// How wide the margin of a line may be.
pub(super) const MARGIN: usize = 32;

/// Reads the key whose name begins at `name`. `None` where the name is only the end of another word.
pub(super) fn key(bytes: &[u8], name: usize) -> Option<Key> {
    let head = bytes.get(name.saturating_sub(LONGEST)..name)?;
    let scoped = [b":".as_slice(), b"%3A", b"%3a", b"\\u003a"].iter().find_map(|colon| head.strip_suffix(*colon));
    if let Some(head) = scoped {
        return scope(head);
    }
    match head.last() {
        None => Some(Key::Unscoped),
        Some(b'?' | b'&') => Some(Key::Query),
        Some(b'_') => is_setting_prefix(head).then_some(Key::Unscoped),
        Some(b'-') => head.ends_with(b"--").then_some(Key::Unscoped),
        Some(b'n' | b'r' | b't') => is_escape(head).then_some(Key::Unscoped),
        Some(0xBF) => head.ends_with(BYTE_ORDER_MARK).then_some(Key::Unscoped),
        Some(b'.' | b'$' | b'@' | b'/' | b'%' | b')' | b']' | b'}') => None,
        Some(byte) if byte.is_ascii_alphanumeric() || !byte.is_ascii() => None,
        Some(_) => Some(Key::Unscoped),
    }
}

/// Whether nothing but spaces and the marks of comments, quotations, lists and diffs stands before the name on its line.
pub(super) fn begins_line(bytes: &[u8], name: usize) -> bool {
    let head = bytes.get(name.saturating_sub(MARGIN)..name).unwrap_or_default();
    let line = memchr::memrchr2(b'\n', b'\0', head).map_or(head, |at| head.get(at + 1..).unwrap_or_default());
    line.len() < MARGIN && line.iter().all(|byte| is_margin(*byte))
}

/// Spaces, marks in front of a line, and the byte order mark.
pub(super) fn is_margin(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'#' | b';' | b'+' | b'-' | b'>' | b'*' | b'|' | b'`' | 0xEF | 0xBB | 0xBF)
}

/// `npm_config_`, in front of a setting's name in an environment variable.
fn is_setting_prefix(head: &[u8]) -> bool {
    const PREFIX: &[u8] = b"npm_config_";
    head.len()
        .checked_sub(PREFIX.len())
        .and_then(|at| head.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(PREFIX))
}

/// `\n` and its like in a quoted string: the name begins a line there.
fn is_escape(head: &[u8]) -> bool {
    head.iter().rev().nth(1) == Some(&b'\\')
}

fn scope(head: &[u8]) -> Option<Key> {
    let run = head.iter().rev().take_while(|byte| is_key_character(**byte)).count();
    let raw = head.get(head.len() - run..)?;
    let raw = after_escape(raw);
    let text: Vec<u8> = percent_decode(raw).filter(|byte| *byte != b'\\').collect();
    // pnpm's `//host/:@scope:_authToken`.
    let text = match memchr::memmem::rfind(&text, b":@") {
        Some(at) if !text.get(at + 2..).is_some_and(|name| name.contains(&b'/')) => text.get(..at)?,
        _ => &text,
    };
    let Some(slashes) = memchr::memmem::find(text, b"//") else {
        return Some(Key::Scoped(bound(text, Scheme::Unknown).filter(|bound| bound.host.contains('.'))));
    };
    let scheme = match text.get(..slashes) {
        Some(before) if before.ends_with(b"http:") => Scheme::Http,
        Some(before) if before.ends_with(b"https:") => Scheme::Https,
        _ => Scheme::Unknown,
    };
    Some(Key::Scoped(text.get(slashes + 2..).and_then(|rest| bound(rest, scheme))))
}

fn is_key_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.' | b'_' | b'~' | b'/' | b':' | b'@' | b'%' | b'[' | b']' | b'\\' | b'$' | b'{' | b'}'
        )
}

/// The text after the last `\n`, `\r` or `\t` written as two characters.
fn after_escape(text: &[u8]) -> &[u8] {
    let escape = text.windows(2).rposition(|pair| matches!(pair, [b'\\', b'n' | b'r' | b't']));
    escape.and_then(|at| text.get(at + 2..)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_every_dress() {
        let scoped = |text: &str| Some(format!("scoped {text}"));
        let unscoped = || Some("unscoped".to_owned());
        for (text, expected) in [
            ("//r.invalid/:", scoped("r.invalid/")),
            ("; //r.invalid:4873/npm/:", scoped("r.invalid:4873/npm/")),
            ("//r.invalid/npm:", scoped("r.invalid/npm/")),
            ("//r.invalid/npm/:@mia:", scoped("r.invalid/npm/")),
            ("//r.invalid:@mia:", scoped("r.invalid/")),
            ("\u{feff}", unscoped()),
            ("é", None),
            ("> ", unscoped()),
            ("https://r.invalid/npm/:", scoped("r.invalid/npm/")),
            ("npm_config_//r.invalid/:", scoped("r.invalid/")),
            ("npm publish --//r.invalid/:", scoped("r.invalid/")),
            (r#"echo "//r.invalid/:"#, scoped("r.invalid/")),
            (r#"\"//r.invalid/:"#, scoped("r.invalid/")),
            (r"registry=https://other.invalid/\n//r.invalid/:", scoped("r.invalid/")),
            (r"\/\/r.invalid\/npm\/:", scoped("r.invalid/npm/")),
            ("%2F%2Fr.invalid%2F%3A", scoped("r.invalid/")),
            ("//${HOST}/:", scoped("-")),
            ("$REGISTRY:", scoped("-")),
            ("r.invalid/:", scoped("r.invalid/")),
            ("", unscoped()),
            ("\n", unscoped()),
            ("--", unscoped()),
            ("{\"", unscoped()),
            ("NPM_CONFIG_", unscoped()),
            (r"a=b\n", unscoped()),
            ("https://r.invalid/?", Some("query".to_owned())),
            ("http_basic_", None),
            ("this.", None),
            ("basic", None),
            ("then", None),
        ] {
            let found = key(format!("{text}_auth").as_bytes(), text.len()).map(|key| match key {
                Key::Scoped(host) => format!("scoped {}", host.map_or("-".to_owned(), |host| host.to_string())),
                Key::Unscoped => "unscoped".to_owned(),
                Key::Query => "query".to_owned(),
            });
            assert_eq!(found, expected, "{text}");
        }
    }
}
