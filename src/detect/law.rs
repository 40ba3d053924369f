//! The law that lets a history be searched by what is new in it: what a search of the fresh ranges finds in a text, together
//! with what was known of the text it was made from, is what a search of all of it finds.

use std::ops::Range;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::model::{Below, Origin};

static DETECTOR: LazyLock<Detector> = LazyLock::new(|| Detector::new(rules::embedded().unwrap()).unwrap());

/// What texts are made of: credentials of every form, in pieces, and what decides over them from near and far.
static PIECES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut pieces: Vec<Vec<u8>> = [
        "{npm_token}",
        "{npm_token_long}",
        "{npm_token_bad_checksum}",
        "npm_",
        "{opaque}",
        "{uuid}",
        "{jwt}",
        "{auth}",
        "{password}",
        "{base64:{password}}",
        "//r.invalid/:_authToken=",
        "\"https://r.invalid/\": {\n",
        "  \"@mia\": {\n",
        "    authToken: {opaque}\n",
        "authToken: ",
        "\nregistries:\n",
        "  a: https://mia:{password}@r.invalid/\n",
        r"\n",
        r"\n_auth=",
        r#"\n_password={base64:{password}}\n"#,
        r#""\n_auth={auth}\n""#,
        r#"\"{opaque}\""#,
        r#"\t"#,
        "'",
        "//r.invalid/a/b/c/:_authToken = \"",
        "_authToken",
        "_auth=",
        "//r.invalid/:_auth={auth}\n",
        "\n_password={base64:{password}}\n",
        "//r.invalid/:_password=",
        "\n_password=cGFzc3dvcmQ=\n",
        "\nusername=foo\n",
        "\nusername=mia\n",
        "//r.invalid/:username=mia\n",
        "https://r.invalid/:username=mia",
        ":_password=",
        "\nregistry=https://r.invalid/npm/\n",
        "\n[install]\n",
        "\n[install.scopes]\n",
        "\n[server]\n",
        "token = \"",
        "password = \"",
        "url = \"https://r.invalid/\"\n",
        "npmAuthToken: \"${T:-",
        "npmAuthToken: \"",
        "npmAuthIdent: mia:{password}\n",
        "npmRegistries:\n  \"//r.invalid\":\n    ",
        "https://mia:{password}@",
        "https://",
        "mia:{password}@",
        "r.invalid/a/-/a-1.0.0.tgz",
        "?token=",
        "?_authToken=",
        "resolved \"",
        "NPM_TOKEN=",
        "NPM_CONFIG_TOKEN=",
        "NODE_AUTH_TOKEN: ",
        "- name: NPM_TOKEN\n  value: ",
        "{base64:a=//r.invalid/:_authToken={npm_token}\n}",
        "{base64:{base64:a={npm_token}}}",
        "machine pypi.invalid login mia password {password}\n",
        "machine gitlab.com\n  login mia\n",
        "  password {password}\n",
        "https://mia:{password}@github.com/a/b",
        "github.com",
        "[http \"https://github.com/\"]\n\textraheader = AUTHORIZATION: basic {auth}\n",
        "curl -u mia:{password} \\\n  https://quay.io/x",
        "gitlab.com:\n    token: {opaque}\n    api_protocol: https\n",
        "[pypi]\nusername = mia\n",
        "[distutils]\nindex-servers = corp\n",
        "[corp]\nrepository = https://r.invalid/\npassword = {password}\n",
        "--index-url https://mia:{password}@r.invalid/simple\n",
        "[[source]]\nurl = \"https://mia:{password}@r.invalid/simple\"\n",
        "[registries.corp]\n",
        "index = \"https://r.invalid/\"\n",
        ":rubygems_api_key: {hex32}\n",
        "BUNDLE_GEMS__R__INVALID: \"mia:{password}\"\n",
        "<apikeys>\n<add key=\"https://r.invalid\" value=\"{uuid}\" />\n</apikeys>\n",
        "<Corp><add key=\"Username\" value=\"mia\" />\n",
        "<add key=\"ClearTextPassword\" value=\"{password}\" />\n</Corp>\n",
        "<server>\n<id>corp</id>\n<username>mia</username>\n",
        "<password>{password}</password>\n",
        "</server>\n",
        "<id>ossrh</id>\n",
        "credentials {\n  username 'mia'\n",
        "  password '{password}'\n}\n",
        "Credentials(\"A\", \"r.invalid\", \"mia\", \"{password}\")\n",
        "[\"corp\" {:url \"https://r.invalid\" :username \"mia\" :password \"{password}\"}]\n",
        "{\"http-basic\": {\"r.invalid\": {\"username\": \"mia\", \"password\": \"{password}\"}}}\n",
        "{'$write_key',<<\"{hex32}\">>}.\n",
        "credentials \"r.invalid\" {\n  token = \"{opaque}\"\n}\n",
        "{\"auths\": {\"r.invalid\": {\"auth\": \"{auth}\"}}}\n",
        "{\"r.invalid\": {",
        "\"auth\": \"{auth}\"",
        "  .dockerconfigjson: {docker_secret}\n",
        "docker login -u mia -p {password} r.invalid\n",
        "echo {password} | ",
        "docker login -u mia --password-stdin r.invalid\n",
        "- name: corp\n  password: {password}\n  url: https://r.invalid\n  pass_credentials_all: false\n",
        "{\"artifactoryUrl\": \"https://r.invalid/\", \"user\": \"mia\", \"password\": \"{password}\"}\n",
        "kind: Secret\nstringData:\n",
        "  url: https://quay.io/x\n  username: mia\n",
        "  password: {password}\n---\n",
        "+machine quay.io\n+  login mia\n",
        "+  password {password}\n",
        r#"{\"http-basic\": {\"r.invalid\": {\"username\": \"mia\", \"password\": "#,
        r#"\"{password}\"}}}"#,
        "{\"custom-headers\": {\"r.invalid\": [\"API-TOKEN: {opaque}\", ",
        r#"credentials \"r.invalid\" {\n  token = \"{opaque}\"\n}\n"#,
        r"- name: DOCKER_PASSWORD\n  value: {password}\n",
        "nuget push a.nupkg",
        r"\nid: {uuid}",
        "https://x:%20npm_%2B{npm_token}%2B@r.invalid/",
        "%2B",
        "npm%5F",
        r"npm\u005f{npm_token}",
        r"\u002D",
        "extra-index-url =\n",
        "    https://mia:{password}@r.invalid/simple\n",
        "channels:\n  - a\n  - https://mia:{password}@r.invalid/b\n",
        "\nrepositories:\n",
        "- name: a\n  url: https://r.invalid\n  password: {password}\n",
        "\nregistries.corp.token = \"{opaque}\"\n",
        "{\"quay.io\": {\"username\": \"mia\", \"password\": \"{password}\"}}\n",
        "- docker_login:\n    registry_url: quay.io\n    username: mia\n    password: {password}\n",
        "curl -H 'Authorization: Basic {auth}' https://quay.io/x\n",
        "wget --user=mia --password={password} https://quay.io/x\n",
        "hatch publish -u mia -a {password}\n",
        "<password><![CDATA[{password}]]></password>\n",
        "{base64:machine gitlab.com login mia password {password}\n}",
        "${DOCKER_PASSWORD:-{opaque}}",
        " # keyrake:allow x",
        "# keyrake:allow-next-line y\n",
        "${NPM}",
        "}",
        "\"",
        "\n",
        " ",
        "=",
        "x",
    ]
    .iter()
    .map(|text| mint::fill(text, 7).into_bytes())
    .collect();
    let token = mint::fill("//r.invalid/:_authToken={npm_token}\n", 3);
    let long = mint::fill(&format!("{{base64:{}{token}{}}}", "word ".repeat(150), "word ".repeat(150)), 3);
    let (head, tail) = token.split_at(40);
    pieces.extend([head, tail].map(|half| half.as_bytes().to_vec()));
    pieces.extend(long.as_bytes().chunks(130).map(<[u8]>::to_vec));
    pieces.push(long.into_bytes());
    pieces.push(token.encode_utf16().flat_map(u16::to_le_bytes).collect());
    pieces.push([b"\xff\xfe".to_vec(), token.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat());
    pieces.extend([60, 250, 300, 700, 5000].map(|length| b"some words, and more of them\n".repeat(length / 29)));
    pieces.push(b"oneword/".repeat(60));
    pieces.push(b"oneword.".repeat(40));
    pieces.push("npm_".encode_utf16().flat_map(u16::to_le_bytes).collect());
    pieces.push("word".repeat(30).encode_utf16().flat_map(u16::to_le_bytes).collect());
    pieces
});

