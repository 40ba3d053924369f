//! What decides between red and green: the failing severity, the baseline, comments, keyrake.toml.

use std::path::Path;

use crate::support::keyrake::Keyrake;
use crate::support::mint;
use crate::support::repo::Repo;

fn leak() -> (Repo, String) {
    let (repo, token) = (Repo::new(), mint::npm_token());
    repo.commit("first", &[("src/a.env", &format!("NPM_TOKEN={token}\n"))]);
    (repo, token)
}

#[test]
fn the_failing_severity_decides() {
    let (repo, _) = leak();
    for (severity, code) in [("low", 1), ("medium", 1), ("high", 0), ("critical", 0), ("never", 0)] {
        let output = Keyrake::scan_offline(repo.path(), ["--fail-on", severity]).run().exits(code);
        assert_eq!(output.findings().len(), 1);
    }
}

#[test]
fn a_baseline_sets_aside_what_was_known_and_nothing_else() {
    let (repo, known) = leak();
    let file = repo.path().join(".keyrake-baseline");
    let name = file.to_str().expect("a path of ours");
    Keyrake::scan_offline(repo.path(), ["--baseline", name, "--update-baseline"]).run();
    let text = std::fs::read_to_string(&file).expect("the baseline was written");
    assert_eq!(mint::leaked_in(&text), None);
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len(), 1, "{text}");
    assert!(lines[0].starts_with("kr1:"), "{text}");

    Keyrake::scan_offline(repo.path(), ["--baseline", name]).run().exits(0);
    // Moving it changes nothing; a new one counts; and the file stays as it is, whatever the order of finding.
    repo.remove("src/a.env");
    repo.commit("moved", &[("elsewhere/b.txt", &format!("\n\n{known}\n"))]);
    Keyrake::scan_offline(repo.path(), ["--baseline", name]).run().exits(0);
    Keyrake::scan_offline(repo.path(), ["--baseline", name, "--update-baseline"]).run();
    assert_eq!(std::fs::read_to_string(&file).expect("the baseline is there"), text);
    repo.commit("new", &[("c.env", &format!("NPM_TOKEN={}\n", mint::npm_token()))]);
    Keyrake::scan_offline(repo.path(), ["--baseline", name]).run().exits(1);
}

#[test]
fn a_comment_allows_its_line_and_its_reason_is_shown() {
    let (repo, token) = (Repo::new(), mint::npm_token());
    repo.commit("allowed", &[("a.env", &format!("NPM_TOKEN={token} # keyrake:allow revoked last year\n"))]);
    let output = Keyrake::scan_offline(repo.path(), ["."]).run().exits(0);
    assert!(output.stdout.contains("revoked last year"), "{}", output.stdout);
    // It allows that place, not the secret.
    repo.commit("elsewhere", &[("b.env", &format!("NPM_TOKEN={token}\n"))]);
    Keyrake::scan_offline(repo.path(), ["--no-history"]).run().exits(1);
}

#[test]
fn what_the_repositorys_configuration_switches_off_is_listed() {
    let (repo, _) = leak();
    repo.write("keyrake.toml", "[[exclude]]\npath = \"src/**\"\nreason = \"fixtures of the parser\"\n");
    let output = Keyrake::scan_offline(repo.path(), ["--no-history"]).run().exits(0);
    assert_eq!(output.json()["switched_off"][0]["reason"], "fixtures of the parser", "{}", output.stdout);
    let text = Keyrake::new(["scan", "--offline", "--no-history"]).dir(repo.path()).run().exits(0).stdout;
    assert!(text.contains("fixtures of the parser"), "{text}");

    let fingerprint =
        Keyrake::scan_offline(repo.path(), ["--no-config"]).run().exits(1).finding()["fingerprint"].clone();
    repo.write("keyrake.toml", format!("[[suppress]]\nfingerprint = {fingerprint}\nreason = \"dead since May\"\n"));
    let output = Keyrake::scan_offline(repo.path(), ["."]).run().exits(0);
    assert_eq!(output.json()["switched_off"][0]["reason"], "dead since May", "{}", output.stdout);
    assert_eq!(output.json()["summary"]["findings"], 0);
}

#[test]
fn a_suppression_that_matches_nothing_is_reported() {
    let (repo, _) = leak();
    let unused = format!("kr1:npm-access-token:{}", "0".repeat(20));
    repo.write("keyrake.toml", format!("[[suppress]]\nfingerprint = \"{unused}\"\nreason = \"gone\"\n"));
    let output = Keyrake::scan_offline(repo.path(), ["."]).run().exits(1);
    assert!(output.notifications().contains(&"suppression-unused".to_owned()), "{}", output.stdout);
}

#[test]
fn a_repository_cannot_lower_the_policy_or_add_an_endpoint() {
    let (repo, _) = leak();
    repo.write("keyrake.toml", "fail-on = \"never\"\n");
    Keyrake::scan_offline(repo.path(), ["."]).run().exits(1);
    repo.write("keyrake.toml", "[endpoint]\nnpm = \"https://npm.invalid/\"\n");
    Keyrake::scan_offline(repo.path(), ["."]).run().exits(2);
}

