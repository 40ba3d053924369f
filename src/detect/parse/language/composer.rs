//! Composer's `auth.json`, `COMPOSER_AUTH` and `config` in `composer.json`: tables of hosts, one for each kind of credential, headers
//! among them; and the `composer config` that writes them.

use std::ops::Range;

use super::form::command::words;
use super::form::json::{objects, opened, unescaped};
use super::host::{address, is_address};
use super::{Client, Found, Text, credential, repository};
use crate::detect::decode;
use crate::model::BoundHost;

/// `http-basic`: user and password for each host; and the address of a repository.
pub(super) fn passwords(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let bytes = text.bytes;
    if bytes.get(anchor.clone()).is_some_and(|literal| literal.ends_with(b"://")) {
        return repository::password(text, &anchor, Client::Composer).into_iter().collect();
    }
    if let Some(plain) = command(text, &anchor) {
        let read = || {
            let [key, user, secret] = plain.try_into().ok()?;
            let host = host(bytes, &key)?;
            credential::password(secret.clone(), bytes.get(secret)?, bytes.get(user), Some(host))
        };
        return read().into_iter().collect();
    }
    let Some(open) = opened(bytes, anchor.end) else { return Vec::new() };
    let objects = objects(bytes, open);
    text.looks_at(&(anchor.start..objects.end + 1));
    let found = objects.all.iter().filter_map(|entry| {
        let host = host(bytes, entry.key.as_ref()?)?;
        let span = entry.value(bytes, &["password"])?;
        let user = entry.text(bytes, &["username"]).map(unescaped);
        credential::password(span.clone(), &unescaped(bytes.get(span)?), user.as_deref(), Some(host))
    });
    found.collect()
}

/// Tokens for each host, as a string or in an object.
pub(super) fn tokens(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let bytes = text.bytes;
    if bytes.get(anchor.clone()) == Some(b"custom-headers") {
        return headers(text, &anchor);
    }
    if let Some(plain) = command(text, &anchor) {
        let read = || {
            let host = host(bytes, plain.first()?)?;
            let secret = plain.last().filter(|_| plain.len() > 1)?.clone();
            credential::token(secret.clone(), bytes.get(secret)?, Some(host))
        };
        return read().into_iter().collect();
    }
    let Some(open) = opened(bytes, anchor.end) else { return Vec::new() };
    let objects = objects(bytes, open);
    text.looks_at(&(anchor.start..objects.end + 1));
    let mut found = Vec::new();
    for entry in &objects.all {
        if let Some(host) = entry.key.as_ref().and_then(|key| host(bytes, key)) {
            let secrets = ["token", "consumer-secret"].iter().filter_map(|name| entry.value(bytes, &[*name]));
            found.extend(
                secrets.filter_map(|span| credential::token(span.clone(), bytes.get(span)?, Some(host.clone()))),
            );
        } else {
            let strings = entry.strings.iter().filter_map(|(key, span)| {
                credential::token(span.clone(), bytes.get(span.clone())?, Some(host(bytes, key)?))
            });
            found.extend(strings);
        }
    }
    found
}

/// `custom-headers`: a list of `NAME: VALUE` for each host.
fn headers(text: &Text<'_>, anchor: &Range<usize>) -> Vec<Found> {
    let bytes = text.bytes;
    if let Some(plain) = command(text, anchor) {
        let Some((name, values)) = plain.split_first() else { return Vec::new() };
        let host = host(bytes, name);
        return values.iter().filter_map(|span| header(bytes, span, host.clone()?)).collect();
    }
    let Some(open) = opened(bytes, anchor.end) else { return Vec::new() };
    let objects = objects(bytes, open);
    text.looks_at(&(anchor.start..objects.end + 1));
    let strings = objects.all.first().map(|hosts| hosts.strings.as_slice()).unwrap_or_default();
    strings.iter().filter_map(|(key, span)| header(bytes, span, host(bytes, key)?)).collect()
}

/// A header that shows who asks.
fn header(bytes: &[u8], span: &Range<usize>, host: BoundHost) -> Option<Found> {
    const NAMES: [&[u8]; 4] = [b"auth", b"token", b"key", b"secret"];
    const SCHEMES: [&[u8]; 3] = [b"bearer ", b"token ", b"basic "];
    let raw = bytes.get(span.clone())?;
    let colon = memchr::memchr(b':', raw)?;
    let name = raw.get(..colon)?.to_ascii_lowercase();
    if !NAMES.iter().any(|word| memchr::memmem::find(&name, word).is_some()) {
        return None;
    }
    let blanks = raw.get(colon + 1..)?.iter().take_while(|byte| **byte == b' ').count();
    let value = raw.get(colon + 1 + blanks..)?;
    let begins = |scheme: &&&[u8]| value.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
    let scheme = SCHEMES.iter().find(begins).copied().unwrap_or_default();
    let secret = unescaped(value.get(scheme.len()..)?);
    let span = span.start + colon + 1 + blanks + scheme.len()..span.end;
    if scheme == b"basic " {
        let decoded = decode::base64(&secret)?;
        let (user, secret) = credential::pair(&decoded)?;
        return credential::password(span, secret, Some(user), Some(host));
    }
    credential::token(span, &secret, Some(host))
}

