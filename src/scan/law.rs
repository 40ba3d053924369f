//! What the walk of a history finds in it, against a search of every byte of every object, over repositories that git packs in
//! every way it has.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::detect::{Detector, mint, rules};
use crate::git::fixture::Scratch;
use crate::git::{Kind, Tally};
use crate::model::{Below, Blob, Fresh, Level, Match, Notification, ObjectId, Origin, Secret};
use crate::source::{History, Sink, Source as _, Unpacking};

/// Object, member, rule, place, secret, user, host.
type Key = (ObjectId, String, usize, usize, Secret, Option<String>, Option<String>);

struct Kept<'d> {
    detector: &'d Detector,
    /// Blobs that were searched by what is new in them alone.
    by_part: AtomicUsize,
    found: Mutex<BTreeSet<Key>>,
}

impl<'d> Kept<'d> {
    fn new(detector: &'d Detector) -> Self {
        Self { detector, by_part: AtomicUsize::new(0), found: Mutex::default() }
    }
}

impl Sink for Kept<'_> {
    fn blob(&self, blob: Blob<'_>) -> Below {
        if let Fresh::Part { .. } = blob.fresh {
            self.by_part.fetch_add(1, Ordering::Relaxed);
        }
        let (matches, below) = self.detector.search(&blob);
        let (outer, member) = match &blob.origin {
            Origin::Member { outer, path } => (&**outer, path.as_str()),
            outer => (outer, ""),
        };
        if let Origin::History { id, .. } = *outer {
            self.found.lock().unwrap().extend(matches.into_iter().map(|found| key(id, member, found)));
        }
        below
    }

    fn reach(&self) -> usize {
        self.detector.reach()
    }

    fn tally(&self, _: Tally) {}

    fn notify(&self, notification: Notification) {
        assert_eq!(notification.level, Level::Note, "{notification:?}");
    }
}

/// Searches every byte.
struct Whole<'d>(Kept<'d>);

impl Sink for Whole<'_> {
    fn blob(&self, blob: Blob<'_>) -> Below {
        self.0.blob(Blob { fresh: Fresh::All, ..blob })
    }

    fn reach(&self) -> usize {
        usize::MAX
    }

    fn tally(&self, _: Tally) {}

    fn notify(&self, notification: Notification) {
        self.0.notify(notification);
    }
}

fn key(id: ObjectId, member: &str, found: Match) -> Key {
    (
        id,
        member.to_owned(),
        found.rule,
        found.span.start,
        found.secret,
        found.user,
        found.host.map(|host| host.to_string()),
    )
}

/// Lines that hold a credential.
const WHOLE: [&str; 15] = [
    "//r.invalid/:_authToken={npm_token}",
    "NPM_TOKEN={uuid}",
    "//r.invalid/:_password={base64:{password}}",
    "resolved \"https://mia:{password}@r.invalid/a/-/a-1.0.0.tgz\"",
    "{base64:some words before a=//r.invalid/:_authToken={npm_token} and some more words behind it}",
    "const token = '{npm_token}'; // and a long comment that goes on for some time, as comments do",
    "npm_{opaque}",
    "GITHUB_TOKEN={github_token}",
    "PRIVATE-TOKEN: {gitlab_token}",
    "docker login -u mia -p {docker_pat}",
    "machine quay.io login mia password {password}",
    "{\"auths\": {\"r.invalid\": {\"auth\": \"{auth}\"}}}",
    "DOCKER_PASSWORD={password}",
    "<server><id>ossrh</id><password>{password}</password></server>",
    "{base64:machine quay.io login mia password {password} and more words behind it}",
];

/// Lines that make one together, or decide over it.
const PARTS: [&str; 28] = [
    "registry=https://r.invalid/npm/",
    "_auth={auth}",
    "//r.invalid/:username=mia",
    "username=foo",
    "_password=cGFzc3dvcmQ=",
    "[install]",
    "[server]",
    "token = \"{opaque}\"",
    "export NPM_TOKEN=${NPM_TOKEN}",
    "NPM_TOKEN=",
    "{uuid}",
    "machine quay.io",
    "  login mia",
    "  password {password}",
    "{\"auths\": {\"r.invalid\": {",
    "\"auth\": \"{auth}\"",
    "[pypi]",
    "username = mia",
    "password = {password}",
    "<server><id>ossrh</id>",
    "<password>{password}</password>",
    "kind: Secret",
    "stringData:",
    "  url: https://quay.io/x",
    "  password: ",
    "//r.invalid/:_authToken=",
    "{opaque}",
    "{base64:machine quay.io login mia and more words behind it}",
];

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides.max(1)
    }
}

