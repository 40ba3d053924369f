//! `.yarnrc.yml`: which host a credential in its blocks is for.
//!
//! Lines and their indentation are enough: `npmRegistries` names the host in the parent's key, `npmScopes` and the top level in
//! the sibling `npmRegistryServer`. The same in braces is JSON, YAML's other way of writing, or the print-out of a program; and
//! `npmRegistries["//host"].name` is a command line.

use std::ops::Range;

use super::host::{Scheme, bound};
use super::key::is_margin;
use super::siblings::url;
use crate::model::BoundHost;

/// How far above and below the credential its block is followed.
const REACH: usize = 2 << 10;
const LONGEST_KEY: usize = 512;
const SERVER: &[u8] = b"npmRegistryServer";

/// The host of the credential whose name begins at `name`.
pub(super) fn host(bytes: &[u8], name: usize) -> Option<BoundHost> {
    let braces = braces(bytes, name);
    indexed(bytes, name)
        .or_else(|| braces.as_ref().and_then(|braces| key_of_braces(bytes, braces.start)))
        .or_else(|| host_of_block(bytes, name))
        .or_else(|| braces.and_then(|braces| server_on_line(bytes, braces, name)))
}

fn host_of_block(bytes: &[u8], name: usize) -> Option<BoundHost> {
    let above = bytes.get(name.saturating_sub(REACH)..name)?;
    let below = bytes.get(name..bytes.len().min(name.saturating_add(REACH)))?;
    let mut lines_above = above.rsplit(|byte| *byte == b'\n').map(Line::of);
    let depth = lines_above.next()?.depth;
    let lines_below = below.split(|byte| *byte == b'\n').skip(1).map(Line::of);
    siblings(lines_above.clone(), depth)
        .chain(siblings(lines_below, depth))
        .find_map(server)
        .or_else(|| parent_host(lines_above, depth))
}

/// The index in front of `.name`.
fn indexed(bytes: &[u8], name: usize) -> Option<BoundHost> {
    let head = bytes.get(name.saturating_sub(LONGEST_KEY)..name)?.strip_suffix(b".")?.strip_suffix(b"]")?;
    host_key(head.get(memchr::memrchr(b'[', head)? + 1..)?)
}

/// From the brace that is open at `name` to the one that closes it.
fn braces(bytes: &[u8], name: usize) -> Option<Range<usize>> {
    let floor = name.saturating_sub(REACH);
    let unmatched = |depth: &mut usize, opens: bool| match (opens, &depth) {
        (true, _) => {
            *depth += 1;
            false
        }
        (false, 0) => true,
        (false, _) => {
            *depth -= 1;
            false
        }
    };
    let before = bytes.get(floor..name)?;
    let mut depth = 0;
    let open =
        memchr::memrchr2_iter(b'{', b'}', before).find(|at| unmatched(&mut depth, before.get(*at) == Some(&b'}')))?;
    let after = bytes.get(name..bytes.len().min(name.saturating_add(REACH)))?;
    let mut depth = 0;
    let close = memchr::memchr2_iter(b'{', b'}', after)
        .find(|at| unmatched(&mut depth, after.get(*at) == Some(&b'{')))
        .unwrap_or(after.len());
    Some(floor + open..name + close)
}

/// The key whose value begins with this brace: `"//host": {`, or `"//host": Object {` as some programs print it.
fn key_of_braces(bytes: &[u8], brace: usize) -> Option<BoundHost> {
    let head = bytes.get(brace.saturating_sub(LONGEST_KEY)..brace)?.trim_ascii_end();
    let word = head.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let head = head.get(..head.len() - word)?.trim_ascii_end().strip_suffix(b":")?;
    let quotes = head.iter().rev().take_while(|byte| is_quote(**byte)).count();
    let head = head.get(..head.len() - quotes)?;
    let is_key = |byte: &&u8| !byte.is_ascii_whitespace() && !matches!(**byte, b'"' | b'\'' | b'{' | b',');
    host_key(head.get(head.len() - head.iter().rev().take_while(is_key).count()..)?)
}

/// A `npmRegistryServer` in the same braces on the same line.
fn server_on_line(bytes: &[u8], braces: Range<usize>, name: usize) -> Option<BoundHost> {
    let before = bytes.get(braces.start..name)?;
    let start = memchr::memrchr(b'\n', before).map_or(braces.start, |at| braces.start + at + 1);
    let after = bytes.get(name..braces.end)?;
    let line = bytes.get(start..memchr::memchr(b'\n', after).map_or(braces.end, |at| name + at))?;
    url(line, memchr::memmem::find(line, SERVER)? + SERVER.len())
}

/// A line: how deep it stands behind spaces and marks, and what stands there.
#[derive(Clone, Copy)]
struct Line<'a> {
    depth: usize,
    text: &'a [u8],
}

