//! The only HTTP client.
//!
//! What comes in: requests that a registry's client built for an endpoint. What goes out: the answer or the reason why there is
//! none, and one entry in the ledger for each request that was sent.
//!
//! Whoever ends the run does not wait for answers: from then on nothing is sent, and what has not come yet is given up.
//!
//! What it must never do: follow a redirect, send anything outside the endpoint's origin, send a credential unencrypted to another
//! machine, hold an answer of any length, put a secret or a URL into an error — or send anything but `GET`, except the `DELETE`
//! of an explicit revocation.

mod failure;
mod ledger;
mod pace;
mod request;

use std::net::{IpAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use memchr::memmem;
use reqwest::blocking::Client;
use reqwest::header::HeaderMap;
use reqwest::{Certificate, Method};
use url::Url;

use self::ledger::Ledger;
use self::pace::Pace;
use self::request::{headers, receive};
use super::endpoint::is_loopback;
use crate::model::{LedgerEntry, Secret};

pub(crate) use self::failure::Failure;
pub(crate) use self::request::{Answer, Authorization, Exchange, Request, basic};

/// Longest answer that is read.
pub(crate) const BODY_CAP: usize = 1 << 20;
/// Longest list or search result that is read: sixteen thousand characters for each of 250 hits. Parsed, it takes many times that.
pub(crate) const LIST_CAP: usize = 4 << 20;
/// A server that wants us to wait longer than this is reported as limiting instead.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How often a `GET` is sent again after 429 or 503 with `Retry-After`.
const PATIENCE: u32 = 2;
/// How often a `GET` is sent again after a broken connection.
const RECONNECTS: u32 = 1;
/// How often whoever waits looks whether somebody has ended the run.
const GLANCE: Duration = Duration::from_millis(50);

/// A proxy that the library does not find by itself.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// Its URL, which may hold a password.
    pub address: Secret,
    /// Hosts that are asked without it, as `NO_PROXY` names them.
    pub except: String,
}

/// How every certificate of a PEM file begins.
const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// How the client is set up.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// PEM bundles trusted in addition to the system's roots.
    pub ca_certificates: Vec<Vec<u8>>,
    /// The proxy to go through, instead of the one that the library finds in the environment or the system.
    pub proxy: Option<Proxy>,
    /// Local address to send from.
    pub source_address: Option<IpAddr>,
    /// For a connection, TLS included.
    pub connect_timeout: Duration,
    /// For one request, body included.
    pub timeout: Duration,
    /// Send nothing; the ledger says what would be sent.
    pub explain: bool,
    /// Set by whoever wants the asking to end.
    pub interrupted: Arc<AtomicBool>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            ca_certificates: Vec::new(),
            proxy: None,
            source_address: None,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            explain: false,
            interrupted: Arc::default(),
        }
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// A file of `ca_certificates` holds no certificate.
    #[error("CA certificates: not a PEM file with certificates")]
    CaCertificates,
    /// Nothing can be sent from there.
    #[error("cannot send from {0}: {1}")]
    SourceAddress(IpAddr, std::io::Error),
    /// No proxy has such an address.
    #[error("cannot use the proxy: {0}")]
    Proxy(String),
}

/// The client of a run, with its ledger and its pace.
#[derive(Debug)]
pub struct Http {
    options: HttpOptions,
    /// Set up when the first request goes out: reading the certificates takes longer than searching most commits. `None` where that
    /// failed.
    clients: OnceLock<Option<Clients>>,
    ledger: Ledger,
    pace: Pace,
}

#[derive(Debug)]
struct Clients {
    proxied: Client,
    direct: Client,
}

/// The right to change something at a registry. Only `revoke` makes one.
#[derive(Debug)]
pub(crate) struct Permit(());

impl Permit {
    /// The user has asked for a revocation, in so many words.
    pub(crate) fn explicitly_asked_for() -> Self {
        Self(())
    }
}

