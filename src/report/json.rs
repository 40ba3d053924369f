//! The JSON contract, `keyrake/report/1`: written here, read back by `read`.
//!
//! What comes in: a run. What goes out: one JSON document. Fields are added freely; none is renamed or removed without a new
//! schema number.
//! What it must never do: write a raw secret, unless the run says so.

use std::collections::BTreeMap;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::claims::{AccessJson, inactive_word, unknown_word};
use super::sanitise::Cleaner;
use super::sentence::Teller;
use super::{ReportError, TOOL, VERSION, gravest_first, write_json};
use crate::model::{
    BoundHost, Commit, Companion, Finding, LedgerEntry, Level, Location, Notification, ObjectKind, Place, Run,
    SecretKind, Severity, Signer, Suppressed, SuppressedBy, SwitchedOff, Validity,
};

pub use super::read::read;

/// The schema, with its number.
pub const SCHEMA: &str = "keyrake/report/1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    tool: Tool,
    targets: Vec<String>,
    summary: SummaryJson,
    notifications: Vec<NotificationJson>,
    findings: Vec<FindingJson<'a>>,
    switched_off: Vec<SwitchedOffJson>,
    ledger: Vec<LedgerJson>,
}

#[derive(Serialize)]
pub(super) struct Tool {
    name: &'static str,
    version: &'static str,
}

impl Tool {
    pub(super) const THIS: Self = Self { name: TOOL, version: VERSION };
}

/// `findings` and `by_severity` leave out what is set aside; that is counted in `set_aside`.
#[derive(Serialize)]
struct SummaryJson {
    complete: bool,
    files: u64,
    objects: u64,
    bytes: u64,
    commits: u64,
    rules: u64,
    findings: u64,
    set_aside: u64,
    by_severity: BTreeMap<&'static str, u64>,
    requests: u64,
    duration_ms: u64,
}

#[derive(Serialize)]
pub(super) struct NotificationJson {
    code: &'static str,
    level: &'static str,
    message: String,
    r#where: String,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    fingerprint: &'a str,
    rule: &'a str,
    registry: &'a str,
    endpoint: Option<String>,
    secret: SecretJson,
    user: Option<String>,
    hosts: Vec<HostJson>,
    companions: Vec<CompanionJson>,
    evidence: &'static str,
    offline: BTreeMap<String, String>,
    severity: &'static str,
    because: String,
    sentence: String,
    validity: ValidityJson,
    access: Option<AccessJson>,
    notes: Vec<String>,
    locations: Vec<LocationJson>,
    suppressed: Option<SuppressedJson>,
    /// Filled by no scan: receipts tell of revocations.
    revocation: Option<()>,
}

#[derive(Serialize)]
struct SecretJson {
    redacted: String,
    kind: &'static str,
    length: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// Instead of `value`, where the secret is no UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    value_base64: Option<String>,
}

#[derive(Serialize)]
struct HostJson {
    host: String,
    port: Option<u16>,
    path: String,
}

/// User and hosts once more, since they are sure, and what seems to belong to the secret.
#[derive(Serialize)]
struct CompanionJson {
    part: &'static str,
    value: String,
    confidence: &'static str,
}

#[derive(Serialize)]
pub(super) struct ValidityJson {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    proof: Vec<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize)]
struct LocationJson {
    origin: &'static str,
    path: String,
    /// The way to it through the archive: begins with `path`, if there is one, and `!`.
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<String>,
    line: u64,
    column: u64,
    end_line: u64,
    end_column: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    blob: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<ObjectJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<CommitJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<CommitJson>,
    reachable: bool,
    at_tip: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow: Option<String>,
}

#[derive(Serialize)]
struct ObjectJson {
    id: String,
    kind: &'static str,
}

#[derive(Serialize)]
struct CommitJson {
    id: String,
    author: String,
    time: String,
    summary: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    boundary: bool,
}

#[derive(Serialize)]
struct SuppressedJson {
    by: &'static str,
    reason: String,
}

#[derive(Serialize)]
struct SwitchedOffJson {
    what: &'static str,
    subject: String,
    reason: String,
    count: u64,
    r#where: String,
}

