//! `keyrake scan --offline`: what is found, where it is said to be, and in which form it is reported.

use serde_json::{Value, json};

use crate::support::keyrake::{Keyrake, Output};
use crate::support::mint;
use crate::support::repo::Repo;

/// The one location of a secret's finding.
#[track_caller]
fn place(output: &Output, secret: &str) -> Value {
    let finding = output.finding_of(secret);
    match finding["locations"].as_array().map(Vec::as_slice) {
        Some([one]) => one.clone(),
        other => panic!("one location, not {other:?}"),
    }
}

#[test]
fn a_removed_file_is_found_with_its_commit() {
    let (token, repo) = (mint::npm_token(), Repo::new());
    let brought =
        repo.commit("add settings", &[("app/.npmrc", &format!("# ours\n//npm.invalid/:_authToken={token}\n"))]);
    repo.remove("app/.npmrc");

    let output = Keyrake::scan_offline(repo.path(), ["."]).run().exits(1);
    let json = output.json();
    assert_eq!(json["schema"], "keyrake/report/1");
    assert_eq!(json["tool"]["name"], "keyrake");
    assert_eq!(json["targets"], json!(["."]));
    assert_eq!(json["summary"]["findings"], 1);
    assert_eq!(json["summary"]["requests"], 0);
    assert_eq!(json["summary"]["complete"], true);
    for counted in ["objects", "bytes", "commits", "rules"] {
        assert!(json["summary"][counted].as_u64() > Some(0), "{counted}: {}", json["summary"]);
    }

    let finding = output.finding();
    assert_eq!(finding["rule"], "npm-access-token");
    assert_eq!(finding["registry"], "npm");
    assert_eq!(finding["evidence"], "checksum");
    assert_eq!(finding["severity"], "medium");
    assert_eq!(finding["validity"]["state"], "unknown");
    assert_eq!(finding["secret"]["redacted"], format!("{}…{}", &token[..8], &token[36..]));
    assert_eq!(finding["secret"]["length"], 40);
    assert_eq!(finding["secret"].get("value"), None);
    assert!(finding["fingerprint"].as_str().is_some_and(|text| text.starts_with("kr1:npm-access-token:")));
    assert!(finding["because"].as_str().is_some_and(|text| !text.is_empty()));

    let place = place(&output, &token);
    assert_eq!(place["origin"], "history");
    assert_eq!(place["path"], "app/.npmrc");
    assert_eq!((&place["line"], &place["column"]), (&json!(2), &json!(27)));
    assert_eq!(place["commit"]["id"], brought.as_str());
    assert_eq!(place["commit"]["author"], "Ada Author");
    assert_eq!(place["commit"]["summary"], "add settings");
    assert_eq!(place["reachable"], true);
    assert_eq!(place["at_tip"], json!([]));
}

