//! The entries of one pack as a forest: every delta hangs below the entry it is a delta of.
//!
//! What comes in: a pack, what of it is sought, and the objects of it that need no search. What goes out: the roots that lead to
//! something to search, and below each entry its children, the one with most below it last. Whatever lies below a tree object is
//! a tree object; what nothing to search is made from is left out.
//!
//! Entries are numbered in the order in which they lie in the pack.

use std::ops::Range;

use rayon::prelude::*;

use super::bits::Bits;
use super::file::{Content, PackFile};
use crate::git::Kind;

/// An entry, by its number.
pub(super) type Node = u32;

/// No entry: the parent of a root.
const NONE: Node = Node::MAX;

/// What is known of an entry before it is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// A delta whose chain has not been followed yet.
    Open,
    /// A delta whose chain is being followed.
    Pending,
    /// Its chain leads to an object of this kind.
    Known(Kind),
    /// Without a root in this pack: unknown until it is read, if it can be.
    Rootless,
}

/// What the headers of a pack say.
struct Outline {
    starts: Vec<u64>,
    places: Vec<u32>,
    parents: Vec<Node>,
    states: Vec<State>,
}

impl Outline {
    /// Reads the header of every entry, and follows every chain to its root.
    fn draw(pack: &PackFile) -> Self {
        let mut offsets = pack.offsets();
        offsets.par_sort_unstable();
        let (starts, places): (Vec<u64>, Vec<u32>) = offsets.into_iter().unzip();
        let (mut parents, mut states) = links(pack, &starts);
        settle(&mut parents, &mut states);
        Self { starts, places, parents, states }
    }
}

/// The kind of each object of a pack, with its place of the index, in the order of the pack; `None` where the headers cannot tell.
pub(super) fn kinds(pack: &PackFile) -> impl Iterator<Item = (u32, Option<Kind>)> {
    let Outline { places, states, .. } = Outline::draw(pack);
    places.into_iter().zip(states).map(|(place, state)| match state {
        State::Known(kind) => (place, Some(kind)),
        State::Rootless | State::Open | State::Pending => (place, None),
    })
}

pub(super) struct Forest {
    /// Where entries begin, in order.
    starts: Vec<u64>,
    /// The place of each in the index.
    places: Vec<u32>,
    /// Where the children of each begin in `children`; one more at the end.
    firsts: Vec<u32>,
    children: Vec<Node>,
    /// Those to be searched. The others are only there for their children.
    wanted: Bits,
    /// Places of the index whose entries are of another kind than is sought.
    others: Bits,
    roots: Vec<Node>,
    /// Places of the index whose entries have no root in this pack.
    rootless: Vec<u32>,
}

impl Forest {
    /// Reads the header of every entry. `skip` holds the places of the index that need no search; the rest is searched where it
    /// may be of a kind that `is_sought`, and its place is wanted.
    pub(super) fn grow(
        pack: &PackFile,
        skip: &Bits,
        is_sought: impl Fn(Kind) -> bool,
        wants: impl Fn(u32) -> bool,
    ) -> Self {
        let Outline { starts, places, parents, states } = Outline::draw(pack);
        let mut wanted = Bits::new(starts.len());
        let mut others = Bits::new(pack.len() as usize);
        for (node, (state, place)) in (0..).zip(states.iter().zip(&places)) {
            let is_sought = match state {
                State::Known(kind) => is_sought(*kind),
                State::Rootless | State::Open | State::Pending => true,
            };
            if !is_sought {
                others.insert(*place);
            }
            if is_sought && !skip.contains(*place) && wants(*place) {
                wanted.insert(node);
            }
        }
        let rootless = states.iter().zip(&places).filter(|(state, _)| **state == State::Rootless);
        let rootless = rootless.map(|(_, place)| *place).collect();
        let weights = weigh(&parents, &wanted);
        let (firsts, children) = children(&parents, &weights);
        let roots = (0..)
            .zip(parents.iter().zip(&weights))
            .filter_map(|(node, (parent, weight))| (*parent == NONE && *weight > 0).then_some(node))
            .collect();
        Self { starts, places, firsts, children, wanted, others, roots, rootless }
    }

