//! Where base64 and two-byte characters stand, and what in them deserves to be decoded.
//!
//! In: a text and the ranges of it to search. Out: the places of encoded literals, each with what it leads to. Texts of people hold
//! next to no long runs of base64 and no zeros, so a quick look finds the stretches that do, and only there the many encoded forms of
//! every literal are searched for. It must never decide by where a range begins: whatever it says of a place, it says by what stands
//! near it.

use std::ops::Range;
use std::sync::OnceLock;

use super::decode::base64_forms;
use super::prefilter;
use super::runs;
use super::sampled::Sampled;

/// Zeros looked at together.
const BLOCK: usize = 16;
/// Shorter encoded forms stand in too many words.
const SHORTEST_FORM: usize = 4;
/// Shorter texts of two-byte characters hold no token; in characters.
const SHORTEST_WIDE: usize = 16;

/// The encoded forms of all literals, and the search for them.
pub(crate) struct Forms {
    literals: Vec<(Vec<u8>, Layers)>,
    compiled: OnceLock<Option<Compiled>>,
}

/// How many times a literal may have been encoded and still be looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layers {
    /// Once: names of fields.
    One,
    /// Twice: what a proof stands behind.
    Two,
}

struct Compiled {
    search: Sampled<SHORTEST_FORM, 1>,
    /// By pattern: its length, and the position in a group of four of its first character.
    forms: Vec<(usize, u8)>,
}

impl Forms {
    /// Takes plain literals.
    pub(crate) fn new(literals: Vec<(Vec<u8>, Layers)>) -> Self {
        Self { literals, compiled: OnceLock::new() }
    }

    fn compiled(&self) -> Option<&Compiled> {
        self.compiled.get_or_init(|| Compiled::new(&self.literals)).as_ref()
    }

    /// Calls `found(hit, phase)` for every encoded form of a literal that stands in one of the long runs around the range and begins
    /// within the range.
    pub(crate) fn base64(
        &self,
        bytes: &[u8],
        range: &Range<usize>,
        runs: &[Range<usize>],
        mut found: impl FnMut(Range<usize>, u8),
    ) {
        let mut hits: Vec<(usize, usize)> = Vec::new();
        for run in runs.iter().filter(|run| is_mixed(bytes, run)) {
            let Some(compiled) = self.compiled() else { return };
            hits.clear();
            compiled.search(bytes, run, |start, form| hits.push((start, form)));
            hits.sort_unstable();
            for (start, form) in &hits {
                let near = start.saturating_sub(runs::SHORTEST).max(run.start)..run.end.min(start + runs::SHORTEST);
                if let Some((length, phase)) = compiled.forms.get(*form)
                    && range.contains(start)
                    && is_mixed(bytes, &near)
                {
                    found(*start..start + length, *phase);
                }
            }
        }
    }

    /// Calls `found(place)` for every encoded form in a run that may be only a part of one.
    pub(crate) fn places(&self, bytes: &[u8], run: &Range<usize>, mut found: impl FnMut(usize)) {
        if let Some(compiled) = self.compiled() {
            compiled.search(bytes, run, |start, _| found(start));
        }
    }
}

impl Compiled {
    fn new(literals: &[(Vec<u8>, Layers)]) -> Option<Self> {
        let mut all: Vec<(Vec<u8>, u8)> = Vec::new();
        for (literal, layers) in literals {
            for (form, phase) in base64_forms(literal) {
                if *layers == Layers::Two {
                    all.extend(base64_forms(&form));
                }
                all.push((form, phase));
            }
            // PowerShell's `-EncodedCommand`.
            let wide: Vec<u8> = literal.iter().flat_map(|byte| [*byte, 0]).collect();
            all.extend(base64_forms(&wide));
        }
        all.retain(|(form, _)| form.len() >= SHORTEST_FORM);
        all.iter_mut().for_each(|(form, _)| form.truncate(prefilter::LONGEST));
        all.sort();
        all.dedup();
        // A form that begins with another of the same phase is found with it.
        let mut forms: Vec<(Vec<u8>, u8)> = Vec::new();
        for (form, phase) in all {
            if !forms.iter().rev().any(|(known, other)| *other == phase && form.starts_with(known)) {
                forms.push((form, phase));
            }
        }
        let numbered = forms.iter().enumerate().map(|(number, (form, _))| (form.clone(), number)).collect();
        let lengths = forms.iter().map(|(form, phase)| (form.len(), *phase)).collect();
        Some(Self { search: Sampled::new(numbered)?, forms: lengths })
    }

    /// Calls `found(start, form)` for every form in a run, in no order.
    fn search(&self, bytes: &[u8], run: &Range<usize>, mut found: impl FnMut(usize, usize)) {
        self.search.search(bytes.get(run.clone()).unwrap_or_default(), |form, start| found(run.start + start, form));
    }
}

