//! git's `http.<url>.extraheader = AUTHORIZATION: basic …`, in a `.gitconfig`, below `[http "https://host/"]`, and on command lines.

use std::ops::Range;

use super::host::address;
use super::{Found, Text, credential};
use crate::detect::decode;
use crate::model::BoundHost;

/// How far above the section's header may stand.
const ABOVE: usize = 256;
const LONGEST: usize = 2 << 10;

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
    let rest = bytes.get(at..bytes.len().min(at + LONGEST))?;
    let length = rest.iter().take_while(|byte| decode::is_base64(**byte) || **byte == b'=').count();
    text.looks_at(&(anchor.start..at + length + 1));
    let decoded = decode::base64(rest.get(..length)?.trim_ascii())?;
    let (user, secret) = credential::pair(&decoded)?;
    text.looks_at(&(anchor.start.saturating_sub(ABOVE)..anchor.end));
    let host = host(bytes, anchor.start)?;
    credential::password(at..at + length, secret, Some(user), Some(host))
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
