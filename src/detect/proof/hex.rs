//! Hex's OAuth tokens: JSON web tokens whose claims say who may do what, and until when.
//!
//! Source: hexpm/hexpm `lib/hexpm/oauth/jwt.ex`. Only Hex can check the signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::Proven;

const ISSUER: &str = "hexpm";
/// A signature of ECDSA over P-256 in base64.
const SIGNATURE: usize = 86;
const LONGEST: usize = 200;

/// A JSON web token of this issuer.
pub(super) fn oauth(secret: &[u8]) -> Option<Proven> {
    let mut parts = secret.split(|byte| *byte == b'.');
    let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || signature.len() != SIGNATURE || URL_SAFE_NO_PAD.decode(signature).is_err() {
        return None;
    }
    object(header)?.get("alg")?;
    let claims = object(claims)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| is_shown(text)).map(str::to_owned);
    let time = |name: &str| {
        let seconds = claims.get(name).and_then(Value::as_f64)?;
        jiff::Timestamp::from_second(seconds as i64).ok().map(|time| time.to_string())
    };
    if text("iss")? != ISSUER {
        return None;
    }
    let subject = text("sub");
    let user = subject.as_deref().and_then(|subject| subject.strip_prefix("user:"));
    let owner = subject.as_deref().and_then(|subject| subject.strip_prefix("org:"));
    let proven = Proven::silent()
        .saying("format", "JSON web token")
        .perhaps("kind", text("token_use"))
        .perhaps("user", user)
        .perhaps("owner", owner)
        .perhaps("permissions", text("scope"))
        .perhaps("issued", time("iat"))
        .perhaps("expires", time("exp"));
    Some(proven)
}

fn object(part: &[u8]) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok().filter(Value::is_object)
}

fn is_shown(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::mint::Mint;

    #[test]
    fn what_a_token_says() {
        let token = Mint::new(1).hex_oauth_token();
        let proven = oauth(token.as_bytes()).unwrap();
        let said: Vec<_> = proven.offline.iter().map(|(a, b)| format!("{a}={b}")).collect();
        let expected = [
            "expires=2033-05-18T03:33:20Z",
            "format=JSON web token",
            "issued=2023-11-14T22:13:20Z",
            "kind=access",
            "permissions=api:write",
            "user=mia",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn tokens_of_others() {
        let token = Mint::new(1).hex_oauth_token();
        for text in ["", "a.b.c", "eyJ.eyJ.x", &Mint::new(1).jwt(), &token[..token.len() - 8]] {
            assert_eq!(oauth(text.as_bytes()), None, "{text}");
        }
    }
}
