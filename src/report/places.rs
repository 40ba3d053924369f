//! One line about one place.
//!
//! What comes in: a location. What goes out: where it is, who brought it in, who took it away, whether it is still there.
//! What it must never do: pass on a path, a name or a subject as somebody else wrote it.

use std::collections::HashSet;

use super::numbers::{count, plural};
use super::sanitise::Cleaner;
use super::wrap::NO_BREAK;
use crate::model::{Commit, Location, ObjectKind, Place};

/// Longer paths and subjects say nothing more.
const LONGEST_PATH: usize = 400;
const LONGEST_SUBJECT: usize = 72;
const LONGEST_NAME: usize = 40;
/// Refs that are named; of more, the number.
const NAMED_REFS: usize = 3;

/// The places worth a line: a file of the work tree that stands unchanged in history is told once, with its commit.
pub(super) fn telling(locations: &[Location]) -> Vec<&Location> {
    let committed: HashSet<_> = locations
        .iter()
        .filter(|location| matches!(location.place, Place::History { .. }) && !location.at_tip.is_empty())
        .map(|location| (location.whole_path(), location.region))
        .collect();
    let told = |location: &&Location| {
        location.place == Place::Worktree && committed.contains(&(location.whole_path(), location.region))
    };
    locations.iter().filter(|location| !told(location)).collect()
}

/// `.npmrc:3 in 9f31c2e “ci: fix release” (Alice, 2026-03-02), removed in 1b77d0a, reachable from no ref`.
pub(super) fn line(location: &Location, clean: &Cleaner) -> String {
    let mut out = spot(location, clean);
    let own_commit = matches!(location.place, Place::History { kind: ObjectKind::Commit, .. });
    if let Some(commit) = &location.commit {
        out += match () {
            () if own_commit => " ",
            () if commit.boundary => " in or before ",
            () => " in ",
        };
        out += &described(commit, clean);
    }
    // Taken away on one branch and standing on another, it stands.
    if let Some(removed) = location.removed.as_ref().filter(|_| location.at_tip.is_empty()) {
        out += &format!(", removed in {}", removed.id.short());
    }
    if let Place::History { .. } = location.place {
        out += &standing(location, clean);
    }
    if let Some(reason) = &location.allow {
        let reason = clean.line(reason, LONGEST_SUBJECT);
        out += &if reason.is_empty() { ", allowed there".to_owned() } else { format!(", allowed there: {reason}") };
    }
    out
}

/// The place itself, without its history: `path:3`. Spaces in paths do not break.
pub(super) fn spot(location: &Location, clean: &Cleaner) -> String {
    let path = clean.line(&location.whole_path(), LONGEST_PATH).replace(' ', &NO_BREAK.to_string());
    let row = location.region.line;
    match &location.place {
        Place::Worktree | Place::File => format!("{path}:{row}"),
        Place::Staged => format!("{path}:{row} (staged)"),
        Place::Stdin => format!("standard input{path}:{row}"),
        // What a commit holds and has no path is a note.
        Place::History { id, kind: ObjectKind::Blob } if location.path.is_empty() && location.commit.is_some() => {
            format!("line {row} of note {}{path}", id.short())
        }
        Place::History { id, kind: ObjectKind::Blob } if location.path.is_empty() => {
            format!("blob {}{path}:{row}, which no tree names", id.short())
        }
        Place::History { kind: ObjectKind::Blob, .. } => format!("{path}:{row}"),
        Place::History { id, kind: ObjectKind::Commit } if location.commit.is_none() => {
            format!("line {row} of the message of commit {}", id.short())
        }
        Place::History { kind: ObjectKind::Commit, .. } => format!("line {row} of the message of commit"),
        Place::History { id, kind: ObjectKind::Tag } => format!("line {row} of the message of tag {}", id.short()),
    }
}

fn described(commit: &Commit, clean: &Cleaner) -> String {
    let subject = clean.line(&commit.summary, LONGEST_SUBJECT);
    let author = clean.line(&commit.author, LONGEST_NAME);
    let by = [author, day(&commit.time, clean)].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    let subject = if subject.is_empty() { String::new() } else { format!(" “{subject}”") };
    let by = if by.is_empty() { String::new() } else { format!(" ({})", by.join(", ")) };
    format!("{}{subject}{by}", commit.id.short())
}

/// The day of a timestamp; whatever else it is, cleaned.
pub(super) fn day(time: &str, clean: &Cleaner) -> String {
    match time.get(..10) {
        Some(day) if day.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') => day.to_owned(),
        _ => clean.line(time, LONGEST_NAME),
    }
}

