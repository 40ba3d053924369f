//! What a JSON web token says about itself. Its signature is the server's business: nothing here proves anything alone.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;

use crate::model::Secret;

/// The parts of a payload that say something here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Payload {
    /// The user it was issued to.
    pub(super) user: Option<String>,
    /// The server's key of it (Verdaccio: `token.key`); a login's token has none.
    pub(super) key: Option<String>,
    /// Its end.
    pub(super) expires: Option<Timestamp>,
}

/// Reads the payload; `None` where the secret is no such token.
pub(super) fn payload(secret: &Secret) -> Option<Payload> {
    let text = std::str::from_utf8(secret.expose()).ok()?;
    let mut parts = text.split('.');
    let (Some(header), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    let decode = |part: &str| -> Option<Value> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?).ok()
    };
    decode(header)?.get("alg")?;
    let payload = decode(payload)?;
    let word = |value: Option<&Value>| Some(value?.as_str()?.to_owned()).filter(|word: &String| !word.is_empty());
    Some(Payload {
        user: word(payload.get("name")),
        key: word(payload.pointer("/token/key")),
        expires: payload
            .get("exp")
            .and_then(|at| at.as_i64().or_else(|| at.as_f64().map(|at| at as i64)))
            .and_then(|at| Timestamp::from_second(at).ok()),
    })
}

/// Whether the secret is such a token.
pub(super) fn is_one(secret: &Secret) -> bool {
    payload(secret).is_some()
}

#[cfg(test)]
pub(super) fn token(payload: &Value) -> Secret {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    Secret::token(format!("{}.{}.c2lnbmF0dXJlIG9m", encode(r#"{"alg":"HS256"}"#), encode(&payload.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn payloads() {
        let full = token(&json!({"name": "alice", "token": {"key": "dc17"}, "exp": 1_800_674_783}));
        let expected = Payload {
            user: Some("alice".into()),
            key: Some("dc17".into()),
            expires: Some(Timestamp::from_second(1_800_674_783).unwrap()),
        };
        assert_eq!(payload(&full), Some(expected));
        assert_eq!(payload(&token(&json!({"name": 3, "exp": 1e300}))).unwrap().expires, None);
        for other in ["", "a.b.c", "eyJ.eyJ", "....", "npm_x"] {
            assert_eq!(payload(&Secret::token(other)), None, "{other}");
        }
    }
}
