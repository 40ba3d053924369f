//! The life of each matched blob at each of its paths: which commit brought it in, which took it away.
//!
//! What comes in: the matched blobs and a walk, parents before children. What goes out: a record for each pair of blob and path.
//! Only matched blobs are remembered; everything else that a comparison of trees shows is dropped at once.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::git::{CommitNode, Trees};
use crate::model::ObjectId;

/// Says whether to give up.
pub(super) type Stop<'s> = dyn Fn() -> bool + Sync + 's;

/// A blob at a path.
pub(super) type Pair = (ObjectId, Vec<u8>);

/// When a blob came to a path and went from it. Commits are numbered in the order of the walk.
#[derive(Clone, Debug)]
pub(super) struct Life {
    /// The earliest commit that has it and none of whose parents has.
    pub(super) introduced: ObjectId,
    last_introduced: usize,
    /// The newest commit that has it not although all of its parents had.
    removed: Option<(usize, ObjectId)>,
    /// The newest merge that has it not although one of its parents had.
    dropped: Option<(usize, ObjectId)>,
}

impl Life {
    /// The newest commit that took it away. A merge counts only where no other commit explains that it went: a merge that takes
    /// over a deletion is not where the deletion was made.
    pub(super) fn removed(&self) -> Option<ObjectId> {
        let explained = self.removed.filter(|(at, _)| *at > self.last_introduced);
        explained.or(self.dropped).or(self.removed).map(|(_, commit)| commit)
    }
}

/// Follows the matched blobs through a walk.
pub(super) struct Lives<'w> {
    wanted: &'w HashSet<ObjectId>,
    /// The record of each pair, in order of path.
    pub(super) known: BTreeMap<Pair, Life>,
    trees_of: HashMap<ObjectId, ObjectId>,
    count: usize,
}

impl<'w> Lives<'w> {
    /// For these blobs.
    pub(super) fn of(wanted: &'w HashSet<ObjectId>) -> Self {
        Self { wanted, known: BTreeMap::new(), trees_of: HashMap::new(), count: 0 }
    }

    /// Takes note of commits that may be parents, without following anything through them.
    pub(super) fn knows(&mut self, commits: &[CommitNode]) {
        self.trees_of.extend(commits.iter().map(|commit| (commit.id, commit.tree)));
    }

    /// Follows them through these commits as well; their parents must have come before, or be missing.
    pub(super) fn follow(&mut self, commits: &[CommitNode], trees: &mut Trees<'_>, stop: &Stop<'_>) {
        self.trees_of.reserve(commits.len());
        for commit in commits.iter().take_while(|_| !stop()) {
            let parents: Vec<ObjectId> =
                commit.parents.iter().filter_map(|parent| self.trees_of.get(parent).copied()).collect();
            self.introduce(commit, &parents, trees);
            self.remove(commit, &parents, trees);
            self.trees_of.insert(commit.id, commit.tree);
            self.count += 1;
        }
    }

    fn introduce(&mut self, commit: &CommitNode, parents: &[ObjectId], trees: &mut Trees<'_>) {
        let (wanted, known, at) = (self.wanted, &mut self.known, self.count);
        trees.added(commit.tree, parents, &mut |directory, name, id| {
            if wanted.contains(id) {
                let fresh = Life { introduced: commit.id, last_introduced: at, removed: None, dropped: None };
                known.entry((*id, [directory, name].concat())).or_insert(fresh).last_introduced = at;
            }
        });
    }

    fn remove(&mut self, commit: &CommitNode, parents: &[ObjectId], trees: &mut Trees<'_>) {
        let (wanted, mut lost) = (self.wanted, HashMap::<Pair, usize>::new());
        for parent in parents {
            trees.added(*parent, &[commit.tree], &mut |directory, name, id| {
                if wanted.contains(id) {
                    *lost.entry((*id, [directory, name].concat())).or_default() += 1;
                }
            });
        }
        for (pair, had_it) in lost {
            if let Some(life) = self.known.get_mut(&pair) {
                let slot = if had_it == parents.len() { &mut life.removed } else { &mut life.dropped };
                *slot = Some((self.count, commit.id));
            }
        }
    }
}
