//! What a token's own bytes prove, with nobody asked: a checksum, an inner structure, and what it says of itself.
//!
//! In: the bytes of a secret whose shape a rule has matched. Out: what they say, or nothing where they show that no registry issued
//! them. Each file is one format or one family of them, and names the source of what it knows. It must never be slower than linear.

mod aws;
mod chartmuseum;
mod claims;
mod crc;
mod fly;
mod github;
pub(super) mod gitlab;
mod jfrog;
mod msgpack;
mod shape;

use crate::model::{Evidence, Offline};

/// What a proof says of a secret that holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Proven {
    /// What the secret says of itself.
    pub(crate) offline: Offline,
    /// Where it differs from the rule's.
    pub(crate) evidence: Option<Evidence>,
    /// How long the secret is, where what was matched goes on behind it.
    pub(crate) length: Option<usize>,
}

/// Judges the bytes of a secret; `None` where they are no credential.
pub(crate) type Proof = fn(&[u8]) -> Option<Proven>;

/// The proofs that rules may name.
const PROOFS: &[(&str, Proof)] = &[
    ("amazon-ecr", aws::ecr),
    ("buildkite", shape::buildkite),
    ("chartmuseum", chartmuseum::access),
    ("codeartifact", aws::codeartifact),
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
    ("hugging-face", shape::hugging_face),
    ("jfrog-access", jfrog::access),
    ("jfrog-api-key", jfrog::api_key),
    ("jfrog-reference", jfrog::reference),
    ("machine-made", shape::machine_made),
    ("nexus", shape::nexus),
    ("random-body", shape::random_body),
];

/// The proof of this name.
pub(crate) fn by_name(name: &str) -> Option<Proof> {
    PROOFS.iter().find(|(known, _)| *known == name).map(|(_, proof)| *proof)
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
