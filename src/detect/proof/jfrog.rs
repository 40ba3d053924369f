//! JFrog's tokens: the expiry in a reference token, the claims of an access token, the shape of an API key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Proven;
use super::claims::{proven, rfc3339, said, signed, text, time};
use crate::detect::placeholder::{is_machine_made, is_placeholder};

/// `AKCp` and 69 characters. Source: jfrog-client-go auth/authutils.go, which knows keys by prefix and length.
pub(super) fn api_key(secret: &[u8]) -> Option<Proven> {
    let body = secret.strip_prefix(b"AKCp")?;
    is_machine_made(body).then(|| proven(said([("kind", Some("API key".to_owned()))])))
}

/// Base64 of `reftkn:01:`, ten digits of seconds, `:`, and 27 characters. All zeros: it never expires. Source: trufflehog's
/// detector and its public fixtures, decoded.
pub(super) fn reference(secret: &[u8]) -> Option<Proven> {
    let plain = STANDARD.decode(secret).ok()?;
    let rest = plain.strip_prefix(b"reftkn:01:")?;
    let (digits, random) = (rest.get(..10)?, rest.get(11..)?);
    if rest.get(10) != Some(&b':') || random.is_empty() || !random.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let seconds: i64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    if is_placeholder(random) || !(seconds == 0 || (1_500_000_000..5_000_000_000).contains(&seconds)) {
        return None;
    }
    let expires = if seconds == 0 { Some("never".to_owned()) } else { rfc3339(seconds) };
    Some(proven(said([("kind", Some("reference token".to_owned())), ("expires", expires)])))
}

/// A JSON web token whose subject or issuer is a JFrog service: `jfac@…/users/mia`. Source: jfrog-client-go auth/authutils.go.
pub(super) fn access(secret: &[u8]) -> Option<Proven> {
    let (_, claims) = signed(secret)?;
    let is_service = |name: &str| {
        let text = claims.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        text.starts_with("jf") && text.find('@').is_some_and(|at| at <= 8)
    };
    if !is_service("sub") && !is_service("iss") {
        return None;
    }
    let subject = text(&claims, "sub");
    let user = subject.as_deref().and_then(|subject| subject.split_once("/users/")).map(|(_, user)| user.to_owned());
    let expires = time(&claims, "exp").or_else(|| claims.get("exp").is_none().then(|| "never".to_owned()));
    Some(proven(said([
        ("kind", Some("access token".to_owned())),
        ("user", user.filter(|user| !user.is_empty())),
        ("scope", text(&claims, "scp")),
        ("id", text(&claims, "jti")),
        ("issued", time(&claims, "iat")),
        ("expires", expires),
    ])))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn words(proven: &Proven) -> Vec<String> {
        proven.offline.iter().map(|(word, value)| format!("{word}={value}")).collect()
    }

    #[test]
    fn reference_tokens() {
        let token = |plain: &str| reference(STANDARD.encode(plain).as_bytes()).map(|proven| words(&proven));
        let never = token("reftkn:01:0000000000:q7Rk2VbN9sX4mZ81LpTc3HaWdY").unwrap();
        assert_eq!(never, ["expires=never", "kind=reference token"]);
        let dated = token("reftkn:01:1700000000:q7Rk2VbN9sX4mZ81LpTc3HaWdY").unwrap();
        assert_eq!(dated, ["expires=2023-11-14T22:13:20Z", "kind=reference token"]);
        for wrong in [
            "reftkn:01:0000000001:q7Rk2VbN9sX4mZ81LpTc3HaWdY",
            "reftkn:01:0x00000000:q7Rk2VbN9sX4mZ81LpTc3HaWdY",
            "reftkn:01:1700000000:",
            "reftkn:01:1700000000:q7Rk2VbN9sX4mZ81-pTc3HaWdY",
            "reftkn:01:1700000000:xxxxxxxxxxxxxxxxxxxxxxxxxx",
            "reftkn:01:17000000",
            "",
        ] {
            assert!(token(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn access_tokens() {
        let token = |claims: &str| {
            let header = URL_SAFE_NO_PAD.encode(r#"{"ver":"2","typ":"JWT","alg":"RS256","kid":"x"}"#);
            access(format!("{header}.{}.{}", URL_SAFE_NO_PAD.encode(claims), "aB3".repeat(12)).as_bytes())
        };
        let admin = r#"{"sub":"jfac@01abc\/users\/mia","scp":"applied-permissions\/admin","aud":"*@*","iat":1700000000,"jti":"x1"}"#;
        assert_eq!(
            words(&token(admin).unwrap()),
            [
                "expires=never",
                "id=x1",
                "issued=2023-11-14T22:13:20Z",
                "kind=access token",
                "scope=applied-permissions/admin",
                "user=mia"
            ]
        );
        assert!(token(r#"{"sub":"mia@example.invalid","iss":"someone"}"#).is_none());
        assert!(token(r#"{"sub":"jfrt@01abc","exp":2000000000}"#).is_some());
    }

    #[test]
    fn api_keys() {
        let key = "AKCp".to_owned() + &"5mQ7vRk2VbN9sX4cTz".repeat(3) + "HaWdY81LpTc3gJe";
        assert!(api_key(key.as_bytes()).is_some());
        assert!(api_key(("AKCp".to_owned() + &"x".repeat(69)).as_bytes()).is_none());
    }
}
