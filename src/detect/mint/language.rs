//! Mints tokens of the registries of languages and of what else publishes packages: a prefix, an alphabet, perhaps a checksum.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::azure::spoilt;
use super::{BASE62, Mint};
use crate::detect::proof::{crates, crc};

const URL_SAFE: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

impl Mint {
    /// A token of the Rust crates registry.
    pub fn crates_token(&mut self) -> String {
        format!("cio{}", self.text(BASE62, 32))
    }

    /// A token that the Rust crates registry issued to a trusted publisher.
    pub fn crates_trusted_token(&mut self) -> String {
        let entropy = self.text(BASE62, 31);
        let check = crates::check_character(entropy.as_bytes()).map_or('A', char::from);
        format!("cio_tp_{entropy}{check}")
    }

    /// One whose last character is wrong.
    pub fn crates_trusted_token_bad(&mut self) -> String {
        spoilt(self.crates_trusted_token())
    }

    /// A key with which Cargo signs its requests to other registries.
    pub fn cargo_secret_key(&mut self) -> String {
        format!("k3.secret.{}", self.text(URL_SAFE, 64))
    }

    /// An API key of RubyGems.
    pub fn rubygems_key(&mut self) -> String {
        format!("rubygems_{}", self.hex(48))
    }

    /// An access token of Hex, as its command-line tool has them: of user `mia`, until 2033.
    pub fn hex_oauth_token(&mut self) -> String {
        let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"ES256","typ":"JWT"}"#);
        let claims = format!(
            r#"{{"aud":"hexpm:api","exp":2000000000,"iat":1700000000,"iss":"hexpm","jti":"{}","scope":"api:write","sub":"user:mia","token_use":"access"}}"#,
            self.hex(16)
        );
        format!("{header}.{}.{}", URL_SAFE_NO_PAD.encode(claims), self.text(URL_SAFE, 85) + "A")
    }

    /// A personal token of JSR.
    pub fn jsr_token(&mut self) -> String {
        self.jsr("jsrp_")
    }

    /// A token that JSR gave to a command-line tool.
    pub fn jsr_device_token(&mut self) -> String {
        self.jsr("jsrd_")
    }

    /// A token of a browser's session at JSR.
    pub fn jsr_session_token(&mut self) -> String {
        self.jsr("jsrw_")
    }

    fn jsr(&mut self, prefix: &str) -> String {
        let body = format!("{prefix}{}", self.text(BASE62, 29));
        let check = crc::complete_jsr(body.as_bytes());
        body + &String::from_utf8_lossy(&check)
    }

    /// One whose checksum does not hold.
    pub fn jsr_token_bad(&mut self) -> String {
        spoilt(self.jsr_token())
    }

    /// A token of Open VSX.
    pub fn open_vsx_token(&mut self) -> String {
        format!("ovsxp_{}", self.uuid())
    }

    /// One whose UUID is of another version.
    pub fn open_vsx_token_bad(&mut self) -> String {
        let mut token = self.open_vsx_token();
        token.replace_range(20..21, "1");
        token
    }

    /// A token of an organisation at Private Packagist, which may change packages.
    pub fn private_packagist_token(&mut self) -> String {
        let body = format!("packagist_out_{}", self.hex(60));
        let check = crc::complete_private_packagist(body.as_bytes());
        body + &check
    }

    /// One whose checksum does not hold.
    pub fn private_packagist_token_bad(&mut self) -> String {
        spoilt(self.private_packagist_token())
    }

    /// The secret half of a pair for Private Packagist's API.
    pub fn private_packagist_secret(&mut self) -> String {
        let body = format!("packagist_acs_{}", self.hex(60));
        let check = crc::complete_private_packagist(body.as_bytes());
        body + &check
    }

    /// A deploy token of Clojars.
    pub fn clojars_token(&mut self) -> String {
        format!("CLOJARS_{}", self.hex(60))
    }

    /// A token of HCP Terraform.
    pub fn terraform_token(&mut self) -> String {
        format!("{}.atlasv1.{}", self.text(BASE62, 14), self.text(BASE62, 67))
    }

    /// A token of Anaconda.org.
    pub fn anaconda_token(&mut self) -> String {
        format!("mi-{}", self.uuid())
    }

    /// An access token of Google, as pub.dev takes them.
    pub fn google_access_token(&mut self) -> String {
        format!("ya29.a0{}", self.text(URL_SAFE, 200))
    }

    /// A refresh token of Google.
    pub fn google_refresh_token(&mut self) -> String {
        format!("1//0{}", self.text(URL_SAFE, 99))
    }

    /// An API key of LuaRocks.
    pub fn luarocks_key(&mut self) -> String {
        self.text(BASE62, 40)
    }

    /// Letters and digits, as Sonatype and Gradle issue them.
    pub fn alnum32(&mut self) -> String {
        self.text(BASE62, 32)
    }

    /// The secret of a client of Google's.
    pub fn google_client_secret(&mut self) -> String {
        format!("GOCSPX-{}", self.text(URL_SAFE, 28))
    }

    /// The secret with this placeholder name.
    pub(super) fn language(&mut self, name: &str) -> Option<String> {
        Some(match name {
            "crates_token" => self.crates_token(),
            "crates_trusted_token" => self.crates_trusted_token(),
            "crates_trusted_token_bad" => self.crates_trusted_token_bad(),
            "cargo_secret_key" => self.cargo_secret_key(),
            "rubygems_key" => self.rubygems_key(),
            "hex_oauth_token" => self.hex_oauth_token(),
            "jsr_token" => self.jsr_token(),
            "jsr_device_token" => self.jsr_device_token(),
            "jsr_session_token" => self.jsr_session_token(),
            "jsr_token_bad" => self.jsr_token_bad(),
            "open_vsx_token" => self.open_vsx_token(),
            "open_vsx_token_bad" => self.open_vsx_token_bad(),
            "private_packagist_token" => self.private_packagist_token(),
            "private_packagist_token_bad" => self.private_packagist_token_bad(),
            "private_packagist_secret" => self.private_packagist_secret(),
            "clojars_token" => self.clojars_token(),
            "terraform_token" => self.terraform_token(),
            "anaconda_token" => self.anaconda_token(),
            "google_access_token" => self.google_access_token(),
            "google_refresh_token" => self.google_refresh_token(),
            "luarocks_key" => self.luarocks_key(),
            "alnum32" => self.alnum32(),
            "google_client_secret" => self.google_client_secret(),
            _ => return self.macaroon(name).or_else(|| self.azure(name)),
        })
    }
}
