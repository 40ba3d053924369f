//! Azure DevOps tokens of the old form: 32 bytes in base 32, four of them a checksum that lies scattered among the others.
//!
//! Source: microsoft/security-utilities `SEC101_102_AdoPat.cs` and `IdentifiableMetadata.cs`.

use super::bits::from_base32;
use super::{Proven, annotated};

const LENGTH: usize = 32;
/// Where the checksum's bytes stand, lowest first.
const CHECK: [usize; 4] = [22, 8, 7, 2];
/// What the checksum is exclusive-ored with, by kind.
const KINDS: [(u32, &str); 2] = [(0xE0B9_692D, "personal access token"), (0x1019_F92E, "application token")];

/// A token of 52 small letters and digits.
pub(super) fn azure_devops(secret: &[u8]) -> Option<Proven> {
    let bytes: [u8; LENGTH] = from_base32(secret)?.0.try_into().ok()?;
    let check = u32::from_le_bytes(CHECK.map(|at| bytes.get(at).copied().unwrap_or_default()));
    let (_, kind) = KINDS.iter().find(|(mask, _)| checksum(&bytes) ^ mask == check)?;
    Some(Proven::silent().saying("kind", *kind))
}

/// A token of Azure DevOps of either form.
pub(super) fn azure_devops_any(secret: &[u8]) -> Option<Proven> {
    azure_devops(secret).or_else(|| annotated::azure_devops(secret))
}

fn checksum(bytes: &[u8; LENGTH]) -> u32 {
    let vouched: Vec<u8> =
        bytes.iter().enumerate().filter(|(at, _)| !CHECK.contains(at)).map(|(_, byte)| *byte).collect();
    crc32fast::hash(&vouched)
}

/// The bytes of a personal access token, made of random ones.
pub(in crate::detect) fn complete(mut bytes: [u8; LENGTH]) -> [u8; LENGTH] {
    let check = (checksum(&bytes) ^ KINDS[0].0).to_le_bytes();
    for (at, byte) in CHECK.into_iter().zip(check) {
        bytes[at] = byte;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::mint::Mint;

    #[test]
    fn tokens() {
        for seed in 0..50 {
            let token = Mint::new(seed).azure_devops_old_token();
            let proven = azure_devops(token.as_bytes()).unwrap();
            assert_eq!((token.len(), proven.offline["kind"].as_str()), (52, "personal access token"));
            assert_eq!(azure_devops(Mint::new(seed).azure_devops_old_token_bad().as_bytes()), None);
            assert_eq!(azure_devops(&token.as_bytes()[..51]), None);
        }
        assert_eq!(azure_devops(b""), None);
    }
}