/// Whether letters of both cases stand in the run, as in all base64 of some length: names and hashes have one case.
fn is_mixed(bytes: &[u8], run: &Range<usize>) -> bool {
    let text = bytes.get(run.clone()).unwrap_or_default();
    text.iter().any(u8::is_ascii_uppercase) && text.iter().any(u8::is_ascii_lowercase)
}

/// Calls `found` with a place in every text of two-byte characters that touches the range; returns where the search goes on.
pub(crate) fn wide(bytes: &[u8], range: &Range<usize>, mut found: impl FnMut(usize) -> usize) {
    let end = range.end.min(bytes.len());
    let mut at = range.start;
    while let Some(zero) = bytes.get(at..end).and_then(|rest| memchr::memchr(0, rest)).map(|zero| at + zero) {
        // Behind another zero no character ends.
        at = zero + 1 + zeros(bytes.get(zero + 1..end).unwrap_or_default());
        let Some(first) = zero.checked_sub(1) else { continue };
        if is_wide(bytes, first) {
            at = at.max(found(first));
        }
    }
}

/// How many zeros the text begins with.
fn zeros(text: &[u8]) -> usize {
    let (blocks, _) = text.as_chunks::<BLOCK>();
    let whole = blocks.iter().take_while(|block| **block == [0; BLOCK]).count() * BLOCK;
    whole + text.get(whole..).unwrap_or_default().iter().take_while(|byte| **byte == 0).count()
}

/// Whether a text of two-byte characters stands around the character at `first`.
fn is_wide(bytes: &[u8], first: usize) -> bool {
    let is_pair = |pair: &[u8]| matches!(pair, [character, 0] if character.is_ascii() && *character != 0);
    let before = bytes.get(first.saturating_sub(2 * SHORTEST_WIDE)..first).unwrap_or_default();
    let before = before.rchunks_exact(2).take_while(|pair| is_pair(pair)).count();
    let after = bytes.get(first..).unwrap_or_default().chunks_exact(2);
    before + after.take(SHORTEST_WIDE).take_while(|pair| is_pair(pair)).count() >= SHORTEST_WIDE
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn forms() -> Forms {
        Forms::new(vec![(b"npm_".to_vec(), Layers::Two), (b"_authToken".to_vec(), Layers::One)])
    }

    fn hits(bytes: &[u8], range: Range<usize>) -> Vec<(usize, u8)> {
        let mut hits = Vec::new();
        let runs: Vec<_> = runs::long(bytes, &range).collect();
        forms().base64(bytes, &range, &runs, |hit, phase| hits.push((hit.start, phase)));
        hits.sort_unstable();
        hits.dedup();
        hits
    }

    #[test]
    fn literals_are_seen_in_long_runs_at_every_alignment_and_twice_encoded() {
        for before in 0..6 {
            let plain = format!("{}npm_and some more text behind it", "#".repeat(before));
            let once = STANDARD.encode(&plain);
            let twice = STANDARD.encode(&once);
            for encoded in [once, twice] {
                for margin in 0..40 {
                    let text = format!("{}\"{encoded}\"{}", " ".repeat(margin), " ".repeat(40 - margin));
                    assert!(!hits(text.as_bytes(), 0..text.len()).is_empty(), "{before} {margin}");
                }
            }
        }
    }

    #[test]
    fn what_is_seen_of_a_place_does_not_depend_on_the_range() {
        let run = STANDARD.encode("a text with npm_ and _authToken in it, npm_ twice");
        let short = &STANDARD.encode("npm_0123456789abcdef")[..24];
        let text = format!("x {run} {short} {} {run}/{run}\n", "-".repeat(70)).repeat(3);
        let all = hits(text.as_bytes(), 0..text.len());
        assert!(all.len() > 9);
        for start in (0..text.len()).step_by(7) {
            for length in [1, 40, 200] {
                let range = start..(start + length).min(text.len());
                let expected: Vec<_> = all.iter().copied().filter(|(at, _)| range.contains(at)).collect();
                assert_eq!(hits(text.as_bytes(), range), expected);
            }
        }
    }

    #[test]
    fn wide_text_is_seen_among_other_bytes() {
        let text = |length: usize| "a text of some length, twice".repeat(2)[..length].to_owned();
        let wide_of = |length: usize| text(length).encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        for (length, seen) in [(SHORTEST_WIDE, true), (SHORTEST_WIDE - 1, false), (40, true)] {
            let bytes = [&[0, 0, 1, 0, 0][..], &wide_of(length), &[0, 0, 0, 7, 0]].concat();
            let mut places = 0;
            wide(&bytes, &(0..bytes.len()), |at| {
                places += 1;
                at + 2 * length
            });
            assert_eq!(places > 0, seen, "{length}");
        }
    }
}
