//! How long a hook waits: `keyrake scan --staged` with one changed file beside `git diff --cached`, and a start with nothing to do.
//!
//!     cargo bench --bench hook -- REPOSITORY [RUNS]
//!
//! Checks the repository out elsewhere, without copying its objects, and changes one file of it. All run in turns, so that
//! they see the same machine.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people, with its result on a terminal")]

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

const KEYRAKE: &str = env!("CARGO_BIN_EXE_keyrake");
const RUNS: usize = 40;

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("hook: {why}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), String> {
    // Cargo adds `--bench`.
    let mut args = std::env::args().skip(1).filter(|arg| !arg.starts_with("--"));
    let path = std::path::absolute(args.next().ok_or("which repository?")?).map_err(|error| error.to_string())?;
    let runs = args.next().map_or(Ok(RUNS), |runs| runs.parse().map_err(|_| "how many runs?"))?;
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let top = scratch.path().join("checkout");
    let git = |args: &[&str], directory: &Path| {
        let output =
            Command::new("git").args(args).current_dir(directory).output().map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            Ok(text)
        } else {
            Err(format!("git {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
        }
    };
    git(&["clone", "--quiet", "--shared", &path.display().to_string(), "checkout"], scratch.path())?;
    let files = git(&["ls-files"], &top)?;
    let is_file = |name: &&str| fs::symlink_metadata(top.join(name)).is_ok_and(|found| found.is_file());
    let changed = files.lines().rfind(is_file).ok_or("it holds no file")?;
    fs::write(top.join(changed), "changed\n").map_err(|error| error.to_string())?;
    git(&["add", changed], &top)?;

    let (mut staged, mut diff, mut start) = (Vec::new(), Vec::new(), Vec::new());
    // The first round warms the page cache and is not counted.
    for round in 0..=runs {
        let times = (
            timed(KEYRAKE, &["scan", "--staged", "--offline", "--quiet"], &top)?,
            timed("git", &["diff", "--cached"], &top)?,
            timed(KEYRAKE, &["scan", "--offline", "--quiet", "-"], &top)?,
        );
        if round > 0 {
            staged.push(times.0);
            diff.push(times.1);
            start.push(times.2);
        }
    }
    println!("repository        {}, {} files", path.display(), files.lines().count());
    let staged = report("scan --staged", &mut staged);
    let diff = report("git diff --cached", &mut diff);
    report("scan - on nothing", &mut start);
    println!("scan --staged over git diff --cached   {:.2}", staged / diff);
    Ok(())
}

/// Milliseconds until it ends, which must be with success.
fn timed(program: &str, args: &[&str], directory: &Path) -> Result<f64, String> {
    let mut command = Command::new(program);
    command.args(args).current_dir(directory).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().map_err(|error| error.to_string())?;
    let time = start.elapsed().as_secs_f64() * 1000.0;
    if status.success() { Ok(time) } else { Err(format!("{command:?} ended with {status}")) }
}

fn report(name: &str, times: &mut [f64]) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    println!(
        "{name:<18}{:>6.1} ms, median of {} runs; a tenth below {:.1}, a tenth above {:.1}",
        at(50),
        times.len(),
        at(10),
        at(90)
    );
    at(50)
}
