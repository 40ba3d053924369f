//! Whether the credential is alive: step 1 of the ladder, and the second opinions that keep a refusal from reading as death.

use crate::model::{Credential, Inactive, Inspection, Proof, SecretKind, Unknown};
use crate::registry::client::{By, Session, proof};
use crate::registry::http::Exchange;

use super::answers::{Reading, read, text};
use super::jwt;
use super::rows::{Listing, Own, Row, list, own};

/// Whether it lives.
#[derive(Clone, Debug)]
pub(super) enum Standing {
    /// It does.
    Live(Live),
    /// It does not, or nobody can tell.
    Settled(Box<Inspection>),
}

/// How it is known to live.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) user: Option<String>,
    pub(super) proof: Proof,
    pub(super) barrier: Barrier,
}

/// What keeps it from being used here and now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Barrier {
    /// Nothing.
    None,
    /// An address list that we are not on.
    Address,
    /// A one-time code that even reading asks for.
    Code,
}

pub(super) const WHOAMI: &str = "-/whoami";
pub(super) const PROFILE: &str = "-/npm/v1/user";
pub(super) const STAGE: &str = "-/stage?perPage=1";

/// Asks who it is.
pub(super) fn standing(session: &Session<'_>, credential: &Credential) -> Standing {
    if credential.secret.kind() == SecretKind::Password && credential.user.is_none() {
        let note = "a password without a user name cannot be asked about";
        return unknown(Unknown::Unsupported, Proof::note(note));
    }
    let inquiry = Inquiry { session, credential };
    let whoami = session.get(By::Credential(credential), WHOAMI);
    match read(&whoami) {
        Reading::Accepted(answer) => match text(&answer, "username") {
            Some(user) => inquiry.named(&[&whoami], user, WHOAMI, "username"),
            None => inquiry.nobody(&whoami),
        },
        Reading::Rejected => inquiry.second_opinion(&whoami, true),
        Reading::Missing => inquiry.second_opinion(&whoami, false),
        Reading::Forbidden(words) => inquiry.turned_away(&whoami, &words),
        other => inquiry.barred(&[&whoami], &other, WHOAMI).unwrap_or_else(|| inquiry.unclear(&[&whoami], other)),
    }
}

/// What a server says of a token that nobody issued, beside what it says of ours.
enum Control {
    /// Something else: it tells them apart.
    Apart,
    /// The same: its answer shows nothing of ours.
    Same,
    /// Nothing: whether it tells them apart is not known.
    Silent(Unknown),
}

struct Inquiry<'i, 'a> {
    session: &'i Session<'a>,
    credential: &'i Credential,
}

impl Inquiry<'_, '_> {
    /// The server names a user. A server that names one to anybody would have said so of any string, hence the control.
    fn named(&self, exchanges: &[&Exchange], user: &str, path: &str, field: &str) -> Standing {
        let user = self.session.clean(user);
        let mut requests = proof(exchanges);
        if let Some(last) = exchanges.last() {
            self.session.shows(last, &format!("live, user {user}"));
        }
        let names = |reading: &Reading| matches!(reading, Reading::Accepted(answer) if text(answer, field).is_some());
        match self.control(path, names, &mut requests) {
            Control::Apart => {}
            Control::Same => {
                let why = format!("the server names the user {user} to any token, so its answer shows nothing");
                return unknown(Unknown::Refused(why), requests);
            }
            Control::Silent(why) => return unknown(why, requests),
        }
        Standing::Live(Live { user: Some(user), proof: requests, barrier: Barrier::None })
    }

    /// 200 without a user name: some servers answer so to anyone they do not know.
    fn nobody(&self, whoami: &Exchange) -> Standing {
        self.session.shows(whoami, "the server names no user");
        let profile = self.session.get(By::Credential(self.credential), PROFILE);
        match read(&profile) {
            Reading::Accepted(answer) => match text(&answer, "name") {
                Some(user) => self.named(&[whoami, &profile], user, PROFILE, "name"),
                None => self.refused(&[whoami, &profile], "the server names no user and shows no profile"),
            },
            Reading::Rejected => self.dead(&[whoami, &profile]),
            Reading::Forbidden(words) => self.refused(&[whoami, &profile], &words),
            Reading::Missing => self.refused(&[whoami, &profile], "the server names no user and has no profiles"),
            other => self
                .barred(&[whoami, &profile], &other, PROFILE)
                .unwrap_or_else(|| self.unclear(&[whoami, &profile], other)),
        }
    }

