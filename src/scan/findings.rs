//! Hits to findings: one secret, all its places, one finding with the strongest evidence.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::decide;
use crate::model::{
    BoundHost, Companion, Confidence, Credential, Evidence, Finding, Hit, Inspection, Location, Match, ObjectId, Part,
    Place, Proof, RuleSet, Secret, SecretKind, Severity, Unknown,
};

/// Of each part; a secret that stands in more files than this with different names beside it is everybody's.
const MOST_COMPANIONS: usize = 8;

/// What makes two hits the same secret. A password is only the same on the same account.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    registry: usize,
    secret: Secret,
    account: Option<(Option<String>, Option<BoundHost>)>,
}

impl Key {
    fn of(found: &Match, rules: &RuleSet) -> Option<Self> {
        let rule = rules.rules.get(found.rule)?;
        let registry = rules.registries.iter().position(|facts| facts.id == rule.registry)?;
        let account = (found.secret.kind() == SecretKind::Password).then(|| (found.user.clone(), found.host.clone()));
        Some(Self { registry, secret: found.secret.clone(), account })
    }
}

/// Groups the hits of a whole run. The order of the result depends on the hits alone, not on the order they came in.
pub(super) fn gather(hits: Vec<Hit>, rules: &RuleSet) -> Vec<Finding> {
    let mut groups: HashMap<Key, Vec<Hit>> = HashMap::new();
    for hit in hits {
        if let Some(key) = Key::of(&hit.found, rules) {
            groups.entry(key).or_default().push(hit);
        }
    }
    let mut findings: Vec<Finding> = groups.into_values().filter_map(|hits| finding(hits, rules)).collect();
    findings.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint));
    findings
}

/// A finding without a place, from matches that are all of the same secret.
pub(super) fn of_matches(matches: &[Match], rules: &RuleSet) -> Option<Finding> {
    assemble(&matches.iter().collect::<Vec<_>>(), Vec::new(), rules)
}

fn finding(mut hits: Vec<Hit>, rules: &RuleSet) -> Option<Finding> {
    hits.sort_by(|a, b| order(&a.location).cmp(&order(&b.location)).then(a.found.rule.cmp(&b.found.rule)));
    let mut locations: Vec<_> = hits.iter().map(|hit| hit.location.clone()).collect();
    locations.dedup();
    let locations = without_wrappings(locations);
    let matches: Vec<&Match> = hits.iter().map(|hit| &hit.found).collect();
    assemble(&matches, locations, rules)
}

/// Archives that do not compress show their members' text in their own; the place in the member says more.
fn without_wrappings(mut locations: Vec<Location>) -> Vec<Location> {
    fn key<'a>(
        location: &'a Location,
        member: Option<&'a str>,
    ) -> (u8, usize, &'a str, Option<ObjectId>, Option<&'a str>) {
        (place_order(location), location.target, &location.path, location.object(), member)
    }
    let mut wrappings = HashSet::new();
    for location in &locations {
        if let Some(member) = location.member.as_deref() {
            wrappings.insert(key(location, None));
            wrappings.extend(member.match_indices('!').map(|(at, _)| key(location, member.get(..at))));
        }
    }
    let says_less: Vec<bool> =
        locations.iter().map(|location| wrappings.contains(&key(location, location.member.as_deref()))).collect();
    let mut says_less = says_less.into_iter();
    locations.retain(|_| !says_less.next().unwrap_or_default());
    locations
}

/// By path; of the versions of one file the newest first.
fn order(location: &Location) -> impl Ord {
    let Location { target, path, member, region, commit, .. } = location;
    let commit = commit.as_ref().map(|commit| (&commit.time, commit.id));
    (place_order(location), *target, path, member, *region, Reverse(commit), location.object())
}

/// Places that a reader can open at once come first.
fn place_order(location: &Location) -> u8 {
    match location.place {
        Place::Worktree | Place::File | Place::Stdin => 0,
        Place::Staged => 1,
        Place::History { .. } if location.reachable => 2,
        Place::History { .. } => 3,
    }
}

