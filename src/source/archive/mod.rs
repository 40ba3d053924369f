//! Archives, wherever they come from: their members as content of its own, their own bytes as before.
//!
//! What comes in: blobs on their way from a source to whoever searches them. What goes out: the same blobs, and behind each that is
//! an archive its members, origin `Member`; for each file at most one notification of a sort about what was not unpacked.
//! What it must never do: keep a blob back, cost anything where there is no archive, write a file, or let an archive take more
//! time and memory than the limits give it.

mod budget;
mod magic;
mod name;
mod stream;
mod tar;
mod unpack;
mod zip;

#[cfg(test)]
mod build;
#[cfg(test)]
mod tests;

use std::io::{Cursor, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicU64, Ordering};

use super::quota::Quota;
use super::visit::Sink;
use super::window::WINDOW;
use crate::git::{Stop, Tally};
use crate::model::{Below, Blob, Notification, ObjectKind, Origin};
use budget::{Budget, LIMITS, Limits};
use magic::{HEAD, Kind};
use unpack::Unpack;

/// Content that can be read at any place.
pub trait Content: Read + Seek {}

impl<C: Read + Seek + ?Sized> Content for C {}

/// Hands everything on, and the members of archives too.
pub struct Unpacking<'s> {
    sink: Quota<'s>,
    limits: Limits,
    /// What files have used of `Limits::shared`.
    used: AtomicU64,
}

impl<'s> Unpacking<'s> {
    /// In front of this sink.
    pub fn new(sink: &'s dyn Sink) -> Self {
        Self { sink: Quota::new(sink), limits: LIMITS, used: AtomicU64::new(0) }
    }

    fn unpack(&self, kind: Kind, origin: &Origin, content: &mut dyn Content, length: u64) {
        let left = self.limits.shared.saturating_sub(self.used.load(Ordering::Relaxed));
        let budget = Budget::new(self.limits, length, left);
        Unpack::new(&self.sink, origin, &budget).file(kind, content);
        self.used.fetch_add(budget.beyond_ratio(length), Ordering::Relaxed);
        budget.notifications(&shown(origin)).into_iter().for_each(|said| self.sink.notify(said));
    }
}

impl Sink for Unpacking<'_> {
    fn blob(&self, blob: Blob<'_>) -> Below {
        let Some(kind) = Some(&blob).filter(|blob| is_whole_file(blob)).and_then(|blob| Kind::of_whole(blob.bytes))
        else {
            return self.sink.blob(blob);
        };
        // Whatever of it is new: an archive makes sense as a whole only.
        let (origin, bytes) = (blob.origin.clone(), blob.bytes);
        let below = self.sink.blob(blob);
        self.unpack(kind, &origin, &mut Cursor::new(bytes), bytes.len() as u64);
        below
    }

    fn again(&self, origin: &Origin, content: &mut dyn Content) {
        let length = content.seek(SeekFrom::End(0));
        // It was read once; a disk that fails now failed then.
        if let (Ok(length), Ok(Some(kind))) = (length, Kind::of_content(content)) {
            self.unpack(kind, origin, content, length);
        }
    }

    fn reach(&self) -> usize {
        self.sink.reach()
    }

    fn tally(&self, tally: Tally) {
        self.sink.tally(tally);
    }

    fn notify(&self, notification: Notification) {
        self.sink.notify(notification);
    }

    fn stop(&self) -> Option<Stop> {
        self.sink.stop()
    }
}

/// Whether content that begins like this is an archive that a directory at its end may belong to.
pub(super) fn begins_like_one(head: &[u8]) -> bool {
    Kind::of_head(head).is_some()
}

/// As much of the beginning as tells.
pub(super) const BEGINNING: usize = HEAD;

/// Windows of something larger are no archive by themselves: a source that has windows hands on the whole once more.
fn is_whole_file(blob: &Blob<'_>) -> bool {
    match blob.origin {
        Origin::History { kind, .. } => kind == ObjectKind::Blob,
        Origin::Staged { .. } => true,
        Origin::Worktree { .. } | Origin::File { .. } | Origin::Stdin => {
            blob.start.offset == 0 && blob.bytes.len() < WINDOW
        }
        Origin::Member { .. } => false,
    }
}

/// As notifications name it.
fn shown(origin: &Origin) -> String {
    match origin {
        Origin::Worktree { path } | Origin::Staged { path, .. } | Origin::File { path } => path.clone(),
        Origin::History { id, .. } => id.to_string(),
        Origin::Stdin => "-".to_owned(),
        Origin::Member { outer, path } => format!("{}!{path}", shown(outer)),
    }
}
