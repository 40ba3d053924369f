//! What a registry's client offers, and what it gets to work with.
//!
//! `Registry` is what one file per registry implements; `Session` is the only way to ask: it can read and nothing else, keeps to one
//! endpoint, and takes secrets out of everything that a server says. `Eraser` is what a revocation gets on top.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::time::Instant;

use jiff::Timestamp;
use url::Url;

use super::endpoint::Endpoint;
use super::http::{Authorization, BODY_CAP, Exchange, Failure, Http, LIST_CAP, Permit, Request, basic};
use crate::model::{Credential, Inspection, Proof, Scrubber, Secret, SecretKind, Signer, Way};

/// A registry: how to look at its credentials, and how to revoke them.
pub trait Registry: Send + Sync {
    /// Its short name, as the rules have it.
    fn id(&self) -> &'static str;

    /// Whether it accepts the credential, with as few requests as that takes; of `access` only the identity.
    fn liveness(&self, session: &Session<'_>, credential: &Credential) -> Inspection;

    /// What the credential can do. Reads only.
    fn inspect(&self, session: &Session<'_>, credential: &Credential) -> Inspection;

    /// How the credential can be revoked. Reads only.
    fn plan(&self, session: &Session<'_>, target: &Target<'_>, before: &Inspection) -> Plan;

    /// Whether the owner's list, read anew and whole, does not hold the plan's key any more.
    fn is_gone(&self, session: &Session<'_>, plan: &Plan) -> bool;

    /// Sends the one request that revokes it.
    fn erase(&self, eraser: &Eraser<'_, '_>, target: &Target<'_>, plan: &Plan, code: Option<&str>) -> (u32, Reply);
}

/// What is to be revoked.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// The credential itself is at hand.
    Full(&'a Credential),
    /// Only its ends are known, from a report: enough for the owner's session to find it.
    Ends {
        /// First characters.
        head: &'a str,
        /// Last characters.
        tail: &'a str,
    },
}

/// How a revocation would go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The way.
    pub way: Way,
    /// The registry's key of the token, where its list shows it.
    pub key: Option<String>,
    /// Whose it is, where known.
    pub user: Option<String>,
    /// Why nothing can be sent, where that is so.
    pub obstacle: Option<Obstacle>,
}

/// Why nothing can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// There is no way from here.
    NoWay(String),
    /// The registry gave no usable answer, so nobody knows whether there is a way, or need of one.
    NoAnswer(String),
}

/// What came of the request that revokes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The registry said yes. That proves nothing yet.
    Accepted,
    /// It asks for a one-time code.
    CodeAsked,
    /// It said no, in these words.
    Refused(String),
    /// No answer, or none that says yes or no.
    NoAnswer(String),
}

/// Reads, at one endpoint, on behalf of one credential.
#[derive(Debug)]
pub struct Session<'a> {
    http: &'a Http,
    /// The server.
    pub(crate) endpoint: &'a Endpoint,
    /// The time that the caller takes for now.
    pub(crate) now: Timestamp,
    deadline: Option<Instant>,
    memory: &'a Memory,
    scrubber: Scrubber,
}

/// Answers that do not depend on the credential, so that a run asks for them once: what anybody sees, what the owner sees, and the control.
#[derive(Default)]
pub(crate) struct Memory {
    answers: RefCell<HashMap<(&'static str, String), Rc<Exchange>>>,
    control: RefCell<Option<Secret>>,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answers", self.answers.borrow().len())
    }
}

