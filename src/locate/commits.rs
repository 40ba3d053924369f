//! Whose commit: path, commit and refs for every place in history, looked up late, in one pass for all of them together.
//!
//! What comes in: the locations of a run. What goes out: the same, those in history with their paths (one location for each), the
//! commit that brought them in, the one that took them away, whether any ref reaches them and which refs still show them.
//! With no location in history it costs nothing; else memory grows with commits and matches, not with files.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::paths::{Life, Lives, Pair, Stop};
use super::tips::{Known, Wanted};
use crate::git::{GitError, Kind, Reader, Repo, Target, Tip, Trees, Walk, display};
use crate::model::{Code, Commit, Location, Notification, ObjectId, ObjectKind, Place, Region};

/// Looks up path, commit and refs of every location in history; `tips` are the repository's refs. Sorted, each once. Gives up,
/// and says so, as soon as `stop` says yes.
pub fn attribute(
    repo: &Repo,
    tips: &[Tip],
    locations: Vec<Location>,
    stop: &Stop<'_>,
) -> (Vec<Location>, Vec<Notification>) {
    let sought = Sought::among(&locations);
    if sought.is_empty() {
        return (sorted(locations), Vec::new());
    }
    match Survey::take(repo, tips, &sought, stop) {
        Ok((survey, notes)) => {
            let mut describe = Describe::new(&survey.reader);
            let located = locations.into_iter().flat_map(|location| survey.locate(location, &mut describe)).collect();
            (sorted(located), notes)
        }
        Err(error) => (sorted(locations), vec![incomplete(&error.to_string())]),
    }
}

/// The objects that matched.
#[derive(Default)]
struct Sought {
    blobs: HashSet<ObjectId>,
    others: HashSet<ObjectId>,
}

impl Sought {
    fn among(locations: &[Location]) -> Self {
        let mut sought = Self::default();
        for location in locations {
            match location.place {
                Place::History { id, kind: ObjectKind::Blob } => sought.blobs.insert(id),
                Place::History { id, kind: ObjectKind::Commit | ObjectKind::Tag } => sought.others.insert(id),
                Place::Worktree | Place::Staged | Place::Stdin | Place::File => false,
            };
        }
        sought
    }

    fn is_empty(&self) -> bool {
        self.blobs.is_empty() && self.others.is_empty()
    }
}

/// What a pair of blob and path has come to.
struct Record {
    path: String,
    introduced: Option<ObjectId>,
    removed: Option<ObjectId>,
    reachable: bool,
    at_tip: Vec<String>,
}

/// Everything that history says about what is sought.
struct Survey<'r> {
    reader: Reader<'r>,
    records: HashMap<ObjectId, Vec<Record>>,
    reachable: HashSet<ObjectId>,
    /// Refs by the tags and commits that they point to.
    refs_to: HashMap<ObjectId, Vec<String>>,
    /// Commits at which a shallow clone ends.
    boundary: BTreeSet<ObjectId>,
    /// Commits of git's notes, whose paths are the names of other objects.
    notes: HashSet<ObjectId>,
}

impl<'r> Survey<'r> {
    fn take(
        repo: &'r Repo,
        tips: &[Tip],
        sought: &Sought,
        stop: &Stop<'_>,
    ) -> Result<(Self, Vec<Notification>), GitError> {
        let commits: Vec<ObjectId> = tips.iter().filter_map(Tip::commit).collect();
        let walk = repo.walk(&commits, &[])?;
        let mut survey = Self {
            reader: repo.reader()?,
            records: HashMap::new(),
            reachable: walk.commits.iter().map(|commit| commit.id).collect(),
            refs_to: refs_to(tips),
            boundary: repo.shallow(),
            notes: commits_of_notes(&walk, tips),
        };
        let mut notes = Vec::from_iter(unread_commits(&walk));
        if !sought.blobs.is_empty() {
            let mut trees = Trees::leading_to(repo, &sought.blobs, stop)?;
            survey.reach(&walk, tips, sought, &mut trees, stop);
            if !stop() {
                survey.beyond(repo, &walk, sought, &mut trees, stop)?;
            }
            notes.extend(unread_trees(&trees));
        }
        notes.extend(stop().then(|| incomplete("it was interrupted")));
        Ok((survey, notes))
    }

