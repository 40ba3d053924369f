//! What `keyrake revoke` did, or would do: for people and as JSON.
//!
//! What comes in: receipts and the requests behind them. What goes out: per credential what was asked for, what was answered,
//! and what was seen afterwards.
//! What it must never do: call something revoked that no probe has seen dead.

use std::collections::BTreeMap;
use std::io;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::claims::{inactive_word, unknown_word};
use super::json::{LedgerJson, NotificationJson, Tool};
use super::numbers::{count, counted};
use super::sanitise::Cleaner;
use super::text::{Page, request};
use super::wrap::NO_BREAK;
use super::{Format, ReportError, TextStyle, write_json};
use crate::model::{Inactive, LedgerEntry, Notification, Outcome, Receipt, Scrubber, Signer, Unknown, Validity, Way};

/// The schema of receipts, with its number.
const SCHEMA: &str = "keyrake/receipt/1";

/// All that there is to tell.
#[derive(Clone, Copy, Debug)]
pub struct Revocations<'a> {
    /// One for each credential.
    pub receipts: &'a [Receipt],
    /// The requests that they refer to.
    pub ledger: &'a [LedgerEntry],
    /// What else is worth knowing.
    pub notifications: &'a [Notification],
    /// Knows the secrets that were at hand.
    pub scrubber: &'a Scrubber,
}

/// Writes receipts.
pub fn write(
    told: &Revocations<'_>,
    format: Format,
    out: &mut dyn io::Write,
    style: &TextStyle,
) -> Result<(), ReportError> {
    let clean = Cleaner::new(told.scrubber.clone());
    match format {
        Format::Text => text(told, &mut Page { out, style, clean: &clean }).map_err(ReportError::from),
        Format::Json => write_json(&document(told, &clean), out),
        Format::Sarif => Err(ReportError::NoSuchForm(format)),
    }
}

fn text(told: &Revocations<'_>, page: &mut Page<'_>) -> io::Result<()> {
    for receipt in told.receipts {
        let (word, colour) = heading(&receipt.outcome);
        page.lead(word, colour, &sentence(receipt, page))?;
        let asked = || told.ledger.iter().filter(|entry| receipt.requests.contains(&entry.id));
        let requests: Vec<String> = asked().map(|entry| request(entry, page.clean)).collect();
        if !requests.is_empty() {
            page.detail(&format!("asked: {}", requests.join(" · ")))?;
        }
        let before = validity(&receipt.before, page);
        match &receipt.after {
            Some(after) => page.detail(&format!("before: {before} · afterwards: {}", validity(after, page)))?,
            None => page.detail(&format!("before: {before}"))?,
        }
        let by_owner = asked().any(|entry| entry.method == "DELETE" && entry.signer == Signer::Operator);
        if matches!(receipt.outcome, Outcome::Refused(_)) && !by_owner {
            page.detail(&with_the_owners_session(receipt, page))?;
        }
        if let Some(place) = by_hand(receipt, page) {
            page.detail(&format!("by hand: {place}"))?;
        }
        page.detail(&format!("fingerprint: {} · {}", page.foreign(&receipt.fingerprint), page.foreign(&receipt.time)))?;
        writeln!(page.out)?;
    }
    page.notifications(told.notifications)?;
    page.plain(&closing(told.receipts))
}

/// What may work where the token may not revoke itself.
fn with_the_owners_session(receipt: &Receipt, page: &Page<'_>) -> String {
    let registry = page.foreign(receipt.registry.as_str());
    let flag = format!("--operator{NO_BREAK}{registry}=env:NAME");
    format!("next: the same again with {flag}, where the variable NAME holds its owner's login session")
}

/// Where its owner finds it, and under what form.
fn by_hand(receipt: &Receipt, page: &Page<'_>) -> Option<String> {
    let refused = matches!(receipt.outcome, Outcome::Refused(_) | Outcome::NotRevoked(_));
    let place = match (&receipt.owner_page, &receipt.endpoint) {
        _ if is_dead(&receipt.outcome) => return None,
        (Some(owner_page), _) => page.foreign(owner_page),
        (None, Some(endpoint)) if refused => format!("in its owner's list of tokens at {}", page.foreign(endpoint)),
        (None, _) => return None,
    };
    Some(match receipt.redacted.as_str() {
        "***" => place,
        redacted => format!("{place} (look for {})", page.foreign(redacted)),
    })
}

