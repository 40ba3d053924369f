//! `credentials "host" { token = "…" }` of `.terraformrc`, and `{"credentials": {"host": {"token": "…"}}}` of `credentials.tfrc.json`.

use std::ops::Range;

use super::form::json::{objects, opened};
use super::form::lines::Table;
use super::host::{address, is_address};
use super::{Found, Text, credential};

/// How far a block is followed.
const BODY: usize = 512;
const LONGEST_HOST: usize = 128;

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    match text.bytes.get(anchor.clone()).unwrap_or_default() {
        b"credentials \"" => block(text, anchor).into_iter().collect(),
        _ => json(text, anchor),
    }
}

fn block(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let rest = bytes.get(anchor.end..bytes.len().min(anchor.end + BODY))?;
    let length = memchr::memchr(b'"', rest.get(..LONGEST_HOST).unwrap_or(rest))?;
    let host = rest.get(..length).filter(|host| is_address(host)).and_then(address)?;
    let gap = rest.get(length + 1..)?.iter().take(16).take_while(|byte| byte.is_ascii_whitespace()).count();
    let open = length + 1 + gap;
    if rest.get(open) != Some(&b'{') {
        return None;
    }
    let end = memchr::memchr(b'}', rest).unwrap_or(rest.len());
    text.looks_at(&(anchor.start..anchor.end + end + 1));
    let body = Table::new(bytes, anchor.end + open + 1..anchor.end + end);
    let span = body.value(&["token"])?;
    credential::token(span.clone(), bytes.get(span)?, Some(host))
}

fn json(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let bytes = text.bytes;
    let Some(open) = opened(bytes, anchor.end) else { return Vec::new() };
    let key = bytes.get(open + 1..bytes.len().min(open + LONGEST_HOST)).unwrap_or_default();
    text.looks_at(&(anchor.start..open + 1 + key.len()));
    let key = key.trim_ascii_start();
    let host = key.strip_prefix(b"\"").and_then(|key| key.get(..memchr::memchr(b'"', key)?));
    if !host.is_some_and(is_address) {
        return Vec::new();
    }
    let objects = objects(bytes, open);
    text.looks_at(&(anchor.start..objects.end + 1));
    let found = objects.all.iter().filter_map(|entry| {
        let host = bytes.get(entry.key.clone()?).filter(|host| is_address(host)).and_then(address)?;
        let span = entry.value(bytes, &["token"])?;
        credential::token(span.clone(), bytes.get(span)?, Some(host))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn hosts() {
        table(
            parse,
            &["credentials \"", "\"credentials\""],
            &[
                ("credentials \"r.invalid\" {\n  token = \"{opaque}\"\n}\n", &["- {opaque} r.invalid/"]),
                (
                    "credentials \"r.invalid\" {\r\n  # mine\r\n  token = \"{opaque}\"\r\n}\r\n",
                    &["- {opaque} r.invalid/"],
                ),
                ("credentials \"r.invalid\" { token = \"{opaque}\" }", &["- {opaque} r.invalid/"]),
                ("{\"credentials\": {\"r.invalid\": {\"token\": \"{opaque}\"}}}", &["- {opaque} r.invalid/"]),
                (
                    "{\r\n \"credentials\" : {\r\n \"r.invalid\": {\r\n \"token\":\"{opaque}\"",
                    &["- {opaque} r.invalid/"],
                ),
                ("credentials \"r.invalid\" {\n  token = \"${TOKEN}\"\n}\n", &[]),
                ("credentials \"r.invalid\" {\n  token = \"xxxxxx.atlasv1.zzzzzzzzzzzzz\"\n}\n", &[]),
                ("credentials \"r.invalid\" {\n}\ntoken = \"{opaque}\"", &[]),
                ("{\"credentials\": {\"token\": \"{opaque}\"}}", &[]),
                ("{\"credentials\": \"omit\", \"r.invalid\": {\"token\": \"{opaque}\"}}", &[]),
            ],
        );
    }
}
