//! The baseline file: what is known already, one line a finding.
//!
//! What comes in: the file's text, or the findings of a run. What goes out: the known fingerprints, or the file's next text.
//! What it must never do: hold anything that moves from run to run (dates, lines, paths, verdicts), or repeat the text of
//! a line that it cannot read, which may hold a secret.

use std::collections::{BTreeMap, BTreeSet};

use super::fingerprint::key;
use super::scope::Scope;
use crate::model::{Finding, RuleSet, SuppressedBy};

const HEADER: &str = "\
# keyrake baseline: findings that are known and do not fail a run.
# One line a finding: its fingerprint (keyed on the secret, safe to commit), its redacted form, its kind.
# Written by `keyrake scan --baseline FILE --update-baseline`; lines may be deleted by hand.
";

/// Known findings.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    origin: String,
    /// Line by key of its fingerprint.
    entries: BTreeMap<String, String>,
}

/// A line that is no entry.
#[derive(Debug, thiserror::Error)]
#[error(
    "{origin}:{line}: a line starts with a fingerprint (kr1:<rule>:<20 hexadecimal digits>), or with # for a comment"
)]
pub struct BaselineError {
    /// The file, as the user named it.
    pub origin: String,
    /// The line, from 1.
    pub line: usize,
}

/// Reads a baseline file. `origin` names it in messages.
pub fn parse(text: &str, origin: &str) -> Result<Baseline, BaselineError> {
    let mut entries = BTreeMap::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        let Some(first) = line.split_whitespace().next().filter(|first| !first.starts_with('#')) else { continue };
        let key = key(first).ok_or_else(|| BaselineError { origin: origin.to_owned(), line: index + 1 })?;
        entries.insert(key.to_owned(), line.to_owned());
    }
    Ok(Baseline { origin: origin.to_owned(), entries })
}

impl Baseline {
    /// The file, as the user named it.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether this finding is known.
    pub fn contains(&self, fingerprint: &str) -> bool {
        key(fingerprint).is_some_and(|key| self.entries.contains_key(key))
    }

    /// The fingerprints of all entries that `found` does not hold.
    pub(super) fn gone<'a>(&'a self, found: &'a [Finding]) -> impl Iterator<Item = &'a str> {
        let found: BTreeSet<&str> = found.iter().filter_map(|finding| key(&finding.fingerprint)).collect();
        self.entries
            .iter()
            .filter(move |(key, _)| !found.contains(key.as_str()))
            .filter_map(|(_, line)| line.split_whitespace().next())
    }
}

/// The file's next text: every finding that nothing else sets aside. Entries whose secret was not found are dropped after
/// a run over everything, and kept after a run over a part, which says nothing about the rest.
pub fn render(existing: Option<&Baseline>, findings: &[Finding], rules: &RuleSet, scope: Scope) -> String {
    let mut entries = match (existing, scope) {
        (Some(existing), Scope::Part) => existing.entries.clone(),
        _ => BTreeMap::new(),
    };
    for finding in findings {
        let elsewhere = finding.suppressed.as_ref().is_some_and(|suppressed| suppressed.by != SuppressedBy::Baseline);
        if let Some(key) = key(&finding.fingerprint).filter(|_| !elsewhere) {
            entries.insert(key.to_owned(), entry(finding, rules));
        }
    }
    let mut lines: Vec<&str> = entries.values().map(String::as_str).collect();
    lines.sort_unstable();
    lines.iter().fold(HEADER.to_owned(), |text, line| text + line + "\n")
}

fn entry(finding: &Finding, rules: &RuleSet) -> String {
    let summary = rules.rules.get(finding.rule).map_or("", |rule| rule.summary.as_str());
    let summary: Vec<&str> = summary.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    format!("{}  {} {}", finding.fingerprint, finding.credential.secret.redacted(), summary.join(" "))
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::suppress::tests::{finding, rules};
    use super::*;
    use crate::model::Suppressed;

    #[test]
    fn a_file_is_sorted_and_reads_back() {
        let mut set_aside = finding("token-three", 0, &["a"]);
        set_aside.suppressed = Some(Suppressed { by: SuppressedBy::Config, reason: "test".to_owned() });
        let findings = [finding("token-two", 1, &["b"]), finding("token-one", 0, &["a", "c"]), set_aside];
        let text = render(None, &findings, &rules(), Scope::Whole);
        insta::assert_snapshot!(text, @r#"
        # keyrake baseline: findings that are known and do not fail a run.
        # One line a finding: its fingerprint (keyed on the secret, safe to commit), its redacted form, its kind.
        # Written by `keyrake scan --baseline FILE --update-baseline`; lines may be deleted by hand.
        kr1:npm-access-token:1503642e5b47dbb38413  toke…efgh npm access token
        kr1:npm-uuid:28be47ddfebec547223b  toke…efgh npm token of the old form
        "#);
        let again = parse(&text.replace('\n', "\r\n"), "base.txt").unwrap();
        assert_eq!((again.len(), again.is_empty(), again.origin()), (2, false, "base.txt"));
        assert!(again.contains(&findings[0].fingerprint) && !again.contains(&findings[2].fingerprint));
        assert_eq!(render(Some(&again), &findings, &rules(), Scope::Whole), text);
    }

    #[test]
    fn what_is_gone_goes_only_after_a_whole_run() {
        let (old, new) = (finding("token-one", 0, &["a"]), finding("token-two", 0, &["a"]));
        let text = render(None, std::slice::from_ref(&old), &rules(), Scope::Whole);
        let existing = parse(&text, "base.txt").unwrap();
        let new = [new];
        assert_eq!(existing.gone(&new).collect::<Vec<_>>(), [old.fingerprint.as_str()]);
        for (scope, kept) in [(Scope::Whole, false), (Scope::Part, true)] {
            let next = parse(&render(Some(&existing), &new, &rules(), scope), "base.txt").unwrap();
            assert_eq!((next.contains(&old.fingerprint), next.contains(&new[0].fingerprint)), (kept, true));
        }
    }

    #[test]
    fn comments_and_blank_lines_are_nothing_and_a_bad_line_is_named_but_not_shown() {
        let good =
            "\u{feff}# head\r\n\r\n  \nkr1:npm:0123456789abcdef0123\n   kr1:npm:0123456789abcdef0124  *** words\n";
        assert_eq!(parse(good, "b").unwrap().len(), 2);
        assert!(parse("", "b").unwrap().is_empty());
        for bad in ["<<<<<<< HEAD", "hunter2hunter2", "kr1:npm:short"] {
            let error = parse(&format!("# head\n{bad}\n"), "base.txt").unwrap_err();
            assert_eq!(error.line, 2);
            insta::allow_duplicates! {
                insta::assert_snapshot!(error, @"base.txt:2: a line starts with a fingerprint (kr1:<rule>:<20 hexadecimal digits>), or with # for a comment");
            }
        }
    }
}
