//! What the texts are made of: all that the rules know, the forms of files that hold credentials, and what encodings make of both.
//!
//! Hosts and token shapes come from the rules, and tokens are minted: neither may be written here.

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use keyrake::detect::{Detector, mint, rules};
use keyrake::model::Matcher;

/// A longer text is cut.
pub const LARGEST: usize = 64 << 10;
/// Pieces around pieces.
const DEEPEST: usize = 4;
/// Seeds of the secrets in examples.
const SEEDS: u64 = 2;

/// Rules as a user may add them, beside the embedded ones: one that begins with its literal, and one that may begin anywhere.
const CUSTOM: &str = r#"
registry = { id = "acme", name = "Acme" }

[[rule]]
id = "acme-anchored"
summary = "Acme word"
help = "None needed."
pattern = 'acme-[^\n]{1,300}[0-9]'
literals = ["acme-"]
evidence = "pattern"
kind = "token"
examples = ["acme-x1"]
counter_examples = ["acme"]

[[rule]]
id = "acme-around"
summary = "Acme line"
help = "None needed."
pattern = '[a-z]{3,12} acmeword [a-z]{3,12}'
literals = ["acmeword"]
evidence = "pattern"
kind = "token"
examples = ["some acmeword here"]
counter_examples = ["acmeword"]
"#;

/// Files that bind what they hold to a host, in the forms that people write. The gap is where others write more.
const FORMS: [&str; 52] = [
    "//{host}/:_authToken={npm_token}\n",
    "//{host}/:username=mia\n{gap}//{host}/:_password={base64:{password}}\n",
    "registry=https://{host}/\n{gap}\n_auth={auth}\nalways-auth=true\n",
    "//{host}/:_authToken=${NPM_TOKEN:-{gap}{uuid}}\n",
    "npmRegistries:\n  \"//{host}\":\n    a: {gap}\n    npmAuthToken: \"{opaque}\"\n",
    "[install.scopes]\n{gap}\n\"@mia\" = { token = \"{npm_token}\", url = \"https://{host}/\" }\n",
    "{\"auths\": {\"https://{host}/v1/\": {\"email\": \"{gap}\", \"auth\": \"{auth}\"}}}\n",
    "kind: Secret\ndata:\n  .dockerconfigjson: {docker_secret}\n",
    "docker login -u mia -p {password} {gap} {host}\n",
    "echo {password} | docker login --username mia {gap} --password-stdin {host}\n",
    "FROM {host}/a/b:1\nENV NPM_TOKEN={uuid}\nRUN echo \"//{host}/:_authToken={npm_token}\" > .npmrc\n",
    "machine {host} login mia {gap} password {password}\n",
    "default\nmachine {host}\n  login mia\n  password {password}\n",
    "[distutils]\nindex-servers = corp\n{gap}\n[corp]\nrepository = https://{host}/\nusername = mia\npassword = {password}\n",
    "[pypi]\nusername = __token__\n{gap}\npassword = {pypi_token}\n",
    "[pypi]\nusername = mia\n{gap}\npassword = {password}\n",
    "--extra-index-url https://mia:{password}@{host}/{gap}/simple\n",
    "source = { registry = \"https://mia:{password}@{host}/simple\" }\n",
    "{ url = \"https://mia:{password}@{host}/{gap}/a-1.whl\", hash = \"sha256:00\" }\n",
    "source = \"registry+https://mia:{password}@{host}/index\"\n",
    "{\"repositories\": [{\"type\": \"{gap}\", \"url\": \"https://mia:{password}@{host}/\"}]}\n",
    "<packageSources>\n{gap}\n<add key=\"corp\" value=\"https://mia:{password}@{host}/\" />\n",
    "<repository>\n{gap}<url>https://mia:{password}@{host}/maven</url>\n</repository>\n",
    "{\"version\":1,\"hosted\":[{\"url\":\"https://{host}\",{gap}\"token\":\"{opaque}\"}]}\n",
    "{\"kind\":\"Secret\",\"stringData\":{\"url\":\"https://{host}\",\"a\":\"{gap}\",\"password\":\"{password}\"}}\n",
    "DOCKERHUB_USERNAME=mia\n{gap}\nDOCKERHUB_TOKEN={docker_pat}\ndocker login -u tom {host}\n",
    "RUN [\"docker\", \"login\", \"-u\", \"mia\", {gap} \"-p\", \"{password}\", \"{host}\"]\n",
    "[[source]]\nurl = \"https://mia:{password}@{host}/simple\"\nverify_ssl = true\n",
    "[registries.corp]\nindex = \"https://{host}/\"\n{gap}\ntoken = \"{opaque}\"\n",
    "[http-basic.corp]\nusername = \"mia\"\n{gap}\npassword = \"{password}\"\n",
    ":rubygems_api_key: {hex32}\n",
    "BUNDLE_GEMS__R__INVALID: \"mia:{password}\"\n",
    "<servers>\n<server>\n<id>corp</id>\n{gap}\n<username>mia</username>\n<password>{password}</password>\n</server>\n</servers>\n",
    "<packageSources><add key=\"corp\" value=\"https://{host}/v3/index.json\" /></packageSources>\n",
    "<corp><add key=\"Username\" value=\"mia\" />\n<add key=\"ClearTextPassword\" {gap} value=\"{password}\" /></corp>\n",
    "<apikeys>\n<add key=\"https://{host}\" value=\"{uuid}\" />\n</apikeys>\n",
    "repositories { maven { url 'https://{host}/'\ncredentials {\n  username 'mia'\n{gap}  password '{password}'\n} } }\n",
    "Credentials(\"A\", \"{host}\",{gap} \"mia\", \"{password}\")\n",
    "{\"http-basic\": {\"{host}\": {\"username\": \"mia\", \"a\": \"{gap}\", \"password\": \"{password}\"}}}\n",
    "credentials \"{host}\" {\n{gap}  token = \"{opaque}\"\n}\n",
    "{host}:\n    user: {gap}\n    oauth_token: {github_token}\n    git_protocol: https\n",
    "- name: corp\n  url: https://{host}\n  username: mia\n  x: {gap}\n  password: {password}\n  pass_credentials_all: false\n",
    "[http \"https://{host}/\"]\n{gap}\textraheader = AUTHORIZATION: basic {auth}\n",
    "https://mia:{password}@{host}\n",
    "https://mia:{gap}{password}@{host}/{gap}/a.git\n",
    "resolved \"https://mia:{password}@{host}/{gap}/-/a-1.0.0.tgz#{hex40}\"\n",
    "https://{host}/a/-/a-1.0.0.tgz?{gap}token={opaque}&x=1\n",
    "curl -sSf -u mia:{password} {gap} \\\n  https://{host}/api\n",
    "curl -H 'Authorization: Bearer {jwt}' {gap} https://{host}/x\n",
    "export REGISTRY_URL=https://{host}/ REGISTRY_PASSWORD='{password}'\nNODE_AUTH_TOKEN=\"{npm_token}\"\n",
    "- name: NPM_TOKEN\n  {gap}value: {uuid}\n- name: A\n",
    " # keyrake:allow a reason\n# keyrake:allow-next-line another\n",
];

