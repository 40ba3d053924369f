//! The walls of the house. That no output holds a secret and that nobody outside is spoken to is checked in every run
//! of every test (see support/keyrake.rs); here the runs are chosen to tempt.

use std::time::Duration;

use serde_json::json;

use crate::support::keyrake::Keyrake;
use crate::support::mint;
use crate::support::repo::Repo;
use crate::support::script::{Answer, Script};

const FORMATS: [&str; 3] = ["text", "json", "sarif"];

fn npmrc(server: &Script, token: &str) -> String {
    format!("{}:_authToken={token}\n", server.npmrc_host())
}

#[test]
fn no_answer_of_a_server_brings_a_secret_into_a_report() {
    let token = mint::npm_token();
    let echo = format!("no entry for {token} here");
    let tempting = [
        Answer::json(401, &json!({ "error": echo })).with("www-authenticate", &format!("Bearer realm=\"{echo}\"")),
        Answer::json(403, &json!({ "message": echo })).with("npm-notice", &echo),
        Answer::json(500, &json!({ "error": echo })),
        Answer::json(200, &json!({ "username": token })),
        Answer::text(200, "text/html", &format!("<html><title>{echo}</title></html>")),
        Answer::text(200, "application/json", &format!("{{\"username\": \"{token}")),
        Answer::status(302).with("location", &format!("http://foreign.invalid/?token={token}")),
        Answer::status(429).with("retry-after", &echo),
        Answer::Raw(format!("HTTP/1.1 {token}\r\n\r\n").into_bytes()),
        Answer::Raw(Vec::new()),
        Answer::Silent(Duration::from_secs(5)),
    ];
    for answer in tempting {
        let server = Script::new(move |_| answer.clone());
        let repo = Repo::new();
        repo.commit("leak", &[(".npmrc", &npmrc(&server, &token))]);
        let endpoint = format!("npm={}/", server.url());
        for format in FORMATS {
            let file = repo.path().join("report");
            let args = ["scan", "--timeout", "1", "--verify-time", "10", "--endpoint", &endpoint, "--report"];
            let report = format!("{format}={}", file.display());
            let output = Keyrake::new(args).args([&report, "--format", format]).dir(repo.path()).run();
            assert!(matches!(output.code, Some(0 | 1)), "{output:?}");
            let written = std::fs::read_to_string(&file).expect("the report was asked for");
            assert_eq!(mint::leaked_in(&written), None);
        }
    }
}

#[test]
fn no_name_that_holds_a_secret_brings_it_into_a_report() {
    let repo = Repo::new();
    let [path, subject, author, branch] = [(); 4].map(|()| mint::npm_token());
    let file = format!("NPM_TOKEN={}\n", mint::npm_token());
    repo.git(&["config", "user.name", &author]);
    repo.git(&["checkout", "--quiet", "-b", &branch]);
    let name = format!("{path}.env");
    repo.commit(&format!("use {subject}"), &[(&name, &file)]);
    repo.git(&["commit", "--quiet", "--amend", "--no-edit", "--author", &format!("{author} <a@example.invalid>")]);
    for format in FORMATS {
        let output = Keyrake::new(["scan", "--offline", "--format", format]).dir(repo.path()).run().exits(1);
        assert!(!output.stdout.is_empty());
    }
}

#[test]
fn no_error_shows_a_secret() {
    let repo = Repo::new();
    repo.commit("first", &[("a", "a")]);
    let token = mint::npm_token();
    let plain = repo.path();
    let broken = [
        format!("[[suppress]]\nreason = \"{token}\n"),
        format!("[[suppress]]\nfingerprint = \"{token}\"\nreason = \"x\"\n"),
        format!("{token} = 1\n"),
    ];
    for text in broken {
        repo.write("keyrake.toml", text);
        Keyrake::scan_offline(plain, ["."]).run().exits(2);
    }
    let url = format!("npm=https://alice:{token}@npm.invalid/");
    let cases: [&[&str]; 6] = [
        &["scan", &token],
        &["scan", "--range", &token],
        &["scan", "--operator", &format!("npm={token}")],
        &["scan", "--endpoint", &url],
        &["verify", &token],
        &["rules", "show", &token],
    ];
    for args in cases {
        Keyrake::new(args).args(if args[0] == "scan" { &["--no-config"][..] } else { &[] }).dir(plain).run().exits(2);
    }
}