#[test]
fn every_corner_of_a_repository_is_searched() {
    let repo = Repo::new();
    let tokens: Vec<String> = (0..8).map(|_| mint::npm_token()).collect();
    let [branch, amended, message, tag, stash, note, untracked, tip] = tokens.as_slice() else { unreachable!() };

    repo.commit("first", &[("a.txt", "a\n")]);
    repo.git(&["checkout", "--quiet", "-b", "side"]);
    repo.commit("on a branch", &[("side.env", &format!("NPM_TOKEN={branch}\n"))]);
    repo.remove("side.env");
    repo.git(&["checkout", "--quiet", "main"]);
    repo.commit("meanwhile", &[("b.txt", "b\n")]);
    repo.merge("side");
    repo.commit("oops", &[("ci.yml", &format!("env:\n  NODE_AUTH_TOKEN: {amended}\n"))]);
    repo.amend(&[("ci.yml", "env: {}\n")]);
    let told = repo.commit(&format!("rotate\n\nthe old one was {message}"), &[]);
    repo.git(&["tag", "--annotate", "v1", "--message", &format!("npm publish with {tag}")]);
    repo.write("a.txt", format!("export NPM_TOKEN={stash}\n"));
    repo.git(&["stash", "--quiet"]);
    repo.git(&["notes", "add", "--message", &format!("used {note}"), "HEAD"]);
    repo.commit("still there", &[("deploy.sh", &format!("echo {tip} > .token\n"))]);
    repo.write("new.txt", format!("NPM_TOKEN={untracked}\n"));

    let output = Keyrake::scan_offline(repo.path(), ["."]).run().exits(1);
    assert_eq!(output.findings().len(), tokens.len(), "{}", output.stdout);

    assert_eq!(place(&output, branch)["path"], "side.env");
    assert_eq!(place(&output, branch)["reachable"], true);
    assert_eq!(place(&output, amended)["reachable"], false);
    let in_message = place(&output, message);
    assert_eq!((&in_message["path"], &in_message["origin"]), (&json!(""), &json!("history")));
    assert_eq!((&in_message["commit"]["id"], &in_message["line"]), (&json!(told), &json!(3)));
    assert_eq!(place(&output, tag)["path"], "");
    assert_eq!(place(&output, stash)["path"], "a.txt");
    assert_eq!(place(&output, note)["origin"], "history");
    assert_eq!(place(&output, untracked)["origin"], "worktree");
    assert_eq!(place(&output, untracked)["path"], "new.txt");

    let at_tip = output.finding_of(tip);
    let places = at_tip["locations"].as_array().expect("a list");
    assert!(places.iter().any(|place| place["origin"] == "worktree"), "{at_tip}");
    assert!(places.iter().any(|place| place["at_tip"] == json!(["refs/heads/main"])), "{at_tip}");
}

#[test]
fn the_flags_choose_what_is_searched() {
    let repo = Repo::new();
    let tokens: Vec<String> = (0..5).map(|_| mint::npm_token()).collect();
    let [old, newer, staged, loose, ignored] = tokens.as_slice() else { unreachable!() };
    let line = |token: &str| format!("NPM_TOKEN={token}\n");
    repo.commit("first", &[("old.env", &line(old)), (".gitignore", "*.local\n")]);
    repo.remove("old.env");
    let before = repo.head();
    repo.commit("second", &[("newer.env", &line(newer))]);
    repo.remove("newer.env");
    repo.write("staged.env", line(staged));
    repo.git(&["add", "staged.env"]);
    repo.write("staged.env", "NPM_TOKEN=\n");
    repo.write("loose.env", line(loose));
    repo.write("secret.local", line(ignored));

    let range = format!("{before}..HEAD");
    let choices: [(&[&str], &[&String]); 7] = [
        (&["."], &[old, newer, staged, loose]),
        (&["--no-history"], &[loose]),
        (&["--no-history", "--ignored"], &[loose, ignored]),
        (&["--no-worktree"], &[old, newer, staged]),
        (&["--staged"], &[staged]),
        (&["--range", &range], &[newer]),
        (&["--range", &before], &[old]),
    ];
    for (flags, expected) in choices {
        let output = Keyrake::scan_offline(repo.path(), flags).run().exits(1);
        for token in expected {
            output.finding_of(token);
        }
        assert_eq!(output.findings().len(), expected.len(), "{flags:?}\n{}", output.stdout);
    }
}

#[test]
fn fakes_references_and_placeholders_are_not_reported() {
    let repo = Repo::new();
    let npmrc = "//npm.invalid/:_authToken=${NPM_TOKEN}\n//npm.invalid/:_authToken=\n";
    let files = [
        (".npmrc", npmrc.to_owned()),
        ("test.js", format!("const token = '{}';\n", mint::fake_npm_token())),
        (".github/workflows/ci.yml", "env:\n  NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}\n".to_owned()),
        ("Dockerfile", "ARG NPM_TOKEN\nRUN echo \"//npm.invalid/:_authToken=$NPM_TOKEN\" > .npmrc\n".to_owned()),
        (".yarnrc.yml", "npmAuthToken: \"${NPM_TOKEN:-}\"\n".to_owned()),
        ("example.npmrc", "//npm.invalid/:_authToken=00000000-0000-0000-0000-000000000000\n".to_owned()),
    ];
    for (path, text) in &files {
        repo.write(path, text);
    }
    repo.commit("nothing to see", &[]);
    let output = Keyrake::scan_offline(repo.path(), ["."]).run().exits(0);
    assert_eq!(output.findings(), Vec::<Value>::new());
}

