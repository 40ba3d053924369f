//! The report for people.
//!
//! What comes in: a run. What goes out: a sentence a finding and what stands behind it, gravest first; what was set aside and
//! by whom; what could not be looked at; and the figures.
//! What it must never do: read as clean when something was not looked at.

use std::collections::{BTreeMap, HashMap};
use std::io;

use anstyle::{AnsiColor, Style};

use super::claims::shown_by;
use super::closing::closing;
use super::numbers::{count, counted, plural, short};
use super::places;
use super::sanitise::Cleaner;
use super::sentence::Teller;
use super::wrap::{NO_BREAK, paragraph};
use super::{ReportError, TextStyle, gravest_first};
use crate::model::{
    Access, Code, Companion, Confidence, Finding, LedgerEntry, Level, Notification, Proof, RegistryFacts, Run,
    SecretKind, Severity, Signer, SuppressedBy, Unknown, Validity,
};

/// Columns that the severity takes.
pub(super) const INDENT: usize = 10;
/// Places that are named; of more, the number.
const NAMED_PLACES: usize = 5;
/// Requests that are named; of more, the number.
const NAMED_REQUESTS: usize = 6;
/// Findings set aside that are named; of more, the number. They are all in JSON.
const NAMED_ASIDE: usize = 20;
/// Warnings that are named; of more, the number.
const NAMED_WARNINGS: usize = 50;
/// Notes about one thing that are named; of more, the number.
const NAMED_NOTES: usize = 3;
const LONGEST: usize = 500;

/// Writes the report.
pub(super) fn write(run: &Run, out: &mut dyn io::Write, style: &TextStyle) -> Result<(), ReportError> {
    let clean = Cleaner::for_run(run);
    let teller = Teller { rules: &run.rules, clean: &clean };
    let mut page = Page { out, style, clean: &clean };
    let ledger: Ledger<'_> = run.ledger.iter().map(|entry| (entry.id, entry)).collect();
    let (aside, open): (Vec<&Finding>, Vec<&Finding>) =
        gravest_first(run).into_iter().partition(|finding| finding.suppressed.is_some());
    for finding in &open {
        page.finding(run, &ledger, finding, teller)?;
    }
    page.set_aside(&aside, teller)?;
    page.switched_off(run)?;
    page.explained(&run.ledger)?;
    page.notifications(&run.notifications)?;
    page.plain(&closing(run, aside.len() as u64))?;
    Ok(())
}

/// Requests by number.
type Ledger<'a> = HashMap<u32, &'a LedgerEntry>;

/// Where the text goes, and how it looks there.
pub(super) struct Page<'a> {
    pub(super) out: &'a mut dyn io::Write,
    pub(super) style: &'a TextStyle,
    pub(super) clean: &'a Cleaner,
}

