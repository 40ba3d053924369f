//! Sets findings aside: by a comment on the line, by keyrake.toml, by the baseline.
//!
//! What comes in: graded findings, the allowances of every configuration, the baseline. What goes out: the findings, marked;
//! what nothing used; what the scanned repository's own configuration switched off.
//! What it must never do: drop a finding. It marks, the report lists. And one place that nothing allows keeps the finding.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::baseline::Baseline;
use super::fingerprint::key;
use super::glob::PathGlob;
use super::scope::Scope;
use crate::model::{Code, Finding, Location, Notification, RuleSet, Suppressed, SuppressedBy, SwitchedOff};

/// Who wrote a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The user who runs keyrake named it, with `--config`.
    Given,
    /// It was found in the target: whoever wrote the repository wrote it.
    Discovered,
}

/// Paths that are not looked at.
#[derive(Clone, Debug)]
pub struct Exclude {
    /// Which.
    pub path: PathGlob,
    /// Why.
    pub reason: String,
    /// Where it is written: file and line.
    pub place: String,
}

/// Findings that are known to be harmless. All parts that are given must fit.
#[derive(Clone, Debug)]
pub struct Suppression {
    /// This secret.
    pub fingerprint: Option<String>,
    /// Found by this rule.
    pub rule: Option<String>,
    /// In these files.
    pub path: Option<PathGlob>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub expires: Option<Date>,
    /// Where it is written: file and line.
    pub place: String,
}

/// What one configuration file allows.
#[derive(Clone, Debug)]
pub struct Allowances {
    /// Who wrote it.
    pub trust: Trust,
    /// For a discovered one: the targets that it came with. It says nothing about any other.
    pub targets: BTreeSet<usize>,
    /// Paths that are not looked at.
    pub excludes: Vec<Exclude>,
    /// Findings that are set aside.
    pub suppressions: Vec<Suppression>,
}

impl Allowances {
    /// Whether it is about this target at all.
    pub fn reaches(&self, target: usize) -> bool {
        self.trust == Trust::Given || self.targets.contains(&target)
    }
}

/// What `apply` goes by.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The rules of the run.
    pub rules: &'a RuleSet,
    /// Every configuration.
    pub layers: &'a [Allowances],
    /// The baseline, if one is used.
    pub baseline: Option<&'a Baseline>,
    /// Today, for entries that expire.
    pub today: Date,
    /// How much was searched.
    pub scope: Scope,
}

/// What came of it, besides the marks.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// Expired, misspelt and unused entries.
    pub notifications: Vec<Notification>,
    /// What configurations switched off: every exclude, and the suppressions of discovered ones. An exclude counts the
    /// places in history here; the corridor adds the files that were not opened.
    pub switched_off: Vec<SwitchedOff>,
}

/// Marks what is set aside.
pub fn apply(findings: &mut [Finding], terms: &Terms<'_>) -> Applied {
    let mut entries = entries(terms);
    for finding in findings.iter_mut() {
        finding.suppressed = by_entries(finding, terms.rules, &mut entries).or_else(|| by_baseline(finding, terms));
    }
    let mut applied = Applied::default();
    for entry in &entries {
        applied.notifications.extend(entry.complaint(terms));
        applied.switched_off.extend(entry.switched_off());
    }
    applied.notifications.extend(unused_baseline(findings, terms));
    applied
}

/// An exclude or a suppression, and what it has done so far.
struct Entry<'a> {
    kind: Kind<'a>,
    layer: &'a Allowances,
    /// It fitted a place, whether or not the finding was set aside.
    fitted: bool,
    /// Findings (for an exclude: places) that it set aside.
    count: u64,
}

#[derive(Clone, Copy)]
enum Kind<'a> {
    Exclude(&'a Exclude),
    Suppression(&'a Suppression),
    Expired(&'a Suppression, Date),
}

fn entries<'a>(terms: &Terms<'a>) -> Vec<Entry<'a>> {
    let entry = |kind, layer| Entry { kind, layer, fitted: false, count: 0 };
    let mut all = Vec::new();
    for layer in terms.layers {
        all.extend(layer.excludes.iter().map(|exclude| entry(Kind::Exclude(exclude), layer)));
        all.extend(layer.suppressions.iter().map(|suppression| match suppression.expires {
            Some(last) if last < terms.today => entry(Kind::Expired(suppression, last), layer),
            _ => entry(Kind::Suppression(suppression), layer),
        }));
    }
    all
}

