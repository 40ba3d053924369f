//! The detector as a whole, on the forms in which credentials of npm stand in files.

use std::ops::Range;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::model::{Origin, RegistryId, SecretKind};

static DETECTOR: LazyLock<Detector> = LazyLock::new(|| Detector::new(rules::embedded().unwrap()).unwrap());

fn scan(bytes: &[u8]) -> Vec<Match> {
    DETECTOR.scan(&Blob::whole(Origin::Stdin, bytes))
}

/// `rule secret user host`, one line a match.
fn found(text: &str) -> Vec<String> {
    scan(text.as_bytes()).iter().map(describe).collect()
}

fn describe(found: &Match) -> String {
    let rule = &DETECTOR.rules().rules[found.rule];
    format!(
        "{} {} {} {}",
        rule.id.trim_start_matches("npm-"),
        String::from_utf8_lossy(found.secret.expose()),
        found.user.as_deref().unwrap_or("-"),
        found.host.as_ref().map_or("-".to_owned(), ToString::to_string)
    )
}

/// Fills the text and the expectation with the same secrets.
fn case(text: &str, expected: &[&str]) {
    for seed in [1, 2] {
        let both = mint::fill(&[text, &expected.join("\n")].join("\u{1}"), seed);
        let (text, expected) = both.split_once('\u{1}').unwrap();
        let expected: Vec<&str> = expected.lines().collect();
        assert_eq!(found(text), expected, "in {text}");
    }
}

#[test]
fn embedded_rules_hold_to_their_examples() {
    DETECTOR.self_check().unwrap();
    for verdict in rules::check(DETECTOR.rules()) {
        assert!(verdict.is_ok(), "{verdict:?}");
    }
}

#[test]
fn thirteen_contexts_where_npm_tokens_leak() {
    for text in [
        "//registry.invalid/:_authToken={npm_token}",
        "NPM_TOKEN={npm_token}",
        "NODE_AUTH_TOKEN: {npm_token}",
        "https://u:{npm_token}@registry.invalid/x",
        "echo {npm_token}>.npmrc",
        "f({npm_token})",
        "<t>{npm_token}</t>",
        ",{npm_token},",
        r#""{\"token\": \"{npm_token}\"}""#,
        "x{npm_token}",
    ] {
        let text = mint::fill(text, 5);
        let matches = scan(text.as_bytes());
        assert_eq!(matches.len(), 1, "{text}");
        assert_eq!(matches[0].evidence, Evidence::Checksum);
        assert_eq!(&text.as_bytes()[matches[0].span.clone()], matches[0].secret.expose());
    }
    case("//packages.invalid/:_authToken={uuid}", &["registry-token {uuid} - packages.invalid/"]);
    case("NPM_TOKEN={uuid}", &["legacy-token {uuid} - -"]);
    case("_auth={base64:mia:{password}}", &["registry-password {password} mia -"]);
    case("x{npm_token_bad_checksum}", &[]);
}

#[test]
fn npm_tokens_take_user_and_host_of_the_field_they_stand_in() {
    case("//r.invalid/npm/:_authToken={npm_token}", &["access-token {npm_token} - r.invalid/npm/"]);
    case("registry=https://r.invalid/\n_authToken={npm_token}", &["access-token {npm_token} - r.invalid/"]);
    case("registry=https://mia:{npm_token}@r.invalid/npm/", &["access-token {npm_token} mia r.invalid/npm/"]);
    case(
        "\"resolved\": \"https://r.invalid/a/-/a-1.tgz?token={npm_token}\"",
        &["access-token {npm_token} - r.invalid/"],
    );
    case("//r.invalid/:_auth={base64:mia:{npm_token}}", &["access-token {npm_token} mia r.invalid/"]);
    case("{npm_token}", &["access-token {npm_token} - -"]);
}

/// A password that is a token is told as what it is, with the user and the host that its file gives it.
#[test]
fn tokens_in_files_of_other_clients_take_user_and_host_too() {
    case(
        "{\"auths\": {\"r.invalid\": {\"auth\": \"{base64:mia:{docker_pat}}\"}}}",
        &["docker-access-token {docker_pat} mia r.invalid/"],
    );
    case(
        "{\"auths\": {\"r.invalid\": {\"auth\": \"{base64:mia:{npm_token}}\"}}}",
        &["access-token {npm_token} mia r.invalid/"],
    );
    case("docker login -u mia -p {docker_pat} r.invalid", &["docker-access-token {docker_pat} mia r.invalid/"]);
    case("machine ghcr.io login mia password {npm_token}", &["access-token {npm_token} mia ghcr.io/"]);
    case("https://mia:{npm_token}@ghcr.io/x", &["access-token {npm_token} mia ghcr.io/x/"]);
}