#[derive(Serialize)]
pub(super) struct LedgerJson {
    id: u32,
    registry: String,
    server: String,
    method: &'static str,
    path: String,
    signer: &'static str,
    sent: bool,
    status: Option<u16>,
    shows: String,
}

/// Writes the document.
pub(super) fn write(run: &Run, out: &mut dyn io::Write) -> Result<(), ReportError> {
    let clean = Cleaner::for_run(run);
    let scribe = Scribe { clean: &clean, teller: Teller { rules: &run.rules, clean: &clean }, raw: run.show_secrets };
    let document = Document {
        schema: SCHEMA,
        tool: Tool::THIS,
        targets: run.targets.iter().map(|target| scribe.scrub(target)).collect(),
        summary: summary(run),
        notifications: run.notifications.iter().map(|said| NotificationJson::new(said, &clean)).collect(),
        findings: gravest_first(run).into_iter().map(|finding| scribe.finding(run, finding)).collect(),
        switched_off: run.switched_off.iter().map(|off| scribe.switched_off(off)).collect(),
        ledger: run.ledger.iter().map(|entry| LedgerJson::new(entry, &clean)).collect(),
    };
    write_json(&document, out)
}

fn summary(run: &Run) -> SummaryJson {
    let by_severity = run.by_severity();
    SummaryJson {
        complete: run.is_complete(),
        files: run.summary.files,
        objects: run.summary.objects,
        bytes: run.summary.bytes,
        commits: run.summary.commits,
        rules: run.summary.rules,
        findings: by_severity.values().sum(),
        set_aside: run.findings.iter().filter(|finding| finding.suppressed.is_some()).count() as u64,
        by_severity: Severity::ALL
            .iter()
            .map(|severity| (severity.as_str(), by_severity.get(severity).copied().unwrap_or_default()))
            .collect(),
        requests: run.summary.requests,
        duration_ms: run.summary.duration_ms,
    }
}

/// Turns the parts of one run into data without secrets.
struct Scribe<'a> {
    clean: &'a Cleaner,
    teller: Teller<'a>,
    raw: bool,
}

