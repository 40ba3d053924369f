//! `keyrake revoke`: plan, and with `--yes` act; then probe again and hand out a receipt.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::model::{LedgerEntry, Receipt, Scrubber};
use crate::report::{self, Format, Revocations, TextStyle};
use crate::scan::{self, Recovered, RevokeOptions, Sending, Subject};

use super::args::{Global, RevokeArgs};
use super::exit::Exit;
use super::{files, settings, term, verify};

/// Revokes, writes the receipt, and says how it ended.
pub(super) fn run(args: &RevokeArgs, global: &Global) -> Result<Exit> {
    verify::only_stdin(args.stdin.as_deref())?;
    let detector = settings::detector(&args.detect)?;
    // A deletion on its way cannot be called off, so Ctrl-C ends the program, as ever.
    let issuers = settings::issuers(&args.connection, Sending::Requests, Arc::default(), detector.rules())?;
    let code = args.otp.as_deref().map(settings::variable).transpose()?;
    let Recovered { findings, missing, .. } = match &args.report {
        Some(path) => verify::from_report(path, &detector)?,
        None => verify::alone(verify::from_stdin(&detector, args.registry.as_ref(), None)?),
    };
    let asked_for = |fingerprint: &str, set_aside: bool| match args.fingerprint.as_slice() {
        // What somebody allowed to stand is revoked by name only.
        [] => !set_aside,
        named => named.iter().any(|name| name == fingerprint),
    };
    let aside = findings.iter().filter(|finding| finding.suppressed.is_some()).count();
    if aside > 0 && args.fingerprint.is_empty() {
        term::note(&format!(
            "note: set aside in the report, and so left alone: {aside} (--fingerprint names one all the same)"
        ));
    }
    let found = findings.into_iter().filter(|finding| asked_for(&finding.fingerprint, finding.suppressed.is_some()));
    let unseen = missing.into_iter().filter(|finding| asked_for(&finding.fingerprint, finding.suppressed.is_some()));
    let subjects: Vec<Subject> = found
        .map(|finding| Subject::Credential { fingerprint: finding.fingerprint, credential: finding.credential })
        .chain(unseen.filter_map(scan::without_secret))
        .collect();
    if let Some(unknown) = args.fingerprint.iter().find(|wanted| subjects.iter().all(|s| s.fingerprint() != **wanted)) {
        bail!("the report has nothing to revoke under {unknown}");
    }

    let scrubber = Scrubber::new(subjects.iter().filter_map(Subject::secret).cloned());
    let mut ask = || code.clone().or_else(|| term::ask_code("one-time code of the owner: "));
    let wait = (args.wait > 0).then(|| Duration::from_secs(args.wait));
    let options = RevokeOptions { act: args.yes, wait, lone: args.report.is_none() };
    let (receipts, ledger) = scan::revoke(&subjects, &issuers, &options, &mut ask);

    // What was done is told, whatever becomes of the file.
    let written = match &args.receipt {
        Some(path) => files::write(path, &render(&receipts, &ledger, &scrubber, Format::Json, &TextStyle::default())?),
        None => Ok(()),
    };
    let style = TextStyle { colour: term::colour(global.color), width: term::width() };
    let bytes = render(&receipts, &ledger, &scrubber, args.format, &style)?;
    term::answer(&bytes).context("cannot write the receipt")?;
    written?;
    Ok(Exit::of_receipts(&receipts))
}

fn render(
    receipts: &[Receipt],
    ledger: &[LedgerEntry],
    scrubber: &Scrubber,
    format: Format,
    style: &TextStyle,
) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let told = Revocations { receipts, ledger, notifications: &[], scrubber };
    report::write_receipts(&told, format, &mut bytes, style)?;
    Ok(bytes)
}
