//! What must come of a context with each of its four variants.

use keyrake::detect::{Detector, mint};

use crate::cases::{Case, TOKEN};
use crate::forms::{PLACEHOLDERS, Written};
use crate::scan::{Seen, scan};
use crate::wrappings::Layer;

/// What stands in the token's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    Token,
    Placeholder,
    WrongChecksum,
    CutShort,
}

/// One variant of one context, and what was wrong with it.
#[derive(Debug)]
pub(crate) struct Tried {
    pub(crate) case: Case,
    pub(crate) variant: Variant,
    pub(crate) text: String,
    pub(crate) wrong: Option<String>,
}

/// How many characters are lost of a token that was not copied whole.
const CUT: usize = 8;

/// The context with all its variants.
pub(crate) fn all(detector: &Detector, case: &Case, seed: u64) -> Vec<Tried> {
    let token = mint::fill(case.kind.token, seed);
    let mut variants =
        vec![(Variant::Token, token.clone()), (Variant::CutShort, token[..token.len() - CUT].to_owned())];
    variants.extend(PLACEHOLDERS.map(|text| (Variant::Placeholder, text.to_owned())));
    if !case.kind.bad.is_empty() {
        variants.push((Variant::WrongChecksum, mint::fill(case.kind.bad, seed)));
    }
    variants.into_iter().map(|(variant, value)| one(detector, case, variant, &value)).collect()
}

fn one(detector: &Detector, case: &Case, variant: Variant, value: &str) -> Tried {
    let written = match (variant, case.written) {
        // Nobody escapes these.
        (Variant::Placeholder, Written::Percent) => value.to_owned(),
        (_, written) => written.of(value),
    };
    let text = case.text.replace(TOKEN, &written);
    let bytes = (case.wrapping.wrap)(&text);
    let mut seen = scan(detector, &bytes);
    // What else the example holds.
    seen.retain(|seen| !case.text.contains(&seen.secret));
    let wrong = match variant {
        Variant::Token => missed(case, value, &written, &bytes, &text, &seen),
        Variant::Placeholder => seen.first().map(|seen| format!("found {}: {}", seen.rule, seen.secret)),
        Variant::WrongChecksum | Variant::CutShort => seen
            .iter()
            .find(|seen| seen.evidence.is_strong())
            .map(|seen| format!("found {} ({}): {}", seen.rule, seen.evidence.as_str(), seen.secret)),
    };
    Tried { case: case.clone(), variant, text, wrong }
}

fn missed(case: &Case, token: &str, written: &str, bytes: &[u8], text: &str, seen: &[Seen]) -> Option<String> {
    let [only] = seen else {
        let found: Vec<String> = seen.iter().map(|seen| format!("{}: {}", seen.rule, seen.secret)).collect();
        return Some(format!("found {} times: {}", seen.len(), found.join(", ")));
    };
    if only.registry != case.registry {
        return Some(format!("found as {}", only.rule));
    }
    if only.secret != token {
        return Some(format!("found as {}, which is not {token}", only.secret));
    }
    misplaced(case, written, bytes, text, only)
}

fn misplaced(case: &Case, written: &str, bytes: &[u8], text: &str, seen: &Seen) -> Option<String> {
    let Some(span) = &seen.written else { return Some("the span lies outside the text".to_owned()) };
    let member = match case.wrapping.layer {
        Layer::Member(path) => Some(path),
        _ => None,
    };
    if seen.member.as_deref() != member {
        return Some(format!("found in member {:?}, not {member:?}", seen.member));
    }
    let (whole, expected) = match case.wrapping.layer {
        Layer::Plain => (String::from_utf8_lossy(bytes).into_owned(), written.as_bytes().to_vec()),
        Layer::Member(_) => (text.to_owned(), written.as_bytes().to_vec()),
        Layer::Wide => return misplaced_wide(written, bytes, seen),
        Layer::Base64 => return (!begins_there(bytes, span, seen)).then(|| "it stands elsewhere".to_owned()),
    };
    if case.written == Written::Base64 {
        let at = memchr::memmem::find(written.as_bytes(), span);
        return at.is_none().then(|| format!("its span is {:?}", String::from_utf8_lossy(span)));
    }
    if *span != expected {
        return Some(format!("its span is {:?}", String::from_utf8_lossy(span)));
    }
    elsewhere(&whole, written, seen)
}

fn misplaced_wide(written: &str, bytes: &[u8], seen: &Seen) -> Option<String> {
    let little = bytes.starts_with(&[0xff, 0xfe]) || bytes.get(1) == Some(&0);
    let unit = |pair: &[u8]| match little {
        true => u16::from_le_bytes([pair[0], pair[1]]),
        false => u16::from_be_bytes([pair[0], pair[1]]),
    };
    let text = |bytes: &[u8]| String::from_utf16_lossy(&bytes.chunks_exact(2).map(unit).collect::<Vec<_>>());
    let span = text(seen.written.as_deref().unwrap_or_default());
    if span != written {
        return Some(format!("its span is {span:?}"));
    }
    elsewhere(&text(bytes), written, seen)
}

/// Whether the span begins at the line and column that are told.
fn begins_there(bytes: &[u8], span: &[u8], seen: &Seen) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').nth(seen.region.line as usize - 1);
    let rest = line.and_then(|line| line.get(seen.region.column as usize - 1..));
    let head = span.split(|byte| *byte == b'\n').next().unwrap_or_default();
    !head.is_empty() && rest.is_some_and(|rest| rest.starts_with(head))
}

/// Whether line and column are those of the token.
fn elsewhere(text: &str, written: &str, seen: &Seen) -> Option<String> {
    let before = &text[..text.find(written)?];
    let line = before.matches('\n').count() as u64 + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before[start..].chars().count() as u64 + 1;
    let end = column + written.chars().count() as u64;
    let region = seen.region;
    let found = (region.line, region.column, region.end_line, region.end_column);
    (found != (line, column, line, end)).then(|| format!("found at {found:?}, not at {:?}", (line, column, line, end)))
}
