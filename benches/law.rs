//! Whether a search of what is new in each object of a real repository finds what a search of every byte finds.
//!
//!     cargo bench --bench law -- REPOSITORY
//!
//! Searches the history as a scan does, then every object that `git cat-file --batch-all-objects` gives, from its first byte
//! to its last; with the rules of the registries, and with others that match all over a repository. Says where they differ.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people, with its result on a terminal")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Mutex, PoisonError};

use keyrake::detect::{Detector, rules};
use keyrake::git::{Repo, Tally};
use keyrake::model::{Below, Blob, Match, Notification, ObjectId, ObjectKind, Origin, Secret};
use keyrake::source::{History, Sink, Source as _};

/// Matches that every repository is full of, anchored and not.
const COMMON: &str = r#"
[registry]
id = "common"
name = "Common"

[[rule]]
id = "common-anchored"
summary = "Common word"
help = "None needed."
pattern = 'FIXME[^\n]{1,30}[0-9]'
literals = ["FIXME"]
evidence = "pattern"
kind = "token"
examples = ["FIXME x1"]
counter_examples = ["FIX"]

[[rule]]
id = "common-around"
summary = "Common word in a line"
help = "None needed."
pattern = '[a-z]{3,12} deprecated [a-z]{3,12}'
literals = ["deprecated"]
evidence = "pattern"
kind = "token"
examples = ["was deprecated long"]
counter_examples = ["deprecated"]
"#;

/// Object, rule, place, secret, user, host.
type Key = (ObjectId, usize, usize, usize, Secret, Option<String>, Option<String>);

struct Kept<'d> {
    detector: &'d Detector,
    found: Mutex<BTreeSet<Key>>,
    said: Mutex<Vec<Notification>>,
}

impl Sink for Kept<'_> {
    fn blob(&self, blob: Blob<'_>) -> Below {
        let (matches, below) = self.detector.search(&blob);
        if let Origin::History { id, .. } = blob.origin {
            let keys = matches.into_iter().map(|found| key(id, found));
            self.found.lock().unwrap_or_else(PoisonError::into_inner).extend(keys);
        }
        below
    }

    fn reach(&self) -> usize {
        self.detector.reach()
    }

    fn tally(&self, _: Tally) {}

    fn notify(&self, notification: Notification) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).push(notification);
    }
}

fn key(id: ObjectId, found: Match) -> Key {
    let host = found.host.map(|host| host.to_string());
    (id, found.rule, found.span.start, found.span.end, found.secret, found.user, host)
}

fn main() -> ExitCode {
    match compare() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("law: {why}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> Result<bool, String> {
    let path = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    let path = PathBuf::from(path.ok_or("which repository?")?);
    let mut all = rules::embedded().map_err(|error| error.to_string())?;
    rules::add(&mut all, COMMON, "common", true).map_err(|error| error.to_string())?;
    let detector = Detector::new(all).map_err(|error| error.to_string())?;

    let kept = Kept { detector: &detector, found: Mutex::default(), said: Mutex::default() };
    let repo = Repo::open(&path).map_err(|error| error.to_string())?;
    let history = History::new(&repo);
    history.visit(&kept).map_err(|error| error.to_string())?;
    let windowed = kept.found.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("fresh ranges  {} objects, {} matches", history.objects(), windowed.len());
    for said in kept.said.into_inner().unwrap_or_else(PoisonError::into_inner) {
        println!("{}: {}", said.code.as_str(), said.message);
    }

    let (objects, full) = search_all(&path, &detector)?;
    println!("every byte    {objects} objects, {} matches", full.len());
    for rule in 0..detector.rules().rules.len() {
        let count = full.iter().filter(|found| found.1 == rule).count();
        println!("  {count:>8} {}", detector.rules().rules.get(rule).map_or("", |rule| &rule.id));
    }
    for (what, missing) in [("missed", full.difference(&windowed)), ("made up", windowed.difference(&full))] {
        for (id, rule, start, ..) in missing.take(20) {
            println!("{what}: rule {rule} at byte {start} of {id}");
        }
    }
    Ok(windowed == full && objects == history.objects())
}

fn search_all(path: &Path, detector: &Detector) -> Result<(u64, BTreeSet<Key>), String> {
    let mut git = Command::new("git");
    git.arg("-C").arg(path).args(["cat-file", "--batch-all-objects", "--unordered", "--batch"]);
    git.env("GIT_NO_LAZY_FETCH", "1").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = git.spawn().map_err(|error| format!("git does not start: {error}"))?;
    let mut out = BufReader::with_capacity(1 << 20, child.stdout.take().ok_or("git has no output")?);
    let (mut line, mut bytes) = (String::new(), Vec::new());
    let (mut objects, mut found) = (0, BTreeSet::new());
    loop {
        line.clear();
        if out.read_line(&mut line).map_err(|error| error.to_string())? == 0 {
            break;
        }
        let mut words = line.split_whitespace();
        let (Some(id), Some(kind), Some(size)) = (words.next(), words.next(), words.next()) else { continue };
        let size: usize = size.parse().map_err(|_| format!("git says {line}"))?;
        bytes.resize(size + 1, 0);
        out.read_exact(&mut bytes).map_err(|error| error.to_string())?;
        let kind = match kind {
            "blob" => ObjectKind::Blob,
            "commit" => ObjectKind::Commit,
            "tag" => ObjectKind::Tag,
            _ => continue,
        };
        objects += 1;
        let id = object_id(id).ok_or_else(|| format!("git says {line}"))?;
        let matches = detector.scan(&Blob::whole(Origin::History { id, kind }, bytes.get(..size).unwrap_or_default()));
        found.extend(matches.into_iter().map(|found| key(id, found)));
    }
    child.wait().map_err(|error| error.to_string())?;
    Ok((objects, found))
}

fn object_id(digits: &str) -> Option<ObjectId> {
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let raw: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
    ObjectId::new(&raw?)
}