impl Scribe<'_> {
    fn scrub(&self, text: &str) -> String {
        self.clean.scrub(text).into_owned()
    }

    fn finding<'f>(&self, run: &'f Run, finding: &'f Finding) -> FindingJson<'f> {
        let credential = &finding.credential;
        let inspection = &finding.inspection;
        FindingJson {
            fingerprint: &finding.fingerprint,
            rule: run.rules.rules.get(finding.rule).map_or("", |rule| &rule.id),
            registry: credential.registry.as_str(),
            endpoint: finding.endpoint.as_deref().map(|endpoint| self.scrub(endpoint)),
            secret: self.secret(finding),
            user: credential.user.as_deref().map(|user| self.scrub(user)),
            hosts: credential.hosts.iter().map(|host| self.host(host)).collect(),
            companions: finding.all_companions().map(|companion| self.companion(&companion)).collect(),
            evidence: finding.evidence.as_str(),
            offline: finding.offline.iter().map(|(what, value)| (self.scrub(what), self.scrub(value))).collect(),
            severity: finding.severity.as_str(),
            because: self.scrub(&finding.because),
            sentence: self.teller.plain(finding),
            validity: ValidityJson::new(finding, self.teller),
            access: inspection.access.as_ref().map(|access| AccessJson::new(access, self.clean)),
            notes: inspection.notes.iter().map(|note| self.scrub(note)).collect(),
            locations: finding.locations.iter().map(|location| self.location(location)).collect(),
            suppressed: finding.suppressed.as_ref().map(|suppressed| self.suppressed(suppressed)),
            revocation: None,
        }
    }

    fn secret(&self, finding: &Finding) -> SecretJson {
        let secret = &finding.credential.secret;
        let (value, value_base64) = match std::str::from_utf8(secret.expose()) {
            _ if !self.raw => (None, None),
            Ok(text) => (Some(text.to_owned()), None),
            Err(_) => (None, Some(STANDARD.encode(secret.expose()))),
        };
        let kind = match secret.kind() {
            SecretKind::Token => "token",
            SecretKind::Password => "password",
        };
        SecretJson { redacted: secret.redacted(), kind, length: secret.len(), value, value_base64 }
    }

    fn host(&self, host: &BoundHost) -> HostJson {
        HostJson { host: self.scrub(&host.host), port: host.port, path: self.scrub(&host.path) }
    }

    fn companion(&self, companion: &Companion) -> CompanionJson {
        CompanionJson {
            part: companion.part.as_str(),
            value: self.scrub(&companion.value),
            confidence: companion.confidence.as_str(),
        }
    }

    fn location(&self, location: &Location) -> LocationJson {
        let object = match &location.place {
            Place::History { id, kind } => Some(ObjectJson { id: id.to_string(), kind: object_word(*kind) }),
            _ => None,
        };
        let blob = match &location.place {
            Place::History { id, kind: ObjectKind::Blob } => Some(id.to_string()),
            _ => None,
        };
        LocationJson {
            origin: origin_word(&location.place),
            path: self.scrub(&location.path),
            member: location.member.as_ref().map(|member| match location.path.as_str() {
                "" => self.scrub(member),
                _ => self.scrub(&location.whole_path()),
            }),
            line: location.region.line,
            column: location.region.column,
            end_line: location.region.end_line,
            end_column: location.region.end_column,
            blob,
            object,
            commit: location.commit.as_ref().map(|commit| self.commit(commit)),
            removed: location.removed.as_ref().map(|commit| self.commit(commit)),
            reachable: location.reachable,
            at_tip: location.at_tip.iter().map(|name| self.scrub(name)).collect(),
            allow: location.allow.as_deref().map(|reason| self.scrub(reason)),
        }
    }

    fn commit(&self, commit: &Commit) -> CommitJson {
        CommitJson {
            id: commit.id.to_string(),
            author: self.scrub(&commit.author),
            time: self.scrub(&commit.time),
            summary: self.scrub(&commit.summary),
            boundary: commit.boundary,
        }
    }

    fn suppressed(&self, suppressed: &Suppressed) -> SuppressedJson {
        SuppressedJson { by: suppressed_word(suppressed.by), reason: self.scrub(&suppressed.reason) }
    }

    fn switched_off(&self, off: &SwitchedOff) -> SwitchedOffJson {
        SwitchedOffJson {
            what: off.what,
            subject: self.scrub(&off.subject),
            reason: self.scrub(&off.reason),
            count: off.count,
            r#where: self.scrub(&off.place),
        }
    }
}

impl NotificationJson {
    pub(super) fn new(said: &Notification, clean: &Cleaner) -> Self {
        Self {
            code: said.code.as_str(),
            level: level_word(said.level),
            message: clean.scrub(&said.message).into_owned(),
            r#where: clean.scrub(&said.place).into_owned(),
        }
    }
}

impl ValidityJson {
    fn new(finding: &Finding, teller: Teller<'_>) -> Self {
        let proof = &finding.inspection.proof;
        let (state, code, reason) = match &finding.inspection.validity {
            Validity::Active => ("active", None, None),
            Validity::Inactive(how) => ("inactive", Some(inactive_word(*how)), Some(teller.death(*how).to_owned())),
            Validity::Unknown(why) => {
                let reason = teller.doubt(why, finding).replace(super::wrap::NO_BREAK, " ");
                ("unknown", Some(unknown_word(why)), Some(reason))
            }
        };
        let note = proof.note.as_deref().map(|note| teller.clean.scrub(note).into_owned());
        Self { state, code, reason, proof: proof.requests.clone(), note }
    }
}

impl LedgerJson {
    pub(super) fn new(entry: &LedgerEntry, clean: &Cleaner) -> Self {
        Self {
            id: entry.id,
            registry: entry.registry.to_string(),
            server: clean.scrub(&entry.origin).into_owned(),
            method: entry.method,
            path: clean.scrub(&entry.path).into_owned(),
            signer: match entry.signer {
                Signer::Nobody => "nobody",
                Signer::Credential => "credential",
                Signer::Operator => "operator",
                Signer::Control => "control",
            },
            sent: entry.sent,
            status: entry.status,
            shows: clean.scrub(&entry.shows).into_owned(),
        }
    }
}

