//! Every example of every rule in every wrapping that leaves its text in place: what is found must be what is found without it.

use std::collections::BTreeSet;

use keyrake::detect::{Detector, rules};
use keyrake::model::Rule;
use rayon::prelude::*;

use crate::scan::scan;
use crate::wrappings::{Layer, WRAPPINGS, Wrapping};

const SEED: usize = 7;
const SHOWN: usize = 40;

/// Whole files of many lines are not read by their grammar inside of a string or a difference; their tokens are read there by shape
/// and name, which the other test measures.
const INSIDE_OTHERS: [&str; 4] = ["JSON string", "JSON string in JSON", "notebook", "diff"];

type Findings = BTreeSet<(String, String)>;

fn findings(detector: &Detector, bytes: &[u8]) -> Findings {
    scan(detector, bytes).into_iter().map(|seen| (seen.registry, seen.secret)).collect()
}

fn wrong(detector: &Detector, rule: &Rule, text: &str, wrapping: &Wrapping) -> Option<String> {
    let text = rules::filled(text, SEED, rule, detector.rules());
    let (alone, wrapped) = (findings(detector, text.as_bytes()), findings(detector, &(wrapping.wrap)(&text)));
    let missed: Vec<_> = alone.difference(&wrapped).collect();
    let other: Vec<_> = wrapped.difference(&alone).collect();
    (alone != wrapped).then(|| format!("{} [{}]: missed {missed:?}, found {other:?}: {text:?}", rule.id, wrapping.name))
}

#[test]
fn examples_are_found_in_every_wrapping_and_counter_examples_in_none() {
    let detector = crate::detector();
    let is_file = |each: &&Wrapping| each.layer != Layer::Base64 && !INSIDE_OTHERS.contains(&each.name);
    let wrappings: Vec<&Wrapping> = WRAPPINGS.iter().filter(is_file).collect();
    let wrong: Vec<String> = detector
        .rules()
        .rules
        .par_iter()
        .flat_map_iter(|rule| rule.examples.iter().chain(&rule.counter_examples).map(move |text| (rule, text)))
        .flat_map_iter(|(rule, text)| wrappings.iter().map(move |wrapping| (rule, text, *wrapping)))
        .filter_map(|(rule, text, wrapping)| wrong(&detector, rule, text, wrapping))
        .collect();
    let shown = wrong.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} wrong:\n{shown}", wrong.len());
}
