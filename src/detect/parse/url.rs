//! Credentials inside the URL of a registry: `https://user:password@host/`, and where a query stands.
//!
//! Lockfiles hold thousands of URLs, so the first look is a short loop over the authority; and only what is a registry's URL counts,
//! by the key it is the value of or by the path of a package file.

use std::borrow::Cow;
use std::ops::Range;

use percent_encoding::percent_decode;

use super::host::{Scheme, above_package, bound};
use super::{Found, Text};
use crate::detect::placeholder::is_placeholder_pair;
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

/// The password of the URL that begins at the anchor.
pub(super) fn password(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    read(text, anchor, is_registry)
}

/// The passwords of all URLs in a stretch that holds nothing but registries.
pub(super) fn passwords(text: &Text<'_>, within: Range<usize>) -> Vec<Found> {
    let Some(stretch) = text.bytes.get(within.clone()) else { return Vec::new() };
    let schemes = memchr::memmem::find_iter(stretch, b"://").filter_map(|at| {
        let head = stretch.get(..at)?;
        let length = [b"https".as_slice(), b"http"].into_iter().find(|scheme| head.ends_with(scheme))?.len();
        Some(within.start + at - length..within.start + at + 3)
    });
    schemes.filter_map(|anchor| read(text, anchor, |_, _, _| true)).collect()
}

fn read(text: &Text<'_>, anchor: Range<usize>, counts: impl Fn(&[u8], usize, usize) -> bool) -> Option<Found> {
    let bytes = text.bytes;
    let userinfo = userinfo(bytes, anchor.end)?;
    let raw = bytes.get(userinfo.clone())?;
    let colon = memchr::memchr(b':', raw)?;
    let (user, secret) = (decoded(raw.get(..colon)?), decoded(raw.get(colon + 1..)?));
    if secret.is_empty() || is_placeholder_pair(&user, &secret) {
        return None;
    }
    // The path decides, too, and so does what ends it.
    text.looks_up_to(url_from(bytes, userinfo.end + 1).end + 1);
    if !counts(bytes, anchor.start, userinfo.end + 1) {
        return None;
    }
    text.looks_far();
    let host = host(bytes, anchor.start, userinfo.end + 1)?;
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
pub(super) fn is_bare(bytes: &[u8], hit: &Range<usize>) -> bool {
    bytes.get(hit.clone()).is_some_and(|scheme| scheme.ends_with(b"://")) && userinfo(bytes, hit.end).is_none()
}

/// What stands before the `@` of an authority that begins at `at`.
fn userinfo(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let mut end = None;
    for (offset, byte) in bytes.get(at..)?.iter().take(LONGEST_AUTHORITY).enumerate() {
        match byte {
            b'@' => end = Some(at + offset),
            b'/' | b'?' | b'#' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b',' | b' ' | b'\t' | b'\r' | b'\n' => {
                break;
            }
            _ => {}
        }
    }
    Some(at..end?)
}

/// The registry of the URL whose scheme begins at `start` and whose host at `host`.
fn host(bytes: &[u8], start: usize, host: usize) -> Option<BoundHost> {
    let scheme = if bytes.get(start..)?.starts_with(b"https") { Scheme::Https } else { Scheme::Http };
    bound(above_package(bytes.get(url_from(bytes, host))?), scheme)
}

/// The rest of a URL, up to a character that none has, or to a variable.
fn url_from(bytes: &[u8], at: usize) -> Range<usize> {
    let rest = bytes.get(at..).unwrap_or_default();
    at..at + rest.iter().take(LONGEST_URL).take_while(|byte| is_url_character(**byte)).count()
}

fn is_url_character(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b',' | b'{' | b'}' | b'$' | b'(' | b')')
}

fn is_registry(bytes: &[u8], start: usize, host: usize) -> bool {
    let url = bytes.get(url_from(bytes, host)).unwrap_or_default();
    let is_package = memchr::memmem::find(url, b"/-/").is_some() && memchr::memmem::find(url, b".tgz").is_some();
    is_package || is_value_of_registry_key(bytes, start)
}

/// Whether the URL is the value of a key that names a registry.
fn is_value_of_registry_key(bytes: &[u8], start: usize) -> bool {
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
    gap > 0 && KEYS.contains(&plain.as_slice())
}

fn decoded(text: &[u8]) -> Cow<'_, [u8]> {
    percent_decode(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

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
