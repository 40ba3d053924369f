//! The whole history: every blob, commit and tag of the object database, reachable or not, each once.
//!
//! What comes in: a repository. What goes out: its objects, origin `History`, and what of the history is missing.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};

use super::SourceError;
use super::object::MAX_OBJECT_SIZE;
use super::quota::Quota;
use super::visit::{Sink, Source};
use crate::git::{Head, Lacks, Partial, Passed, Repo, Shown, Stop, Tally, Tip, Visitor, WalkLimits};
use crate::model::{Below, Blob, Code, Notification, Origin, Start};

/// For the objects at hand; the packs themselves are mapped and do not count.
const MEMORY: usize = 128 << 20;

/// So many missing objects are named.
const NAMED: usize = 3;

/// Every object of a repository.
pub struct History<'r> {
    repo: &'r Repo,
    max_object_size: u64,
    is_checked: bool,
    counts: Counts,
}

/// What was searched.
#[derive(Default)]
struct Counts {
    objects: AtomicU64,
    commits: AtomicU64,
}

impl<'r> History<'r> {
    /// Of this repository.
    pub fn new(repo: &'r Repo) -> Self {
        Self { repo, max_object_size: MAX_OBJECT_SIZE, is_checked: false, counts: Counts::default() }
    }

    /// With another limit on the size of an object.
    #[must_use]
    pub fn max_object_size(mut self, bytes: u64) -> Self {
        self.max_object_size = bytes;
        self
    }

    /// Whether the trees of old commits, too, are looked through for objects that are not there.
    #[must_use]
    pub fn connectivity(mut self, is_checked: bool) -> Self {
        self.is_checked = is_checked;
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

    /// Says what the refs need and the walk did not find.
    fn lacking(&self, passed: Passed, head: &Head, tips: &[Tip], sink: &dyn Sink) -> Result<(), SourceError> {
        let head = if let Head::At(id) = head { Some(*id) } else { None };
        let lacks = passed.lacks(self.repo, head, tips, self.is_checked, &|| sink.stop().is_some())?;
        if !lacks.is_empty() {
            sink.notify(lacking(&lacks));
        }
        Ok(())
    }
}

impl Source for History<'_> {
    fn visit(&self, sink: &dyn Sink) -> Result<(), SourceError> {
        let (all, sink) = (sink, &Quota::new(sink));
        missing(self.repo).into_iter().for_each(|notification| sink.notify(notification));
        let head = self.repo.head();
        if let Head::Unborn(branch) = &head {
            let message = format!("HEAD stands on {branch}, which has no commit yet");
            sink.notify(Notification::note(Code::HistoryUnborn, branch.as_str(), message));
        }
        let limits = WalkLimits {
            max_object: self.max_object_size,
            reach: sink.reach(),
            threads: NonZeroUsize::new(rayon::current_num_threads()),
            memory: MEMORY,
        };
        let (walked, passed) = self.repo.walk_history(&limits, &Handover { counts: &self.counts, sink });
        // After the walk, which finds out what libgit2 must not be asked for.
        let (tips, broken) = self.repo.refs()?;
        walked.notifications.into_iter().for_each(|notification| all.notify(notification)); // few, and summed up already
        broken.into_iter().for_each(|notification| sink.notify(notification));
        if walked.stopped.is_none() {
            self.lacking(passed, &head, &tips, sink)?;
        }
        if walked.stopped == Some(Stop::Unfolding) {
            let message = "the packs unfold to thousands of times their size, as no honest history does: the search stopped there";
            sink.notify(Notification::warning(Code::SearchUnfinished, "", message));
        }
        Ok(())
    }
}

/// Hands objects to the sink.
struct Handover<'h> {
    counts: &'h Counts,
    sink: &'h dyn Sink,
}

impl Visitor for Handover<'_> {
    fn object(&self, object: Shown<'_>) -> Below {
        let origin = Origin::History { id: object.id, kind: object.kind };
        self.sink.blob(Blob { origin, bytes: object.bytes, start: Start::default(), fresh: object.fresh })
    }

    fn tally(&self, tally: Tally) {
        self.counts.objects.fetch_add(tally.objects, Ordering::Relaxed);
        self.counts.commits.fetch_add(tally.commits, Ordering::Relaxed);
        self.sink.tally(tally);
    }

    fn stop(&self) -> Option<Stop> {
        self.sink.stop()
    }
}

