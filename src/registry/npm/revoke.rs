//! How an npm token is revoked: by its key with the owner's session, by its key with itself, or by its own text.
//!
//! A yes proves nothing here: Verdaccio answers 200 to a deletion by the token's text and keeps the token.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::answers::{Reading, phrase, read, text, words};
use super::reach::part;
use super::rows::{Listing, Own, Row, by_ends, list, own};
use super::standing::WHOAMI;
use crate::model::{Inspection, SecretKind, Unknown, Validity, Way};
use crate::registry::client::{By, Eraser, Obstacle, Plan, Reply, Session, Target};
use crate::registry::http::Exchange;

const NOT_LISTED: &str = "no list of the owner's session (--operator) shows it";

/// Finds the way. Reads only.
pub(super) fn plan(session: &Session<'_>, target: &Target<'_>, before: &Inspection) -> Plan {
    let page = |page: &Option<String>| Way::OwnerPage(page.clone().unwrap_or_else(|| session.endpoint.origin()));
    let give_up = |obstacle: Obstacle| Plan {
        way: page(&session.endpoint.owner_page),
        key: None,
        user: None,
        obstacle: Some(obstacle),
    };
    let not_asked = |why: &str| give_up(Obstacle::NoAnswer(format!("the registry could not be asked: {why}")));
    if let Target::Full(credential) = target
        && credential.secret.kind() == SecretKind::Password
    {
        return Plan {
            way: page(&session.endpoint.password_page),
            key: None,
            user: credential.user.clone(),
            obstacle: Some(Obstacle::NoWay("a password cannot be revoked, only changed by its owner".to_owned())),
        };
    }
    let listed = match session.has_operator() {
        true => find(session, By::Operator, target),
        false => Found::Not,
    };
    if let Found::Row(row) = listed {
        let user = owner(session);
        return Plan { way: Way::OperatorByKey, key: Some(row.key), user, obstacle: None };
    }
    let credential = match (target, &before.validity) {
        (Target::Full(credential), Validity::Active) => credential,
        (Target::Full(_), Validity::Inactive(_)) => return give_up(Obstacle::NoWay("it is dead already".to_owned())),
        (Target::Full(_), Validity::Unknown(Unknown::Refused(words))) => {
            return match listed {
                Found::Unseen(why) => not_asked(&format!("{words}; the owner's list: {why}")),
                _ => give_up(Obstacle::NoWay(format!("{words}; {NOT_LISTED}"))),
            };
        }
        (Target::Full(_), Validity::Unknown(why)) => return not_asked(&phrase(why)),
        (Target::Ends { .. }, _) => {
            return match listed {
                Found::Unseen(why) => not_asked(&format!("the owner's list: {why}")),
                _ => give_up(Obstacle::NoWay(format!("the token itself is not at hand; {NOT_LISTED}"))),
            };
        }
    };
    let by = By::Credential(credential);
    let user = before.access.as_ref().and_then(|access| access.identity.proven()).map(|identity| identity.user.clone());
    match find(session, by, target) {
        Found::Row(row) => Plan { way: Way::SelfByKey, key: Some(row.key), user, obstacle: None },
        Found::Not | Found::Unseen(_) => Plan { way: Way::SelfByValue, key: None, user, obstacle: None },
    }
}

/// What a list shows of the token.
enum Found {
    Row(Box<Row>),
    /// Nothing, or nothing that is surely ours.
    Not,
    /// The list, or a part of it, did not come.
    Unseen(String),
}

fn find(session: &Session<'_>, by: By<'_>, target: &Target<'_>) -> Found {
    let (rows, gap) = match list(session, by) {
        Listing::Rows { rows, gap, .. } => (rows, gap),
        Listing::Refused(..) => return Found::Not,
        Listing::Unclear(_, why) => return Found::Unseen(phrase(&why)),
    };
    let found = match target {
        Target::Full(credential) => own(&rows, &credential.secret),
        Target::Ends { head, tail } => by_ends(&rows, head, tail),
    };
    match (found, gap) {
        (Own::Row(row), _) => Found::Row(Box::new(row.clone())),
        (Own::Absent, Some(gap)) => Found::Unseen(gap),
        (Own::Absent | Own::Untold, _) => Found::Not,
    }
}

/// Whether the owner's list is whole and does not hold the key.
pub(super) fn is_gone(session: &Session<'_>, plan: &Plan) -> bool {
    match (list(session, By::Operator), &plan.key) {
        (Listing::Rows { rows, gap: None, .. }, Some(key)) => rows.iter().all(|row| row.key != *key || row.revoked),
        _ => false,
    }
}

/// Whose session the operator gave.
fn owner(session: &Session<'_>) -> Option<String> {
    let whoami = session.get(By::Operator, WHOAMI);
    let Reading::Accepted(answer) = read(&whoami) else { return None };
    let user = session.clean(text(&answer, "username")?);
    session.shows(&whoami, &format!("the operator's session, user {user}"));
    Some(user)
}

/// Sends the deletion that the plan names.
pub(super) fn erase(eraser: &Eraser<'_, '_>, target: &Target<'_>, plan: &Plan, code: Option<&str>) -> (u32, Reply) {
    const PATH: &str = "-/npm/v1/tokens/token/";
    let nothing = |why: &str| (0, Reply::NoAnswer(why.to_owned()));
    let key_path = plan.key.as_deref().and_then(part).map(|key| format!("{PATH}{key}"));
    let by_key = |by| key_path.as_deref().map(|path| eraser.delete(by, path, path, code));
    let exchange = match (&plan.way, target) {
        (Way::OperatorByKey, _) => by_key(By::Operator),
        (Way::SelfByKey, Target::Full(credential)) => by_key(By::Credential(credential)),
        (Way::SelfByValue, Target::Full(credential)) => match std::str::from_utf8(credential.secret.expose()) {
            Ok(value) => {
                let value = zeroize::Zeroizing::new(utf8_percent_encode(value, UNRESERVED).to_string());
                let path = zeroize::Zeroizing::new(format!("{PATH}{}", *value));
                let shown = format!("{PATH}{}", credential.secret.redacted());
                Some(eraser.delete(By::Credential(credential), &path, &shown, code))
            }
            Err(_) => None,
        },
        _ => None,
    };
    match exchange {
        Some(exchange) => (exchange.id, reply(eraser, &exchange, code)),
        None => nothing("nothing could be sent"),
    }
}

const UNRESERVED: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn reply(eraser: &Eraser<'_, '_>, exchange: &Exchange, code: Option<&str>) -> Reply {
    let session = eraser.session();
    let answer = match &exchange.outcome {
        Ok(answer) => answer,
        Err(failure) => return Reply::NoAnswer(failure.to_string()),
    };
    // A code may still be good for a minute, and a server may repeat it.
    let said = || match code.filter(|code| !code.is_empty()) {
        Some(code) => session.clean(&words(answer).replace(code, "***")),
        None => session.clean(&words(answer)),
    };
    let reply = match answer.status {
        200 | 202 | 204 => Reply::Accepted,
        401 if read(exchange) == Reading::CodeAsked => Reply::CodeAsked,
        status @ (400..=428 | 430..=499) => Reply::Refused(format!("HTTP {status}: {}", said())),
        status => Reply::NoAnswer(format!("HTTP {status}: {}", said())),
    };
    session.shows(
        exchange,
        match &reply {
            Reply::Accepted => "the registry says that it is deleted; that proves nothing yet",
            Reply::CodeAsked => "the registry asks for a one-time code",
            Reply::Refused(words) | Reply::NoAnswer(words) => words,
        },
    );
    reply
}