/// What a file gives to a host belongs to the registry that owns the host, else to the registry whose file it is, or to none.
#[test]
fn what_is_bound_to_a_host_belongs_to_its_owner() {
    for text in [
        "machine ghcr.io login mia password {password}",
        "https://mia:{password}@ghcr.io",
        "{\"auths\": {\"ghcr.io\": {\"auth\": \"{base64:mia:{password}}\"}}}",
        "docker login ghcr.io -u mia -p {password}",
        "curl -u mia:{password} https://ghcr.io",
        "[http \"https://ghcr.io/\"]\nextraheader = AUTHORIZATION: basic {base64:mia:{password}}",
    ] {
        case(text, &["github-registry-password {password} mia ghcr.io/"]);
    }
    case("machine r.invalid login mia password {password}", &[]);
    case("git clone https://mia:{password}@r.invalid/x.git", &[]);
    case("docker login r.invalid -u mia -p {password}", &["docker-file-password {password} mia r.invalid/"]);
}

#[test]
fn npmrc() {
    let token = ["registry-token {opaque} - r.invalid/npm/"];
    for text in [
        "//r.invalid/npm/:_authToken={opaque}\n",
        "//r.invalid/npm:_authToken={opaque}\r\n",
        "//r.invalid/npm/:_authToken = {opaque}",
        "//r.invalid/npm/:_authToken=\"{opaque}\"",
        "//r.invalid/npm/:_authToken='{opaque}'",
        "\"//r.invalid/npm/:_authToken\"=\"{opaque}\"",
        "//r.invalid/npm/:_authToken={opaque};comment",
        "//r.invalid/npm/:_authToken={opaque} # comment",
        "; //r.invalid/npm/:_authToken={opaque}",
        "#//r.invalid/npm/:_authToken={opaque}",
        "[section]\n//r.invalid/npm/:_authToken={opaque}",
        "//R.Invalid:443/npm/:_authToken={opaque}",
        "//r.invalid/npm/:_authtoken={opaque}",
        "registry=https://r.invalid/npm/\n_authToken={opaque}",
        "registry=https://r.invalid/npm/\n-authtoken=x\n_authtoken={opaque}",
        "//r.invalid/npm/:username=mia\n//r.invalid/npm/:_authToken={opaque}",
        // The same text elsewhere.
        "echo \"//r.invalid/npm/:_authToken={opaque}\" > .npmrc",
        "RUN printf '//r.invalid/npm/:_authToken={opaque}\\n@mia:registry=https://r.invalid/\\n' >> ~/.npmrc",
        "npm config set //r.invalid/npm/:_authToken {opaque}",
        "npm config set '//r.invalid/npm/:_authToken' \"{opaque}\"",
        "npm publish --//r.invalid/npm/:_authToken={opaque}",
        "docker run -e npm_config_//r.invalid/npm/:_authToken={opaque} x",
        "\"publishConfig\": {\"//r.invalid/npm/:_authToken\": \"{opaque}\"}",
        r#"{"source": ["!echo \"//r.invalid/npm/:_authToken={opaque}\" > .npmrc\n"]}"#,
        r#""{\"npmrc\": \"//r.invalid/npm/:_authToken=\\\"{opaque}\\\"\"}""#,
        r"'registry=https://o.invalid/\n//r.invalid/npm/:_authToken={opaque}\nalways-auth=true'",
        "%2F%2Fr.invalid%2Fnpm%2F%3A_authToken%3D{opaque}%0A",
        "\"//r.invalid/npm/:_authToken\" \"{opaque}\"",
        "npmrc: |\n  //r.invalid/npm/:_authToken={opaque}\n",
        "+//r.invalid/npm/:_authToken={opaque}",
    ] {
        case(text, &token);
    }
    case("//${HOST}/:_authToken={opaque}", &["registry-token {opaque} - -"]);
    case("_authToken={opaque}", &["registry-token {opaque} - -"]);
    case("//r.invalid/:_authToken=NpmToken.{uuid}", &["nexus-token NpmToken.{uuid} - r.invalid/"]);
    case("//r.invalid/:_authToken={github_token}", &["github-token {github_token} - r.invalid/"]);
    case("//r.invalid/:_authToken={gitlab_token}", &["gitlab-access-token {gitlab_token} - r.invalid/"]);
    case("//r.invalid/:_authToken={gitlab_routable}", &["gitlab-routable-token {gitlab_routable} - r.invalid/"]);
    case("//r.invalid/:_authToken={jwt}", &["registry-token {jwt} - r.invalid/"]);
    case("//r.invalid/:_authToken={hex40}", &["registry-token {hex40} - r.invalid/"]);
    case(
        "//r.invalid/:_authToken={uuid}\n//s.invalid/:_authToken={opaque}\n",
        &["registry-token {uuid} - r.invalid/", "registry-token {opaque} - s.invalid/"],
    );
}

