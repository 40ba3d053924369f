//! Everything in a repository's packs, each object made once and shown with what of it is new.
//!
//! What comes in: the directory of a repository's objects. What goes out, to a [`Visitor`], from several threads: every
//! commit, blob and tag of every pack, reachable or not, with the byte ranges that the object it is stored as a delta of did
//! not have. Trees are skipped, unread. What it must never do: end a walk, take memory or take time because of what a pack
//! says of itself; whatever cannot be read costs a notification.
//!
//! A history is a few hundred megabytes of pack and many gigabytes of blobs, since almost every blob is a small delta of
//! another one. The walk pays for the megabytes: it takes each pack as a forest of delta trees, goes down each tree depth
//! first, inflates every entry once, and lets the search look only at what each delta brought.

mod bits;
mod board;
mod buffers;
mod damage;
mod delta;
mod directories;
mod duplicates;
mod file;
mod forest;
mod fresh;
mod inflate;
mod single;
mod trouble;
mod walk;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

pub use file::Kind;
pub use single::Loose;
pub use walk::Stop;

use crate::model::{Code, Fresh, Notification, ObjectId, ObjectKind};
use board::{Board, Seat};
use file::PackFile;
use forest::Forest;
use single::{Library, Packed};
use trouble::Troubles;
use walk::{Clock, Shared, Walker};

/// One object, for as long as its bytes are at hand.
#[derive(Clone, Debug)]
pub struct Object<'a> {
    /// Its id.
    pub id: ObjectId,
    /// What it is.
    pub kind: ObjectKind,
    /// All of it.
    pub bytes: &'a [u8],
    /// What of it the object it was made from did not have, widened by the reach.
    pub fresh: Fresh<'a>,
}

/// How the objects that are made from one are to be searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Below {
    /// Only what is fresh in them: nothing that they may have copied from this one is a match, or decides over one.
    Fresh,
    /// Whole.
    Whole,
}

/// What was shown since the last tally. Objects that hold nothing fresh are not shown, but counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Commits among them.
    pub commits: u64,
}

/// Looks at objects. Several threads call it at once.
pub trait Visitor: Sync {
    /// Looks at one object, and says what that means for those made from it.
    fn object(&self, object: Object<'_>) -> Below;

    /// Takes note of how far one thread has come.
    fn tally(&self, _tally: Tally) {}
}

/// What a walk may take.
#[derive(Clone, Debug)]
pub struct Limits<'l> {
    /// Objects longer than this are not shown, nor is what is stored as a delta of them.
    pub max_object: u64,
    /// How far from a fresh byte a match, or anything that decides over it, may reach.
    pub reach: usize,
    /// Threads; `None` for one a core.
    pub threads: Option<NonZeroUsize>,
    /// Bytes for objects at hand, all threads together. One object and its base may go over it.
    pub memory: usize,
    /// When to stop.
    pub deadline: Option<Instant>,
    /// Set by whoever wants it stopped.
    pub cancel: Option<&'l AtomicBool>,
}

impl Limits<'_> {
    /// Whether to stop now, for a reason from outside.
    fn threads(&self) -> usize {
        self.threads.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
    }
}

/// What came of a walk.
#[derive(Debug)]
pub struct Walked {
    /// What could not be read.
    pub notifications: Vec<Notification>,
    /// Why it ended early, if it did.
    pub stopped: Option<Stop>,
}

/// Bytes that may be made whatever the size of the packs, and times their size on top of that. The most that honest histories
/// are known to unfold to is some thousand times; a pack built to unfold without end is left at some point.
const ALLOWANCE: u64 = 16 << 30;
const ALLOWANCE_TIMES: u64 = 8192;

/// How often packs are looked for again when some vanish while they are opened, because git has just packed anew.
const TRIES: usize = 3;

/// The open packs of a repository, those it borrows included.
pub struct Packs {
    files: Vec<PackFile>,
    directories: Vec<PathBuf>,
    id_len: usize,
    loose: Vec<ObjectId>,
    notifications: Vec<Notification>,
}

impl Packs {
    /// Opens all packs of the object directory `objects`, of its alternates, and of the directories in `borrowed`, which is
    /// what a hook's environment may name. An id has `id_len` bytes.
    pub fn open(objects: &Path, borrowed: &[PathBuf], id_len: usize) -> Self {
        let directories = directories::all(objects, borrowed);
        let loose = directories::loose(&directories, id_len); // first: git packs an object before it removes the loose one
        let mut packs = Self { files: Vec::new(), directories, id_len, loose, notifications: Vec::new() };
        packs.open_all();
        // The biggest first: copies in others are skipped, and what was packed together is stored best together.
        packs.files.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.path().cmp(b.path())));
        packs
    }

    fn open_all(&mut self) {
        let mut tried = BTreeSet::new();
        for _ in 0..TRIES {
            let mut vanished = false;
            for index in directories::packs(&self.directories) {
                if !tried.insert(index.clone()) {
                    continue;
                }
                match PackFile::open(&index, self.id_len) {
                    Ok(file) => self.files.push(file),
                    Err(_) if !index.exists() || !index.with_extension("pack").exists() => vanished = true,
                    Err(reason) => self.broken(&index.with_extension("pack"), &reason),
                }
            }
            if !vanished {
                break;
            }
        }
        for at in 0..self.files.len() {
            if let Some(file) = self.files.get(at)
                && file.len() != file.claimed()
            {
                let reason = format!("it holds {} objects, but its index names {}", file.claimed(), file.len());
                let path = file.path().to_owned();
                self.broken(&path, &reason);
            }
        }
    }

    fn broken(&mut self, pack: &Path, reason: &str) {
        let message = format!("this pack cannot be read whole: {reason}");
        self.notifications.push(Notification::warning(Code::ObjectUnreadable, pack.display().to_string(), message));
    }

    /// Objects that are not in packs, sorted; those that are in packs too are left out.
    pub fn loose(&self) -> impl Iterator<Item = &ObjectId> {
        self.loose.iter().filter(|id| self.files.iter().all(|file| file.find(id).is_none()))
    }

    /// Shows every object of every pack to the visitor, each once.
    pub fn walk<V: Visitor>(self, loose: &dyn Loose, limits: &Limits<'_>, visitor: &V) -> Walked {
        let Self { files, mut notifications, .. } = self;
        let marks = duplicates::mark(&files);
        let size: u64 = files.iter().map(PackFile::end).sum();
        let packs: Vec<Packed> = files
            .into_iter()
            .zip(&marks)
            .map(|(file, mark)| {
                let forest = Forest::grow(&file, mark);
                Packed { file, forest }
            })
            .collect();
        let threads = limits.threads();
        let shared = Shared {
            board: Board::new(packs.iter().map(|pack| pack.forest.roots().len()), threads),
            library: Library { packs: &packs, loose, max_object: limits.max_object },
            visitor,
            troubles: Troubles::default(),
            clock: Clock {
                deadline: limits.deadline,
                cancel: limits.cancel,
                allowance: ALLOWANCE.saturating_add(size.saturating_mul(ALLOWANCE_TIMES)),
                spent: AtomicU64::new(0),
                stopped: Mutex::new(None),
            },
            heavy: Mutex::new(()),
        };
        let share = limits.memory / threads;
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let _seat = Seat(&shared.board);
                    Walker::new(&shared, limits.reach, share).run();
                });
            }
        });
        let stopped = shared.clock.stopped.into_inner().unwrap_or_else(PoisonError::into_inner);
        notifications.extend(shared.troubles.into_notifications());
        Walked { notifications, stopped }
    }
}
