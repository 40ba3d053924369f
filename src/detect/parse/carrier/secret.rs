//! Kubernetes' secrets that name a host: `url`, `username` and `password`, in base64 below `data`, in clear below `stringData`, as the tools
//! that deploy from repositories and registries take them; and Tekton's, whose host is an annotation. In YAML and in JSON.

use std::ops::Range;

use super::form::json::{Object, objects};
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
    if bytes.get(anchor.end).is_some_and(|byte| !matches!(byte, b'\n' | b'\r' | b' ' | b'"' | b'\'' | b',' | b'}')) {
        return None;
    }
    let document = document(bytes, &anchor);
    text.looks_at(&(document.start.saturating_sub(1)..document.end + 1));
    if text.unread(Section::Manifest, anchor.start..document.end).start > anchor.start {
        return None; // a part of the manifest that another beginning has been read with
    }
    if bytes.get(anchor.start) == Some(&b'"') {
        let objects = objects(bytes, enclosing(bytes, document.start, anchor.start)?);
        text.looks_at(&(anchor.start..objects.end + 1));
        let named = |name: &[u8]| {
            objects.all.iter().find(|object| object.key.clone().and_then(|key| bytes.get(key)) == Some(name))
        };
        let annotated = named(b"annotations").and_then(|notes| {
            let mut notes = notes.strings.iter().map(|(key, value)| (bytes.get(key.clone()), value.clone()));
            notes.find(|(name, _)| name.is_some_and(is_annotation)).and_then(|(_, value)| bytes.get(value))
        });
        let data = named(b"stringData").map(|data| (data, false)).or_else(|| Some((named(b"data")?, true)));
        let (data, is_encoded) = data?;
        return credentials(|names| value_of(bytes, data, is_encoded, names), annotated);
    }
    let manifest = Table::new(bytes, document.clone());
    let annotated = manifest.settings().find(|(name, _)| is_annotation(name)).and_then(|(_, value)| bytes.get(value));
    let value = |names: &[&str]| {
        let span = manifest.value(names)?;
        Some((span.clone(), plain(bytes, document.start, span)?))
    };
    credentials(value, annotated)
}

/// The secrets of a manifest, by a way to read what it holds under one of some names. `annotated`: the host that Tekton is told.
fn credentials(
    value: impl Fn(&[&str]) -> Option<(Range<usize>, Vec<u8>)>,
    annotated: Option<&[u8]>,
) -> Option<Vec<Found>> {
    let host = value(&HOSTS).map(|(_, host)| host).or_else(|| annotated.map(<[u8]>::to_vec))?;
    let host = bound(&host)?;
    let user = value(&USERS).map(|(_, user)| user);
    let of = |name: &&str| {
        let (span, secret) = value(&[*name])?;
        credential::password(span, &secret, user.as_deref(), Some(host.clone()))
    };
    Some(SECRETS.iter().filter_map(of).collect())
}

/// `tekton.dev/docker-0`, `tekton.dev/git-0`
fn is_annotation(name: &[u8]) -> bool {
    name.starts_with(b"tekton.dev/")
}

/// What an object of JSON holds under one of these names, as it is meant.
fn value_of(bytes: &[u8], data: &Object, is_encoded: bool, names: &[&str]) -> Option<(Range<usize>, Vec<u8>)> {
    let span = data.value(bytes, names)?;
    let raw = bytes.get(span.clone())?;
    Some((span, if is_encoded { decoded(raw)? } else { raw.to_vec() }))
}

/// The brace of the object in which a key stands.
fn enclosing(bytes: &[u8], floor: usize, at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let head = bytes.get(floor..at)?;
    let place = head.iter().rposition(|byte| {
        match byte {
            b'}' => depth += 1,
            b'{' if depth == 0 => return true,
            b'{' => depth -= 1,
            _ => {}
        }
        false
    });
    place.map(|place| floor + place)
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
    decoded(raw)
}

fn decoded(raw: &[u8]) -> Option<Vec<u8>> {
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
            &["kind: Secret", "kind: \"Secret\"", "\"kind\": \"Secret\"", "\"kind\":\"Secret\""],
            &[
                (
                    "{\"kind\": \"Secret\", \"metadata\": {\"name\": \"a\"}, \"stringData\": {\"url\": \"https://r.invalid\", \"username\": \"mia\", \"password\": \"Kestrel-1\"}}",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                (
                    "{\n  \"data\": {\n    \"registry\": \"{base64:r.invalid}\",\n    \"password\": \"{base64:Kestrel-1}\"\n  },\n  \"kind\": \"Secret\"\n}",
                    &["- Kestrel-1 r.invalid/"],
                ),
                (
                    "{\"kind\":\"Secret\",\"metadata\":{\"annotations\":{\"tekton.dev/docker-0\":\"https://r.invalid\"}},\"stringData\":{\"username\":\"mia\",\"password\":\"Kestrel-1\"}}",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                (
                    "kind: \"Secret\"\nmetadata:\n  annotations:\n    tekton.dev/docker-0: https://r.invalid\ntype: kubernetes.io/basic-auth\nstringData:\n  username: mia\n  password: Kestrel-1\n",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                ("{\"kind\":\"Secret\",\"stringData\":{\"password\":\"Kestrel-1\"}}", &[]),
                (
                    "{\"kind\":\"SecretStore\",\"stringData\":{\"url\":\"https://r.invalid\",\"password\":\"Kestrel-1\"}}",
                    &[],
                ),
                ("{\"kind\": \"Secret\", \"data\": {\"url\": \"https://r.invalid\", \"password\": \"$(P)\"}}", &[]),
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
