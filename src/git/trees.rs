//! Differences between trees: what one has that others have not, comparing ids only and leaving out equal subtrees.
//!
//! What comes in: ids of trees. What goes out: paths and blob ids. Trees that cannot be read are counted and left out.
//! What it must never do: recurse as deep, or run as long, as a forged repository asks for.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

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
/// No file system goes deeper.
const LONGEST_PATH: usize = 16 << 10;

const KIND: u32 = 0o170_000;
const DIRECTORY: u32 = 0o040_000;
const GITLINK: u32 = 0o160_000;

/// One entry of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeEntry<'t> {
    mode: u32,
    /// The file's name.
    pub name: &'t [u8],
    /// The blob or subtree.
    pub id: ObjectId,
}

/// Called with a blob's directory (a slash at its end), name and id.
pub type Visit<'v> = dyn FnMut(&[u8], &[u8], &ObjectId) + 'v;

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

impl TreeEntry<'_> {
    /// Whether it is a subtree.
    pub fn is_directory(&self) -> bool {
        self.mode & KIND == DIRECTORY
    }

    /// Whether it is a file or symbolic link.
    pub fn is_blob(&self) -> bool {
        !matches!(self.mode & KIND, DIRECTORY | GITLINK)
    }

    /// git's order of the entries of a tree: directories as if a slash followed.
    fn order(&self, other: &Self) -> Ordering {
        let common = self.name.len().min(other.name.len());
        let head = self.name.get(..common).cmp(&other.name.get(..common));
        let next = |entry: &Self| match entry.name.get(common) {
            None if entry.is_directory() => b'/',
            None => 0,
            Some(byte) => *byte,
        };
        head.then_with(|| next(self).cmp(&next(other)))
    }
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
        if old.contains(&new) {
            return;
        }
        let mut entries_left = MOST_ENTRIES;
        let mut pending = vec![Pending { path: Rc::default(), new, old: old.to_vec() }];
        while let Some(directory) = pending.pop() {
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

/// The entries in the bytes of a tree.
pub(super) struct Entries<'t> {
    tree: &'t [u8],
    rest: &'t [u8],
    id_length: usize,
}

/// No mode is longer, the space behind it included.
const LONGEST_MODE: usize = 8;

impl<'t> Entries<'t> {
    pub(super) fn of(tree: &'t [u8], id_length: usize) -> Self {
        Self { tree, rest: tree, id_length }
    }

    /// Where the last entry ended.
    pub(super) fn place(&self) -> usize {
        self.tree.len() - self.rest.len()
    }
}

impl<'t> Iterator for Entries<'t> {
    type Item = TreeEntry<'t>;

    fn next(&mut self) -> Option<TreeEntry<'t>> {
        let space = self.rest.iter().take(LONGEST_MODE).position(|byte| *byte == b' ')?;
        let (mode, rest) = (self.rest.get(..space)?, self.rest.get(space + 1..)?);
        let end = memchr::memchr(0, rest)?;
        let (name, rest) = (rest.get(..end)?, rest.get(end + 1..)?);
        let (id, rest) = rest.split_at_checked(self.id_length)?;
        self.rest = rest;
        let mode = mode.iter().fold(0u32, |mode, digit| mode.wrapping_shl(3) | u32::from(digit & 7));
        Some(TreeEntry { mode, name, id: ObjectId::new(id)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry<'t>(mode: &str, name: &'t str) -> TreeEntry<'t> {
        TreeEntry {
            mode: u32::from_str_radix(mode, 8).unwrap(),
            name: name.as_bytes(),
            id: ObjectId::new(&[7; 20]).unwrap(),
        }
    }

    #[test]
    fn entries_are_in_gits_order() {
        let sorted = [entry("100644", "a"), entry("100644", "a.b"), entry("40000", "a"), entry("100644", "a0")];
        for (at, left) in sorted.iter().enumerate() {
            for (other, right) in sorted.iter().enumerate() {
                assert_eq!(left.order(right), at.cmp(&other), "{left:?} {right:?}");
            }
        }
    }

    #[test]
    fn a_cut_tree_ends_early() {
        let mut tree = b"100644 a\0".to_vec();
        tree.extend([1; 20]);
        tree.extend(b"40000 b\0");
        tree.extend([2; 19]);
        let found: Vec<_> = Entries::of(&tree, 20).collect();
        assert_eq!(found, [TreeEntry { mode: 0o100_644, name: b"a", id: ObjectId::new(&[1; 20]).unwrap() }]);
    }
}
