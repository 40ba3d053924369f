//! Gradle's `credentials { username = "…"; password = "…" }`, in Groovy and Kotlin, with the `url` of the same `maven` block.
//!
//! A build script is a program: only a quoted text without a variable in it is a password.

use std::ops::Range;

use memchr::memmem;

use super::host::address;
use super::{Found, Text, credential};
use crate::model::BoundHost;

const BODY: usize = 512;
/// What may stand before a token that is sent as a header.
const SCHEMES: [&[u8]; 2] = [b"Bearer ", b"Basic "];
/// How far around the credentials the address stands.
const AROUND: usize = 384;

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    read(text, anchor).into_iter().collect()
}

fn read(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let rest = bytes.get(anchor.end..bytes.len().min(anchor.end + BODY))?;
    // `credentials(PasswordCredentials::class) {`
    let open = match bytes.get(anchor.clone())? {
        literal if literal.ends_with(b"{") => 0,
        _ => rest.iter().take(16).position(|byte| *byte == b'{')? + 1,
    };
    let body = rest.get(open..)?;
    let length = memchr::memchr(b'}', body).unwrap_or(body.len());
    let body = anchor.end + open..anchor.end + open + length;
    text.looks_at(&(anchor.start..body.end + 1));
    let header = bytes.get(anchor.clone())?.starts_with(b"Header").then(|| string(bytes, &body, &[b"value"]));
    if let Some(header) = header {
        let span = header?;
        let raw = bytes.get(span.clone())?;
        let scheme = SCHEMES.iter().find(|scheme| raw.starts_with(scheme)).map_or(0, |scheme| scheme.len());
        text.looks_at(&(anchor.start.saturating_sub(AROUND)..body.end + AROUND));
        let host = host(bytes, &(anchor.start..body.end));
        return credential::token(span.start + scheme..span.end, raw.get(scheme..)?, host);
    }
    let span = string(bytes, &body, &[b"password", b"Password"])?;
    let user = string(bytes, &body, &[b"username", b"Username"]).and_then(|user| bytes.get(user));
    text.looks_at(&(anchor.start.saturating_sub(AROUND)..body.end + AROUND));
    credential::password(span.clone(), bytes.get(span)?, user, host(bytes, &(anchor.start..body.end)))
}

/// The quoted text that is set to one of these names.
fn string(bytes: &[u8], within: &Range<usize>, names: &[&[u8]]) -> Option<Range<usize>> {
    let scope = bytes.get(within.clone())?;
    let end = names.iter().find_map(|name| Some(memmem::find(scope, name)? + name.len()))?;
    let rest = scope.get(end..)?;
    let is_gap = |byte: &&u8| matches!(**byte, b' ' | b'\t' | b'=' | b'(' | b':');
    let mut gap = rest.iter().take_while(is_gap).count();
    if let Some(call) = rest.get(gap..)?.strip_prefix(b".set(") {
        gap += b".set(".len() + call.iter().take_while(is_gap).count();
    }
    let quote = rest.get(gap).filter(|byte| matches!(byte, b'"' | b'\''))?;
    let text = rest.get(gap + 1..)?;
    let length = memchr::memchr2(*quote, b'\n', text).filter(|at| text.get(*at) == Some(quote))?;
    let is_plain = !text.get(..length)?.contains(&b'$') || *quote == b'\'';
    // `"a" + b`
    let is_whole = !goes_on(text.get(length + 1..)?);
    let start = within.start + end + gap + 1;
    (length > 0 && is_plain && is_whole).then_some(start..start + length)
}

/// Whether a text is only the first of several that are put together. At the very beginning of a line, a plus is a difference's.
fn goes_on(rest: &[u8]) -> bool {
    let next = rest.trim_ascii_start();
    next.first() == Some(&b'+') && !rest.get(..rest.len() - next.len()).is_some_and(|gap| gap.ends_with(b"\n"))
}

/// The nearest `url` before the credentials, or behind them.
fn host(bytes: &[u8], credentials: &Range<usize>) -> Option<BoundHost> {
    let before = bytes.get(credentials.start.saturating_sub(AROUND)..credentials.start)?;
    let after = bytes.get(credentials.end..bytes.len().min(credentials.end + AROUND))?;
    let url = |scope: &[u8], at: usize| {
        let rest = scope.get(at..)?;
        let end = rest.iter().position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b')'))?;
        address(rest.get(..end)?)
    };
    // The block may end in between.
    let block = memmem::rfind(before, b"maven").map_or(0, |at| at);
    let above = before.get(block..)?;
    let above = memmem::rfind(above, b"http").and_then(|at| url(above, at));
    let below = || {
        let after = after.get(..memmem::find(after, b"maven").unwrap_or(after.len()))?;
        memmem::find(after, b"http").and_then(|at| url(after, at))
    };
    above.or_else(below)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn blocks() {
        table(
            parse,
            &["credentials {", "PasswordCredentials", "HeaderCredentials"],
            &[
                (
                    "maven {\n  url 'https://r.invalid/m2'\n  credentials(HttpHeaderCredentials) {\n    name = 'Private-Token'\n    value = '{opaque}'\n  }\n}",
                    &["- {opaque} r.invalid/m2/"],
                ),
                (
                    "credentials(HttpHeaderCredentials::class) {\n  name = \"Authorization\"\n  value = \"Bearer {opaque}\"\n}",
                    &["- {opaque} -"],
                ),
                ("credentials(HttpHeaderCredentials) {\n  value = System.getenv('T')\n}", &[]),
                (
                    "maven {\n  url 'https://r.invalid/m2'\n  credentials {\n    username 'mia'\n    password 'Kestrel-1'\n  }\n}",
                    &["mia Kestrel-1 r.invalid/m2/"],
                ),
                (
                    "maven {\r\n  credentials {\r\n    username = \"mia\"\r\n    password = \"Kestrel-1\"\r\n  }\r\n  url = uri(\"https://r.invalid/m2\")\r\n}",
                    &["mia Kestrel-1 r.invalid/m2/"],
                ),
                (
                    "maven(\"https://r.invalid/m2\") {\n  credentials(PasswordCredentials::class) {\n    username = \"mia\"\n    password = \"Kestrel-1\"\n  }\n}",
                    &["mia Kestrel-1 r.invalid/m2/"],
                ),
                ("credentials {\n  username.set(\"mia\")\n  password.set(\"Kestrel-1\")\n}", &["mia Kestrel-1 -"]),
                ("credentials {\n  setUsername(\"mia\")\n  setPassword(\"Kestrel-1\")\n}", &["mia Kestrel-1 -"]),
                ("credentials {\n  username = \"mia\"\n  password = 'Kestrel-1'", &["mia Kestrel-1 -"]),
                ("+credentials {\n+  username = \"mia\"\n+  password = \"Kestrel-1\"\n+}\n", &["mia Kestrel-1 -"]),
                ("credentials {\n  password = \"Kestrel\"\n    + x\n}", &[]),
                ("credentials {\n  username mavenUser\n  password mavenPassword\n}", &[]),
                ("credentials {\n  username = \"mia\"\n  password = \"$pw\"\n}", &[]),
                ("credentials {\n  username = \"mia\"\n  password = System.getenv(\"PASSWORD\")\n}", &[]),
                ("credentials {\n  username = \"mia\"\n  password = \"Kestrel\" + x\n}", &[]),
                ("credentials {\n  username = \"user\"\n  password = \"password\"\n}", &[]),
                ("the credentials { of }", &[]),
            ],
        );
    }
}
