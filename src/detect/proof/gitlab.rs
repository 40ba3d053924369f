//! GitLab's tokens: the routable ones with their checksum and the ids inside, the older ones by their prefix.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Proven;
use super::claims::{proven, said, signed, text, time};
use super::shape::body;
use crate::detect::placeholder::is_machine_made;
use crate::model::{Evidence, Offline};

/// What each prefix stands for. Source: gitlabhq doc/security/tokens/_index.md and lib/authn/tokens.
pub(in crate::detect) const KINDS: [(&str, &str); 13] = [
    ("glpat-", "personal, project or group access token"),
    ("gldt-", "deploy token"),
    ("glcbt-", "CI job token"),
    ("glptt-", "pipeline trigger token"),
    ("glrt-", "runner authentication token"),
    ("glrtr-", "runner authentication token"),
    ("gloas-", "OAuth application secret"),
    ("glsoat-", "SCIM token"),
    ("glft-", "feed token"),
    ("glimt-", "incoming mail token"),
    ("glagent-", "agent for Kubernetes token"),
    ("glffct-", "feature flags client token"),
    ("glwt-", "workspace token"),
];
/// Keys of the routing text. Source: gitlabhq lib/authn/token_field/generator/routable_token.rb.
const IDS: [(&str, &str); 6] =
    [("c", "cell"), ("g", "group"), ("o", "organization"), ("p", "project"), ("t", "token"), ("u", "user")];
const RANDOM: usize = 16;
const CHECK: usize = 7;
const LONGEST_ROUTING: usize = 159;
const BASE36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// A routable token with one of GitLab's own prefixes.
///
/// Version 1 is prefix, B, `.01.`, the length of B in two digits of base 36, and in seven of them the CRC-32 of all before it; B is
/// base64url of sixteen random bytes, the routing text and its length. Version 0, which some instances issued from 2024-11 to
/// 2025-04, has no version field, and B is routing text, random bytes, and their number. Sources: gitlabhq
/// lib/authn/token_field/generator/routable_token.rb and decoders; recomputed on a synthetic token.
pub(super) fn routable(secret: &[u8]) -> Option<Proven> {
    let routing = routing(secret)?;
    let mut offline = ids(&routing);
    offline.extend(kind_of(secret).map(|kind| ("kind".to_owned(), kind.to_owned())));
    Some(Proven { evidence: Some(Evidence::Checksum), ..proven(offline) })
}

/// A token of an instance that puts its own name before GitLab's prefix: `acme-glpat-…`. The checksum covers the name.
pub(super) fn instance(secret: &[u8]) -> Option<Proven> {
    let at = memchr::memmem::find(secret, b"-gl")? + 1;
    let (name, token) = (secret.get(..at - 1)?, secret.get(at..)?);
    let named = |mut proven: Proven| {
        proven.offline.insert("prefix".to_owned(), String::from_utf8_lossy(name).into_owned());
        proven
    };
    if memchr::memchr(b'.', token).is_some() {
        let proven = routable(secret)?;
        let kind = kind_of(token)?;
        return Some(named(Proven { offline: with_kind(proven.offline, kind), ..proven }));
    }
    old(token).map(named)
}

/// A token of the older kinds: the prefix and a random text of fixed length.
pub(super) fn old(secret: &[u8]) -> Option<Proven> {
    let kind = kind_of(secret)?;
    let at = memchr::memchr(b'-', secret)? + 1;
    let proven = body(secret.get(at..)?)?;
    Some(Proven { offline: with_kind(Offline::new(), kind), ..proven })
}

/// A job token that is a JSON web token behind its prefix. Source: gitlabhq lib/ci/job_token/jwt.rb, lib/authn/tokens/jwt.rb.
pub(super) fn job(secret: &[u8]) -> Option<Proven> {
    let Some((_, claims)) = signed(secret.strip_prefix(b"glcbt-")?) else { return old(secret) };
    Some(proven(said([
        ("kind", Some("CI job token".to_owned())),
        ("job", text(&claims, "sub")),
        ("issued", time(&claims, "iat")),
        ("expires", time(&claims, "exp")),
    ])))
}

/// A runner's token, or the one with which it is registered, whose prefix was chosen to be unlikely.
pub(super) fn runner(secret: &[u8]) -> Option<Proven> {
    let Some(body) = secret.strip_prefix(b"GR1348941") else { return old(secret) };
    is_machine_made(body).then(|| proven(with_kind(Offline::new(), "runner registration token")))
}

/// What stands in a variable that is named after GitLab: a routable token whose prefix an administrator chose, an older token with
/// such a prefix or from the time before prefixes, which is any random text.
pub(super) fn named(secret: &[u8]) -> Option<Proven> {
    routable(secret).or_else(|| is_machine_made(secret).then(|| proven(Offline::new())))
}

fn with_kind(mut offline: Offline, kind: &str) -> Offline {
    offline.insert("kind".to_owned(), kind.to_owned());
    offline
}

fn kind_of(secret: &[u8]) -> Option<&'static str> {
    KINDS.iter().find(|(prefix, _)| secret.starts_with(prefix.as_bytes())).map(|(_, kind)| *kind)
}

