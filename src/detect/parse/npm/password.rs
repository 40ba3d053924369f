//! Account passwords: `_auth`, `_password`, yarn's `npmAuthIdent`, bun's `password`, and URLs with a password in them.

use std::ops::Range;

use super::form::command::words;
use super::key::{Key, MARGIN, begins_line, is_margin, key};
use super::value::{Lines, Link, Opening, neighbour, opening};
use super::{Found, Text, bunfig, credential, host, url, yarn};
use crate::detect::decode;
use crate::detect::placeholder::{is_placeholder, is_placeholder_pair, is_reference};
use crate::model::BoundHost;

/// How far the lines below `registries:` are followed.
const LONGEST_BLOCK: usize = 4 << 10;
/// Anything decodes to a few characters that could be a password.
const SHORTEST: usize = 4;

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let found = match text.bytes.get(anchor.clone()).unwrap_or_default() {
        [b'[', ..] => return bun_fields(text, anchor.start),
        b"npm-cli-login" => login(text, &anchor),
        b"registries:" => return pnpm_registries(text, anchor),
        b"https://" | b"http://" => url::password(text, anchor),
        literal if literal.ends_with(b"AuthIdent") || literal.ends_with(b"AUTH_IDENT") => yarn_field(text, anchor),
        literal if literal.eq_ignore_ascii_case(b"_auth") => auth_field(text, anchor),
        literal if literal.eq_ignore_ascii_case(b"_password") => password_field(text, anchor),
        _ => None,
    };
    found.into_iter().collect()
}

/// `_auth`: base64 of user and password.
fn auth_field(text: &Text<'_>, name: Range<usize>) -> Option<Found> {
    let (span, value) = text.token(value(text.bytes, name.end)?)?;
    let (user, secret) = pair(&decode::base64(&value)?)?;
    let key = field_key(text.bytes, &name)?;
    Some(Found { user, host: host(text, key, name.start), ..Found::new(span, secret) })
}

/// `_password`: base64 of the password alone, except inside a URL as bun takes it.
fn password_field(text: &Text<'_>, name: Range<usize>) -> Option<Found> {
    if let Some(found) = url_settings(text, &name) {
        return Some(found);
    }
    let key = field_key(text.bytes, &name)?;
    if key == Key::Unscoped && !begins_setting(text.bytes, name.start) {
        return None;
    }
    let opening = value(text.bytes, name.end)?;
    let (span, value) = text.token(opening)?;
    let is_whole = key != Key::Unscoped || value.len().is_multiple_of(4);
    let decoded = decode::base64(&value).map(without_line_end).filter(|decoded| is_whole && is_printable(decoded));
    let is_clear = opening.link == Link::Assigned && value.len() >= SHORTEST && !is_placeholder(&value);
    let secret = match (decoded, &key) {
        (Some(decoded), _) if decoded.len() >= SHORTEST => decoded,
        // Not what npm reads, but somebody's password all the same.
        (None, Key::Scoped(Some(_))) if is_clear => value,
        _ => return None,
    };
    text.looks_far();
    let user = text.siblings().user(&key, name.start);
    if is_placeholder_pair(user.as_deref().unwrap_or_default().as_bytes(), &secret) {
        return None;
    }
    Some(Found { user, host: host(text, key, name.start), ..Found::new(span, secret) })
}

/// Whether the hit is the name of a password, but only as the beginning or the end of a longer word.
pub(in crate::detect::parse) fn is_part_of_word(bytes: &[u8], hit: &Range<usize>) -> bool {
    let is_name = |literal: &[u8]| literal.eq_ignore_ascii_case(b"_auth") || literal.eq_ignore_ascii_case(b"_password");
    if !bytes.get(hit.clone()).is_some_and(is_name) {
        return false;
    }
    let begins = bytes.get(hit.end).is_none_or(|next| goes_on(*next));
    // A letter after a backslash may be a line break.
    let ends = match bytes.get(..hit.start) {
        Some([.., b'\\', _]) | None => false,
        Some(head) => head.last().is_some_and(u8::is_ascii_alphanumeric),
    };
    begins || ends
}

/// The key of a name that is not only the beginning or the end of a longer one.
fn field_key(bytes: &[u8], name: &Range<usize>) -> Option<Key> {
    let next = bytes.get(name.end)?;
    if goes_on(*next) {
        return None;
    }
    key(bytes, name.start).filter(|key| *key != Key::Query)
}

/// Whether a name goes on with this byte, and is another one.
fn goes_on(next: u8) -> bool {
    next.is_ascii_alphanumeric() || matches!(next, b'_' | b'-' | b'.' | b'(')
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
    const LONGEST: usize = 512;
    let start = name.start.saturating_sub(LONGEST);
    let before = text.bytes.get(start..name.start)?.strip_suffix(b":")?;
    text.looks_at(&(start..name.end));
    let at = memchr::memmem::rfind(before, USER)?;
    let user = before.get(at + USER.len()..)?;
    if !user.iter().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'/')) {
        return None;
    }
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
    Some(Found { user, host: Some(host), ..Found::new(span, value) })
}

