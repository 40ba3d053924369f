//! What a credential can do, as claims: each proven, bounded, or not visible and why.

use ipnet::IpNet;

/// Whether the registry still accepts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validity {
    /// The registry accepts it.
    Active,
    /// The registry has proven that it does not.
    Inactive(Inactive),
    /// Nobody could tell.
    Unknown(Unknown),
}

/// How it is known to be dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inactive {
    /// The registry does not know it: revoked, expired or never issued.
    Rejected,
    /// The registry's list says revoked.
    Revoked,
    /// Its own text or the registry's list says expired.
    Expired,
}

/// Why nobody could tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Nothing was asked.
    Offline,
    /// Its file names no host, and its format no issuer.
    NoHost,
    /// Its file names this host, which is neither a public registry nor configured with `--endpoint`.
    ForeignHost(String),
    /// No client for this registry or kind yet.
    Unsupported,
    /// The registry asked for fewer requests.
    RateLimited,
    /// No usable answer: time-out, refused or broken connection, 5xx, HTML, garbage. The text says which.
    Unavailable(String),
    /// It was turned away in a way that does not tell dead from not allowed here.
    Refused(String),
    /// The time for verification ran out first.
    Deadline,
    /// Somebody ended the run first.
    Interrupted,
}

/// What shows a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Requests of the ledger.
    pub requests: Vec<u32>,
    /// What the token's own text or the registry's documented rules say, in words.
    pub note: Option<String>,
}

impl Proof {
    /// Shown by one request.
    pub fn request(id: u32) -> Self {
        Self { requests: vec![id], note: None }
    }

    /// Shown by several requests together.
    pub fn requests(ids: impl IntoIterator<Item = u32>) -> Self {
        Self { requests: ids.into_iter().collect(), note: None }
    }

    /// Shown without a request, by what these words say.
    pub fn note(text: impl Into<String>) -> Self {
        Self { requests: Vec::new(), note: Some(text.into()) }
    }

    /// Adds words.
    #[must_use]
    pub fn with_note(mut self, text: impl Into<String>) -> Self {
        self.note = Some(text.into());
        self
    }
}

/// One statement about a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim<T> {
    /// So, and this shows it.
    Proven(T, Proof),
    /// Between these two, and this shows it.
    Bounded {
        /// The least it can be.
        at_least: T,
        /// The most it can be.
        at_most: T,
        /// What shows the bounds.
        proof: Proof,
    },
    /// Could not be seen, and why.
    NotVisible(String),
}

impl<T> Claim<T> {
    /// The proven value.
    pub fn proven(&self) -> Option<&T> {
        match self {
            Self::Proven(value, _) => Some(value),
            Self::Bounded { .. } | Self::NotVisible(_) => None,
        }
    }

    /// The worst that is not excluded: the proven value, or the upper bound.
    pub fn at_most(&self) -> Option<&T> {
        match self {
            Self::Proven(value, _) | Self::Bounded { at_most: value, .. } => Some(value),
            Self::NotVisible(_) => None,
        }
    }
}

/// Whose credential it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The registry's user name.
    pub user: String,
}

/// What kind of credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// npm granular access token.
    Granular,
    /// A login's session token: acts as the user for some hours.
    Session,
    /// A token of the time before granular ones: the whole account.
    Classic,
    /// An account's password.
    Password,
    /// Another server's own kind, in its words.
    Other(String),
}

/// Whether it can publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Publish {
    /// No.
    No,
    /// It can put a version in the queue that its owner must approve.
    Stage,
    /// Yes (a second factor or an address list may still stand in the way: see those claims).
    Yes,
}

/// Whether a write asks for more than the credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecondFactor {
    /// A code is asked for.
    Asked,
    /// No code is asked for: this token is exempt, or the account or server has no second factor.
    NotAsked,
}

/// What it can change besides packages. What publishing a package allows to change of that package belongs to publishing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Administration {
    /// Nothing.
    None,
    /// Its owner's organisations: members, teams, and who may publish through them.
    Organisations,
    /// Its owner's account as a login can: profile, tokens, organisations.
    Account,
}

/// A block of addresses.
pub type Cidr = IpNet;

/// From which addresses it is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// Any address.
    Anywhere,
    /// These only; empty where the list exists but cannot be seen.
    Only(Vec<Cidr>),
}

/// Until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// RFC 3339, UTC.
    At(String),
    /// No end.
    Never,
}

/// One package within reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageReach {
    /// Its name.
    pub name: String,
    /// Downloads in the last week, where the registry says.
    pub weekly_downloads: Option<u64>,
}

/// Which packages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Number of packages.
    pub packages: u64,
    /// Their downloads in the last week, together; `None` where the registry does not say.
    pub weekly_downloads: Option<u64>,
    /// Packages that depend on them, together.
    pub dependents: Option<u64>,
    /// The biggest, by downloads; at most five.
    pub biggest: Vec<PackageReach>,
}

/// What it can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Whose it is.
    pub identity: Claim<Identity>,
    /// Which kind.
    pub kind: Claim<TokenKind>,
    /// Whether it publishes.
    pub publish: Claim<Publish>,
    /// What it administers.
    pub administration: Claim<Administration>,
    /// From where.
    pub network: Claim<Network>,
    /// Whether a second factor is asked for.
    pub second_factor: Claim<SecondFactor>,
    /// Until when.
    pub expiry: Claim<Expiry>,
    /// Which packages.
    pub reach: Claim<Reach>,
}

impl Access {
    /// Nothing visible, for one reason.
    pub fn not_visible(reason: &str) -> Self {
        Self {
            identity: Claim::NotVisible(reason.to_owned()),
            kind: Claim::NotVisible(reason.to_owned()),
            publish: Claim::NotVisible(reason.to_owned()),
            administration: Claim::NotVisible(reason.to_owned()),
            network: Claim::NotVisible(reason.to_owned()),
            second_factor: Claim::NotVisible(reason.to_owned()),
            expiry: Claim::NotVisible(reason.to_owned()),
            reach: Claim::NotVisible(reason.to_owned()),
        }
    }
}

/// What a registry said about one credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Whether it is accepted.
    pub validity: Validity,
    /// The requests that show the validity.
    pub proof: Proof,
    /// What it can do; `None` unless it is accepted.
    pub access: Option<Access>,
    /// Further things worth knowing, in words (a server that names a user to anyone, a pending staged version, …).
    pub notes: Vec<String>,
}

impl Inspection {
    /// Nobody could tell.
    pub fn unknown(why: Unknown, proof: Proof) -> Self {
        Self { validity: Validity::Unknown(why), proof, access: None, notes: Vec::new() }
    }

    /// Proven dead.
    pub fn inactive(how: Inactive, proof: Proof) -> Self {
        Self { validity: Validity::Inactive(how), proof, access: None, notes: Vec::new() }
    }
}
