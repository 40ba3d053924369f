//! A secret in memory: wiped when dropped, redacted wherever it is printed.

use std::fmt;
use std::hash::{Hash, Hasher};

use zeroize::Zeroizing;

/// How much of a secret its redacted form may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SecretKind {
    /// Machine-made: a few characters at both ends identify it and help nobody.
    Token,
    /// Chosen by a person: no character of it is shown.
    Password,
}

/// The bytes of a credential. `Debug` and `Display` show the redacted form; there is no `Serialize`.
#[derive(Clone)]
pub struct Secret {
    bytes: Zeroizing<Vec<u8>>,
    kind: SecretKind,
}

impl Secret {
    /// Takes a machine-made token.
    pub fn token(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: Zeroizing::new(bytes.into()), kind: SecretKind::Token }
    }

    /// Takes a password.
    pub fn password(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: Zeroizing::new(bytes.into()), kind: SecretKind::Password }
    }

    /// The raw bytes: for the registry that issued them, and for fingerprints. Nothing else may call this (see `tests/layers.rs`).
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// Token or password.
    pub fn kind(&self) -> SecretKind {
        self.kind
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The form that is safe to show: `npm_aBcD…7890`, as the registry's own token list shows it; `***` for a password.
    pub fn redacted(&self) -> String {
        match self.ends() {
            Some((head, tail)) => format!("{head}…{tail}"),
            None => "***".to_owned(),
        }
    }

    /// The first and last characters that may be shown: prefix plus four, and four. `None` where too little would stay hidden.
    pub fn ends(&self) -> Option<(&str, &str)> {
        let text = std::str::from_utf8(&self.bytes).ok()?;
        if self.kind == SecretKind::Password || text.len() < 20 || !text.is_ascii() {
            return None;
        }
        let prefix = text.find('_').filter(|at| *at < 8).map_or(0, |at| at + 1);
        Some((&text[..prefix + 4], &text[text.len() - 4..]))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.redacted())
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Secret {}

impl Hash for Secret {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

impl PartialOrd for Secret {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Secret {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.bytes.cmp(&other.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printed_form_is_redacted() {
        let token = Secret::token(format!("npm_{}{}", "aBcD".repeat(8), "7890"));
        assert_eq!(token.redacted(), "npm_aBcD…7890");
        assert_eq!(format!("{token} {token:?}"), "npm_aBcD…7890 Secret(npm_aBcD…7890)");
        assert_eq!(Secret::token("0123456789abcdef0123").redacted(), "0123…0123");
        assert_eq!(Secret::token("0123456789abcdef").redacted(), "***");
        assert_eq!(Secret::token("ab\u{e9}".repeat(10)).redacted(), "***");
        assert_eq!(Secret::password("correct horse battery staple").redacted(), "***");
    }
}
