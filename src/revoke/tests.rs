use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::model::Secret;
use crate::registry::script::{self, Play, Script, Seen, json as answer, mask, npm, token};

const KEY: &str = "5b5f3e0e-0000-4000-8000-000000000000";
const BYPASS: &str = "Granular access tokens that bypass two-factor authentication may not perform this action.";

/// A registry with one token: whoami, the owner's list, and deletions that a function answers.
/// The function also says whether the token is dead afterwards.
fn registry(lists_to_itself: bool, erase: impl Fn(&Seen) -> (Play, bool) + Send + Sync + 'static) -> Script {
    let (secret, operator, dead) = (token(b'a'), token(b'o'), AtomicBool::new(false));
    let row = json!({"key": KEY, "token": mask(&secret), "bypass_2fa": true, "revoked": null,
        "permissions": [{"name": "package", "action": "write"}]});
    Script::start(move |seen| {
        let gone = dead.load(Ordering::SeqCst);
        let owner = seen.is_signed_by(&operator);
        let itself = seen.is_signed_by(&secret) && !gone;
        if seen.method == "DELETE" {
            let (play, dies) = erase(seen);
            dead.fetch_or(dies, Ordering::SeqCst);
            return play;
        }
        match seen.path.split('?').next().unwrap() {
            "/-/whoami" if owner || itself => answer(200, &json!({"username": "alice"})),
            "/-/npm/v1/tokens" if owner || (itself && lists_to_itself) => {
                let rows: Vec<&Value> = if gone { Vec::new() } else { vec![&row] };
                answer(200, &json!({"objects": rows, "urls": {}}))
            }
            _ => answer(401, &json!({"error": "Unauthorized"})),
        }
    })
}

fn subject(secret: Secret) -> Subject {
    Subject::Credential { fingerprint: "kr1:x:y".into(), credential: script::credential(secret) }
}

fn ask(server: &Script, operator: bool, act: bool, code: Option<&str>) -> (Receipt, Http) {
    let operator = operator.then(|| token(b'o'));
    let endpoints = server.as_public(operator.as_ref());
    let http = script::http();
    let options = RevokeOptions { act, ..RevokeOptions::default() };
    let mut receipts = run(&[subject(token(b'a'))], &endpoints, &http, &options, &mut || code.map(str::to_owned));
    let receipt = receipts.remove(0);
    let raw = String::from_utf8(token(b'a').expose().to_vec()).unwrap();
    let printed = format!("{receipt:?} {:?}", http.ledger());
    assert!(!printed.contains(&raw), "{printed}");
    assert_eq!(receipt.requests.len(), server.seen().len());
    (receipt, http)
}

fn deletions(server: &Script) -> Vec<Seen> {
    server.seen().into_iter().filter(|seen| seen.method == "DELETE").collect()
}

#[test]
fn a_dry_run_sends_no_deletion() {
    for (operator, lists, way) in
        [(true, false, Way::OperatorByKey), (false, true, Way::SelfByKey), (false, false, Way::SelfByValue)]
    {
        let server = registry(lists, |_| (Play::Reset, true));
        let (receipt, _) = ask(&server, operator, false, None);
        assert_eq!((receipt.outcome, receipt.way), (Outcome::Planned, way));
        assert_eq!((receipt.before, receipt.after, receipt.user.as_deref()), (Validity::Active, None, Some("alice")));
        assert!(deletions(&server).is_empty());
    }
}

#[test]
fn deleted_and_dead() {
    for (operator, lists) in [(true, false), (false, true), (false, false)] {
        let server = registry(lists, |_| (Play::Answer(204, Vec::new(), Vec::new()), true));
        let (receipt, http) = ask(&server, operator, true, None);
        assert_eq!(receipt.outcome, Outcome::Revoked);
        assert!(matches!(receipt.after, Some(Validity::Inactive(_))));
        let sent = deletions(&server);
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].is_signed_by(&token(b'o')), operator);
        if operator || lists {
            assert_eq!(sent[0].path, format!("/-/npm/v1/tokens/token/{KEY}"));
        } else {
            let entry = http.ledger().into_iter().find(|entry| entry.method == "DELETE").unwrap();
            assert_eq!(entry.path, format!("/-/npm/v1/tokens/token/{}", token(b'a').redacted()));
        }
    }
}

