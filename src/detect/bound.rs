//! Whose a credential is by the host that its file binds it to.
//!
//! In: the hosts of all registries, and a host from a file. Out: the rule of the registry that owns the host, if it has one for such
//! credentials. It says whom a secret belongs to; where a secret may be sent is decided elsewhere, and never by a file.

use std::collections::HashMap;

use super::parse::host_of;
use crate::model::{BoundHost, Matcher, RuleSet};

/// The hosts of registries, each with the rule for what is bound to it.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    exact: HashMap<String, usize>,
    /// What follows the `*` of `*.example.com`, dot included.
    below: Vec<(String, usize)>,
}

impl Owners {
    /// Takes the hosts of every registry that has a rule for them.
    pub(crate) fn new(rules: &RuleSet) -> Self {
        let mut owners = Self::default();
        for (index, rule) in rules.rules.iter().enumerate().filter(|(_, rule)| matches!(rule.matcher, Matcher::Bound)) {
            let Some(facts) = rules.registry(&rule.registry) else { continue };
            let api = facts.api.as_deref().and_then(host_of);
            for host in api.iter().chain(&facts.mirrors).chain(&facts.hosts) {
                match host.strip_prefix('*') {
                    Some(below) => owners.below.push((below.to_owned(), index)),
                    None => _ = owners.exact.entry(host.clone()).or_insert(index),
                }
            }
        }
        // The nearest domain first.
        owners.below.sort_by_key(|(below, _)| std::cmp::Reverse(below.len()));
        owners
    }

    /// The rule for what is bound to this host.
    pub(crate) fn rule(&self, host: &BoundHost) -> Option<usize> {
        let below = || self.below.iter().find(|(below, _)| host.host.ends_with(below.as_str()));
        self.exact.get(&host.host).copied().or_else(|| below().map(|(_, rule)| *rule))
    }
}
