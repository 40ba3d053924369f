use std::time::{Duration, Instant};

use super::*;
use crate::model::{Secret, Signer};
use crate::registry::endpoint::Endpoint;
use crate::registry::script::{self, Play, Script, json};
use serde_json::json;

fn get(http: &Http, endpoint: &Endpoint, url: &str, authorization: Authorization<'_>) -> Exchange {
    let url = endpoint.base.join(url).unwrap();
    let shown = url.path().to_owned();
    let deadline = Some(Instant::now() + Duration::from_secs(20));
    let signer = Signer::Credential;
    http.get(&Request { endpoint, url, shown, signer, authorization, code: None, cap: BODY_CAP, deadline })
}

fn only(endpoints: &crate::registry::endpoint::Endpoints) -> Endpoint {
    endpoints.iter().next().unwrap().clone()
}

#[test]
fn sends_little_and_records_it() {
    let server = Script::start(|_| json(200, &json!({})));
    let (http, endpoint, secret) = (script::http(), only(&server.endpoints(None)), script::token(b'a'));
    let exchange = get(&http, &endpoint, "-/whoami", Authorization::Bearer(&secret));
    assert_eq!(exchange.outcome.unwrap().status, 200);
    let seen = &server.seen()[0];
    let mut names: Vec<&str> = seen.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "authorization", "host", "user-agent"]);
    assert_eq!(seen.header("user-agent"), Some(concat!("keyrake/", env!("CARGO_PKG_VERSION"))));
    assert!(seen.is_signed_by(&secret));
    let ledger = http.ledger();
    assert_eq!((ledger.len(), ledger[0].id, ledger[0].method, ledger[0].status), (1, 1, "GET", Some(200)));
    assert_eq!(ledger[0].origin, server.base.origin().ascii_serialization());
    get(&http, &endpoint, "-/whoami", Authorization::Basic("alice", &Secret::password("s3cret-pw")));
    assert_eq!(server.seen()[1].header("authorization"), Some("Basic YWxpY2U6czNjcmV0LXB3"));
}

#[test]
fn every_break_has_its_word_and_no_secret() {
    let secret = script::token(b'b');
    let raw = String::from_utf8(secret.expose().to_vec()).unwrap();
    for (play, expected, requests) in [
        (Play::Hang, Failure::TimedOut, 1),
        (Play::Reset, Failure::Reset, 2),
        (Play::Truncate, Failure::Truncated, 2),
        (Play::Garbage, Failure::Garbled, 1),
        (Play::Huge(BODY_CAP + 4096), Failure::TooLarge, 1),
    ] {
        let scripted = play.clone();
        let server = Script::start(move |_| scripted.clone());
        let (http, endpoint) = (script::http(), only(&server.endpoints(None)));
        let exchange = get(&http, &endpoint, "-/whoami", Authorization::Bearer(&secret));
        assert_eq!(exchange.outcome.as_ref().unwrap_err(), &expected, "{play:?}");
        assert_eq!(server.seen().len(), requests, "{play:?}");
        let printed = format!("{exchange:?} {:?} {http:?}", http.ledger());
        assert!(!printed.contains(&raw), "{printed}");
        assert_eq!(http.ledger().len(), requests);
    }
}

#[test]
fn nobody_there_and_no_such_name() {
    let (http, secret) = (script::http(), script::token(b'c'));
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    };
    for (base, expected) in [(closed.as_str(), Failure::Refused), ("https://127.0.0.1:1/", Failure::Refused)] {
        let url = Url::parse(base).unwrap();
        let endpoints =
            crate::registry::endpoint::Endpoints::new(&script::rules(None), vec![(script::npm(), url)], Vec::new());
        let exchange = get(&http, &only(&endpoints.unwrap()), "-/whoami", Authorization::Bearer(&secret));
        assert_eq!(exchange.outcome.unwrap_err(), expected);
    }
}

