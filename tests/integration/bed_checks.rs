//! The beds themselves: that the servers behave as the other tests take for granted. No keyrake in here.

use std::io::{Read, Write};
use std::net::TcpStream;

use keyrake::model::Checksum;
use serde_json::json;

use crate::support::client;
use crate::support::mint;
use crate::support::mitm::Mitm;
use crate::support::repo::Repo;
use crate::support::script::{Answer, Script};
use crate::support::verdaccio::{Right, Tokens, Verdaccio};

#[test]
fn verdaccio_limits_and_revokes_tokens_of_both_shapes() {
    for tokens in [Tokens::Jwt, Tokens::Npm] {
        let Some(registry) = Verdaccio::start(tokens) else { return };
        let alice = registry.login("alice");
        registry.publish(&alice, "bed-package");
        let before = registry.packages();
        assert!(before.keys().any(|path| path.ends_with("bed-package/bed-package-1.0.0.tgz")), "{before:?}");

        let write = registry.create_token(&alice, Right::ReadWrite);
        let read = registry.create_token(&alice, Right::ReadOnly);
        let elsewhere = registry.create_token(&alice, Right::From("127.0.0.2/32"));
        assert_eq!(registry.whoami(&write.value).as_deref(), Some("alice"));
        assert_eq!(registry.whoami(&read.value).as_deref(), Some("alice"));
        assert_eq!(registry.whoami(&elsewhere.value), None);
        assert_eq!(registry.whoami(&mint::npm_token()), None);
        let empty = json!({});
        assert_eq!(registry.send("PUT", "/bed-package", Some(&write.value), Some(&empty)).status, 422);
        assert_eq!(registry.send("PUT", "/bed-package", Some(&read.value), Some(&empty)).status, 403);

        let masked = match tokens {
            Tokens::Jwt => format!("{}...{}", &write.value[..5], &write.value[write.value.len() - 5..]),
            Tokens::Npm => format!("{}...{}", &write.value[..8], &write.value[36..]),
        };
        let rows = registry.token_rows(&alice);
        assert!(rows.iter().any(|row| row["token"] == masked.as_str() && row["key"] == write.key.as_str()), "{rows:?}");
        assert_eq!(tokens == Tokens::Npm, Checksum::Crc32Base62.holds(&write.value.as_bytes()[4..]));

        let delete =
            |name: &str| registry.send("DELETE", &format!("/-/npm/v1/tokens/token/{name}"), Some(&alice.token), None);
        assert_eq!(delete(&write.value).status, 200);
        assert_eq!(registry.whoami(&write.value).as_deref(), Some("alice"), "a revoke by value does nothing");
        assert_eq!(delete(&write.key).status, 200);
        assert_eq!(registry.whoami(&write.value), None);
        assert_eq!(registry.packages(), before);
    }
}

#[test]
fn mitmproxy_puts_faults_before_a_server() {
    let server = Script::new(|_| Answer::json(200, &json!({ "username": "alice" })));
    let Some(mitm) = Mitm::in_front_of(&server.url()) else { return };
    let ask = || client::send("GET", &format!("{}/-/whoami", mitm.url()), None, None);

    mitm.faults("429 2\n503\ngarbage\nhtml\nredirect http://foreign.invalid/\nreset\ntruncate");
    let statuses: Vec<_> = (0..5).map(|_| ask().expect("an answer").status).collect();
    assert_eq!(statuses, [429, 503, 200, 200, 302]);
    assert!(ask().is_err(), "a reset is no answer");
    ask().expect("an answer that is cut short");
    assert_eq!(ask().expect("an answer").json()["username"], "alice");
    mitm.faults("always 500");
    assert_eq!((ask().expect("an answer").status, ask().expect("an answer").status), (500, 500));
    assert_eq!(mitm.requests().len(), 10);
    assert_eq!(mitm.requests()[0], "GET 127.0.0.1 /-/whoami");
}

#[test]
fn mitmproxy_leads_every_host_to_a_server() {
    let server = Script::new(|_| Answer::json(200, &json!({})));
    let Some(mitm) = Mitm::leading_all_to(&server.url()) else { return };
    assert!(mitm.ca_file().is_file());
    let mut stream = TcpStream::connect(mitm.url().trim_start_matches("http://")).expect("the proxy listens");
    stream.write_all(b"GET http://registry.invalid/-/ping HTTP/1.0\r\n\r\n").expect("a request can be sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer can be read");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(mitm.requests(), ["GET registry.invalid /-/ping"]);
    let targets: Vec<_> = server.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(targets, ["/-/ping"]);
}

#[test]
fn scripts_answer_by_signature_and_keep_what_came() {
    let (good, bad) = (mint::npm_token(), mint::npm_token());
    let server = Script::registry(&good, vec![("/-/whoami", Answer::json(200, &json!({ "username": "alice" })))]);
    let ask = |path: &str, token| {
        client::send("GET", &format!("{}{path}", server.url()), token, None).expect("an answer").status
    };
    assert_eq!(ask("/-/whoami?x=1", Some(good.as_str())), 200);
    assert_eq!(ask("/-/whoami", Some(bad.as_str())), 401);
    assert_eq!(ask("/-/other", None), 404);
    let requests = server.requests();
    assert_eq!(requests[0].target, "/-/whoami?x=1");
    assert!(requests[0].signed_with(&good) && requests[0].peer.is_loopback() && requests[0].body.is_empty());
}

#[test]
fn repositories_are_hermetic() {
    let build = || {
        let repo = Repo::new();
        repo.commit("first", &[("a.txt", "one\n")]);
        repo.commit("second", &[("b/c.txt", "two\n")])
    };
    assert_eq!(build(), build());
}
