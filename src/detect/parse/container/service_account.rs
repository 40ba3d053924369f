//! Keys of service accounts of Google: the JSON that the console saves once, in a file, a variable, or another file's string.
//!
//! The secret is the private key; account, project and number of the key stand beside it. Source: Google Cloud, IAM, "Create and delete
//! service account keys"; RFC 5208 for the key.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;

use super::{Found, Text};
use crate::model::Offline;

const BEGIN: &[u8] = b"-----BEGIN PRIVATE KEY-----";
const END: &[u8] = b"-----END PRIVATE KEY-----";
/// `rsaEncryption` as an object identifier.
const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const KEY_ID: usize = 40;
/// How far the key stands from the name of its number.
const NEAREST: usize = 160;
/// A key of 4096 bits, with all its line breaks escaped twice.
const LONGEST_KEY: usize = 4 << 10;
/// The account may stand before the key or behind it.
const AROUND: usize = LONGEST_KEY + 1024;
const LONGEST_VALUE: usize = 200;
const LINE: usize = 64;

pub(super) fn parse(text: &Text<'_>, hit: Range<usize>) -> Vec<Found> {
    read(text, &hit).into_iter().collect()
}

fn read(text: &Text<'_>, hit: &Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let begin = begin(bytes, hit)?;
    text.looks_far();
    let body = bytes.get(begin + BEGIN.len()..bytes.len().min(begin + LONGEST_KEY))?;
    let length = memmem::find(body, END)?;
    let key = base64(body.get(..length)?)?;
    if !is_key(&STANDARD.decode(&key).ok()?) {
        return None;
    }
    let around = hit.start.saturating_sub(AROUND)..bytes.len().min(hit.end + AROUND);
    let near = bytes.get(around)?;
    let user = value(near, b"client_email").filter(|user| user.contains('@'));
    let project = value(near, b"project_id");
    let id = value(bytes.get(hit.start..)?, b"private_key_id")
        .filter(|id| id.len() == KEY_ID && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let words = [("kind", Some("service account key".to_owned())), ("project", project), ("key id", id)];
    Some(Found {
        span: begin..begin + BEGIN.len() + length + END.len(),
        secret: pem(&key),
        user,
        host: None,
        evidence: None,
        offline: words.into_iter().filter_map(|(word, what)| Some((word.to_owned(), what?))).collect::<Offline>(),
    })
}

/// Where the key begins: behind the name of its number, or before it where somebody sorted the names.
fn begin(bytes: &[u8], hit: &Range<usize>) -> Option<usize> {
    let after = bytes.get(hit.end..bytes.len().min(hit.end + NEAREST + BEGIN.len()))?;
    if let Some(at) = memmem::find(after, BEGIN) {
        return Some(hit.end + at);
    }
    let before = bytes.get(hit.start.saturating_sub(NEAREST)..hit.start)?;
    memmem::rfind(before, END)?;
    let start = hit.start.saturating_sub(LONGEST_KEY);
    memmem::rfind(bytes.get(start..hit.start)?, BEGIN).map(|at| start + at)
}

/// The key's base64 without line breaks, as they are or escaped.
fn base64(body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len());
    let plain = without_marks(body);
    let mut rest = plain.as_deref().unwrap_or(body);
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'\\' => {
                let slashes = rest.iter().take_while(|byte| **byte == b'\\').count();
                rest = rest.get(slashes..)?;
                if let Some(tail) = rest.strip_prefix(b"n").or_else(|| rest.strip_prefix(b"r")) {
                    rest = tail;
                }
            }
            b'\n' | b'\r' | b' ' | b'\t' | b'"' => {}
            b'+' | b'/' | b'=' => out.push(*byte),
            _ if byte.is_ascii_alphanumeric() => out.push(*byte),
            _ => return None,
        }
    }
    Some(out)
}

