//! How long `keyrake scan --no-worktree --offline` takes beside inflating every entry of the packs once, and beside others.
//!
//!     cargo bench --bench history -- REPOSITORY [RUNS]
//!
//! The floor and keyrake run in turns, so that both see the same machine; the other scanners, where they are on PATH, once
//! each at the end. Prints medians, ratios and the most anonymous memory that was seen.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people, with its result on a terminal")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const KEYRAKE: &str = env!("CARGO_BIN_EXE_keyrake");
const RUNS: usize = 7;
/// Entries that a thread of the floor takes at once.
const BATCH: usize = 256;

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("history: {why}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), String> {
    // Cargo adds `--bench`.
    let mut args = std::env::args().skip(1).filter(|arg| !arg.starts_with("--"));
    let path = PathBuf::from(args.next().ok_or("which repository?")?);
    let runs = args.next().map_or(Ok(RUNS), |runs| runs.parse().map_err(|_| "how many runs?"))?;
    let objects = [path.join("objects"), path.join(".git/objects")];
    let objects = objects.iter().find(|path| path.is_dir()).ok_or("that is no repository")?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);

    let packs = Packs::open(objects)?;
    let (mut floor, mut floor_alone) = (Vec::new(), Vec::new());
    let (mut ours, mut alone) = (Vec::new(), Vec::new());
    let mut memory = 0;
    // The first round warms the page cache and is not counted.
    for round in 0..=runs {
        let floor_time = inflate_all(objects, threads)?;
        let our_time = timed(&mut keyrake(&path, threads), &mut memory)?;
        let floor_time_alone = inflate_all(objects, 1)?;
        let our_time_alone = timed(&mut keyrake(&path, 1), &mut 0)?;
        if round > 0 {
            floor.push(floor_time);
            ours.push(our_time);
            floor_alone.push(floor_time_alone);
            alone.push(our_time_alone);
        }
    }
    println!("repository  {}", path.display());
    println!("packs       {} entries, {} MB", packs.entries, packs.bytes >> 20);
    let (floor, floor_alone) = (report("floor", threads, &mut floor), report("floor", 1, &mut floor_alone));
    let (ours, alone) = (report("keyrake", threads, &mut ours), report("keyrake", 1, &mut alone));
    println!(
        "keyrake over the floor         {:.2} ({threads} threads), {:.2} (one)",
        ours / floor,
        alone / floor_alone
    );
    println!(
        "keyrake, {threads} threads over one    {:.2} × as fast (the floor: {:.2} ×)",
        alone / ours,
        floor_alone / floor
    );
    if memory > 0 {
        println!("anonymous memory               {} MB at most", memory >> 10);
    }
    others(&path, ours);
    Ok(())
}

fn keyrake(path: &Path, threads: usize) -> Command {
    let mut command = Command::new(KEYRAKE);
    command.args(["scan", "--no-worktree", "--offline", "--quiet"]).arg(path);
    command.env("RAYON_NUM_THREADS", threads.to_string());
    command
}

/// Kingfisher's rules for registries.
const RULES: [&str; 32] = [
    "artifactory-api-key",
    "artifactory-reference-token",
    "buildkite-service-token",
    "buildkite-user-access-token",
    "clojars-api-token",
    "cloudsmith-api-key",
    "crates-io-api-key",
    "dockerhub-organization-access-token",
    "dockerhub-personal-access-token",
    "flyio-access-token",
    "github-app-token",
    "github-fine-grained-pat",
    "github-oauth",
    "github-pat",
    "github-refresh-token",
    "gitlab-cicd-job-token",
    "gitlab-deploy-token",
    "gitlab-feature-flag-client-token",
    "gitlab-feed-token",
    "gitlab-incoming-mail-token",
    "gitlab-kubernetes-agent-token",
    "gitlab-oauth-app-secret",
    "gitlab-pat",
    "gitlab-pat-routable",
    "gitlab-ptt",
    "gitlab-runner-authentication-token",
    "huggingface-access-token",
    "npm-access-token",
    "nuget-config-password",
    "pulumi-api-token",
    "pypi-upload-token",
    "rubygems-api-token",
];