fn assemble(matches: &[&Match], locations: Vec<Location>, rules: &RuleSet) -> Option<Finding> {
    let best = matches.iter().min_by_key(|found| (found.evidence, found.rule))?;
    let rule = rules.rules.get(best.rule)?;
    let hosts: BTreeSet<BoundHost> = matches.iter().filter_map(|found| found.host.clone()).collect();
    let user = matches.iter().filter_map(|found| found.user.clone()).min();
    let mut offline = BTreeMap::new();
    for found in matches {
        offline.extend(found.offline.iter().map(|(word, text)| (word.clone(), text.clone())));
    }
    let credential = Credential {
        registry: rule.registry.clone(),
        secret: best.secret.clone(),
        user,
        hosts,
        self_identifying: best.evidence == Evidence::Checksum,
    };
    Some(Finding {
        fingerprint: decide::fingerprint(&rule.id, &credential),
        rule: best.rule,
        companions: companions(matches, &credential),
        credential,
        evidence: best.evidence,
        offline,
        endpoint: None,
        inspection: Inspection::unknown(Unknown::Offline, Proof::default()),
        severity: Severity::None,
        because: String::new(),
        locations,
        suppressed: None,
    })
}

/// What the files of all places have for the secret, of parts that no grammar binds anything to. Where files say different things, none
/// of them is sure.
fn companions(matches: &[&Match], credential: &Credential) -> Vec<Companion> {
    let is_bound = |part| match part {
        Part::User => credential.user.is_some(),
        Part::Host => !credential.hosts.is_empty(),
        Part::Organization => false,
    };
    let mut known: BTreeMap<Part, BTreeMap<&str, Confidence>> = BTreeMap::new();
    for each in matches.iter().flat_map(|found| &found.companions).filter(|each| !is_bound(each.part)) {
        let surest = known.entry(each.part).or_default().entry(&each.value).or_insert(each.confidence);
        *surest = each.confidence.min(*surest);
    }
    let told = known.into_iter().flat_map(|(part, values)| {
        let is_agreed = values.len() == 1;
        values.into_iter().take(MOST_COMPANIONS).map(move |(value, confidence)| Companion {
            part,
            value: value.to_owned(),
            confidence: if is_agreed { confidence } else { Confidence::Low },
        })
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{Detector, mint, rules};
    use crate::model::{Blob, Commit, ObjectKind, Origin, Region};

    /// Threads bring the versions of a file in any order.
    #[test]
    fn findings_do_not_depend_on_the_order_of_hits() {
        let detector = Detector::new(rules::embedded().unwrap()).unwrap();
        let text = mint::fill("//r.invalid/:_authToken={npm_token}", 1);
        let found = detector.scan(&Blob::whole(Origin::Stdin, text.as_bytes())).remove(0);
        let hit = |version: u8| {
            let id = ObjectId::new(&[version; 20]).unwrap();
            let place = Place::History { id, kind: ObjectKind::Blob };
            let region = Region { line: 1, column: 25, end_line: 1, end_column: 65 };
            let mut location = Location::new(place, ".npmrc".to_owned(), region);
            let time = format!("2026-0{}-01T00:00:00Z", 1 + version % 4);
            location.commit =
                Some(Commit { id, author: "Ada".to_owned(), time, summary: "x".to_owned(), boundary: false });
            Hit { found: found.clone(), location }
        };
        let versions = |order: &[u8]| {
            let findings = gather(order.iter().map(|version| hit(*version)).collect(), detector.rules());
            assert_eq!(findings.len(), 1);
            findings[0].locations.iter().map(|location| location.object().unwrap().as_bytes()[0]).collect::<Vec<_>>()
        };
        // Newest first, and by id where they are of one time.
        assert_eq!(versions(&[0, 1, 2, 3, 4, 5]), [3, 2, 5, 1, 4, 0]);
        assert_eq!(versions(&[5, 3, 1, 4, 2, 0]), [3, 2, 5, 1, 4, 0]);
    }
}
