//! The exit table, the same for every format.

use std::process::ExitCode;

use crate::config::FailOn;
use crate::model::{Outcome, Receipt, Run, Severity};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Nothing at or above the failing severity.
    Clean,
    /// Findings at or above it; for `revoke`: a credential that still works.
    Findings,
    /// Usage, configuration or internal error.
    Error,
    /// Something could not be looked at or asked, and that matters.
    Incomplete,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Clean => 0,
            Exit::Findings => 1,
            Exit::Error => 2,
            Exit::Incomplete => 3,
        })
    }
}

impl Exit {
    /// Findings outweigh an incomplete run.
    pub(super) fn of_run(run: &Run, fail_on: FailOn, allow_incomplete: bool) -> Self {
        let fails = |severity: Severity| match fail_on {
            FailOn::Never => false,
            FailOn::At(least) => severity >= least,
        };
        if run.findings.iter().any(|finding| finding.suppressed.is_none() && fails(finding.severity)) {
            Self::Findings
        } else if run.is_complete() || allow_incomplete {
            Self::Clean
        } else {
            Self::Incomplete
        }
    }

    /// A credential that still works outweighs one of which nobody knows.
    pub(super) fn of_receipts(receipts: &[Receipt]) -> Self {
        let any = |wanted: fn(&Outcome) -> bool| receipts.iter().any(|receipt| wanted(&receipt.outcome));
        if any(|o| matches!(o, Outcome::NotRevoked(_) | Outcome::Refused(_) | Outcome::NotPossible(_))) {
            Self::Findings
        } else if any(|o| matches!(o, Outcome::Unknown(_))) {
            Self::Incomplete
        } else {
            Self::Clean
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Code, Notification};

    #[test]
    fn an_incomplete_run_never_reads_as_clean() {
        let mut run = Run::default();
        assert_eq!(Exit::of_run(&run, FailOn::At(Severity::Medium), false), Exit::Clean);
        run.notifications.push(Notification::warning(Code::FileUnreadable, "a", "permission denied"));
        assert_eq!(Exit::of_run(&run, FailOn::At(Severity::Medium), false), Exit::Incomplete);
        assert_eq!(Exit::of_run(&run, FailOn::At(Severity::Medium), true), Exit::Clean);
    }
}
