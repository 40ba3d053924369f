//! What a history names and does not have: a walk shows what is there, and nobody misses what it does not show.
//!
//! What comes in: the commits of a walk as they pass, and later the refs. What goes out: objects that a ref needs and that are not
//! there, each with what names it: parents and trees of all commits, and everything below the trees of HEAD and of the branches; where
//! something of that is not there, or somebody asks, everything below the trees of all commits, too. What it must never do: ask for
//! what no ref reaches, which git may have pruned, or read the trees of old commits unasked, which takes half as long as the search.
//!
//! Whether an object is there is looked up in the indexes while commits pass, many names at once in the order in which indexes hold
//! them, and only names that lead nowhere are kept. So a whole history costs one look at each index after every so many commits, and
//! little memory.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::absent::Absent;
use super::commit::links;
use super::display::display;
use super::entries::Entries;
use super::error::GitError;
use super::kind::Kind;
use super::objects::Reader;
use super::pack::{Database, Limits, Object, Stop, Tally, Tree, Visitor, Walked};
use super::refs::{Target, Tip};
use super::repo::Repo;
use super::skeleton::Ends;
use crate::model::{Below, ObjectId, ObjectKind};

/// git knows the empty tree without having it.
const EMPTY_TREES: [&[u8]; 2] =
    [b"4b825dc642cb6eb9a060e54bf8d69288fbee4904", b"6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"];
/// About so many names that lead nowhere are kept; from there on nobody counts them.
pub(super) const MOST_BROKEN: usize = 1 << 16;
/// Trees that are read: of HEAD, and of all branches together. So many, and one more for so many objects of the database: reading
/// a tree costs about as much as searching an object.
const HEAD_TREES: (usize, usize) = (10_000, 4);
const BRANCH_TREES: (usize, usize) = (1_000, 50);
/// So many names are looked up at once.
const LOOKED_UP: usize = 1 << 16;
/// No file system goes deeper.
pub(super) const LONGEST_PATH: usize = 16 << 10;

/// Objects that are not there, each with what names it, in words.
pub type Lacks = BTreeMap<ObjectId, String>;

/// What a walk came past: the names in its commits that lead nowhere.
pub struct Passed {
    database: Database,
    broken: Vec<Named>,
}

/// A commit names an object.
#[derive(Clone, Copy)]
struct Named {
    commit: ObjectId,
    named: ObjectId,
    is_parent: bool,
}

impl Repo {
    /// Shows every object of the database to the visitor, each once, and takes note of what commits name.
    pub fn walk_history<V: Visitor>(&self, limits: &Limits, visitor: &V) -> (Walked, Passed) {
        let database = self.database();
        let watch = Watch { visitor, database: &database, named: Mutex::default(), broken: Mutex::default() };
        let walked = database.walk(limits, &watch);
        watch.look_up(std::mem::take(&mut *locked(&watch.named)));
        let broken = watch.broken.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.forbid(walked.rootless.iter().copied());
        (walked, Passed { database, broken })
    }

    /// Commits whose parents git does not ask for.
    fn grafts(&self) -> HashSet<ObjectId> {
        let text = fs::read(self.common_dir().join("info/grafts")).unwrap_or_default();
        let lines = text.split(|byte| *byte == b'\n');
        lines.filter_map(|line| ObjectId::from_hex(line.split(u8::is_ascii_whitespace).next()?)).collect()
    }
}

/// Hands everything on, and looks up what commits name.
struct Watch<'w, V> {
    visitor: &'w V,
    database: &'w Database,
    /// Still to be looked up.
    named: Mutex<Vec<Named>>,
    broken: Mutex<Vec<Named>>,
}

