//! How many bytes a second one thread of the detector searches, on what repositories hold and on what would slow it most.
//!
//!     cargo bench --bench detector -- [PATH]
//!
//! Texts of each kind are made here; of a PATH every file is timed by itself, and the slowest are named.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people, with its result on a terminal")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyrake::detect::{Detector, mint, rules};
use keyrake::model::{Blob, Origin};

const SIZE: usize = 8 << 20;
const RUNS: usize = 3;
/// Smaller files tell more of the clock than of the detector.
const SMALLEST: usize = 16 << 10;
const SLOWEST: usize = 10;
/// Texts of nothing but what is looked for: they are slow, and long ones must not be slower than short ones.
const HOSTILE_SIZES: [usize; 2] = [32 << 10, 128 << 10];
const MOST_GROWTH: f64 = 10.0;

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("detector: {why}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), String> {
    let detector = Detector::new(rules::embedded().map_err(|error| error.to_string())?).map_err(|e| e.to_string())?;
    println!("{} rules", detector.rules().rules.len());
    for (kind, text) in ordinary() {
        report(&kind, &detector, &text);
    }
    let mut slow: Vec<Slow> = hostile(&detector).into_iter().map(|piece| Slow::of(&detector, piece)).collect();
    slow.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    for Slow { rate, growth, piece } in slow.iter().take(SLOWEST) {
        println!("{rate:>8.1} MB/s  nothing but {piece:.60?} ({growth:.1} × the time for 4 × the text)");
    }
    slow.sort_by(|a, b| b.growth.total_cmp(&a.growth));
    for Slow { rate, growth, piece } in slow.iter().filter(|slow| slow.growth > MOST_GROWTH) {
        println!("{rate:>8.1} MB/s  nothing but {piece:.60?} ({growth:.1} × the time for 4 × the text: NOT LINEAR)");
    }
    // Cargo adds `--bench`.
    match std::env::args_os().skip(1).find(|arg| !arg.to_string_lossy().starts_with("--")) {
        Some(path) => files(&detector, Path::new(&path)),
        None => Ok(()),
    }
}

/// What repositories hold, repeated to one size.
fn ordinary() -> Vec<(String, Vec<u8>)> {
    let mut noise = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move || {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        noise as u8
    };
    let bytes: Vec<u8> = (0..SIZE).map(|_| random()).collect();
    let code = include_str!("../src/detect/search.rs");
    let minified: String = code.split_whitespace().collect();
    let lock = r#"    "node_modules/a": {"version": "1.2.3", "resolved": "https://r.invalid/a/-/a-1.2.3.tgz", "integrity": "sha512-"#;
    let lock = format!("{lock}{}\"}},\n", STANDARD.encode(&bytes[..64]));
    let json =
        r#"{"id": 17, "name": "a name", "token": null, "url": "https://r.invalid/x?key=1", "tags": ["a", "b"]},"#;
    let full = |text: &str| text.bytes().cycle().take(SIZE).collect::<Vec<u8>>();
    vec![
        ("code".into(), full(code)),
        ("minified code".into(), full(&minified)),
        ("a lock file".into(), full(&lock)),
        ("JSON".into(), full(json)),
        ("base64".into(), STANDARD.encode(&bytes).as_bytes()[..SIZE].to_vec()),
        ("random bytes".into(), bytes),
        ("zeros".into(), vec![0; SIZE]),
        ("UTF-16".into(), full(code).iter().take(SIZE / 2).flat_map(|byte| [*byte, 0]).collect()),
    ]
}

/// What leads the first pass to something at every few bytes: each literal and each example, to be repeated over and over.
fn hostile(detector: &Detector) -> Vec<String> {
    let literals = detector.rules().rules.iter().flat_map(|rule| {
        let examples = rule.examples.iter().map(|text| mint::fill(text, 1));
        rule.literals.iter().cloned().chain(examples)
    });
    let pieces = literals.chain(["TOKEN", "_TOKEN=", "\\n", "https://"].map(str::to_owned));
    let mut pieces: Vec<String> = pieces.flat_map(|piece| [format!("{piece} "), piece]).collect();
    pieces.sort();
    pieces.dedup();
    pieces
}

/// How fast a text of nothing but one piece is searched.
struct Slow {
    piece: String,
    /// MB a second.
    rate: f64,
    /// How many times as long a text four times as long takes.
    growth: f64,
}

impl Slow {
    fn of(detector: &Detector, piece: String) -> Self {
        let [short, long] = HOSTILE_SIZES.map(|size| {
            let text: Vec<u8> = piece.bytes().cycle().take(size).collect();
            best(detector, &text).as_secs_f64().max(1e-9)
        });
        let [_, size] = HOSTILE_SIZES;
        Self { piece, rate: size as f64 / 1e6 / long, growth: long / short }
    }
}

/// The time of the fastest of some runs.
fn best(detector: &Detector, bytes: &[u8]) -> Duration {
    let run = || {
        let start = Instant::now();
        std::hint::black_box(detector.scan(&Blob::whole(Origin::Stdin, bytes)));
        start.elapsed()
    };
    (0..RUNS).map(|_| run()).min().unwrap_or_default()
}

fn rate(bytes: usize, time: Duration) -> f64 {
    bytes as f64 / 1e6 / time.as_secs_f64().max(1e-9)
}

fn report(kind: &str, detector: &Detector, text: &[u8]) {
    println!("{:>8.0} MB/s  {kind}", rate(text.len(), best(detector, text)));
}

/// Times every file below the path.
fn files(detector: &Detector, path: &Path) -> Result<(), String> {
    let mut timed: Vec<(f64, usize, PathBuf)> = Vec::new();
    let (mut bytes, mut time) = (0, Duration::ZERO);
    for entry in ignore::WalkBuilder::new(path).standard_filters(false).build().flatten() {
        let Ok(content) = std::fs::read(entry.path()) else { continue };
        let took = best(detector, &content);
        (bytes, time) = (bytes + content.len(), time + took);
        if content.len() >= SMALLEST {
            timed.push((rate(content.len(), took), content.len(), entry.into_path()));
        }
    }
    if bytes == 0 {
        return Err(format!("{} holds no files", path.display()));
    }
    println!("{:>8.0} MB/s  {}, {} MB", rate(bytes, time), path.display(), bytes / 1_000_000);
    timed.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (rate, length, path) in timed.iter().take(SLOWEST) {
        println!("{rate:>8.0} MB/s  {} ({length} bytes)", path.display());
    }
    Ok(())
}
