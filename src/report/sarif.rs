//! SARIF 2.1.0, for code-scanning services.
//!
//! What comes in: a run. What goes out: one log with one run; a result for each finding, keyed by its fingerprint.
//! What it must never do: carry a secret, or a result without a place (services refuse the whole file for one).

use std::collections::BTreeMap;
use std::io;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use serde_sarif::sarif::{
    ArtifactLocation, Invocation, Location as SarifLocation, Message, MultiformatMessageString, Notification as Said,
    PhysicalLocation, PropertyBag, Region as SarifRegion, ReportingConfiguration, ReportingDescriptor,
    ReportingDescriptorReference, Result as SarifResult, ResultKind, ResultLevel, Run as SarifRun, Sarif, Suppression,
    Tool, ToolComponent,
};

use super::claims::AccessJson;
use super::json::{level_word, object_word, origin_word};
use super::places;
use super::sanitise::Cleaner;
use super::sentence::Teller;
use super::wrap::NO_BREAK;
use super::{ReportError, TOOL, VERSION, gravest_first, write_json};
use crate::model::{
    Evidence, Finding, Location, Notification, Place, Region, Rule, Run, SecretKind, Severity, Suppressed,
    SuppressedBy, Validity,
};

const SCHEMA_URL: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Under which our fingerprint stands in `partialFingerprints`.
const FINGERPRINT: &str = "keyrake/v1";
/// Services take no more of one result.
const MOST_LOCATIONS: usize = 100;
/// What a path may hold in a URI as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b'!');

/// Writes the log.
pub(super) fn write(run: &Run, out: &mut dyn io::Write) -> Result<(), ReportError> {
    let clean = Cleaner::for_run(run);
    let log = Log::new(run, &clean);
    let findings = gravest_first(run);
    let sarif_run = SarifRun::builder()
        .tool(Tool::builder().driver(log.driver(&findings)).build())
        .column_kind("unicodeCodePoints")
        .invocations(vec![log.invocation()])
        .results(findings.iter().map(|finding| log.result(finding)).collect::<Vec<_>>())
        .properties(log.run_properties())
        .build();
    write_json(&Sarif::builder().schema(SCHEMA_URL).version("2.1.0").runs(vec![sarif_run]).build(), out)
}

struct Log<'a> {
    run: &'a Run,
    clean: &'a Cleaner,
    teller: Teller<'a>,
    /// Once one result lists its suppressions, all must: an absent list means "unknown", an empty one "none".
    tells_suppressions: bool,
}

impl<'a> Log<'a> {
    fn new(run: &'a Run, clean: &'a Cleaner) -> Self {
        let tells_suppressions = run.findings.iter().any(|finding| finding.suppressed.is_some());
        Self { run, clean, teller: Teller { rules: &run.rules, clean }, tells_suppressions }
    }
}

