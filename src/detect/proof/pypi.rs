//! Tokens of PyPI and of other servers that run its software: `pypi-` and a macaroon.
//!
//! Sources: pypi/warehouse `macaroons/services.py` (location, identifier), `macaroons/caveats/__init__.py` and `_legacy.py`.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use super::Proven;
use super::macaroon::{Macaroon, second};
use super::uuid::is_uuid;

const PREFIX: &[u8] = b"pypi-";
/// Text that follows the token may set bits that belong to no byte of it.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);
/// Fewer different bytes no random signature has: one in a manual has.
const FEWEST_BYTES: usize = 12;
/// Names of projects that are told; who needs all of them reads the token.
const MOST_NAMES: usize = 50;

/// A token, read to its last byte: shorter text is none, longer text goes on behind it.
pub(super) fn token(secret: &[u8]) -> Option<Proven> {
    let text = secret.strip_prefix(PREFIX)?;
    // Four characters are three bytes; one character alone is none.
    let text = if text.len() % 4 == 1 { text.split_last()?.1 } else { text };
    let bytes = LENIENT.decode(text).ok()?;
    let macaroon = second(&bytes)?;
    let is_typed = distinct(macaroon.signature) < FEWEST_BYTES;
    if is_typed || !is_host(macaroon.location) || !is_uuid(macaroon.identifier) {
        return None;
    }
    let limits = macaroon.caveats.iter().try_fold(Limits::default(), |limits, caveat| limits.with(caveat))?;
    let length = PREFIX.len() + (macaroon.length * 4).div_ceil(3);
    let mut proven = limits.proven(&macaroon);
    proven.length = (length < secret.len()).then_some(length);
    Some(proven)
}

fn distinct(bytes: &[u8]) -> usize {
    let mut bytes = bytes.to_vec();
    bytes.sort_unstable();
    bytes.dedup();
    bytes.len()
}

fn is_host(location: &[u8]) -> bool {
    !location.is_empty()
        && location.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':'))
}

/// What all caveats together allow.
#[derive(Default)]
struct Limits {
    user: Option<String>,
    /// By name, and by id.
    names: Option<Vec<String>>,
    ids: Option<Vec<String>>,
    publisher: Option<String>,
    expires: Option<i64>,
    begins: Option<i64>,
    is_for_user: bool,
}

impl Limits {
    /// With one more caveat, which may only take away. `None` where it is none that the server would have made.
    fn with(mut self, caveat: &[u8]) -> Option<Self> {
        match serde_json::from_slice(caveat).ok()? {
            Value::Array(parts) => self.add_tagged(&parts),
            Value::Object(parts) => {
                let permissions = parts.get("permissions");
                self.is_for_user |= permissions.and_then(Value::as_str) == Some("user");
                let names = permissions.and_then(|permissions| permissions.get("projects"));
                narrow(&mut self.names, names);
                narrow(&mut self.ids, parts.get("project_ids"));
                self.until(parts.get("exp"), parts.get("nbf"));
            }
            _ => return None,
        }
        Some(self)
    }

    fn add_tagged(&mut self, parts: &[Value]) {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        match parts.first().and_then(Value::as_u64) {
            Some(0) => self.until(parts.get(1), parts.get(2)),
            Some(1) => narrow(&mut self.names, parts.get(1)),
            Some(2) => narrow(&mut self.ids, parts.get(1)),
            Some(3) => {
                self.is_for_user = true;
                self.user = text(parts.get(1));
            }
            Some(4) => self.publisher = text(parts.get(1)),
            _ => {} // of a later version of the server
        }
    }

    fn until(&mut self, expires: Option<&Value>, begins: Option<&Value>) {
        let time = |value: Option<&Value>| value.and_then(Value::as_f64).map(|seconds| seconds as i64);
        self.expires = [self.expires, time(expires)].into_iter().flatten().min();
        self.begins = self.begins.max(time(begins));
    }

    fn kind(&self) -> &'static str {
        match self {
            Self { publisher: Some(_), .. } => "trusted publishing",
            Self { names: Some(_), .. } | Self { ids: Some(_), .. } => "project",
            Self { is_for_user: true, .. } => "user: every project of the account, and new ones",
            _ => "scope not visible",
        }
    }

    fn proven(&self, macaroon: &Macaroon<'_>) -> Proven {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let time = |seconds: Option<i64>| {
            seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()).map(|time| time.to_string())
        };
        let list = |names: &Option<Vec<String>>| names.as_ref().map(|names| names.join(", "));
        Proven::silent()
            .saying("instance", text(macaroon.location))
            .saying("id", text(macaroon.identifier))
            .saying("kind", self.kind())
            .perhaps("user", self.user.clone().filter(|user| is_uuid(user.as_bytes())))
            .perhaps("projects", list(&self.names).or_else(|| list(&self.ids)))
            .perhaps("publisher", self.publisher.clone().filter(|publisher| is_uuid(publisher.as_bytes())))
            .perhaps("expires", time(self.expires))
            .perhaps("begins", time(self.begins))
    }
}

