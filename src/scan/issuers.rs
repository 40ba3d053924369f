//! Whom to ask and over which connection: opened from plain data, so that the door need not know the rooms behind.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use url::Url;

use crate::model::{LedgerEntry, RegistryId, RuleSet, Secret};
use crate::registry::endpoint::{EndpointError, Endpoints};
pub use crate::registry::http::Proxy;
use crate::registry::http::{Http, HttpError, HttpOptions};

/// What the user says about registries and the way to them.
#[derive(Debug)]
pub struct Connection {
    /// Compatible servers of the user's own, by registry.
    pub endpoints: Vec<(RegistryId, String)>,
    /// The owner's own credentials, by registry.
    pub operators: Vec<(RegistryId, Secret)>,
    /// Certificates to trust besides the system's: PEM.
    pub authorities: Vec<Vec<u8>>,
    /// The proxy to go through, where the environment's own is not seen.
    pub proxy: Option<Proxy>,
    /// Local address to send from.
    pub source_address: Option<IpAddr>,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// Whether and what to send.
    pub sending: Sending,
    /// Set by whoever wants the asking to end.
    pub interrupted: Arc<AtomicBool>,
}

/// Whether and what to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// Nothing.
    Nothing,
    /// Nothing, but the ledger says what would be sent.
    Explained,
    /// Requests.
    Requests,
}

/// Why nobody can be asked.
#[derive(Debug, thiserror::Error)]
pub enum IssuersError {
    /// An endpoint that is no URL.
    #[error("the endpoint given for {0} is no URL: {1}")]
    Url(RegistryId, url::ParseError),
    /// An endpoint or an operator that cannot be used.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// No client can be built.
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// The registries that can be asked, and the connection to them.
pub struct Issuers {
    pub(super) endpoints: Endpoints,
    pub(super) http: Option<Http>,
}

impl Issuers {
    /// Checks every endpoint and builds the client; sends nothing yet.
    pub fn open(connection: Connection, rules: &RuleSet) -> Result<Self, IssuersError> {
        let given = connection
            .endpoints
            .into_iter()
            .map(|(registry, url)| match Url::parse(&url) {
                Ok(url) => Ok((registry, url)),
                Err(error) => Err(IssuersError::Url(registry, error)),
            })
            .collect::<Result<_, _>>()?;
        let endpoints = Endpoints::new(rules, given, connection.operators)?;
        let http = match connection.sending {
            Sending::Nothing => None,
            Sending::Explained | Sending::Requests => Some(Http::new(HttpOptions {
                ca_certificates: connection.authorities,
                proxy: connection.proxy,
                source_address: connection.source_address,
                timeout: connection.timeout,
                explain: connection.sending == Sending::Explained,
                interrupted: connection.interrupted,
                ..HttpOptions::default()
            })?),
        };
        Ok(Self { endpoints, http })
    }

    /// Every request so far.
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        self.http.as_ref().map(Http::ledger).unwrap_or_default()
    }
}
