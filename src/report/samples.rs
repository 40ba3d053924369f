//! Runs to write in tests: an ordinary one, an empty one, one credential alone, a hostile one, a huge one.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Access, Administration, BoundHost, Claim, Code, Commit, Companion, Confidence, Credential, Evidence, Expiry,
    Finding, Identity, Inactive, Inspection, LedgerEntry, Location, Matcher, Network, Notification, ObjectId,
    ObjectKind, PackageReach, Part, Place, Proof, Publish, Reach, Region, RegistryFacts, RegistryId, Rule, RuleSet,
    Run, SecondFactor, Secret, SecretKind, Severity, Signer, Summary, Suppressed, SuppressedBy, SwitchedOff, TokenKind,
    Unknown, Validity,
};

pub(super) fn npm() -> RegistryId {
    RegistryId::new("npm")
}

/// A token that ends in these characters; nothing about it is real.
pub(super) fn token(tail: &str) -> Secret {
    Secret::token(format!("npm_{}{tail:0>8}", "aBcD".repeat(7)))
}

pub(super) fn rules() -> RuleSet {
    let rule = |id: &str, summary: &str, help: &str, evidence, kind| Rule {
        id: id.to_owned(),
        registry: npm(),
        summary: summary.to_owned(),
        help: help.to_owned(),
        matcher: Matcher::Parser("npmrc".to_owned()),
        literals: Vec::new(),
        evidence,
        kind,
        examples: Vec::new(),
        counter_examples: Vec::new(),
        custom: false,
    };
    let facts = RegistryFacts {
        id: npm(),
        name: "npm".to_owned(),
        api: Some("https://registry.invalid/".to_owned()),
        mirrors: Vec::new(),
        hosts: Vec::new(),
        companions: Vec::new(),
        owner_page: Some("https://www.invalid/settings/~/tokens".to_owned()),
        password_page: Some("https://www.invalid/settings/~/profile".to_owned()),
        references: Vec::new(),
    };
    RuleSet {
        registries: vec![facts],
        rules: vec![
            rule(
                "npm-access-token",
                "npm access token",
                "It acts as its owner. **Revoke it**, then take it out of the history.",
                Evidence::Checksum,
                SecretKind::Token,
            ),
            rule("npm-password", "npm account password", "Change it.", Evidence::Field, SecretKind::Password),
        ],
    }
}

pub(super) fn proven<T>(value: T, request: u32) -> Claim<T> {
    Claim::Proven(value, Proof::request(request))
}

pub(super) fn reach(packages: u64, weekly: u64) -> Reach {
    Reach {
        packages,
        weekly_downloads: Some(weekly),
        dependents: Some(1240),
        biggest: vec![
            PackageReach { name: "left-padding".to_owned(), weekly_downloads: Some(2_000_000) },
            PackageReach { name: "@alice/tools".to_owned(), weekly_downloads: None },
        ],
    }
}

/// Publishes unattended, as its row in the owner's list shows.
pub(super) fn unattended() -> Inspection {
    Inspection {
        validity: Validity::Active,
        proof: Proof::request(1),
        access: Some(Access {
            identity: proven(Identity { user: "alice".to_owned() }, 1),
            kind: proven(TokenKind::Granular, 2),
            publish: proven(Publish::Yes, 2),
            administration: proven(Administration::None, 2),
            network: proven(Network::Anywhere, 2),
            second_factor: proven(SecondFactor::NotAsked, 2),
            expiry: proven(Expiry::At("2027-01-12T08:00:00Z".to_owned()), 2),
            reach: proven(reach(14, 3_123_456), 3),
        }),
        notes: vec!["a staged version of left-padding is pending".to_owned()],
    }
}