    pub(super) fn roots(&self) -> &[Node] {
        &self.roots
    }

    /// Places of the index whose entries are damaged, are deltas of something that is not in this pack, or of each other; with
    /// all that is made from those.
    pub(super) fn rootless(&self) -> &[u32] {
        &self.rootless
    }

    /// Where in `child` the children of an entry are.
    pub(super) fn children(&self, node: Node) -> Range<u32> {
        let at = node as usize;
        match (self.firsts.get(at), self.firsts.get(at + 1)) {
            (Some(first), Some(end)) => *first..*end,
            _ => 0..0,
        }
    }

    pub(super) fn child(&self, at: u32) -> Option<Node> {
        self.children.get(at as usize).copied()
    }

    pub(super) fn is_wanted(&self, node: Node) -> bool {
        self.wanted.contains(node)
    }

    /// Whether the entry at this place of the index is known to be of another kind than is sought.
    pub(super) fn is_other(&self, place: u32) -> bool {
        self.others.contains(place)
    }

    /// The place of the index that names it.
    pub(super) fn place(&self, node: Node) -> u32 {
        self.places.get(node as usize).copied().unwrap_or(u32::MAX)
    }

    /// Where it begins.
    pub(super) fn start(&self, node: Node) -> u64 {
        self.starts.get(node as usize).copied().unwrap_or(u64::MAX)
    }

    /// Where the next one begins.
    pub(super) fn end(&self, node: Node) -> u64 {
        end(&self.starts, node as usize)
    }

    /// Where the entry that begins at this offset ends.
    pub(super) fn end_of(&self, offset: u64) -> Option<u64> {
        self.starts.binary_search(&offset).ok().map(|at| end(&self.starts, at))
    }
}

fn end(starts: &[u64], at: usize) -> u64 {
    let own = starts.get(at).copied();
    starts.iter().skip(at + 1).copied().find(|next| Some(*next) != own).unwrap_or(u64::MAX)
}

/// The parent of every entry, and what is known of each by its own header.
fn links(pack: &PackFile, starts: &[u64]) -> (Vec<Node>, Vec<State>) {
    let node_at = |offset: u64| Node::try_from(starts.binary_search(&offset).ok()?).ok();
    let mut parents = Vec::new();
    let mut states = Vec::new();
    starts
        .par_iter()
        .enumerate()
        .map(|(at, &start)| match pack.entry(start).map(|entry| entry.content) {
            Ok(Content::OffsetDelta(base)) => match before(starts, at, base) {
                Some(parent) => (parent, State::Open),
                None => (NONE, State::Rootless),
            },
            Ok(Content::IdDelta(base)) => {
                let offset = pack.find(&base).and_then(|place| pack.offset(place));
                match offset.and_then(node_at) {
                    Some(parent) => (parent, State::Open),
                    None => (NONE, State::Rootless),
                }
            }
            Ok(Content::Whole(kind)) => (NONE, State::Known(kind)),
            Err(_) => (NONE, State::Rootless),
        })
        .unzip_into_vecs(&mut parents, &mut states);
    (parents, states)
}

/// The entry before this one that begins at an offset. Bases stand mostly near what is made from them, so the search goes back from
/// there in steps that double.
fn before(starts: &[u64], at: usize, offset: u64) -> Option<Node> {
    let (mut from, mut to, mut step) = (at, at, 1);
    while from > 0 && starts.get(from).is_none_or(|start| *start > offset) {
        to = from;
        from = from.saturating_sub(step);
        step *= 2;
    }
    let found = starts.get(from..to)?.binary_search(&offset).ok()?;
    Node::try_from(from + found).ok()
}