#[test]
fn passwords() {
    let password = ["registry-password {password} mia r.invalid/npm/"];
    for text in [
        "//r.invalid/npm/:_auth={base64:mia:{password}}",
        "//r.invalid/npm/:_auth = \"{base64:mia:{password}}\"",
        "registry=https://r.invalid/npm/\n_auth={base64:mia:{password}}\nalways-auth=true",
        "//r.invalid/npm/:username=mia\n//r.invalid/npm/:_password={base64:{password}}",
        "//r.invalid/npm/:_password=\"{base64:{password}}\"\n//r.invalid/npm/:username=mia\n//r.invalid/npm/:email=m@x.invalid",
        "registry=https://r.invalid/npm/\nusername=mia\n_password={base64:{password}}",
        "//r.invalid/npm/:username=mia\n//r.invalid/npm/:_password={password}",
        "npmRegistryServer: https://r.invalid/npm\nnpmAuthIdent: mia:{password}",
        "npmRegistries:\n  \"//r.invalid/npm\":\n    npmAuthIdent: \"{base64:mia:{password}}\"",
        "npmRegistries:\n  \"//r.invalid/npm\":\n    npmAuthIdent: \"${IDENT:-mia:{password}}\"",
        "[install.registry]\nurl = \"https://r.invalid/npm\"\nusername = \"mia\"\npassword = \"{password}\"",
        "[install.scopes]\n\"@a\" = { username = \"mia\", password = \"{password}\", url = \"https://r.invalid/npm\" }",
        "NPM_CONFIG_REGISTRY=https://r.invalid/npm/:username=mia:_password={password}",
        "registry=https://mia:{password}@r.invalid/npm/",
        "  resolved \"https://mia:{password}@r.invalid/npm/@a/b/-/b-1.0.0.tgz#abc\"",
        "resolution: {tarball: https://mia:{password}@r.invalid/npm/b/-/b-1.0.0.tgz}",
    ] {
        case(text, &password);
    }
    case("npm_config__auth={base64:mia:{password}}", &["registry-password {password} mia -"]);
    case("YARN_NPM_AUTH_IDENT=mia:{password}", &["registry-password {password} mia -"]);
    case("//r.invalid/:_auth={base64:mia:{password}\n}", &["registry-password {password} mia r.invalid/"]);
    case(
        "//r.invalid/:username=mia\n//r.invalid/:_password={base64:{password}\n}",
        &["registry-password {password} mia r.invalid/"],
    );
    case("//r.invalid/:_auth={base64:mia:password}", &["registry-password password mia r.invalid/"]);
    case("registry=https://mia:a%2Fb@r.invalid/", &["registry-password a/b mia r.invalid/"]);
    for text in ["_auth={base64:mia:Osprey-2}", "registry=https://mia:Osprey-2@r.invalid/"] {
        let text = mint::fill(text, 1);
        assert_eq!(scan(text.as_bytes())[0].secret.kind(), SecretKind::Password);
    }
}

