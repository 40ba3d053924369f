//! `~/.gem/credentials`: `:rubygems_api_key: …`, further named keys, and `https://host: …`, some with the scheme of the header.

use std::ops::Range;

use super::form::lines::{Table, deployment};
use super::host::address;
use super::{Found, Text, credential};
use crate::detect::decode;

/// How far the lines around the first key are followed.
const REACH: usize = 512;

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let bytes = text.bytes;
    if bytes.get(anchor.clone()) == Some(b"provider: rubygems") {
        let settings = deployment(bytes, anchor.end);
        text.looks_at(&(anchor.start..settings.body.end + 1));
        let read = || key(bytes, b":api_key", settings.value(&["api_key", "api-key"])?);
        return read().into_iter().collect();
    }
    if bytes.get(anchor.start.wrapping_sub(1)) != Some(&b':') || bytes.get(anchor.end) != Some(&b':') {
        return Vec::new();
    }
    let floor = anchor.start.saturating_sub(REACH);
    let above = bytes.get(floor..anchor.start).unwrap_or_default();
    let start = memchr::memmem::rfind(above, b"\n\n").map_or(floor, |at| floor + at + 2);
    let end = bytes.len().min(anchor.end.saturating_add(REACH));
    let below = bytes.get(anchor.end..end).unwrap_or_default();
    let end = memchr::memmem::find(below, b"\n\n").map_or(end, |at| anchor.end + at);
    text.looks_at(&(start.saturating_sub(1)..end + 1));
    let lines = Table::new(bytes, start..end);
    lines.settings().filter_map(|(name, span)| key(bytes, name, span)).collect()
}

fn key(bytes: &[u8], name: &[u8], span: Range<usize>) -> Option<Found> {
    let host = if name.starts_with(b"http") { Some(address(name)?) } else { None };
    if host.is_none() && !name.starts_with(b":") {
        return None;
    }
    let raw = bytes.get(span.clone())?;
    if let Some(pair) = raw.strip_prefix(b"Basic ") {
        let decoded = decode::base64(pair)?;
        let (user, secret) = credential::pair(&decoded)?;
        return credential::password(span.start + b"Basic ".len()..span.end, secret, Some(user), host);
    }
    if let Some(token) = raw.strip_prefix(b"Bearer ") {
        return credential::token(span.start + b"Bearer ".len()..span.end, token, host);
    }
    let is_hex = |text: &[u8]| text.len() >= 32 && text.iter().all(u8::is_ascii_hexdigit);
    let is_key = is_hex(raw) || raw.strip_prefix(b"rubygems_").is_some_and(is_hex);
    if is_key || host.is_some() { credential::token(span, raw, host) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn keys() {
        table(
            parse,
            &["rubygems_api_key", "provider: rubygems"],
            &[
                ("deploy:\n  provider: rubygems\n  gem: a\n  api_key: {hex32}\n", &["- {hex32} -"]),
                ("deploy:\n  provider: rubygems\n  api_key:\n    secure: {opaque}\n", &[]),
                ("---\n:rubygems_api_key: {hex32}\n", &["- {hex32} -"]),
                ("---\r\n:rubygems_api_key: \"{hex32}\"\r\n", &["- {hex32} -"]),
                ("printf -- '---\n:rubygems_api_key: {hex32}\n' > ~/.gem/credentials", &["- {hex32} -"]),
                (
                    "---\nhttps://r.invalid: {opaque}\n:rubygems_api_key: {hex32}\n:ci: {hex40}\n",
                    &["- {opaque} r.invalid/", "- {hex32} -", "- {hex40} -"],
                ),
                (
                    "---\n:rubygems_api_key: ''\nhttps://r.invalid: Basic {base64:mia:Kestrel-1}\n:github: Bearer {opaque}\n",
                    &["mia Kestrel-1 r.invalid/", "- {opaque} -"],
                ),
                (":rubygems_api_key: ${RUBYGEMS_API_KEY}\n", &[]),
                (":rubygems_api_key: 00000000000000000000000000000000\n", &[]),
                ("config[:rubygems_api_key]\nx: {hex32}", &[]),
            ],
        );
    }
}