#[test]
fn credential_files_of_every_client_are_read() {
    let encoded = |text: &str| {
        use base64::Engine as _;
        mint::remember(base64::engine::general_purpose::STANDARD.encode(text))
    };
    let token = mint::npm_token;
    let uuid = mint::uuid_token;
    let password = mint::password;
    let files = [
        (".npmrc", format!("registry=https://npm.invalid/\n_authToken={}\n", uuid())),
        (".npmrc", format!("//npm.invalid/:_auth={}\n", encoded(&format!("alice:{}", password())))),
        (".npmrc", format!("//npm.invalid/:username=alice\n//npm.invalid/:_password={}\n", encoded(&password()))),
        (".npmrc", format!("//npm.invalid/:_authToken=\"{}\" ; of the build\n", token())),
        (".yarnrc", format!("\"//npm.invalid/:_authToken\" \"{}\"\n", uuid())),
        (".yarnrc.yml", format!("npmScopes:\n  acme:\n    npmAuthToken: {}\n", uuid())),
        (".yarnrc.yml", format!("npmAuthToken: \"${{NPM_TOKEN:-{}}}\"\n", token())),
        (
            "bunfig.toml",
            format!("[install]\nregistry = {{ url = \"https://npm.invalid/\", token = \"{}\" }}\n", uuid()),
        ),
        ("package-lock.json", format!("{{\"resolved\": \"https://alice:{}@npm.invalid/a/-/a-1.0.0.tgz\"}}\n", token())),
        (".gitlab-ci.yml", format!("variables:\n  NPM_TOKEN: {}\n", token())),
        ("legacy.yml", format!("variables:\n  NPM_TOKEN: {}\n", uuid())),
        ("Dockerfile", format!("ENV NPM_TOKEN={}\n", token())),
        ("notes.ipynb", format!("{{\"source\": [\"%env NPM_TOKEN={}\\n\"]}}\n", token())),
        ("secret.yaml", format!("data:\n  token: {}\n", encoded(&token()))),
    ];
    for (path, text) in files {
        let folder = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(folder.path().join(path), &text).expect("a file can be written");
        let output = Keyrake::scan_offline(folder.path(), ["--fail-on", "low"]).run().exits(1);
        assert_eq!(output.findings().len(), 1, "{path}: {text}\n{}", output.stdout);
        let place = &output.finding()["locations"][0];
        assert_eq!((&place["origin"], &place["path"]), (&json!("file"), &json!(path)));
    }
}

#[test]
fn one_secret_is_one_finding_wherever_it_stands() {
    let (token, one, two) = (mint::npm_token(), Repo::new(), Repo::new());
    one.commit("first", &[("a.env", &format!("NPM_TOKEN={token}\n")), ("b.env", &format!("\nNPM_TOKEN={token}\n"))]);
    one.commit("second", &[("a.env", &format!("# moved\n\nNPM_TOKEN={token}\n"))]);
    two.commit("other", &[("c.txt", &token)]);
    let first = Keyrake::scan_offline(one.path(), ["."]).run().exits(1).finding();
    let second = Keyrake::scan_offline(two.path(), ["--no-worktree"]).run().exits(1).finding();
    assert!(first["locations"].as_array().map(Vec::len) > Some(2), "{first}");
    assert_eq!(first["fingerprint"], second["fingerprint"]);

    let both = Keyrake::scan_offline(one.path(), [one.path(), two.path()]).run().exits(1);
    assert_eq!(both.findings().len(), 1);
    assert_eq!(both.json()["targets"].as_array().map(Vec::len), Some(2));
}

