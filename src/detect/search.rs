//! One text, searched: the prefilter's hits in order, each handed to the rule or the decoder it belongs to.
//!
//! In: a text and the ranges of it to search. Out: its matches, in its own coordinates, each secret at each place once.
//! What is decoded on the way is searched in the same manner, up to a fixed depth.
//!
//! A search of fresh ranges alone misses nothing only while an anchor that led to nothing would do so again as long as the bytes
//! near it stay the same. So whatever looks further than `NEAR` from its anchor says so, and the search tells.

use std::ops::Range;

use memchr::memmem;
use regex::bytes::Regex;

use super::decode::{Decoded, Done, unescaped_around};
use super::parse::{Found, NEAR, Offline, Parser, Text, leads_nowhere};
use super::placeholder::is_placeholder;
use super::prefilter::Prefilter;
use crate::model::{Checksum, Match, RuleSet, Secret, SecretKind};

/// How much of that a run of encoded text may take: what ends a run is looked for a wrapped line further.
const NEAR_RUN: usize = NEAR / 2;
/// How many encodings may lie around each other.
const DEEPEST: usize = 2;
/// How far a pattern may reach from its literal.
const PATTERN_REACH: usize = 1 << 10;
/// How near to a hit an escaped line break must stand.
const NEAR_BREAK: usize = 512;
/// A stretch of literals as dense as this is cut: some expressions take a time that grows with the square of what they are given.
const LONGEST_WINDOW: usize = 64 << 10;

/// What a literal leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// The rule's pattern or parser.
    Rule(usize),
    /// Base64, whose character here stands at this position of four.
    Base64(u8),
    /// UTF-16 within other bytes.
    Wide,
}

/// How a rule reads what stands around a literal.
pub(crate) enum Reader {
    /// The pattern begins with the literal.
    Anchored(Pattern),
    /// The pattern holds the literal anywhere.
    Around(Pattern),
    /// A grammar.
    Parser(Parser),
}

/// A compiled pattern rule.
pub(crate) struct Pattern {
    pub(crate) regex: Regex,
    pub(crate) checksum: Option<Checksum>,
    /// Whether a match may be longer than what is near.
    pub(crate) is_far: bool,
}

/// Everything that does not change from text to text.
pub(crate) struct Engine {
    pub(crate) prefilter: Prefilter,
    /// By literal: its length and what it leads to.
    pub(crate) literals: Vec<(usize, Vec<Action>)>,
    /// By rule.
    pub(crate) readers: Vec<Reader>,
    /// Hosts of public registries.
    pub(crate) public: Vec<String>,
}

impl Engine {
    /// Searches the ranges of the text. Says also whether anything was decided by bytes far from its anchor.
    pub(crate) fn search(
        &self,
        rules: &RuleSet,
        bytes: &[u8],
        ranges: impl Iterator<Item = Range<usize>>,
        depth: usize,
    ) -> (Vec<Match>, bool) {
        let mut search = Search {
            engine: self,
            rules,
            text: Text::new(bytes, &self.public),
            depth,
            done: Done::default(),
            unescaped: 0,
            unbroken: 0..0,
            windows: Vec::new(),
            found: Vec::new(),
        };
        for range in ranges {
            self.prefilter.search(bytes, range, |literal, at| search.visit(literal, at));
        }
        for (rule, window) in std::mem::take(&mut search.windows) {
            search.window(rule, window);
        }
        (merge(search.found), search.text.is_far())
    }
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
    /// A stretch that is known to hold no escaped line break.
    unbroken: Range<usize>,
    /// The stretch that a pattern rule has still to search.
    windows: Vec<(usize, Range<usize>)>,
    found: Vec<Match>,
}

