//! Leiningen's repositories: `["name" {:url "https://…" :username "…" :password "…"}]`, in `project.clj` and `profiles.clj`.
//!
//! Maps with `:password` are common in Clojure; a repository's has a name in front of it and an address that is no database's.

use std::ops::Range;

use memchr::memmem;

use super::host::address;
use super::{Found, Text, credential};

const REACH: usize = 512;

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    read(text, anchor).into_iter().collect()
}

fn read(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let rest = bytes.get(anchor.end..bytes.len().min(anchor.end + REACH))?;
    let length = memchr::memchr2(b'"', b'\n', rest).unwrap_or(rest.len());
    let span = anchor.end..anchor.end + length;
    text.looks_at(&(anchor.start..span.end + 1));
    if rest.get(length) != Some(&b'"') {
        return None;
    }
    let head = bytes.get(anchor.start.saturating_sub(REACH)..anchor.start)?;
    let open = memchr::memrchr2(b'{', b'}', head).unwrap_or(0);
    let start = anchor.start - head.len() + open;
    text.looks_at(&(start..anchor.end));
    if head.get(open) != Some(&b'{') {
        return None;
    }
    let tail = bytes.get(span.end..bytes.len().min(span.end + REACH))?;
    let map = start..span.end + memchr::memchr(b'}', tail).unwrap_or(tail.len());
    text.looks_at(&(start.saturating_sub(96)..map.end + 1));
    let before = bytes.get(start.saturating_sub(96)..start)?.trim_ascii_end();
    // `["name" {`, or `#"https://…" {` among the credentials.
    let key = before.strip_suffix(b"\"")?;
    let quote = memchr::memrchr(b'"', key)?;
    let is_entry = matches!(key.get(..quote)?.trim_ascii_end().last(), Some(b'[' | b'#' | b'{'));
    let url = string(bytes, &map, b":url").and_then(|url| bytes.get(url)).or_else(|| key.get(quote + 1..));
    // The credentials' addresses are expressions: `#"https://host/.*"`.
    let plain: Vec<u8> = url?.iter().copied().filter(|byte| *byte != b'\\').take_while(|byte| *byte != b'*').collect();
    let plain = plain.strip_suffix(b".").unwrap_or(&plain);
    let is_address = plain.starts_with(b"http") || plain.starts_with(b"s3");
    // `#"corp"` fits any address with that word in it; nothing but credentials has maps by expressions.
    let is_word = key.get(..quote)?.ends_with(b"#") && memmem::find(bytes.get(map.clone())?, b":username").is_some();
    if !(is_address || is_word) {
        return None;
    }
    let host = if is_address { Some(address(plain)?) } else { None };
    let user = string(bytes, &map, b":username").and_then(|user| bytes.get(user));
    if !is_entry {
        return None;
    }
    credential::password(span.clone(), bytes.get(span)?, user, host)
}

fn string(bytes: &[u8], within: &Range<usize>, key: &[u8]) -> Option<Range<usize>> {
    let scope = bytes.get(within.clone())?;
    let end = memmem::find(scope, key)? + key.len();
    let rest = scope.get(end..)?;
    let gap = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let inner = rest.get(gap..)?.strip_prefix(b"\"")?;
    let start = within.start + end + gap + 1;
    Some(start..start + memchr::memchr(b'"', inner)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn repositories() {
        table(
            parse,
            &[":password \""],
            &[
                (
                    ":deploy-repositories [[\"corp\" {:url \"https://r.invalid/repo\" :username \"mia\" :password \"Kestrel-1\"}]]",
                    &["mia Kestrel-1 r.invalid/repo/"],
                ),
                (
                    ":repositories {\"corp\" {:password \"Kestrel-1\"\r\n :username \"mia\"\r\n :url \"https://r.invalid/repo\"}}",
                    &["mia Kestrel-1 r.invalid/repo/"],
                ),
                (
                    "{#\"https://r\\.invalid/.*\" {:username \"mia\" :password \"Kestrel-1\"}}",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                (
                    "{#\"https://r.invalid/repo\" {:username \"mia\" :password \"Kestrel-1\"}}",
                    &["mia Kestrel-1 r.invalid/repo/"],
                ),
                (
                    ":auth {:repository-auth {#\"corp\" {:username \"mia\" :password \"Kestrel-1\"}}}",
                    &["mia Kestrel-1 -"],
                ),
                ("{#\"corp\" {:password \"Kestrel-1\"}}", &[]),
                ("{\"corp\" {:username \"mia\" :password \"Kestrel-1\"}}", &[]),
                ("[\"corp\" {:url \"https://r.invalid\" :username :env/user :password :env/password}]", &[]),
                ("(def db {:url \"jdbc:x://r.invalid\" :username \"mia\" :password \"Kestrel-1\"})", &[]),
                ("(get \"https://r.invalid\" {:username \"mia\" :password \"Kestrel-1\"})", &[]),
            ],
        );
    }
}
