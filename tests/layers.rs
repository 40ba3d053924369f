//! The plan of the house as a test: who may import whom, who may touch the world, and what stands nowhere in the tree.
//!
//! Every `.rs` file below `src` is read without its comments, its strings and its `#[cfg(test)]` items. A breach is
//! reported as `file:line: reason`. The tables below are the rules; a change of plan is a change here.

#![expect(clippy::expect_used, reason = "a checker that cannot read the tree fails, and says why")]

use std::fmt;
use std::path::Path;

use regex::Regex;

/// Room → what it may import besides itself. `a::b` allows that module of the room only.
const FLOORS: [(&str, &[&str]); 15] = [
    ("main", &["cli"]),
    ("lib", &[]),
    ("cli", &["config", "scan", "report", "revoke", "detect::rules", "model"]),
    ("scan", &["source", "detect", "locate", "verify", "decide", "revoke", "registry", "git", "model"]),
    // The stages' option types.
    ("config", &["source", "detect", "locate", "verify", "decide", "revoke", "registry", "report", "model"]),
    ("verify", &["registry", "model"]),
    ("revoke", &["registry", "model"]),
    ("source", &["git", "model"]),
    ("locate", &["git", "model"]),
    ("detect", &["model"]),
    ("decide", &["model"]),
    ("report", &["model"]),
    ("registry", &["model"]),
    ("git", &["model"]),
    ("model", &[]),
];

/// What only some files may name: a path (or `macro!`, or `.method(`), where it is allowed, and why.
const TOUCHING: [(&[&str], &[&str], &str); 7] = [
    (&["reqwest", "rustls"], &["src/registry/http"], "only registry::http speaks HTTP"),
    (
        &["git2", "gix_pack", "gix_index", "gix_hash", "libdeflater", "zlib_rs"],
        &["src/git/"],
        "only git reads repositories, and inflates what is in them",
    ),
    (
        &["flate2", "bzip2", "lzma_rust2", "ruzstd"],
        &["src/source/archive/"],
        "only source::archive unpacks what lies in files",
    ),
    (
        &["clap", "anyhow", "std::env", "std::process::exit", "process::exit"],
        &["src/cli/", "src/main.rs"],
        "arguments, environment, exit and error chains are cli's",
    ),
    (&["println!", "eprintln!", "print!", "eprint!"], &["src/cli/"], "only cli prints"),
    (&["dbg!", "todo!", "unimplemented!"], &[], "not in finished code"),
    (
        &[".expose("],
        &["src/registry/", "src/decide/fingerprint", "src/detect/", "src/report/json", "src/model/"],
        "a raw secret is for its registry, its fingerprint, and --show-secrets",
    ),
];

/// Rooms without files, clock or network.
const PURE: [&str; 4] = ["detect", "decide", "report", "model"];
const WORLD: [&str; 6] = ["std::fs", "fs", "std::net", "std::thread", "std::time::SystemTime", "std::time::Instant"];

const SAYS_NOTHING: [&str; 6] = ["util", "utils", "common", "helper", "helpers", "manager"];
const LONGEST: usize = 500;

#[derive(Debug, PartialEq, Eq)]
struct Breach {
    file: String,
    line: usize,
    reason: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.reason)
    }
}

// --- reading ---------------------------------------------------------------------------------------------------------

/// The text with comments, and the insides of strings and characters, as blanks; lines and offsets stay.
fn bare(text: &str) -> String {
    let piece = Regex::new(concat!(
        r#"(?s)//[^\n]*|(?P<open>/\*)|b?'(?:\\(?:u\{[^}]*\}|x..|.)|[^\\'])'|"#,
        r#"[bc]?"(?:\\.|[^"\\])*"|(?P<raw>\b[bc]?r(?P<hashes>#*)")"#
    ))
    .expect("a valid pattern");
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = piece.captures_at(text, at) {
        let whole = found.get(0).expect("a match has a whole");
        let end = if found.name("open").is_some() {
            comment_end(text, whole.start())
        } else if let Some(hashes) = found.name("raw").and(found.name("hashes")) {
            let close = format!("\"{}", hashes.as_str());
            text[whole.end()..].find(&close).map_or(text.len(), |length| whole.end() + length + close.len())
        } else {
            whole.end()
        };
        out.push_str(&text[at..whole.start()]);
        blank(&mut out, &text[whole.start()..end]);
        at = end;
    }
    out.push_str(&text[at..]);
    out
}