/// Every place must be allowed, each by whatever comes first: its comment, an exclude, a suppression.
fn by_entries(finding: &Finding, rules: &RuleSet, entries: &mut [Entry<'_>]) -> Option<Suppressed> {
    let rule = rules.rules.get(finding.rule).map(|rule| rule.id.as_str());
    let mut grounds: BTreeSet<(SuppressedBy, &str)> = BTreeSet::new();
    let mut used: BTreeMap<usize, u64> = BTreeMap::new();
    let mut all_allowed = true;
    let places: Vec<Option<&Location>> = match finding.locations.as_slice() {
        [] => vec![None],
        some => some.iter().map(Some).collect(),
    };
    for place in places {
        let entry = first_fitting(entries, finding, rule, place);
        match (place.and_then(|place| place.allow.as_deref()), entry) {
            (Some(reason), _) => {
                grounds.insert((SuppressedBy::Inline, reason));
            }
            (None, Some((index, reason))) => {
                grounds.insert((SuppressedBy::Config, reason));
                *used.entry(index).or_default() += 1;
            }
            (None, None) => all_allowed = false,
        }
    }
    let by = grounds.last().map(|(by, _)| *by).filter(|_| all_allowed)?;
    for (index, places) in used {
        if let Some(entry) = entries.get_mut(index) {
            entry.count += if matches!(entry.kind, Kind::Exclude(_)) { places } else { 1 };
        }
    }
    let reasons: BTreeSet<&str> =
        grounds.iter().map(|(_, reason)| *reason).filter(|reason| !reason.is_empty()).collect();
    Some(Suppressed { by, reason: reasons.into_iter().collect::<Vec<_>>().join("; ") })
}

/// The first entry that allows the place. All that do are marked: an entry that another overlaps is not unused.
fn first_fitting<'a>(
    entries: &mut [Entry<'a>],
    finding: &Finding,
    rule: Option<&str>,
    place: Option<&Location>,
) -> Option<(usize, &'a str)> {
    let mut first = None;
    for (index, entry) in entries.iter_mut().enumerate() {
        if entry.fits(finding, rule, place) {
            entry.fitted = true;
            first = first.or(Some((index, entry.kind.reason())));
        }
    }
    first
}

fn by_baseline(finding: &Finding, terms: &Terms<'_>) -> Option<Suppressed> {
    let baseline = terms.baseline.filter(|baseline| baseline.contains(&finding.fingerprint))?;
    Some(Suppressed { by: SuppressedBy::Baseline, reason: format!("known: {}", baseline.origin()) })
}

/// One word for all of them: after a clean-up there may be hundreds.
fn unused_baseline(findings: &[Finding], terms: &Terms<'_>) -> Option<Notification> {
    let baseline = terms.baseline.filter(|_| terms.scope == Scope::Whole)?;
    let gone: Vec<&str> = baseline.gone(findings).collect();
    let (what, first) = match gone.as_slice() {
        [] => return None,
        [only] => ("1 entry matches nothing that was found".to_owned(), *only),
        [first, ..] => (format!("{} entries match nothing that was found, the first", gone.len()), *first),
    };
    Some(Notification::note(
        Code::SuppressionUnused,
        baseline.origin(),
        format!("{what}: {first} (--update-baseline drops what is gone)"),
    ))
}

impl<'a> Kind<'a> {
    fn reason(self) -> &'a str {
        match self {
            Self::Exclude(exclude) => &exclude.reason,
            Self::Suppression(suppression) | Self::Expired(suppression, _) => &suppression.reason,
        }
    }

    fn place(self) -> &'a str {
        match self {
            Self::Exclude(exclude) => &exclude.place,
            Self::Suppression(suppression) | Self::Expired(suppression, _) => &suppression.place,
        }
    }
}

