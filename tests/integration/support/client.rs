//! The tests' own HTTP client, a page long, so that what the product's client does is not judged by itself.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// An answer.
#[derive(Debug)]
pub(crate) struct Response {
    /// Status code.
    pub(crate) status: u16,
    /// The body, as far as it came.
    pub(crate) body: String,
}

impl Response {
    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        match serde_json::from_str(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("no JSON: {error}: {self:?}"),
        }
    }
}

/// Sends one request to `http://127.0.0.1:PORT/…`. HTTP/1.0, so that the body comes in one piece and the connection
/// ends with it.
pub(crate) fn send(method: &str, url: &str, token: Option<&str>, body: Option<&Value>) -> std::io::Result<Response> {
    let rest = url.strip_prefix("http://").expect("a plain URL");
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let body = body.map(Value::to_string).unwrap_or_default();
    let signature = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(
        stream,
        "{method} /{path} HTTP/1.0\r\nhost: {host}\r\n{signature}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let broken = || std::io::Error::other(format!("no HTTP answer: {text:?}"));
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(broken)?;
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or_else(broken)?;
    Ok(Response { status, body: body.to_owned() })
}
