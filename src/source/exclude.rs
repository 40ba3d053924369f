//! What the user told us to leave out, and how much that was.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use globset::{Candidate, GlobSet};

/// Patterns over paths relative to the target, and a count of what they left out.
#[derive(Debug, Default)]
pub(super) struct Exclude {
    patterns: Option<GlobSet>,
    count: AtomicU64,
}

impl Exclude {
    pub(super) fn new(patterns: Option<GlobSet>) -> Self {
        Self { patterns: patterns.filter(|patterns| !patterns.is_empty()), count: AtomicU64::new(0) }
    }

    /// Whether this path is left out; counts it if so.
    pub(super) fn leaves_out(&self, relative: &Path) -> bool {
        let left_out = self.matches(relative);
        if left_out {
            self.count_one();
        }
        left_out
    }

    /// The outermost part of this path that is left out: a directory that it lies in, or itself. Counts nothing.
    pub(super) fn cover<'p>(&self, relative: &'p Path) -> Option<&'p Path> {
        self.patterns.as_ref()?;
        relative.ancestors().filter(|part| !part.as_os_str().is_empty() && self.matches(part)).last()
    }

    /// Counts one more.
    pub(super) fn count_one(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    fn matches(&self, relative: &Path) -> bool {
        self.patterns.as_ref().is_some_and(|patterns| patterns.is_match_candidate(&Candidate::new(relative)))
    }

    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}
