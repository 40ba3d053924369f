use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use url::Url;

use super::*;
use crate::model::{BoundHost, Evidence, Severity};
use crate::registry::http::HttpOptions;
use crate::registry::script::{self, Play, Script, json as answer, npm, token};

fn finding(secret: Secret, server: Option<&Script>) -> Finding {
    let mut credential = script::credential(secret);
    credential.self_identifying = false;
    credential.hosts = server.into_iter().map(|server| bound(&server.base)).collect::<BTreeSet<_>>();
    Finding {
        fingerprint: String::new(),
        rule: 0,
        credential,
        companions: Vec::new(),
        evidence: Evidence::Checksum,
        offline: Default::default(),
        endpoint: None,
        inspection: Inspection::unknown(Unknown::Offline, Proof::default()),
        severity: Severity::None,
        because: String::new(),
        locations: Vec::new(),
        suppressed: None,
    }
}

fn bound(base: &Url) -> BoundHost {
    BoundHost { host: base.host_str().unwrap().into(), port: base.port(), path: "/".into() }
}

fn live() -> Script {
    let good = token(b'a');
    Script::start(move |seen| match seen.path.as_str() {
        "/-/whoami" if seen.is_signed_by(&good) => answer(200, &json!({"username": "alice"})),
        "/-/whoami" | "/-/npm/v1/user" => answer(401, &json!({})),
        _ => answer(404, &json!({})),
    })
}

fn whoamis(server: &Script) -> usize {
    server.lines().iter().filter(|line| *line == "GET /-/whoami").count()
}

#[test]
fn each_credential_once_and_results_shared() {
    let server = live();
    let (good, bad) = (token(b'a'), token(b'b'));
    let mut findings =
        [&good, &bad, &good].map(|secret| finding(secret.clone(), Some(&server))).into_iter().collect::<Vec<_>>();
    findings.push(finding(good, None));
    let http = script::http();
    let notes = run(&mut findings, &server.endpoints(None), Some(&http), &VerifyOptions::default());
    let validity: Vec<&Validity> = findings.iter().map(|finding| &finding.inspection.validity).collect();
    assert_eq!((validity[0], validity[2]), (&Validity::Active, &Validity::Active));
    assert!(matches!(validity[1], Validity::Inactive(_)));
    assert_eq!(validity[3], &Validity::Unknown(Unknown::NoHost));
    assert_eq!(findings[0].endpoint.as_deref(), Some(server.base.as_str()));
    assert_eq!(findings[3].endpoint, None);
    // Two credentials and one control.
    assert_eq!((whoamis(&server), notes.len()), (3, 0));
}

#[test]
fn nothing_goes_to_a_host_that_only_a_file_names() {
    let (server, stranger) = (live(), live());
    let mut findings = vec![finding(token(b'a'), Some(&stranger))];
    run(&mut findings, &server.endpoints(None), Some(&script::http()), &VerifyOptions::default());
    let host = bound(&stranger.base).to_string();
    assert_eq!(findings[0].inspection.validity, Validity::Unknown(Unknown::ForeignHost(host)));
    assert_eq!((server.seen().len(), stranger.seen().len()), (0, 0));
}

#[test]
fn offline_and_set_aside_and_lone() {
    let server = live();
    let mut findings = vec![finding(token(b'a'), Some(&server))];
    run(&mut findings, &server.endpoints(None), None, &VerifyOptions::default());
    assert_eq!(findings[0].inspection.validity, Validity::Unknown(Unknown::Offline));
    findings[0].suppressed =
        Some(crate::model::Suppressed { by: crate::model::SuppressedBy::Inline, reason: "test".into() });
    let http = script::http();
    run(&mut findings, &server.endpoints(None), Some(&http), &VerifyOptions::default());
    assert!(server.seen().is_empty());
    let options = VerifyOptions { suppressed_too: true, ..VerifyOptions::default() };
    run(&mut findings, &server.endpoints(None), Some(&http), &options);
    assert_eq!(findings[0].inspection.validity, Validity::Active);
    let mut alone = vec![finding(token(b'a'), None)];
    let options = VerifyOptions { lone: true, ..VerifyOptions::default() };
    run(&mut alone, &server.endpoints(None), Some(&http), &options);
    assert_eq!(alone[0].inspection.validity, Validity::Active);
}

