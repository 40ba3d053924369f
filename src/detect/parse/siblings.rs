//! Settings that stand on other lines than the credential: the file's `registry`, the variables that set it, and the `username` of
//! each key.

use memchr::memmem;

use super::host::{Scheme, bound};
use super::key::{Key, begins_line, key};
use super::value::{Lines, Link, clear, opening};
use crate::detect::placeholder::is_reference;
use crate::model::BoundHost;

/// Names beyond these are not read: no real file has so many, and a hostile one has no end of them.
const MOST: usize = 4096;
const LONGEST_NAME: usize = 64;
/// A registry further away is another file's: a manual or a test holds many. The longest thing between is a certificate.
const REACH: usize = 16 << 10;
/// How many user names before and after a password are compared with its key.
const NEAREST: usize = 64;

/// What one text says apart from its credentials, each with its place.
#[derive(Debug, Default)]
pub(super) struct Siblings {
    registries: Vec<(usize, BoundHost)>,
    variables: Vec<(usize, BoundHost)>,
    users: Vec<(usize, Key, String)>,
}

impl Siblings {
    pub(super) fn read(bytes: &[u8]) -> Self {
        Self { registries: registries(bytes), variables: variables(bytes), users: users(bytes) }
    }

    /// The unscoped `registry`, the one nearest to `at`: a test or a manual may hold many files in one.
    pub(super) fn registry(&self, at: usize) -> Option<BoundHost> {
        let settings = nearest(&self.registries, at).into_iter().chain(nearest(&self.variables, at));
        settings.min_by_key(|(place, _)| place.abs_diff(at)).map(|(_, host)| host.clone())
    }

    /// The nearest variable that names a registry, such as `NPM_REGISTRY_URL`.
    pub(super) fn variable(&self, at: usize) -> Option<BoundHost> {
        nearest(&self.variables, at).map(|(_, host)| host.clone())
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

fn nearest(settings: &[(usize, BoundHost)], at: usize) -> Option<&(usize, BoundHost)> {
    let next = settings.partition_point(|(place, _)| *place < at);
    let around = settings.get(next.saturating_sub(1)..)?.iter().take(2);
    around.min_by_key(|(place, _)| place.abs_diff(at)).filter(|(place, _)| place.abs_diff(at) <= REACH)
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
            Some([.., b'"' | b'\'' | b'`']) => true,
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
    // A link in Markdown: [`registry`](https://…).
    if bytes.get(name_end..opening.at)?.ends_with(b"](") {
        return None;
    }
    let value = bytes.get(clear(bytes, opening)?)?;
    let (scheme, rest) = match value.strip_prefix(b"https://") {
        Some(rest) => (Scheme::Https, rest),
        None => (Scheme::Http, value.strip_prefix(b"http://")?),
    };
    bound(rest, scheme)
}

/// The user name that is the value of the name ending at `name_end`, if it is tied to it so strongly.
pub(super) fn user(bytes: &[u8], name_end: usize, least: Link) -> Option<String> {
    let opening = opening(bytes, name_end, Lines::AfterColon)
        .filter(|opening| opening.link == Link::Assigned || opening.link == least)?;
    let value = bytes.get(clear(bytes, opening)?)?;
    let value = value.split(|byte| matches!(byte, b';' | b'#')).next()?;
    let value = std::str::from_utf8(value).ok()?.trim();
    (!value.is_empty() && !is_reference(value.as_bytes())).then(|| value.to_owned())
}

/// `NPM_CONFIG_REGISTRY`, `YARN_NPM_REGISTRY_SERVER` and their like.
fn variables(bytes: &[u8]) -> Vec<(usize, BoundHost)> {
    memmem::find_iter(bytes, b"REGISTRY").take(MOST).filter_map(|at| Some((at, variable(bytes, at)?))).collect()
}

fn variable(bytes: &[u8], at: usize) -> Option<BoundHost> {
    let is_name = |byte: &&u8| byte.is_ascii_uppercase() || **byte == b'_';
    let head = bytes.get(at.saturating_sub(LONGEST_NAME)..at)?;
    let head = head.get(head.len() - head.iter().rev().take_while(is_name).count()..)?;
    memmem::find(head, b"NPM")?;
    let end = at + b"REGISTRY".len();
    let tail = bytes.get(end..)?.iter().take(LONGEST_NAME).take_while(is_name).count();
    matches!(bytes.get(end..end + tail)?, b"" | b"_URL" | b"_SERVER").then(|| url(bytes, end + tail))?
}

fn users(bytes: &[u8]) -> Vec<(usize, Key, String)> {
    let lower = memmem::find_iter(bytes, b"username").take(MOST);
    let upper = memmem::find_iter(bytes, b"USERNAME").take(MOST);
    let mut users: Vec<_> = lower.chain(upper).filter_map(|at| Some((at, key(bytes, at)?))).collect();
    users.sort_unstable_by_key(|(at, _)| *at);
    let with_name = users.into_iter().filter_map(|(at, key)| {
        // `npm config set //host/:username NAME`; without a host it is a sentence.
        let least = if matches!(key, Key::Scoped(Some(_))) { Link::Space } else { Link::Assigned };
        let name = user(bytes, at + b"username".len(), least)?;
        Some((at, key, name))
    });
    with_name.collect()
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
            ("`registry=https://r.invalid/", Some("r.invalid/")),
            ("\u{feff}registry=https://r.invalid/", Some("r.invalid/")),
            ("x\0\0registry=https://r.invalid/", Some("r.invalid/")),
            ("NPM_CONFIG_REGISTRY=https://r.invalid/", Some("r.invalid/")),
            ("export YARN_NPM_REGISTRY_SERVER=\"https://r.invalid\"", Some("r.invalid/")),
            ("NPM_REGISTRY_URL: https://r.invalid/npm", Some("r.invalid/npm/")),
            ("DOCKER_REGISTRY=https://r.invalid/", None),
            ("[`registry`](https://r.invalid/)", None),
            ("NPM_REGISTRY_TOKEN=https://r.invalid/", None),
        ] {
            let found = Siblings::read(text.as_bytes()).registry(text.len()).map(|host| host.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_registry_far_away_is_another_files() {
        let text = format!("registry=https://r.invalid/\nca={}\n_auth", "x".repeat(20_000));
        assert!(Siblings::read(text.as_bytes()).registry(text.len()).is_none());
        assert!(Siblings::read(text.as_bytes()).registry(9_000).is_some());
    }

    #[test]
    fn user_of_the_same_key() {
        let text = b"'--username', '--x', \"username\": name,\n//r.invalid/:username=mia ; hers\n//r.invalid/npm/:username=\"tom\"\nusername=zoe\n//s.invalid/:username=${U}\nnpm set //t.invalid/:username ann\nthe username of\n";
        let siblings = Siblings::read(text);
        let host =
            |path: &str| Key::Scoped(Some(BoundHost { host: "r.invalid".into(), port: None, path: path.into() }));
        assert_eq!(siblings.user(&host("/"), 99).as_deref(), Some("mia"));
        assert_eq!(siblings.user(&host("/npm/"), 0).as_deref(), Some("tom"));
        assert_eq!(siblings.user(&host("/x/"), 0), None);
        let other = Key::Scoped(Some(BoundHost { host: "t.invalid".into(), port: None, path: "/".into() }));
        assert_eq!(siblings.user(&other, 0).as_deref(), Some("ann"));
        assert_eq!(siblings.user(&Key::Unscoped, 0).as_deref(), Some("zoe"));
        assert_eq!(siblings.user(&Key::Scoped(None), 0), None);
    }
}
