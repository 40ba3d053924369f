//! One text, searched: the first pass's hits in order, each handed to the rule, the grammar or the decoder that it belongs to.
//!
//! In: a text and the ranges of it to search. Out: its matches, in its own coordinates, each secret at each place once.
//! What is decoded on the way is searched in the same manner, up to a fixed depth.
//!
//! A search of fresh ranges alone misses nothing only while an anchor that led to nothing would do so again as long as the bytes
//! near it stay the same. So whatever looks further than `BEFORE` and `AFTER` its anchor says so, and the search tells.

use std::ops::Range;
use std::slice;
use std::sync::OnceLock;

use memchr::memmem;

use super::bound::Owners;
use super::companions::Companions;
use super::decode::{Decoded, Done, LONGEST_WRAP, is_percent_encoded, percent_around, unescaped_around};
use super::encoded::{self, Forms};
use super::matches::{merge, outward};
use super::parse::names::{self, Names, Value};
use super::parse::{AFTER, BEFORE, Found, Parser, Text, is_bare_url, leads_nowhere};
use super::pattern::Pattern;
use super::prefilter::Prefilter;
use super::runs;
use crate::model::{Match, RuleSet, Secret, SecretKind};

/// How many encodings may lie around each other.
const DEEPEST: usize = 2;
/// Bytes that one pass after the other searches: they stay in the processor's cache meanwhile, and what is kept at once is bounded.
/// Tests have them short, so that texts of all kinds lie across them.
const STRETCH: usize = if cfg!(test) { 512 } else { 128 << 10 };
/// What stands so near to the end of what was decoded at once is decoded again, with what follows it: longer than tokens are.
const KEPT_BACK: usize = 4 << 10;
/// What is made from a text with more places at which something could lead to a match is searched whole.
pub(crate) const MOST_PLACES: usize = 64 << 10;
/// How far beside an anchor an escaped quote counts.
const BESIDE: usize = 16;
/// A stretch of literals as dense as this is cut: some expressions take a time that grows with the square of what they are given.
const LONGEST_WINDOW: usize = 64 << 10;

/// A literal, and what it leads to.
pub(crate) struct Anchor {
    pub(crate) text: Vec<u8>,
    pub(crate) actions: Vec<Action>,
}

/// What a literal leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// The rule's pattern or parser.
    Rule(usize),
    /// A name that some rules may know.
    Name,
    /// A grammar whose credentials belong to the registry of their host.
    Carrier(usize),
    /// What it would lead to without the escapes of the string in which it stands.
    Quoted,
    /// The same with the escapes of an address.
    Percent,
}

/// How a rule reads what stands around a literal or behind a name.
pub(crate) enum Reader {
    /// An expression.
    Pattern(Pattern),
    /// What stands behind a name.
    Value(Value),
    /// A grammar.
    Parser(Parser),
    /// Nothing: others read for it.
    Bound,
}

impl Reader {
    /// Whether everything that it reads stands in a long run and begins with a literal.
    pub(crate) fn in_runs(&self) -> bool {
        matches!(self, Self::Pattern(pattern) if pattern.in_runs())
    }
}

/// Everything that does not change from text to text.
pub(crate) struct Engine {
    pub(crate) prefilter: Prefilter,
    /// By number of the first pass's literal: what it may be the beginning of.
    pub(crate) anchors: Vec<Vec<Anchor>>,
    /// The length of the longest anchor.
    pub(crate) longest: usize,
    /// By rule.
    pub(crate) readers: Vec<Reader>,
    /// Names of variables and fields.
    pub(crate) names: Names,
    /// Literals as encodings show them.
    pub(crate) forms: Forms,
    /// Whose hosts are whose.
    pub(crate) owners: Owners,
    /// Hosts of the public npm registry.
    pub(crate) npm: Vec<String>,
    /// What says more of secrets; made when one is found.
    pub(crate) companions: OnceLock<Companions>,
}

impl Engine {
    /// Searches a text from its first byte to its last.
    pub(crate) fn search_all(&self, rules: &RuleSet, bytes: &[u8], depth: usize) -> Searched {
        self.search(rules, bytes, slice::from_ref(&(0..bytes.len())), depth)
    }