    /// The pairs that refs reach.
    fn reach(&mut self, walk: &Walk, tips: &[Tip], sought: &Sought, trees: &mut Trees<'_>, stop: &Stop<'_>) {
        let mut lives = Lives::of(&sought.blobs);
        lives.follow(&walk.commits, trees, stop);
        let mut pairs: BTreeMap<Pair, Option<Life>> =
            lives.known.into_iter().map(|(pair, life)| (pair, Some(life))).collect();
        for tip in tips {
            match tip.target {
                Target::Tree(tree) => trees.added(tree, &[], &mut |directory, name, id| {
                    if sought.blobs.contains(id) {
                        pairs.entry((*id, [directory, name].concat())).or_default();
                    }
                }),
                Target::Blob(id) if sought.blobs.contains(&id) => {
                    pairs.entry((id, Vec::new())).or_default();
                }
                Target::Blob(_) | Target::Commit(_) => {}
            }
        }
        let at_tip = holders(&pairs, walk, tips, trees);
        for (((id, path), life), at_tip) in pairs.into_iter().zip(at_tip) {
            self.records.entry(id).or_default().push(Record {
                path: display(&path),
                introduced: life.as_ref().map(|life| life.introduced),
                removed: life.as_ref().and_then(Life::removed),
                reachable: true,
                at_tip,
            });
        }
    }

    /// Blobs that no ref reaches: dropped by an amend, a rebase, a deleted branch, an old stash.
    fn beyond(
        &mut self,
        repo: &Repo,
        walk: &Walk,
        sought: &Sought,
        trees: &mut Trees<'_>,
        stop: &Stop<'_>,
    ) -> Result<(), GitError> {
        let lost: HashSet<ObjectId> =
            sought.blobs.iter().filter(|id| !self.records.contains_key(id)).copied().collect();
        if lost.is_empty() {
            return Ok(());
        }
        let (listed, _) = repo.list_objects();
        let unreached = listed.into_iter().filter(|object| !self.reachable.contains(&object.id)).filter(|object| {
            let kind = match object.kind {
                Kind::Unknown => self.reader.header(&object.id).map_or(Kind::Damaged, |(kind, _)| kind),
                kind => kind,
            };
            kind == Kind::Text(ObjectKind::Commit)
        });
        let unreached = repo.commits(unreached.map(|object| object.id))?;
        let mut lives = Lives::of(&lost);
        lives.knows(&walk.commits);
        lives.follow(&unreached.commits, trees, stop);
        for ((id, path), life) in lives.known {
            self.records.entry(id).or_default().push(Record {
                path: display(&path),
                introduced: Some(life.introduced),
                removed: life.removed(),
                reachable: false,
                at_tip: Vec::new(),
            });
        }
        Ok(())
    }

    fn locate(&self, mut location: Location, describe: &mut Describe<'_>) -> Vec<Location> {
        let (id, kind) = match location.place {
            Place::History { id, kind } => (id, kind),
            Place::Worktree | Place::Staged | Place::Stdin | Place::File => return vec![location],
        };
        if kind == ObjectKind::Blob {
            let records = self.records.get(&id).map(Vec::as_slice).unwrap_or_default();
            if records.is_empty() {
                location.reachable = false;
                return vec![location];
            }
            let place = |record| self.described(location.clone(), record, describe);
            return records.iter().map(place).collect();
        }
        location.at_tip = self.refs_to.get(&id).cloned().unwrap_or_default();
        location.reachable = self.reachable.contains(&id) || !location.at_tip.is_empty();
        if kind == ObjectKind::Commit {
            location.commit = describe.commit(id);
        }
        vec![location]
    }

    fn described(&self, mut location: Location, record: &Record, describe: &mut Describe<'_>) -> Location {
        // Where a note's text stands is said by its commit.
        let is_note = record.introduced.is_some_and(|id| self.notes.contains(&id)) && is_object_name(&record.path);
        if !is_note {
            location.path.clone_from(&record.path);
        }
        let introduced = record.introduced.and_then(|id| describe.commit(id));
        location.commit = introduced.map(|commit| Commit { boundary: self.boundary.contains(&commit.id), ..commit });
        location.removed = record.removed.and_then(|id| describe.commit(id));
        location.reachable = record.reachable;
        location.at_tip.clone_from(&record.at_tip);
        location
    }
}

