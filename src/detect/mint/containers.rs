//! Mints credentials of container registries: Docker Hub, Quay, Amazon ECR, Google, Fly.io, ChartMuseum.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::{BASE62, Mint};

const BASE64URL: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
const BASE64: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/";
const UPPER: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// A private key of 2048 bits as PKCS #8 has it: version, algorithm (rsaEncryption), and the key in an octet string.
const PKCS8: [u8; 26] = [
    0x30, 0x82, 0x04, 0xbe, 0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
    0x01, 0x05, 0x00, 0x04, 0x82, 0x04, 0xa8,
];

impl Mint {
    /// A personal access token of Docker Hub.
    pub fn docker_pat(&mut self) -> String {
        format!("dckr_pat_{}{}", self.text(BASE64URL, 26), self.text(BASE62, 1))
    }

    /// An organization access token of Docker Hub.
    pub fn docker_oat(&mut self) -> String {
        format!("dckr_oat_{}{}", self.text(BASE64URL, 31), self.text(BASE62, 1))
    }

    /// The secret of a robot account of Quay.
    pub fn quay_robot(&mut self) -> String {
        self.text(UPPER, 64)
    }

    /// A password of Amazon ECR that ended on 2023-11-14.
    pub fn ecr_password(&mut self) -> String {
        let (payload, key) = (self.text(BASE64, 1024), self.text(BASE64, 240));
        STANDARD.encode(format!(
            r#"{{"payload":"{payload}","datakey":"{key}","version":"2","type":"DATA_KEY","expiration":1700000000}}"#
        ))
    }