/// What a clone left behind.
fn missing(repo: &Repo) -> Vec<Notification> {
    let mut notes = Vec::new();
    let boundary = repo.shallow().len();
    if boundary > 0 {
        notes.push(shallow(boundary));
    }
    if let Some(clone) = repo.partial() {
        notes.push(partial(&clone, "objects that were never fetched were not searched"));
    }
    notes
}

/// Some objects are not there.
fn lacking(lacks: &Lacks) -> Notification {
    let count = if lacks.len() == 1 { "1 object" } else { &format!("{} objects", lacks.len()) };
    let named: Vec<String> = lacks.iter().take(NAMED).map(|(id, named)| format!("{id} ({named})")).collect();
    let more = if lacks.len() > NAMED { ", …" } else { "" };
    let message = format!(
        "the history needs at least {count} that the repository does not have, and what is in there was not searched: \
         {}{more}; `git fsck` lists all that is missing, `git fetch --refetch` fetches it again",
        named.join(", ")
    );
    Notification::warning(Code::ObjectMissing, "", message)
}

/// History ends at this many commits.
pub(super) fn shallow(boundary: usize) -> Notification {
    let commits = if boundary == 1 { "1 commit" } else { &format!("{boundary} commits") };
    let message = format!(
        "the clone is shallow: history ends at {commits}, and what came before was not searched; \
         fetch it with `git fetch --unshallow` (in CI: fetch-depth: 0)"
    );
    Notification::warning(Code::HistoryShallow, "", message)
}

