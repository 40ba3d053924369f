//! Credentials inside the URL of a registry: `https://user:password@host/`, and where a query stands.
//!
//! Lockfiles hold thousands of URLs, so the first look is a short loop over the authority, taken once for all rules; and only what is a
//! registry's URL counts, by the key it is the value of, by the path of a package file, or by a host that a registry owns.

use std::borrow::Cow;
use std::ops::Range;

use percent_encoding::percent_decode;

use super::host::{Scheme, above_package, bound, is_of_manual};
use super::{Found, Text, credential, repository};
use crate::detect::placeholder::{is_machine_made, is_placeholder, is_placeholder_pair};
use crate::model::BoundHost;

const LONGEST_AUTHORITY: usize = 512;
const LONGEST_URL: usize = 512;
const LONGEST_KEY: usize = 96;

/// Names whose value is the URL of a registry or of a package file in one; lower case, `_`, `-` and `.` taken out.
const KEYS: [&[u8]; 10] = [
    b"npmconfigregistry",
    b"npmpublishregistry",
    b"npmregistry",
    b"npmregistryserver",
    b"npmregistryurl",
    b"registry",
    b"resolution",
    b"resolved",
    b"tarball",
    b"yarnnpmregistryserver",
];

/// What stands for a password where the user is a token.
const NO_PASSWORDS: [&[u8]; 5] = [b"x-oauth-basic", b"x", b"x-oauth-token", b"oauth2", b"x-access-token"];

/// The password of the URL that begins at the anchor.
pub(super) fn password(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let found = read(text, anchor.clone(), is_registry)?;
    // Last, since it looks far: other clients have keys of the same names.
    if repository::client(text, &anchor).is_some() { None } else { Some(found) }
}

/// The passwords of the URLs that count in a stretch that holds nothing but registries.
pub(super) fn passwords(text: &Text<'_>, within: Range<usize>, counts: impl Fn(&[u8], usize) -> bool) -> Vec<Found> {
    let Some(stretch) = text.bytes.get(within.clone()) else { return Vec::new() };
    let schemes = memchr::memmem::find_iter(stretch, b"://").filter_map(|at| {
        let head = stretch.get(..at)?;
        let length = [b"https".as_slice(), b"http"].into_iter().find(|scheme| head.ends_with(scheme))?.len();
        Some(within.start + at - length..within.start + at + 3)
    });
    schemes.filter_map(|anchor| read(text, anchor, |bytes, at, _| counts(bytes, at))).collect()
}

/// The credential of any URL; whose it is depends on its host.
pub(super) fn remote(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    text.userinfo(anchor.end).and_then(|userinfo| text.basic(&anchor, userinfo).clone()).into_iter().collect()
}

/// The credential of a URL that is the value of a key which these names.
pub(super) fn keyed(
    text: &Text<'_>,
    anchor: &Range<usize>,
    names: impl Fn(&[u8], usize, &[u8]) -> bool,
) -> Option<Found> {
    let userinfo = text.userinfo(anchor.end)?;
    let (key, from) = key_before(text.bytes, anchor.start)?;
    text.looks_at(&(from..anchor.end));
    if names(text.bytes, from, &key) { text.basic(anchor, userinfo).clone() } else { None }
}

/// User and password of a URL, or the token that stands in for both.
pub(super) fn userinfo_of(text: &Text<'_>, anchor: &Range<usize>, userinfo: Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let raw = bytes.get(userinfo.clone())?;
    let colon = memchr::memchr(b':', raw).unwrap_or(raw.len());
    let (user, secret) = (decoded(raw.get(..colon)?), decoded(raw.get(colon + 1..).unwrap_or_default()));
    let host = userinfo.end + 1;
    text.looks_at(&(anchor.start..rest_of(bytes, host).end + 1));
    let is_stand_in = |secret: &[u8]| secret.is_empty() || NO_PASSWORDS.contains(&secret);
    if is_stand_in(&secret) {
        let span = userinfo.start..userinfo.start + colon;
        return if is_machine_made(&user) {
            credential::token(span, &user, self::host(bytes, anchor.start, host))
        } else {
            None
        };
    }
    let is_typed = is_placeholder(&secret) && !secret.iter().any(u8::is_ascii_digit);
    let span = userinfo.start + colon + 1..userinfo.end;
    if is_typed {
        None
    } else {
        credential::password(span, &secret, Some(&user), Some(self::host(bytes, anchor.start, host)?))
    }
}

