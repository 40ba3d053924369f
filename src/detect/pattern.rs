//! Rules by shape: an expression over bytes, compiled when its first literal is seen, and what has to hold for its match.
//!
//! In: a text and a place in it. Out: the secrets whose shape the expression describes, that stand alone, and that their proof holds
//! for. It must never compile what no text asks for: a hook starts in milliseconds, and there are a hundred expressions.

use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::Regex;
use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::decode::is_base64;
use super::parse::{AFTER, Found};
use super::placeholder::is_placeholder;
use super::proof::Proof;
use super::{rules, runs};
use crate::model::Offline;

/// Every match may be this long.
const SHORTEST_REACH: usize = 1 << 10;
/// No match is longer: the longest tokens hold keys and claims, and take four thousand characters.
const LONGEST_REACH: usize = 8 << 10;

/// No variable's name is longer.
const LONGEST_NAME: usize = 64;

/// A rule's expression and what has to hold beyond it.
pub(crate) struct Pattern {
    text: String,
    literals: Vec<String>,
    glued: bool,
    /// No match goes on in the next line, and so none behind an escaped line break.
    keeps_line: bool,
    proof: Option<Proof>,
    compiled: OnceLock<Option<Compiled>>,
}

struct Compiled {
    regex: Regex,
    begins: bool,
    /// How far behind its beginning a match can end.
    longest: usize,
    /// Whether every match is one word, so that what ends the word ends the search.
    is_word: bool,
}

impl Pattern {
    /// Takes an expression of the kind that `rules` accepts.
    pub(crate) fn new(text: &str, literals: &[String], glued: bool, proof: Option<Proof>) -> Self {
        let keeps_line = excludes_line_breaks(text);
        Self { text: text.to_owned(), literals: literals.to_vec(), glued, keeps_line, proof, compiled: OnceLock::new() }
    }

    fn compiled(&self) -> Option<&Compiled> {
        self.compiled.get_or_init(|| Compiled::new(&self.text, &self.literals)).as_ref()
    }

    /// Whether every match stands in a long run and begins with a literal of the rule. Compiles nothing.
    pub(crate) fn in_runs(&self) -> bool {
        // In addresses `+` and `/` are written otherwise, which ends the run.
        let is_of_run = |byte| is_base64(byte) && byte != b'+' && byte != b'/';
        let fits = |parsed: &Hir| {
            parsed.properties().minimum_len().is_some_and(|length| length >= runs::SHORTEST)
                && holds_only(parsed, is_of_run)
                && begins_with_literal(parsed, &self.literals)
        };
        self.literals.iter().all(|literal| literal.bytes().all(is_of_run))
            && parsed(&self.text).as_ref().is_some_and(fits)
    }

    /// Whether every match begins with a literal of the rule, so that only such places have to be looked at.
    pub(crate) fn begins(&self) -> bool {
        self.compiled().is_some_and(|compiled| compiled.begins)
    }

    /// Whether a match that begins at `at` would be a part of a longer word, where the rule does not allow that.
    pub(crate) fn is_glued_before(&self, text: &[u8], at: usize) -> bool {
        !self.glued && is_glued_before(text, at)
    }

    /// Whether bytes far behind the place decide over a match that begins there.
    pub(crate) fn looks_far(&self, text: &[u8], at: usize) -> bool {
        self.compiled().is_some_and(|Compiled { longest, is_word, .. }| {
            let near = text.get(at..).unwrap_or_default();
            let near = near.get(..AFTER).unwrap_or(near);
            *longest > AFTER && !(*is_word && (near.len() < AFTER || !near.iter().all(|byte| is_of_word(*byte))))
        })
    }

