//! What still stands at the tips of refs.
//!
//! What comes in: pairs of blob and path, and the trees at the tips. What goes out: the refs that hold each pair. Thousands of tags
//! share nearly all of their trees, so an answer for one directory is kept for the next tip that has the same.

use std::collections::HashMap;
use std::rc::Rc;

use super::paths::Pair;
use crate::git::Trees;
use crate::model::ObjectId;

/// The paths looked for, as a tree of names.
#[derive(Default)]
pub(super) struct Wanted {
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    children: HashMap<Vec<u8>, usize>,
    /// Numbers of the pairs at exactly this path.
    pairs: Vec<(ObjectId, usize)>,
}

/// Answers by directory and place in the tree of names.
#[derive(Default)]
pub(super) struct Known(HashMap<(ObjectId, usize), Rc<[usize]>>);

impl Wanted {
    /// Looks for these; an answer names them by their numbers in this order.
    pub(super) fn new<'p>(pairs: impl Iterator<Item = &'p Pair>) -> Self {
        let mut wanted = Self { nodes: vec![Node::default()] };
        for (number, (id, path)) in pairs.enumerate() {
            let mut at = 0;
            for name in path.split(|byte| *byte == b'/') {
                at = wanted.child(at, name);
            }
            if let Some(node) = wanted.nodes.get_mut(at) {
                node.pairs.push((*id, number));
            }
        }
        wanted
    }

    fn child(&mut self, at: usize, name: &[u8]) -> usize {
        let next = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else { return at };
        if let Some(child) = node.children.get(name) {
            return *child;
        }
        node.children.insert(name.to_vec(), next);
        self.nodes.push(Node::default());
        next
    }

    /// Which pairs this tree holds.
    pub(super) fn in_tree(&self, tree: ObjectId, trees: &mut Trees<'_>, known: &mut Known) -> Rc<[usize]> {
        self.below(0, tree, trees, known)
    }

    /// No deeper than the longest path looked for, so that recursion is bounded by what honest trees were seen to hold.
    fn below(&self, at: usize, tree: ObjectId, trees: &mut Trees<'_>, known: &mut Known) -> Rc<[usize]> {
        if let Some(answer) = known.0.get(&(tree, at)) {
            return Rc::clone(answer);
        }
        let (raw, mut found) = (trees.raw(&tree), Vec::new());
        if let Some(node) = self.nodes.get(at) {
            for entry in trees.entries(&raw) {
                let Some(child) = node.children.get(entry.name) else { continue };
                if entry.is_directory() {
                    found.extend(self.below(*child, entry.id, trees, known).iter());
                } else if let Some(child) = self.nodes.get(*child) {
                    found.extend(child.pairs.iter().filter(|(id, _)| *id == entry.id).map(|(_, number)| *number));
                }
            }
        }
        let answer: Rc<[usize]> = found.into();
        known.0.insert((tree, at), Rc::clone(&answer));
        answer
    }
}
