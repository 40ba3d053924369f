//! What belongs to a secret and stands in a variable of the same file: whose it is, where it is used.
//!
//! In: a text, what was found in it, and the names that registries know. Out: the same, each with the companions that the text has for
//! it and that its own grammar did not name. A companion only informs; that there is none never hides a secret.

use std::collections::HashMap;
use std::ops::Range;

use aho_corasick::AhoCorasick;

use super::bound::Owners;
use super::decode;
use super::parse::names::{self, Names, identifier, in_base64};
use super::parse::{Text, address_of, login_user, user_name};
use crate::model::{BoundHost, Companion, Confidence, Match, Part, RegistryId, RuleSet};

/// Words of which every name holds one, in any case.
const CORES: [&str; 17] = [
    "user",
    "login",
    "account",
    "org",
    "namespace",
    "owner",
    "project",
    "publisher",
    "key",
    "issuer",
    "client",
    "url",
    "host",
    "server",
    "registry",
    "endpoint",
    "source",
];
/// What stands further away is another file's: a bundle or a manual holds many.
const REACH: usize = 16 << 10;
/// Longer names are nobody's.
const LONGEST: usize = 256;
/// Whose it is where somebody logs in without naming a host.
const DEFAULT: &str = "docker";
/// What stands for a user where the token says whose it is.
const NOBODY: [&[u8]; 4] = [b"__token__", b"oauth2", b"token", b"x-access-token"];

/// Whether the name is seen when a text is looked through.
pub(crate) fn is_anchored(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    CORES.iter().any(|core| name.contains(core))
}

/// The names of all registries.
#[derive(Debug)]
pub(crate) struct Companions {
    names: Names,
    /// What each name of `names` says, of whose secrets.
    says: Vec<(RegistryId, Part)>,
    cores: Option<AhoCorasick>,
}

/// What one text says for the secrets of one registry, in order of place.
#[derive(Default)]
struct Settings {
    values: Vec<Setting>,
}

struct Setting {
    at: usize,
    value: String,
    /// How many times before it a value followed on another: between two of one number all are the same.
    changes: usize,
}

impl Companions {
    /// Takes the names that the registries know.
    pub(crate) fn new(rules: &RuleSet) -> Self {
        let mut names = Names::default();
        let mut says = Vec::new();
        for facts in &rules.registries {
            for (part, name) in &facts.companions {
                names.add(name, says.len());
                says.push((facts.id.clone(), *part));
            }
        }
        let cores = AhoCorasick::builder().ascii_case_insensitive(true).build(CORES).ok();
        Self { names, says, cores }
    }

    /// Adds to each match what the text has for it.
    pub(crate) fn add(&self, text: &Text<'_>, rules: &RuleSet, owners: &Owners, found: &mut [Match]) {
        let near: Vec<Range<usize>> =
            found.iter().filter(|each| self.lacks(rules, each)).map(|each| around(each, text.bytes.len())).collect();
        if near.is_empty() {
            return;
        }
        let owner = |host: Option<&BoundHost>| match host {
            Some(host) => rules.rules.get(owners.rule(host)?).map(|rule| rule.registry.clone()),
            None => Some(RegistryId::new(DEFAULT)),
        };
        let settings = self.settings(text, joined(near), owner);
        for each in found {
            let Some(rule) = rules.rules.get(each.rule) else { continue };
            for part in missing(each) {
                let Some(said) = settings.get(&(rule.registry.clone(), part)) else { continue };
                each.companions.extend(said.nearest(text, each, part));
            }
        }
    }

    /// Whether something may be said of the match that its grammar did not.
    fn lacks(&self, rules: &RuleSet, found: &Match) -> bool {
        let rule = rules.rules.get(found.rule);
        let is_known = |part| rule.is_some_and(|rule| self.says.contains(&(rule.registry.clone(), part)));
        missing(found).any(is_known)
    }

