//! When a search ends before its end: its time is over, or somebody interrupts it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::git::Stop;
use crate::model::{Code, Notification};

/// What may end a search; by default nothing.
#[derive(Default)]
pub(super) struct Until<'p> {
    deadline: Option<Instant>,
    interrupted: Option<&'p AtomicBool>,
}

impl<'p> Until<'p> {
    /// So long from now, or until somebody sets `interrupted`.
    pub(super) fn new(time: Option<Duration>, interrupted: &'p AtomicBool) -> Self {
        let deadline = time.and_then(|time| Instant::now().checked_add(time));
        Self { deadline, interrupted: Some(interrupted) }
    }

    /// Whether it is to end now.
    pub(super) fn stop(&self) -> Option<Stop> {
        if self.is_interrupted() {
            return Some(Stop::Cancelled);
        }
        self.deadline.filter(|deadline| Instant::now() >= *deadline).map(|_| Stop::Deadline)
    }

    /// Whether somebody waits for it to end.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.is_some_and(|interrupted| interrupted.load(Ordering::Relaxed))
    }
}

/// A search that was stopped.
pub(super) fn unfinished(stop: Stop) -> Notification {
    let message = match stop {
        Stop::Cancelled => "the search was interrupted: what was left then was not searched",
        Stop::Deadline => "the time for the search was over: what was left then was not searched",
        Stop::Unfolding => "the search would have had no end: what was left was not searched",
    };
    Notification::warning(Code::SearchUnfinished, "", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_and_interruptions_end_a_search() {
        let interrupted = AtomicBool::new(false);
        assert_eq!(Until::new(None, &interrupted).stop(), None);
        assert_eq!(Until::new(Some(Duration::MAX), &interrupted).stop(), None);
        let over = Until::new(Some(Duration::ZERO), &interrupted);
        assert_eq!(over.stop(), Some(Stop::Deadline));
        interrupted.store(true, Ordering::Relaxed);
        assert_eq!(over.stop(), Some(Stop::Cancelled));
    }
}