#[test]
fn tls_that_is_none() {
    let server = Script::start(|_| Play::Reset);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        for mut stream in listener.incoming().flatten().take(4) {
            let _ = stream.read(&mut [0; 512]);
            let _ = stream.write_all(b"HTTP/1.1 400 x\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let mut endpoint = only(&server.endpoints(None));
    endpoint.base = Url::parse(&base).unwrap();
    let exchange = get(&script::http(), &endpoint, "-/whoami", Authorization::Bearer(&script::token(b'd')));
    assert_eq!(exchange.outcome.unwrap_err(), Failure::Tls);
}

#[test]
fn a_redirect_is_not_followed() {
    let other = Script::start(|_| json(200, &json!({"username": "mallory"})));
    let target = other.base.to_string();
    let server = Script::start(move |_| Play::Answer(302, vec![("location", target.clone())], Vec::new()));
    let endpoint = only(&server.endpoints(None));
    let exchange = get(&script::http(), &endpoint, "-/whoami", Authorization::Bearer(&script::token(b'e')));
    assert_eq!(exchange.outcome.unwrap().status, 302);
    assert_eq!((server.seen().len(), other.seen().len()), (1, 0));
}

#[test]
fn nothing_leaves_the_endpoint_or_goes_unencrypted() {
    let server = Script::start(|_| json(200, &json!({})));
    let other = Script::start(|_| json(200, &json!({})));
    let (http, endpoint, secret) = (script::http(), only(&server.endpoints(None)), script::token(b'f'));
    let port = server.base.port().unwrap();
    for url in [
        format!("{}-/whoami", other.base),
        format!("http://u:p@127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
    ] {
        let exchange = get(&http, &endpoint, &url, Authorization::Bearer(&secret));
        assert_eq!(exchange.outcome.unwrap_err(), Failure::Withheld, "{url}");
    }
    let mut plain = endpoint;
    plain.base = Url::parse("http://npm.corp.invalid/").unwrap();
    let exchange = get(&http, &plain, "-/whoami", Authorization::Bearer(&secret));
    assert_eq!(exchange.outcome.unwrap_err(), Failure::Withheld);
    assert_eq!((server.seen().len(), other.seen().len(), http.ledger().len()), (0, 0, 0));
}

#[test]
fn an_address_of_another_machine_is_no_address_to_send_from() {
    let options = |address: &str, explain| HttpOptions {
        source_address: Some(address.parse().unwrap()),
        explain,
        ..HttpOptions::default()
    };
    let error = Http::new(options("192.0.2.1", false)).unwrap_err().to_string();
    assert!(error.starts_with("cannot send from 192.0.2.1: "), "{error}");
    assert!(Http::new(options("127.0.0.1", false)).is_ok() && Http::new(options("192.0.2.1", true)).is_ok());
}

#[test]
fn retry_after_is_honoured_twice_and_only_where_it_fits() {
    let limited = |wait: &'static str| move |_: &_| Play::Answer(429, vec![("retry-after", wait.into())], Vec::new());
    for (wait, requests) in [("0", 3), ("31", 1), ("99999999999999999999", 1), ("Wed, 21 Oct 2026 07:28:00 GMT", 1)] {
        let server = Script::start(limited(wait));
        let endpoint = only(&server.endpoints(None));
        let exchange = get(&script::http(), &endpoint, "-/whoami", Authorization::None);
        assert_eq!((exchange.outcome.unwrap().status, server.seen().len()), (429, requests), "{wait}");
    }
    // A second is waited for, and the answer after it counts.
    let first = std::sync::atomic::AtomicBool::new(true);
    let server = Script::start(move |_| match first.swap(false, std::sync::atomic::Ordering::SeqCst) {
        true => Play::Answer(503, vec![("retry-after", "1".into())], Vec::new()),
        false => json(200, &json!({})),
    });
    let (http, start) = (script::http(), Instant::now());
    let exchange = get(&http, &only(&server.endpoints(None)), "-/whoami", Authorization::None);
    assert_eq!(exchange.outcome.unwrap().status, 200);
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(http.ledger()[0].shows, "asked to wait 1 s");
}

#[test]
fn a_deletion_is_never_sent_twice() {
    for play in [Play::Reset, Play::Truncate, Play::Answer(503, vec![("retry-after", "0".into())], Vec::new())] {
        let scripted = play.clone();
        let server = Script::start(move |_| scripted.clone());
        let (http, endpoint, secret) = (script::http(), only(&server.endpoints(None)), script::token(b'g'));
        let request = Request {
            endpoint: &endpoint,
            url: endpoint.base.join("-/x").unwrap(),
            shown: "/-/x".into(),
            signer: Signer::Credential,
            authorization: Authorization::Bearer(&secret),
            code: Some("123456"),
            cap: BODY_CAP,
            deadline: None,
        };
        let _ = http.delete(&request, &Permit::explicitly_asked_for());
        assert_eq!(server.lines(), ["DELETE /-/x"], "{play:?}");
        assert_eq!(server.seen()[0].header("npm-otp"), Some("123456"));
    }
}

#[test]
fn explaining_sends_nothing() {
    let server = Script::start(|_| json(200, &json!({})));
    let http = Http::new(HttpOptions { explain: true, ..HttpOptions::default() }).unwrap();
    let exchange = get(&http, &only(&server.endpoints(None)), "-/whoami", Authorization::None);
    assert_eq!(exchange.outcome.unwrap_err(), Failure::NotSent);
    assert!(server.seen().is_empty());
    assert_eq!(http.ledger()[0].shows, "would be sent");
}

#[test]
fn the_source_address_is_used_and_bad_certificates_are_named() {
    let options = HttpOptions { source_address: "127.0.0.3".parse().ok(), ..HttpOptions::default() };
    assert!(Http::new(options).is_ok());
    let options = HttpOptions { ca_certificates: vec![b"no certificate".to_vec()], ..HttpOptions::default() };
    assert!(matches!(Http::new(options), Err(HttpError::CaCertificates)));
}

#[test]
fn with_certificates_that_are_broken_nothing_is_sent() {
    let server = Script::start(|_| json(200, &json!({})));
    let broken = [CERTIFICATE, b"\n!!!!\n-----END CERTIFICATE-----\n"].concat();
    let http = Http::new(HttpOptions { ca_certificates: vec![broken], ..HttpOptions::default() }).unwrap();
    let exchange = get(&http, &only(&server.endpoints(None)), "-/whoami", Authorization::None);
    assert_eq!(exchange.outcome.unwrap_err(), Failure::SetUp);
    assert!(server.seen().is_empty());
}
