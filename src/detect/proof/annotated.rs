//! Microsoft's common annotated security keys: 84 characters that say which service issued them and when, with a checksum at the
//! end. NuGet's keys of the fifth version and the tokens of Azure DevOps are of this kind.
//!
//! Sources: microsoft/security-utilities `IdentifiableSecrets.cs` and `CommonAnnotatedKey.cs`; NuGet/NuGetGallery `ApiKeyV5.cs`.
//! The layout: 52 random characters, `JQQJ99`, year, month, twelve characters of the platform, four of the provider, the provider's
//! signature, four of checksum.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Proven;
use super::bits::{from_base62, to_base62};
use super::marvin::marvin32;

const LENGTH: usize = 84;
const VOUCHED: usize = 80;
const CHECK: usize = 4;
/// What the standard's mark is, and where.
const MARK: (Range<usize>, &[u8]) = (52..58, b"JQQJ99");
const YEAR: usize = 58;
const MONTH: usize = 59;
const SIGNATURE: Range<usize> = 76..80;
/// `Default0`, read as a big-endian number.
const SEED: u64 = 0x4465_6661_756C_7430;
/// How many characters the checksum's number fills.
const CHECK_DIGITS: usize = 6;
/// The year of `A`.
const FIRST_YEAR: usize = 2024;

/// A personal access token of Azure DevOps.
pub(super) fn azure_devops(secret: &[u8]) -> Option<Proven> {
    holds(secret, b"AZDO").then(|| Proven::silent().perhaps("issued", month(secret)))
}

/// An API key of NuGet. Its owner is the account in whose name it publishes.
pub(super) fn nuget(secret: &[u8]) -> Option<Proven> {
    if !holds(secret, b"NUGT") {
        return None;
    }
    let environment = match secret.get(62)? {
        b'P' => Some("production"),
        b'I' => Some("integration"),
        b'D' => Some("development"),
        b'L' => Some("local"),
        _ => None,
    };
    let kind = match secret.get(72)? {
        b'S' => Some("short-lived"),
        b'L' => Some("long-lived"),
        _ => None,
    };
    let issued = minute(secret);
    let lifetime =
        secret.get(73..76).and_then(from_base62).map(|fives| jiff::SignedDuration::from_mins(fives as i64 * 5));
    let expires = issued.zip(lifetime).and_then(|(issued, lifetime)| issued.checked_add(lifetime).ok());
    let said = Proven::silent()
        .saying("format", "version 5")
        .perhaps("kind", kind)
        .perhaps("instance", environment)
        .perhaps("owner", secret.get(63..69).and_then(from_base62).map(|owner| format!("account {owner}")))
        .perhaps("issued", issued.map(|time| time.to_string()).or_else(|| month(secret)))
        .perhaps("expires", expires.map(|time| time.to_string()));
    Some(said)
}

fn holds(secret: &[u8], signature: &[u8]) -> bool {
    secret.len() == LENGTH
        && secret.get(MARK.0) == Some(MARK.1)
        && secret.get(SIGNATURE) == Some(signature)
        && secret
            .split_at_checked(VOUCHED)
            .is_some_and(|(vouched, check)| checks(vouched).iter().any(|each| each == check))
}

/// What may stand behind the first eighty characters: the newer form of the checksum, and the older.
fn checks(vouched: &[u8]) -> Vec<Vec<u8>> {
    let Ok(bytes) = STANDARD.decode(vouched) else { return Vec::new() };
    let hash = marvin32(&bytes, SEED).to_le_bytes();
    let older = STANDARD.encode(hash.split_last_chunk::<1>().map_or(&[][..], |(first, _)| first));
    vec![check(hash), older.into_bytes()]
}

