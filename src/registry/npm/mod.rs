//! npm, on the public registry and on compatible servers: the ladder of read-only questions, in order.
//!
//! What comes in: a credential and a session with its issuer. What goes out: an `Inspection`. What it must never do: write, prolong,
//! or make the registry mail somebody. `GET …/trust` is not here for that reason: it may send the owner a code.

mod answers;
mod jwt;
mod reach;
mod revoke;
mod rows;
mod standing;
mod verdict;

use serde_json::Value;

use self::answers::{Reading, phrase, read, text};
use self::reach::{Packages, packages, part};
use self::rows::{Listing, Own, addresses, list, own};
use self::standing::{Barrier, Live, OwnersList, PROFILE, STAGE, Standing, WHOAMI, owners_list, standing};
use self::verdict::{Facts, Listed, Profile, Tfa};
use super::client::{By, Eraser, Plan, Registry, Reply, Session, Target};
use crate::model::{Access, Claim, Credential, Identity, Inspection, Proof, SecretKind, Unknown, Validity};

/// npm's client.
#[derive(Debug)]
pub(super) struct Npm;

impl Registry for Npm {
    fn id(&self) -> &'static str {
        "npm"
    }

    fn liveness(&self, session: &Session<'_>, credential: &Credential) -> Inspection {
        match standing(session, credential) {
            Standing::Live(live) => {
                let mut access = Access::not_visible("not asked");
                if let Some(user) = live.user {
                    access.identity = Claim::Proven(Identity { user }, live.proof.clone());
                }
                Inspection { validity: Validity::Active, proof: live.proof, access: Some(access), notes: Vec::new() }
            }
            Standing::Settled(inspection) => *inspection,
        }
    }

    fn inspect(&self, session: &Session<'_>, credential: &Credential) -> Inspection {
        if session.explains() {
            return explain(session, credential);
        }
        match standing(session, credential) {
            Standing::Live(live) => examine(session, credential, live),
            Standing::Settled(inspection) => *inspection,
        }
    }

    fn plan(&self, session: &Session<'_>, target: &Target<'_>, before: &Inspection) -> Plan {
        revoke::plan(session, target, before)
    }

    fn is_gone(&self, session: &Session<'_>, plan: &Plan) -> bool {
        revoke::is_gone(session, plan)
    }

    fn erase(&self, eraser: &Eraser<'_, '_>, target: &Target<'_>, plan: &Plan, code: Option<&str>) -> (u32, Reply) {
        revoke::erase(eraser, target, plan, code)
    }
}

/// Enters into the ledger every question that may be asked. What depends on answers stands there with a placeholder.
fn explain(session: &Session<'_>, credential: &Credential) -> Inspection {
    let by = By::Credential(credential);
    let mut questions = vec![(by, WHOAMI)];
    if !session.endpoint.public {
        questions.extend([WHOAMI, STAGE, PROFILE].map(|path| (By::Control, path)));
    }
    questions.push((By::Nobody, WHOAMI));
    if credential.secret.kind() == SecretKind::Token {
        questions.push((by, "-/npm/v1/tokens?perPage=100"));
    }
    questions.push((by, PROFILE));
    if session.has_operator() {
        questions.extend([WHOAMI, "-/npm/v1/tokens?perPage=100", PROFILE].map(|path| (By::Operator, path)));
    }
    questions.extend([
        (By::Nobody, "-/v1/search?text=maintainer:USER&size=250&from=0"),
        (by, "-/user/USER/package"),
        (By::Nobody, "-/package/PACKAGE/collaborators"),
        (by, "-/package/PACKAGE/version/VERSION/status"),
        (by, STAGE),
    ]);
    for (by, path) in questions {
        session.get(by, path);
    }
    Inspection::unknown(Unknown::Offline, Proof::note("only explained: nothing was sent"))
}