/// What stands between, over and over.
const FILLERS: [&str; 21] = [
    "",
    "some words, and more of them\n",
    "oneword/",
    "oneword.",
    "A1b2",
    "w\0o\0r\0d\0",
    "\0",
    "\n",
    "\r\n",
    " ",
    "\\n",
    "%20",
    "\"",
    "{",
    "<a b=\"",
    "${A:-",
    "://",
    "key: value\n",
    "[a]\n",
    "token = ",
    "password",
];

pub static DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
    let mut all = rules::embedded().unwrap();
    rules::add(&mut all, CUSTOM, "acme", true).unwrap();
    Detector::new(all).unwrap()
});

/// What the first pass looks for.
static ANCHORS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let mut anchors: Vec<&str> = Vec::new();
    for rule in &DETECTOR.rules().rules {
        anchors.extend(rule.literals.iter().map(String::as_str));
        if let Matcher::Names { names, .. } = &rule.matcher {
            anchors.extend(names.iter().map(String::as_str));
        }
    }
    anchors
});

static EXAMPLES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let texts = DETECTOR.rules().rules.iter().flat_map(|rule| rule.examples.iter().chain(&rule.counter_examples));
    texts.flat_map(|text| (0..SEEDS).map(|seed| mint::fill(text, seed))).collect()
});

/// Every host that a rule knows, and two that none does.
static HOSTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let facts = || DETECTOR.rules().registries.iter();
    let addresses = facts().flat_map(|facts| facts.api.iter().chain(&facts.mirrors).chain(&facts.hosts));
    let hosts = addresses.map(|address| {
        let host = address.split_once("://").map_or(address.as_str(), |(_, host)| host);
        host.trim_end_matches('/').replace('*', "corp")
    });
    hosts.chain(["r.invalid", "r.invalid:8443/npm"].map(str::to_owned)).collect()
});

#[derive(Arbitrary, Debug)]
pub enum Piece<'a> {
    Raw(&'a [u8]),
    Anchor(u16),
    Example(u16),
    Form {
        form: u8,
        host: u16,
        seed: u8,
        gap: Filler,
    },
    Filler(Filler),
    Wrapped(Layer, Vec<Self>),
    /// The last bytes were never written.
    Cut(u8),
}

/// One of the fillers, over and over: some bytes, mostly about as many as a search looks ahead, or some thousand.
#[derive(Arbitrary, Debug)]
pub struct Filler(u8, u8);

