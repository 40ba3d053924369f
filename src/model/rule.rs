//! Rules as data: what a credential looks like, who issues it, what to tell its owner.
//! Parsed and validated by `detect::rules` from `rules/*.toml`; plain afterwards.

use std::fmt;
use std::sync::Arc;

use super::companion::Part;
use super::evidence::Evidence;
use super::secret::SecretKind;

/// The short name of a registry: `npm`, `pypi`, …
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegistryId(Arc<str>);

impl RegistryId {
    /// Takes the short name.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The short name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RegistryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RegistryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is known of a registry itself.
#[derive(Clone, Debug)]
pub struct RegistryFacts {
    /// Short name.
    pub id: RegistryId,
    /// Name as its owners write it.
    pub name: String,
    /// Base URL of the public instance's API; `None` where there is no public instance.
    pub api: Option<String>,
    /// Other hosts that are the same registry (mirrors); a credential bound to one of them belongs to `api`.
    pub mirrors: Vec<String>,
    /// Other hosts at which its credentials are used; `*.` in front stands for any subdomain. They are never asked.
    pub hosts: Vec<String>,
    /// The page on which an owner sees and deletes tokens.
    pub owner_page: Option<String>,
    /// The page on which an owner changes the password.
    pub password_page: Option<String>,
    /// Names of variables that say more of its secrets where they stand in the same file; `*` stands for any word.
    pub companions: Vec<(Part, String)>,
    /// Where the facts come from.
    pub references: Vec<String>,
}

/// How a rule's matches are found.
#[derive(Clone, Debug)]
pub enum Matcher {
    /// By the token's own shape: a bounded pattern over bytes, whose first group (or whole match) is the secret.
    Pattern {
        /// A regular expression of crate `regex`.
        pattern: String,
        /// Whether the secret may stand inside a longer word.
        glued: bool,
        /// The proof in `detect::proof` that has to hold, by its name.
        proof: Option<String>,
    },
    /// By the name of the variable or field that holds it.
    Names {
        /// The names; `*` stands for any word.
        names: Vec<String>,
        /// What the whole value has to be, as a regular expression; `None` for any text that is no placeholder.
        value: Option<String>,
        /// The proof in `detect::proof` that has to hold, by its name.
        proof: Option<String>,
    },
    /// By the grammar of a credential file, in `detect::parse`; the name selects the parser.
    Parser(String),
    /// By the host: whatever a credential file binds to one of the registry's hosts.
    Bound,
}

/// One kind of credential.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Stable name, as reports and suppressions use it.
    pub id: String,
    /// Who issues it.
    pub registry: RegistryId,
    /// One line: what was found. Starts with the registry's name.
    pub summary: String,
    /// What it means and what to do, a paragraph of Markdown.
    pub help: String,
    /// How it is found.
    pub matcher: Matcher,
    /// Byte strings of which at least one stands in every match or beside it; what the prefilter looks for. None are needed where
    /// the names hold what is looked for in any case.
    pub literals: Vec<String>,
    /// The evidence that a match of this rule carries.
    pub evidence: Evidence,
    /// What the secret is.
    pub kind: SecretKind,
    /// Texts that must match. Placeholders such as `{npm_token}` are filled with freshly minted secrets.
    pub examples: Vec<String>,
    /// Texts that must not match.
    pub counter_examples: Vec<String>,
    /// Whether the rule came from the user's `--rules` directory.
    pub custom: bool,
}

/// All rules of a run and the registries they name.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    /// Registries, by id.
    pub registries: Vec<RegistryFacts>,
    /// Rules; a `Match` refers to one by its index.
    pub rules: Vec<Rule>,
}

impl RuleSet {
    /// The facts of one registry.
    pub fn registry(&self, id: &RegistryId) -> Option<&RegistryFacts> {
        self.registries.iter().find(|facts| facts.id == *id)
    }

    /// A rule by its stable name.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }
}
