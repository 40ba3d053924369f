//! Tokens inside archives: found wherever the archive lies, shown with the way to them, and found again from a report.

use std::io::Write as _;

use serde_json::json;

use crate::support::keyrake::Keyrake;
use crate::support::mint;
use crate::support::repo::Repo;

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(content).expect("memory can be written");
    out.finish().expect("memory can be written")
}

/// A tar with one member.
fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    block[148..156].fill(b' ');
    block[156] = b'0';
    block[257..263].copy_from_slice(b"ustar\0");
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block.extend(content);
    block.resize(block.len().next_multiple_of(512) + 1024, 0);
    block
}

/// A zip with one member that is stored as it is.
fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).expect("small").to_le_bytes();
    let sizes = [number(content.len()), number(content.len())].concat();
    let fixed =
        [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &sizes, &[u8::try_from(name.len()).expect("short"), 0]]
            .concat();
    let mut out = [&b"PK\x03\x04"[..], &fixed, &[0, 0], name.as_bytes(), content].concat();
    let start = out.len();
    out.extend([&b"PK\x01\x02\x14\0"[..], &fixed, &[0; 16], name.as_bytes()].concat());
    let size = out.len() - start;
    out.extend([&b"PK\x05\x06\0\0\0\0\x01\0\x01\0"[..], &number(size), &number(start), &[0, 0]].concat());
    out
}

fn npmrc(token: &str) -> String {
    format!("# ours\n//npm.invalid/:_authToken={token}\n")
}

/// An npm package with the token, inside a zip.
fn package(token: &str) -> Vec<u8> {
    zip("a.tgz", &gzip(&tar("package/.npmrc", npmrc(token).as_bytes())))
}

const MEMBER: &str = "dist/all of it.zip!a.tgz!package/.npmrc";

#[test]
fn a_token_in_a_package_in_a_zip_is_found_in_work_tree_and_history() {
    let (here, gone, repo) = (mint::npm_token(), mint::npm_token(), Repo::new());
    repo.write("dist/all of it.zip", package(&gone));
    let brought = repo.commit("pack", &[]);
    repo.remove("dist/all of it.zip");
    repo.write("dist/all of it.zip", package(&here));

    let output = Keyrake::scan_offline(repo.path(), ["."]).run().exits(1);
    assert_eq!(output.json()["summary"]["complete"], true);
    for (token, origin) in [(&here, "worktree"), (&gone, "history")] {
        let finding = output.finding_of(token);
        let places = finding["locations"].as_array().expect("places");
        assert_eq!(places.len(), 1, "{places:?}");
        let place = &places[0];
        assert_eq!((&place["origin"], &place["path"]), (&json!(origin), &json!("dist/all of it.zip")));
        assert_eq!((&place["member"], &place["line"], &place["column"]), (&json!(MEMBER), &json!(2), &json!(27)));
    }
    assert_eq!(output.finding_of(&gone)["locations"][0]["commit"]["id"], brought.as_str());

    let text = Keyrake::new(["scan", "--offline"]).dir(repo.path()).run().exits(1).stdout;
    assert_eq!(text.replace('\u{a0}', " ").matches(&format!("{MEMBER}:2")).count(), 2, "{text}");
    let sarif = Keyrake::new(["scan", "--offline", "--format", "sarif"]).dir(repo.path()).run().exits(1).stdout;
    assert_eq!(sarif.matches("\"dist/all%20of%20it.zip!a.tgz!package/.npmrc\"").count(), 2, "{sarif}");
}

#[test]
fn archives_that_show_their_text_give_one_place() {
    let (token, repo) = (mint::npm_token(), Repo::new());
    repo.write("plain.tar", tar("package/.npmrc", npmrc(&token).as_bytes()));
    let output = Keyrake::scan_offline(repo.path(), [".", "--no-history"]).run().exits(1);
    let finding = output.finding_of(&token);
    assert_eq!(finding["locations"].as_array().map(Vec::len), Some(1), "{finding}");
    assert_eq!(finding["locations"][0]["member"], "plain.tar!package/.npmrc");
}

#[test]
fn index_ranges_files_and_standard_input_are_unpacked_too() {
    let (token, repo) = (mint::npm_token(), Repo::new());
    let first = repo.commit("first", &[]);
    let file = repo.write("a.zip", package(&token));
    repo.git(&["add", "--all"]);
    let member = "a.zip!a.tgz!package/.npmrc";
    let staged = Keyrake::scan_offline(repo.path(), [".", "--staged"]).run().exits(1);
    assert_eq!(staged.finding_of(&token)["locations"][0]["member"], member);
    repo.commit("second", &[]);
    let range = Keyrake::scan_offline(repo.path(), [".", "--range", &format!("{first}..HEAD")]).run().exits(1);
    assert_eq!(range.finding_of(&token)["locations"][0]["member"], member);
    let named = Keyrake::scan_offline(repo.path(), ["a.zip"]).run().exits(1);
    assert_eq!(named.finding_of(&token)["locations"][0]["member"], member);
    let stream =
        Keyrake::scan_offline(repo.path(), ["-"]).input(std::fs::read(file).expect("it is there")).run().exits(1);
    let place = &stream.finding_of(&token)["locations"][0];
    assert_eq!((&place["path"], &place["member"]), (&json!(""), &json!("a.tgz!package/.npmrc")));
}

#[test]
fn a_report_leads_back_into_archives() {
    let (here, gone, repo) = (mint::npm_token(), mint::npm_token(), Repo::new());
    let env = |token: &str| zip("a.tar", &tar(".env", format!("NPM_TOKEN={token}\n").as_bytes()));
    repo.write("a.zip", env(&gone));
    repo.commit("pack", &[]);
    repo.write("a.zip", env(&here));
    let first = Keyrake::scan_offline(repo.path(), ["--report", "json=.git/report.json"]).run().exits(1);
    let args = ["verify", "--format", "json", "--explain-requests", "--report", ".git/report.json"];
    let again = Keyrake::new(args).dir(repo.path()).run().exits(1);
    for token in [&here, &gone] {
        assert_eq!(again.finding_of(token)["locations"], first.finding_of(token)["locations"]);
    }
}

#[test]
fn allowances_reach_into_archives() {
    for (path, set_aside) in
        [("a.zip", true), (".npmrc", true), ("a.zip!a.tgz!package/.npmrc", true), ("/package/", false)]
    {
        let (token, repo) = (mint::npm_token(), Repo::new());
        repo.write("a.zip", package(&token));
        repo.write("keyrake.toml", format!("[[suppress]]\npath = \"{path}\"\nreason = \"made up\"\n"));
        let output = Keyrake::scan_offline(repo.path(), ["--no-history"]).run().exits(if set_aside { 0 } else { 1 });
        assert_eq!(output.finding_of(&token)["suppressed"].is_object(), set_aside, "{path}");
    }
}

#[test]
fn what_is_left_out_for_a_limit_makes_the_run_incomplete() {
    let repo = Repo::new();
    repo.write("deep.gz", (0..12).fold(b"x".to_vec(), |inner, _| gzip(&inner)));
    let output = Keyrake::scan_offline(repo.path(), ["."]).run().exits(3);
    let notes = output.json()["notifications"].as_array().cloned().expect("notes");
    let limited: Vec<_> = notes.iter().filter(|note| note["code"] == "archive-limited").collect();
    assert_eq!((limited.len(), &limited[0]["where"], &limited[0]["level"]), (1, &json!("deep.gz"), &json!("warning")));
}
