//! Fly.io's tokens: macaroons whose caveats stand in the clear. Source: superfly/macaroon (format.go, macaroon.go, nonce.go,
//! caveat.go, flyio/caveats.go). Their signatures can be checked by Fly.io alone.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Proven;
use super::claims::{proven, rfc3339, said};
use super::msgpack::Reader;
use crate::detect::placeholder::is_machine_made;
use crate::model::Offline;

/// Numbers of caveats, in the order of caveat.go.
const ORGANIZATION: u64 = 0;
const APPS: u64 = 3;
const WINDOW: u64 = 4;
const USER: u64 = 8;
const IS_USER: u64 = 10;
const THIRD_PARTY: u64 = 11;
const FROM_MACHINE: u64 = 15;
/// Letters of an action mask, lowest bit first: read, write, create, delete, control.
const ACTIONS: [char; 5] = ['r', 'w', 'c', 'd', 'C'];
const LABELS: [&[u8]; 3] = [b"fm2_", b"fm1r_", b"fm1a_"];
/// What is listed of apps.
const MOST_APPS: usize = 20;

/// What the caveats of all macaroons of a token allow, taken together.
#[derive(Default)]
struct Caveats {
    organizations: BTreeSet<String>,
    apps: BTreeSet<String>,
    not_before: Option<u64>,
    not_after: Option<u64>,
    user: Option<u64>,
    needs_login: bool,
    machine: Option<String>,
}

/// `fm2_` and base64 of a macaroon, several of them between commas: the token, and those that discharge its third-party caveats.
pub(super) fn macaroons(secret: &[u8]) -> Option<Proven> {
    let mut caveats = Caveats::default();
    let (mut length, mut count) = (0, 0);
    for part in secret.split(|byte| *byte == b',') {
        let read = LABELS.iter().find_map(|label| part.strip_prefix(*label)).and_then(|body| caveats.read(body));
        match read {
            Some(()) => count += 1,
            None if count > 0 => break, // a list that goes on with something else
            None => return None,
        }
        length += part.len() + usize::from(length > 0);
    }
    Some(Proven { length: (length < secret.len()).then_some(length), ..proven(caveats.words(count)) })
}

/// `fo1_` and 43 characters: an opaque token of a login.
pub(super) fn login(secret: &[u8]) -> Option<Proven> {
    let body = secret.strip_prefix(b"fo1_")?;
    is_machine_made(body).then(|| proven(said([("kind", Some("login token".to_owned()))])))
}

impl Caveats {
    /// A macaroon is nonce (key, random bytes, and whether it is final), location, caveats (each a number and its body), signature.
    fn read(&mut self, text: &[u8]) -> Option<()> {
        let bytes = STANDARD.decode(text).ok()?;
        let mut reader = Reader::new(&bytes);
        if reader.array()? != 4 {
            return None;
        }
        let nonce = reader.array()?;
        if !(2..=3).contains(&nonce) {
            return None;
        }
        (0..nonce).try_for_each(|_| reader.skip().map(|_| ()))?;
        let location = reader.bytes()?;
        if !location.starts_with(b"https://") && !location.is_ascii() {
            return None;
        }
        self.set(&mut reader)?;
        let signature = reader.bytes()?;
        (signature.len() == 32 && reader.is_done()).then_some(())
    }

    fn set(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        for _ in 0..reader.array()? / 2 {
            let number = reader.number()?;
            let body = reader.skip()?;
            // A body that is not as expected tells nothing, and the next caveat is where it is all the same.
            let _ = self.caveat(number, &mut Reader::new(body));
        }
        Some(())
    }

    fn caveat(&mut self, number: u64, body: &mut Reader<'_>) -> Option<()> {
        if number == THIRD_PARTY {
            self.needs_login = true;
            return Some(());
        }
        body.array()?;
        match number {
            ORGANIZATION => {
                let (id, mask) = (body.number()?, body.number()?);
                self.organizations.insert(format!("{id} ({})", actions(mask)));
            }
            APPS => {
                for _ in 0..body.map()?.min(MOST_APPS) {
                    let (id, mask) = (body.number()?, body.number()?);
                    self.apps.insert(format!("{id} ({})", actions(mask)));
                }
            }
            WINDOW => {
                let (from, to) = (body.number()?, body.number()?);
                self.not_before = self.not_before.max(Some(from));
                self.not_after = Some(self.not_after.map_or(to, |known| known.min(to)));
            }
            USER | IS_USER => self.user = Some(body.number()?),
            FROM_MACHINE => self.machine = Some(String::from_utf8_lossy(body.bytes()?).into_owned()),
            _ => {}
        }
        Some(())
    }

