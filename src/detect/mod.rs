//! Stage two: finds credentials in content.
//!
//! In: a `Blob` and the rules. Out: its `Match`es: each secret with its place, its user and host as the file names them, and why it
//! is believed. Pure: no file, clock or network, and no look at the path; what a rule needs to know stands in the bytes.
//! The time is linear in the bytes, whatever they are.

mod allow;
mod bound;
mod companions;
mod decode;
mod encoded;
mod glance;
mod matches;
pub mod mint;
mod parse;
mod pattern;
mod placeholder;
mod prefilter;
mod proof;
pub mod rules;
mod runs;
mod sampled;
mod search;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::model::{Below, Blob, Evidence, Fresh, Match, Matcher, Rule, RuleSet};
use bound::Owners;
use encoded::{Forms, Layers};
use matches::{merge, outward};
use parse::names::{self, Names, Value};
use pattern::Pattern;
use prefilter::Prefilter;
use rules::RuleError;
use search::{Action, Anchor, Engine, MOST_PLACES, Reader, Searched};

/// Shorter names are not looked for in base64: too many texts hold their encoded forms.
const SHORTEST_NAME: usize = 5;

/// Finds what a set of rules describes.
pub struct Detector {
    rules: RuleSet,
    engine: Engine,
}

impl Detector {
    /// Takes the rules; their expressions are compiled when a text asks for them.
    pub fn new(rules: RuleSet) -> Result<Self, RuleError> {
        let readers = rules.rules.iter().map(reader).collect::<Result<Vec<_>, _>>()?;
        let mut anchors = Anchors::default();
        let mut names = Names::default();
        for (index, rule) in rules.rules.iter().enumerate() {
            anchors.add_rule(index, rule);
            if let Matcher::Names { names: known, .. } = &rule.matcher {
                known.iter().for_each(|name| names.add(name, index));
            }
        }
        anchors.add_common();
        let forms = Forms::new(rules.rules.iter().flat_map(encoded_literals).chain(encoded_common()).collect());
        let longest = anchors.entries.iter().map(|anchor| anchor.text.len()).max().unwrap_or(0);
        let (texts, anchors) = anchors.by_beginning();
        let in_runs =
            |action: &Action| matches!(action, Action::Rule(rule) if readers.get(*rule).is_some_and(Reader::in_runs));
        let in_runs = |text: usize| anchors[text].iter().flat_map(|anchor| &anchor.actions).all(in_runs);
        let prefilter = Prefilter::new(&texts, in_runs).ok_or(RuleError::TooManyLiterals)?;
        let owners = Owners::new(&rules);
        let npm = npm_hosts(&rules);
        let companions = OnceLock::new();
        Ok(Self {
            engine: Engine { prefilter, anchors, longest, readers, names, forms, owners, npm, companions },
            rules,
        })
    }

    /// The rules; matches refer to them by index.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// How far around new bytes, or around a place where bytes are missing, the ranges of `Fresh::Part` have to extend.
    pub fn reach(&self) -> usize {
        prefilter::LONGEST
    }

    /// Every match of the blob, in order of place. Of a blob with fresh ranges only those that were not in the blob it was made
    /// from: where that one was searched, and `search` said `Below::Known`, these are all.
    pub fn scan(&self, blob: &Blob<'_>) -> Vec<Match> {
        self.search(blob).0
    }

    /// The same, and how the blobs that are made from this one have to be searched.
    pub fn search(&self, blob: &Blob<'_>) -> (Vec<Match>, Below) {
        let bytes = blob.bytes;
        let search_all = |bytes: &[u8]| self.engine.search_all(&self.rules, bytes, 0);
        let mut searched = match blob.fresh {
            Fresh::All => search_all(bytes),
            Fresh::Part { ranges, places } => {
                let (near, far) = self.engine.part(ranges, places);
                let ranges = self.engine.glance(bytes, ranges, &near);
                let searched = self.engine.search(&self.rules, bytes, &ranges, 0);
                match searched.is_far {
                    // What far bytes decide may depend on anchors before it, too.
                    true => search_all(bytes),
                    false => Searched { places: [far, searched.places].concat(), ..searched },
                }
            }
        };
        let mut found = searched.matches;
        allow(&mut found, bytes);
        if let Some(text) = decode::utf16(bytes) {
            // Each such text is searched whole, whatever of it is fresh.
            let mut inner = search_all(&text.bytes).matches;
            allow(&mut inner, &text.bytes);
            found.extend(inner.into_iter().map(|inner| outward(inner, &text, bytes.len())));
            found = merge(found);
        }
        let is_known = found.is_empty() && !searched.is_far && searched.places.len() <= MOST_PLACES;
        if !is_known {
            return (found, Below::Whole);
        }
        searched.places.sort_unstable();
        searched.places.dedup();
        (found, Below::Known(searched.places))
    }

