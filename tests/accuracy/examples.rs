//! Every example of every rule in every wrapping that leaves its text in place: what is found must be what is found without it.

use std::collections::BTreeSet;

use keyrake::detect::{Detector, rules};
use keyrake::model::Rule;
use rayon::prelude::*;

use crate::scan::scan;
use crate::wrappings::{Layer, WRAPPINGS, Wrapping};

const SEED: usize = 7;
const SHOWN: usize = 40;

/// What is read differently there, and why: a rule, the beginning of a wrapping's name, the reason.
const EXCEPTIONS: [(&str, &str, &str); 1] = [(
    "rubygems-file-key",
    "JSON string in JSON",
    "its text is quoted already, and the escapes of two strings are taken out, not those of three",
)];

type Findings = BTreeSet<(String, String)>;

fn findings(detector: &Detector, bytes: &[u8]) -> Findings {
    scan(detector, bytes).into_iter().map(|seen| (seen.registry, seen.secret)).collect()
}

fn wrong(detector: &Detector, rule: &Rule, text: &str, wrapping: &Wrapping) -> Option<String> {
    let text = rules::filled(text, SEED, rule, detector.rules());
    let (alone, wrapped) = (findings(detector, text.as_bytes()), findings(detector, &(wrapping.wrap)(&text)));
    let missed: Vec<_> = alone.difference(&wrapped).collect();
    let other: Vec<_> = wrapped.difference(&alone).collect();
    let is_excepted = EXCEPTIONS.iter().any(|(id, name, _)| rule.id == *id && wrapping.name.starts_with(name));
    (alone != wrapped && !is_excepted)
        .then(|| format!("{} [{}]: missed {missed:?}, found {other:?}: {text:?}", rule.id, wrapping.name))
}

#[test]
fn examples_are_found_in_every_wrapping_and_counter_examples_in_none() {
    let detector = crate::detector();
    let is_file = |each: &&Wrapping| each.layer != Layer::Base64;
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
