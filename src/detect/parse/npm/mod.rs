//! npm's own grammars: `.npmrc`, `.yarnrc.yml`, `bunfig.toml`, pnpm's structured settings, lock files, variables.

mod bunfig;
mod jwt;
mod password;
mod pnpm;
mod registry_token;
mod token;
mod unknown;
mod variable;
mod yarn;

use super::{Found, Parser, Text, credential, form, host, key, own, siblings, url, value};

pub(super) use password::is_part_of_word;
pub(super) use token::is_self_evident;

/// The parsers that npm's rules name.
pub(super) const PARSERS: [(&str, Parser); 4] = [
    ("npm-unknown-token", own(unknown::parse)),
    ("npm-registry-token", own(registry_token::parse)),
    ("npm-legacy-token", own(variable::parse)),
    ("npm-registry-password", own(password::parse)),
];
