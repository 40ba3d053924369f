//! The trees of a history with nothing in them but what leads to some blobs.
//!
//! What comes in: a repository and ids of blobs. What goes out: for the id of a tree, its entries that are one of the blobs or may
//! lead to one. Two walks over the packed trees, each tree made once: the first finds those that may lead to any, the second keeps
//! what of them does. What it must never do: call a tree empty of which it does not know that it leads nowhere; of such a tree
//! (loose, damaged, or more than is to be held) it says nothing, and whoever asks reads it himself.
//!
//! A tree leads wherever the one that it is stored as a delta of does, and wherever the entries lead that it has beyond that one.
//! That is more than is true, never less, and it needs only what is new in each tree.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::entries::{Entries, TreeEntry};
use super::pack::{Bits, Database, Limits, Sought, Stop, Tree, Visitor};
use super::repo::Repo;
use crate::model::{Fresh, ObjectId};

/// Bytes held for entries that lead somewhere, and for objects at hand.
const HELD: usize = 64 << 20;
const MEMORY: usize = 64 << 20;
/// What a tree that is held costs beside its bytes.
const OVERHEAD: usize = 128;
/// No honest history has more; a pack built to have more has trees of which nothing is known then.
const MOST_LINKS: usize = 16 << 20;
/// A longer tree is left to whoever asks for it.
const LONGEST: u64 = 256 << 20;

/// Tells whether it is to end.
pub(super) type Ends<'s> = dyn Fn() -> bool + Sync + 's;

/// What leads to some blobs.
pub(super) struct Skeleton {
    database: Database,
    /// Trees of which it is known where they lead.
    seen: Bits,
    /// Trees that may lead to a blob.
    leading: Bits,
    kept: HashMap<ObjectId, Arc<[u8]>>,
}

impl Skeleton {
    /// Of all packed trees of a repository. Where `ends` says so, less is known, but nothing wrong.
    pub(super) fn of(repo: &Repo, blobs: &HashSet<ObjectId>, ends: &Ends<'_>) -> Self {
        Self::within(MOST_LINKS, repo, blobs, ends)
    }

    fn within(most_links: usize, repo: &Repo, blobs: &HashSet<ObjectId>, ends: &Ends<'_>) -> Self {
        let database = repo.database();
        let limits = Limits {
            max_object: LONGEST,
            reach: repo.id_length(),
            threads: NonZeroUsize::new(rayon::current_num_threads()),
            memory: MEMORY,
        };
        let sieve = Sieve::of(blobs);
        let survey = Survey { database: &database, sieve: &sieve, found: Mutex::default(), most_links, ends };
        let walked = database.walk_for(Sought::Trees(&|_| true), &limits, &survey);
        let found = survey.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (seen, leading) = found.lead(database.numbers(), &walked.others);
        let keeper =
            Keeper { database: &database, sieve: &sieve, seen: &seen, leading: &leading, kept: Mutex::default(), ends };
        database.walk_for(Sought::Trees(&|number| leading.contains(number)), &limits, &keeper);
        let kept = keeper.kept.into_inner().unwrap_or_else(PoisonError::into_inner).trees;
        Self { database, seen, leading, kept }
    }

    /// What of a tree leads to the blobs; `None` where that is not known.
    pub(super) fn tree(&self, id: &ObjectId) -> Option<Arc<[u8]>> {
        if let Some(tree) = self.kept.get(id) {
            return Some(Arc::clone(tree));
        }
        let number = self.database.number(id)?;
        (self.seen.contains(number) && !self.leading.contains(number)).then(Arc::default)
    }
}

/// The blobs, with a quick no for nearly all others.
struct Sieve<'b> {
    blobs: &'b HashSet<ObjectId>,
    /// The first two bytes of their ids.
    begin: Bits,
}

impl<'b> Sieve<'b> {
    fn of(blobs: &'b HashSet<ObjectId>) -> Self {
        let mut begin = Bits::new(1 << 16);
        blobs.iter().for_each(|id| begin.insert(beginning(id)));
        Self { blobs, begin }
    }

    fn holds(&self, id: &ObjectId) -> bool {
        self.begin.contains(beginning(id)) && self.blobs.contains(id)
    }
}

fn beginning(id: &ObjectId) -> u32 {
    id.as_bytes().iter().take(2).fold(0, |value, byte| value << 8 | u32::from(*byte))
}

/// What the first walk finds.
#[derive(Default)]
struct Found {
    seen: Vec<u32>,
    /// Trees that hold a blob, or something of which nothing is known.
    leading: Vec<u32>,
    /// Where the first leads, the second does.
    links: Vec<(u32, u32)>,
}

