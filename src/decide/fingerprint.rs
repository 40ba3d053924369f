//! The stable name of a leaked secret: keyed on the secret, never on its place.
//!
//! What comes in: a rule's name and a credential. What goes out: `kr1:<rule>:<20 hexadecimal digits>`.
//! What it must never do: let a committed fingerprint give a guessable secret away. Tokens are random, so one SHA-256 is
//! enough; passwords are not, so they go through PBKDF2 with a salt from whose and where they are.

use pbkdf2::pbkdf2_hmac_array;
use sha2::{Digest, Sha256};

use crate::model::{Credential, SecretKind};

/// The version of the scheme. Another hash, or another order of its parts, is another version.
const SCHEME: &str = "kr1";
/// Hexadecimal digits that are kept: 80 bits, so that two secrets of one repository never meet.
const DIGITS: usize = 20;
/// Cost of one guess at a password. Pinned with the scheme: the OWASP figure moves, committed baselines do not.
const ROUNDS: u32 = 100_000;

/// The fingerprint of a credential found by a rule.
pub fn fingerprint(rule_id: &str, credential: &Credential) -> String {
    let digest = match credential.secret.kind() {
        SecretKind::Token => token_digest(credential),
        SecretKind::Password => password_digest(credential),
    };
    let hex: String = digest.iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
    format!("{SCHEME}:{rule_id}:{hex}")
}

/// The part of a fingerprint that names the secret, whatever rule found it; `None` if the text is no fingerprint.
///
/// Two rules may find the same secret in different files, and the one with the stronger evidence names the finding. When
/// that file goes away, the other rule's name takes its place: an allowance must hold all the same.
pub(super) fn key(fingerprint: &str) -> Option<&str> {
    let (rule, key) = fingerprint.strip_prefix(SCHEME)?.strip_prefix(':')?.rsplit_once(':')?;
    let well_formed = !rule.is_empty()
        && rule.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && key.len() == DIGITS
        && key.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    well_formed.then_some(key)
}

/// Whether a text is a fingerprint.
pub fn is_fingerprint(text: &str) -> bool {
    key(text).is_some()
}

fn token_digest(credential: &Credential) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [b"keyrake/kr1/token".as_slice(), credential.registry.as_str().as_bytes(), credential.secret.expose()] {
        hash.update(framed(part));
    }
    hash.finalize().into()
}

fn password_digest(credential: &Credential) -> [u8; 32] {
    let mut salt = framed(b"keyrake/kr1/password");
    salt.extend(framed(credential.registry.as_str().as_bytes()));
    salt.extend(framed(credential.user.as_deref().unwrap_or_default().as_bytes()));
    for host in &credential.hosts {
        salt.extend(framed(host.to_string().as_bytes()));
    }
    pbkdf2_hmac_array::<Sha256, 32>(credential.secret.expose(), &salt, ROUNDS)
}

/// The part behind its length, so that no two lists of parts read the same.
fn framed(part: &[u8]) -> Vec<u8> {
    let mut out = (part.len() as u64).to_be_bytes().to_vec();
    out.extend_from_slice(part);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BoundHost, RegistryId, Secret};

    fn credential(registry: &str, secret: Secret, user: Option<&str>, hosts: &[&str]) -> Credential {
        Credential {
            registry: RegistryId::new(registry),
            secret,
            user: user.map(str::to_owned),
            hosts: hosts
                .iter()
                .map(|host| BoundHost { host: (*host).to_owned(), port: None, path: "/".to_owned() })
                .collect(),
            self_identifying: false,
        }
    }

    /// Computed apart from this code, with Python's hashlib.
    #[test]
    fn vectors_are_pinned() {
        let token = || Secret::token("0123456789abcdef0123456789abcdef");
        let password = || Secret::password("correct horse");
        let pinned = [
            (credential("npm", token(), None, &[]), "203fb60273283733b280"),
            (credential("npm", token(), Some("alice"), &["a.invalid"]), "203fb60273283733b280"),
            (credential("pypi", token(), None, &[]), "1e8d70894276103fa9d5"),
            (credential("npm", password(), Some("alice"), &["a.invalid"]), "b0ac518e7edbc3b794bf"),
            (credential("npm", password(), Some("bob"), &["a.invalid"]), "b20f96500a6808903daa"),
            (credential("npm", password(), Some("alice"), &["a.invalid", "b.invalid"]), "8e607e7a0641ac30ea5b"),
            (credential("npm", password(), None, &[]), "bb2d167db71352e23ddc"),
        ];
        for (credential, expected) in pinned {
            assert_eq!(fingerprint("some-rule", &credential), format!("kr1:some-rule:{expected}"));
        }
    }

    #[test]
    fn a_password_with_a_tokens_bytes_has_its_own_name() {
        let bytes = "0123456789abcdef0123456789abcdef";
        assert_ne!(
            fingerprint("r", &credential("npm", Secret::token(bytes), None, &[])),
            fingerprint("r", &credential("npm", Secret::password(bytes), None, &[]))
        );
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let secret = || Secret::password("correct horse");
        assert_ne!(
            fingerprint("r", &credential("npm", secret(), Some("a"), &["b.invalid"])),
            fingerprint("r", &credential("npma", secret(), None, &["b.invalid"]))
        );
    }

    #[test]
    fn the_key_is_what_follows_the_rule() {
        assert_eq!(key("kr1:npm-access-token:0123456789abcdef0123"), Some("0123456789abcdef0123"));
        for bad in [
            "",
            "kr1",
            "kr1:npm:",
            "kr1::0123456789abcdef0123",
            "kr2:npm:0123456789abcdef0123",
            "kr1:npm:0123456789ABCDEF0123",
            "kr1:npm:0123456789abcdef012",
            "kr1:n m:0123456789abcdef0123",
            "0123456789abcdef0123",
        ] {
            assert_eq!(key(bad), None, "{bad}");
        }
    }
}