#[derive(Clone, Debug)]
enum Step {
    /// From here on this much of the text before, both in shares of what there is.
    Copy(u16, u16),
    /// All of a piece, or up to here.
    Insert(usize, u16),
}

fn step() -> impl Strategy<Value = Step> {
    let pieces = PIECES.len();
    prop_oneof![
        2 => (any::<u16>(), any::<u16>()).prop_map(|(from, length)| Step::Copy(from, length)),
        2 => Just(Step::Copy(0, u16::MAX)),
        1 => any::<u16>().prop_map(|from| Step::Copy(from, u16::MAX)),
        1 => any::<u16>().prop_map(|length| Step::Copy(0, length)),
        6 => (0..pieces, prop_oneof![5 => Just(u16::MAX), 1 => any::<u16>()]).prop_map(|(piece, part)| Step::Insert(piece, part)),
    ]
}

/// What is made from a text, and what the walk of a history knows of it.
#[derive(Default)]
struct Made {
    text: Vec<u8>,
    ranges: Vec<Range<usize>>,
    places: Vec<usize>,
}

impl Made {
    /// By copying these ranges and inserting these bytes, from a text with these places.
    fn of(before: &[u8], known: &[usize], parts: &[Part<'_>]) -> Self {
        let (mut made, mut touched, mut goes_on) = (Self::default(), Vec::new(), Some(0));
        for part in parts {
            let at = made.text.len();
            match part {
                Part::Copy(range) => {
                    if goes_on != Some(range.start) {
                        touched.push(at..at);
                    }
                    made.text.extend_from_slice(&before[range.clone()]);
                    made.places.extend(
                        known.iter().filter(|place| range.contains(place)).map(|place| place - range.start + at),
                    );
                    goes_on = Some(range.end);
                }
                Part::Insert(bytes) => {
                    made.text.extend_from_slice(bytes);
                    touched.push(at..made.text.len());
                    goes_on = None;
                }
            }
        }
        if goes_on != Some(before.len()) {
            touched.push(made.text.len()..made.text.len());
        }
        for range in touched {
            let reach = DETECTOR.reach();
            let range = range.start.saturating_sub(reach)..(range.end + reach).min(made.text.len());
            match made.ranges.last_mut() {
                Some(last) if range.start <= last.end => last.end = range.end,
                _ => made.ranges.push(range),
            }
        }
        made
    }

    /// Holds the law: what is found by what is new is what is found in all. Returns what is known of places then.
    fn hold(&self) -> Result<Below, TestCaseError> {
        let (found, below) = search(&self.text, Fresh::Part { ranges: &self.ranges, places: &self.places });
        let (all, all_below) = search(&self.text, Fresh::All);
        prop_assert_eq!(found, all);
        match (&below, all_below) {
            (Below::Known(places), Below::Known(all)) => {
                let missed: Vec<_> = all.iter().filter(|place| places.binary_search(place).is_err()).collect();
                prop_assert!(missed.is_empty(), "places that nobody will look at: {missed:?}");
            }
            (below, all) => prop_assert_eq!(below, &all),
        }
        Ok(below)
    }
}

#[derive(Clone, Debug)]
enum Part<'b> {
    Copy(Range<usize>),
    Insert(&'b [u8]),
}

/// What the steps do to a text of this length.
fn parts_of(length: usize, steps: &[Step]) -> Vec<Part<'static>> {
    let share = |of: usize, part: u16| of * usize::from(part) / usize::from(u16::MAX);
    let part = |step: &Step| match step {
        Step::Copy(from, part) => {
            let from = share(length, *from);
            Part::Copy(from..from + share(length - from, *part))
        }
        Step::Insert(piece, part) => {
            let piece = &PIECES[*piece];
            Part::Insert(&piece[..share(piece.len(), *part)])
        }
    };
    steps.iter().map(part).collect()
}

