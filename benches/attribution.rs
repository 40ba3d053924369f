//! What it costs to say whose a thousand secrets are: path, commit and refs of each, beside the search that finds them.
//!
//!     cargo bench --bench attribution -- [REPOSITORY [RUNS]]
//!
//! Copies the repository without its objects, plants a thousand tokens that nobody issued in as many commits of the copy, and
//! scans it without and with them, in turns. Without a repository it makes one of some thousand commits.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people, with its result on a terminal")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use keyrake::model::Checksum;

const KEYRAKE: &str = env!("CARGO_BIN_EXE_keyrake");
const RUNS: usize = 5;
const PLANTED: usize = 1000;
/// Commits and files of the repository that is made.
const COMMITS: usize = 6000;
const FILES: usize = 400;

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("attribution: {why}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), String> {
    // Cargo adds `--bench`.
    let mut args = std::env::args().skip(1).filter(|arg| !arg.starts_with("--"));
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = match args.next() {
        Some(path) => std::path::absolute(path).map_err(|error| error.to_string())?,
        None => made(&scratch.path().join("made"))?,
    };
    let runs = args.next().map_or(Ok(RUNS), |runs| runs.parse().map_err(|_| "how many runs?"))?;
    let (bare, planted) = (scratch.path().join("bare"), scratch.path().join("planted"));
    for copy in [&bare, &planted] {
        git(scratch.path(), &["clone", "--quiet", "--shared", "--bare", &text(&path), &text(copy)], "")?;
    }
    let head = git(&planted, &["rev-parse", "HEAD"], "")?;
    git(&planted, &["fast-import", "--quiet"], &plant(head.trim()))?;

    let (mut without, mut with) = (Vec::new(), Vec::new());
    // The first round warms the page cache and is not counted.
    for round in 0..=runs {
        let times = (scan(&bare, 0)?, scan(&planted, 1)?);
        if round > 0 {
            without.push(times.0);
            with.push(times.1);
        }
    }
    println!("repository   {}", path.display());
    let (without, with) = (report("without", &mut without), report("with", &mut with));
    println!(
        "{PLANTED} places    {:.0} ms, {:.2} × the scan's own time",
        (with - without) * 1000.0,
        (with - without) / without
    );
    Ok(())
}

/// A repository whose files change a line at a time.
fn made(path: &Path) -> Result<PathBuf, String> {
    git(Path::new("."), &["init", "--quiet", "--bare", &text(path)], "")?;
    let mut stream = String::new();
    let mut lines = vec![vec![0usize; 60]; FILES];
    for commit in 0..COMMITS {
        let file = commit * 7919 % FILES;
        if let Some(line) = lines.get_mut(file).and_then(|lines| lines.get_mut(commit * 31 % 60)) {
            *line = commit;
        }
        let lines = lines.get(file).into_iter().flatten();
        let content: String = lines.map(|line| format!("a line that commit {line} wrote\n")).collect();
        let path = format!("src/part{}/file{file}", file % 40);
        write_commit(&mut stream, "refs/heads/main", commit, None, &path, &content);
    }
    git(path, &["fast-import", "--quiet"], &stream)?;
    git(path, &["symbolic-ref", "HEAD", "refs/heads/main"], "")?;
    git(path, &["repack", "-a", "-d", "-q", "-f"], "")?;
    Ok(path.to_owned())
}

/// A commit for each token, on top of `head`.
fn plant(head: &str) -> String {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
    let mut state = clock | 1;
    let mut stream = String::new();
    for number in 0..PLANTED {
        let body: Vec<u8> = (0..30)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(state >> 33) as usize % 36]
            })
            .collect();
        let token = String::from_utf8_lossy(&Checksum::Crc32Base62.complete(&body)).into_owned();
        let content = format!("//npm.invalid/:_authToken=npm_{token}\n");
        let from = (number == 0).then_some(head);
        write_commit(&mut stream, "refs/heads/planted", number, from, &format!("app{}/.npmrc", number % 40), &content);
    }
    stream
}

fn write_commit(stream: &mut String, branch: &str, number: usize, from: Option<&str>, path: &str, content: &str) {
    let from = from.map_or_else(String::new, |from| format!("from {from}\n"));
    let time = 1_700_000_000 + number;
    let _ = write!(
        stream,
        "commit {branch}\ncommitter A <a@example.invalid> {time} +0000\ndata 5\nplant\n{from}M 100644 inline {path}\ndata {}\n{content}\n",
        content.len()
    );
}

/// Seconds that a scan takes, which must end with this code.
fn scan(path: &Path, code: i32) -> Result<f64, String> {
    let mut command = Command::new(KEYRAKE);
    command.args(["scan", "--no-worktree", "--offline", "--quiet"]).arg(path);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().map_err(|error| error.to_string())?;
    let time = start.elapsed().as_secs_f64();
    if status.code() == Some(code) { Ok(time) } else { Err(format!("{command:?} ended with {status}")) }
}

fn git(directory: &Path, args: &[&str], input: &str) -> Result<String, String> {
    let mut command = Command::new("git");
    command.args(args).current_dir(directory).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("git does not start: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(|error| error.to_string())?;
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("git {} ended with {}", args.join(" "), output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn report(name: &str, times: &mut [f64]) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let all: Vec<String> = times.iter().map(|time| format!("{:.0}", time * 1000.0)).collect();
    println!("{name:<12}{:>7.0} ms, median of {} runs: {}", median * 1000.0, times.len(), all.join(" "));
    median
}
