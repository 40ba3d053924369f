//! The severity table of the contract, and the grounds in words.
//!
//! What comes in: a finding with its inspection. What goes out: its severity and `because`.
//! What it must never do: guess. What could not be seen counts as the worst that is not excluded, and the words say so.

use crate::model::{
    Access, Administration, Claim, Evidence, Finding, Inactive, Network, Publish, Reach, SecondFactor, SecretKind,
    Severity, TokenKind, Validity,
};

/// Sets a finding's severity and its grounds.
pub fn grade(finding: &mut Finding) {
    let inspection = &finding.inspection;
    let (severity, because) = match &inspection.validity {
        Validity::Inactive(how) => (Severity::None, format!("no longer works: {}", death(*how))),
        Validity::Unknown(_) => unverified(finding.evidence),
        Validity::Active => match &inspection.access {
            _ if is_password(inspection.access.as_ref(), finding.credential.secret.kind()) => {
                (Severity::Critical, "active; an account password that works".to_owned())
            }
            Some(access) => active(access),
            None => (Severity::High, "active; whether it can publish was not looked at".to_owned()),
        },
    };
    finding.severity = severity;
    finding.because = because;
}

/// The issuer's word counts before the file's: a field for passwords may hold a token.
fn is_password(access: Option<&Access>, kind: SecretKind) -> bool {
    match access.and_then(|access| access.kind.proven()) {
        Some(kind) => *kind == TokenKind::Password,
        None => kind == SecretKind::Password,
    }
}

fn death(how: Inactive) -> &'static str {
    match how {
        Inactive::Rejected => "its registry does not know it",
        Inactive::Revoked => "revoked",
        Inactive::Expired => "expired",
    }
}

fn unverified(evidence: Evidence) -> (Severity, String) {
    let (severity, strength) = match evidence.is_strong() {
        true => (Severity::Medium, "strong"),
        false => (Severity::Low, "weak"),
    };
    (severity, format!("not verified; {strength} evidence ({})", evidence.as_str()))
}

fn active(access: &Access) -> (Severity, String) {
    let (severity, grounds) = match &access.publish {
        Claim::Proven(Publish::Yes, _) => barriers(access),
        Claim::Proven(Publish::Stage, _) => (Severity::High, "can stage versions for its owner to approve".to_owned()),
        Claim::Bounded { at_most: Publish::Yes, .. } => (Severity::High, "may be able to publish".to_owned()),
        Claim::Bounded { at_most: Publish::Stage, .. } => (Severity::High, "may be able to stage versions".to_owned()),
        Claim::Proven(Publish::No, _) | Claim::Bounded { at_most: Publish::No, .. } => administration(access),
        Claim::NotVisible(_) => (Severity::High, "whether it can publish is not visible".to_owned()),
    };
    (severity, format!("active; {grounds}"))
}

/// Proven not to publish: whether there is more than reading left.
fn administration(access: &Access) -> (Severity, String) {
    let (verb, what) = match &access.administration {
        Claim::Proven(what, _) => ("administers", *what),
        Claim::Bounded { at_least, .. } if *at_least > Administration::None => ("administers", *at_least),
        Claim::Bounded { at_most, .. } => ("may administer", *at_most),
        Claim::NotVisible(_) => {
            return (Severity::High, "cannot publish, but whether it administers anything is not visible".to_owned());
        }
    };
    match what {
        Administration::None => (Severity::Medium, "reads only".to_owned()),
        Administration::Organisations => {
            (Severity::High, format!("cannot publish, but {verb} its owner's organisations"))
        }
        Administration::Account => (Severity::High, format!("cannot publish, but {verb} its owner's account")),
    }
}

/// Proven to publish: what, if anything, stands in the way. Only what is proven absent is absent.
fn barriers(access: &Access) -> (Severity, String) {
    let what = match access.reach.proven() {
        Some(Reach { packages: 1, .. }) => "publishes 1 package".to_owned(),
        Some(Reach { packages, .. }) => format!("publishes {packages} packages"),
        None => "publishes".to_owned(),
    };
    let factor = match &access.second_factor {
        Claim::Proven(SecondFactor::NotAsked, _) => Ok("without a second factor"),
        Claim::Proven(SecondFactor::Asked, _) => Err("behind a second factor"),
        Claim::Bounded { .. } => Err("perhaps behind a second factor"),
        Claim::NotVisible(_) => Err("whether a second factor is asked for is not visible"),
    };
    let network = match &access.network {
        Claim::Proven(network, _) if is_open(network) => Ok("from any address"),
        Claim::Proven(_, _) => Err("from certain addresses only"),
        Claim::Bounded { .. } => Err("perhaps from certain addresses only"),
        Claim::NotVisible(_) => Err("from which addresses is not visible"),
    };
    match (factor, network) {
        (Ok(factor), Ok(network)) => (Severity::Critical, format!("{what} {factor}, {network}")),
        (factor, network) => {
            let words = |part: Result<&'static str, &'static str>| part.unwrap_or_else(|barrier| barrier);
            (Severity::High, format!("{what}, {}, {}", words(factor), words(network)))
        }
    }
}

