//! Who issued a credential: one client per registry, looking and revoking side by side.
//!
//! What comes in: a credential and the endpoint that issued it. What goes out: an `Inspection` whose every claim names the requests
//! that show it, or the answer to a revocation. What it must never do: send a secret to anyone but its issuer, write anything while
//! inspecting, or guess.

pub mod client;
pub mod endpoint;
pub mod http;
mod npm;

#[cfg(test)]
pub(crate) mod script;

use crate::model::RegistryId;
use client::Registry;

/// The registries that can be asked.
static ALL: [&dyn Registry; 1] = [&npm::Npm];

/// The registries that can be asked.
pub fn all() -> &'static [&'static dyn Registry] {
    &ALL
}

/// The client of a registry, if there is one.
pub fn by_id(id: &RegistryId) -> Option<&'static dyn Registry> {
    all().iter().copied().find(|registry| registry.id() == id.as_str())
}
