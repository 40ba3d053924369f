//! Tokens that prove nothing but their shape: a prefix of the issuer's own, and behind it text that nobody typed.

use super::Proven;
use super::claims::{proven, said};
use crate::detect::placeholder::{is_machine_made, is_placeholder, is_typed_uuid};
use crate::model::{Evidence, Offline};

/// After the prefix, which ends with the last `_`, `-` or `.` of the first twelve characters, stands random text. Where it does not
/// look random, only the pattern speaks for it.
pub(super) fn random_body(secret: &[u8]) -> Option<Proven> {
    let head = secret.get(..12).unwrap_or(secret);
    let start = head.iter().rposition(|byte| matches!(byte, b'_' | b'-' | b'.')).map_or(0, |at| at + 1);
    body(secret.get(start..)?)
}

/// The same of text without a prefix.
pub(super) fn body(body: &[u8]) -> Option<Proven> {
    let evidence = (!looks_random(body)).then_some(Evidence::Pattern);
    (!is_placeholder(body)).then(|| Proven { evidence, ..proven(Offline::new()) })
}

/// Whether text of fixed length behind a prefix looks random: one token in fifty has no digit, and none is made of a few characters.
fn looks_random(body: &[u8]) -> bool {
    let mut seen = [false; 256];
    let distinct = body.iter().filter(|byte| !std::mem::replace(&mut seen[usize::from(**byte)], true)).count();
    let has = |test: fn(&u8) -> bool| body.iter().any(test);
    is_machine_made(body) || (distinct >= 10 && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase))
}

/// Docker's tokens: the kind by its prefix. Source: docs.docker.com, security, access tokens.
pub(super) fn docker(secret: &[u8]) -> Option<Proven> {
    let (kind, rest) = match (secret.strip_prefix(b"dckr_pat_"), secret.strip_prefix(b"dckr_oat_")) {
        (Some(rest), _) => ("personal access token", rest),
        (None, rest) => ("organization access token", rest?),
    };
    let proven = body(rest)?;
    Some(Proven { offline: said([("kind", Some(kind.to_owned()))]), ..proven })
}

/// Nexus' tokens: the format's name, a dot and a UUID. Source: protocol notes of Nexus; `npm login` and `docker login` against it.
pub(super) fn nexus(secret: &[u8]) -> Option<Proven> {
    let at = memchr::memchr(b'.', secret)?;
    let (name, uuid) = (secret.get(..at)?, secret.get(at + 1..)?);
    let format = match name {
        b"NpmToken" => "npm token",
        b"DockerToken" => "Docker token",
        _ => return None,
    };
    (!is_typed_uuid(uuid)).then(|| proven(said([("kind", Some(format.to_owned()))])))
}

/// `hf_` and 34 letters, capital or not at even odds: CamelCase has fewer capitals, and a word none.
/// Eight of either is what one token in a thousand does not reach.
/// Source: public scanners; the manual names no format.
pub(super) fn hugging_face(secret: &[u8]) -> Option<Proven> {
    let body = secret.strip_prefix(b"hf_").or_else(|| secret.strip_prefix(b"api_org_"))?;
    let capitals = body.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let smalls = body.iter().filter(|byte| byte.is_ascii_lowercase()).count();
    let fewer = capitals.min(smalls);
    let evidence = (fewer < 11).then_some(Evidence::Pattern);
    (fewer >= 8 && !is_placeholder(body)).then(|| Proven { evidence, ..proven(Offline::new()) })
}

/// Harbor's password of the first administrator, as its installer writes it: known to all, and no secret of anybody.
pub(super) fn harbor(secret: &[u8]) -> Option<Proven> {
    (secret != b"Harbor12345" && !is_placeholder(secret)).then(|| proven(Offline::new()))
}

/// Buildkite's tokens: the kind by its prefix. Source: buildkite.com/docs/platform/security/tokens; buildkite/agent
/// internal/redact/redact.go.
pub(super) fn buildkite(secret: &[u8]) -> Option<Proven> {
    const KINDS: [(&[u8], &str); 9] = [
        (b"bkua_", "API access token"),
        (b"bkaa_", "agent access token"),
        (b"bkar_", "agent registration token"),
        (b"bkct_", "cluster token"),
        (b"bkaj_", "agent job token"),
        (b"bkpt_", "temporary package registry token"),
        (b"bkrt_", "package registry token"),
        (b"bkpat_", "portal access token"),
        (b"bkps_", "portal secret"),
    ];
    let (kind, rest) = KINDS.iter().find_map(|(prefix, kind)| Some((*kind, secret.strip_prefix(*prefix)?)))?;
    // A name of some program is made of words; a body in hexadecimal, base 58 or base64 has digits among them.
    (is_machine_made(rest)).then(|| proven(said([("kind", Some(kind.to_owned()))])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies() {
        assert_eq!(docker(concat!("dckr_pat_", "q7Rk2VbN9sX4-mZ81LpTc3HaW_Y").as_bytes()).unwrap().evidence, None);
        assert_eq!(docker(b"dckr_oat_ABABABABABABABABABABABABAB").unwrap().evidence, Some(Evidence::Pattern));
        assert!(docker(concat!("dckr_pat_", "xxxxxxxxxxxxxxxxxxxxxxxxxxx").as_bytes()).is_none());
        assert!(docker(b"dckr_cat_q7Rk2VbN9sX4-mZ81LpTc3HaW_Y").is_none());
        assert!(random_body(concat!("pul-", "0123456789abcdef0123456789abcdef01234567").as_bytes()).is_none());
        assert!(random_body(concat!("pul-", "9f1c04be27d8a36500e1f7b2c94d8a3e61570b2f").as_bytes()).is_some());
        assert!(random_body(b"").is_none());
    }

    #[test]
    fn names_of_programs_are_no_tokens() {
        for text in ["bkpt_find_breakpoint_in_table_of_program", "bkaa_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "bkct_"] {
            assert!(buildkite(text.as_bytes()).is_none(), "{text}");
        }
        assert!(buildkite(concat!("bkpat_", "MTQ_9f1c04be27d8a36500e1f7b2c94d8a3e61570b2f").as_bytes()).is_some());
        for text in ["hf_SomeVeryLongNameOfaclassinaprogramm", "hf_abcdefghijklmnopqrstuvwxyzabcdefgh", "hf_"] {
            assert!(hugging_face(text.as_bytes()).is_none(), "{text}");
        }
        assert!(hugging_face(concat!("hf_", "qRkVbNsXmZLpTcHaWYeUoIjDgFhKlSnBvC").as_bytes()).is_some());
    }

    #[test]
    fn nexus_and_harbor() {
        assert!(nexus(concat!("NpmToken.", "0d1c7a52-93f4-4b1e-8a60-5e2f9c8b7d14").as_bytes()).is_some());
        assert!(nexus(concat!("DockerToken.", "0d1c7a52-93f4-4b1e-8a60-5e2f9c8b7d14").as_bytes()).is_some());
        assert!(nexus(concat!("NpmToken.", "00000000-0000-0000-0000-000000000000").as_bytes()).is_none());
        assert!(nexus(b"OtherToken.0d1c7a52-93f4-4b1e-8a60-5e2f9c8b7d14").is_none());
        assert!(harbor(b"Harbor12345").is_none());
        assert!(harbor(b"Kestrel-9f1c04be").is_some());
    }
}