#[test]
fn a_line_handed_over_alone_keeps_its_host() {
    let server = Script::new(|_| Answer::json(401, &json!({})));
    let endpoint = format!("npm={}/", server.url());
    let verify = |input: String| {
        let args = ["verify", "--format", "json", "--registry", "npm", "--endpoint", &endpoint];
        Keyrake::new(args).input(input).run()
    };
    for token in [mint::npm_token(), mint::uuid_token()] {
        let finding = verify(format!("//elsewhere.invalid/:_authToken={token}\n")).exits(3).finding();
        assert_eq!(finding["validity"]["code"], "foreign-host", "{finding}");
    }
    // What is no credential is not sent as one, and not called dead.
    for text in ["hello, this is a text", "a: b", "\"quoted\"", "naïve"] {
        verify(text.to_owned()).exits(2);
    }
    assert!(server.requests().is_empty(), "{:?}", server.requests());
    // What stands around one does no harm.
    for (before, after) in [("Bearer ", ""), ("\"", "\"\n"), ("NPM_TOKEN=", "\r\n")] {
        let token = mint::npm_token();
        let finding = verify(format!("{before}{token}{after}")).exits(0).finding();
        assert_eq!(finding["validity"]["state"], "inactive", "{before}: {finding}");
        assert!(server.requests().iter().any(|request| request.signed_with(&token)), "{before}");
    }
    assert_eq!(verify(mint::uuid_token()).exits(0).finding()["validity"]["state"], "inactive");
}

