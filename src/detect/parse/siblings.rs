//! Settings that stand on other lines than the credential: the file's `registry`, and the `username` of each key.

use memchr::memmem;

use super::host::{Scheme, bound};
use super::key::{Key, begins_line, key};
use super::value::{Lines, Link, clear, opening};
use crate::detect::placeholder::is_reference;
use crate::model::BoundHost;

/// Names beyond these are not read: no real file has so many, and a hostile one has no end of them.
const MOST: usize = 4096;
/// How many user names before and after a password are compared with its key.
const NEAREST: usize = 64;

/// What one text says apart from its credentials, each with its place.
#[derive(Debug, Default)]
pub(super) struct Siblings {
    registries: Vec<(usize, BoundHost)>,
    users: Vec<(usize, Key, String)>,
}

impl Siblings {
    pub(super) fn read(bytes: &[u8]) -> Self {
        Self { registries: registries(bytes), users: users(bytes) }
    }

    /// The unscoped `registry`, the one nearest to `at`: a test or a manual may hold many files in one.
    pub(super) fn registry(&self, at: usize) -> Option<BoundHost> {
        let next = self.registries.partition_point(|(place, _)| *place < at);
        let around = self.registries.get(next.saturating_sub(1)..)?.iter().take(2);
        around.min_by_key(|(place, _)| place.abs_diff(at)).map(|(_, host)| host.clone())
    }

    /// The user name under the same key, the one nearest to `at`.
    pub(super) fn user(&self, of: &Key, at: usize) -> Option<String> {
        if *of == Key::Scoped(None) {
            return None;
        }
        let next = self.users.partition_point(|(place, ..)| *place < at);
        let (before, after) = self.users.split_at_checked(next)?;
        let before = before.iter().rev().take(NEAREST).find(|(_, key, _)| key == of);
        let after = after.iter().take(NEAREST).find(|(_, key, _)| key == of);
        before.into_iter().chain(after).min_by_key(|(place, ..)| place.abs_diff(at)).map(|(.., user)| user.clone())
    }
}

fn registries(bytes: &[u8]) -> Vec<(usize, BoundHost)> {
    memmem::find_iter(bytes, b"registry")
        .take(MOST)
        .filter(|at| is_own_word(bytes, *at))
        .filter_map(|at| Some((at, url(bytes, at + b"registry".len())?)))
        .collect()
}

/// Whether `registry` here is the whole name of a setting: not `@scope:registry`, not part of a sentence or another name.
fn is_own_word(bytes: &[u8], at: usize) -> bool {
    begins_line(bytes, at)
        || match bytes.get(..at) {
            Some([.., b'"' | b'\'']) => true,
            Some([.., b'-', b'-']) => true,
            Some([.., b'\\', b'n']) => true,
            Some([.., b' ', b's', b'e', b't', b' ']) => true,
            Some(head) => head.ends_with(b"npm_config_"),
            None => false,
        }
}

/// The URL that is the value of the name ending at `name_end`.
pub(super) fn url(bytes: &[u8], name_end: usize) -> Option<BoundHost> {
    let opening = opening(bytes, name_end, Lines::AfterColon)?;
    let span = clear(bytes, opening)?;
    let value = bytes.get(span)?;
    let (scheme, rest) = match value.strip_prefix(b"https://") {
        Some(rest) => (Scheme::Https, rest),
        None => (Scheme::Http, value.strip_prefix(b"http://")?),
    };
    bound(rest, scheme)
}

/// The user name that is the value of the name ending at `name_end`.
pub(super) fn user(bytes: &[u8], name_end: usize) -> Option<String> {
    let opening = opening(bytes, name_end, Lines::AfterColon).filter(|opening| opening.link == Link::Assigned)?;
    let value = bytes.get(clear(bytes, opening)?)?;
    let value = value.split(|byte| matches!(byte, b';' | b'#')).next()?;
    let value = std::str::from_utf8(value).ok()?.trim();
    (!value.is_empty() && !is_reference(value.as_bytes())).then(|| value.to_owned())
}

fn users(bytes: &[u8]) -> Vec<(usize, Key, String)> {
    memmem::find_iter(bytes, b"username")
        .take(MOST)
        .filter_map(|at| Some((at, key(bytes, at)?, user(bytes, at + b"username".len())?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_of_a_file() {
        for (text, expected) in [
            ("registry=https://r.invalid/npm/\n", Some("r.invalid/npm/")),
            ("a=1\nregistry = \"http://r.invalid:80\"", Some("r.invalid/")),
            ("registry \"https://r.invalid\"", Some("r.invalid/")),
            ("registry=https://a.invalid\n\nregistry=https://b.invalid\n", Some("b.invalid/")),
            ("{\"registry\": \"https://r.invalid/\"}", Some("r.invalid/")),
            ("npm config set registry https://r.invalid/", Some("r.invalid/")),
            ("@mia:registry=https://r.invalid/", None),
            ("the registry: https://r.invalid/", None),
            ("registry=${R}", None),
        ] {
            let found = Siblings::read(text.as_bytes()).registry(text.len()).map(|host| host.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn user_of_the_same_key() {
        let text = b"'--username', '--x', \"username\": name,\n//r.invalid/:username=mia ; hers\n//r.invalid/npm/:username=\"tom\"\nusername=zoe\n//s.invalid/:username=${U}\n";
        let siblings = Siblings::read(text);
        let host =
            |path: &str| Key::Scoped(Some(BoundHost { host: "r.invalid".into(), port: None, path: path.into() }));
        assert_eq!(siblings.user(&host("/"), 99).as_deref(), Some("mia"));
        assert_eq!(siblings.user(&host("/npm/"), 0).as_deref(), Some("tom"));
        assert_eq!(siblings.user(&host("/x/"), 0), None);
        assert_eq!(siblings.user(&Key::Unscoped, 0).as_deref(), Some("zoe"));
        assert_eq!(siblings.user(&Key::Scoped(None), 0), None);
    }
}
