//! `bunfig.toml`: the tables below `[install]` that hold credentials.
//!
//! `token` and `password` are names that everything has, so an anchor counts only where the last table header before it is one of
//! bun's. Lines are enough; a whole TOML document would be needed by no file that people write.

use std::ops::Range;

use memchr::memmem;

use super::siblings::{url, user};
use crate::model::BoundHost;

/// How far away the header and the other keys may stand.
const REACH: usize = 4 << 10;

/// What the table around a credential says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) host: Option<BoundHost>,
    pub(super) user: Option<String>,
}

/// The table around the key that begins at `at`; `None` where it is none of bun's.
pub(super) fn table(bytes: &[u8], at: usize) -> Option<Table> {
    let section = section(bytes, at)?;
    let scope = inline(bytes, at).unwrap_or(section);
    let scope = bytes.get(scope)?;
    let name_end = |name: &[u8]| memmem::find_iter(scope, name).find(|at| is_key(scope, *at)).map(|at| at + name.len());
    Some(Table {
        host: name_end(b"url").and_then(|end| url(scope, end)),
        user: name_end(b"username").and_then(|end| user(scope, end)),
    })
}

/// Whether `at` lies in one of bun's tables.
pub(super) fn is_in_install(bytes: &[u8], at: usize) -> bool {
    section(bytes, at).is_some()
}

/// The lines between the header before `at` and the next one, if the header is `[install]` or below it.
fn section(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let floor = at.saturating_sub(REACH);
    let before = bytes.get(floor..at)?;
    let header = match memmem::rfind(before, b"\n[") {
        Some(line) => line + 1,
        None if floor == 0 && before.starts_with(b"[") => 0,
        None => return None,
    };
    let name = before.get(header..)?.strip_prefix(b"[install")?;
    if !matches!(name.first(), Some(b']' | b'.')) {
        return None;
    }
    let after = bytes.get(at..bytes.len().min(at.saturating_add(REACH)))?;
    let end = memmem::find(after, b"\n[").unwrap_or(after.len());
    Some(floor + header..at + end)
}

/// The braces around `at` on its own line.
fn inline(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let floor = at.saturating_sub(REACH);
    let before = bytes.get(floor..at)?;
    let open = memchr::memrchr2(b'{', b'\n', before).filter(|open| before.get(*open) == Some(&b'{'))?;
    let after = bytes.get(at..bytes.len().min(at.saturating_add(REACH)))?;
    let close = memchr::memchr2(b'}', b'\n', after)?;
    Some(floor + open..at + close)
}

fn is_key(scope: &[u8], at: usize) -> bool {
    at.checked_sub(1)
        .and_then(|at| scope.get(at))
        .is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'{' | b',' | b'"'))
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
                "[install.registry]\nurl = \"https://r.invalid/npm\"\nusername = \"mia\"\ntoken = \"x\"\n[run]\nurl = 1",
                found("r.invalid/npm/", Some("mia")),
            ),
            (
                "[install.scopes]\na = { url = \"https://a.invalid\", token = \"y\" }\n\"@b\" = { token = \"x\", username = \"mia\", url = \"https://b.invalid\" }",
                found("b.invalid/", Some("mia")),
            ),
            ("[install]\ntoken = \"x\"\n", found("-", None)),
            ("[run]\ntoken = \"x\"\n", None),
            ("[installer]\ntoken = \"x\"\n", None),
            ("token = \"x\"\n", None),
            ("[install]\nregistry = 1\n[other]\ntoken = \"x\"", None),
        ] {
            let at = text.rfind("token").unwrap();
            let table = table(text.as_bytes(), at)
                .map(|table| (table.host.map_or("-".to_owned(), |host| host.to_string()), table.user));
            assert_eq!(table, expected, "{text}");
        }
    }
}