    /// A plain 401 (`rejected`) or 404 on whoami: some granular tokens may not ask that, so another read decides.
    fn second_opinion(&self, whoami: &Exchange, rejected: bool) -> Standing {
        self.session.shows(whoami, if rejected { "not accepted here" } else { "no such question on this server" });
        let by = By::Credential(self.credential);
        if self.credential.secret.kind() == SecretKind::Token {
            let stage = self.session.get(by, STAGE);
            match read(&stage) {
                Reading::Accepted(answer) if answer.get("items").is_some() => {
                    let mut proof = proof(&[whoami, &stage]);
                    let shown = |reading: &Reading| matches!(reading, Reading::Accepted(_));
                    if let Control::Apart = self.control(STAGE, shown, &mut proof) {
                        self.session.shows(&stage, "live: staged versions are shown to it");
                        return Standing::Live(Live { user: None, proof, barrier: Barrier::None });
                    }
                }
                Reading::Rejected if rejected => return self.dead(&[whoami, &stage]),
                other => {
                    if let Some(barred) = self.barred(&[whoami, &stage], &other, STAGE) {
                        return barred;
                    }
                }
            }
        }
        let profile = self.session.get(by, PROFILE);
        let both = [whoami, &profile];
        match read(&profile) {
            Reading::Accepted(answer) => match text(&answer, "name") {
                Some(user) => self.named(&both, user, PROFILE, "name"),
                None => self.refused(&both, "the server shows a profile without a name"),
            },
            Reading::Rejected if rejected => self.dead(&both),
            Reading::Rejected => self.refused(&both, "rejected once, and nothing else could be asked"),
            Reading::Forbidden(words) => self.refused(&both, &words),
            Reading::Missing if rejected => self.refused(&both, "rejected once, and nothing else could be asked"),
            Reading::Missing => {
                let why = Unknown::Unavailable("HTTP 404: the server answers no question about its users".to_owned());
                unknown(why, proof(&both))
            }
            other => self.barred(&both, &other, PROFILE).unwrap_or_else(|| self.unclear(&both, other)),
        }
    }

    /// Asks the same with a token that nobody issued, and takes that into the proof. The public registry is known to tell tokens
    /// apart, so there nothing is asked.
    fn control(&self, path: &str, same: impl Fn(&Reading) -> bool, shown: &mut Proof) -> Control {
        if self.session.endpoint.public {
            return Control::Apart;
        }
        let exchange = self.session.get(By::Control, path);
        shown.requests.extend(proof(&[&exchange]).requests);
        // Nobody's fault, and over in a moment: such an answer is none to this question.
        let passing = exchange.outcome.as_ref().map_or(true, |answer| matches!(answer.status, 408 | 429 | 500..));
        let (control, words) = match read(&exchange) {
            reading if same(&reading) => (Control::Same, "control: a token that nobody issued gets the same answer"),
            Reading::Unclear(why) if passing => {
                (Control::Silent(why), "control: what a token that nobody issued gets is not known")
            }
            _ => (Control::Apart, "control: a token that nobody issued gets another answer"),
        };
        self.session.shows(&exchange, words);
        control
    }

    /// Known, but kept out: that is alive, unless everybody is kept out so.
    fn barred(&self, exchanges: &[&Exchange], reading: &Reading, path: &str) -> Option<Standing> {
        let (barrier, words) = match reading {
            Reading::WrongAddress => (Barrier::Address, "live, but not from this address"),
            Reading::CodeAsked => (Barrier::Code, "live, but asks for a one-time code"),
            _ => return None,
        };
        let mut proof = proof(exchanges);
        let bars = |reading: &Reading| matches!(reading, Reading::WrongAddress | Reading::CodeAsked);
        match self.control(path, bars, &mut proof) {
            Control::Apart => {}
            Control::Same => {
                let why = "the server keeps any token out in this way, so its answer shows nothing".to_owned();
                return Some(unknown(Unknown::Refused(why), proof));
            }
            Control::Silent(why) => return Some(unknown(why, proof)),
        }
        if let Some(last) = exchanges.last() {
            self.session.shows(last, words);
        }
        Some(Standing::Live(Live { user: None, proof, barrier }))
    }

    fn unclear(&self, exchanges: &[&Exchange], reading: Reading) -> Standing {
        let why = match reading {
            Reading::Unclear(why) => why,
            _ => Unknown::Unavailable("an answer that says nothing".to_owned()),
        };
        unknown(why, proof(exchanges))
    }

    fn refused(&self, exchanges: &[&Exchange], words: &str) -> Standing {
        if let Some(last) = exchanges.last() {
            self.session.shows(last, words);
        }
        let words = Unknown::Refused(self.session.clean(words));
        unknown(words, proof(exchanges))
    }

    /// Two answers say that it is not known. The owner's list and the token's own text may say more.
    fn dead(&self, exchanges: &[&Exchange]) -> Standing {
        if let Some(last) = exchanges.last() {
            self.session.shows(last, "not accepted here either");
        }
        let mut proof = proof(exchanges);
        if self.credential.secret.kind() == SecretKind::Password && self.session.endpoint.public {
            // Its documents name tokens only: whether it still takes passwords for questions is nowhere said.
            let why = "the public registry rejects it, but it may take no password for such questions at all";
            return unknown(Unknown::Refused(why.to_owned()), proof);
        }
        if let Some(found) = self.in_owners_list() {
            proof.requests.extend(&found.requests);
            match found.row {
                Some(row) if row.revoked => return settled(Inactive::Revoked, proof, "the owner's list says revoked"),
                Some(row) if row.is_expired(self.session.now) => {
                    return settled(Inactive::Expired, proof, "the owner's list says expired");
                }
                Some(row) => return self.listed_but_rejected(&row, proof),
                None => {}
            }
        }
        match jwt::payload(&self.credential.secret).and_then(|payload| payload.expires) {
            Some(end) if end <= self.session.now => {
                settled(Inactive::Expired, proof, &format!("its own text says until {end}, and the server rejects it"))
            }
            _ => Standing::Settled(Box::new(Inspection::inactive(Inactive::Rejected, proof))),
        }
    }

