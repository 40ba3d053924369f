//! The record of every request: what was asked, by whom it was signed, what came back and what that shows.

use std::sync::{Mutex, PoisonError};

use crate::model::LedgerEntry;

/// The requests of a run, in the order of their sending.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: Mutex<Vec<LedgerEntry>>,
}

impl Ledger {
    /// Enters a request before it is sent, so that a request without an answer stands there too. Gives it its number.
    pub(super) fn enter(&self, mut entry: LedgerEntry) -> u32 {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entry.id = u32::try_from(entries.len()).unwrap_or(u32::MAX).saturating_add(1);
        let id = entry.id;
        entries.push(entry);
        id
    }

    /// Notes the answer's status, and in words what is known so far.
    pub(super) fn answered(&self, id: u32, status: Option<u16>, words: String) {
        self.with(id, |entry| {
            entry.status = status;
            entry.shows = words;
        });
    }

    /// Notes what the answer shows.
    pub(super) fn shows(&self, id: u32, words: &str) {
        self.with(id, |entry| entry.shows = words.to_owned());
    }

    /// A copy of all.
    pub(super) fn entries(&self) -> Vec<LedgerEntry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn with(&self, id: u32, change: impl FnOnce(&mut LedgerEntry)) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) =
            usize::try_from(id).ok().and_then(|id| id.checked_sub(1)).and_then(|at| entries.get_mut(at))
        {
            change(entry);
        }
    }
}
