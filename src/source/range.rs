//! What a range of commits brings in: whole blobs that no commit outside it holds, and the commits' own messages.
//!
//! What comes in: a repository and ranges as people write them. What goes out: objects, origin `History`, each once. A secret on an
//! unchanged line of a changed file is in that push too, so blobs are read whole.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;

use super::SourceError;
use super::history;
use super::object::{self, Counts, Limits, MAX_OBJECT_SIZE};
use super::quota::Quota;
use super::visit::{Sink, Source};
use crate::git::{self, GitError, Kind, Known, Listed, Repo, Target, Trees, Update, Walk};
use crate::model::{Code, Notification, ObjectId, ObjectKind, Origin};

/// Refs of a push that are named where it brings nothing.
const NAMED: usize = 8;

/// The objects new in some ranges.
pub struct Range<'r> {
    repo: &'r Repo,
    what: What,
    max_object_size: u64,
    counts: Counts,
}

/// How a range is told.
enum What {
    Words(Vec<String>),
    Push(Vec<Update>, Known),
}

impl<'r> Range<'r> {
    /// `specs` are `A..B`, `A...B`, `B` or `^A`; several are taken together, as `git rev-list` does.
    pub fn new(repo: &'r Repo, specs: Vec<String>) -> Self {
        Self { repo, what: What::Words(specs), max_object_size: MAX_OBJECT_SIZE, counts: Counts::default() }
    }

    /// What a push brings that the receiving side has not.
    pub fn pushed(repo: &'r Repo, updates: Vec<Update>, known: Known) -> Self {
        Self { repo, what: What::Push(updates, known), max_object_size: MAX_OBJECT_SIZE, counts: Counts::default() }
    }

    /// With another limit on the size of an object.
    #[must_use]
    pub fn max_object_size(mut self, bytes: u64) -> Self {
        self.max_object_size = bytes;
        self
    }

    /// Objects searched in the visits so far.
    pub fn objects(&self) -> u64 {
        self.counts.objects.load(Ordering::Relaxed)
    }

    /// Commits among them.
    pub fn commits(&self) -> u64 {
        self.counts.commits.load(Ordering::Relaxed)
    }
}

impl Source for Range<'_> {
    fn visit(&self, sink: &dyn Sink) -> Result<(), SourceError> {
        let sink = &Quota::new(sink);
        let (ranges, missing) = self.ranges()?;
        let (mut seen, mut listed, mut whole) = (HashSet::new(), Vec::new(), missing.is_empty());
        missing.into_iter().for_each(|notification| sink.notify(notification));
        let ends = self.repo.shallow();
        let mut ends_met = HashSet::new();
        for range in ranges {
            let walk = self.repo.walk(&range.include, &range.exclude)?;
            whole &= walk.unreadable.is_empty();
            for error in &walk.unreadable {
                sink.notify(Notification::warning(Code::ObjectUnreadable, "", error.to_string()));
            }
            ends_met.extend(walk.commits.iter().map(|commit| commit.id).filter(|id| ends.contains(id)));
            let tags = range.tags.iter().map(|tag| (*tag, ObjectKind::Tag));
            for (id, kind) in tags.chain(new_objects(self.repo, &walk, &range.lone, sink)?) {
                if seen.insert(id) {
                    listed.push(Listed { id, kind: Kind::Text(kind), size: None });
                }
            }
        }
        if listed.is_empty() && whole {
            let (place, message) = self.nothing();
            sink.notify(Notification::note(Code::RangeEmpty, place, message));
        }
        if !ends_met.is_empty() {
            sink.notify(history::shallow(ends_met.len()));
        }
        without_unfetched(self.repo, &mut listed, sink)?;
        let limits = Limits { max_size: self.max_object_size, counts: &self.counts };
        let origin = |listed: &Listed, kind| Origin::History { id: listed.id, kind };
        object::visit(self.repo, &listed, &|listed| *listed, &origin, &limits, sink)
    }
}

