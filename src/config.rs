//! keyrake.toml: what a project excludes and suppresses, each with its reason, and the policy of whoever runs keyrake.
//!
//! What comes in: the file's text, its name, and who wrote it. What goes out: a valid configuration, or an error with line
//! and column.
//! What it must never do: show the text of a line (it may hold a secret), set anything about endpoints or verification, or
//! let a file that came with the scanned repository move the policy.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use crate::decide::suppress::{Allowances, Exclude, Suppression, Trust};
use crate::decide::{PathGlob, is_fingerprint};
use crate::model::{Code, Notification, Scrubber, Severity};

/// More than this is no configuration.
const MAX_BYTES: usize = 1 << 20;
/// Each pattern costs memory and each is tried on each place.
const MAX_ENTRIES: usize = 1000;

/// A valid configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file, as shown to the user.
    pub origin: String,
    /// What it allows, and who wrote it.
    pub allowances: Allowances,
    /// The gravity from which a run fails.
    pub fail_on: Option<FailOn>,
    /// The baseline file, relative to the configuration.
    pub baseline: Option<String>,
    /// Settings that were ignored, because the scanned repository may not make them.
    pub notifications: Vec<Notification>,
}

/// From which severity on a run fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// This and graver ones.
    At(Severity),
    /// Findings never fail a run.
    Never,
}

impl std::str::FromStr for FailOn {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "low" => Ok(Self::At(Severity::Low)),
            "medium" => Ok(Self::At(Severity::Medium)),
            "high" => Ok(Self::At(Severity::High)),
            "critical" => Ok(Self::At(Severity::Critical)),
            "never" => Ok(Self::Never),
            _ => Err("one of low, medium, high, critical, never is expected".to_owned()),
        }
    }
}

/// Why a configuration is not valid. Says where and why, never the text that stands there.
#[derive(Debug, thiserror::Error)]
#[error("{origin}:{line}:{column}: {reason}")]
pub struct ConfigError {
    /// The file.
    pub origin: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Why.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawConfig {
    fail_on: Option<Spanned<String>>,
    baseline: Option<Spanned<String>>,
    #[serde(default)]
    exclude: Vec<Spanned<RawExclude>>,
    #[serde(default)]
    suppress: Vec<Spanned<RawSuppress>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExclude {
    path: Spanned<String>,
    reason: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSuppress {
    fingerprint: Option<Spanned<String>>,
    rule: Option<Spanned<String>>,
    path: Option<Spanned<String>>,
    reason: Spanned<String>,
    expires: Option<Spanned<toml::Value>>,
}

impl Config {
    /// Reads a configuration. `origin` names the file in messages.
    pub fn parse(text: &str, origin: &str, trust: Trust) -> Result<Self, ConfigError> {
        let source = Source { text, origin };
        if text.len() > MAX_BYTES {
            return Err(source.error(0, format!("the file is over {MAX_BYTES} bytes")));
        }
        let raw: RawConfig = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            source.error(start, without_values(error.message()))
        })?;
        let entries = raw.exclude.iter().map(Spanned::span).chain(raw.suppress.iter().map(Spanned::span));
        if let Some(span) = entries.map(|span| span.start).nth(MAX_ENTRIES) {
            return Err(source.error(span, format!("more than {MAX_ENTRIES} entries; use a baseline")));
        }
        let notifications = source.not_for_discovered(&raw, trust);
        let policy = trust == Trust::Given;
        let fail_on = match &raw.fail_on {
            Some(word) => Some(word.get_ref().parse().map_err(|why: String| source.error(word.span().start, why))?),
            None => None,
        };
        Ok(Self {
            origin: origin.to_owned(),
            allowances: Allowances {
                trust,
                targets: BTreeSet::new(),
                excludes: raw.exclude.iter().map(|entry| source.exclude(entry)).collect::<Result<_, _>>()?,
                suppressions: raw.suppress.iter().map(|entry| source.suppression(entry)).collect::<Result<_, _>>()?,
            },
            fail_on: fail_on.filter(|_| policy),
            baseline: raw.baseline.map(Spanned::into_inner).filter(|_| policy),
            notifications,
        })
    }
}

/// The text that is being read, for turning offsets into lines.
struct Source<'t> {
    text: &'t str,
    origin: &'t str,
}