    /// Everything that the ranges say, for every registry. `owner`: whose a host is that somebody logs in to.
    fn settings(
        &self,
        text: &Text<'_>,
        ranges: Vec<Range<usize>>,
        owner: impl Fn(Option<&BoundHost>) -> Option<RegistryId>,
    ) -> HashMap<(RegistryId, Part), Settings> {
        let mut settings: HashMap<(RegistryId, Part), Settings> = HashMap::new();
        let mut done = 0;
        for range in ranges {
            let bytes = text.bytes.get(range.clone()).unwrap_or_default();
            for hit in self.cores.iter().flat_map(|cores| cores.find_iter(bytes)) {
                let hit = range.start + hit.start()..range.start + hit.end();
                if hit.start < done {
                    continue;
                }
                if let Some((user, host)) = login_user(text, &hit)
                    && let Some(registry) = owner(host.as_ref())
                    && let Ok(user) = std::str::from_utf8(user)
                {
                    settings.entry((registry, Part::User)).or_default().push(hit.start, user);
                }
                let Some(name) = identifier(text.bytes, &hit) else { continue };
                done = name.end;
                for (says, value) in self.said(text, &name) {
                    settings.entry(says.clone()).or_default().push(name.start, value);
                }
            }
        }
        settings
    }

    /// What the variable of this name says.
    fn said<'t>(
        &self,
        text: &Text<'t>,
        name: &Range<usize>,
    ) -> impl Iterator<Item = (&(RegistryId, Part), &'t str)> + use<'_, 't> {
        let known = self.names.rules(text.bytes.get(name.clone()).unwrap_or_default());
        let value = if known.is_empty() { None } else { names::setting(text, name) };
        let value = value.filter(|value| value.len() <= LONGEST).and_then(|value| std::str::from_utf8(value).ok());
        known.iter().filter_map(move |index| Some((self.says.get(*index)?, value?)))
    }
}

impl Settings {
    fn push(&mut self, at: usize, value: &str) {
        let changes = match self.values.last() {
            Some(last) => last.changes + usize::from(last.value != value),
            None => 0,
        };
        self.values.push(Setting { at, value: value.to_owned(), changes });
    }

    /// The value nearest to the match, and how sure it is.
    fn nearest(&self, text: &Text<'_>, found: &Match, part: Part) -> Option<Companion> {
        let at = found.span.start;
        let within = around(found, usize::MAX);
        let is_other = |each: &&Setting| each.value.as_bytes() != found.secret.expose();
        let first = self.values.partition_point(|each| each.at < within.start);
        let next = self.values.partition_point(|each| each.at < at);
        let end = self.values.partition_point(|each| each.at < within.end);
        let near = self.values.get(first..end)?;
        let beside = self.values.get(next.saturating_sub(1).max(first)..end.min(next + 1))?;
        let nearest = beside.iter().filter(is_other).min_by_key(|each| each.at.abs_diff(at))?;
        let is_agreed = near.first()?.changes == near.last()?.changes;
        let raw = nearest.value.as_bytes();
        // In a secret of Kubernetes all values are in base64.
        let decoded = is_in_base64(text.bytes, found).then(|| decode::base64(raw)).flatten();
        let decoded = decoded.filter(|decoded| decoded.iter().all(u8::is_ascii_graphic));
        Some(Companion {
            part,
            value: told(part, decoded.as_deref().unwrap_or(raw))?,
            confidence: if is_agreed { Confidence::Medium } else { Confidence::Low },
        })
    }
}

/// What of a match neither its grammar nor an inner text has named.
fn missing(found: &Match) -> impl Iterator<Item = Part> + use<> {
    let user = found.user.is_none().then_some(Part::User);
    let host = found.host.is_none().then_some(Part::Host);
    let known: Vec<Part> = found.companions.iter().map(|known| known.part).collect();
    user.into_iter().chain([Part::Organization]).chain(host).filter(move |part| !known.contains(part))
}

fn around(found: &Match, length: usize) -> Range<usize> {
    found.span.start.saturating_sub(REACH)..found.span.end.saturating_add(REACH).min(length)
}

