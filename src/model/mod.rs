//! The ground: plain data that every room above speaks in.
//!
//! What comes in: nothing of ours. What goes out: the words of the house — blobs, rules, secrets, findings, verdicts, runs.
//! What it must never do: read a file, a clock or a network, or show a secret.

mod access;
mod blob;
mod checksum;
mod companion;
mod evidence;
mod finding;
mod location;
mod reported;
mod rule;
mod run;
mod scrub;
mod secret;
mod text;

pub use access::{
    Access, Administration, Cidr, Claim, Expiry, Identity, Inactive, Inspection, Network, PackageReach, Proof, Publish,
    Reach, SecondFactor, TokenKind, Unknown, Validity,
};
pub use blob::{Below, Blob, Fresh, ObjectId, ObjectKind, Origin, Start};
pub use checksum::Checksum;
pub use companion::{Companion, Confidence, Part};
pub use evidence::Evidence;
pub use finding::{BoundHost, Credential, Finding, Hit, Match, Offline, Severity, Suppressed, SuppressedBy};
pub use location::{Commit, Location, Place, Region};
pub use reported::Reported;
pub use rule::{Matcher, RegistryFacts, RegistryId, Rule, RuleSet};
pub use run::{Code, LedgerEntry, Level, Notification, Outcome, Receipt, Run, Signer, Summary, SwitchedOff, Way};
pub use scrub::Scrubber;
pub use secret::{Secret, SecretKind};
pub use text::Encoding;