/// `npm token npm_aBcD…7890 of alice at https://…: …`.
fn sentence(receipt: &Receipt, page: &Page<'_>) -> String {
    let mut out = format!("{} credential", page.foreign(receipt.registry.as_str()));
    if receipt.redacted != "***" {
        out += &format!(" {}", page.foreign(&receipt.redacted));
    }
    if let Some(user) = &receipt.user {
        out += &format!(" of {}", page.foreign(user));
    }
    if let Some(endpoint) = &receipt.endpoint {
        out += &format!(" at {}", page.foreign(endpoint));
    }
    let how = way(&receipt.way, page);
    out + ": "
        + &match &receipt.outcome {
            Outcome::Planned if matches!(receipt.way, Way::OwnerPage(_)) => format!("can only be revoked {how}"),
            Outcome::Planned => format!("would be revoked {how}"),
            Outcome::AlreadyInactive => "was dead before; nothing was sent to revoke it".to_owned(),
            Outcome::Revoked => format!("revoked {how}; a probe afterwards shows it dead"),
            Outcome::NotRevoked(what) => format!("NOT revoked {how}: {}", page.foreign(what)),
            // The page is where it goes on, not what was refused.
            Outcome::Refused(what) if matches!(receipt.way, Way::OwnerPage(_)) => {
                format!("the registry refused to revoke it: {}", page.foreign(what))
            }
            Outcome::Refused(what) => format!("the registry refused to revoke it {how}: {}", page.foreign(what)),
            // Who was asked to delete it was asked about it afterwards, too.
            Outcome::Unknown(what) if receipt.after.is_none() => {
                format!("nothing was sent to revoke it, and nobody knows whether it works: {}", page.foreign(what))
            }
            Outcome::Unknown(what) => {
                format!(
                    "asked for {how}, but nobody knows whether it is revoked: {}; not tried again",
                    page.foreign(what)
                )
            }
            Outcome::NotPossible(what) => format!("could not be revoked: {}", page.foreign(what)),
        }
}

fn heading(outcome: &Outcome) -> (&'static str, Style) {
    match outcome {
        Outcome::Planned => ("planned", AnsiColor::Cyan.on_default()),
        Outcome::AlreadyInactive => ("dead", Style::new().dimmed()),
        Outcome::Revoked => ("revoked", AnsiColor::Green.on_default()),
        Outcome::NotRevoked(_) => ("alive", AnsiColor::Red.on_default().bold()),
        Outcome::Refused(_) => ("refused", AnsiColor::Red.on_default().bold()),
        Outcome::Unknown(_) => ("unknown", AnsiColor::Yellow.on_default()),
        Outcome::NotPossible(_) => ("by hand", AnsiColor::Yellow.on_default()),
    }
}

fn is_dead(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::AlreadyInactive | Outcome::Revoked)
}

fn way(way: &Way, page: &Page<'_>) -> String {
    match way {
        Way::OperatorByKey => "by its key, with the owner's session".to_owned(),
        Way::SelfByKey => "by its key, signed with itself".to_owned(),
        Way::SelfByValue => "by its value, signed with itself".to_owned(),
        Way::OwnerPage(url) => format!("by its owner, on {}", page.foreign(url)),
    }
}

fn validity(validity: &Validity, page: &Page<'_>) -> String {
    match validity {
        Validity::Active => "works".to_owned(),
        Validity::Inactive(Inactive::Rejected) => "the registry does not know it".to_owned(),
        Validity::Inactive(Inactive::Revoked) => "revoked".to_owned(),
        Validity::Inactive(Inactive::Expired) => "expired".to_owned(),
        Validity::Unknown(Unknown::Unavailable(what) | Unknown::Refused(what)) => {
            format!("unknown ({})", page.foreign(what))
        }
        Validity::Unknown(why) => format!("unknown ({})", doubt(why)),
    }
}

/// Why nobody knows, where no server's words say it.
fn doubt(why: &Unknown) -> &'static str {
    match why {
        Unknown::Offline => "nothing was sent",
        Unknown::NoHost => "nothing says which server issued it",
        Unknown::ForeignHost(_) => "its server is not a configured endpoint",
        Unknown::Unsupported => "it could not be asked about",
        Unknown::RateLimited => "the registry asked for fewer requests",
        Unknown::Deadline => "the time ran out",
        Unknown::Interrupted => "the run was interrupted",
        Unknown::Unavailable(_) | Unknown::Refused(_) => "no usable answer",
    }
}

