//! Every form in which a credential of npm is written, in every wrapping in which files carry it, with what must come of it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::decode::base64_forms;
use super::mint::Mint;
use super::*;
use crate::model::Origin;

/// A file and what its credential must be bound to. `T` stands for a token, `C` for a password, `P` for its base64, `A` for the
/// base64 of `mia` and the password.
struct Form {
    text: &'static str,
    user: &'static str,
    host: &'static str,
}

const fn form(text: &'static str, user: &'static str, host: &'static str) -> Form {
    Form { text, user, host }
}

/// Fields that take any token.
const FIELDS: &[Form] = &[
    form("//r.invalid/:_authToken=«T»", "-", "r.invalid/"),
    form("//r.invalid/npm/:_authToken = «T»", "-", "r.invalid/npm/"),
    form("//r.invalid/npm:_authToken=«T»", "-", "r.invalid/npm/"),
    form("//R.invalid:4873/a/b/:_authToken=\"«T»\"", "-", "r.invalid:4873/a/b/"),
    form("//r.invalid/:_authToken='«T»'", "-", "r.invalid/"),
    form("//127.0.0.1:4873/:_authToken=«T»", "-", "127.0.0.1:4873/"),
    form("//[::1]:4873/:_authToken=«T»", "-", "[::1]:4873/"),
    form("//localhost/:_authToken=«T»", "-", "localhost/"),
    form("//r.invalid/:_authToken=«T» ; mine", "-", "r.invalid/"),
    form("//r.invalid/:_authToken=«T»#mine", "-", "r.invalid/"),
    form("//r.invalid/:@mia:_authToken=«T»", "-", "r.invalid/"),
    form(
        "//r.invalid/api/v4/projects/12/packages/npm/:_authToken=«T»",
        "-",
        "r.invalid/api/v4/projects/12/packages/npm/",
    ),
    form(
        "@mia:registry=https://r.invalid/npm/\n//r.invalid/npm/:_authToken=«T»\n//s.invalid/:_authToken=${NPM_TOKEN}",
        "-",
        "r.invalid/npm/",
    ),
    form("registry=https://r.invalid:8443/npm/\n_authToken=«T»", "-", "r.invalid:8443/npm/"),
    form("_authToken=«T»\nregistry = \"https://r.invalid/npm/\"", "-", "r.invalid/npm/"),
    form("registry=https://r.invalid/\n[auth]\n_authToken=«T»", "-", "r.invalid/"),
    form("_authtoken=«T»", "-", "-"),
    form("\"//r.invalid/:_authToken\" \"«T»\"", "-", "r.invalid/"),
    form("\"//r.invalid/:_authToken\" «T»", "-", "r.invalid/"),
    form("registry \"https://r.invalid/npm/\"\n_authToken \"«T»\"", "-", "r.invalid/npm/"),
    form("npmRegistryServer: \"https://r.invalid/npm\"\nnpmAuthToken: \"«T»\"", "-", "r.invalid/npm/"),
    form("npmAuthToken: «T»", "-", "-"),
    form(
        "npmRegistries:\n  \"//r.invalid:4873\":\n    npmAlwaysAuth: true\n    npmAuthToken: '«T»'",
        "-",
        "r.invalid:4873/",
    ),
    form("npmRegistries:\n  //r.invalid:\n    npmAuthToken: «T»", "-", "r.invalid/"),
    form(
        "npmScopes:\n  mia:\n    npmRegistryServer: https://r.invalid/npm\n    npmAuthToken: «T»\n",
        "-",
        "r.invalid/npm/",
    ),
    form("npmRegistries: {\"//r.invalid\": {npmAuthToken: \"«T»\"}}", "-", "r.invalid/"),
    form(
        "{\"npmRegistries\": {\"https://r.invalid/npm\": {\"npmAlwaysAuth\": true, \"npmAuthToken\": \"«T»\"}}}",
        "-",
        "r.invalid/npm/",
    ),
    form(
        "{\n  \"npmRegistries\": {\n    \"https://r.invalid/npm\": {\n      \"npmAlwaysAuth\": true,\n      \"npmAuthToken\": \"«T»\"\n    }\n  }\n}",
        "-",
        "r.invalid/npm/",
    ),
    form("npmRegistryServer: \"https://r.invalid/npm\"\nnpmAuthToken: \"${TOKEN:-«T»}\"", "-", "r.invalid/npm/"),
    form("npmAuthToken: ${TOKEN-«T»}", "-", "-"),
    form("yarn config set npmAuthToken «T»", "-", "-"),
    form("yarn config set 'npmRegistries[\"//r.invalid\"].npmAuthToken' «T»", "-", "r.invalid/"),
    form("yarn config set npmScopes.mia.npmAuthToken \"«T»\"", "-", "-"),
    form("[install.registry]\nurl = \"https://r.invalid/npm\"\ntoken = \"«T»\"", "-", "r.invalid/npm/"),
    form("[install.registry]\nurl   = 'https://r.invalid/npm'\ntoken = '«T»'", "-", "r.invalid/npm/"),
    form(
        "[install.registry]\nusername = \"mia\"\ntoken    = \"«T»\"\nurl      = \"https://r.invalid/npm\"",
        "mia",
        "r.invalid/npm/",
    ),
    form("[install]\nregistry = { url = \"https://r.invalid/npm\", token = \"«T»\" }", "-", "r.invalid/npm/"),
    form(
        "[install.scopes]\n\"@tom\" = \"https://s.invalid\"\n\"@mia\" = { token = \"«T»\", url = \"https://r.invalid/npm\" }",
        "-",
        "r.invalid/npm/",
    ),
    form("[install.scopes]\nmia = {token=\"«T»\",url=\"https://r.invalid/npm\"}", "-", "r.invalid/npm/"),
    form("_auth:\n  \"https://r.invalid/npm/\":\n    \"@\":\n      authToken: «T»", "-", "r.invalid/npm/"),
    form(
        "_auth:\n  https://r.invalid:\n    '@tom':\n      authToken: ${TOKEN}\n    '@mia':\n      authToken: '«T»'",
        "-",
        "r.invalid/",
    ),
    form("pnpm_config__auth='{\"https://r.invalid\":{\"@mia\":{\"authToken\":\"«T»\"}}}'", "-", "r.invalid/"),
    form("npm_config_//r.invalid/npm/:_authToken=«T»", "-", "r.invalid/npm/"),
    form("pnpm_config_//r.invalid/:_authToken=«T»", "-", "r.invalid/"),
    form("env 'npm_config_//r.invalid/:_authToken=«T»' npm publish", "-", "r.invalid/"),
    form("NPM_CONFIG__AUTHTOKEN=«T»", "-", "-"),
    form("npm_config__authToken=«T»", "-", "-"),
    form("npm_config_registry=https://r.invalid/npm/ npm_config__authtoken=«T» npm ci", "-", "r.invalid/npm/"),
    form("YARN_NPM_AUTH_TOKEN=«T»", "-", "-"),
    form("YARN_NPM_REGISTRY_SERVER=https://r.invalid/npm\nYARN_NPM_AUTH_TOKEN=«T»", "-", "r.invalid/npm/"),
    form("NPM_CONFIG_TOKEN=«T» bun publish", "-", "-"),
    form("npm publish --//r.invalid/:_authToken=«T»", "-", "r.invalid/"),
    form("npm publish --registry=https://r.invalid/npm/ --//r.invalid/npm/:_authToken «T»", "-", "r.invalid/npm/"),
    form("npm publish --registry https://r.invalid/npm/ --_authToken=«T»", "-", "r.invalid/npm/"),
    form("npm config set //r.invalid/:_authToken «T»", "-", "r.invalid/"),
    form("npm config set //r.invalid/:_authToken=«T» && npm ci", "-", "r.invalid/"),
    form("npm config set -- '//r.invalid/:_authToken' \"«T»\"", "-", "r.invalid/"),
    form("npm set \"//r.invalid/:_authToken\" '«T»'", "-", "r.invalid/"),
    form("npm config set _authToken «T» --registry=https://r.invalid/npm/", "-", "r.invalid/npm/"),
    form("pnpm config set '//r.invalid/:_authToken' «T»", "-", "r.invalid/"),
    form("echo //r.invalid/:_authToken=«T» > .npmrc", "-", "r.invalid/"),
    form("echo \"//r.invalid/:_authToken=«T»\">>~/.npmrc", "-", "r.invalid/"),
    form(
        "RUN echo \"registry=https://s.invalid/\\n//r.invalid/:_authToken=«T»\\n\" > .npmrc && npm ci && rm .npmrc",
        "-",
        "r.invalid/",
    ),
    form("cat > .npmrc <<EOF\nregistry=https://s.invalid/\n//r.invalid/:_authToken=«T»\nEOF", "-", "r.invalid/"),
    form("ENV NPM_CONFIG__AUTHTOKEN \"«T»\"", "-", "-"),
    form(
        "\"publishConfig\": {\"registry\": \"https://r.invalid/npm/\", \"//r.invalid/npm/:_authToken\": \"«T»\"}",
        "-",
        "r.invalid/npm/",
    ),
    form("\"scripts\": {\"release\": \"npm publish --//r.invalid/:_authToken=«T»\"}", "-", "r.invalid/"),
    form("\"resolved\": \"https://r.invalid/npm/b/-/b-1.0.0.tgz?token=«T»\",", "-", "r.invalid/npm/"),
    form("  resolved \"https://r.invalid/b/-/b-1.0.0.tgz?a=b&_authToken=«T»#abc\"", "-", "r.invalid/"),
    form("resolution: {integrity: x, tarball: https://r.invalid/npm/b/-/b-1.0.0.tgz?token=«T»}", "-", "r.invalid/npm/"),
    form("opts = { '//r.invalid/:_authToken': '«T»' }", "-", "r.invalid/"),
    form("conf.set('//r.invalid/:_authToken', '«T»')", "-", "r.invalid/"),
    form("conf[\"//r.invalid/:_authToken\"] = \"«T»\";", "-", "r.invalid/"),
    form("<env name=\"npm_config_//r.invalid/:_authToken\" value=\"«T»\"/>", "-", "r.invalid/"),
    form("- name: npm_config_//r.invalid/:_authToken\n  value: «T»", "-", "r.invalid/"),
    form("%2F%2Fr.invalid%2F%3A_authToken%3D«T»%0A", "-", "r.invalid/"),
];

