//! The last line of the text report: the verdict on the whole run, and how much was looked at.
//!
//! What comes in: a run. What goes out: one line. What it must never do: say "clean" of a run that missed something.

use std::collections::BTreeMap;

use super::numbers::{bytes, count, counted, duration};
use super::wrap::NO_BREAK;
use crate::model::{Code, Level, Notification, Run, Severity};

/// `3 findings (1 critical, 2 medium), 1 set aside · 12 rules · … · 4.2 s`, after what was not looked at.
pub(super) fn closing(run: &Run, aside: u64) -> String {
    let by_severity = run.by_severity();
    let total: u64 = by_severity.values().sum();
    let warned = |of_registry: bool| {
        let about = |said: &&Notification| (said.code == Code::RegistryUnavailable) == of_registry;
        run.notifications.iter().filter(|said| said.level == Level::Warning).filter(about).count() as u64
    };
    let (unseen, unasked) = (warned(false), warned(true));
    let missed = unseen + unasked;
    let parts = [(unseen, "place", "looked at"), (unasked, "server", "asked")];
    let parts = parts.into_iter().filter(|(n, ..)| *n > 0);
    let parts: Vec<String> = parts.map(|(n, what, how)| format!("{} could not be {how}", counted(n, what))).collect();
    let incomplete = format!("incomplete: {}", parts.join(", "));
    let summary = &run.summary;
    let nothing = (summary.files, summary.objects, summary.bytes) == (0, 0, 0);
    let mut verdict = match (total, missed) {
        (0, 0) if nothing && run.findings.is_empty() => "nothing was searched: no findings".to_owned(),
        (0, 0) => "clean: no findings".to_owned(),
        (0, _) => format!("{incomplete}; no findings elsewhere"),
        (_, 0) => tally(&by_severity, total),
        _ => format!("{incomplete}; {}", tally(&by_severity, total)),
    };
    if aside > 0 {
        verdict += &format!(", {}{NO_BREAK}set{NO_BREAK}aside", count(aside));
    }
    let mut searched: Vec<String> = Vec::new();
    if summary.files > 0 || summary.objects == 0 {
        searched.push(counted(summary.files, "file"));
    }
    if summary.objects > 0 {
        searched.push(counted(summary.objects, "object"));
    }
    searched.push(format!("{}{NO_BREAK}searched", bytes(summary.bytes)));
    let mut parts = vec![verdict];
    // `keyrake verify` searches nothing, and its finding is no surprise.
    if !nothing || run.findings.is_empty() {
        parts.push(counted(summary.rules, "rule"));
        parts.push(searched.join(", "));
    }
    parts.push(counted(summary.requests, "request"));
    parts.push(duration(summary.duration_ms));
    parts.join(" · ")
}

fn tally(by_severity: &BTreeMap<Severity, u64>, total: u64) -> String {
    let parts: Vec<String> = Severity::ALL
        .iter()
        .filter_map(|severity| by_severity.get(severity).map(|n| (*n, *severity)))
        .map(|(n, severity)| match severity {
            Severity::None => format!("{}{NO_BREAK}inactive", count(n)),
            _ => format!("{}{NO_BREAK}{}", count(n), severity.as_str()),
        })
        .collect();
    format!("{} ({})", counted(total, "finding"), parts.join(", "))
}
