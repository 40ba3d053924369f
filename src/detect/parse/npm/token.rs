//! What kind of token a value is, and what it says of itself.

use super::jwt;
use crate::detect::placeholder::{is_machine_made, is_placeholder, is_typed_uuid};
use crate::model::Checksum;
use crate::model::Offline;

const NEXUS: &[u8] = b"NpmToken.";
const UUID: usize = 36;
/// Prefixes of GitHub's tokens; their checksum is npm's.
const GITHUB: [&[u8]; 5] = [b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_"];
const GITLAB: [&[u8]; 4] = [b"glpat-", b"gldt-", b"glcbt-", b"glptt-"];

/// Whose field a value stands in, as far as the meaning of a UUID depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Issuer {
    /// The public registry's, or none is named.
    Public,
    /// Another server's.
    Other,
}

/// What the value of a credential field says of itself; `None` where it is no credential.
pub(super) fn judge(value: &[u8], issuer: Issuer) -> Option<Offline> {
    if let Some(body) = value.strip_prefix(b"npm_") {
        // Real ones have a checksum that holds; what only looks like one is a fake. Their own rule says the rest.
        return (body.len() == 36 && Checksum::Crc32Base62.holds(body)).then(Offline::new);
    }
    if value.starts_with(b"npms_") {
        return None;
    }
    if is_uuid(value) {
        return (!is_typed_uuid(value)).then(|| uuid(issuer));
    }
    if is_cut_uuid(value) {
        return None;
    }
    if let Some(named) = strict(value) {
        return Some(named);
    }
    if let Some(body) = GITHUB.iter().find_map(|prefix| value.strip_prefix(*prefix)).filter(|body| body.len() == 36) {
        return Checksum::Crc32Base62.holds(body).then(|| format("GitHub token"));
    }
    if let Some(body) = GITLAB.iter().find_map(|prefix| value.strip_prefix(*prefix)) {
        return (body.len() >= 20 && !is_placeholder(body)).then(|| format("GitLab token"));
    }
    is_machine_made(value).then(Offline::new)
}

/// The same for places that only suggest a token: tokens of a shape that nothing else has.
pub(super) fn strict(value: &[u8]) -> Option<Offline> {
    if let Some(rest) = value.strip_prefix(NEXUS) {
        return (is_uuid(rest) && !is_typed_uuid(rest)).then(|| format("Sonatype Nexus token"));
    }
    jwt::claims(value)
}

/// Whether text could begin such a token: a short look before the whole value is read.
pub(super) fn may_be_strict(text: &[u8]) -> bool {
    text.starts_with(NEXUS) || text.starts_with(jwt::HEADER)
}

/// A UUID, as the public registry issued them until 2021.
pub(super) fn legacy(value: &[u8]) -> Option<Offline> {
    (is_uuid(value) && !is_typed_uuid(value)).then(|| uuid(Issuer::Public))
}

/// Whether text is a token beyond doubt, wherever it stands.
pub(in crate::detect::parse) fn is_self_evident(value: &[u8]) -> bool {
    is_uuid(value)
        || value.strip_prefix(b"npm_").is_some_and(|body| body.len() == 36 && Checksum::Crc32Base62.holds(body))
}

fn uuid(issuer: Issuer) -> Offline {
    match issuer {
        Issuer::Public => format("legacy UUID; the public registry revoked all of them on 2025-12-09"),
        Issuer::Other => format("UUID"),
    }
}

pub(super) fn format(what: &str) -> Offline {
    Offline::from([("format".to_owned(), what.to_owned())])
}

fn is_uuid(value: &[u8]) -> bool {
    value.len() == UUID && begins_uuid(value)
}

/// A UUID that lost its end is no token any more.
fn is_cut_uuid(value: &[u8]) -> bool {
    (UUID - 12..UUID).contains(&value.len()) && begins_uuid(value)
}

fn begins_uuid(value: &[u8]) -> bool {
    value.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::mint::Mint;

    #[test]
    fn kinds_of_token() {
        let mut mint = Mint::new(1);
        let public = |value: &str| judge(value.as_bytes(), Issuer::Public).map(|said| said.get("format").cloned());
        assert_eq!(public(&mint.npm_token()), Some(None));
        assert_eq!(public(&mint.npm_token_bad_checksum()), None);
        assert_eq!(public(&mint.npm_token_truncated()), None);
        assert!(public(&mint.uuid()).unwrap().unwrap().starts_with("legacy UUID"));
        assert_eq!(public(&format!("NpmToken.{}", mint.uuid())), Some(Some("Sonatype Nexus token".to_owned())));
        assert_eq!(public(&mint.opaque()), Some(None));
        assert_eq!(public(&mint.hex(40)), Some(None));
        let github = format!("ghp_{}", &mint.npm_token()[4..]);
        assert_eq!(public(&github), Some(Some("GitHub token".to_owned())));
        assert_eq!(public(&format!("ghp_{}", &mint.npm_token_bad_checksum()[4..])), None);
        assert_eq!(public(&format!("glpat-{}", &mint.opaque()[..20])), Some(Some("GitLab token".to_owned())));
        assert_eq!(public("glpat-xxxxxxxxxxxxxxxxxxxx"), None);
        assert_eq!(public(&mint.uuid()[..30]), None);
        assert_eq!(public("foo"), None);
        assert_eq!(public("00000000-0000-0000-0000-000000000000"), None);
        let other = judge(mint.uuid().as_bytes(), Issuer::Other).unwrap();
        assert_eq!(other.get("format").map(String::as_str), Some("UUID"));
        let jwt = judge(mint.jwt().as_bytes(), Issuer::Other).unwrap();
        assert_eq!(jwt.get("user").map(String::as_str), Some("mia"));
    }
}