/// Some objects were never fetched.
pub(super) fn partial(clone: &Partial, what: &str) -> Notification {
    let filter = clone.filter.as_ref().map_or_else(String::new, |filter| format!(" (filter {filter})"));
    let message = format!("the clone is partial{filter}: {what}; fetch them with `git fetch --refetch --no-filter`");
    Notification::warning(Code::HistoryPartial, "", message)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::git::fixture::Scratch;
    use crate::model::{Level, ObjectKind};
    use crate::source::collect::Collected;

    /// A repository with something in every corner.
    fn corners() -> Scratch {
        let scratch = Scratch::repository();
        scratch.write("a", "in-worktree");
        scratch.commit("first");
        scratch.write("a", "in-amended");
        scratch.commit("in-dropped-message");
        scratch.write("a", "in-history");
        scratch.git(&["commit", "-qa", "--amend", "-m", "in-message"]);
        scratch.git(&["tag", "-m", "in-tag", "v1"]);
        scratch.git(&["notes", "add", "-m", "in-note"]);
        scratch.write("a", "in-stash");
        scratch.git(&["stash", "-q"]);
        scratch
    }

    const EVERYWHERE: [&str; 8] = [
        "in-worktree",
        "in-amended",
        "in-dropped-message",
        "in-history",
        "in-message",
        "in-tag",
        "in-note",
        "in-stash",
    ];

    fn assert_everywhere(scratch: &Scratch) {
        let repo = scratch.open();
        let history = History::new(&repo);
        let seen = Collected::from(&history);
        assert!(seen.codes().is_empty(), "{:?}", seen.notes.lock().unwrap());
        for needle in EVERYWHERE {
            assert!(seen.count(needle) > 0, "{needle}");
        }
        let mut objects: Vec<_> = seen.blobs.lock().unwrap().iter().map(|(origin, _)| origin.clone()).collect();
        let commits =
            objects.iter().filter(|origin| matches!(origin, Origin::History { kind: ObjectKind::Commit, .. }));
        assert_eq!(history.commits(), commits.count() as u64);
        assert_eq!(history.objects(), objects.len() as u64);
        objects.sort();
        objects.dedup();
        assert_eq!(history.objects(), objects.len() as u64);
    }

    #[test]
    fn every_object_is_read_once_loose_packed_or_both() {
        let scratch = corners();
        assert_everywhere(&scratch);
        scratch.git(&["repack", "-q", "-a", "-k"]);
        assert_everywhere(&scratch);
        scratch.git(&["prune-packed"]);
        scratch.git(&["multi-pack-index", "write"]);
        assert_everywhere(&scratch);
        scratch.git(&["-c", "pack.indexVersion=1", "repack", "-q", "-a", "-k", "-d", "-f"]);
        assert_everywhere(&scratch);
    }

    #[test]
    fn alternates_are_read() {
        let scratch = corners();
        let other = Scratch::empty();
        other.git(&["clone", "-q", "--shared", scratch.path().to_str().unwrap(), "."]);
        assert_everywhere(&other);
    }

    #[test]
    fn sha256_loose_and_packed() {
        let scratch = Scratch::with(&["--object-format=sha256"]);
        for number in 0..20 {
            scratch.write("a", format!("{}-content-{number}", "line\n".repeat(50)));
            scratch.commit(&format!("message-{number}"));
        }
        for _ in 0..2 {
            let seen = Collected::from(&History::new(&scratch.open()));
            assert_eq!((seen.count("-content-"), seen.count("message-")), (20, 20));
            assert!(seen.codes().is_empty(), "{:?}", seen.notes.lock().unwrap());
            scratch.git(&["gc", "-q", "--aggressive"]);
        }
    }

    #[test]
    fn an_unborn_branch_is_a_note() {
        let seen = Collected::from(&History::new(&Scratch::repository().open()));
        assert_eq!(seen.codes(), [Code::HistoryUnborn]);
        assert_eq!(seen.notes.lock().unwrap()[0].level, Level::Note);
    }

    #[test]
    fn shallow_and_partial_clones_say_what_is_missing() {
        let origin = corners();
        origin.git(&["config", "uploadpack.allowFilter", "true"]);
        let url = format!("file://{}", origin.path().display());
        let shallow = Scratch::empty();
        shallow.git(&["clone", "-q", "--depth=1", &url, "."]);
        let seen = Collected::from(&History::new(&shallow.open()));
        assert_eq!(seen.codes(), [Code::HistoryShallow]);
        assert!(seen.notes.lock().unwrap()[0].message.contains("history ends at 1 commit,"));
        assert_eq!((seen.count("in-history"), seen.count("in-worktree")), (1, 0));

        let partial = Scratch::empty();
        partial.git(&["clone", "-q", "--filter=blob:none", &url, "."]);
        let seen = Collected::from(&History::new(&partial.open()));
        assert_eq!(seen.codes(), [Code::HistoryPartial]);
        assert!(seen.notes.lock().unwrap()[0].message.contains("(filter blob:none)"));
        assert_eq!((seen.count("in-message"), seen.count("in-history"), seen.count("in-worktree")), (1, 1, 0));
    }

    #[test]
    fn objects_that_are_not_there_are_one_warning() {
        let scratch = corners();
        let blob = scratch.id("HEAD:a");
        fs::remove_file(scratch.loose(&blob)).unwrap();
        let said = || {
            let seen = Collected::from(&History::new(&scratch.open()));
            assert_eq!((seen.codes(), seen.count("in-note")), (vec![Code::ObjectMissing], 1));
            let notes = seen.notes.lock().unwrap();
            assert_eq!(notes[0].level, Level::Warning);
            notes[0].message.clone()
        };
        let message = said();
        assert!(message.contains("at least 1 object that") && message.contains(&format!("{blob} (a in HEAD);")));
        for revision in ["HEAD^{tree}", "HEAD~1^{tree}", "stash^{tree}", "HEAD~1"] {
            fs::remove_file(scratch.loose(&scratch.id(revision))).unwrap();
        }
        // Without the tree of HEAD nobody knows of its blob, and without its parent nobody needs the tree of that.
        let message = said();
        assert!(message.contains("at least 3 objects") && message.contains("(a parent of commit "), "{message}");
    }

    #[test]
    fn objects_over_the_limit_are_named_and_not_read() {
        let scratch = Scratch::repository();
        scratch.write("big", "x".repeat(5000));
        scratch.write("small", "small");
        scratch.commit("m");
        for _ in 0..2 {
            let seen = Collected::from(&History::new(&scratch.open()).max_object_size(4096));
            assert_eq!((seen.codes(), seen.count("small")), (vec![Code::ObjectTooLarge], 1));
            scratch.git(&["gc", "-q"]);
        }
    }

    #[test]
    fn a_broken_ref_is_a_warning() {
        let scratch = corners();
        scratch.write(".git/refs/heads/broken", "nonsense");
        let seen = Collected::from(&History::new(&scratch.open()));
        assert_eq!((seen.codes(), seen.count("in-history")), (vec![Code::RefBroken], 1));
    }

    #[test]
    fn a_corrupt_loose_object_costs_one_warning() {
        let scratch = corners();
        let path = scratch.loose(&scratch.id("HEAD~1:a"));
        fs::remove_file(&path).unwrap();
        fs::write(&path, "no zlib at all").unwrap();
        let seen = Collected::from(&History::new(&scratch.open()));
        assert_eq!((seen.codes(), seen.count("in-history")), (vec![Code::ObjectUnreadable], 1));
        assert_eq!(seen.count("in-worktree"), 0);
    }

    fn packs(scratch: &Scratch, extension: &str) -> PathBuf {
        let mut files = fs::read_dir(scratch.file(".git/objects/pack")).unwrap().map(|entry| entry.unwrap().path());
        files.find(|path| path.extension().is_some_and(|found| found == extension)).unwrap()
    }

    #[test]
    fn a_pack_damaged_anywhere_costs_warnings_and_nothing_else() {
        let scratch = corners();
        scratch.git(&["repack", "-q", "-a", "-k", "-d"]);
        scratch.write("later", "in-loose");
        scratch.commit("later");
        let (pack, idx) = (packs(&scratch, "pack"), packs(&scratch, "idx"));
        let (whole, index) = (fs::read(&pack).unwrap(), fs::read(&idx).unwrap());
        let write = |path: &PathBuf, bytes: &[u8]| {
            fs::remove_file(path).unwrap();
            fs::write(path, bytes).unwrap();
        };
        for damage in (12..whole.len()).step_by(3) {
            let mut bytes = whole.clone();
            bytes[damage] ^= 0x55;
            write(&pack, &bytes);
            let seen = Collected::from(&History::new(&scratch.open()));
            assert_eq!(seen.count("in-loose"), 1);
        }
        write(&pack, &whole[..whole.len() / 2]);
        let seen = Collected::from(&History::new(&scratch.open()));
        assert!(seen.codes().contains(&Code::ObjectUnreadable));
        assert_eq!(seen.count("in-loose"), 1);
        write(&pack, &whole);
        scratch.git(&["multi-pack-index", "write"]);
        let midx = scratch.file(".git/objects/pack/multi-pack-index");
        for (path, whole) in [(&idx, index), (&midx, fs::read(&midx).unwrap())] {
            for damage in (0..whole.len()).step_by(5) {
                let mut bytes = whole.clone();
                bytes[damage] ^= 0x55;
                write(path, &bytes);
                let seen = Collected::from(&History::new(&scratch.open()));
                assert_eq!(seen.count("in-loose"), 1);
            }
            write(path, &whole);
        }
        fs::remove_file(&midx).unwrap();
        fs::remove_file(&idx).unwrap();
        let seen = Collected::from(&History::new(&scratch.open()));
        assert_eq!((seen.codes().contains(&Code::ObjectUnreadable), seen.count("in-loose")), (true, 1));
    }

    #[test]
    fn many_broken_objects_are_summed_up() {
        let scratch = Scratch::repository();
        for number in 0..50u8 {
            scratch.write(&format!(".git/objects/ab/{}", format!("{number:02x}").repeat(19)), "broken");
        }
        let seen = Collected::from(&History::new(&scratch.open()));
        let notes = seen.notes.lock().unwrap();
        let broken: Vec<_> = notes.iter().filter(|note| note.code == Code::ObjectUnreadable).collect();
        assert_eq!(broken.len(), 21);
        assert!(broken[20].message.starts_with("30 more"));
    }
}
