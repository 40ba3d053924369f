//! Bad input: a clear error where nothing can be done, a notification where something can, and nothing lost.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use crate::support::keyrake::Keyrake;
use crate::support::mint;
use crate::support::repo::Repo;

fn line() -> (String, String) {
    let token = mint::npm_token();
    (format!("NPM_TOKEN={token}\n"), token)
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    std::fs::write(path, bytes).expect("a file can be written");
}

#[test]
fn usage_errors_exit_with_two_and_say_why() {
    let plain = folder();
    let cases: [(&[&str], &str); 9] = [
        (&["scan", "no/such/place"], "no/such/place"),
        (&["scan", "--no-such-flag"], "--no-such-flag"),
        (&["scan", "--staged", "."], "repository"),
        (&["scan", "--range", "HEAD", "."], "repository"),
        (&["scan", "--format", "poem"], "poem"),
        (&["scan", "--fail-on", "sometimes"], "sometimes"),
        (&["scan", "--endpoint", "npm=http://npm.invalid/"], "https"),
        (&["scan", "--endpoint", "nowhere=https://npm.invalid/"], "nowhere"),
        (&["scan", "--operator", "npm=env:NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE"),
    ];
    for (args, said) in cases {
        let output = Keyrake::new(args).dir(plain.path()).run().exits(2);
        assert!(output.stderr.contains(said), "{args:?}: {}", output.stderr);
        assert_eq!(output.stdout, "", "{args:?}");
    }
    let repo = Repo::new();
    repo.commit("first", &[("a", "a")]);
    let output = Keyrake::new(["scan", "--range", "nobody..HEAD"]).dir(repo.path()).run().exits(2);
    assert!(output.stderr.contains("nobody"), "{}", output.stderr);
}

#[test]
fn errors_give_their_cause_once_and_repeat_no_secret() {
    let cases: [(&[&str], &str); 6] = [
        (&["scan", "nope"], "error: nope: cannot open it: "),
        (&["scan", "--report", "json", "."], "a format and a file are expected"),
        (&["scan", "--show-secrets", "."], "JSON"),
        (&["verify", "hunter2"], "never an argument"),
        (&["revoke", "--otp", "hunter2"], "environment variable"),
        (&["scan", "--operator", "npm=hunter2"], "environment variable"),
    ];
    for (args, said) in cases {
        let stderr = Keyrake::new(args).run().exits(2).stderr;
        assert!(stderr.contains(said) && !stderr.contains("hunter2"), "{args:?}: {stderr}");
        assert!(stderr.matches("os error").count() < 2, "{args:?}: {stderr}");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_is_looked_for_where_it_is_and_not_where_its_name_passes_by() {
    let repo = Repo::new();
    let (text, _) = line();
    repo.commit("first", &[("a.env", &text)]);
    let (beside, (text, token)) = (folder(), line());
    let name = format!("../{}", beside.path().file_name().expect("a name").to_string_lossy());
    Keyrake::scan_offline(repo.path(), [&name]).run().exits(0);
    std::os::unix::fs::symlink(beside.path(), repo.path().join("link")).expect("links can be made");
    write(&beside.path().join("b.env"), text);
    for target in [name.as_str(), "link"] {
        let output = Keyrake::scan_offline(repo.path(), [target]).run().exits(1);
        assert_eq!(output.findings().len(), 1, "{target}");
        assert_eq!(output.finding_of(&token)["locations"][0]["origin"], "file", "{target}");
    }
}

#[test]
fn what_is_missing_is_told_of_its_target() {
    let repo = Repo::new();
    repo.commit("first", &[("a", "a")]);
    repo.remove("a");
    let (clone, plain) = (repo.clone_with(&["--depth", "1"]), folder());
    let targets = [clone.path(), plain.path()];
    let output = Keyrake::scan_offline(plain.path(), targets).run().exits(3);
    let place = output.json()["notifications"][0]["where"].clone();
    assert!(place.as_str().is_some_and(|place| place.starts_with(&clone.path().display().to_string())), "{place}");
}

#[test]
fn a_file_a_folder_and_standard_input_are_targets() {
    let (text, token) = line();
    let plain = folder();
    write(&plain.path().join("a.env"), &text);
    for target in [".", "a.env"] {
        let output = Keyrake::scan_offline(plain.path(), [target]).run().exits(1);
        assert_eq!(output.finding_of(&token)["locations"][0]["origin"], "file");
        assert_eq!(output.finding_of(&token)["locations"][0]["path"], "a.env");
    }
    let output = Keyrake::scan_offline(plain.path(), ["-"]).input(text).run().exits(1);
    assert_eq!(output.finding_of(&token)["locations"][0]["origin"], "stdin");
    Keyrake::scan_offline(plain.path(), ["-"]).run().exits(0);
}

#[test]
fn the_files_of_a_broken_repository_can_be_searched_without_it() {
    let ((text, token), folder) = (line(), folder());
    write(&folder.path().join(".git"), "gitdir: ../nowhere\n");
    write(&folder.path().join("a.env"), text);
    let output = Keyrake::scan_offline(folder.path(), ["."]).run().exits(2);
    assert!(output.stderr.contains("--no-history"), "{}", output.stderr);
    Keyrake::scan_offline(folder.path(), ["--no-history"]).run().exits(1).finding_of(&token);
    for flags in [&["--staged"][..], &["--range", "HEAD"], &["--no-worktree"]] {
        let output = Keyrake::scan_offline(folder.path(), flags).run().exits(2);
        assert!(!output.stderr.contains("--no-history"), "{}", output.stderr);
    }
}

#[test]
fn a_repository_inside_a_target_is_named_where_its_history_was_wanted() {
    let (outer, inner) = (folder(), Repo::new());
    let (text, _) = line();
    inner.commit("leak", &[("a.env", &text)]);
    inner.remove("a.env");
    inner.commit("gone", &[]);
    let clone = outer.path().join("clones/one");
    inner.git(&["clone", "--quiet", ".", clone.to_str().expect("a path of ours")]);
    let output = Keyrake::scan_offline(outer.path(), ["."]).run().exits(0);
    assert_eq!(output.json()["notifications"][0]["where"], "clones/one", "{}", output.stdout);
    assert_eq!(output.notifications(), ["history-nested"]);

    let superproject = Repo::new();
    superproject.git(&["clone", "--quiet", clone.to_str().expect("a path of ours"), "sub"]);
    assert_eq!(Keyrake::scan_offline(superproject.path(), ["--no-worktree"]).run().notifications(), ["history-unborn"]);
    let both = Keyrake::scan_offline(superproject.path(), ["."]).run().exits(0).notifications();
    assert_eq!(both, ["history-nested", "history-unborn"]);
    assert!(Keyrake::scan_offline(superproject.path(), ["--no-history"]).run().notifications().is_empty());
    Keyrake::scan_offline(superproject.path(), ["sub"]).run().exits(1);
}

#[test]
fn an_unborn_branch_is_said_and_the_worktree_searched() {
    let (text, token) = line();
    let repo = Repo::new();
    let output = Keyrake::scan_offline(repo.path(), ["."]).run().exits(0);
    assert!(output.notifications().contains(&"history-unborn".to_owned()), "{}", output.stdout);
    repo.write("a.env", text);
    Keyrake::scan_offline(repo.path(), ["."]).run().exits(1).finding_of(&token);
}

#[test]
fn a_shallow_clone_is_incomplete() {
    let repo = Repo::new();
    let (text, _) = line();
    repo.commit("first", &[("a.env", &text)]);
    repo.remove("a.env");
    let clone = repo.clone_with(&["--depth", "1"]);
    let output = Keyrake::scan_offline(clone.path(), ["."]).run().exits(3);
    assert!(output.notifications().contains(&"history-shallow".to_owned()), "{}", output.stdout);
    assert_eq!(output.json()["summary"]["complete"], false);
    Keyrake::scan_offline(clone.path(), ["--allow-incomplete"]).run().exits(0);
}

#[test]
fn a_partial_clone_is_incomplete() {
    let repo = Repo::new();
    let (text, _) = line();
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    repo.commit("first", &[("a.env", &text)]);
    repo.remove("a.env");
    let clone = repo.clone_with(&["--filter=blob:none"]);
    let output = Keyrake::scan_offline(clone.path(), ["."]).run().exits(3);
    assert!(output.notifications().contains(&"history-partial".to_owned()), "{}", output.stdout);
}

#[test]
fn a_history_that_lost_an_object_is_incomplete() {
    let repo = Repo::new();
    repo.commit("first", &[("lost.txt", "soon lost\n")]);
    Keyrake::scan_offline(repo.path(), ["--no-worktree"]).run().exits(0);
    let id = repo.git(&["rev-parse", "HEAD:lost.txt"]);
    std::fs::remove_file(repo.path().join(".git/objects").join(&id[..2]).join(&id[2..])).expect("a loose object");
    let output = Keyrake::scan_offline(repo.path(), ["--no-worktree"]).run().exits(3);
    assert_eq!(output.notifications(), ["object-missing"]);
    assert!(output.stdout.contains(&format!("{id} (lost.txt in HEAD)")), "{}", output.stdout);
}

#[test]
fn a_corrupt_object_costs_itself_and_no_more() {
    let repo = Repo::new();
    let (text, token) = line();
    repo.commit("first", &[("good.env", &text)]);
    repo.remove("good.env");
    repo.commit("second", &[("bad.txt", "soon unreadable\n")]);
    let id = repo.git(&["rev-parse", "HEAD:bad.txt"]);
    let object = repo.path().join(".git/objects").join(&id[..2]).join(&id[2..]);
    std::fs::remove_file(&object).expect("a loose object");
    write(&object, "not zlib");
    let output = Keyrake::scan_offline(repo.path(), ["."]).run().exits(1);
    output.finding_of(&token);
    assert!(output.notifications().contains(&"object-unreadable".to_owned()), "{}", output.stdout);
    assert!(output.stdout.contains(&id), "{}", output.stdout);
}

#[test]
fn a_corrupt_pack_is_incomplete() {
    let repo = Repo::new();
    repo.commit("first", &[("a.txt", &"some text\n".repeat(100)), ("b.txt", "more\n")]);
    repo.git(&["repack", "--quiet", "-a", "-d"]);
    let packs = std::fs::read_dir(repo.path().join(".git/objects/pack")).expect("packs");
    let pack =
        packs.map(|entry| entry.expect("an entry").path()).find(|path| path.extension() == Some("pack".as_ref()));
    let pack = pack.expect("a pack");
    let mut bytes = std::fs::read(&pack).expect("a pack can be read");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8].fill(0xff);
    std::fs::remove_file(&pack).expect("a pack can be replaced");
    write(&pack, bytes);
    let output = Keyrake::scan_offline(repo.path(), ["."]).run();
    assert!(matches!(output.code, Some(2 | 3)), "{output:?}");
}

#[test]
fn configuration_and_rules_that_do_not_parse_are_shown_by_place() {
    let repo = Repo::new();
    repo.commit("first", &[("a", "a")]);
    repo.write("keyrake.toml", "# ours\n[[suppress]\n");
    let output = Keyrake::scan_offline(repo.path(), ["."]).run().exits(2);
    assert!(output.stderr.contains("--no-config") && output.stderr.contains("keyrake.toml:2:"), "{}", output.stderr);

    let rules = folder();
    write(&rules.path().join("ours.toml"), "[[rules]]\nid = 3\n");
    let name = rules.path().to_str().expect("a path of ours");
    let output = Keyrake::scan_offline(repo.path(), ["--no-config", "--rules", name]).run().exits(2);
    assert!(output.stderr.contains("ours.toml:"), "{}", output.stderr);
    let output = Keyrake::scan_offline(repo.path(), ["--no-config", "--rules", "no/such/rules"]).run().exits(2);
    assert!(output.stderr.contains("no/such/rules"), "{}", output.stderr);
}

#[test]
fn bytes_that_are_no_text_are_searched_all_the_same() {
    let plain = folder();
    let (text, nul) = line();
    write(&plain.path().join("nul.bin"), [b"\0\0\xff\xfe\0", text.as_bytes(), b"\0\xc3\x28"].concat());
    let (text, little) = line();
    write(&plain.path().join("le.txt"), utf16(&text, u16::to_le_bytes));
    let (text, big) = line();
    write(&plain.path().join("be.txt"), utf16(&text, u16::to_be_bytes));
    let (text, crlf) = line();
    write(&plain.path().join("crlf.env"), format!("\r\n{}\r\n", text.trim_end()));
    let output = Keyrake::scan_offline(plain.path(), ["."]).run().exits(1);
    for token in [nul, little, big, crlf] {
        output.finding_of(&token);
    }
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect()
}

#[cfg(unix)]
#[test]
fn links_pipes_and_closed_doors_do_not_stop_a_scan() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let plain = folder();
    let (text, token) = line();
    write(&plain.path().join("a.env"), &text);
    symlink(".", plain.path().join("loop")).expect("links can be made");
    symlink("nowhere", plain.path().join("dangling")).expect("links can be made");
    let pipe = std::process::Command::new("mkfifo").arg(plain.path().join("pipe")).status();
    assert!(pipe.expect("mkfifo is installed").success());
    let output = Keyrake::scan_offline(plain.path(), ["."]).run().exits(1);
    output.finding_of(&token);
    assert_eq!(output.findings().len(), 1, "{}", output.stdout);

    let closed = folder();
    let file = closed.path().join("closed.env");
    write(&file, "x");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).expect("permissions can be set");
    // The superuser may read it nevertheless.
    if File::open(&file).is_err() {
        let output = Keyrake::scan_offline(closed.path(), ["."]).run().exits(3);
        assert!(output.notifications().contains(&"file-unreadable".to_owned()), "{}", output.stdout);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text_are_shown_with_their_bytes() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let repo = Repo::new();
    let (text, token) = line();
    write(&repo.path().join(OsStr::from_bytes(b"caf\xe9\x1b[31m.env")), text);
    repo.commit("odd", &[]);
    let output = Keyrake::scan_offline(repo.path(), ["."]).run().exits(1);
    let path = output.finding_of(&token)["locations"][0]["path"].clone();
    assert!(path.as_str().is_some_and(|path| path.starts_with("caf\\xe9")), "{path}");
    let text = Keyrake::new(["scan", "--offline"]).dir(repo.path()).run().exits(1);
    assert!(!text.stdout.contains('\u{1b}') && !text.stderr.contains('\u{1b}'), "{text:?}");
}

/// A token behind a hole of this many bytes, or behind as many letters without a line end.
fn large(path: &Path, size: u64, hole: bool) -> String {
    let (text, token) = line();
    let mut file = File::create(path).expect("a file can be made");
    if hole {
        file.seek(SeekFrom::Start(size)).expect("a file can have a hole");
    } else {
        let letters = vec![b'a'; 1 << 20];
        for _ in 0..size >> 20 {
            file.write_all(&letters).expect("a file can be written");
        }
    }
    file.write_all(format!(" {text}").as_bytes()).expect("a file can be written");
    token
}

#[cfg(target_os = "linux")]
#[test]
fn huge_files_and_lines_are_searched_in_bounded_memory() {
    const GIB: u64 = 1 << 30;
    let plain = folder();
    let hole = large(&plain.path().join("hole.bin"), 4 * GIB, true);
    let line = large(&plain.path().join("line.txt"), 200 << 20, false);
    let args = ["scan", "--offline", "--format", "json", "."];
    let output = Keyrake::within(GIB >> 10, args).dir(plain.path()).run().exits(1);
    for token in [hole, line] {
        output.finding_of(&token);
    }
}

#[test]
fn a_long_line_is_searched_to_its_end() {
    let plain = folder();
    let token = large(&plain.path().join("line.txt"), 5 << 20, false);
    let output = Keyrake::scan_offline(plain.path(), ["."]).run().exits(1);
    let place = &output.finding_of(&token)["locations"][0];
    assert_eq!((place["line"].as_u64(), place["column"].as_u64()), (Some(1), Some((5 << 20) + 12)));
}