    /// Scans examples: a detector that is broken must not report "nothing found". Of the embedded rules one of each kind is tried, the
    /// one whose expression is compiled soonest, since a hook starts in milliseconds and the tests hold all of them to all of theirs;
    /// of the user's own, all.
    pub fn self_check(&self) -> Result<(), String> {
        let rules = &self.rules.rules;
        if rules.is_empty() {
            return Err("no rule is active".to_owned());
        }
        let kind = |rule: &Rule| std::mem::discriminant(&rule.matcher);
        for (index, rule) in rules.iter().enumerate() {
            let alike = rules.iter().filter(|other| !other.custom && kind(other) == kind(rule));
            let failures = match rule.custom {
                true => rules::failures(self, index, rule),
                false if alike.min_by_key(|other| expression(other)).is_some_and(|first| first.id == rule.id) => {
                    rules::first_failure(self, index, rule).into_iter().collect()
                }
                false => continue,
            };
            if !failures.is_empty() {
                return Err(format!("rule {}: {}", rule.id, failures.join("; ")));
            }
        }
        Ok(())
    }
}

/// The length of a rule's expression.
fn expression(rule: &Rule) -> usize {
    match &rule.matcher {
        Matcher::Pattern { pattern, .. } => pattern.len(),
        Matcher::Names { value, .. } => value.as_ref().map_or(0, String::len),
        Matcher::Parser(_) | Matcher::Bound => 0,
    }
}

fn allow(found: &mut [Match], bytes: &[u8]) {
    for each in found.iter_mut() {
        each.allow = allow::reason(bytes, &each.span);
    }
}

fn reader(rule: &Rule) -> Result<Reader, RuleError> {
    let fault = |reason: &str| RuleError::Rule { rule: rule.id.clone(), reason: reason.to_owned() };
    let proof = |name: &Option<String>| match name {
        Some(name) => proof::by_name(name).map(Some).ok_or_else(|| fault("there is no proof of that name")),
        None => Ok(None),
    };
    Ok(match &rule.matcher {
        Matcher::Pattern { pattern, glued, proof: name } => {
            Reader::Pattern(Pattern::new(pattern, &rule.literals, *glued, proof(name)?))
        }
        Matcher::Names { value, proof: name, .. } => Reader::Value(Value::new(value.as_deref(), proof(name)?)),
        Matcher::Parser(name) => {
            Reader::Parser(parse::by_name(name).ok_or_else(|| fault("there is no parser of that name"))?)
        }
        Matcher::Bound => Reader::Bound,
    })
}

fn npm_hosts(rules: &RuleSet) -> Vec<String> {
    let npm = rules.registries.iter().filter(|facts| facts.id.as_str() == "npm");
    npm.flat_map(|facts| facts.api.iter().chain(&facts.mirrors)).filter_map(|address| parse::host_of(address)).collect()
}

/// The literals of a rule that are distinct enough to be looked for in base64: prefixes that a proof stands behind, at two layers, and
/// what leads to fields and files, at one. Of three characters base64 leaves two at some of its places; what stands before them in files
/// makes them more.
fn encoded_literals(rule: &Rule) -> Vec<(Vec<u8>, Layers)> {
    const SHORT: usize = 3;
    const BEFORE: [&str; 8] = ["", "=", " ", "\"", "'", ":", "\n", ">"];
    if rule.custom {
        return Vec::new();
    }
    let is_proven = matches!(rule.matcher, Matcher::Pattern { proof: Some(_), .. });
    let is_strong = matches!(rule.matcher, Matcher::Pattern { .. } | Matcher::Parser(_)) && rule.evidence.is_strong();
    let layers = if is_proven || is_strong && rule.evidence <= Evidence::Structure { Layers::Two } else { Layers::One };
    let is_distinct = |text: &&String| match layers {
        Layers::Two => text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.+".contains(&byte)),
        Layers::One => text.len() >= SHORTEST_NAME,
    };
    let before = |text: &String| if text.len() > SHORT { BEFORE.get(..1) } else { Some(&BEFORE[..]) };
    let spelled = rule
        .literals
        .iter()
        .filter(is_distinct)
        .flat_map(|text| before(text).into_iter().flatten().map(move |before| [*before, text.as_str()].concat()));
    spelled.map(|text| (text.into_bytes(), layers)).collect()
}

