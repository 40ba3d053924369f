//! Mints tokens of servers and services for artifacts: JFrog, Nexus, Cloudsmith, Buildkite, CodeArtifact, Hugging Face, Pulumi.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::{BASE62, HEX, Mint};

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BASE64URL: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

impl Mint {
    /// An API key of JFrog.
    pub fn jfrog_key(&mut self) -> String {
        format!("AKCp8{}", self.text(BASE58, 68))
    }

    /// A reference token of JFrog that never expires.
    pub fn jfrog_reference(&mut self) -> String {
        STANDARD.encode(format!("reftkn:01:0000000000:{}", self.text(BASE62, 27)))
    }

    /// One that expires on 2033-05-18.
    pub fn jfrog_reference_dated(&mut self) -> String {
        STANDARD.encode(format!("reftkn:01:2000000000:{}", self.text(BASE62, 27)))
    }

    /// One with a date that no server would write.
    pub fn jfrog_reference_bad(&mut self) -> String {
        STANDARD.encode(format!("reftkn:01:0000000017:{}", self.text(BASE62, 27)))
    }

    /// An access token of JFrog: of user `mia`, an administrator, without an end.
    pub fn jfrog_access(&mut self) -> String {
        let claims = format!(
            r#"{{"sub":"jfac@01abc\/users\/mia","scp":"applied-permissions\/admin","aud":"*@*","iss":"jffe@000","iat":1700000000,"jti":"{}"}}"#,
            self.uuid()
        );
        let header = format!(r#"{{"ver":"2","typ":"JWT","alg":"RS256","kid":"{}"}}"#, self.text(BASE64URL, 43));
        self.signed(&header, &claims)
    }

    /// One of another issuer that writes the same header.
    pub fn jfrog_access_bad(&mut self) -> String {
        self.signed(r#"{"ver":"2","typ":"JWT","alg":"RS256","kid":"x"}"#, r#"{"sub":"mia","iss":"someone"}"#)
    }

    /// An authorization token of CodeArtifact, of 2023-11-14, for twelve hours.
    pub fn codeartifact_token(&mut self) -> String {
        let header = format!(
            r#"{{"ver":1,"isu":1700000000,"enc":"A128GCM","tag":"{}","exp":1700043200,"alg":"A128GCMKW","iv":"{}"}}"#,
            self.text(BASE64URL, 22),
            self.text(BASE64URL, 16)
        );
        let parts = [22, 16, 700, 22].map(|length| self.text(BASE64URL, length - 1) + &self.text(BASE62, 1));
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header), parts.join("."))
    }

    /// One that lost two of its parts.
    pub fn codeartifact_token_bad(&mut self) -> String {
        let token = self.codeartifact_token();
        token.rsplitn(3, '.').last().unwrap_or_default().to_owned()
    }

    /// A user access token of Hugging Face.
    pub fn hugging_face_token(&mut self) -> String {
        format!("hf_{}", self.text(LETTERS, 34))
    }

    pub(super) fn artifact(&mut self, name: &str) -> Option<String> {
        Some(match name {
            "jfrog_key" => self.jfrog_key(),
            "jfrog_reference" => self.jfrog_reference(),
            "jfrog_reference_dated" => self.jfrog_reference_dated(),
            "jfrog_reference_bad" => self.jfrog_reference_bad(),
            "jfrog_access" => self.jfrog_access(),
            "jfrog_access_bad" => self.jfrog_access_bad(),
            "cloudsmith_key" => format!("csa_{}{}", self.hex(30), self.text(BASE62, 6)),
            "cloudsmith_entitlement" => self.text(BASE62, 16),
            "gemfury_token" => format!("{}-{}", self.text(BASE62, 15), self.text(BASE62, 4)),
            "buildkite_token" => format!("bkua_{}", self.hex(40)),
            "buildkite_token_long" => format!("bkua_{}", self.text(b"0123456789abcdefghijklmnopqrstuvwxyz", 53)),
            "buildkite_packages" => format!("bkpt_{}", self.text(BASE64URL, 198) + &self.text(BASE62, 1)),
            "buildkite_registry" => format!("bkrt_MTIzNDU_{}", self.hex(40)),
            "buildkite_agent" => format!("bkaa_MTIzNDU.{}", self.text(BASE58, 66)),
            "buildkite_registration" => format!("bkar_MTIzNDU.{}", self.text(BASE58, 66)),
            "buildkite_cluster" => format!("bkct_MTIzNDU.{}", self.text(BASE58, 66)),
            "buildkite_job" => format!("bkaj_{}", self.signed(r#"{"alg":"HS512"}"#, r#"{"exp":2000000000}"#)),
            "buildkite_portal" => format!("bkpat_MTQ_{}", self.hex(40)),
            "buildkite_portal_secret" => format!("bkps_{}", self.hex(64)),
            "codeartifact_token" => self.codeartifact_token(),
            "codeartifact_token_bad" => self.codeartifact_token_bad(),
            "hugging_face_token" => self.hugging_face_token(),
            "hugging_face_organization" => format!("api_org_{}", self.text(LETTERS, 34)),
            "hugging_face_old" => format!("api_{}", self.text(LETTERS, 34)),
            "pulumi_token" => format!("pul-{}", self.hex(40)),
            "hex50" => self.text(HEX, 50),
            _ => return None,
        })
    }
}
