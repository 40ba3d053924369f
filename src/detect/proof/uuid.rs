//! Secrets that end with a UUID.

use super::Proven;
use crate::detect::placeholder::is_typed_uuid;

const LENGTH: usize = 36;
/// What the help text of NuGet's client gives for a key, in every copy of it (NuGet.Client NuGetCommand.resx, PushCommandUsageExamples).
const OF_MANUAL: [&str; 2] = ["4003d786-cc37-4004", "-bfdf-c4f3e8ef9b3a"];

/// Whether this is a UUID in small letters, with its hyphens.
pub(super) fn is_uuid(text: &[u8]) -> bool {
    let fits = |(at, byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    text.len() == LENGTH && text.iter().enumerate().all(fits)
}

/// A UUID that nobody typed by hand, after whatever prefix.
pub(super) fn uuid(secret: &[u8]) -> Option<Proven> {
    let (_, uuid) = secret.split_at_checked(secret.len().checked_sub(LENGTH)?)?;
    let small = uuid.to_ascii_lowercase();
    let is_of_manual = OF_MANUAL.concat().as_bytes() == small;
    (is_uuid(&small) && !is_typed_uuid(&small) && !is_of_manual).then(Proven::silent)
}

/// The same, made of random numbers: version 4 of the variant of RFC 9562.
pub(super) fn random(secret: &[u8]) -> Option<Proven> {
    let proven = uuid(secret)?;
    let digit = |back: usize| secret.len().checked_sub(back).and_then(|at| secret.get(at));
    let is_random = digit(LENGTH - 14) == Some(&b'4') && matches!(digit(LENGTH - 19)?, b'8' | b'9' | b'a' | b'b');
    is_random.then_some(proven)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::mint::Mint;

    #[test]
    fn uuids() {
        let minted = Mint::new(1).uuid();
        let other = format!("{}1{}", &minted[..14], &minted[15..]);
        assert!(uuid(minted.as_bytes()).is_some() && random(minted.as_bytes()).is_some());
        assert!(uuid(format!("ovsxp_{other}").as_bytes()).is_some() && random(other.as_bytes()).is_none());
        assert_eq!(uuid(OF_MANUAL.concat().to_uppercase().as_bytes()), None);
        for text in ["", "00000000-0000-4000-8000-000000000000", &minted[..35], &minted.replace('-', "0")] {
            assert_eq!(uuid(text.as_bytes()), None, "{text}");
        }
    }
}
