//! Claims and verdicts as the JSON contract writes them.
//!
//! What comes in: what a registry said. What goes out: plain serialisable data, without secrets. SARIF carries the same.

use serde::Serialize;
use serde_json::{Value, json};

use super::sanitise::Cleaner;
use crate::model::{
    Access, Administration, Claim, Expiry, Inactive, Network, Proof, Publish, Reach, SecondFactor, TokenKind, Unknown,
};

/// One claim.
#[derive(Serialize)]
pub(super) struct ClaimJson {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_least: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    proof: Vec<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// What a credential can do.
#[derive(Serialize)]
pub(super) struct AccessJson {
    identity: ClaimJson,
    kind: ClaimJson,
    publish: ClaimJson,
    administration: ClaimJson,
    network: ClaimJson,
    second_factor: ClaimJson,
    expiry: ClaimJson,
    reach: ClaimJson,
}

impl AccessJson {
    pub(super) fn new(access: &Access, clean: &Cleaner) -> Self {
        let scrub = |text: &str| Value::from(clean.scrub(text));
        Self {
            identity: claim(&access.identity, clean, |identity| scrub(&identity.user)),
            kind: claim(&access.kind, clean, |kind| match kind {
                TokenKind::Granular => "granular".into(),
                TokenKind::Session => "session".into(),
                TokenKind::Classic => "classic".into(),
                TokenKind::Password => "password".into(),
                TokenKind::Other(words) => scrub(words),
            }),
            publish: claim(&access.publish, clean, |publish| publish_word(*publish).into()),
            administration: claim(&access.administration, clean, |what| match what {
                Administration::None => "none".into(),
                Administration::Organisations => "organisations".into(),
                Administration::Account => "account".into(),
            }),
            network: claim(&access.network, clean, |network| match network {
                Network::Anywhere => "anywhere".into(),
                Network::Only(blocks) => blocks.iter().map(ToString::to_string).collect::<Vec<_>>().into(),
            }),
            second_factor: claim(&access.second_factor, clean, |factor| match factor {
                SecondFactor::Asked => "asked".into(),
                SecondFactor::NotAsked => "not-asked".into(),
            }),
            expiry: claim(&access.expiry, clean, |expiry| match expiry {
                Expiry::At(time) => scrub(time),
                Expiry::Never => "never".into(),
            }),
            reach: claim(&access.reach, clean, |reach| reach_json(reach, clean)),
        }
    }
}

fn claim<T>(claim: &Claim<T>, clean: &Cleaner, value: impl Fn(&T) -> Value) -> ClaimJson {
    let proof = shown_by(claim);
    let empty = ClaimJson {
        state: "not-visible",
        value: None,
        at_least: None,
        at_most: None,
        reason: None,
        proof: proof.map(|proof| proof.requests.clone()).unwrap_or_default(),
        note: proof.and_then(|proof| proof.note.as_deref()).map(|note| clean.scrub(note).into_owned()),
    };
    match claim {
        Claim::Proven(proven, _) => ClaimJson { state: "proven", value: Some(value(proven)), ..empty },
        Claim::Bounded { at_least, at_most, .. } => {
            ClaimJson { state: "bounded", at_least: Some(value(at_least)), at_most: Some(value(at_most)), ..empty }
        }
        Claim::NotVisible(why) => ClaimJson { reason: Some(clean.scrub(why).into_owned()), ..empty },
    }
}

/// What shows a claim.
pub(super) fn shown_by<T>(claim: &Claim<T>) -> Option<&Proof> {
    match claim {
        Claim::Proven(_, proof) | Claim::Bounded { proof, .. } => Some(proof),
        Claim::NotVisible(_) => None,
    }
}

pub(super) fn publish_word(publish: Publish) -> &'static str {
    match publish {
        Publish::No => "no",
        Publish::Stage => "stage",
        Publish::Yes => "yes",
    }
}

fn reach_json(reach: &Reach, clean: &Cleaner) -> Value {
    let biggest: Vec<Value> = reach
        .biggest
        .iter()
        .map(|package| json!({"name": clean.scrub(&package.name), "weekly_downloads": package.weekly_downloads}))
        .collect();
    json!({
        "packages": reach.packages,
        "weekly_downloads": reach.weekly_downloads,
        "dependents": reach.dependents,
        "biggest": biggest,
    })
}

/// The word for a kind of death.
pub(super) fn inactive_word(how: Inactive) -> &'static str {
    match how {
        Inactive::Rejected => "rejected",
        Inactive::Revoked => "revoked",
        Inactive::Expired => "expired",
    }
}

/// The word for a kind of doubt.
pub(super) fn unknown_word(why: &Unknown) -> &'static str {
    match why {
        Unknown::Offline => "offline",
        Unknown::NoHost => "no-host",
        Unknown::ForeignHost(_) => "foreign-host",
        Unknown::Unsupported => "unsupported",
        Unknown::RateLimited => "rate-limited",
        Unknown::Unavailable(_) => "unavailable",
        Unknown::Refused(_) => "refused",
        Unknown::Deadline => "deadline",
        Unknown::Interrupted => "interrupted",
    }
}