impl Filler {
    fn text(&self) -> String {
        let length = usize::from(self.1);
        let length = if length < 200 { 2 * length } else { 100 * (length - 200) };
        any(&FILLERS, self.0).chars().cycle().take(length).collect()
    }
}

#[derive(Arbitrary, Debug)]
pub enum Layer {
    /// After so many other bytes, in the other alphabet, in lines of so many.
    Base64 { before: u8, url: bool, line: Option<u8> },
    /// All characters, or those that are no letters.
    Percent { all: bool },
    /// As a string of JSON.
    Escaped,
    /// As text in XML.
    Entities,
    /// In characters of two bytes.
    Wide { big: bool, marked: bool },
    /// In lines of so many, each behind so many spaces.
    Lines { line: u8, indent: u8 },
    /// Between these.
    Between(u8),
}

/// The pieces, one behind the other.
pub fn text(pieces: &[Piece<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    pieces.iter().for_each(|piece| piece.write(&mut out, 0));
    out
}

impl Piece<'_> {
    fn write(&self, out: &mut Vec<u8>, depth: usize) {
        match self {
            Self::Raw(bytes) => out.extend(*bytes),
            Self::Anchor(number) => out.extend(any(&ANCHORS, *number).bytes()),
            Self::Example(number) => out.extend(any(&EXAMPLES, *number).bytes()),
            Self::Form { form, host, seed, gap } => {
                let form = any(&FORMS, *form).replace("{host}", any(&HOSTS, *host)).replace("{gap}", &gap.text());
                out.extend(mint::fill(&form, u64::from(*seed)).bytes());
            }
            Self::Filler(filler) => out.extend(filler.text().bytes()),
            Self::Wrapped(layer, pieces) if depth < DEEPEST => {
                let mut inner = Vec::new();
                pieces.iter().for_each(|piece| piece.write(&mut inner, depth + 1));
                out.extend(layer.around(&inner));
            }
            Self::Wrapped(..) => {}
            Self::Cut(length) => out.truncate(out.len().saturating_sub(usize::from(*length))),
        }
        out.truncate(LARGEST);
    }
}

fn any<T>(all: &[T], number: impl Into<usize>) -> &T {
    &all[number.into() % all.len()]
}

impl Layer {
    fn around(&self, inner: &[u8]) -> Vec<u8> {
        match self {
            Self::Base64 { before, url, line } => {
                let inner = [&b"###"[..usize::from(before % 4)], inner].concat();
                let encoded = if *url { URL_SAFE_NO_PAD.encode(inner) } else { STANDARD.encode(inner) };
                match line {
                    Some(line) => in_lines(encoded.as_bytes(), *line, 0),
                    None => encoded.into(),
                }
            }
            Self::Percent { all } => each(inner, |byte| match byte {
                byte if byte.is_ascii_alphanumeric() && !all => vec![byte],
                byte => format!("%{byte:02X}").into(),
            }),
            Self::Escaped => {
                let inner = each(inner, |byte| match byte {
                    b'\n' => b"\\n".to_vec(),
                    b'\t' => b"\\t".to_vec(),
                    b'"' | b'\\' => vec![b'\\', byte],
                    0..32 | b'&' => format!("\\u{byte:04x}").into(),
                    byte => vec![byte],
                });
                [b"\"", &*inner, b"\""].concat()
            }
            Self::Entities => each(inner, |byte| match byte {
                b'&' => b"&amp;".to_vec(),
                b'"' => b"&quot;".to_vec(),
                b'<' => b"&#60;".to_vec(),
                byte => vec![byte],
            }),
            Self::Wide { big, marked } => {
                let wide = each(inner, |byte| if *big { vec![0, byte] } else { vec![byte, 0] });
                let mark: &[u8] = match (marked, big) {
                    (false, _) => b"",
                    (true, false) => b"\xff\xfe",
                    (true, true) => b"\xfe\xff",
                };
                [mark, &wide].concat()
            }
            Self::Lines { line, indent } => in_lines(inner, *line, usize::from(indent % 40)),
            Self::Between(which) => {
                let (open, close) =
                    *any(&[("'", "'"), ("\"", "\""), ("`", "`"), ("{", "}"), ("<a>", "</a>"), ("${A:-", "}")], *which);
                [open.as_bytes(), inner, close.as_bytes()].concat()
            }
        }
    }
}

fn each(inner: &[u8], written: impl Fn(u8) -> Vec<u8>) -> Vec<u8> {
    inner.iter().flat_map(|byte| written(*byte)).collect()
}

fn in_lines(inner: &[u8], line: u8, indent: usize) -> Vec<u8> {
    let break_ = format!("\n{}", " ".repeat(indent));
    inner.chunks(usize::from(line).max(1)).collect::<Vec<_>>().join(break_.as_bytes())
}