/// Who signs a read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By<'a> {
    /// Nobody.
    Nobody,
    /// The credential in question.
    Credential(&'a Credential),
    /// The owner.
    Operator,
    /// A token that nobody issued.
    Control,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        http: &'a Http,
        endpoint: &'a Endpoint,
        memory: &'a Memory,
        credential: Option<&Credential>,
        now: Timestamp,
        deadline: Option<Instant>,
    ) -> Self {
        let mut secrets: Vec<Secret> = endpoint.operator.iter().cloned().collect();
        if let Some(Credential { secret, user, .. }) = credential {
            secrets.push(secret.clone());
            if let Some(user) = user {
                secrets.push(basic(user, secret));
            }
        }
        Self { http, endpoint, now, deadline, memory, scrubber: Scrubber::new(secrets) }
    }

    /// Whether requests are only explained.
    pub(crate) fn explains(&self) -> bool {
        self.http.explains()
    }

    /// Whether the owner's own credential is at hand.
    pub(crate) fn has_operator(&self) -> bool {
        self.endpoint.operator.is_some()
    }

    /// Reads a path (relative to the endpoint's base, already escaped).
    pub(crate) fn get(&self, by: By<'_>, path: &str) -> Rc<Exchange> {
        match self.endpoint.base.join(path) {
            Ok(url) => self.read(by, url),
            Err(_) => Rc::new(self.withheld()),
        }
    }

    /// Reads another page of an answer: `next` is what the server says. Only its query counts; anything that points to another
    /// server or another thing is refused, unsent.
    pub(crate) fn get_next(&self, by: By<'_>, current: &Exchange, next: &str) -> Result<Rc<Exchange>, NotNext> {
        let target = current.url.join(next).map_err(|_| NotNext::Unreadable)?;
        if !self.endpoint.covers(&target) {
            return Err(NotNext::ForeignServer);
        }
        // Behind a proxy the server may not know its own prefix: the paths agree when one ends like the other.
        if !current.url.path().ends_with(target.path()) && !target.path().ends_with(current.url.path()) {
            return Err(NotNext::OtherPath);
        }
        let mut url = current.url.clone();
        url.set_query(target.query());
        Ok(self.read(by, url))
    }

    /// Writes into the ledger what an answer shows.
    pub(crate) fn shows(&self, exchange: &Exchange, words: &str) {
        self.http.shows(exchange.id, &self.clean(words));
    }

    /// A server's words, fit to be shown: no secret, no control characters, not long.
    pub(crate) fn clean(&self, words: &str) -> String {
        const LONGEST: usize = 300;
        let scrubbed = self.scrubber.scrub(words);
        let mut clean: String =
            scrubbed.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect::<String>();
        if scrubbed.chars().nth(LONGEST).is_some() {
            clean.push('…');
        }
        clean.trim().to_owned()
    }

    fn read(&self, by: By<'_>, url: Url) -> Rc<Exchange> {
        let Some(who) = by.memorable() else { return Rc::new(self.send(by, url)) };
        let key = (who, url.to_string());
        if let Some(known) = self.memory.answers.borrow().get(&key) {
            return Rc::clone(known);
        }
        let exchange = Rc::new(self.send(by, url));
        // Held back for lack of time is no answer: with more time it may be asked.
        if !matches!(exchange.outcome, Err(Failure::Deadline | Failure::Interrupted)) {
            self.memory.answers.borrow_mut().insert(key, Rc::clone(&exchange));
        }
        exchange
    }

    fn send(&self, by: By<'_>, url: Url) -> Exchange {
        let control = self.control();
        let (signer, authorization) = match by {
            By::Nobody => (Signer::Nobody, Authorization::None),
            By::Credential(credential) => (Signer::Credential, authorization(credential)),
            By::Operator => match &self.endpoint.operator {
                Some(secret) => (Signer::Operator, Authorization::Bearer(secret)),
                None => return self.withheld(),
            },
            By::Control => (Signer::Control, Authorization::Bearer(&control)),
        };
        let cap = if url.query().is_some() { LIST_CAP } else { BODY_CAP };
        self.http.get(&self.request(url, None, signer, authorization, cap))
    }

    fn request<'r>(
        &'r self,
        url: Url,
        shown: Option<String>,
        signer: Signer,
        authorization: Authorization<'r>,
        cap: usize,
    ) -> Request<'r> {
        let shown = shown.unwrap_or_else(|| match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        });
        let shown = self.clean(&shown);
        Request { endpoint: self.endpoint, url, shown, signer, authorization, code: None, cap, deadline: self.deadline }
    }

    fn withheld(&self) -> Exchange {
        Exchange { id: 0, url: self.endpoint.base.clone(), outcome: Err(Failure::Withheld) }
    }

    /// The run's control token.
    fn control(&self) -> Secret {
        self.memory.control.borrow_mut().get_or_insert_with(mint_control).clone()
    }
}

/// Why a next page is not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotNext {
    /// No address.
    Unreadable,
    /// Another server.
    ForeignServer,
    /// Another thing on the same server.
    OtherPath,
}

impl By<'_> {
    /// Under which name its answers may be remembered.
    fn memorable(self) -> Option<&'static str> {
        match self {
            By::Nobody => Some("nobody"),
            By::Operator => Some("operator"),
            By::Control => Some("control"),
            By::Credential(_) => None,
        }
    }
}

/// A session that may also delete. Only `revoke` makes one, on an explicit command.
#[derive(Debug)]
pub struct Eraser<'s, 'a> {
    session: &'s Session<'a>,
    permit: Permit,
}

impl<'s, 'a> Eraser<'s, 'a> {
    pub(crate) fn new(session: &'s Session<'a>, permit: Permit) -> Self {
        Self { session, permit }
    }

    /// The reading half.
    pub(crate) fn session(&self) -> &'s Session<'a> {
        self.session
    }

    /// Deletes what the path names (`shown` is the path as the ledger may show it). Sent once.
    pub(crate) fn delete(&self, by: By<'_>, path: &str, shown: &str, code: Option<&str>) -> Exchange {
        let session = self.session;
        let Ok(url) = session.endpoint.base.join(path) else { return session.withheld() };
        let shown = format!("{}{shown}", session.endpoint.base.path());
        let (signer, authorization) = match by {
            By::Operator => match &session.endpoint.operator {
                Some(secret) => (Signer::Operator, Authorization::Bearer(secret)),
                None => return session.withheld(),
            },
            By::Credential(credential) => (Signer::Credential, authorization(credential)),
            By::Nobody | By::Control => return session.withheld(),
        };
        let request = Request { code, ..session.request(url, Some(shown), signer, authorization, BODY_CAP) };
        session.http.delete(&request, &self.permit)
    }
}

/// How a credential signs: a password with its user name, everything else as a bearer token.
fn authorization(credential: &Credential) -> Authorization<'_> {
    match (credential.secret.kind(), &credential.user) {
        (SecretKind::Password, Some(user)) => Authorization::Basic(user, &credential.secret),
        _ => Authorization::Bearer(&credential.secret),
    }
}

/// A token with npm's form and checksum that nobody issued: thirty characters from the process's own random state.
fn mint_control() -> Secret {
    use std::hash::{BuildHasher, RandomState};
    let entropy: String =
        (0..3).map(|round| format!("{:016x}", RandomState::new().hash_one(round))).collect::<String>();
    let body = crate::model::Checksum::Crc32Base62.complete(&entropy.as_bytes()[..30]);
    Secret::token([b"npm_".as_slice(), &body].concat())
}

/// Which requests were sent, of those that were.
pub(crate) fn proof(exchanges: &[&Exchange]) -> Proof {
    Proof::requests(exchanges.iter().map(|exchange| exchange.id).filter(|id| *id > 0))
}
