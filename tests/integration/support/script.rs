//! A scripted HTTP/1.1 server on loopback: what to answer is a function of the request; every request is kept.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// `GET`, …
    pub(crate) method: String,
    /// What the request line names: path and query, or host and port for `CONNECT`.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// As long as its `content-length` says.
    pub(crate) body: Vec<u8>,
    /// The client's address.
    pub(crate) peer: IpAddr,
}

impl Request {
    /// The value of a header, named in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The target without its query.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Whether this token signed it.
    pub(crate) fn signed_with(&self, token: &str) -> bool {
        self.header("authorization").and_then(|value| value.strip_prefix("Bearer ")) == Some(token)
    }
}

/// What the server does about a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Answers in good order.
    Full {
        /// Status code.
        status: u16,
        /// In order.
        headers: Vec<(String, String)>,
        /// Sent with its length.
        body: Vec<u8>,
    },
    /// Sends these bytes as they are and closes.
    Raw(Vec<u8>),
    /// Says nothing for so long, then closes.
    Silent(Duration),
}

impl Answer {
    /// A status and nothing more.
    pub(crate) fn status(status: u16) -> Self {
        Self::Full { status, headers: Vec::new(), body: Vec::new() }
    }

    /// A JSON body.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json", &body.to_string())
    }

    /// Any body.
    pub(crate) fn text(status: u16, kind: &str, body: &str) -> Self {
        Self::Full { status, headers: Vec::new(), body: body.into() }.with("content-type", kind)
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::Full { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// What the public registry says to a token that it does not know.
    pub(crate) fn unauthorized() -> Self {
        Self::json(401, &json!({ "error": "Unauthorized" })).with("www-authenticate", "Bearer")
    }
}

/// The server; it stops when dropped.
pub(crate) struct Script {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
}

impl Script {
    /// Answers as this function says.
    pub(crate) fn new(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let server = Self { address, requests: Arc::default(), stop: Arc::default() };
        let (requests, stop, answer) = (Arc::clone(&server.requests), Arc::clone(&server.stop), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (requests, answer) = (Arc::clone(&requests), Arc::clone(&answer));
                thread::spawn(move || {
                    // A client that goes away in the middle is its own affair.
                    let _ = serve(stream, &requests, answer.as_ref());
                });
            }
        });
        server
    }

    /// A registry that knows one token: these answers for requests signed with it or with nothing, by path; 401 for
    /// any other signature; 404 for any other path.
    pub(crate) fn registry(token: &str, answers: Vec<(&'static str, Answer)>) -> Self {
        let token = token.to_owned();
        Self::new(move |request| {
            let scripted = answers.iter().find(|(path, _)| *path == request.path());
            match (scripted, request.header("authorization")) {
                (_, Some(_)) if !request.signed_with(&token) => Answer::unauthorized(),
                (Some((_, answer)), _) => answer.clone(),
                (None, _) => Answer::json(404, &json!({ "error": "Not found" })),
            }
        })
    }

    /// Its base URL, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `//host:port/`, as a key of `.npmrc` names it.
    pub(crate) fn npmrc_host(&self) -> String {
        format!("//{}/", self.address)
    }

    /// What came so far, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the accepting thread, so that it sees the flag.
        drop(TcpStream::connect(self.address));
    }
}

fn serve(
    mut stream: TcpStream,
    requests: &Mutex<Vec<Request>>,
    answer: &dyn Fn(&Request) -> Answer,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let Some(request) = read(&stream)? else { return Ok(()) };
    requests.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    match answer(&request) {
        Answer::Full { status, headers, body } => {
            let mut head =
                format!("HTTP/1.1 {status} scripted\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            stream.write_all(format!("{head}\r\n").as_bytes())?;
            stream.write_all(&body)
        }
        Answer::Raw(bytes) => stream.write_all(&bytes),
        Answer::Silent(time) => {
            thread::sleep(time);
            Ok(())
        }
    }
}

fn read(stream: &TcpStream) -> std::io::Result<Option<Request>> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let (method, target) = (method.to_owned(), target.to_owned());
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = Vec::new();
    reader.take(length.unwrap_or(0)).read_to_end(&mut body)?;
    Ok(Some(Request { method, target, headers, body, peer: stream.peer_addr()?.ip() }))
}
