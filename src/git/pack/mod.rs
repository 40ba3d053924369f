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
mod chains;
mod damage;
mod delta;
mod directories;
mod duplicates;
mod file;
mod forest;
mod fresh;
mod inflate;
mod loose;
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
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) use loose::Loose;
pub use walk::Stop;

use super::kind::{Kind, Listed};
use crate::model::{Below, Fresh, Notification, ObjectId, ObjectKind};
pub(super) use bits::Bits;
use board::{Board, Seat};
pub(super) use chains::Chains;
use file::PackFile;
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

/// One tree object, for as long as its bytes are at hand.
#[derive(Clone, Debug)]
pub struct Tree<'a> {
    /// Its id.
    pub id: ObjectId,
    /// Its number in the database.
    pub number: u32,
    /// The number of the tree that it was made from.
    pub base: Option<u32>,
    /// All of it.
    pub bytes: &'a [u8],
    /// What of it its base did not have, widened by the reach; all where it has none.
    pub fresh: Fresh<'a>,
}

/// Which objects of the packs a walk shows.
#[derive(Clone, Copy)]
pub enum Sought<'s> {
    /// Commits, blobs and tags.
    Texts,
    /// The trees whose numbers this wants.
    Trees(&'s (dyn Fn(u32) -> bool + Sync)),
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
    fn object(&self, _object: Object<'_>) -> Below {
        Below::Known(Vec::new())
    }

    /// Looks at one tree.
    fn tree(&self, _tree: Tree<'_>) {}

    /// Takes note of how far one thread has come.
    fn tally(&self, _tally: Tally) {}

    /// Whether to stop, and why; asked from time to time.
    fn stop(&self) -> Option<Stop> {
        None
    }
}

/// What a walk may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Objects longer than this are not shown, nor is what is stored as a delta of them.
    pub max_object: u64,
    /// How far from a fresh byte anything may begin or end that could lead to a match.
    pub reach: usize,
    /// Threads; `None` for one a core.
    pub threads: Option<NonZeroUsize>,
    /// Bytes for objects at hand, all threads together. One object and its base may go over it.
    pub memory: usize,
}

impl Limits {
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
    /// Where trees were sought, the numbers of all objects that are none.
    pub(super) others: Bits,
    /// Objects that nobody but this room should try to read: their chains have no beginning in their pack.
    pub(super) rootless: Vec<ObjectId>,
}

/// Bytes that may be made whatever the size of the packs, and times their size on top of that. The most that honest histories
/// are known to unfold to is some thousand times; a pack built to unfold without end is left at some point.
const ALLOWANCE: u64 = 16 << 30;
const ALLOWANCE_TIMES: u64 = 8192;

/// How often packs are looked for again when some vanish while they are opened, because git has just packed anew.
const TRIES: usize = 3;

/// The object database of a repository, what it borrows included.
pub struct Database {
    files: Vec<Arc<PackFile>>,
    loose: Loose,
    loose_ids: Vec<ObjectId>,
    notifications: Vec<Notification>,
}