impl Range<'_> {
    /// Commits from where to where, and what of them is not there.
    fn ranges(&self) -> Result<(Vec<git::Range>, Vec<Notification>), GitError> {
        match &self.what {
            What::Words(specs) => Ok((self.repo.ranges(specs)?, Vec::new())),
            What::Push(updates, known) => {
                let (range, notes) = self.repo.pushed(updates, known)?;
                Ok((vec![range], notes))
            }
        }
    }

    /// What is said of a range that holds nothing, and of which.
    fn nothing(&self) -> (String, &'static str) {
        match &self.what {
            What::Words(specs) => (specs.join(" "), "the range holds no commit: clean"),
            What::Push(updates, _) => {
                let names: Vec<&str> = updates.iter().map(|update| update.name.as_str()).take(NAMED).collect();
                (names.join(" "), "the push brings nothing new: clean")
            }
        }
    }
}

/// Takes out what a partial clone never fetched, with one warning for all of it.
fn without_unfetched(repo: &Repo, listed: &mut Vec<Listed>, sink: &dyn Sink) -> Result<(), SourceError> {
    if let Some(clone) = repo.partial() {
        let (reader, before) = (repo.reader()?, listed.len());
        listed.retain(|object| reader.contains(&object.id));
        let unfetched = before - listed.len();
        if unfetched > 0 {
            let what = format!("{unfetched} objects of the range were never fetched and not searched");
            sink.notify(history::partial(&clone, &what));
        }
    }
    Ok(())
}

