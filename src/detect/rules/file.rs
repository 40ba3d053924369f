//! The TOML form of a rule file, and what has to hold for it.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::{RuleError, compile};
use crate::detect::parse;
use crate::model::{Checksum, Evidence, Matcher, RegistryFacts, RegistryId, Rule, RuleSet, SecretKind};

/// Shorter literals stand everywhere.
const SHORTEST_LITERAL: usize = 3;
/// No name of ours is longer.
const LONGEST_NAME: usize = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    registry: Spanned<Registry>,
    #[serde(default, rename = "rule")]
    rules: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registry {
    id: Spanned<String>,
    name: Option<String>,
    #[serde(default)]
    endpoint: Endpoint,
    #[serde(default)]
    page: Page,
    #[serde(default)]
    references: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Endpoint {
    api: Option<Spanned<String>>,
    #[serde(default)]
    mirror: Vec<String>,
    web: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    owner: Option<String>,
    password: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    summary: Spanned<String>,
    help: String,
    pattern: Option<Spanned<String>>,
    checksum: Option<Spanned<String>>,
    parser: Option<Spanned<String>>,
    literals: Spanned<Vec<Spanned<String>>>,
    evidence: Spanned<String>,
    kind: Spanned<String>,
    examples: Spanned<Vec<String>>,
    #[serde(default)]
    counter_examples: Vec<String>,
}

/// Something wrong at a place of the text.
struct Fault {
    at: Range<usize>,
    reason: String,
}

fn fault<T>(at: Range<usize>, reason: impl Into<String>) -> Result<T, Fault> {
    Err(Fault { at, reason: reason.into() })
}

/// Reads and validates one file, which comes after those that are `known`.
pub(super) fn parse(text: &str, origin: &str, custom: bool, known: &RuleSet) -> Result<RuleSet, RuleError> {
    let place = |fault: Fault| {
        let before = text.get(..fault.at.start).unwrap_or(text);
        RuleError::At {
            origin: origin.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1,
            reason: fault.reason,
        }
    };
    let file: File = toml::from_str(text)
        .map_err(|error| place(Fault { at: error.span().unwrap_or(0..0), reason: without_values(error.message()) }))?;
    convert(file, custom, known).map_err(place)
}

/// A deserializer's message without the value or the name it complains about: ``invalid type: string "…", expected a sequence``.
/// Names that look like ours are left in it: they are misspelt, not secret.
fn without_values(message: &str) -> String {
    let message = message.lines().next().unwrap_or_default();
    let message = match (message.find('"'), message.rfind('"')) {
        (Some(open), Some(close)) if open < close => {
            format!("{}…{}", message.get(..open).unwrap_or_default(), message.get(close + 1..).unwrap_or_default())
        }
        _ => message.to_owned(),
    };
    if !(message.starts_with("unknown") || message.starts_with("invalid")) {
        return message;
    }
    let is_name = |text: &str| {
        text.len() <= LONGEST_NAME && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'.')
    };
    let parts = message.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 || is_name(part) { part } else { "…" }).collect::<Vec<_>>().join("`")
}

fn convert(file: File, custom: bool, known: &RuleSet) -> Result<RuleSet, Fault> {
    let at = file.registry.get_ref().id.span();
    let more = file.registry.get_ref().says_more();
    let facts = registry(file.registry.into_inner())?;
    let is_known = known.registry(&facts.id).is_some();
    if is_known && more {
        return fault(at, "this registry is known already; a file may add rules to it, but no endpoints or pages");
    }
    let id = facts.id.clone();
    let mut rules: Vec<Rule> = Vec::new();
    for entry in file.rules {
        let at = entry.get_ref().id.span();
        let rule = rule(entry, &id, custom)?;
        if known.rule(&rule.id).is_some() || rules.iter().any(|other| other.id == rule.id) {
            return fault(at, "there is another rule with this id");
        }
        rules.push(rule);
    }
    Ok(RuleSet { registries: if is_known { Vec::new() } else { vec![facts] }, rules })
}

impl Registry {
    /// Whether it says where secrets are sent or their owners go.
    fn says_more(&self) -> bool {
        let Self { endpoint, page, .. } = self;
        endpoint.api.is_some()
            || endpoint.web.is_some()
            || !endpoint.mirror.is_empty()
            || page.owner.is_some()
            || page.password.is_some()
    }
}

fn registry(raw: Registry) -> Result<RegistryFacts, Fault> {
    let id = slug(&raw.id)?;
    if let Some(api) = &raw.endpoint.api {
        endpoint(api)?;
    }
    let web = raw.endpoint.web.as_deref().map(|web| web.trim_end_matches('/'));
    let page = |template: Option<String>| template.map(|text| text.replace("{web}", web.unwrap_or_default()));
    Ok(RegistryFacts {
        name: raw.name.unwrap_or_else(|| id.clone()),
        id: RegistryId::new(&id),
        api: raw.endpoint.api.map(|api| api.into_inner().trim_end_matches('/').to_owned()),
        mirrors: raw.endpoint.mirror,
        owner_page: page(raw.page.owner),
        password_page: page(raw.page.password),
        references: raw.references,
    })
}

