//! Exported credentials of Snapcraft and Charmcraft: base64 of JSON that holds macaroons.
//!
//! Sources: canonical/craft-store `creds.py` and `auth.py`; canonical/snapcraft `store/client.py`. The words of the caveats are the
//! ones of the store's dashboard, as its clients print them.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use super::Proven;
use super::macaroon::{Macaroon, first, second};

const INDIFFERENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, INDIFFERENT);
const URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, INDIFFERENT);
/// A macaroon is longer than this in base64.
const SHORTEST: usize = 100;
/// What a caveat says in longer words is not told.
const LONGEST: usize = 300;

/// Credentials as `export-login` writes them.
pub(in crate::detect) fn credentials(secret: &[u8]) -> Option<Proven> {
    let json: Value = serde_json::from_slice(&PLAIN.decode(secret).ok()?).ok()?;
    let value = json.get("v")?;
    match json.get("t")?.as_str()? {
        "u1-macaroon" => ubuntu_one(value),
        "macaroon" => candid(value),
        _ => None,
    }
}

/// Credentials that hide their form: base64 of something that is no text. What is text says what it is, and was judged by that.
pub(super) fn opaque(secret: &[u8]) -> Option<Proven> {
    let plain = PLAIN.decode(secret).or_else(|_| URL.decode(secret)).ok()?;
    let is_known = plain.starts_with(b"{") || plain.starts_with(b"[");
    (!is_known).then(Proven::silent)
}

/// A macaroon of the store and one of Ubuntu One that discharges it.
fn ubuntu_one(value: &Value) -> Option<Proven> {
    let root = decoded(value.get("r")?)?;
    let discharge = decoded(value.get("d")?)?;
    let root = read(&root)?;
    read(&discharge)?;
    let proven = Proven::silent().saying("kind", "Ubuntu One").saying("instance", text(root.location)?);
    Some(root.caveats.iter().fold(proven, |proven, caveat| said(proven, caveat)))
}

/// The macaroon of Ubuntu One alone, as older clients keep it.
pub(in crate::detect) fn discharge(secret: &[u8]) -> Option<Proven> {
    let bytes = URL.decode(secret).or_else(|_| PLAIN.decode(secret)).ok()?;
    let macaroon = read(&bytes)?;
    Some(Proven::silent().saying("kind", "Ubuntu One").perhaps("instance", text(macaroon.location)))
}

/// Macaroons of Candid, serialised by its own client.
fn candid(value: &Value) -> Option<Proven> {
    let value = value.as_str()?;
    let fits = value.len() >= SHORTEST && (PLAIN.decode(value).is_ok() || URL.decode(value).is_ok());
    fits.then(|| Proven::silent().saying("kind", "Candid"))
}

fn decoded(value: &Value) -> Option<Vec<u8>> {
    let text = value.as_str()?;
    URL.decode(text).or_else(|_| PLAIN.decode(text)).ok()
}

fn read(bytes: &[u8]) -> Option<Macaroon<'_>> {
    first(bytes).or_else(|| second(bytes))
}

/// Text of a caveat, if it is fit to be shown.
fn text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    (text.len() <= LONGEST && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// `<location>|acl|["package_push"]` and the like.
fn said(proven: Proven, caveat: &[u8]) -> Proven {
    let Some(caveat) = text(caveat) else { return proven };
    let mut parts = caveat.splitn(3, '|').skip(1);
    let (Some(name), Some(what)) = (parts.next(), parts.next()) else { return proven };
    let list = || match serde_json::from_str(what) {
        Ok(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        _ => what.to_owned(),
    };
    match name {
        "acl" => proven.saying("permissions", list()),
        "channel" => proven.saying("channels", list()),
        "package_id" | "package_name" => proven.saying("projects", list()),
        "expires" => proven.saying("expires", time(what)),
        _ => proven,
    }
}

/// The store writes its times in UTC and without saying so.
fn time(text: &str) -> String {
    let utc = |text: &str| text.parse::<jiff::Timestamp>().ok();
    utc(text).or_else(|| utc(&format!("{text}Z"))).map_or_else(|| text.to_owned(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::mint::Mint;

    #[test]
    fn credentials_of_both_kinds() {
        for seed in 0..20 {
            let proven = credentials(Mint::new(seed).snap_credentials().as_bytes()).unwrap();
            let said: Vec<_> = proven.offline.iter().map(|(a, b)| format!("{a}={b}")).collect();
            let expected = [
                "channels=edge",
                "expires=2033-05-18T03:33:20Z",
                "instance=snaps.invalid",
                "kind=Ubuntu One",
                "permissions=package_push, package_release",
            ];
            assert_eq!(said, expected);
            assert_eq!(credentials(Mint::new(seed).snap_credentials_bad().as_bytes()), None);
            let charm = credentials(Mint::new(seed).charm_credentials().as_bytes()).unwrap();
            assert_eq!(charm.offline["kind"], "Candid");
        }
    }

    #[test]
    fn what_is_none() {
        for json in [
            "",
            "{}",
            r#"{"t":"u1-macaroon","v":{"r":"a","d":"b"}}"#,
            r#"{"t":"macaroon","v":"x"}"#,
            r#"{"t":1,"v":2}"#,
        ] {
            assert_eq!(credentials(PLAIN.encode(json).as_bytes()), None, "{json}");
        }
    }
}
