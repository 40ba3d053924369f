//! A sink for tests that keeps what it is given.

use std::sync::Mutex;

use super::visit::{Sink, Source};
use crate::git::Tally;
use crate::model::{Below, Blob, Code, Notification, Origin};

#[derive(Default)]
pub(super) struct Collected {
    pub(super) blobs: Mutex<Vec<(Origin, Vec<u8>)>>,
    pub(super) notes: Mutex<Vec<Notification>>,
}

impl Sink for Collected {
    fn blob(&self, blob: Blob<'_>) -> Below {
        self.blobs.lock().unwrap().push((blob.origin, blob.bytes.to_vec()));
        Below::Whole
    }

    fn reach(&self) -> usize {
        usize::MAX
    }

    fn tally(&self, _: Tally) {}

    fn notify(&self, notification: Notification) {
        self.notes.lock().unwrap().push(notification);
    }
}

impl Collected {
    pub(super) fn from(source: &impl Source) -> Self {
        let collected = Self::default();
        source.visit(&collected).unwrap();
        collected
    }

    /// Paths of files, sorted.
    pub(super) fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> = self
            .blobs
            .lock()
            .unwrap()
            .iter()
            .filter_map(|(origin, _)| match origin {
                Origin::Worktree { path } | Origin::Staged { path, .. } | Origin::File { path } => Some(path.clone()),
                Origin::History { .. } | Origin::Stdin | Origin::Member { .. } => None,
            })
            .collect();
        paths.sort();
        paths
    }

    /// Contents as text, sorted.
    pub(super) fn texts(&self) -> Vec<String> {
        let blobs = self.blobs.lock().unwrap();
        let mut texts: Vec<String> =
            blobs.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect();
        texts.sort();
        texts
    }

    /// How often something stands in the contents.
    pub(super) fn count(&self, needle: &str) -> usize {
        self.texts().iter().map(|text| text.matches(needle).count()).sum()
    }

    pub(super) fn codes(&self) -> Vec<Code> {
        self.notes.lock().unwrap().iter().map(|note| note.code).collect()
    }
}
