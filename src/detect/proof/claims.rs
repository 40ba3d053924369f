//! JSON behind base64, as JSON web tokens and their kin carry it: read, never verified; only the issuer can.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use super::Proven;
use crate::model::Offline;

/// Text longer than this says nothing to anyone.
const LONGEST_TEXT: usize = 256;

/// Header and payload of a token in JWS compact form whose header names an algorithm (RFC 7515 §3.1, §4.1.1).
pub(super) fn signed(token: &[u8]) -> Option<(Value, Value)> {
    let mut parts = token.split(|byte| *byte == b'.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || signature.len() < 20 || !signature.iter().all(|byte| is_base64url(*byte)) {
        return None;
    }
    let header = object(header)?;
    header.get("alg")?.as_str()?;
    Some((header, object(payload)?))
}

/// The JSON object that a part in base64url holds.
pub(super) fn object(part: &[u8]) -> Option<Value> {
    json(&URL_SAFE_NO_PAD.decode(part).ok()?)
}

/// The JSON object that text in base64 holds, padded or not.
pub(super) fn standard(text: &[u8]) -> Option<Value> {
    json(&STANDARD.decode(text).ok()?)
}

fn json(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes).ok().filter(Value::is_object)
}

/// A claim that is a text fit to be shown.
pub(super) fn text(claims: &Value, name: &str) -> Option<String> {
    let text = claims.get(name)?.as_str()?;
    let is_fit = !text.is_empty() && text.len() <= LONGEST_TEXT && text.chars().all(|each| !each.is_control());
    is_fit.then(|| text.to_owned())
}

/// A claim in seconds since 1970, as RFC 3339.
pub(super) fn time(claims: &Value, name: &str) -> Option<String> {
    rfc3339(claims.get(name)?.as_f64()? as i64)
}

/// Seconds since 1970 as RFC 3339.
pub(super) fn rfc3339(seconds: i64) -> Option<String> {
    jiff::Timestamp::from_second(seconds).ok().map(|time| time.to_string())
}

/// A secret that holds and says this of itself.
pub(super) fn proven(offline: Offline) -> Proven {
    Proven { offline, ..Proven::default() }
}

/// Those of the words that something was found for.
pub(super) fn said<const N: usize>(words: [(&str, Option<String>); N]) -> Offline {
    words.into_iter().filter_map(|(word, value)| Some((word.to_owned(), value?))).collect()
}

pub(super) fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_token_says_nothing() {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signature = "aB3".repeat(12);
        for token in [
            String::new(),
            "..".to_owned(),
            format!("{}.{}", part(r#"{"alg":"x"}"#), part("{}")),
            format!("{}.{}.{signature}", part(r#"{"kid":"x"}"#), part("{}")),
            format!("{}.{}.{signature}", part(r#"{"alg":"x"}"#), part("[]")),
            format!("{}.{}.{signature}.x", part(r#"{"alg":"x"}"#), part("{}")),
            format!("{}.{}.abc", part(r#"{"alg":"x"}"#), part("{}")),
        ] {
            assert!(signed(token.as_bytes()).is_none(), "{token}");
        }
        let token =
            format!("{}.{}.{signature}", part(r#"{"alg":"x"}"#), part(r#"{"exp":1e300,"iat":2e9,"sub":"\u0007"}"#));
        let (_, claims) = signed(token.as_bytes()).unwrap();
        assert_eq!((time(&claims, "exp"), text(&claims, "sub")), (None, None));
        assert_eq!(time(&claims, "iat").as_deref(), Some("2033-05-18T03:33:20Z"));
    }
}
