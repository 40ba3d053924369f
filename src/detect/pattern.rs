//! Rules by shape: an expression over bytes, compiled when its first literal is seen, and what has to hold for its match.
//!
//! In: a text and a place in it. Out: the secrets whose shape the expression describes, that stand alone, and that their proof holds
//! for. It must never compile what no text asks for: a hook starts in milliseconds, and there are a hundred expressions.

use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::Regex;
use regex_syntax::hir::literal::{ExtractKind, Extractor};

use super::parse::{Found, NEAR};
use super::placeholder::is_placeholder;
use super::proof::Proof;
use super::rules;
use crate::model::Offline;

/// Every match may be this long.
const SHORTEST_REACH: usize = 1 << 10;
/// No match is longer: the longest tokens hold keys and claims, and take four thousand characters.
const LONGEST_REACH: usize = 8 << 10;

/// A rule's expression and what has to hold beyond it.
pub(crate) struct Pattern {
    text: String,
    literals: Vec<String>,
    glued: bool,
    proof: Option<Proof>,
    compiled: OnceLock<Option<Compiled>>,
}

struct Compiled {
    regex: Regex,
    begins: bool,
    is_far: bool,
    reach: usize,
}

impl Pattern {
    /// Takes an expression of the kind that `rules` accepts.
    pub(crate) fn new(text: &str, literals: &[String], glued: bool, proof: Option<Proof>) -> Self {
        Self { text: text.to_owned(), literals: literals.to_vec(), glued, proof, compiled: OnceLock::new() }
    }

    fn compiled(&self) -> Option<&Compiled> {
        let compile = || {
            let begins = begins_with_literal(&self.text, &self.literals);
            let text = if begins { format!(r"\A(?:{})", self.text) } else { self.text.clone() };
            let longest = rules::longest_match(&self.text);
            Some(Compiled {
                regex: rules::compile(&text).ok()?,
                begins,
                is_far: longest.is_none_or(|length| length > NEAR),
                reach: longest.unwrap_or(SHORTEST_REACH).clamp(SHORTEST_REACH, LONGEST_REACH),
            })
        };
        self.compiled.get_or_init(compile).as_ref()
    }

    /// Whether every match begins with a literal of the rule, so that only such places have to be looked at.
    pub(crate) fn begins(&self) -> bool {
        self.compiled().is_some_and(|compiled| compiled.begins)
    }

    /// Whether a match may be longer than what is near.
    pub(crate) fn is_far(&self) -> bool {
        self.compiled().is_some_and(|compiled| compiled.is_far)
    }

    /// How far from its literal a match may reach. What has no bound of its own gets one.
    pub(crate) fn reach(&self) -> usize {
        self.compiled().map_or(0, |compiled| compiled.reach)
    }

    /// The next match of the expression from `at` on that ends before `end`, judged, and where to go on. The text around is there for
    /// what only looks.
    pub(crate) fn next(&self, text: &[u8], within: Range<usize>) -> Option<(Option<Found>, usize)> {
        let Compiled { regex, begins, .. } = self.compiled()?;
        let at = within.start;
        let scope = text.get(..within.end.min(text.len())).filter(|scope| at <= scope.len())?;
        let (scope, from, shift) = if *begins { (scope.get(at..)?, 0, at) } else { (scope, at, 0) };
        let (whole, secret) = if regex.captures_len() == 1 {
            let whole = regex.find_at(scope, from)?.range();
            (whole.clone(), whole)
        } else {
            let groups = regex.captures_at(scope, from)?;
            let whole = groups.get(0)?.range();
            (whole.clone(), groups.get(1).map_or(whole, |group| group.range()))
        };
        let next = shift + secret.end.max(whole.start + 1).max(from + 1);
        let span = shift + secret.start..shift + secret.end;
        Some((self.judge(text, span), next))
    }

