//! One credential handed over alone, on standard input: no file around it says what it is.

use crate::detect::Detector;
use crate::model::{Blob, Evidence, Finding, Match, Origin, RegistryId, Secret, SecretKind};

use super::findings;

/// Why what was handed over is no credential.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// Nothing was there.
    #[error("standard input is empty; give the credential there, as in: printf %s \"$TOKEN\" | keyrake verify")]
    Empty,
    /// Its form says nothing.
    #[error("the form of this credential does not say who issued it; name the registry with --registry")]
    Unrecognised,
    /// A whole line or more, and nothing in it that is known.
    #[error("standard input holds more than a credential; give it alone, as in: printf %s \"$TOKEN\" | keyrake verify")]
    NotAlone,
    /// There were several.
    #[error("standard input holds {0} credentials; give one, or use `keyrake scan -`")]
    Several(usize),
    /// There is no such registry.
    #[error("no registry is called `{0}`")]
    NoRegistry(RegistryId),
    /// Its own form says something else, and that decides where it would be sent.
    #[error("by its form this is a credential of {0}, and not of {1}")]
    OtherRegistry(RegistryId, RegistryId),
    /// No rule of that registry covers it.
    #[error("no rule is about a {1} of the registry {0:?}")]
    UnknownRegistry(RegistryId, &'static str),
}

/// What the detector recognises in `text`; with a registry named, all of `text`, whatever its form, if it is one word. A line of
/// a file is none: it may name the host that the credential in it belongs to, and it is not what the registry issued.
pub fn credential(
    detector: &Detector,
    text: &[u8],
    registry: Option<&RegistryId>,
    user: Option<&str>,
) -> Result<Finding, CredentialError> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Err(CredentialError::Empty);
    }
    let rules = &detector.rules().rules;
    if let Some(named) = registry.filter(|named| rules.iter().all(|rule| rule.registry != **named)) {
        return Err(CredentialError::NoRegistry(named.clone()));
    }
    let mut matches = if user.is_none() { detector.scan(&Blob::whole(Origin::Stdin, text)) } else { Vec::new() };
    matches.dedup_by(|a, b| a.secret == b.secret);
    let found = match (matches.len(), registry) {
        (1, None) => matches.remove(0),
        (1, Some(named)) if matches[0].span == (0..text.len()) || !is_word(text) => {
            match rules.get(matches[0].rule).filter(|rule| rule.registry != *named) {
                Some(rule) => return Err(CredentialError::OtherRegistry(rule.registry.clone(), named.clone())),
                None => matches.remove(0),
            }
        }
        (0, None) if user.is_none() => return Err(CredentialError::Unrecognised),
        (0, Some(_)) if user.is_none() && !is_word(text) => return Err(CredentialError::NotAlone),
        (0 | 1, _) => opaque(detector, text, registry, user)?,
        (several, _) => return Err(CredentialError::Several(several)),
    };
    findings::of_matches(&[found], detector.rules()).ok_or(CredentialError::Unrecognised)
}

/// Whether it is made as tokens are: no spaces, quotes or separators, `=` at the end only.
fn is_word(text: &[u8]) -> bool {
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |at| at + 1);
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
    text.get(..end).is_some_and(|body| !body.is_empty() && !body.starts_with(b"//") && body.iter().all(plain))
}

/// A credential of which only the user says what it is.
fn opaque(
    detector: &Detector,
    text: &[u8],
    registry: Option<&RegistryId>,
    user: Option<&str>,
) -> Result<Match, CredentialError> {
    let registry = registry.ok_or(CredentialError::Unrecognised)?;
    let (kind, secret, word) = match user {
        Some(_) => (SecretKind::Password, Secret::password(text), "password"),
        None => (SecretKind::Token, Secret::token(text), "token"),
    };
    let fits = |evidence: Evidence| {
        detector
            .rules()
            .rules
            .iter()
            .position(|rule| rule.registry == *registry && rule.kind == kind && rule.evidence == evidence)
    };
    let rule = fits(Evidence::Field)
        .or_else(|| fits(Evidence::Context))
        .ok_or_else(|| CredentialError::UnknownRegistry(registry.clone(), word))?;
    Ok(Match {
        rule,
        span: 0..text.len(),
        secret,
        user: user.map(str::to_owned),
        host: None,
        companions: Vec::new(),
        evidence: Evidence::Field,
        offline: std::collections::BTreeMap::new(),
        allow: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{mint, rules};

    #[test]
    fn the_registry_that_is_named_must_fit() {
        let mut set = rules::embedded().unwrap();
        let corp = "[registry]\nid = \"corp\"\nname = \"Corp\"\n[[rule]]\nid = \"corp-token\"\nsummary = \"corp token\"\nhelp = \"x\"\n\
                    pattern = \"corp_[0-9a-f]{8}\"\nliterals = [\"corp_\"]\nevidence = \"field\"\nkind = \"token\"\n\
                    examples = [\"corp_9f3c51e7\"]\ncounter_examples = [\"corp_\"]\n";
        rules::add(&mut set, corp, "corp.toml", true).unwrap();
        let detector = Detector::new(set).unwrap();
        let token = mint::fill("{npm_token}", 1);
        let said = |text: &str, registry: &str| {
            let named = Some(RegistryId::new(registry)).filter(|named| !named.as_str().is_empty());
            match credential(&detector, text.as_bytes(), named.as_ref(), None) {
                Ok(finding) => finding.credential.registry.to_string(),
                Err(error) => error.to_string(),
            }
        };
        assert_eq!(said(&token, ""), "npm");
        assert_eq!(said(&token, "npm"), "npm");
        assert_eq!(said(&token, "corp"), "by its form this is a credential of npm, and not of corp");
        assert_eq!(
            said(&format!("NPM_TOKEN={token}\n"), "corp"),
            "by its form this is a credential of npm, and not of corp"
        );
        assert_eq!(said("c0rp", "corp"), "corp");
        assert_eq!(said(&token, "nope"), "no registry is called `nope`");
        assert_eq!(said("c0rp", "nope"), "no registry is called `nope`");
    }
}