/// A line of a file in which one of so many lines holds a credential, and one of so many a part of one.
fn line(dice: &mut Dice, (whole, part): (usize, usize)) -> String {
    let lines: &[&str] = match () {
        () if dice.roll(whole) == 0 => &WHOLE,
        () if dice.roll(part) == 0 => &PARTS,
        () => &[],
    };
    if let Some(line) = lines.get(dice.roll(lines.len())) {
        return mint::fill(line, dice.roll(40) as u64);
    }
    let words = ["some", "words", "that", "mean", "nothing", "npm", "token", "registry", "=", "\""];
    (0..=dice.roll(14)).map(|_| words[dice.roll(words.len())]).collect::<Vec<_>>().join(" ")
}

fn edit(lines: &mut Vec<String>, dice: &mut Dice, density: (usize, usize)) {
    for _ in 0..=dice.roll(3) {
        let at = dice.roll(lines.len());
        match dice.roll(8) {
            0 | 1 => lines.insert(at, line(dice, density)),
            2 => drop(lines.remove(at)),
            3 => {
                let from = dice.roll(lines.len());
                let moved = lines.remove(from);
                lines.insert(at.min(lines.len()), moved);
            }
            4 => {
                let copied = lines[dice.roll(lines.len())].clone();
                lines.insert(at, copied);
            }
            5 => {
                let cut = dice.roll(lines[at].len());
                let rest = if lines[at].is_char_boundary(cut) { lines[at].split_off(cut) } else { String::new() };
                lines.insert(at + 1, rest);
            }
            6 if at + 1 < lines.len() => {
                let next = lines.remove(at + 1);
                lines[at].push_str(&next);
            }
            _ => {
                let place = dice.roll(lines[at].len());
                if lines[at].is_char_boundary(place) {
                    lines[at].insert(place, 'x');
                }
            }
        }
        if lines.is_empty() {
            lines.push(line(dice, density));
        }
    }
}

/// The files in an archive that does not compress, so that git stores it as small deltas.
fn tar(files: &[Vec<String>]) -> String {
    let mut out = String::new();
    for (number, lines) in files.iter().enumerate() {
        let text = lines.join("\n");
        let header = |sum: &str| {
            format!(
                "{:\0<124}{:011o}\0{:\0<12}{sum:<8}0{:\0<100}ustar\0{:\0<249}",
                format!("file{number}"),
                text.len(),
                "",
                "",
                ""
            )
        };
        let sum: u64 = header("").bytes().map(u64::from).sum();
        out += &header(&format!("{sum:06o}\0"));
        out += &text;
        out.extend(std::iter::repeat_n('\0', text.len().next_multiple_of(512) - text.len()));
    }
    out + &"\0".repeat(1024)
}

/// Of four files: most histories hold next to nothing, and then only what is new is searched.
const DENSITIES: [(usize, usize); 4] = [(12, 4), (400, 30), (400, 60), (200, 1000)];

/// A history of a few files, as a stream for fast-import.
fn stream(seed: u64, commits: usize) -> String {
    let mut dice = Dice(seed);
    let mut files = DENSITIES.map(|density| (0..60).map(|_| line(&mut dice, density)).collect::<Vec<_>>());
    let mut out = String::new();
    for number in 0..commits {
        let message = line(&mut dice, DENSITIES[0]);
        let time = 1_700_000_000 + number;
        write!(out, "commit refs/heads/main\ncommitter Ada <ada@example.invalid> {time} +0000\n").unwrap();
        writeln!(out, "data {}\n{message}", message.len()).unwrap();
        for _ in 0..=dice.roll(2) {
            let file = dice.roll(files.len());
            edit(&mut files[file], &mut dice, DENSITIES[file]);
            let text = files[file].join("\n");
            let text = if dice.roll(40) == 0 { text.replace('\n', "\0\n\0") } else { text };
            writeln!(out, "M 100644 inline file{file}\ndata {}\n{text}", text.len()).unwrap();
        }
        if dice.roll(3) == 0 {
            let tar = tar(&files);
            writeln!(out, "M 100644 inline all.tar\ndata {}\n{tar}", tar.len()).unwrap();
        }
    }
    out
}