/// Variables: only tokens of a shape of their own are believed there.
const VARIABLES: &[&str] = &[
    "NPM_TOKEN=«T»",
    "NPM_TOKEN = «T»",
    "export NPM_TOKEN=\"«T»\"",
    "export NPM_AUTH_TOKEN='«T»'",
    "set NPM_TOKEN=«T»",
    "setx NPM_TOKEN «T»",
    "setx NPM_TOKEN \"«T»\" /M",
    "set -gx NPM_TOKEN «T»",
    "setenv NPM_TOKEN «T»",
    "NPM_TOKEN := «T»",
    "NPM_TOKEN ?= «T»",
    "$env:NPM_TOKEN=\"«T»\"",
    "$Env:NPM_TOKEN = '«T»'",
    "[Environment]::SetEnvironmentVariable(\"NPM_TOKEN\", \"«T»\", \"User\")",
    "ENV NPM_TOKEN «T»",
    "ENV NPM_TOKEN=«T» OTHER=1",
    "ENV OTHER=1 \\\n    NPM_TOKEN=«T»",
    "ARG NPM_TOKEN=«T»",
    "ARG NPM_TOKEN=\"«T»\"",
    "docker build --build-arg NPM_TOKEN=«T» .",
    "docker run -e NPM_TOKEN=«T» x",
    "docker run --env=\"NPM_TOKEN=«T»\" x",
    "env:\n  NODE_AUTH_TOKEN: «T»",
    "      env:\n        NPM_TOKEN: \"«T»\"",
    "variables:\n  NPM_TOKEN: «T»",
    "variables:\n  NPM_TOKEN:\n    value: \"«T»\"\n    description: x",
    "    environment:\n      - NPM_TOKEN=«T»",
    "env:\n  global:\n    - NPM_TOKEN=«T» CI=1",
    "- name: NPM_TOKEN\n  value: «T»",
    "- key: NPM_TOKEN\n  value: '«T»'",
    "{ name = \"NPM_TOKEN\", value = \"«T»\" }",
    "key   = \"NPM_TOKEN\"\n  value = \"«T»\"",
    "{\"name\":\"NPM_TOKEN\",\"value\":\"«T»\"}",
    "{\"NPM_TOKEN\": \"«T»\"}",
    "{\"npm_token\":\"«T»\"}",
    "npmToken: «T»",
    "const npmToken = \"«T»\";",
    "process.env.NPM_TOKEN = '«T»'",
    "process.env['NPM_TOKEN'] = '«T»'",
    "process.env.NPM_TOKEN ?? '«T»'",
    "os.environ[\"NPM_TOKEN\"] = \"«T»\"",
    "os.environ.setdefault('NPM_TOKEN', '«T»')",
    "ENV['NPM_TOKEN'] = '«T»'",
    "'NPM_TOKEN' => '«T»',",
    "withEnv(['NPM_TOKEN=«T»'])",
    "<env name=\"NPM_TOKEN\" value=\"«T»\"/>",
    "<NPM_TOKEN>«T»</NPM_TOKEN>",
    "gh secret set NPM_TOKEN --body \"«T»\"",
    "gh secret set NPM_TOKEN -b«T»",
    "heroku config:set NPM_TOKEN=«T»",
    "kubectl create secret generic npm --from-literal=NPM_TOKEN=«T»",
    "vault kv put secret/npm NPM_TOKEN=«T»",
    "stringData:\n  NPM_TOKEN: «T»",
    "NPM_TOKEN=«T» npm publish",
    "${NPM_TOKEN:-«T»}",
    "NPM_ACCESS_TOKEN=«T»",
    "NPM_PUBLISH_TOKEN: «T»",
    "MY_NPM_TOKEN_CI_TOKEN=«T»",
    "| NPM_TOKEN | «T» |",
    "`NPM_TOKEN=«T»`",
];

