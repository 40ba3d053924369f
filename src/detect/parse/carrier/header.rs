//! `Authorization: Basic …` beside an address, and git's `http.<url>.extraheader = AUTHORIZATION: basic …`, in a `.gitconfig`, below `[http "https://host/"]`, and on command lines.

use std::ops::Range;

use super::host::address;
use super::url::rest_of;
use super::{Found, Text, credential};
use crate::detect::decode;
use crate::model::BoundHost;

/// How far above the section's header may stand.
const ABOVE: usize = 256;
const LONGEST: usize = 2 << 10;
/// How far before its value the name of a header stands.
const NAME: usize = 24;

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    read(text, anchor).into_iter().collect()
}

fn read(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let gap = |at: usize| {
        let is_gap = |byte: &&u8| matches!(**byte, b' ' | b'\t' | b'=' | b'"' | b'\'' | b'\\' | b':');
        at + bytes.get(at..).unwrap_or_default().iter().take(16).take_while(is_gap).count()
    };
    let mut at = gap(anchor.end);
    for word in [b"authorization".as_slice(), b"basic"] {
        if !bytes.get(at..at + word.len())?.eq_ignore_ascii_case(word) {
            return None;
        }
        at = gap(at + word.len());
    }
    let (span, decoded) = value(text, &anchor, at)?;
    let (user, secret) = credential::pair(&decoded)?;
    text.looks_at(&(anchor.start.saturating_sub(ABOVE)..anchor.end));
    let host = host(bytes, anchor.start)?;
    credential::password(span, secret, Some(user), Some(host))
}

/// The base64 that begins at `at`.
fn value(text: &Text<'_>, anchor: &Range<usize>, at: usize) -> Option<(Range<usize>, Vec<u8>)> {
    let bytes = text.bytes;
    let rest = bytes.get(at..bytes.len().min(at + LONGEST))?;
    let length = rest.iter().take_while(|byte| decode::is_base64(**byte) || **byte == b'=').count();
    text.looks_at(&(anchor.start..at + length + 1));
    Some((at..at + length, decode::base64(rest.get(..length)?)?))
}

/// The header of a request, whose address stands near: before it, or behind it.
pub(super) fn basic(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let bytes = text.bytes;
    let name = bytes.get(anchor.start.saturating_sub(NAME)..anchor.start).unwrap_or_default();
    if memchr::memmem::find(name, b"uthorization").is_none() {
        return Vec::new();
    }
    let Some((span, decoded)) = value(text, &anchor, anchor.end) else { return Vec::new() };
    let Some((user, secret)) = credential::pair(&decoded) else { return Vec::new() };
    let around = anchor.start.saturating_sub(ABOVE)..bytes.len().min(span.end + ABOVE);
    text.looks_at(&(around.start..around.end + 1));
    let before = bytes.get(around.start..anchor.start).unwrap_or_default();
    let behind = bytes.get(span.end..around.end).unwrap_or_default();
    let urls = [
        memchr::memmem::rfind(before, b"https://").map(|at| around.start + at),
        memchr::memmem::find(behind, b"https://").map(|at| span.end + at),
    ];
    let host = |at: usize| address(bytes.get(rest_of(bytes, at))?);
    let hosts = urls.into_iter().flatten().filter_map(host);
    hosts.filter_map(|host| credential::password(span.clone(), secret, Some(user), Some(host))).collect()
}

/// The host of the key in front, or of the section's header above.
fn host(bytes: &[u8], name: usize) -> Option<BoundHost> {
    let before = bytes.get(name.saturating_sub(ABOVE)..name)?;
    let start = memchr::memmem::rfind(before, b"http")?;
    let url = before.get(start..)?;
    let end = url.iter().position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b']'));
    let url = url.get(..end.unwrap_or(url.len()))?;
    address(url.strip_suffix(b".").unwrap_or(url)).filter(|host| host.host.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn requests() {
        table(
            basic,
            &[": Basic ", "\"Basic ", "'Basic "],
            &[
                (
                    "curl -H 'Authorization: Basic {base64:mia:Kestrel-1}' https://r.invalid/x",
                    &["mia Kestrel-1 r.invalid/x/"],
                ),
                (
                    "fetch(\"https://r.invalid/x\", {headers: {\"Authorization\": \"Basic {base64:mia:Kestrel-1}\"}})",
                    &["mia Kestrel-1 r.invalid/x/"],
                ),
                ("curl -H 'Authorization: Basic {base64:user:password}' https://r.invalid/x", &[]),
                ("curl -H 'Authorization: Basic $TOKEN' https://r.invalid/x", &[]),
                ("Authorization: Basic {base64:mia:Kestrel-1}", &[]),
                ("Visual: Basic {base64:mia:Kestrel-1} https://r.invalid/x", &[]),
            ],
        );
    }

    #[test]
    fn headers() {
        table(
            parse,
            &["extraheader"],
            &[
                (
                    "[http \"https://r.invalid/\"]\n\textraheader = AUTHORIZATION: basic {base64:mia:Kestrel-1}\n",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                (
                    "git config http.https://r.invalid/.extraheader \"AUTHORIZATION: basic {base64:mia:Kestrel-1}\"",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                (
                    "git -c http.https://r.invalid/x/.extraheader='Authorization: Basic {base64:mia:Kestrel-1}' fetch",
                    &["mia Kestrel-1 r.invalid/x/"],
                ),
                ("http.https://r.invalid/.extraheader=AUTHORIZATION: basic ***", &[]),
                ("http.https://r.invalid/.extraheader=AUTHORIZATION: basic ${BASE64}", &[]),
                ("extraheader = AUTHORIZATION: basic {base64:mia:Kestrel-1}", &[]),
                ("the extraheader of git", &[]),
            ],
        );
    }
}