fn search(bytes: &[u8], fresh: Fresh<'_>) -> (Vec<String>, Below) {
    let (found, below) = DETECTOR.search(&Blob { fresh, ..Blob::whole(Origin::Stdin, bytes) });
    let told = |found: &Match| {
        format!(
            "{:?} {} {} {:?} {:?} {:?} {:?} {:?}",
            found.span,
            found.rule,
            String::from_utf8_lossy(found.secret.expose()),
            found.user,
            found.host,
            found.evidence,
            found.offline,
            found.allow
        )
    };
    (found.iter().map(told).collect(), below)
}

/// Credentials that far bytes make or break: `~` is a gap of any length, `;;;;;` a run with slashes in it and `,,,,,` one without, `|`
/// cuts the text into parts, and what stands behind `!` hides the credential as long as it is there.
const FAR: [&str; 48] = [
    "machine quay.io login |,,,,, password |{password}|\n",
    "machine |,,,,,.quay.io| password {password}\n",
    "https://mia:{password}@quay.io/;;;;;|a\\|{b}",
    "[http \"|https://github.com/\"]\n~\textraheader = AUTHORIZATION: basic |{auth}\n",
    "curl -u mia:{password} ;;;;; |https://quay.io/x|",
    "|quay.io:\n|    user: ,,,,,\n    token: {opaque}\n    api_protocol: https\n",
    "[pypi]\n~|password = |{password}\n",
    "[pypi]\n~|!\n[other]\n|password = {password}\n",
    "[distutils]\n~\n|[corp]\n|password = {password}\n",
    "|<server>|<id>a</id>\n~<password>|{password}|</password>",
    "<Corp>\n<add key=\"|ClearTextPassword|\" ;;;;; value=\"{password}\" |/>",
    "{\"|http-basic|\": {\"r.invalid\": {\"x\": \",,,,,\", \"password\": \"{password}\"|}}}",
    "{\"|r.invalid|\": {\"email\": \",,,,,\", \"auth\": \"{auth}\"|}}",
    "|- name: corp\n  password: {password}\n|  x: ,,,,,\n  url: |https://r.invalid\n|  pass_credentials_all: false\n",
    "\n_password=cGFzc3dvcmQ=\n~|username=mia\n|",
    "username=mia\n|~//r.invalid/:_password=aHVudGVyMg==\n",
    "\n_password=cGFzc3dvcmQ=\n|!username=foo\n|~|username=mia\n|",
    "\n|[install]\n|~\ntoken = \"{opaque}\"\n",
    "\n[install.scopes]\n|!\n[server]\n|~\n\"@a\" = { token = \"{opaque}\" }\n",
    "\n|[install.registry]\n|~\nusername = \"mia\"\n|password = \"|{password}|\"\n",
    "https://mia:{password}@r.invalid/|;;;;;/-/|a;;;;;|.tgz|\"",
    "https://mia:,,,,,{password}@r.invalid/|a|,,,,,/-/|a,,,,,|.tgz|\"",
    "|registry=|https://mia:,,,,,{password}|@|r.invalid/",
    "|registry=|\"https://r.invalid/;;;;;&token=|{opaque}\"",
    "\n[install]\n|~\nurl = \"https://mia:{password}@r.invalid/\"\n",
    "https://mia:;;;;;{password}|@|r.invalid/a/-/a-1.0.0.tgz",
    "|https://r.invalid|/:username=;;;;;mia|:_password=|{password}",
    "//r.invalid/:_authToken=|{jwt-long}|\n",
    "//r.invalid/:_authToken=${T:-;;;;;{opaque}|}|\nnpmAuthToken: ${T:-{opaque}|~}|",
    "|\"https://r.invalid/|\": {| \"@a\": { x: ;;;;; }, \"@mia\": {| authToken: {opaque} } }",
    "\n|registries:|\n  a: ;;;;;\n  b: https://mia:{password}@r.invalid/\n",
    r#""|\n|_password=cGFzc3dvcmQ=\n;;;;;\nusername=mia|\n""#,
    r#"{"a": "|[install]\n|;;;;;\ntoken = \"{opaque}\"\n"}"#,
    r#"f('|;;;;;\n|\n_password = {base64:{password}}\n|')"#,
    r#"["|a;;;;;\n", "|\n_auth={auth}\n", "|b\n"]"#,
    r#"|\n|\t_password: {base64:{password}}|;;;;;\n"#,
    "//r.invalid/:_authToken=${|;;;;;}|//r.invalid/:_authToken=${{uuid}}",
    "kind: Secret\n|stringData:\n  url: |https://quay.io/\n~|  password: {password}\n|",
    "[[source]]\n~|\nurl = \"|https://mia:{password}@r.invalid/|\"",
    "|<packageSources>|\n~\n<add key=\"a\" value=\"https://mia:{password}@r.invalid/|\" />",
    "{|\"repositories\"|: [{\"type\": \";;;;;\", \"url\": \"https://mia:{password}@r.invalid/\"|}]}",
    "|maven {|\n  name = ';;;;;'\n  url = uri('|https://mia:{password}@r.invalid/|')\n}",
    r#"{\"|http-basic|\": {\"r.invalid\": {\"x\": \",,,,,\", \"password\": \"{password}\"|}}}"#,
    "k=|fm2_|;;;;;%2F//r.invalid/:_authToken=|{npm_token}|",
    r"nuget push |a.nupkg;;;;;|\nid: {uuid}|",
    "{base64:~//r.invalid/:_authToken=|{npm_token}|\n~~}",
    "{wide:~//r.invalid/:_authToken=|{npm_token}|\n~~}",
    "{marked:~//r.invalid/:_authToken=|{npm_token}|\n~~}",
];