/// Fields that take a password.
const PASSWORDS: &[Form] = &[
    form("//r.invalid/npm/:_auth=«A»", "mia", "r.invalid/npm/"),
    form("//r.invalid:4873/:_auth = \"«A»\"", "mia", "r.invalid:4873/"),
    form("//r.invalid/:@mia:_auth=«A»", "mia", "r.invalid/"),
    form("registry=https://r.invalid/npm/\n_auth=«A»\nemail=m@x.invalid", "mia", "r.invalid/npm/"),
    form("_auth = '«A»'\nregistry=https://r.invalid/npm/", "mia", "r.invalid/npm/"),
    form("_auth «A»", "mia", "-"),
    form("\"//r.invalid/:_auth\" \"«A»\"", "mia", "r.invalid/"),
    form("//r.invalid/npm/:username=mia\n//r.invalid/npm/:_password=«P»", "mia", "r.invalid/npm/"),
    form("//r.invalid/npm/:_password=\"«P»\"\n//r.invalid/npm/:username=\"mia\"", "mia", "r.invalid/npm/"),
    form("//r.invalid/npm/:username=mia\n//r.invalid/npm/:_password=«C»", "mia", "r.invalid/npm/"),
    form(
        "//r.invalid/a/npm/registry/:username=mia\n//r.invalid/a/npm/registry/:_password=«P»\n//r.invalid/a/npm/registry/:email=x@x.invalid",
        "mia",
        "r.invalid/a/npm/registry/",
    ),
    form("registry=https://r.invalid/\nusername=mia\n_password=«P»", "mia", "r.invalid/"),
    form("npm_config__auth=«A»", "mia", "-"),
    form("NPM_CONFIG__AUTH=«A»", "mia", "-"),
    form("NPM_CONFIG_USERNAME=mia\nNPM_CONFIG__PASSWORD=«P»", "mia", "-"),
    form("npm_config_//r.invalid/:username=mia\nnpm_config_//r.invalid/:_password=«P»", "mia", "r.invalid/"),
    form("npm config set _auth «A»", "mia", "-"),
    form("npm config set //r.invalid/:_auth «A»", "mia", "r.invalid/"),
    form("npm config set //r.invalid/:_auth=\"«A»\"", "mia", "r.invalid/"),
    form(
        "npm config set //r.invalid/:username mia\nnpm config set //r.invalid/:_password \"«P»\"",
        "mia",
        "r.invalid/",
    ),
    form("npm publish --_auth=«A»", "mia", "-"),
    form("npmRegistryServer: https://r.invalid/npm\nnpmAuthIdent: mia:«C»", "mia", "r.invalid/npm/"),
    form("npmRegistryServer: https://r.invalid/npm\nnpmAuthIdent: \"«A»\"", "mia", "r.invalid/npm/"),
    form("npmRegistries:\n  \"//r.invalid\":\n    npmAuthIdent: 'mia:«C»'", "mia", "r.invalid/"),
    form("npmRegistries:\n  \"//r.invalid\":\n    npmAuthIdent: \"${IDENT:-mia:«C»}\"", "mia", "r.invalid/"),
    form("{\"npmRegistries\": {\"//r.invalid\": {\"npmAuthIdent\": \"mia:«C»\"}}}", "mia", "r.invalid/"),
    form("yarn config set npmAuthIdent mia:«C»", "mia", "-"),
    form("YARN_NPM_AUTH_IDENT=mia:«C»", "mia", "-"),
    form("YARN_NPM_AUTH_IDENT: \"«A»\"", "mia", "-"),
    form(
        "[install.registry]\nurl = \"https://r.invalid/npm\"\nusername = \"mia\"\npassword = \"«C»\"",
        "mia",
        "r.invalid/npm/",
    ),
    form(
        "[install.registry]\nurl = 'https://r.invalid/npm'\nusername = 'mia'\npassword = '«C»'",
        "mia",
        "r.invalid/npm/",
    ),
    form(
        "[install.scopes]\n\"@mia\" = { username = \"mia\", password = \"«C»\", url = \"https://r.invalid/npm\" }",
        "mia",
        "r.invalid/npm/",
    ),
    form("[install]\nregistry = \"https://mia:«C»@r.invalid/npm\"", "mia", "r.invalid/npm/"),
    form("[install.scopes]\nmia = \"https://mia:«C»@r.invalid/npm\"", "mia", "r.invalid/npm/"),
    form("NPM_CONFIG_REGISTRY=https://r.invalid/npm/:username=mia:_password=«C»", "mia", "r.invalid/npm/"),
    form("registry=https://mia:«C»@r.invalid/npm/", "mia", "r.invalid/npm/"),
    form("@mia:registry = \"https://mia:«C»@r.invalid:4873/npm/\"", "mia", "r.invalid:4873/npm/"),
    form("npm ci --registry=https://mia:«C»@r.invalid/npm/", "mia", "r.invalid/npm/"),
    form("npm config set registry https://mia:«C»@r.invalid/npm/", "mia", "r.invalid/npm/"),
    form("npm config set @mia:registry https://mia:«C»@r.invalid/npm/", "mia", "r.invalid/npm/"),
    form("NPM_CONFIG_REGISTRY=\"https://mia:«C»@r.invalid/npm/\"", "mia", "r.invalid/npm/"),
    form("npm_config_registry: https://mia:«C»@r.invalid/npm/", "mia", "r.invalid/npm/"),
    form("registry \"https://mia:«C»@r.invalid/npm/\"", "mia", "r.invalid/npm/"),
    form("\"@mia:registry\" \"https://mia:«C»@r.invalid/npm/\"", "mia", "r.invalid/npm/"),
    form("npmRegistryServer: \"https://mia:«C»@r.invalid/npm/\"", "mia", "r.invalid/npm/"),
    form("\"publishConfig\": {\"registry\": \"https://mia:«C»@r.invalid/npm/\"}", "mia", "r.invalid/npm/"),
    form("\"resolved\": \"https://mia:«C»@r.invalid/npm/@a/b/-/b-1.0.0.tgz\",", "mia", "r.invalid/npm/"),
    form("  resolved \"https://mia:«C»@r.invalid/b/-/b-1.0.0.tgz#abc\"", "mia", "r.invalid/"),
    form("    resolution: {tarball: https://mia:«C»@r.invalid/npm/b/-/b-1.0.0.tgz}", "mia", "r.invalid/npm/"),
    form(
        "[\"b@1.0.0\", \"https://mia:«C»@r.invalid/npm/b/-/b-1.0.0.tgz\", {}, \"sha512-x\"],",
        "mia",
        "r.invalid/npm/",
    ),
    form("registries:\n  default: https://mia:«C»@r.invalid/npm/", "mia", "r.invalid/npm/"),
    form("registries:\n  '@mia': https://mia:«C»@r.invalid/npm/", "mia", "r.invalid/npm/"),
    form("{ '//r.invalid/:_auth': '«A»' }", "mia", "r.invalid/"),
    form("<env name=\"npm_config__auth\" value=\"«A»\"/>", "mia", "-"),
];

