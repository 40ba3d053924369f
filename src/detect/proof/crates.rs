//! Tokens that the Rust crates registry issues to trusted publishers.

use super::Proven;

const PREFIX: &[u8] = b"cio_tp_";
const ENTROPY: usize = 31;
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A token for trusted publishing: 31 characters and one that stands for all of them, exclusive-ored.
/// Source: the server's `crates_io_trustpub/src/access_token.rs`.
pub(super) fn trusted_publishing(secret: &[u8]) -> Option<Proven> {
    let (check, entropy) = secret.strip_prefix(PREFIX)?.split_last()?;
    let holds = entropy.len() == ENTROPY && check_character(entropy) == Some(*check);
    holds.then(|| Proven::silent().saying("kind", "trusted publishing, at most 30 minutes"))
}

/// The last character of a token with this text after its prefix.
pub(in crate::detect) fn check_character(entropy: &[u8]) -> Option<u8> {
    let sum = entropy.iter().fold(0u8, |sum, byte| sum ^ byte);
    ALPHABET.get(usize::from(sum) % ALPHABET.len()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::mint::Mint;

    /// The vectors of the server's own tests.
    #[test]
    fn published_vectors_hold() {
        let holds = |rest: &str| trusted_publishing([PREFIX, rest.as_bytes()].concat().as_slice()).is_some();
        assert!(holds(&("gGK6jurSwKyl9V3A".to_owned() + "z19z7YEFQI9aoOOd")));
        assert!(holds(&("0".repeat(31) + "w")));
        assert!(!holds(&"0".repeat(32)) && !holds("") && !holds("w"));
    }

    #[test]
    fn minted_tokens_hold() {
        for seed in 0..50 {
            assert!(trusted_publishing(Mint::new(seed).crates_trusted_token().as_bytes()).is_some());
            assert_eq!(trusted_publishing(Mint::new(seed).crates_trusted_token_bad().as_bytes()), None);
        }
    }
}
