//! Whose commit: path, commit and refs for every place in history, looked up late, in one pass for all of them together.
//!
//! What comes in: the locations of a run. What goes out: the same, those in history with their paths (one location for each), the
//! commit that brought them in, the one that took them away, whether any ref reaches them and which refs still show them.
//! With no location in history it costs nothing; else memory grows with commits and matches, not with files.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::paths::{Life, Lives, Pair};
use super::tips::{Known, Wanted};
use crate::git::{GitError, Kind, Reader, Repo, Target, Tip, Trees, Walk, display};
use crate::model::{Code, Commit, Location, Notification, ObjectId, ObjectKind, Place, Region};

/// Looks up path, commit and refs of every location in history. Sorted, each once.
pub fn attribute(repo: &Repo, locations: Vec<Location>) -> (Vec<Location>, Vec<Notification>) {
    let sought = Sought::among(&locations);
    if sought.is_empty() {
        return (sorted(locations), Vec::new());
    }
    match Survey::take(repo, &sought) {
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
}

impl<'r> Survey<'r> {
    fn take(repo: &'r Repo, sought: &Sought) -> Result<(Self, Vec<Notification>), GitError> {
        let (tips, _broken) = repo.refs()?;
        let commits: Vec<ObjectId> = tips.iter().filter_map(Tip::commit).collect();
        let walk = repo.walk(&commits, &[])?;
        let mut survey = Self {
            reader: repo.reader()?,
            records: HashMap::new(),
            reachable: walk.commits.iter().map(|commit| commit.id).collect(),
            refs_to: refs_to(&tips),
        };
        let mut notes = Vec::from_iter(unread_commits(&walk));
        if !sought.blobs.is_empty() {
            let mut trees = Trees::new(repo)?;
            survey.reach(&walk, &tips, sought, &mut trees);
            survey.beyond(repo, &walk, sought, &mut trees)?;
            notes.extend(unread_trees(&trees));
        }
        Ok((survey, notes))
    }

    /// The pairs that refs reach.
    fn reach(&mut self, walk: &Walk, tips: &[Tip], sought: &Sought, trees: &mut Trees<'_>) {
        let mut lives = Lives::of(&sought.blobs);
        lives.follow(&walk.commits, trees);
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
    fn beyond(&mut self, repo: &Repo, walk: &Walk, sought: &Sought, trees: &mut Trees<'_>) -> Result<(), GitError> {
        let lost: HashSet<ObjectId> = sought.blobs.iter().filter(|id| !self.records.contains_key(id)).copied().collect();
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
        lives.follow(&unreached.commits, trees);
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
            return records.iter().map(|record| described(location.clone(), record, describe)).collect();
        }
        location.at_tip = self.refs_to.get(&id).cloned().unwrap_or_default();
        location.reachable = self.reachable.contains(&id) || !location.at_tip.is_empty();
        if kind == ObjectKind::Commit {
            location.commit = describe.commit(id);
        }
        vec![location]
    }
}

fn described(mut location: Location, record: &Record, describe: &mut Describe<'_>) -> Location {
    location.path.clone_from(&record.path);
    location.commit = record.introduced.and_then(|id| describe.commit(id));
    location.removed = record.removed.and_then(|id| describe.commit(id));
    location.reachable = record.reachable;
    location.at_tip.clone_from(&record.at_tip);
    location
}

/// The refs that hold each pair at their tips, in the order of the pairs.
fn holders(
    pairs: &BTreeMap<Pair, Option<Life>>,
    walk: &Walk,
    tips: &[Tip],
    trees: &mut Trees<'_>,
) -> Vec<Vec<String>> {
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
    let message = format!("some of the history could not be followed, so places in it may lack path or commit: {reason}");
    Notification::warning(Code::AttributionIncomplete, "", message)
}

fn sorted(mut locations: Vec<Location>) -> Vec<Location> {
    locations.sort_by(|a, b| key(a).cmp(&key(b)));
    locations.dedup();
    locations
}

/// Work tree first, then the index, then history by path.
fn key(location: &Location) -> (u8, &str, Region, Option<ObjectId>) {
    let (rank, id) = match location.place {
        Place::Worktree => (0, None),
        Place::Staged => (1, None),
        Place::Stdin => (2, None),
        Place::File => (3, None),
        Place::History { id, .. } => (4, Some(id)),
    };
    (rank, &location.path, location.region, id)
}
