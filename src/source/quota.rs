//! Keeps a broken repository from drowning a report: after twenty notifications about one thing, the rest become a count.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::archive::Content;
use super::visit::Sink;
use crate::git::{Stop, Tally};
use crate::model::{Below, Blob, Code, Level, Notification, Origin};

const MOST_OF_ONE_CODE: u64 = 20;

/// Passes everything on, but of each code only the first few notifications, and in the end how many more there were.
pub(super) struct Quota<'s> {
    sink: &'s dyn Sink,
    seen: Mutex<BTreeMap<(Code, Level), u64>>,
}

impl<'s> Quota<'s> {
    pub(super) fn new(sink: &'s dyn Sink) -> Self {
        Self { sink, seen: Mutex::default() }
    }
}

impl Sink for Quota<'_> {
    fn blob(&self, blob: Blob<'_>) -> Below {
        self.sink.blob(blob)
    }

    fn again(&self, origin: &Origin, content: &mut dyn Content) {
        self.sink.again(origin, content);
    }

    fn reach(&self) -> usize {
        self.sink.reach()
    }

    fn tally(&self, tally: Tally) {
        self.sink.tally(tally);
    }

    fn notify(&self, notification: Notification) {
        let count = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let count = seen.entry((notification.code, notification.level)).or_default();
            *count += 1;
            *count
        };
        if count <= MOST_OF_ONE_CODE {
            self.sink.notify(notification);
        }
    }

    fn stop(&self) -> Option<Stop> {
        self.sink.stop()
    }
}

impl Drop for Quota<'_> {
    fn drop(&mut self) {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        for ((code, level), count) in seen {
            if count > MOST_OF_ONE_CODE {
                let message = format!("{} more notifications of this kind are left out", count - MOST_OF_ONE_CODE);
                self.sink.notify(Notification { code, level, message, place: String::new() });
            }
        }
    }
}
