//! `hosts.yml` of gh and `config.yml` of glab: `host:` and below it `oauth_token:` or `token:`, `user:`.

use std::ops::Range;

use super::form::lines::block;
use super::host::address;
use super::{Found, Text, credential};

/// How far a host's block is followed.
const REACH: usize = 512;

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    read(text, anchor).into_iter().collect()
}

fn read(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let (table, parent) = block(bytes, anchor.start, REACH);
    text.looks_at(
        &(parent.as_ref().map_or(table.body.start, |parent| parent.start).saturating_sub(1)..table.body.end + 1),
    );
    let span = table.value(&["oauth_token", "token"])?;
    let raw = bytes.get(span.clone())?;
    // glab writes so what YAML would take for a number.
    let skipped = if raw.starts_with(b"!!null ") { b"!!null ".len() } else { 0 };
    let span = span.start + skipped..span.end;
    let key = bytes.get(parent?)?.trim_ascii_end().strip_suffix(b":")?;
    let host = address(key.strip_prefix(b"\"").and_then(|key| key.strip_suffix(b"\"")).unwrap_or(key))?;
    let mut found = credential::token(span.clone(), bytes.get(span)?, Some(host))?;
    found.user = table.text(&["user", "username"]).and_then(credential::user_name);
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn hosts_of_clients() {
        table(
            parse,
            &["oauth_token:", "api_protocol:"],
            &[
                (
                    "r.invalid:\n    oauth_token: gho_4k8z1q7m2x9c3v5b\n    user: mia\n    git_protocol: https\n",
                    &["mia gho_4k8z1q7m2x9c3v5b r.invalid/"],
                ),
                (
                    "r.invalid:\r\n    user: mia\r\n    oauth_token: \"gho_4k8z1q7m2x9c3v5b\"\r\n",
                    &["mia gho_4k8z1q7m2x9c3v5b r.invalid/"],
                ),
                (
                    "hosts:\n  r.invalid:\n    token: !!null 4k8z1q7m2x9c3v5b6n8p\n    api_host: r.invalid\n    api_protocol: https\n  s.invalid:\n    token: x\n",
                    &["- 4k8z1q7m2x9c3v5b6n8p r.invalid/"],
                ),
                ("r.invalid:\n    oauth_token: ${TOKEN}\n", &[]),
                ("oauth_token: gho_4k8z1q7m2x9c3v5b\n", &[]),
            ],
        );
    }
}
