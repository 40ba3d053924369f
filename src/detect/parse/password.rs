//! Account passwords: `_auth`, `_password`, yarn's `npmAuthIdent`, bun's `password`, and URLs with a password in them.

use std::ops::Range;

use super::key::{Key, begins_line};
use super::value::{Lines, Link, Opening, opening};
use super::{Found, Offline, Text, bunfig, host, url, yarn};
use crate::detect::decode;
use crate::detect::placeholder::{is_placeholder_pair, is_reference};
use crate::detect::search::NEAR;
use crate::model::BoundHost;

/// Anything decodes to a few characters that could be a password.
const SHORTEST: usize = 4;

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    match text.bytes.get(anchor.clone())? {
        b"https://" | b"http://" => url::password(text, anchor),
        [b'p', b'a', ..] => bun_field(text, anchor),
        literal if literal.ends_with(b"AuthIdent") || literal.ends_with(b"AUTH_IDENT") => yarn_field(text, anchor),
        literal if literal.eq_ignore_ascii_case(b"_auth") => auth_field(text, anchor),
        literal if literal.eq_ignore_ascii_case(b"_password") => password_field(text, anchor),
        _ => None,
    }
}

/// `_auth`: base64 of user and password.
fn auth_field(text: &Text<'_>, name: Range<usize>) -> Option<Found> {
    let key = field_key(text, &name)?;
    let value = opening(text.bytes, name.end, Lines::AfterColon).filter(|opening| opening.link != Link::List)?;
    let (span, value) = text.token(value)?;
    let (user, secret) = pair(&decode::base64(&value)?)?;
    Some(Found { span, secret, user, host: host(text, key, name.start), evidence: None, offline: Offline::new() })
}

/// `_password`: base64 of the password alone, except inside a URL as bun takes it.
fn password_field(text: &Text<'_>, name: Range<usize>) -> Option<Found> {
    if let Some(found) = url_settings(text, &name) {
        return Some(found);
    }
    let key = field_key(text, &name)?;
    if key == Key::Unscoped && !begins_setting(text.bytes, name.start) {
        return None;
    }
    let opening = opening(text.bytes, name.end, Lines::AfterColon).filter(|opening| opening.link != Link::List)?;
    let (span, value) = text.token(opening)?;
    let is_whole = key != Key::Unscoped || value.len().is_multiple_of(4);
    let decoded = decode::base64(&value).filter(|decoded| is_whole && is_printable(decoded));
    let secret = match (decoded, &key) {
        (Some(decoded), _) if decoded.len() >= SHORTEST => decoded,
        // Not what npm reads, but somebody's password all the same.
        (None, Key::Scoped(Some(_))) if opening.link == Link::Assigned && value.len() >= SHORTEST => value,
        _ => return None,
    };
    text.looks_far();
    let user = text.siblings().user(&key, name.start);
    if is_placeholder_pair(user.as_deref().unwrap_or_default().as_bytes(), &secret) {
        return None;
    }
    Some(Found { span, secret, user, host: host(text, key, name.start), evidence: None, offline: Offline::new() })
}

/// The key of a name that is not only the beginning or the end of a longer one.
fn field_key(text: &Text<'_>, name: &Range<usize>) -> Option<Key> {
    let next = text.bytes.get(name.end)?;
    if next.is_ascii_alphanumeric() || matches!(next, b'_' | b'-' | b'.' | b'(') {
        return None;
    }
    text.key(name.start).filter(|key| *key != Key::Query)
}

/// `_password` alone is a name that much code has; an ini file or an environment has it at the beginning of a line.
fn begins_setting(bytes: &[u8], name: usize) -> bool {
    begins_line(bytes, name) || bytes.get(..name).is_some_and(|head| matches!(head, [.., b'_'] | [.., b'\\', b'n']))
}

fn host(text: &Text<'_>, key: Key, at: usize) -> Option<BoundHost> {
    match key {
        Key::Scoped(host) => host,
        Key::Unscoped | Key::Query => text.siblings().registry(at),
    }
}

/// Bun's `https://host/:username=USER:_password=PASSWORD`.
fn url_settings(text: &Text<'_>, name: &Range<usize>) -> Option<Found> {
    const USER: &[u8] = b"/:username=";
    let before = text.bytes.get(name.start.saturating_sub(512)..name.start)?.strip_suffix(b":")?;
    let may_be_user = |byte: &&u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'/');
    let length = before.iter().rev().take_while(may_be_user).count();
    text.looks_at(&(name.start.saturating_sub(length + 2)..name.start), NEAR);
    let at = before.len().checked_sub(length + 1)?;
    let user = before.get(at..)?.strip_prefix(USER)?;
    text.looks_far();
    let place = before.get(..at)?;
    let (scheme, start) = [(host::Scheme::Https, "https://"), (host::Scheme::Http, "http://")]
        .into_iter()
        .find_map(|(scheme, prefix)| Some((scheme, memchr::memmem::rfind(place, prefix.as_bytes())? + prefix.len())))?;
    let host = host::bound(place.get(start..)?, scheme)?;
    let (span, value) = text.token(opening(text.bytes, name.end, Lines::AfterColon)?)?;
    if is_reference(user) || is_placeholder_pair(user, &value) {
        return None;
    }
    let user = Some(String::from_utf8_lossy(user).into_owned());
    Some(Found { span, secret: value, user, host: Some(host), evidence: None, offline: Offline::new() })
}

/// `npmAuthIdent`: user and password, in clear or in base64.
fn yarn_field(text: &Text<'_>, name: Range<usize>) -> Option<Found> {
    let value = opening(text.bytes, name.end, Lines::AfterColon)?;
    let value = text.fallback(value);
    let span = text.clear(value)?;
    let raw = text.bytes.get(span.clone())?;
    if is_reference(raw) {
        return None;
    }
    let (span, (user, secret)) = match memchr::memchr(b':', raw) {
        Some(colon) => (span.start + colon + 1..span.end, pair(raw)?),
        None => (span, pair(&decode::base64(raw)?)?),
    };
    let host = yarn::host(text.bytes, name.start);
    Some(Found { span, secret, user, host, evidence: None, offline: Offline::new() })
}

/// Bun's `password = "…"`, in clear.
fn bun_field(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let quote = text.bytes.get(anchor.end.checked_sub(1)?).copied();
    let span = text.clear(Opening::at(anchor.end, quote))?;
    let secret = text.bytes.get(span.clone())?.to_vec();
    if is_reference(&secret) {
        return None;
    }
    text.looks_far();
    let table = bunfig::table(text.bytes, anchor.start)?;
    if is_placeholder_pair(table.user.as_deref().unwrap_or_default().as_bytes(), &secret) {
        return None;
    }
    Some(Found { span, secret, user: table.user, host: table.host, evidence: None, offline: Offline::new() })
}

/// Splits `user:password`; `None` where it is neither text nor somebody's.
fn pair(decoded: &[u8]) -> Option<(Option<String>, Vec<u8>)> {
    let colon = memchr::memchr(b':', decoded).filter(|_| is_printable(decoded))?;
    let (user, password) = (decoded.get(..colon)?, decoded.get(colon + 1..)?);
    if password.is_empty() || is_placeholder_pair(user, password) {
        return None;
    }
    let user = std::str::from_utf8(user).ok().filter(|user| !user.is_empty()).map(str::to_owned);
    Some((user, password.to_vec()))
}

fn is_printable(text: &[u8]) -> bool {
    !text.is_empty() && std::str::from_utf8(text).is_ok_and(|text| !text.chars().any(char::is_control))
}
