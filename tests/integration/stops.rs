//! Runs that end before their end: their time is over, or somebody presses Ctrl-C, while it searches or while it asks.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::keyrake::Keyrake;
use crate::support::mint;
use crate::support::repo::Repo;
use crate::support::script::{Answer, Script};

#[test]
fn when_the_time_is_over_the_run_is_incomplete() {
    let repo = Repo::new();
    for number in 0..3 {
        repo.commit(&format!("commit {number}"), &[("a", &format!("{number}\n"))]);
    }
    repo.write("b", "staged\n");
    repo.git(&["add", "b"]);
    let whole: [&[&str]; 4] = [&["--no-history"], &["--no-worktree"], &["--staged"], &["--range", "HEAD"]];
    for args in whole {
        let output = Keyrake::scan_offline(repo.path(), args).args(["--scan-time", "3600"]).run().exits(0);
        assert_eq!(output.json()["summary"]["complete"], true, "{args:?}");
    }
    // A history of a moment is over before anybody looks at the clock.
    for args in [["--no-history", "."], ["--staged", "."], ["--range", "HEAD"]] {
        let output = Keyrake::scan_offline(repo.path(), args).args(["--scan-time", "0"]).run().exits(3);
        assert_eq!(output.notifications(), ["search-unfinished"], "{args:?}");
        assert_eq!(output.json()["summary"]["complete"], false);
    }
}

/// A search of standard input, which goes on until it ends.
fn endless() -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyrake"));
    command.args(["scan", "--offline", "--format", "json", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("keyrake starts")
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
}

#[test]
fn an_interrupted_search_reports_what_it_found() {
    let mut child = endless();
    let mut input = child.stdin.take().expect("stdin is piped");
    let filler = vec![b'.'; 1 << 20];
    input.write_all(format!("NPM_TOKEN={}\n", mint::npm_token()).as_bytes()).expect("it reads");
    // More than a pipe holds, so that it is at work.
    for _ in 0..4 {
        input.write_all(&filler).expect("it reads");
    }
    interrupt(&child);
    let mut told = [0; 11];
    child.stderr.as_mut().expect("stderr is piped").read_exact(&mut told).expect("it says so");
    assert_eq!(&told, b"interrupted");
    while input.write_all(&filler).is_ok() {} // until it has read enough
    let output = child.wait_with_output().expect("it ends");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(output.status.code(), Some(1), "findings outweigh");
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(1));
    assert_eq!(report["summary"]["complete"], false);
    assert_eq!(report["notifications"][0]["code"], "search-unfinished");
}

/// A command that may only reach this machine, with a registry that takes its time.
fn asking(command: &mut Command, server: &Script) -> Child {
    let endpoint = format!("npm={}/", server.url());
    command.args(["--format", "json", "--timeout", "60", "--endpoint", &endpoint]).env_clear();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("keyrake starts")
}

#[test]
fn the_first_interruption_ends_the_asking() {
    let server = Script::new(|_| Answer::Silent(Duration::from_secs(40)));
    let (repo, leaked, given) = (Repo::new(), mint::npm_token(), mint::npm_token());
    repo.write(".npmrc", format!("{}:_authToken={leaked}\n", server.npmrc_host()));
    let begin = Instant::now();
    let mut scan = Command::new(env!("CARGO_BIN_EXE_keyrake"));
    let child = asking(scan.args(["scan", "--no-history"]).arg(repo.path()), &server);
    let mut verify = Command::new(env!("CARGO_BIN_EXE_keyrake"));
    let mut lone = asking(verify.arg("verify"), &server);
    lone.stdin.take().expect("stdin is piped").write_all(given.as_bytes()).expect("it reads");
    let is_asked = |token: &str| server.requests().iter().any(|request| request.signed_with(token));
    while !is_asked(&leaked) || !is_asked(&given) {
        assert!(begin.elapsed() < Duration::from_secs(30), "nobody is asked: {:?}", server.requests());
        std::thread::sleep(Duration::from_millis(10));
    }
    interrupt(&child);
    interrupt(&lone);
    for (child, code) in [(child, 1), (lone, 3)] {
        let output = child.wait_with_output().expect("it ends");
        let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
        assert_eq!(output.status.code(), Some(code), "{report}");
        assert_eq!(report["summary"]["complete"], false);
        assert_eq!(report["notifications"][0]["code"], "registry-unavailable");
        assert_eq!(report["findings"][0]["validity"]["code"], "interrupted", "{report}");
    }
    assert!(begin.elapsed() < Duration::from_secs(30), "it waited for the answers");
}

#[test]
fn a_second_interruption_ends_the_program() {
    let mut child = endless();
    let mut input = child.stdin.take().expect("stdin is piped");
    input.write_all(&vec![b'.'; 1 << 20]).expect("it reads");
    let status = loop {
        match child.try_wait().expect("it can be waited for") {
            Some(status) => break status,
            None => interrupt(&child),
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(status.code(), Some(130));
    drop(input);
}
