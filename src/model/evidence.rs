//! Why something is believed to be a credential.

/// Why a match is believed, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Evidence {
    /// A checksum inside the secret holds.
    Checksum,
    /// The secret's inner structure holds.
    Structure,
    /// It is the value of a credential field of a known file.
    Field,
    /// A variable or word beside it names the registry.
    Context,
    /// Only the pattern.
    Pattern,
}

impl Evidence {
    /// The word of the JSON contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Checksum => "checksum",
            Self::Structure => "structure",
            Self::Field => "field",
            Self::Context => "context",
            Self::Pattern => "pattern",
        }
    }

    /// Strong enough that an unverified secret is worth failing a run for.
    pub fn is_strong(self) -> bool {
        self <= Self::Field
    }
}
