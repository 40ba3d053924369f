//! A finding as a report of an earlier run has it: without its secret, but with what is needed to find it again.

use super::finding::{BoundHost, Suppressed};
use super::location::Location;
use super::rule::RegistryId;
use super::secret::Secret;

/// A finding of an earlier run.
#[derive(Clone, Debug)]
pub struct Reported {
    /// Its fingerprint.
    pub fingerprint: String,
    /// The rule's name.
    pub rule: String,
    /// The registry.
    pub registry: RegistryId,
    /// The redacted form.
    pub redacted: String,
    /// The secret, if the report was written with raw secrets.
    pub value: Option<Secret>,
    /// Its places.
    pub locations: Vec<Location>,
    /// Base URL of the endpoint that was asked.
    pub endpoint: Option<String>,
    /// Hosts that files name for it.
    pub hosts: Vec<BoundHost>,
    /// The user name that belongs to it.
    pub user: Option<String>,
    /// Set when it was set aside, and by what.
    pub suppressed: Option<Suppressed>,
    /// The run's targets, below which its places are.
    pub targets: Vec<String>,
}