#[test]
fn a_silent_server_costs_one_note_and_the_deadline_holds() {
    let (hung, good) = (Script::start(|_| Play::Hang), live());
    let given = [&hung, &good].map(|server| (npm(), server.base.clone())).to_vec();
    let endpoints = Endpoints::new(&script::rules(None), given, Vec::new()).unwrap();
    let mut findings: Vec<Finding> = (b'c'..b'm').map(|letter| finding(token(letter), Some(&hung))).collect();
    findings.push(finding(token(b'a'), Some(&good)));
    let options = VerifyOptions { deadline: Some(Duration::from_secs(1)), ..VerifyOptions::default() };
    let start = Instant::now();
    let notes = run(&mut findings, &endpoints, Some(&script::http()), &options);
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(notes.len(), 1);
    assert_eq!(
        (notes[0].code, notes[0].place.as_str()),
        (Code::RegistryUnavailable, hung.base.origin().ascii_serialization().as_str())
    );
    let last = |at: usize| &findings[at].inspection.validity;
    assert!(matches!(last(0), Validity::Unknown(Unknown::Unavailable(_))));
    assert_eq!((last(9), last(10)), (&Validity::Unknown(Unknown::Deadline), &Validity::Active));
}

#[test]
fn whoever_ends_the_run_waits_for_no_answer() {
    let good = token(b'a');
    let known = good.clone();
    let server = Script::start(move |seen| match seen.path.as_str() {
        "/-/whoami" if seen.is_signed_by(&known) => answer(200, &json!({"username": "alice"})),
        "/-/whoami" => answer(401, &json!({})),
        _ => Play::Hang,
    });
    let interrupted = Arc::new(AtomicBool::new(false));
    let options = HttpOptions { interrupted: Arc::clone(&interrupted), ..HttpOptions::default() };
    let http = Http::new(options).unwrap();
    let mut findings = [good, token(b'b')].map(|secret| finding(secret, Some(&server)));
    let start = Instant::now();
    let notes = thread::scope(|scope| {
        scope.spawn(|| {
            // The first token's other questions hang.
            while server.seen().iter().all(|seen| seen.path == "/-/whoami") && start.elapsed() < Duration::from_secs(20)
            {
                thread::sleep(Duration::from_millis(5));
            }
            interrupted.store(true, Ordering::Relaxed);
        });
        run(&mut findings, &server.endpoints(None), Some(&http), &VerifyOptions::default())
    });
    assert!(start.elapsed() < Duration::from_secs(10));
    let validity = findings.map(|finding| finding.inspection.validity);
    assert_eq!(validity, [Validity::Active, Validity::Unknown(Unknown::Interrupted)]);
    assert_eq!((notes.len(), notes[0].code), (1, Code::RegistryUnavailable));
    assert!(http.ledger().iter().any(|entry| entry.shows.contains("interrupted")), "{:?}", http.ledger());
}

#[test]
fn an_unknown_registry_is_unsupported() {
    let server = live();
    let other = crate::model::RegistryId::new("other");
    let mut rules = script::rules(None);
    rules.registries[0].id = other.clone();
    let endpoints = Endpoints::new(&rules, vec![(other.clone(), server.base.clone())], Vec::new()).unwrap();
    let mut findings = vec![finding(token(b'a'), Some(&server))];
    findings[0].credential.registry = other;
    run(&mut findings, &endpoints, Some(&script::http()), &VerifyOptions::default());
    assert_eq!(findings[0].inspection.validity, Validity::Unknown(Unknown::Unsupported));
    assert!(server.seen().is_empty());
}

#[test]
fn dead_at_one_server_is_not_dead_at_another() {
    let dead = || Script::start(|_| answer(401, &json!({})));
    let (first, second, good) = (dead(), dead(), live());
    let given = |servers: &[&Script]| {
        let given = servers.iter().map(|server| (npm(), server.base.clone())).collect();
        Endpoints::new(&script::rules(None), given, Vec::new()).unwrap()
    };
    let named = |servers: &[&Script]| {
        let mut finding = finding(token(b'a'), None);
        finding.credential.hosts = servers.iter().map(|server| bound(&server.base)).collect();
        finding
    };
    let asked = |endpoints: &[&Script], hosts: &[&Script]| {
        let mut findings = vec![named(hosts)];
        run(&mut findings, &given(endpoints), Some(&script::http()), &VerifyOptions::default());
        findings.remove(0)
    };
    let alive = asked(&[&first, &good], &[&first, &good]);
    assert_eq!(alive.inspection.validity, Validity::Active);
    assert_eq!(alive.endpoint.as_deref(), Some(good.base.as_str()));
    let gone = asked(&[&first, &second], &[&first, &second]);
    assert!(matches!(gone.inspection.validity, Validity::Inactive(_)));
    // The live server may not be asked here: that the other does not know the token shows nothing.
    let before = good.seen().len();
    let open = asked(&[&first], &[&first, &good]);
    assert_eq!(open.inspection.validity, Validity::Unknown(Unknown::ForeignHost(bound(&good.base).to_string())));
    assert!(open.inspection.notes[0].contains("does not accept it"), "{:?}", open.inspection.notes);
    assert_eq!(good.seen().len(), before);
}
