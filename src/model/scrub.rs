//! Takes secrets out of foreign text: paths, commit subjects, server messages, error messages.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::secret::Secret;

/// Secrets shorter than this are words of every other sentence, and are not looked for.
const SHORTEST: usize = 6;
/// In base64, shorter ones are parts of other texts by chance.
const SHORTEST_ENCODED: usize = 8;

/// Replaces every known secret, and whatever has a token's shape, by a redacted form.
#[derive(Clone, Debug, Default)]
pub struct Scrubber {
    /// By their first bytes, so that a text costs its own length, however many secrets are known.
    known: HashMap<[u8; SHORTEST], Vec<Known>>,
    /// Texts that everybody knows.
    spared: Vec<String>,
}

/// One way in which a secret may be written, and what is shown in its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Known {
    written: Secret,
    shown: String,
}

impl Scrubber {
    /// Knows these secrets in addition to the shapes: as they are, and inside base64.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut known: HashMap<[u8; SHORTEST], Vec<Known>> = HashMap::new();
        let mut add = |written: Secret, shown: String| {
            if let Some(start) = written.expose().first_chunk() {
                known.entry(*start).or_default().push(Known { written, shown });
            }
        };
        for secret in secrets {
            if std::str::from_utf8(secret.expose()).is_err() {
                continue;
            }
            if secret.len() >= SHORTEST_ENCODED {
                for encoded in encoded(secret.expose()) {
                    add(Secret::password(encoded), "***".to_owned());
                }
            }
            let shown = secret.redacted();
            add(secret, shown);
        }
        for same_start in known.values_mut() {
            same_start.sort_by(|a, b| b.written.len().cmp(&a.written.len()).then_with(|| a.cmp(b)));
            same_start.dedup();
        }
        Self { known, spared: Vec::new() }
    }

    /// Leaves known secrets alone where they stand inside one of these texts. Everybody knows the texts, so that a gap in
    /// one would give away what a word hides: `npm-registry-***`.
    pub fn sparing(mut self, texts: impl IntoIterator<Item = String>) -> Self {
        self.spared.extend(texts);
        self
    }

    /// The text without secrets.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let out = match self.mask_known(text) {
            Some(masked) => Cow::Owned(masked),
            None => Cow::Borrowed(text),
        };
        match mask_shapes(&out) {
            Some(masked) => Cow::Owned(masked),
            None => out,
        }
    }

    fn spares(&self, text: &str, span: &Range<usize>) -> bool {
        self.spared.iter().any(|spared| {
            // As far to both sides as it can lie and still hold the span.
            let first = span.end.saturating_sub(spared.len());
            let last = span.start.saturating_add(spared.len()).min(text.len());
            let near = text.as_bytes().get(first..last).unwrap_or_default();
            near.len() >= spared.len() && memchr::memmem::find(near, spared.as_bytes()).is_some()
        })
    }

    fn mask_known(&self, text: &str) -> Option<String> {
        if self.known.is_empty() {
            return None;
        }
        let mut out = String::new();
        let mut done = 0;
        let mut pending: Option<(Range<usize>, String)> = None;
        for (at, window) in text.as_bytes().windows(SHORTEST).enumerate() {
            let here = text.as_bytes().get(at..).unwrap_or_default();
            let candidates = <[u8; SHORTEST]>::try_from(window).ok().and_then(|start| self.known.get(&start));
            let Some(found) =
                candidates.and_then(|known| known.iter().find(|known| here.starts_with(known.written.expose())))
            else {
                continue;
            };
            let span = at..at + found.written.len();
            if self.spares(text, &span) {
                continue;
            }
            pending = match pending.take() {
                // Overlapping secrets hide each other's ends.
                Some((earlier, _)) if at < earlier.end => {
                    Some((earlier.start..earlier.end.max(span.end), "***".into()))
                }
                Some((earlier, redacted)) => {
                    out.push_str(text.get(done..earlier.start).unwrap_or_default());
                    out.push_str(&redacted);
                    done = earlier.end;
                    Some((span, found.shown.clone()))
                }
                None => Some((span, found.shown.clone())),
            };
        }
        let (last, redacted) = pending?;
        out.push_str(text.get(done..last.start).unwrap_or_default());
        out.push_str(&redacted);
        out.push_str(text.get(last.end..).unwrap_or_default());
        Some(out)
    }
}

/// What a secret is in base64 of either alphabet, wherever in it the secret begins: the characters that nothing else decides over.
fn encoded(secret: &[u8]) -> impl Iterator<Item = String> {
    [STANDARD_NO_PAD, URL_SAFE_NO_PAD].into_iter().flat_map(move |alphabet| {
        (0..3).filter_map(move |before| {
            let all = alphabet.encode([&[0; 2][..before], secret].concat());
            let (first, last) = ((before * 8).div_ceil(6), (before + secret.len()) * 8 / 6);
            Some(all.get(first..last)?.to_owned())
        })
    })
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

    #[test]
    fn secrets_go_inside_base64_too() {
        let scrubber = Scrubber::new([Secret::token("k?1~2>3ÿ4-secret"), Secret::password("short")]);
        for before in ["", "a", "ab", "abc"] {
            let plain = format!("{before}k?1~2>3ÿ4-secret, and more");
            for text in [STANDARD_NO_PAD.encode(&plain), URL_SAFE_NO_PAD.encode(&plain)] {
                let scrubbed = scrubber.scrub(&text);
                assert!(scrubbed.contains("***") && scrubbed.len() < text.len() - 16, "{scrubbed}");
            }
        }
        assert_eq!(scrubber.scrub(&STANDARD_NO_PAD.encode("short")), STANDARD_NO_PAD.encode("short"));
    }

    #[test]
    fn overlapping_and_nested_secrets_leave_nothing() {
        let scrubber = Scrubber::new(["abcdefgh", "abcdefghij", "ghijklmn", "äöüßéè"].map(Secret::password));
        let cases = [
            ("abcdefgh abcdefghij", "*** ***"),
            ("<abcdefghijklmn>", "<***>"),
            ("äöüßéèäöüßéè", "******"),
            ("abcdef äöü", "abcdef äöü"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(scrubber.scrub(text), expected);
        }
    }

    #[test]
    fn a_text_that_everybody_knows_keeps_its_words() {
        let scrubber = Scrubber::new(["password", "registry", "npm-registry-password2"].map(Secret::password));
        let scrubber = scrubber.sparing(["npm-registry-password".to_owned(), "The password of an account.".to_owned()]);
        let cases = [
            ("rule npm-registry-password, path a", "rule npm-registry-password, path a"),
            ("The password of an account.", "The password of an account."),
            ("The password of an account is password", "The *** of an account is ***"),
            ("npm-registry-passwor, password", "npm-***-passwor, ***"),
            ("xnpm-registry-passwordx password", "xnpm-registry-passwordx ***"),
            ("npm-registry-password2", "***"),
        ];
        for (text, expected) in cases {
            assert_eq!(scrubber.scrub(text), expected, "{text}");
        }
    }

    #[test]
    fn many_secrets_cost_no_more_than_few() {
        let scrubber = Scrubber::new((0..20_000).map(|n| Secret::password(format!("{n:08}-secret"))));
        let text = "00001234-secret and 99999999-secret ".repeat(20_000);
        let start = std::time::Instant::now();
        assert_eq!(scrubber.scrub(&text), "*** and 99999999-secret ".repeat(20_000));
        assert!(start.elapsed() < std::time::Duration::from_secs(10), "{:?}", start.elapsed());
    }
}