fn read(text: &Text<'_>, anchor: Range<usize>, counts: impl Fn(&[u8], usize, usize) -> bool) -> Option<Found> {
    let bytes = text.bytes;
    let userinfo = text.userinfo(anchor.end)?;
    let raw = bytes.get(userinfo.clone())?;
    let colon = memchr::memchr(b':', raw)?;
    let (user, secret) = (decoded(raw.get(..colon)?), decoded(raw.get(colon + 1..)?));
    if secret.is_empty() || is_placeholder_pair(&user, &secret) {
        return None;
    }
    // The path decides, too, and so does what ends it.
    text.looks_up_to(rest_of(bytes, userinfo.end + 1).end + 1);
    if !counts(bytes, anchor.start, userinfo.end + 1) {
        return None;
    }
    text.looks_far();
    let host = host(bytes, anchor.start, userinfo.end + 1).filter(|host| !is_of_manual(host))?;
    let user = std::str::from_utf8(&user).ok().filter(|user| !user.is_empty()).map(str::to_owned);
    let span = userinfo.start + colon + 1..userinfo.end;
    Some(Found { user, host: Some(host), ..Found::new(span, secret.into_owned()) })
}

/// The host of the registry URL in whose query the name at `name` stands.
pub(super) fn host_before(bytes: &[u8], name: usize) -> Option<BoundHost> {
    let before = bytes.get(name.saturating_sub(LONGEST_URL)..name)?;
    let length = before.iter().rev().take_while(|byte| is_url_character(**byte)).count();
    let run = before.get(before.len() - length..)?;
    let start = name - length + memchr::memmem::rfind(run, b"http")?;
    let authority = start + run.get(run.len() - (name - start)..).and_then(|url| memchr::memmem::find(url, b"//"))? + 2;
    if is_registry(bytes, start, authority) { host(bytes, start, authority) } else { None }
}

/// Whether the hit is a URL's scheme with no user or password behind it, as almost all of them are.
pub(crate) fn is_bare(text: &Text<'_>, hit: &Range<usize>) -> bool {
    text.bytes.get(hit.clone()).is_some_and(|scheme| scheme.ends_with(b"://")) && text.userinfo(hit.end).is_none()
}

/// What stands before the `@` of an authority that begins at `at`, and up to where that was looked for.
pub(super) fn userinfo(bytes: &[u8], at: usize) -> (Option<Range<usize>>, usize) {
    let rest = bytes.get(at..).unwrap_or_default();
    let rest = rest.get(..LONGEST_AUTHORITY).unwrap_or(rest);
    let length = rest.iter().position(|byte| ends_authority(*byte)).unwrap_or(rest.len());
    let end = rest.get(..length).and_then(|authority| memchr::memrchr(b'@', authority));
    (end.map(|end| at..at + end), at + length + 1)
}

fn ends_authority(byte: u8) -> bool {
    matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b',' | b' ' | b'\t' | b'\r' | b'\n')
}

/// The registry of the URL whose scheme begins at `start` and whose host at `host`.
fn host(bytes: &[u8], start: usize, host: usize) -> Option<BoundHost> {
    let scheme = if bytes.get(start..)?.starts_with(b"https") { Scheme::Https } else { Scheme::Http };
    bound(above_package(bytes.get(rest_of(bytes, host))?), scheme)
}

/// The rest of a URL, up to a character that none has, or to a variable.
pub(super) fn rest_of(bytes: &[u8], at: usize) -> Range<usize> {
    let rest = bytes.get(at..).unwrap_or_default();
    at..at + rest.iter().take(LONGEST_URL).take_while(|byte| is_url_character(**byte)).count()
}

fn is_url_character(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b',' | b'{' | b'}' | b'$' | b'(' | b')')
}

fn is_registry(bytes: &[u8], start: usize, host: usize) -> bool {
    let url = bytes.get(rest_of(bytes, host)).unwrap_or_default();
    let is_package = memchr::memmem::find(url, b"/-/").is_some() && memchr::memmem::find(url, b".tgz").is_some();
    is_package || is_value_of_registry_key(bytes, start)
}

/// Whether the URL is the value of a key that names a registry.
fn is_value_of_registry_key(bytes: &[u8], start: usize) -> bool {
    key_before(bytes, start).is_some_and(|(key, _)| KEYS.contains(&key.as_slice()))
}

/// The key whose value begins at `start`, in lower case and without its signs, and where it begins.
pub(super) fn key_before(bytes: &[u8], start: usize) -> Option<(Vec<u8>, usize)> {
    let before = bytes.get(start.saturating_sub(LONGEST_KEY)..start).unwrap_or_default();
    let gap = before
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'\\' | b'=' | b':' | b'`'))
        .count();
    let before = before.get(..before.len() - gap).unwrap_or_default();
    let is_key = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'-' | b'.');
    let length = before.iter().rev().take_while(is_key).count();
    let name = before.get(before.len() - length..).unwrap_or_default();
    let plain: Vec<u8> = name.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect();
    (gap > 0).then(|| (plain, start - gap - length))
}