/// The parts of a text of the list, those that hide something marked.
fn parts(text: &str, gap: usize, run: usize) -> Vec<(bool, Vec<u8>)> {
    let encoded = [("{base64:", 0), ("{wide:", 1), ("{marked:", 2)]
        .into_iter()
        .find_map(|(prefix, kind)| Some((text.strip_prefix(prefix)?.strip_suffix('}')?, kind)));
    let (text, kind) = encoded.unwrap_or((text, 3));
    let text = text.replace('~', &"some words\n".repeat(gap / 11)).replace(";;;;;", &"abcdefg/".repeat(run / 8));
    let text = text.replace(",,,,,", &"abcdefg.".repeat(run / 8));
    let claims = format!("{{\"sub\":\"mia\",\"x\":\"{}\"}}", "0123456789".repeat(run / 10));
    let claims = mint::fill(&format!("{{base64:{claims}}}"), 1).trim_end_matches('=').to_owned();
    let jwt = format!(
        "{}.{}|{}.{}",
        mint::fill("{base64:{\"alg\":\"HS256\"}}", 1),
        &claims[..20],
        &claims[20..],
        "A1b2".repeat(9)
    );
    let text = mint::fill(&text.replace("{jwt-long}", &jwt), 1);
    if kind == 0 {
        let encoded = mint::fill(&format!("{{base64:{}}}", text.replace('|', "")), 1);
        let at = encoded.len() / 2;
        return [&encoded[..at], &encoded[at..at + 7], &encoded[at + 7..]].map(|part| (false, part.into())).to_vec();
    }
    text.split('|')
        .enumerate()
        .map(|(at, part)| {
            let (hides, part) = part.strip_prefix('!').map_or((false, part), |part| (true, part));
            let mark: &[u8] = if kind == 2 && at == 0 { b"\xff\xfe" } else { b"" };
            let bytes = match kind {
                1 | 2 => part.encode_utf16().flat_map(u16::to_le_bytes).collect(),
                _ => part.as_bytes().to_vec(),
            };
            (hides, [mark, &bytes].concat())
        })
        .collect()
}

