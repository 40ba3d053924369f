//! Credentials of Snapcraft and Charmcraft, which are longer than any expression looks: base64 of JSON, and the ini file of older clients.

use std::ops::Range;

use super::super::value::{Lines, opening};
use super::{Found, Text};
use crate::detect::proof::{Proof, Proven, snap};

/// Two macaroons in base64 in JSON in base64, with as many caveats as the store writes.
const LONGEST: usize = 16 << 10;
/// The field of the ini file that older clients write.
const FIELD: &[u8] = b"unbound_discharge";

/// Reads the credentials that begin at the anchor, or are set to it.
pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let found = match text.bytes.get(anchor.clone()) {
        Some(FIELD) => field(text, &anchor),
        _ => run(text, &anchor),
    };
    found.into_iter().collect()
}

/// A run of base64, whole: what begins inside another is no beginning.
fn run(text: &Text<'_>, anchor: &Range<usize>) -> Option<Found> {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'_' | b'-');
    match text.bytes.get(..anchor.start)? {
        // A difference has a plus before each line.
        b"+" | [.., b'\n', b'+'] => {}
        [.., before] if is_base64(before) => return None,
        _ => {}
    }
    let rest = text.bytes.get(anchor.start..)?;
    let rest = rest.get(..LONGEST).unwrap_or(rest);
    let length = rest.iter().take_while(|byte| is_base64(byte)).count();
    let padding = rest.get(length..)?.iter().take(2).take_while(|byte| **byte == b'=').count();
    let span = anchor.start..anchor.start + length + padding;
    text.looks_up_to(span.end + 1);
    judged(text, span, snap::credentials)
}

/// The discharge of older clients; the root macaroon stands on the line above it.
fn field(text: &Text<'_>, name: &Range<usize>) -> Option<Found> {
    let value = opening(text.bytes, name.end, Lines::AfterColon)?;
    let (span, _) = text.token(value)?;
    judged(text, span, snap::discharge)
}

fn judged(text: &Text<'_>, span: Range<usize>, proof: Proof) -> Option<Found> {
    let secret = text.bytes.get(span.clone())?;
    let Proven { offline, evidence, .. } = proof(secret)?;
    Some(Found { offline, evidence, ..Found::new(span, secret.to_vec()) })
}