/// Works; its list is refused.
pub(super) fn bounded() -> Inspection {
    let why = "its list is for login sessions only";
    Inspection {
        validity: Validity::Active,
        proof: Proof::request(4),
        access: Some(Access {
            identity: proven(Identity { user: "bob".to_owned() }, 4),
            publish: Claim::Bounded { at_least: Publish::No, at_most: Publish::Yes, proof: Proof::request(5) },
            administration: Claim::Bounded {
                at_least: Administration::None,
                at_most: Administration::Account,
                proof: Proof::request(5).with_note("a token can do no more than its user"),
            },
            reach: Claim::Bounded {
                at_least: Reach::default(),
                at_most: reach(14, 900),
                proof: Proof::request(5).with_note("a token can do no more than its user"),
            },
            ..Access::not_visible(why)
        }),
        notes: Vec::new(),
    }
}

pub(super) fn unknown(why: Unknown) -> Inspection {
    Inspection::unknown(why, Proof::default())
}

fn companion(part: Part, value: &str, confidence: Confidence) -> Companion {
    Companion { part, value: value.to_owned(), confidence }
}

pub(super) fn finding(secret: Secret, severity: Severity, inspection: Inspection) -> Finding {
    Finding {
        fingerprint: format!("kr1:npm-access-token:{:0>20}", secret.len() + severity as usize),
        rule: 0,
        credential: Credential { registry: npm(), secret, user: None, hosts: BTreeSet::new(), self_identifying: true },
        companions: Vec::new(),
        evidence: Evidence::Checksum,
        offline: BTreeMap::new(),
        endpoint: Some("https://registry.invalid/".to_owned()),
        inspection,
        severity,
        because: "as graded".to_owned(),
        locations: vec![at(Place::Worktree, ".npmrc", 3)],
        suppressed: None,
    }
}

pub(super) fn at(place: Place, path: &str, line: u64) -> Location {
    Location::new(place, path.to_owned(), Region { line, column: 40, end_line: line, end_column: 80 })
}

pub(super) fn object(byte: u8) -> ObjectId {
    ObjectId::new(&[byte; 20]).unwrap()
}

pub(super) fn blob(byte: u8) -> Place {
    Place::History { id: object(byte), kind: ObjectKind::Blob }
}

pub(super) fn commit(byte: u8, summary: &str) -> Commit {
    Commit {
        id: object(byte),
        author: "Alice".to_owned(),
        time: "2026-03-02T10:00:00Z".to_owned(),
        summary: summary.to_owned(),
        boundary: false,
    }
}

pub(super) fn request(id: u32, path: &str, status: u16, signer: Signer, shows: &str) -> LedgerEntry {
    LedgerEntry {
        id,
        registry: npm(),
        origin: "https://registry.invalid".to_owned(),
        method: "GET",
        path: path.to_owned(),
        signer,
        sent: true,
        status: Some(status),
        shows: shows.to_owned(),
    }
}

pub(super) fn empty() -> Run {
    Run {
        targets: vec![".".to_owned()],
        summary: Summary {
            files: 4210,
            objects: 187_003,
            bytes: 1_300_000_000,
            commits: 5000,
            rules: 12,
            requests: 0,
            duration_ms: 4230,
        },
        rules: rules(),
        ..Run::default()
    }
}

fn with_places(finding: Finding, locations: Vec<Location>) -> Finding {
    Finding { locations, ..finding }
}

fn password(severity: Severity) -> Finding {
    let mut finding = finding(Secret::password("correct horse battery"), severity, unknown(Unknown::Offline));
    finding.rule = 1;
    finding.evidence = Evidence::Field;
    finding.credential.self_identifying = false;
    finding.credential.user = Some("carol".to_owned());
    finding.credential.hosts = BTreeSet::from([BoundHost {
        host: "npm.corp.invalid".to_owned(),
        port: Some(8443),
        path: "/team/".to_owned(),
    }]);
    finding.inspection.validity = Validity::Unknown(Unknown::ForeignHost("npm.corp.invalid:8443/team/".to_owned()));
    finding
}

