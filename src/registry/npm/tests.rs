use std::collections::HashMap;
use std::sync::Mutex;

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::model::{Administration, Expiry, Inactive, Network, Publish, SecondFactor, Secret, TokenKind};
use crate::registry::client::Memory;
use crate::registry::endpoint::Endpoints;
use crate::registry::script::{self, Play, Script, Seen, json as answer, mask, token};

const NOW: &str = "2026-11-24T00:00:00Z";

/// Answers by path without query, and by who signed; 404 for the rest.
struct Scene {
    token: Secret,
    operator: Secret,
    own: HashMap<&'static str, Play>,
    owners: HashMap<&'static str, Play>,
    anybody: HashMap<&'static str, Play>,
}

impl Scene {
    fn new() -> Self {
        Self::of(token(b'a'))
    }

    fn of(token: Secret) -> Self {
        let operator = script::token(b'o');
        Self { token, operator, own: HashMap::new(), owners: HashMap::new(), anybody: HashMap::new() }
    }

    fn own(mut self, path: &'static str, play: Play) -> Self {
        self.own.insert(path, play);
        self
    }

    fn owners(mut self, path: &'static str, play: Play) -> Self {
        self.owners.insert(path, play);
        self
    }

    fn anybody(mut self, path: &'static str, play: Play) -> Self {
        self.anybody.insert(path, play);
        self
    }

    fn play(self) -> impl Fn(&Seen) -> Play + Send + Sync + 'static {
        let unauthorized = answer(401, &json!({"error": "Unauthorized"}));
        move |seen| {
            let path = seen.path.split('?').next().unwrap();
            let answers = if seen.is_signed_by(&self.token) {
                &self.own
            } else if seen.is_signed_by(&self.operator) {
                &self.owners
            } else if seen.header("authorization").is_some() {
                return unauthorized.clone();
            } else {
                &self.anybody
            };
            answers.get(path).or(self.anybody.get(path)).cloned().unwrap_or_else(|| answer(404, &json!({})))
        }
    }

    fn inspect(self, public: bool) -> Inspection {
        let (credential, operator) = (script::credential(self.token.clone()), self.operator.clone());
        let operator = (!self.owners.is_empty()).then_some(operator);
        let server = Script::start(self.play());
        let endpoints = if public { server.as_public(operator.as_ref()) } else { server.endpoints(operator.as_ref()) };
        inspect(&server, &endpoints, &credential)
    }

    fn validity(self) -> Validity {
        self.inspect(true).validity
    }
}

/// Inspects, and holds the walls that every inspection must hold.
fn inspect(server: &Script, endpoints: &Endpoints, credential: &Credential) -> Inspection {
    let (http, memory, before) = (script::http(), Memory::default(), server.seen().len());
    let endpoint = endpoints.iter().next().unwrap();
    let session = Session::new(&http, endpoint, &memory, Some(credential), NOW.parse::<Timestamp>().unwrap(), None);
    let inspection = Npm.inspect(&session, credential);
    assert!(server.seen().iter().all(|seen| seen.method == "GET"), "{:?}", server.lines());
    assert!(
        server.seen().iter().all(|seen| seen.header("npm-auth-type").is_none() && seen.header("npm-otp").is_none())
    );
    let raw = String::from_utf8(credential.secret.expose().to_vec()).unwrap();
    let printed = format!("{inspection:?} {:?} {session:?}", http.ledger());
    assert!(!printed.contains(&raw), "{printed}");
    assert_eq!(http.ledger().len(), server.seen().len() - before);
    inspection
}

fn access(inspection: &Inspection) -> &Access {
    assert_eq!(inspection.validity, Validity::Active);
    inspection.access.as_ref().unwrap()
}

fn whoami(user: &str) -> Play {
    answer(200, &json!({"username": user}))
}

