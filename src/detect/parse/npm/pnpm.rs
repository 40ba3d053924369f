//! pnpm's structured `_auth`, in its own `config.yaml` and in a variable: `"https://host/": { "@scope": { authToken: … } }`.
//!
//! Source: pnpm's `config/reader`, `parseJsonAuth`. YAML and JSON are read alike, backwards from the name: a scope, then an address.

use memchr::memmem;

use super::Text;
use super::host::{Scheme, bound};
use super::key::is_margin;
use crate::model::BoundHost;

/// How far away the scope may stand: quotes, braces, indentation.
const LONGEST_GAP: usize = 64;
const LONGEST_SCOPE: usize = 64;
/// How far away the address may stand: the other scopes of the same registry lie between.
const REACH: usize = 2 << 10;
const LONGEST_URL: usize = 256;

/// The registry of the `authToken` that begins at `name`; `None` where it does not stand below a scope and an address.
pub(super) fn host(text: &Text<'_>, name: usize) -> Option<BoundHost> {
    let bytes = text.bytes;
    let before = bytes.get(name.saturating_sub(LONGEST_GAP)..name)?;
    let gap = before.iter().rev().take_while(|byte| is_gap(**byte)).count();
    if !before.get(before.len() - gap..)?.contains(&b':') {
        return None;
    }
    let scope_end = name - gap;
    let before = bytes.get(scope_end.saturating_sub(LONGEST_SCOPE)..scope_end)?;
    let at = memchr::memrchr(b'@', before)?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if !before.get(at + 1..)?.iter().all(is_name) {
        return None;
    }
    text.looks_far();
    let scope = scope_end - before.len() + at;
    let before = bytes.get(scope.saturating_sub(REACH)..scope)?;
    let slashes = memmem::rfind(before, b"://")?;
    let scheme = match before.get(..slashes)? {
        head if head.ends_with(b"https") => Scheme::Https,
        head if head.ends_with(b"http") => Scheme::Http,
        _ => return None,
    };
    let rest = before.get(slashes + 3..)?;
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'\\');
    let end = rest.iter().take(LONGEST_URL).position(is_end)?;
    // It is a key: a colon follows, behind its quote or as its last character.
    let gap = rest.get(end..)?.iter().take(LONGEST_GAP).take_while(|byte| is_gap(**byte)).count();
    let is_key = rest.get(..end)?.ends_with(b":") || rest.get(end..end + gap)?.contains(&b':');
    is_key.then(|| bound(rest.get(..end)?, scheme))?
}

fn is_gap(byte: u8) -> bool {
    is_margin(byte) || byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'\\' | b':' | b'{')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_below_addresses() {
        for (text, expected) in [
            ("_auth:\n  \"https://r.invalid/npm/\":\n    \"@\":\n      authToken: x", Some("r.invalid/npm/")),
            ("_auth:\n  https://r.invalid:8443:\n    '@mia':\n      authToken: x", Some("r.invalid:8443/")),
            ("{\"https://r.invalid\":{\"@a\":{\"authToken\":\"y\"},\"@b\":{\"authToken\":\"x\"}}}", Some("r.invalid/")),
            (r#"{\"http://r.invalid:80\":{\"@\":{\"authToken\":\"x\"}}}"#, Some("r.invalid/")),
            ("+  \"https://r.invalid\":\n+    \"@\":\n+      authToken: x", Some("r.invalid/")),
            ("const api = { url: 'https://r.invalid', authToken: x }", None),
            ("{\"https://r.invalid\":{\"authToken\":\"x\"}}", None),
            ("see https://r.invalid and @mia: authToken", None),
            ("\"@mia\": { authToken: x }", None),
        ] {
            let at = text.rfind("authToken").unwrap();
            let host = host(&Text::new(text.as_bytes(), &[]), at);
            assert_eq!(host.map(|host| host.to_string()).as_deref(), expected, "{text}");
        }
    }
}
