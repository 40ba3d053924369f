//! Tokens in credential fields: `_authToken`, yarn's `npmAuthToken`, bun's `token`, variables that are such fields, URL queries.

use std::ops::Range;

use super::key::Key;
use super::token::{Issuer, judge, may_be_strict, strict};
use super::value::{Lines, Opening, opening};
use super::{Found, Text, bunfig, url, variable, yarn};
use crate::model::{BoundHost, Evidence};

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    match text.bytes.get(anchor.clone())? {
        b"npmAuthToken" => yarn_field(text, anchor),
        [b'?' | b'&', ..] => query(text, anchor.start + 1, anchor.end),
        [b't', b'o', ..] => bun_field(text, anchor),
        literal if literal.eq_ignore_ascii_case(b"_authToken") => field(text, anchor),
        _ => variable_field(text, anchor),
    }
}

fn field(text: &Text<'_>, name: Range<usize>) -> Option<Found> {
    let key = text.key(name.start)?;
    if key == Key::Query {
        return query(text, name.start, name.end);
    }
    let opening = opening(text.bytes, name.end, Lines::AfterColon)?;
    read(text, opening, None, || match key {
        Key::Scoped(host) => host,
        Key::Unscoped | Key::Query => text.siblings().registry(name.start),
    })
}

/// Reads and judges the value; the host is looked up only for what is a token.
fn read(
    text: &Text<'_>,
    opening: Opening,
    evidence: Option<Evidence>,
    host: impl FnOnce() -> Option<BoundHost>,
) -> Option<Found> {
    let (span, secret) = text.token(opening)?;
    judge(&secret, Issuer::Other)?;
    let host = host();
    let issuer = if host.as_ref().is_none_or(|host| text.is_public(host)) { Issuer::Public } else { Issuer::Other };
    let offline = judge(&secret, issuer)?;
    Some(Found { span, secret, user: None, host, evidence, offline })
}

fn yarn_field(text: &Text<'_>, name: Range<usize>) -> Option<Found> {
    let value = opening(text.bytes, name.end, Lines::AfterColon)?;
    let value = text.fallback(value);
    read(text, value, None, || yarn::host(text.bytes, name.start))
}

fn bun_field(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let value = Opening::at(anchor.end, text.bytes.get(anchor.end.checked_sub(1)?).copied());
    let (_, secret) = text.token(value)?;
    judge(&secret, Issuer::Other)?;
    text.looks_far();
    let table = bunfig::table(text.bytes, anchor.start)?;
    read(text, value, None, || table.host)
}

/// A variable that is a setting may hold any token; one that only has npm in its name, none but those of a shape of their own.
fn variable_field(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let variable = variable::at(text, anchor)?;
    if !variable.is_setting && !may_be_strict(text.bytes.get(variable.value.at..)?) {
        return None;
    }
    let (span, secret) = text.token(variable.value)?;
    let (evidence, offline) = match variable.is_setting {
        true => (None, judge(&secret, Issuer::Public)?),
        false => (Some(Evidence::Context), strict(&secret)?),
    };
    Some(Found { span, secret, user: None, host: None, evidence, offline })
}

/// `?token=` and `?_authToken=` in the URL of a registry.
fn query(text: &Text<'_>, name: usize, name_end: usize) -> Option<Found> {
    let value = opening(text.bytes, name_end, Lines::AfterColon).unwrap_or(Opening::at(name_end, None));
    let (_, secret) = text.token(value)?;
    judge(&secret, Issuer::Other)?;
    text.looks_far();
    let host = url::host_before(text.bytes, name)?;
    read(text, value, None, || Some(host))
}