fn challenge(scheme: &str) -> Play {
    let headers = vec![("content-type", "application/json".to_owned()), ("www-authenticate", scheme.to_owned())];
    Play::Answer(401, headers, br#"{"error":"Unauthorized"}"#.to_vec())
}

fn plain_401() -> Play {
    challenge("Bearer")
}

fn profile(tfa: serde_json::Value, cidr: serde_json::Value) -> Play {
    answer(200, &json!({"name": "alice", "tfa": tfa, "cidr_whitelist": cidr, "email": "a@b.invalid"}))
}

fn tokens(rows: &[serde_json::Value]) -> Play {
    answer(200, &json!({"objects": rows, "urls": {}}))
}

fn granular(secret: &Secret, more: serde_json::Value) -> serde_json::Value {
    let mut row = json!({"key": "5b5f3e0e-0000-4000-8000-000000000000", "token": mask(secret), "cidr": [], "bypass_2fa": true,
        "revoked": null, "expiry": "2027-01-01T00:00:00Z", "permissions": [{"name": "package", "action": "write"}],
        "scopes": [{"type": "package", "name": "big"}]});
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

fn search() -> Play {
    let hit = |name: &str, weekly: u64| {
        json!({"package": {"name": name, "version": "1.0.0", "maintainers": [{"username": "alice"}]},
            "downloads": {"weekly": weekly}, "dependents": 3})
    };
    answer(200, &json!({"objects": [hit("small", 10), hit("big", 900), hit("@s/mid", 50)], "total": 3}))
}

const TOKENS: &str = "/-/npm/v1/tokens";
const USER: &str = "/-/npm/v1/user";
const STAGED: &str = "/-/stage";
const SEARCH: &str = "/-/v1/search";
const WHO: &str = "/-/whoami";

#[test]
fn the_answers_to_whoami() {
    let html = Play::Answer(200, vec![("content-type", "text/html".into())], b"<html>welcome".to_vec());
    let limited = Play::Answer(429, vec![("content-type", "text/html".into())], b"Too many requests".to_vec());
    let unavailable = |words: &str| Validity::Unknown(Unknown::Unavailable(words.into()));
    let redirect = Play::Answer(302, vec![("location", "http://127.0.0.1:9/".into())], Vec::new());
    let cases = [
        (whoami("alice"), Validity::Active),
        (answer(200, &json!({"username": "alice", "token": {"unknown": 1}})), Validity::Active),
        (challenge("ipaddress"), Validity::Active),
        (challenge("Bearer, IPAddress"), Validity::Active),
        (challenge("OTP"), Validity::Active),
        (plain_401(), Validity::Inactive(Inactive::Rejected)),
        (limited, Validity::Unknown(Unknown::RateLimited)),
        (answer(500, &json!({})), unavailable("HTTP 500")),
        (answer(503, &json!({"error": "injected"})), unavailable("HTTP 503")),
        (html, unavailable("HTTP 200: a web page, not a registry")),
        (Play::Truncate, unavailable("the answer broke off")),
        (Play::Garbage, unavailable("the answer was no HTTP")),
        (Play::Reset, unavailable("the connection broke before an answer came")),
        (Play::Hang, unavailable("no answer in time")),
        (Play::Huge(2 << 20), unavailable("the answer was too large")),
        (redirect, unavailable("HTTP 302: a redirect, which is not followed")),
    ];
    for (play, expected) in cases {
        let scene = Scene::new().own(WHO, play.clone()).own(STAGED, plain_401()).own(USER, plain_401());
        assert_eq!(scene.validity(), expected, "{play:?}");
    }
}

#[test]
fn one_plain_401_is_not_death() {
    let staged = || answer(200, &json!({"items": [], "total": 0}));
    let refused = |words: &str| Validity::Unknown(Unknown::Refused(words.into()));
    let nothing_else = "rejected once, and nothing else could be asked";
    let down = || answer(503, &json!({}));
    for (stage, user, expected) in [
        (staged(), plain_401(), Validity::Active),
        (challenge("ipaddress"), plain_401(), Validity::Active),
        (challenge("otp"), plain_401(), Validity::Active),
        (plain_401(), plain_401(), Validity::Inactive(Inactive::Rejected)),
        (answer(404, &json!({})), plain_401(), Validity::Inactive(Inactive::Rejected)),
        (answer(404, &json!({})), profile(json!(null), json!(null)), Validity::Active),
        (answer(404, &json!({})), answer(404, &json!({})), refused(nothing_else)),
        (answer(403, &json!({"error": "no"})), answer(403, &json!({"error": "no"})), refused("no")),
        (down(), down(), Validity::Unknown(Unknown::Unavailable("HTTP 503".into()))),
        (Play::Hang, Play::Hang, Validity::Unknown(Unknown::Unavailable("no answer in time".into()))),
    ] {
        let said = format!("{stage:?} {user:?}");
        let scene = Scene::new().own(WHO, plain_401()).own(STAGED, stage).own(USER, user);
        assert_eq!(scene.validity(), expected, "{said}");
    }
}

#[test]
fn nobody_and_404_and_403() {
    let refused = |words: &str| Validity::Unknown(Unknown::Refused(words.into()));
    let scene = || Scene::new().own(WHO, answer(200, &json!({})));
    assert_eq!(scene().own(USER, plain_401()).validity(), Validity::Inactive(Inactive::Rejected));
    assert_eq!(scene().own(USER, profile(json!(false), json!(null))).validity(), Validity::Active);
    assert!(matches!(scene().validity(), Validity::Unknown(Unknown::Refused(_))));
    assert!(matches!(Scene::new().validity(), Validity::Unknown(Unknown::Unavailable(_))));
    let away = Scene::new().own(WHO, answer(403, &json!({"error": "unauthorized access"})));
    let words = "the server turns it away (unauthorized access): revoked, or this address is not on its list";
    assert_eq!(away.validity(), refused(words));
}

#[test]
fn a_server_that_names_a_user_to_anybody_proves_nothing() {
    let server = Script::start(|seen| match seen.path.as_str() {
        "/-/whoami" => whoami("proxy"),
        _ => answer(404, &json!({})),
    });
    let inspection = inspect(&server, &server.endpoints(None), &script::credential(token(b'a')));
    let words = "the server names the user proxy to any token, so its answer shows nothing";
    assert_eq!(inspection.validity, Validity::Unknown(Unknown::Refused(words.into())));
    assert_eq!(inspection.proof.requests, [1, 2]);
}

#[test]
fn the_owners_list_proves_every_limit() {
    let scene = Scene::new();
    let row = granular(&scene.token, json!({"cidr": ["10.1.0.0/16"]}));
    let inspection = scene
        .own(WHO, whoami("alice"))
        .own(TOKENS, plain_401())
        .owners(WHO, whoami("alice"))
        .owners(TOKENS, tokens(&[row]))
        .owners(USER, profile(json!({"mode": "auth-and-writes", "pending": false}), json!(null)))
        .anybody(SEARCH, search())
        .inspect(true);
    let access = access(&inspection);
    assert_eq!(access.identity.proven().unwrap().user, "alice");
    assert_eq!(access.kind.proven(), Some(&TokenKind::Granular));
    assert_eq!(access.publish.proven(), Some(&Publish::Yes));
    assert_eq!(access.network.proven(), Some(&Network::Only(vec!["10.1.0.0/16".parse().unwrap()])));
    assert_eq!(access.second_factor.proven(), Some(&SecondFactor::NotAsked));
    assert_eq!(access.expiry.proven(), Some(&Expiry::At("2027-01-01T00:00:00Z".into())));
    let reach = access.reach.proven().unwrap();
    assert_eq!((reach.packages, reach.weekly_downloads, reach.biggest[0].name.as_str()), (1, Some(900), "big"));
}

#[test]
fn without_the_list_it_is_a_range() {
    let inspection = Scene::new()
        .own(WHO, whoami("alice"))
        .own(TOKENS, plain_401())
        .own(STAGED, answer(200, &json!({"items": [{}], "total": 2})))
        .own("/-/package/big/version/1.0.0/status", answer(200, &json!({"status": "published"})))
        .anybody("/-/package/big/collaborators", answer(200, &json!({"alice": "read-write"})))
        .anybody(SEARCH, search())
        .inspect(true);
    let access = access(&inspection);
    assert!(matches!(access.kind, Claim::NotVisible(_)) && matches!(access.network, Claim::NotVisible(_)));
    assert!(matches!(access.second_factor, Claim::NotVisible(_)) && matches!(access.expiry, Claim::NotVisible(_)));
    let Claim::Bounded { at_least: Publish::No, at_most: Publish::Yes, proof } = &access.publish else {
        panic!("{:?}", access.publish)
    };
    assert!(proof.note.as_ref().unwrap().contains("may publish big"), "{proof:?}");
    let Claim::Bounded { at_least, at_most, proof } = &access.reach else { panic!("{:?}", access.reach) };
    assert_eq!(
        (at_least.packages, at_most.packages, at_most.weekly_downloads, at_most.dependents),
        (0, 3, Some(960), Some(9))
    );
    assert!(proof.note.as_ref().unwrap().contains("private packages are in no search"));
    assert_eq!(inspection.notes.len(), 2, "{:?}", inspection.notes);
}

#[test]
fn rows_and_what_they_allow() {
    let only_org =
        json!({"permissions": [{"name": "org", "action": "write"}], "scopes": [{"type": "org", "name": "s"}]});
    let read = json!({"permissions": [{"name": "package", "action": "read"}]});
    let cases = [
        (json!({}), Publish::Yes, SecondFactor::NotAsked),
        (json!({"bypass_2fa": false}), Publish::Yes, SecondFactor::Asked),
        (json!({"readonly": true}), Publish::No, SecondFactor::NotAsked),
        (read, Publish::No, SecondFactor::NotAsked),
        (only_org, Publish::No, SecondFactor::NotAsked),
    ];
    for (more, publish, second_factor) in cases {
        let scene = Scene::new();
        let row = granular(&scene.token, more.clone());
        let inspection = scene
            .own(WHO, whoami("alice"))
            .own(TOKENS, tokens(&[row]))
            .own(USER, profile(json!(false), json!(null)))
            .inspect(true);
        let access = access(&inspection);
        assert_eq!(access.publish.proven(), Some(&publish), "{more}");
        assert_eq!(access.second_factor.proven(), Some(&second_factor), "{more}");
        assert_eq!(access.network.proven(), Some(&Network::Anywhere), "{more}");
    }
}

#[test]
fn what_a_token_administers() {
    use Administration::{Account, None, Organisations};
    let org = |action: &str| json!([{"name": "org", "action": action}]);
    let both = json!([{"name": "package", "action": "read"}, {"name": "org", "action": "write"}]);
    let galaxy = json!([{"name": "galaxy", "action": "write"}]);
    // What a row says; what that comes to on npm itself, and on a server of somebody's own.
    let cases = [
        (json!({}), (None, None), (None, Account)),
        (json!({"bypass_2fa": false}), (None, None), (None, Account)),
        (json!({"permissions": org("write")}), (None, None), (Organisations, Account)),
        (
            json!({"permissions": org("write"), "bypass_2fa": false}),
            (Organisations, Organisations),
            (Organisations, Account),
        ),
        (json!({"permissions": both, "bypass_2fa": false}), (Organisations, Organisations), (Organisations, Account)),
        (json!({"permissions": org("write"), "bypass_2fa": null}), (None, Organisations), (Organisations, Account)),
        (json!({"permissions": org("read"), "bypass_2fa": false}), (None, None), (None, None)),
        (json!({"readonly": true, "bypass_2fa": false}), (None, None), (None, None)),
        (
            json!({"permissions": org("write"), "readonly": true, "bypass_2fa": false}),
            (None, Organisations),
            (None, Account),
        ),
        (json!({"permissions": galaxy, "bypass_2fa": false}), (None, Organisations), (None, Account)),
    ];
    for (more, on_npm, elsewhere) in cases {
        for (public, (least, most)) in [(true, on_npm), (false, elsewhere)] {
            let scene = Scene::new();
            let row = granular(&scene.token, more.clone());
            let inspection = scene.own(WHO, whoami("alice")).own(TOKENS, tokens(&[row])).inspect(public);
            assert_eq!(bounds(&access(&inspection).administration), (least, most), "{more} {public}");
        }
    }
    // Without its row, and for a login's session, which is in no row.
    let hidden = Scene::new().own(WHO, whoami("alice")).own(TOKENS, plain_401()).inspect(true);
    assert_eq!(bounds(&access(&hidden).administration), (None, Account));
    for (public, least) in [(true, Account), (false, None)] {
        let list = tokens(&[granular(&token(b'z'), json!({}))]);
        let session = Scene::new().own(WHO, whoami("alice")).own(TOKENS, list).inspect(public);
        assert_eq!(access(&session).kind.proven(), Some(&TokenKind::Session));
        assert_eq!(bounds(&access(&session).administration), (least, Account));
    }
}

/// The least and the most that a claim leaves open.
fn bounds(claim: &Claim<Administration>) -> (Administration, Administration) {
    match claim {
        Claim::Proven(what, _) => (*what, *what),
        Claim::Bounded { at_least, at_most, .. } => (*at_least, *at_most),
        Claim::NotVisible(why) => panic!("{why}"),
    }
}

#[test]
fn networks() {
    let only = |block: &str| Claim::Proven(Network::Only(vec![block.parse().unwrap()]), crate::model::Proof::default());
    let anywhere = || Claim::Proven(Network::Anywhere, crate::model::Proof::default());
    let hidden = || Claim::NotVisible(String::new());
    let cases: [(serde_json::Value, Option<serde_json::Value>, Claim<Network>); 8] = [
        (json!(null), Some(json!(null)), anywhere()),
        (json!([]), Some(json!([])), anywhere()),
        (json!(["0.0.0.0/0"]), Some(json!(null)), anywhere()),
        (json!(["10.0.0.0/8"]), Some(json!(null)), only("10.0.0.0/8")),
        (json!(["10.0.0.0/24"]), Some(json!(null)), only("10.0.0.0/24")),
        (json!([]), Some(json!(["10.2.0.0/16"])), only("10.2.0.0/16")),
        (json!([]), None, hidden()),
        (json!(["10.0.0.0/24"]), None, only("10.0.0.0/24")),
    ];
    for (own, account, expected) in cases {
        let said = format!("{own} {account:?}");
        let scene = Scene::new();
        let row = granular(&scene.token, json!({"cidr": own}));
        let account = account.map_or_else(plain_401, |list| profile(json!(null), list));
        let inspection = scene.own(WHO, whoami("alice")).own(TOKENS, tokens(&[row])).own(USER, account).inspect(true);
        let got = &access(&inspection).network;
        assert_eq!(got.proven(), expected.proven(), "{said}");
        assert_eq!(matches!(got, Claim::NotVisible(_)), matches!(expected, Claim::NotVisible(_)), "{said}");
    }
}

#[test]
fn a_login_session() {
    let scene = Scene::new();
    let other = granular(&token(b'z'), json!({}));
    let inspection = scene
        .own(WHO, whoami("alice"))
        .own(TOKENS, tokens(&[other]))
        .own(USER, profile(json!(null), json!(null)))
        .own(
            "/-/user/alice/package",
            answer(200, &json!({"big": "read-write", "secret": "write", "other": "read-only"})),
        )
        .anybody(SEARCH, search())
        .inspect(true);
    let access = access(&inspection);
    assert_eq!(access.kind.proven(), Some(&TokenKind::Session));
    assert_eq!(access.publish.proven(), Some(&Publish::Yes));
    assert_eq!(access.second_factor.proven(), Some(&SecondFactor::Asked));
    assert_eq!(access.network.proven(), Some(&Network::Anywhere));
    assert!(matches!(access.expiry, Claim::NotVisible(_)));
    let reach = access.reach.proven().unwrap();
    assert_eq!((reach.packages, reach.weekly_downloads), (4, Some(960)));
}

#[test]
fn barred_by_address_or_by_code() {
    let inspection = Scene::new().own(WHO, challenge("ipaddress")).inspect(true);
    assert_eq!(access(&inspection).network.proven(), Some(&Network::Only(Vec::new())));
    let scene = Scene::new();
    let row = granular(&scene.token, json!({"cidr": ["10.1.0.0/16"]}));
    let known = scene.own(WHO, challenge("ipaddress")).owners(WHO, whoami("alice")).owners(TOKENS, tokens(&[row]));
    let inspection = known.inspect(true);
    assert_eq!(access(&inspection).network.proven(), Some(&Network::Only(vec!["10.1.0.0/16".parse().unwrap()])));
    assert_eq!(access(&inspection).identity.proven().unwrap().user, "alice");
    let inspection = Scene::new().own(WHO, challenge("OTP")).inspect(true);
    assert_eq!(access(&inspection).second_factor.proven(), Some(&SecondFactor::Asked));
}

#[test]
fn what_the_owners_list_says_of_a_refused_token() {
    for (more, expected) in [
        (json!({"revoked": "2026-11-01T00:00:00Z"}), Validity::Inactive(Inactive::Revoked)),
        (json!({"expiry": "2026-11-01T00:00:00Z"}), Validity::Inactive(Inactive::Expired)),
        (json!({"cidr": ["10.1.0.0/16"]}), Validity::Active),
    ] {
        for refusal in [plain_401(), answer(403, &json!({"error": "unauthorized access"}))] {
            let scene = Scene::new();
            let row = granular(&scene.token, more.clone());
            let scene = scene
                .own(WHO, refusal)
                .own(STAGED, plain_401())
                .owners(WHO, whoami("alice"))
                .owners(TOKENS, tokens(&[row]));
            assert_eq!(scene.validity(), expected, "{more}");
        }
    }
}

#[test]
fn a_generated_token_of_verdaccio() {
    let key = "dc17".repeat(8);
    let payload = json!({"name": "alice", "token": {"key": key}, "exp": 1_900_000_000});
    let row = |more: serde_json::Value| {
        let mut row = json!({"user": "alice", "token": "eyJhb...WIgb2", "key": key, "cidr": [], "readonly": false});
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        answer(200, &json!({"objects": [row], "urls": {"next": ""}}))
    };
    let stub = || profile(json!(false), json!(null));
    let scene = || Scene::of(jwt::token(&payload)).own(WHO, whoami("alice")).own(USER, stub());
    let inspection = scene().own(TOKENS, row(json!({}))).inspect(false);
    let claims = access(&inspection);
    assert_eq!(claims.kind.proven(), Some(&TokenKind::Other("Verdaccio token".into())));
    assert_eq!(claims.publish.proven(), Some(&Publish::Yes));
    assert_eq!(claims.second_factor.proven(), Some(&SecondFactor::NotAsked));
    assert_eq!(claims.network.proven(), Some(&Network::Anywhere));
    assert_eq!(claims.expiry.proven(), Some(&Expiry::At("2030-03-17T17:46:40Z".into())));
    assert!(matches!(claims.reach, Claim::NotVisible(_)));
    let inspection = scene().own(TOKENS, row(json!({"readonly": true}))).inspect(false);
    assert_eq!(access(&inspection).publish.proven(), Some(&Publish::No));
    assert_eq!(access(&inspection).administration.proven(), Some(&Administration::None));

    let away = || {
        let away = answer(403, &json!({"error": "unauthorized access"}));
        Scene::of(jwt::token(&payload)).own(WHO, away).owners(WHO, whoami("alice")).owners(USER, stub())
    };
    let inspection = away().owners(TOKENS, row(json!({"cidr": ["127.0.0.2/32"]}))).inspect(false);
    assert_eq!(access(&inspection).network.proven(), Some(&Network::Only(vec!["127.0.0.2/32".parse().unwrap()])));
    assert_eq!(access(&inspection).publish.proven(), Some(&Publish::Yes));
    let unclear = |scene: Scene| matches!(scene.inspect(false).validity, Validity::Unknown(Unknown::Refused(_)));
    assert!(unclear(away().owners(TOKENS, row(json!({})))));
    let gone = tokens(&[]);
    assert_eq!(away().owners(TOKENS, gone.clone()).inspect(false).validity, Validity::Inactive(Inactive::Revoked));
    // Another owner's list says nothing, nor does a list for a token that lists never hold.
    assert!(unclear(away().owners(WHO, whoami("bob")).owners(TOKENS, gone.clone())));
    let mut login = away().owners(TOKENS, gone);
    login.token = jwt::token(&json!({"name": "alice"}));
    assert!(unclear(login));
}

#[test]
fn an_expired_token_says_so_itself() {
    let old = json!({"name": "alice", "exp": 1_600_000_000});
    let scene = Scene::of(jwt::token(&old)).own(WHO, answer(200, &json!({}))).own(USER, plain_401());
    assert_eq!(scene.inspect(false).validity, Validity::Inactive(Inactive::Expired));
    let scene = Scene::of(jwt::token(&old)).own(WHO, whoami("alice"));
    assert_eq!(scene.inspect(false).validity, Validity::Active);
}

#[test]
fn a_list_in_another_form_says_nothing() {
    let row = json!({"user": "alice", "token": "eyJhb...VmVUs", "key": "0".repeat(32), "cidr": [], "readonly": false});
    let inspection = Scene::new().own(WHO, whoami("alice")).own(TOKENS, tokens(&[row])).inspect(false);
    assert!(matches!(access(&inspection).kind, Claim::NotVisible(_)));
    assert!(matches!(access(&inspection).publish, Claim::Bounded { .. }));
}

#[test]
fn a_password() {
    let server = Script::start(|seen| match (seen.path.as_str(), seen.header("authorization")) {
        ("/-/whoami", Some("Basic YWxpY2U6czNjcmV0LXB3")) => whoami("alice"),
        ("/-/npm/v1/user", Some("Basic YWxpY2U6czNjcmV0LXB3")) => profile(json!(false), json!(null)),
        ("/-/whoami", _) => answer(200, &json!({})),
        _ => plain_401(),
    });
    let mut credential = script::credential(Secret::password("s3cret-pw"));
    let endpoints = server.endpoints(None);
    let unsure = inspect(&server, &endpoints, &credential);
    assert_eq!(unsure.validity, Validity::Unknown(Unknown::Unsupported));
    credential.user = Some("alice".into());
    let inspection = inspect(&server, &endpoints, &credential);
    let claims = access(&inspection);
    assert_eq!(claims.kind.proven(), Some(&TokenKind::Password));
    assert!(matches!(claims.publish, Claim::Bounded { at_most: Publish::Yes, .. }));
    assert_eq!(claims.administration.proven(), Some(&Administration::Account));
    assert_eq!(claims.second_factor.proven(), Some(&SecondFactor::NotAsked));
    assert!(!server.lines().iter().any(|line| line.contains("tokens")));
    credential.secret = Secret::password("wrong-pw");
    assert_eq!(inspect(&server, &endpoints, &credential).validity, Validity::Inactive(Inactive::Rejected));
}

#[test]
fn next_pages() {
    let foreign = Script::start(|_| tokens(&[]));
    let secret = token(b'a');
    let cases = [
        ("/-/npm/v1/tokens?page=1&perPage=100".to_owned(), None, 2),
        ("?page=1".to_owned(), None, 2),
        (String::new(), Some("absent"), 1),
        ("/-/npm/v1/tokens?perPage=100".to_owned(), Some("the list's pages lead in a circle"), 1),
        (
            format!("{}-/npm/v1/tokens?page=1", foreign.base),
            Some("the list's next page is on another server, which was not asked"),
            1,
        ),
        (
            "//127.0.0.1:9/-/npm/v1/tokens?page=1".to_owned(),
            Some("the list's next page is on another server, which was not asked"),
            1,
        ),
        ("/-/package/x/trust".to_owned(), Some("the list's next page is not a list, and was not asked for"), 1),
        ("http://[".to_owned(), Some("the list's next page has no readable address"), 1),
    ];
    for (next, gap, pages) in cases {
        let (row, link) = (granular(&secret, json!({})), next.clone());
        let server = Script::start(move |seen| match seen.path.as_str() {
            "/-/npm/v1/tokens?page=1" | "/-/npm/v1/tokens?page=1&perPage=100" => tokens(std::slice::from_ref(&row)),
            _ => answer(200, &json!({"objects": [], "urls": {"next": link}})),
        });
        let (endpoints, http, memory) = (server.endpoints(None), script::http(), Memory::default());
        let credential = script::credential(secret.clone());
        let endpoint = endpoints.iter().next().unwrap();
        let session = Session::new(&http, endpoint, &memory, Some(&credential), NOW.parse().unwrap(), None);
        let Listing::Rows { rows, requests, gap: got } = list(&session, By::Credential(&credential)) else { panic!() };
        assert_eq!(rows.len(), pages - 1, "{next}");
        assert_eq!(got.as_deref(), gap.filter(|gap| *gap != "absent"), "{next}");
        assert!(requests.len() >= pages, "{next}");
    }
    assert!(foreign.seen().is_empty());
}

#[test]
fn endless_pages_end() {
    let count = Mutex::new(0);
    let server = Script::start(move |_| {
        let mut count = count.lock().unwrap();
        *count += 1;
        answer(200, &json!({"objects": [], "urls": {"next": format!("/-/npm/v1/tokens?page={count}")}}))
    });
    let (endpoints, http, memory) = (server.endpoints(None), script::http(), Memory::default());
    let credential = script::credential(token(b'a'));
    let endpoint = endpoints.iter().next().unwrap();
    let session = Session::new(&http, endpoint, &memory, Some(&credential), NOW.parse().unwrap(), None);
    let Listing::Rows { gap, .. } = list(&session, By::Credential(&credential)) else { panic!() };
    assert_eq!(gap.as_deref(), Some("the list has too many pages"));
    assert_eq!(server.seen().len(), 50);
}

#[test]
fn a_server_that_echoes_the_token_does_not_get_it_into_the_report() {
    let secret = token(b'a');
    let raw = String::from_utf8(secret.expose().to_vec()).unwrap();
    let hit = json!({"package": {"name": raw, "version": raw, "maintainers": [{"username": mask(&secret).replace("...", "…")}]}});
    let echo = raw.clone();
    let server = Script::start(move |seen| match seen.path.split('?').next().unwrap() {
        "/-/whoami" => whoami(&echo),
        "/-/npm/v1/tokens" => answer(403, &json!({"error": format!("no list for {echo}\u{1b}[31m")})),
        "/-/v1/search" => answer(200, &json!({"objects": [hit], "total": 1})),
        _ => answer(403, &json!({"error": echo})),
    });
    let inspection = inspect(&server, &server.as_public(None), &script::credential(secret));
    let Claim::NotVisible(why) = &access(&inspection).kind else { panic!() };
    assert!(!why.contains('\u{1b}') && why.contains("no list for npm_aaaa…"), "{why}");
}

#[test]
fn explaining_names_every_question_and_sends_none() {
    let server = Script::start(|_| whoami("alice"));
    let options = crate::registry::http::HttpOptions { explain: true, ..Default::default() };
    let http = crate::registry::http::Http::new(options).unwrap();
    let (endpoints, memory) = (server.endpoints(Some(&token(b'o'))), Memory::default());
    let credential = script::credential(token(b'a'));
    let endpoint = endpoints.iter().next().unwrap();
    let session = Session::new(&http, endpoint, &memory, Some(&credential), NOW.parse().unwrap(), None);
    assert_eq!(Npm.inspect(&session, &credential).validity, Validity::Unknown(Unknown::Offline));
    assert!(server.seen().is_empty());
    let ledger = http.ledger();
    assert_eq!(ledger.len(), 15);
    assert!(
        ledger.iter().all(|entry| entry.method == "GET" && entry.status.is_none() && entry.shows == "would be sent")
    );
}

#[test]
fn a_server_that_keeps_anybody_out_proves_nothing() {
    for scheme in ["OTP", "ipaddress"] {
        for path in [WHO, STAGED, USER] {
            let server = Script::start(move |seen| match seen.path.split('?').next() {
                Some(asked) if asked == path => challenge(scheme),
                Some(WHO) => plain_401(),
                _ => answer(404, &json!({})),
            });
            let inspection = inspect(&server, &server.endpoints(None), &script::credential(token(b'a')));
            let words = "the server keeps any token out in this way, so its answer shows nothing";
            assert_eq!(inspection.validity, Validity::Unknown(Unknown::Refused(words.into())), "{scheme} {path}");
        }
        // The same of ours alone is alive.
        assert_eq!(Scene::new().own(WHO, challenge(scheme)).inspect(false).validity, Validity::Active, "{scheme}");
    }
}

#[test]
fn a_control_without_an_answer_leaves_it_open() {
    let unavailable = |words: &str| Validity::Unknown(Unknown::Unavailable(words.into()));
    for (play, expected) in [
        (answer(503, &json!({})), unavailable("HTTP 503")),
        (answer(429, &json!({})), Validity::Unknown(Unknown::RateLimited)),
        (Play::Hang, unavailable("no answer in time")),
        (Play::Truncate, unavailable("the answer broke off")),
        (answer(400, &json!({})), Validity::Active),
        (answer(403, &json!({})), Validity::Active),
        (answer(200, &json!({})), Validity::Active),
        (Play::Answer(302, vec![("location", "/login".into())], Vec::new()), Validity::Active),
    ] {
        let ours = token(b'a');
        let control = play.clone();
        let server = Script::start(move |seen| match seen.path.as_str() {
            WHO if seen.is_signed_by(&ours) => whoami("alice"),
            WHO => control.clone(),
            _ => answer(404, &json!({})),
        });
        let inspection = inspect(&server, &server.endpoints(None), &script::credential(token(b'a')));
        assert_eq!(inspection.validity, expected, "{play:?}");
    }
}

#[test]
fn a_password_that_the_public_registry_rejects_may_still_work() {
    let server = Script::start(|_| plain_401());
    let password = Secret::password("correct-horse");
    let credential = Credential { user: Some("alice".into()), ..script::credential(password) };
    let public = inspect(&server, &server.as_public(None), &credential).validity;
    assert!(matches!(public, Validity::Unknown(Unknown::Refused(_))), "{public:?}");
    let own = inspect(&server, &server.endpoints(None), &credential).validity;
    assert_eq!(own, Validity::Inactive(Inactive::Rejected));
}

#[test]
fn a_row_that_is_silent_on_the_second_factor_proves_none() {
    let scene = Scene::new();
    let row = granular(&scene.token, json!({"bypass_2fa": null}));
    let account = profile(json!(false), json!(null));
    let inspection = scene.own(WHO, whoami("alice")).own(TOKENS, tokens(&[row])).own(USER, account).inspect(true);
    assert!(matches!(access(&inspection).second_factor, Claim::NotVisible(_)), "{inspection:?}");
}

#[test]
fn an_empty_list_of_somebodys_own_server_proves_no_session() {
    let scene = || Scene::new().own(WHO, whoami("alice")).own(TOKENS, tokens(&[]));
    let inspection = scene().inspect(false);
    assert!(matches!(access(&inspection).kind, Claim::NotVisible(_)), "{inspection:?}");
    assert_eq!(access(&scene().inspect(true)).kind.proven(), Some(&TokenKind::Session));
}

#[test]
fn hostile_lists_cost_little_and_print_little() {
    let start = std::time::Instant::now();
    let others = (0..40_000).map(|n| json!({"key": n.to_string()})).collect::<Vec<_>>();
    let endless = answer(200, &json!({"objects": others, "urls": {"next": "/-/npm/v1/tokens?page=1"}}));
    let scene = Scene::new().own(WHO, whoami("alice")).own(TOKENS, endless);
    let Claim::NotVisible(why) = access(&scene.inspect(true)).kind.clone() else { panic!("an endless list is whole") };
    assert!(why.contains("too many rows") || why.contains("form"), "{why}");

    let scene = Scene::new();
    let cidr = (0..60_000).map(|n| format!("80.{}.{}.{}", n >> 16, n >> 8 & 255, n & 255)).collect::<Vec<_>>();
    let scopes = (0..20_000).map(|n| json!({"type": "scope", "name": format!("s{n}\u{1b}[31m")})).collect::<Vec<_>>();
    let row = granular(&scene.token, json!({"cidr": cidr, "scopes": scopes}));
    let hits = (0..20_000).map(|n| json!({"package": {"name": format!("p{n}"), "maintainers": ["alice"]}}));
    let found = answer(200, &json!({"objects": hits.collect::<Vec<_>>(), "total": 1}));
    let inspection = scene.own(WHO, whoami("alice")).own(TOKENS, tokens(&[row])).anybody(SEARCH, found).inspect(true);
    let Claim::Bounded { proof, .. } = &access(&inspection).reach else { panic!("{inspection:?}") };
    let note = proof.note.as_ref().unwrap();
    assert!(note.len() < 400 && note.contains("19995 more") && !note.contains('\u{1b}'), "{note}");
    assert!(start.elapsed() < std::time::Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn a_next_page_that_is_no_address_is_a_gap() {
    for next in [json!(7), json!({}), json!(["/-/npm/v1/tokens"]), json!(true)] {
        let page = answer(200, &json!({"objects": [], "urls": {"next": next.clone()}}));
        let inspection = Scene::new().own(WHO, whoami("alice")).own(TOKENS, page).inspect(true);
        assert!(matches!(access(&inspection).kind, Claim::NotVisible(_)), "{next}");
    }
}
