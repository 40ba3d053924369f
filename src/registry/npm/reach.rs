//! Which packages: what the public search says of a user, what the user's own list says, and what that adds up to.
//!
//! Private packages are in no search, so its numbers are what can be seen and never all there is.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::answers::{Reading, read, text};
use crate::model::{Credential, PackageReach, Reach};
use crate::registry::client::{By, Session};

/// Hits a page, the most that the search gives.
const PAGE: usize = 250;
/// Two thousand packages name the biggest of anybody's; more would only cost time.
const MOST_PAGES: usize = 8;
/// How many packages a report names.
const NAMED: usize = 5;
/// `@scope/name` goes into a path as `@scope%2fname`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'@');

/// One package as a search shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: Option<String>,
    weekly: Option<u64>,
    dependents: Option<u64>,
}

/// The packages of a user, as far as they can be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Packages {
    /// Biggest first.
    pub(super) seen: Vec<Package>,
    /// How many there are: more than seen where the search has more pages than were read.
    total: u64,
    /// Whether the user's own list was readable, which names private packages too.
    pub(super) private_too: bool,
    pub(super) requests: Vec<u32>,
}

/// Escapes one part of a path. `None` where the text would not stay one part.
pub(super) fn part(text: &str) -> Option<String> {
    let fits = !text.is_empty() && text.len() <= 214 && !matches!(text, "." | "..");
    fits.then(|| utf8_percent_encode(text, ESCAPED).to_string().replace("%2F", "%2f"))
}

/// Steps 3 and 7: what anybody may search, and what the credential may list.
pub(super) fn packages(session: &Session<'_>, credential: Option<&Credential>, user: &str) -> Packages {
    let mut packages = search(session, user);
    if let Some((names, request)) = credential.and_then(|credential| own_list(session, credential, user)) {
        let mut known: BTreeMap<String, Package> =
            packages.seen.drain(..).map(|package| (package.name.clone(), package)).collect();
        for (name, writes) in names {
            if writes {
                known.entry(name.clone()).or_insert_with(|| Package { name, ..Package::default() });
            } else {
                known.remove(&name);
            }
        }
        packages.seen = known.into_values().collect();
        // This list is whole, whatever the search counts.
        packages.total = packages.seen.len() as u64;
        packages.private_too = true;
        packages.requests.push(request);
    }
    packages.seen.sort_by(|a, b| b.weekly.cmp(&a.weekly).then_with(|| a.name.cmp(&b.name)));
    packages
}

fn search(session: &Session<'_>, user: &str) -> Packages {
    let mut found = Packages::default();
    let mut names = BTreeSet::new();
    let Some(user_part) = part(user) else { return found };
    for page in 0..MOST_PAGES {
        let path = format!("-/v1/search?text=maintainer:{user_part}&size={PAGE}&from={}", page * PAGE);
        let exchange = session.get(By::Nobody, &path);
        let Reading::Accepted(answer) = read(&exchange) else { break };
        let Some(hits) = answer.get("objects").and_then(Value::as_array) else { break };
        // A server whose search does not know `maintainer:` answers with other people's packages.
        let before = found.seen.len();
        found
            .seen
            .extend(hits.iter().filter_map(|hit| Package::of(hit, user)).filter(|hit| names.insert(hit.name.clone())));
        let count = found.seen.len() - before;
        session.shows(&exchange, &format!("{count} packages of the user"));
        found.requests.push(exchange.id);
        let total = answer.get("total").and_then(Value::as_u64).unwrap_or(0);
        found.total = if count == hits.len() { total.max(names.len() as u64) } else { names.len() as u64 };
        if count == 0 || hits.len() < PAGE || names.len() as u64 >= total {
            break;
        }
    }
    found
}

/// The user's own list with the rights to each package: `read-write`, or `write` on older servers.
fn own_list(session: &Session<'_>, credential: &Credential, user: &str) -> Option<(BTreeMap<String, bool>, u32)> {
    let exchange = session.get(By::Credential(credential), &format!("-/user/{}/package", part(user)?));
    let Reading::Accepted(Value::Object(rights)) = read(&exchange) else { return None };
    let rights: Option<BTreeMap<String, bool>> =
        rights.iter().map(|(name, right)| Some((name.clone(), right.as_str()?.contains("write")))).collect();
    let rights = rights?;
    session.shows(&exchange, &format!("{} packages, private ones included", rights.len()));
    Some((rights, exchange.id))
}