/// Steps 2 to 7, for a credential that lives.
fn examine(session: &Session<'_>, credential: &Credential, live: Live) -> Inspection {
    let mut notes = Vec::new();
    let owner = owners_list(session, &credential.secret);
    let own_questions = live.barrier == Barrier::None;
    let listed = listed(session, credential, &live, owner.as_ref(), &mut notes);
    let user = live.user.clone().or_else(|| match &listed {
        // The owner's list holds it, so it is the owner's.
        Listed::Row(..) => owner.as_ref().and_then(|owner| owner.row.as_ref().and(owner.user.clone())),
        _ => None,
    });
    let same_owner = user.is_some() && owner.as_ref().is_some_and(|owner| owner.user == user);
    let profile = own_questions
        .then(|| profile(session, By::Credential(credential)))
        .flatten()
        .or_else(|| same_owner.then(|| profile(session, By::Operator)).flatten());
    let packages = user.as_deref().map(|user| packages(session, own_questions.then_some(credential), user));
    let hidden = !matches!(listed, Listed::Row(..) | Listed::Absent(_));
    let may_publish = match &packages {
        Some(packages) if hidden && own_questions => may_publish(session, credential, &user, packages, &mut notes),
        _ => None,
    };
    if own_questions && credential.secret.kind() == SecretKind::Token {
        notes.extend(staged(session, credential));
    }
    let proof = live.proof.clone();
    let facts = Facts {
        credential,
        public: session.endpoint.public,
        user,
        alive: live.proof,
        barrier: live.barrier,
        listed,
        profile,
        packages,
        may_publish,
    };
    let mut access = facts.access(session.now);
    clean(session, &mut access);
    Inspection { validity: Validity::Active, proof, access: Some(access), notes }
}

/// Steps 2 and 2b: its row, from its own view of the list or from its owner's.
fn listed(
    session: &Session<'_>,
    credential: &Credential,
    live: &Live,
    owner: Option<&OwnersList>,
    notes: &mut Vec<String>,
) -> Listed {
    let is_token = credential.secret.kind() == SecretKind::Token;
    let mut why = match live.barrier {
        Barrier::None => "passwords are in no list of tokens",
        Barrier::Address => "it is not accepted from this address",
        Barrier::Code => "the registry asks for a one-time code first",
    }
    .to_owned();
    if is_token && live.barrier == Barrier::None {
        match list(session, By::Credential(credential)) {
            Listing::Rows { rows, requests, gap } => match (own(&rows, &credential.secret), gap) {
                (Own::Row(row), _) => return Listed::Row(Box::new(row.clone()), Proof::requests(requests)),
                // A list that shows nothing does not show that it lists what this server issues.
                (Own::Absent, None)
                    if !session.endpoint.public && rows.is_empty() && !jwt::is_one(&credential.secret) =>
                {
                    why = "the server lists no token at all, not even this one".to_owned();
                }
                (Own::Absent, None) => return Listed::Absent(Proof::requests(requests)),
                (Own::Absent, Some(gap)) => why = gap,
                (Own::Untold, _) => {
                    why = "the server lists tokens in a form that does not tell which is this one".to_owned()
                }
            },
            Listing::Refused(_, words) => why = format!("the registry shows limits to session tokens only ({words})"),
            Listing::Unclear(_, unknown) => why = format!("the token list did not come: {}", phrase(&unknown)),
        }
    }
    match owner {
        Some(OwnersList { row: Some(row), requests, .. }) if is_token => {
            if row.revoked || row.is_expired(session.now) {
                notes.push("its owner's list says that it is over, but the registry still accepts it".to_owned());
            }
            Listed::Row(Box::new(row.clone()), Proof::requests(requests.iter().copied()))
        }
        Some(OwnersList { row: None, complete: true, user, requests })
            if is_token && user.is_some() && *user == live.user =>
        {
            Listed::Absent(Proof::requests(requests.iter().copied()))
        }
        _ => Listed::Unseen(why),
    }
}