    /// How far from its literal a match may reach. What has no bound of its own gets one.
    pub(crate) fn reach(&self) -> usize {
        self.compiled().map_or(0, |compiled| compiled.longest.clamp(SHORTEST_REACH, LONGEST_REACH))
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
        let between = scope.get(whole.start..secret.start).filter(|_| self.keeps_line);
        if let Some(line) = between.and_then(first_line) {
            return Some((None, shift + whole.start + line));
        }
        let next = shift + secret.end.max(whole.start + 1).max(from + 1);
        let span = shift + secret.start..shift + secret.end;
        Some((self.judge(text, span), next))
    }

    fn judge(&self, text: &[u8], mut span: Range<usize>) -> Option<Found> {
        let secret = text.get(span.clone())?;
        if self.is_glued_before(text, span.start) || (!self.glued && is_glued_behind(text, span.end)) {
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

/// Whether the expression holds a class of everything but line breaks and perhaps more.
fn excludes_line_breaks(pattern: &str) -> bool {
    let classes = pattern.split("[^").skip(1).filter_map(|rest| rest.split(']').next());
    classes.into_iter().any(|class| class.contains(r"\n"))
}

/// How long the first line is, its break included, where an escaped break ends it.
fn first_line(text: &[u8]) -> Option<usize> {
    let breaks = memchr::memmem::find_iter(text, br"\n").map(|at| at + 2);
    breaks
        .into_iter()
        .find(|end| !text.get(..*end).zip(text.get(*end..)).is_some_and(|(head, rest)| is_folder(head, rest)))
}

/// `.\nupkgs\a.nupkg`, `C:\new`: a folder of Windows whose name begins with the letter that stands for a line break.
fn is_folder(head: &[u8], rest: &[u8]) -> bool {
    let head = head.strip_suffix(b"n").unwrap_or(head);
    let head =
        head.get(..head.len() - head.iter().rev().take_while(|byte| **byte == b'\\').count()).unwrap_or_default();
    let is_end =
        |byte: Option<&u8>| byte.is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'='));
    let is_root = match head {
        [before @ .., b'.', b'.'] | [before @ .., b'.'] => is_end(before.last()),
        [before @ .., letter, b':'] => letter.is_ascii_alphabetic() && is_end(before.last()),
        _ => false,
    };
    is_root || rest.starts_with(b"upkg") || rest.starts_with(b"uget")
}

/// Whether a match that begins here is a part of a longer word. A letter after a backslash or a percent sign may be an escape.
fn is_glued_before(text: &[u8], at: usize) -> bool {
    let head = text.get(..at).unwrap_or_default();
    match head {
        [.., b'\\', b'n' | b'r' | b't'] => false,
        [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => false,
        // `-TOKEN` is an option or an item, `x-TOKEN` a longer word.
        [head @ .., before, b'-'] => is_word(before) && *before != b'-' && !is_fallback(head),
        // `-pTOKEN`
        [.., before, b'-', letter] if letter.is_ascii_alphabetic() && !is_word(before) => false,
        head => head.last().is_some_and(|byte| is_word(byte) && *byte != b'-'),
    }
}

/// Whether the text ends within the name of `${NAME-fallback}`.
fn is_fallback(head: &[u8]) -> bool {
    let name =
        head.iter().rev().take(LONGEST_NAME).take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    head.get(..head.len() - name).is_some_and(|head| head.ends_with(b"${"))
}

fn is_glued_behind(text: &[u8], end: usize) -> bool {
    text.get(end).is_some_and(is_word)
}

fn is_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

impl Compiled {
    fn new(pattern: &str, literals: &[String]) -> Option<Self> {
        let parsed = parsed(pattern)?;
        let begins = begins_with_literal(&parsed, literals);
        let text = if begins { format!(r"\A(?:{pattern})") } else { pattern.to_owned() };
        let longest = parsed.properties().maximum_len();
        Some(Self {
            regex: rules::compile(&text).ok()?,
            begins,
            // What only looks takes a byte on each side.
            longest: longest.map_or(usize::MAX, |length| length.saturating_add(2)),
            is_word: holds_only(&parsed, is_of_word),
        })
    }
}

fn parsed(pattern: &str) -> Option<Hir> {
    regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern).ok()
}

/// Whether every match of the expression begins with one of the literals.
fn begins_with_literal(parsed: &Hir, literals: &[String]) -> bool {
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix);
    let prefixes = extractor.extract(parsed);
    let begins = |prefix: &[u8]| literals.iter().any(|literal| prefix.starts_with(literal.as_bytes()));
    prefixes.literals().is_some_and(|all| !all.is_empty() && all.iter().all(|prefix| begins(prefix.as_bytes())))
}

