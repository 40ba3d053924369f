//! Attribution against what git itself says, over generated histories: branches, merges that change things of their own,
//! renames, files that come back, tags, notes, stashes, and commits that no ref reaches any more.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::commits::attribute;
use crate::git::fixture::Scratch;
use crate::model::{Location, ObjectId, ObjectKind, Place, Region};

#[derive(Clone, Debug)]
enum Op {
    Write(u8, u8),
    Remove(u8),
    Rename(u8, u8),
    Branch(u8),
    Checkout(u8),
    Delete(u8),
    /// From a branch, with one path as the branch has it, and one written anew.
    Merge(u8, u8, Option<(u8, u8)>),
    Amend(u8, u8),
    Tag(u8),
    Note(u8),
    Stash(u8, u8),
    Pack,
}

const PATHS: [&str; 4] = ["a", "b", "d/a", "d/e/f"];

fn op() -> impl Strategy<Value = Op> {
    let (path, content, branch) = (0u8..4, 0u8..3, 0u8..3);
    prop_oneof![
        4 => (path.clone(), content.clone()).prop_map(|(path, content)| Op::Write(path, content)),
        2 => path.clone().prop_map(Op::Remove),
        1 => (path.clone(), path.clone()).prop_map(|(from, to)| Op::Rename(from, to)),
        2 => branch.clone().prop_map(Op::Branch),
        2 => branch.clone().prop_map(Op::Checkout),
        1 => branch.clone().prop_map(Op::Delete),
        3 => (branch.clone(), path.clone(), prop::option::of((path.clone(), content.clone())))
            .prop_map(|(branch, path, own)| Op::Merge(branch, path, own)),
        1 => (path.clone(), content.clone()).prop_map(|(path, content)| Op::Amend(path, content)),
        1 => branch.prop_map(Op::Tag),
        1 => content.clone().prop_map(Op::Note),
        1 => (path, content).prop_map(|(path, content)| Op::Stash(path, content)),
        1 => Just(Op::Pack),
    ]
}

fn write(scratch: &Scratch, path: u8, content: u8) {
    scratch.write(PATHS[usize::from(path)], format!("secret {content}"));
}

fn play(scratch: &Scratch, op: &Op, number: usize) {
    let message = format!("{number} {op:?}");
    let name = |branch: &u8| format!("b{branch}");
    let exists = |name: &str| !scratch.git(&["branch", "--list", name]).is_empty();
    match op {
        Op::Write(path, content) => write(scratch, *path, *content),
        Op::Remove(path) => drop(std::fs::remove_file(scratch.file(PATHS[usize::from(*path)]))),
        Op::Rename(from, to) => {
            if let Ok(bytes) = std::fs::read(scratch.file(PATHS[usize::from(*from)])) {
                std::fs::remove_file(scratch.file(PATHS[usize::from(*from)])).unwrap();
                scratch.write(PATHS[usize::from(*to)], bytes);
            }
        }
        Op::Branch(branch) => drop(scratch.git(&["checkout", "-q", "-B", &name(branch)])),
        Op::Checkout(branch) if exists(&name(branch)) => drop(scratch.git(&["checkout", "-q", &name(branch)])),
        Op::Delete(branch) if exists(&name(branch)) => {
            scratch.git(&["checkout", "-q", "--detach"]);
            scratch.git(&["branch", "-q", "-D", &name(branch)]);
            scratch.git(&["checkout", "-q", "-B", "main"]);
        }
        Op::Merge(branch, path, own) if exists(&name(branch)) => {
            scratch.git(&["merge", "-q", "-s", "ours", "--no-commit", "--no-ff", &name(branch)]);
            let path = PATHS[usize::from(*path)];
            let theirs = scratch.git(&["ls-tree", &name(branch), "--", path]);
            match theirs.is_empty() {
                true => drop(std::fs::remove_file(scratch.file(path))),
                false => drop(scratch.git(&["checkout", "-q", &name(branch), "--", path])),
            }
            if let Some((path, content)) = own {
                write(scratch, *path, *content);
            }
        }
        Op::Checkout(_) | Op::Delete(_) | Op::Merge(..) => {}
        Op::Amend(path, content) => {
            write(scratch, *path, *content);
            scratch.git(&["add", "-A"]);
            scratch.git(&["commit", "-q", "--amend", "--allow-empty", "-m", &message]);
            return;
        }
        Op::Tag(tag) => return drop(scratch.git(&["tag", "-f", "-m", "tag", &format!("t{tag}")])),
        Op::Note(content) => return drop(scratch.git(&["notes", "add", "-f", "-m", &format!("note {content}")])),
        Op::Stash(path, content) => {
            write(scratch, *path, *content);
            scratch.git(&["add", "-A"]);
            if !scratch.git(&["status", "--porcelain"]).is_empty() {
                scratch.git(&["stash", "push", "-q"]);
            }
            return;
        }
        Op::Pack => return drop(scratch.git(&["repack", "-q", "-a", "-d", "-k"])),
    }
    scratch.commit(&message);
}

type Pair = (ObjectId, String);

/// Every commit of the database as git shows it.
struct Truth {
    files: BTreeMap<String, BTreeSet<Pair>>,
    parents: BTreeMap<String, Vec<String>>,
    /// Oldest first; every commit has a second of its own.
    order: Vec<String>,
    reachable: BTreeSet<String>,
    /// Refs, each with the commit at its tip.
    tips: Vec<(String, String)>,
}

