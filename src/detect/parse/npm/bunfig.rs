//! `bunfig.toml`: the tables below `[install]` that hold credentials.
//!
//! `token` and `password` are names that everything has, so the anchor is the header of the table. Lines are enough; a whole TOML
//! document would be needed by no file that people write.

use std::ops::Range;

use memchr::memmem;

use super::key::{begins_line, is_margin};
use super::siblings::{url, user};
use super::value::{Lines, Link, Opening, opening};
use crate::model::BoundHost;

/// How far a table is followed.
const REACH: usize = 4 << 10;
/// Keys of one name in one table beyond these are not read.
const MOST: usize = 64;

/// What a table says around a credential.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) host: Option<BoundHost>,
    pub(super) user: Option<String>,
}

/// The table whose header begins at `header`, if it is `[install]` or below it: up to the next header.
pub(super) fn section(bytes: &[u8], header: usize) -> Option<Range<usize>> {
    let rest = bytes.get(header..bytes.len().min(header.saturating_add(REACH)))?;
    let name = rest.strip_prefix(b"[install")?;
    if !matches!(name.first(), Some(b']' | b'.')) || !begins_line(bytes, header) {
        return None;
    }
    let is_header = |at: &usize| {
        let line = rest.get(at + 1..).unwrap_or_default();
        line.iter().find(|byte| !is_margin(**byte)) == Some(&b'[')
    };
    let end = memchr::memchr_iter(b'\n', rest).find(is_header).unwrap_or(rest.len());
    Some(header..header + end)
}

/// The places of this key in the table, each with the place of its value.
pub(super) fn fields<'a>(
    bytes: &'a [u8],
    section: &Range<usize>,
    name: &'a [u8],
) -> impl Iterator<Item = (usize, Opening)> + 'a {
    let start = section.start;
    let scope = bytes.get(section.clone()).unwrap_or_default();
    memmem::find_iter(scope, name).filter(|at| is_key(scope, *at)).take(MOST).filter_map(move |at| {
        let value = opening(bytes, start + at + name.len(), Lines::AfterColon)?;
        (value.link == Link::Assigned).then_some((start + at, value))
    })
}

/// Whether a quote stands before this place, as before every string of TOML.
pub(super) fn is_string(bytes: &[u8], at: usize) -> bool {
    at.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(|byte| matches!(byte, b'"' | b'\''))
}

/// What the table says around the key at `at`: the braces on its own line, if it stands in some.
pub(super) fn table(bytes: &[u8], section: &Range<usize>, at: usize) -> Table {
    let scope = bytes.get(inline(bytes, section, at).unwrap_or(section.clone())).unwrap_or_default();
    let end_of = |name: &[u8]| memmem::find_iter(scope, name).find(|at| is_key(scope, *at)).map(|at| at + name.len());
    Table {
        host: end_of(b"url").and_then(|end| url(scope, end)),
        user: end_of(b"username").and_then(|end| user(scope, end, Link::Assigned)),
    }
}

fn inline(bytes: &[u8], section: &Range<usize>, at: usize) -> Option<Range<usize>> {
    let before = bytes.get(section.start..at)?;
    let open = memchr::memrchr2(b'{', b'\n', before).filter(|open| before.get(*open) == Some(&b'{'))?;
    let after = bytes.get(at..section.end)?;
    let close = memchr::memchr2(b'}', b'\n', after)?;
    Some(section.start + open..at + close)
}

fn is_key(scope: &[u8], at: usize) -> bool {
    at.checked_sub(1)
        .and_then(|at| scope.get(at))
        .is_none_or(|byte| is_margin(*byte) || matches!(byte, b'\n' | b'{' | b',' | b'"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_bun() {
        let found = |host: &str, user: Option<&str>| Some((host.to_owned(), user.map(str::to_owned)));
        for (text, expected) in [
            ("[install]\nregistry = { url = \"https://r.invalid\", token = \"x\" }", found("r.invalid/", None)),
            (
                "[install.registry]\nurl = \"https://r.invalid/npm\"\nusername = \"mia\"\ntoken    = 'x'\n[run]\nurl = 1",
                found("r.invalid/npm/", Some("mia")),
            ),
            (
                "[install.scopes]\na = { url = \"https://a.invalid\", token = \"y\" }\n\"@b\" = { token = \"x\", username = \"mia\", url = \"https://b.invalid\" }",
                found("b.invalid/", Some("mia")),
            ),
            ("  [install.registry]\n  token='x'\n  url='https://r.invalid'", found("r.invalid/", None)),
            ("[install]\ntoken = \"x\"\n", found("-", None)),
            ("[run]\ntoken = \"x\"\n", None),
            ("[installer]\ntoken = \"x\"\n", None),
            ("a[install]\ntoken = \"x\"\n", None),
            ("[install]\nmy_token = \"x\"\n", None),
            ("[install]\nregistry = 1\n  [other]\ntoken = \"x\"", None),
        ] {
            let bytes = text.as_bytes();
            let section = text.find("[install").and_then(|header| section(bytes, header));
            let table = section.and_then(|section| {
                let (name, value) = fields(bytes, &section, b"token").last()?;
                assert_eq!(bytes.get(value.at), Some(&b'x'), "{text}");
                let table = table(bytes, &section, name);
                Some((table.host.map_or("-".to_owned(), |host| host.to_string()), table.user))
            });
            assert_eq!(table, expected, "{text}");
        }
    }
}