impl Http {
    /// Looks whether the options can be meant. Nothing is sent.
    pub fn new(options: HttpOptions) -> Result<Self, HttpError> {
        if let Some(address) = options.source_address.filter(|_| !options.explain) {
            // A port is taken for a moment, and nothing is sent.
            UdpSocket::bind((address, 0)).map_err(|error| HttpError::SourceAddress(address, error))?;
        }
        if !options.ca_certificates.iter().all(|pem| memmem::find(pem, CERTIFICATE).is_some()) {
            return Err(HttpError::CaCertificates);
        }
        if let Some(proxy) = &options.proxy {
            through(proxy).map_err(|error| HttpError::Proxy(failure::causes(&error.without_url())))?;
        }
        Ok(Self { options, clients: OnceLock::new(), ledger: Ledger::default(), pace: Pace::default() })
    }

    /// All requests so far.
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        self.ledger.entries()
    }

    /// Whether requests are only explained.
    pub fn explains(&self) -> bool {
        self.options.explain
    }

    /// Whether somebody has ended the run.
    pub fn is_interrupted(&self) -> bool {
        self.options.interrupted.load(Ordering::Relaxed)
    }

    /// Writes into the ledger what an answer shows.
    pub(crate) fn shows(&self, id: u32, words: &str) {
        self.ledger.shows(id, words);
    }

    /// Reads. Waits and asks again where the server asks for patience, once more where the connection broke.
    pub(crate) fn get(&self, request: &Request<'_>) -> Exchange {
        let (mut patience, mut reconnects) = (PATIENCE, RECONNECTS);
        loop {
            let exchange = self.send(&Method::GET, request);
            match &exchange.outcome {
                Ok(answer) if patience > 0 => match answer.retry_after() {
                    Some(wait) if wait <= LONGEST_WAIT && fits(wait, request.deadline) => {
                        patience -= 1;
                        self.ledger.shows(exchange.id, &format!("asked to wait {} s", wait.as_secs()));
                        self.pause(wait);
                    }
                    _ => return exchange,
                },
                Err(failure) if reconnects > 0 && failure.is_passing() => reconnects -= 1,
                _ => return exchange,
            }
        }
    }

    /// Deletes, once.
    pub(crate) fn delete(&self, request: &Request<'_>, _permit: &Permit) -> Exchange {
        self.send(&Method::DELETE, request)
    }

    /// The one place where a request goes out.
    fn send(&self, method: &Method, request: &Request<'_>) -> Exchange {
        let exchange = |id, outcome| Exchange { id, url: request.url.clone(), outcome };
        let origin = request.url.origin().ascii_serialization();
        let entry = |shows: &str| LedgerEntry {
            id: 0,
            registry: request.endpoint.registry.clone(),
            origin: origin.clone(),
            method: if *method == Method::DELETE { "DELETE" } else { "GET" },
            path: request.shown.clone(),
            signer: request.signer,
            sent: !self.options.explain,
            status: None,
            shows: shows.to_owned(),
        };
        let headers = match headers(request) {
            Some(headers) if request.endpoint.covers(&request.url) && is_confidential(&request.url) => headers,
            _ => return exchange(0, Err(Failure::Withheld)),
        };
        if self.options.explain {
            return exchange(self.ledger.enter(entry("would be sent")), Err(Failure::NotSent));
        }
        let rate = if request.endpoint.public { pace::PUBLIC } else { pace::OWN };
        let bucket = self.pace.host(&origin, rate);
        let mut turn = pace::turn(&bucket);
        let wait = turn.take(Instant::now());
        if !fits(wait, request.deadline) {
            return exchange(0, Err(Failure::Deadline));
        }
        self.pause(wait);
        if self.is_interrupted() {
            return exchange(0, Err(Failure::Interrupted));
        }
        let id = self.ledger.enter(entry("no answer"));
        let outcome = self.transfer(method, request, headers);
        match &outcome {
            Ok(answer) => self.ledger.answered(id, Some(answer.status), plain(answer.status).to_owned()),
            Err(failure) => self.ledger.answered(id, None, failure.to_string()),
        }
        exchange(id, outcome)
    }

    fn clients(&self) -> Option<&Clients> {
        self.clients.get_or_init(|| Clients::new(&self.options)).as_ref()
    }

    fn transfer(&self, method: &Method, request: &Request<'_>, headers: HeaderMap) -> Result<Answer, Failure> {
        let timeout = match request.deadline {
            Some(deadline) => self.options.timeout.min(deadline.saturating_duration_since(Instant::now())),
            None => self.options.timeout,
        };
        let end = Instant::now().checked_add(timeout);
        let clients = self.clients().ok_or(Failure::SetUp)?;
        let client = if request.url.scheme() == "https" { &clients.proxied } else { &clients.direct };
        let sent = client.request(method.clone(), request.url.clone()).headers(headers).timeout(timeout);
        let cap = request.cap;
        // An answer on its way cannot be called off: it comes to a thread of its own, on which nobody has to wait.
        let (told, answer) = mpsc::sync_channel(1);
        let exchange = move || {
            let outcome = sent.send().map_err(failure::classify).and_then(|response| receive(response, cap, end));
            let _ = told.send(outcome); // nobody may be waiting any more
        };
        if thread::Builder::new().spawn(exchange).is_err() {
            return Err(Failure::Connect);
        }
        loop {
            match answer.recv_timeout(GLANCE) {
                Ok(outcome) => return outcome,
                Err(mpsc::RecvTimeoutError::Timeout) if self.is_interrupted() => return Err(Failure::Interrupted),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return Err(Failure::Reset),
            }
        }
    }

    /// Waits, unless somebody ends the run.
    fn pause(&self, time: Duration) {
        let end = Instant::now() + time;
        while !self.is_interrupted()
            && let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
        {
            thread::sleep(left.min(GLANCE));
        }
    }
}

