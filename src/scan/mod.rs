//! The corridor: a plan in, a run out. The only room that names every stage; it reads like the list of them.
//!
//! What comes in: a `Plan`, validated. What goes out: a `Run`, complete or saying what it could not look at. What it must
//! never do: know the command line, or decide what a stage decides.

mod collect;
mod credential;
mod findings;
mod issuers;
#[cfg(test)]
mod law;
mod place;
mod recover;
mod target;
mod until;

pub use collect::Progress;
pub use credential::{CredentialError, credential};
pub use issuers::{Connection, Issuers, IssuersError, Proxy, Sending};
pub use recover::{Recovered, recover, without_secret};
pub use target::{Objects, Selection, Target, TargetError};

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use jiff::civil::Date;

pub use crate::decide::Scope;
pub use crate::decide::baseline::{self, Baseline};
pub use crate::decide::suppress::{Allowances, Trust};
pub use crate::detect::Detector;
pub use crate::git::{Known, Update};
pub use crate::revoke::{RevokeOptions, Subject};

use crate::decide::policy;
use crate::decide::suppress::{self, Terms};
use crate::model::{Code, Finding, LedgerEntry, Level, Notification, Receipt, Run, Summary, SwitchedOff};
use crate::revoke;
use crate::verify::{self, VerifyOptions};
use until::Until;

/// What to do.
pub struct Plan {
    /// Where to look.
    pub targets: Vec<Target>,
    /// What to look for.
    pub detector: Detector,
    /// What configurations allow, the user's own before a target's.
    pub layers: Vec<Allowances>,
    /// Findings known before.
    pub baseline: Option<Baseline>,
    /// Whom to ask.
    pub issuers: Issuers,
    /// How long to search, all in all.
    pub scan_time: Option<Duration>,
    /// Set by whoever wants the search to end.
    pub interrupted: Arc<AtomicBool>,
    /// How long to ask, all in all.
    pub verify_time: Duration,
    /// Today, for suppressions that end.
    pub today: Date,
    /// Whether raw secrets go into reports.
    pub show_secrets: bool,
}

/// Why a run could not be made at all.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// This build does not find its own examples: whatever it reported would be worthless.
    #[error("the self-check failed, so nothing can be trusted: {0}")]
    SelfCheck(String),
    /// A target cannot be searched.
    #[error("{target}: {reason}")]
    Target {
        /// As the user named it.
        target: String,
        /// Why.
        reason: crate::source::SourceError,
    },
}

/// Searches every target, asks the issuers, and decides.
pub fn run(plan: &Plan, progress: &Progress) -> Result<Run, ScanError> {
    let started = Instant::now();
    let rules = plan.detector.rules();
    plan.detector.self_check().map_err(ScanError::SelfCheck)?;

    let mut excludes = Vec::new();
    let mut run = Run { rules: rules.clone(), show_secrets: plan.show_secrets, ..Run::default() };
    run.summary.rules = rules.rules.len() as u64;
    let mut hits = Vec::new();
    let until = Until::new(plan.scan_time, &plan.interrupted);
    for (index, target) in plan.targets.iter().enumerate() {
        let left_out = target.excludes(&plan.layers, index);
        let found = collect::target(target, index, &plan.detector, &left_out, &until, progress)
            .map_err(|reason| ScanError::Target { target: target.name.clone(), reason })?;
        add(&mut run.summary, &found.summary);
        run.targets.push(target.name.clone());
        run.notifications.extend(found.notifications);
        hits.extend(found.hits);
        excludes.push(left_out);
    }

    let mut findings = findings::gather(hits, rules);
    let terms = Terms {
        rules,
        layers: &plan.layers,
        baseline: plan.baseline.as_ref(),
        today: plan.today,
        scope: scope(plan, &run),
    };
    let applied = suppress::apply(&mut findings, &terms);
    run.notifications.extend(applied.notifications);
    run.switched_off = with_unopened(applied.switched_off, &excludes);
    tell_targets_apart(&mut findings, &plan.targets);
    progress.verifying(findings.len());
    let options = VerifyOptions { deadline: Some(plan.verify_time), ..VerifyOptions::default() };
    run.notifications.extend(ask(&mut findings, &plan.issuers, &options));

    run.findings = findings;
    run.ledger = plan.issuers.ledger();
    run.summary.requests = sent(&run.ledger);
    run.summary.duration_ms = milliseconds(started);
    Ok(run)
}

