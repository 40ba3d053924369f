//! Stage 6: takes credentials out of the world, on an explicit command only.
//!
//! What comes in: what to revoke, and whether to act. What goes out: a receipt for each, with what was asked, answered and seen
//! afterwards. A registry's yes is not believed: the credential is tried again.
//!
//! What it must never do: act without being told, send a deletion twice (but once more with a code that was asked for), or take silence for success.

use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::model::{
    Credential, Inactive, Inspection, Outcome, Proof, Receipt, RegistryId, Secret, Unknown, Validity, Way,
};
use crate::registry;
use crate::registry::client::{Eraser, Memory, Obstacle, Plan, Registry, Reply, Session, Target};
use crate::registry::endpoint::{Endpoint, Endpoints, Issuers};
use crate::registry::http::{Http, Permit};

/// Between two looks at whether it is dead by now.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// One thing to revoke.
#[derive(Clone, Debug)]
pub enum Subject {
    /// The credential is at hand.
    Credential {
        /// Its finding's fingerprint.
        fingerprint: String,
        /// With its secret.
        credential: Credential,
    },
    /// Only a report is at hand, with the token's redacted form. Needs the owner's session.
    Report {
        /// Its finding's fingerprint.
        fingerprint: String,
        /// The registry.
        registry: RegistryId,
        /// The endpoint's base, as the report has it. Must be one that is known anyway.
        endpoint: String,
        /// First characters.
        head: String,
        /// Last characters.
        tail: String,
    },
}

impl Subject {
    /// Its finding's fingerprint.
    pub fn fingerprint(&self) -> &str {
        match self {
            Self::Credential { fingerprint, .. } | Self::Report { fingerprint, .. } => fingerprint,
        }
    }

    /// The secret, where it is at hand.
    pub fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Credential { credential, .. } => Some(&credential.secret),
            Self::Report { .. } => None,
        }
    }
}

/// How to revoke.
#[derive(Clone, Debug, Default)]
pub struct RevokeOptions {
    /// Send the deletions. Otherwise only what would be sent is found out.
    pub act: bool,
    /// How long to keep looking whether it is dead, where it still lives after the registry's yes.
    pub wait: Option<Duration>,
    /// The credentials were handed over alone: `--endpoint` decides where they belong.
    pub lone: bool,
}

/// Asks the person at the terminal for a one-time code; `None` where there is none.
pub type AskCode<'c> = dyn FnMut() -> Option<String> + 'c;

/// Revokes, or says how it would.
pub fn run(
    subjects: &[Subject],
    endpoints: &Endpoints,
    http: &Http,
    options: &RevokeOptions,
    code: &mut AskCode<'_>,
) -> Vec<Receipt> {
    subjects.iter().flat_map(|subject| settle(subject, endpoints, http, options, code)).collect()
}

/// One receipt for each server that may have issued it.
fn settle(
    subject: &Subject,
    endpoints: &Endpoints,
    http: &Http,
    options: &RevokeOptions,
    code: &mut AskCode<'_>,
) -> Vec<Receipt> {
    let resolved = match subject {
        Subject::Credential { credential, .. } if options.lone => endpoints.resolve_lone(credential),
        Subject::Credential { credential, .. } => endpoints.resolve(credential),
        Subject::Report { registry, endpoint, .. } => {
            let known = endpoints.iter().find(|known| known.registry == *registry && known.base.as_str() == endpoint);
            known.map(Issuers::only).ok_or_else(|| Unknown::ForeignHost(endpoint.clone()))
        }
    };
    let (cases, elsewhere) = match resolved {
        Ok(issuers) => (issuers.endpoints.into_iter().map(Ok).collect(), issuers.elsewhere),
        Err(why) => (vec![Err(why)], None),
    };
    let mut receipts: Vec<Receipt> =
        cases.into_iter().map(|endpoint| Case { subject, endpoint }.settle(http, options, code)).collect();
    // Dead where it could be asked; where it could not, it may live.
    if let Some(host) = elsewhere
        && receipts.iter().all(|receipt| receipt.outcome == Outcome::AlreadyInactive)
    {
        receipts.push(Case { subject, endpoint: Err(Unknown::ForeignHost(host)) }.settle(http, options, code));
    }
    receipts
}

/// One subject with where it belongs.
struct Case<'c> {
    subject: &'c Subject,
    endpoint: Result<&'c Endpoint, Unknown>,
}