/// What the refs of notes reach and no other ref does.
fn commits_of_notes(walk: &Walk, tips: &[Tip]) -> HashSet<ObjectId> {
    let (notes, others): (Vec<&Tip>, Vec<&Tip>) = tips.iter().partition(|tip| tip.name.starts_with("refs/notes/"));
    if notes.is_empty() {
        return HashSet::new();
    }
    let parents: HashMap<ObjectId, &[ObjectId]> =
        walk.commits.iter().map(|commit| (commit.id, commit.parents.as_slice())).collect();
    let reached = |tips: Vec<&Tip>| {
        let mut open: Vec<ObjectId> = tips.into_iter().filter_map(Tip::commit).collect();
        let mut reached = HashSet::new();
        while let Some(id) = open.pop() {
            if reached.insert(id) {
                open.extend(parents.get(&id).copied().unwrap_or_default());
            }
        }
        reached
    };
    let others = reached(others);
    reached(notes).into_iter().filter(|id| !others.contains(id)).collect()
}

/// `d670460b4b4aece5915caf5c68d12f560a9fe3e4`, with slashes in it where there are many.
fn is_object_name(path: &str) -> bool {
    let digits = path.bytes().filter(|byte| *byte != b'/').count();
    matches!(digits, 40 | 64) && path.bytes().all(|byte| byte == b'/' || byte.is_ascii_hexdigit())
}

/// The refs that hold each pair at their tips, in the order of the pairs.
fn holders(pairs: &BTreeMap<Pair, Option<Life>>, walk: &Walk, tips: &[Tip], trees: &mut Trees<'_>) -> Vec<Vec<String>> {
    let mut holders = vec![Vec::new(); pairs.len()];
    let tip_commits: HashSet<ObjectId> = tips.iter().filter_map(Tip::commit).collect();
    let at_tips = walk.commits.iter().filter(|commit| tip_commits.contains(&commit.id));
    let tree_of: HashMap<ObjectId, ObjectId> = at_tips.map(|commit| (commit.id, commit.tree)).collect();
    let (wanted, mut known) = (Wanted::new(pairs.keys()), Known::default());
    let numbers: HashMap<&Pair, usize> = pairs.keys().enumerate().map(|(number, pair)| (pair, number)).collect();
    for tip in tips {
        let tree = match tip.target {
            Target::Commit(commit) => tree_of.get(&commit).copied(),
            Target::Tree(tree) => Some(tree),
            Target::Blob(_) => None,
        };
        let held: Vec<usize> = match (tree, tip.target) {
            (Some(tree), _) => wanted.in_tree(tree, trees, &mut known).to_vec(),
            (None, Target::Blob(id)) => numbers.get(&(id, Vec::new())).copied().into_iter().collect(),
            (None, _) => Vec::new(),
        };
        for number in held {
            if let Some(refs) = holders.get_mut(number) {
                refs.push(tip.name.clone());
            }
        }
    }
    holders
}

fn refs_to(tips: &[Tip]) -> HashMap<ObjectId, Vec<String>> {
    let mut refs: HashMap<ObjectId, Vec<String>> = HashMap::new();
    for tip in tips {
        for id in tip.tags.iter().copied().chain(tip.commit()) {
            refs.entry(id).or_default().push(tip.name.clone());
        }
    }
    refs
}

/// Reads each commit that a location names once.
struct Describe<'r> {
    reader: &'r Reader<'r>,
    known: HashMap<ObjectId, Option<Commit>>,
}

impl<'r> Describe<'r> {
    fn new(reader: &'r Reader<'r>) -> Self {
        Self { reader, known: HashMap::new() }
    }

    fn commit(&mut self, id: ObjectId) -> Option<Commit> {
        self.known.entry(id).or_insert_with(|| self.reader.commit(&id).ok()).clone()
    }
}

fn unread_commits(walk: &Walk) -> Option<Notification> {
    let first = walk.unreadable.first()?;
    Some(incomplete(&format!("{} commits, the first: {first}", walk.unreadable.len())))
}

fn unread_trees(trees: &Trees<'_>) -> Option<Notification> {
    if trees.unreadable() == 0 && !trees.cut_short() {
        return None;
    }
    Some(incomplete(&format!("{} trees are missing, damaged or endless", trees.unreadable().max(1))))
}

fn incomplete(reason: &str) -> Notification {
    let message =
        format!("some of the history could not be followed, so places in it may lack path or commit: {reason}");
    Notification::warning(Code::AttributionIncomplete, "", message)
}