fn comment_end(text: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(next) = text.get(at..).and_then(|rest| rest.find(['/', '*'])) {
        at += next;
        match text.get(at..at + 2) {
            Some("/*") => (depth, at) = (depth + 1, at + 2),
            Some("*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

fn blank(out: &mut String, text: &str) {
    out.extend(text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
}

/// The bare text without its `#[cfg(test)]` items: up to the semicolon or the closing brace.
fn without_tests(bare: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::with_capacity(bare.len());
    let mut rest = bare;
    while let Some(start) = rest.find(MARK) {
        out.push_str(&rest[..start]);
        let mut depth = 0_usize;
        let end = rest[start + MARK.len()..].char_indices().find_map(|(at, sign)| {
            match sign {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            (depth == 0 && matches!(sign, ';' | '}')).then_some(start + MARK.len() + at + 1)
        });
        let (item, after) = rest.split_at(end.unwrap_or(rest.len()));
        blank(&mut out, &item[start..]);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Files of the modules that this one declares for tests only.
fn test_modules(file: &str, text: &str) -> Vec<String> {
    let declared = Regex::new(r"#\[cfg\(test\)\]\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;").expect("a valid pattern");
    let folder = match file.rsplit_once('/') {
        Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder,
        _ => file.trim_end_matches(".rs"),
    };
    declared.captures_iter(text).map(|name| format!("{folder}/{}.rs", &name[1])).collect()
}

/// Every path of the code with its line: use-trees spread out, `super::` and `self::` resolved where they reach the
/// crate's root, macros with their `!`.
fn paths(code: &str, file: &str) -> Vec<(usize, String)> {
    let uses = Regex::new(r"\buse\s+([^;]+);").expect("a valid pattern");
    let plain = Regex::new(r"\b[A-Za-z_]\w*(?:\s*::\s*[A-Za-z_]\w*)*!?").expect("a valid pattern");
    let depth = file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod").split('/').count();
    let mut found = Vec::new();
    let mut inline = String::new();
    let mut at = 0;
    for statement in uses.captures_iter(code) {
        let (whole, tree) = (statement.get(0).expect("a whole"), statement.get(1).expect("a tree"));
        let line = line_of(code, whole.start());
        let mut spread = Vec::new();
        spread_tree(tree.as_str(), "", &mut spread);
        found.extend(spread.into_iter().map(|path| (line, path)));
        inline.push_str(&code[at..whole.start()]);
        blank(&mut inline, whole.as_str());
        at = whole.end();
    }
    inline.push_str(&code[at..]);
    found.extend(plain.find_iter(&inline).map(|path| {
        let text: String = path.as_str().split_whitespace().collect();
        (line_of(&inline, path.start()), text)
    }));
    found.into_iter().map(|(line, path)| (line, from_root(&path, depth))).collect()
}

fn spread_tree(tree: &str, before: &str, out: &mut Vec<String>) {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let name = tree.split(" as ").next().unwrap_or_default().trim();
        let path = format!("{before}{name}").split_whitespace().collect::<String>();
        return out.push(path.trim_start_matches("::").trim_end_matches("::self").to_owned());
    };
    let before = format!("{before}{}", &tree[..open]);
    let inside = tree[open + 1..].trim_end();
    let inside = inside.strip_suffix('}').unwrap_or(inside);
    let (mut depth, mut start) = (0_usize, 0);
    for (at, sign) in inside.char_indices().chain([(inside.len(), ',')]) {
        match sign {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                let branch = &inside[start..at];
                if !branch.trim().is_empty() {
                    spread_tree(branch, &before, out);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// `super::super::x` in a module two deep is `crate::x`; `keyrake::x` in the binary is too.
fn from_root(path: &str, depth: usize) -> String {
    let mut rest = path;
    let mut ups = 0;
    while let Some(above) = rest.strip_prefix("super::") {
        (rest, ups) = (above, ups + 1);
    }
    if ups > 0 && ups >= depth {
        return format!("crate::{rest}");
    }
    path.strip_prefix("keyrake::").map_or_else(|| path.to_owned(), |inner| format!("crate::{inner}"))
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].bytes().filter(|byte| *byte == b'\n').count() + 1
}

// --- judging ---------------------------------------------------------------------------------------------------------

fn room_of(file: &str) -> &str {
    let path = file.trim_start_matches("src/");
    path.split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

fn names(path: &str, forbidden: &str) -> bool {
    path == forbidden || path.strip_prefix(forbidden).is_some_and(|rest| rest.starts_with("::"))
}

/// Breaches of one source file.
fn breaches(file: &str, text: &str) -> Vec<Breach> {
    let code = without_tests(&bare(text));
    let room = room_of(file);
    let mut found = Vec::new();
    let mut breach = |line: usize, reason: String| found.push(Breach { file: file.to_owned(), line, reason });

    let Some((_, allowed)) = FLOORS.iter().find(|(name, _)| *name == room) else {
        breach(1, format!("no room of the plan is called `{room}`"));
        return found;
    };
    for (line, path) in paths(&code, file) {
        if let Some(inner) = path.strip_prefix("crate::") {
            let target = inner.split("::").next().unwrap_or_default();
            let known = FLOORS.iter().any(|(name, _)| *name == target);
            if known && target != room && !allowed.iter().any(|permit| names(inner, permit)) {
                breach(line, format!("`{room}` may not import `{inner}`"));
            }
        }
        for (what, places, reason) in &TOUCHING {
            let inside = places.iter().any(|place| file.starts_with(place));
            if !inside && what.iter().any(|forbidden| names(&path, forbidden)) {
                breach(line, format!("`{path}`: {reason}"));
            }
        }
        let world = WORLD.iter().any(|world| names(&path, world)) || path.ends_with("::now");
        if PURE.contains(&room) && world {
            breach(line, format!("`{room}` knows no files, clock or network: `{path}`"));
        }
    }
    for (what, places, reason) in &TOUCHING {
        for method in what.iter().filter(|what| what.starts_with('.')) {
            if !places.iter().any(|place| file.starts_with(place)) {
                for (at, _) in code.match_indices(method) {
                    breach(line_of(&code, at), format!("`{method}`: {reason}"));
                }
            }
        }
    }
    let lines = code.trim_end().lines().count();
    if lines > LONGEST {
        breach(LONGEST, format!("{lines} lines without its tests: more than one idea"));
    }
    if !text.starts_with("//!") {
        breach(1, "does not say what it is for".to_owned());
    }
    if file.trim_end_matches(".rs").split('/').any(|part| SAYS_NOTHING.contains(&part)) {
        breach(1, "a name that says nothing".to_owned());
    }
    found
}

/// What stands in no file of the tree, code or not. Each pattern is put together here, so that this file holds none.
fn breaches_of_text(file: &str, text: &str) -> Vec<Breach> {
    let rules = file.starts_with("rules/");
    let hosts =
        [["npm", r"js\.(?:org|com)"], [r"registry\.yarn", r"pkg\.com"], ["py", r"pi\.org"], ["python", r"hosted\.org"]]
            .iter()
            .chain(&[[r"(?:index|static)\.crates", r"\.io"], ["deb", r"\.debian\.org"]])
            .map(|parts| parts.concat())
            .collect::<Vec<_>>()
            .join("|");
    let token = format!(r"\b(?:{}|{})[0-9A-Za-z]{{36}}\b", ["npm", "_"].concat(), ["gh[pousr]", "_"].concat());
    let here = regex::escape(&format!("{}/", env!("CARGO_MANIFEST_DIR")));
    let ignored = format!(r"#\[{}", "ignore");
    let mut found = Vec::new();
    let mut search = |pattern: &str, reason: &str| {
        let pattern = Regex::new(pattern).expect("a valid pattern");
        for hit in pattern.find_iter(text) {
            found.push(Breach { file: file.to_owned(), line: line_of(text, hit.start()), reason: reason.to_owned() });
        }
    };
    if !rules {
        search(&hosts, "the address of a package registry stands only in rules/*.toml");
    }
    search(&token, "shaped like a live token: mint it at run time");
    search(&here, "a path of this machine");
    if file.ends_with(".rs") {
        search(&ignored, "a test that does not run proves nothing");
    }
    found
}

/// Every text file of the tree, as git's ignore rules leave it: path with `/`, and content.
fn tree() -> Vec<(String, String)> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let walk = ignore::WalkBuilder::new(top).hidden(false).filter_entry(|entry| entry.file_name() != ".git").build();
    let files = walk.map(|entry| entry.expect("the tree can be listed").into_path()).filter(|path| path.is_file());
    let name = |path: &Path| {
        let inner = path.strip_prefix(top).expect("below the top");
        inner.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
    };
    files.filter_map(|path| Some((name(&path), std::fs::read_to_string(&path).ok()?))).collect()
}

fn assert_none(found: &[Breach]) {
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "the plan of the house is breached:\n{}", lines.join("\n"));
}

#[test]
fn the_house_stands_as_planned() {
    let sources: Vec<_> =
        tree().into_iter().filter(|(file, _)| file.starts_with("src/") && file.ends_with(".rs")).collect();
    assert!(sources.len() > 5, "the sources were not found");
    let of_tests: Vec<String> = sources.iter().flat_map(|(file, text)| test_modules(file, text)).collect();
    let files = sources.iter().filter(|(file, _)| !of_tests.contains(file));
    assert_none(&files.flat_map(|(file, text)| breaches(file, text)).collect::<Vec<_>>());
}

#[test]
fn the_tree_holds_no_address_token_or_path_of_ours() {
    assert_none(&tree().iter().flat_map(|(file, text)| breaches_of_text(file, text)).collect::<Vec<_>>());
}

#[cfg(test)]
mod checker {
    use super::*;

    fn lines(file: &str, code: &str) -> Vec<usize> {
        breaches(file, &format!("//! For a test.\n{code}")).iter().map(|breach| breach.line).collect()
    }

    #[test]
    fn catches_every_kind_of_breach() {
        let caught: [(&str, &str); 25] = [
            ("src/model/run.rs", "use crate::detect::Detector;"),
            ("src/detect/mod.rs", "use crate::{model::Blob, verify};"),
            ("src/detect/mod.rs", "use crate::{model::{Blob, Rule}, git::{self, Repo}};"),
            ("src/report/json.rs", "fn f() { crate::registry::all(); }"),
            ("src/verify.rs", "use super::source::Sink;"),
            ("src/source/walk.rs", "use super::super::detect::Detector;"),
            ("src/cli/scan.rs", "use crate::detect::Detector;"),
            ("src/main.rs", "use keyrake::scan;"),
            ("src/cellar/mod.rs", ""),
            ("src/registry/npm.rs", "use reqwest::blocking::Client;"),
            ("src/detect/decode.rs", "fn f() { flate2::Compression::fast(); }"),
            ("src/scan.rs", "fn f() -> Option<git2::Repository> { None }"),
            ("src/config.rs", "use std::{env, path::Path};"),
            ("src/config.rs", "fn f() { std::env::var_os(\"HOME\"); }"),
            ("src/scan.rs", "fn f() { std::process::exit(1) }"),
            ("src/scan.rs", "fn f() -> anyhow::Result<()> { Ok(()) }"),
            ("src/scan.rs", "fn f() { println!(\"x\"); }"),
            ("src/cli/scan.rs", "fn f() { dbg!(1); }"),
            ("src/report/text.rs", "fn f(s: Secret) { s.expose(); }"),
            ("src/detect/rules.rs", "fn f() { std::fs::read(\"x\"); }"),
            ("src/decide/policy.rs", "use std::time::{Duration, Instant};"),
            ("src/report/json.rs", "fn f() { jiff::Timestamp::now(); }"),
            ("src/model/blob.rs", "use std::fs::File;"),
            ("src/detect/utils.rs", ""),
            ("src/scan.rs", "/* a /* nested */ \" */ fn f() { println!(\"// \\\" \"); }"),
        ];
        for (file, code) in caught {
            assert!(!lines(file, code).is_empty(), "not caught in {file}: {code}");
        }
        assert!(!breaches("src/scan.rs", "use std::fs;\n").is_empty(), "no module doc");
        assert!(!lines("src/scan.rs", &"fn f() {}\n".repeat(LONGEST)).is_empty(), "too long");
        assert_eq!(lines("src/model/run.rs", "\n\nuse crate::scan;"), [4]);
    }

    #[test]
    fn lets_what_is_allowed_pass() {
        let allowed: [(&str, &str); 14] = [
            ("src/detect/mod.rs", "use crate::model::Blob;\nuse crate::detect::rules;\nuse super::model::Rule;"),
            ("src/detect/parse/npmrc.rs", "use super::super::rules;\nuse super::lines;"),
            ("src/cli/rules.rs", "use crate::detect::rules;\nuse crate::detect::rules::parse;"),
            ("src/main.rs", "fn main() { keyrake::cli::run(); }"),
            ("src/registry/http.rs", "use reqwest::blocking::Client;\nuse std::time::Instant;"),
            ("src/registry/http/send.rs", "fn f(s: Secret) { s.expose(); rustls::x(); }"),
            (
                "src/scan.rs",
                "// use crate::cli;\n/* println!() */\nconst A: &str = \"crate::cli println!() .expose(\";",
            ),
            (
                "src/scan.rs",
                "const A: &str = r#\"use crate::cli; \" git2::x\"#; const B: char = '\"'; const C: u8 = b'\\'';",
            ),
            ("src/scan.rs", "fn f<'a>(x: &'a str) -> &'a str { x } const V: &str = env!(\"CARGO_PKG_VERSION\");"),
            ("src/scan.rs", "#[cfg(test)]\nmod tests { use crate::cli; fn f() { println!(\"}\"); } }"),
            ("src/scan.rs", "#[cfg(test)]\nuse crate::cli;\n#[cfg(test)]\nmod tests;"),
            ("src/model/run.rs", "pub struct FileUnreadable; pub enum Origin { File { path: String } }"),
            ("src/model/run.rs", "use super::secret::Secret;\nfn f() { Origin::Worktree; }"),
            ("src/lib.rs", "pub mod cli;\npub mod git;"),
        ];
        for (file, code) in allowed {
            let found = breaches(file, &format!("//! For a test.\n{code}"));
            assert!(found.is_empty(), "{file}: {code}\n{found:?}");
        }
    }

    #[test]
    fn knows_the_files_of_tests() {
        let text = "mod npm;\n#[cfg(test)]\npub(crate) mod script;\n#[cfg(test)]\nmod tests;";
        assert_eq!(test_modules("src/a/mod.rs", text), ["src/a/script.rs", "src/a/tests.rs"]);
        assert_eq!(test_modules("src/a/b.rs", text), ["src/a/b/script.rs", "src/a/b/tests.rs"]);
    }

    #[test]
    fn finds_what_no_file_may_hold() {
        let token = format!("x = npm_{}", "a1B2".repeat(9));
        let path = format!("see {}/notes", env!("CARGO_MANIFEST_DIR"));
        for text in [
            token.as_str(),
            "https://registry.npm\u{6a}s.org/",
            "deb.deb\u{69}an.org",
            path.as_str(),
            "\n#[ign\u{6f}re]",
        ] {
            assert_eq!(breaches_of_text("tests/x.rs", text).len(), 1, "{text}");
        }
        assert_eq!(breaches_of_text("rules/npm.toml", "api = \"https://registry.npm\u{6a}s.org/\""), []);
        assert_eq!(breaches_of_text("README.md", &format!("npm_{} and npm, crates", "a1B2".repeat(8))), []);
    }
}