impl Log<'_> {
    fn driver(&self, findings: &[&Finding]) -> ToolComponent {
        let mut gravest: BTreeMap<usize, Severity> = BTreeMap::new();
        for finding in findings.iter().filter(|finding| finding.suppressed.is_none()) {
            let severity = gravest.entry(finding.rule).or_insert(finding.severity);
            *severity = (*severity).max(finding.severity);
        }
        let rules = self.run.rules.rules.iter().enumerate();
        ToolComponent::builder()
            .name(TOOL)
            .version(VERSION)
            .semantic_version(VERSION)
            .rules(rules.map(|(index, rule)| self.rule(rule, gravest.get(&index).copied())).collect::<Vec<_>>())
            .build()
    }

    /// Services show one severity for each rule: the gravest of this run, or what an unverified finding would have.
    fn rule(&self, rule: &Rule, gravest: Option<Severity>) -> ReportingDescriptor {
        let severity = gravest.filter(|severity| *severity > Severity::None).unwrap_or(ungraded(rule.evidence));
        let summary = self.scrub(&rule.summary);
        let help = match self.scrub(&rule.help) {
            help if help.is_empty() => summary.clone(),
            help => help,
        };
        let mut descriptor = ReportingDescriptor::builder()
            .id(rule.id.as_str())
            .name(pascal(&rule.id))
            .short_description(&summary)
            .full_description(&help)
            .help(MultiformatMessageString::builder().text(help.as_str()).markdown(help.as_str()).build())
            .default_configuration(ReportingConfiguration::builder().level(level(severity).to_string()).build())
            .properties(
                PropertyBag::builder()
                    .tags(vec![
                        "security".to_owned(),
                        "external/cwe/cwe-798".to_owned(),
                        rule.registry.as_str().to_owned(),
                    ])
                    .additional_properties(bag([("security-severity", json!(score(severity)))]))
                    .build(),
            )
            .build();
        let facts = self.run.rules.registry(&rule.registry);
        descriptor.help_uri = facts.and_then(|facts| match rule.kind {
            SecretKind::Token => facts.owner_page.clone(),
            SecretKind::Password => facts.password_page.clone(),
        });
        descriptor
    }

    fn invocation(&self) -> Invocation {
        Invocation::builder()
            .execution_successful(self.run.is_complete())
            .tool_execution_notifications(self.run.notifications.iter().map(|said| self.said(said)).collect::<Vec<_>>())
            .build()
    }

    fn said(&self, said: &Notification) -> Said {
        let place = match self.clean.line(&said.place, usize::MAX) {
            place if place.is_empty() => place,
            place => format!("{place}: "),
        };
        let text = format!("{place}{}", self.clean.line(&said.message, usize::MAX));
        Said::builder()
            .descriptor(ReportingDescriptorReference::builder().id(said.code.as_str()).build())
            .level(level_word(said.level))
            .message(message(&text))
            .build()
    }

    fn run_properties(&self) -> PropertyBag {
        let summary = &self.run.summary;
        let switched_off: Vec<Value> = self
            .run
            .switched_off
            .iter()
            .map(|off| {
                let [subject, reason, place] = [&off.subject, &off.reason, &off.place].map(|text| self.scrub(text));
                json!({ "what": off.what, "subject": subject, "reason": reason, "count": off.count, "where": place })
            })
            .collect();
        PropertyBag::builder()
            .additional_properties(bag([
                ("files", json!(summary.files)),
                ("objects", json!(summary.objects)),
                ("bytes", json!(summary.bytes)),
                ("rules", json!(summary.rules)),
                ("requests", json!(summary.requests)),
                ("switchedOff", json!(switched_off)),
            ]))
            .build()
    }

    fn result(&self, finding: &Finding) -> SarifResult {
        let rule = self.run.rules.rules.get(finding.rule).map_or("", |rule| rule.id.as_str());
        let mut result = SarifResult::builder()
            .rule_id(rule)
            .rule_index(i64::try_from(finding.rule).unwrap_or(-1))
            .level(level(finding.severity))
            .message(message(&self.teller.plain(finding)))
            .locations(self.locations(finding))
            .partial_fingerprints(BTreeMap::from([(FINGERPRINT.to_owned(), finding.fingerprint.clone())]))
            .properties(self.result_properties(finding))
            .build();
        if finding.severity == Severity::None {
            result.kind = Some(ResultKind::Informational);
        }
        if self.tells_suppressions {
            result.suppressions = Some(finding.suppressed.iter().map(|by| self.suppression(by)).collect());
        }
        result
    }

    fn result_properties(&self, finding: &Finding) -> PropertyBag {
        let inspection = &finding.inspection;
        let validity = match &inspection.validity {
            Validity::Active => "active",
            Validity::Inactive(_) => "inactive",
            Validity::Unknown(_) => "unknown",
        };
        let access = inspection.access.as_ref().map(|access| AccessJson::new(access, self.clean));
        let companions: Vec<Value> = finding
            .all_companions()
            .map(|each| {
                let (part, confidence) = (each.part.as_str(), each.confidence.as_str());
                json!({ "part": part, "value": self.scrub(&each.value), "confidence": confidence })
            })
            .collect();
        PropertyBag::builder()
            .additional_properties(bag([
                ("severity", json!(finding.severity.as_str())),
                ("because", json!(self.scrub(&finding.because))),
                ("registry", json!(finding.credential.registry.as_str())),
                ("redacted", json!(finding.credential.secret.redacted())),
                ("companions", json!(companions)),
                ("evidence", json!(finding.evidence.as_str())),
                ("validity", json!(validity)),
                ("access", json!(access)),
                ("places", json!(finding.locations.len())),
            ]))
            .build()
    }

    fn suppression(&self, suppressed: &Suppressed) -> Suppression {
        let kind = match suppressed.by {
            SuppressedBy::Inline => "inSource",
            SuppressedBy::Config | SuppressedBy::Baseline => "external",
        };
        Suppression::builder()
            .kind(kind)
            .status("accepted")
            .justification(self.clean.line(&suppressed.reason, usize::MAX))
            .build()
    }

    fn locations(&self, finding: &Finding) -> Vec<SarifLocation> {
        match finding.locations.as_slice() {
            // A credential that was given, not found.
            [] => vec![physical("stdin", Region { line: 1, column: 1, end_line: 1, end_column: 1 })],
            some => some.iter().take(MOST_LOCATIONS).map(|location| self.location(location)).collect(),
        }
    }

    fn location(&self, location: &Location) -> SarifLocation {
        let words = places::line(location, self.clean).replace(NO_BREAK, " ");
        let mut properties = bag([("origin", json!(origin_word(&location.place)))]);
        if let Place::History { id, kind } = &location.place {
            properties.insert("object".to_owned(), json!(id.to_string()));
            properties.insert("objectKind".to_owned(), json!(object_word(*kind)));
            properties.insert("reachable".to_owned(), json!(location.reachable));
        }
        for (name, commit) in [("commit", &location.commit), ("removed", &location.removed)] {
            if let Some(commit) = commit {
                properties.insert(name.to_owned(), json!(commit.id.to_string()));
            }
        }
        let mut out = physical(&self.uri(location), location.region);
        out.message = Some(message(&words));
        out.properties = Some(PropertyBag::builder().additional_properties(properties).build());
        out
    }

    /// A relative reference below the root of the repository; for what has no path, a name that says what it is.
    fn uri(&self, location: &Location) -> String {
        let path = self.scrub(&location.whole_path());
        let path = match &location.place {
            Place::Stdin => format!("stdin{path}"),
            Place::History { id, kind } if location.path.is_empty() => {
                format!("git/{}/{id}{path}", object_word(*kind))
            }
            _ => path.trim_start_matches("./").to_owned(),
        };
        let encoded = utf8_percent_encode(&path, PATH).to_string();
        let drive =
            path.as_bytes().get(1) == Some(&b':') && path.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
        match location.place {
            Place::File if path.starts_with('/') => format!("file://{encoded}"),
            Place::File if drive => format!("file:///{}", encoded.replacen("%3A", ":", 1)),
            _ => encoded,
        }
    }

    fn scrub(&self, text: &str) -> String {
        self.clean.scrub(text).into_owned()
    }
}

