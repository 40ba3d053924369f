//! Cargo's `credentials.toml` and `config.toml`: `[registry]` and `[registries.NAME]` with `token` or `secret-key`.
//!
//! Only what looks made by a machine is a token: other programs have such tables, too.

use std::ops::Range;

use super::form::lines::{Table, value};
use super::host::{address, named};
use super::{Found, Text, credential};
use crate::detect::parse::key::begins_line;
use crate::model::BoundHost;

/// How far away the other table of a registry may stand.
const REACH: usize = 16 << 10;
const FIELDS: [&str; 2] = ["token", "secret-key"];
const CONFIG: &[u8] = b"--config ";
/// What may stand before a token that is sent as a header.
const SCHEMES: [&[u8]; 2] = [b"Bearer ", b"Basic "];

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    if text.bytes.get(anchor.start) != Some(&b'[') {
        return dotted(text, &anchor).into_iter().collect();
    }
    let Some((name, table)) = Table::below(text.bytes, anchor.start) else { return Vec::new() };
    text.looks_at(&(anchor.start..table.body.end + 1));
    match name {
        b"registry" => of_table(text.bytes, &table, None).into_iter().collect(),
        b"registries" => inline(text.bytes, &table),
        name => {
            let Some(name) = name.strip_prefix(b"registries.") else { return Vec::new() };
            of_table(text.bytes, &table, host(text.bytes, name, &table)).into_iter().collect()
        }
    }
}

fn of_table(bytes: &[u8], table: &Table<'_>, host: Option<BoundHost>) -> Option<Found> {
    token(bytes, table.value(&FIELDS)?, host)
}

fn token(bytes: &[u8], span: Range<usize>, host: Option<BoundHost>) -> Option<Found> {
    let raw = bytes.get(span.clone())?;
    let scheme = SCHEMES.iter().find(|scheme| raw.starts_with(scheme)).map_or(0, |scheme| scheme.len());
    credential::token(span.start + scheme..span.end, raw.get(scheme..)?, host)
}

/// The address of the index, in the same table or in another with the same name; else the name.
fn host(bytes: &[u8], name: &[u8], table: &Table<'_>) -> Option<BoundHost> {
    let of = |table: &Table<'_>| index(table.text(&["index"])?);
    let name = name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")).unwrap_or(name);
    let header = [b"[registries.", name, b"]"].concat();
    let around = table.body.start.saturating_sub(REACH)..bytes.len().min(table.body.start.saturating_add(REACH));
    let others = memchr::memmem::find_iter(bytes.get(around.clone())?, &header).take(4);
    let other = || others.filter_map(|at| Table::below(bytes, around.start + at)).find_map(|(_, table)| of(&table));
    of(table).or_else(other).or_else(|| named(name))
}

fn index(url: &[u8]) -> Option<BoundHost> {
    address(url.strip_prefix(b"sparse+").unwrap_or(url))
}

/// `NAME = { index = "…", token = "…" }`, and dotted keys: `NAME.token = "…"`.
fn inline(bytes: &[u8], table: &Table<'_>) -> Vec<Found> {
    let found = table.settings().filter_map(|(name, span)| {
        if let Some(name) = FIELDS.iter().find_map(|field| name.strip_suffix(field.as_bytes())?.strip_suffix(b".")) {
            return token(bytes, span, named(name));
        }
        let secret = FIELDS.iter().find_map(|name| field(bytes, &span, name.as_bytes()))?;
        let url = field(bytes, &span, b"index").and_then(|url| index(bytes.get(url)?));
        token(bytes, secret, url.or_else(|| named(name)))
    });
    found.collect()
}

/// `registries.NAME.token = "…"` and `registry.token = "…"`, at the top of the file or behind `--config`.
fn dotted(text: &Text<'_>, anchor: &Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let head = bytes.get(anchor.start.saturating_sub(CONFIG.len() + 1)..anchor.start)?;
    let is_option = || head.strip_suffix(b"'").or(head.strip_suffix(b"\"")).unwrap_or(head).ends_with(CONFIG);
    if !begins_line(bytes, anchor.start) && !is_option() {
        return None;
    }
    let rest = bytes.get(anchor.start..)?;
    let line = anchor.start..anchor.start + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    let (name, span) = Table::new(bytes, line).settings().next()?;
    text.looks_at(&(anchor.start..span.end + 1));
    let name = FIELDS.iter().find_map(|field| name.strip_suffix(field.as_bytes())?.strip_suffix(b"."))?;
    token(bytes, span, name.strip_prefix(b"registries.").and_then(named))
}

fn field(bytes: &[u8], within: &Range<usize>, name: &[u8]) -> Option<Range<usize>> {
    let scope = bytes.get(within.clone())?;
    let at = memchr::memmem::find(scope, name)? + name.len();
    let equals = memchr::memchr(b'=', scope.get(at..)?)?;
    value(bytes, within.start + at + equals + 1..within.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn tables() {
        table(
            parse,
            &["[registry]", "[registries", "registries.", "registry.token"],
            &[
                ("[registry]\ntoken = \"{opaque}\"\n", &["- {opaque} -"]),
                ("[registry]\r\ntoken = '{opaque}' # mine\r\n", &["- {opaque} -"]),
                ("# [registry]\n# token = \"{opaque}\"\n", &["- {opaque} -"]),
                ("[registries.corp]\ntoken = \"Bearer {opaque}\"\n", &["- {opaque} corp/"]),
                (
                    "[registries.corp]\nindex = \"sparse+https://r.invalid/index/\"\ntoken = \"{opaque}\"\n",
                    &["- {opaque} r.invalid/index/"],
                ),
                (
                    "[registries.corp]\nindex = \"https://r.invalid/\"\n[registry]\ndefault = \"corp\"\n[registries.corp]\ntoken = \"{opaque}\"\n",
                    &["- {opaque} r.invalid/"],
                ),
                (
                    "[registries]\ncorp = { index = \"https://r.invalid/\", token = \"{opaque}\" }\n",
                    &["- {opaque} r.invalid/"],
                ),
                ("[registries]\ncorp.token = \"{opaque}\"\n", &["- {opaque} corp/"]),
                ("registries.corp.token = \"{opaque}\"\n", &["- {opaque} corp/"]),
                ("registry.token = '{opaque}'\n", &["- {opaque} -"]),
                ("cargo publish --config 'registries.corp.token=\"{opaque}\"'", &["- {opaque} corp/"]),
                ("see registries.corp.token = \"{opaque}\"", &[]),
                ("registries.corp.index = \"{opaque}\"", &[]),
                ("[registry]\ntoken = \"{opaque}", &[]),
                ("[registry]\ntoken = \"${TOKEN}\"\n", &[]),
                ("[registry]\ntoken = \"your-token-here\"\n", &[]),
                ("[registry]\ndefault = \"x\"\n[other]\ntoken = \"{opaque}\"\n", &[]),
            ],
        );
    }
}