fn closing(receipts: &[Receipt]) -> String {
    let mut tally: BTreeMap<&'static str, u64> = BTreeMap::new();
    for receipt in receipts {
        *tally.entry(outcome_word(&receipt.outcome)).or_default() += 1;
    }
    let parts: Vec<String> = tally
        .iter()
        .map(|(word, n)| format!("{}{NO_BREAK}{}", count(*n), word.replace('-', &NO_BREAK.to_string())))
        .collect();
    match receipts {
        [] => "nothing to revoke".to_owned(),
        _ if receipts.iter().any(|receipt| receipt.outcome == Outcome::Planned) => format!(
            "dry run: {} ({}); nothing was revoked, --yes does it",
            counted(receipts.len() as u64, "credential"),
            parts.join(", ")
        ),
        _ => format!("{} ({})", counted(receipts.len() as u64, "credential"), parts.join(", ")),
    }
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    tool: Tool,
    summary: BTreeMap<&'static str, u64>,
    receipts: Vec<ReceiptJson>,
    notifications: Vec<NotificationJson>,
    ledger: Vec<LedgerJson>,
}

#[derive(Serialize)]
struct ReceiptJson {
    fingerprint: String,
    registry: String,
    endpoint: Option<String>,
    redacted: String,
    user: Option<String>,
    way: &'static str,
    outcome: OutcomeJson,
    before: StateJson,
    after: Option<StateJson>,
    requests: Vec<u32>,
    time: String,
    owner_page: Option<String>,
}

#[derive(Serialize)]
struct OutcomeJson {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct StateJson {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

fn document(told: &Revocations<'_>, clean: &Cleaner) -> Document {
    let mut summary: BTreeMap<&'static str, u64> = BTreeMap::new();
    for receipt in told.receipts {
        *summary.entry(outcome_word(&receipt.outcome)).or_default() += 1;
    }
    Document {
        schema: SCHEMA,
        tool: Tool::THIS,
        summary,
        receipts: told.receipts.iter().map(|receipt| receipt_json(receipt, clean)).collect(),
        notifications: told.notifications.iter().map(|said| NotificationJson::new(said, clean)).collect(),
        ledger: told.ledger.iter().map(|entry| LedgerJson::new(entry, clean)).collect(),
    }
}

fn receipt_json(receipt: &Receipt, clean: &Cleaner) -> ReceiptJson {
    let scrub = |text: &str| clean.scrub(text).into_owned();
    ReceiptJson {
        fingerprint: scrub(&receipt.fingerprint),
        registry: receipt.registry.to_string(),
        endpoint: receipt.endpoint.as_deref().map(scrub),
        redacted: scrub(&receipt.redacted),
        user: receipt.user.as_deref().map(scrub),
        way: match receipt.way {
            Way::OperatorByKey => "operator-by-key",
            Way::SelfByKey => "self-by-key",
            Way::SelfByValue => "self-by-value",
            Way::OwnerPage(_) => "owner-page",
        },
        outcome: OutcomeJson {
            state: outcome_word(&receipt.outcome),
            reason: match &receipt.outcome {
                Outcome::NotRevoked(what)
                | Outcome::Refused(what)
                | Outcome::Unknown(what)
                | Outcome::NotPossible(what) => Some(scrub(what)),
                Outcome::Planned | Outcome::AlreadyInactive | Outcome::Revoked => None,
            },
        },
        before: state_json(&receipt.before, clean),
        after: receipt.after.as_ref().map(|after| state_json(after, clean)),
        requests: receipt.requests.clone(),
        time: scrub(&receipt.time),
        owner_page: receipt.owner_page.as_deref().map(scrub),
    }
}

fn state_json(validity: &Validity, clean: &Cleaner) -> StateJson {
    match validity {
        Validity::Active => StateJson { state: "active", code: None, reason: None },
        Validity::Inactive(how) => StateJson { state: "inactive", code: Some(inactive_word(*how)), reason: None },
        Validity::Unknown(why) => StateJson {
            state: "unknown",
            code: Some(unknown_word(why)),
            reason: match why {
                Unknown::ForeignHost(what) | Unknown::Unavailable(what) | Unknown::Refused(what) => {
                    Some(clean.scrub(what).into_owned())
                }
                _ => None,
            },
        },
    }
}

fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Planned => "planned",
        Outcome::AlreadyInactive => "already-inactive",
        Outcome::Revoked => "revoked",
        Outcome::NotRevoked(_) => "not-revoked",
        Outcome::Refused(_) => "refused",
        Outcome::Unknown(_) => "unknown",
        Outcome::NotPossible(_) => "not-possible",
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::model::{Code, Signer};

