//! Walking commits: what some tips reach and others do not.
//!
//! What comes in: ids of commits. What goes out: the commits with their trees and parents, oldest first, and which could not be
//! read. A missing or broken commit ends its own branch of the walk, not the walk. The ends of a shallow clone are no damage.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};

use super::error::GitError;
use super::objects::Reader;
use super::repo::Repo;
use crate::model::ObjectId;

/// One commit and its links.
#[derive(Clone, Debug)]
pub struct CommitNode {
    /// Its id.
    pub id: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
    /// Its parents; none at the end of a shallow clone.
    pub parents: Vec<ObjectId>,
    /// Committer's time, seconds since 1970.
    pub time: i64,
}

/// What a walk came past.
#[derive(Debug, Default)]
pub struct Walk {
    /// Every commit after all of its parents, and else by time.
    pub commits: Vec<CommitNode>,
    /// Commits of the other side at which the walk turned back.
    pub boundary: Vec<CommitNode>,
    /// Commits that could not be read.
    pub unreadable: Vec<GitError>,
}

impl Repo {
    /// What `include` reaches and `exclude` does not.
    pub fn walk(&self, include: &[ObjectId], exclude: &[ObjectId]) -> Result<Walk, GitError> {
        let mut painter = Painter::new(self)?;
        exclude.iter().for_each(|id| painter.reach(*id, true));
        include.iter().for_each(|id| painter.reach(*id, false));
        while painter.open > 0 && painter.step() {}
        Ok(painter.finish())
    }

    /// These commits alone, in the order of a walk.
    pub fn commits(&self, ids: impl IntoIterator<Item = ObjectId>) -> Result<Walk, GitError> {
        let mut painter = Painter::new(self)?;
        let nodes: Vec<CommitNode> = ids.into_iter().filter_map(|id| painter.load(id)).collect();
        Ok(Walk { commits: oldest_first(nodes), boundary: Vec::new(), unreadable: painter.unreadable })
    }
}

/// Walks from the newest down and paints what the excluded side reaches, until nothing else is left to look at. Wrong clocks can
/// leave a commit unpainted: too much is looked at then, never too little.
struct Painter<'r> {
    reader: Reader<'r>,
    shallow: BTreeSet<ObjectId>,
    seen: HashMap<ObjectId, Seen>,
    queue: BinaryHeap<(i64, ObjectId)>,
    /// Commits in the queue that are not painted.
    open: usize,
    failed: HashSet<ObjectId>,
    unreadable: Vec<GitError>,
}

struct Seen {
    node: CommitNode,
    painted: bool,
    queued: bool,
}

impl<'r> Painter<'r> {
    fn new(repo: &'r Repo) -> Result<Self, GitError> {
        Ok(Self {
            reader: repo.reader()?,
            shallow: repo.shallow(),
            seen: HashMap::new(),
            queue: BinaryHeap::new(),
            open: 0,
            failed: HashSet::new(),
            unreadable: Vec::new(),
        })
    }

    fn load(&mut self, id: ObjectId) -> Option<CommitNode> {
        match self.reader.links(&id) {
            Ok(links) => {
                let parents = if self.shallow.contains(&id) { Vec::new() } else { links.parents };
                Some(CommitNode { id, tree: links.tree, parents, time: links.time })
            }
            Err(error) => {
                if self.failed.insert(id) {
                    self.unreadable.push(error);
                }
                None
            }
        }
    }

    fn reach(&mut self, id: ObjectId, paint: bool) {
        if let Some(seen) = self.seen.get_mut(&id) {
            if paint && !seen.painted {
                seen.painted = true;
                if seen.queued {
                    self.open -= 1;
                } else {
                    seen.queued = true;
                    self.queue.push((seen.node.time, id));
                }
            }
            return;
        }
        if let Some(node) = self.load(id) {
            self.queue.push((node.time, id));
            self.open += usize::from(!paint);
            self.seen.insert(id, Seen { node, painted: paint, queued: true });
        }
    }

