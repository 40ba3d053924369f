//! Kubernetes' image pull secrets and variables of the same kind: a whole docker configuration in base64, whose `auth` is base64 again.

use std::ops::Range;

use memchr::memmem;

use super::{Found, Section, Text, docker};
use crate::detect::decode::{self, base64_around};

const GAP: usize = 64;
/// Fields of one file beyond these are not read.
const MOST: usize = 64;
/// The fields of a docker configuration.
const FIELDS: [&[u8]; 4] = [b"\"auths\"", b"\"auth\"", b"identitytoken", b"registrytoken"];

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    read(text, anchor).unwrap_or_default()
}

fn read(text: &Text<'_>, anchor: Range<usize>) -> Option<Vec<Found>> {
    let bytes = text.bytes;
    let start = match bytes.get(anchor.clone())? {
        [b'.', ..] => anchor.end + gap(bytes, anchor.end)?,
        _ => anchor.start,
    };
    let hit = start..start + 8;
    if !bytes.get(hit.clone())?.iter().all(|byte| decode::is_base64(*byte)) {
        return None;
    }
    if text.unread(Section::Encoded, start..start + 1).is_empty() {
        return None; // the run around it has been decoded from where it begins
    }
    let decoded = base64_around(bytes, hit, 0, start);
    text.unread(Section::Encoded, start..decoded.end());
    text.looks_at(&(anchor.start..decoded.end() + 1));
    let inner = Text::new(&decoded.bytes, &[]);
    let hits = FIELDS
        .iter()
        .flat_map(|field| memmem::find_iter(&decoded.bytes, field).take(MOST).map(|at| at..at + field.len()));
    let open = decoded.bytes.iter().position(|byte| !byte.is_ascii_whitespace());
    let open = open.filter(|open| decoded.bytes.get(*open) == Some(&b'{'));
    let old = open.map(|open| docker::hosts(&inner, open)).unwrap_or_default();
    let found = hits.flat_map(|hit| docker::parse(&inner, hit)).chain(old);
    Some(found.map(|found| Found { span: decoded.outer(&found.span), ..found }).collect())
}

/// From the key to its value, on the next line too.
fn gap(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let is_gap = |byte: &&u8| {
        byte.is_ascii_whitespace() || matches!(**byte, b'"' | b'\'' | b':' | b'=' | b'|' | b'>' | b'-' | b'\\')
    };
    let length = rest.iter().take(GAP).take_while(is_gap).count();
    rest.get(..length)?.iter().any(|byte| matches!(byte, b':' | b'=')).then_some(length)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::detect::mint;
    use crate::detect::parse::tests::table;

    #[test]
    fn secrets() {
        let encode = |text: &str| STANDARD.encode(mint::fill(text, 1));
        let file = encode("{\"auths\":{\"r.invalid\":{\"auth\":\"{base64:mia:Kestrel-1}\"}}}");
        let old = encode("{\"https://r.invalid/\":{\"auth\":\"{base64:mia:Kestrel-1}\"}}");
        let clear = encode("{\"r.invalid\":{\"username\":\"mia\",\"password\":\"Kestrel-1\"}}");
        let empty = encode("{\"auths\":{\"r.invalid\":{}}}");
        let anchors = [".dockerconfigjson", ".dockercfg", "eyJhdXRocyI6"];
        table(
            parse,
            &anchors,
            &[
                (&format!("data:\n  .dockerconfigjson: {file}\n"), &["mia Kestrel-1 r.invalid/"]),
                (&format!("data:\r\n  .dockerconfigjson: >-\r\n    {file}\r\n"), &["mia Kestrel-1 r.invalid/"]),
                (&format!("\".dockerconfigjson\": \"{file}\""), &["mia Kestrel-1 r.invalid/"]),
                (&format!("data:\n  .dockercfg: {old}\n"), &["mia Kestrel-1 r.invalid/"]),
                (&format!("data:\n  .dockercfg: {clear}\n"), &["mia Kestrel-1 r.invalid/"]),
                (&format!("AUTH={file}"), &["mia Kestrel-1 r.invalid/"]),
                ("data:\n  .dockerconfigjson: ${CONFIG}\n", &[]),
                (&format!("data:\n  .dockerconfigjson: {empty}\n"), &[]),
                ("type: kubernetes.io/dockerconfigjson", &[]),
                ("--from-file=.dockerconfigjson=/home/mia/.docker/config.json", &[]),
            ],
        );
    }
}
