//! Tokens of which nothing can be proven but that a machine made them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Proven;
use crate::detect::placeholder::{begins_as_token, is_machine_made};

/// Random letters and digits: small letters, capitals and digits, well mixed.
pub(super) fn mixed(secret: &[u8]) -> Option<Proven> {
    let has = |test: fn(&u8) -> bool| secret.iter().any(test);
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
    (is_mixed && is_machine_made(secret)).then(Proven::silent)
}

/// Random text of any alphabet.
pub(super) fn machine_made(secret: &[u8]) -> Option<Proven> {
    is_machine_made(secret).then(Proven::silent)
}

/// Random text for a host that its field names. What begins as the tokens of some registry do is judged by that registry's rule.
pub(super) fn host_token(secret: &[u8]) -> Option<Proven> {
    machine_made(secret).filter(|_| !begins_as_token(secret))
}

/// A private key for Cargo's signatures: its header of PASERK and 48 random bytes in base64.
/// Source: rust-lang/cargo `src/doc/src/reference/registry-authentication.md`.
pub(super) fn paserk(secret: &[u8]) -> Option<Proven> {
    let key = secret.strip_prefix(b"k3.secret.")?;
    is_machine_made(key).then(Proven::silent)
}

/// Base64 of a user's name and a password that a machine made, as Sonatype's portal hands it out.
pub(super) fn user_and_password(secret: &[u8]) -> Option<Proven> {
    let plain = STANDARD.decode(secret).ok()?;
    let colon = memchr::memchr(b':', &plain)?;
    let (user, password) = (plain.get(..colon)?, plain.get(colon + 1..)?);
    let is_shown = !user.is_empty() && user.len() <= 64 && user.iter().all(u8::is_ascii_alphanumeric);
    let user = String::from_utf8_lossy(user);
    (is_shown && is_machine_made(password)).then(|| Proven::silent().saying("user", user))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_machines_make() {
        assert!(mixed(b"t4Zq9LmX0cRv7BkW2nHs").is_some());
        for text in ["t4zq9lmx0crv7bkw2nhs", "this_is_the_name_of_a_Class_42", "aaaaaaaaaaaaaaaaaaaaaaB1", "x", ""] {
            assert_eq!(mixed(text.as_bytes()), None, "{text}");
        }
        assert!(machine_made(b"t4zq9lmx0crv7bkw2nhs").is_some());
        assert_eq!(machine_made(b"your-token-goes-here"), None);
        assert_eq!(host_token(concat!("glpat-", "t4zq9lmx0crv7bkw2nhs").as_bytes()), None);
        assert_eq!(host_token(b"t4Zq9LmX0cRv7B.atlasv1.t4Zq9LmX0cRv7B"), None);
        assert!(paserk(crate::detect::mint::Mint::new(1).cargo_secret_key().as_bytes()).is_some());
        assert_eq!(paserk(b"k3.secret.your-secret-key-goes-here-1234"), None);
    }

    #[test]
    fn pairs() {
        let proven = user_and_password(STANDARD.encode("aB1cD2:t4Zq9LmX0cRv7BkW2nHs").as_bytes()).unwrap();
        assert_eq!(proven.offline["user"], "aB1cD2");
        for text in
            ["", "mia", "mia:", ":t4Zq9LmX0cRv7BkW2nHs", "example_user:example_password", "mia:secret-password-of-mia"]
        {
            assert_eq!(user_and_password(STANDARD.encode(text).as_bytes()), None, "{text}");
        }
    }
}
