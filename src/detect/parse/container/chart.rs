//! Helm's `repositories.yaml` and helmfile's list of repositories: items with `url`, `username` and `password`; and the commands of helm.

use std::ops::Range;

use super::form::command::words;
use super::form::lines::{Table, block};
use super::host::{address, is_address};
use super::{Found, Section, Text, credential};
use crate::detect::parse::key::begins_line;

/// How far an item is followed, and how far a list is.
const REACH: usize = 768;
const LONGEST: usize = 16 << 10;

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let found = match text.bytes.get(anchor.clone()).unwrap_or_default() {
        literal if literal.starts_with(b"helm ") => command(text, &anchor),
        literal if literal.starts_with(b"ories:") => return list(text, &anchor),
        _ => {
            let (table, _) = block(text.bytes, anchor.start, REACH);
            text.looks_at(&(table.body.start.saturating_sub(1)..table.body.end + 1));
            item(text.bytes, &table)
        }
    };
    found.into_iter().collect()
}

fn item(bytes: &[u8], table: &Table<'_>) -> Option<Found> {
    let span = table.value(&["password"])?;
    let host = table.text(&["url"]).and_then(address)?;
    credential::password(span.clone(), bytes.get(span)?, table.text(&["username"]), Some(host))
}

/// The items below `repositories:`, whatever the order of what they say. Other programs have such lists of other things, of git's
/// repositories mostly.
fn list(text: &Text<'_>, anchor: &Range<usize>) -> Vec<Found> {
    let bytes = text.bytes;
    // The whole word is too common to be looked for.
    let Some(start) = anchor.start.checked_sub(b"reposit".len()) else { return Vec::new() };
    if bytes.get(start..anchor.start) != Some(b"reposit") || !begins_line(bytes, start) {
        return Vec::new();
    }
    let anchor = &(start..anchor.end - 1);
    let limit = bytes.len().min(anchor.end.saturating_add(LONGEST));
    let below = bytes.get(anchor.end..limit).unwrap_or_default();
    let margin = |line: &[u8]| line.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'+')).count();
    let head = bytes.get(anchor.start.saturating_sub(REACH)..anchor.start).unwrap_or_default();
    let depth = margin(head.rsplit(|byte| *byte == b'\n').next().unwrap_or_default());
    let lines = || memchr::memchr_iter(b'\n', below).map(|end| end + 1);
    let is_item = |line: &[u8]| line.get(margin(line)..).is_some_and(|rest| rest.starts_with(b"- "));
    let is_outside = |start: &usize| {
        let line = below.get(*start..).unwrap_or_default();
        let says = !matches!(line.get(margin(line)), None | Some(b'\n' | b'\r' | b'#'));
        says && margin(line) <= depth && !is_item(line)
    };
    let end = lines().find(is_outside).unwrap_or(below.len());
    text.looks_at(&(anchor.start..anchor.end + end + 1));
    let unread = text.unread(Section::Repositories, anchor.end..anchor.end + end).start - anchor.end;
    let items = lines().take_while(|start| *start < end).filter(|start| *start >= unread);
    let items = items.filter(|start| below.get(*start..).is_some_and(is_item));
    let found = items.filter_map(|start| {
        let (table, _) = block(bytes, anchor.end + start, REACH);
        let is_git = table.text(&["type"]).is_some_and(|kind| kind != b"helm")
            || table.text(&["url"]).is_some_and(|url| url.ends_with(b".git"));
        if is_git || table.text(&["name"]).is_none() { None } else { item(bytes, &table) }
    });
    found.collect()
}

fn command(text: &Text<'_>, anchor: &Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let words = words(bytes, anchor.end);
    text.looks_at(&(anchor.start..words.end + 1));
    let span = words.option(&["--password"])?;
    let user = words.option(&["--username"]).and_then(|user| bytes.get(user));
    let mut all = words.all.iter().filter_map(|word| bytes.get(word.clone()));
    let host = all.find(|word| is_address(word) && !word.ends_with(b".tgz")).and_then(address);
    credential::password(span.clone(), bytes.get(span)?, user, host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn repositories() {
        let item = "repositories:\n- caFile: \"\"\n  insecure_skip_tls_verify: false\n  name: corp\n  pass_credentials_all: false\n  password: Kestrel-1\n  url: https://r.invalid/charts\n  username: mia\n- name: other\n  url: https://s.invalid\n";
        table(
            parse,
            &[
                "pass_credentials_all:",
                "insecure_skip_tls_verify:",
                "ories:\n",
                "ories:\r",
                "helm repo add",
                "helm push",
            ],
            &[
                (item, &["mia Kestrel-1 r.invalid/charts/"]),
                (&item.replace('\n', "\r\n"), &["mia Kestrel-1 r.invalid/charts/"]),
                (
                    "helm repo add corp https://r.invalid/charts --username mia --password Kestrel-1",
                    &["mia Kestrel-1 r.invalid/charts/"],
                ),
                ("helm repo add corp https://r.invalid/charts --username mia --password \"$P\"", &[]),
                (
                    "helm push a-1.0.0.tgz oci://r.invalid/charts --username mia --password Kestrel-1",
                    &["mia Kestrel-1 r.invalid/charts/"],
                ),
                (
                    "apiVersion: v1\nrepositories:\n- name: corp\n  url: https://r.invalid/charts\n  username: mia\n  password: Kestrel-1\n- name: b\n  url: s.invalid\n  oci: true\n  password: Kestrel-2\nother:\n- name: c\n  url: https://t.invalid\n  password: Kestrel-3\n",
                    &["mia Kestrel-1 r.invalid/charts/", "- Kestrel-2 s.invalid/"],
                ),
                (
                    "+  repositories:\r\n+    - url: https://r.invalid/charts\r\n+      password: Kestrel-1\r\n+      name: corp\r\n",
                    &["- Kestrel-1 r.invalid/charts/"],
                ),
                ("repositories:\n- name: a\n  type: git\n  url: https://r.invalid/\n  password: Kestrel-1\n", &[]),
                ("repositories:\n- name: a\n  url: https://r.invalid/a.git\n  password: Kestrel-1\n", &[]),
                ("my repositories:\n- name: a\n  url: https://r.invalid/\n  password: Kestrel-1\n", &[]),
                ("repositories: x\nservers:\n- name: a\n  url: https://r.invalid/\n  password: Kestrel-1\n", &[]),
                (&item.replace("Kestrel-1", "\"\""), &[]),
                (&item.replace("Kestrel-1", "{{ .Values.password }}"), &[]),
            ],
        );
    }
}
