//! The whole history: every blob, commit and tag of the object database, reachable or not, each once.
//!
//! What comes in: a repository. What goes out: its objects, origin `History`, and what of the history is missing.

use std::sync::atomic::Ordering;

use super::SourceError;
use super::object::{self, Counts, Limits, MAX_OBJECT_SIZE};
use super::quota::Quota;
use super::visit::{Sink, Source};
use crate::git::{Head, Repo};
use crate::model::{Code, Notification, Origin};

/// Every object of a repository.
pub struct History<'r> {
    repo: &'r Repo,
    max_object_size: u64,
    counts: Counts,
}

impl<'r> History<'r> {
    /// Of this repository.
    pub fn new(repo: &'r Repo) -> Self {
        Self { repo, max_object_size: MAX_OBJECT_SIZE, counts: Counts::default() }
    }

    /// With another limit on the size of an object.
    #[must_use]
    pub fn max_object_size(mut self, bytes: u64) -> Self {
        self.max_object_size = bytes;
        self
    }

    /// Objects searched in the visits so far.
    pub fn objects(&self) -> u64 {
        self.counts.objects.load(Ordering::Relaxed)
    }

    /// Commits among them.
    pub fn commits(&self) -> u64 {
        self.counts.commits.load(Ordering::Relaxed)
    }
}

impl Source for History<'_> {
    fn visit(&self, sink: &dyn Sink) -> Result<(), SourceError> {
        let sink = &Quota::new(sink);
        missing(self.repo).into_iter().for_each(|notification| sink.notify(notification));
        if let Head::Unborn(branch) = self.repo.head() {
            let message = format!("HEAD stands on {branch}, which has no commit yet");
            sink.notify(Notification::note(Code::HistoryUnborn, branch, message));
        }
        let (listed, notes) = self.repo.list_objects();
        notes.into_iter().for_each(|notification| sink.notify(notification));
        let limits = Limits { max_size: self.max_object_size, counts: &self.counts };
        let origin = |listed: &crate::git::Listed, kind| Origin::History { id: listed.id, kind };
        object::visit(&self.repo.opener(), &listed, &|listed| *listed, &origin, &limits, sink)
    }
}

/// What a clone left behind.
pub(super) fn missing(repo: &Repo) -> Vec<Notification> {
    let mut notes = Vec::new();
    let boundary = repo.shallow().len();
    if boundary > 0 {
        let commits = if boundary == 1 { "1 commit" } else { &format!("{boundary} commits") };
        let message = format!(
            "the clone is shallow: history ends at {commits}, and what came before was not searched; \
             fetch it with `git fetch --unshallow` (in CI: fetch-depth: 0)"
        );
        notes.push(Notification::warning(Code::HistoryShallow, "", message));
    }
    if let Some(partial) = repo.partial() {
        let filter = partial.filter.map_or_else(String::new, |filter| format!(" (filter {filter})"));
        let message = format!(
            "the clone is partial{filter}: objects that were never fetched were not searched; \
             fetch them with `git fetch --refetch --no-filter`"
        );
        notes.push(Notification::warning(Code::HistoryPartial, "", message));
    }
    notes
}
