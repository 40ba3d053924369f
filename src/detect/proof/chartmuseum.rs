//! ChartMuseum's bearer tokens: JSON web tokens that say which charts may be pulled and pushed. Source: chartmuseum/auth, README.

use serde_json::Value;

use super::Proven;
use super::claims::{proven, said, signed, text, time};

const KIND: &str = "artifact-repository";

/// A token with an `access` entry of type `artifact-repository`.
pub(super) fn access(secret: &[u8]) -> Option<Proven> {
    let (_, claims) = signed(secret)?;
    let entries: Vec<&Value> = claims
        .get("access")?
        .as_array()?
        .iter()
        .filter(|each| each.get("type").and_then(Value::as_str) == Some(KIND))
        .collect();
    let first = entries.first()?;
    let actions = first.get("actions").and_then(Value::as_array).map(|actions| {
        actions.iter().filter_map(Value::as_str).filter(|action| action.len() <= 16).collect::<Vec<_>>().join(", ")
    });
    Some(proven(said([
        ("kind", Some("bearer token".to_owned())),
        ("repository", text(first, "name")),
        ("actions", actions.filter(|text| !text.is_empty())),
        ("issued", time(&claims, "iat")),
        ("expires", time(&claims, "exp")),
    ])))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    #[test]
    fn claims() {
        let token = |claims: &str| {
            let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
            access(format!("{header}.{}.{}", URL_SAFE_NO_PAD.encode(claims), "aB3".repeat(12)).as_bytes())
        };
        let claims = r#"{"exp":2000000000,"access":[{"type":"artifact-repository","name":"acme/charts","actions":["push","pull"]}]}"#;
        let said = token(claims).unwrap().offline;
        assert_eq!(said.get("actions").map(String::as_str), Some("push, pull"));
        assert_eq!(said.get("repository").map(String::as_str), Some("acme/charts"));
        assert!(token(r#"{"access":[{"type":"repository","name":"a","actions":["pull"]}]}"#).is_none());
        assert!(token(r#"{"access":{}}"#).is_none());
    }
}