    /// 403 on whoami. Verdaccio answers so to a revoked token and to one that is used from outside its address list.
    fn turned_away(&self, whoami: &Exchange, words: &str) -> Standing {
        let words = self.session.clean(words);
        self.session.shows(whoami, &format!("turned away: {words}"));
        let payload = jwt::payload(&self.credential.secret).unwrap_or_default();
        let mut proof = proof(&[whoami]);
        if let Some(end) = payload.expires.filter(|end| *end <= self.session.now) {
            let note = format!("its own text says until {end}, and the server turns it away");
            return settled(Inactive::Expired, proof, &note);
        }
        let ambiguous = || {
            let why = format!("the server turns it away ({words}): revoked, or this address is not on its list");
            Unknown::Refused(why)
        };
        let Some(found) = self.in_owners_list() else {
            // A gate that turns everybody away has not looked at the token.
            let nobody = self.session.get(By::Nobody, WHOAMI);
            proof.requests.extend(Some(nobody.id).filter(|id| *id > 0));
            if let Reading::Forbidden(_) = read(&nobody) {
                self.session.shows(&nobody, "turned away without any token, too");
                return unknown(Unknown::Unavailable(format!("the server turns everybody away: {words}")), proof);
            }
            return unknown(ambiguous(), proof);
        };
        proof.requests.extend(&found.requests);
        match found.row {
            Some(row) if row.revoked => settled(Inactive::Revoked, proof, "the owner's list says revoked"),
            Some(row) if row.is_expired(self.session.now) => {
                settled(Inactive::Expired, proof, "the owner's list says expired")
            }
            Some(row) => self.listed_but_rejected(&row, proof),
            // Only a generated token must be in its owner's list, and only a list that is whole and the owner's own can miss it.
            None if found.complete && payload.key.is_some() && found.user.is_some() && payload.user == found.user => {
                settled(Inactive::Revoked, proof, "its owner's list does not hold it any more")
            }
            None => unknown(ambiguous(), proof),
        }
    }

    /// The owner's list holds it, the server does not take it from here: with an address list that is the reason.
    fn listed_but_rejected(&self, row: &Row, proof: Proof) -> Standing {
        if row.addresses.as_ref().is_some_and(|addresses| !addresses.is_open()) {
            let proof = proof.with_note("its owner's list holds it, with an address list that this address is not on");
            return Standing::Live(Live { user: None, proof, barrier: Barrier::Address });
        }
        let why = "its owner's list holds it, but the server does not accept it (a change can take up to an hour)";
        unknown(Unknown::Refused(why.to_owned()), proof)
    }

    fn in_owners_list(&self) -> Option<OwnersList> {
        owners_list(self.session, &self.credential.secret)
    }
}

/// What the owner's session shows.
#[derive(Clone, Debug)]
pub(super) struct OwnersList {
    /// Whose session it is.
    pub(super) user: Option<String>,
    pub(super) row: Option<Row>,
    /// Every page was read, and its forms tell whether the token is in it.
    pub(super) complete: bool,
    pub(super) requests: Vec<u32>,
}

/// Step 2b: looks the token up with the operator's own session. `None` without one, or where it does not get the list.
pub(super) fn owners_list(session: &Session<'_>, secret: &crate::model::Secret) -> Option<OwnersList> {
    if !session.has_operator() {
        return None;
    }
    let whoami = session.get(By::Operator, WHOAMI);
    let user = match read(&whoami) {
        Reading::Accepted(answer) => text(&answer, "username").map(|user| session.clean(user)),
        _ => None,
    };
    if let Some(user) = &user {
        session.shows(&whoami, &format!("the operator's session, user {user}"));
    }
    let Listing::Rows { rows, mut requests, gap } = list(session, By::Operator) else { return None };
    let (row, told) = match own(&rows, secret) {
        Own::Row(row) => (Some(row.clone()), true),
        Own::Absent => (None, true),
        Own::Untold => (None, false),
    };
    requests.splice(0..0, proof(&[&whoami]).requests);
    Some(OwnersList { user, row, complete: told && gap.is_none(), requests })
}

fn settled(how: Inactive, proof: Proof, note: &str) -> Standing {
    Standing::Settled(Box::new(Inspection::inactive(how, proof.with_note(note))))
}

fn unknown(why: Unknown, proof: Proof) -> Standing {
    Standing::Settled(Box::new(Inspection::unknown(why, proof)))
}