/// The routing text of a routable token whose checksum holds.
fn routing(secret: &[u8]) -> Option<String> {
    let (checked, check) = secret.split_at_checked(secret.len().checked_sub(CHECK)?)?;
    if base36(crc32fast::hash(checked)) != *check {
        return None;
    }
    let mut fields = checked.split(|byte| *byte == b'.');
    let (first, second, third) = (fields.next()?, fields.next()?, fields.next());
    if fields.next().is_some() {
        return None;
    }
    let length = usize::from_str_radix(std::str::from_utf8(third.unwrap_or(second)).ok()?, 36).ok()?;
    let body = URL_SAFE_NO_PAD.decode(first.get(first.len().checked_sub(length)?..)?).ok()?;
    let (last, body) = body.split_last()?;
    let routing = match third {
        Some(_) if second == b"01" && body.len() == RANDOM + usize::from(*last) => body.get(RANDOM..)?,
        None if usize::from(*last) == RANDOM => body.get(..body.len().checked_sub(RANDOM)?)?,
        _ => return None,
    };
    let text = std::str::from_utf8(routing).ok()?;
    (text.len() <= LONGEST_ROUTING && text.chars().all(|each| each == '\n' || each.is_ascii_graphic()))
        .then(|| text.to_owned())
}

/// `o:1\nu:1z` in words: ids are written in base 36.
fn ids(routing: &str) -> Offline {
    let id = |line: &str| {
        let (key, value) = line.split_once(':')?;
        let (_, word) = IDS.iter().find(|(known, _)| *known == key)?;
        let id = u64::from_str_radix(value, 36).map_or_else(|_| value.to_owned(), |id| id.to_string());
        Some((format!("{word} id"), id))
    };
    routing.lines().filter_map(id).collect()
}

/// Seven digits, as the issuer writes a CRC-32.
pub(in crate::detect) fn base36(mut value: u32) -> [u8; CHECK] {
    let mut digits = [b'0'; CHECK];
    for digit in digits.iter_mut().rev() {
        *digit = BASE36.get((value % 36) as usize).copied().unwrap_or(b'0');
        value /= 36;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sixteen times `a`, `o:1` and `u:1z`, and their length.
    const BODY: &str = "YWFhYWFhYWFhYWFhYWFhYW86MQp1OjF6CA";

    fn words(proven: &Proven) -> Vec<String> {
        proven.offline.iter().map(|(word, value)| format!("{word}={value}")).collect()
    }

    #[test]
    fn routable_tokens() {
        let token = "glpat-".to_owned() + BODY + ".01.0y" + "1bir1c8";
        let proven = routable(token.as_bytes()).unwrap();
        assert_eq!(proven.evidence, Some(Evidence::Checksum));
        assert_eq!(words(&proven), ["kind=personal, project or group access token", "organization id=1", "user id=71"]);
        for at in [0, 10, 40, 42, 45, 50] {
            let mut wrong = token.clone().into_bytes();
            wrong[at] ^= 1;
            assert!(routable(&wrong).is_none(), "{at}");
        }
        for length in 0..token.len() {
            assert!(routable(&token.as_bytes()[..length]).is_none());
        }
    }

    #[test]
    fn the_checksum_covers_the_prefix_of_the_instance() {
        let with = |prefix: &str| {
            let text = prefix.to_owned() + BODY + ".01.0y";
            let check = base36(crc32fast::hash(text.as_bytes()));
            text + std::str::from_utf8(&check).unwrap()
        };
        let proven = instance(with("acme-glpat-").as_bytes()).unwrap();
        assert_eq!(proven.evidence, Some(Evidence::Checksum));
        assert_eq!(proven.offline.get("prefix").map(String::as_str), Some("acme"));
        assert_eq!(proven.offline.get("user id").map(String::as_str), Some("71"));
        assert!(instance(("acme-".to_owned() + &with("glpat-")).as_bytes()).is_none());
        assert_eq!(words(&named(with("acme_").as_bytes()).unwrap()), ["organization id=1", "user id=71"]);
    }

    #[test]
    fn version_0_has_the_routing_text_first() {
        let body = URL_SAFE_NO_PAD.encode([b"o:1\np:zz".as_slice(), &[b'a'; 16], &[16]].concat());
        let text = "gldt-".to_owned() + &body + "." + &format!("0{}", char::from(BASE36[body.len()]));
        let token = text.clone() + std::str::from_utf8(&base36(crc32fast::hash(text.as_bytes()))).unwrap();
        let proven = routable(token.as_bytes()).unwrap();
        assert_eq!(words(&proven), ["kind=deploy token", "organization id=1", "project id=1295"]);
    }

    #[test]
    fn old_tokens_look_random_or_count_for_less() {
        assert_eq!(old(concat!("glpat-", "q7Rk2VbN9sX4-mZ81LpT").as_bytes()).unwrap().evidence, None);
        assert_eq!(
            old(concat!("glpat-", "JUST20LETTERSANDNUMB").as_bytes()).unwrap().evidence,
            Some(Evidence::Pattern)
        );
        assert!(old(concat!("glpat-", "xxxxxxxxxxxxxxxxxxxx").as_bytes()).is_none());
        assert!(old(b"glpat").is_none() && old(b"").is_none());
        assert!(job(b"glcbt-64_abcdefghijklmnopqrst").is_none());
    }
}