#[test]
fn yarn_bun_and_variables() {
    let token = ["registry-token {opaque} - r.invalid/"];
    for text in [
        "npmRegistries:\n  \"//r.invalid\":\n    npmAlwaysAuth: true\n    npmAuthToken: \"{opaque}\"",
        "npmRegistries:\n  'https://r.invalid':\n    npmAuthToken: {opaque}",
        "npmScopes:\n  mia:\n    npmRegistryServer: \"https://r.invalid\"\n    npmAuthToken: '{opaque}'",
        "npmScopes:\n  mia:\n    npmAuthToken: ${TOKEN-{opaque}}\n    npmRegistryServer: \"https://r.invalid\"",
        "npmRegistryServer: https://r.invalid\nnpmAuthToken: \"${TOKEN:-{opaque}}\"",
        "[install.scopes]\n\"@mia\" = { token = \"{opaque}\", url = \"https://r.invalid\" }",
        "[install]\nregistry = { url = \"https://r.invalid\", token=\"{opaque}\" }",
    ] {
        case(text, &token);
    }
    case("YARN_NPM_AUTH_TOKEN={opaque}", &["registry-token {opaque} - -"]);
    case("NPM_TOKEN: {jwt}", &["registry-token {jwt} - -"]);
    case("NPM_TOKEN={opaque}", &[]);
    for text in [
        "NPM_TOKEN={uuid}",
        "export NPM_TOKEN='{uuid}'",
        "$env:NPM_TOKEN = \"{uuid}\"",
        "set NPM_TOKEN={uuid}",
        "ENV NPM_TOKEN {uuid}",
        "ARG NPM_TOKEN=\"{uuid}\"",
        "docker build --build-arg NPM_TOKEN={uuid} .",
        "NODE_AUTH_TOKEN: {uuid}",
        "NPM_AUTH_TOKEN: \"{uuid}\"",
        "\"NPM_ACCESS_TOKEN\": \"{uuid}\"",
        "<NPM_TOKEN>{uuid}</NPM_TOKEN>",
        "process.env.NPM_TOKEN || '{uuid}'",
        "${NPM_TOKEN:-{uuid}}",
        "- name: NPM_TOKEN\n  value: \"{uuid}\"",
        "{\"name\": \"NPM_TOKEN\",\n \"value\": \"{uuid}\"}",
        r#"{\"NPM_TOKEN\": \"{uuid}\"}"#,
        "MY_NPM_TOKEN={uuid}",
        // Kubernetes' secrets, with and without the line feed of `echo`.
        "data:\n  NPM_TOKEN: {base64:{uuid}}",
        "data:\n  NPM_TOKEN: \"{base64:{uuid}\n}\"",
        "NPM_TOKEN=${{uuid}}",
    ] {
        case(text, &["legacy-token {uuid} - -"]);
    }
    case("npmAuthToken: \"${{uuid}}\"", &["registry-token {uuid} - -"]);
    case("//r.invalid/:_authToken=${{npm_token}}", &["access-token {npm_token} - r.invalid/"]);
    case("//r.invalid/:_authToken=${NPM_TOKEN:-{opaque}}", &["registry-token {opaque} - r.invalid/"]);
}

#[test]
fn variables_name_their_registry() {
    for text in [
        "NPM_CONFIG_REGISTRY=https://r.invalid/npm/\nYARN_NPM_AUTH_TOKEN={opaque}",
        "YARN_NPM_REGISTRY_SERVER: https://r.invalid/npm\nYARN_NPM_AUTH_TOKEN: {opaque}",
        "NPM_CONFIG_TOKEN={opaque}\nNPM_CONFIG_REGISTRY=\"https://r.invalid/npm/\"",
        "COREPACK_NPM_REGISTRY=https://r.invalid/npm COREPACK_NPM_TOKEN={opaque}",
    ] {
        case(text, &["registry-token {opaque} - r.invalid/npm/"]);
    }
    case("NPM_REGISTRY_URL=https://r.invalid/\nNPM_TOKEN={uuid}", &["legacy-token {uuid} - r.invalid/"]);
    case("NPM_REGISTRY=https://r.invalid\nNPM_TOKEN=NpmToken.{uuid}", &["nexus-token NpmToken.{uuid} - r.invalid/"]);
    case(
        "NPM_CONFIG_REGISTRY=https://r.invalid/\nNPM_CONFIG__AUTH={base64:mia:{password}}",
        &["registry-password {password} mia r.invalid/"],
    );
}

