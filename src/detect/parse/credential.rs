//! What a credential field holds, once a grammar has found it: a secret that somebody uses, or what stands in for one.

use std::ops::Range;

use super::Found;
use super::host::is_of_manual;
use crate::detect::placeholder::{is_machine_made, is_placeholder, is_placeholder_pair, is_reference};
use crate::model::BoundHost;

/// Passwords of people are not shorter.
const SHORTEST: usize = 4;
const LONGEST: usize = 4 << 10;
/// What manuals write for a secret and no list of words has.
const TYPED: [&[u8]; 4] = [b"sekrit", b"s3cr3t", b"s3kr1t", b"rekcod"];
/// Users that look like variables and are none.
const QUAY: [&str; 2] = ["$app", "$oauthtoken"];

/// A password in clear, with the user it belongs to.
pub(super) fn password(
    span: Range<usize>,
    secret: &[u8],
    user: Option<&[u8]>,
    host: Option<BoundHost>,
) -> Option<Found> {
    // Who stands beside what a machine made does not matter: `x`, `token`, Quay's `$app`.
    let name = user.filter(|_| !is_machine_made(secret)).unwrap_or_default();
    if !(SHORTEST..=LONGEST).contains(&secret.len())
        || !is_text(secret)
        || is_reference(secret)
        || is_expression(secret)
        || TYPED.contains(&secret)
        || is_placeholder_pair(name, secret)
        || host.as_ref().is_some_and(is_of_manual)
        || (is_placeholder(secret) && (is_placeholder(name) || is_bare_word(secret)))
    {
        return None;
    }
    Some(Found { user: user.and_then(user_name), host, ..Found::new(span, secret.to_vec()) })
}

/// A token: what a machine made.
pub(super) fn token(span: Range<usize>, secret: &[u8], host: Option<BoundHost>) -> Option<Found> {
    let is_token = secret.len() <= LONGEST && secret.iter().all(u8::is_ascii_graphic) && is_machine_made(secret);
    is_token.then(|| Found { host, ..Found::new(span, secret.to_vec()) })
}

/// Splits `user:password`, as basic authentication has it. What is no text in UTF-8 was no pair.
pub(super) fn pair(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let colon = memchr::memchr(b':', text)?;
    is_text(text).then_some((text.get(..colon)?, text.get(colon + 1..)?))
}

/// A user as it is told: no variable.
pub(crate) fn user_name(user: &[u8]) -> Option<String> {
    let user = std::str::from_utf8(user).ok()?;
    let is_variable = is_reference(user.as_bytes()) && !QUAY.contains(&user);
    (!user.is_empty() && !is_variable).then(|| user.to_owned())
}

fn is_text(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| !text.chars().any(char::is_control))
}

/// Letters only, such as `password` and `MY_TOKEN`: with a word of the trade in it, it says what belongs there.
fn is_bare_word(secret: &[u8]) -> bool {
    secret.iter().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b' '))
}

/// A call or an index: the text of a program, such as `getpass()` and `os.environ["X"]`.
fn is_expression(secret: &[u8]) -> bool {
    let opens = memchr::memchr2(b'(', b'[', secret).filter(|at| *at > 0);
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    opens.is_some_and(|at| {
        secret.get(..at).is_some_and(|head| head.iter().all(is_name))
            && matches!(secret.last(), Some(b')' | b']' | b';' | b','))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_what_stands_in_for_them() {
        for (user, secret, expected) in [
            ("mia", "Kestrel-4f1k", true),
            ("mia", "password", false),
            ("mia", "password1", true),
            ("x", "4k8z1q7m2x9c3v5bTq", true),
            ("x", "Kestrel", false),
            ("$oauthtoken", "4k8z1q7m2x9c3v5bTq", true),
            ("admin", "admin123", true),
            ("username", "secretpassword1", true),
            ("myuser", "my_secret_token_1", true),
            ("mia", "${PW}", false),
            ("mia", "$PW", false),
            ("mia", "%PW%", false),
            ("mia", "{COQLCE6DU6GtcS5P=}", false),
            ("mia", "{{ pw }}", false),
            ("mia", "<password>", false),
            ("mia", "getpass()", false),
            ("mia", "os.environ[\"PW\"]", false),
            ("mia", "YOUR_PASSWORD", false),
            ("mia", "x", false),
            ("mia", "", false),
            ("mia", "!Kestrel", true),
            ("mia", "!vault |", false),
            ("mia", "pa(ss)w0rd", true),
            ("mia", "pa ss(1)x", true),
        ] {
            assert_eq!(password(0..1, secret.as_bytes(), Some(user.as_bytes()), None).is_some(), expected, "{secret}");
        }
    }
}