/// A way to carry a file inside another.
struct Wrapping {
    name: &'static str,
    wrap: fn(&str) -> Vec<u8>,
    layer: Layer,
}

/// What a wrapping does to the bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    /// A secret stands there as it is.
    Plain,
    /// Every character takes two bytes.
    Wide,
    /// Found where the name of a credential field, or a proven token, is in it.
    Base64,
    /// Found where a proven token is in it.
    TwiceBase64,
}

const fn plain(name: &'static str, wrap: fn(&str) -> Vec<u8>) -> Wrapping {
    Wrapping { name, wrap, layer: Layer::Plain }
}

const fn encoded(name: &'static str, layer: Layer, wrap: fn(&str) -> Vec<u8>) -> Wrapping {
    Wrapping { name, wrap, layer }
}

/// Names that are looked for in base64 too.
const NAMES_IN_BASE64: [&str; 6] = ["npm_", "_authToken", "_auth", "_password", "npmAuthToken", "npmAuthIdent"];

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn lines(text: &str, each: impl Fn(&str) -> String) -> Vec<u8> {
    text.lines().map(each).collect::<String>().into_bytes()
}

fn base64(text: impl AsRef<[u8]>) -> String {
    STANDARD.encode(text)
}

fn wrapped(text: &str, width: usize, line: &str) -> String {
    text.as_bytes().chunks(width).fold(String::new(), |mut out, part| {
        write!(out, "{line}{}", std::str::from_utf8(part).unwrap()).unwrap();
        out
    })
}

