//! Stage two: finds credentials in content.
//!
//! In: a `Blob` and the rules. Out: its `Match`es: each secret with its place, its user and host as the file names them, and why it
//! is believed. Pure: no file, clock or network, and no look at the path; what a rule needs to know stands in the bytes.
//! The time is linear in the bytes, whatever they are.

mod allow;
mod decode;
pub mod mint;
mod parse;
mod placeholder;
mod prefilter;
mod proof;
pub mod rules;
mod search;

use std::iter;

use crate::model::{Below, Blob, Evidence, Fresh, Match, Matcher, RegistryFacts, Rule, RuleSet};
use decode::{base64_forms, wide_form};
use parse::NEAR;
use prefilter::Prefilter;
use rules::RuleError;
use search::{Action, Engine, Pattern, Reader, merge, outward};

/// Base64 of base64 is looked for only where at least this much of the text remains recognisable.
const SHORTEST_ENCODED: usize = 4;

/// Finds what a set of rules describes.
pub struct Detector {
    rules: RuleSet,
    engine: Engine,
}

impl Detector {
    /// Compiles the rules.
    pub fn new(rules: RuleSet) -> Result<Self, RuleError> {
        let readers = rules.rules.iter().map(reader).collect::<Result<_, _>>()?;
        let mut table = Literals::default();
        for (index, rule) in rules.rules.iter().enumerate() {
            table.add_rule(index, rule);
        }
        table.drop_covered();
        let (texts, literals): (Vec<_>, Vec<_>) =
            table.entries.into_iter().map(|(text, actions)| (text.clone(), (text.len(), actions))).unzip();
        let prefilter = Prefilter::new(&texts).ok_or(RuleError::TooManyLiterals)?;
        let public = rules.registries.iter().flat_map(public_hosts).collect();
        Ok(Self { engine: Engine { prefilter, literals, readers, public }, rules })
    }

    /// The rules; matches refer to them by index.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// How far around new bytes, or around a place where bytes are missing, `Fresh::Ranges` has to extend: an anchor that stands
    /// further away is judged by bytes that are all old, or makes its blob one below which everything is searched whole.
    pub fn reach(&self) -> usize {
        NEAR + self.engine.prefilter.longest()
    }

    /// Every match of the blob, in order of place. Of a blob with fresh ranges only those that were not in the blob it was made
    /// from: where that one was searched, and `search` said `Below::Fresh`, these are all.
    pub fn scan(&self, blob: &Blob<'_>) -> Vec<Match> {
        self.search(blob).0
    }

    /// The same, and how the blobs that are made from this one have to be searched.
    pub fn search(&self, blob: &Blob<'_>) -> (Vec<Match>, Below) {
        let bytes = blob.bytes;
        let whole = || self.engine.search(&self.rules, bytes, iter::once(0..bytes.len()), 0);
        let (mut found, is_far) = match blob.fresh {
            Fresh::All => whole(),
            Fresh::Ranges(ranges) => match self.engine.search(&self.rules, bytes, ranges.iter().cloned(), 0) {
                // What far bytes decide may depend on anchors before it, too.
                (_, true) => whole(),
                near => near,
            },
        };
        allow(&mut found, bytes);
        if let Some(text) = decode::utf16(bytes) {
            // Each such text is searched whole, whatever of it is fresh.
            let (mut inner, _) = self.engine.search(&self.rules, &text.bytes, iter::once(0..text.bytes.len()), 0);
            allow(&mut inner, &text.bytes);
            found.extend(inner.into_iter().map(|inner| outward(inner, &text, bytes.len())));
            found = merge(found);
        }
        let below = if found.is_empty() && !is_far { Below::Fresh } else { Below::Whole };
        (found, below)
    }