/// Holds the law for a text made from another, if what is found there lets it.
fn agree(before: &[u8], parts: &[Part<'_>]) -> Result<(), TestCaseError> {
    match search(before, Fresh::All).1 {
        Below::Known(places) => Made::of(before, &places, parts).hold().map(drop),
        Below::Whole => Ok(()),
    }
}

/// Holds the law against texts that are each made from the one before.
fn enough(generations: &[Vec<Step>]) -> Result<(), TestCaseError> {
    let (mut text, mut below) = (Vec::new(), Below::Whole);
    for steps in generations {
        let parts = parts_of(text.len(), steps);
        let known = if let Below::Known(places) = &below { places } else { &Vec::new() };
        let made = Made::of(&text, known, &parts);
        let next = if below == Below::Whole { search(&made.text, Fresh::All).1 } else { made.hold()? };
        if made.text.len() < 40_000 {
            (text, below) = (made.text, next);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 3000 } else { 100_000 }))]

    /// One part of what makes a credential comes, or what hides it goes.
    #[test]
    fn far_bytes_are_told_of(
        text in 0..FAR.len(),
        changed in any::<prop::sample::Index>(),
        gap in prop_oneof![0..100usize, 200..500usize, 500..3500usize],
        run in prop_oneof![0..60usize, 150..500usize, 500..1800usize],
        around in (0..50usize, 0..50usize),
    ) {
        let mut parts = parts(FAR[text], gap, run);
        parts.insert(0, (false, b"a line\n".repeat(around.0)));
        parts.push((false, b"a line\n".repeat(around.1)));
        let hidden = parts.iter().position(|(hides, _)| *hides);
        let at = hidden.unwrap_or_else(|| changed.index(parts.len()));
        let start = parts[..at].iter().map(|(_, part)| part.len()).sum::<usize>();
        let with = parts.iter().flat_map(|(_, part)| part.clone()).collect::<Vec<u8>>();
        let part = parts.remove(at).1;
        let without = parts.iter().flat_map(|(_, part)| part.clone()).collect::<Vec<u8>>();
        let end = start + part.len();
        agree(&without, &[Part::Copy(0..start), Part::Insert(&part), Part::Copy(start..without.len())])?;
        agree(&with, &[Part::Copy(0..start), Part::Copy(end..with.len())])?;
    }

    #[test]
    fn fresh_ranges_are_enough(generations in prop::collection::vec(prop::collection::vec(step(), 1..7), 1..6)) {
        enough(&generations)?;
    }
}

