//! Passwords that Amazon's registries hand out: of ECR, and tokens of CodeArtifact. Both say when they end.

use serde_json::Value;

use super::Proven;
use super::claims::{is_base64url, object, proven, said, standard, time};

/// The password of user `AWS`: base64 of `{"payload":…,"datakey":…,"version":"2","type":"DATA_KEY","expiration":seconds}`.
/// Source: public write-ups with a decoded password; the manual only calls it opaque.
pub(super) fn ecr(secret: &[u8]) -> Option<Proven> {
    let value = standard(secret)?;
    let is_long = |name: &str| value.get(name).and_then(Value::as_str).is_some_and(|text| text.len() >= 64);
    let is_key = value.get("type").and_then(Value::as_str) == Some("DATA_KEY");
    (is_key && is_long("payload") && is_long("datakey")).then(|| {
        proven(said([
            ("kind", Some("registry password".to_owned())),
            ("user", Some("AWS".to_owned())),
            ("expires", time(&value, "expiration")),
        ]))
    })
}

/// Five parts as of JWE, whose header has `ver`, `isu` (issued) and `exp` in the clear. Source: public samples, decoded.
pub(super) fn codeartifact(secret: &[u8]) -> Option<Proven> {
    let mut parts = secret.split(|byte| *byte == b'.');
    let header = object(parts.next()?)?;
    let mut rest = 0;
    for part in parts {
        if part.is_empty() || !part.iter().all(|byte| is_base64url(*byte)) {
            return None;
        }
        rest += 1;
    }
    let is_header = header.get("ver").is_some_and(Value::is_number) && header.get("enc").is_some_and(Value::is_string);
    (rest == 4 && is_header && header.get("isu").is_some_and(Value::is_number)).then(|| {
        proven(said([
            ("kind", Some("authorization token".to_owned())),
            ("user", Some("aws".to_owned())),
            ("issued", time(&header, "isu")),
            ("expires", time(&header, "exp")),
        ]))
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    #[test]
    fn passwords_of_ecr() {
        let long = "aB3".repeat(30);
        let password = |kind: &str| {
            let json = format!(
                r#"{{"payload":"{long}","datakey":"{long}","version":"2","type":"{kind}","expiration":1700000000}}"#
            );
            ecr(STANDARD.encode(json).as_bytes())
        };
        let said = password("DATA_KEY").unwrap().offline;
        assert_eq!(said.get("expires").map(String::as_str), Some("2023-11-14T22:13:20Z"));
        assert!(password("OTHER").is_none());
        assert!(ecr(STANDARD.encode(r#"{"payload":"x","payloadType":"y"}"#).as_bytes()).is_none());
        assert!(ecr(b"eyJwYXlsb2FkIjoi").is_none());
    }

    #[test]
    fn tokens_of_codeartifact() {
        let token = |header: &str, rest: &str| codeartifact((URL_SAFE_NO_PAD.encode(header) + rest).as_bytes());
        let header =
            r#"{"ver":1,"isu":1700000000,"enc":"A128GCM","tag":"x","exp":1700043200,"alg":"A128GCMKW","iv":"y"}"#;
        let said = token(header, ".aB3.aB3.aB3.aB3").unwrap().offline;
        assert_eq!(said.get("issued").map(String::as_str), Some("2023-11-14T22:13:20Z"));
        assert_eq!(said.get("expires").map(String::as_str), Some("2023-11-15T10:13:20Z"));
        for (header, rest) in [
            (header, ".aB3.aB3.aB3"),
            (header, ".aB3.aB3.aB3."),
            (header, ".aB3.aB3.aB3.a=3"),
            (r#"{"ver":1,"typ":"JWT","enc":"x"}"#, ".aB3.aB3.aB3.aB3"),
            ("[]", ".aB3.aB3.aB3.aB3"),
        ] {
            assert!(token(header, rest).is_none(), "{header}{rest}");
        }
    }
}