/// The key without the mark that a difference has before each of its lines. A plus may be base64's, but not on every line.
fn without_marks(body: &[u8]) -> Option<Vec<u8>> {
    let mut lines = body.split(|byte| *byte == b'\n');
    let first = lines.next()?;
    let lines: Vec<&[u8]> = lines.map(|line| line.strip_prefix(b"+")).collect::<Option<_>>()?;
    (lines.len() > 2).then(|| [first, lines.concat().as_slice()].concat())
}

/// Whether this is PKCS #8 with a key of RSA, whole.
fn is_key(der: &[u8]) -> bool {
    match der {
        [0x30, 0x82, high, low, rest @ ..] => {
            usize::from(u16::from_be_bytes([*high, *low])) == rest.len()
                && memmem::find(rest, RSA).is_some_and(|at| at < 16)
        }
        _ => false,
    }
}

fn pem(key: &[u8]) -> Vec<u8> {
    let mut out = [BEGIN, b"\n"].concat();
    for line in key.chunks(LINE) {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.extend_from_slice(END);
    out.push(b'\n');
    out
}

/// The plain value of a name in JSON or YAML, however often quoted.
fn value(bytes: &[u8], name: &[u8]) -> Option<String> {
    let at = memmem::find(bytes, name)? + name.len();
    let rest = bytes.get(at..)?;
    let gap = rest.iter().take(24).take_while(|byte| matches!(byte, b'"' | b'\\' | b':' | b'=' | b' ' | b'\'')).count();
    let rest = rest.get(gap..)?;
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'.' | b'-' | b'_' | b':');
    let length = rest.iter().take(LONGEST_VALUE).take_while(is_part).count();
    (gap > 0 && length > 0).then(|| String::from_utf8_lossy(rest.get(..length).unwrap_or_default()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::mint::Mint;

    fn found(text: &str) -> Option<Found> {
        let at = text.find("private_key_id")?;
        parse(&Text::new(text.as_bytes(), &[]), at..at + 14).pop()
    }

    #[test]
    fn the_file_and_what_it_says() {
        let mut mint = Mint::new(1);
        let file = mint.google_key();
        let key = Mint::new(1).google_private_key();
        for text in [
            file.clone(),
            serde_json::to_string(&file).unwrap(),
            serde_json::to_string(&serde_json::to_string(&file).unwrap()).unwrap(),
            file.replace("\n  ", "").replace('\n', ""),
        ] {
            let found = found(&text).unwrap();
            assert_eq!(found.user.as_deref(), Some("ci@acme-1.iam.gserviceaccount.com"));
            assert_eq!(found.offline.get("project").map(String::as_str), Some("acme-1"));
            assert_eq!(found.offline.get("key id").map(String::len), Some(40));
            assert_eq!(found.secret.len(), key.len());
            assert!(text[found.span].starts_with("-----BEGIN"));
        }
    }

    #[test]
    fn names_in_any_order() {
        let key = Mint::new(1).google_private_key().replace('\n', "\\n");
        let sorted = format!(
            r#"{{"client_email":"ci@acme.invalid","private_key":"{key}","private_key_id":"x","project_id":"a"}}"#
        );
        let found = found(&sorted).unwrap();
        assert_eq!((found.user.as_deref(), found.offline.get("key id")), (Some("ci@acme.invalid"), None));
    }

    #[test]
    fn what_is_no_key() {
        let key = Mint::new(1).google_private_key().replace('\n', "\\n");
        for text in [
            r#"{"private_key_id": "x", "private_key": "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n"}"#.to_owned(),
            r#"{"private_key_id": "x", "private_key": "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"}"#.to_owned(),
            r#"{"private_key_id": "x", "private_key": "${KEY}"}"#.to_owned(),
            format!(r#"{{"private_key_id": "x", "private_key": "{}"}}"#, &key[..key.len() / 2]),
            "private_key_id".to_owned(),
        ] {
            assert!(found(&text).is_none(), "{text}");
        }
    }
}