impl Package {
    fn of(hit: &Value, user: &str) -> Option<Self> {
        let package = hit.get("package")?;
        let maintains = package.get("maintainers").and_then(Value::as_array)?.iter().any(|maintainer| {
            [text(maintainer, "username"), text(maintainer, "name"), maintainer.as_str()].contains(&Some(user))
        });
        let number = |value: Option<&Value>| value.and_then(|v| v.as_u64().or_else(|| v.as_str()?.parse().ok()));
        maintains.then_some(())?;
        Some(Self {
            name: text(package, "name")?.to_owned(),
            version: text(package, "version").map(str::to_owned),
            weekly: number(hit.pointer("/downloads/weekly")),
            dependents: number(hit.get("dependents")),
        })
    }
}

impl Packages {
    /// Whether anything can be said from it.
    pub(super) fn says_something(&self) -> bool {
        self.private_too || !self.seen.is_empty()
    }

    /// All of them, together.
    pub(super) fn all(&self) -> Reach {
        Reach { packages: self.total.max(self.seen.len() as u64), ..measure(&self.seen) }
    }

    /// Those of these names; names that are not among the user's packages count too.
    pub(super) fn named<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Reach {
        let names: BTreeSet<&str> = names.into_iter().collect();
        let known: HashMap<&str, &Package> = self.seen.iter().map(|package| (package.name.as_str(), package)).collect();
        let packages: Vec<Package> = names
            .into_iter()
            .map(|name| match known.get(name) {
                Some(package) => (*package).clone(),
                None => Package { name: name.to_owned(), ..Package::default() },
            })
            .collect();
        measure(&packages)
    }

    /// Those below one of these `@scope/`.
    pub(super) fn in_scopes<'s>(&'s self, scopes: &[&str]) -> impl Iterator<Item = &'s str> {
        let scopes: HashSet<&str> = scopes.iter().copied().collect();
        let scope = |name: &'s str| Some(name.strip_prefix('@')?.split_once('/')?.0);
        let names = self.seen.iter().map(|package| package.name.as_str());
        names.filter(move |name| scope(name).is_some_and(|scope| scopes.contains(scope)))
    }
}

fn measure(packages: &[Package]) -> Reach {
    // One unknown number makes the sum a lower bound, which is still better than silence; all unknown is silence.
    let sum = |of: fn(&Package) -> Option<u64>| {
        packages.iter().filter_map(of).fold(None, |sum: Option<u64>, n| Some(sum.unwrap_or(0).saturating_add(n)))
    };
    let mut biggest: Vec<&Package> = packages.iter().collect();
    biggest.sort_by(|a, b| b.weekly.cmp(&a.weekly).then_with(|| a.name.cmp(&b.name)));
    Reach {
        packages: packages.len() as u64,
        weekly_downloads: sum(|package| package.weekly),
        dependents: sum(|package| package.dependents),
        biggest: biggest
            .into_iter()
            .take(NAMED)
            .map(|package| PackageReach { name: package.name.clone(), weekly_downloads: package.weekly })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn hit(name: &str, maintainer: &str, weekly: u64) -> Value {
        json!({"package": {"name": name, "version": "1.0.0", "maintainers": [{"username": maintainer}]},
            "downloads": {"weekly": weekly}, "dependents": "7"})
    }

    #[test]
    fn hits_of_other_people_do_not_count() {
        assert_eq!(Package::of(&hit("a", "bob", 1), "alice"), None);
        assert_eq!(Package::of(&json!({"package": {"name": "a", "maintainers": []}}), "alice"), None);
        let package = Package::of(&hit("a", "alice", 12), "alice").unwrap();
        assert_eq!((package.weekly, package.dependents), (Some(12), Some(7)));
    }

    #[test]
    fn sums_and_the_biggest() {
        let seen: Vec<Package> = (0..7).map(|n| Package::of(&hit(&format!("@s/p{n}"), "a", n), "a").unwrap()).collect();
        let packages = Packages { seen, total: 9, private_too: false, requests: vec![3] };
        let all = packages.all();
        assert_eq!((all.packages, all.weekly_downloads, all.dependents), (9, Some(21), Some(49)));
        let names: Vec<&str> = all.biggest.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["@s/p6", "@s/p5", "@s/p4", "@s/p3", "@s/p2"]);
        let named = packages.named(["@s/p6", "unknown", "@s/p6"]);
        assert_eq!((named.packages, named.weekly_downloads), (2, Some(6)));
        assert_eq!(packages.in_scopes(&["s", "t"]).count(), 7);
        assert_eq!(packages.in_scopes(&["", "@s"]).count(), 0);
    }

    #[test]
    fn parts_of_paths() {
        assert_eq!(part("@a/b").as_deref(), Some("@a%2fb"));
        assert_eq!(part("a b?c#d").as_deref(), Some("a%20b%3Fc%23d"));
        assert_eq!((part(".."), part("."), part("")), (None, None, None));
    }
}