fn fed(scratch: &Scratch, arguments: &[&str], input: &str) -> String {
    use std::io::Write as _;
    let mut git = Command::new("git");
    git.args(arguments)
        .current_dir(scratch.path())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    let mut child = git.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Everything in every object that git lists, by libgit2 and from first byte to last.
fn full(scratch: &Scratch, detector: &Detector) -> (u64, BTreeSet<Key>) {
    let repo = scratch.open();
    let reader = repo.reader().unwrap();
    let whole = Whole(Kept::new(detector));
    let unpacking = Unpacking::new(&whole);
    let mut objects = 0;
    for digits in scratch.git(&["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"]).lines() {
        let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        let id = ObjectId::new(&(0..digits.len()).step_by(2).map(byte).collect::<Vec<_>>()).unwrap();
        let object = reader.read(&id).unwrap();
        let Kind::Text(kind) = object.kind() else { continue };
        objects += 1;
        unpacking.blob(Blob::whole(Origin::History { id, kind }, object.bytes()));
    }
    drop(unpacking);
    (objects, whole.0.found.into_inner().unwrap())
}

/// Holds the law for a repository; says how many blobs were searched by what is new in them.
fn hold(scratch: &Scratch, detector: &Detector, what: &str) -> usize {
    let kept = Kept::new(detector);
    let repo = scratch.open();
    let history = History::new(&repo);
    history.visit(&Unpacking::new(&kept)).unwrap();
    let (objects, full) = full(scratch, detector);
    assert!(full.len() > 100, "{what}: nothing to find");
    assert!(full.iter().filter(|key| !key.1.is_empty()).count() > 100, "{what}: nothing to find in archives");
    assert_eq!(history.objects(), objects, "{what}");
    assert!(kept.found.into_inner().unwrap() == full, "{what}");
    kept.by_part.into_inner()
}

#[test]
fn whatever_way_git_packs_nothing_is_missed() {
    let detector = Detector::new(rules::embedded().unwrap()).unwrap();
    for (seed, options) in [(1, &[][..]), (2, &["--object-format=sha256"])] {
        let scratch = Scratch::with(options);
        fed(&scratch, &["fast-import", "--quiet", "--depth=50"], &stream(seed, 150));
        let mut by_part = hold(&scratch, &detector, "as fast-import packs");
        let packs: [&[&str]; 5] = [
            &["repack", "-q", "-adf", "--depth=4095", "--window=200"],
            &["repack", "-q", "-adf", "--depth=1", "--window=10"],
            &["-c", "pack.threads=1", "repack", "-q", "-adF", "--depth=20", "--window=3"],
            &["-c", "repack.useDeltaBaseOffset=false", "repack", "-q", "-adf", "--depth=50"],
            &["-c", "pack.indexVersion=1", "repack", "-q", "-ad", "--window-memory=1k"],
        ];
        for arguments in packs {
            if options.is_empty() || !arguments.contains(&"pack.indexVersion=1") {
                scratch.git(arguments);
                by_part += hold(&scratch, &detector, &arguments.join(" "));
            }
        }
        let all = scratch.git(&["rev-list", "--objects", "--all"]);
        fed(&scratch, &["pack-objects", "-q", "--no-reuse-delta", ".git/objects/pack/pack"], &all);
        by_part += hold(&scratch, &detector, "the same objects in another pack");
        fed(&scratch, &["fast-import", "--quiet", "--force"], &stream(seed, 170));
        scratch.git(&["multi-pack-index", "write"]);
        by_part += hold(&scratch, &detector, "a third pack, and an index of all");

        let other = Scratch::empty();
        other.git(&["clone", "-q", "--shared", scratch.path().to_str().unwrap(), "."]);
        other.write("file0", mint::fill("NPM_TOKEN={npm_token}", 1));
        other.commit("a loose one");
        by_part += hold(&other, &detector, "alternates");
        assert!(by_part > 200, "hardly anything was searched by what is new: {by_part}");
    }
}
