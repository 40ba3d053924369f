//! One request and its answer: what is said, who signs it, and that none of it prints.

use std::fmt;
use std::io::Read;
use std::time::{Duration, Instant};

use reqwest::blocking::Response;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use url::Url;
use zeroize::Zeroizing;

use super::failure::{Failure, classify_body};
use crate::model::{Secret, Signer};
use crate::registry::endpoint::Endpoint;

/// What is sent to show who asks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Authorization<'a> {
    /// Nothing: public data.
    None,
    /// The token itself.
    Bearer(&'a Secret),
    /// User name and password.
    Basic(&'a str, &'a Secret),
}

/// One request.
#[derive(Clone)]
pub(crate) struct Request<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) url: Url,
    /// Path and query as the ledger may show them.
    pub(crate) shown: String,
    pub(crate) signer: Signer,
    pub(crate) authorization: Authorization<'a>,
    /// A one-time code; sent with a revocation only.
    pub(crate) code: Option<&'a str>,
    pub(crate) cap: usize,
    pub(crate) deadline: Option<Instant>,
}

/// An answer as it came.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case; in the order of the answer.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A request's number in the ledger, and what came of it.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) id: u32,
    pub(crate) url: Url,
    pub(crate) outcome: Result<Answer, Failure>,
}

// URLs and bodies can hold a secret (a deletion names the token; a server may echo it), so none of these prints them.

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("shown", &self.shown).field("signer", &self.signer).finish_non_exhaustive()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}, {} bytes", self.status, self.body.len())
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} {:?}", self.id, self.outcome)
    }
}

impl Answer {
    /// Every value of a header.
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// How long the server asks us to wait, where it does: 429 or 503 with `Retry-After` in seconds.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        if !matches!(self.status, 429 | 503) {
            return None;
        }
        let seconds = self.values("retry-after").next()?.trim().parse::<u64>().ok()?;
        Some(Duration::from_secs(seconds))
    }
}

/// The headers, and no others. `None` where a secret holds bytes that no header may hold.
pub(super) fn headers(request: &Request<'_>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(value) = request.authorization.header()? {
        headers.insert(AUTHORIZATION, value);
    }
    if let Some(code) = request.code {
        let mut value = HeaderValue::from_str(code).ok()?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_static("npm-otp"), value);
    }
    Some(headers)
}

impl Authorization<'_> {
    /// The header's value; `None` where it cannot be written, `Some(None)` where none is needed.
    fn header(&self) -> Option<Option<HeaderValue>> {
        let text: Zeroizing<Vec<u8>> = match self {
            Self::None => return Some(None),
            Self::Bearer(secret) => Zeroizing::new([b"Bearer ", secret.expose()].concat()),
            Self::Basic(user, secret) => Zeroizing::new([b"Basic ", basic(user, secret).expose()].concat()),
        };
        let mut value = HeaderValue::from_bytes(&text).ok()?;
        value.set_sensitive(true);
        Some(Some(value))
    }
}

/// `user:password` in base64, as Basic authentication and `_auth` write it.
pub(crate) fn basic(user: &str, secret: &Secret) -> Secret {
    use base64::Engine;
    let pair = Zeroizing::new([user.as_bytes(), b":", secret.expose()].concat());
    Secret::password(base64::engine::general_purpose::STANDARD.encode(&*pair))
}

pub(super) fn receive(mut response: Response, cap: usize, end: Option<Instant>) -> Result<Answer, Failure> {
    let headers = response.headers().iter();
    let headers =
        headers.map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let mut answer = Answer { status: response.status().as_u16(), headers: headers.collect(), body: Vec::new() };
    let mut chunk = vec![0; 16 << 10];
    loop {
        let read = response.read(&mut chunk).map_err(classify_body)?;
        if read == 0 {
            return Ok(answer);
        }
        if answer.body.len() + read > cap {
            return Err(Failure::TooLarge);
        }
        answer.body.extend_from_slice(chunk.get(..read).unwrap_or_default());
        // The library's own time limit starts anew with each read; a server that drips must not hold us.
        if end.is_some_and(|end| Instant::now() > end) {
            return Err(Failure::TimedOut);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_marked_so() {
        let secret = Secret::token("t");
        for authorization in [Authorization::Bearer(&secret), Authorization::Basic("u", &secret)] {
            let value = authorization.header().unwrap().unwrap();
            assert!(value.is_sensitive(), "{authorization:?}");
        }
        assert!(Authorization::Bearer(&Secret::token("a\nb")).header().is_none());
    }
}
