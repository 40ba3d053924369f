//! What a token's own bytes prove, with nobody asked: a checksum, an inner structure, and what it says of itself.
//!
//! In: the bytes of a secret whose shape a rule has matched. Out: what they say, or nothing where they show that no registry issued
//! them. Each file is one format or one family of them, and names the source of what it knows. It must never be slower than linear.

mod crc;

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
const PROOFS: [(&str, Proof); 1] = [("crc32-base62", crc::base62)];

/// The proof of this name.
pub(crate) fn by_name(name: &str) -> Option<Proof> {
    PROOFS.iter().find(|(known, _)| *known == name).map(|(_, proof)| *proof)
}