    /// Searches the ranges of the text.
    pub(crate) fn search(&self, rules: &RuleSet, bytes: &[u8], ranges: &[Range<usize>], depth: usize) -> Searched {
        let mut search = Search {
            engine: self,
            rules,
            text: Text::new(bytes, &self.npm),
            depth,
            done: Done::default(),
            unescaped: 0,
            unpercented: 0,
            named: 0,
            tokens: Vec::new(),
            unbroken: 0..0,
            windows: Vec::new(),
            places: Vec::new(),
            found: Vec::new(),
        };
        let mut runs = Vec::new();
        for range in ranges {
            for stretch in stretches(range.clone()) {
                runs.clear();
                runs.extend(runs::long(bytes, &stretch));
                let visit = |literal, at| search.visit(literal, at);
                self.prefilter.search(bytes, stretch.clone(), range.end, &runs, visit);
                if depth < DEEPEST {
                    self.forms.base64(bytes, &stretch, &runs, |hit, phase| search.base64(phase, hit));
                    encoded::wide(bytes, &stretch, |at| search.wide(at));
                }
            }
        }
        for (rule, window) in std::mem::take(&mut search.windows) {
            search.window(rule, window);
        }
        let (places, is_far) = (search.places, search.text.is_far());
        let mut matches = merge(search.found);
        if !matches.is_empty() {
            self.companions.get_or_init(|| Companions::new(rules)).add(&search.text, rules, &self.owners, &mut matches);
        }
        Searched { matches, places, is_far }
    }
}

/// What came of a search.
pub(crate) struct Searched {
    pub(crate) matches: Vec<Match>,
    /// The places in its ranges at which it looked, in no order, less those in two-byte characters: all, if they are no more than
    /// `MOST_PLACES`.
    pub(crate) places: Vec<usize>,
    /// Whether anything was decided by bytes far from its anchor.
    pub(crate) is_far: bool,
}

struct Search<'a> {
    engine: &'a Engine,
    rules: &'a RuleSet,
    text: Text<'a>,
    depth: usize,
    /// What has been decoded.
    done: Done,
    /// Up to where escapes have been taken out.
    unescaped: usize,
    /// The same for the escapes of addresses.
    unpercented: usize,
    /// Where the last identifier ended.
    named: usize,
    /// Where, by rule, the last long token ended.
    tokens: Vec<(usize, usize)>,
    /// A stretch that is known to hold no escaped line break.
    unbroken: Range<usize>,
    /// The stretch that a pattern rule has still to search.
    windows: Vec<(usize, Range<usize>)>,
    /// Where it looked.
    places: Vec<usize>,
    found: Vec<Match>,
}