fn host(bytes: &[u8], key: &Range<usize>) -> Option<BoundHost> {
    let key = unescaped(bytes.get(key.clone())?);
    if is_address(&key) { address(&key) } else { None }
}

/// `composer config [options] KIND.HOST VALUES`: the host and the values.
fn command(text: &Text<'_>, anchor: &Range<usize>) -> Option<Vec<Range<usize>>> {
    let bytes = text.bytes;
    let head = bytes.get(anchor.start.saturating_sub(96)..anchor.start)?;
    let line = head.rsplit(|byte| *byte == b'\n').next()?;
    if bytes.get(anchor.end) != Some(&b'.') || memchr::memmem::find(line, b"composer").is_none() {
        return None;
    }
    let words = words(bytes, anchor.end + 1);
    text.looks_at(&(anchor.start..words.end + 1));
    Some(words.plain(&["--global", "-g", "--auth", "-a"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn basic() {
        table(
            passwords,
            &["http-basic"],
            &[
                (
                    "{\"http-basic\": {\"r.invalid\": {\"username\": \"mia\", \"password\": \"Kestrel\\/1\"}}}",
                    &["mia Kestrel/1 r.invalid/"],
                ),
                (
                    "{\r\n\"http-basic\" : {\r\n\"r.invalid:8080\": {\r\n\"password\": \"Heron-22\",\r\n\"username\": \"mia\"\r\n},\r\n\"s.invalid\": {\"username\":\"u\",\"password\":\"Heron-33\"",
                    &["mia Heron-22 r.invalid:8080/", "u Heron-33 s.invalid/"],
                ),
                ("composer config --global http-basic.r.invalid mia Kestrel-1\n", &["mia Kestrel-1 r.invalid/"]),
                ("composer config http-basic.r.invalid mia $PASSWORD\n", &[]),
                ("{\"http-basic\": {\"r.invalid\": {\"username\": \"%U%\", \"password\": \"%P%\"}}}", &[]),
                ("{\"http-basic\": {\"r.invalid\": {\"username\": \"user\", \"password\": \"password\"}}}", &[]),
                ("[http-basic.corp]\npassword = \"Kestrel-1\"", &[]),
                ("{\"http-basic\": {}}, {\"r.invalid\": {\"username\": \"mia\", \"password\": \"Kestrel-1\"}}", &[]),
            ],
        );
    }

    #[test]
    fn headers_of_hosts() {
        table(
            tokens,
            &["custom-headers"],
            &[
                (
                    "{\"custom-headers\": {\"r.invalid\": [\"X-Trace: 1\", \"API-TOKEN: {opaque}\", \"Authorization: Bearer {hex40}\"], \"s.invalid\": [\"x-api-key: {hex32}\"]}}",
                    &["- {opaque} r.invalid/", "- {hex40} r.invalid/", "- {hex32} s.invalid/"],
                ),
                (
                    "{\"custom-headers\": {\"r.invalid\": [\"authorization: basic {base64:mia:Kestrel-1}\"]}}",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                (
                    "composer config --auth custom-headers.r.invalid \"API-TOKEN: {opaque}\"\n",
                    &["- {opaque} r.invalid/"],
                ),
                (
                    "{\"custom-headers\": {\"r.invalid\": [\"API-TOKEN: ${TOKEN}\", \"API-TOKEN: YOUR-API-TOKEN\"]}}",
                    &[],
                ),
                ("{\"custom-headers\": {\"r.invalid\": [\"X-Trace: {hex40}\", \"API-TOKEN\"]}}", &[]),
                ("{\"custom-headers\": [\"API-TOKEN: {opaque}\"]}", &[]),
            ],
        );
    }

    #[test]
    fn tokens_of_hosts() {
        let anchors =
            ["github-oauth", "gitlab-token", "gitlab-oauth", "bitbucket-oauth", "forgejo-token", "\"bearer\""];
        table(
            tokens,
            &anchors,
            &[
                ("{\"github-oauth\": {\"r.invalid\": \"{hex40}\"}}", &["- {hex40} r.invalid/"]),
                (
                    "{\"gitlab-token\": {\"r.invalid\": {\"username\": \"mia\", \"token\": \"{opaque}\"}}}",
                    &["- {opaque} r.invalid/"],
                ),
                ("{\"bearer\": {\"r.invalid\": \"{opaque}\"}}", &["- {opaque} r.invalid/"]),
                (
                    "{\"bitbucket-oauth\": {\"r.invalid\": {\"consumer-key\": \"k\", \"consumer-secret\": \"{opaque}\"}}}",
                    &["- {opaque} r.invalid/"],
                ),
                ("composer config -g github-oauth.r.invalid {hex40}", &["- {hex40} r.invalid/"]),
                ("{\"github-oauth\": {\"r.invalid\": \"${TOKEN}\"}}", &[]),
                ("{\"github-oauth\": {\"r.invalid\": \"your-token\"}}", &[]),
                ("{\"github-oauth\": \"{hex40}\"}", &[]),
            ],
        );
    }
}
