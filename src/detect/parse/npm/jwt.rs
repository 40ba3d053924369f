//! JSON web tokens: what their claims say. Nothing here checks a signature; only the issuer can.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::model::Offline;

/// Names longer than this say nothing to anyone.
const LONGEST_NAME: usize = 128;
/// `{"` in base64: how every header begins.
pub(super) const HEADER: &[u8] = b"eyJ";
const LONGEST_TOKEN: usize = 8 << 10;

/// The claims of a JSON web token; `None` where the text is none, or the one of every manual.
pub(super) fn claims(token: &[u8]) -> Option<Offline> {
    if !token.starts_with(HEADER) || token.len() > LONGEST_TOKEN {
        return None;
    }
    let mut parts = token.split(|byte| *byte == b'.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || signature.len() < 20 {
        return None;
    }
    let header = object(header)?;
    header.get("alg")?;
    let payload = object(payload)?;
    if payload.get("name").and_then(Value::as_str) == Some("John Doe") {
        return None;
    }
    Some(describe(&payload))
}

fn object(part: &[u8]) -> Option<Value> {
    let json = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&json).ok().filter(Value::is_object)
}

fn describe(payload: &Value) -> Offline {
    let mut said = Offline::from([("format".to_owned(), "JSON web token".to_owned())]);
    let text = |value: Option<&Value>| value.and_then(Value::as_str).filter(|text| is_name(text)).map(str::to_owned);
    let time = |name: &str| {
        let seconds = payload.get(name).and_then(Value::as_f64)?;
        jiff::Timestamp::from_second(seconds as i64).ok().map(|time| time.to_string())
    };
    let claims = [
        ("user", text(payload.get("name")).or_else(|| text(payload.get("sub")))),
        ("key", text(payload.get("token").and_then(|token| token.get("key")))),
        ("issuer", text(payload.get("iss"))),
        ("issued", time("iat")),
        ("expires", time("exp")),
    ];
    said.extend(claims.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    said
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_NAME && text.chars().all(|each| !each.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::mint::Mint;

    #[test]
    fn claims_of_a_token() {
        let token = Mint::new(3).jwt();
        let said = claims(token.as_bytes()).unwrap();
        let said: Vec<_> = said.iter().filter(|(name, _)| *name != "key").map(|(a, b)| format!("{a}={b}")).collect();
        assert_eq!(
            said,
            ["expires=2033-05-18T03:33:20Z", "format=JSON web token", "issued=2023-11-14T22:13:20Z", "user=mia"]
        );
    }

    #[test]
    fn no_token() {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let manual = URL_SAFE_NO_PAD.encode(r#"{"sub":"1234567890","name":"John Doe","iat":1516239022}"#);
        for text in
            ["", "eyJ", "eyJ.eyJ.x", &format!("{header}.{header}"), &format!("{header}.{manual}.{}", "aB3".repeat(12))]
        {
            assert!(claims(text.as_bytes()).is_none(), "{text}");
        }
        let odd = URL_SAFE_NO_PAD.encode(r#"{"exp":1e300,"iat":"x","name":"\u0007"}"#);
        let said = claims(format!("{header}.{odd}.{}", "aB3".repeat(12)).as_bytes()).unwrap();
        assert!(!said.contains_key("user") && !said.contains_key("issued"), "{said:?}");
    }
}
