//! What the stages hand on: a match in bytes, a hit at a place, a finding about a secret.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use super::access::Inspection;
use super::companion::{Companion, Confidence, Part};
use super::evidence::Evidence;
use super::location::Location;
use super::rule::RegistryId;
use super::secret::Secret;

/// What a secret says of itself without anybody being asked, by short words: kind, expiry, owner …
pub type Offline = BTreeMap<String, String>;

/// The host, port and path that a file binds a credential to: `//host[:port]/path/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BoundHost {
    /// Lower-case host name, or address.
    pub host: String,
    /// Port where one is written and is not the scheme's own.
    pub port: Option<u16>,
    /// Path with a leading and a trailing slash.
    pub path: String,
}

impl fmt::Display for BoundHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}{}", self.host, self.path),
            None => write!(f, "{}{}", self.host, self.path),
        }
    }
}

/// One match of a rule in a blob.
#[derive(Clone, Debug)]
pub struct Match {
    /// Index into `RuleSet::rules`.
    pub rule: usize,
    /// Where the secret's text stands in the blob, as written there (encoded, if it is).
    pub span: Range<usize>,
    /// The secret itself, decoded.
    pub secret: Secret,
    /// The user name that belongs to it.
    pub user: Option<String>,
    /// The host that its file names for it.
    pub host: Option<BoundHost>,
    /// What else of the file seems to belong to it, at most one for each part.
    pub companions: Vec<Companion>,
    /// Why it is believed.
    pub evidence: Evidence,
    /// What the secret itself says, offline: kind, expiry, …
    pub offline: Offline,
    /// The reason of an inline comment that allows it.
    pub allow: Option<String>,
}

/// A match at its place: what is left when a blob's bytes are gone.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The match. Its span means nothing any more.
    pub found: Match,
    /// The place.
    pub location: Location,
}

/// A secret with what is needed to ask its issuer about it.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Who issued it.
    pub registry: RegistryId,
    /// The secret.
    pub secret: Secret,
    /// The user name that belongs to it.
    pub user: Option<String>,
    /// Every host that a file names for it.
    pub hosts: BTreeSet<BoundHost>,
    /// Its own format proves that the registry's public instance issued it.
    pub self_identifying: bool,
}

/// How grave. Derived by `decide`, never set elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Proven harmless.
    None,
    /// Weak evidence, not verified.
    Low,
    /// Reads, or not verified with strong evidence.
    Medium,
    /// Can publish behind a barrier, or may be able to.
    High,
    /// Publishes unattended from any address, or a working account password.
    Critical,
}

impl Severity {
    /// All, gravest first.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::None];

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What set a finding aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SuppressedBy {
    /// A comment on its line.
    Inline,
    /// keyrake.toml.
    Config,
    /// The baseline file.
    Baseline,
}

/// A finding that is reported but does not fail the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// By what.
    pub by: SuppressedBy,
    /// The reason given.
    pub reason: String,
}

/// One secret, all its places, and everything known about it.
#[derive(Clone, Debug)]
pub struct Finding {
    /// `kr1:<rule>:<hash>`: keyed on the secret, never on its place; safe to commit.
    pub fingerprint: String,
    /// Index into `RuleSet::rules`: the rule with the strongest evidence.
    pub rule: usize,
    /// The secret, with what its files bind to it.
    pub credential: Credential,
    /// What else of its files seems to belong to it: of parts that nothing is bound to.
    pub companions: Vec<Companion>,
    /// The strongest evidence.
    pub evidence: Evidence,
    /// What the secret itself says.
    pub offline: Offline,
    /// Base URL of the endpoint that issued it, once resolved.
    pub endpoint: Option<String>,
    /// What the issuer said.
    pub inspection: Inspection,
    /// How grave.
    pub severity: Severity,
    /// Why that grave, one sentence.
    pub because: String,
    /// All places, in order.
    pub locations: Vec<Location>,
    /// Set aside, and by what.
    pub suppressed: Option<Suppressed>,
}

impl Finding {
    /// What its grammar binds to the secret, and what seems to belong to it.
    pub fn all_companions(&self) -> impl Iterator<Item = Companion> {
        let bound = |part, value: String| Companion { part, value, confidence: Confidence::High };
        let user = self.credential.user.iter().map(move |user| bound(Part::User, user.clone()));
        let host = |host: &BoundHost| host.to_string().trim_end_matches('/').to_owned();
        let hosts = self.credential.hosts.iter().map(move |each| bound(Part::Host, host(each)));
        user.chain(hosts).chain(self.companions.iter().cloned())
    }
}
