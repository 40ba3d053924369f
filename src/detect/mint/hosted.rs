//! Secrets of hosted and container registries.

use super::Mint;

impl Mint {
    /// The secret with this placeholder name.
    pub(super) fn hosted(&mut self, name: &str) -> Option<String> {
        self.forge(name).or_else(|| self.container(name)).or_else(|| self.artifact(name))
    }
}