/// Whether no match holds a byte of another kind, or looks at one. An expression nests no deeper than its parser lets it.
fn holds_only(parsed: &Hir, is_of_kind: fn(u8) -> bool) -> bool {
    match parsed.kind() {
        HirKind::Empty => true,
        HirKind::Look(_) => false,
        HirKind::Literal(literal) => literal.0.iter().all(|byte| is_of_kind(*byte)),
        HirKind::Class(Class::Bytes(class)) => {
            class.ranges().iter().all(|range| (range.start()..=range.end()).all(is_of_kind))
        }
        HirKind::Class(Class::Unicode(_)) => false,
        HirKind::Repetition(repetition) => holds_only(&repetition.sub, is_of_kind),
        HirKind::Capture(capture) => holds_only(&capture.sub, is_of_kind),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(|part| holds_only(part, is_of_kind)),
    }
}

/// What tokens are made of.
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+' | b'/' | b'=' | b'~' | b',' | b':')
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
    fn what_ends_a_word_ends_the_search() {
        let long = "x".repeat(AFTER);
        for (text, rest, far) in [
            ("ab_[0-9x]{300}", "1 2", false),
            ("ab_[0-9x]{300}", long.as_str(), true),
            ("ab_[0-9x ]{300}", "1 2", true),
            ("ab_[0-9x]{20}", long.as_str(), false),
            ("ab_[0-9x]+", long.as_str(), true),
        ] {
            let place = format!("ab_{rest}");
            assert_eq!(pattern(text, &["ab_"]).looks_far(place.as_bytes(), 0), far, "{text} {rest}");
        }
    }

    #[test]
    fn an_escaped_line_break_ends_a_command() {
        let pattern = pattern("acme push[^\\n]{0,40}?[ =](k[0-9a-z]{8})", &["acme push"]);
        for (text, found) in [
            ("acme push a k4k8z1q7m", true),
            ("acme push --key \\\"a\\\" k4k8z1q7m\\n", true),
            (r"acme push a\nid: k4k8z1q7m", false),
            (r"acme push a\r\nid: k4k8z1q7m", false),
            (r"acme push a\\nid: k4k8z1q7m", false),
            (r"acme push .\nupkgs\a k4k8z1q7m", true),
            (r"acme push ..\new\a k4k8z1q7m", true),
            (r"acme push C:\new\a k4k8z1q7m", true),
            (r"acme push out\\nuget\\a k4k8z1q7m", true),
            (r"acme push a.\nid: k4k8z1q7m", false),
            // The next command is looked at for itself.
            (r"acme push a\nacme push b k4k8z1q7m", false),
        ] {
            let next = pattern.next(text.as_bytes(), 0..text.len());
            assert_eq!(next.and_then(|(found, _)| found).is_some(), found, "{text}");
        }
        let text = br"acme push a\nacme push b k4k8z1q7m";
        assert!(matches!(pattern.next(text, 0..text.len()), Some((None, 13))));
        assert!(pattern.next(text, 13..text.len()).is_some_and(|(found, _)| found.is_some()));
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
            ("TOKEN-acme_4k8z1q7m}", false),
            ("--acme_4k8z1q7m", true),
            ("login -pacme_4k8z1q7m", true),
            ("${TOKEN-acme_4k8z1q7m}", true),
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
