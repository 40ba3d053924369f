//! Faults between keyrake and a real registry: nothing of it reads as dead, and the token goes nowhere else.

use crate::support::keyrake::Keyrake;
use crate::support::mitm::Mitm;
use crate::support::repo::Repo;
use crate::support::script::{Answer, Script};
use crate::support::verdaccio::{Right, Tokens, Verdaccio, fixtures};

#[test]
fn no_fault_reads_as_dead_or_alive() {
    let Some(registry) = Verdaccio::start(Tokens::Npm) else { return };
    let Some(mitm) = Mitm::in_front_of(&registry.url()) else { return };
    let foreign = Script::new(|_| Answer::status(200));
    let token = registry.create_token(&registry.login("alice"), Right::ReadWrite).value;
    let repo = Repo::new();
    repo.commit("leak", &[(".npmrc", &format!("{}:_authToken={token}\n", mitm.npmrc_host()))]);
    let endpoint = format!("npm={}/", mitm.url());
    let scan = || {
        let patience = ["--endpoint", &endpoint, "--timeout", "2", "--verify-time", "20"];
        Keyrake::scan(repo.path(), patience).run().exits(1)
    };

    let redirect = format!("redirect {}/-/whoami", foreign.url());
    for fault in ["429 1", "503", "hang 3600", "reset", "truncate", "garbage", "html", &redirect] {
        mitm.faults(&format!("always {fault}"));
        let output = scan();
        let finding = output.finding();
        assert_eq!(finding["validity"]["state"], "unknown", "{fault}: {finding}");
        let why = if fault.starts_with("429") { "rate-limited" } else { "unavailable" };
        let code = finding["validity"]["code"].as_str().unwrap_or_default();
        assert!(code == why || code == "refused", "{fault}: {finding}");
        assert_eq!(finding["severity"], "medium", "{fault}: {finding}");
        assert_eq!(output.json()["summary"]["complete"], false, "{fault}: {}", output.stdout);
    }
    assert_eq!(foreign.requests().len(), 0, "a redirect was followed");

    mitm.faults("");
    assert_eq!(scan().finding()["validity"]["state"], "active");
}

#[test]
fn the_public_registry_is_asked_through_a_companys_proxy() {
    let Some(registry) = Verdaccio::start(Tokens::Npm) else { return };
    let Some(mitm) = Mitm::leading_all_to(&registry.url()) else { return };
    let token = registry.create_token(&registry.login("alice"), Right::ReadWrite).value;
    let repo = Repo::new();
    // No host beside it: its own form says that the public registry issued it.
    repo.commit("leak", &[("deploy.sh", &format!("export NPM_TOKEN={token}\n"))]);

    let untrusted = Keyrake::scan(repo.path(), ["."]).proxy(&mitm.url()).run().exits(1);
    assert_eq!(untrusted.finding()["validity"]["state"], "unknown", "{}", untrusted.stdout);
    assert_eq!(mitm.requests(), Vec::<String>::new(), "a certificate that nobody vouches for was accepted");

    let by_flag = Keyrake::scan(repo.path(), ["--ca-file"]).args([mitm.ca_file()]);
    let by_variable = Keyrake::scan(repo.path(), ["."]).env("SSL_CERT_FILE", mitm.ca_file());
    for run in [by_flag, by_variable] {
        let output = run.proxy(&mitm.url()).run().exits(1);
        let finding = output.finding();
        assert_eq!(finding["validity"]["state"], "active", "{finding}");
        assert_eq!(finding["access"]["identity"]["value"], "alice", "{finding}");
    }

    // Only the rules know the public registry's address; the proxy saw that one and no other.
    let rules = fixtures().join("../../../rules/npm.toml");
    let rules = std::fs::read_to_string(rules).expect("the rules of npm");
    for request in mitm.requests() {
        let words: Vec<&str> = request.split(' ').collect();
        assert_eq!(words[0], "GET", "{request}");
        assert!(rules.contains(&format!("https://{}", words[1])), "{request}");
    }
}
