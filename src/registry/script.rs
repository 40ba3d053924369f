//! A scripted server on loopback for tests: answers by a function of the request, breaks in every way, and remembers what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::model::{Checksum, Credential, RegistryFacts, RegistryId, RuleSet, Secret};
use crate::registry::endpoint::Endpoints;
use crate::registry::http::{Http, HttpOptions};

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether this token signed it.
    pub(crate) fn is_signed_by(&self, secret: &Secret) -> bool {
        let token = String::from_utf8(secret.expose().to_vec()).unwrap();
        self.header("authorization") == Some(&format!("Bearer {token}"))
    }
}

/// What comes back.
#[derive(Clone, Debug)]
pub(crate) enum Play {
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Nothing, for longer than anybody waits.
    Hang,
    /// The connection breaks.
    Reset,
    /// Fewer bytes than announced.
    Truncate,
    /// Bytes that are no HTTP.
    Garbage,
    /// A body of this many bytes, announced or not.
    Huge(usize),
}

/// A JSON answer.
pub(crate) fn json(status: u16, body: &Value) -> Play {
    Play::Answer(status, vec![("content-type", "application/json".into())], body.to_string().into_bytes())
}

/// The server. Ends when dropped.
pub(crate) struct Script {
    pub(crate) base: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Arc<AtomicBool>,
}

impl Script {
    pub(crate) fn start(play: impl Fn(&Seen) -> Play + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let (seen, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (play, record, stopped) = (Arc::new(play), Arc::clone(&seen), Arc::clone(&stop));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let (play, record, stopped) = (Arc::clone(&play), Arc::clone(&record), Arc::clone(&stopped));
                thread::spawn(move || {
                    if let Some(request) = request(&stream) {
                        record.lock().unwrap().push(request.clone());
                        perform(&stream, play(&request), &stopped);
                    }
                });
            }
        });
        Self { base, seen, stop }
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// `METHOD /path` of the requests so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect()
    }

    /// An endpoint of npm's at this server, with or without the owner's session.
    pub(crate) fn endpoints(&self, operator: Option<&Secret>) -> Endpoints {
        let operators = operator.map(|secret| (npm(), secret.clone())).into_iter().collect();
        Endpoints::new(&rules(None), vec![(npm(), self.base.clone())], operators).unwrap()
    }

    /// This server in the place of the registry's public instance.
    pub(crate) fn as_public(&self, operator: Option<&Secret>) -> Endpoints {
        let operators = operator.map(|secret| (npm(), secret.clone())).into_iter().collect();
        Endpoints::new(&rules(Some(self.base.to_string())), Vec::new(), operators).unwrap()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.base.port().unwrap()));
    }
}

fn request(stream: &TcpStream) -> Option<Seen> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())))
        .collect();
    Some(Seen { method, path, headers })
}

fn perform(mut stream: &TcpStream, play: Play, stopped: &AtomicBool) {
    let sent = match play {
        Play::Answer(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            head.push_str("\r\n");
            stream.write_all(&[head.as_bytes(), &body].concat())
        }
        Play::Hang => {
            for _ in 0..200 {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                thread::sleep(Duration::from_millis(50));
            }
            Ok(())
        }
        Play::Reset => Ok(()),
        Play::Truncate => stream.write_all(b"HTTP/1.1 200 x\r\ncontent-length: 500\r\n\r\n{\"username\":"),
        Play::Garbage => stream.write_all(b"\x00\x01 what is this\r\n\r\n"),
        Play::Huge(length) => stream
            .write_all(b"HTTP/1.1 200 x\r\nconnection: close\r\n\r\n")
            .and_then(|()| (0..length / 1024).try_for_each(|_| stream.write_all(&[b' '; 1024]))),
    };
    let _ = sent.and_then(|()| stream.flush());
    let _ = stream.shutdown(Shutdown::Both);
}

/// npm's short name.
pub(crate) fn npm() -> RegistryId {
    RegistryId::new("npm")
}

/// Rules that know npm, with this public instance.
pub(crate) fn rules(api: Option<String>) -> RuleSet {
    let facts = RegistryFacts {
        id: npm(),
        name: "npm".into(),
        api,
        mirrors: Vec::new(),
        hosts: Vec::new(),
        owner_page: Some("https://www.npm.invalid/settings/tokens".into()),
        password_page: Some("https://www.npm.invalid/settings/password".into()),
        companions: Vec::new(),
        references: Vec::new(),
    };
    RuleSet { registries: vec![facts], rules: Vec::new() }
}

/// A well-formed token, minted from a letter.
pub(crate) fn token(letter: u8) -> Secret {
    let body = Checksum::Crc32Base62.complete(&[letter; 30]);
    Secret::token([b"npm_".as_slice(), &body].concat())
}

/// Its form in a list: `npm_aaaa...xxxx`.
pub(crate) fn mask(secret: &Secret) -> String {
    let (head, tail) = secret.ends().unwrap();
    format!("{head}...{tail}")
}

/// A credential that its own format binds to the public instance.
pub(crate) fn credential(secret: Secret) -> Credential {
    Credential { registry: npm(), secret, user: None, hosts: Default::default(), self_identifying: true }
}

/// A client that gives up soon.
pub(crate) fn http() -> Http {
    Http::new(HttpOptions { timeout: Duration::from_millis(700), ..HttpOptions::default() }).unwrap()
}