/// A literal, a run and an encoded literal in a run, each with every byte around them left out in turn: what comes to stand there is
/// seen by what is new alone.
#[test]
fn whatever_comes_to_lead_to_a_match_is_seen() {
    let literals = DETECTOR.rules().rules.iter().flat_map(|rule| &rule.literals);
    let mut literals: Vec<&str> = literals.map(String::as_str).chain(names::CORES).collect();
    literals.sort_unstable_by_key(|literal| (std::cmp::Reverse(literal.len()), *literal));
    literals.dedup();
    let runs = |literal: &str| {
        let filler = "aB3dE5gH".repeat(8);
        let short = runs::SHORTEST.saturating_sub(literal.len());
        [format!("{literal}{}", &filler[..short]), format!("{}{literal}", &filler[..short])]
    };
    let encoded = |literal: &str, before: usize| {
        mint::fill(&format!("{{base64:{}{literal}{}}}", &"x y z x y "[..before], "b C d E f G h"), 1)
    };
    let mut places = 0;
    for literal in literals.iter().take(12).chain(literals.iter().filter(|literal| literal.len() < 6)) {
        let texts = (0..6).map(|before| encoded(literal, before)).chain(runs(literal)).chain([(*literal).to_owned()]);
        for text in texts {
            let text = format!("{}{text}{}", "\n".repeat(40), "\n".repeat(40));
            for at in 0..text.len() {
                let before = [&text[..at], ".", &text[at..]].concat();
                agree(before.as_bytes(), &[Part::Copy(0..at), Part::Copy(at + 1..before.len())]).unwrap();
                places +=
                    usize::from(matches!(search(text.as_bytes(), Fresh::All).1, Below::Known(all) if !all.is_empty()));
            }
        }
    }
    assert!(places > 10_000, "{places}");
}

/// The base64 of `long` was cut and put together again: two names stand in it at the same position of four, but not in the same
/// groups of four.
#[test]
fn joined_pieces_of_base64_are_each_read_in_their_own_groups() {
    let named = |name: &str, length: Option<usize>| {
        let is_it = |piece: &Vec<u8>| {
            let text = String::from_utf8_lossy(piece);
            length.is_none_or(|length| piece.len() == length)
                && decode::base64_forms(name.as_bytes())
                    .iter()
                    .any(|(form, _)| text.contains(&*String::from_utf8_lossy(form)))
        };
        PIECES.iter().position(is_it).unwrap()
    };
    let (chunk, whole) = (named("_authToken", Some(130)), named("a=//r.invalid/:_authToken=npm_", None));
    let all = u16::MAX;
    let generations = [
        vec![Step::Insert(chunk, all)],
        vec![Step::Copy(0, all), Step::Copy(0, all), Step::Insert(whole, all), Step::Copy(0, 0)],
        vec![Step::Copy(0, all), Step::Copy(0, 54551)],
        vec![Step::Copy(0, all), Step::Copy(0, 0)],
    ];
    enough(&generations).unwrap();
}

/// Two-byte text whose last character is not followed by a zero may be followed by other such text, which begins at an odd place.
#[test]
fn wide_runs_at_odd_places_are_each_read() {
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let token = mint::fill("{npm_token}", 7);
    let text = [wide("npm_"), wide(&"word".repeat(30)), b"y".to_vec(), wide(&token), b"\n".repeat(300)].concat();
    assert_eq!(search(&text, Fresh::All).0.len(), 1);
    let token = text.len() - 300 - 2 * token.len()..text.len();
    let fresh = Fresh::Part { ranges: &[token], places: &[] };
    assert_eq!(search(&text, fresh), search(&text, Fresh::All));
}
