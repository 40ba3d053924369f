//! Being right, measured: every kind of token of every registry in every form and wrapping, and beside each what only looks like it.
//!
//! Each context is tried four times: with a token, which must be found once, whole, at its place and as its registry's; with a
//! placeholder, which must not be found at all; with a wrong checksum and with a token cut short, of which nothing may be said
//! with strong evidence. What is known to be otherwise stands in `exceptions`, with the reason; an exception that is not needed
//! any more fails, too.

#![expect(clippy::expect_used, reason = "a test that cannot be set up fails, and says why")]
#![expect(clippy::print_stdout, reason = "what was measured is shown")]

mod archives;
mod cases;
mod contexts;
mod examples;
mod exceptions;
mod forms;
mod judge;
mod kinds;
mod scan;
mod table;
mod wrappings;

use std::collections::BTreeSet;

use keyrake::detect::{Detector, rules};
use keyrake::model::Matcher;
use rayon::prelude::*;

const SEEDS: [u64; 2] = [7, 1_000_003];

fn detector() -> Detector {
    Detector::new(rules::embedded().expect("the embedded rules")).expect("a detector of them")
}

#[test]
fn every_kind_of_token_in_every_form_and_nothing_else() {
    let detector = detector();
    let tried: Vec<judge::Tried> = kinds::KINDS
        .par_iter()
        .flat_map(|kind| cases::of(&detector, kind))
        .flat_map_iter(|case| SEEDS.map(|seed| (case.clone(), seed)))
        .flat_map_iter(|(case, seed)| judge::all(&detector, &case, seed))
        .collect();
    table::finish(tried);
}

#[test]
fn every_rule_with_a_pattern_or_with_names_has_its_kinds() {
    let known: BTreeSet<&str> = kinds::KINDS.iter().map(|kind| kind.rule).collect();
    let rules = rules::embedded().expect("the embedded rules").rules;
    let is_tried = |matcher: &Matcher| matches!(matcher, Matcher::Pattern { .. } | Matcher::Names { .. });
    let forgotten: Vec<String> = rules
        .into_iter()
        .filter(|rule| is_tried(&rule.matcher) && !known.contains(rule.id.as_str()))
        .map(|rule| rule.id)
        .collect();
    assert!(forgotten.is_empty(), "no kind of token is minted for {forgotten:?}");
}