#[test]
fn references_placeholders_and_redacted_forms_are_silent() {
    let values = [
        "${NPM_TOKEN}",
        "${NPM_TOKEN?}",
        "$NPM_TOKEN",
        "${{ secrets.NPM_TOKEN }}",
        "{{ npm_token }}",
        "{{npmToken}}",
        "<your-token>",
        "<YOUR_TOKEN_1234567890>",
        "%NPM_TOKEN%",
        "$(cat /run/secrets/npm)",
        "`cat token`",
        "process.env.NPM_TOKEN_123456789",
        "***",
        "xxxxxxxxxxxxxxxxxxxxxxxx",
        "XXXXX-XXXXX-XXXXX-XXXXX",
        "00000000-0000-0000-0000-000000000000",
        "YOUR_TOKEN_0123456789",
        "your-npm-token-goes-here-1",
        "npm_abcd...7890",
        "npm_abcd…7890",
        "npm_***",
        "foo",
        "bar",
        "abc123",
        "token",
        "",
        "my-super-secret-token-1",
        "12345678-1234-1234-1234-123456789012",
        "{npm_token_bad_checksum}",
        "{npm_token_truncated}",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "1234567890123456789012345",
        "undefined",
        "null",
        "[redacted-0123456789abcd]",
        "deadbeefdeadbeefcafe1234",
    ];
    for value in values {
        for form in [
            "//r.invalid/:_authToken=V",
            "//r.invalid/:_authToken=\"V\"\nnext=1",
            "_authToken=V",
            "npmAuthToken: \"V\"",
            "npmAuthToken: V\nnpmAlwaysAuth: true",
            "NPM_TOKEN=V",
            "NODE_AUTH_TOKEN: V",
            "\"//r.invalid/:_authToken\": \"V\",",
            "[install]\nregistry = { token = \"V\", url = \"https://r.invalid\" }",
            "resolved \"https://r.invalid/a/-/a-1.tgz?token=V\"",
            "//r.invalid/:_auth=V",
            "_auth = V",
            "YARN_NPM_AUTH_TOKEN=V",
        ] {
            case(&form.replace('V', value), &[]);
        }
    }
    for text in [
        "// one of :_authToken, :_auth, or :_password and :username",
        "this.delete(`${nerfed}:_password`, 'user')",
        "'//r.invalid/:_password': password,",
        "_auth={base64:user:pass}",
        "//r.invalid/:_auth={base64:test:test}",
        "_auth={base64:foo:bar}",
        "_auth=notbase64==",
        "//r.invalid/:username=user\n//r.invalid/:_password={base64:pass}",
        "npmAuthIdent: ${IDENT}",
        "npmAuthIdent: \"user:password\"",
        "this._auth = '{base64:mia:Osprey-2}'",
        "http_basic_auth={base64:mia:Osprey-2}",
        "const { _auth } = opts",
        "_authToken, {uuid_}",
        "registry=https://username:password@r.invalid",
        "see https://mia:Osprey-2@r.invalid/docs",
        "token = \"{opaque}\"",
        "password = \"Osprey-2\"",
        "(null==n?void 0:n.get(\"npmAuthIdent\"))||(null==n?void 0:n.get(\"npmAuthToken\"))",
        "new Set([\"npmAuthIdent\", \"npmAuthToken\"])",
        "\"npmAuthIdent\": \"Buffer.from(mia:Osprey-2).toString('base64')\"",
        "'//r.invalid/:_password': '9876543219'",
        "//r.invalid/:_password=my-fake-password",
        "[install]\nregistry = { token = \"\", url = \"https://r.invalid/{opaque}\" }",
        "registries:\n  - x\nsee: https://mia:Osprey-2@r.invalid/",
        "NPM_TOKEN=\nSHA={uuid}",
        "{npm_token_long}_x",
        "x{npm_token_long}",
    ] {
        case(text, &[]);
    }
}

