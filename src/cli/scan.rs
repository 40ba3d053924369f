//! `keyrake scan`: plan, run, report, exit.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use jiff::tz::Offset;

use crate::model::Run;
use crate::report::{self, Format, TextStyle};
use crate::scan::{self, Plan, Progress, Sending};

use super::args::{Global, InputArgs, OutputArgs, ScanArgs};
use super::exit::Exit;
use super::progress::Shown;
use super::{files, interrupt, plan, settings, term};

/// Searches, reports, and says how it ended.
pub(super) fn run(args: &ScanArgs, global: &Global) -> Result<Exit> {
    let is_json = |format: &Format| *format == Format::Json;
    if args.output.show_secrets
        && !std::iter::once(&args.output.format).chain(args.output.report.iter().map(|(format, _)| format)).any(is_json)
    {
        bail!("--show-secrets is about JSON reports: add --format json, or --report json=FILE");
    }
    let detector = settings::detector(&args.detect)?;
    let sending = match (args.verify.offline, args.verify.explain_requests) {
        (true, _) => Sending::Nothing,
        (false, true) => Sending::Explained,
        (false, false) => Sending::Requests,
    };
    let interrupted = interrupted(&args.input);
    let issuers = settings::issuers(&args.verify.connection, sending, Arc::clone(&interrupted), detector.rules())?;
    let targets = plan::targets(&args.input)?;
    let configs = plan::configs(&args.policy, &targets)?;
    let fail_on = plan::fail_on(&args.policy, &configs);
    let baseline_path = plan::baseline_path(&args.policy, &configs);
    if args.policy.update_baseline && baseline_path.is_none() {
        bail!("--update-baseline needs to know the file: name it with --baseline");
    }
    let plan = Plan {
        baseline: plan::baseline(baseline_path.as_ref(), args.policy.update_baseline)?,
        layers: configs.iter().map(|config| config.allowances.clone()).collect(),
        targets,
        detector,
        issuers,
        scan_time: args.input.scan_time.map(Duration::from_secs),
        interrupted,
        verify_time: Duration::from_secs(args.verify.verify_time),
        today: Offset::UTC.to_datetime(Timestamp::now()).date(),
        show_secrets: args.output.show_secrets,
    };

    let progress = Arc::new(Progress::default());
    let shown = Shown::start(&progress, global.quiet);
    let run = scan::run(&plan, &progress);
    drop(shown);
    let mut run = run?;
    run.notifications.extend(configs.into_iter().flat_map(|config| config.notifications));

    let mut written = write_reports(&run, &args.output, global);
    if args.policy.update_baseline
        && let Some(path) = &baseline_path
    {
        let baseline = files::write(path, scan::updated_baseline(&plan, &run).as_bytes());
        written = written.and(baseline);
    }
    written?;
    Ok(Exit::of_run(&run, fail_on, args.policy.allow_incomplete))
}

/// Whether Ctrl-C was pressed. Where somebody types what is to be searched, it ends the program: there is nothing to report yet.
fn interrupted(args: &InputArgs) -> Arc<AtomicBool> {
    let is_typed = args.targets.iter().any(|target| target.as_os_str() == "-") && term::is_typed();
    if is_typed { Arc::default() } else { interrupt::watch() }
}

/// Every report that can be written is: what was found must not be lost because one of the files cannot be. Gives the
/// first error.
fn write_reports(run: &Run, args: &OutputArgs, global: &Global) -> Result<()> {
    let mut written = Ok(());
    for (format, path) in &args.report {
        let mut bytes = Vec::new();
        report::write(run, *format, &mut bytes, &TextStyle { colour: false, width: 100 })?;
        written = written.and(files::write(path, &bytes));
    }
    written.and(print(run, args.format, global))
}

/// Writes a run to standard output.
pub(super) fn print(run: &Run, format: Format, global: &Global) -> Result<()> {
    let mut bytes = Vec::new();
    let style = TextStyle { colour: term::colour(global.color), width: term::width() };
    report::write(run, format, &mut bytes, &style)?;
    term::answer(&bytes).context("cannot write the report")
}
