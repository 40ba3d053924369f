//! CRC-32 at the end of a token.

use super::Proven;
use crate::model::Checksum;

/// npm's and GitHub's: behind the prefix, which ends with the first underscore, a body whose last six characters are the checksum of
/// the others.
pub(super) fn base62(secret: &[u8]) -> Option<Proven> {
    let body = memchr::memchr(b'_', secret).and_then(|at| secret.get(at + 1..)).unwrap_or(secret);
    Checksum::Crc32Base62.holds(body).then(Proven::default)
}
