//! What one file may cost, and the account of what was left out of it.
//!
//! What comes in: what is about to be unpacked, and what cannot be. What goes out: whether it may be, and at the end at most one
//! notification of each sort. What it must never do: let an archive that was made to do harm take more than it was given.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crate::model::{Code, Notification};

/// How far unpacking goes, for each file of a work tree, each object of a history, each stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Archives and compressions inside each other.
    pub(super) depth: usize,
    /// Members, all told.
    pub(super) members: u64,
    /// Bytes unpacked, all told, intermediate ones included.
    pub(super) total: u64,
    /// Bytes unpacked for each byte of the file; honest text does not come near.
    pub(super) ratio: u64,
    /// Up to here the ratio is not looked at.
    pub(super) free: u64,
    /// Bytes that all files of a run together may unpack to beyond the ratio.
    pub(super) shared: u64,
    /// Bytes of one member.
    pub(super) member: u64,
    /// Bytes of archives inside archives that must be held whole, because their directory is at their end.
    pub(super) held: u64,
}

/// What is used.
pub(super) const LIMITS: Limits = Limits {
    depth: 8,
    members: 500_000,
    total: 2 << 30,
    ratio: 250,
    free: 64 << 20,
    shared: 4 << 30,
    member: 512 << 20,
    held: 128 << 20,
};

/// Memory that a decompressor may ask for; the format's own tools ask for no more unless told to.
pub(super) const MEMORY: u64 = 128 << 20;

/// Why something was not searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    Depth,
    Members,
    Total,
    Ratio,
    Member,
    Held,
    Memory,
    /// Compressed in a way that is not known here.
    Unsupported,
    Encrypted,
    Damaged,
}

#[derive(Debug)]
struct LeftOut {
    count: u64,
    first: String,
}

/// The account of one file.
#[derive(Debug)]
pub(super) struct Budget {
    limits: Limits,
    /// Bytes that may be unpacked, and which limit says so.
    allowed: (u64, Cause),
    unpacked: Cell<u64>,
    members: Cell<u64>,
    held: Cell<u64>,
    spent: Cell<bool>,
    left_out: RefCell<BTreeMap<Cause, LeftOut>>,
}

impl Budget {
    /// For a file of this many bytes, where this much is left of what all share.
    pub(super) fn new(limits: Limits, length: u64, left: u64) -> Self {
        let by_ratio = length.saturating_mul(limits.ratio).max(limits.free.min(left));
        let allowed = if by_ratio < limits.total { (by_ratio, Cause::Ratio) } else { (limits.total, Cause::Total) };
        Self {
            limits,
            allowed,
            unpacked: Cell::new(0),
            members: Cell::new(0),
            held: Cell::new(0),
            spent: Cell::new(false),
            left_out: RefCell::default(),
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How much of what all share was used.
    pub(super) fn beyond_ratio(&self, length: u64) -> u64 {
        self.unpacked.get().saturating_sub(length.saturating_mul(self.limits.ratio))
    }

    /// Whether everything that was given is used up: nothing more is unpacked.
    pub(super) fn is_spent(&self) -> bool {
        self.spent.get()
    }

    /// Bytes that may still be unpacked.
    pub(super) fn room(&self) -> u64 {
        self.allowed.0.saturating_sub(self.unpacked.get())
    }

    /// Bytes were unpacked.
    pub(super) fn unpacked(&self, bytes: usize) {
        self.unpacked.set(self.unpacked.get().saturating_add(bytes as u64));
    }

    /// There is more than may be unpacked.
    pub(super) fn overdrawn(&self) {
        self.spent.set(true);
        self.leave_out(self.allowed.1, "");
    }

    /// Whether one more member may be looked at.
    pub(super) fn member(&self, path: &str) -> bool {
        if self.members.get() >= self.limits.members {
            self.spent.set(true);
            self.leave_out(Cause::Members, path);
            return false;
        }
        self.members.set(self.members.get() + 1);
        true
    }

    /// Bytes that may be held as well as what is held already.
    pub(super) fn holdable(&self) -> u64 {
        self.limits.held.saturating_sub(self.held.get())
    }

    /// So many more bytes are held while this goes on.
    pub(super) fn holding(&self, bytes: usize, go_on: impl FnOnce()) {
        let before = self.held.get();
        self.held.set(before.saturating_add(bytes as u64));
        go_on();
        self.held.set(before);
    }

    /// Something was not searched.
    pub(super) fn leave_out(&self, cause: Cause, path: &str) {
        let mut left_out = self.left_out.borrow_mut();
        left_out.entry(cause).or_insert_with(|| LeftOut { count: 0, first: path.to_owned() }).count += 1;
    }

    /// What is to be said of the file at `place`.
    pub(super) fn notifications(self, place: &str) -> Vec<Notification> {
        let limits = self.limits;
        let left_out = self.left_out.into_inner();
        let of = |cause| left_out.get(&cause).map(|left: &LeftOut| (left.count, in_words(left)));
        let reached: Vec<String> = left_out
            .iter()
            .filter_map(|(cause, left)| Some(format!("{}{}", limit(*cause, &limits)?, in_words(left))))
            .collect();
        let mut said = Vec::new();
        if !reached.is_empty() {
            let message = format!("the archive was not unpacked whole: {}", reached.join("; "));
            said.push(Notification::warning(Code::ArchiveLimited, place, message));
        }
        if let Some((count, first)) = of(Cause::Unsupported) {
            let message = format!("{} compressed in a way that cannot be unpacked{first}", members(count));
            said.push(Notification::warning(Code::ArchiveUnsupported, place, message));
        }
        if let Some((count, first)) = of(Cause::Encrypted) {
            let message = format!("{} encrypted and not searched{first}", members(count));
            said.push(Notification::note(Code::ArchiveEncrypted, place, message));
        }
        if let Some((_, first)) = of(Cause::Damaged) {
            let message = format!("the archive is damaged or cut short{first}: what could be unpacked was searched");
            said.push(Notification::note(Code::ArchiveDamaged, place, message));
        }
        said
    }
}

fn members(count: u64) -> String {
    if count == 1 { "1 member is".to_owned() } else { format!("{count} members are") }
}

fn in_words(left: &LeftOut) -> String {
    match (left.first.as_str(), left.count) {
        ("", _) => String::new(),
        (first, 1) => format!(" (at {first})"),
        (first, _) => format!(" (first at {first})"),
    }
}

/// Which limit; `None` where it is none.
fn limit(cause: Cause, limits: &Limits) -> Option<String> {
    Some(match cause {
        Cause::Depth => format!("archives inside each other more than {} deep", limits.depth),
        Cause::Members => format!("more than {} members", limits.members),
        Cause::Total => format!("more than {} bytes unpacked", limits.total),
        Cause::Ratio => format!("it unpacks to more than {} times its size", limits.ratio),
        Cause::Member => format!("a member of more than {} bytes", limits.member),
        Cause::Held => format!("a zip of more than {} bytes inside another archive", limits.held),
        Cause::Memory => format!("a decompressor that needs more than {MEMORY} bytes of memory"),
        Cause::Unsupported | Cause::Encrypted | Cause::Damaged => return None,
    })
}
