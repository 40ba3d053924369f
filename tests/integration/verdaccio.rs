//! The round trip against a real registry: leak, find, judge, revoke, and see that it is dead.

use serde_json::Value;

use crate::support::keyrake::{Keyrake, Output};
use crate::support::repo::Repo;
use crate::support::verdaccio::{Right, Session, Token, Tokens, Verdaccio};

/// A registry with a user, a package, and one token of each right in the history of a repository.
struct Leak {
    registry: Verdaccio,
    alice: Session,
    write: Token,
    read: Token,
    bound: Token,
    repo: Repo,
}

impl Leak {
    fn new(tokens: Tokens) -> Option<Self> {
        let registry = Verdaccio::start(tokens)?;
        let alice = registry.login("alice");
        registry.publish(&alice, "alices-package");
        let write = registry.create_token(&alice, Right::ReadWrite);
        let read = registry.create_token(&alice, Right::ReadOnly);
        let bound = registry.create_token(&alice, Right::From("127.0.0.2/32"));
        let repo = Repo::new();
        let npmrc = |token: &Token| format!("{}:_authToken={}\n", registry.npmrc_host(), token.value);
        repo.commit("publish from here", &[("publish/.npmrc", &npmrc(&write))]);
        repo.commit("install from here", &[("install/.npmrc", &npmrc(&read))]);
        repo.commit("publish from the build", &[("build/.npmrc", &npmrc(&bound))]);
        for path in ["publish/.npmrc", "install/.npmrc", "build/.npmrc"] {
            repo.remove(path);
        }
        Some(Self { registry, alice, write, read, bound, repo })
    }

    fn scan(&self, args: &[&str]) -> Output {
        let endpoint = format!("npm={}/", self.registry.url());
        Keyrake::scan(self.repo.path(), ["--endpoint", &endpoint]).args(args).run().exits(1)
    }

    /// `keyrake revoke` for one token on standard input; the JSON of its receipt.
    fn revoke(&self, token: &str, args: &[&str], code: i32) -> Value {
        let receipt = self.repo.path().join("receipt.json");
        let endpoint = format!("npm={}/", self.registry.url());
        Keyrake::new(["revoke", "-", "--registry", "npm", "--endpoint", &endpoint, "--receipt"])
            .args([receipt.as_os_str()])
            .args(args)
            .env("NPM_SESSION", &self.alice.token)
            .input(token)
            .run()
            .exits(code);
        let text = std::fs::read_to_string(receipt).expect("the receipt was asked for");
        assert_eq!(crate::support::mint::leaked_in(&text), None);
        serde_json::from_str(&text).expect("a receipt is JSON")
    }
}

fn state(finding: &Value) -> &str {
    finding["validity"]["state"].as_str().unwrap_or_default()
}

/// A claim of the finding, proven, with a proof that stands in the ledger.
#[track_caller]
fn proven(output: &Output, finding: &Value, claim: &str) -> Value {
    let claim = &finding["access"][claim];
    assert_eq!(claim["state"], "proven", "{finding}");
    let ledger = output.json()["ledger"].clone();
    let known: Vec<&Value> = ledger.as_array().expect("a ledger").iter().map(|entry| &entry["id"]).collect();
    let proof = claim["proof"].as_array().cloned().unwrap_or_default();
    assert!(proof.iter().all(|id| known.contains(&id)), "{claim}");
    claim["value"].clone()
}

#[track_caller]
fn outcome(receipt: &Value) -> String {
    let [receipt] = receipt["receipts"].as_array().map(Vec::as_slice).expect("a list of receipts") else {
        panic!("one receipt, not {receipt}");
    };
    receipt["outcome"]["state"].as_str().expect("an outcome").to_owned()
}