impl Found {
    /// The trees that were seen, and those that may lead to a blob. `others` are no trees, and lead nowhere.
    fn lead(mut self, numbers: usize, others: &Bits) -> (Bits, Bits) {
        self.links.retain(|(from, _)| !others.contains(*from));
        let (mut seen, mut leading) = (Bits::new(numbers), Bits::new(numbers));
        self.seen.iter().for_each(|number| seen.insert(*number));
        self.links.par_sort_unstable();
        let mut pending = self.leading;
        pending.extend(self.links.iter().filter(|(from, _)| !seen.contains(*from)).map(|(_, to)| *to));
        while let Some(number) = pending.pop() {
            if !leading.contains(number) {
                leading.insert(number);
                let first = self.links.partition_point(|(from, _)| *from < number);
                let from_here = self.links.iter().skip(first).take_while(|(from, _)| *from == number);
                pending.extend(from_here.map(|(_, to)| *to));
            }
        }
        (seen, leading)
    }
}

/// The first walk.
struct Survey<'s> {
    database: &'s Database,
    sieve: &'s Sieve<'s>,
    found: Mutex<Found>,
    most_links: usize,
    ends: &'s Ends<'s>,
}

impl Survey<'_> {
    /// By what is new in a tree alone: an id stands behind each zero. Not every zero has one behind it, so this is of use only
    /// where all that seem to be ids are known. Gives what they name, and whether there is a blob that is sought.
    fn glance(&self, tree: &Tree<'_>, ranges: &[Range<usize>]) -> Option<(Vec<u32>, bool)> {
        let (mut named, mut holds_blob) = (Vec::new(), false);
        let id_length = tree.id.as_bytes().len();
        for range in ranges {
            // What is new lies inside, without the reach: an id that is whole in the base is not looked up again.
            let inner = match (range.start, tree.bytes.len().saturating_sub(range.end)) {
                (0, 0) => range.clone(),
                (0, _) => 0..range.end.saturating_sub(id_length),
                (start, 0) => start + id_length..range.end,
                (start, _) => start + id_length..range.end.saturating_sub(id_length),
            };
            let mut at = range.start;
            while let Some(zero) = memchr::memchr(0, tree.bytes.get(at..range.end)?) {
                at += zero + 1;
                if at > inner.end || at + id_length < inner.start {
                    continue;
                }
                let Some(id) = tree.bytes.get(at..at + id_length).and_then(ObjectId::new) else { continue };
                holds_blob |= self.sieve.holds(&id);
                named.push(self.database.number(&id)?);
            }
        }
        Some((named, holds_blob))
    }

    /// Entry by entry.
    fn read(&self, tree: &Tree<'_>) -> (Vec<u32>, bool) {
        let (mut trees, mut leads) = (Vec::new(), false);
        for (_, entry) in entries(tree) {
            if entry.is_directory() {
                match self.database.number(&entry.id) {
                    Some(number) => trees.push(number),
                    None => leads = true, // nobody knows where
                }
            } else {
                leads |= self.sieve.holds(&entry.id);
            }
        }
        (trees, leads)
    }
}

impl Visitor for Survey<'_> {
    fn tree(&self, tree: Tree<'_>) {
        let glanced = match (&tree.fresh, tree.base) {
            (Fresh::Part { ranges, .. }, Some(base)) => self.glance(&tree, ranges).map(|(mut trees, holds_blob)| {
                trees.push(base);
                (trees, holds_blob)
            }),
            _ => None,
        };
        let (mut trees, leads) = glanced.unwrap_or_else(|| self.read(&tree));
        trees.sort_unstable();
        trees.dedup();
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.links.len() + trees.len() > self.most_links {
            return;
        }
        found.seen.push(tree.number);
        found.links.extend(trees.into_iter().map(|from| (from, tree.number)));
        if leads {
            found.leading.push(tree.number);
        }
    }

    fn stop(&self) -> Option<Stop> {
        (self.ends)().then_some(Stop::Cancelled)
    }
}

/// What the second walk keeps, and the bytes that it takes.
#[derive(Default)]
struct Kept {
    trees: HashMap<ObjectId, Arc<[u8]>>,
    bytes: usize,
}

/// The second walk.
struct Keeper<'s> {
    database: &'s Database,
    sieve: &'s Sieve<'s>,
    seen: &'s Bits,
    leading: &'s Bits,
    kept: Mutex<Kept>,
    ends: &'s Ends<'s>,
}

impl Keeper<'_> {
    fn leads(&self, entry: &TreeEntry<'_>) -> bool {
        if !entry.is_directory() {
            return self.sieve.holds(&entry.id);
        }
        let number = self.database.number(&entry.id);
        number.is_none_or(|number| self.leading.contains(number) || !self.seen.contains(number))
    }
}

