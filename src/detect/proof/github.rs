//! GitHub's tokens: the checksum of those with a short prefix, and the claims of the new installation tokens.

use super::Proven;
use super::claims::{proven, said, signed, text, time};
use crate::detect::placeholder::{is_machine_made, is_placeholder};
use crate::model::{Checksum, Evidence, Offline};

/// What each prefix stands for. Source: GitHub's announcement of the format, 2021-04-05.
const KINDS: [(&[u8], &str); 5] = [
    (b"ghp_", "personal access token (classic)"),
    (b"gho_", "OAuth app token"),
    (b"ghu_", "GitHub App user token"),
    (b"ghs_", "GitHub App installation token"),
    (b"ghr_", "GitHub App refresh token"),
];
const CLASSIC_BODY: usize = 36;

/// Prefix, thirty characters and six of CRC-32 over those thirty in base 62, as npm's. Source: the same announcement; recomputed on
/// published tokens. Samples in GitHub's manuals fail it on purpose.
pub(super) fn classic(secret: &[u8]) -> Option<Proven> {
    let (kind, body) = kind(secret)?;
    (body.len() == CLASSIC_BODY && Checksum::Crc32Base62.holds(body)).then(|| proven(kind))
}

/// Refresh tokens may be longer than the others (GitHub's manual shows eighty characters). Nothing says where a checksum would
/// stand in them, so one that holds at the end is believed and one that does not is no reason for silence.
pub(super) fn refresh(secret: &[u8]) -> Option<Proven> {
    let (kind, body) = kind(secret)?;
    if Checksum::Crc32Base62.holds(body) {
        return Some(Proven { evidence: Some(Evidence::Checksum), ..proven(kind) });
    }
    is_machine_made(body).then(|| proven(kind))
}

/// `github_pat_`, 22 characters, `_`, 59. It has no published checksum.
pub(super) fn fine_grained(secret: &[u8]) -> Option<Proven> {
    let body = secret.strip_prefix(b"github_pat_")?;
    let (id, rest) = (body.get(..22)?, body.get(23..)?);
    (!is_placeholder(id) && is_machine_made(rest))
        .then(|| proven(said([("kind", Some("fine-grained personal access token".to_owned()))])))
}

/// `ghs_`, the number of the app, `_`, and a JSON web token. Source: GitHub's changelog of 2026-04-27 and 2026-05-15, which calls the
/// body opaque; so every claim is optional.
pub(super) fn installation(secret: &[u8]) -> Option<Proven> {
    let rest = secret.strip_prefix(b"ghs_")?;
    let at = memchr::memchr(b'_', rest)?;
    let (app, token) = (rest.get(..at)?, rest.get(at + 1..)?);
    if app.is_empty() || !app.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (_, claims) = signed(token)?;
    Some(proven(said([
        ("kind", Some("GitHub App installation token".to_owned())),
        ("app", Some(String::from_utf8_lossy(app).into_owned())),
        ("issuer", text(&claims, "iss")),
        ("subject", text(&claims, "sub")),
        ("issued", time(&claims, "iat")),
        ("expires", time(&claims, "exp")),
    ])))
}

fn kind(secret: &[u8]) -> Option<(Offline, &[u8])> {
    let (kind, body) = KINDS.iter().find_map(|(prefix, kind)| Some((*kind, secret.strip_prefix(*prefix)?)))?;
    Some((said([("kind", Some(kind.to_owned()))]), body))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published: the body with which GitHub showed the rule.
    #[test]
    fn checksums() {
        let token = |prefix: &str, check: &str| prefix.to_owned() + "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ" + check;
        for (prefix, kind) in KINDS {
            let prefix = std::str::from_utf8(prefix).unwrap();
            let proven = classic(token(prefix, "0mLq17").as_bytes()).unwrap();
            assert_eq!(proven.offline.get("kind").map(String::as_str), Some(kind));
            assert!(classic(token(prefix, "0mLq18").as_bytes()).is_none());
        }
        for wrong in ["", "ghp_", "npm_", "ghx_zQWBuTSOoRi4A9sp"] {
            assert!(classic(wrong.as_bytes()).is_none() && refresh(wrong.as_bytes()).is_none(), "{wrong}");
        }
        let long = "ghr_".to_owned() + &"aB3xK9".repeat(12) + "zQ7w";
        assert_eq!(refresh(long.as_bytes()).unwrap().evidence, None);
        assert!(refresh(("ghr_".to_owned() + &"x".repeat(76)).as_bytes()).is_none());
    }

    #[test]
    fn installation_tokens_need_an_app_and_a_token() {
        for wrong in ["ghs_", "ghs_1_", "ghs__eyJ.eyJ.x", "ghs_12a_eyJ.eyJ.x", "ghs_12_eyJhbGciOiJ4In0.e30.short"] {
            assert!(installation(wrong.as_bytes()).is_none(), "{wrong}");
        }
        let token = "ghs_1234_".to_owned()
            + "eyJhbGciOiJ4In0."
            + "eyJleHAiOjIwMDAwMDAwMDAsImlzcyI6ImdpdGh1YiJ9."
            + &"aB3".repeat(12);
        let said = installation(token.as_bytes()).unwrap().offline;
        let words: Vec<_> = said.iter().map(|(word, value)| format!("{word}={value}")).collect();
        assert_eq!(
            words,
            ["app=1234", "expires=2033-05-18T03:33:20Z", "issuer=github", "kind=GitHub App installation token"]
        );
    }

    #[test]
    fn fine_grained_tokens_look_random() {
        let token = |body: &str| "github_pat_".to_owned() + "11ABQ7KLI0wZ8XnVtR4sMe" + "_" + body;
        assert!(fine_grained(token(&("q7Rk2VbN9sX4".repeat(4) + "mZ81LpTc3Ha")).as_bytes()).is_some());
        assert!(fine_grained(token(&"x".repeat(59)).as_bytes()).is_none());
        assert!(fine_grained(b"github_pat_short").is_none());
    }
}