impl Page<'_> {
    fn finding(&mut self, run: &Run, ledger: &Ledger<'_>, finding: &Finding, teller: Teller<'_>) -> io::Result<()> {
        self.lead(finding.severity.as_str(), colour(finding.severity), &teller.sentence(finding))?;
        let places = places::telling(&finding.locations);
        for location in places.iter().take(NAMED_PLACES) {
            self.detail(&places::line(location, self.clean))?;
        }
        if let more @ 1.. = places.len().saturating_sub(NAMED_PLACES) as u64 {
            self.detail(&format!("and {} more place{}", count(more), plural(more)))?;
        }
        if let Some(line) = finding.inspection.access.as_ref().and_then(|access| self.biggest(access)) {
            self.detail(&line)?;
        }
        if !finding.offline.is_empty() {
            let says: Vec<String> =
                finding.offline.iter().map(|(what, value)| self.foreign(&format!("{what} {value}"))).collect();
            self.detail(&format!("its own text says: {}", says.join(", ")))?;
        }
        if !finding.companions.is_empty() {
            let seems = |each: &Companion| match each.confidence {
                Confidence::Low => format!("perhaps {} {}", each.part.as_str(), each.value),
                Confidence::High | Confidence::Medium => format!("{} {}", each.part.as_str(), each.value),
            };
            let beside: Vec<String> = finding.companions.iter().map(|each| self.foreign(&seems(each))).collect();
            self.detail(&format!("beside it in its file: {}", beside.join(", ")))?;
        }
        if let Some(line) = self.proof(finding, ledger) {
            self.detail(&line)?;
        }
        for note in &finding.inspection.notes {
            self.detail(&format!("note: {}", self.foreign(note)))?;
        }
        if let Some(step) = self.next_step(run, finding) {
            self.detail(&step)?;
        }
        self.detail(&format!("fingerprint: {}", finding.fingerprint))?;
        writeln!(self.out)
    }

    /// What would be sent, where a run only explains.
    fn explained(&mut self, ledger: &[LedgerEntry]) -> io::Result<()> {
        let mut explained: Vec<(&LedgerEntry, u64)> = Vec::new();
        for entry in ledger.iter().filter(|entry| !entry.sent) {
            match explained.iter_mut().find(|(earlier, _)| is_alike(earlier, entry)) {
                Some((_, times)) => *times += 1,
                None => explained.push((entry, 1)),
            }
        }
        if explained.is_empty() {
            return Ok(());
        }
        self.plain("Would be sent (nothing was), as far as the answers before make it worth asking:")?;
        for (entry, times) in explained {
            let signer = match entry.signer {
                Signer::Credential => "signed with the credential",
                Signer::Nobody => "unsigned",
                Signer::Operator => "signed with the owner's session",
                Signer::Control => "signed with a token made up for the purpose",
            };
            let path = self.foreign(&entry.path);
            let again = if times > 1 { format!(" ({}{NO_BREAK}times)", count(times)) } else { String::new() };
            self.item(&format!("{} {}{path}, {signer}{again}", entry.method, self.foreign(&entry.origin)))?;
        }
        writeln!(self.out)
    }

    fn biggest(&self, access: &Access) -> Option<String> {
        let reach = access.reach.at_most()?;
        let mut parts: Vec<String> = Vec::new();
        if reach.packages > 1 && !reach.biggest.is_empty() {
            let names = reach.biggest.iter().map(|package| {
                let name = self.foreign(&package.name);
                match package.weekly_downloads {
                    Some(downloads) => format!("{name}{NO_BREAK}({})", short(downloads)),
                    None => name,
                }
            });
            parts.push(format!("biggest: {}", names.collect::<Vec<_>>().join(", ")));
        }
        if let Some(dependents) = reach.dependents.filter(|dependents| *dependents > 0) {
            parts.push(format!("used by {}", counted(dependents, "package")));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    fn proof(&self, finding: &Finding, ledger: &Ledger<'_>) -> Option<String> {
        if finding.inspection.validity == Validity::Unknown(Unknown::Offline) {
            return None; // nothing was sent, so nothing shows anything
        }
        let proofs = proofs(finding);
        let mut parts: Vec<String> = Vec::new();
        let mut asked: Vec<&LedgerEntry> = Vec::new();
        for entry in proofs.iter().flat_map(|proof| &proof.requests).filter_map(|id| ledger.get(id)) {
            if !asked.iter().any(|earlier| earlier.id == entry.id) {
                asked.push(entry);
            }
        }
        parts.extend(asked.iter().take(NAMED_REQUESTS).map(|entry| request(entry, self.clean)));
        if let more @ 1.. = asked.len().saturating_sub(NAMED_REQUESTS) as u64 {
            parts.push(format!("{} more", counted(more, "request")));
        }
        let mut notes: Vec<&str> = Vec::new();
        for note in proofs.iter().filter_map(|proof| proof.note.as_deref()) {
            if !notes.contains(&note) {
                notes.push(note);
                parts.push(self.foreign(note));
            }
        }
        (!parts.is_empty()).then(|| format!("proof: {}", parts.join(" · ")))
    }

    /// What to do about it.
    fn next_step(&self, run: &Run, finding: &Finding) -> Option<String> {
        let facts = run.rules.registry(&finding.credential.registry);
        let page =
            |page: Option<&String>| page.filter(|_| issued_publicly(finding, facts)).map(|page| self.foreign(page));
        let token_page = page(facts.and_then(|facts| facts.owner_page.as_ref()));
        let password_page = page(facts.and_then(|facts| facts.password_page.as_ref()));
        let or = |page: Option<String>, words: &str| page.unwrap_or_else(|| words.to_owned());
        match (&finding.inspection.validity, finding.credential.secret.kind()) {
            (Validity::Inactive(_), _) => None,
            (Validity::Active, SecretKind::Password) => {
                Some(format!("change the password: {}", or(password_page, "where its account is")))
            }
            (Validity::Active, SecretKind::Token) => Some(format!(
                "revoke: keyrake{NO_BREAK}revoke{NO_BREAK}--report{NO_BREAK}FILE, which \
                 --report{NO_BREAK}json=FILE writes · by hand: {}",
                or(token_page, "where it was issued")
            )),
            (Validity::Unknown(_), SecretKind::Password) => {
                Some(format!("if it is real, change it: {}", or(password_page, "where its account is")))
            }
            (Validity::Unknown(_), SecretKind::Token) => {
                Some(format!("if it is real, revoke it: {}", or(token_page, "where it was issued")))
            }
        }
    }

    fn set_aside(&mut self, aside: &[&Finding], teller: Teller<'_>) -> io::Result<()> {
        if aside.is_empty() {
            return Ok(());
        }
        self.plain("Set aside:")?;
        for finding in aside.iter().take(NAMED_ASIDE) {
            let Some(suppressed) = &finding.suppressed else { continue };
            let place = match finding.locations.as_slice() {
                [] => String::new(),
                [only] => format!(" ({})", places::spot(only, self.clean)),
                [first, rest @ ..] => {
                    format!(" ({} and {} more)", places::spot(first, self.clean), count(rest.len() as u64))
                }
            };
            let by = match suppressed.by {
                SuppressedBy::Inline => "a comment there",
                SuppressedBy::Config => "configuration",
                SuppressedBy::Baseline => "the baseline",
            };
            let reason = match self.foreign(&suppressed.reason) {
                reason if reason.is_empty() => "no reason given".to_owned(),
                reason => reason,
            };
            let text = format!("{}, {}{place}, by {by}: {reason}", teller.label(finding), finding.severity.as_str());
            self.item(&text)?;
        }
        if let more @ 1.. = aside.len().saturating_sub(NAMED_ASIDE) as u64 {
            self.item(&format!("and {} more (all of them are in --format{NO_BREAK}json)", count(more)))?;
        }
        writeln!(self.out)
    }

    fn switched_off(&mut self, run: &Run) -> io::Result<()> {
        if run.switched_off.is_empty() {
            return Ok(());
        }
        self.plain("Switched off by configuration:")?;
        for off in &run.switched_off {
            let [place, subject, reason] = [&off.place, &off.subject, &off.reason].map(|text| self.foreign(text));
            let unit = if off.what == "exclude" { "place" } else { "finding" };
            self.item(&format!("{place}: {} {subject} ({}): {reason}", off.what, counted(off.count, unit)))?;
        }
        writeln!(self.out)
    }

    /// Warnings first, one line each.
    pub(super) fn notifications(&mut self, notifications: &[Notification]) -> io::Result<()> {
        let of = |level| notifications.iter().filter(move |said| said.level == level);
        self.some_of("warning", &of(Level::Warning).collect::<Vec<_>>(), NAMED_WARNINGS)?;
        let mut notes: BTreeMap<Code, Vec<&Notification>> = BTreeMap::new();
        for note in of(Level::Note) {
            notes.entry(note.code).or_default().push(note);
        }
        for alike in notes.values() {
            self.some_of("note", alike, NAMED_NOTES)?;
        }
        if notifications.is_empty() { Ok(()) } else { writeln!(self.out) }
    }

    fn some_of(&mut self, word: &str, said: &[&Notification], named: usize) -> io::Result<()> {
        for said in said.iter().take(named) {
            let place = self.foreign(&said.place).replace(' ', &NO_BREAK.to_string());
            let colon = if place.is_empty() { "" } else { ": " };
            let text = format!("{word}: {place}{colon}{}", self.foreign(&said.message));
            paragraph(self.out, "", 0, &text, 2, self.style.width)?;
        }
        match said.len().saturating_sub(named) as u64 {
            0 => Ok(()),
            more => self.plain(&format!(
                "{word}: and {} more like these (all of them are in --format{NO_BREAK}json)",
                count(more)
            )),
        }
    }

    /// A word of gravity, in its colour, and the sentence behind it.
    pub(super) fn lead(&mut self, word: &str, style: Style, sentence: &str) -> io::Result<()> {
        let gap = " ".repeat(INDENT.saturating_sub(word.len()).max(1));
        let lead = match self.style.colour {
            true => format!("{style}{word}{style:#}{gap}"),
            false => format!("{word}{gap}"),
        };
        paragraph(self.out, &lead, word.len() + gap.len(), sentence, INDENT, self.style.width)
    }

    /// A line that belongs to the sentence above.
    pub(super) fn detail(&mut self, text: &str) -> io::Result<()> {
        paragraph(self.out, &" ".repeat(INDENT), INDENT, text, INDENT + 2, self.style.width)
    }

    fn item(&mut self, text: &str) -> io::Result<()> {
        paragraph(self.out, "  ", 2, text, 4, self.style.width)
    }

    pub(super) fn plain(&mut self, text: &str) -> io::Result<()> {
        paragraph(self.out, "", 0, text, 0, self.style.width)
    }

    pub(super) fn foreign(&self, text: &str) -> String {
        self.clean.line(text, LONGEST)
    }
}

/// `GET /-/whoami 200`, and who signed it where that was not the credential.
pub(super) fn request(entry: &LedgerEntry, clean: &Cleaner) -> String {
    let answer = entry.status.map_or("no answer".to_owned(), |status| status.to_string());
    let signer = match entry.signer {
        Signer::Credential => "",
        Signer::Nobody => " (public)",
        Signer::Operator => " (owner's session)",
        Signer::Control => " (control)",
    };
    format!("{} {} {answer}{signer}", entry.method, clean.line(&entry.path, LONGEST))
        .replace(' ', &NO_BREAK.to_string())
}

/// Whether two requests differ in nothing but the credential that signs them.
fn is_alike(one: &LedgerEntry, other: &LedgerEntry) -> bool {
    (one.method, &one.origin, &one.path, one.signer) == (other.method, &other.origin, &other.path, other.signer)
}

/// Whether the public instance issued it, so that its pages are the ones to go to.
fn issued_publicly(finding: &Finding, facts: Option<&RegistryFacts>) -> bool {
    let public = facts.and_then(|facts| facts.api.as_deref()).map(|api| api.trim_end_matches('/'));
    match &finding.endpoint {
        Some(endpoint) => Some(endpoint.trim_end_matches('/')) == public,
        None => false,
    }
}

/// Everything that shows something about a finding, the validity first.
fn proofs(finding: &Finding) -> Vec<&Proof> {
    let mut all = vec![&finding.inspection.proof];
    if let Some(access) = &finding.inspection.access {
        let claims = [
            shown_by(&access.identity),
            shown_by(&access.kind),
            shown_by(&access.publish),
            shown_by(&access.network),
            shown_by(&access.second_factor),
            shown_by(&access.expiry),
            shown_by(&access.reach),
        ];
        all.extend(claims.into_iter().flatten());
    }
    all
}

fn colour(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::Red.on_default().bold(),
        Severity::High => AnsiColor::Red.on_default(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low => AnsiColor::Cyan.on_default(),
        Severity::None => Style::new().dimmed(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::super::{Format, write};
    use super::*;

    fn text(run: &Run, width: usize) -> String {
        let mut out = Vec::new();
        write(run, Format::Text, &mut out, &TextStyle { colour: false, width }).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_ordinary_run() {
        insta::assert_snapshot!(text(&samples::ordinary(), 100), @"
        critical  npm token npm_aBcD…7890 of alice: publishes 14 packages (3.1 M downloads a week) without a
                  second factor, from any address, until 2027-01-12
                  .npmrc:3 in 9f9f9f9 “ci: fix release” (Alice, 2026-03-02), removed in 1b1b1b1, still in
                    the history
                  dist/old build.tgz:1 in 2a2a2a2 (Alice, 2026-03-02), still in main, dev, next and 2 more
                    refs
                  blob 3c3c3c3:7, which no tree names, reachable from no ref
                  line 2 of the message of commit 4d4d4d4 “publish with the new token” (Alice, 2026-03-02)
                  line 2 of the message of tag 5e5e5e5
                  and 2 more places
                  biggest: left-padding (2.0 M), @alice/tools; used by 1,240 packages
                  proof: GET /-/whoami 200 · GET /-/npm/v1/tokens 200 (owner's session) ·
                    GET /-/v1/search?text=maintainer:alice 200 (public)
                  note: a staged version of left-padding is pending
                  revoke: keyrake revoke --report FILE, which --report json=FILE writes · by hand:
                    https://www.invalid/settings/~/tokens
                  fingerprint: kr1:npm-access-token:00000000000000000044

        high      npm token npm_aBcD…0002 of bob: may publish up to 14 packages (the user's maximum; 900
                  downloads a week); not visible: whether a second factor is asked for, from which
                  addresses, until when (its list is for login sessions only)
                  .npmrc:3
                  biggest: left-padding (2.0 M), @alice/tools; used by 1,240 packages
                  proof: GET /-/whoami 200 · GET /-/npm/v1/tokens 403 · a token can do no more than its user
                  revoke: keyrake revoke --report FILE, which --report json=FILE writes · by hand:
                    https://www.invalid/settings/~/tokens
                  fingerprint: kr1:npm-access-token:00000000000000000043

        medium    npm password of carol: not verified: npm.corp.invalid:8443/team is not a configured
                  endpoint (if it is yours: --endpoint npm=https://npm.corp.invalid:8443/team/); it stands
                  in a credential field
                  .npmrc:3
                  if it is real, change it: https://www.invalid/settings/~/profile
                  fingerprint: kr1:npm-access-token:00000000000000000023

        low       npm token npm_aBcD…0005: not verified: the registry gave no usable answer (timed out);
                  words beside it name the registry
                  .npmrc:3
                  its own text says: kind automation
                  beside it in its file: user mia, perhaps host registry.invalid
                  if it is real, revoke it: https://www.invalid/settings/~/tokens
                  fingerprint: kr1:npm-access-token:00000000000000000041

        none      npm token npm_aBcD…0006: no longer works: the registry does not know it
                  .npmrc:3
                  proof: GET /-/whoami 401
                  fingerprint: kr1:npm-access-token:00000000000000000040

        Set aside:
          npm token npm_aBcD…0004, medium (.npmrc:3), by the baseline: known: known.txt
          npm token npm_aBcD…0003, medium (.npmrc:3 and 1 more), by a comment there: no reason given

        Switched off by configuration:
          keyrake.toml:1: exclude vendor/ (1,200 places): third-party code

        warning: a b/secret.txt: permission denied
        warning: 7777777777777777777777777777777777777777: zlib: bad data
        note: keyrake.toml:3: matches nothing that was found

        incomplete: 2 places could not be looked at; 5 findings (1 critical, 1 high, 1 medium, 1 low,
        1 inactive), 2 set aside · 12 rules · 4,210 files, 187,003 objects, 1.3 GB searched · 6 requests ·
        4.2 s
        ");
    }

    #[test]
    fn one_credential_without_a_place() {
        insta::assert_snapshot!(text(&samples::alone(), 80), @r#"
        critical  npm token npm_aBcD…7890 of alice: publishes 14 packages (3.1 M
                  downloads a week) without a second factor, from any address, until
                  2027-01-12
                  biggest: left-padding (2.0 M), @alice/tools; used by 1,240 packages
                  proof: GET /-/whoami 200 · GET /-/npm/v1/tokens 200 (owner's session)
                    · GET /-/v1/search?text=maintainer:alice 200 (public)
                  note: a staged version of left-padding is pending
                  revoke: keyrake revoke --report FILE, which --report json=FILE writes
                    · by hand: https://www.invalid/settings/~/tokens
                  fingerprint: kr1:npm-access-token:00000000000000000044

        1 finding (1 critical) · 3 requests · 0.7 s
        "#);
    }

    #[test]
    fn nothing_found() {
        insta::assert_snapshot!(text(&samples::empty(), 80), @r#"
        clean: no findings · 12 rules · 4,210 files, 187,003 objects, 1.3 GB searched ·
        0 requests · 4.2 s
        "#);
        let mut missed = samples::empty();
        missed.notifications =
            vec![Notification::warning(crate::model::Code::HistoryShallow, "", "the clone is shallow")];
        insta::assert_snapshot!(text(&missed, 80), @r#"
        warning: the clone is shallow

        incomplete: 1 place could not be looked at; no findings elsewhere · 12 rules ·
        4,210 files, 187,003 objects, 1.3 GB searched · 0 requests · 4.2 s
        "#);
        insta::assert_snapshot!(text(&Run::default(), 80), @r#"
        nothing was searched: no findings · 0 rules · 0 files, 0 B searched · 0 requests
        · 0.0 s
        "#);
    }

    #[test]
    fn hostile_text_stays_text() {
        let text = text(&samples::hostile(), 100);
        let hostile = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.chars().any(hostile), "{text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{text}");
        insta::assert_snapshot!(text, @r"
        high      npm token npm_aBcD…7890 of \x1b[2J\u{202e}npm_aBcD…7890\n
                  \x3a:error::***\x9b[x](https://a.invalid) at \x1b[2J\u{202e}npm_aBcD…7890\n
                  \x3a:error::***\x9b[x](https://a.invalid): works; its user has 2 packages (1 download a
                  week), until \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:erro…; not visible: whether it publishes,
                  whether a second factor is asked for, from which addresses, what it administers
                  (\x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid))
                  \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid):1 in 6666666
                    “\x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid)”
                    (\x1b[2J\u{202e}npm_aBcD…7890\n \x3a:erro…, \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:erro…),
                    still in \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:erro…, allowed there:
                    \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid)
                  \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid):2
                  biggest: \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid); used by
                    1,240 packages
                  its own text says: \x1b[2J\u{202e}npm_aBcD…7890\n
                    \x3a:error::***\x9b[x](https://a.invalid) \x1b[2J\u{202e}npm_aBcD…7890\n
                    \x3a:error::***\x9b[x](https://a.invalid)
                  beside it in its file: organization \x1b[2J\u{202e}npm_aBcD…7890\n
                    \x3a:error::***\x9b[x](https://a.invalid)
                  proof: GET \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid) 200 ·
                    \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid)
                  note: \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid)
                  revoke: keyrake revoke --report FILE, which --report json=FILE writes · by hand: where it
                    was issued
                  fingerprint: kr1:npm-access-token:00000000000000000043

        high      npm password of \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid):
                  not verified: \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid) is
                  not a configured endpoint (if it is yours:
                  --endpoint npm=https://\x1b[2J\u{202e}npm_aBcD…7890\n
                  \x3a:error::***\x9b[x](https://a.invalid)/); its checksum holds
                  \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid):1 in 6666666
                    “\x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid)”
                    (\x1b[2J\u{202e}npm_aBcD…7890\n \x3a:erro…, \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:erro…),
                    still in \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:erro…, allowed there:
                    \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid)
                  \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid):2
                  its own text says: \x1b[2J\u{202e}npm_aBcD…7890\n
                    \x3a:error::***\x9b[x](https://a.invalid) \x1b[2J\u{202e}npm_aBcD…7890\n
                    \x3a:error::***\x9b[x](https://a.invalid)
                  beside it in its file: organization \x1b[2J\u{202e}npm_aBcD…7890\n
                    \x3a:error::***\x9b[x](https://a.invalid)
                  if it is real, change it: where its account is
                  fingerprint: kr1:npm-access-token:00000000000000000023

        high      npm password of \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid)
                  at \x1b[2J\u{202e}npm_aBcD…7890\n
                  \x3a:error::***\x9b[x](https://a.invalid)\x1b[2J\u{202e}npm_aBcD…7890\n
                  \x3a:error::***\x…: not verified: the registry gave no usable answer
                  (\x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid)); its checksum
                  holds
                  \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid):1 in 6666666
                    “\x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid)”
                    (\x1b[2J\u{202e}npm_aBcD…7890\n \x3a:erro…, \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:erro…),
                    still in \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:erro…, allowed there:
                    \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid)
                  \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid):2
                  its own text says: \x1b[2J\u{202e}npm_aBcD…7890\n
                    \x3a:error::***\x9b[x](https://a.invalid) \x1b[2J\u{202e}npm_aBcD…7890\n
                    \x3a:error::***\x9b[x](https://a.invalid)
                  beside it in its file: organization \x1b[2J\u{202e}npm_aBcD…7890\n
                    \x3a:error::***\x9b[x](https://a.invalid)
                  if it is real, change it: where its account is
                  fingerprint: kr1:npm-access-token:00000000000000000023

        Set aside:
          npm password of \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid) at
            \x1b[2J\u{202e}npm_aBcD…7890\n
            \x3a:error::***\x9b[x](https://a.invalid)\x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x…, high
            (\x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid):1 and 1 more), by
            configuration: \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid)

        Switched off by configuration:
          \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid): exclude
            \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid) (1 place):
            \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid)

        warning: \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid):
          \x1b[2J\u{202e}npm_aBcD…7890\n \x3a:error::***\x9b[x](https://a.invalid)

        incomplete: 1 place could not be looked at; 3 findings (3 high), 1 set aside · 12 rules ·
        4,210 files, 187,003 objects, 1.3 GB searched · 0 requests · 4.2 s
        ");
    }

    #[test]
    fn eighty_columns_hold_whatever_can_be_broken() {
        for line in text(&samples::ordinary(), 80).lines() {
            let words = line.split_whitespace().count();
            assert!(unicode_width::UnicodeWidthStr::width(line) <= 80 || words <= 2, "{line}");
        }
    }

    #[test]
    fn only_the_word_of_severity_has_a_colour() {
        let mut out = Vec::new();
        write(&samples::alone(), Format::Text, &mut out, &TextStyle { colour: true, width: 0 }).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("\u{1b}[1m\u{1b}[31mcritical\u{1b}[0m  npm token"), "{text:?}");
        assert_eq!(text.matches('\u{1b}').count(), 3);
    }

    #[test]
    fn ten_thousand_findings_are_no_trouble() {
        let start = std::time::Instant::now();
        let text = text(&samples::huge(), 100);
        assert_eq!(text.matches("\n          fingerprint: ").count(), 10_000);
        assert!(text.contains("\n10,000 findings (10,000 medium) · 12 rules · "));
        assert!(start.elapsed() < std::time::Duration::from_secs(60), "{:?}", start.elapsed());
    }
}