/// What came of one case.
struct Settled {
    way: Way,
    outcome: Outcome,
    before: Validity,
    after: Option<Validity>,
    user: Option<String>,
}

impl<'c> Case<'c> {
    fn target(&self) -> Target<'c> {
        match self.subject {
            Subject::Credential { credential, .. } => Target::Full(credential),
            Subject::Report { head, tail, .. } => Target::Ends { head, tail },
        }
    }

    fn credential(&self) -> Option<&'c Credential> {
        match self.subject {
            Subject::Credential { credential, .. } => Some(credential),
            Subject::Report { .. } => None,
        }
    }

    fn settle(&self, http: &Http, options: &RevokeOptions, code: &mut AskCode<'_>) -> Receipt {
        let (fingerprint, registry, redacted, user) = match self.subject {
            Subject::Credential { fingerprint, credential } => {
                (fingerprint, &credential.registry, credential.secret.redacted(), credential.user.clone())
            }
            Subject::Report { fingerprint, registry, head, tail, .. } => {
                (fingerprint, registry, format!("{head}…{tail}"), None)
            }
        };
        let first = http.ledger().len();
        let client = |endpoint: &Endpoint| registry::by_id(&endpoint.registry);
        let settled = match (&self.endpoint, self.endpoint.as_ref().ok().and_then(|endpoint| client(endpoint))) {
            (Ok(endpoint), Some(client)) => self.handle(client, endpoint, http, options, code),
            (Ok(_), None) => not_possible("keyrake has no client for this registry yet", Unknown::Unsupported),
            (Err(why), _) => not_possible("the server that issued it is not known", why.clone()),
        };
        let endpoint = self.endpoint.as_ref().ok();
        let owner_page = match &settled.way {
            Way::OwnerPage(page) if !page.is_empty() => Some(page.clone()),
            _ => endpoint.and_then(|endpoint| endpoint.owner_page.clone()),
        };
        Receipt {
            fingerprint: fingerprint.clone(),
            registry: registry.clone(),
            endpoint: endpoint.map(|endpoint| endpoint.base.to_string()),
            redacted,
            user: settled.user.or(user),
            way: settled.way,
            outcome: settled.outcome,
            before: settled.before,
            after: settled.after,
            requests: http.ledger().iter().skip(first).map(|entry| entry.id).collect(),
            time: to_the_second(Timestamp::now()).to_string(),
            owner_page,
        }
    }

    fn handle(
        &self,
        client: &dyn Registry,
        endpoint: &Endpoint,
        http: &Http,
        options: &RevokeOptions,
        code: &mut AskCode<'_>,
    ) -> Settled {
        let memory = Memory::default();
        let session = Session::new(http, endpoint, &memory, self.credential(), Timestamp::now(), None);
        let before = match self.credential() {
            Some(credential) => client.liveness(&session, credential),
            None => Inspection::unknown(Unknown::Unsupported, Proof::default()),
        };
        let stop = |outcome, before| {
            let way = Way::OwnerPage(endpoint.owner_page.clone().unwrap_or_default());
            Settled { way, outcome, before, after: None, user: None }
        };
        if matches!(before.validity, Validity::Inactive(_)) {
            return stop(Outcome::AlreadyInactive, before.validity);
        }
        let plan = client.plan(&session, &self.target(), &before);
        let before = before.validity;
        let Plan { way, user, .. } = plan.clone();
        if let Some(obstacle) = plan.obstacle {
            let outcome = match obstacle {
                Obstacle::NoWay(why) => Outcome::NotPossible(why),
                Obstacle::NoAnswer(why) => Outcome::Unknown(why),
            };
            return Settled { way, outcome, before, after: None, user };
        }
        if !options.act {
            return Settled { way, outcome: Outcome::Planned, before, after: None, user };
        }
        let reply = self.send(client, &session, &plan, code);
        let (outcome, after, way) = match reply {
            Reply::Accepted => {
                let (outcome, after) = self.look(client, endpoint, http, &plan, &before, options.wait);
                (outcome, Some(after), way)
            }
            Reply::CodeAsked => {
                let words = "the registry asks for a one-time code of the owner, and none (or a wrong one) was given (--otp env:NAME)";
                (Outcome::Refused(words.to_owned()), None, owner_page(endpoint, way))
            }
            Reply::Refused(words) => {
                // It may have died by another hand between our two questions, and a dead one is refused like that.
                let after = self.seen(client, endpoint, http, &plan, &before);
                let outcome = match after {
                    Validity::Inactive(_) => Outcome::Unknown(format!("{words}; it is dead now")),
                    _ => Outcome::Refused(words),
                };
                (outcome, Some(after), owner_page(endpoint, way))
            }
            Reply::NoAnswer(words) => {
                // Not sent again; but whether it still lives may be asked.
                let after = self.seen(client, endpoint, http, &plan, &before);
                let text = match after {
                    Validity::Inactive(_) => format!("{words}; it is dead now"),
                    Validity::Active => format!("{words}; it still works"),
                    Validity::Unknown(_) => words,
                };
                (Outcome::Unknown(text), Some(after), way)
            }
        };
        Settled { way, outcome, before, after, user }
    }

    /// Deletes; once more where the registry asks for a code and there is one.
    fn send(&self, client: &dyn Registry, session: &Session<'_>, plan: &Plan, code: &mut AskCode<'_>) -> Reply {
        let eraser = Eraser::new(session, Permit::explicitly_asked_for());
        match client.erase(&eraser, &self.target(), plan, None).1 {
            Reply::CodeAsked => match code() {
                Some(code) => client.erase(&eraser, &self.target(), plan, Some(code.trim())).1,
                None => Reply::CodeAsked,
            },
            reply => reply,
        }
    }

    /// Looks whether it is dead, again and again for as long as the user wants to wait.
    fn look(
        &self,
        client: &dyn Registry,
        endpoint: &Endpoint,
        http: &Http,
        plan: &Plan,
        before: &Validity,
        wait: Option<Duration>,
    ) -> (Outcome, Validity) {
        let until = wait.and_then(|wait| Instant::now().checked_add(wait));
        loop {
            let after = self.seen(client, endpoint, http, plan, before);
            let left = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
            match after {
                Validity::Inactive(_) => return (Outcome::Revoked, after),
                _ if !left.is_zero() => thread::sleep(LOOK_EVERY.min(left)),
                Validity::Active => {
                    let text = if endpoint.public {
                        "the registry said yes, but it still works: that may take up to an hour; look again, or use the owner's page"
                    } else {
                        "the server said yes, but it still works: have it deleted by its key in the owner's session, or by the server's operator"
                    };
                    return (Outcome::NotRevoked(text.to_owned()), after);
                }
                Validity::Unknown(_) => {
                    let text = "the registry said yes, but whether it is dead could not be seen";
                    return (Outcome::Unknown(text.to_owned()), after);
                }
            }
        }
    }

    /// What can be seen of it now. Nothing remembered counts.
    fn seen(
        &self,
        client: &dyn Registry,
        endpoint: &Endpoint,
        http: &Http,
        plan: &Plan,
        before: &Validity,
    ) -> Validity {
        let memory = Memory::default();
        let session = Session::new(http, endpoint, &memory, self.credential(), Timestamp::now(), None);
        let after = match self.credential() {
            Some(credential) => client.liveness(&session, credential),
            None => Inspection::unknown(Unknown::Unsupported, Proof::default()),
        };
        match after.validity {
            // Where the owner's list can be read, it decides.
            Validity::Unknown(why) if plan.way == Way::OperatorByKey => match client.is_gone(&session, plan) {
                true => Validity::Inactive(Inactive::Revoked),
                false => Validity::Unknown(why),
            },
            // Accepted from here a moment ago and turned away now: the deletion is the difference.
            Validity::Unknown(Unknown::Refused(_)) if *before == Validity::Active => {
                Validity::Inactive(Inactive::Revoked)
            }
            other => other,
        }
    }
}

/// Finer than that, a time says nothing about a revocation, and receipts are read by people.
fn to_the_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

fn owner_page(endpoint: &Endpoint, way: Way) -> Way {
    endpoint.owner_page.clone().map_or(way, Way::OwnerPage)
}

fn not_possible(text: &str, why: Unknown) -> Settled {
    Settled {
        way: Way::OwnerPage(String::new()),
        outcome: Outcome::NotPossible(text.to_owned()),
        before: Validity::Unknown(why),
        after: None,
        user: None,
    }
}

#[cfg(test)]
mod tests;