    /// Scans the examples of every rule, the user's own too: a detector that is broken must not report "nothing found".
    pub fn self_check(&self) -> Result<(), String> {
        if self.rules.rules.is_empty() {
            return Err("no rule is active".to_owned());
        }
        for (index, rule) in self.rules.rules.iter().enumerate() {
            let failures = rules::failures(self, index, rule);
            if !failures.is_empty() {
                return Err(format!("rule {}: {}", rule.id, failures.join("; ")));
            }
        }
        Ok(())
    }
}

fn allow(found: &mut [Match], bytes: &[u8]) {
    for each in found.iter_mut() {
        each.allow = allow::reason(bytes, &each.span);
    }
}

fn reader(rule: &Rule) -> Result<Reader, RuleError> {
    match &rule.matcher {
        Matcher::Parser(name) => parse::by_name(name).map(Reader::Parser).ok_or_else(|| RuleError::Rule {
            rule: rule.id.clone(),
            reason: "there is no parser of that name".to_owned(),
        }),
        Matcher::Pattern { pattern, checksum } => {
            let compile =
                |text: &str| rules::compile(text).map_err(|reason| RuleError::Rule { rule: rule.id.clone(), reason });
            let begins =
                !rule.literals.is_empty() && rule.literals.iter().all(|each| pattern.starts_with(each.as_str()));
            let regex = compile(&if begins { format!(r"\A(?:{pattern})") } else { pattern.clone() })?;
            let is_far = rules::longest_match(pattern).is_none_or(|length| length > NEAR);
            let compiled = Pattern { regex, checksum: *checksum, is_far };
            Ok(if begins { Reader::Anchored(compiled) } else { Reader::Around(compiled) })
        }
    }
}

fn public_hosts(facts: &RegistryFacts) -> impl Iterator<Item = String> + '_ {
    facts.api.iter().chain(&facts.mirrors).filter_map(|address| parse::host_of(address))
}

/// The literals of all rules and what each leads to.
#[derive(Default)]
struct Literals {
    entries: Vec<(Vec<u8>, Vec<Action>)>,
}

impl Literals {
    fn add(&mut self, text: Vec<u8>, action: Action) {
        match self.entries.iter_mut().find(|(known, _)| *known == text) {
            Some((_, actions)) if actions.contains(&action) => {}
            Some((_, actions)) => actions.push(action),
            None => self.entries.push((text, vec![action])),
        }
    }

    /// A rule's literals, and the encoded forms of those that are distinct enough to be looked for in them: prefixes that a proof
    /// stands behind, at two layers and in UTF-16, and names of credential fields, at one.
    fn add_rule(&mut self, index: usize, rule: &Rule) {
        for literal in &rule.literals {
            let text = literal.as_bytes();
            self.add(text.to_vec(), Action::Rule(index));
            let is_name = text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
            let is_upper = !text.iter().any(u8::is_ascii_lowercase);
            if rule.custom || !rule.evidence.is_strong() || !is_name || is_upper {
                continue;
            }
            let is_proven = rule.evidence <= Evidence::Structure;
            for (form, phase) in base64_forms(text) {
                if is_proven {
                    for (outer, phase) in base64_forms(&form) {
                        self.add(outer, Action::Base64(phase));
                    }
                }
                self.add(form, Action::Base64(phase));
            }
            if is_proven {
                self.add(wide_form(text), Action::Wide);
            }
        }
    }

    /// Leaves out encoded forms that are too short, and those that begin with another one that leads to the same.
    fn drop_covered(&mut self) {
        let all = self.entries.clone();
        self.entries.retain(|(text, actions)| {
            let is_encoded = !actions.iter().any(|action| matches!(action, Action::Rule(_)));
            let is_covered = || {
                all.iter().any(|(other, others)| {
                    other.len() < text.len()
                        && text.starts_with(other)
                        && actions.iter().all(|each| others.contains(each))
                })
            };
            !is_encoded || (text.len() >= SHORTEST_ENCODED && !is_covered())
        });
    }
}

#[cfg(test)]
mod forms;
#[cfg(test)]
mod law;
#[cfg(test)]
mod tests;
