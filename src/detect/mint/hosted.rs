//! Secrets of hosted and container registries.

use super::Mint;

impl Mint {
    /// The secret with this placeholder name.
    pub(super) fn hosted(&mut self, _name: &str) -> Option<String> {
        None
    }
}
