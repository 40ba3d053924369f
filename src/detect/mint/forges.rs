//! Mints tokens of the forges: GitHub, GitLab, Gitea.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{BASE62, HEX, Mint};
use crate::detect::proof::gitlab;
use crate::model::Checksum;

const BASE64URL: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

impl Mint {
    /// A classic personal access token of GitHub.
    pub fn github_token(&mut self) -> String {
        self.github("ghp_")
    }

    /// One whose checksum does not hold.
    pub fn github_token_bad(&mut self) -> String {
        let mut token = self.github_token();
        let last = token.pop();
        token.push(if last == Some('0') { '1' } else { '0' });
        token
    }

    /// A refresh token of GitHub as long as its manual shows it.
    pub fn github_refresh_long(&mut self) -> String {
        format!("ghr_{}", self.text(BASE62, 76))
    }

    /// A fine-grained personal access token of GitHub.
    pub fn github_fine_grained(&mut self) -> String {
        format!("github_pat_11{}_{}", self.text(BASE62, 20), self.text(BASE62, 59))
    }

    /// An installation token of GitHub of the form of 2026, for app 1234567, until 2033-05-18.
    pub fn github_installation(&mut self) -> String {
        let claims = format!(r#"{{"iss":"github","jti":"{}","iat":1700000000,"exp":2000000000}}"#, self.hex(32));
        format!("ghs_1234567_{}", self.signed(r#"{"alg":"RS256","typ":"JWT"}"#, &claims))
    }

    /// One whose middle is no JSON.
    pub fn github_installation_bad(&mut self) -> String {
        format!("ghs_1234567_eyJhbGciOiJSUzI1NiJ9.{}.{}", self.text(BASE62, 60), self.text(BASE62, 43))
    }

    /// A personal access token of GitLab of the form used until 2025.
    pub fn gitlab_token(&mut self) -> String {
        self.gitlab("glpat-")
    }

    /// A routable personal access token of GitLab: of organization 1, user 71.
    pub fn gitlab_routable(&mut self) -> String {
        self.routable("glpat-", "o:1\nu:1z")
    }

    /// One whose checksum does not hold.
    pub fn gitlab_routable_bad(&mut self) -> String {
        let mut token = self.gitlab_routable();
        let last = token.pop();
        token.push(if last == Some('0') { '1' } else { '0' });
        token
    }

    /// A routable deploy token of GitLab of the first form, which a few instances issued until 2025-04.
    pub fn gitlab_routable_0(&mut self) -> String {
        let body = URL_SAFE_NO_PAD.encode([b"o:1\np:zz".as_slice(), &self.bytes(16), &[16]].concat());
        Self::checked(format!("gldt-{body}.{}", base36(body.len())))
    }

    /// A routable token of an instance that puts its name in front.
    pub fn gitlab_instance(&mut self) -> String {
        self.routable("acme-glpat-", "c:1\no:1\nu:1z")
    }

    /// A routable token whose prefix an administrator chose.
    pub fn gitlab_renamed(&mut self) -> String {
        self.routable("acme_", "o:1\nu:1z")
    }

    /// A job token of GitLab.
    pub fn gitlab_job(&mut self) -> String {
        format!("glcbt-{}_{}", self.text(HEX, 2), self.text(BASE64URL, 20))
    }

    /// A job token of GitLab that is a JSON web token: of job 17, until 2033-05-18.
    pub fn gitlab_job_claims(&mut self) -> String {
        let claims = format!(r#"{{"jti":"{}","sub":"gid://gitlab/Ci::Build/17","exp":2000000000}}"#, self.uuid());
        format!("glcbt-{}", self.signed(r#"{"typ":"JWT","alg":"RS256"}"#, &claims))
    }

    pub(super) fn forge(&mut self, name: &str) -> Option<String> {
        Some(match name {
            "github_token" => self.github_token(),
            "github_token_bad" => self.github_token_bad(),
            "github_oauth" => self.github("gho_"),
            "github_app_user" => self.github("ghu_"),
            "github_app" => self.github("ghs_"),
            "github_refresh" => self.github("ghr_"),
            "github_refresh_long" => self.github_refresh_long(),
            "github_fine_grained" => self.github_fine_grained(),
            "github_installation" => self.github_installation(),
            "github_installation_bad" => self.github_installation_bad(),
            "gitlab_token" => self.gitlab_token(),
            "gitlab_plain" => format!("x{}Z7", self.text(BASE62, 17)),
            "gitlab_routable" => self.gitlab_routable(),
            "gitlab_routable_bad" => self.gitlab_routable_bad(),
            "gitlab_routable_0" => self.gitlab_routable_0(),
            "gitlab_routable_runner" => self.routable("glrt-t2_", "g:8\no:1\nt:2"),
            "gitlab_instance" => self.gitlab_instance(),
            "gitlab_instance_old" => format!("acme-{}", self.gitlab("glpat-")),
            "gitlab_renamed" => self.gitlab_renamed(),
            "gitlab_deploy" => self.gitlab("gldt-"),
            "gitlab_job" => self.gitlab_job(),
            "gitlab_job_claims" => self.gitlab_job_claims(),
            "gitlab_trigger" => format!("glptt-{}", self.hex(40)),
            "gitlab_runner" => self.gitlab("glrt-"),
            "gitlab_routable_each" => self.each(""),
            "gitlab_instance_each" => self.each("acme-"),
            "gitlab_runner_registered" => self.gitlab("glrtr-"),
            "gitlab_runner_project" => self.gitlab("glrt-t3_"),
            "gitlab_registration" => self.gitlab("GR1348941"),
            "gitlab_application" => format!("gloas-{}", self.hex(64)),
            "gitlab_scim" => self.gitlab("glsoat-"),
            "gitlab_feed" => self.gitlab("glft-"),
            "gitlab_feed_path" => format!("glft-{}-71", self.hex(64)),
            "gitlab_mail" => format!("glimt-{}", self.text(b"0123456789abcdefghijklmnopqrstuvwxyz", 25)),
            "gitlab_agent" => format!("glagent-{}", self.text(BASE64URL, 50)),
            "gitlab_flags" => self.gitlab("glffct-"),
            "gitlab_workspace" => self.gitlab("glwt-"),
            _ => return None,
        })
    }

    fn github(&mut self, prefix: &str) -> String {
        let body = Checksum::Crc32Base62.complete(self.text(BASE62, 30).as_bytes());
        format!("{prefix}{}", String::from_utf8_lossy(&body))
    }

    /// A routable token with each of the prefixes, one a line.
    fn each(&mut self, instance: &str) -> String {
        let tokens: Vec<String> = gitlab::KINDS
            .iter()
            .map(|(prefix, _)| format!("token: {}", self.routable(&format!("{instance}{prefix}"), "o:1\nu:1z")))
            .collect();
        tokens.join("\n")
    }

    /// Twenty characters; the last is no sign, by which a token could be mistaken for a shorter one.
    fn gitlab(&mut self, prefix: &str) -> String {
        format!("{prefix}{}{}", self.text(BASE64URL, 19), self.text(BASE62, 1))
    }

    fn routable(&mut self, prefix: &str, routing: &str) -> String {
        let bytes = [self.bytes(16).as_slice(), routing.as_bytes(), &[routing.len() as u8]].concat();
        let body = URL_SAFE_NO_PAD.encode(bytes);
        Self::checked(format!("{prefix}{body}.01.{}", base36(body.len())))
    }

    fn checked(text: String) -> String {
        let check = gitlab::base36(crc32fast::hash(text.as_bytes()));
        text + &String::from_utf8_lossy(&check)
    }

    /// A JSON web token with this header and these claims.
    pub(super) fn signed(&mut self, header: &str, claims: &str) -> String {
        let (header, claims) = (URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        format!("{header}.{claims}.{}", self.text(BASE64URL, 342))
    }
}

/// A length in two digits.
fn base36(length: usize) -> String {
    let digits = gitlab::base36(length as u32);
    String::from_utf8_lossy(digits.get(5..).unwrap_or_default()).into_owned()
}
