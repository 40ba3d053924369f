//! CRC-32 at the end of a token.

use super::Proven;
use super::bits::to_base62_wide;
use crate::model::Checksum;

const JSR_CHECK: usize = 6;
const PACKAGIST_CHECK: usize = 8;

/// npm's and GitHub's: behind the prefix, which ends with the first underscore, a body whose last six characters are the checksum of
/// the others.
pub(super) fn base62(secret: &[u8]) -> Option<Proven> {
    let body = memchr::memchr(b'_', secret).and_then(|at| secret.get(at + 1..)).unwrap_or(secret);
    Checksum::Crc32Base62.holds(body).then(Proven::default)
}

/// A token of JSR: the last six characters are the checksum of all others, prefix included, in base 62.
/// Source: jsr-io/jsr `api/src/token.rs`.
pub(super) fn jsr(secret: &[u8]) -> Option<Proven> {
    let (body, check) = secret.split_last_chunk::<JSR_CHECK>()?;
    let kind = match body.get(..5)? {
        b"jsrp_" => "personal",
        b"jsrd_" => "device",
        b"jsrw_" => "web session",
        _ => return None,
    };
    (complete_jsr(body) == *check).then(|| Proven::silent().saying("kind", kind))
}

/// The checksum of a token of JSR that begins so.
pub(in crate::detect) fn complete_jsr(body: &[u8]) -> Vec<u8> {
    to_base62_wide(u64::from(crc32fast::hash(body)), JSR_CHECK)
}

/// A token of Private Packagist: the last eight characters are the checksum of all others, prefix included, in hexadecimal.
/// Source: packagist/private-packagist-docs (token formats).
pub(super) fn private_packagist(secret: &[u8]) -> Option<Proven> {
    let (body, check) = secret.split_last_chunk::<PACKAGIST_CHECK>()?;
    let kind = match body.strip_prefix(b"packagist_")?.get(..4)? {
        b"ort_" => "organisation, read-only",
        b"out_" => "organisation, update",
        b"uut_" => "user",
        b"cut_" => "Conductor",
        b"ack_" => "API key",
        b"acs_" => "API secret",
        _ => return None,
    };
    (complete_private_packagist(body).as_bytes() == check).then(|| Proven::silent().saying("kind", kind))
}

/// The checksum of a token of Private Packagist that begins so.
pub(in crate::detect) fn complete_private_packagist(body: &[u8]) -> String {
    format!("{:08x}", crc32fast::hash(body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::mint::Mint;

    #[test]
    fn tokens_of_jsr() {
        let token = format!("jsrp_{}{}", "A".repeat(29), "208XOz");
        assert_eq!(jsr(token.as_bytes()), Some(Proven::silent().saying("kind", "personal")));
        assert_eq!(jsr(token.replace("jsrp", "jsrd").as_bytes()), None);
        assert_eq!(jsr(b"jsr"), None);
        for seed in 0..50 {
            assert!(jsr(Mint::new(seed).jsr_token().as_bytes()).is_some());
            assert_eq!(jsr(Mint::new(seed).jsr_token_bad().as_bytes()), None);
        }
    }

    /// The sample of the manual.
    #[test]
    fn tokens_of_private_packagist() {
        let token = "packagist_ack_ffce048835c6".to_owned() + "cdea47bcc4b73c79";
        assert_eq!(private_packagist(token.as_bytes()), Some(Proven::silent().saying("kind", "API key")));
        assert_eq!(private_packagist(token.replace("ack", "acs").as_bytes()), None);
        assert_eq!(private_packagist(b"packagist_"), None);
        for seed in 0..50 {
            assert!(private_packagist(Mint::new(seed).private_packagist_token().as_bytes()).is_some());
            assert_eq!(private_packagist(Mint::new(seed).private_packagist_token_bad().as_bytes()), None);
        }
    }
}