fn wide(text: &str, mark: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    format!("{mark}{text}").encode_utf16().flat_map(order).collect()
}

const WRAPPINGS: &[Wrapping] = &[
    plain("alone, no final newline", |text| text.into()),
    plain("final newline", |text| format!("{text}\n").into()),
    plain("CRLF", |text| format!("{text}\n").replace('\n', "\r\n").into()),
    plain("among other settings", |text| format!("fund=false\n{text}\nstrict-ssl=true\n").into()),
    plain("byte order mark", |text| format!("\u{feff}{text}").into()),
    plain("after words in other letters", |text| format!("# 密码 пароль é\n{text}\n# ключ\n").into()),
    plain("diff", |text| lines(text, |line| format!("+{line}\n"))),
    plain("quoted mail", |text| lines(text, |line| format!("> {line}\n"))),
    plain("block scalar", |text| {
        [b"data:\n  .npmrc: |\n".to_vec(), lines(text, |line| format!("    {line}\n"))].concat()
    }),
    plain("here document", |text| format!("cat > f <<'EOF'\n{text}\nEOF\nnpm ci\n").into()),
    plain("fence", |text| format!("See:\n\n```ini\n{text}\n```\n").into()),
    plain("tar", |text| [vec![0; 512], text.into(), vec![0; 700]].concat()),
    plain("JSON string", |text| format!("{{\"a\":{},\"b\":1}}", json(text)).into()),
    plain("JSON string in JSON", |text| format!("{{\"a\":{},\"b\":1}}", json(&json(text))).into()),
    plain("JSON string in YAML", |text| format!("a: '{{\"b\": {}}}'\n", json(text).replace('\'', "''")).into()),
    plain("notebook", |text| {
        let lines: Vec<String> = text.lines().map(|line| json(&format!("{line}\n"))).collect();
        format!("{{\"cells\": [{{\"source\": [\n    {}\n   ]}}]}}", lines.join(",\n    ")).into()
    }),
    plain("one long line of JSON", |text| {
        format!(
            "{{\"z\":\"{}\",\"a\":{},\"b\":\"{}\"}}",
            "lorem ipsum ".repeat(1500),
            json(text),
            "dolor ".repeat(1500)
        )
        .into()
    }),
    encoded("UTF-16, low byte first", Layer::Wide, |text| wide(text, "\u{feff}", u16::to_le_bytes)),
    encoded("UTF-16, high byte first", Layer::Wide, |text| wide(text, "\u{feff}", u16::to_be_bytes)),
    encoded("UTF-16 without a mark", Layer::Wide, |text| {
        wide(&format!("loglevel=silent\r\n{text}\r\n"), "", u16::to_le_bytes)
    }),
    encoded("base64", Layer::Base64, |text| format!("data:\n  .npmrc: {}\n", base64(format!("{text}\n"))).into()),
    encoded("base64 at an odd place", Layer::Base64, |text| {
        format!("{{\"a\":\"{}\"}}", base64(format!("; x\n{text}"))).into()
    }),
    encoded("base64 in lines", Layer::Base64, |text| {
        let text = format!("{}\n{text}\n{}", "; padding".repeat(9), "; padding".repeat(9));
        format!("data:\n  .npmrc: |{}\n", wrapped(&base64(text), 76, "\n    ")).into()
    }),
    encoded("base64 of base64", Layer::TwiceBase64, |text| {
        format!("x: {}\n", base64(base64(format!("{text}\n")))).into()
    }),
];