/// Leaves of the projects those that this list names, too.
fn narrow(known: &mut Option<Vec<String>>, list: Option<&Value>) {
    let Some(list) = list.and_then(Value::as_array) else { return };
    let is_name = |name: &&str| name.len() <= 200 && name.chars().all(|each| each.is_ascii_graphic());
    let names = list.iter().filter_map(Value::as_str).filter(is_name).take(MOST_NAMES);
    let narrowed = match known.take() {
        Some(before) => names.filter(|name| before.iter().any(|other| other == name)).map(str::to_owned).collect(),
        None => names.map(str::to_owned).collect(),
    };
    *known = Some(narrowed);
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::detect::mint::Mint;
    use crate::detect::proof::macaroon::Draft;

    const ROW: &str = "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0";
    const OTHER: &str = "1a2b3c4d-5e6f-4071-8293-a4b5c6d7e8f9";

    fn minted(caveats: &[&str]) -> String {
        let caveats: Vec<&[u8]> = caveats.iter().map(|caveat| caveat.as_bytes()).collect();
        let signature: Vec<u8> = (0..32).collect();
        let draft =
            Draft { location: b"r.invalid", identifier: ROW.as_bytes(), caveats: &caveats, signature: &signature };
        format!("pypi-{}", URL_SAFE_NO_PAD.encode(draft.second()))
    }

    fn said(caveats: &[&str]) -> String {
        let proven = token(minted(caveats).as_bytes()).unwrap();
        assert_eq!(proven.length, None);
        let rest = proven.offline.into_iter().filter(|(word, _)| word != "instance" && word != "id");
        rest.map(|(word, what)| format!("{word}={what}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_caveats_say() {
        let user = format!("[3,\"{OTHER}\"]");
        let ids = format!("[2,[\"{OTHER}\"]]");
        let publisher = format!("[4,\"{OTHER}\",null]");
        let every = "kind=user: every project of the account, and new ones";
        for (caveats, expected) in [
            (vec![], "kind=scope not visible".to_owned()),
            (vec![user.as_str()], format!("{every} user={OTHER}")),
            (vec![r#"{"version": 1, "permissions": "user"}"#], every.to_owned()),
            (vec![r#"{"permissions":{"projects":["a","b"]},"version":1}"#], "kind=project projects=a, b".to_owned()),
            (vec![r#"[1,["a","b"]]"#, &ids], "kind=project projects=a, b".to_owned()),
            (vec![r#"[1,["a","b"]]"#, r#"[1,["b","c"]]"#], "kind=project projects=b".to_owned()),
            (
                vec![&publisher, &ids, "[0,1700000900,1700000000]"],
                format!(
                    "begins=2023-11-14T22:13:20Z expires=2023-11-14T22:28:20Z kind=trusted publishing projects={OTHER} publisher={OTHER}"
                ),
            ),
            (
                vec![r#"{"exp":1700000900,"nbf":1700000000}"#, "[0,1700000100,1]"],
                "begins=2023-11-14T22:13:20Z expires=2023-11-14T22:15:00Z kind=scope not visible".to_owned(),
            ),
            (vec!["[99,{}]"], "kind=scope not visible".to_owned()),
        ] {
            assert_eq!(said(&caveats), expected);
        }
        assert_eq!(token(minted(&["no JSON"]).as_bytes()), None);
    }

    #[test]
    fn a_token_ends_where_its_macaroon_does() {
        for caveats in [vec![], vec!["[1,[\"a\"]]"], vec!["[1,[\"ab\"]]"], vec!["[1,[\"abc\"]]"]] {
            let minted = minted(&caveats);
            for more in ["A", "-_", "xyz", "More"] {
                let proven = token(format!("{minted}{more}").as_bytes()).unwrap();
                assert_eq!(proven.length, Some(minted.len()));
            }
            for cut in 1..minted.len() {
                assert_eq!(token(&minted.as_bytes()[..minted.len() - cut]), None);
            }
        }
    }

    /// The text of the project's notes: nobody issued it, and its signature shows that.
    #[test]
    fn a_sample_without_a_signature_is_none() {
        let head = "pypi-AgEIcHlwaS5vcmcCJDAwMDAwMDAwLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAw".to_owned();
        let sample = head
            + "MDAwMAACKlszLCIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDEiXQAABiAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let bytes = URL_SAFE_NO_PAD.decode(&sample[5..]).unwrap();
        let macaroon = second(&bytes).unwrap();
        assert_eq!((macaroon.length, macaroon.caveats.len()), (bytes.len(), 1));
        assert_eq!(token(sample.as_bytes()), None);
    }

    #[test]
    fn both_instances() {
        for seed in 0..50 {
            let said = |text: String| token(text.as_bytes()).map(|proven| proven.offline["instance"].clone());
            let (main, test) =
                (said(Mint::new(seed).pypi_token()).unwrap(), said(Mint::new(seed).pypi_test_token()).unwrap());
            assert_eq!(test, format!("test.{main}"));
            assert_eq!(said(Mint::new(seed).pypi_token_bad()), None);
            assert_eq!(said(Mint::new(seed).pypi_test_token_bad()), None);
        }
    }
}