/// The same of what leads to rules of any registry.
fn encoded_common() -> impl Iterator<Item = (Vec<u8>, Layers)> {
    let anchors = parse::CARRIERS.iter().flat_map(|(anchors, _)| *anchors).chain(&names::CORES);
    anchors.filter(|text| text.len() >= SHORTEST_NAME).map(|text| (text.as_bytes().to_vec(), Layers::One))
}

/// What the first pass looks for and what each leads to.
#[derive(Default)]
struct Anchors {
    entries: Vec<Anchor>,
}

impl Anchors {
    fn add(&mut self, text: &str, action: Action) {
        match self.entries.iter_mut().find(|known| known.text == text.as_bytes()) {
            Some(known) if known.actions.contains(&action) => {}
            Some(known) => known.actions.push(action),
            None => self.entries.push(Anchor { text: text.as_bytes().to_vec(), actions: vec![action] }),
        }
    }

    /// Their beginnings, as much of them as is looked for, and by beginning all that begin with it.
    fn by_beginning(self) -> (Vec<Vec<u8>>, Vec<Vec<Anchor>>) {
        let mut all: BTreeMap<Vec<u8>, Vec<Anchor>> = BTreeMap::new();
        for anchor in self.entries {
            all.entry(anchor.text.iter().take(prefilter::LONGEST).copied().collect()).or_default().push(anchor);
        }
        all.into_iter().unzip()
    }

    fn add_rule(&mut self, index: usize, rule: &Rule) {
        let action = match rule.matcher {
            Matcher::Pattern { .. } | Matcher::Parser(_) => Action::Rule(index),
            Matcher::Names { .. } => Action::Name,
            Matcher::Bound => return,
        };
        rule.literals.iter().for_each(|literal| self.add(literal, action));
        match rule.matcher {
            Matcher::Parser(_) => {
                for literal in &rule.literals {
                    self.add_quoted(literal);
                    // Each line of a difference has a mark before it.
                    self.add(&literal.replace('\n', "\n+"), action);
                }
            }
            Matcher::Pattern { .. } => rule.literals.iter().for_each(|literal| self.add_percent(literal)),
            Matcher::Names { .. } | Matcher::Bound => {}
        }
    }

    /// A literal as it stands in an address, where it stands otherwise there: of a prefix as much as tells it, since nothing needs to
    /// write its `_` or `-` so, and the first pass pays for short texts.
    fn add_percent(&mut self, literal: &str) {
        const TELLING: usize = 3;
        if literal.contains('+') {
            ["%2B", "%2b"].iter().for_each(|plus| self.add(&literal.replace('+', plus), Action::Percent));
        }
        // What stands before a value there.
        let literal = ["=", literal].concat();
        let mut signs = literal.char_indices().filter(|(at, sign)| *at >= TELLING && matches!(sign, '_' | '-' | '.'));
        let Some((at, sign)) = signs.next() else { return };
        let told = literal.get(at - TELLING..at).unwrap_or_default();
        let codes = [format!("%{:X}", u32::from(sign)), format!("%{:x}", u32::from(sign))];
        codes.iter().for_each(|code| self.add(&[told, code].concat(), Action::Percent));
    }

    /// A literal as it stands in a string, and in one inside another, where it stands otherwise there.
    fn add_quoted(&mut self, literal: &str) {
        let quoted =
            |text: &str| text.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n").replace('\r', r"\r");
        let once = quoted(literal);
        if once != literal {
            self.add(&once, Action::Quoted);
            self.add(&quoted(&once), Action::Quoted);
        }
        // In a notebook each line is a string.
        if let Some((line, _)) = literal.split_once('\n') {
            self.add(&(quoted(line) + r#"\n","#), Action::Quoted);
        }
    }

    /// What leads to rules of any registry.
    fn add_common(&mut self) {
        // No string needs to, but some are written so.
        for code in ["5f", "5F", "2d", "2D", "2b", "2B"] {
            self.add(&format!(r"\u00{code}"), Action::Quoted);
        }
        names::CORES.iter().for_each(|core| self.add(core, Action::Name));
        for (carrier, (anchors, _)) in parse::CARRIERS.iter().enumerate() {
            for anchor in *anchors {
                self.add(anchor, Action::Carrier(carrier));
                self.add_quoted(anchor);
            }
        }
    }
}

#[cfg(test)]
mod forms;
#[cfg(test)]
mod law;
#[cfg(test)]
mod tests;