impl Entry<'_> {
    /// Whether it allows the finding at this place (`None`: the finding has none).
    fn fits(&self, finding: &Finding, rule: Option<&str>, place: Option<&Location>) -> bool {
        if !place.is_none_or(|place| self.layer.reaches(place.target)) {
            return false;
        }
        let in_files = |glob: &PathGlob| place.is_some_and(|place| lies_in(place, glob));
        match self.kind {
            Kind::Exclude(exclude) => in_files(&exclude.path),
            Kind::Suppression(Suppression { fingerprint, rule: wanted, path, .. }) => {
                fingerprint
                    .as_deref()
                    .is_none_or(|wanted| key(wanted).is_some() && key(wanted) == key(&finding.fingerprint))
                    && wanted.as_deref().is_none_or(|wanted| Some(wanted) == rule)
                    && path.as_ref().is_none_or(in_files)
            }
            Kind::Expired(..) => false,
        }
    }

    /// What its author should know.
    fn complaint(&self, terms: &Terms<'_>) -> Option<Notification> {
        let (suppression, message) = match self.kind {
            Kind::Exclude(_) => return None,
            Kind::Expired(suppression, last) => (suppression, format!("expired after {last} and no longer applies")),
            Kind::Suppression(suppression) => {
                let unknown_rule = suppression.rule.as_deref().filter(|rule| terms.rules.rule(rule).is_none());
                match unknown_rule {
                    Some(rule) => (suppression, format!("there is no rule `{rule}`")),
                    None if !self.fitted && terms.scope == Scope::Whole => {
                        (suppression, "matches nothing that was found".to_owned())
                    }
                    None => return None,
                }
            }
        };
        let message =
            format!("suppression of {}: {message} (its reason: {})", suppression.subject(), suppression.reason);
        Some(Notification::note(Code::SuppressionUnused, suppression.place.as_str(), message))
    }

    fn switched_off(&self) -> Option<SwitchedOff> {
        let (what, subject) = match self.kind {
            // Whoever gave it excludes too: files that nobody opened stand nowhere else.
            Kind::Exclude(exclude) => ("exclude", exclude.path.as_str().to_owned()),
            _ if self.layer.trust == Trust::Given => return None,
            Kind::Suppression(Suppression { fingerprint: None, path: None, rule: Some(rule), .. }) => {
                ("rule", rule.clone())
            }
            Kind::Suppression(suppression) => ("suppress", suppression.subject()),
            Kind::Expired(..) => return None,
        };
        let in_effect = self.count > 0 || what == "exclude";
        in_effect.then(|| SwitchedOff {
            what,
            subject,
            reason: self.kind.reason().to_owned(),
            count: self.count,
            place: self.kind.place().to_owned(),
        })
    }
}