#[test]
fn bare_and_sha256_repositories_are_repositories() {
    let token = mint::npm_token();
    let file = format!("NPM_TOKEN={token}\n");
    let repo = Repo::new();
    repo.commit("first", &[("a.env", &file)]);
    repo.remove("a.env");
    let sha256 = Repo::with(&["--object-format=sha256"]);
    let commit = sha256.commit("first", &[("a.env", &file)]);
    sha256.remove("a.env");
    for repo in [repo.clone_with(&["--mirror"]), sha256] {
        let output = Keyrake::scan_offline(repo.path(), ["."]).run().exits(1);
        assert_eq!(place(&output, &token)["path"], "a.env");
        assert_eq!(place(&output, &token)["commit"]["summary"], "first");
    }
    assert_eq!(commit.len(), 64);
}

#[test]
fn text_and_sarif_say_the_same() {
    let (token, repo) = (mint::npm_token(), Repo::new());
    repo.commit("first", &[("deep/ä b.env", &format!("NPM_TOKEN={token}\n"))]);
    let text = Keyrake::new(["scan", "--offline"]).dir(repo.path()).run().exits(1).stdout;
    for said in ["npm-access-token", "deep/ä b.env", &format!("{}…{}", &token[..8], &token[36..]), "medium"] {
        assert!(text.contains(said), "{said} is missing in\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "colour where NO_COLOR is set\n{text}");

    let sarif = repo.path().join("out.sarif");
    let report = format!("sarif={}", sarif.display());
    let json = Keyrake::scan_offline(repo.path(), ["--report", &report]).run().exits(1);
    let sarif = std::fs::read_to_string(sarif).expect("the file was asked for");
    assert_eq!(mint::leaked_in(&sarif), None);
    let sarif: Value = serde_json::from_str(&sarif).expect("SARIF is JSON");
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "keyrake");
    let results = run["results"].as_array().expect("a list of results");
    assert!(!results.is_empty());
    for result in results {
        assert_eq!(result["ruleId"], "npm-access-token");
        let prints = result["partialFingerprints"].as_object().expect("fingerprints");
        assert!(prints.values().any(|print| *print == json.finding()["fingerprint"]), "{prints:?}");
    }
    let uri = &results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "deep/%C3%A4%20b.env");
}

#[test]
fn rules_are_listed_shown_and_tested() {
    let listed = Keyrake::new(["rules", "list"]).run().exits(0).stdout;
    assert!(listed.contains("npm-access-token"), "{listed}");
    let shown = Keyrake::new(["rules", "show", "npm-access-token"]).run().exits(0).stdout;
    assert!(shown.contains("npm_"), "{shown}");
    Keyrake::new(["rules", "show", "no-such-rule"]).run().exits(2);
    Keyrake::new(["rules", "test"]).run().exits(0);
}