pub(super) fn level_word(level: Level) -> &'static str {
    match level {
        Level::Note => "note",
        Level::Warning => "warning",
    }
}

pub(super) fn origin_word(place: &Place) -> &'static str {
    match place {
        Place::Worktree => "worktree",
        Place::Staged => "staged",
        Place::History { .. } => "history",
        Place::Stdin => "stdin",
        Place::File => "file",
    }
}

pub(super) fn object_word(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Blob => "blob",
        ObjectKind::Commit => "commit",
        ObjectKind::Tag => "tag",
    }
}

pub(super) fn suppressed_word(by: SuppressedBy) -> &'static str {
    match by {
        SuppressedBy::Inline => "inline",
        SuppressedBy::Config => "config",
        SuppressedBy::Baseline => "baseline",
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::model::{Secret, Severity, Unknown};

    fn json(run: &Run) -> String {
        let mut out = Vec::new();
        write(run, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_ordinary_finding() {
        let mut run = samples::ordinary();
        run.findings.retain(|finding| finding.severity > Severity::Medium || finding.suppressed.is_some());
        for finding in &mut run.findings {
            finding.locations.truncate(2);
        }
        insta::assert_snapshot!(json(&run), @r#"
        {
          "schema": "keyrake/report/1",
          "tool": {
            "name": "keyrake",
            "version": "0.1.0"
          },
          "targets": [
            "."
          ],
          "summary": {
            "complete": false,
            "files": 4210,
            "objects": 187003,
            "bytes": 1300000000,
            "commits": 5000,
            "rules": 12,
            "findings": 2,
            "set_aside": 2,
            "by_severity": {
              "critical": 1,
              "high": 1,
              "low": 0,
              "medium": 0,
              "none": 0
            },
            "requests": 6,
            "duration_ms": 4230
          },
          "notifications": [
            {
              "code": "suppression-unused",
              "level": "note",
              "message": "matches nothing that was found",
              "where": "keyrake.toml:3"
            },
            {
              "code": "file-unreadable",
              "level": "warning",
              "message": "permission denied",
              "where": "a b/secret.txt"
            },
            {
              "code": "object-unreadable",
              "level": "warning",
              "message": "zlib: bad data",
              "where": "7777777777777777777777777777777777777777"
            }
          ],
          "findings": [
            {
              "fingerprint": "kr1:npm-access-token:00000000000000000044",
              "rule": "npm-access-token",
              "registry": "npm",
              "endpoint": "https://registry.invalid/",
              "secret": {
                "redacted": "npm_aBcD…7890",
                "kind": "token",
                "length": 40
              },
              "user": null,
              "hosts": [],
              "companions": [],
              "evidence": "checksum",
              "offline": {},
              "severity": "critical",
              "because": "as graded",
              "sentence": "npm token npm_aBcD…7890 of alice: publishes 14 packages (3.1 M downloads a week) without a second factor, from any address, until 2027-01-12",
              "validity": {
                "state": "active",
                "proof": [
                  1
                ]
              },
              "access": {
                "identity": {
                  "state": "proven",
                  "value": "alice",
                  "proof": [
                    1
                  ]
                },
                "kind": {
                  "state": "proven",
                  "value": "granular",
                  "proof": [
                    2
                  ]
                },
                "publish": {
                  "state": "proven",
                  "value": "yes",
                  "proof": [
                    2
                  ]
                },
                "administration": {
                  "state": "proven",
                  "value": "none",
                  "proof": [
                    2
                  ]
                },
                "network": {
                  "state": "proven",
                  "value": "anywhere",
                  "proof": [
                    2
                  ]
                },
                "second_factor": {
                  "state": "proven",
                  "value": "not-asked",
                  "proof": [
                    2
                  ]
                },
                "expiry": {
                  "state": "proven",
                  "value": "2027-01-12T08:00:00Z",
                  "proof": [
                    2
                  ]
                },
                "reach": {
                  "state": "proven",
                  "value": {
                    "biggest": [
                      {
                        "name": "left-padding",
                        "weekly_downloads": 2000000
                      },
                      {
                        "name": "@alice/tools",
                        "weekly_downloads": null
                      }
                    ],
                    "dependents": 1240,
                    "packages": 14,
                    "weekly_downloads": 3123456
                  },
                  "proof": [
                    3
                  ]
                }
              },
              "notes": [
                "a staged version of left-padding is pending"
              ],
              "locations": [
                {
                  "origin": "history",
                  "path": ".npmrc",
                  "line": 3,
                  "column": 40,
                  "end_line": 3,
                  "end_column": 80,
                  "blob": "9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f",
                  "object": {
                    "id": "9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f",
                    "kind": "blob"
                  },
                  "commit": {
                    "id": "9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f",
                    "author": "Alice",
                    "time": "2026-03-02T10:00:00Z",
                    "summary": "ci: fix release"
                  },
                  "removed": {
                    "id": "1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b",
                    "author": "Alice",
                    "time": "2026-03-02T10:00:00Z",
                    "summary": "ci: take the token out"
                  },
                  "reachable": true,
                  "at_tip": []
                },
                {
                  "origin": "history",
                  "path": "dist/old build.tgz",
                  "line": 1,
                  "column": 40,
                  "end_line": 1,
                  "end_column": 80,
                  "blob": "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a",
                  "object": {
                    "id": "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a",
                    "kind": "blob"
                  },
                  "commit": {
                    "id": "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a",
                    "author": "Alice",
                    "time": "2026-03-02T10:00:00Z",
                    "summary": ""
                  },
                  "reachable": true,
                  "at_tip": [
                    "refs/heads/main",
                    "refs/heads/dev",
                    "refs/heads/next",
                    "refs/heads/v1",
                    "refs/heads/v2"
                  ]
                }
              ],
              "suppressed": null,
              "revocation": null
            },
            {
              "fingerprint": "kr1:npm-access-token:00000000000000000043",
              "rule": "npm-access-token",
              "registry": "npm",
              "endpoint": "https://registry.invalid/",
              "secret": {
                "redacted": "npm_aBcD…0002",
                "kind": "token",
                "length": 40
              },
              "user": null,
              "hosts": [],
              "companions": [],
              "evidence": "checksum",
              "offline": {},
              "severity": "high",
              "because": "as graded",
              "sentence": "npm token npm_aBcD…0002 of bob: may publish up to 14 packages (the user's maximum; 900 downloads a week); not visible: whether a second factor is asked for, from which addresses, until when (its list is for login sessions only)",
              "validity": {
                "state": "active",
                "proof": [
                  4
                ]
              },
              "access": {
                "identity": {
                  "state": "proven",
                  "value": "bob",
                  "proof": [
                    4
                  ]
                },
                "kind": {
                  "state": "not-visible",
                  "reason": "its list is for login sessions only"
                },
                "publish": {
                  "state": "bounded",
                  "at_least": "no",
                  "at_most": "yes",
                  "proof": [
                    5
                  ]
                },
                "administration": {
                  "state": "bounded",
                  "at_least": "none",
                  "at_most": "account",
                  "proof": [
                    5
                  ],
                  "note": "a token can do no more than its user"
                },
                "network": {
                  "state": "not-visible",
                  "reason": "its list is for login sessions only"
                },
                "second_factor": {
                  "state": "not-visible",
                  "reason": "its list is for login sessions only"
                },
                "expiry": {
                  "state": "not-visible",
                  "reason": "its list is for login sessions only"
                },
                "reach": {
                  "state": "bounded",
                  "at_least": {
                    "biggest": [],
                    "dependents": null,
                    "packages": 0,
                    "weekly_downloads": null
                  },
                  "at_most": {
                    "biggest": [
                      {
                        "name": "left-padding",
                        "weekly_downloads": 2000000
                      },
                      {
                        "name": "@alice/tools",
                        "weekly_downloads": null
                      }
                    ],
                    "dependents": 1240,
                    "packages": 14,
                    "weekly_downloads": 900
                  },
                  "proof": [
                    5
                  ],
                  "note": "a token can do no more than its user"
                }
              },
              "notes": [],
              "locations": [
                {
                  "origin": "worktree",
                  "path": ".npmrc",
                  "line": 3,
                  "column": 40,
                  "end_line": 3,
                  "end_column": 80,
                  "reachable": true,
                  "at_tip": []
                }
              ],
              "suppressed": null,
              "revocation": null
            },
            {
              "fingerprint": "kr1:npm-access-token:00000000000000000042",
              "rule": "npm-access-token",
              "registry": "npm",
              "endpoint": "https://registry.invalid/",
              "secret": {
                "redacted": "npm_aBcD…0004",
                "kind": "token",
                "length": 40
              },
              "user": null,
              "hosts": [],
              "companions": [],
              "evidence": "checksum",
              "offline": {},
              "severity": "medium",
              "because": "as graded",
              "sentence": "npm token npm_aBcD…0004: not verified: offline; its checksum holds",
              "validity": {
                "state": "unknown",
                "code": "offline",
                "reason": "offline"
              },
              "access": null,
              "notes": [],
              "locations": [
                {
                  "origin": "worktree",
                  "path": ".npmrc",
                  "line": 3,
                  "column": 40,
                  "end_line": 3,
                  "end_column": 80,
                  "reachable": true,
                  "at_tip": []
                }
              ],
              "suppressed": {
                "by": "baseline",
                "reason": "known: known.txt"
              },
              "revocation": null
            },
            {
              "fingerprint": "kr1:npm-access-token:00000000000000000042",
              "rule": "npm-access-token",
              "registry": "npm",
              "endpoint": "https://registry.invalid/",
              "secret": {
                "redacted": "npm_aBcD…0003",
                "kind": "token",
                "length": 40
              },
              "user": null,
              "hosts": [],
              "companions": [],
              "evidence": "checksum",
              "offline": {},
              "severity": "medium",
              "because": "as graded",
              "sentence": "npm token npm_aBcD…0003: not verified: offline; its checksum holds",
              "validity": {
                "state": "unknown",
                "code": "offline",
                "reason": "offline"
              },
              "access": null,
              "notes": [],
              "locations": [
                {
                  "origin": "worktree",
                  "path": ".npmrc",
                  "line": 3,
                  "column": 40,
                  "end_line": 3,
                  "end_column": 80,
                  "reachable": true,
                  "at_tip": []
                },
                {
                  "origin": "worktree",
                  "path": "docs/a.md",
                  "line": 9,
                  "column": 40,
                  "end_line": 9,
                  "end_column": 80,
                  "reachable": true,
                  "at_tip": []
                }
              ],
              "suppressed": {
                "by": "inline",
                "reason": ""
              },
              "revocation": null
            }
          ],
          "switched_off": [
            {
              "what": "exclude",
              "subject": "vendor/",
              "reason": "third-party code",
              "count": 1200,
              "where": "keyrake.toml:1"
            }
          ],
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
              "shows": "live, user alice"
            },
            {
              "id": 2,
              "registry": "npm",
              "server": "https://registry.invalid",
              "method": "GET",
              "path": "/-/npm/v1/tokens",
              "signer": "operator",
              "sent": true,
              "status": 200,
              "shows": "row npm_aBcD...7890"
            },
            {
              "id": 3,
              "registry": "npm",
              "server": "https://registry.invalid",
              "method": "GET",
              "path": "/-/v1/search?text=maintainer:alice",
              "signer": "nobody",
              "sent": true,
              "status": 200,
              "shows": "14 packages"
            },
            {
              "id": 4,
              "registry": "npm",
              "server": "https://registry.invalid",
              "method": "GET",
              "path": "/-/whoami",
              "signer": "credential",
              "sent": true,
              "status": 200,
              "shows": "live, user bob"
            },
            {
              "id": 5,
              "registry": "npm",
              "server": "https://registry.invalid",
              "method": "GET",
              "path": "/-/npm/v1/tokens",
              "signer": "credential",
              "sent": true,
              "status": 403,
              "shows": "the list is refused"
            },
            {
              "id": 6,
              "registry": "npm",
              "server": "https://registry.invalid",
              "method": "GET",
              "path": "/-/whoami",
              "signer": "credential",
              "sent": true,
              "status": 401,
              "shows": "not known"
            }
          ]
        }
        "#);
    }

    #[test]
    fn raw_values_only_on_request() {
        let mut run = samples::empty();
        let odd = Secret::password(b"\xff\xfebinary".to_vec());
        for secret in [samples::token("1"), odd.clone()] {
            run.findings.push(samples::finding(secret, Severity::Medium, samples::unknown(Unknown::Offline)));
        }
        assert!(read(&json(&run)).unwrap().iter().all(|reported| reported.value.is_none()));
        run.show_secrets = true;
        let values: Vec<Option<Secret>> =
            read(&json(&run)).unwrap().into_iter().map(|reported| reported.value).collect();
        assert_eq!(values, [Some(samples::token("1")), Some(odd)]);
        assert_eq!(values[1].as_ref().map(Secret::kind), Some(SecretKind::Password));
    }

    #[test]
    fn what_is_written_reads_back() {
        let run = samples::ordinary();
        let reported = read(&json(&run)).unwrap();
        let written = gravest_first(&run);
        assert_eq!(reported.len(), written.len());
        for (reported, finding) in reported.iter().zip(written) {
            assert_eq!(reported.fingerprint, finding.fingerprint);
            assert_eq!(reported.rule, run.rules.rules[finding.rule].id);
            assert_eq!(reported.registry, finding.credential.registry);
            assert_eq!(reported.redacted, finding.credential.secret.redacted());
            assert_eq!(reported.user, finding.credential.user);
            assert_eq!(reported.hosts, finding.credential.hosts.iter().cloned().collect::<Vec<_>>());
            assert_eq!(reported.targets, run.targets);
            assert_eq!(reported.locations, finding.locations);
            assert_eq!(reported.suppressed, finding.suppressed);
        }
    }

    #[test]
    fn a_password_that_is_a_word_of_the_contract_changes_no_word_of_it() {
        let mut run = samples::empty();
        let words = ["history", "worktree", "unknown", "keyrake", "medium"];
        for word in words {
            let mut finding =
                samples::finding(Secret::password(word), Severity::Medium, samples::unknown(Unknown::Offline));
            finding.locations =
                vec![samples::at(samples::blob(1), "worktree/x", 1), samples::at(Place::Worktree, "y", 1)];
            run.findings.push(finding);
        }
        let reported = read(&json(&run)).unwrap();
        assert_eq!(reported.len(), words.len());
        assert!(reported.iter().all(|reported| reported.locations[0].path == "***/x"));
    }

    #[test]
    fn what_is_no_report_is_refused_without_repeating_it() {
        let text = json(&samples::ordinary());
        let cases = [
            ("hunter2".to_owned(), "this is no keyrake report: it is no JSON, at line 1 column 1"),
            ("{".to_owned(), "this is no keyrake report: it ends too early, at line 1 column 1"),
            ("[]".to_owned(), "this is no keyrake report: a field is missing or has another type, at line 1 column 2"),
            ("{}".to_owned(), "this is no keyrake report: a field is missing or has another type, at line 1 column 2"),
            (
                text.replace(SCHEMA, "keyrake/report/2\u{1b}"),
                "this is no keyrake report: it is no JSON, at line 2 column 30",
            ),
            (
                text.replace(SCHEMA, "keyrake/report/2"),
                "this report has schema keyrake/report/2, and this version of keyrake reads keyrake/report/1 only",
            ),
            (
                text.replace("\"history\"", "\"hunter2\""),
                "this is no keyrake report: a field is missing or has another type, at line 151 column 29",
            ),
            (text.replace("9f9f", "hunter2"), "this is no keyrake report: an object id is none"),
        ];
        for (text, expected) in cases {
            assert_eq!(read(&text).unwrap_err().to_string(), expected);
        }
    }
}
