//! What a token's own bytes prove, with nobody asked: a checksum, an inner structure, and what it says of itself.
//!
//! In: the bytes of a secret whose shape a rule has matched. Out: what they say, or nothing where they show that no registry issued
//! them. Each file is one format or one family of them, and names the source of what it knows. It must never be slower than linear.

pub(super) mod annotated;
mod aws;
pub(super) mod base32;
pub(super) mod bits;
mod chartmuseum;
mod claims;
pub(super) mod crates;
pub(super) mod crc;
mod fly;
mod github;
pub(super) mod gitlab;
mod hex;
mod jfrog;
pub(super) mod macaroon;
pub(super) mod marvin;
mod mixed;
mod msgpack;
pub(super) mod nuget;
mod pypi;
mod shape;
pub(super) mod snap;
mod uuid;

use crate::model::{Evidence, Offline};

/// What a proof says of a secret that holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Proven {
    /// What the secret says of itself, by short words.
    pub(crate) offline: Offline,
    /// Where weaker or stronger than the rule's.
    pub(crate) evidence: Option<Evidence>,
    /// How long the secret is, where it ends before the text does.
    pub(crate) length: Option<usize>,
}

/// Judges a secret. `None`: it is no credential.
pub(crate) type Proof = fn(&[u8]) -> Option<Proven>;

/// The proofs that rules may name.
const PROOFS: &[(&str, Proof)] = &[
    ("amazon-ecr", aws::ecr),
    ("azure-container-registry", marvin::container_registry),
    ("azure-devops", annotated::azure_devops),
    ("azure-devops-any", base32::azure_devops_any),
    ("azure-devops-base32", base32::azure_devops),
    ("buildkite", shape::buildkite),
    ("chartmuseum", chartmuseum::access),
    ("codeartifact", aws::codeartifact),
    ("crates-trusted-publishing", crates::trusted_publishing),
    ("crc32-base62", crc::base62),
    ("docker", shape::docker),
    ("fly-login", fly::login),
    ("fly-macaroon", fly::macaroons),
    ("github", github::classic),
    ("github-fine-grained", github::fine_grained),
    ("github-installation", github::installation),
    ("github-refresh", github::refresh),
    ("gitlab-instance", gitlab::instance),
    ("gitlab-job", gitlab::job),
    ("gitlab-named", gitlab::named),
    ("gitlab-old", gitlab::old),
    ("gitlab-routable", gitlab::routable),
    ("gitlab-runner", gitlab::runner),
    ("harbor", shape::harbor),
    ("hex-oauth", hex::oauth),
    ("host-token", mixed::host_token),
    ("hugging-face", shape::hugging_face),
    ("jfrog-access", jfrog::access),
    ("jfrog-api-key", jfrog::api_key),
    ("jfrog-reference", jfrog::reference),
    ("jsr", crc::jsr),
    ("machine-made", mixed::machine_made),
    ("mixed", mixed::mixed),
    ("nexus", shape::nexus),
    ("nuget", annotated::nuget),
    ("nuget-base32", nuget::base32),
    ("opaque-base64", snap::opaque),
    ("paserk", mixed::paserk),
    ("private-packagist", crc::private_packagist),
    ("pypi", pypi::token),
    ("random-body", shape::random_body),
    ("snap-credentials", snap::credentials),
    ("user-and-password", mixed::user_and_password),
    ("uuid", uuid::uuid),
    ("uuid-v4", uuid::random),
];

/// The proof of this name.
pub(crate) fn by_name(name: &str) -> Option<Proof> {
    PROOFS.iter().find(|(known, _)| *known == name).map(|(_, proof)| *proof)
}

impl Proven {
    /// Says no more than that the secret holds.
    pub(crate) fn silent() -> Self {
        Self::default()
    }

    /// The same, saying this, too.
    pub(crate) fn saying(mut self, word: &str, what: impl Into<String>) -> Self {
        self.offline.insert(word.to_owned(), what.into());
        self
    }

    /// The same, saying this, too, where it is known.
    pub(crate) fn perhaps(self, word: &str, what: Option<impl Into<String>>) -> Self {
        match what {
            Some(what) => self.saying(word, what),
            None => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            for (_, proof) in PROOFS {
                let length = proof(&bytes).and_then(|proven| proven.length);
                prop_assert!(length.is_none_or(|length| length <= bytes.len()));
            }
        }

        #[test]
        fn any_text_is_judged(text in "(ghs_1_|fm2_|glpat-|eyJ|glcbt-|GR1348941|)[A-Za-z0-9_.=+/{}\":-]{0,300}") {
            for (_, proof) in PROOFS {
                let length = proof(text.as_bytes()).and_then(|proven| proven.length);
                prop_assert!(length.is_none_or(|length| length <= text.len()));
            }
        }
    }
}