/// Asks the issuers about findings that are at hand. `lone` ones were handed over alone, so that an endpoint which the user
/// names is where they belong. `time` is for all of them together.
pub fn verify(mut findings: Vec<Finding>, detector: &Detector, issuers: &Issuers, lone: bool, time: Duration) -> Run {
    let started = Instant::now();
    let options = VerifyOptions { lone, suppressed_too: true, deadline: Some(time), ..VerifyOptions::default() };
    let notifications = ask(&mut findings, issuers, &options);
    let ledger = issuers.ledger();
    let summary = Summary {
        rules: detector.rules().rules.len() as u64,
        requests: sent(&ledger),
        duration_ms: milliseconds(started),
        ..Summary::default()
    };
    Run { summary, notifications, findings, ledger, rules: detector.rules().clone(), ..Run::default() }
}

/// Revokes, or says how it would. `code` asks the owner for a one-time code.
pub fn revoke(
    subjects: &[Subject],
    issuers: &Issuers,
    options: &RevokeOptions,
    code: &mut dyn FnMut() -> Option<String>,
) -> (Vec<Receipt>, Vec<LedgerEntry>) {
    let receipts = match &issuers.http {
        Some(http) => revoke::run(subjects, &issuers.endpoints, http, options, code),
        None => Vec::new(),
    };
    (receipts, issuers.ledger())
}

/// The text of the baseline file that knows everything that this run found.
pub fn updated_baseline(plan: &Plan, run: &Run) -> String {
    baseline::render(plan.baseline.as_ref(), &run.findings, &run.rules, scope(plan, run))
}

/// Asks, grades, and puts the gravest first.
fn ask(findings: &mut [Finding], issuers: &Issuers, options: &VerifyOptions) -> Vec<Notification> {
    let notifications = verify::run(findings, &issuers.endpoints, issuers.http.as_ref(), options);
    findings.iter_mut().for_each(policy::grade);
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.fingerprint.cmp(&b.fingerprint)));
    notifications
}

/// What a run did not come to see, it cannot call gone.
fn scope(plan: &Plan, run: &Run) -> Scope {
    let missed = |said: &Notification| said.level == Level::Warning && said.code != Code::RegistryUnavailable;
    let whole = plan.targets.iter().all(Target::is_whole) && !run.notifications.iter().any(missed);
    if whole { Scope::Whole } else { Scope::Part }
}

/// Allowances speak of paths as each target has them; readers of a report need to know which target that is.
fn tell_targets_apart(findings: &mut [Finding], targets: &[Target]) {
    let prefixes: Vec<String> = targets.iter().map(Target::prefix).collect();
    for location in findings.iter_mut().flat_map(|finding| &mut finding.locations) {
        if let Some(prefix) = prefixes.get(location.target).filter(|_| !location.path.is_empty()) {
            location.path.insert_str(0, prefix);
        }
    }
}

fn sent(ledger: &[LedgerEntry]) -> u64 {
    ledger.iter().filter(|entry| entry.sent).count() as u64
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn add(total: &mut Summary, part: &Summary) {
    total.files += part.files;
    total.objects += part.objects;
    total.bytes += part.bytes;
    total.commits += part.commits;
}

/// `decide` counts the places of history that an exclude set aside; the files that were not opened are known here only.
fn with_unopened(mut switched_off: Vec<SwitchedOff>, excludes: &[Arc<target::Excludes>]) -> Vec<SwitchedOff> {
    for entry in switched_off.iter_mut().filter(|entry| entry.what == "exclude") {
        entry.count += excludes.iter().map(|excludes| excludes.count(&entry.place)).sum::<u64>();
    }
    switched_off
}