impl Visitor for Keeper<'_> {
    fn tree(&self, tree: Tree<'_>) {
        let mut kept = Vec::new();
        for (place, entry) in entries(&tree) {
            if self.leads(&entry) {
                kept.extend(tree.bytes.get(place).unwrap_or_default());
            }
        }
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if all.bytes + kept.len() + OVERHEAD <= HELD {
            all.bytes += kept.len() + OVERHEAD;
            all.trees.insert(tree.id, kept.into());
        }
    }

    fn stop(&self) -> Option<Stop> {
        (self.ends)().then_some(Stop::Cancelled)
    }
}

/// The entries of a tree, each with its place.
fn entries<'t>(tree: &Tree<'t>) -> impl Iterator<Item = (Range<usize>, TreeEntry<'t>)> + use<'t> {
    let mut entries = Entries::of(tree.bytes, tree.id.as_bytes().len());
    let mut start = 0;
    std::iter::from_fn(move || {
        let entry = entries.next()?;
        let place = start..entries.place();
        start = place.end;
        Some((place, entry))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::Scratch;
    use crate::git::{Kind, Trees};

    /// Every tree of the database, with what of it the skeleton keeps and what of it leads to the blobs in truth.
    fn assert_exact(scratch: &Scratch, blobs: &HashSet<ObjectId>, most_links: usize) -> usize {
        let repo = scratch.open();
        let skeleton = Skeleton::within(most_links, &repo, blobs, &|| false);
        let mut trees = Trees::new(&repo).unwrap();
        let mut known = 0;
        for tree in repo.list_objects().0 {
            let is_tree = tree.kind == Kind::Tree
                || repo.reader().unwrap().header(&tree.id).is_ok_and(|(kind, _)| kind == Kind::Tree);
            let Some(kept) = skeleton.tree(&tree.id).filter(|_| is_tree) else { continue };
            known += 1;
            let found = |trees: &mut Trees<'_>, raw: &[u8]| -> Vec<(Vec<u8>, ObjectId)> {
                let all: Vec<TreeEntry<'_>> = trees.entries(raw).collect();
                all.into_iter()
                    .filter(|entry| match entry.is_directory() {
                        true => leads(trees, &entry.id, blobs),
                        false => blobs.contains(&entry.id),
                    })
                    .map(|entry| (entry.name.to_vec(), entry.id))
                    .collect()
            };
            let raw = trees.raw(&tree.id);
            assert_eq!(found(&mut trees, &kept), found(&mut trees, &raw), "{}", tree.id);
        }
        known
    }

    fn leads(trees: &mut Trees<'_>, tree: &ObjectId, blobs: &HashSet<ObjectId>) -> bool {
        let mut leads = false;
        trees.added(*tree, &[], &mut |_, _, id| leads |= blobs.contains(id));
        leads
    }

    #[test]
    fn all_that_leads_to_the_blobs_is_kept_and_little_else() {
        let scratch = Scratch::repository();
        for number in 0..40u32 {
            scratch.write(&format!("d{}/e{}/f{number}", number % 3, number % 7), format!("content {number}"));
            scratch.write("d0/e0/often", format!("version {number}"));
            if number % 5 == 4 {
                std::fs::remove_file(scratch.file(&format!(
                    "d{0}/e{1}/f{2}",
                    (number - 2) % 3,
                    (number - 2) % 7,
                    number - 2
                )))
                .unwrap();
            }
            scratch.commit("more");
        }
        let blobs = HashSet::from([
            scratch.id("HEAD:d0/e0/often"),
            scratch.id("HEAD~3:d0/e1/f36"),
            scratch.id("HEAD~20:d1/e5/f19"),
        ]);
        assert_eq!(assert_exact(&scratch, &blobs, MOST_LINKS), 0, "loose trees are left to the reader");
        for options in [&["-f"][..], &["-f", "--depth=1"]] {
            scratch.git(&[&["repack", "-q", "-a", "-d"], options].concat());
            assert!(assert_exact(&scratch, &blobs, MOST_LINKS) > 80);
            for few in [0, 1, 30] {
                assert_exact(&scratch, &blobs, few);
            }
        }
        // Later trees in a pack of their own, on loose ones, and copies in two packs.
        scratch.write("d0/e0/later", "later");
        scratch.commit("loose");
        scratch.write("d1/e0/later", "later still");
        scratch.commit("loose too");
        scratch.git(&["repack", "-q"]);
        scratch.write("d2/last", "last");
        scratch.commit("loose three");
        let later = HashSet::from([scratch.id("HEAD:d0/e0/later"), scratch.id("HEAD:d2/last")]);
        assert!(assert_exact(&scratch, &later, MOST_LINKS) > 80);
        let repo = scratch.open();
        let skeleton = Skeleton::of(&repo, &blobs, &|| false);
        assert!(skeleton.kept.len() < 90, "{} trees are kept", skeleton.kept.len());
        let stopped = Skeleton::of(&repo, &blobs, &|| true);
        assert!(stopped.kept.len() <= skeleton.kept.len());
    }
}