/// The commits of a walk, and lone trees and blobs; and the blobs that their trees have and their parents' have not, less what the boundary holds elsewhere.
fn new_objects(
    repo: &Repo,
    walk: &Walk,
    lone: &[Target],
    sink: &dyn Sink,
) -> Result<Vec<(ObjectId, ObjectKind)>, SourceError> {
    let mut trees = Trees::new(repo)?;
    let nodes = walk.commits.iter().chain(&walk.boundary);
    let tree_of: HashMap<ObjectId, ObjectId> = nodes.map(|node| (node.id, node.tree)).collect();
    let (mut blobs, mut seen) = (Vec::new(), HashSet::new());
    for target in lone {
        match target {
            Target::Blob(id) | Target::Commit(id) if seen.insert(*id) => blobs.push(*id),
            Target::Blob(_) | Target::Commit(_) => {}
            Target::Tree(tree) => trees.added(*tree, &[], &mut |_, _, id| {
                if seen.insert(*id) {
                    blobs.push(*id);
                }
            }),
        }
    }
    for commit in &walk.commits {
        if sink.stop().is_some() {
            break;
        }
        let parents: Vec<ObjectId> = commit.parents.iter().filter_map(|parent| tree_of.get(parent).copied()).collect();
        trees.added(commit.tree, &parents, &mut |_, _, id| {
            if seen.insert(*id) {
                blobs.push(*id);
            }
        });
    }
    // A file that was only moved is not new.
    let mut known_trees = HashSet::new();
    let mut pending: Vec<ObjectId> = walk.boundary.iter().map(|node| node.tree).collect();
    while let Some(tree) = pending.pop().filter(|_| !blobs.is_empty()) {
        if known_trees.insert(tree) {
            let raw = trees.raw(&tree);
            for entry in trees.entries(&raw) {
                if entry.is_directory() {
                    pending.push(entry.id);
                } else {
                    seen.remove(&entry.id);
                }
            }
        }
    }
    if trees.unreadable() > 0 || trees.cut_short() {
        let message = match trees.unreadable() {
            0 => "the range holds a tree that unfolds without end; not all of it was searched".to_owned(),
            some => format!("{some} trees of the range cannot be read; blobs in them were not searched"),
        };
        sink.notify(Notification::warning(Code::ObjectUnreadable, "", message));
    }
    let blobs = blobs.into_iter().filter(|id| seen.contains(id)).map(|id| (id, ObjectKind::Blob));
    let commits = walk.commits.iter().map(|commit| (commit.id, ObjectKind::Commit));
    Ok(commits.chain(blobs).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::Scratch;
    use crate::model::Level;
    use crate::source::collect::Collected;

    fn texts(scratch: &Scratch, specs: &[&str]) -> Vec<String> {
        let repo = scratch.open();
        let range = Range::new(&repo, specs.iter().map(|spec| (*spec).to_owned()).collect());
        let seen = Collected::from(&range);
        assert!(seen.codes().is_empty(), "{:?}", seen.notes.lock().unwrap());
        let mut texts = seen.texts();
        // Commits by their messages.
        for text in &mut texts {
            if let Some((_, message)) = text.split_once("\n\n") {
                *text = format!("* {}", message.trim());
            }
        }
        texts.sort();
        texts
    }

    #[test]
    fn ranges_hold_what_is_new_in_them_whole_and_once() {
        let scratch = Scratch::repository();
        scratch.write("old", "old");
        scratch.write("d/moved", "moved");
        scratch.commit("base");
        scratch.write("f", "one");
        scratch.commit("first");
        scratch.write("f", "one\ntwo");
        scratch.write("copy", "one");
        scratch.git(&["mv", "d/moved", "elsewhere"]);
        scratch.commit("second");
        scratch.git(&["rm", "-q", "f"]);
        scratch.commit("third");
        scratch.git(&["checkout", "-q", "-b", "side", "HEAD~3"]);
        scratch.write("s", "side");
        scratch.commit("aside");
        let cases: [(&[&str], &[&str]); 7] = [
            (&["main~3..main"], &["* first", "* second", "* third", "one", "one\ntwo"]),
            (&["main~2..main~1"], &["* second", "one\ntwo"]),
            (&["main~1..main"], &["* third"]),
            (&["main~3"], &["* base", "moved", "old"]),
            (&["main~2...side"], &["* aside", "* first", "one", "side"]),
            (&["side", "^main"], &["* aside", "side"]),
            (&["main~1..main", "main..side"], &["* aside", "side"]),
        ];
        for (specs, expected) in cases {
            assert_eq!(texts(&scratch, specs), expected, "{specs:?}");
        }
    }

    #[test]
    fn what_only_a_merge_brings_in_is_in_its_range() {
        let scratch = Scratch::repository();
        scratch.write("a", "a");
        scratch.commit("base");
        scratch.git(&["checkout", "-q", "-b", "side"]);
        scratch.write("s", "side");
        scratch.commit("side");
        scratch.git(&["checkout", "-q", "main"]);
        scratch.write("m", "main");
        scratch.commit("main");
        scratch.git(&["merge", "-q", "--no-commit", "--no-ff", "side"]);
        scratch.write("a", "evil");
        scratch.git(&["commit", "-qam", "merge"]);
        assert_eq!(texts(&scratch, &["HEAD^..HEAD"]), ["* merge", "* side", "evil", "side"]);
    }

    #[test]
    fn an_empty_range_is_clean_and_a_bad_one_an_error() {
        let scratch = Scratch::repository();
        scratch.commit("a");
        let repo = scratch.open();
        let zero = "0".repeat(40);
        for specs in ["HEAD..HEAD", "HEAD...HEAD", &format!("HEAD..{zero}")] {
            let seen = Collected::from(&Range::new(&repo, vec![specs.to_owned()]));
            assert_eq!(seen.codes(), [Code::RangeEmpty], "{specs}");
            assert_eq!(seen.notes.lock().unwrap()[0].level, Level::Note);
        }
        let error = Range::new(&repo, vec!["HEAD..nowhere".to_owned()]).visit(&Collected::default()).unwrap_err();
        assert!(error.to_string().contains("'HEAD..nowhere'"), "{error}");
    }

    #[test]
    fn shallow_and_partial_clones_work_and_say_what_the_range_misses() {
        let origin = Scratch::repository();
        origin.git(&["config", "uploadpack.allowFilter", "true"]);
        for number in 0..4 {
            origin.write("a", format!("content {number}"));
            origin.commit(&format!("message {number}"));
        }
        let url = format!("file://{}", origin.path().display());
        let clone = Scratch::empty();
        clone.git(&["clone", "-q", "--depth=2", "--filter=blob:none", &url, "."]);
        let repo = clone.open();
        let cases: [(&str, u64, &[Code]); 3] = [
            ("HEAD~1..HEAD", 1, &[]),
            ("origin/main~1..@", 1, &[]),
            ("main", 2, &[Code::HistoryShallow, Code::HistoryPartial]),
        ];
        for (spec, commits, codes) in cases {
            let range = Range::new(&repo, vec![spec.to_owned()]);
            let seen = Collected::from(&range);
            assert_eq!((range.commits(), seen.codes().as_slice()), (commits, codes), "{spec}");
            assert_eq!(seen.count("content 3"), 1, "{spec}");
        }
    }
}