fn physical(uri: &str, region: Region) -> SarifLocation {
    let place = PhysicalLocation::builder()
        .artifact_location(ArtifactLocation::builder().uri(uri).build())
        .region(
            SarifRegion::builder()
                .start_line(number(region.line))
                .start_column(number(region.column))
                .end_line(number(region.end_line.max(region.line)))
                .end_column(number(region.end_column))
                .build(),
        )
        .build();
    SarifLocation::builder().physical_location(place).build()
}

/// SARIF counts from 1 and with a sign.
fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX).max(1)
}

/// `[text](place)` in a message is a link: a server's words must not become one.
fn message(text: &str) -> Message {
    Message::builder().text(text.replace("](", "] (")).build()
}

/// The friendly name that viewers expect: `NpmAccessToken` for `npm-access-token`.
fn pascal(id: &str) -> String {
    let word = |word: &str| word.chars().next().map(|first| first.to_uppercase().chain(word.chars().skip(1)).collect());
    id.split(|c: char| !c.is_alphanumeric()).filter_map(word).collect::<Vec<String>>().concat()
}

fn bag<const N: usize>(entries: [(&str, Value); N]) -> BTreeMap<String, Value> {
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The severity of a rule's findings before anybody is asked about them.
fn ungraded(evidence: Evidence) -> Severity {
    if evidence.is_strong() { Severity::Medium } else { Severity::Low }
}

fn level(severity: Severity) -> ResultLevel {
    match severity {
        Severity::Critical | Severity::High => ResultLevel::Error,
        Severity::Medium => ResultLevel::Warning,
        Severity::Low => ResultLevel::Note,
        Severity::None => ResultLevel::None,
    }
}

/// GitHub's scale: over 9 critical, from 7 high, from 4 medium.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::None => "0.0",
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    fn sarif(run: &Run) -> String {
        let mut out = Vec::new();
        write(run, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_ordinary_run() {
        let mut run = samples::ordinary();
        run.findings.retain(|finding| finding.severity != Severity::Low);
        for finding in &mut run.findings {
            finding.locations.truncate(2);
        }
        insta::assert_snapshot!(sarif(&run), @r#"
        {
          "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
          "runs": [
            {
              "columnKind": "unicodeCodePoints",
              "invocations": [
                {
                  "executionSuccessful": false,
                  "toolExecutionNotifications": [
                    {
                      "descriptor": {
                        "id": "suppression-unused"
                      },
                      "level": "note",
                      "message": {
                        "text": "keyrake.toml:3: matches nothing that was found"
                      }
                    },
                    {
                      "descriptor": {
                        "id": "file-unreadable"
                      },
                      "level": "warning",
                      "message": {
                        "text": "a b/secret.txt: permission denied"
                      }
                    },
                    {
                      "descriptor": {
                        "id": "object-unreadable"
                      },
                      "level": "warning",
                      "message": {
                        "text": "7777777777777777777777777777777777777777: zlib: bad data"
                      }
                    }
                  ]
                }
              ],
              "properties": {
                "bytes": 1300000000,
                "files": 4210,
                "objects": 187003,
                "requests": 6,
                "rules": 12,
                "switchedOff": [
                  {
                    "count": 1200,
                    "reason": "third-party code",
                    "subject": "vendor/",
                    "what": "exclude",
                    "where": "keyrake.toml:1"
                  }
                ]
              },
              "results": [
                {
                  "level": "error",
                  "locations": [
                    {
                      "message": {
                        "text": ".npmrc:3 in 9f9f9f9 “ci: fix release” (Alice, 2026-03-02), removed in 1b1b1b1, still in the history"
                      },
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": ".npmrc"
                        },
                        "region": {
                          "endColumn": 80,
                          "endLine": 3,
                          "startColumn": 40,
                          "startLine": 3
                        }
                      },
                      "properties": {
                        "commit": "9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f",
                        "object": "9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f",
                        "objectKind": "blob",
                        "origin": "history",
                        "reachable": true,
                        "removed": "1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b"
                      }
                    },
                    {
                      "message": {
                        "text": "dist/old build.tgz:1 in 2a2a2a2 (Alice, 2026-03-02), still in main, dev, next and 2 more refs"
                      },
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "dist/old%20build.tgz"
                        },
                        "region": {
                          "endColumn": 80,
                          "endLine": 1,
                          "startColumn": 40,
                          "startLine": 1
                        }
                      },
                      "properties": {
                        "commit": "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a",
                        "object": "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a",
                        "objectKind": "blob",
                        "origin": "history",
                        "reachable": true
                      }
                    }
                  ],
                  "message": {
                    "text": "npm token npm_aBcD…7890 of alice: publishes 14 packages (3.1 M downloads a week) without a second factor, from any address, until 2027-01-12"
                  },
                  "partialFingerprints": {
                    "keyrake/v1": "kr1:npm-access-token:00000000000000000044"
                  },
                  "properties": {
                    "access": {
                      "administration": {
                        "proof": [
                          2
                        ],
                        "state": "proven",
                        "value": "none"
                      },
                      "expiry": {
                        "proof": [
                          2
                        ],
                        "state": "proven",
                        "value": "2027-01-12T08:00:00Z"
                      },
                      "identity": {
                        "proof": [
                          1
                        ],
                        "state": "proven",
                        "value": "alice"
                      },
                      "kind": {
                        "proof": [
                          2
                        ],
                        "state": "proven",
                        "value": "granular"
                      },
                      "network": {
                        "proof": [
                          2
                        ],
                        "state": "proven",
                        "value": "anywhere"
                      },
                      "publish": {
                        "proof": [
                          2
                        ],
                        "state": "proven",
                        "value": "yes"
                      },
                      "reach": {
                        "proof": [
                          3
                        ],
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
                        }
                      },
                      "second_factor": {
                        "proof": [
                          2
                        ],
                        "state": "proven",
                        "value": "not-asked"
                      }
                    },
                    "because": "as graded",
                    "companions": [],
                    "evidence": "checksum",
                    "places": 2,
                    "redacted": "npm_aBcD…7890",
                    "registry": "npm",
                    "severity": "critical",
                    "validity": "active"
                  },
                  "ruleId": "npm-access-token",
                  "ruleIndex": 0,
                  "suppressions": []
                },
                {
                  "level": "error",
                  "locations": [
                    {
                      "message": {
                        "text": ".npmrc:3"
                      },
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": ".npmrc"
                        },
                        "region": {
                          "endColumn": 80,
                          "endLine": 3,
                          "startColumn": 40,
                          "startLine": 3
                        }
                      },
                      "properties": {
                        "origin": "worktree"
                      }
                    }
                  ],
                  "message": {
                    "text": "npm token npm_aBcD…0002 of bob: may publish up to 14 packages (the user's maximum; 900 downloads a week); not visible: whether a second factor is asked for, from which addresses, until when (its list is for login sessions only)"
                  },
                  "partialFingerprints": {
                    "keyrake/v1": "kr1:npm-access-token:00000000000000000043"
                  },
                  "properties": {
                    "access": {
                      "administration": {
                        "at_least": "none",
                        "at_most": "account",
                        "note": "a token can do no more than its user",
                        "proof": [
                          5
                        ],
                        "state": "bounded"
                      },
                      "expiry": {
                        "reason": "its list is for login sessions only",
                        "state": "not-visible"
                      },
                      "identity": {
                        "proof": [
                          4
                        ],
                        "state": "proven",
                        "value": "bob"
                      },
                      "kind": {
                        "reason": "its list is for login sessions only",
                        "state": "not-visible"
                      },
                      "network": {
                        "reason": "its list is for login sessions only",
                        "state": "not-visible"
                      },
                      "publish": {
                        "at_least": "no",
                        "at_most": "yes",
                        "proof": [
                          5
                        ],
                        "state": "bounded"
                      },
                      "reach": {
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
                        "note": "a token can do no more than its user",
                        "proof": [
                          5
                        ],
                        "state": "bounded"
                      },
                      "second_factor": {
                        "reason": "its list is for login sessions only",
                        "state": "not-visible"
                      }
                    },
                    "because": "as graded",
                    "companions": [],
                    "evidence": "checksum",
                    "places": 1,
                    "redacted": "npm_aBcD…0002",
                    "registry": "npm",
                    "severity": "high",
                    "validity": "active"
                  },
                  "ruleId": "npm-access-token",
                  "ruleIndex": 0,
                  "suppressions": []
                },
                {
                  "level": "warning",
                  "locations": [
                    {
                      "message": {
                        "text": ".npmrc:3"
                      },
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": ".npmrc"
                        },
                        "region": {
                          "endColumn": 80,
                          "endLine": 3,
                          "startColumn": 40,
                          "startLine": 3
                        }
                      },
                      "properties": {
                        "origin": "worktree"
                      }
                    }
                  ],
                  "message": {
                    "text": "npm password of carol: not verified: npm.corp.invalid:8443/team is not a configured endpoint (if it is yours: --endpoint npm=https://npm.corp.invalid:8443/team/); it stands in a credential field"
                  },
                  "partialFingerprints": {
                    "keyrake/v1": "kr1:npm-access-token:00000000000000000023"
                  },
                  "properties": {
                    "access": null,
                    "because": "as graded",
                    "companions": [
                      {
                        "confidence": "high",
                        "part": "user",
                        "value": "carol"
                      },
                      {
                        "confidence": "high",
                        "part": "host",
                        "value": "npm.corp.invalid:8443/team"
                      }
                    ],
                    "evidence": "field",
                    "places": 1,
                    "redacted": "***",
                    "registry": "npm",
                    "severity": "medium",
                    "validity": "unknown"
                  },
                  "ruleId": "npm-password",
                  "ruleIndex": 1,
                  "suppressions": []
                },
                {
                  "level": "warning",
                  "locations": [
                    {
                      "message": {
                        "text": ".npmrc:3"
                      },
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": ".npmrc"
                        },
                        "region": {
                          "endColumn": 80,
                          "endLine": 3,
                          "startColumn": 40,
                          "startLine": 3
                        }
                      },
                      "properties": {
                        "origin": "worktree"
                      }
                    }
                  ],
                  "message": {
                    "text": "npm token npm_aBcD…0004: not verified: offline; its checksum holds"
                  },
                  "partialFingerprints": {
                    "keyrake/v1": "kr1:npm-access-token:00000000000000000042"
                  },
                  "properties": {
                    "access": null,
                    "because": "as graded",
                    "companions": [],
                    "evidence": "checksum",
                    "places": 1,
                    "redacted": "npm_aBcD…0004",
                    "registry": "npm",
                    "severity": "medium",
                    "validity": "unknown"
                  },
                  "ruleId": "npm-access-token",
                  "ruleIndex": 0,
                  "suppressions": [
                    {
                      "justification": "known: known.txt",
                      "kind": "external",
                      "status": "accepted"
                    }
                  ]
                },
                {
                  "level": "warning",
                  "locations": [
                    {
                      "message": {
                        "text": ".npmrc:3"
                      },
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": ".npmrc"
                        },
                        "region": {
                          "endColumn": 80,
                          "endLine": 3,
                          "startColumn": 40,
                          "startLine": 3
                        }
                      },
                      "properties": {
                        "origin": "worktree"
                      }
                    },
                    {
                      "message": {
                        "text": "docs/a.md:9"
                      },
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "docs/a.md"
                        },
                        "region": {
                          "endColumn": 80,
                          "endLine": 9,
                          "startColumn": 40,
                          "startLine": 9
                        }
                      },
                      "properties": {
                        "origin": "worktree"
                      }
                    }
                  ],
                  "message": {
                    "text": "npm token npm_aBcD…0003: not verified: offline; its checksum holds"
                  },
                  "partialFingerprints": {
                    "keyrake/v1": "kr1:npm-access-token:00000000000000000042"
                  },
                  "properties": {
                    "access": null,
                    "because": "as graded",
                    "companions": [],
                    "evidence": "checksum",
                    "places": 2,
                    "redacted": "npm_aBcD…0003",
                    "registry": "npm",
                    "severity": "medium",
                    "validity": "unknown"
                  },
                  "ruleId": "npm-access-token",
                  "ruleIndex": 0,
                  "suppressions": [
                    {
                      "justification": "",
                      "kind": "inSource",
                      "status": "accepted"
                    }
                  ]
                },
                {
                  "kind": "informational",
                  "level": "none",
                  "locations": [
                    {
                      "message": {
                        "text": ".npmrc:3"
                      },
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": ".npmrc"
                        },
                        "region": {
                          "endColumn": 80,
                          "endLine": 3,
                          "startColumn": 40,
                          "startLine": 3
                        }
                      },
                      "properties": {
                        "origin": "worktree"
                      }
                    }
                  ],
                  "message": {
                    "text": "npm token npm_aBcD…0006: no longer works: the registry does not know it"
                  },
                  "partialFingerprints": {
                    "keyrake/v1": "kr1:npm-access-token:00000000000000000040"
                  },
                  "properties": {
                    "access": null,
                    "because": "as graded",
                    "companions": [],
                    "evidence": "checksum",
                    "places": 1,
                    "redacted": "npm_aBcD…0006",
                    "registry": "npm",
                    "severity": "none",
                    "validity": "inactive"
                  },
                  "ruleId": "npm-access-token",
                  "ruleIndex": 0,
                  "suppressions": []
                }
              ],
              "tool": {
                "driver": {
                  "name": "keyrake",
                  "rules": [
                    {
                      "defaultConfiguration": {
                        "level": "error"
                      },
                      "fullDescription": {
                        "text": "It acts as its owner. **Revoke it**, then take it out of the history."
                      },
                      "help": {
                        "markdown": "It acts as its owner. **Revoke it**, then take it out of the history.",
                        "text": "It acts as its owner. **Revoke it**, then take it out of the history."
                      },
                      "helpUri": "https://www.invalid/settings/~/tokens",
                      "id": "npm-access-token",
                      "name": "NpmAccessToken",
                      "properties": {
                        "tags": [
                          "security",
                          "external/cwe/cwe-798",
                          "npm"
                        ],
                        "security-severity": "9.5"
                      },
                      "shortDescription": {
                        "text": "npm access token"
                      }
                    },
                    {
                      "defaultConfiguration": {
                        "level": "warning"
                      },
                      "fullDescription": {
                        "text": "Change it."
                      },
                      "help": {
                        "markdown": "Change it.",
                        "text": "Change it."
                      },
                      "helpUri": "https://www.invalid/settings/~/profile",
                      "id": "npm-password",
                      "name": "NpmPassword",
                      "properties": {
                        "tags": [
                          "security",
                          "external/cwe/cwe-798",
                          "npm"
                        ],
                        "security-severity": "5.5"
                      },
                      "shortDescription": {
                        "text": "npm account password"
                      }
                    }
                  ],
                  "semanticVersion": "0.1.0",
                  "version": "0.1.0"
                }
              }
            }
          ],
          "version": "2.1.0"
        }
        "#);
    }

    #[test]
    fn every_result_has_a_place_and_every_place_a_line() {
        for run in [samples::ordinary(), samples::alone(), samples::hostile(), samples::empty()] {
            let log: Value = serde_json::from_str(&sarif(&run)).unwrap();
            let results = log["runs"][0]["results"].as_array().unwrap();
            assert_eq!(results.len(), run.findings.len());
            for result in results {
                let locations = result["locations"].as_array().unwrap();
                assert!(!locations.is_empty());
                for location in locations {
                    let place = &location["physicalLocation"];
                    assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
                    let uri = place["artifactLocation"]["uri"].as_str().unwrap();
                    assert!(!uri.is_empty() && uri.bytes().all(|byte| byte.is_ascii_graphic()), "{uri}");
                }
            }
        }
    }

    #[test]
    fn members_of_archives_become_references() {
        let run = samples::empty();
        let clean = Cleaner::for_run(&run);
        let log = Log::new(&run, &clean);
        let cases = [
            (Place::Worktree, "src/a b.tgz", "src/a%20b.tgz!in%20it/%23.txt"),
            (Place::File, "/a.tgz", "file:///a.tgz!in%20it/%23.txt"),
            (Place::Stdin, "", "stdin!in%20it/%23.txt"),
            (samples::blob(1), "", "git/blob/0101010101010101010101010101010101010101!in%20it/%23.txt"),
        ];
        for (place, path, expected) in cases {
            let location = Location { member: Some("in it/#.txt".to_owned()), ..samples::at(place, path, 1) };
            assert_eq!(log.uri(&location), expected);
        }
    }

    #[test]
    fn paths_become_references() {
        let run = samples::empty();
        let clean = Cleaner::for_run(&run);
        let log = Log::new(&run, &clean);
        let cases = [
            (Place::Worktree, "src/a b/ä#1.txt", "src/a%20b/%C3%A4%231.txt"),
            (Place::Worktree, "./a:b", "a%3Ab"),
            (Place::File, "/etc/npmrc", "file:///etc/npmrc"),
            (Place::File, "C:/Users/a", "file:///C:/Users/a"),
            (Place::File, "../a", "../a"),
            (Place::Stdin, "", "stdin"),
            (samples::blob(1), "", "git/blob/0101010101010101010101010101010101010101"),
            (samples::blob(1), "a", "a"),
        ];
        for (place, path, expected) in cases {
            assert_eq!(log.uri(&samples::at(place, path, 1)), expected);
        }
    }
}