    fn step(&mut self) -> bool {
        let Some((_, id)) = self.queue.pop() else { return false };
        let Some(seen) = self.seen.get_mut(&id) else { return true };
        seen.queued = false;
        let painted = seen.painted;
        self.open -= usize::from(!painted);
        for parent in seen.node.parents.clone() {
            self.reach(parent, painted);
        }
        true
    }

    fn finish(self) -> Walk {
        let (painted, open): (Vec<Seen>, Vec<Seen>) = self.seen.into_values().partition(|seen| seen.painted);
        let commits = oldest_first(open.into_iter().map(|seen| seen.node).collect());
        let parents: HashSet<ObjectId> = commits.iter().flat_map(|commit| commit.parents.iter().copied()).collect();
        let boundary = painted.into_iter().map(|seen| seen.node).filter(|node| parents.contains(&node.id)).collect();
        Walk { commits, boundary, unreadable: self.unreadable }
    }
}

fn oldest_first(nodes: Vec<CommitNode>) -> Vec<CommitNode> {
    let places: HashMap<ObjectId, usize> = nodes.iter().enumerate().map(|(at, node)| (node.id, at)).collect();
    let mut children = vec![Vec::new(); nodes.len()];
    let mut waiting = vec![0usize; nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        for parent in node.parents.iter().filter_map(|parent| places.get(parent)) {
            if let (Some(children), Some(waiting)) = (children.get_mut(*parent), waiting.get_mut(at)) {
                children.push(at);
                *waiting += 1;
            }
        }
    }
    let mut nodes: Vec<Option<CommitNode>> = nodes.into_iter().map(Some).collect();
    let mut ready: BinaryHeap<_> = nodes
        .iter()
        .zip(&waiting)
        .enumerate()
        .filter(|(_, (_, waiting))| **waiting == 0)
        .filter_map(|(at, (node, _))| node.as_ref().map(|node| Reverse((node.time, node.id, at))))
        .collect();
    let mut sorted = Vec::with_capacity(nodes.len());
    while let Some(Reverse((_, _, at))) = ready.pop() {
        sorted.extend(nodes.get_mut(at).and_then(Option::take));
        for child in children.get(at).into_iter().flatten() {
            let Some(left) = waiting.get_mut(*child) else { continue };
            *left -= 1;
            if *left == 0
                && let Some(node) = nodes.get(*child).and_then(Option::as_ref)
            {
                ready.push(Reverse((node.time, node.id, *child)));
            }
        }
    }
    // Only a forged database has commits in a circle; they come last, in no order.
    sorted.extend(nodes.into_iter().flatten());
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::Scratch;

    #[test]
    fn a_walk_gives_what_one_side_reaches_and_the_other_does_not() {
        let scratch = Scratch::repository();
        let a = scratch.commit("a");
        let b = scratch.commit("b");
        scratch.git(&["checkout", "-q", "-b", "side", "HEAD~1"]);
        let c = scratch.commit("c");
        scratch.git(&["checkout", "-q", "main"]);
        scratch.git(&["merge", "-q", "--no-ff", "-m", "m", "side"]);
        let m = scratch.id("HEAD");
        let repo = scratch.open();
        let cases: [[&[ObjectId]; 4]; 5] = [
            [&[m], &[], &[a, b, c, m], &[]],
            [&[m], &[b], &[c, m], &[a, b]],
            [&[c], &[b], &[c], &[a]],
            [&[a], &[m], &[], &[]],
            [&[], &[], &[], &[]],
        ];
        for [include, exclude, commits, boundary] in cases {
            let walk = repo.walk(include, exclude).unwrap();
            let ids = |nodes: &[CommitNode]| nodes.iter().map(|node| node.id).collect::<Vec<_>>();
            let mut turned = ids(&walk.boundary);
            turned.sort_by_key(|id| boundary.iter().position(|other| other == id));
            assert_eq!((ids(&walk.commits), turned), (commits.to_vec(), boundary.to_vec()));
            assert!(walk.unreadable.is_empty());
        }
        std::fs::remove_file(scratch.loose(&a)).unwrap();
        let walk = scratch.open().walk(&[m], &[]).unwrap();
        assert_eq!((walk.commits.len(), walk.unreadable.len()), (3, 1));
    }
}