#[test]
fn a_yes_that_changes_nothing_is_not_revoked() {
    let server = registry(false, |_| (answer(200, &json!({})), false));
    let (receipt, _) = ask(&server, false, true, None);
    assert!(matches!(&receipt.outcome, Outcome::NotRevoked(text) if text.contains("up to an hour")));
    assert_eq!(receipt.after, Some(Validity::Active));
}

#[test]
fn a_code_is_asked_for_once() {
    let wants = |seen: &Seen| match seen.header("npm-otp") {
        Some("123456") => (Play::Answer(204, Vec::new(), Vec::new()), true),
        _ => {
            let headers = vec![("www-authenticate", "OTP".to_owned())];
            (Play::Answer(401, headers, br#"{"error":"invalid OTP"}"#.to_vec()), false)
        }
    };
    for (code, deletes, revoked) in [(Some("123456"), 2, true), (Some("000000"), 2, false), (None, 1, false)] {
        let server = registry(false, wants);
        let (receipt, _) = ask(&server, true, true, code);
        assert_eq!((deletions(&server).len(), receipt.outcome == Outcome::Revoked), (deletes, revoked), "{code:?}");
        assert_eq!(matches!(receipt.way, Way::OwnerPage(_)), !revoked);
    }
}

#[test]
fn a_refusal_points_to_the_owners_page() {
    let server = registry(false, |_| (answer(403, &json!({"error": BYPASS})), false));
    let (receipt, _) = ask(&server, false, true, Some("123456"));
    assert_eq!(receipt.outcome, Outcome::Refused(format!("HTTP 403: {BYPASS}")));
    assert_eq!(receipt.way, Way::OwnerPage("https://www.npm.invalid/settings/tokens".into()));
    assert_eq!((receipt.owner_page.is_some(), receipt.after), (true, Some(Validity::Active)));
    assert_eq!(deletions(&server).len(), 1);
}

#[test]
fn silence_is_unknown_and_not_sent_again() {
    for play in [Play::Hang, Play::Reset, answer(503, &json!({}))] {
        let scripted = play.clone();
        let server = registry(false, move |_| (scripted.clone(), false));
        let (receipt, _) = ask(&server, true, true, None);
        assert!(matches!(receipt.outcome, Outcome::Unknown(_)), "{play:?}");
        assert_eq!((deletions(&server).len(), receipt.after), (1, Some(Validity::Active)));
    }
}

#[test]
fn where_nobody_answers_nobody_knows() {
    let unanswered =
        [(answer(503, &json!({})), "HTTP 503"), (answer(429, &json!({})), "fewer requests"), (Play::Hang, "in time")];
    for (play, words) in unanswered {
        for (operator, act) in [(false, false), (false, true), (true, false), (true, true)] {
            let scripted = play.clone();
            let server = Script::start(move |_| scripted.clone());
            let (receipt, _) = ask(&server, operator, act, None);
            let expected = format!("the registry could not be asked: {words}");
            assert!(
                matches!(&receipt.outcome, Outcome::Unknown(why) if why.contains(words)),
                "{expected}: {receipt:?}"
            );
            assert!(matches!(receipt.before, Validity::Unknown(_)) && receipt.after.is_none(), "{receipt:?}");
            assert!(deletions(&server).is_empty());
        }
    }
}

#[test]
fn an_owners_list_that_does_not_come_leaves_it_open() {
    let operator = token(b'o');
    let (secret, other) = (token(b'a'), json!({"key": KEY, "token": mask(&token(b'z'))}));
    let page = |next: &str| answer(200, &json!({"objects": [other], "urls": {"next": next}}));
    let (head, tail) = secret.ends().unwrap();
    let cases = [
        (answer(503, &json!({})), true),
        (page("/-/npm/v1/tokens?page=1"), true),
        (page(""), false),
        (answer(401, &json!({})), false),
    ];
    for (list, open) in cases {
        let (said, signer, leaked) = (format!("{list:?}"), operator.clone(), secret.clone());
        let server = Script::start(move |seen| match seen.path.as_str() {
            "/-/whoami" if seen.is_signed_by(&signer) => answer(200, &json!({"username": "alice"})),
            "/-/whoami" if seen.is_signed_by(&leaked) => answer(403, &json!({"error": "turned away"})),
            "/-/whoami" => answer(401, &json!({})),
            "/-/npm/v1/tokens?perPage=100" => list.clone(),
            _ => answer(503, &json!({})),
        });
        let subjects = [
            subject(secret.clone()),
            Subject::Report {
                fingerprint: "kr1:x:y".into(),
                registry: npm(),
                endpoint: server.base.to_string(),
                head: head.into(),
                tail: tail.into(),
            },
        ];
        let endpoints = server.as_public(Some(&operator));
        let receipts = run(&subjects, &endpoints, &script::http(), &RevokeOptions::default(), &mut || None);
        for receipt in receipts {
            assert_eq!(matches!(receipt.outcome, Outcome::Unknown(_)), open, "{said} {receipt:?}");
            assert_eq!(matches!(receipt.outcome, Outcome::NotPossible(_)), !open, "{said} {receipt:?}");
        }
    }
}

#[test]
fn the_time_of_a_receipt_has_seconds() {
    let server = registry(false, |_| (Play::Reset, true));
    let time = ask(&server, false, false, None).0.time;
    assert_eq!((time.len(), time.ends_with('Z')), ("2026-11-24T03:00:00Z".len(), true), "{time}");
    let fine: Timestamp = "2026-11-24T03:00:00.987654321Z".parse().unwrap();
    assert_eq!(to_the_second(fine).to_string(), "2026-11-24T03:00:00Z");
}

#[test]
fn dead_already_and_passwords_and_strangers() {
    let server = registry(false, |_| (Play::Reset, false));
    let endpoints = server.as_public(None);
    let http = script::http();
    let options = RevokeOptions { act: true, ..RevokeOptions::default() };
    let mut password = script::credential(Secret::password("s3cret-pw"));
    password.user = Some("alice".into());
    let mut stranger = script::credential(token(b'a'));
    stranger.hosts.insert(crate::model::BoundHost { host: "evil.invalid".into(), port: None, path: "/".into() });
    let subjects = [
        subject(token(b'z')),
        Subject::Credential { fingerprint: String::new(), credential: password },
        Subject::Credential { fingerprint: String::new(), credential: stranger },
    ];
    let receipts = run(&subjects, &endpoints, &http, &options, &mut || None);
    assert_eq!(receipts[0].outcome, Outcome::AlreadyInactive);
    // The public registry may take no passwords at all, so its refusal does not settle the matter.
    assert!(matches!(&receipts[1].outcome, Outcome::NotPossible(text) if text.contains("only changed by its owner")));
    assert!(matches!(receipts[2].outcome, Outcome::NotPossible(_)));
    assert!(receipts[2].requests.is_empty());
    assert!(deletions(&server).is_empty());
}

#[test]
fn a_working_password_is_its_owners_matter() {
    let server = Script::start(|seen| match (seen.path.as_str(), seen.header("authorization")) {
        ("/-/whoami", Some("Basic YWxpY2U6czNjcmV0LXB3")) => answer(200, &json!({"username": "alice"})),
        _ => answer(401, &json!({})),
    });
    let mut credential = script::credential(Secret::password("s3cret-pw"));
    credential.user = Some("alice".into());
    let subject = Subject::Credential { fingerprint: String::new(), credential };
    let options = RevokeOptions { act: true, ..RevokeOptions::default() };
    let receipts = run(&[subject], &server.as_public(None), &script::http(), &options, &mut || None);
    assert!(matches!(receipts[0].outcome, Outcome::NotPossible(_)));
    assert_eq!(receipts[0].way, Way::OwnerPage("https://www.npm.invalid/settings/password".into()));
    assert!(deletions(&server).is_empty());
}

#[test]
fn a_report_is_enough_for_the_owners_session() {
    let server = registry(false, |_| (Play::Answer(204, Vec::new(), Vec::new()), true));
    let secret = token(b'a');
    let (head, tail) = secret.ends().unwrap();
    let subject = |endpoint: String| Subject::Report {
        fingerprint: "kr1:x:y".into(),
        registry: npm(),
        endpoint,
        head: head.into(),
        tail: tail.into(),
    };
    let subjects = [subject(server.base.to_string()), subject("https://evil.invalid/".into())];
    let options = RevokeOptions { act: true, ..RevokeOptions::default() };
    let endpoints = server.as_public(Some(&token(b'o')));
    let receipts = run(&subjects, &endpoints, &script::http(), &options, &mut || None);
    assert_eq!((&receipts[0].outcome, &receipts[0].way), (&Outcome::Revoked, &Way::OperatorByKey));
    assert_eq!(receipts[0].redacted, secret.redacted());
    assert!(matches!(receipts[1].outcome, Outcome::NotPossible(_)));
    assert_eq!(deletions(&server).len(), 1);
}

#[test]
fn waiting_looks_again() {
    let looks = AtomicUsize::new(0);
    let secret = token(b'a');
    let deleted = AtomicBool::new(false);
    let server = Script::start(move |seen| {
        deleted.fetch_or(seen.method == "DELETE", Ordering::SeqCst);
        let lives = !deleted.load(Ordering::SeqCst) || looks.fetch_add(1, Ordering::SeqCst) < 1;
        match seen.path.as_str() {
            _ if seen.method == "DELETE" => Play::Answer(204, Vec::new(), Vec::new()),
            "/-/whoami" if seen.is_signed_by(&secret) && lives => answer(200, &json!({"username": "alice"})),
            _ => answer(401, &json!({})),
        }
    });
    let options = RevokeOptions { act: true, wait: Some(Duration::from_millis(300)), ..RevokeOptions::default() };
    let receipts = run(&[subject(token(b'a'))], &server.as_public(None), &script::http(), &options, &mut || None);
    assert_eq!(receipts[0].outcome, Outcome::Revoked);
}

#[test]
fn a_client_that_only_explains_deletes_nothing() {
    let server = registry(true, |_| (Play::Reset, true));
    let options = crate::registry::http::HttpOptions { explain: true, ..Default::default() };
    let http = Http::new(options).unwrap();
    let options = RevokeOptions { act: true, ..RevokeOptions::default() };
    let receipts = run(&[subject(token(b'a'))], &server.as_public(Some(&token(b'o'))), &http, &options, &mut || None);
    assert!(!matches!(receipts[0].outcome, Outcome::Revoked | Outcome::AlreadyInactive), "{receipts:?}");
    assert!(server.seen().is_empty() && !http.ledger().is_empty());
}

#[test]
fn a_gate_that_turns_everybody_away_revokes_nothing() {
    let deleted = AtomicBool::new(false);
    let server = Script::start(move |seen| {
        deleted.fetch_or(seen.method == "DELETE", Ordering::SeqCst);
        match seen.path.as_str() {
            _ if seen.method == "DELETE" => answer(200, &json!({})),
            _ if deleted.load(Ordering::SeqCst) => answer(403, &json!({"error": "blocked"})),
            "/-/whoami" => answer(200, &json!({"username": "alice"})),
            _ => answer(404, &json!({})),
        }
    });
    let (receipt, _) = ask(&server, false, true, None);
    assert!(matches!(receipt.outcome, Outcome::Unknown(_)), "{receipt:?}");
    assert!(matches!(receipt.after, Some(Validity::Unknown(Unknown::Unavailable(_)))), "{receipt:?}");
}

#[test]
fn a_token_that_its_owners_list_still_holds_is_not_revoked() {
    let deleted = AtomicBool::new(false);
    let (secret, operator) = (token(b'a'), token(b'o'));
    let row = json!({"key": KEY, "token": mask(&secret)});
    let server = Script::start(move |seen| {
        deleted.fetch_or(seen.method == "DELETE", Ordering::SeqCst);
        let lives = seen.is_signed_by(&secret) && !deleted.load(Ordering::SeqCst);
        match seen.path.split('?').next().unwrap() {
            _ if seen.method == "DELETE" => answer(200, &json!({})),
            "/-/whoami" if lives || seen.is_signed_by(&operator) => answer(200, &json!({"username": "alice"})),
            "/-/npm/v1/tokens" if seen.is_signed_by(&operator) => answer(200, &json!({"objects": [row]})),
            _ => answer(401, &json!({})),
        }
    });
    let (receipt, _) = ask(&server, true, true, None);
    assert_eq!(receipt.way, Way::OperatorByKey);
    assert!(matches!(receipt.outcome, Outcome::Unknown(_)), "{receipt:?}");
}

#[test]
fn one_that_dies_in_between_is_seen_to_be_dead() {
    for (dies, expected) in
        [(true, "Unknown(\"HTTP 404: HTTP 404; it is dead now\")"), (false, "Refused(\"HTTP 404: HTTP 404\")")]
    {
        let server = registry(false, move |_| (answer(404, &json!({})), dies));
        let (receipt, _) = ask(&server, false, true, None);
        assert_eq!(format!("{:?}", receipt.outcome), expected);
        assert_eq!(matches!(receipt.after, Some(Validity::Inactive(_))), dies);
        assert_eq!(deletions(&server).len(), 1);
    }
}

#[test]
fn every_server_that_may_have_issued_it_is_settled() {
    use crate::model::BoundHost;
    let dead = Script::start(|_| answer(401, &json!({})));
    let alive = registry(false, |_| (Play::Answer(204, Vec::new(), Vec::new()), true));
    let bound = |server: &Script| BoundHost {
        host: server.base.host_str().unwrap().into(),
        port: server.base.port(),
        path: "/".into(),
    };
    let mut credential = script::credential(token(b'a'));
    credential.self_identifying = false;
    credential.hosts = [&dead, &alive].map(bound).into_iter().collect();
    let subjects = [Subject::Credential { fingerprint: "kr1:x:y".into(), credential }];
    let outcomes = |servers: &[&Script]| {
        let given = servers.iter().map(|server| (npm(), server.base.clone())).collect();
        let endpoints = Endpoints::new(&script::rules(None), given, Vec::new()).unwrap();
        let options = RevokeOptions { act: true, ..RevokeOptions::default() };
        let receipts = run(&subjects, &endpoints, &script::http(), &options, &mut || None);
        receipts.into_iter().map(|receipt| receipt.outcome).collect::<Vec<_>>()
    };
    // The live one is not known here: that the other does not know the token is not the end of it.
    let partly = outcomes(&[&dead]);
    assert!(matches!(partly.as_slice(), [Outcome::AlreadyInactive, Outcome::NotPossible(_)]), "{partly:?}");
    let both = outcomes(&[&dead, &alive]);
    assert_eq!(both.len(), 2, "{both:?}");
    assert!(both.contains(&Outcome::Revoked) && both.contains(&Outcome::AlreadyInactive), "{both:?}");
}

#[test]
fn a_code_that_the_server_repeats_is_not_shown() {
    let server = registry(false, |seen| match seen.header("npm-otp") {
        Some(code) => (answer(403, &json!({"error": format!("code {code} is of another account")})), false),
        None => (Play::Answer(401, vec![("www-authenticate", "OTP".to_owned())], Vec::new()), false),
    });
    let (receipt, http) = ask(&server, false, true, Some("483920"));
    assert_eq!(receipt.outcome, Outcome::Refused("HTTP 403: code *** is of another account".into()));
    assert!(!format!("{receipt:?} {:?}", http.ledger()).contains("483920"));
}
