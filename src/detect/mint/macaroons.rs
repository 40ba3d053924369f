//! Mints tokens that are macaroons: PyPI's, Snapcraft's, Charmcraft's.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::Mint;
use crate::detect::proof::macaroon::Draft;

/// Where PyPI says that its macaroons are from, in base64: its address stands in its rule file and nowhere else.
const LOCATION: &str = "cHlwaS5vcmc";
const TEST: &[u8] = b"test.";

impl Mint {
    /// A token of a user of PyPI.
    pub fn pypi_token(&mut self) -> String {
        let user = self.user_caveat();
        self.pypi(b"", &[&user])
    }

    /// A token for one project of PyPI.
    pub fn pypi_project_token(&mut self) -> String {
        let ids = format!("[2,[\"{}\"]]", self.uuid());
        self.pypi(b"", &["[1,[\"kestrel\"]]", &ids])
    }

    /// A token that a trusted publisher of PyPI had for fifteen minutes in 2023.
    pub fn pypi_publisher_token(&mut self) -> String {
        let publisher = format!("[4,\"{}\",null]", self.uuid());
        let ids = format!("[2,[\"{}\"]]", self.uuid());
        self.pypi(b"", &[&publisher, &ids, "[0,1700000900,1700000000]"])
    }

    /// A token of the first kind that PyPI issued.
    pub fn pypi_old_token(&mut self) -> String {
        self.pypi(b"", &[r#"{"version": 1, "permissions": "user"}"#])
    }

    /// A token of the right shape whose caveat is none.
    pub fn pypi_token_bad(&mut self) -> String {
        let user = self.user_caveat().replace(']', "x");
        self.pypi(b"", &[&user])
    }

    /// A token of a user of TestPyPI.
    pub fn pypi_test_token(&mut self) -> String {
        let user = self.user_caveat();
        self.pypi(TEST, &[&user])
    }

    /// A token of TestPyPI of the right shape whose caveat is none.
    pub fn pypi_test_token_bad(&mut self) -> String {
        let user = self.user_caveat().replace(']', "x");
        self.pypi(TEST, &[&user])
    }

    fn user_caveat(&mut self) -> String {
        format!("[3,\"{}\"]", self.uuid())
    }

    fn pypi(&mut self, instance: &[u8], caveats: &[&str]) -> String {
        let location = [instance, &URL_SAFE_NO_PAD.decode(LOCATION).unwrap_or_default()].concat();
        let row = self.uuid();
        let signature = self.bytes(32);
        let caveats: Vec<&[u8]> = caveats.iter().map(|caveat| caveat.as_bytes()).collect();
        let draft = Draft { location: &location, identifier: row.as_bytes(), caveats: &caveats, signature: &signature };
        format!("pypi-{}", URL_SAFE_NO_PAD.encode(draft.second()))
    }

    /// What `snapcraft export-login` writes: a root macaroon for two permissions and one channel until 2033, and its discharge.
    pub fn snap_credentials(&mut self) -> String {
        let (root, discharge) = (self.snap_root(), self.snap_discharge());
        STANDARD.encode(format!(r#"{{"t": "u1-macaroon", "v": {{"r": "{root}", "d": "{discharge}"}}}}"#))
    }

    /// Credentials of the right shape whose root macaroon is cut.
    pub fn snap_credentials_bad(&mut self) -> String {
        let (root, discharge) = (self.snap_root(), self.snap_discharge());
        let root = root.get(..root.len() - 12).unwrap_or_default();
        STANDARD.encode(format!(r#"{{"t": "u1-macaroon", "v": {{"r": "{root}", "d": "{discharge}"}}}}"#))
    }

    /// What `charmcraft login --export` writes.
    pub fn charm_credentials(&mut self) -> String {
        let root = self.snap_root();
        STANDARD.encode(format!(r#"{{"t": "macaroon", "v": "{root}"}}"#))
    }

    /// The first, without spaces in its JSON.
    pub fn snap_credentials_compact(&mut self) -> String {
        let (root, discharge) = (self.snap_root(), self.snap_discharge());
        STANDARD.encode(format!(r#"{{"t":"u1-macaroon","v":{{"r":"{root}","d":"{discharge}"}}}}"#))
    }

    /// A root macaroon of the Snap Store.
    pub fn snap_root(&mut self) -> String {
        let caveats: [&[u8]; 3] = [
            br#"snaps.invalid|acl|["package_push", "package_release"]"#,
            br#"snaps.invalid|channel|["edge"]"#,
            b"snaps.invalid|expires|2033-05-18T03:33:20",
        ];
        self.first_form(&caveats)
    }

    /// What discharges it.
    pub fn snap_discharge(&mut self) -> String {
        self.first_form(&[b"login.invalid|valid_since|2023-11-14T22:13:20"])
    }

    fn first_form(&mut self, caveats: &[&[u8]]) -> String {
        let identifier = self.text(b"0123456789abcdef", 40);
        let signature = self.bytes(32);
        let draft =
            Draft { location: b"snaps.invalid", identifier: identifier.as_bytes(), caveats, signature: &signature };
        URL_SAFE_NO_PAD.encode(draft.first())
    }

    /// The secret with this placeholder name, where it is a macaroon.
    pub(super) fn macaroon(&mut self, name: &str) -> Option<String> {
        Some(match name {
            "pypi_token" => self.pypi_token(),
            "pypi_project_token" => self.pypi_project_token(),
            "pypi_publisher_token" => self.pypi_publisher_token(),
            "pypi_old_token" => self.pypi_old_token(),
            "pypi_token_bad" => self.pypi_token_bad(),
            "pypi_test_token" => self.pypi_test_token(),
            "pypi_test_token_bad" => self.pypi_test_token_bad(),
            "snap_credentials" => self.snap_credentials(),
            "snap_credentials_bad" => self.snap_credentials_bad(),
            "snap_credentials_compact" => self.snap_credentials_compact(),
            "snap_root" => self.snap_root(),
            "snap_discharge" => self.snap_discharge(),
            "charm_credentials" => self.charm_credentials(),
            _ => return None,
        })
    }
}