fn tokens(mint: &mut Mint) -> Vec<(&'static str, String)> {
    let blob: Vec<u8> = mint.opaque().bytes().map(|byte| byte.wrapping_mul(37)).collect();
    vec![
        ("access-token", mint.npm_token()),
        ("registry-token", mint.uuid()),
        ("registry-token", mint.opaque()),
        ("registry-token", mint.hex(40)),
        ("registry-token", mint.jwt()),
        ("nexus-token", format!("NpmToken.{}", mint.uuid())),
        ("github-token", mint.github_token()),
        ("gitlab-access-token", mint.gitlab_token()),
        ("registry-token", base64(blob)),
    ]
}

fn strict_tokens(mint: &mut Mint) -> Vec<(&'static str, String)> {
    vec![
        ("access-token", mint.npm_token()),
        ("legacy-token", mint.uuid()),
        ("registry-token", mint.jwt()),
        ("nexus-token", format!("NpmToken.{}", mint.uuid())),
    ]
}

fn stand_ins(mint: &mut Mint) -> Vec<String> {
    let token = mint.npm_token();
    vec![
        mint.npm_token_bad_checksum(),
        mint.npm_token_truncated(),
        token.to_ascii_lowercase(),
        mint.github_token_bad(),
        format!("{}...{}", &token[..8], &token[36..]),
        format!("{}…{}", &token[..8], &token[36..]),
        format!("npm_{}", "x".repeat(36)),
        mint.uuid()[..28].to_owned(),
        "${NPM_TOKEN}".into(),
        "$NPM_TOKEN".into(),
        "${{ secrets.NPM_TOKEN }}".into(),
        "{{ .Values.npmToken }}".into(),
        "<YOUR_TOKEN>".into(),
        "%NPM_TOKEN%".into(),
        "00000000-0000-0000-0000-000000000000".into(),
        "XXXXX-XXXXX-XXXXX-XXXXX".into(),
        "your-npm-token-1234567".into(),
        "***".into(),
        String::new(),
    ]
}

