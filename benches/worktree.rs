//! How long `keyrake scan --no-history --offline` takes beside ripgrep looking for the same literals.
//!
//!     cargo bench --bench worktree -- PATH
//!
//! Runs both in turns, so that both see the same machine; prints the median of each and their ratio.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people, with its result on a terminal")]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

const KEYRAKE: &str = env!("CARGO_BIN_EXE_keyrake");
const RUNS: usize = 5;

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("worktree: {why}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), String> {
    // Cargo adds `--bench`; what else stands there is the path. Cargo starts benches in the package's folder.
    let path = std::env::args_os().skip(1).find(|arg| !arg.to_string_lossy().starts_with("--"));
    let path = path.map_or_else(|| PathBuf::from("."), PathBuf::from);
    if !path.is_dir() {
        return Err(format!("{} is no directory", path.display()));
    }
    let literals = literals()?;
    let version = Command::new("rg").arg("--version").output();
    let version = version.map_err(|_| "ripgrep (rg) is not on PATH: cargo install ripgrep")?;

    let mut keyrake = Vec::new();
    let mut ripgrep = Vec::new();
    // The first run of each warms the page cache and is not counted.
    for _ in 0..=RUNS {
        keyrake.push(timed(&mut keyrake_command(&path), &[0, 1, 3])?);
        ripgrep.push(timed(&mut ripgrep_command(&path, &literals), &[0, 1, 2])?);
    }
    let (ours, theirs) = (median(&mut keyrake[1..]), median(&mut ripgrep[1..]));
    println!("path      {}", path.display());
    println!("literals  {}", literals.join(" "));
    println!("ripgrep   {}", String::from_utf8_lossy(&version.stdout).lines().next().unwrap_or_default());
    println!("keyrake scan --no-history --offline   {}", shown(ours, &keyrake[1..]));
    println!("rg -uu -c -F                          {}", shown(theirs, &ripgrep[1..]));
    println!("ratio     {:.2}", ours.as_secs_f64() / theirs.as_secs_f64());
    Ok(())
}

/// The byte strings that the detector's first pass looks for.
fn literals() -> Result<Vec<String>, String> {
    let listed = Command::new(KEYRAKE).args(["rules", "list", "--literals"]).output();
    let listed = listed.map_err(|error| format!("keyrake does not start: {error}"))?;
    let literals: Vec<String> = String::from_utf8_lossy(&listed.stdout).lines().map(str::to_owned).collect();
    if literals.is_empty() {
        return Err("keyrake names no literals".to_owned());
    }
    Ok(literals)
}

fn keyrake_command(path: &Path) -> Command {
    let mut command = Command::new(KEYRAKE);
    command.args(["scan", "--no-history", "--offline", "--quiet"]).arg(path);
    command
}

fn ripgrep_command(path: &Path, literals: &[String]) -> Command {
    let mut command = Command::new("rg");
    command.args(["-uu", "-c", "-F"]);
    for literal in literals {
        command.args(["-e", literal]);
    }
    command.arg(path);
    command
}

/// The time until it ends with one of these codes.
fn timed(command: &mut Command, codes: &[i32]) -> Result<Duration, String> {
    let start = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let time = start.elapsed();
    match status {
        Ok(status) if status.code().is_some_and(|code| codes.contains(&code)) => Ok(time),
        Ok(status) => Err(format!("{command:?} ended with {status}")),
        Err(error) => Err(format!("{command:?} does not start: {error}")),
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn shown(median: Duration, times: &[Duration]) -> String {
    let milliseconds = |time: &Duration| format!("{:.0}", time.as_secs_f64() * 1000.0);
    let all: Vec<String> = times.iter().map(milliseconds).collect();
    format!("{} ms (median of {} runs: {})", milliseconds(&median), times.len(), all.join(" "))
}