impl Clients {
    fn new(options: &HttpOptions) -> Option<Self> {
        // Fails only if a provider is installed already, which is what we want.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut certificates = Vec::new();
        for pem in &options.ca_certificates {
            certificates.extend(Certificate::from_pem_bundle(pem).ok().filter(|bundle| !bundle.is_empty())?);
        }
        let builder = || {
            let builder = Client::builder()
                .user_agent(concat!("keyrake/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .connect_timeout(options.connect_timeout)
                .local_address(options.source_address);
            if certificates.is_empty() { builder } else { builder.tls_certs_merge(certificates.clone()) }
        };
        let proxied = match &options.proxy {
            Some(proxy) => builder().proxy(through(proxy).ok()?),
            None => builder(),
        };
        // An unencrypted request to this machine must not travel to a proxy.
        Some(Self { proxied: proxied.build().ok()?, direct: builder().no_proxy().build().ok()? })
    }
}

fn through(Proxy { address, except }: &Proxy) -> Result<reqwest::Proxy, reqwest::Error> {
    let proxy = reqwest::Proxy::https(&*String::from_utf8_lossy(address.expose()))?;
    Ok(proxy.no_proxy(reqwest::NoProxy::from_string(except)))
}

/// What a status says before anybody has looked closer.
fn plain(status: u16) -> &'static str {
    match status {
        200..=299 => "answered",
        300..=399 => "a redirect, not followed",
        401 => "not accepted",
        403 => "refused",
        404 => "no such thing there",
        429 => "asks for fewer requests",
        500..=599 => "the server's own trouble",
        _ => "an answer that says nothing",
    }
}

/// Whether nobody on the way can read it.
fn is_confidential(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url))
}

fn fits(wait: Duration, deadline: Option<Instant>) -> bool {
    deadline.is_none_or(|deadline| Instant::now() + wait < deadline)
}

#[cfg(test)]
mod tests;
