//! Runs that end before their end: their time is over, or somebody presses Ctrl-C.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::keyrake::Keyrake;
use crate::support::mint;
use crate::support::repo::Repo;

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
