//! The parallel part: sources push blobs, each is searched and turned into hits at once, and its bytes are let go.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use crate::detect::Detector;
use crate::git::{Repo, Stop, Tally};
use crate::locate;
use crate::model::{Below, Blob, Code, Hit, Location, Match, Notification, Origin, Summary};
use crate::source::{Sink, SourceError};

use super::target::{Excludes, Target};
use super::until::{self, Until};

/// Places of one secret beyond these are not kept: each takes more than a thousand bytes, and nobody reads so many.
const MOST_PLACES: usize = 10_000;

/// How far a run is; written by the scan, read by whoever shows it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Files searched.
    pub files: AtomicU64,
    /// Git objects searched.
    pub objects: AtomicU64,
    /// Bytes searched.
    pub bytes: AtomicU64,
    /// Findings being verified; 0 before that.
    pub verifying: AtomicU64,
}

impl Progress {
    pub(super) fn verifying(&self, findings: usize) {
        self.verifying.store(findings as u64, Ordering::Relaxed);
    }
}

/// What one target gave.
#[derive(Default)]
pub(super) struct Found {
    pub(super) hits: Vec<Hit>,
    pub(super) notifications: Vec<Notification>,
    pub(super) summary: Summary,
}

/// Searches one target: every source of it, then, where history matched, whose commit it was.
pub(super) fn target(
    target: &Target,
    index: usize,
    detector: &Detector,
    excludes: &Arc<Excludes>,
    until: &Until<'_>,
    progress: &Progress,
) -> Result<Found, SourceError> {
    let collector = Collector::new(detector, until, progress);
    target.visit(excludes, &collector)?;
    let stopped = collector.stopped.get().copied();
    let mut found = collector.finish();
    let mut told = Vec::from_iter(stopped.map(until::unfinished));
    if let Some(repo) = target.repo() {
        let (hits, notifications) = attribute(repo, target, found.hits, until)?;
        found.hits = hits;
        told.extend(notifications);
    }
    found.notifications.extend(told.into_iter().map(|said| target.noted(said)));
    for hit in &mut found.hits {
        hit.location.target = index;
    }
    Ok(found)
}

/// The sink of a scan.
pub(super) struct Collector<'a> {
    detector: &'a Detector,
    until: &'a Until<'a>,
    /// Why something was left out, if it was.
    stopped: OnceLock<Stop>,
    progress: &'a Progress,
    found: Mutex<Found>,
    /// How many places of each secret, by its hash, have been come past.
    places: Mutex<HashMap<u64, usize>>,
    hasher: RandomState,
    files: AtomicU64,
    objects: AtomicU64,
    commits: AtomicU64,
    bytes: AtomicU64,
}

impl<'a> Collector<'a> {
    pub(super) fn new(detector: &'a Detector, until: &'a Until<'a>, progress: &'a Progress) -> Self {
        Self {
            detector,
            until,
            stopped: OnceLock::new(),
            progress,
            found: Mutex::default(),
            places: Mutex::default(),
            hasher: RandomState::new(),
            files: AtomicU64::new(0),
            objects: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    pub(super) fn finish(self) -> Found {
        let found = self.found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        Found {
            summary: Summary {
                files: self.files.into_inner(),
                objects: self.objects.into_inner(),
                commits: self.commits.into_inner(),
                bytes: self.bytes.into_inner(),
                ..Summary::default()
            },
            ..found
        }
    }

    fn with_found(&self, change: impl FnOnce(&mut Found)) {
        change(&mut self.found.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }

    /// Whether another place of this secret is kept.
    fn has_room(&self, found: &Match) -> bool {
        let secret = self.hasher.hash_one((found.rule, &found.secret));
        let mut places = self.places.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let places = places.entry(secret).or_default();
        *places += 1;
        if *places == MOST_PLACES + 1 {
            let message = format!("one secret stands at more than {MOST_PLACES} places: only so many are told");
            self.notify(Notification::note(Code::SearchUnfinished, "", message));
        }
        *places <= MOST_PLACES
    }

    fn count(&self, blob: &Blob<'_>) {
        if let Origin::History { .. } = blob.origin {
            return; // told by tallies
        }
        let bytes = blob.bytes.len() as u64;
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.progress.bytes.fetch_add(bytes, Ordering::Relaxed);
        if let Origin::Member { .. } = blob.origin {
            return; // the archive is the file
        }
        // Later windows of content that is too large to hold were counted with the first.
        if blob.start.offset == 0 {
            self.files.fetch_add(1, Ordering::Relaxed);
            self.progress.files.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Sink for Collector<'_> {
    fn blob(&self, blob: Blob<'_>) -> Below {
        self.count(&blob);
        let (mut matches, below) = self.detector.search(&blob);
        matches.retain(|found| self.has_room(found));
        if !matches.is_empty() {
            let hits = locate::lines::hits(&blob, matches);
            self.with_found(|found| found.hits.extend(hits));
        }
        below
    }

    fn reach(&self) -> usize {
        self.detector.reach()
    }

    fn tally(&self, tally: Tally) {
        self.objects.fetch_add(tally.objects, Ordering::Relaxed);
        self.commits.fetch_add(tally.commits, Ordering::Relaxed);
        self.bytes.fetch_add(tally.bytes, Ordering::Relaxed);
        self.progress.objects.fetch_add(tally.objects, Ordering::Relaxed);
        self.progress.bytes.fetch_add(tally.bytes, Ordering::Relaxed);
    }

    fn notify(&self, notification: Notification) {
        self.with_found(|found| found.notifications.push(notification));
    }

    fn stop(&self) -> Option<Stop> {
        let stop = self.until.stop()?;
        Some(*self.stopped.get_or_init(|| stop))
    }
}

/// Gives the hits of history their paths and commits. One object at several paths becomes one hit for each.
fn attribute(
    repo: &Repo,
    target: &Target,
    hits: Vec<Hit>,
    until: &Until<'_>,
) -> Result<(Vec<Hit>, Vec<Notification>), SourceError> {
    let (history, mut out): (Vec<Hit>, Vec<Hit>) = hits.into_iter().partition(|hit| hit.location.object().is_some());
    if history.is_empty() {
        return Ok((out, Vec::new()));
    }
    let places = history.iter().map(|hit| hit.location.clone()).collect();
    let (attributed, notifications) =
        locate::commits::attribute(repo, &target.refs()?, places, &|| until.is_interrupted());
    let mut by_place: HashMap<_, Vec<Location>> = HashMap::new();
    for location in attributed {
        let place = (location.object(), location.member.clone(), location.region);
        by_place.entry(place).or_default().push(location);
    }
    for hit in history {
        match by_place.get(&(hit.location.object(), hit.location.member.clone(), hit.location.region)) {
            Some(locations) => out.extend(locations.iter().map(|location| Hit {
                found: hit.found.clone(),
                location: Location { allow: hit.location.allow.clone(), ..location.clone() },
            })),
            None => out.push(hit),
        }
    }
    Ok((out, notifications))
}