/// Ranges that are in order, as few as they can be.
fn joined(ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// The value as reports have it: an address without its scheme and without what may be secret in it.
fn told(part: Part, value: &[u8]) -> Option<String> {
    match part {
        Part::User | Part::Organization => user_name(value).filter(|_| !NOBODY.contains(&value)),
        Part::Host => address_of(value).map(|host| host.to_string().trim_end_matches('/').to_owned()),
    }
}

fn is_in_base64(bytes: &[u8], found: &Match) -> bool {
    let decoded = bytes.get(found.span.clone()).and_then(in_base64);
    decoded.is_some_and(|decoded| decoded == found.secret.expose())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{Detector, mint, rules};
    use std::sync::LazyLock;

    use crate::model::{Blob, Origin};

    static DETECTOR: LazyLock<Detector> = LazyLock::new(|| Detector::new(rules::embedded().unwrap()).unwrap());

    fn scan(text: &str) -> Vec<Match> {
        DETECTOR.scan(&Blob::whole(Origin::Stdin, text.as_bytes()))
    }

    fn told(text: &str) -> Vec<String> {
        let word = |each: &Companion| format!("{} {} {}", each.part.as_str(), each.value, each.confidence.as_str());
        let words = |found: &Match| found.companions.iter().map(word).collect::<Vec<_>>().join(", ");
        scan(&mint::fill(text, 3)).iter().map(words).collect()
    }

    #[test]
    fn variables_of_the_same_file_say_whose_it_is() {
        for (text, expected) in [
            ("DOCKERHUB_USERNAME=mia\nDOCKERHUB_TOKEN={docker_pat}\n", "user mia medium"),
            ("env:\n  DOCKERHUB_TOKEN: {docker_pat}\n  DOCKERHUB_USERNAME: mia\n", "user mia medium"),
            ("STAGING_DOCKERHUB_USERNAME=\"mia\"\nx='{docker_pat}'", "user mia medium"),
            ("DOCKERHUB_USERNAME: mia\n~\nDOCKERHUB_TOKEN: {docker_pat}\nDOCKERHUB_USERNAME: tom", "user tom low"),
            ("DOCKERHUB_USERNAME=mia\nDOCKERHUB_USERNAME=mia\nDOCKERHUB_TOKEN={docker_pat}", "user mia medium"),
            ("data:\n  DOCKERHUB_USERNAME: bWlh\n  DOCKERHUB_TOKEN: {base64:{docker_pat}}\n", "user mia medium"),
            ("const dockerhubUsername = 'mia';\nconst dockerhubToken = '{docker_pat}';", "user mia medium"),
            (
                "- name: DOCKERHUB_USERNAME\n  value: mia\n- name: DOCKERHUB_TOKEN\n  value: {docker_pat}",
                "user mia medium",
            ),
            ("ENV DOCKERHUB_USERNAME mia\nENV DOCKERHUB_TOKEN {docker_pat}", "user mia medium"),
            ("DOCKERHUB_USERNAME: ${{ secrets.DOCKERHUB_USERNAME }}\nDOCKERHUB_TOKEN: {docker_pat}", ""),
            ("DOCKERHUB_USERNAME=$USER\nDOCKERHUB_TOKEN={docker_pat}", ""),
            ("DOCKERHUB_USERNAME=<your name>\nDOCKERHUB_TOKEN={docker_pat}", ""),
            ("dockerhubUsername: string;\nDOCKERHUB_TOKEN={docker_pat}", ""),
            ("dockerhubUsername = getUser()\nDOCKERHUB_TOKEN={docker_pat}", ""),
            ("DOCKERHUB_USERNAME=mia DOCKERHUB_TOKEN={docker_pat}", "user mia medium"),
            ("docker login -u mia -p \"$DOCKERHUB_TOKEN\"\nDOCKERHUB_TOKEN={docker_pat}", "user mia medium"),
            ("echo $T | docker login --username mia --password-stdin\nT={docker_pat}", "user mia medium"),
            (
                "- uses: docker/login-action@v3\n  with:\n    username: mia\n    password: ${{ env.T }}\nT={docker_pat}",
                "user mia medium",
            ),
            ("- uses: docker/login-action@v3\n  with:\n    registry: quay.io\n    username: mia\nT={docker_pat}", ""),
            ("docker login -u mia quay.io\nT={docker_pat}", ""),
            ("docker login -u mia ghcr.io\nDOCKERHUB_USERNAME=tom\nT={docker_pat}", "user tom medium"),
            ("docker login -u mia $HOST\nT={docker_pat}", ""),
            ("docker login -u $U --password-stdin\nT={docker_pat}", ""),
            ("QUAY_USERNAME=mia\nDOCKERHUB_TOKEN={docker_pat}", ""),
            ("docker login -u mia -p {docker_pat}\nDOCKERHUB_USERNAME=tom", ""),
        ] {
            assert_eq!(told(&text.replace('~', &"#\n".repeat(9))), [expected], "{text}");
        }
    }

    #[test]
    fn what_stands_far_away_is_another_files() {
        for (gap, expected) in [(REACH - 99, "user mia medium"), (REACH, "")] {
            let text = format!("DOCKERHUB_USERNAME=mia\n{}\nDOCKERHUB_TOKEN={{docker_pat}}", "#".repeat(gap));
            assert_eq!(told(&text), [expected], "{gap}");
        }
    }

    #[test]
    fn a_secret_is_not_its_own_companion() {
        assert_eq!(told("DOCKERHUB_USERNAME={docker_pat}\nDOCKERHUB_TOKEN={docker_pat}"), ["", ""]);
        let half = told("gradle.publish.key={hex32}\ngradle.publish.secret={alnum32}\n");
        assert!(half[0].is_empty() && half[1].starts_with("user ") && half[1].ends_with(" medium"), "{half:?}");
    }

    #[test]
    fn hosts_and_organizations() {
        let gitlab =
            "CI_SERVER_URL=https://git.acme.invalid:8443/\nCI_DEPLOY_USER=ci\nCI_DEPLOY_PASSWORD={gitlab_deploy}";
        let twice = "QUAY_ORG: acme\nQUAY_TOKEN: {opaque}\nQUAY_NAMESPACE: tools";
        for (text, expected) in [
            (gitlab, "user ci medium, host git.acme.invalid:8443 medium"),
            ("GITLAB_HOST: git.acme.invalid\nx: {gitlab_token}", "host git.acme.invalid medium"),
            ("GITLAB_URL=https://mia:Kestrel-1@git.acme.invalid/a\nx={gitlab_token}", "host git.acme.invalid/a medium"),
            ("GITLAB_URL=$URL\nx={gitlab_token}", ""),
            (twice, "organization acme low"),
            ("QUAY_USERNAME: 'acme+robot'\nQUAY_TOKEN: {opaque}", "user acme+robot medium"),
            ("QUAY_USERNAME: '$oauthtoken'\nQUAY_TOKEN: {opaque}", "user $oauthtoken medium"),
            ("TWINE_USERNAME=__token__\nTWINE_PASSWORD={pypi_token}", ""),
        ] {
            assert_eq!(told(text), [expected], "{text}");
        }
    }

    #[test]
    fn every_name_of_every_registry_is_read() {
        for (facts, (part, name)) in
            DETECTOR.rules().registries.iter().flat_map(|facts| facts.companions.iter().map(move |each| (facts, each)))
        {
            let line = format!("{}=acme.invalid\n\n", name.replace('*', "MIA"));
            let of_registry = DETECTOR.rules().rules.iter().filter(|rule| rule.registry == facts.id);
            let mut examples = of_registry.flat_map(|rule| rule.examples.iter().map(move |text| (rule, text)));
            let is_read = examples.any(|(rule, text)| {
                let found = scan(&(line.clone() + &rules::filled(text, 1, rule, DETECTOR.rules())));
                let told = found.iter().flat_map(|found| &found.companions);
                told.into_iter().any(|each| each.part == *part && each.value == "acme.invalid")
            });
            assert!(is_read, "{name}");
        }
    }

    #[test]
    fn text_of_nothing_but_names_and_secrets_takes_no_more_than_its_share() {
        let line = "DOCKERHUB_USERNAME=mia\nDOCKERHUB_USERNAME=tom\nDOCKERHUB_TOKEN={docker_pat}\n";
        let found = told(&line.repeat(2000));
        assert_eq!((found.len(), found[1000].as_str()), (2000, "user mia low"));
    }
}