/// One of each kind, out of order.
pub(super) fn ordinary() -> Run {
    let mut in_history = at(blob(0x9f), ".npmrc", 3);
    in_history.commit = Some(commit(0x9f, "ci: fix release"));
    in_history.removed = Some(commit(0x1b, "ci: take the token out"));
    let mut at_tip = at(blob(0x2a), "dist/old build.tgz", 1);
    at_tip.commit = Some(commit(0x2a, ""));
    at_tip.at_tip = ["main", "dev", "next", "v1", "v2"].map(|name| format!("refs/heads/{name}")).to_vec();
    let mut unreachable = at(blob(0x3c), "", 7);
    unreachable.reachable = false;
    let mut message = at(Place::History { id: object(0x4d), kind: ObjectKind::Commit }, "", 2);
    message.commit = Some(commit(0x4d, "publish with the new token"));
    let tag = at(Place::History { id: object(0x5e), kind: ObjectKind::Tag }, "", 2);
    let places =
        vec![in_history, at_tip, unreachable, message, tag, at(Place::Stdin, "", 1), at(Place::Staged, "a", 1)];

    let inactive = finding(token("6"), Severity::None, Inspection::inactive(Inactive::Rejected, Proof::request(6)));
    let mut weak = finding(token("5"), Severity::Low, unknown(Unknown::Unavailable("timed out".to_owned())));
    weak.evidence = Evidence::Context;
    weak.offline = BTreeMap::from([("kind".to_owned(), "automation".to_owned())]);
    weak.companions = vec![
        companion(Part::User, "mia", Confidence::Medium),
        companion(Part::Host, "registry.invalid", Confidence::Low),
    ];
    let mut known = finding(token("4"), Severity::Medium, unknown(Unknown::Offline));
    known.suppressed = Some(Suppressed { by: SuppressedBy::Baseline, reason: "known: known.txt".to_owned() });
    let mut allowed = finding(token("3"), Severity::Medium, unknown(Unknown::Offline));
    allowed.locations.push(at(Place::Worktree, "docs/a.md", 9));
    allowed.suppressed = Some(Suppressed { by: SuppressedBy::Inline, reason: String::new() });

    Run {
        notifications: vec![
            Notification::note(Code::SuppressionUnused, "keyrake.toml:3", "matches nothing that was found"),
            Notification::warning(Code::FileUnreadable, "a b/secret.txt", "permission denied"),
            Notification::warning(Code::ObjectUnreadable, object(0x77).to_string(), "zlib: bad data"),
        ],
        findings: vec![
            inactive,
            weak,
            password(Severity::Medium),
            known,
            allowed,
            finding(token("2"), Severity::High, bounded()),
            with_places(finding(token("7890"), Severity::Critical, unattended()), places),
        ],
        ledger: vec![
            request(1, "/-/whoami", 200, Signer::Credential, "live, user alice"),
            request(2, "/-/npm/v1/tokens", 200, Signer::Operator, "row npm_aBcD...7890"),
            request(3, "/-/v1/search?text=maintainer:alice", 200, Signer::Nobody, "14 packages"),
            request(4, "/-/whoami", 200, Signer::Credential, "live, user bob"),
            request(5, "/-/npm/v1/tokens", 403, Signer::Credential, "the list is refused"),
            request(6, "/-/whoami", 401, Signer::Credential, "not known"),
        ],
        switched_off: vec![SwitchedOff {
            what: "exclude",
            subject: "vendor/".to_owned(),
            reason: "third-party code".to_owned(),
            count: 1200,
            place: "keyrake.toml:1".to_owned(),
        }],
        summary: Summary { requests: 6, ..empty().summary },
        ..empty()
    }
}