#[test]
fn encodings() {
    let expected = ["access-token {npm_token} - r.invalid/", "registry-token {opaque} - s.invalid/"];
    let npmrc = "//r.invalid/:_authToken={npm_token}\n//s.invalid/:_authToken={opaque}\n";
    case(&format!("data:\n  .npmrc: {{base64:{npmrc}}}\n"), &expected);
    case(&format!("x/{{base64:{npmrc}}}"), &expected);
    case(&format!("{{\"a\":\"{{base64:a{npmrc}}}\"}}"), &expected);
    case(&format!("{{base64:ab{npmrc}}}"), &expected);
    case("NPM_TOKEN: {base64:{npm_token}}", &["access-token {npm_token} - -"]);
    case("x: {base64:{base64:{npm_token}}}", &["access-token {npm_token} - -"]);
    case("x: {base64:.{base64:..{npm_token}}}", &["access-token {npm_token} - -"]);
    case("x: {base64:{base64:{base64:{npm_token}}}}", &[]);

    let text = mint::fill(npmrc, 1);
    let plain = scan(text.as_bytes());
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        let wide: Vec<u8> = text.encode_utf16().flat_map(order).collect();
        let mark: Vec<u8> = [0xFEFF_u16].into_iter().flat_map(order).collect();
        for (bytes, shift) in [(wide.clone(), 0), ([mark, wide].concat(), 2)] {
            let found = scan(&bytes);
            assert_eq!(found.iter().map(describe).collect::<Vec<_>>(), plain.iter().map(describe).collect::<Vec<_>>());
            for (found, plain) in found.iter().zip(&plain) {
                assert_eq!(found.span, plain.span.start * 2 + shift..plain.span.end * 2 + shift);
            }
        }
        let token: Vec<u8> = mint::fill("{npm_token}", 1).encode_utf16().flat_map(order).collect();
        let binary = [vec![0xC3; 2000], token, vec![0xC3; 2000]].concat();
        assert_eq!(scan(&binary).len(), 1);
    }
}

/// Long runs are decoded piece by piece.
#[test]
fn nothing_is_lost_where_the_pieces_of_a_run_meet() {
    for gap in (24_490..24_560).step_by(4) {
        let text = mint::fill(&format!("{{base64:{{npm_token}}{}{{npm_token}}}}", ".".repeat(gap)), 1);
        assert_eq!(scan(text.as_bytes()).len(), 2, "{gap}");
    }
    for gap in (16_290..16_360).step_by(8) {
        let text = mint::fill(&format!("{{npm_token}}{}{{npm_token}}", ".".repeat(gap)), 1);
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(scan(&[vec![0xC3; 2000], wide].concat()).len(), 2, "{gap}");
    }
}

#[test]
fn base64_spans_cover_what_encodes_the_secret() {
    let text = mint::fill("a: {base64:padding padding {npm_token} more}\nb: 1", 3);
    let span = scan(text.as_bytes())[0].span.clone();
    let run = text.find("a: ").unwrap() + 3..text.find('\n').unwrap();
    assert!(
        span.start >= run.start + 20 && span.end <= run.end && (52..=56).contains(&span.len()),
        "{span:?} in {run:?}"
    );
}

#[test]
fn what_a_token_says_of_itself() {
    let said = |text: &str| {
        let text = mint::fill(text, 1);
        scan(text.as_bytes())[0].offline.clone().into_iter().map(|(a, b)| format!("{a}={b}")).collect::<Vec<_>>()
    };
    assert_eq!(said("{npm_token}"), [""; 0]);
    let legacy = ["format=legacy UUID; the public registry revoked all of them on 2025-12-09"];
    assert_eq!(said("_authToken={uuid}"), legacy);
    assert_eq!(said("//r.invalid/:_authToken={uuid}"), ["format=UUID"]);
    let api = DETECTOR.rules().registry(&RegistryId::new("npm")).unwrap().api.clone().unwrap().replace("https:", "");
    assert_eq!(said(&format!("{api}/:_authToken={{uuid}}")), legacy);
    assert_eq!(said("//r.invalid/:_authToken={jwt}")[0], "expires=2033-05-18T03:33:20Z");
}

#[test]
fn inline_comments_allow() {
    let allow = |text: &str| scan(mint::fill(text, 1).as_bytes())[0].allow.clone();
    assert_eq!(allow("NPM_TOKEN={npm_token} # keyrake:allow a fake").as_deref(), Some("a fake"));
    assert_eq!(allow("# keyrake:allow-next-line\ndata: {base64:{npm_token}}").as_deref(), Some("no reason given"));
    assert_eq!(allow("NPM_TOKEN={npm_token}\n# keyrake:allow no"), None);
    let wide: Vec<u8> =
        mint::fill("a={npm_token} # keyrake:allow x", 1).encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(scan(&wide)[0].allow.as_deref(), Some("x"));
}

