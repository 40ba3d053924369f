//! Tokens of which nothing can be proven but that a machine made them.

use super::Proven;
use crate::detect::placeholder::is_machine_made;

/// Random letters and digits: small letters, capitals and digits, well mixed.
pub(super) fn mixed(secret: &[u8]) -> Option<Proven> {
    let has = |test: fn(&u8) -> bool| secret.iter().any(test);
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
    (is_mixed && is_machine_made(secret)).then(Proven::silent)
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
    }
}