    fn receipt(outcome: Outcome, way: Way, after: Option<Validity>, requests: &[u32]) -> Receipt {
        Receipt {
            fingerprint: "kr1:npm-access-token:0123456789abcdef0123".to_owned(),
            registry: samples::npm(),
            endpoint: Some("https://registry.invalid/".to_owned()),
            redacted: samples::token("7890").redacted(),
            user: Some("alice".to_owned()),
            way,
            outcome,
            before: Validity::Active,
            after,
            requests: requests.to_vec(),
            time: "2026-11-24T03:00:00Z".to_owned(),
            owner_page: Some("https://www.invalid/settings/~/tokens".to_owned()),
        }
    }

    fn written(receipts: &[Receipt], notifications: &[Notification], format: Format, width: usize) -> String {
        let ledger = [
            samples::request(1, "/-/whoami", 200, Signer::Credential, "live"),
            LedgerEntry {
                method: "DELETE",
                ..samples::request(2, "/-/npm/v1/tokens/token/***", 200, Signer::Operator, "the server says yes")
            },
            samples::request(3, "/-/whoami", 401, Signer::Credential, "dead"),
            LedgerEntry {
                method: "DELETE",
                ..samples::request(4, "/-/npm/v1/tokens/token/***", 403, Signer::Credential, "no")
            },
        ];
        let scrubber = Scrubber::new([samples::token("7890")]);
        let told = Revocations { receipts, ledger: &ledger, notifications, scrubber: &scrubber };
        let mut out = Vec::new();
        write(&told, format, &mut out, &TextStyle { colour: false, width }).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn one_of_each() -> Vec<Receipt> {
        let raw = String::from_utf8(samples::token("7890").expose().to_vec()).unwrap();
        let dead = || Some(Validity::Inactive(Inactive::Rejected));
        let page = || Way::OwnerPage("https://www.invalid/settings/~/tokens".to_owned());
        vec![
            receipt(Outcome::Revoked, Way::OperatorByKey, dead(), &[1, 2, 3]),
            receipt(
                Outcome::NotRevoked(format!("the server says yes, but {raw}\n still works")),
                Way::SelfByValue,
                Some(Validity::Active),
                &[1, 2],
            ),
            receipt(Outcome::Refused("403 \u{1b}[31mno".to_owned()), Way::SelfByKey, None, &[4]),
            receipt(
                Outcome::Unknown("no answer".to_owned()),
                Way::OperatorByKey,
                Some(Validity::Unknown(Unknown::Unavailable("timed out".to_owned()))),
                &[2],
            ),
            Receipt {
                before: Validity::Unknown(Unknown::RateLimited),
                ..receipt(Outcome::Unknown("the registry could not be asked".to_owned()), page(), None, &[])
            },
            receipt(Outcome::AlreadyInactive, page(), None, &[]),
            Receipt {
                redacted: "***".to_owned(),
                user: None,
                endpoint: None,
                ..receipt(Outcome::NotPossible("a password is changed by its owner".to_owned()), page(), None, &[])
            },
        ]
    }

    #[test]
    fn receipts_for_people() {
        let warning = Notification::warning(Code::RegistryUnavailable, "registry.invalid", "timed out");
        insta::assert_snapshot!(written(&one_of_each(), &[warning], Format::Text, 90), @r"
        revoked   npm credential npm_aBcD…7890 of alice at https://registry.invalid/: revoked by
                  its key, with the owner's session; a probe afterwards shows it dead
                  asked: GET /-/whoami 200 ·
                    DELETE /-/npm/v1/tokens/token/*** 200 (owner's session) · GET /-/whoami 401
                  before: works · afterwards: the registry does not know it
                  fingerprint: kr1:npm-access-token:0123456789abcdef0123 · 2026-11-24T03:00:00Z

        alive     npm credential npm_aBcD…7890 of alice at https://registry.invalid/: NOT revoked
                  by its value, signed with itself: the server says yes, but npm_aBcD…7890\n still
                  works
                  asked: GET /-/whoami 200 ·
                    DELETE /-/npm/v1/tokens/token/*** 200 (owner's session)
                  before: works · afterwards: works
                  by hand: https://www.invalid/settings/~/tokens (look for npm_aBcD…7890)
                  fingerprint: kr1:npm-access-token:0123456789abcdef0123 · 2026-11-24T03:00:00Z

        refused   npm credential npm_aBcD…7890 of alice at https://registry.invalid/: the registry
                  refused to revoke it by its key, signed with itself: 403 \x1b[31mno
                  asked: DELETE /-/npm/v1/tokens/token/*** 403
                  before: works
                  next: the same again with --operator npm=env:NAME, where the variable NAME holds
                    its owner's login session
                  by hand: https://www.invalid/settings/~/tokens (look for npm_aBcD…7890)
                  fingerprint: kr1:npm-access-token:0123456789abcdef0123 · 2026-11-24T03:00:00Z

        unknown   npm credential npm_aBcD…7890 of alice at https://registry.invalid/: asked for by
                  its key, with the owner's session, but nobody knows whether it is revoked: no
                  answer; not tried again
                  asked: DELETE /-/npm/v1/tokens/token/*** 200 (owner's session)
                  before: works · afterwards: unknown (timed out)
                  by hand: https://www.invalid/settings/~/tokens (look for npm_aBcD…7890)
                  fingerprint: kr1:npm-access-token:0123456789abcdef0123 · 2026-11-24T03:00:00Z

        unknown   npm credential npm_aBcD…7890 of alice at https://registry.invalid/: nothing was
                  sent to revoke it, and nobody knows whether it works: the registry could not be
                  asked
                  before: unknown (the registry asked for fewer requests)
                  by hand: https://www.invalid/settings/~/tokens (look for npm_aBcD…7890)
                  fingerprint: kr1:npm-access-token:0123456789abcdef0123 · 2026-11-24T03:00:00Z

        dead      npm credential npm_aBcD…7890 of alice at https://registry.invalid/: was dead
                  before; nothing was sent to revoke it
                  before: works
                  fingerprint: kr1:npm-access-token:0123456789abcdef0123 · 2026-11-24T03:00:00Z

        by hand   npm credential: could not be revoked: a password is changed by its owner
                  before: works
                  by hand: https://www.invalid/settings/~/tokens
                  fingerprint: kr1:npm-access-token:0123456789abcdef0123 · 2026-11-24T03:00:00Z

        warning: registry.invalid: timed out

        7 credentials (1 already inactive, 1 not possible, 1 not revoked, 1 refused, 1 revoked,
        2 unknown)
        ");
        let plan = [receipt(Outcome::Planned, Way::OperatorByKey, None, &[1])];
        insta::assert_snapshot!(written(&plan, &[], Format::Text, 90), @r#"
        planned   npm credential npm_aBcD…7890 of alice at https://registry.invalid/: would be
                  revoked by its key, with the owner's session
                  asked: GET /-/whoami 200
                  before: works
                  by hand: https://www.invalid/settings/~/tokens (look for npm_aBcD…7890)
                  fingerprint: kr1:npm-access-token:0123456789abcdef0123 · 2026-11-24T03:00:00Z

        dry run: 1 credential (1 planned); nothing was revoked, --yes does it
        "#);
        insta::assert_snapshot!(written(&[], &[], Format::Text, 90), @"nothing to revoke");
    }

    #[test]
    fn a_refusal_says_what_its_owner_does_next() {
        let lines = |way: Way, owner_page: Option<&str>, request: u32| {
            let refused = Outcome::Refused("HTTP 403: no".to_owned());
            let receipt = Receipt {
                owner_page: owner_page.map(str::to_owned),
                ..receipt(refused, way, Some(Validity::Active), &[request])
            };
            let text = written(&[receipt], &[], Format::Text, 0);
            let wanted = |line: &&str| ["refused ", "next: ", "by hand: "].iter().any(|lead| line.starts_with(lead));
            text.lines().map(str::trim).filter(wanted).map(str::to_owned).collect::<Vec<_>>()
        };
        let label = "refused   npm credential npm_aBcD…7890 of alice at https://registry.invalid/: the registry refused to revoke it";
        let next = "next: the same again with --operator npm=env:NAME, where the variable NAME holds its owner's login session";
        let listed = "by hand: in its owner's list of tokens at https://registry.invalid/ (look for npm_aBcD…7890)";
        let paged = "by hand: https://www.invalid/tokens (look for npm_aBcD…7890)";
        let page = "https://www.invalid/tokens";
        let by_key = format!("{label} by its key, signed with itself: HTTP 403: no");
        assert_eq!(lines(Way::SelfByKey, None, 4), [by_key.as_str(), next, listed]);
        let plainly = format!("{label}: HTTP 403: no");
        assert_eq!(lines(Way::OwnerPage(page.to_owned()), Some(page), 4), [plainly.as_str(), next, paged]);
        // The owner's session was refused as well.
        assert_eq!(lines(Way::OwnerPage(page.to_owned()), Some(page), 2), [plainly.as_str(), paged]);
        let by_owner = format!("{label} by its key, with the owner's session: HTTP 403: no");
        assert_eq!(lines(Way::OperatorByKey, None, 2), [by_owner.as_str(), listed]);
    }

    #[test]
    fn receipts_for_machines() {
        insta::assert_snapshot!(written(&one_of_each()[1..3], &[], Format::Json, 0), @r#"
        {
          "schema": "keyrake/receipt/1",
          "tool": {
            "name": "keyrake",
            "version": "0.1.0"
          },
          "summary": {
            "not-revoked": 1,
            "refused": 1
          },
          "receipts": [
            {
              "fingerprint": "kr1:npm-access-token:0123456789abcdef0123",
              "registry": "npm",
              "endpoint": "https://registry.invalid/",
              "redacted": "npm_aBcD…7890",
              "user": "alice",
              "way": "self-by-value",
              "outcome": {
                "state": "not-revoked",
                "reason": "the server says yes, but npm_aBcD…7890\n still works"
              },
              "before": {
                "state": "active"
              },
              "after": {
                "state": "active"
              },
              "requests": [
                1,
                2
              ],
              "time": "2026-11-24T03:00:00Z",
              "owner_page": "https://www.invalid/settings/~/tokens"
            },
            {
              "fingerprint": "kr1:npm-access-token:0123456789abcdef0123",
              "registry": "npm",
              "endpoint": "https://registry.invalid/",
              "redacted": "npm_aBcD…7890",
              "user": "alice",
              "way": "self-by-key",
              "outcome": {
                "state": "refused",
                "reason": "403 \u001b[31mno"
              },
              "before": {
                "state": "active"
              },
              "after": null,
              "requests": [
                4
              ],
              "time": "2026-11-24T03:00:00Z",
              "owner_page": "https://www.invalid/settings/~/tokens"
            }
          ],
          "notifications": [],
          "ledger": [
            {
              "id": 1,
              "registry": "npm",
              "server": "https://registry.invalid",
              "method": "GET",
              "path": "/-/whoami",
              "signer": "credential",
              "sent": true,
              "status": 200,
              "shows": "live"
            },
            {
              "id": 2,
              "registry": "npm",
              "server": "https://registry.invalid",
              "method": "DELETE",
              "path": "/-/npm/v1/tokens/token/***",
              "signer": "operator",
              "sent": true,
              "status": 200,
              "shows": "the server says yes"
            },
            {
              "id": 3,
              "registry": "npm",
              "server": "https://registry.invalid",
              "method": "GET",
              "path": "/-/whoami",
              "signer": "credential",
              "sent": true,
              "status": 401,
              "shows": "dead"
            },
            {
              "id": 4,
              "registry": "npm",
              "server": "https://registry.invalid",
              "method": "DELETE",
              "path": "/-/npm/v1/tokens/token/***",
              "signer": "credential",
              "sent": true,
              "status": 403,
              "shows": "no"
            }
          ]
        }
        "#);
    }

    #[test]
    fn no_receipt_shows_a_secret_and_none_has_a_sarif_form() {
        let raw = String::from_utf8(samples::token("7890").expose().to_vec()).unwrap();
        for format in [Format::Text, Format::Json] {
            assert!(!written(&one_of_each(), &[], format, 0).contains(&raw));
        }
        let told = Revocations { receipts: &[], ledger: &[], notifications: &[], scrubber: &Scrubber::default() };
        let error = write(&told, Format::Sarif, &mut Vec::new(), &TextStyle::default()).unwrap_err();
        assert_eq!(error.to_string(), "there is no sarif form of this; text and json are");
    }
}