#[test]
fn hostile_inputs_end() {
    let size = 256 << 10;
    let token = mint::fill("{npm_token}", 1);
    let opaque = mint::fill("{opaque}", 1);
    for unit in [
        "_authToken",
        ":_authToken=",
        "//r.invalid/:_authToken=",
        "https://",
        "https://a@",
        "https://a:b@",
        "npm_",
        "npms_",
        "A",
        "bnBtX",
        "\"",
        "\\",
        "\\n",
        "NPM_TOKEN=",
        "NPM_",
        "token = \"",
        "[install]\ntoken = \"",
        "${",
        "${A:-",
        "?token=",
        "_password",
        "_auth=YTpi",
        "registry=https://",
        "username",
        "npmAuthToken:\n  ",
        "\n ",
        "n\0p\0m\0_\0",
        "X2F1dGhUb2tlbj",
        "eyJ.eyJ.",
        "=",
        ":",
        "//",
        "/",
        "@",
        "keyrake:allow ",
        "npm_0",
        &token,
        &format!("_authToken={opaque}\n"),
        &format!("npmAuthToken: {opaque}\n"),
        &format!("token = \"{opaque}\"\n"),
        &format!("_authToken={opaque} username=a registry=https://b "),
    ] {
        let text = unit.repeat(size / unit.len());
        for found in scan(text.as_bytes()) {
            assert!(found.span.end <= text.len());
        }
    }
}

const CUSTOM: &str = r#"
[registry]
id = "acme"
name = "Acme"
endpoint.api = "https://acme.invalid/api"

[[rule]]
id = "acme-token"
summary = "Acme token"
help = "Ask Acme."
pattern = '(?m)^key\s{0,8}=\s{0,8}(acme-[0-9a-f]{20})\b'
literals = ["acme-"]
evidence = "pattern"
kind = "token"
examples = ["key = acme-0f1e2d3c4b5a69788796"]
counter_examples = ["a key = acme-0f1e2d3c4b5a69788796"]
"#;

#[test]
fn a_users_own_rules() {
    let mut all = rules::embedded().unwrap();
    rules::add(&mut all, CUSTOM, "acme.toml", true).unwrap();
    assert!(rules::check(&all).iter().all(rules::Verdict::is_ok));
    let detector = Detector::new(all).unwrap();
    detector.self_check().unwrap();
    let scan = |text: &str| {
        let found = detector.scan(&Blob::whole(Origin::Stdin, text.as_bytes()));
        found.iter().map(|found| text[found.span.clone()].to_owned()).collect::<Vec<_>>()
    };
    let line = |number: usize| format!("key = acme-{number:04x}d3c4b5a69788f9e1\n");
    for count in [1, 3, 4000] {
        let text: String = (0..count).map(line).collect();
        assert_eq!(scan(&text).len(), count);
    }
    assert_eq!(scan(&format!("{}{}", "acme- ".repeat(50_000), "\nkey = acme-1f2e3d4c5b6a79880f1e")).len(), 1);
    assert_eq!(scan("key = acme-00000000000000000000"), Vec::<String>::new());
}

#[test]
fn only_fresh_ranges_are_searched() {
    let gap = "x\n".repeat(2000);
    let text = mint::fill(&format!("a={{npm_token}}\n{gap}//r.invalid/:_authToken={{opaque}}\n{gap}"), 1);
    let at = text.find("//r").unwrap();
    let scan = |ranges: &[Range<usize>]| {
        let fresh = Fresh::Part { ranges, places: &[] };
        let blob = Blob { fresh, ..Blob::whole(Origin::Stdin, text.as_bytes()) };
        DETECTOR.scan(&blob).iter().map(|found| found.span.clone()).collect::<Vec<_>>()
    };
    let all = scan(std::slice::from_ref(&(0..text.len())));
    assert_eq!(all.len(), 2);
    assert!(scan(&[]).is_empty());
    let name = text.find("_authToken").unwrap();
    assert_eq!(scan(std::slice::from_ref(&(name..name + 10))), all[1..]);
    assert_eq!(scan(std::slice::from_ref(&(2..6))), all[..1]);
    assert_eq!(scan(&[2..6, at..name + 4, name..name + 10]), all);
    assert!(scan(&[40..at, at..name + 4, name + 1..text.len()]).is_empty(), "no anchor lies in any of them");
    assert!(scan(std::slice::from_ref(&(text.len() - 5..text.len() + 99))).is_empty());
}