    fn judge(&self, text: &[u8], mut span: Range<usize>) -> Option<Found> {
        let secret = text.get(span.clone())?;
        if !self.glued && is_glued(text, &span) {
            return None;
        }
        let (mut evidence, mut offline) = (None, Offline::new());
        match self.proof {
            Some(proof) => {
                let proven = proof(secret)?;
                span.end = proven.length.map_or(span.end, |length| span.end.min(span.start + length));
                (evidence, offline) = (proven.evidence, proven.offline);
            }
            None if secret.is_empty() || is_placeholder(secret) => return None,
            None => {}
        }
        let secret = text.get(span.clone())?.to_vec();
        Some(Found { evidence, offline, ..Found::new(span, secret) })
    }
}

/// Whether a match is a part of a longer word. A letter after a backslash or a percent sign may be an escape, not a word.
fn is_glued(text: &[u8], span: &Range<usize>) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let begins = match text.get(..span.start).unwrap_or_default() {
        [.., b'\\', b'n' | b'r' | b't'] => false,
        [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => false,
        // `-TOKEN` is an option or an item, `x-TOKEN` a longer word.
        [.., before, b'-'] => is_word(before) && *before != b'-',
        // `-pTOKEN`
        [.., before, b'-', letter] if letter.is_ascii_alphabetic() && !is_word(before) => false,
        head => head.last().is_some_and(|byte| is_word(byte) && *byte != b'-'),
    };
    // A secret that ends with a sign of its own cannot be told from a longer one by the sign behind it.
    begins || text.get(span.end).is_some_and(is_word)
}

/// Whether every match of the expression begins with one of the literals.
fn begins_with_literal(pattern: &str, literals: &[String]) -> bool {
    let parsed = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern);
    let Ok(parsed) = parsed else { return false };
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix);
    let prefixes = extractor.extract(&parsed);
    let begins = |prefix: &[u8]| literals.iter().any(|literal| prefix.starts_with(literal.as_bytes()));
    prefixes.literals().is_some_and(|all| !all.is_empty() && all.iter().all(|prefix| begins(prefix.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str, literals: &[&str]) -> Pattern {
        let literals: Vec<String> = literals.iter().map(|&each| each.to_owned()).collect();
        Pattern::new(text, &literals, false, None)
    }

    #[test]
    fn patterns_that_begin_with_their_literals_are_known() {
        for (text, literals, begins) in [
            ("acme_[0-9a-f]{8}", &["acme_"][..], true),
            ("gh[pousr]_[0-9A-Za-z]{36}", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], true),
            ("(?:ab1|cd2)_[0-9]{8}", &["ab1_", "cd2_"], true),
            ("gh[pousr]_[0-9A-Za-z]{36}", &["ghp_"], false),
            ("[0-9a-f]{8}acme", &["acme"], false),
            ("acme_?[0-9]{8}", &["acme_"], false),
        ] {
            assert_eq!(pattern(text, literals).begins(), begins, "{text}");
        }
    }

    #[test]
    fn a_secret_stands_alone() {
        let pattern = pattern("acme_[0-9a-z]{8}", &["acme_"]);
        for (text, found) in [
            ("acme_4k8z1q7m", true),
            ("K=acme_4k8z1q7m;", true),
            (r"\nacme_4k8z1q7m\n", true),
            ("K%3Dacme_4k8z1q7m%0A", true),
            ("-acme_4k8z1q7m", true),
            ("--acme_4k8z1q7m", true),
            ("login -pacme_4k8z1q7m", true),
            ("xacme_4k8z1q7m", false),
            ("x-acme_4k8z1q7m", false),
            ("_acme_4k8z1q7m", false),
            ("acme_4k8z1q7m9", false),
            ("acme_4k8z1q7m-9", false),
            ("acme_4k8z1q7m_", false),
        ] {
            let at = text.find("acme_").unwrap();
            let next = pattern.next(text.as_bytes(), at..text.len());
            assert_eq!(next.and_then(|(found, _)| found).is_some(), found, "{text}");
        }
    }
}
