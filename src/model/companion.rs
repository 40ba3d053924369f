//! What belongs to a secret besides itself: without the user's name, the organization or the host, some are of no use to anybody.

/// What a companion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// The name that goes with it: a user's, a robot's, the first half of a pair.
    User,
    /// The organization, account or namespace that it works for.
    Organization,
    /// The server that takes it.
    Host,
}

impl Part {
    /// The word of reports and of rule files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Organization => "organization",
            Self::Host => "host",
        }
    }
}

/// How sure it is that a companion belongs to the secret; the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// The field, the line or the command that holds the secret binds them together.
    High,
    /// A variable of the same file says so, and none says otherwise.
    Medium,
    /// Several variables say different things, and this one stands nearest.
    Low,
}

impl Confidence {
    /// The word of reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// Something that stands in the file of a secret and seems to belong to it. It only informs: a secret is never sent anywhere because of
/// it, and nothing is told apart by it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Companion {
    /// What it is.
    pub part: Part,
    /// What the file says.
    pub value: String,
    /// How sure it is that they belong together.
    pub confidence: Confidence,
}