impl Truth {
    fn of(scratch: &Scratch) -> Self {
        let all = scratch.git(&["cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)"]);
        let (mut files, mut parents, mut times) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        for commit in all.lines().filter_map(|line| line.strip_prefix("commit ")) {
            let shown = scratch.git(&["show", "-s", "--format=%ct %P", commit]);
            let mut words = shown.split(' ').filter(|word| !word.is_empty()).map(str::to_owned);
            times.push((words.next().unwrap(), commit.to_owned()));
            parents.insert(commit.to_owned(), words.collect());
            files.insert(commit.to_owned(), tree(scratch, commit));
        }
        times.sort();
        let reachable = scratch.git(&["rev-list", "--all", "HEAD"]).lines().map(str::to_owned).collect();
        let tips = scratch.git(&["for-each-ref", "--format=%(refname) %(objectname) %(*objectname)"]);
        let tips = tips.lines().map(|line| {
            let mut words = line.split(' ').filter(|word| !word.is_empty());
            (words.next().unwrap().to_owned(), words.next_back().unwrap().to_owned())
        });
        let (tips, order) = (tips.collect(), times.into_iter().map(|(_, commit)| commit).collect());
        Self { files, parents, order, reachable, tips }
    }

    fn has(&self, commit: &str, pair: &Pair) -> bool {
        self.files.get(commit).is_some_and(|files| files.contains(pair))
    }

    /// The first of these commits that has it and none of whose parents has.
    fn introduced(&self, pair: &Pair, among: impl Fn(&str) -> bool) -> Option<&String> {
        self.order.iter().find(|commit| {
            among(commit)
                && self.has(commit, pair)
                && !self.parents[*commit].iter().any(|parent| self.has(parent, pair))
        })
    }

    fn pairs(&self, among: impl Fn(&str) -> bool) -> BTreeSet<Pair> {
        self.files.iter().filter(|(commit, _)| among(commit)).flat_map(|(_, files)| files.clone()).collect()
    }
}

fn tree(scratch: &Scratch, commit: &str) -> BTreeSet<Pair> {
    let listed = scratch.git(&["ls-tree", "-r", "--format=%(objectname) %(path)", commit]);
    let pair = |line: &str| {
        let (id, path) = line.split_once(' ')?;
        Some((ObjectId::from_hex(id.as_bytes())?, path.to_owned()))
    };
    listed.lines().filter_map(pair).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn places_are_where_git_says(ops in prop::collection::vec(op(), 4..24)) {
        let scratch = Scratch::repository();
        write(&scratch, 0, 0);
        scratch.commit("first");
        ops.iter().enumerate().for_each(|(number, op)| play(&scratch, op, number));

        let truth = Truth::of(&scratch);
        let is_reachable = |commit: &str| truth.reachable.contains(commit);
        let (reached, all) = (truth.pairs(is_reachable), truth.pairs(|_| true));
        let seen: BTreeSet<ObjectId> = reached.iter().map(|(id, _)| *id).collect();
        let lost: BTreeSet<Pair> = all.iter().filter(|(id, _)| !seen.contains(id)).cloned().collect();

        let region = Region { line: 1, column: 1, end_line: 1, end_column: 2 };
        let blobs: BTreeSet<ObjectId> = all.iter().map(|(id, _)| *id).collect();
        let location = |id: &ObjectId| {
            Location::new(Place::History { id: *id, kind: ObjectKind::Blob }, String::new(), region)
        };
        let repo = scratch.open();
        let (tips, _) = repo.refs().unwrap();
        let (locations, notes) = attribute(&repo, &tips, blobs.iter().map(location).collect(), &|| false);
        prop_assert!(notes.is_empty(), "{notes:?}");

        let mut told = BTreeSet::new();
        for location in &locations {
            let Place::History { id, .. } = location.place else { panic!("{location:?}") };
            let among = |commit: &str| is_reachable(commit) == location.reachable;
            let introduced = location.commit.as_ref().map(|commit| commit.id.to_string());
            // The path of a note is the name of what it is about, which is not told.
            let is_note = |pair: &&Pair| {
                pair.0 == id && pair.1.len() == 40 && truth.introduced(pair, among) == introduced.as_ref()
            };
            let noted = all.iter().find(is_note).filter(|_| location.path.is_empty());
            let pair = noted.cloned().unwrap_or((id, location.path.clone()));
            prop_assert_eq!(introduced.as_ref(), truth.introduced(&pair, among), "{:?}", pair);
            let holders = truth.tips.iter().filter(|(_, commit)| truth.has(commit, &pair));
            let mut holders: Vec<&str> = holders.map(|(name, _)| name.as_str()).collect();
            holders.sort_unstable();
            prop_assert_eq!(&location.at_tip, &holders, "{:?}", pair);
            prop_assert!(!location.reachable || location.removed.is_some() || !holders.is_empty(), "{:?} went nowhere", pair);
            if let Some(removed) = location.removed.as_ref().map(|commit| commit.id.to_string()) {
                let had = truth.parents[&removed].iter().any(|parent| truth.has(parent, &pair));
                prop_assert!(had && !truth.has(&removed, &pair) && among(&removed), "{:?} by {}", pair, removed);
            }
            prop_assert!(told.insert((pair, location.reachable)), "told twice");
        }
        let expected: BTreeSet<(Pair, bool)> =
            reached.into_iter().map(|pair| (pair, true)).chain(lost.into_iter().map(|pair| (pair, false))).collect();
        prop_assert_eq!(told, expected);
    }
}