impl Search<'_> {
    fn visit(&mut self, literal: usize, at: usize) {
        let engine = self.engine;
        self.place(at);
        let text = self.text.bytes.get(at..).unwrap_or_default();
        for anchor in engine.anchors.get(literal).into_iter().flatten().filter(|anchor| text.starts_with(&anchor.text))
        {
            self.act(&(at..at + anchor.text.len()), &anchor.actions);
        }
    }

    fn act(&mut self, hit: &Range<usize>, actions: &[Action]) {
        self.text.anchor(hit);
        if is_bare_url(&self.text, hit) {
            return;
        }
        for action in actions {
            match *action {
                Action::Rule(rule) => self.read(rule, hit),
                Action::Name => self.name(hit),
                Action::Carrier(rule) => self.carrier(rule, hit),
                Action::Quoted => self.behind_escapes(hit),
                Action::Percent => self.behind_percent(hit),
            }
        }
    }

    fn place(&mut self, at: usize) {
        if self.places.len() <= MOST_PLACES {
            self.places.push(at);
        }
    }

    fn read(&mut self, rule: usize, hit: &Range<usize>) {
        let engine = self.engine;
        match engine.readers.get(rule) {
            Some(Reader::Parser(parser)) => {
                self.text.anchor(hit);
                for found in (parser.read)(&self.text, hit.clone()) {
                    let rule = if parser.carries { self.owner(&found).unwrap_or(rule) } else { rule };
                    self.push(rule, found);
                }
                self.look_behind_escapes(hit);
            }
            Some(Reader::Pattern(pattern)) if pattern.begins() => {
                if !self.pattern(rule, pattern, hit.start) {
                    self.look_behind_percent(hit);
                }
            }
            Some(Reader::Pattern(pattern)) => {
                self.text.looks_far(); // what the expression finds depends on where it begins
                let window = hit.start.saturating_sub(pattern.reach())..hit.end.saturating_add(pattern.reach());
                self.widen(rule, window);
                self.look_behind_percent(hit);
            }
            Some(Reader::Value(_) | Reader::Bound) | None => {}
        }
    }

    /// A token that begins here, if one does. Says whether there is nothing more to look for.
    fn pattern(&mut self, rule: usize, pattern: &Pattern, at: usize) -> bool {
        let done = self.tokens.iter_mut().find(|(known, _)| *known == rule);
        if done.as_ref().is_some_and(|(_, end)| at < *end) || pattern.is_glued_before(self.text.bytes, at) {
            return true;
        }
        if pattern.looks_far(self.text.bytes, at) {
            self.text.looks_far();
        }
        let Some((found, end)) = pattern.next(self.text.bytes, at..at.saturating_add(pattern.reach())) else {
            return false;
        };
        // What stands inside a long token is not looked at again; and whoever does not see where it begins must not either.
        if end - at > BEFORE {
            self.text.looks_far();
            match done {
                Some((_, done)) => *done = end,
                None => self.tokens.push((rule, end)),
            }
        }
        let is_found = found.is_some();
        if let Some(found) = found {
            self.push(rule, found);
        }
        is_found
    }

    /// A word that names of credentials hold: reads what is set to the name, if a rule knows it.
    fn name(&mut self, hit: &Range<usize>) {
        let engine = self.engine;
        if hit.start < self.named {
            return;
        }
        let Some(name) = names::identifier(self.text.bytes, hit) else { return };
        self.named = name.end;
        let rules = engine.names.rules(self.text.bytes.get(name.clone()).unwrap_or_default());
        self.text.anchor(&name);
        for rule in rules {
            if let Some(Reader::Value(value)) = engine.readers.get(*rule)
                && let Some(found) = value.read(&self.text, &name)
            {
                self.push(*rule, found);
            }
        }
    }

    /// A grammar of no registry: what it reads belongs to the registry of its host, or is nobody's.
    fn carrier(&mut self, carrier: usize, hit: &Range<usize>) {
        self.text.anchor(hit);
        for found in Parser::carrier(carrier, &self.text, hit.clone()) {
            if let Some(rule) = self.owner(&found) {
                self.push(rule, found);
            }
        }
        self.look_behind_escapes(hit);
    }

    fn owner(&self, found: &Found) -> Option<usize> {
        found.host.as_ref().and_then(|host| self.engine.owners.rule(host))
    }

    /// Adds to the rule's stretch, or searches it and begins the next: every byte is searched once.
    fn widen(&mut self, rule: usize, window: Range<usize>) {
        match self.windows.iter_mut().find(|(known, _)| *known == rule) {
            Some((_, pending)) if window.start <= pending.end && pending.len() < LONGEST_WINDOW => {
                pending.end = pending.end.max(window.end);
            }
            Some((_, pending)) => {
                let done = std::mem::replace(pending, window);
                self.window(rule, done);
            }
            None => self.windows.push((rule, window)),
        }
    }

    fn window(&mut self, rule: usize, window: Range<usize>) {
        let Some(Reader::Pattern(pattern)) = self.engine.readers.get(rule) else { return };
        let mut at = window.start;
        while let Some((found, next)) = pattern.next(self.text.bytes, at..window.end) {
            at = next;
            if let Some(found) = found {
                self.push(rule, found);
            }
        }
    }

    fn base64(&mut self, phase: u8, hit: Range<usize>) {
        self.place(hit.start);
        if let Some(decoded) = self.done.base64(self.text.bytes, hit.clone(), phase) {
            self.text.anchor(&hit);
            // What ends the run is looked for a wrapped line further.
            let start = decoded.start().saturating_sub(LONGEST_WRAP);
            self.text.looks_at(&(start..decoded.end() + LONGEST_WRAP));
            self.descend(&decoded);
        }
    }

    /// Decodes the text of two-byte characters around a place; returns up to where that is done.
    fn wide(&mut self, at: usize) -> usize {
        if let Some(decoded) = self.done.wide(self.text.bytes, at) {
            // Wherever a range begins, it holds all of a text as short as this.
            if decoded.end() - decoded.start() > BEFORE {
                self.text.looks_far();
            }
            self.descend(&decoded);
        }
        self.done.wide_end(at)
    }

    /// A file that was quoted as a whole says more once its lines are lines again.
    fn look_behind_escapes(&mut self, hit: &Range<usize>) {
        if self.is_behind_escapes(hit) || leads_nowhere(&self.text, hit) {
            return;
        }
        if self.is_broken_near(hit) || is_among_escaped_quotes(self.text.bytes, hit) {
            self.behind_escapes(hit);
        }
    }

    /// Whether what stands behind the escapes around the hit is not looked at, or not again.
    fn is_behind_escapes(&self, hit: &Range<usize>) -> bool {
        self.depth >= DEEPEST || hit.start < self.unescaped
    }

    fn behind_escapes(&mut self, hit: &Range<usize>) {
        if self.is_behind_escapes(hit) {
            return;
        }
        let decoded = unescaped_around(self.text.bytes, hit);
        self.text.looks_far();
        // What stands at the very end has not been seen with what follows it.
        let end = decoded.end();
        self.unescaped = if end < self.text.bytes.len() { end.saturating_sub(KEPT_BACK) } else { end };
        self.descend(&decoded);
    }

    /// A token may go on behind a sign that is encoded.
    fn look_behind_percent(&mut self, hit: &Range<usize>) {
        let near = self.text.bytes.get(hit.end..self.text.bytes.len().min(hit.end + AFTER));
        if near.is_some_and(is_percent_encoded) {
            self.behind_percent(hit);
        }
    }

    /// What was written into an address says more without its escapes.
    fn behind_percent(&mut self, hit: &Range<usize>) {
        if self.depth >= DEEPEST || hit.start < self.unpercented {
            return;
        }
        let decoded = percent_around(self.text.bytes, hit);
        self.text.looks_far();
        // It may have been cut.
        let end = decoded.end();
        let is_cut = end > hit.end.saturating_add(KEPT_BACK);
        self.unpercented = if is_cut { end.saturating_sub(KEPT_BACK) } else { end };
        self.descend(&decoded);
    }

    /// Whether an escaped line break stands near: the sign that a file was quoted. No byte is looked at twice in vain.
    fn is_broken_near(&mut self, hit: &Range<usize>) -> bool {
        let near = hit.start.saturating_sub(BEFORE)..self.text.bytes.len().min(hit.end.saturating_add(AFTER));
        let goes_on = self.unbroken.contains(&near.start);
        // The first half of a break may be the last byte of what is known.
        let from = if goes_on { self.unbroken.end.saturating_sub(1).max(near.start) } else { near.start };
        let is_broken = self.text.bytes.get(from..near.end).is_some_and(|text| memmem::find(text, br"\n").is_some());
        if !is_broken {
            self.unbroken = if goes_on { self.unbroken.start..near.end.max(self.unbroken.end) } else { near };
        }
        is_broken
    }

    fn descend(&mut self, decoded: &Decoded) {
        // How far the inner text is looked at does not count: all of it was near, or else that has been told.
        let inner = self.engine.search_all(self.rules, &decoded.bytes, self.depth + 1);
        self.found.extend(inner.matches.into_iter().map(|found| outward(found, decoded, self.text.bytes.len())));
    }

    fn push(&mut self, rule: usize, found: Found) {
        let Some(facts) = self.rules.rules.get(rule) else { return };
        self.found.push(Match {
            rule,
            span: found.span,
            secret: match facts.kind {
                SecretKind::Token => Secret::token(found.secret),
                SecretKind::Password => Secret::password(found.secret),
            },
            user: found.user,
            host: found.host,
            companions: Vec::new(),
            evidence: found.evidence.unwrap_or(facts.evidence),
            offline: found.offline,
            allow: None,
        });
    }
}

/// The parts of a range that one pass after the other searches.
pub(crate) fn stretches(range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let Range { start, end } = range;
    (start..end).step_by(STRETCH).map(move |from| from..end.min(from.saturating_add(STRETCH)))
}

/// Whether an escaped quote stands beside the hit: the sign that a file of one line was quoted.
fn is_among_escaped_quotes(text: &[u8], hit: &Range<usize>) -> bool {
    let around = hit.start.saturating_sub(BESIDE)..text.len().min(hit.end.saturating_add(BESIDE));
    text.get(around).is_some_and(|text| memmem::find(text, br#"\""#).is_some())
}
