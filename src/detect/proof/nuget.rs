//! NuGet's API keys of the fourth version: two runs of base 32, each with bits that have to be zero.
//!
//! Source: NuGet/NuGetGallery `ApiKeyV4.cs`.

use super::Proven;
use super::bits::from_base32;

/// What the first run begins with: the version, then ten random bytes, none of them zero.
pub(in crate::detect) const HEADER: &[u8] = b"v4";
const FIRST_RUN: usize = 20;
const SECOND_RUN: usize = 26;

/// A key of 46 small letters and digits.
pub(super) fn base32(secret: &[u8]) -> Option<Proven> {
    let (first, second) = secret.split_at_checked(FIRST_RUN)?;
    let (first, spare) = from_base32(first)?;
    let random = first.strip_prefix(HEADER)?;
    let (_, more) = from_base32(second).filter(|_| second.len() == SECOND_RUN)?;
    let holds = spare == 0 && more == 0 && random.iter().all(|byte| *byte != 0);
    holds.then(|| Proven::silent().saying("format", "version 4"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::mint::Mint;

    #[test]
    fn keys() {
        for seed in 0..200 {
            let key = Mint::new(seed).nuget_key();
            assert_eq!(key.len(), 46);
            assert!(key.starts_with("oy2") && base32(key.as_bytes()).is_some());
            assert_eq!(base32(Mint::new(seed).nuget_key_bad().as_bytes()), None);
            assert_eq!(base32(&key.as_bytes()[..45]), None);
        }
    }
}