#[test]
fn a_suppression_needs_a_reason() {
    let (repo, _) = leak();
    for text in ["[[exclude]]\npath = \"src/**\"\n", "[[suppress]]\nrule = \"npm-access-token\"\nreason = \"\"\n"] {
        repo.write("keyrake.toml", text);
        let output = Keyrake::scan_offline(repo.path(), ["."]).run().exits(2);
        assert!(output.stderr.contains("keyrake.toml:") && output.stderr.contains("reason"), "{}", output.stderr);
    }
}

#[test]
fn a_repositorys_configuration_is_about_that_repository_and_no_other() {
    let ((theirs, known), (ours, _)) = (leak(), leak());
    theirs.write(
        "keyrake.toml",
        "[[exclude]]\npath = \"src/\"\nreason = \"x\"\n[[suppress]]\nrule = \"npm-access-token\"\nreason = \"y\"\n",
    );
    let output = Keyrake::scan_offline(theirs.path(), [Path::new("."), ours.path()]).run().exits(1);
    assert_eq!(output.json()["summary"]["findings"], 1, "{}", output.stdout);
    assert_eq!(output.finding_of(&known)["suppressed"]["reason"], "x", "patterns start at the top of each target");
    assert_eq!(output.json()["switched_off"][0]["where"], "keyrake.toml:1");
    // The user's own is about all of them.
    Keyrake::scan_offline(theirs.path(), [Path::new("."), ours.path()])
        .args(["--config", "keyrake.toml"])
        .run()
        .exits(0);
}

#[test]
fn excludes_mean_the_same_paths_from_every_folder_of_a_repository() {
    let (repo, _) = leak();
    repo.write("keyrake.toml", "[[exclude]]\npath = \"src/a.env\"\nreason = \"made up\"\n");
    for folder in [repo.path().to_owned(), repo.path().join("src")] {
        let output = Keyrake::scan_offline(&folder, ["."]).run().exits(0);
        assert_eq!(output.json()["switched_off"][0]["count"], 2, "one file, one place in history\n{}", output.stdout);
    }
}

#[test]
fn what_the_users_own_configuration_leaves_unopened_is_listed_too() {
    let (repo, _) = leak();
    let ours = repo.write("ours.toml", "[[exclude]]\npath = \"src/**\"\nreason = \"made up\"\n");
    let config = ours.to_str().expect("a path of ours");
    let output = Keyrake::scan_offline(repo.path(), ["--no-history", "--config", config]).run().exits(0);
    assert_eq!(output.json()["switched_off"][0]["count"], 1, "{}", output.stdout);
}

#[test]
fn a_run_that_did_not_see_everything_drops_nothing_from_the_baseline() {
    let (repo, _) = leak();
    repo.remove("src/a.env");
    let baseline = repo.path().join(".git/known");
    let name = baseline.to_str().expect("a path of ours");
    let update = ["--baseline", name, "--update-baseline"];
    Keyrake::scan_offline(repo.path(), update).run().exits(1);
    let known = std::fs::read_to_string(&baseline).expect("the baseline was written");
    let shallow = repo.clone_with(&["--depth", "1"]);
    let output = Keyrake::scan_offline(shallow.path(), update).run().exits(3);
    assert_eq!(std::fs::read_to_string(&baseline).expect("the baseline is there"), known);
    assert!(!output.notifications().contains(&"suppression-unused".to_owned()), "{}", output.stdout);
}

#[test]
fn what_is_set_aside_is_revoked_by_name_only_and_no_receipt_is_lost() {
    let (repo, open) = leak();
    let allowed = mint::npm_token();
    repo.write("b.env", format!("NPM_TOKEN={allowed} # keyrake:allow reads only, and is meant to be public\n"));
    let scan = Keyrake::scan_offline(repo.path(), ["--report", "json=.git/report.json"]).run().exits(1);
    let fingerprint = |secret| scan.finding_of(secret)["fingerprint"].as_str().unwrap_or_default().to_owned();
    let (open, allowed) = (fingerprint(&open), fingerprint(&allowed));
    for (more, expected) in [(&[][..], &open), (&["--fingerprint", &allowed][..], &allowed)] {
        let args = ["revoke", "--format", "json", "--report", ".git/report.json", "--receipt", "no/such/folder/x"];
        let output = Keyrake::new(args).args(more).dir(repo.path()).may_knock().run().exits(2);
        assert!(output.stderr.contains("no/such/folder"), "{}", output.stderr);
        let receipts = output.json()["receipts"].as_array().cloned().unwrap_or_default();
        let told: Vec<&str> = receipts.iter().filter_map(|receipt| receipt["fingerprint"].as_str()).collect();
        assert_eq!(told, [expected]);
    }
}

#[test]
fn this_repository_is_clean_by_its_own_configuration() {
    let output = Keyrake::scan_offline(Path::new(env!("CARGO_MANIFEST_DIR")), ["--no-history"]).run().exits(0);
    assert_eq!(output.json()["summary"]["findings"], 0, "{}", output.stdout);
}
