//! Takes secrets out of foreign text: paths, commit subjects, server messages, error messages.

use std::borrow::Cow;

use super::secret::Secret;

/// Replaces every known secret, and whatever has a token's shape, by a redacted form.
#[derive(Clone, Debug, Default)]
pub struct Scrubber {
    known: Vec<Secret>,
}

impl Scrubber {
    /// Knows these secrets in addition to the shapes.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut known: Vec<Secret> = secrets.into_iter().filter(|secret| secret.len() >= 6).collect();
        known.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        known.dedup();
        Self { known }
    }

    /// The text without secrets.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut out = Cow::Borrowed(text);
        for secret in &self.known {
            if let Ok(raw) = std::str::from_utf8(secret.expose())
                && out.contains(raw)
            {
                out = Cow::Owned(out.replace(raw, &secret.redacted()));
            }
        }
        match mask_shapes(&out) {
            Some(masked) => Cow::Owned(masked),
            None => out,
        }
    }
}

/// Prefixes of registry tokens; a run of 20 or more token characters after one is masked.
const PREFIXES: [&str; 2] = ["npm_", "npms_"];
const SHORTEST_BODY: usize = 20;

fn mask_shapes(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((at, body)) =
        PREFIXES.iter().filter_map(|prefix| rest.find(prefix).map(|at| (at, at + prefix.len()))).min()
    {
        let run = rest[body..].bytes().take_while(u8::is_ascii_alphanumeric).count();
        if run >= SHORTEST_BODY {
            out.push_str(&rest[..at]);
            out.push_str(&Secret::token(&rest.as_bytes()[at..body + run]).redacted());
        } else {
            out.push_str(&rest[..body + run]);
        }
        rest = &rest[body + run..];
    }
    if out.is_empty() {
        return None;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_secrets_and_token_shapes_go() {
        let password = Secret::password("hunter2hunter2");
        let token = format!("npm_{}", "aB3d".repeat(9));
        let scrubber = Scrubber::new([password]);
        assert_eq!(
            scrubber.scrub(&format!("drop hunter2hunter2 and {token}, npm_config_registry stays")),
            "drop *** and npm_aB3d…aB3d, npm_config_registry stays"
        );
        assert!(matches!(scrubber.scrub("nothing here"), Cow::Borrowed(_)));
    }
}