/// A list that holds a block of all addresses is no barrier.
fn is_open(network: &Network) -> bool {
    match network {
        Network::Anywhere => true,
        Network::Only(blocks) => blocks.iter().any(|block| block.prefix_len() == 0),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::model::{Credential, Inspection, Proof, RegistryId, Secret, Unknown};

    fn finding(inspection: Inspection, evidence: Evidence, secret: Secret) -> Finding {
        Finding {
            fingerprint: String::new(),
            rule: 0,
            credential: Credential {
                registry: RegistryId::new("npm"),
                secret,
                user: None,
                hosts: BTreeSet::new(),
                self_identifying: false,
            },
            companions: Vec::new(),
            evidence,
            offline: BTreeMap::new(),
            endpoint: None,
            inspection,
            severity: Severity::None,
            because: String::new(),
            locations: Vec::new(),
            suppressed: None,
        }
    }

    fn graded(inspection: Inspection, evidence: Evidence, secret: Secret) -> (Severity, String) {
        let mut finding = finding(inspection, evidence, secret);
        grade(&mut finding);
        (finding.severity, finding.because)
    }

    fn proven<T>(value: T) -> Claim<T> {
        Claim::Proven(value, Proof::request(1))
    }

    fn hidden<T>() -> Claim<T> {
        Claim::NotVisible("the list is refused".to_owned())
    }

    fn bounded<T>(at_least: T, at_most: T) -> Claim<T> {
        Claim::Bounded { at_least, at_most, proof: Proof::request(1) }
    }

    fn live(access: Access) -> Inspection {
        Inspection { validity: Validity::Active, proof: Proof::request(1), access: Some(access), notes: Vec::new() }
    }

    fn only(block: &str) -> Network {
        Network::Only(vec![block.parse().unwrap()])
    }

    /// Every publish claim × every second factor × every network, and nothing administered.
    #[test]
    fn publish_factor_and_network_decide() {
        let publishes = [
            (proven(Publish::Yes), Severity::High),
            (proven(Publish::Stage), Severity::High),
            (proven(Publish::No), Severity::Medium),
            (bounded(Publish::No, Publish::Yes), Severity::High),
            (bounded(Publish::Stage, Publish::Yes), Severity::High),
            (bounded(Publish::No, Publish::Stage), Severity::High),
            (bounded(Publish::No, Publish::No), Severity::Medium),
            (hidden(), Severity::High),
        ];
        let factors = [
            (proven(SecondFactor::NotAsked), true),
            (proven(SecondFactor::Asked), false),
            (bounded(SecondFactor::Asked, SecondFactor::NotAsked), false),
            (hidden(), false),
        ];
        let networks = [
            (proven(Network::Anywhere), true),
            (proven(only("0.0.0.0/0")), true),
            (proven(only("10.0.0.0/8")), false),
            (proven(Network::Only(Vec::new())), false),
            (bounded(only("10.0.0.0/8"), Network::Anywhere), false),
            (hidden(), false),
        ];
        for (publish, base) in &publishes {
            for (second_factor, no_factor) in &factors {
                for (network, open) in &networks {
                    let access = Access {
                        publish: publish.clone(),
                        second_factor: second_factor.clone(),
                        network: network.clone(),
                        administration: proven(Administration::None),
                        ..Access::not_visible("refused")
                    };
                    let unattended = *no_factor && *open && publish.proven() == Some(&Publish::Yes);
                    let expected = if unattended { Severity::Critical } else { *base };
                    let (severity, because) =
                        graded(live(access.clone()), Evidence::Checksum, Secret::token("x".repeat(40)));
                    assert_eq!(severity, expected, "{access:?}: {because}");
                }
            }
        }
    }

    /// Every administration claim × every publish claim: it decides where nothing is published, and lowers nothing.
    #[test]
    fn what_does_not_publish_may_administer() {
        use Administration::{Account, None, Organisations};
        let administrations = [
            (proven(None), Severity::Medium, "reads only"),
            (proven(Organisations), Severity::High, "cannot publish, but administers its owner's organisations"),
            (proven(Account), Severity::High, "cannot publish, but administers its owner's account"),
            (bounded(None, None), Severity::Medium, "reads only"),
            (
                bounded(None, Organisations),
                Severity::High,
                "cannot publish, but may administer its owner's organisations",
            ),
            (bounded(None, Account), Severity::High, "cannot publish, but may administer its owner's account"),
            (
                bounded(Organisations, Account),
                Severity::High,
                "cannot publish, but administers its owner's organisations",
            ),
            (hidden(), Severity::High, "cannot publish, but whether it administers anything is not visible"),
        ];
        let publishes = [
            (proven(Publish::No), true),
            (bounded(Publish::No, Publish::No), true),
            (proven(Publish::Yes), false),
            (proven(Publish::Stage), false),
            (bounded(Publish::No, Publish::Yes), false),
            (bounded(Publish::No, Publish::Stage), false),
            (hidden(), false),
        ];
        for (administration, base, grounds) in &administrations {
            for (publish, reads) in &publishes {
                let access = Access {
                    publish: publish.clone(),
                    administration: administration.clone(),
                    ..Access::not_visible("refused")
                };
                let (severity, because) =
                    graded(live(access.clone()), Evidence::Checksum, Secret::token("x".repeat(40)));
                assert_eq!(severity, if *reads { *base } else { Severity::High }, "{access:?}: {because}");
                assert_eq!(because == format!("active; {grounds}"), *reads, "{because}");
            }
        }
    }

    #[test]
    fn a_working_password_is_critical_whatever_it_publishes() {
        let password = || Secret::password("correct horse");
        let token = || Secret::token("x".repeat(40));
        let reads = |kind| Access {
            kind,
            publish: proven(Publish::No),
            administration: proven(Administration::None),
            ..Access::not_visible("refused")
        };
        let with_kind = |kind| live(reads(kind));
        let cases = [
            (with_kind(hidden()), password(), Severity::Critical),
            (with_kind(proven(TokenKind::Password)), token(), Severity::Critical),
            (with_kind(proven(TokenKind::Other("deploy token".to_owned()))), password(), Severity::Medium),
            (with_kind(hidden()), token(), Severity::Medium),
            (Inspection { access: None, ..with_kind(hidden()) }, password(), Severity::Critical),
            (Inspection { access: None, ..with_kind(hidden()) }, token(), Severity::High),
            (Inspection::inactive(Inactive::Rejected, Proof::request(1)), password(), Severity::None),
            (Inspection::unknown(Unknown::Offline, Proof::default()), password(), Severity::Medium),
        ];
        for (inspection, secret, expected) in cases {
            assert_eq!(graded(inspection.clone(), Evidence::Field, secret).0, expected, "{inspection:?}");
        }
    }

    #[test]
    fn without_a_verdict_the_evidence_decides() {
        let unknowns = [
            Unknown::Offline,
            Unknown::NoHost,
            Unknown::ForeignHost("npm.corp.invalid".to_owned()),
            Unknown::Unsupported,
            Unknown::RateLimited,
            Unknown::Unavailable("timed out".to_owned()),
            Unknown::Refused("403".to_owned()),
            Unknown::Deadline,
            Unknown::Interrupted,
        ];
        let evidence = [
            (Evidence::Checksum, Severity::Medium),
            (Evidence::Structure, Severity::Medium),
            (Evidence::Field, Severity::Medium),
            (Evidence::Context, Severity::Low),
            (Evidence::Pattern, Severity::Low),
        ];
        for why in unknowns {
            for (evidence, expected) in evidence {
                let inspection = Inspection::unknown(why.clone(), Proof::default());
                assert_eq!(graded(inspection, evidence, Secret::token("x".repeat(40))).0, expected);
            }
        }
        for how in [Inactive::Rejected, Inactive::Revoked, Inactive::Expired] {
            let inspection = Inspection::inactive(how, Proof::request(1));
            assert_eq!(graded(inspection, Evidence::Checksum, Secret::token("x".repeat(40))).0, Severity::None);
        }
    }

    #[test]
    fn the_grounds_are_words() {
        let access = |second_factor, network| {
            live(Access {
                publish: proven(Publish::Yes),
                reach: proven(Reach { packages: 14, ..Reach::default() }),
                second_factor,
                network,
                ..Access::not_visible("refused")
            })
        };
        let cases = [
            (
                access(proven(SecondFactor::NotAsked), proven(Network::Anywhere)),
                "active; publishes 14 packages without a second factor, from any address",
            ),
            (
                access(proven(SecondFactor::NotAsked), proven(only("10.0.0.0/8"))),
                "active; publishes 14 packages, without a second factor, from certain addresses only",
            ),
            (
                access(hidden(), proven(Network::Anywhere)),
                "active; publishes 14 packages, whether a second factor is asked for is not visible, from any address",
            ),
            (live(Access::not_visible("refused")), "active; whether it can publish is not visible"),
            (Inspection::inactive(Inactive::Revoked, Proof::request(1)), "no longer works: revoked"),
            (Inspection::unknown(Unknown::Offline, Proof::default()), "not verified; strong evidence (checksum)"),
        ];
        for (inspection, expected) in cases {
            assert_eq!(graded(inspection, Evidence::Checksum, Secret::token("x".repeat(40))).1, expected);
        }
    }
}
