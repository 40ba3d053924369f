//! Mints synthetic secrets, so that no token-shaped text is ever written into a file of ours.
//!
//! In: a seed. Out: secrets with right checksums, the same for the same seed, and texts whose placeholders are filled with them.
//! It must never use a clock or a source of randomness: a failing example has to fail again.

mod artifacts;
mod azure;
mod containers;
mod forges;
mod hosted;
mod language;
mod macaroons;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::model::Checksum;

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const HEX: &[u8] = b"0123456789abcdef";
const NPM_PREFIX: &str = "npm_";
const NPM_ENTROPY: usize = 30;
/// What a token loses that was not copied whole.
const CUT: usize = 8;

/// A deterministic source of secrets that nobody issued.
#[derive(Clone, Debug)]
pub struct Mint(u64);

impl Mint {
    /// Starts at this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A well-formed npm token.
    pub fn npm_token(&mut self) -> String {
        let entropy = self.text(BASE62, NPM_ENTROPY);
        let body = Checksum::Crc32Base62.complete(entropy.as_bytes());
        format!("{NPM_PREFIX}{}", String::from_utf8_lossy(&body))
    }

    /// An npm token of the right shape whose checksum does not hold.
    pub fn npm_token_bad_checksum(&mut self) -> String {
        let mut token = self.npm_token();
        let last = token.pop();
        token.push(if last == Some('0') { '1' } else { '0' });
        token
    }

    /// An npm token that lost its last characters.
    pub fn npm_token_truncated(&mut self) -> String {
        let mut token = self.npm_token();
        token.truncate(token.len() - 8);
        token
    }

    /// What npm's own log redactor makes room for: the prefix and 37 to 48 characters.
    pub fn npm_token_long(&mut self) -> String {
        format!("{NPM_PREFIX}{}{}", self.text(BASE62, 40), "aZ3")
    }

    /// A version 4 UUID, the shape of npm's tokens until 2021.
    pub fn uuid(&mut self) -> String {
        let digits = self.hex(32);
        format!("{}-{}-4{}-9{}-{}", &digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..])
    }

    /// A JSON web token as Verdaccio issues them, of user `mia`, from 2023-11-14 to 2033-05-18.
    pub fn jwt(&mut self) -> String {
        let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
        let claims = format!(
            r#"{{"real_groups":["mia"],"name":"mia","groups":["$all"],"token":{{"key":"{}"}},"iat":1700000000,"exp":2000000000}}"#,
            self.hex(32)
        );
        format!("{header}.{}.{}", URL_SAFE_NO_PAD.encode(claims), self.text(BASE62, 43))
    }

    /// Forty characters that no grammar knows.
    pub fn opaque(&mut self) -> String {
        self.text(BASE62, 40)
    }

    /// So many hexadecimal digits.
    pub fn hex(&mut self, length: usize) -> String {
        self.text(HEX, length)
    }

    /// A password.
    pub fn password(&mut self) -> String {
        format!("Kestrel-{}", self.text(BASE62, 8))
    }

    /// `_auth` of user `mia`: base64 of user and password.
    pub fn auth(&mut self) -> String {
        STANDARD.encode(format!("mia:{}", self.password()))
    }

    /// The secret with this placeholder name.
    fn named(&mut self, name: &str) -> Option<String> {
        Some(match name {
            "npm_token" => self.npm_token(),
            "npm_token_bad_checksum" => self.npm_token_bad_checksum(),
            "npm_token_truncated" => self.npm_token_truncated(),
            "npm_token_long" => self.npm_token_long(),
            "uuid" => self.uuid(),
            "jwt" => self.jwt(),
            "opaque" => self.opaque(),
            "hex32" => self.hex(32),
            "hex40" => self.hex(40),
            "hex64" => self.hex(64),
            "password" => self.password(),
            "auth" => self.auth(),
            _ => return self.language(name).or_else(|| self.hosted(name)),
        })
    }

    /// So many bytes.
    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }

    /// So many characters of an alphabet.
    pub(super) fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length)
            .filter_map(|_| {
                let index = self.next() % alphabet.len() as u64;
                alphabet.get(index as usize).copied().map(char::from)
            })
            .collect()
    }

    /// SplitMix64: well mixed from any seed, and four lines.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// Fills `{npm_token}`-like placeholders with secrets minted from the seed, the same one for the same name, and replaces
/// `{base64:…}` by the base64 of what stands in it, `{cut:…}` by it without its last eight characters. Other braces stay as they are.
pub fn fill(text: &str, seed: u64) -> String {
    let mut mint = Mint::new(seed);
    let mut minted: Vec<(String, String)> = Vec::new();
    let mut out = text.to_owned();
    let mut from = 0;
    while let Some(close) = out[from..].find('}').map(|at| from + at) {
        let replacement = out[..close].rfind('{').and_then(|open| {
            let inner = &out[open + 1..close];
            if let Some(plain) = inner.strip_prefix("base64:") {
                return Some((open, STANDARD.encode(plain)));
            }
            if let Some(whole) = inner.strip_prefix("cut:") {
                return Some((open, whole.get(..whole.len().saturating_sub(CUT)).unwrap_or_default().to_owned()));
            }
            if let Some((_, secret)) = minted.iter().find(|(name, _)| name == inner) {
                return Some((open, secret.clone()));
            }
            let secret = mint.named(inner)?;
            minted.push((inner.to_owned(), secret.clone()));
            Some((open, secret))
        });
        match replacement {
            Some((open, secret)) => {
                out.replace_range(open..=close, &secret);
                from = open + secret.len();
            }
            None => from = close + 1,
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_the_right_checksum_and_the_same_seed_mints_the_same() {
        for seed in 0..50 {
            let token = Mint::new(seed).npm_token();
            assert_eq!(token.len(), 40);
            assert!(Checksum::Crc32Base62.holds(&token.as_bytes()[4..]));
            assert_eq!(token, Mint::new(seed).npm_token());
            assert!(!Checksum::Crc32Base62.holds(&Mint::new(seed).npm_token_bad_checksum().as_bytes()[4..]));
        }
        assert_ne!(Mint::new(1).npm_token(), Mint::new(2).npm_token());
    }

    #[test]
    fn placeholders_nest_and_other_braces_stay() {
        let uuid = Mint::new(7).uuid();
        assert_eq!(fill("a={uuid} b={uuid} ${VAR} {{ x }} {", 7), format!("a={uuid} b={uuid} ${{VAR}} {{{{ x }}}} {{"));
        assert_eq!(fill("{base64:k={uuid}}", 7), STANDARD.encode(format!("k={uuid}")));
        assert_eq!(fill("{cut:{uuid}} {cut:x}", 7), format!("{} ", &uuid[..uuid.len() - CUT]));
    }
}
