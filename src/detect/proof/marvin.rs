//! Marvin32, Microsoft's keyed 32-bit hash, as the checksum inside keys of Azure services.
//!
//! Sources: dotnet/runtime `System/Marvin.cs` (the hash); microsoft/security-utilities `IdentifiableSecrets.cs` and
//! `IdentifiableMetadata.cs` (which bytes are hashed, with which seed).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Proven;

/// `ACRD` and `flt0`, read as a big-endian number.
const CONTAINER_REGISTRY: u64 = 0x4143_5244_666c_7430;
/// Bytes of a container registry's password that its last four bytes vouch for.
const VOUCHED: usize = 35;

/// The hash, folded into 32 bits.
pub(super) fn marvin32(data: &[u8], seed: u64) -> u32 {
    let (low, high) = state(data, seed);
    low ^ high
}

fn state(data: &[u8], seed: u64) -> (u32, u32) {
    let mut state = (seed as u32, (seed >> 32) as u32);
    let (words, rest) = data.as_chunks::<4>();
    for word in words {
        state = block((state.0.wrapping_add(u32::from_le_bytes(*word)), state.1));
    }
    let end = rest.iter().rev().fold(0x80, |word: u32, byte| word << 8 | u32::from(*byte));
    block(block((state.0.wrapping_add(end), state.1)))
}

fn block((mut low, mut high): (u32, u32)) -> (u32, u32) {
    high ^= low;
    low = low.rotate_left(20).wrapping_add(high);
    high = high.rotate_left(9) ^ low;
    low = low.rotate_left(27).wrapping_add(high);
    (low, high.rotate_left(19))
}

/// A password of Azure Container Registry: 39 bytes in base64, the last four of them the hash of the others.
/// Source: microsoft/security-utilities `SEC101_176_AzureContainerRegistryIdentifiableKey.cs`.
pub(super) fn container_registry(secret: &[u8]) -> Option<Proven> {
    let bytes = STANDARD.decode(secret).ok()?;
    let (vouched, check) = bytes.split_at_checked(VOUCHED)?;
    (marvin32(vouched, CONTAINER_REGISTRY).to_le_bytes() == *check).then(Proven::silent)
}

/// The password whose first 35 bytes are these.
pub(in crate::detect) fn complete_container_registry(vouched: &[u8]) -> String {
    STANDARD.encode([vouched, &marvin32(vouched, CONTAINER_REGISTRY).to_le_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::mint::Mint;

    /// Vectors of dotnet/runtime's and security-utilities' tests.
    #[test]
    fn published_vectors_hold() {
        let seed = 0xd53c_d9ce_cd08_93b7;
        for (data, seed, expected) in [
            (&b"abc"[..], seed, 0x22c7_4339_4927_69bf_u64),
            (b"", 0x004f_b61a_001b_dbcc, 0x30ed_35c1_00cd_3c7d),
            (b"\xaf", 0x004f_b61a_001b_dbcc, 0x48e7_3fc7_7d75_ddc1),
            (b"\xe7\x0f", 0x004f_b61a_001b_dbcc, 0xb5f6_e1fc_485d_bff8),
        ] {
            let (low, high) = state(data, seed);
            assert_eq!(u64::from(high) << 32 | u64::from(low), expected, "{data:?}");
        }
        assert_eq!(marvin32(b"abc", seed), 0x22c7_4339 ^ 0x4927_69bf);
    }

    #[test]
    fn passwords_of_container_registries() {
        for seed in 0..50 {
            let password = Mint::new(seed).acr_password();
            assert_eq!((password.len(), password.get(42..46)), (52, Some("+ACR")));
            assert_eq!(container_registry(password.as_bytes()), Some(Proven::silent()));
            assert_eq!(container_registry(Mint::new(seed).acr_password_bad().as_bytes()), None);
            assert_eq!(container_registry(&password.as_bytes()[..48]), None);
        }
    }
}