impl Database {
    /// Opens all packs of the object directory `objects`, of its alternates, and of the directories in `borrowed`, which is
    /// what a hook's environment may name. An id has `id_len` bytes.
    pub fn open(objects: &Path, borrowed: &[PathBuf], id_len: usize) -> Self {
        let directories = directories::all(objects, borrowed);
        let mut notes = Vec::new();
        // Loose objects first: git packs an object before it removes the loose one.
        let loose_ids = directories::loose(&directories, id_len, &mut notes);
        let mut files = open_packs(&directories, id_len, &mut notes);
        // The biggest first: copies in others are skipped, and what was packed together is stored best together.
        files.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.path().cmp(b.path())));
        let differs = |file: &&Arc<PackFile>| file.len() != file.claimed();
        notes.extend(files.iter().filter(differs).map(|file| {
            let reason = format!("it holds {} objects, but its index names {}", file.claimed(), file.len());
            directories::unlisted(file.path(), &reason)
        }));
        Self { files, loose: Loose::among(directories), loose_ids, notifications: notes }
    }

    /// Every object once, and what could not be listed.
    pub fn list(self) -> (Vec<Listed>, Vec<Notification>) {
        let marks = duplicates::mark(&self.files);
        let mut listed = Vec::new();
        for (file, mark) in self.files.iter().zip(&marks) {
            let kept = forest::kinds(file).filter(|(place, kind)| kind.is_none() || !mark.contains(*place));
            listed.extend(kept.filter_map(|(place, kind)| {
                Some(Listed { id: file.id(place)?, kind: kind.unwrap_or(Kind::Damaged), size: None })
            }));
        }
        let is_packed = |id: &ObjectId| self.files.iter().any(|file| file.find(id).is_some());
        let loose = self.loose_ids.iter().filter(|id| !is_packed(id));
        listed.extend(loose.map(|id| Listed { id: *id, kind: Kind::Unknown, size: None }));
        (listed, self.notifications)
    }

    /// Shows every object to the visitor, each once.
    pub fn walk<V: Visitor>(&self, limits: &Limits, visitor: &V) -> Walked {
        self.walk_for(Sought::Texts, limits, visitor)
    }

    /// Shows what is sought to the visitor, each object once; trees only where they are packed.
    pub fn walk_for<V: Visitor>(&self, sought: Sought<'_>, limits: &Limits, visitor: &V) -> Walked {
        let Self { files, loose, loose_ids, notifications } = self;
        let mut notifications = notifications.clone();
        let loose_ids = if matches!(sought, Sought::Texts) { loose_ids.as_slice() } else { &[] };
        let marks = duplicates::mark(files);
        let size: u64 = files.iter().map(|file| file.end()).sum();
        let packs: Vec<Packed> = files
            .iter()
            .zip(&marks)
            .zip(firsts(files))
            .map(|((file, mark), first)| Packed::new(Arc::clone(file), first, mark, sought))
            .collect();
        let threads = limits.threads();
        let shared = Shared {
            board: Board::new(packs.iter().map(|pack| pack.forest.roots().len()), loose_ids.len(), threads),
            library: Library { packs: &packs, loose, loose_ids, max_object: limits.max_object },
            visitor,
            seeks_trees: matches!(sought, Sought::Trees(_)),
            troubles: Troubles::default(),
            clock: Clock {
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
        let stopped = *shared.clock.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let seeks_trees = shared.seeks_trees;
        notifications.extend(shared.troubles.into_notifications(limits.max_object));
        let mut others = Bits::default();
        if seeks_trees {
            others = Bits::new(self.numbers());
            for pack in &packs {
                let places = (0..pack.file.len()).filter(|place| pack.forest.is_other(*place));
                places.for_each(|place| others.insert(pack.first.saturating_add(place)));
            }
        }
        Walked { notifications, stopped, others, rootless: packs.iter().flat_map(Packed::rootless).collect() }
    }

    /// The number of a packed object, the same for all its copies; numbers begin at 0.
    pub fn number(&self, id: &ObjectId) -> Option<u32> {
        let mut copies = self.files.iter().zip(firsts(&self.files));
        copies.find_map(|(file, first)| first.checked_add(file.find(id)?))
    }

    /// Whether an object is there, packed or loose, whole or not.
    pub fn contains(&self, id: &ObjectId) -> bool {
        self.files.iter().any(|file| file.find(id).is_some()) || self.loose_ids.binary_search(id).is_ok()
    }

    /// Objects of the database, copies included.
    pub fn objects(&self) -> usize {
        self.numbers() + self.loose_ids.len()
    }

    /// Objects in files of their own.
    pub fn loose(&self) -> &[ObjectId] {
        &self.loose_ids
    }

    /// More than any number.
    pub fn numbers(&self) -> usize {
        self.files.iter().map(|file| file.len() as usize).sum()
    }
}

/// The number of each pack's first object.
fn firsts(files: &[Arc<PackFile>]) -> impl Iterator<Item = u32> {
    files.iter().scan(0u32, |next, file| {
        let first = *next;
        *next = next.saturating_add(file.len());
        Some(first)
    })
}

fn open_packs(directories: &[PathBuf], id_len: usize, notes: &mut Vec<Notification>) -> Vec<Arc<PackFile>> {
    let mut files = Vec::new();
    let mut tried = BTreeSet::new();
    for _ in 0..TRIES {
        let mut vanished = false;
        let mut told = Vec::new();
        for index in directories::packs(directories, &mut told) {
            if !tried.insert(index.clone()) {
                continue;
            }
            match PackFile::open(&index, id_len) {
                Ok(file) => files.push(Arc::new(file)),
                Err(_) if !index.exists() || !index.with_extension("pack").exists() => vanished = true,
                Err(reason) => notes.push(directories::unlisted(&index.with_extension("pack"), &reason)),
            }
        }
        if !vanished {
            notes.append(&mut told);
            break;
        }
    }
    files
}

/// The object directory, `borrowed` ones, and those that these borrow from.
pub(super) fn directories(objects: &Path, borrowed: &[PathBuf]) -> Vec<PathBuf> {
    directories::all(objects, borrowed)
}

/// The objects of a pack that must not be read by a reader that trusts indexes, where an entry of this one lies outside the pack.
pub(super) fn untrusted(index: &Path, id_len: usize) -> Vec<ObjectId> {
    match PackFile::open(index, id_len) {
        Ok(file) if !file.stays_inside() => {
            let none = Bits::new(0);
            Packed::new(Arc::new(file), 0, &none, Sought::Texts).rootless().collect()
        }
        Ok(_) | Err(_) => Vec::new(),
    }
}