#[test]
fn a_server_that_asks_for_patience_does_not_outlast_the_time_for_verification() {
    let token = mint::npm_token();
    let server = Script::new(|_| Answer::status(429).with("retry-after", "2"));
    let endpoint = format!("npm={}/", server.url());
    let started = std::time::Instant::now();
    let args = ["verify", "--format", "json", "--verify-time", "1", "--endpoint", &endpoint];
    let finding = Keyrake::new(args).input(token).run().exits(3).finding();
    assert_eq!(finding["validity"]["state"], "unknown", "{finding}");
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn certificates_are_read_only_where_they_are_needed() {
    let (repo, missing) = (Repo::new(), "no-such-file.pem");
    repo.commit("first", &[("a", "a")]);
    Keyrake::scan_offline(repo.path(), ["."]).env("SSL_CERT_FILE", missing).run().exits(0);
    for value in ["", missing] {
        let output = Keyrake::scan(repo.path(), ["."]).env("SSL_CERT_FILE", value).run().exits(2);
        assert!(output.stderr.contains("SSL_CERT_FILE"), "{}", output.stderr);
    }
}

#[test]
fn a_proxy_that_cannot_be_read_is_not_passed_by() {
    let (server, token) = (Script::new(|_| Answer::status(401)), mint::npm_token());
    let endpoint = format!("npm={}/", server.url());
    let verify = |proxy: &str| {
        Keyrake::new(["verify", "--endpoint", &endpoint]).env("HTTPS_PROXY", proxy).input(token.clone()).run()
    };
    let said = verify("http://user:hunter2 at proxy").exits(2).stderr;
    assert!(said.contains("HTTPS_PROXY") && !said.contains("hunter2"), "{said}");
    assert!(server.requests().is_empty());
    let repo = Repo::new();
    Keyrake::scan_offline(repo.path(), ["."]).env("HTTPS_PROXY", "::1::").run().exits(0);
}

#[test]
fn an_empty_variable_hides_no_proxy() {
    for given in ["https_proxy", "all_proxy"] {
        let proxy = Script::new(|_| Answer::status(502));
        let run = Keyrake::new(["verify", "--endpoint", "npm=https://npm.corp.invalid/"]);
        let run = run.env("HTTPS_PROXY", "").env("ALL_PROXY", "").env(given, proxy.url());
        run.input(mint::npm_token()).run().exits(3);
        let asked = proxy.requests();
        let first = asked.first().expect("the proxy was passed by");
        assert_eq!((first.method.as_str(), first.target.as_str()), ("CONNECT", "npm.corp.invalid:443"));
    }
}

#[test]
fn a_forged_report_writes_nothing_of_its_own_on_the_terminal() {
    let (repo, token) = (Repo::new(), mint::npm_token());
    repo.commit("leak", &[("a.env", &format!("NPM_TOKEN={token}\n"))]);
    let mut report = Keyrake::scan_offline(repo.path(), ["."]).run().exits(1).json();
    report["findings"][0]["fingerprint"] = json!("kr1:x\r\u{9b}2Jdeleted 1 token\nrevoked: all");
    repo.write("report.json", report.to_string());
    let output = Keyrake::new(["verify", "--report", "report.json"]).dir(repo.path()).run().exits(3);
    assert!(!output.stderr.contains(['\r', '\u{9b}']), "{:?}", output.stderr);
    assert!(!output.stderr.contains("\nrevoked"), "{:?}", output.stderr);
}

#[test]
fn raw_secrets_are_shown_on_request_only() {
    let (repo, token) = (Repo::new(), mint::npm_token());
    repo.commit("leak", &[("a.env", &format!("NPM_TOKEN={token}\n"))]);
    let shown = Keyrake::scan_offline(repo.path(), ["--show-secrets"]).may_show_secrets().run().exits(1);
    assert_eq!(shown.finding()["secret"]["value"], token.as_str());
}

#[test]
fn probes_only_read_and_go_only_to_the_issuer() {
    let token = mint::npm_token();
    let issuer = Script::registry(
        &token,
        vec![
            ("/-/whoami", Answer::json(200, &json!({ "username": "alice" }))),
            ("/-/npm/v1/tokens", Answer::json(401, &json!({ "error": "Unauthorized" }))),
            ("/-/v1/search", Answer::json(200, &json!({ "objects": [], "total": 0 }))),
        ],
    );
    let stranger = Script::new(|_| Answer::json(200, &json!({ "username": "mallory" })));
    let elsewhere = mint::npm_token();
    let repo = Repo::new();
    let text = format!("{}{}", npmrc(&issuer, &token), npmrc(&stranger, &elsewhere));
    repo.commit("leak", &[(".npmrc", &text)]);
    let endpoint = format!("npm={}/", issuer.url());
    let output = Keyrake::scan(repo.path(), ["--endpoint", &endpoint]).run().exits(1);

    assert_eq!(output.finding_of(&token)["validity"]["state"], "active");
    assert_eq!(output.finding_of(&elsewhere)["validity"]["state"], "unknown");
    assert_eq!(stranger.requests().len(), 0, "a host of a scanned file was asked");
    let requests = issuer.requests();
    assert!(requests.iter().any(|request| request.signed_with(&token)));
    for request in &requests {
        assert!(matches!(request.method.as_str(), "GET" | "HEAD"), "{request:?}");
        assert!(!request.signed_with(&elsewhere), "{request:?}");
        assert_eq!(request.header("npm-auth-type"), None, "this makes the server open a login page");
        assert!(request.body.is_empty() && !request.target.contains(&token), "{request:?}");
        assert!(request.peer.is_loopback());
    }
    let asked = output.json()["summary"]["requests"].as_u64();
    assert_eq!(asked, Some(requests.len() as u64), "the ledger is not what was sent");
}

#[test]
fn offline_and_explaining_send_nothing() {
    let token = mint::npm_token();
    let server = Script::new(|_| Answer::json(200, &json!({ "username": "alice" })));
    let repo = Repo::new();
    repo.commit(
        "leak",
        &[(".npmrc", &npmrc(&server, &token)), ("b.env", &format!("NPM_TOKEN={}\n", mint::npm_token()))],
    );
    let endpoint = format!("npm={}/", server.url());
    Keyrake::scan_offline(repo.path(), ["--endpoint", &endpoint]).run().exits(1);
    let explained = Keyrake::new(["scan", "--explain-requests", "--endpoint", &endpoint]).dir(repo.path()).run();
    let said = format!("{}{}", explained.stdout, explained.stderr);
    assert!(said.contains("/-/whoami") && said.contains(&server.url()["http://".len()..]), "{said}");
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_bare_token_is_for_the_public_registry_alone() {
    let repo = Repo::new();
    let server = Script::new(|_| Answer::json(200, &json!({ "username": "mallory" })));
    repo.commit("leak", &[("a.env", &format!("NPM_TOKEN={}\n", mint::npm_token()))]);
    let endpoint = format!("npm={}/", server.url());
    let output = Keyrake::scan(repo.path(), ["--endpoint", &endpoint]).may_knock().run().exits(1);
    assert_eq!(server.requests().len(), 0, "it was sent to another server");
    assert!(!output.knocked.is_empty(), "the public registry was not asked");
    assert!(output.knocked.iter().all(|place| *place == output.knocked[0] && place.ends_with(":443")), "{output:?}");
    assert_eq!(output.finding()["validity"]["state"], "unknown", "the door let nobody through");
}

#[test]
fn neither_redirects_nor_pages_lead_to_another_host() {
    let token = mint::npm_token();
    let foreign = Script::new(|_| Answer::json(200, &json!({ "objects": [], "username": "alice" })));
    let next = format!("{}/-/npm/v1/tokens?page=1", foreign.url());
    let server = Script::registry(
        &token,
        vec![
            ("/-/whoami", Answer::json(200, &json!({ "username": "alice" }))),
            ("/-/npm/v1/tokens", Answer::json(200, &json!({ "objects": [], "urls": { "next": next } }))),
            ("/-/v1/search", Answer::status(302).with("location", &format!("{}/-/v1/search", foreign.url()))),
            ("/-/stage", Answer::status(307).with("location", &format!("{}/-/stage", foreign.url()))),
        ],
    );
    let repo = Repo::new();
    repo.commit("leak", &[(".npmrc", &npmrc(&server, &token))]);
    let endpoint = format!("npm={}/", server.url());
    let output = Keyrake::scan(repo.path(), ["--endpoint", &endpoint]).run().exits(1);
    assert_eq!(output.finding()["validity"]["state"], "active");
    assert_eq!(foreign.requests().len(), 0, "{:?}", foreign.requests());
}

#[test]
fn a_body_without_end_is_cut_off() {
    let token = mint::npm_token();
    let body = format!("{{\"username\": \"{}\"}}", "a".repeat(64 << 20));
    let server = Script::new(move |_| Answer::text(200, "application/json", &body));
    let repo = Repo::new();
    repo.commit("leak", &[(".npmrc", &npmrc(&server, &token))]);
    let endpoint = format!("npm={}/", server.url());
    let output = Keyrake::scan(repo.path(), ["--endpoint", &endpoint]).run().exits(1);
    assert_eq!(output.finding()["validity"]["state"], "unknown", "{}", output.stdout.len());
}