/// `keyrake verify`: one credential, nowhere.
pub(super) fn alone() -> Run {
    Run {
        targets: Vec::new(),
        summary: Summary { requests: 3, duration_ms: 700, ..Summary::default() },
        findings: vec![with_places(finding(token("7890"), Severity::Critical, unattended()), Vec::new())],
        notifications: Vec::new(),
        switched_off: Vec::new(),
        ..ordinary()
    }
}

/// Every foreign text attacks, and carries the secrets.
pub(super) fn hostile() -> Run {
    let secret = token("7890");
    let password = Secret::password("hunter2\u{1b}[31m]hunter2");
    let [raw, word] = [&secret, &password].map(|secret| std::str::from_utf8(secret.expose()).unwrap().to_owned());
    let evil = format!("\u{1b}[2J\u{202e}{raw}\n ::error::{word}\u{9b}[x](https://a.invalid)");
    let mut place = at(blob(0x66), &evil, 1);
    place.commit = Some(Commit { author: evil.clone(), time: evil.clone(), ..commit(0x66, &evil) });
    place.removed = Some(commit(0x67, &evil));
    place.at_tip = vec![evil.clone()];
    place.allow = Some(evil.clone());
    let host = BoundHost { host: evil.clone(), port: None, path: evil.clone() };
    let hidden = Access {
        identity: proven(Identity { user: evil.clone() }, 1),
        kind: proven(TokenKind::Other(evil.clone()), 1),
        expiry: proven(Expiry::At(evil.clone()), 1),
        reach: Claim::Proven(
            Reach { biggest: vec![PackageReach { name: evil.clone(), weekly_downloads: None }], ..reach(2, 1) },
            Proof::note(evil.clone()),
        ),
        ..Access::not_visible(&evil)
    };
    let active = Inspection {
        validity: Validity::Active,
        proof: Proof::request(1).with_note(evil.clone()),
        access: Some(hidden),
        notes: vec![evil.clone()],
    };
    let whys = [
        active,
        unknown(Unknown::ForeignHost(evil.clone())),
        unknown(Unknown::Unavailable(evil.clone())),
        unknown(Unknown::Refused(evil.clone())),
    ];
    let mut findings: Vec<Finding> = Vec::new();
    for (index, inspection) in whys.into_iter().enumerate() {
        let secret = if index == 0 { secret.clone() } else { password.clone() };
        let mut finding = finding(secret, Severity::High, inspection);
        finding.credential.user = Some(evil.clone());
        finding.credential.self_identifying = false;
        finding.credential.hosts = BTreeSet::from([host.clone()]);
        finding.endpoint = (index == 0).then(|| evil.clone());
        finding.offline = BTreeMap::from([(evil.clone(), evil.clone())]);
        finding.companions = vec![companion(Part::Organization, &evil, Confidence::Medium)];
        finding.because = evil.clone();
        finding.locations = vec![place.clone(), at(Place::File, &evil, 2)];
        finding.suppressed = (index == 3).then(|| Suppressed { by: SuppressedBy::Config, reason: evil.clone() });
        findings.push(finding);
    }
    Run {
        targets: vec![evil.clone()],
        notifications: vec![Notification::warning(Code::FileUnreadable, evil.clone(), evil.clone())],
        findings,
        ledger: vec![LedgerEntry { origin: evil.clone(), ..request(1, &evil, 200, Signer::Credential, &evil) }],
        switched_off: vec![SwitchedOff {
            what: "exclude",
            subject: evil.clone(),
            reason: evil.clone(),
            count: 1,
            place: evil,
        }],
        ..empty()
    }
}

/// Ten thousand findings with three places each.
pub(super) fn huge() -> Run {
    let places = |n: u64| (0..3).map(|m| at(Place::Worktree, &format!("src/{n}/{m}.txt"), n + 1)).collect();
    Run {
        findings: (0..10_000)
            .map(|n| {
                with_places(finding(token(&n.to_string()), Severity::Medium, unknown(Unknown::Offline)), places(n))
            })
            .collect(),
        ..empty()
    }
}
