//! Tokens in credential fields: `_authToken`, yarn's `npmAuthToken`, bun's `token`, variables that are such fields, URL queries.

use std::ops::Range;

use super::key::{Key, key};
use super::token::{Issuer, judge, may_be_strict, strict};
use super::value::{Lines, Opening, neighbour, opening};
use super::{Found, Text, bunfig, pnpm, url, variable, yarn};
use crate::model::{BoundHost, Evidence};

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let found = match text.bytes.get(anchor.clone()).unwrap_or_default() {
        [b'[', ..] => return bun_fields(text, anchor.start),
        b"npmAuthToken" => yarn_field(text, anchor),
        b"authToken" => pnpm_field(text, anchor),
        [b'?' | b'&', ..] => query(text, anchor.start + 1, anchor.end),
        literal if literal.eq_ignore_ascii_case(b"_authToken") => field(text, anchor),
        _ => variable_field(text, anchor),
    };
    found.into_iter().collect()
}

fn field(text: &Text<'_>, name: Range<usize>) -> Option<Found> {
    let value = value(text, name.end)?;
    let (_, secret) = text.token(value)?;
    judge(&secret, Issuer::Other)?;
    let key = key(text.bytes, name.start)?;
    if key == Key::Query {
        return query(text, name.start, name.end);
    }
    read(text, value, None, || match key {
        Key::Scoped(host) => host,
        Key::Unscoped | Key::Query => text.siblings().registry(name.start),
    })
}

/// The value of a field: behind its name, in the braces of a variable, or given on its own.
fn value(text: &Text<'_>, name_end: usize) -> Option<Opening> {
    let bytes = text.bytes;
    let near = opening(bytes, name_end, Lines::AfterColon);
    let value = neighbour(bytes, name_end, near).or(near)?;
    Some(text.in_braces(value))
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
    read(text, value(text, name.end)?, None, || yarn::host(text.bytes, name.start))
}

/// Only below a scope of pnpm's `_auth`: everything else has an `authToken` too.
fn pnpm_field(text: &Text<'_>, name: Range<usize>) -> Option<Found> {
    let value = opening(text.bytes, name.end, Lines::AfterColon)?;
    let (_, secret) = text.token(value)?;
    judge(&secret, Issuer::Other)?;
    let host = pnpm::host(text, name.start)?;
    read(text, value, None, || Some(host))
}

fn bun_fields(text: &Text<'_>, header: usize) -> Vec<Found> {
    let Some(section) = bunfig::section(text.bytes, header) else { return Vec::new() };
    text.looks_far();
    let fields = bunfig::fields(text.bytes, &section, b"token");
    let found = fields.filter_map(|(name, value)| {
        let table = bunfig::table(text.bytes, &section, name);
        let mut found = read(text, value, None, || table.host)?;
        found.user = table.user;
        Some(found)
    });
    found.collect()
}

/// A variable that is a setting may hold any token; one that only has npm in its name, none but those of a shape of their own.
fn variable_field(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let name = anchor.start;
    let variable = variable::at(text, anchor)?;
    if !variable.is_setting && !may_be_strict(text.bytes.get(variable.value.at..)?) {
        return None;
    }
    let (span, secret) = text.token(variable.value)?;
    if variable.is_setting {
        return read(text, variable.value, None, || text.siblings().registry(name));
    }
    let offline = strict(&secret)?;
    let host = variable::host(text, name);
    Some(Found { span, secret, user: None, host, evidence: Some(Evidence::Context), offline })
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