#[test]
fn a_folder_of_a_repository_is_named_from_its_top() {
    let (token, repo) = (mint::npm_token(), Repo::new());
    repo.commit("first", &[("src/deep/a.env", &format!("NPM_TOKEN={token}\n")), ("src/b.txt", "b")]);
    let all_from = |folder: &str, targets: &[&str]| {
        let output = Keyrake::scan_offline(&repo.path().join(folder), targets).run().exits(1);
        let places = output.finding_of(&token)["locations"].as_array().cloned().unwrap_or_default();
        places.iter().map(|place| place["path"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(all_from("", &["src"]), ["src/deep/a.env"; 2]);
    assert_eq!(all_from("src/deep", &["."]), ["src/deep/a.env"; 2]);
    assert_eq!(all_from("src", &["../src/deep"]), ["src/deep/a.env"; 2]);
    let other = Repo::new();
    let other = other.path().to_str().expect("a path of ours");
    assert_eq!(all_from("", &["src", other]), ["src/deep/a.env"; 2]);
    assert_eq!(all_from("src", &["deep", "deep", other]), ["deep/../../src/deep/a.env"; 2]);
}

#[test]
fn a_report_that_cannot_be_written_costs_no_finding() {
    let (token, repo) = (mint::npm_token(), Repo::new());
    repo.write("a.env", format!("NPM_TOKEN={token}\n"));
    let written = repo.path().join("report.json");
    let reports = ["json=no/such/folder/x".to_owned(), format!("json={}", written.display())];
    let output = Keyrake::scan_offline(repo.path(), ["--report", &reports[0], "--report", &reports[1]]).run().exits(2);
    assert!(output.stderr.contains("no/such/folder"), "{}", output.stderr);
    output.finding_of(&token);
    assert!(std::fs::read_to_string(written).is_ok_and(|text| text.contains("npm-access-token")));
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_changes_no_verdict() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(folder.path().join("a.env"), format!("NPM_TOKEN={}\n", mint::npm_token())).expect("a file");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut keyrake = std::process::Command::new(env!("CARGO_BIN_EXE_keyrake"));
    keyrake.args(["scan", "--offline"]).current_dir(folder.path()).stdout(writer).stderr(std::process::Stdio::piped());
    let output = keyrake.output().expect("keyrake starts");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(1), ""));
}

#[test]
fn a_report_that_was_verified_is_as_good_as_the_first() {
    let (token, repo) = (mint::npm_token(), Repo::new());
    repo.commit("brought in", &[("src/a.env", &format!("NPM_TOKEN={token}\n"))]);
    repo.remove("src/a.env");
    repo.write("src/b.env", format!("NPM_TOKEN={token}\n"));
    let src = repo.path().join("src");
    let report = format!("json={}", src.join("one.json").display());
    let first = Keyrake::scan_offline(&src, ["--report", &report]).run().exits(1);
    let again = |name: &str| {
        let args = ["verify", "--format", "json", "--explain-requests", "--report", name];
        Keyrake::new(args).dir(&src).run().exits(1)
    };
    let second = again("one.json");
    std::fs::write(src.join("two.json"), &second.stdout).expect("a file can be written");
    for output in [second, again("two.json")] {
        assert_eq!(output.json()["targets"], first.json()["targets"]);
        assert_eq!(output.finding()["locations"], first.finding()["locations"]);
    }
}

#[test]
fn a_report_that_is_read_in_another_folder_says_so() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for name in ["code", "other"] {
        std::fs::create_dir(folder.path().join(name)).expect("a folder");
    }
    std::fs::write(folder.path().join("code/a.env"), format!("NPM_TOKEN={}\n", mint::npm_token())).expect("a file");
    Keyrake::scan_offline(folder.path(), ["code", "--report", "json=code/report"]).run().exits(1);
    let verify = |dir: &str, report: &str| {
        Keyrake::new(["verify", "--explain-requests", "--report", report]).dir(&folder.path().join(dir)).run()
    };
    let elsewhere = verify("other", "../code/report").exits(3).stderr;
    assert!(elsewhere.contains("note: there is no code here: "), "{elsewhere}");
    assert_eq!(verify("", "code/report").exits(1).stderr, "");
}

#[test]
fn requests_that_differ_in_their_token_alone_are_explained_once() {
    let repo = Repo::new();
    repo.write("a.env", format!("NPM_TOKEN={}\nNPM_TOKEN={}\n", mint::npm_token(), mint::npm_token()));
    let text = Keyrake::new(["scan", "--explain-requests"]).dir(repo.path()).run().exits(1).stdout;
    assert_eq!(text.matches("/-/whoami, signed with the credential (2 times)").count(), 1, "{text}");
    assert!(!text.contains("proof:"), "{text}");
}
