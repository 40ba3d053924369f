//! Holds rules to their own examples.

use crate::detect::{Detector, mint, parse};
use crate::model::{Blob, Matcher, Origin, Rule, RuleSet};

/// What came of testing one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The rule's id.
    pub rule: String,
    /// What is wrong; empty where nothing is.
    pub problems: Vec<String>,
}

impl Verdict {
    /// Whether the rule does what its file says.
    pub fn is_ok(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Tests every rule: its examples are found, its counter-examples are not, its literals stand in what it finds, its expression has
/// an end, and its owner is told what it is and where to go.
pub fn check(rules: &RuleSet) -> Vec<Verdict> {
    let detector = match Detector::new(rules.clone()) {
        Ok(detector) => detector,
        Err(error) => {
            let all = rules.rules.iter();
            return all.map(|rule| Verdict { rule: rule.id.clone(), problems: vec![error.to_string()] }).collect();
        }
    };
    let rules = rules.rules.iter().enumerate();
    rules
        .map(|(index, rule)| {
            let mut problems = failures(&detector, index, rule);
            problems.extend(literals(rule, detector.rules()));
            problems.extend(form(rule, detector.rules()));
            Verdict { rule: rule.id.clone(), problems }
        })
        .collect()
}

/// Examples that the rule misses and counter-examples that it finds.
pub(crate) fn failures(detector: &Detector, index: usize, rule: &Rule) -> Vec<String> {
    let finds = |text: &str, seed: usize| finds(detector, index, rule, text, seed);
    let missed = rule.examples.iter().enumerate().filter(|(at, text)| !finds(text, *at));
    let found = rule.counter_examples.iter().enumerate().filter(|(at, text)| finds(text, *at));
    missed
        .map(|(at, _)| format!("example {} is not found", at + 1))
        .chain(found.map(|(at, _)| format!("counter-example {} is found", at + 1)))
        .collect()
}

/// Whether the rule misses the first of its examples.
pub(crate) fn first_failure(detector: &Detector, index: usize, rule: &Rule) -> Option<String> {
    let is_missed = rule.examples.first().is_some_and(|text| !finds(detector, index, rule, text, 0));
    is_missed.then(|| "example 1 is not found".to_owned())
}

fn finds(detector: &Detector, index: usize, rule: &Rule, text: &str, seed: usize) -> bool {
    let filled = filled(text, seed, rule, detector.rules());
    detector.scan(&Blob::whole(Origin::Stdin, filled.as_bytes())).iter().any(|found| found.rule == index)
}

/// What readers of a finding miss, and expressions that could match without end.
fn form(rule: &Rule, rules: &RuleSet) -> Vec<String> {
    let mut problems = Vec::new();
    let expression = match &rule.matcher {
        Matcher::Pattern { pattern, .. } => Some(pattern),
        Matcher::Names { value, .. } => value.as_ref(),
        Matcher::Parser(_) | Matcher::Bound => None,
    };
    if expression.is_some_and(|text| !is_bounded(text)) {
        problems.push("its expression has no end: say how often at most a part may repeat".to_owned());
    }
    if rule.help.is_empty() {
        problems.push("it has no help".to_owned());
    }
    // A protocol that anybody's server speaks has no page; nor need a user's own registry have one.
    let facts = rules.registry(&rule.registry).filter(|facts| !rule.custom && facts.api.is_some());
    if facts.is_some_and(|facts| facts.owner_page.is_none()) {
        problems.push("its registry names no page of the owner".to_owned());
    }
    problems
}

fn is_bounded(expression: &str) -> bool {
    let parsed = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(expression);
    parsed.is_ok_and(|parsed| parsed.properties().maximum_len().is_some())
}

/// Literals of a user's rule that stand in none of its examples: the rule would be searched for and never seen.
fn literals(rule: &Rule, rules: &RuleSet) -> Option<String> {
    let filled: Vec<String> =
        rule.examples.iter().enumerate().map(|(at, text)| filled(text, at, rule, rules)).collect();
    let stands = |literal: &String| filled.iter().any(|text| text.contains(literal.as_str()));
    let missing = rule.literals.iter().position(|literal| !stands(literal))?;
    Some(format!("literal {} stands in none of the examples", missing + 1))
}

/// An example of a rule with freshly minted secrets, and the registry's own hosts for `{host}` and `{host:1}`.
pub fn filled(text: &str, seed: usize, rule: &Rule, rules: &RuleSet) -> String {
    let facts = rules.registry(&rule.registry);
    let hosts = facts.into_iter().flat_map(|facts| {
        let api = facts.api.as_deref().and_then(parse::host_of);
        api.into_iter().chain(facts.mirrors.iter().chain(&facts.hosts).map(|host| host.replace('*', "team")))
    });
    let text = hosts.enumerate().fold(text.to_owned(), |text, (at, host)| {
        let text = text.replace(&format!("{{host:{at}}}"), &host);
        if at == 0 { text.replace("{host}", &host) } else { text }
    });
    mint::fill(&text, seed as u64)
}
