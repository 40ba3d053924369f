//! `.yarnrc.yml`: which host a credential in its blocks is for.
//!
//! Lines and their indentation are enough: `npmRegistries` names the host in the parent's key, `npmScopes` and the top level in
//! the sibling `npmRegistryServer`.

use super::host::{Scheme, bound};
use super::siblings::url;
use crate::model::BoundHost;

/// How far above and below the credential its block is followed.
const REACH: usize = 4 << 10;
const SERVER: &[u8] = b"npmRegistryServer";

/// The host of the credential whose name begins at `name`.
pub(super) fn host(bytes: &[u8], name: usize) -> Option<BoundHost> {
    let above = bytes.get(name.saturating_sub(REACH)..name)?;
    let below = bytes.get(name..bytes.len().min(name.saturating_add(REACH)))?;
    let indent = indent(above.rsplit(|byte| *byte == b'\n').next()?);
    let siblings_above = siblings(above.rsplit(|byte| *byte == b'\n').skip(1), indent);
    let siblings_below = siblings(below.split(|byte| *byte == b'\n').skip(1), indent);
    siblings_above
        .chain(siblings_below)
        .find_map(server)
        .or_else(|| parent_host(above.rsplit(|byte| *byte == b'\n').skip(1), indent))
}

/// The lines of the same block: as deep as it, up to the first that is less deep.
fn siblings<'a>(lines: impl Iterator<Item = &'a [u8]>, depth: usize) -> impl Iterator<Item = &'a [u8]> {
    lines
        .filter(|line| !line.trim_ascii().is_empty())
        .take_while(move |line| indent(line) >= depth)
        .filter(move |line| indent(line) == depth)
}

fn server(line: &[u8]) -> Option<BoundHost> {
    let line = line.trim_ascii_start();
    let quoted = usize::from(matches!(line.first(), Some(b'"' | b'\'')));
    line.get(quoted..)?.starts_with(SERVER).then(|| url(line, quoted + SERVER.len()))?
}

/// The nearest less deep line that is a key made of a host.
fn parent_host<'a>(lines: impl Iterator<Item = &'a [u8]>, depth: usize) -> Option<BoundHost> {
    let mut depth = depth;
    for line in lines.filter(|line| !line.trim_ascii().is_empty()) {
        if depth == 0 {
            return None;
        }
        if indent(line) < depth {
            depth = indent(line);
            if let Some(host) = host_key(line.trim_ascii()) {
                return Some(host);
            }
        }
    }
    None
}

/// `"//host/path":` or `"https://host":`.
fn host_key(line: &[u8]) -> Option<BoundHost> {
    let quote = |byte: &u8| matches!(byte, b'"' | b'\'');
    let line = line.strip_suffix(b":")?;
    let line = if line.first().is_some_and(quote) { line.get(1..line.len().checked_sub(1)?)? } else { line };
    let (scheme, rest) = match (line.strip_prefix(b"https:"), line.strip_prefix(b"http:")) {
        (Some(rest), _) => (Scheme::Https, rest),
        (_, Some(rest)) => (Scheme::Http, rest),
        _ => (Scheme::Unknown, line),
    };
    bound(rest.strip_prefix(b"//")?, scheme)
}

fn indent(line: &[u8]) -> usize {
    line.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'#')).count()
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
