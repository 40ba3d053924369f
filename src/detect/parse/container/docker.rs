//! `config.json`, `.dockercfg` and `auth.json` of docker, podman, skopeo and helm: a host, and below it `auth`, a token, or user and password.
//!
//! Read from the field outwards, so that a fragment, the old form without `auths`, and a whole file with escaped quotes are all the same.

use std::ops::Range;

use super::form::json::{Object, objects, opened, unescaped};
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
    let floor = at.saturating_sub(ABOVE);
    let open = enclosing(text.bytes, at);
    text.looks_at(&(open.unwrap_or(floor).saturating_sub(1)..at));
    let is_gap = |byte: &&u8| byte.is_ascii_whitespace() || matches!(**byte, b'"' | b'\\' | b':');
    let head = text.bytes.get(floor..open?)?;
    let gap = head.iter().rev().take(GAP).take_while(is_gap).count();
    let head = head.get(..head.len() - gap)?;
    let is_key = |byte: &&u8| !byte.is_ascii_whitespace() && !matches!(**byte, b'"' | b'{' | b',');
    let length = head.iter().rev().take_while(is_key).count();
    text.looks_at(&((floor + head.len() - length).saturating_sub(1)..at));
    let key = unescaped(head.get(head.len() - length..)?);
    if is_address(&key) { address(&key) } else { None }
}

/// The brace of the object that is open at `at`.
fn enclosing(bytes: &[u8], at: usize) -> Option<usize> {
    let floor = at.saturating_sub(ABOVE);
    let head = bytes.get(floor..at)?;
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
    })?;
    Some(floor + open)
}

/// A host of the old form, whose file holds nothing but hosts, and no `auth`.
pub(in crate::detect::parse) fn old(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let read = || {
        let bytes = text.bytes;
        let host = host(text, anchor.start)?;
        let open = enclosing(bytes, anchor.start)?;
        let outer = enclosing(bytes, open)?;
        text.looks_at(&(outer.saturating_sub(GAP)..anchor.end));
        // Below a key it is another file's.
        let before = bytes.get(outer.saturating_sub(GAP)..outer)?;
        if before.trim_ascii_end().ends_with(b":") {
            return None;
        }
        let objects = objects(bytes.get(..bytes.len().min(open + ABOVE))?, open);
        text.looks_at(&(anchor.start..objects.end + 1));
        let found = entry(bytes, objects.all.first()?, host)?;
        // What has spaces is said to people, in the texts of a program.
        (!found.secret.contains(&b' ')).then_some(found)
    };
    read().into_iter().collect()
}

/// The hosts below a key.
fn entries(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let Some(open) = opened(text.bytes, anchor.end) else { return Vec::new() };
    text.looks_at(&(anchor.start..open + 1));
    hosts(text, open)
}

/// The hosts of the object whose brace stands here.
pub(super) fn hosts(text: &Text<'_>, open: usize) -> Vec<Found> {
    let bytes = text.bytes;
    let objects = objects(bytes, open);
    text.looks_at(&(open..objects.end + 1));
    let host = |key: Range<usize>| bytes.get(key).filter(|host| is_address(host)).and_then(address);
    objects.all.iter().filter_map(|object| entry(bytes, object, host(object.key.clone()?)?)).collect()
}

/// `username` and `password` in clear, and no `auth`.
fn entry(bytes: &[u8], object: &Object, host: BoundHost) -> Option<Found> {
    if object.text(bytes, &["auth"]).is_some_and(|auth| !auth.is_empty()) {
        return None;
    }
    let span = object.value(bytes, &["password"])?;
    let user = object.text(bytes, &["username"]).map(unescaped);
    credential::password(span.clone(), &unescaped(bytes.get(span)?), user.as_deref(), Some(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn the_old_form() {
        table(
            old,
            &["\"password\""],
            &[
                (
                    "{\"r.invalid\":{\"username\":\"mia\",\"password\":\"Kestrel-1\",\"email\":\"m@r.invalid\"}}",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                (
                    "echo '{\n  \"https://r.invalid/v1/\": {\n    \"password\": \"Kestrel-1\",\n    \"username\": \"mia\"\n  }\n}' > ~/.dockercfg",
                    &["mia Kestrel-1 r.invalid/v1/"],
                ),
                ("{\"r.invalid\":{\"auth\":\"{base64:mia:Kestrel-1}\",\"password\":\"Kestrel-1\"}}", &[]),
                ("{\"http-basic\": {\"r.invalid\":{\"username\":\"mia\",\"password\":\"Kestrel-1\"}}}", &[]),
                ("{\"database\":{\"username\":\"mia\",\"password\":\"Kestrel-1\"}}", &[]),
                ("{\"username\":\"mia\",\"password\":\"Kestrel-1\"}", &[]),
                ("{\"r.invalid\":{\"username\":\"mia\",\"password\":\"${PASSWORD}\"}}", &[]),
                ("{\"r.invalid\":{\"username\":\"Name\",\"password\":\"Forgot it?\"}}", &[]),
            ],
        );
    }

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
