//! Hosts as files write them: `host[:port]/path/`, from a `.npmrc` key or from a URL.

use crate::model::BoundHost;

/// What stands before the `//`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
    /// `.npmrc` keys have none.
    Unknown,
}

/// Reads what follows `//`: userinfo is left out, a query too. `None` where it is no plain host, such as a variable.
pub(super) fn bound(text: &[u8], scheme: Scheme) -> Option<BoundHost> {
    let text = std::str::from_utf8(text).ok()?;
    let text = text.split(['?', '#']).next()?;
    let (authority, path) = text.split_once('/').unwrap_or((text, ""));
    let authority = authority.rsplit('@').next()?.trim_end_matches(':');
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse::<u16>().ok()?)),
        _ => (authority, None),
    };
    let port = port.filter(|port| match scheme {
        Scheme::Http => *port != 80,
        Scheme::Https | Scheme::Unknown => *port != 443,
    });
    let is_name = |name: &str| {
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
            && name.bytes().any(|byte| byte.is_ascii_alphanumeric())
    };
    let is_address = |name: &str| {
        name.strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'))
            .is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')))
    };
    if !is_name(host) && !is_address(host) {
        return None;
    }
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'$' | b'{' | b'}' | b'<' | b'>' | b'\\' | b'"');
    if !path.bytes().all(plain) {
        return None;
    }
    let path = path.trim_end_matches(':').trim_matches('/');
    let path = if path.is_empty() { "/".to_owned() } else { format!("/{path}/") };
    Some(BoundHost { host: host.to_ascii_lowercase(), port, path })
}

/// The host of an address as people write it, with or without a scheme.
pub(crate) fn address(text: &[u8]) -> Option<BoundHost> {
    let (scheme, rest) = match memchr::memmem::find(text, b"://") {
        Some(at) if text.get(..at)?.eq_ignore_ascii_case(b"http") => (Scheme::Http, text.get(at + 3..)?),
        Some(at) => (Scheme::Https, text.get(at + 3..)?),
        None => (Scheme::Unknown, text.strip_prefix(b"//").unwrap_or(text)),
    };
    bound(rest, scheme)
}

/// A registry that a file knows by a name and whose address it does not tell: the name stands for it.
pub(super) fn named(name: &[u8]) -> Option<BoundHost> {
    bound(name, Scheme::Unknown).map(|bound| BoundHost { port: None, path: "/".to_owned(), ..bound })
}

/// Whether the host is one that manuals write and nobody has: RFC 2606, section 3, and the domain of section 2 that is named so.
pub(super) fn is_of_manual(host: &BoundHost) -> bool {
    const RESERVED: [&str; 4] = ["example.com", "example.net", "example.org", "example"];
    let is_below =
        |domain: &&str| host.host.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    RESERVED.iter().any(is_below)
}

/// Whether text is written like a host: with a dot or a port.
pub(super) fn is_address(text: &[u8]) -> bool {
    let host = address(text);
    host.is_some_and(|host| host.host.contains('.') || host.port.is_some() || host.host == "localhost")
}

/// A registry's own path, from the path of a package's file: `/npm/@a/b/-/b-1.0.0.tgz` is below `/npm/`.
pub(super) fn above_package(text: &[u8]) -> &[u8] {
    let cut = |path: &[u8]| memchr::memrchr(b'/', path).unwrap_or(path.len());
    let Some(separator) = memchr::memmem::find(text, b"/-/") else {
        return if text.ends_with(b".tgz") { text.get(..=cut(text)).unwrap_or(text) } else { text };
    };
    let package = text.get(..separator).unwrap_or(text);
    let name = cut(package);
    let above = package.get(..name).unwrap_or(package);
    let scope = cut(above);
    let is_scope = above.get(scope + 1..).is_some_and(|part| part.starts_with(b"@"));
    text.get(..if is_scope { scope + 1 } else { name + 1 }).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_keys_and_urls() {
        use Scheme::{Http, Https, Unknown};
        for (text, scheme, expected) in [
            ("R.invalid/:", Unknown, Some("r.invalid/")),
            ("r.invalid/npm/group:", Unknown, Some("r.invalid/npm/group/")),
            ("r.invalid:4873/:", Unknown, Some("r.invalid:4873/")),
            ("r.invalid:", Unknown, Some("r.invalid/")),
            ("r.invalid:443/", Https, Some("r.invalid/")),
            ("r.invalid:443/", Http, Some("r.invalid:443/")),
            ("r.invalid:80", Http, Some("r.invalid/")),
            ("mia:pw@r.invalid/npm?x=1", Https, Some("r.invalid/npm/")),
            ("[::1]:4873/:", Unknown, Some("[::1]:4873/")),
            ("127.0.0.1:4873", Unknown, Some("127.0.0.1:4873/")),
            ("${HOST}/:", Unknown, None),
            ("r.invalid/${PATH}/:", Unknown, None),
            ("r.invalid:99999/:", Unknown, None),
            ("", Unknown, None),
        ] {
            assert_eq!(bound(text.as_bytes(), scheme).map(|host| host.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn hosts_of_manuals() {
        for (text, expected) in [
            ("example.com", true),
            ("https://npm.Example.org:8443/a", true),
            ("registry.example", true),
            ("notexample.com", false),
            ("example.com.acme.invalid", false),
            ("r.invalid", false),
        ] {
            assert_eq!(address(text.as_bytes()).is_some_and(|host| is_of_manual(&host)), expected, "{text}");
        }
    }

    #[test]
    fn package_files_stand_below_their_registry() {
        for (text, expected) in [
            ("r.invalid/npm/@a/b/-/b-1.0.0.tgz", "r.invalid/npm/"),
            ("r.invalid/b/-/b-1.0.0.tgz", "r.invalid/"),
            ("r.invalid/npm/", "r.invalid/npm/"),
            ("r.invalid/npm/b-1.0.0.tgz", "r.invalid/npm/"),
            ("/-/", "/"),
        ] {
            assert_eq!(above_package(text.as_bytes()), expected.as_bytes(), "{text}");
        }
    }
}