fn standing(location: &Location, clean: &Cleaner) -> String {
    let tips: Vec<String> =
        location.at_tip.iter().take(NAMED_REFS).map(|name| clean.line(short_ref(name), LONGEST_NAME)).collect();
    let more = location.at_tip.len().saturating_sub(NAMED_REFS) as u64;
    match (location.reachable, tips.is_empty(), more) {
        (false, _, _) => ", reachable from no ref".to_owned(),
        (true, false, 0) => format!(", still in {}", tips.join(", ")),
        (true, false, _) => format!(", still in {} and {} more ref{}", tips.join(", "), count(more), plural(more)),
        (true, true, _) if location.removed.is_some() => ", still in the history".to_owned(),
        (true, true, _) => String::new(),
    }
}

fn short_ref(name: &str) -> &str {
    ["refs/heads/", "refs/tags/", "refs/remotes/"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{at, blob, commit, empty, object};
    use super::*;

    #[test]
    fn a_place_says_what_is_known_of_it() {
        let history = |kind| Place::History { id: object(0x4d), kind };
        let with = |mut location: Location, change: &dyn Fn(&mut Location)| {
            change(&mut location);
            location
        };
        let in_archive = |location| with(location, &|location| location.member = Some("package/.npmrc".to_owned()));
        let cases = [
            (at(Place::Worktree, "a b/.npmrc", 3), "a b/.npmrc:3"),
            (at(Place::File, "/etc/npmrc", 3), "/etc/npmrc:3"),
            (at(Place::Staged, ".npmrc", 3), ".npmrc:3 (staged)"),
            (at(Place::Stdin, "", 3), "standard input:3"),
            (at(history(ObjectKind::Blob), "", 3), "blob 4d4d4d4:3, which no tree names"),
            (in_archive(at(Place::Worktree, "a.tgz", 3)), "a.tgz!package/.npmrc:3"),
            (in_archive(at(Place::Stdin, "", 3)), "standard input!package/.npmrc:3"),
            (in_archive(at(history(ObjectKind::Blob), "", 3)), "blob 4d4d4d4!package/.npmrc:3, which no tree names"),
            (at(history(ObjectKind::Commit), "", 3), "line 3 of the message of commit 4d4d4d4"),
            (at(history(ObjectKind::Tag), "", 3), "line 3 of the message of tag 4d4d4d4"),
            (
                with(at(history(ObjectKind::Commit), "", 3), &|location| location.commit = Some(commit(0x4d, "x"))),
                "line 3 of the message of commit 4d4d4d4 “x” (Alice, 2026-03-02)",
            ),
            (
                with(at(history(ObjectKind::Blob), "", 3), &|location| location.commit = Some(commit(0x5e, "x"))),
                "line 3 of note 4d4d4d4 in 5e5e5e5 “x” (Alice, 2026-03-02)",
            ),
            (
                with(at(blob(1), "a", 3), &|location| {
                    location.commit =
                        Some(Commit { author: String::new(), time: "long ago".to_owned(), ..commit(2, "x") });
                    location.removed = Some(commit(3, "y"));
                    location.reachable = false;
                }),
                "a:3 in 0202020 “x” (long ago), removed in 0303030, reachable from no ref",
            ),
            (
                with(at(blob(1), "a", 3), &|location| {
                    location.at_tip = vec!["refs/remotes/origin/main".to_owned(), "refs/stash".to_owned()];
                }),
                "a:3, still in origin/main, refs/stash",
            ),
            (
                with(at(blob(1), "a", 3), &|location| {
                    location.removed = Some(commit(3, "y"));
                    location.at_tip = vec!["refs/heads/main".to_owned()];
                }),
                "a:3, still in main",
            ),
            (
                with(at(Place::Worktree, "a", 3), &|location| location.allow = Some("an example".to_owned())),
                "a:3, allowed there: an example",
            ),
            (
                with(at(blob(1), "a", 3), &|location| {
                    location.commit = Some(Commit { boundary: true, ..commit(2, "x") });
                }),
                "a:3 in or before 0202020 “x” (Alice, 2026-03-02)",
            ),
            (with(at(Place::Worktree, "a", 3), &|location| location.allow = Some(String::new())), "a:3, allowed there"),
        ];
        for (location, expected) in cases {
            assert_eq!(line(&location, &Cleaner::for_run(&empty())).replace(NO_BREAK, " "), expected);
        }
    }
}
