//! Hands git objects to the sink, in parallel, each thread with a repository of its own.
//!
//! What comes in: a list of objects, in the order of their packs where that is known. What goes out: blobs with their origin, and
//! one warning for each object that cannot be read or is too large.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::SourceError;
use super::visit::Sink;
use crate::git::{Kind, Listed, Reader, Repo, Tally};
use crate::model::{Blob, Code, Notification, ObjectId, ObjectKind, Origin};

/// Larger objects are not read unless the user says so.
pub const MAX_OBJECT_SIZE: u64 = 256 << 20;

/// Objects that a thread takes at a time: few enough that neighbours in the pack are read at about the same time, because libgit2
/// has one small cache of delta bases for all threads.
const BATCH: usize = 64;

/// What was searched.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) objects: AtomicU64,
    pub(super) commits: AtomicU64,
}

/// Reads `items`, each with the object that it names and the origin that it gives it.
pub(super) fn visit<T: Sync>(
    repo: &Repo,
    items: &[T],
    listed: &(dyn Fn(&T) -> Listed + Sync),
    origin: &(dyn Fn(&T, ObjectKind) -> Origin + Sync),
    limits: &Limits<'_>,
    sink: &dyn Sink,
) -> Result<(), SourceError> {
    let next = AtomicUsize::new(0);
    let work = |repo: &Repo| -> Result<(), SourceError> {
        let reader = repo.reader()?;
        while let Some(batch) = items.get(next.fetch_add(BATCH, Ordering::Relaxed)..) {
            let batch = batch.get(..BATCH).unwrap_or(batch);
            if batch.is_empty() {
                break;
            }
            for item in batch {
                if sink.stop().is_some() {
                    return Ok(());
                }
                one(&reader, &listed(item), &|kind| origin(item, kind), limits, sink);
            }
        }
        Ok(())
    };
    if items.len() <= BATCH {
        return work(repo); // done before other threads have opened it
    }
    let opener = repo.opener();
    let results = rayon::broadcast(|_| work(&opener.open()?));
    results.into_iter().collect()
}

/// What is read, and the count of it.
pub(super) struct Limits<'c> {
    pub(super) max_size: u64,
    pub(super) counts: &'c Counts,
}

fn one(
    reader: &Reader<'_>,
    listed: &Listed,
    origin: &dyn Fn(ObjectKind) -> Origin,
    limits: &Limits<'_>,
    sink: &dyn Sink,
) {
    let id = listed.id;
    let (kind, size) = match (listed.kind, listed.size) {
        (Kind::Tree, _) => return,
        (Kind::Damaged, _) => {
            return sink.notify(unreadable(&id, format!("cannot read object {id}: its pack entry is damaged")));
        }
        (kind @ Kind::Text(_), Some(size)) => (kind, size),
        _ => match reader.header(&id) {
            Ok(header) => header,
            Err(error) => return sink.notify(unreadable(&id, error.to_string())),
        },
    };
    let Kind::Text(kind) = kind else { return };
    if size > limits.max_size {
        let message =
            format!("the {} has {size} bytes, over the limit of {}", Kind::Text(kind).as_str(), limits.max_size);
        return sink.notify(Notification::warning(Code::ObjectTooLarge, id.to_string(), message));
    }
    match reader.read(&id) {
        Ok(object) => {
            limits.counts.objects.fetch_add(1, Ordering::Relaxed);
            limits.counts.commits.fetch_add(u64::from(kind == ObjectKind::Commit), Ordering::Relaxed);
            let (origin, bytes) = (origin(kind), object.bytes());
            if let Origin::History { .. } = origin {
                let commits = u64::from(kind == ObjectKind::Commit);
                sink.tally(Tally { objects: 1, commits, bytes: bytes.len() as u64 });
            }
            if !bytes.is_empty() {
                sink.blob(Blob::whole(origin, bytes));
            }
        }
        Err(error) => sink.notify(unreadable(&id, error.to_string())),
    }
}

fn unreadable(id: &ObjectId, message: String) -> Notification {
    Notification::warning(Code::ObjectUnreadable, id.to_string(), message)
}