/// The account's address list and second factor.
fn profile(session: &Session<'_>, by: By<'_>) -> Option<Profile> {
    let exchange = session.get(by, PROFILE);
    let Reading::Accepted(answer @ Value::Object(_)) = read(&exchange) else { return None };
    let tfa = match answer.get("tfa") {
        Some(Value::Null | Value::Bool(false)) => Tfa::Off,
        Some(tfa) if tfa.get("pending").and_then(Value::as_bool) == Some(true) => Tfa::Off,
        Some(tfa) => match text(tfa, "mode") {
            Some("auth-only") => Tfa::Logins,
            Some("auth-and-writes") => Tfa::Writes,
            _ => Tfa::Unsaid,
        },
        None => Tfa::Unsaid,
    };
    let words = match tfa {
        Tfa::Off => "no second factor",
        Tfa::Logins => "a second factor for logins",
        Tfa::Writes => "a second factor for writes",
        Tfa::Unsaid => "second factor not said",
    };
    session.shows(&exchange, &format!("the account: {words}"));
    Some(Profile { request: exchange.id, addresses: addresses(&answer), tfa })
}

/// Steps 4 and 5, for the biggest package: does the user write to it, and does the server call that publish access.
fn may_publish(
    session: &Session<'_>,
    credential: &Credential,
    user: &Option<String>,
    packages: &Packages,
    notes: &mut Vec<String>,
) -> Option<(String, u32)> {
    let package = packages.seen.first()?;
    let name = part(&package.name)?;
    let shown = session.clean(&package.name);
    let collaborators = session.get(By::Nobody, &format!("-/package/{name}/collaborators"));
    let mut found = None;
    if let (Reading::Accepted(answer), Some(user)) = (read(&collaborators), user)
        && answer.get(user).and_then(Value::as_str).is_some_and(|right| right.contains("write"))
    {
        session.shows(&collaborators, &format!("the user writes to {shown}"));
        found = Some((shown.clone(), collaborators.id));
    }
    let version = part(package.version.as_deref()?)?;
    let status = session.get(By::Credential(credential), &format!("-/package/{name}/version/{version}/status"));
    match read(&status) {
        Reading::Accepted(answer) if answer.get("status").is_some() => {
            session.shows(&status, &format!("publish access to {shown}"));
            notes.push(format!("the registry's status question, which needs publish access, is answered for {shown}"));
            found = Some((shown, status.id));
        }
        Reading::Missing if session.endpoint.public => {
            session.shows(&status, &format!("no publish access to {shown}"));
            notes.push(format!(
                "the registry's status question, which needs publish access, is not answered for {shown}"
            ));
        }
        _ => {}
    }
    found
}

/// Step 6: versions that wait for their owner's approval; after a leak they may be an intruder's.
fn staged(session: &Session<'_>, credential: &Credential) -> Option<String> {
    let exchange = session.get(By::Credential(credential), STAGE);
    let Reading::Accepted(answer) = read(&exchange) else { return None };
    let items = answer.get("items")?.as_array()?.len() as u64;
    let count = answer.get("total").and_then(Value::as_u64).unwrap_or(items);
    session.shows(&exchange, &format!("{count} staged versions"));
    (count > 0).then(|| format!("{count} staged versions wait for approval: check that they are the owner's"))
}

/// Names come from the server: they are shown, so they are cleaned like its other words.
fn clean(session: &Session<'_>, access: &mut Access) {
    let (reaches, proof) = match &mut access.reach {
        Claim::Proven(reach, proof) => (vec![reach], proof),
        Claim::Bounded { at_least, at_most, proof } => (vec![at_least, at_most], proof),
        Claim::NotVisible(_) => return,
    };
    proof.note = proof.note.take().map(|note| session.clean(&note));
    for package in reaches.into_iter().flat_map(|reach| &mut reach.biggest) {
        package.name = session.clean(&package.name);
    }
}

#[cfg(test)]
mod tests;
