//! What trees name and the database does not have, and which commit needs it: the blobs and trees of old commits, too.
//!
//! What comes in: the trees of a database, the packed ones each with what is new in it, and the refs. What goes out: objects that a ref
//! needs and that are not there. One walk over the packed trees, each made once, finds ids that lead nowhere; who needs them is asked
//! only where there are any. What it must never do: call an object absent that is there, or keep more ids than it was told to.

use std::collections::{HashSet, VecDeque};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Mutex;

use super::display::display;
use super::entries::Entries;
use super::kind::Kind;
use super::lacks::{LONGEST_PATH, Lacks, MOST_BROKEN, has, locked};
use super::objects::Reader;
use super::pack::{Database, Limits, Sought, Stop, Tree, Visitor};
use super::refs::{Target, Tip};
use super::repo::Repo;
use super::skeleton::{Ends, Skeleton};
use crate::model::{Fresh, ObjectId};

/// So many names are looked up at once.
const LOOKED_UP: usize = 1 << 16;
/// Bytes for objects at hand.
const MEMORY: usize = 64 << 20;
/// A longer tree is no honest history's.
const LONGEST: u64 = 256 << 20;

/// A repository that may lack something.
pub(super) struct Absent<'a> {
    pub(super) repo: &'a Repo,
    pub(super) database: &'a Database,
    pub(super) reader: &'a Reader<'a>,
    /// Where it says so, less is found.
    pub(super) ends: &'a Ends<'a>,
}

/// Who needs what is away.
struct Below {
    skeleton: Skeleton,
    away: HashSet<ObjectId>,
    /// Trees that were looked below.
    entered: HashSet<ObjectId>,
    lacks: Lacks,
}

impl Absent<'_> {
    /// What is not there of the trees of commits that a ref reaches, and of those that refs name themselves, each with its path and
    /// the first that needs it; without what is `known`.
    pub(super) fn needed(&self, head: Option<ObjectId>, tips: &[Tip], known: &dyn Fn(&ObjectId) -> bool) -> Lacks {
        let mut away = self.away();
        away.retain(|id| !known(id));
        if away.is_empty() {
            return Lacks::new();
        }
        let skeleton = Skeleton::of(self.repo, &away, self.ends);
        let mut below = Below { skeleton, away, entered: HashSet::new(), lacks: Lacks::new() };
        for tip in tips {
            if let Target::Tree(id) = tip.target {
                self.tree(id, &tip.name, &mut below);
            }
        }
        let head = head.map(|id| (id, "HEAD".to_owned()));
        let tips = tips.iter().filter_map(|tip| Some((tip.commit()?, tip.name.clone())));
        let mut pending: VecDeque<(ObjectId, String)> = head.into_iter().chain(tips).collect();
        let mut seen = HashSet::new();
        while let Some((id, name)) = pending.pop_front().filter(|_| !below.away.is_empty() && !(self.ends)()) {
            let Some(links) = Some(id).filter(|id| seen.insert(*id)).and_then(|id| self.reader.links(&id).ok()) else {
                continue;
            };
            self.tree(links.tree, &name, &mut below);
            let parents = links.parents.into_iter().filter(|parent| !seen.contains(parent));
            pending.extend(parents.map(|parent| (parent, format!("commit {parent}"))));
        }
        below.lacks
    }

    /// Takes what a tree needs from what is away.
    fn tree(&self, root: ObjectId, name: &str, below: &mut Below) {
        let mut pending = vec![(root, Vec::new())];
        while let Some((id, path)) = pending.pop().filter(|_| !below.away.is_empty() && !(self.ends)()) {
            if path.len() > LONGEST_PATH || !below.entered.insert(id) {
                continue;
            }
            // One that is not there is known by whoever names it.
            let read = || self.reader.read_as(&id, Kind::Tree).ok().map(|tree| tree.bytes().into());
            let Some(tree) = below.skeleton.tree(&id).or_else(read) else { continue };
            for entry in Entries::of(&tree, self.repo.id_length()) {
                if (entry.is_blob() || entry.is_directory()) && below.away.remove(&entry.id) {
                    let path = [&path, entry.name].concat();
                    below.lacks.insert(entry.id, format!("{} in {name}", display(&path)));
                } else if entry.is_directory() {
                    pending.push((entry.id, [&path, entry.name, b"/"].concat()));
                }
            }
        }
    }

    /// What trees name, needed or not, and is not there.
    fn away(&self) -> HashSet<ObjectId> {
        let id_length = self.repo.id_length();
        let limits = Limits {
            max_object: LONGEST,
            reach: id_length,
            threads: NonZeroUsize::new(rayon::current_num_threads()),
            memory: MEMORY,
        };
        let (named, away) = (Mutex::default(), Mutex::default());
        let survey = Survey { database: self.database, ends: self.ends, named, away };
        self.database.walk_for(Sought::Trees(&|_| true), &limits, &survey);
        for id in self.database.loose().iter().take_while(|_| !(self.ends)()) {
            let is_tree = self.reader.header(id).is_ok_and(|(kind, _)| kind == Kind::Tree);
            if let Some(Ok(tree)) = is_tree.then(|| self.reader.read_as(id, Kind::Tree)) {
                survey.names(tree.bytes(), std::iter::once(0..tree.bytes().len()), id_length);
            }
        }
        survey.look_up(std::mem::take(&mut *locked(&survey.named)));
        survey.away.into_inner().unwrap_or_default()
    }
}