    /// What begins like one and is none: an envelope with a payload.
    pub fn ecr_password_bad(&mut self) -> String {
        let payload = self.text(BASE64, 1024);
        STANDARD.encode(format!(r#"{{"payload":"{payload}","payloadType":"application/vnd.in-toto+json"}}"#))
    }

    /// The key of a service account of Google, as its file has it: project `acme-1`, account `ci`.
    pub fn google_key(&mut self) -> String {
        let key = self.google_private_key().replace('\n', "\\n");
        format!(
            concat!(
                "{{\n  \"type\": \"service_account\",\n  \"project_id\": \"acme-1\",\n  \"private_key_id\": \"{}\",\n",
                "  \"private_key\": \"{}\",\n  \"client_email\": \"ci@acme-1.iam.gserviceaccount.com\",\n",
                "  \"client_id\": \"{}\",\n  \"token_uri\": \"https://oauth2.googleapis.com/token\"\n}}"
            ),
            self.hex(40),
            key,
            self.text(b"0123456789", 21)
        )
    }

    /// The same on one line, as variables hold it.
    pub fn google_key_line(&mut self) -> String {
        self.google_key().replace("\n  ", "").replace('\n', "")
    }

    /// The private key alone.
    pub fn google_private_key(&mut self) -> String {
        let bytes = [PKCS8.as_slice(), &self.bytes(1192)].concat();
        let text = STANDARD.encode(bytes);
        let lines: Vec<String> =
            text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
    }

    /// A deploy token of Fly.io: for app 5 of organization 77, from 2023-11-14 to 2033-05-18.
    pub fn fly_token(&mut self) -> String {
        let caveats =
            [0x96, 0, 0x92, 77, 31, 3, 0x91, 0x81, 5, 31, 4, 0x92, 0xce, 0x65, 0x53, 0xf1, 0x00, 0xce, 0x77, 0x35];
        let caveats = [caveats.as_slice(), &[0x94, 0x00]].concat();
        self.macaroon_of_fly(&caveats)
    }

    /// A macaroon that needs another, and that one.
    pub fn fly_tokens(&mut self) -> String {
        let ticket =
            [&[0x94, 0, 0x92, 77, 31, 11, 0x93, 0xa3, b'a', b'a', b'a', 0xc4, 40][..], &self.bytes(40)].concat();
        let ticket = [ticket.as_slice(), &[0xc4, 100], &self.bytes(100)].concat();
        format!("{},{}", self.macaroon_of_fly(&ticket), self.macaroon_of_fly(&[0x90]))
    }

    fn macaroon_of_fly(&mut self, caveats: &[u8]) -> String {
        let nonce = [&[0x94, 0x93, 0xc4, 16][..], &self.bytes(16), &[0xc4, 16], &self.bytes(16), &[0xc2]].concat();
        let location = [&[0xb5][..], b"https://api.fly.io/v1"].concat();
        let bytes = [nonce.as_slice(), &location, caveats, &[0xc4, 32], &self.bytes(32)].concat();
        format!("fm2_{}", STANDARD.encode(bytes))
    }

    /// A bearer token of ChartMuseum that may push to `acme/charts` until 2033-05-18.
    pub fn chartmuseum_token(&mut self) -> String {
        self.chartmuseum("mia")
    }

    /// The name decides at which of its three places base64 cuts what follows.
    fn chartmuseum(&mut self, subject: &str) -> String {
        let access = r#"[{"type":"artifact-repository","name":"acme/charts","actions":["push","pull"]}]"#;
        let claims = format!(r#"{{"sub":"{subject}","exp":2000000000,"iat":1700000000,"access":{access}}}"#);
        self.signed(r#"{"alg":"RS256","typ":"JWT"}"#, &claims)
    }

    /// A token of the same form that a container registry issues for a minute.
    pub fn chartmuseum_token_bad(&mut self) -> String {
        let claims =
            r#"{"exp":2000000000,"access":[{"type":"repository","name":"acme/charts","actions":["push","pull"]}]}"#;
        self.signed(r#"{"alg":"RS256","typ":"JWT"}"#, claims)
    }

    /// A docker configuration for one host as Kubernetes has it: base64 of JSON with such spaces, the password in base64 within.
    pub fn docker_secret(&mut self, line: &str, indent: &str) -> String {
        let auth = self.auth();
        STANDARD.encode(format!("{{{line}{indent}\"auths\":{{\"registry.invalid\":{{\"auth\":\"{auth}\"}}}}{line}}}"))
    }

    pub(super) fn container(&mut self, name: &str) -> Option<String> {
        Some(match name {
            "docker_pat" => self.docker_pat(),
            "docker_oat" => self.docker_oat(),
            "docker_secret" => self.docker_secret("", ""),
            "docker_secret_tabs" => self.docker_secret("\n", "\t"),
            "docker_secret_spaces" => self.docker_secret("\n", "  "),
            "docker_secret_wide" => self.docker_secret("\n", "    "),
            "quay_robot" => self.quay_robot(),
            "quay_app" => self.text(UPPER, 120),
            "harbor_secret" => format!("x{}", self.text(BASE62, 29) + "Z7"),
            "ecr_password" => self.ecr_password(),
            "ecr_password_bad" => self.ecr_password_bad(),
            "google_key" => self.google_key(),
            "google_key_line" => self.google_key_line(),
            "google_private_key" => self.google_private_key(),
            "fly_token" => self.fly_token(),
            "fly_tokens" => self.fly_tokens(),
            "fly_tokens_old" => {
                format!("{},{}", self.fly_token().replace("fm2_", "fm1r_"), self.fly_token().replace("fm2_", "fm1a_"))
            }
            "fly_token_bad" => format!("fm2_{}", STANDARD.encode(self.bytes(120))),
            "fly_login" => format!("fo1_{}{}", self.text(BASE64URL, 42), self.text(BASE62, 1)),
            "chartmuseum_token" => self.chartmuseum_token(),
            "chartmuseum_token_1" => self.chartmuseum("mia1"),
            "chartmuseum_token_2" => self.chartmuseum("mia12"),
            "chartmuseum_token_bad" => self.chartmuseum_token_bad(),
            "base64url80" => URL_SAFE_NO_PAD.encode(self.bytes(60)),
            _ => return None,
        })
    }
}