impl<V> Watch<'_, V> {
    fn follow(&self, commit: ObjectId, bytes: &[u8]) {
        let Some(links) = links(bytes) else { return };
        let tree = Named { commit, named: links.tree, is_parent: false };
        let parents = links.parents.into_iter().map(|named| Named { commit, named, is_parent: true });
        let full = {
            let mut named = locked(&self.named);
            named.extend(std::iter::once(tree).chain(parents));
            if named.len() < LOOKED_UP { Vec::new() } else { std::mem::take(&mut *named) }
        };
        self.look_up(full);
    }

    fn look_up(&self, mut named: Vec<Named>) {
        // As many bytes as differ between most.
        named.sort_unstable_by_key(|each| {
            each.named.as_bytes().first_chunk().map_or(0, |head| u64::from_be_bytes(*head))
        });
        named.retain(|each| !has(self.database, &each.named));
        let mut broken = locked(&self.broken);
        let room = MOST_BROKEN.saturating_sub(broken.len());
        broken.extend(named.into_iter().take(room));
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<V: Visitor> Visitor for Watch<'_, V> {
    fn object(&self, object: Object<'_>) -> Below {
        if object.kind == ObjectKind::Commit {
            self.follow(object.id, object.bytes);
        }
        self.visitor.object(object)
    }

    fn tree(&self, tree: Tree<'_>) {
        self.visitor.tree(tree);
    }

    fn tally(&self, tally: Tally) {
        self.visitor.tally(tally);
    }

    fn stop(&self) -> Option<Stop> {
        self.visitor.stop()
    }
}

impl Passed {
    /// What `head` and the refs need and do not find. `everywhere`: the trees of old commits are read in any case. Nothing in a clone that
    /// is shallow or partial, which says so itself.
    pub fn lacks(
        self,
        repo: &Repo,
        head: Option<ObjectId>,
        tips: &[Tip],
        everywhere: bool,
        ends: &Ends<'_>,
    ) -> Result<Lacks, GitError> {
        if !repo.shallow().is_empty() || repo.partial().is_some() {
            return Ok(Lacks::new());
        }
        let Self { database, broken } = self;
        let reader = repo.reader()?;
        let mut search = Search { database: &database, reader, id_length: repo.id_length(), ends, lacks: Lacks::new() };
        let commits: Vec<ObjectId> = head.into_iter().chain(tips.iter().filter_map(Tip::commit)).collect();
        search.links(broken, commits, &repo.grafts());
        search.contents(head, tips);
        let Search { reader, mut lacks, .. } = search;
        if everywhere || !lacks.is_empty() {
            let absent = Absent { repo, database: &database, reader: &reader, ends };
            let known = |id: &ObjectId| lacks.contains_key(id);
            let more = absent.needed(head, tips, &known);
            lacks.extend(more);
        }
        if !lacks.is_empty() {
            // What came while the walk went on is there.
            let now = repo.database();
            lacks.retain(|id, _| !has(&now, id));
        }
        Ok(lacks)
    }
}

struct Search<'s> {
    database: &'s Database,
    reader: Reader<'s>,
    id_length: usize,
    ends: &'s Ends<'s>,
    lacks: Lacks,
}

