//! `config.json`, `.dockercfg` and `auth.json` of docker, podman, skopeo and helm: a host, and below it `auth`, a token, or user and password.
//!
//! Read from the field outwards, so that a fragment, the old form without `auths`, and a whole file with escaped quotes are all the same.

use std::ops::Range;

use super::form::json::{objects, opened, unescaped};
use super::host::{address, is_address};
use super::{Found, Text, credential};
use crate::detect::decode;
use crate::model::BoundHost;

/// How far the host may stand from its field: user, password and mail lie between.
const ABOVE: usize = 1 << 10;
const LONGEST: usize = 6 << 10;
const GAP: usize = 64;

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    match text.bytes.get(anchor.clone()).unwrap_or_default() {
        literal if literal.starts_with(b"\"auths") => entries(text, anchor),
        literal if literal.starts_with(b"\"auth") => auth(text, anchor).into_iter().collect(),
        _ => token(text, anchor).into_iter().collect(),
    }
}

/// `auth`: base64 of user and password.
fn auth(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let span = value(text, &anchor)?;
    let raw = text.bytes.get(span.clone())?;
    if raw.len() < 8 {
        return None;
    }
    let decoded = decode::base64(raw)?;
    let decoded = decoded.get(..decoded.len() - decoded.iter().rev().take_while(|byte| **byte == 0).count())?;
    let (user, secret) = credential::pair(decoded)?;
    credential::password(span, secret, Some(user), Some(host(text, anchor.start)?))
}

/// `identitytoken` and `registrytoken`.
fn token(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let span = value(text, &anchor)?;
    let found = credential::token(span.clone(), text.bytes.get(span)?, None)?;
    Some(Found { host: Some(host(text, anchor.start)?), ..found })
}

/// The text behind a key, whatever quotes stand around both.
fn value(text: &Text<'_>, anchor: &Range<usize>) -> Option<Range<usize>> {
    let rest = text.bytes.get(anchor.end..)?;
    let is_gap = |byte: &&u8| byte.is_ascii_whitespace() || matches!(**byte, b'"' | b'\\' | b':');
    let gap = rest.iter().take(GAP).take_while(is_gap).count();
    if !rest.get(..gap)?.contains(&b':') {
        return None;
    }
    let is_value =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'+' | b'/' | b'-' | b'_' | b'=' | b'.' | b'~');
    let length = rest.get(gap..)?.iter().take(LONGEST).take_while(is_value).count();
    text.looks_at(&(anchor.start..anchor.end + gap + length + 1));
    let start = anchor.end + gap;
    let is_closed = matches!(rest.get(gap + length), None | Some(b'"' | b'\\' | b'\n' | b'\r' | b',' | b'}'));
    (length > 0 && is_closed).then_some(start..start + length)
}

/// The key of the object that is open at `at`, if it is a host.
fn host(text: &Text<'_>, at: usize) -> Option<BoundHost> {
    let head = text.bytes.get(at.saturating_sub(ABOVE)..at)?;
    let mut depth = 0usize;
    let open = memchr::memrchr2_iter(b'{', b'}', head).find(|place| match (head.get(*place), depth) {
        (Some(b'{'), 0) => true,
        (Some(b'{'), _) => {
            depth -= 1;
            false
        }
        _ => {
            depth += 1;
            false
        }
    });
    text.looks_at(&(at - head.len() + open.unwrap_or(0).saturating_sub(1)..at));
    let is_gap = |byte: &&u8| byte.is_ascii_whitespace() || matches!(**byte, b'"' | b'\\' | b':');
    let head = head.get(..open?)?;
    let gap = head.iter().rev().take(GAP).take_while(is_gap).count();
    let head = head.get(..head.len() - gap)?;
    let is_key = |byte: &&u8| !byte.is_ascii_whitespace() && !matches!(**byte, b'"' | b'{' | b',');
    let length = head.iter().rev().take_while(is_key).count();
    text.looks_at(&((at.saturating_sub(ABOVE) + head.len() - length).saturating_sub(1)..at));
    let key = unescaped(head.get(head.len() - length..)?);
    if is_address(&key) { address(&key) } else { None }
}

/// Hosts with `username` and `password` in clear and no `auth`.
fn entries(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let bytes = text.bytes;
    let Some(open) = opened(bytes, anchor.end) else { return Vec::new() };
    let objects = objects(bytes, open);
    text.looks_at(&(anchor.start..objects.end + 1));
    let found = objects.all.iter().filter_map(|entry| {
        let host = bytes.get(entry.key.clone()?).filter(|host| is_address(host)).and_then(address)?;
        if entry.text(bytes, &["auth"]).is_some_and(|auth| !auth.is_empty()) {
            return None;
        }
        let span = entry.value(bytes, &["password"])?;
        let user = entry.text(bytes, &["username"]).map(unescaped);
        credential::password(span.clone(), &unescaped(bytes.get(span)?), user.as_deref(), Some(host))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn configurations() {
        let anchors = ["\"auths\"", "\"auth\"", "\"auth\\\"", "identitytoken", "registrytoken"];
        table(
            parse,
            &anchors,
            &[
                ("{\"auths\": {\"r.invalid\": {\"auth\": \"{base64:mia:Kestrel-1}\"}}}", &["mia Kestrel-1 r.invalid/"]),
                (
                    "{\r\n\t\"auths\": {\r\n\t\t\"https://r.invalid/v1/\": {\r\n\t\t\t\"auth\": \"{base64:mia:Kestrel-1}\",\r\n\t\t\t\"email\": \"m@r.invalid\"\r\n",
                    &["mia Kestrel-1 r.invalid/v1/"],
                ),
                ("{\"r.invalid\":{\"email\":\"a\",\"auth\":\"{base64:mia:Kes:trel}\"}}", &["mia Kes:trel r.invalid/"]),
                (
                    r#"DOCKER_AUTH_CONFIG: "{\"auths\":{\"r.invalid:5000\":{\"auth\":\"{base64:mia:Kestrel-1}\"}}}""#,
                    &["mia Kestrel-1 r.invalid:5000/"],
                ),
                (
                    "{\"auths\": {\"r.invalid\": {\"username\": \"mia\", \"password\": \"Kestrel-1\"}, \"s.invalid\": {}}}",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                (
                    "{\"auths\": {\"r.invalid\": {\"username\": \"mia\", \"password\": \"Kestrel-1\", \"auth\": \"{base64:mia:Kestrel-1}\"}}}",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                (
                    "{\"auths\": {\"r.invalid\": {\"auth\": \"{base64:0000:}\", \"identitytoken\": \"{opaque}\"}}}",
                    &["- {opaque} r.invalid/"],
                ),
                ("{\"auths\": {\"r.invalid\": {}}, \"credsStore\": \"desktop\"}", &[]),
                ("{\"auths\": {\"r.invalid\": {\"auth\": \"${AUTH}\"}}}", &[]),
                ("{\"auths\": {\"r.invalid\": {\"auth\": \"{base64:user:password}\"}}}", &[]),
                ("{\"auths\": {\"r.invalid\": {\"auth\": \"{base64:username:${PASSWORD}}\"}}}", &[]),
                ("{\"http\": {\"auth\": \"{base64:mia:Kestrel-1}\"}}", &[]),
                ("the \"auth\" of x", &[]),
            ],
        );
    }
}