/// What must be found in a text: the rule, the secret, and how the secret is written there.
struct Expected {
    described: String,
    written: String,
}

/// All that is wrong, form by form.
struct Report {
    detector: Detector,
    wrong: String,
}

impl Report {
    fn new() -> Self {
        Self { detector: Detector::new(rules::embedded().unwrap()).unwrap(), wrong: String::new() }
    }

    fn finish(self) {
        assert!(self.wrong.is_empty(), "{}", self.wrong);
    }

    fn check(&mut self, wrapping: &Wrapping, text: &str, expected: Option<&Expected>) {
        let bytes = (wrapping.wrap)(text);
        let found = self.detector.scan(&Blob::whole(Origin::Stdin, &bytes));
        let described: Vec<String> = found.iter().map(|each| describe(each, &self.detector)).collect();
        let wanted: Vec<String> = expected.iter().map(|each| each.described.clone()).collect();
        let may_be_missed = match wrapping.layer {
            Layer::Plain | Layer::Wide => false,
            Layer::Base64 => !NAMES_IN_BASE64.iter().any(|name| stands_in(&bytes, name)),
            Layer::TwiceBase64 => !wanted.iter().any(|each| each.starts_with("access-token")),
        };
        let places = found.iter().zip(expected).all(|(found, expected)| {
            wrapping.layer != Layer::Plain || bytes[found.span.clone()] == *expected.written.as_bytes()
        });
        if (described != wanted || !places) && !(may_be_missed && described.is_empty()) {
            writeln!(self.wrong, "{}: {text:?}\n  wanted {wanted:?}\n  found  {described:?}", wrapping.name).unwrap();
        }
    }
}