struct Survey<'s> {
    database: &'s Database,
    ends: &'s Ends<'s>,
    /// Still to be looked up.
    named: Mutex<Vec<ObjectId>>,
    away: Mutex<HashSet<ObjectId>>,
}

impl Survey<'_> {
    /// Takes note of what these ranges of a tree name: an id stands behind each zero that ends a name.
    fn names(&self, tree: &[u8], ranges: impl Iterator<Item = Range<usize>>, id_length: usize) {
        let mut names = Vec::new();
        for range in ranges {
            let fresh = tree.get(range.clone()).unwrap_or_default();
            let zeros = memchr::memchr_iter(0, fresh).map(|zero| range.start + zero);
            let ends = zeros.filter(|zero| ends_name(tree, *zero, id_length));
            names.extend(ends.filter_map(|zero| ObjectId::new(tree.get(zero + 1..zero + 1 + id_length)?)));
        }
        let full = {
            let mut named = locked(&self.named);
            named.append(&mut names);
            if named.len() < LOOKED_UP { Vec::new() } else { std::mem::take(&mut *named) }
        };
        self.look_up(full);
    }

    fn look_up(&self, mut named: Vec<ObjectId>) {
        named.sort_unstable();
        named.dedup();
        named.retain(|id| !has(self.database, id));
        if !named.is_empty() {
            let mut away = locked(&self.away);
            let room = MOST_BROKEN.saturating_sub(away.len());
            away.extend(named.into_iter().take(room));
        }
    }
}

/// Whether a zero ends the mode and the name of a file or directory: a mode stands behind the id before, whole or from a zero in it on.
fn ends_name(tree: &[u8], zero: usize, id_length: usize) -> bool {
    const MODES: [&[u8]; 6] = [b"100644 ", b"100755 ", b"100664 ", b"120000 ", b"40000 ", b"040000 "];
    let head = tree.get(..zero).unwrap_or_default();
    let between = head.get(memchr::memrchr(0, head).map_or(0, |last| last + 1)..).unwrap_or_default();
    let begins = |skip: usize| {
        let rest = between.get(skip..).unwrap_or_default();
        rest.first().is_some_and(|first| matches!(first, b'0' | b'1' | b'4'))
            && MODES.iter().any(|mode| rest.starts_with(mode))
    };
    (0..=id_length.min(between.len())).any(begins)
}

impl Visitor for Survey<'_> {
    fn tree(&self, tree: Tree<'_>) {
        let id_length = tree.id.as_bytes().len();
        match &tree.fresh {
            Fresh::Part { ranges, .. } => self.names(tree.bytes, ranges.iter().cloned(), id_length),
            Fresh::All => self.names(tree.bytes, std::iter::once(0..tree.bytes.len()), id_length),
        }
    }

    fn stop(&self) -> Option<Stop> {
        (self.ends)().then_some(Stop::Cancelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_what_looks_like_them() {
        let tree =
            [b"100644 a\0".as_slice(), &[7; 20], b"40000 bc\0", &[0, 1, 0, 2, 0], &[9; 15], b"160000 s\0", &[5; 20]]
                .concat();
        let zeros: Vec<usize> = memchr::memchr_iter(0, &tree).collect();
        let ends: Vec<usize> = zeros.into_iter().filter(|zero| ends_name(&tree, *zero, 20)).collect();
        assert_eq!(ends, [8, 8 + 21 + 8]);
    }
}
