//! Tokens that npm has room for and nobody has seen: `npm_` or `npms_` and more characters than 36.
//!
//! npm's own log redactor takes 36 to 48 for a token. A text of 37 or more has no checksum that could be proven, so it must at
//! least stand alone and look random.

use std::ops::Range;

use super::{Found, Text, token};
use crate::detect::placeholder::is_machine_made;

pub(super) fn parse(text: &Text<'_>, prefix: Range<usize>) -> Vec<Found> {
    read(text, prefix).into_iter().collect()
}

fn read(text: &Text<'_>, prefix: Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let is_glued =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let body = bytes.get(prefix.end..)?.iter().take(64).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    if !(37..=48).contains(&body) {
        return None;
    }
    let span = prefix.start..prefix.end + body;
    let before = prefix.start.checked_sub(1).and_then(|at| bytes.get(at));
    if is_glued(before) || is_glued(bytes.get(span.end)) {
        return None;
    }
    let random = bytes.get(prefix.end..span.end)?;
    let has = |kind: fn(&u8) -> bool| random.iter().any(kind);
    if !has(u8::is_ascii_uppercase) || !has(u8::is_ascii_lowercase) || !is_machine_made(random) {
        return None;
    }
    let secret = bytes.get(span.clone())?.to_vec();
    Some(Found {
        span,
        secret,
        user: None,
        host: None,
        evidence: None,
        offline: token::format("unknown npm token shape"),
    })
}