impl Search<'_> {
    /// Names that lead nowhere, in commits that a ref reaches.
    fn links(&mut self, mut broken: Vec<Named>, tips: Vec<ObjectId>, grafts: &HashSet<ObjectId>) {
        broken.retain(|broken| !(broken.is_parent && grafts.contains(&broken.commit)));
        broken.sort_unstable_by_key(|broken| (broken.commit, broken.named));
        let mut sought: HashSet<ObjectId> = broken.iter().map(|broken| broken.commit).collect();
        let (mut seen, mut pending) = (HashSet::new(), tips);
        let mut reached = HashSet::new();
        while let Some(id) = pending.pop().filter(|_| !sought.is_empty() && !(self.ends)()) {
            if !seen.insert(id) {
                continue;
            }
            reached.extend(sought.take(&id));
            if let Ok(links) = self.reader.links(&id) {
                pending.extend(links.parents.into_iter().filter(|parent| !seen.contains(parent)));
            }
        }
        for Named { commit, named, is_parent } in broken.into_iter().filter(|broken| reached.contains(&broken.commit)) {
            let what = if is_parent { "a parent" } else { "the tree" };
            self.lacks.entry(named).or_insert_with(|| format!("{what} of commit {commit}"));
        }
    }

    /// What is below the trees of HEAD and of the branches.
    fn contents(&mut self, head: Option<ObjectId>, tips: &[Tip]) {
        let mut seen = BTreeSet::new();
        let objects = self.database.objects();
        let mut left = HEAD_TREES.0 + objects / HEAD_TREES.1;
        if let Some(head) = head {
            self.commit(head, "HEAD", &mut seen, &mut left);
        }
        let mut left = BRANCH_TREES.0 + objects / BRANCH_TREES.1;
        for tip in tips {
            match tip.target {
                _ if left == 0 || (self.ends)() => return,
                Target::Commit(id) if is_branch(&tip.name) => self.commit(id, &tip.name, &mut seen, &mut left),
                Target::Tree(id) => self.tree(id, &tip.name, &mut seen, &mut left),
                Target::Commit(_) | Target::Blob(_) => {}
            }
        }
    }

    fn commit(&mut self, id: ObjectId, name: &str, seen: &mut BTreeSet<ObjectId>, left: &mut usize) {
        if let Ok(links) = self.reader.links(&id) {
            self.tree(links.tree, name, seen, left);
        }
    }

    fn tree(&mut self, root: ObjectId, name: &str, seen: &mut BTreeSet<ObjectId>, left: &mut usize) {
        let mut pending = vec![(root, Vec::new())];
        while let Some((id, path)) = pending.pop().filter(|_| *left > 0 && !(self.ends)()) {
            if self.lacks.len() >= MOST_BROKEN {
                return;
            }
            if path.len() > LONGEST_PATH || !seen.insert(id) {
                continue;
            }
            *left -= 1;
            // One that is not there is known by whoever names it.
            let Ok(tree) = self.reader.read_as(&id, Kind::Tree) else { continue };
            for entry in Entries::of(tree.bytes(), self.id_length) {
                if !(entry.is_blob() || entry.is_directory()) {
                    continue;
                }
                let path = || [&path, entry.name].concat();
                if !has(self.database, &entry.id) {
                    self.lacks.entry(entry.id).or_insert_with(|| format!("{} in {name}", display(&path())));
                } else if entry.is_directory() {
                    pending.push((entry.id, [&path(), b"/".as_slice()].concat()));
                }
            }
        }
    }
}

fn is_branch(name: &str) -> bool {
    ["refs/heads/", "refs/remotes/"].iter().any(|start| name.starts_with(start)) || name.ends_with("HEAD")
}

