//! `keyrake verify`: one credential from standard input, or a report's again.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::config::FailOn;
use crate::model::{Finding, RegistryId, Run, Severity, Unknown, Validity};
use crate::report::{self, sanitise};
use crate::scan::{self, Detector, Recovered, Sending};

use super::args::{Global, VerifyArgs};
use super::exit::Exit;
use super::scan::print;
use super::{files, interrupt, settings, term};

/// Longest credential that is read from standard input, in bytes.
const LONGEST: u64 = 64 << 10;

/// Asks, reports, and says how it ended.
pub(super) fn run(args: &VerifyArgs, global: &Global) -> Result<Exit> {
    only_stdin(args.stdin.as_deref())?;
    let detector = settings::detector(&args.detect)?;
    let sending = if args.explain_requests { Sending::Explained } else { Sending::Requests };
    let interrupted = Arc::new(AtomicBool::new(false));
    let issuers = settings::issuers(&args.connection, sending, Arc::clone(&interrupted), detector.rules())?;
    let Recovered { findings, missing, targets } = match &args.report {
        Some(path) => from_report(path, &detector)?,
        None => alone(from_stdin(&detector, args.registry.as_ref(), args.user.as_deref())?),
    };
    // Not before: there is nothing to report while somebody still types.
    interrupt::tell(interrupted);
    let time = Duration::from_secs(args.verify_time);
    let run = Run { targets, ..scan::verify(findings, &detector, &issuers, args.report.is_none(), time) };
    print(&run, args.format, global)?;

    let exit = Exit::of_run(&run, args.fail_on.unwrap_or(FailOn::At(Severity::Medium)), false);
    let unknown = |finding: &Finding| match &finding.inspection.validity {
        Validity::Active | Validity::Inactive(_) => false,
        Validity::Unknown(why) => *why != Unknown::Offline || !args.explain_requests,
    };
    // To verify is all that was asked for: a credential of which nobody knows is no success.
    Ok(if !missing.is_empty() || run.findings.iter().any(unknown) { Exit::Incomplete } else { exit })
}

/// A credential among the arguments is not repeated.
pub(super) fn only_stdin(argument: Option<&str>) -> Result<()> {
    match argument {
        None | Some("-") => Ok(()),
        Some(_) => bail!(
            "a credential is never an argument, since arguments show in process lists; give it on standard input, as in: \
             printf %s \"$TOKEN\" | keyrake verify"
        ),
    }
}

/// A credential that no report has named.
pub(super) fn alone(finding: Finding) -> Recovered {
    Recovered { findings: vec![finding], missing: Vec::new(), targets: Vec::new() }
}

/// The credential on standard input: what the detector recognises in it, or, with a registry named, all of it.
pub(super) fn from_stdin(detector: &Detector, registry: Option<&RegistryId>, user: Option<&str>) -> Result<Finding> {
    let mut text = Vec::new();
    std::io::stdin().lock().take(LONGEST + 1).read_to_end(&mut text).context("cannot read standard input")?;
    if text.len() as u64 > LONGEST {
        bail!("standard input holds more than one credential could: {LONGEST} bytes are read at most");
    }
    Ok(scan::credential(detector, &text, registry, user)?)
}

/// The findings of a report, with their secrets; what could not be found again is said.
pub(super) fn from_report(path: &Path, detector: &Detector) -> Result<Recovered> {
    let reported = report::json::read(&files::read(path)?).with_context(|| path.display().to_string())?;
    let recovered = scan::recover(reported, detector);
    let gone = |target: &&String| *target != "-" && !Path::new(target).exists();
    for target in recovered.targets.iter().filter(gone).filter(|_| !recovered.missing.is_empty()) {
        term::note(&sanitise::sanitise(&format!(
            "note: there is no {target} here: the relative targets of a report start from the folder in which the scan ran"
        )));
    }
    for missing in &recovered.missing {
        // A report may be anybody's, and this goes to a terminal.
        term::note(&sanitise::sanitise(&format!(
            "note: {} ({}) does not stand where the report says any more, so nothing can be asked about it",
            missing.redacted, missing.fingerprint
        )));
    }
    Ok(recovered)
}