impl Source<'_> {
    fn error(&self, offset: usize, reason: String) -> ConfigError {
        let (line, column) = self.position(offset);
        ConfigError { origin: self.origin.to_owned(), line, column, reason }
    }

    fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before.get(line_start..).unwrap_or_default().chars().count() + 1)
    }

    fn place(&self, offset: usize) -> String {
        format!("{}:{}", self.origin, self.position(offset).0)
    }

    fn not_for_discovered(&self, raw: &RawConfig, trust: Trust) -> Vec<Notification> {
        let settings = [("fail-on", &raw.fail_on), ("baseline", &raw.baseline)];
        let ignored = |(name, setting): (&str, &Option<Spanned<String>>)| {
            let span = setting.as_ref().filter(|_| trust == Trust::Discovered)?.span();
            let message = format!(
                "`{name}` is ignored: a configuration that comes with the scanned repository may only exclude and \
                 suppress (if it is yours, name it with --config)"
            );
            Some(Notification::note(Code::SettingIgnored, self.place(span.start), message))
        };
        settings.into_iter().filter_map(ignored).collect()
    }

    fn exclude(&self, entry: &Spanned<RawExclude>) -> Result<Exclude, ConfigError> {
        let raw = entry.get_ref();
        Ok(Exclude {
            path: self.glob(&raw.path)?,
            reason: self.reason(&raw.reason)?,
            place: self.place(entry.span().start),
        })
    }

    fn suppression(&self, entry: &Spanned<RawSuppress>) -> Result<Suppression, ConfigError> {
        let raw = entry.get_ref();
        if raw.fingerprint.is_none() && raw.rule.is_none() && raw.path.is_none() {
            let why = "a suppression names a fingerprint, a rule or a path".to_owned();
            return Err(self.error(entry.span().start, why));
        }
        if let Some(odd) = raw.fingerprint.as_ref().filter(|text| !is_fingerprint(text.get_ref())) {
            let why = "a fingerprint is kr1:<rule>:<20 hexadecimal digits>, as reports show it".to_owned();
            return Err(self.error(odd.span().start, why));
        }
        Ok(Suppression {
            fingerprint: raw.fingerprint.as_ref().map(|text| text.get_ref().clone()),
            rule: raw.rule.as_ref().map(|text| text.get_ref().clone()),
            path: raw.path.as_ref().map(|path| self.glob(path)).transpose()?,
            reason: self.reason(&raw.reason)?,
            expires: raw.expires.as_ref().map(|value| self.date(value)).transpose()?,
            place: self.place(entry.span().start),
        })
    }

    fn glob(&self, pattern: &Spanned<String>) -> Result<PathGlob, ConfigError> {
        PathGlob::new(pattern.get_ref()).map_err(|error| self.error(pattern.span().start, error.to_string()))
    }

    fn reason(&self, reason: &Spanned<String>) -> Result<String, ConfigError> {
        match reason.get_ref().trim() {
            "" => Err(self.error(reason.span().start, "the reason is empty: say why".to_owned())),
            text => Ok(text.to_owned()),
        }
    }

    /// TOML's own date, or the same in quotes.
    fn date(&self, value: &Spanned<toml::Value>) -> Result<Date, ConfigError> {
        let text = match value.get_ref() {
            toml::Value::Datetime(date) => date.to_string(),
            toml::Value::String(text) => text.clone(),
            _ => String::new(),
        };
        let date = Some(text).filter(|text| text.len() == "2027-01-31".len()).and_then(|text| text.parse().ok());
        date.ok_or_else(|| self.error(value.span().start, "a date is expected, such as 2027-01-31".to_owned()))
    }
}

