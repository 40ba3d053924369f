//! Differences between trees: what one has that others have not, comparing ids only and leaving out equal subtrees.
//!
//! What comes in: ids of trees. What goes out: paths and blob ids. Trees that cannot be read are counted and left out.
//! What it must never do: recurse as deep, or run as long, as a forged repository asks for.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::entries::{Entries, TreeEntry};
use super::error::GitError;
use super::kind::Kind;
use super::objects::Reader;
use super::repo::Repo;
use super::skeleton::{Ends, Skeleton};
use crate::model::ObjectId;

/// Raw trees held for the next comparison, which mostly needs the same ones.
const HELD_BYTES: usize = 64 << 20;
/// Entries looked at in one comparison: many times the largest honest repository's.
const MOST_ENTRIES: usize = 8_000_000;
/// How often one tree is entered in one comparison. Trees in which one stands at more paths were made to unfold without end.
const MOST_TIMES: usize = 4096;
/// No file system goes deeper.
const LONGEST_PATH: usize = 16 << 10;

/// Called with a blob's directory (a slash at its end), name and id.
pub type Visit<'v> = dyn FnMut(&[u8], &[u8], &ObjectId) + 'v;

/// Asked whether to enter a directory, by its path and tree.
pub type Enter<'e> = dyn FnMut(&[u8], &ObjectId) -> bool + 'e;

/// Reads and compares trees of one repository, for one thread.
pub struct Trees<'r> {
    reader: Reader<'r>,
    id_length: usize,
    cache: HashMap<ObjectId, Arc<[u8]>>,
    /// What is known of trees without reading them.
    skeleton: Option<Skeleton>,
    held: usize,
    unreadable: HashSet<ObjectId>,
    cut_short: bool,
}

struct Pending {
    path: Rc<[u8]>,
    new: ObjectId,
    old: Vec<ObjectId>,
}

impl<'r> Trees<'r> {
    /// For the trees of this repository.
    pub fn new(repo: &'r Repo) -> Result<Self, GitError> {
        Ok(Self {
            reader: repo.reader()?,
            id_length: repo.id_length(),
            cache: HashMap::new(),
            skeleton: None,
            held: 0,
            unreadable: HashSet::new(),
            cut_short: false,
        })
    }

    /// For comparisons that only ask for these blobs: whatever does not lead to one of them may be left out of a tree.
    pub fn leading_to(repo: &'r Repo, blobs: &HashSet<ObjectId>, ends: &Ends<'_>) -> Result<Self, GitError> {
        Ok(Self { skeleton: Some(Skeleton::of(repo, blobs, ends)), ..Self::new(repo)? })
    }

    /// Trees that could not be read so far.
    pub fn unreadable(&self) -> usize {
        self.unreadable.len()
    }

    /// Whether a comparison was given up as endless.
    pub fn cut_short(&self) -> bool {
        self.cut_short
    }

    /// The bytes of a tree; nothing where it cannot be read.
    pub fn raw(&mut self, id: &ObjectId) -> Arc<[u8]> {
        if let Some(tree) = self.skeleton.as_ref().and_then(|skeleton| skeleton.tree(id)) {
            return tree;
        }
        if let Some(tree) = self.cache.get(id) {
            return Arc::clone(tree);
        }
        let tree: Arc<[u8]> = match self.reader.read_as(id, Kind::Tree) {
            Ok(object) => object.bytes().into(),
            Err(_) => {
                self.unreadable.insert(*id);
                Arc::default()
            }
        };
        if self.held + tree.len() > HELD_BYTES {
            self.cache.clear();
            self.held = 0;
        }
        self.held += tree.len();
        self.cache.insert(*id, Arc::clone(&tree));
        tree
    }

    /// The entries in the bytes of a tree.
    pub fn entries<'t>(&self, tree: &'t [u8]) -> impl Iterator<Item = TreeEntry<'t>> + use<'t> {
        Entries::of(tree, self.id_length)
    }

    /// Visits each blob that `new` has and none of `old` has at the same path.
    pub fn added(&mut self, new: ObjectId, old: &[ObjectId], visit: &mut Visit<'_>) {
        self.compare(new, old, &mut |_, _| true, visit);
    }

    /// Visits each blob of a tree, without those of directories that are not to be entered. A path has a slash at its end.
    pub fn entered(&mut self, tree: ObjectId, enter: &mut Enter<'_>, visit: &mut Visit<'_>) {
        self.compare(tree, &[], enter, visit);
    }

    fn compare(&mut self, new: ObjectId, old: &[ObjectId], enter: &mut Enter<'_>, visit: &mut Visit<'_>) {
        if old.contains(&new) {
            return;
        }
        let mut entries_left = MOST_ENTRIES;
        let mut entered: HashMap<ObjectId, usize> = HashMap::new();
        let mut pending = vec![Pending { path: Rc::default(), new, old: old.to_vec() }];
        while let Some(directory) = pending.pop() {
            if !enter(&directory.path, &directory.new) {
                continue;
            }
            let times = entered.entry(directory.new).or_default();
            *times += 1;
            if *times > MOST_TIMES {
                self.cut_short = true;
                continue;
            }
            let tree = self.raw(&directory.new);
            let old: Vec<Arc<[u8]>> = directory.old.iter().map(|id| self.raw(id)).collect();
            let mut old: Vec<_> = old.iter().map(|tree| self.entries(tree).peekable()).collect();
            for entry in self.entries(&tree) {
                let Some(left) = entries_left.checked_sub(1).filter(|_| directory.path.len() < LONGEST_PATH) else {
                    self.cut_short = true;
                    return;
                };
                entries_left = left;
                let (mut unchanged, mut before) = (false, Vec::new());
                for old in &mut old {
                    while old.next_if(|old| old.order(&entry) == Ordering::Less).is_some() {}
                    if let Some(old) = old.next_if(|old| old.order(&entry) == Ordering::Equal) {
                        unchanged |= old.id == entry.id && old.is_blob() == entry.is_blob();
                        if entry.is_directory() {
                            before.push(old.id);
                        }
                    }
                }
                if unchanged {
                    continue;
                }
                if entry.is_blob() {
                    visit(&directory.path, entry.name, &entry.id);
                } else if entry.is_directory() {
                    let path = [&directory.path, entry.name, b"/"].concat().into();
                    pending.push(Pending { path, new: entry.id, old: before });
                }
            }
        }
    }
}