/// Below a text in which something could lead to a match at very many places, everything is searched.
#[test]
fn places_are_known_as_long_as_they_are_not_too_many() {
    let below = |count: usize| {
        let text = "a token b ".repeat(count);
        let (found, below) = DETECTOR.search(&Blob::whole(Origin::Stdin, text.as_bytes()));
        assert!(found.is_empty());
        below
    };
    let Below::Known(places) = below(1000) else { panic!("not known") };
    assert_eq!(places, (0..1000).map(|word| 10 * word + 2).collect::<Vec<_>>());
    assert_eq!(below(70_000), Below::Whole);
}

#[test]
fn a_users_rule_that_does_not_work_is_no_rule() {
    for (from, to, expected) in [
        ("literals = [\"acme-\"]", "literals = [\"other\"]", "rule acme-token: example 1 is not found"),
        ("\"a key =", "\"key =", "rule acme-token: counter-example 1 is found"),
    ] {
        let mut all = rules::embedded().unwrap();
        rules::add(&mut all, &CUSTOM.replace(from, to), "acme.toml", true).unwrap();
        assert_eq!(Detector::new(all).unwrap().self_check().unwrap_err(), expected);
    }
}

const VALID: [&str; 6] = [
    "registry=https://r.invalid/\n_auth={auth}\n//r.invalid/:_authToken={opaque}\n//r.invalid/:username=mia\n//r.invalid/:_password={base64:{password}}\n",
    "npmRegistries:\n  \"//r.invalid\":\n    npmAuthToken: \"${T:-{opaque}}\"\n    npmAuthIdent: mia:{password}\n",
    "[install.scopes]\n\"@a\" = { token = \"{opaque}\", password = \"{password}\", url = \"https://mia:{password}@r.invalid\" }\n",
    "resolved \"https://mia:{password}@r.invalid/a/-/a-1.0.0.tgz?token={uuid}\"\nNPM_TOKEN={uuid}\nNODE_AUTH_TOKEN: {jwt}\n",
    "data: {base64:a=//r.invalid/:_authToken={npm_token}} {base64:{base64:{npm_token}}} {npm_token_long}\n",
    "NPM_CONFIG_REGISTRY=https://r.invalid/:username=mia:_password={password} npm_config__auth={auth} # keyrake:allow x\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn spans_lie_inside_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        for found in scan(&bytes) {
            prop_assert!(found.span.start <= found.span.end && found.span.end <= bytes.len());
        }
    }

    #[test]
    fn mutated_files_are_read_without_a_panic(
        file in 0..VALID.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..4u8, any::<u8>()), 0..12),
    ) {
        let mut bytes = mint::fill(VALID[file], 1).into_bytes();
        for (place, what, byte) in edits {
            let at = place.index(bytes.len().max(1));
            match what {
                0 if at < bytes.len() => bytes[at] = byte,
                1 => bytes.insert(at.min(bytes.len()), byte),
                2 if at < bytes.len() => { bytes.remove(at); }
                _ => bytes.truncate(at.max(8)),
            }
        }
        for found in scan(&bytes) {
            prop_assert!(found.span.start < found.span.end && found.span.end <= bytes.len());
        }
    }

    #[test]
    fn windows_over_everything_find_everything(cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let text = mint::fill(&VALID.concat(), 1);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len())).chain([0, text.len()]).collect();
        cuts.sort_unstable();
        let ranges: Vec<Range<usize>> =
            cuts.windows(2).map(|pair| pair[0]..(pair[1] + DETECTOR.reach()).min(text.len())).collect();
        let fresh = Fresh::Part { ranges: &ranges, places: &[] };
        let blob = Blob { fresh, ..Blob::whole(Origin::Stdin, text.as_bytes()) };
        let windowed: Vec<_> = DETECTOR.scan(&blob).iter().map(|found| (found.span.clone(), describe(found))).collect();
        let whole: Vec<_> = scan(text.as_bytes()).iter().map(|found| (found.span.clone(), describe(found))).collect();
        prop_assert!(whole.len() > 15);
        prop_assert_eq!(windowed, whole);
    }
}