    fn words(self, count: usize) -> Offline {
        let list = |set: BTreeSet<String>| (!set.is_empty()).then(|| set.into_iter().collect::<Vec<_>>().join(", "));
        let time = |seconds: Option<u64>| i64::try_from(seconds?).ok().filter(|seconds| *seconds > 0).and_then(rfc3339);
        let is_name = |text: &String| text.len() <= 64 && text.chars().all(|each| each.is_ascii_alphanumeric());
        said([
            ("kind", Some("macaroon".to_owned())),
            ("organization id", list(self.organizations)),
            ("app ids", list(self.apps)),
            ("not before", time(self.not_before)),
            ("expires", time(self.not_after)),
            ("user id", self.user.map(|id| id.to_string())),
            ("only from machine", self.machine.filter(is_name)),
            // The discharge of a third-party caveat is one more macaroon beside the token.
            ("needs", (self.needs_login && count == 1).then(|| "a discharge by its third party".to_owned())),
        ])
    }
}

fn actions(mask: u64) -> String {
    ACTIONS.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, letter)| letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(caveats: &[u8]) -> String {
        let nonce = [&[0x93, 0xc4, 2, 1, 2, 0xc4, 2, 3, 4, 0xc2][..]].concat();
        let location = [&[0xb7][..], b"https://api.fly.invalid"].concat();
        let signature = [&[0xc4, 32][..], &[7; 32]].concat();
        "fm2_".to_owned() + &STANDARD.encode([&[0x94][..], &nonce, &location, caveats, &signature].concat())
    }

    fn words(text: &str) -> Option<Vec<String>> {
        let proven = macaroons(text.as_bytes())?;
        Some(proven.offline.iter().map(|(word, value)| format!("{word}={value}")).collect())
    }

    #[test]
    fn caveats_in_words() {
        // Organization 77 with r and w; apps 5 with all; valid from 1_700_000_000 to 2_000_000_000.
        let caveats = [
            &[0x96, 0, 0x92, 77, 3, 3, 0x91, 0x81, 5, 31][..],
            &[4, 0x92, 0xce, 0x65, 0x53, 0xf1, 0x00, 0xce, 0x77, 0x35, 0x94, 0x00],
        ]
        .concat();
        assert_eq!(
            words(&token(&caveats)).unwrap(),
            [
                "app ids=5 (rwcdC)",
                "expires=2033-05-18T03:33:20Z",
                "kind=macaroon",
                "not before=2023-11-14T22:13:20Z",
                "organization id=77 (rw)"
            ]
        );
        let login = token(&[0x92, 11, 0x93, 0xa1, b'x', 0xc4, 1, 1, 0xc4, 1, 2]);
        assert_eq!(words(&login).unwrap(), ["kind=macaroon", "needs=a discharge by its third party"]);
        assert_eq!(words(&format!("{login},{}", token(&[0x90]))).unwrap(), ["kind=macaroon"]);
    }

    #[test]
    fn the_token_ends_where_its_list_does() {
        let text = token(&[0x90]);
        let proven = macaroons(format!("{text},fm2_abc").as_bytes()).unwrap();
        assert_eq!(proven.length, Some(text.len()));
        assert_eq!(macaroons(text.as_bytes()).unwrap().length, None);
    }

    #[test]
    fn what_is_no_macaroon() {
        let whole = token(&[0x92, 0, 0x92, 77, 3]);
        for length in 0..whole.len() {
            assert!(macaroons(&whole.as_bytes()[..length]).is_none(), "{length}");
        }
        for text in ["fm2_", "fm2_AAAA", "fo1_abc", ""] {
            assert!(words(text).is_none(), "{text}");
        }
    }
}