/// Other scanners, each as near to the same work as it can be brought.
fn others(path: &Path, ours: f64) {
    let kingfisher = ["scan", "-n", "--no-update-check"].map(str::to_owned).to_vec();
    let turbo = [&kingfisher[..], &["--turbo".to_owned()]].concat();
    let rules = RULES.iter().flat_map(|rule| ["--rule".to_owned(), format!("betterleaks.{rule}")]);
    let git = ["git", "--no-banner"].map(str::to_owned).to_vec();
    let commands = [
        ("kingfisher", "turbo, rules for registries alone", turbo.iter().cloned().chain(rules).collect()),
        ("kingfisher", "turbo", turbo),
        ("kingfisher", "", kingfisher),
        ("betterleaks", "git", git.clone()),
        ("gitleaks", "git", git),
    ];
    for (name, what, args) in commands {
        if Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            println!("{name:<12}is not on PATH");
            continue;
        }
        let mut command = Command::new(name);
        command.args(args).arg(path);
        match timed(&mut command, &mut 0) {
            Ok(time) => println!("{name:<12}{what:<36}{time:>7.1} s, {:.1} × keyrake's time", time / ours),
            Err(why) => println!("{why}"),
        }
    }
}

/// Seconds until it ends, however it ends unless by a signal; and its anonymous memory, looked at from time to time.
fn timed(command: &mut Command, memory: &mut u64) -> Result<f64, String> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().map_err(|error| format!("{command:?} does not start: {error}"))?;
    let process = PathBuf::from(format!("/proc/{}/status", child.id()));
    loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) if status.code().is_some_and(|code| code != 2) => return Ok(start.elapsed().as_secs_f64()),
            Some(status) => return Err(format!("{command:?} ended with {status}")),
            None => std::thread::sleep(Duration::from_millis(1)),
        }
        let status = fs::read_to_string(&process).unwrap_or_default();
        let anonymous = status.lines().find_map(|line| line.strip_prefix("RssAnon:")?.trim().strip_suffix(" kB"));
        let now = anonymous.and_then(|kilobytes| kilobytes.parse().ok()).unwrap_or(0);
        *memory = now.max(*memory);
    }
}

fn report(name: &str, threads: usize, times: &mut [f64]) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let all: Vec<String> = times.iter().map(|time| format!("{:.0}", time * 1000.0)).collect();
    let threads = if threads == 1 { "one thread".to_owned() } else { format!("{threads} threads") };
    println!("{name:<8}{threads:<12}{:>7.0} ms, median of {} runs: {}", median * 1000.0, times.len(), all.join(" "));
    median
}

struct Packs {
    files: Vec<(gix_pack::data::File, Vec<Entry>)>,
    entries: usize,
    bytes: usize,
}

/// Where the compressed bytes of an entry begin, where the next entry begins, and how long it is inflated.
struct Entry {
    data: u64,
    end: u64,
    size: usize,
}

impl Packs {
    fn open(objects: &Path) -> Result<Self, String> {
        let mut packs = Self { files: Vec::new(), entries: 0, bytes: 0 };
        for path in fs::read_dir(objects.join("pack")).map_err(|error| error.to_string())?.flatten().map(|e| e.path()) {
            if path.extension().is_some_and(|extension| extension == "idx") {
                let kind = gix_hash::Kind::Sha1;
                let index = gix_pack::index::File::at(&path, kind).map_err(|error| error.to_string())?;
                let data = gix_pack::data::File::at(path.with_extension("pack"), kind).map_err(|e| e.to_string())?;
                let starts = index.sorted_offsets();
                let ends = starts.iter().skip(1).copied().chain([data.pack_end() as u64]);
                let entries: Result<Vec<Entry>, String> = starts
                    .iter()
                    .zip(ends)
                    .map(|(start, end)| {
                        let entry = data.entry(*start).map_err(|error| error.to_string())?;
                        Ok(Entry { data: entry.data_offset, end, size: entry.decompressed_size as usize })
                    })
                    .collect();
                packs.entries += starts.len();
                packs.bytes += data.data_len();
                packs.files.push((data, entries?));
            }
        }
        Ok(packs)
    }
}

/// The floor: opens the packs, reads every header and inflates every entry, once. Seconds.
fn inflate_all(objects: &Path, threads: usize) -> Result<f64, String> {
    let start = Instant::now();
    let packs = Packs::open(objects)?;
    for (data, entries) in &packs.files {
        let next = AtomicUsize::new(0);
        let bad = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let mut inflater = libdeflater::Decompressor::new();
                    let mut buffer = Vec::new();
                    while let Some(rest) = entries.get(next.fetch_add(BATCH, Ordering::Relaxed)..)
                        && !rest.is_empty()
                    {
                        for entry in rest.iter().take(BATCH) {
                            if buffer.len() < entry.size {
                                buffer.resize(entry.size, 0);
                            }
                            let compressed = data.entry_slice(entry.data..entry.end).unwrap_or_default();
                            if inflater.zlib_decompress(compressed, &mut buffer[..entry.size]) != Ok(entry.size) {
                                bad.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                    }
                });
            }
        });
        if bad.into_inner() > 0 {
            return Err("a pack is damaged".to_owned());
        }
    }
    Ok(start.elapsed().as_secs_f64())
}
