//! A report's findings with their secrets again. A report shows no secret, so each is read where it was found, and its
//! fingerprint proves that it is the one.
//!
//! The report may be anybody's: it only says where to look. What a finding is, and whose, is what the detector says of the
//! place itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::detect::Detector;
use crate::git::{Kind, Repo};
use crate::model::{Blob, Finding, Location, Match, ObjectId, ObjectKind, Origin, Place, Reported, RuleSet};
use crate::revoke::Subject;
use crate::source::{Directory, Sink as _, Source as _, Staged, Unpacking};

use super::collect::{Collector, Progress};
use super::until::Until;
use super::{findings, place};

/// What came of looking for a report's secrets.
#[derive(Debug)]
pub struct Recovered {
    /// Found again, with their secrets.
    pub findings: Vec<Finding>,
    /// Not found again.
    pub missing: Vec<Reported>,
    /// The targets of the report, below which its places are.
    pub targets: Vec<String>,
}

/// Looks for each finding at the places the report names. Relative targets start from the current directory.
pub fn recover(reported: Vec<Reported>, detector: &Detector) -> Recovered {
    let again = look(&reported, detector);
    let targets = reported.first().map(|first| first.targets.clone()).unwrap_or_default();
    let mut recovered = Recovered { findings: Vec::new(), missing: Vec::new(), targets };
    for finding in reported {
        let found = with_value(&finding, detector.rules()).or_else(|| again.get(&finding.fingerprint).cloned());
        match found {
            Some(found) => recovered.findings.push(Finding {
                locations: finding.locations,
                suppressed: finding.suppressed,
                ..found
            }),
            None => recovered.missing.push(finding),
        }
    }
    recovered
}

/// What a report alone gives for a revocation: enough for an owner's session to recognise the token in its list.
pub fn without_secret(reported: Reported) -> Option<Subject> {
    let (head, tail) = reported.redacted.split_once('…')?;
    Some(Subject::Report {
        head: head.to_owned(),
        tail: tail.to_owned(),
        endpoint: reported.endpoint?,
        fingerprint: reported.fingerprint,
        registry: reported.registry,
    })
}

/// A report with raw secrets needs no looking; its fingerprint must agree with the secret all the same.
fn with_value(reported: &Reported, rules: &RuleSet) -> Option<Finding> {
    let secret = reported.value.clone()?;
    let rule = rules.rules.iter().position(|rule| rule.id == reported.rule)?;
    let evidence = rules.rules.get(rule)?.evidence;
    let hosts = reported.hosts.iter().cloned().map(Some).chain(reported.hosts.is_empty().then_some(None));
    let matches: Vec<Match> = hosts
        .map(|host| Match {
            rule,
            span: 0..secret.len(),
            secret: secret.clone(),
            user: reported.user.clone(),
            host,
            companions: Vec::new(),
            evidence,
            offline: BTreeMap::new(),
            allow: None,
        })
        .collect();
    findings::of_matches(&matches, rules).filter(|finding| finding.fingerprint == reported.fingerprint)
}

/// Where to look, each place once.
#[derive(Default)]
struct Places {
    files: BTreeSet<PathBuf>,
    objects: BTreeMap<PathBuf, BTreeSet<(ObjectId, ObjectKind)>>,
    indexes: BTreeSet<PathBuf>,
}

impl Places {
    /// `top` is that of the target's work tree, where it has one.
    fn add(&mut self, target: &Path, top: Option<&Path>, location: &Location) {
        match location.place {
            Place::History { id, kind } => {
                self.objects.entry(target.to_owned()).or_default().insert((id, kind));
            }
            Place::Staged => {
                self.indexes.insert(target.to_owned());
            }
            Place::Worktree | Place::File => {
                // Paths start at the folder or the top of the work tree that it lies in; with several targets, or a file
                // for a target, where the target's name does.
                let starts = [top.unwrap_or(target), Path::new("")];
                self.files.extend(starts.map(|start| start.join(&location.path)));
            }
            Place::Stdin => {}
        }
    }
}

fn look(reported: &[Reported], detector: &Detector) -> BTreeMap<String, Finding> {
    let mut places = Places::default();
    let mut repositories: BTreeMap<&str, Option<Repo>> = BTreeMap::new();
    for finding in reported.iter().filter(|finding| finding.value.is_none()) {
        for target in &finding.targets {
            let repo =
                repositories.entry(target).or_insert_with(|| place::repository(Path::new(target)).ok().flatten());
            let top = repo.as_ref().and_then(Repo::work_dir);
            finding.locations.iter().for_each(|location| places.add(Path::new(target), top, location));
        }
    }
    let (progress, until) = (Progress::default(), Until::default());
    let collector = Collector::new(detector, &until, &progress);
    let sink = Unpacking::new(&collector);
    for file in places.files.iter().filter(|file| file.is_file()) {
        // What cannot be read any more is simply not found again, and said so.
        let _ = Directory::new(file, None).visit(&sink);
    }
    let repository = |target: &Path| repositories.get(target.to_str()?)?.as_ref();
    for (target, objects) in &places.objects {
        let Some(Ok(reader)) = repository(target).map(Repo::reader) else { continue };
        for (id, kind) in objects {
            if let Ok(object) = reader.read_as(id, Kind::Text(*kind)) {
                sink.blob(Blob::whole(Origin::History { id: *id, kind: *kind }, object.bytes()));
            }
        }
    }
    for target in &places.indexes {
        if let Some(repo) = repository(target) {
            let _ = Staged::new(repo).visit(&sink);
        }
    }
    drop(sink);
    let found = findings::gather(collector.finish().hits, detector.rules());
    found.into_iter().map(|finding| (finding.fingerprint.clone(), finding)).collect()
}
