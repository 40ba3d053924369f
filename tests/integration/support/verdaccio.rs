//! A real npm registry on loopback: Verdaccio, with a temporary store of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::beds::{Bed, Server, free_port, ready};
use super::client::{self, Response};
use super::mint;

/// What its tokens look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tokens {
    /// Verdaccio's own: JWTs.
    Jwt,
    /// The public registry's: `npm_…`, by the plugin beside this folder.
    Npm,
}

/// What a token may do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Right {
    /// Read and publish.
    ReadWrite,
    /// Read.
    ReadOnly,
    /// Read and publish, from this block of addresses.
    From(&'static str),
}

/// A logged-in user.
#[derive(Debug)]
pub(crate) struct Session {
    /// The login's token, which acts as the user.
    pub(crate) token: String,
    password: String,
}

/// A token that a user made.
#[derive(Debug)]
pub(crate) struct Token {
    /// The secret.
    pub(crate) value: String,
    /// The registry's name for it.
    pub(crate) key: String,
}

/// A running registry.
#[derive(Debug)]
pub(crate) struct Verdaccio {
    port: u16,
    root: TempDir,
    _server: Server,
}

impl Verdaccio {
    /// Starts one. `None` where Node cannot be had, after saying so.
    pub(crate) fn start(tokens: Tokens) -> Option<Self> {
        let beds = ready(Bed::Verdaccio)?;
        let root = tempfile::tempdir().expect("a temporary directory");
        install_plugin(root.path());
        // Another process may take the port between our look and the server's start.
        for _ in 0..5 {
            let port = free_port();
            std::fs::write(root.path().join("config.yaml"), config(port, tokens)).expect("a file can be written");
            if let Some(server) = Server::wait(spawn(&beds, root.path()), &format!("http://127.0.0.1:{port}/-/ping")) {
                return Some(Self { port, root, _server: server });
            }
        }
        let log = std::fs::read_to_string(root.path().join("out.log")).unwrap_or_default();
        panic!("Verdaccio does not start:\n{log}");
    }

    /// Its base URL, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// `//host:port/`, as a key of `.npmrc` names it.
    pub(crate) fn npmrc_host(&self) -> String {
        format!("//127.0.0.1:{}/", self.port)
    }

    /// Makes a user and logs in.
    pub(crate) fn login(&self, user: &str) -> Session {
        let password = mint::password();
        let body = json!({ "name": user, "password": password });
        let answer = self.ask("PUT", &format!("/-/user/org.couchdb.user:{user}"), None, Some(&body));
        let token = mint::remember(text(&answer, "token"));
        Session { token, password }
    }

    /// Makes a token.
    pub(crate) fn create_token(&self, session: &Session, right: Right) -> Token {
        let (readonly, cidr) = match right {
            Right::ReadWrite => (false, Vec::new()),
            Right::ReadOnly => (true, Vec::new()),
            Right::From(block) => (false, vec![block]),
        };
        let body = json!({ "password": session.password, "readonly": readonly, "cidr_whitelist": cidr });
        let answer = self.ask("POST", "/-/npm/v1/tokens", Some(&session.token), Some(&body));
        Token { value: mint::remember(text(&answer, "token")), key: text(&answer, "key") }
    }

    /// Publishes version 1.0.0 of a package, a few bytes long.
    pub(crate) fn publish(&self, session: &Session, name: &str) {
        const CONTENT: &[u8] = b"not a real tarball, but nobody installs it";
        const SHA1: &str = "5397102c7c428b929e963fb004d194d6f285825f";
        let file = format!("{name}-1.0.0.tgz");
        let body = json!({
            "_id": name, "name": name, "dist-tags": { "latest": "1.0.0" },
            "versions": { "1.0.0": { "name": name, "version": "1.0.0", "dist": {
                "tarball": format!("{}/{name}/-/{file}", self.url()), "shasum": SHA1 } } },
            "_attachments": { file: { "content_type": "application/octet-stream", "data": STANDARD.encode(CONTENT), "length": CONTENT.len() } },
        });
        self.ask("PUT", &format!("/{name}"), Some(&session.token), Some(&body));
    }

    /// Whose token it is, where the registry still accepts it.
    pub(crate) fn whoami(&self, token: &str) -> Option<String> {
        let answer = self.send("GET", "/-/whoami", Some(token), None);
        (answer.status == 200).then(|| answer.json()["username"].as_str().map(str::to_owned)).flatten()
    }

    /// Rows of the user's token list.
    pub(crate) fn token_rows(&self, session: &Session) -> Vec<Value> {
        let answer = self.ask("GET", "/-/npm/v1/tokens", Some(&session.token), None);
        answer.json()["objects"].as_array().expect("a list of tokens").clone()
    }

    /// Every published byte, by path below the store: two equal answers mean that nothing was written between them.
    pub(crate) fn packages(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.root.path().join("storage")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("the store can be listed") {
                let path = entry.expect("an entry of the store").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.file_name() != Some(".token-db.json".as_ref()) {
                    let content = std::fs::read(&path).expect("the store can be read");
                    files.insert(path, content);
                }
            }
        }
        files
    }

    /// One request.
    pub(crate) fn send(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Response {
        client::send(method, &format!("{}{path}", self.url()), token, body).expect("Verdaccio answers")
    }

    #[track_caller]
    fn ask(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Response {
        let answer = self.send(method, path, token, body);
        assert!((200..300).contains(&answer.status), "{method} {path}: {answer:?}");
        answer
    }
}

fn text(answer: &Response, field: &str) -> String {
    answer.json()[field].as_str().unwrap_or_else(|| panic!("no {field} in {answer:?}")).to_owned()
}

fn install_plugin(root: &Path) {
    let plugin = root.join("plugins").join("verdaccio-npm-tokens");
    std::fs::create_dir_all(&plugin).expect("directories can be made");
    for file in ["index.js", "package.json"] {
        let from = fixtures().join("npm-tokens-plugin").join(file);
        std::fs::copy(from, plugin.join(file)).expect("a fixture can be copied");
    }
}

fn config(port: u16, tokens: Tokens) -> String {
    let plugin = match tokens {
        Tokens::Jwt => "",
        Tokens::Npm => "plugins: ./plugins\nmiddlewares: { npm-tokens: { enabled: true } }\n",
    };
    format!(
        "storage: ./storage
listen: 127.0.0.1:{port}
auth: {{ htpasswd: {{ file: ./htpasswd, max_users: 100 }} }}
uplinks: {{}}
packages:
  '**': {{ access: $all, publish: $authenticated, unpublish: $authenticated }}
userRateLimit: {{ windowMs: 50000, max: 100000 }}
security: {{ api: {{ jwt: {{ sign: {{ expiresIn: 60d }} }} }} }}
web: {{ enable: false }}
log: {{ type: file, path: ./verdaccio.log, format: json, level: http }}
{plugin}"
    )
}

fn spawn(beds: &Path, root: &Path) -> Child {
    let modules = std::path::absolute(beds.join("node_modules")).expect("the beds have a place");
    let log = File::create(root.join("out.log")).expect("a file can be made");
    Command::new(modules.join(".bin").join("node"))
        .arg("--require")
        .arg(fixtures().join("exit-with-parent.js"))
        .arg(modules.join("verdaccio").join("bin").join("verdaccio"))
        .args(["--config", "config.yaml"])
        .current_dir(root)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", root)
        .stdin(Stdio::piped())
        .stdout(log.try_clone().expect("a handle can be copied"))
        .stderr(log)
        .spawn()
        .expect("Node starts")
}

/// The files beside the tests.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("integration").join("fixtures")
}