impl Search<'_> {
    fn visit(&mut self, literal: usize, at: usize) {
        let Some((length, actions)) = self.engine.literals.get(literal) else { return };
        let hit = at..at + length;
        for action in actions {
            match *action {
                Action::Rule(rule) => {
                    self.read(rule, hit.clone());
                    if !leads_nowhere(self.text.bytes, &hit) {
                        self.unescape(&hit);
                    }
                }
                Action::Base64(phase) => self.base64(phase, hit.clone()),
                Action::Wide => self.wide(hit.start),
            }
        }
    }

    fn read(&mut self, rule: usize, hit: Range<usize>) {
        match self.engine.readers.get(rule) {
            Some(Reader::Parser(parser)) => {
                self.text.anchor(&hit);
                for found in parser(&self.text, hit) {
                    self.push(rule, found);
                }
            }
            Some(Reader::Anchored(pattern)) => {
                if pattern.is_far {
                    self.text.looks_far();
                }
                let end = self.text.bytes.len().min(hit.start + PATTERN_REACH);
                let text = self.text.bytes.get(hit.start..end).unwrap_or_default();
                if let Some((Some(found), _)) = pattern.next(text, 0) {
                    self.push(rule, found.shifted(hit.start));
                }
            }
            Some(Reader::Around(_)) => {
                self.text.looks_far(); // what the expression finds depends on where it begins
                let window = hit.start.saturating_sub(PATTERN_REACH)..hit.end.saturating_add(PATTERN_REACH);
                self.widen(rule, window);
            }
            None => {}
        }
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
        let Some(Reader::Around(pattern)) = self.engine.readers.get(rule) else { return };
        let text = self.text.bytes.get(..window.end).unwrap_or(self.text.bytes);
        let mut at = window.start;
        while let Some((found, next)) = pattern.next(text, at) {
            at = next;
            if let Some(found) = found {
                self.push(rule, found);
            }
        }
    }

    fn base64(&mut self, phase: u8, hit: Range<usize>) {
        if self.depth >= DEEPEST {
            return;
        }
        if let Some(decoded) = self.done.base64(self.text.bytes, hit.clone(), phase) {
            self.text.anchor(&hit);
            self.text.looks_at(&(decoded.start()..decoded.end()), NEAR_RUN);
            self.descend(&decoded);
        }
    }

    fn wide(&mut self, at: usize) {
        if self.depth >= DEEPEST {
            return;
        }
        if let Some(decoded) = self.done.wide(self.text.bytes, at) {
            self.text.anchor(&(at..at));
            self.text.looks_at(&(decoded.start()..decoded.end()), NEAR_RUN);
            self.descend(&decoded);
        }
    }

    /// A file that was quoted as a whole says more once its lines are lines again.
    fn unescape(&mut self, hit: &Range<usize>) {
        if self.depth >= DEEPEST || hit.start < self.unescaped || !self.is_broken_near(hit) {
            return;
        }
        let decoded = unescaped_around(self.text.bytes, hit);
        self.text.looks_far();
        // What stands at the very end has not been seen with what follows it.
        let end = decoded.end();
        self.unescaped = if end < self.text.bytes.len() { end.saturating_sub(PATTERN_REACH) } else { end };
        self.descend(&decoded);
    }

    /// Whether an escaped line break stands near: the sign that a file was quoted. No byte is looked at twice in vain.
    fn is_broken_near(&mut self, hit: &Range<usize>) -> bool {
        let near = hit.start.saturating_sub(NEAR_BREAK)..self.text.bytes.len().min(hit.end.saturating_add(NEAR_BREAK));
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
        let whole = 0..decoded.bytes.len();
        // How far the inner text is looked at does not count: all of it was near, or else that has been told.
        let (inner, _) = self.engine.search(self.rules, &decoded.bytes, std::iter::once(whole), self.depth + 1);
        self.found.extend(inner.into_iter().map(|found| outward(found, decoded, self.text.bytes.len())));
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
            evidence: found.evidence.unwrap_or(facts.evidence),
            offline: found.offline,
            allow: None,
        });
    }
}

impl Pattern {
    /// The next match of the expression from `at` on, judged, and where to go on. The text before `at` is there for `^` and `\b`.
    fn next(&self, text: &[u8], at: usize) -> Option<(Option<Found>, usize)> {
        if at > text.len() {
            return None;
        }
        let (whole, secret) = if self.regex.captures_len() == 1 {
            let whole = self.regex.find_at(text, at)?;
            (whole, whole)
        } else {
            let groups = self.regex.captures_at(text, at)?;
            let whole = groups.get(0)?;
            (whole, groups.get(1).unwrap_or(whole))
        };
        let next = secret.end().max(whole.start() + 1).max(at + 1);
        let found = self.accepts(secret.as_bytes()).then(|| Found {
            span: secret.range(),
            secret: secret.as_bytes().to_vec(),
            user: None,
            host: None,
            evidence: None,
            offline: Offline::new(),
        });
        Some((found, next))
    }

    fn accepts(&self, secret: &[u8]) -> bool {
        match self.checksum {
            // The body begins after the prefix, which ends with the first underscore.
            Some(checksum) => {
                let body = memchr::memchr(b'_', secret).and_then(|at| secret.get(at + 1..)).unwrap_or(secret);
                checksum.holds(body)
            }
            None => !secret.is_empty() && !is_placeholder(secret),
        }
    }
}

/// The match in the coordinates of the text that encodes it.
pub(crate) fn outward(mut found: Match, decoded: &Decoded, length: usize) -> Match {
    let span = decoded.outer(&found.span);
    found.span = span.start.min(length)..span.end.min(length);
    found
}

/// One match for each place: of those that overlap the strongest, with the companions that the others know. Of equals the one that
/// was found last: it comes from the text behind an encoding, which shows more of the file.
pub(crate) fn merge(mut found: Vec<Match>) -> Vec<Match> {
    if found.len() < 2 {
        return found;
    }
    let key = |each: &Match| (each.span.start, each.evidence, each.rule);
    found.sort_by_key(key);
    let mut merged: Vec<Match> = Vec::with_capacity(found.len());
    for next in found {
        match merged.last_mut() {
            Some(last) if next.span.start < last.span.end => {
                let (mut winner, loser) = if next.evidence < last.evidence || key(&next) == key(last) {
                    (next, last.clone())
                } else {
                    (last.clone(), next)
                };
                winner.user = winner.user.or(loser.user);
                winner.host = winner.host.or(loser.host);
                winner.allow = winner.allow.or(loser.allow);
                *last = winner;
            }
            _ => merged.push(next),
        }
    }
    merged
}