fn sorted(mut locations: Vec<Location>) -> Vec<Location> {
    locations.sort_by(|a, b| key(a).cmp(&key(b)));
    locations.dedup();
    locations
}

/// Work tree first, then the index, then history by path.
fn key(location: &Location) -> (u8, &str, Option<&str>, Region, Option<ObjectId>) {
    let (rank, id) = match location.place {
        Place::Worktree => (0, None),
        Place::Staged => (1, None),
        Place::Stdin => (2, None),
        Place::File => (3, None),
        Place::History { id, .. } => (4, Some(id)),
    };
    (rank, &location.path, location.member.as_deref(), location.region, id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::Scratch;

    fn attribute(repo: &Repo, locations: Vec<Location>) -> (Vec<Location>, Vec<Notification>) {
        super::attribute(repo, &repo.refs().unwrap().0, locations, &|| false)
    }

    fn location(id: ObjectId, kind: ObjectKind) -> Location {
        let region = Region { line: 1, column: 1, end_line: 1, end_column: 2 };
        Location::new(Place::History { id, kind }, String::new(), region)
    }

    /// Each place of an object as one line: path, introducing and removing commit, reachability, tips.
    fn lines(scratch: &Scratch, id: ObjectId, kind: ObjectKind) -> Vec<String> {
        let (locations, notes) = attribute(&scratch.open(), vec![location(id, kind), location(id, kind)]);
        assert!(notes.is_empty(), "{notes:?}");
        let subject = |commit: &Option<Commit>| commit.as_ref().map_or("-".to_owned(), |commit| commit.summary.clone());
        locations
            .iter()
            .map(|location| {
                let reach = if location.reachable { "reachable" } else { "unreachable" };
                let tips = location.at_tip.join(" ").replace("refs/heads/", "");
                let (commit, removed) = (subject(&location.commit), subject(&location.removed));
                format!("{}: {commit} > {removed}, {reach} [{tips}]", location.path)
            })
            .collect()
    }

    fn blob(scratch: &Scratch, revision: &str) -> Vec<String> {
        lines(scratch, scratch.id(revision), ObjectKind::Blob)
    }

    #[test]
    fn a_blob_has_its_commit_its_end_and_its_tips() {
        let scratch = Scratch::repository();
        scratch.write("d/a", "secret");
        scratch.commit("add");
        scratch.git(&["branch", "old"]);
        scratch.write("other", "x");
        scratch.commit("other");
        assert_eq!(blob(&scratch, "HEAD:d/a"), ["d/a: add > -, reachable [main old]"]);
        scratch.git(&["rm", "-q", "d/a"]);
        scratch.commit("remove");
        assert_eq!(blob(&scratch, "old:d/a"), ["d/a: add > remove, reachable [old]"]);
        scratch.write("d/a", "secret");
        scratch.commit("again");
        assert_eq!(blob(&scratch, "old:d/a"), ["d/a: add > remove, reachable [main old]"]);
        scratch.write("d/a", "changed");
        scratch.commit("change");
        scratch.git(&["gc", "-q", "--aggressive"]);
        assert_eq!(blob(&scratch, "old:d/a"), ["d/a: add > change, reachable [old]"]);
    }

    #[test]
    fn each_path_is_a_place_and_a_rename_is_both() {
        let scratch = Scratch::repository();
        scratch.write("a", "secret");
        scratch.write("copy/b", "secret");
        scratch.commit("add");
        scratch.git(&["mv", "a", "moved"]);
        scratch.commit("rename");
        assert_eq!(
            blob(&scratch, "HEAD:moved"),
            [
                "a: add > rename, reachable []",
                "copy/b: add > -, reachable [main]",
                "moved: rename > -, reachable [main]"
            ]
        );
    }

    #[test]
    fn merges_are_exact() {
        let scratch = Scratch::repository();
        scratch.write("a", "a");
        scratch.write("gone", "deleted on side");
        scratch.write("dropped", "dropped by the merge");
        scratch.commit("base");
        scratch.git(&["checkout", "-q", "-b", "side"]);
        scratch.write("s", "from side");
        scratch.git(&["rm", "-q", "gone"]);
        scratch.commit("side");
        scratch.git(&["checkout", "-q", "main"]);
        scratch.write("m", "from main");
        scratch.write("ours", "only on main, left out by the merge");
        scratch.commit("main");
        scratch.git(&["merge", "-q", "--no-commit", "--no-ff", "side"]);
        scratch.git(&["rm", "-qf", "ours", "dropped"]);
        scratch.write("a", "evil");
        scratch.commit("merge");
        scratch.git(&["branch", "-D", "-q", "side"]);
        let cases = [
            ("HEAD:s", "s: side > -, reachable [main]"),
            ("HEAD:m", "m: main > -, reachable [main]"),
            ("HEAD:a", "a: merge > -, reachable [main]"),
            ("HEAD~2:a", "a: base > merge, reachable []"),
            ("HEAD~2:gone", "gone: base > side, reachable []"),
            ("HEAD~2:dropped", "dropped: base > merge, reachable []"),
            ("HEAD~1:ours", "ours: main > merge, reachable []"),
        ];
        for (revision, expected) in cases {
            assert_eq!(blob(&scratch, revision), [expected], "{revision}");
        }
    }

    #[test]
    fn what_no_ref_reaches_is_found_and_called_so() {
        let scratch = Scratch::repository();
        scratch.write("a", "a");
        scratch.commit("base");
        scratch.write("d/a", "amended away");
        let dropped = scratch.commit("dropped");
        scratch.write("d/a", "kept");
        scratch.git(&["add", "-A"]);
        scratch.git(&["commit", "-q", "--amend", "-m", "kept"]);
        for (revision, name) in [("a", "first stash"), ("a", "second stash")] {
            scratch.write(revision, name);
            scratch.git(&["stash", "push", "-q", "-m", name]);
        }
        let (first, second) = (scratch.id("stash@{1}:a"), scratch.id("stash@{0}:a"));
        scratch.write("loose", "named by no tree");
        let nowhere = scratch.git(&["hash-object", "-w", "loose"]);
        let nowhere = scratch.id(&nowhere);
        let old = scratch.id(&format!("{dropped}:d/a"));
        for _ in 0..2 {
            assert_eq!(lines(&scratch, old, ObjectKind::Blob), ["d/a: dropped > -, unreachable []"]);
            assert_eq!(lines(&scratch, first, ObjectKind::Blob), ["a: On main: first stash > -, unreachable []"]);
            assert_eq!(
                lines(&scratch, second, ObjectKind::Blob),
                ["a: On main: second stash > -, reachable [refs/stash]"]
            );
            assert_eq!(lines(&scratch, nowhere, ObjectKind::Blob), [": - > -, unreachable []"]);
            assert_eq!(lines(&scratch, dropped, ObjectKind::Commit), [": dropped > -, unreachable []"]);
            scratch.git(&["repack", "-q", "-a", "-k", "-d"]);
        }
    }

    #[test]
    fn messages_tags_and_notes_have_their_places() {
        let scratch = Scratch::repository();
        scratch.write("a", "a");
        let first = scratch.commit("first");
        scratch.git(&["tag", "-m", "in the tag", "v1"]);
        scratch.git(&["notes", "add", "-m", "in the note"]);
        scratch.write("b", "only by a tag");
        let blob_of = scratch.git(&["hash-object", "-w", "b"]);
        scratch.git(&["tag", "onblob", &blob_of]);
        scratch.git(&["tag", "ontree", "HEAD^{tree}"]);
        let second = scratch.commit("second");
        let tag = scratch.id("v1");
        assert_eq!(lines(&scratch, first, ObjectKind::Commit), [": first > -, reachable [refs/tags/v1]"]);
        assert_eq!(lines(&scratch, second, ObjectKind::Commit), [": second > -, reachable [main]"]);
        assert_eq!(lines(&scratch, tag, ObjectKind::Tag), [": - > -, reachable [refs/tags/v1]"]);
        let note = scratch.git(&["notes", "list", &first.to_string()]);
        let noted = lines(&scratch, scratch.id(&note), ObjectKind::Blob);
        assert_eq!(noted, [": Notes added by 'git notes add' > -, reachable [refs/notes/commits]"]);
        assert_eq!(
            lines(&scratch, scratch.id(&blob_of), ObjectKind::Blob),
            [": - > -, reachable [refs/tags/onblob]", "b: second > -, reachable [main]"]
        );
        assert_eq!(
            lines(&scratch, scratch.id("HEAD:a"), ObjectKind::Blob),
            ["a: first > -, reachable [main refs/tags/ontree refs/tags/v1]"]
        );
        scratch.git(&["tag", "-d", "v1"]);
        assert_eq!(lines(&scratch, tag, ObjectKind::Tag), [": - > -, unreachable []"]);
    }

    #[test]
    fn sha256_and_names_that_are_not_text() {
        let scratch = Scratch::with(&["--object-format=sha256"]);
        scratch.write("a", "x");
        scratch.git(&["add", "-A"]);
        scratch.git(&["update-index", "--add", "--cacheinfo", &format!("100644,{},b", scratch.id(":a"))]);
        scratch.git(&["commit", "-qm", "add"]);
        scratch.git(&["gc", "-q"]);
        assert_eq!(blob(&scratch, "HEAD:b"), ["a: add > -, reachable [main]", "b: add > -, reachable [main]"]);
    }

    #[test]
    #[cfg(unix)]
    fn names_that_are_not_utf8_are_spelled_out() {
        use std::os::unix::ffi::OsStrExt;

        let scratch = Scratch::repository();
        std::fs::write(scratch.path().join(std::ffi::OsStr::from_bytes(b"\xe9")), "secret").unwrap();
        scratch.write("same", "secret");
        scratch.commit("add");
        let places = blob(&scratch, "HEAD:same");
        assert_eq!(places, ["\\xe9: add > -, reachable [main]", "same: add > -, reachable [main]"]);
    }

    #[test]
    fn a_clone_cut_short_is_attributed_as_far_as_it_goes() {
        let origin = Scratch::repository();
        origin.git(&["config", "uploadpack.allowFilter", "true"]);
        for number in 0..4 {
            origin.write(&format!("d/{number}"), format!("content {number}"));
            origin.commit(&format!("message {number}"));
        }
        let url = format!("file://{}", origin.path().display());
        for options in [vec!["--depth=2"], vec!["--depth=2", "--filter=blob:none"]] {
            let clone = Scratch::empty();
            clone.git(&[&["clone", "-q"], &options[..], &[&url, "."]].concat());
            assert_eq!(blob(&clone, "HEAD:d/3"), ["d/3: message 3 > -, reachable [main refs/remotes/origin/main]"]);
            assert_eq!(blob(&clone, "HEAD:d/0"), ["d/0: message 2 > -, reachable [main refs/remotes/origin/main]"]);
            for (path, is_boundary) in [("HEAD:d/3", false), ("HEAD:d/0", true)] {
                let (places, _) = attribute(&clone.open(), vec![location(clone.id(path), ObjectKind::Blob)]);
                assert_eq!(places[0].commit.as_ref().map(|commit| commit.boundary), Some(is_boundary), "{path}");
            }
        }
        let treeless = Scratch::empty();
        treeless.git(&["clone", "-q", "--filter=tree:0", "--no-checkout", &url, "."]);
        let id = origin.id("HEAD:d/0");
        let (locations, notes) = attribute(&treeless.open(), vec![location(id, ObjectKind::Blob)]);
        assert_eq!((locations.len(), locations[0].reachable), (1, false));
        assert_eq!(notes.iter().map(|note| note.code).collect::<Vec<_>>(), [Code::AttributionIncomplete]);
    }

    #[test]
    fn damage_leaves_the_rest_attributed() {
        let scratch = Scratch::repository();
        scratch.write("d/a", "secret");
        let first = scratch.commit("first");
        scratch.write("b", "later");
        scratch.commit("second");
        std::fs::remove_file(scratch.loose(&first)).unwrap();
        let id = scratch.id("HEAD:b");
        let (locations, notes) = attribute(&scratch.open(), vec![location(id, ObjectKind::Blob)]);
        assert_eq!(locations[0].commit.as_ref().unwrap().summary, "second");
        assert_eq!(notes[0].code, Code::AttributionIncomplete);
    }

    #[test]
    fn places_outside_history_pass_through_in_order() {
        let scratch = Scratch::repository();
        let region = |line| Region { line, column: 1, end_line: line, end_column: 2 };
        let file = |path: &str, line| Location::new(Place::Worktree, path.to_owned(), region(line));
        let given = vec![file("b", 1), file("a", 2), file("a", 1), file("b", 1)];
        let (locations, notes) = attribute(&scratch.open(), given);
        assert_eq!(locations, [file("a", 1), file("a", 2), file("b", 1)]);
        assert!(notes.is_empty());
    }
}