fn decoded(text: &[u8]) -> Cow<'_, [u8]> {
    percent_decode(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    fn found(text: &str) -> Option<String> {
        let at = text.find("https://").unwrap();
        let text = Text::new(text.as_bytes(), &[]);
        password(&text, at..at + 8).map(|found| {
            let secret = String::from_utf8(found.secret).unwrap();
            format!("{} {secret} {}", found.user.unwrap_or_default(), found.host.unwrap())
        })
    }

    #[test]
    fn urls_of_registries() {
        for (text, expected) in [
            (r#""resolved": "https://mia:pw1@r.invalid/npm/@a/b/-/b-1.0.0.tgz""#, Some("mia pw1 r.invalid/npm/")),
            (r#"resolved "https://mia:pw1@r.invalid/b/-/b-1.0.0.tgz#abc""#, Some("mia pw1 r.invalid/")),
            ("resolution: {tarball: https://mia:pw1@r.invalid/x.tgz}", Some("mia pw1 r.invalid/")),
            ("x https://mia:pw1@r.invalid/b/-/b-1.0.0.tgz", Some("mia pw1 r.invalid/")),
            ("registry=https://mia:p%40w@r.invalid:8443/npm/", Some("mia p@w r.invalid:8443/npm/")),
            ("@mia:registry=https://mia:pw1@r.invalid", Some("mia pw1 r.invalid/")),
            ("npm i --registry https://mia:pw1@r.invalid", Some("mia pw1 r.invalid/")),
            ("npm i --registry=\"https://mia:pw1@r.invalid\"", Some("mia pw1 r.invalid/")),
            ("NPM_CONFIG_REGISTRY=https://mia:pw1@r.invalid/", Some("mia pw1 r.invalid/")),
            ("npmRegistryServer: \"https://mia:pw1@r.invalid/\"", Some("mia pw1 r.invalid/")),
            ("[install]\nregistry = \"https://mia:pw1@r.invalid\"", Some("mia pw1 r.invalid/")),
            ("registry=https://:pw1@r.invalid/", Some(" pw1 r.invalid/")),
            ("registry=https://user:pass@r.invalid/", None),
            ("registry=https://${USER}:${PASS}@r.invalid/", None),
            ("registry=https://r.invalid/@scope/x", None),
            ("registry=https://mia@r.invalid/", None),
            ("DOCKER_REGISTRY=https://mia:pw1@r.invalid/", None),
            ("origin https://mia:pw1@r.invalid/repo.git", None),
        ] {
            assert_eq!(found(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn credentials_of_any_url() {
        table(
            remote,
            &["https://", "http://"],
            &[
                ("git clone https://mia:Kestrel-1@r.invalid/x.git", &["mia Kestrel-1 r.invalid/x.git/"]),
                ("url = https://mia:Kes%40trel@r.invalid:8443/x", &["mia Kes@trel r.invalid:8443/x/"]),
                ("git+https://mia:Kestrel-1@r.invalid", &["mia Kestrel-1 r.invalid/"]),
                ("https://oauth2:4k8z1q7m2x9c3v5bTq@r.invalid/x", &["oauth2 4k8z1q7m2x9c3v5bTq r.invalid/x/"]),
                ("https://4k8z1q7m2x9c3v5bTq@r.invalid/x", &["- 4k8z1q7m2x9c3v5bTq r.invalid/x/"]),
                ("https://4k8z1q7m2x9c3v5bTq:@r.invalid/x", &["- 4k8z1q7m2x9c3v5bTq r.invalid/x/"]),
                ("https://4k8z1q7m2x9c3v5bTq:x-oauth-basic@r.invalid/x", &["- 4k8z1q7m2x9c3v5bTq r.invalid/x/"]),
                ("https://mia@r.invalid/x", &[]),
                ("https://x-access-token:${TOKEN}@r.invalid/x", &[]),
                ("https://x-access-token:$TOKEN@r.invalid/x", &[]),
                ("https://oauth2:token@r.invalid/x", &[]),
                ("https://user:password@r.invalid/x", &[]),
                ("https://<user>:<pass>@r.invalid/x", &[]),
                ("https://mia:{token}@r.invalid/x", &[]),
                ("https://r.invalid/@scope/x:y", &[]),
            ],
        );
    }

    #[test]
    fn queries() {
        for (text, expected) in [
            ("\"resolved\": \"https://r.invalid/npm/b/-/b-1.0.0.tgz?token=x\"", Some("r.invalid/npm/")),
            ("registry=https://r.invalid/npm/?a=b&token=x", Some("r.invalid/npm/")),
            ("see https://r.invalid/login?token=x", None),
        ] {
            let name = text.find("token").unwrap();
            assert_eq!(host_before(text.as_bytes(), name).map(|host| host.to_string()).as_deref(), expected, "{text}");
        }
    }
}