fn describe(found: &Match, detector: &Detector) -> String {
    format!(
        "{} {} {} {}",
        detector.rules().rules[found.rule].id.trim_start_matches("npm-"),
        String::from_utf8_lossy(found.secret.expose()),
        found.user.as_deref().unwrap_or("-"),
        found.host.as_ref().map_or("-".to_owned(), ToString::to_string)
    )
}

/// Whether a name can be seen in base64: the lines of an encoder may cut it in two.
fn stands_in(bytes: &[u8], name: &str) -> bool {
    base64_forms(name.as_bytes()).iter().any(|(form, _)| memchr::memmem::find(bytes, form).is_some())
}

/// All of them in the first wrapping, and one after the other in the others: every one meets every wrapping.
fn some<T>(all: Vec<T>, wrapping: usize, form: usize) -> Vec<T> {
    let turn = (wrapping + form) % all.len();
    if wrapping == 0 { all } else { all.into_iter().skip(turn).take(1).collect() }
}

#[test]
fn tokens_in_fields() {
    let mut report = Report::new();
    let mut mint = Mint::new(7);
    for (turn, wrapping) in WRAPPINGS.iter().enumerate() {
        for (index, form) in FIELDS.iter().enumerate() {
            for (rule, token) in some(tokens(&mut mint), turn, index) {
                let described = format!("{rule} {token} {} {}", form.user, form.host);
                let text = form.text.replace("«T»", &token);
                report.check(wrapping, &text, Some(&Expected { described, written: token }));
            }
            for value in some(stand_ins(&mut mint), turn, index) {
                report.check(wrapping, &form.text.replace("«T»", &value), None);
            }
        }
    }
    report.finish();
}

#[test]
fn tokens_in_variables() {
    let mut report = Report::new();
    let mut mint = Mint::new(7);
    for (turn, wrapping) in WRAPPINGS.iter().enumerate() {
        for (index, text) in VARIABLES.iter().enumerate() {
            for (rule, token) in some(strict_tokens(&mut mint), turn, index) {
                let expected = Expected { described: format!("{rule} {token} - -"), written: token.clone() };
                report.check(wrapping, &text.replace("«T»", &token), Some(&expected));
            }
            for value in some(stand_ins(&mut mint), turn, index) {
                report.check(wrapping, &text.replace("«T»", &value), None);
            }
        }
    }
    report.finish();
}

#[test]
fn passwords_in_fields() {
    let mut report = Report::new();
    let mut mint = Mint::new(7);
    let fill = |text: &str, user: &str, password: &str| {
        let pair = base64(format!("{user}:{password}"));
        text.replace("mia", user).replace("«C»", password).replace("«P»", &base64(password)).replace("«A»", &pair)
    };
    for wrapping in WRAPPINGS {
        for form in PASSWORDS {
            let password = mint.password();
            let described = format!("registry-password {password} {} {}", form.user, form.host);
            let mark = ["«C»", "«P»", "«A»"].into_iter().find(|mark| form.text.contains(mark)).unwrap();
            let written = fill(mark, "mia", &password);
            let text = fill(form.text, "mia", &password);
            report.check(wrapping, &text, Some(&Expected { described, written }));
            for value in ["", "${PASSWORD}", "$PASSWORD", "password", "<password>", "***"] {
                report.check(wrapping, &fill(form.text, "user", value), None);
            }
        }
    }
    report.finish();
}