impl Suppression {
    fn subject(&self) -> String {
        let parts = [
            self.fingerprint.clone(),
            self.rule.as_ref().map(|rule| format!("rule {rule}")),
            self.path.as_ref().map(|path| format!("path {}", path.as_str())),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// An archive's own path counts, and its members as if it were a folder.
fn lies_in(place: &Location, glob: &PathGlob) -> bool {
    glob.matches(&place.path)
        || place.member.is_some() && {
            let whole = place.whole_path();
            glob.matches(&whole) || glob.matches(&whole.replace('!', "/"))
        }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::decide::baseline;
    use crate::model::{
        Credential, Evidence, Inspection, Matcher, Place, Proof, Region, RegistryId, Rule, Secret, SecretKind,
        Severity, Unknown,
    };

    pub(in crate::decide) fn rules() -> RuleSet {
        let rule = |id: &str, summary: &str| Rule {
            id: id.to_owned(),
            registry: RegistryId::new("npm"),
            summary: summary.to_owned(),
            help: String::new(),
            matcher: Matcher::Parser("npmrc".to_owned()),
            literals: Vec::new(),
            evidence: Evidence::Field,
            kind: SecretKind::Token,
            examples: Vec::new(),
            counter_examples: Vec::new(),
            custom: false,
        };
        RuleSet {
            registries: Vec::new(),
            rules: vec![rule("npm-access-token", "npm access token"), rule("npm-uuid", "npm token of the old form")],
        }
    }

    pub(in crate::decide) fn finding(secret: &str, rule: usize, paths: &[&str]) -> Finding {
        let credential = Credential {
            registry: RegistryId::new("npm"),
            secret: Secret::token(format!("{secret}-0123456789abcdefgh")),
            user: None,
            hosts: BTreeSet::new(),
            self_identifying: true,
        };
        let region = Region { line: 1, column: 1, end_line: 1, end_column: 2 };
        Finding {
            fingerprint: super::super::fingerprint(&rules().rules[rule].id, &credential),
            rule,
            credential,
            companions: Vec::new(),
            evidence: Evidence::Checksum,
            offline: BTreeMap::new(),
            endpoint: None,
            inspection: Inspection::unknown(Unknown::Offline, Proof::default()),
            severity: Severity::Medium,
            because: String::new(),
            locations: paths.iter().map(|path| Location::new(Place::Worktree, (*path).to_owned(), region)).collect(),
            suppressed: None,
        }
    }

    fn suppression(fingerprint: Option<&str>, rule: Option<&str>, path: Option<&str>) -> Suppression {
        Suppression {
            fingerprint: fingerprint.map(str::to_owned),
            rule: rule.map(str::to_owned),
            path: path.map(|path| PathGlob::new(path).unwrap()),
            reason: "made up".to_owned(),
            expires: None,
            place: "keyrake.toml:3".to_owned(),
        }
    }

    fn exclude(path: &str) -> Exclude {
        Exclude {
            path: PathGlob::new(path).unwrap(),
            reason: "not ours".to_owned(),
            place: "keyrake.toml:1".to_owned(),
        }
    }

    fn layer(trust: Trust, excludes: Vec<Exclude>, suppressions: Vec<Suppression>) -> Allowances {
        Allowances { trust, targets: BTreeSet::from([0]), excludes, suppressions }
    }

    fn run(findings: &mut [Finding], layers: &[Allowances], baseline: Option<&Baseline>, scope: Scope) -> Applied {
        let today = jiff::civil::date(2026, 11, 24);
        apply(findings, &Terms { rules: &rules(), layers, baseline, today, scope })
    }

    fn by(finding: &Finding) -> Option<(SuppressedBy, &str)> {
        finding.suppressed.as_ref().map(|suppressed| (suppressed.by, suppressed.reason.as_str()))
    }

    #[test]
    fn one_place_that_nothing_allows_keeps_the_finding() {
        let allowed = |paths: &[&str]| {
            let mut finding = finding("token-one", 0, paths);
            for location in finding.locations.iter_mut().filter(|location| location.path.starts_with("allowed")) {
                location.allow = Some("example".to_owned());
            }
            finding
        };
        let config = [layer(Trust::Given, vec![exclude("vendor/")], vec![suppression(None, None, Some("test/"))])];
        type Case<'a> = (&'a [&'a str], Option<(SuppressedBy, &'a str)>);
        let cases: [Case<'_>; 8] = [
            (&["allowed"], Some((SuppressedBy::Inline, "example"))),
            (&["allowed", "src"], None),
            (&["vendor/a", "vendor/b"], Some((SuppressedBy::Config, "not ours"))),
            (&["vendor/a", "src"], None),
            (&["test/a"], Some((SuppressedBy::Config, "made up"))),
            (&["allowed", "vendor/a", "test/a"], Some((SuppressedBy::Config, "example; made up; not ours"))),
            (&[""], None),
            (&[], None),
        ];
        for (paths, expected) in cases {
            let mut findings = [allowed(paths)];
            run(&mut findings, &config, None, Scope::Part);
            assert_eq!(by(&findings[0]), expected, "{paths:?}");
        }
    }

    #[test]
    fn every_part_of_a_suppression_must_fit() {
        let one = finding("token-one", 0, &[]).fingerprint;
        let other_rule = one.replace("npm-access-token", "npm-uuid");
        let cases = [
            (suppression(Some(&one), None, None), true),
            (suppression(Some(&other_rule), None, None), true),
            (suppression(Some(&finding("token-two", 0, &[]).fingerprint), None, None), false),
            (suppression(None, Some("npm-access-token"), None), true),
            (suppression(None, Some("npm-uuid"), None), false),
            (suppression(Some(&one), Some("npm-access-token"), Some("src/")), true),
            (suppression(Some(&one), Some("npm-access-token"), Some("docs/")), false),
            (suppression(Some(&one), Some("npm-uuid"), Some("src/")), false),
        ];
        for (suppression, expected) in cases {
            let label = format!("{suppression:?}");
            let mut findings = [finding("token-one", 0, &["src/a", "src/b"])];
            run(&mut findings, &[layer(Trust::Given, Vec::new(), vec![suppression])], None, Scope::Whole);
            assert_eq!(findings[0].suppressed.is_some(), expected, "{label}");
        }
    }

    #[test]
    fn what_is_expired_misspelt_or_unused_is_said() {
        let expired = Suppression {
            expires: Some(jiff::civil::date(2026, 11, 23)),
            ..suppression(None, Some("npm-access-token"), None)
        };
        let last_day =
            Suppression { expires: Some(jiff::civil::date(2026, 11, 24)), ..suppression(None, Some("npm-uuid"), None) };
        let suppressions =
            vec![expired, last_day, suppression(None, Some("npm-typo"), None), suppression(None, None, Some("old/"))];
        let layers = [layer(Trust::Given, Vec::new(), suppressions)];
        let mut findings = [finding("token-one", 0, &["a"]), finding("token-two", 1, &["a"])];
        let applied = run(&mut findings, &layers, None, Scope::Whole);
        assert_eq!([by(&findings[0]), by(&findings[1])], [None, Some((SuppressedBy::Config, "made up"))]);
        let said: Vec<&str> = applied.notifications.iter().map(|notification| notification.message.as_str()).collect();
        assert_eq!(
            said,
            [
                "suppression of rule npm-access-token: expired after 2026-11-23 and no longer applies (its reason: made up)",
                "suppression of rule npm-typo: there is no rule `npm-typo` (its reason: made up)",
                "suppression of path old/: matches nothing that was found (its reason: made up)",
            ]
        );
        assert!(applied.notifications.iter().all(|notification| notification.place == "keyrake.toml:3"));
        assert_eq!(run(&mut findings, &layers, None, Scope::Part).notifications.len(), 2);
        assert!(applied.switched_off.is_empty());
    }

    #[test]
    fn what_a_discovered_configuration_switches_off_is_listed() {
        let suppressions = vec![
            suppression(None, Some("npm-uuid"), None),
            suppression(None, Some("npm-access-token"), Some("test/")),
            suppression(None, None, Some("unused/")),
        ];
        let layers = [layer(Trust::Discovered, vec![exclude("vendor/"), exclude("gone/")], suppressions)];
        let mut findings = [
            finding("token-one", 1, &["a"]),
            finding("token-two", 1, &["b", "c"]),
            finding("token-three", 0, &["test/a", "vendor/b", "vendor/c"]),
            finding("token-four", 0, &["test/a", "src/b"]),
        ];
        let listed: Vec<String> = run(&mut findings, &layers, None, Scope::Whole)
            .switched_off
            .iter()
            .map(|off| format!("{} {} {} ({})", off.what, off.subject, off.count, off.reason))
            .collect();
        assert_eq!(
            listed,
            [
                "exclude vendor/ 2 (not ours)",
                "exclude gone/ 0 (not ours)",
                "rule npm-uuid 2 (made up)",
                "suppress rule npm-access-token, path test/ 1 (made up)",
            ]
        );
    }

    #[test]
    fn a_discovered_configuration_says_nothing_about_another_target() {
        let lists = || (vec![exclude("vendor/")], vec![suppression(None, Some("npm-uuid"), None)]);
        for (trust, target, set_aside) in
            [(Trust::Discovered, 0, true), (Trust::Discovered, 1, false), (Trust::Given, 1, true)]
        {
            let (excludes, suppressions) = lists();
            let mut findings = [finding("token-one", 0, &["vendor/a"]), finding("token-two", 1, &[""])];
            for location in findings.iter_mut().flat_map(|finding| &mut finding.locations) {
                location.target = target;
            }
            run(&mut findings, &[layer(trust, excludes, suppressions)], None, Scope::Whole);
            assert_eq!(findings.map(|finding| finding.suppressed.is_some()), [set_aside; 2], "{trust:?} {target}");
        }
    }

    #[test]
    fn the_baseline_comes_last_and_says_what_is_gone() {
        let known =
            [finding("token-one", 0, &["a"]), finding("token-two", 0, &["a"]), finding("token-gone", 0, &["a"])];
        let baseline = baseline::parse(&baseline::render(None, &known, &rules(), Scope::Whole), "known.txt").unwrap();
        let mut findings = [
            finding("token-one", 0, &["moved"]),
            finding("token-two", 0, &["test/a"]),
            finding("token-new", 0, &["a"]),
        ];
        let layers = [layer(Trust::Given, Vec::new(), vec![suppression(None, None, Some("test/"))])];
        let applied = run(&mut findings, &layers, Some(&baseline), Scope::Whole);
        assert_eq!(
            findings.iter().map(by).collect::<Vec<_>>(),
            [Some((SuppressedBy::Baseline, "known: known.txt")), Some((SuppressedBy::Config, "made up")), None]
        );
        let gone = &known[2].fingerprint;
        assert_eq!(
            applied.notifications,
            [Notification::note(
                Code::SuppressionUnused,
                "known.txt",
                format!("1 entry matches nothing that was found: {gone} (--update-baseline drops what is gone)"),
            )]
        );
        assert!(run(&mut findings, &layers, Some(&baseline), Scope::Part).notifications.is_empty());
    }
}
