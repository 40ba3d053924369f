//! Kubernetes' opaque secrets that name a host: `url`, `username` and `password`, in base64 below `data`, in clear below `stringData`,
//! as the tools that deploy from repositories and registries take them.

use std::ops::Range;

use super::form::lines::Table;
use super::host::{address, is_address};
use super::{Found, Section, Text, credential};
use crate::detect::decode;
use crate::detect::parse::key::is_margin;
use crate::model::BoundHost;

/// How far a manifest is followed from its kind.
const REACH: usize = 2 << 10;
const HOSTS: [&str; 7] = ["url", "server", "registry", "host", "hostname", "repository", "endpoint"];
const USERS: [&str; 3] = ["username", "user", "login"];
const SECRETS: [&str; 5] = ["password", "passwd", "token", "accessToken", "bearerToken"];

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    read(text, anchor).unwrap_or_default()
}

fn read(text: &Text<'_>, anchor: Range<usize>) -> Option<Vec<Found>> {
    let bytes = text.bytes;
    // No `SecretStore`.
    if bytes.get(anchor.end).is_some_and(|byte| !matches!(byte, b'\n' | b'\r' | b' ' | b'"' | b'\'')) {
        return None;
    }
    let document = document(bytes, &anchor);
    text.looks_at(&(document.start.saturating_sub(1)..document.end + 1));
    if text.unread(Section::Manifest, anchor.start..document.end).start > anchor.start {
        return None; // a part of the manifest that another beginning has been read with
    }
    let manifest = Table::new(bytes, document.clone());
    let value = |names: &[&str]| {
        let span = manifest.value(names)?;
        Some((span.clone(), plain(bytes, document.start, span)?))
    };
    let (_, host) = value(&HOSTS)?;
    let host = bound(&host)?;
    let user = value(&USERS).map(|(_, user)| user);
    let of = |name: &&str| {
        let (span, secret) = value(&[*name])?;
        credential::password(span, &secret, user.as_deref(), Some(host.clone()))
    };
    Some(SECRETS.iter().filter_map(of).collect())
}

/// The manifest among others in one file.
fn document(bytes: &[u8], anchor: &Range<usize>) -> Range<usize> {
    const MARK: &[u8] = b"\n---";
    let floor = anchor.start.saturating_sub(REACH);
    let ceiling = bytes.len().min(anchor.end.saturating_add(REACH));
    let head = bytes.get(floor..anchor.start).unwrap_or_default();
    let tail = bytes.get(anchor.end..ceiling).unwrap_or_default();
    let start = memchr::memmem::rfind(head, MARK).map_or(floor, |at| floor + at + MARK.len());
    let end = memchr::memmem::find(tail, MARK).map_or(ceiling, |at| anchor.end + at);
    start..end
}

/// A value as it is meant: `data` holds base64.
fn plain(bytes: &[u8], from: usize, span: Range<usize>) -> Option<Vec<u8>> {
    let above = bytes.get(from..span.start)?.rsplit(|byte| *byte == b'\n');
    let section = above.map(without_margin).find(|line| matches!(*line, b"data:" | b"stringData:"))?;
    let raw = bytes.get(span)?;
    if section == b"stringData:" {
        return Some(raw.to_vec());
    }
    let mut decoded = decode::base64(raw)?;
    if decoded.ends_with(b"\n") {
        decoded.pop();
    }
    Some(decoded)
}

fn without_margin(line: &[u8]) -> &[u8] {
    let margin = line.iter().take_while(|byte| is_margin(**byte)).count();
    line.get(margin..).unwrap_or_default().trim_ascii_end()
}

fn bound(url: &[u8]) -> Option<BoundHost> {
    let host = url.strip_prefix(b"oci://").unwrap_or(url);
    if is_address(host) { address(host) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn manifests() {
        table(
            parse,
            &["kind: Secret"],
            &[
                (
                    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: repo\nstringData:\n  url: https://r.invalid/a\n  username: mia\n  password: Kestrel-1\n",
                    &["mia Kestrel-1 r.invalid/a/"],
                ),
                (
                    "kind: Secret\r\ntype: Opaque\r\ndata:\r\n  password: {base64:Kestrel-1}\r\n  url: {base64:https://r.invalid}\r\n  username: {base64:mia}\r\n",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                (
                    "data:\n  registry: {base64:r.invalid}\n  token: {base64:{opaque}}\nkind: Secret\n---\nkind: ConfigMap\ndata:\n  url: s.invalid\n",
                    &["- {opaque} r.invalid/"],
                ),
                (
                    "kind: Secret\nstringData:\n  url: oci://r.invalid/charts\n  username: mia\n  password: \"Kestrel-1\"\n",
                    &["mia Kestrel-1 r.invalid/charts/"],
                ),
                ("kind: Secret\nstringData:\n  url: https://r.invalid\n  password: ${PASSWORD}\n", &[]),
                ("kind: Secret\nstringData:\n  password: Kestrel-1\n", &[]),
                ("kind: Secret\nmetadata:\n  url: https://r.invalid\n  password: Kestrel-1\n", &[]),
                ("kind: SecretStore\nstringData:\n  url: https://r.invalid\n  password: Kestrel-1\n", &[]),
                ("kind: ConfigMap\n---\nkind: Secret\n---\ndata:\n  url: r.invalid\n  password: Kestrel-1\n", &[]),
            ],
        );
    }
}