/// Hands what the roots are down to all that hangs below them. A circle, which only deltas by id can make, is cut open: one
/// entry of it becomes a root, to be had only if its base turns up elsewhere.
fn settle(parents: &mut [Node], states: &mut [State]) {
    let mut path = Vec::new();
    for first in 0..states.len() {
        let mut node = first;
        let known = loop {
            let (Some(state), Some(parent)) = (states.get_mut(node), parents.get_mut(node)) else {
                break State::Rootless;
            };
            match *state {
                State::Open => {
                    *state = State::Pending;
                    path.push(node);
                    node = *parent as usize;
                }
                State::Pending => {
                    *parent = NONE;
                    break State::Rootless;
                }
                known @ (State::Known(_) | State::Rootless) => break known,
            }
        };
        for node in path.drain(..) {
            if let Some(state) = states.get_mut(node) {
                *state = known;
            }
        }
    }
}

/// How many entries to search hang on each, itself included; counted from the leaves up, each parent once its last child is.
fn weigh(parents: &[Node], wanted: &Bits) -> Vec<u32> {
    const COUNTED: u32 = u32::MAX;
    let mut waiting = vec![0u32; parents.len()];
    for parent in parents {
        if let Some(children) = waiting.get_mut(*parent as usize) {
            *children += 1;
        }
    }
    let mut weights = vec![0u32; parents.len()];
    for leaf in 0..parents.len() {
        let mut node = leaf;
        while let (Some(open @ 0), Some(weight), Some(parent)) =
            (waiting.get_mut(node), weights.get_mut(node), parents.get(node))
        {
            *open = COUNTED;
            *weight += u32::from(Node::try_from(node).is_ok_and(|node| wanted.contains(node)));
            let weight = *weight;
            node = *parent as usize;
            if let (Some(open), Some(sum)) = (waiting.get_mut(node), weights.get_mut(node)) {
                *open -= 1;
                *sum += weight;
            }
        }
    }
    weights
}

/// The children of every entry, those left out that lead to nothing, the one with most below it last: while it is walked its
/// siblings are done, so the parent's bytes are not needed any more.
fn children(parents: &[Node], weights: &[u32]) -> (Vec<u32>, Vec<Node>) {
    let kept =
        || (0..).zip(parents.iter().zip(weights)).filter(|(_, (parent, weight))| **parent != NONE && **weight > 0);
    let mut firsts = vec![0u32; parents.len() + 1];
    for (_, (parent, _)) in kept() {
        if let Some(count) = firsts.get_mut(*parent as usize + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for first in &mut firsts {
        sum += *first;
        *first = sum;
    }
    let mut children = vec![NONE; sum as usize];
    let mut next = firsts.clone();
    for (node, (parent, _)) in kept() {
        if let Some(at) = next.get_mut(*parent as usize)
            && let Some(child) = children.get_mut(*at as usize)
        {
            *child = node;
            *at += 1;
        }
    }
    for bounds in firsts.windows(2) {
        if let [first, end] = *bounds
            && let Some(siblings) = children.get_mut(first as usize..end as usize)
        {
            let weight = |node: &Node| weights.get(*node as usize).copied().unwrap_or(0);
            let heaviest = (0..siblings.len()).max_by_key(|at| siblings.get(*at).map(weight));
            if let (Some(heaviest), Some(last)) = (heaviest, siblings.len().checked_sub(1)) {
                siblings.swap(heaviest, last);
            }
        }
    }
    (firsts, children)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_are_found_wherever_they_stand_before() {
        let starts: Vec<u64> = (0..100).map(|number| 12 + 7 * number).collect();
        for at in 0..100 {
            for offset in 0..800 {
                let expected = starts[..at].binary_search(&offset).ok().map(|at| at as Node);
                assert_eq!(before(&starts, at, offset), expected, "{offset} before {at}");
            }
        }
    }
}