/// The parser's own words without the values that it quotes, without token shapes, without control characters.
fn without_values(message: &str) -> String {
    let typed = ["invalid type", "invalid value", "invalid length"].iter().any(|start| message.starts_with(start));
    let kept = match (message.rfind("expected "), message.find('"'), message.rfind('"')) {
        (Some(at), _, _) if typed => message.get(at..).unwrap_or_default().to_owned(),
        (_, Some(first), Some(last)) if first < last => {
            format!("{}…{}", message.get(..first).unwrap_or_default(), message.get(last + 1..).unwrap_or_default())
        }
        _ => message.to_owned(),
    };
    let kept: String = kept.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    Scrubber::default().scrub(kept.trim()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"
fail-on = "high"
baseline = "known.txt"

[[exclude]]
path = "vendor/"
reason = "third-party code"

[[suppress]]
fingerprint = "kr1:npm-access-token:0123456789abcdef0123"
path = "docs/**"
reason = " made up for the manual "
expires = 2027-01-31

[[suppress]]
rule = "npm-uuid"
reason = "none is in use"
expires = "2027-02-01"
"#;

    #[test]
    fn a_given_configuration_sets_everything() {
        let config = Config::parse(FULL, "keyrake.toml", Trust::Given).unwrap();
        assert_eq!((config.fail_on, config.baseline.as_deref()), (Some(FailOn::At(Severity::High)), Some("known.txt")));
        assert!(config.notifications.is_empty());
        let Allowances { trust, excludes, suppressions, .. } = config.allowances;
        assert_eq!((trust, excludes.len(), suppressions.len()), (Trust::Given, 1, 2));
        assert!(excludes[0].path.matches("vendor/a/b"));
        assert_eq!((excludes[0].reason.as_str(), excludes[0].place.as_str()), ("third-party code", "keyrake.toml:5"));
        assert_eq!(suppressions[0].reason, "made up for the manual");
        assert_eq!(suppressions[0].expires, Some(jiff::civil::date(2027, 1, 31)));
        assert_eq!(suppressions[1].expires, Some(jiff::civil::date(2027, 2, 1)));
        assert_eq!(
            (suppressions[1].rule.as_deref(), suppressions[1].place.as_str()),
            (Some("npm-uuid"), "keyrake.toml:15")
        );
    }

    #[test]
    fn a_discovered_configuration_only_excludes_and_suppresses() {
        let config = Config::parse(FULL, "keyrake.toml", Trust::Discovered).unwrap();
        assert_eq!((config.fail_on, config.baseline), (None, None));
        assert_eq!((config.allowances.excludes.len(), config.allowances.suppressions.len()), (1, 2));
        let said: Vec<String> = config
            .notifications
            .iter()
            .map(|said| format!("{} {} {}", said.place, said.code.as_str(), said.message))
            .collect();
        insta::assert_snapshot!(said.join("\n"), @r#"
        keyrake.toml:2 setting-ignored `fail-on` is ignored: a configuration that comes with the scanned repository may only exclude and suppress (if it is yours, name it with --config)
        keyrake.toml:3 setting-ignored `baseline` is ignored: a configuration that comes with the scanned repository may only exclude and suppress (if it is yours, name it with --config)
        "#);
    }

    #[test]
    fn an_empty_file_is_a_configuration() {
        let config = Config::parse("# nothing yet\n", "keyrake.toml", Trust::Discovered).unwrap();
        assert!(config.allowances.excludes.is_empty() && config.allowances.suppressions.is_empty());
    }

    #[test]
    fn as_many_entries_as_allowed_are_read() {
        let text: String =
            (0..MAX_ENTRIES).map(|n| format!("[[exclude]]\npath = \"a{n}/**/b*{{c,d}}\"\nreason = \"x\"\n")).collect();
        let config = Config::parse(&text, "keyrake.toml", Trust::Discovered).unwrap();
        assert!(config.allowances.excludes[999].path.matches("a999/x/y/bxd"));
    }

    #[test]
    fn hostile_nesting_is_an_error() {
        for text in [
            "[".repeat(100_000),
            format!("a = {}", "[".repeat(100_000)),
            "a.".repeat(100_000),
            format!("a = {}", "{a=".repeat(100_000)),
        ] {
            assert!(Config::parse(&text, "keyrake.toml", Trust::Discovered).is_err());
        }
    }

    #[test]
    fn errors_say_where_and_why_and_never_what_stands_there() {
        let secret = "hunter2hunter2";
        let token = format!("npm_{}", "aB3d".repeat(9));
        let cases = [
            "fail-on = \"SECRET\"".to_owned(),
            "fail-on = 3".to_owned(),
            "exclude = \"SECRET\"".to_owned(),
            "exclude = 'x\"SECRET\", expected SECRET'".to_owned(),
            "suppress = { path = 1 }".to_owned(),
            "\n[endpoint]\nnpm = \"SECRET\"".to_owned(),
            "TOKEN = 1".to_owned(),
            "[[exclude]]\npath = \"a\"".to_owned(),
            "[[exclude]]\npath = \"a\"\nreason = \"  \"".to_owned(),
            "[[exclude]]\npath = \"a[SECRET\"\nreason = \"x\"".to_owned(),
            "[[exclude]]\npath = \"!SECRET\"\nreason = \"x\"".to_owned(),
            "[[suppress]]\nreason = \"x\"".to_owned(),
            "[[suppress]]\nfingerprint = \"SECRET\"\nreason = \"x\"".to_owned(),
            "[[suppress]]\nrule = \"x\"\nreason = \"é\"\nexpires = \"SECRET\"".to_owned(),
            "[[suppress]]\nrule = \"x\"\nreason = \"x\"\nexpires = 2027-13-01".to_owned(),
            "[[suppress]]\nrule = \"x\"\nreason = \"x\"\nexpires = 2027-01-01T00:00:00Z".to_owned(),
            "é = [SECRET".to_owned(),
            "a = \"SECRET".to_owned(),
            "[[exclude]]\npath = \"a\"\nreason = \"x\"\n".repeat(1001),
            "#".repeat(MAX_BYTES + 1),
        ];
        let mut said = String::new();
        for case in cases {
            let text = case.replace("SECRET", secret).replace("TOKEN", &token);
            let error = Config::parse(&text, "keyrake.toml", Trust::Given).unwrap_err().to_string();
            assert!(!error.contains(secret) && !error.contains(&token), "{error}");
            said += &format!("{error}\n");
        }
        insta::assert_snapshot!(said, @r#"
        keyrake.toml:1:11: one of low, medium, high, critical, never is expected
        keyrake.toml:1:11: expected a string
        keyrake.toml:1:11: expected a sequence
        keyrake.toml:1:11: expected a sequence
        keyrake.toml:1:12: expected a sequence
        keyrake.toml:2:2: unknown field `endpoint`, expected one of `fail-on`, `baseline`, `exclude`, `suppress`
        keyrake.toml:1:1: unknown field `npm_aB3d…aB3d`, expected one of `fail-on`, `baseline`, `exclude`, `suppress`
        keyrake.toml:1:1: missing field `reason`
        keyrake.toml:3:10: the reason is empty: say why
        keyrake.toml:2:8: the pattern is no glob: unclosed character class; missing ']'
        keyrake.toml:2:8: a pattern cannot take back another (`!`); write a narrower one instead
        keyrake.toml:1:1: a suppression names a fingerprint, a rule or a path
        keyrake.toml:2:15: a fingerprint is kr1:<rule>:<20 hexadecimal digits>, as reports show it
        keyrake.toml:4:11: a date is expected, such as 2027-01-31
        keyrake.toml:4:11: invalid date, expected month between 01 and 12
        keyrake.toml:4:11: a date is expected, such as 2027-01-31
        keyrake.toml:1:20: unclosed array, expected `]`
        keyrake.toml:1:20: invalid basic string, expected `"`
        keyrake.toml:3001:1: more than 1000 entries; use a baseline
        keyrake.toml:1:1: the file is over 1048576 bytes
        "#);
    }
}