/// The value of a field: behind its name, or given on its own. The next of a list is none: lists of names are common.
fn value(bytes: &[u8], name_end: usize) -> Option<Opening> {
    let near = opening(bytes, name_end, Lines::AfterColon);
    neighbour(bytes, name_end, near).or(near).filter(|value| value.link != Link::List)
}

/// `npmAuthIdent`: user and password, in clear or in base64.
fn yarn_field(text: &Text<'_>, name: Range<usize>) -> Option<Found> {
    let value = value(text.bytes, name.end)?;
    let value = text.in_braces(value);
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
    Some(Found { user, host, ..Found::new(span, secret) })
}

/// `npm-cli-login -u USER -p PASSWORD -e MAIL -r REGISTRY`, a program that answers what `npm login` asks.
fn login(text: &Text<'_>, anchor: &Range<usize>) -> Option<Found> {
    let words = words(text.bytes, anchor.end);
    text.looks_at(&(anchor.start..words.end + 1));
    let span = words.option(&["-p"])?;
    let user = words.option(&["-u"]).and_then(|user| text.bytes.get(user));
    let host = words.option(&["-r"]).and_then(|url| host::address(text.bytes.get(url)?));
    credential::password(span.clone(), text.bytes.get(span)?, user, host)
}

/// Bun's `password = "…"`, in clear, and URLs with a password, whatever the key.
fn bun_fields(text: &Text<'_>, header: usize) -> Vec<Found> {
    let Some(section) = bunfig::section(text.bytes, header) else { return Vec::new() };
    text.looks_far();
    let fields = bunfig::fields(text.bytes, &section, b"password");
    let clear = fields.filter_map(|(name, value)| bun_field(text, bunfig::table(text.bytes, &section, name), value));
    // Strings only: pip's file has a table of the same name.
    clear.chain(url::passwords(text, section.clone(), bunfig::is_string)).collect()
}

fn bun_field(text: &Text<'_>, table: bunfig::Table, value: Opening) -> Option<Found> {
    let span = text.clear(value)?;
    let secret = text.bytes.get(span.clone())?.to_vec();
    if is_reference(&secret) || is_placeholder_pair(table.user.as_deref().unwrap_or_default().as_bytes(), &secret) {
        return None;
    }
    Some(Found { user: table.user, host: table.host, ..Found::new(span, secret) })
}

/// pnpm's `registries:` and the indented lines below it.
fn pnpm_registries(text: &Text<'_>, name: Range<usize>) -> Vec<Found> {
    let rest = text.bytes.get(name.end..).unwrap_or_default();
    let rest = rest.get(..LONGEST_BLOCK).unwrap_or(rest);
    let head = text.bytes.get(..name.start).unwrap_or_default();
    if !begins_line(text.bytes, name.start) {
        return Vec::new();
    }
    text.looks_far();
    // The byte order mark is no part of the margin's width.
    let margin = head.iter().rev().take(MARGIN).take_while(|byte| is_margin(**byte));
    let depth = margin.filter(|byte| byte.is_ascii()).count();
    let is_outside = |at: &usize| {
        let line = rest.get(at + 1..).unwrap_or_default();
        !matches!(line.first(), Some(b'\r' | b'\n'))
            && line.iter().take(MARGIN).take_while(|byte| is_margin(**byte)).count() <= depth
    };
    let end = memchr::memchr_iter(b'\n', rest).find(is_outside).unwrap_or(rest.len());
    url::passwords(text, name.end..name.end + end, |_, _| true)
}

/// Splits `user:password`; `None` where it is neither text nor somebody's.
fn pair(decoded: &[u8]) -> Option<(Option<String>, Vec<u8>)> {
    let decoded = decoded.strip_suffix(b"\n").unwrap_or(decoded);
    let colon = memchr::memchr(b':', decoded).filter(|_| is_printable(decoded))?;
    let (user, password) = (decoded.get(..colon)?, decoded.get(colon + 1..)?);
    if password.is_empty() || !is_user(user) || is_placeholder_pair(user, password) {
        return None;
    }
    let user = std::str::from_utf8(user).ok().filter(|user| !user.is_empty()).map(str::to_owned);
    Some((user, password.to_vec()))
}

/// `echo password | base64` encodes the line feed with it.
fn without_line_end(mut text: Vec<u8>) -> Vec<u8> {
    if text.last() == Some(&b'\n') {
        text.pop();
    }
    text
}

/// Names and mail addresses; the brackets and operators of a program are in neither.
fn is_user(name: &[u8]) -> bool {
    name.iter().all(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"-_.~@+$!#%/\\ ".contains(byte))
}

fn is_printable(text: &[u8]) -> bool {
    !text.is_empty() && std::str::from_utf8(text).is_ok_and(|text| !text.chars().any(char::is_control))
}