/// Whether an object is there, or does not have to be: nothing has the id of zeros, which a forged or broken commit may name.
pub(super) fn has(database: &Database, id: &ObjectId) -> bool {
    database.contains(id)
        || id.as_bytes().iter().all(|byte| *byte == 0)
        || EMPTY_TREES.iter().any(|digits| ObjectId::from_hex(digits).as_ref() == Some(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::Scratch;

    struct Nobody;

    impl Visitor for Nobody {}

    fn lacks(scratch: &Scratch) -> Vec<String> {
        let repo = scratch.open();
        let limits = Limits { max_object: 1 << 20, reach: 64, threads: None, memory: 1 << 20 };
        let (_, passed) = repo.walk_history(&limits, &Nobody);
        let (tips, _) = repo.refs().unwrap();
        let lacks = passed.lacks(&repo, Some(scratch.id("HEAD")), &tips, true, &|| false).unwrap();
        lacks.into_iter().map(|(id, named)| format!("{id} {named}")).collect()
    }

    /// Three commits, in each of which every tree changes.
    fn three(options: &[&str]) -> Scratch {
        let scratch = Scratch::with(options);
        for number in 0..3 {
            scratch.write("d/e/f", format!("content {number}"));
            scratch.write("top", format!("top {number}"));
            scratch.commit("more");
        }
        scratch
    }

    fn assert_lacks(scratch: &Scratch, revision: &str, named: &str) {
        let id = scratch.id(revision);
        let (path, away) = (scratch.loose(&id), scratch.file("away"));
        fs::rename(&path, &away).unwrap();
        assert_eq!(lacks(scratch), [format!("{id} {named}")], "{revision}");
        fs::rename(&away, &path).unwrap();
        assert_eq!(lacks(scratch), [""; 0]);
    }

    #[test]
    fn what_is_not_there_is_named() {
        for options in [&[][..], &["--object-format=sha256"]] {
            let scratch = three(options);
            let [head, old] = ["HEAD", "HEAD~1"].map(|revision| scratch.id(revision));
            assert_lacks(&scratch, "HEAD:d/e/f", "d/e/f in HEAD");
            assert_lacks(&scratch, "HEAD:d", "d in HEAD");
            assert_lacks(&scratch, "HEAD^{tree}", &format!("the tree of commit {head}"));
            assert_lacks(&scratch, "HEAD~1^{tree}", &format!("the tree of commit {old}"));
            assert_lacks(&scratch, "HEAD~1", &format!("a parent of commit {head}"));
            assert_lacks(&scratch, "HEAD~2", &format!("a parent of commit {old}"));
            scratch.git(&["branch", "old", "HEAD~2"]);
            assert_lacks(&scratch, "old:top", "top in refs/heads/old");
            assert_lacks(&scratch, "HEAD~1:d/e/f", &format!("d/e/f in commit {old}"));
            assert_lacks(&scratch, "HEAD~1:d/e", &format!("d/e in commit {old}"));
            assert_lacks(&scratch, "HEAD~1:d", &format!("d in commit {old}"));
        }
    }

    #[test]
    fn what_only_packed_trees_of_old_commits_name_is_missed() {
        let scratch = Scratch::repository();
        for number in 0..30 {
            // Names enough for trees to be deltas of each other.
            (0..20).for_each(|name| scratch.write(&format!("d/{name}"), format!("name {name}")));
            scratch.write("d/changing", format!("content {number}"));
            scratch.commit("more");
        }
        let [old, away] = ["HEAD~20", "HEAD~20:d/changing"].map(|revision| scratch.id(revision));
        scratch.git(&["config", "uploadpack.allowFilter", "true"]);
        let source = format!("file://{}", scratch.path().display());
        // A clone without blobs that does not say that it is one.
        let clone = Scratch::empty();
        clone.git(&["clone", "-q", "--bare", "--filter=blob:none", &source, "."]);
        assert_eq!(lacks(&clone), [""; 0]);
        clone.git(&["config", "--unset", "remote.origin.promisor"]);
        clone.git(&["config", "--unset", "remote.origin.partialclonefilter"]);
        for file in fs::read_dir(clone.file("objects/pack")).unwrap().flatten() {
            if file.path().extension().is_some_and(|extension| extension == "promisor") {
                fs::remove_file(file.path()).unwrap();
            }
        }
        let lacks = lacks(&clone);
        assert_eq!(lacks.len(), 50);
        assert!(lacks.contains(&format!("{away} d/changing in commit {old}")), "{lacks:?}");
    }

    #[test]
    fn what_may_be_away_is_not_missed() {
        let scratch = three(&[]);
        // No ref reaches the commit whose parent is pruned.
        scratch.git(&["checkout", "-q", "--detach"]);
        let pruned = scratch.commit("pruned");
        scratch.commit("unreachable");
        scratch.git(&["checkout", "-q", "main"]);
        fs::remove_file(scratch.loose(&pruned)).unwrap();
        // The commit of a submodule is somewhere else, and the empty tree nowhere.
        let elsewhere = format!("160000,{},sub", "1".repeat(40));
        scratch.git(&["update-index", "--add", "--cacheinfo", &elsewhere]);
        scratch.git(&["commit", "-q", "-m", "submodule"]);
        scratch.git(&["rm", "-q", "-r", "--cached", "."]);
        scratch.git(&["commit", "-q", "--allow-empty", "-m", "empty"]);
        let empty = ObjectId::from_hex(EMPTY_TREES[0]).unwrap();
        assert_eq!(scratch.id("HEAD^{tree}"), empty);
        let _ = fs::remove_file(scratch.loose(&empty));
        assert_eq!(lacks(&scratch), [""; 0]);
        // A graft ends a history without its parents.
        fs::remove_file(scratch.loose(&scratch.id("main~4"))).unwrap();
        assert_eq!(lacks(&scratch).len(), 1);
        scratch.write(".git/info/grafts", format!("{}\n", scratch.id("main~3")));
        assert_eq!(lacks(&scratch), [""; 0]);
    }
}
