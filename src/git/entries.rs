//! The entries of a tree object, in git's order.
//!
//! What comes in: a tree's bytes. What goes out: mode, name and id of each entry, up to where the bytes make no sense any more.

use std::cmp::Ordering;

use crate::model::ObjectId;

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
    pub(super) fn order(&self, other: &Self) -> Ordering {
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
