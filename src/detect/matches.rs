//! Matches among each other and across encodings: whose place is whose, and which of several at one place is told.

use super::decode::Decoded;
use crate::model::{Companion, Match};

/// The match in the coordinates of the text that encodes it.
pub(crate) fn outward(mut found: Match, decoded: &Decoded, length: usize) -> Match {
    let span = decoded.outer(&found.span);
    found.span = span.start.min(length)..span.end.min(length);
    found
}

/// One match for each place: of those that overlap the strongest, with the companions that the others know. Of equals the one that
/// was found last: it comes from the text behind an encoding, which shows more of the file.
pub(crate) fn merge(mut found: Vec<Match>) -> Vec<Match> {
    if found.len() < 2 {
        return found;
    }
    let key = |each: &Match| (each.span.start, each.evidence, each.rule);
    found.sort_by_key(key);
    let mut merged: Vec<Match> = Vec::with_capacity(found.len());
    for next in found {
        match merged.last_mut() {
            Some(last) if next.span.start < last.span.end => {
                let (mut winner, loser) = if next.evidence < last.evidence || key(&next) == key(last) {
                    (next, last.clone())
                } else {
                    (last.clone(), next)
                };
                winner.user = winner.user.or(loser.user);
                winner.host = winner.host.or(loser.host);
                add(&mut winner.companions, loser.companions);
                winner.allow = winner.allow.or(loser.allow);
                *last = winner;
            }
            _ => merged.push(next),
        }
    }
    merged
}

/// Takes of the others those of parts that are not known yet.
fn add(companions: &mut Vec<Companion>, others: Vec<Companion>) {
    for other in others {
        if companions.iter().all(|known| known.part != other.part) {
            companions.push(other);
        }
    }
}