/// The four bytes as one big-endian number in base 62, a zero for each zero byte that leads, cut after four digits.
fn check(hash: [u8; 4]) -> Vec<u8> {
    let zeros = hash.iter().take_while(|byte| **byte == 0).count();
    let mut digits = [vec![b'0'; zeros], to_base62(u64::from(u32::from_be_bytes(hash)))].concat();
    digits.resize(CHECK_DIGITS.max(digits.len()), b'0');
    digits.truncate(CHECK);
    digits
}

/// The key whose first eighty characters are these.
pub(in crate::detect) fn complete(vouched: &str) -> String {
    let check = checks(vouched.as_bytes()).into_iter().next().unwrap_or_default();
    format!("{vouched}{}", String::from_utf8_lossy(&check))
}

/// What one character counts: `A` is nothing, `Z` twenty-five, `a` twenty-six, `0` fifty-two.
fn count(secret: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(match secret.get(at)? {
        letter @ b'A'..=b'Z' => letter - b'A',
        letter @ b'a'..=b'z' => letter - b'a' + 26,
        digit @ b'0'..=b'9' => digit - b'0' + 52,
        _ => return None,
    }))
}

/// The year and the month of issue.
fn month(secret: &[u8]) -> Option<String> {
    let month = count(secret, MONTH).filter(|month| *month < 12)? + 1;
    Some(format!("{}-{month:02}", FIRST_YEAR + count(secret, YEAR)?))
}

/// The minute of issue.
fn minute(secret: &[u8]) -> Option<jiff::Timestamp> {
    let day = count(secret, 69)? + 1;
    let text = format!("{}-{day:02}T{:02}:{:02}:00Z", month(secret)?, count(secret, 70)?, count(secret, 71)?);
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::mint::Mint;

    /// The sample of NuGet's own design document.
    #[test]
    fn the_published_sample_holds() {
        let sample = "a".repeat(52) + "JQQJ99ALN5Z0000LZ" + "ENeS003NUGT3OrW";
        let said: Vec<_> =
            nuget(sample.as_bytes()).unwrap().offline.into_iter().map(|(a, b)| format!("{a}={b}")).collect();
        let expected = [
            "expires=2024-12-05T13:45:00Z",
            "format=version 5",
            "issued=2024-12-05T13:30:00Z",
            "kind=short-lived",
            "owner=account 1337",
        ];
        assert_eq!(said, expected);
        assert_eq!(nuget(sample.replace("3OrW", "3OrX").as_bytes()), None);
        assert_eq!(azure_devops(sample.as_bytes()), None);
    }

    #[test]
    fn zeros_that_lead_count_and_zeros_fill() {
        assert_eq!(check([0, 0, 0, 0]), b"0000");
        assert_eq!(check([0, 0, 0, 1]), b"0001");
        assert_eq!(check([0, 0, 1, 0]), b"0048");
        assert_eq!(check([0xFF; 4]), b"4gfF");
    }

    #[test]
    fn minted_keys_hold() {
        for seed in 0..50 {
            let token = Mint::new(seed).azure_devops_token();
            let said = azure_devops(token.as_bytes()).unwrap().offline;
            assert_eq!((token.len(), said["issued"].as_str()), (LENGTH, "2025-06"));
            assert_eq!(azure_devops(Mint::new(seed).azure_devops_token_bad().as_bytes()), None);
            assert_eq!(nuget(Mint::new(seed).nuget_short_key_bad().as_bytes()), None);
            let said = nuget(Mint::new(seed).nuget_short_key().as_bytes()).unwrap().offline;
            assert_eq!(said["instance"], "production");
        }
        assert_eq!(nuget(b""), None);
    }

    #[test]
    fn dates_that_are_none_are_not_told() {
        let secret = |date: &str| format!("{}JQQJ99{date}{}", "a".repeat(52), "N5P00000A9zzS003NUGT0000");
        assert_eq!(month(secret("BM").as_bytes()), None);
        assert_eq!(month(secret("BL").as_bytes()).as_deref(), Some("2025-12"));
        assert_eq!(minute(secret("BL").as_bytes()), None);
    }
}