#[test]
fn each_token_is_judged_by_what_it_can_do() {
    for tokens in [Tokens::Jwt, Tokens::Npm] {
        let Some(leak) = Leak::new(tokens) else { return };
        let before = leak.registry.packages();
        let output = leak.scan(&[]);
        assert_eq!(output.findings().len(), 3, "{tokens:?}\n{}", output.stdout);

        let write = output.finding_of(&leak.write.value);
        assert_eq!(state(&write), "active", "{write}");
        assert_eq!(proven(&output, &write, "identity"), "alice");
        assert_eq!(proven(&output, &write, "publish"), "yes");
        assert_eq!(write["severity"], "critical", "{write}");

        let read = output.finding_of(&leak.read.value);
        assert_eq!(state(&read), "active", "{read}");
        assert_eq!(proven(&output, &read, "publish"), "no");
        assert_eq!(read["severity"], "medium", "{read}");

        // The server's answer is the one that it gives to dead tokens too.
        let bound = output.finding_of(&leak.bound.value);
        assert_eq!(state(&bound), "unknown", "{bound}");

        for entry in output.json()["ledger"].as_array().expect("a ledger") {
            assert_eq!(entry["method"], "GET", "{entry}");
        }
        assert_eq!(leak.registry.packages(), before, "a probe wrote");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_address_list_is_seen_from_inside_and_by_the_owner() {
    let Some(leak) = Leak::new(Tokens::Npm) else { return };
    let inside = leak.scan(&["--source-address", "127.0.0.2"]);
    let bound = inside.finding_of(&leak.bound.value);
    assert_eq!(state(&bound), "active", "{bound}");
    assert!(proven(&inside, &bound, "network").to_string().contains("127.0.0.2/32"), "{bound}");
    assert_eq!(bound["severity"], "high", "{bound}");
}

#[test]
fn the_owners_session_proves_the_limits() {
    let Some(leak) = Leak::new(Tokens::Npm) else { return };
    let endpoint = format!("npm={}/", leak.registry.url());
    let output = Keyrake::scan(leak.repo.path(), ["--endpoint", &endpoint, "--operator", "npm=env:NPM_SESSION"])
        .env("NPM_SESSION", &leak.alice.token)
        .run()
        .exits(1);
    let bound = output.finding_of(&leak.bound.value);
    assert!(proven(&output, &bound, "network").to_string().contains("127.0.0.2/32"), "{bound}");
    assert_eq!(bound["severity"], "high", "{bound}");
    let read = output.finding_of(&leak.read.value);
    assert_eq!(proven(&output, &read, "publish"), "no");
}

#[test]
fn revoking_by_key_kills_and_the_receipt_proves_it() {
    for tokens in [Tokens::Jwt, Tokens::Npm] {
        let Some(leak) = Leak::new(tokens) else { return };
        let operator = ["--operator", "npm=env:NPM_SESSION"];
        let alive = |token: &Token| leak.registry.whoami(&token.value).is_some();

        let receipt = leak.revoke(&leak.write.value, &operator, 0);
        assert_eq!(outcome(&receipt), "planned", "{receipt}");
        assert!(alive(&leak.write), "a dry run revoked");

        let receipt = leak.revoke(&leak.write.value, &[&operator[..], &["--yes"]].concat(), 0);
        assert_eq!(outcome(&receipt), "revoked", "{receipt}");
        assert!(!alive(&leak.write), "said revoked, but it works");
        assert!(alive(&leak.read), "the wrong one");

        assert_ne!(state(&leak.scan(&[]).finding_of(&leak.write.value)), "active");
    }
}

#[test]
fn a_two_hundred_that_revokes_nothing_is_not_believed() {
    let Some(leak) = Leak::new(Tokens::Jwt) else { return };
    // A login's token stands in no list, so only its value can name it; Verdaccio answers 200 and ignores that.
    let receipt = leak.revoke(&leak.alice.token, &["--yes"], 1);
    assert_eq!(outcome(&receipt), "not-revoked", "{receipt}");
    assert_eq!(leak.registry.whoami(&leak.alice.token).as_deref(), Some("alice"));
}

#[test]
fn a_refused_revocation_is_reported_as_refused() {
    let Some(leak) = Leak::new(Tokens::Npm) else { return };
    let receipt = leak.revoke(&leak.read.value, &["--yes"], 1);
    assert_eq!(outcome(&receipt), "refused", "{receipt}");
    assert!(leak.registry.whoami(&leak.read.value).is_some());

    // Verdaccio has no page for tokens: the owner's session is the way, and the list shows which one.
    let endpoint = format!("npm={}/", leak.registry.url());
    let text = Keyrake::new(["revoke", "--yes", "--endpoint", &endpoint]).input(leak.read.value.clone()).run().exits(1);
    let shown = receipt["receipts"][0]["redacted"].as_str().expect("a redacted form");
    let words: Vec<&str> = text.stdout.split_whitespace().collect();
    let words = words.join(" ");
    assert!(words.contains("next: the same again with --operator npm=env:NAME"), "{words}");
    assert!(words.contains("by hand: in its owner's list of tokens at"), "{words}");
    assert!(words.contains(&format!("(look for {shown})")), "{words}");

    let receipt = leak.revoke(&leak.read.value, &["--operator", "npm=env:NPM_SESSION", "--yes"], 0);
    assert_eq!(outcome(&receipt), "revoked", "{receipt}");
    assert!(leak.registry.whoami(&leak.read.value).is_none());
}

#[test]
fn one_token_on_standard_input_is_verified() {
    let Some(leak) = Leak::new(Tokens::Npm) else { return };
    let endpoint = format!("npm={}/", leak.registry.url());
    let verify = |token: &str| Keyrake::new(["verify", "--format", "json", "--endpoint", &endpoint]).input(token).run();
    let output = verify(&leak.read.value).exits(1);
    assert_eq!(output.finding()["severity"], "medium");
    assert_eq!(proven(&output, &output.finding(), "identity"), "alice");
    let unknown = verify(&crate::support::mint::npm_token());
    assert_eq!(state(&unknown.finding()), "inactive", "{}", unknown.stdout);
}