fn endpoint(api: &Spanned<String>) -> Result<(), Fault> {
    let host = parse::host_of(api.get_ref());
    let is_number = |part: &str| part.parse::<u8>().is_ok();
    let is_loopback = host.as_deref().is_some_and(|host| match host.strip_prefix("127.") {
        Some(rest) => rest.split('.').count() == 3 && rest.split('.').all(is_number),
        None => matches!(host, "localhost" | "[::1]"),
    });
    let is_sent_safely = api.get_ref().starts_with("https://") || (api.get_ref().starts_with("http://") && is_loopback);
    if host.is_none() || !is_sent_safely {
        return fault(api.span(), "an endpoint is an https URL, or a loopback one");
    }
    let authority = api.get_ref().split("//").nth(1).and_then(|rest| rest.split('/').next());
    if authority.is_some_and(|authority| authority.contains('@')) {
        return fault(api.span(), "an endpoint has no user name and no password");
    }
    Ok(())
}

fn rule(entry: Spanned<Entry>, registry: &RegistryId, custom: bool) -> Result<Rule, Fault> {
    let at = entry.span();
    let entry = entry.into_inner();
    let matcher = match (&entry.pattern, &entry.checksum, &entry.parser) {
        (Some(pattern), checksum, None) => {
            compile(pattern.get_ref()).or_else(|reason| fault(pattern.span(), reason))?;
            Matcher::Pattern { pattern: pattern.get_ref().clone(), checksum: checksum.as_ref().map(check).transpose()? }
        }
        (None, None, Some(parser)) if parse::by_name(parser.get_ref()).is_some() => {
            Matcher::Parser(parser.get_ref().clone())
        }
        (None, None, Some(parser)) => return fault(parser.span(), "there is no parser of that name"),
        (None, Some(checksum), _) => return fault(checksum.span(), "a checksum needs a pattern"),
        (None, None, None) => return fault(at, "a rule needs a `pattern` or a `parser`"),
        (Some(_), _, Some(parser)) => return fault(parser.span(), "a rule has either a `pattern` or a `parser`"),
    };
    if entry.examples.get_ref().is_empty() {
        return fault(entry.examples.span(), "a rule needs an example, or nothing shows that it works");
    }
    if entry.summary.get_ref().trim().is_empty() || entry.summary.get_ref().contains('\n') {
        return fault(entry.summary.span(), "a summary is one line");
    }
    Ok(Rule {
        id: slug(&entry.id)?,
        registry: registry.clone(),
        summary: entry.summary.into_inner(),
        help: entry.help.trim().to_owned(),
        matcher,
        literals: literals(entry.literals)?,
        evidence: evidence(&entry.evidence)?,
        kind: kind(&entry.kind)?,
        examples: entry.examples.into_inner(),
        counter_examples: entry.counter_examples,
        custom,
    })
}

fn literals(raw: Spanned<Vec<Spanned<String>>>) -> Result<Vec<String>, Fault> {
    if raw.get_ref().is_empty() {
        return fault(raw.span(), "a rule needs a literal that stands in or beside every match");
    }
    raw.into_inner()
        .into_iter()
        .map(|literal| match literal.get_ref().len() {
            0..SHORTEST_LITERAL => fault(literal.span(), "a literal has at least three bytes"),
            _ => Ok(literal.into_inner()),
        })
        .collect()
}

fn slug(id: &Spanned<String>) -> Result<String, Fault> {
    let text = id.get_ref();
    let is_slug = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if is_slug && text.starts_with(|first: char| first.is_ascii_lowercase()) {
        Ok(text.clone())
    } else {
        fault(id.span(), "an id is made of lower-case letters, digits and hyphens, and begins with a letter")
    }
}

fn check(text: &Spanned<String>) -> Result<Checksum, Fault> {
    match text.get_ref().as_str() {
        "crc32-base62" => Ok(Checksum::Crc32Base62),
        _ => fault(text.span(), "the checksum is `crc32-base62`"),
    }
}

fn evidence(text: &Spanned<String>) -> Result<Evidence, Fault> {
    use Evidence::{Checksum, Context, Field, Pattern, Structure};
    let all = [Checksum, Structure, Field, Context, Pattern];
    match all.into_iter().find(|each| each.as_str() == text.get_ref()) {
        Some(evidence) => Ok(evidence),
        None => fault(text.span(), "evidence is one of `checksum`, `structure`, `field`, `context`, `pattern`"),
    }
}

fn kind(text: &Spanned<String>) -> Result<SecretKind, Fault> {
    match text.get_ref().as_str() {
        "token" => Ok(SecretKind::Token),
        "password" => Ok(SecretKind::Password),
        _ => fault(text.span(), "kind is `token` or `password`"),
    }
}