impl<'a> Line<'a> {
    fn of(line: &'a [u8]) -> Self {
        // What may stand in front of the first line of a file.
        let line = line.get(memchr::memrchr(b'\0', line).map_or(0, |at| at + 1)..).unwrap_or_default();
        let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        let depth = line.iter().take_while(|byte| is_margin(**byte)).count();
        Self { depth, text: line.get(depth..).unwrap_or_default().trim_ascii_end() }
    }
}

/// The lines of the same block: as deep as it, up to the first that is less deep.
fn siblings<'a>(lines: impl Iterator<Item = Line<'a>>, depth: usize) -> impl Iterator<Item = &'a [u8]> {
    lines
        .filter(|line| !line.text.is_empty())
        .take_while(move |line| line.depth >= depth)
        .filter(move |line| line.depth == depth)
        .map(|line| line.text)
}

fn server(line: &[u8]) -> Option<BoundHost> {
    let quoted = usize::from(matches!(line.first(), Some(b'"' | b'\'')));
    line.get(quoted..)?.starts_with(SERVER).then(|| url(line, quoted + SERVER.len()))?
}

/// The nearest less deep line that is a key made of a host.
fn parent_host<'a>(lines: impl Iterator<Item = Line<'a>>, depth: usize) -> Option<BoundHost> {
    let mut depth = depth;
    for line in lines.filter(|line| !line.text.is_empty()) {
        if depth == 0 {
            return None;
        }
        if line.depth < depth {
            depth = line.depth;
            if let Some(host) = line.text.strip_suffix(b":").and_then(host_key) {
                return Some(host);
            }
        }
    }
    None
}

/// `//host/path` or `https://host`, with or without quotes.
fn host_key(key: &[u8]) -> Option<BoundHost> {
    let start = key.iter().position(|byte| !is_quote(*byte))?;
    let end = key.iter().rposition(|byte| !is_quote(*byte))?;
    let key = key.get(start..=end)?;
    let (scheme, rest) = match (key.strip_prefix(b"https:"), key.strip_prefix(b"http:")) {
        (Some(rest), _) => (Scheme::Https, rest),
        (_, Some(rest)) => (Scheme::Http, rest),
        _ => (Scheme::Unknown, key),
    };
    bound(rest.strip_prefix(b"//")?, scheme)
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'\\' | b'`')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_yarnrc() {
        for (text, expected) in [
            ("npmAuthToken: x", None),
            ("npmRegistryServer: \"https://r.invalid/npm\"\n\nnpmAuthToken: x", Some("r.invalid/npm/")),
            ("npmAuthToken: x\nnpmRegistryServer: https://r.invalid", Some("r.invalid/")),
            ("npmRegistries:\n  \"//r.invalid\":\n    npmAlwaysAuth: true\n    npmAuthToken: x", Some("r.invalid/")),
            ("npmRegistries:\n  https://r.invalid:8443/npm/:\n    npmAuthToken: x", Some("r.invalid:8443/npm/")),
            (
                "npmRegistries:\n  \"//a.invalid\":\n    npmAuthToken: y\n  \"//r.invalid\":\n    npmAuthToken: x",
                Some("r.invalid/"),
            ),
            (
                "npmScopes:\n  mia:\n    npmAuthToken: x\n    npmRegistryServer: https://r.invalid\n  tom:\n    npmRegistryServer: https://t.invalid",
                Some("r.invalid/"),
            ),
            ("> npmRegistries:\n>   \"//r.invalid\":\n>     npmAuthToken: x", Some("r.invalid/")),
            ("\u{feff}npmRegistryServer: https://r.invalid\n\nnpmAuthToken: x", Some("r.invalid/")),
            ("npmRegistries: {\"//r.invalid\": {npmAuthToken: x}}", Some("r.invalid/")),
            (
                "{\"npmRegistries\": {\n \"//a.invalid\": {\"x\": 1},\n \"https://r.invalid\": {\n \"a\": {},\n \"npmAuthToken\": \"x\"}}}",
                Some("r.invalid/"),
            ),
            ("Object {\n  \"//r.invalid/\": Object {\n    \"npmAuthToken\": x", Some("r.invalid/")),
            (r#"{\"//r.invalid\": {\"npmAuthToken\": x"#, Some("r.invalid/")),
            ("{\"npmRegistryServer\": \"https://r.invalid\", \"npmAuthToken\": \"x\"}", Some("r.invalid/")),
            ("yarn config set 'npmRegistries[\"//r.invalid\"].npmAuthToken' x", Some("r.invalid/")),
            (
                "npmRegistryServer: https://top.invalid\nnpmScopes:\n  tom:\n    npmRegistryServer: https://t.invalid\n  mia:\n    npmAuthToken: x",
                None,
            ),
        ] {
            let name = text.rfind("npmAuthToken").unwrap();
            assert_eq!(host(text.as_bytes(), name).map(|host| host.to_string()).as_deref(), expected, "{text}");
        }
    }
}
