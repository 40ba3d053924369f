//! sbt's `Credentials("realm", "host", "user", "password")`, and the properties file `.credentials` with the same four.

use std::ops::Range;

use super::form::lines::Table;
use super::host::{address, is_address};
use super::{Found, Text, credential};
use crate::detect::parse::key::begins_line;

/// How far the four stand apart.
const REACH: usize = 512;

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let found = match text.bytes.get(anchor.clone()).unwrap_or_default() {
        b"realm=" | b"realm =" => properties(text, &anchor),
        _ => call(text, &anchor),
    };
    found.into_iter().collect()
}

fn call(text: &Text<'_>, anchor: &Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let limit = bytes.len().min(anchor.end.saturating_add(REACH));
    let mut at = anchor.end;
    let mut next = || {
        let rest = bytes.get(at..limit)?;
        let gap = rest.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == b',').count();
        text.looks_at(&(anchor.start..at + gap + 1));
        let inner = rest.get(gap..)?.strip_prefix(b"\"")?;
        let length = memchr::memchr2(b'"', b'\n', inner).unwrap_or(inner.len());
        let span = at + gap + 1..at + gap + 1 + length;
        at = span.end + 1;
        text.looks_at(&(anchor.start..at));
        (inner.get(length) == Some(&b'"')).then_some(span)
    };
    let (_, host, user, secret) = (next()?, next()?, next()?, next()?);
    let host = bytes.get(host).filter(|host| is_address(host)).and_then(address)?;
    credential::password(secret.clone(), bytes.get(secret)?, bytes.get(user), Some(host))
}

fn properties(text: &Text<'_>, anchor: &Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    if !begins_line(bytes, anchor.start) {
        return None;
    }
    let around = anchor.start.saturating_sub(REACH / 4)..anchor.start.saturating_add(REACH / 2);
    text.looks_at(&around);
    let table = Table::new(bytes, around);
    let span = table.value(&["password"])?;
    let host = table.text(&["host"]).filter(|host| is_address(host)).and_then(address)?;
    credential::password(span.clone(), bytes.get(span)?, table.text(&["user", "username"]), Some(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn calls_and_properties() {
        table(
            parse,
            &["Credentials(", "realm=", "realm ="],
            &[
                (
                    "credentials += Credentials(\"Corp Realm\", \"r.invalid\", \"mia\", \"Kestrel-1\")",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                (
                    "Credentials(\r\n  \"A\",\r\n  \"r.invalid\",\r\n  \"mia\",\r\n  \"Kestrel-1\"\r\n)",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                ("Credentials(\"A\", \"r.invalid\", \"mia\", sys.env(\"P\"))", &[]),
                ("Credentials(\"A\", \"r.invalid\", sys.env(\"U\"), \"Kestrel-1\")", &[]),
                ("Credentials(Path.userHome / \".sbt\" / \".credentials\")", &[]),
                ("new Credentials(\"mia\", \"Kestrel-1\")", &[]),
                ("Credentials(\"a\", \"b\", \"mia\", \"Kestrel-1\")", &[]),
                ("realm=Corp Realm\nhost=r.invalid\nuser=mia\npassword=Kestrel-1\n", &["mia Kestrel-1 r.invalid/"]),
                (
                    "host = r.invalid\r\nrealm = Corp\r\nuser = mia\r\npassword = Kestrel-1\r\n",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                ("realm=Corp\nhost=r.invalid\nuser=mia\npassword=${PASSWORD}\n", &[]),
                ("Basic realm=\"x\"\nhost=r.invalid\npassword=Kestrel-1", &[]),
            ],
        );
    }
}
