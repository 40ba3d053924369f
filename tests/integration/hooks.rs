//! Hooks that git itself runs: commits and pushes in scratch repositories go through or do not.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::support::keyrake::Keyrake;
use crate::support::mint;
use crate::support::repo::Repo;

/// A hook of this repository that runs keyrake with these words of a shell, and leaves its report in `report.json` beside the
/// repository's own files.
fn hook(repo: &Repo, name: &str, words: &str) {
    let directory = repo.git(&["rev-parse", "--absolute-git-dir"]);
    let keyrake = env!("CARGO_BIN_EXE_keyrake");
    let script =
        format!("#!/bin/sh\nexec '{keyrake}' scan --offline --quiet --report 'json={directory}/report.json' {words}\n");
    std::fs::create_dir_all(format!("{directory}/hooks")).expect("directories can be made");
    let path = format!("{directory}/hooks/{name}");
    std::fs::write(&path, script).expect("files can be written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("modes can be set");
}

/// What the last hook reported.
fn report(repo: &Repo) -> Value {
    let directory = repo.git(&["rev-parse", "--absolute-git-dir"]);
    let text = std::fs::read(format!("{directory}/report.json")).expect("the hook has run");
    std::fs::remove_file(format!("{directory}/report.json")).expect("the report is ours");
    serde_json::from_slice(&text).expect("a report is JSON")
}

fn codes(report: &Value) -> Vec<&str> {
    let list = report["notifications"].as_array().expect("notifications is a list");
    list.iter().filter_map(|said| said["code"].as_str()).collect()
}

#[track_caller]
fn passes(repo: &Repo, args: &[&str]) {
    let (passed, _, said) = repo.try_git(args);
    assert!(passed, "{args:?}: {said}");
}

#[track_caller]
fn is_refused(repo: &Repo, args: &[&str]) {
    let (passed, _, said) = repo.try_git(args);
    assert!(!passed, "{args:?} went through: {said}");
    assert_eq!(mint::leaked_in(&said), None);
}

fn line() -> String {
    format!("NPM_TOKEN={}\n", mint::npm_token())
}

/// A repository, and the bare one that it pushes to.
fn pair() -> (Repo, Repo) {
    let (repo, remote) = (Repo::new(), Repo::with(&["--bare"]));
    repo.git(&["remote", "add", "origin", &remote.path().display().to_string()]);
    repo.commit("first", &[("a", "a\n")]);
    (repo, remote)
}

#[test]
fn a_commit_goes_by_the_index_that_git_made_for_it() {
    let repo = Repo::new();
    repo.commit("first", &[("a", "a\n"), ("b", "b\n")]);
    hook(&repo, "pre-commit", "--staged");
    repo.write("a", "changed\n");
    repo.write("b", line());
    repo.git(&["add", "b"]);
    passes(&repo, &["commit", "-qm", "only a", "a"]);
    is_refused(&repo, &["commit", "-qm", "the index"]);
    assert_eq!(report(&repo)["findings"][0]["locations"][0]["path"], "b");
    repo.git(&["reset", "--quiet"]);
    passes(&repo, &["commit", "-qm", "nothing", "--allow-empty"]);
    is_refused(&repo, &["commit", "-qam", "all that changed"]);
}

#[test]
fn a_push_is_searched_for_what_the_remote_has_not() {
    let (repo, _remote) = pair();
    hook(&repo, "pre-push", r#"--pre-push "$1""#);
    passes(&repo, &["push", "-q", "origin", "main"]);
    assert_eq!(report(&repo)["summary"]["commits"], 1, "a first push is all there is");

    let leaked = repo.commit("leak", &[("app/.npmrc", &line())]);
    repo.remove("app/.npmrc");
    is_refused(&repo, &["push", "-q", "origin", "main"]);
    let seen = report(&repo);
    assert_eq!(seen["summary"]["commits"], 2);
    let place = &seen["findings"][0]["locations"][0];
    assert_eq!((&place["path"], &place["commit"]["id"]), (&json!("app/.npmrc"), &json!(leaked)));
    is_refused(&repo, &["push", "-q", "origin", "HEAD~1:refs/heads/new"]);

    // What is there is there: later pushes are not refused for it.
    passes(&repo, &["push", "-q", "--no-verify", "origin", "main"]);
    repo.git(&["checkout", "-q", "-b", "branch"]);
    repo.commit("clean", &[("b", "b\n")]);
    passes(&repo, &["push", "-q", "origin", "branch"]);
    assert_eq!(report(&repo)["summary"]["commits"], 1);

    repo.amend(&[("b", "amended\n")]);
    passes(&repo, &["push", "-q", "--force", "origin", "branch"]);
    assert_eq!(report(&repo)["summary"]["commits"], 1, "a forced push");
    repo.amend(&[("b", &line())]);
    is_refused(&repo, &["push", "-q", "--force", "origin", "branch"]);

    passes(&repo, &["push", "-q", "origin", ":branch"]);
    assert_eq!(codes(&report(&repo)), ["range-empty"]);
}

#[test]
fn a_tag_is_searched_with_its_message() {
    let (repo, remote) = pair();
    hook(&repo, "pre-push", r#"--pre-push "$1""#);
    passes(&repo, &["push", "-q", "origin", "main"]);
    repo.git(&["tag", "--annotate", "clean", "--message", "release"]);
    repo.git(&["tag", "--annotate", "leak", "--message", &line()]);
    passes(&repo, &["push", "-q", "origin", "clean"]);
    is_refused(&repo, &["push", "-q", "origin", "leak"]);
    is_refused(&repo, &["push", "-q", "--tags", "origin"]);
    assert_eq!(remote.git(&["tag", "--list"]), "clean");
    // Also where a blob alone is pushed.
    let file = repo.write("c", line());
    let blob = repo.git(&["hash-object", "-w", &file.display().to_string()]);
    is_refused(&repo, &["push", "-q", "origin", &format!("{blob}:refs/tags/blob")]);
}

#[test]
fn a_push_is_refused_while_it_is_in_quarantine() {
    let (repo, remote) = pair();
    hook(&remote, "pre-receive", "--pre-receive");
    passes(&repo, &["push", "-q", "origin", "main"]);
    let leaked = repo.commit("leak", &[("app/.npmrc", &line())]);
    repo.git(&["tag", "--annotate", "v1", "--message", "release"]);
    is_refused(&repo, &["push", "-q", "origin", "main", "v1"]);
    let seen = report(&remote);
    assert_eq!(seen["summary"]["commits"], 1);
    let place = &seen["findings"][0]["locations"][0];
    assert_eq!((&place["path"], &place["commit"]["id"]), (&json!("app/.npmrc"), &json!(leaked)));
    assert_eq!((&place["reachable"], &place["at_tip"]), (&json!(true), &json!(["refs/heads/main", "refs/tags/v1"])));
    let (is_there, ..) = remote.try_git(&["cat-file", "-e", &leaked]);
    assert!(!is_there, "what was refused is gone");

    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    repo.commit("clean", &[("b", "b\n")]);
    passes(&repo, &["push", "-q", "origin", "main", "main:new"]);
    assert_eq!(report(&remote)["summary"]["commits"], 1, "two refs, one commit");
    repo.amend(&[("b", "amended\n")]);
    passes(&repo, &["push", "-q", "--force", "origin", "main"]);
    passes(&repo, &["push", "-q", "origin", ":new"]);
    assert_eq!(codes(&report(&remote)), ["range-empty"]);
    repo.git(&["tag", "--annotate", "v2", "--message", &line()]);
    is_refused(&repo, &["push", "-q", "origin", "v2"]);

    // Packed, as deltas of what the remote has: still the one new commit.
    remote.git(&["config", "receive.unpackLimit", "1"]);
    let long = "a line of some length, to be a delta of\n".repeat(200);
    repo.commit("long", &[("long", &long)]);
    passes(&repo, &["push", "-q", "origin", "main"]);
    repo.commit("longer", &[("long", &(long + &line()))]);
    is_refused(&repo, &["push", "-q", "origin", "main"]);
}

#[test]
fn a_range_in_a_hook_reaches_into_the_quarantine() {
    let (repo, remote) = pair();
    hook(&remote, "pre-receive", r#"--range "$(cut -d' ' -f2)""#);
    passes(&repo, &["push", "-q", "origin", "main"]);
    repo.commit("leak", &[("b", &line())]);
    is_refused(&repo, &["push", "-q", "origin", "main"]);
}

#[test]
fn a_hook_without_lines_is_clean_and_with_others_an_error() {
    let repo = Repo::new();
    let head = repo.commit("first", &[("a", "a\n")]);
    for option in [&["--pre-receive"][..], &["--pre-push", "origin"]] {
        let run = |input: &str| Keyrake::scan_offline(repo.path(), option).input(input);
        assert_eq!(run("").run().exits(0).notifications(), ["range-empty"]);
        let output = run("nonsense\n").run().exits(2);
        assert!(output.stderr.contains("line 1"), "{}", output.stderr);
        Keyrake::scan_offline(repo.path(), option).args([".", ".."]).run().exits(2);
    }
    let zero = "0".repeat(40);
    let gone = "1".repeat(40);
    let told = format!("{zero} {gone} refs/heads/gone\n{zero} {head} refs/heads/new\n");
    let output = Keyrake::scan_offline(repo.path(), ["--pre-receive"]).input(told).run().exits(3);
    assert_eq!(output.notifications(), ["object-unreadable"]);
}
