//! `.netrc` and `_netrc`: `machine HOST login USER password SECRET`, on one line or several, in any order after the host.
//!
//! The words around are few, so the reader takes pairs of words for as long as they are such. `default` names no host, so it is nobody's.

use std::ops::Range;

use super::host::address;
use super::{Found, Text, credential};

/// How far an entry is followed.
const REACH: usize = 1 << 10;
const LONGEST_WORD: usize = 512;
const LONGEST_GAP: usize = 64;
const FIELDS: [&[u8]; 3] = [b"login", b"password", b"account"];

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    read(text, anchor).unwrap_or_default()
}

/// Whether the hit is the word in a sentence: in a file that was quoted, an entry begins a line, and its string or an escape comes
/// before it.
pub(in crate::detect::parse) fn is_prose(bytes: &[u8], hit: &Range<usize>) -> bool {
    let begins = match bytes.get(..hit.start) {
        Some([.., b'\\', b'n' | b'r' | b't']) | Some([]) | None => true,
        Some([.., before]) => matches!(before, b'"' | b'\'' | b'`' | b'\n'),
    };
    !begins && bytes.get(hit.clone()) == Some(b"machine ")
}

fn read(text: &Text<'_>, anchor: Range<usize>) -> Option<Vec<Found>> {
    let bytes = text.bytes;
    let before = anchor.start.checked_sub(1).and_then(|at| bytes.get(at));
    if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
        return None;
    }
    // `echo "machine …" > .netrc`
    let quote = before.copied().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    let limit = bytes.len().min(anchor.end.saturating_add(REACH));
    let next = |at: usize| {
        let word = word(bytes, at, limit, quote);
        // What is no word was looked at to its end, too.
        let end = word.as_ref().map_or(limit.min(at + LONGEST_GAP + LONGEST_WORD), |word| word.end);
        text.looks_at(&(anchor.start..end + 1));
        word
    };
    let host = next(anchor.end)?;
    let machine = address(bytes.get(host.clone())?).filter(|host| host.host.contains('.'))?;
    // A difference may hold the old password and the new one.
    let (mut at, mut user, mut secrets) = (host.end, None, Vec::new());
    while let Some(name) = next(at) {
        let name = bytes.get(name.clone()).filter(|name| FIELDS.contains(name)).map(|text| (text, name.end));
        let Some((name, value)) = name.and_then(|(name, end)| Some((name, next(end)?))) else { break };
        at = value.end;
        match name {
            b"login" => user = Some(value),
            b"password" => secrets.push(bare(bytes, value)),
            _ => {}
        }
    }
    let user = user.map(|user| bare(bytes, user)).and_then(|user| bytes.get(user));
    let of = |span: Range<usize>| credential::password(span.clone(), bytes.get(span)?, user, Some(machine.clone()));
    Some(secrets.into_iter().filter_map(of).collect())
}

/// The next word, over the lines that follow each other directly.
fn word(bytes: &[u8], from: usize, limit: usize, quote: Option<u8>) -> Option<Range<usize>> {
    let rest = bytes.get(from..limit)?;
    let mut before = None;
    let is_gap = |byte: &&u8| {
        // What stands before each line of a difference.
        let is_mark = before == Some(b'\n') && matches!(byte, b'+' | b'-');
        before = Some(**byte);
        is_mark || byte.is_ascii_whitespace()
    };
    let gap = rest.iter().take(LONGEST_GAP).take_while(is_gap).count();
    let rest = rest.get(gap..)?;
    let inner = rest.first().copied().filter(|byte| matches!(byte, b'"' | b'\'') && Some(*byte) != quote);
    let is_end = |(at, byte): (usize, &u8)| match inner {
        Some(inner) => at > 0 && (*byte == inner || *byte == b'\n'),
        None => byte.is_ascii_whitespace() || Some(*byte) == quote || matches!(byte, b'\\' | b'\0'),
    };
    let length = rest.iter().take(LONGEST_WORD).enumerate().position(is_end).unwrap_or(rest.len().min(LONGEST_WORD));
    let length = if inner.is_some() { (length + 1).min(rest.len()) } else { length };
    (length > 0 && length < LONGEST_WORD).then_some(from + gap..from + gap + length)
}

/// A word without the quotes around it.
fn bare(bytes: &[u8], word: Range<usize>) -> Range<usize> {
    match bytes.get(word.clone()) {
        Some([open @ (b'"' | b'\''), .., close]) if open == close => word.start + 1..word.end - 1,
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_no_entries() {
        for (text, prose) in [
            ("on your machine you", true),
            ("machine quay.io", false),
            (r"a\nmachine quay.io", false),
            ("\"machine quay.io", false),
        ] {
            let at = text.find("machine ").unwrap();
            assert_eq!(is_prose(text.as_bytes(), &(at..at + 8)), prose, "{text}");
        }
    }
    use crate::detect::parse::tests::table;

    #[test]
    fn entries() {
        table(
            parse,
            &["machine "],
            &[
                ("machine r.invalid login mia password Kestrel-1", &["mia Kestrel-1 r.invalid/"]),
                ("machine r.invalid\n  login mia\n  password Kestrel-1\n", &["mia Kestrel-1 r.invalid/"]),
                ("machine r.invalid\r\nlogin mia\r\npassword Kestrel-1\r\n", &["mia Kestrel-1 r.invalid/"]),
                ("machine r.invalid password Kestrel-1 login mia", &["mia Kestrel-1 r.invalid/"]),
                ("machine r.invalid account a login mia password \"Kes trel\"", &["mia Kes trel r.invalid/"]),
                ("machine r.invalid\n\tpassword Kestrel-1\nmachine s.invalid login u\n", &["- Kestrel-1 r.invalid/"]),
                (
                    "machine a.invalid login u password Heron-1\nmachine b.invalid login v password Heron-2\ndefault login w password Heron-3",
                    &["u Heron-1 a.invalid/", "v Heron-2 b.invalid/"],
                ),
                ("echo \"machine r.invalid login mia password Kestrel-1\" > ~/.netrc", &["mia Kestrel-1 r.invalid/"]),
                ("machine r.invalid login mia password Kestrel-1\\nmachine", &["mia Kestrel-1 r.invalid/"]),
                ("# machine r.invalid login mia password Kestrel-1 # old", &["mia Kestrel-1 r.invalid/"]),
                ("+machine r.invalid\n+  login mia\n+  password Kestrel-1\n", &["mia Kestrel-1 r.invalid/"]),
                ("+machine r.invalid\r\n+login mia\r\n+password Kestrel-1\r\n", &["mia Kestrel-1 r.invalid/"]),
                (
                    " machine r.invalid\n   login mia\n-  password Kestrel-1\n+  password Heron-2\n",
                    &["mia Kestrel-1 r.invalid/", "mia Heron-2 r.invalid/"],
                ),
                ("machine r.invalid login mia password $TOKEN", &[]),
                ("machine r.invalid login mia password ${{ secrets.T }}", &[]),
                ("machine r.invalid login mia password <password>", &[]),
                ("machine r.invalid login user password password", &[]),
                ("machine r.invalid login mia", &[]),
                ("machine %s login %s password %s", &[]),
                ("a machine learning password Kestrel-1", &[]),
                ("virtualmachine r.invalid password Kestrel-1", &[]),
            ],
        );
    }
}
