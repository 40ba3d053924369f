//! What the public registry says and Verdaccio does not, replayed by a scripted server: status and body to verdict.

use serde_json::{Value, json};

use crate::support::keyrake::Keyrake;
use crate::support::mint;
use crate::support::script::{Answer, Script};

/// `keyrake verify` against a registry that knows the token and answers so.
fn verdict(token: &str, answers: Vec<(&'static str, Answer)>) -> Value {
    let server = Script::registry(token, answers);
    let endpoint = format!("npm={}/", server.url());
    let args = ["verify", "--format", "json", "--timeout", "2", "--endpoint", &endpoint];
    Keyrake::new(args).input(token).run().finding()
}

fn whoami() -> (&'static str, Answer) {
    ("/-/whoami", Answer::json(200, &json!({ "username": "alice" })))
}

fn profile() -> (&'static str, Answer) {
    ("/-/npm/v1/user", Answer::json(200, &json!({ "name": "alice", "tfa": null, "cidr_whitelist": null })))
}

fn search() -> (&'static str, Answer) {
    let package = |name: &str, weekly: u64| {
        let maintainers = [json!({ "username": "alice", "email": "alice@example.invalid" })];
        json!({ "package": { "name": name, "version": "1.0.0", "maintainers": maintainers },
                "downloads": { "weekly": weekly, "monthly": 4 * weekly }, "dependents": 3 })
    };
    let page = json!({ "objects": [package("small", 10), package("big", 5000)], "total": 2 });
    ("/-/v1/search", Answer::json(200, &page))
}

/// The token list with the token's own row, as a granular token shows it.
fn list(token: &str, change: impl Fn(&mut Value)) -> (&'static str, Answer) {
    let mut row = json!({
        "key": mint::uuid_token(), "token": format!("{}...{}", &token[..8], &token[36..]), "name": "ci",
        "permissions": [{ "name": "package", "action": "write" }], "scopes": [{ "type": "package", "name": "big" }],
        "cidr": [], "bypass_2fa": true, "revoked": null, "expiry": "2099-01-01T00:00:00.000Z",
        "created": "2026-01-01T00:00:00.000Z", "updated": "2026-01-01T00:00:00.000Z",
    });
    change(&mut row);
    ("/-/npm/v1/tokens", Answer::json(200, &json!({ "objects": [row], "urls": {} })))
}

#[test]
fn the_row_of_a_token_decides() {
    type Change = fn(&mut Value);
    let cases: [(&str, Change, &str, &str); 7] = [
        ("writes, exempt, from anywhere", |_| {}, "active", "critical"),
        ("writes, not exempt", |row| row["bypass_2fa"] = json!(false), "active", "high"),
        ("writes from a list", |row| row["cidr"] = json!(["192.0.2.0/24"]), "active", "high"),
        ("a list that holds all", |row| row["cidr"] = json!(["0.0.0.0/0"]), "active", "critical"),
        ("reads", |row| row["permissions"][0]["action"] = json!("read"), "active", "medium"),
        ("organisations", |row| row["permissions"] = json!([{ "name": "org", "action": "write" }]), "active", "high"),
        ("an unknown scope", |row| row["scopes"][0] = json!({ "type": "galaxy", "name": "*" }), "active", "critical"),
    ];
    for (name, change, state, severity) in cases {
        let token = mint::npm_token();
        let finding = verdict(&token, vec![whoami(), profile(), list(&token, change), search()]);
        assert_eq!(finding["validity"]["state"], state, "{name}: {finding}");
        assert_eq!(finding["severity"], severity, "{name}: {finding}");
    }
}

#[test]
fn without_the_row_the_reach_is_a_range() {
    let token = mint::npm_token();
    let refused = Answer::json(401, &json!({ "error": "Unauthorized" }));
    let finding = verdict(&token, vec![whoami(), ("/-/npm/v1/tokens", refused), search()]);
    assert_eq!(finding["validity"]["state"], "active", "{finding}");
    assert_eq!(finding["access"]["reach"]["state"], "bounded", "{finding}");
    assert_eq!(finding["access"]["network"]["state"], "not-visible", "{finding}");
    assert_eq!(finding["severity"], "high", "{finding}");
}

#[test]
fn three_answers_are_called_401() {
    let ask = |header: &str| {
        let token = mint::npm_token();
        let answer = Answer::json(401, &json!({ "error": "Unauthorized" })).with("www-authenticate", header);
        let server = Script::new(move |_| answer.clone());
        let endpoint = format!("npm={}/", server.url());
        Keyrake::new(["verify", "--format", "json", "--endpoint", &endpoint]).input(token).run().finding()
    };
    let dead = ask("Bearer");
    assert_eq!((&dead["validity"]["state"], &dead["severity"]), (&json!("inactive"), &json!("none")), "{dead}");
    for alive in ["OTP", "Bearer, OTP", "ipaddress", "Basic, IPAddress"] {
        let finding = ask(alive);
        assert_ne!(finding["validity"]["state"], "inactive", "{alive}: {finding}");
    }
}

#[test]
fn nothing_else_is_called_dead() {
    let cases = [
        Answer::status(404),
        Answer::json(403, &json!({ "error": "Forbidden" })),
        Answer::status(500),
        Answer::status(502),
        Answer::status(429).with("retry-after", "1"),
        Answer::text(200, "text/html", "<html>Please log in</html>"),
        Answer::text(401, "text/html", "<html>Please log in to the gateway</html>"),
        Answer::json(401, &json!({})).with("www-authenticate", "Negotiate"),
        Answer::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n{\"user".to_vec()),
    ];
    for answer in cases {
        let shown = format!("{answer:?}");
        let server = Script::new(move |_| answer.clone());
        let endpoint = format!("npm={}/", server.url());
        let args = ["verify", "--format", "json", "--timeout", "2", "--endpoint", &endpoint];
        let finding = Keyrake::new(args).input(mint::npm_token()).run().exits(3).finding();
        assert_eq!(finding["validity"]["state"], "unknown", "{shown}: {finding}");
    }
}

#[test]
fn a_revocation_that_nobody_answers_is_incomplete() {
    for args in [&["--format", "json"][..], &["--format", "json", "--yes"]] {
        let server = Script::new(|_| Answer::status(503));
        let endpoint = format!("npm={}/", server.url());
        let run = Keyrake::new(["revoke", "--timeout", "2", "--endpoint", &endpoint]).args(args);
        let output = run.input(mint::npm_token()).run().exits(3);
        assert_eq!(output.json()["receipts"][0]["outcome"]["state"], "unknown", "{}", output.stdout);
        assert!(server.requests().iter().all(|request| request.method == "GET"), "{:?}", server.requests());
    }
}

#[test]
fn a_server_that_greets_everyone_proves_nothing() {
    // Some answer 200 to any token, with or without a name.
    for body in [json!({}), json!({ "username": "anonymous" })] {
        let server = Script::new(move |_| Answer::json(200, &body));
        let endpoint = format!("npm={}/", server.url());
        let finding = Keyrake::new(["verify", "--format", "json", "--endpoint", &endpoint]).input(mint::npm_token());
        let finding = finding.run().finding();
        assert_ne!(finding["validity"]["state"], "active", "{finding}");
    }
}
