//! What has to hold for a rule file.

use std::ops::Range;

use super::schema::{At, Companion, Entry, File, Registry};
use super::{RuleError, compile};
use crate::detect::{companions, parse, proof};
use crate::model::{Evidence, Matcher, Part, RegistryFacts, RegistryId, Rule, RuleSet, SecretKind};

/// Shorter literals stand everywhere.
const SHORTEST_LITERAL: usize = 3;
/// No name of ours is longer.
const LONGEST_NAME: usize = 20;

const NO_NAME: &str = "a name is made of letters, digits, `_`, `-`, `.` and at most one `*`";

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

/// Takes a file of ours, which the build has read already.
pub(super) fn embedded(origin: &str, file: File, known: &RuleSet) -> Result<RuleSet, RuleError> {
    convert(file, false, known).map_err(|fault| RuleError::Embedded { origin: origin.to_owned(), reason: fault.reason })
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
        return fault(
            at,
            "this registry is known already; a file may add rules to it, but no endpoints, pages or companions",
        );
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
    /// Whether it says where secrets are sent, where their owners go or what belongs to them.
    fn says_more(&self) -> bool {
        let Self { endpoint, page, companion, .. } = self;
        endpoint.api.is_some()
            || endpoint.web.is_some()
            || !endpoint.mirror.is_empty()
            || !endpoint.hosts.is_empty()
            || page.owner.is_some()
            || page.password.is_some()
            || !companion.user.is_empty()
            || !companion.organization.is_empty()
            || !companion.host.is_empty()
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
        hosts: raw.endpoint.hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
        owner_page: page(raw.page.owner),
        password_page: page(raw.page.password),
        companions: companions(raw.companion)?,
        references: raw.references,
    })
}

fn companions(raw: Companion) -> Result<Vec<(Part, String)>, Fault> {
    let of = |part, names: Vec<At<String>>| names.into_iter().map(move |name| (part, name));
    let all = of(Part::User, raw.user).chain(of(Part::Organization, raw.organization)).chain(of(Part::Host, raw.host));
    let checked = all.map(|(part, name)| {
        if !is_name(name.get_ref()) {
            fault(name.span(), NO_NAME)
        } else if !companions::is_anchored(name.get_ref()) {
            fault(name.span(), "a companion's name holds a common word such as USER, ACCOUNT, URL or HOST")
        } else {
            Ok((part, name.into_inner()))
        }
    });
    checked.collect()
}

fn endpoint(api: &At<String>) -> Result<(), Fault> {
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

fn rule(entry: At<Entry>, registry: &RegistryId, custom: bool) -> Result<Rule, Fault> {
    let at = entry.span();
    let entry = entry.into_inner();
    let matcher = matcher(&entry, at.clone(), custom)?;
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
        literals: literals(entry.literals, &matcher, at)?,
        matcher,
        evidence: evidence(&entry.evidence)?,
        kind: kind(&entry.kind)?,
        examples: entry.examples.into_inner(),
        counter_examples: entry.counter_examples,
        custom,
    })
}

/// The one way in which the rule says that it finds its matches.
fn matcher(entry: &Entry, at: Range<usize>, custom: bool) -> Result<Matcher, Fault> {
    let Entry { pattern, names, parser, bound, .. } = entry;
    let places = [pattern.as_ref().map(At::span), names.as_ref().map(At::span)];
    let places = places.into_iter().chain([parser.as_ref().map(At::span), bound.as_ref().map(At::span)]);
    let places: Vec<Range<usize>> = places.flatten().collect();
    if let [_, second, ..] = places.as_slice() {
        return fault(second.clone(), "a rule has one of `pattern`, `names`, `parser` and `bound`");
    }
    only_with(entry.proof.as_ref(), pattern.is_some() || names.is_some(), "a proof needs a `pattern` or `names`")?;
    only_with(entry.value.as_ref(), names.is_some(), "a value needs `names`")?;
    only_with(entry.glued.as_ref(), pattern.is_some(), "`glued` needs a `pattern`")?;
    let proof = entry.proof.as_ref().map(known_proof).transpose()?;
    match (pattern, names, parser, bound) {
        (Some(pattern), ..) => Ok(Matcher::Pattern {
            pattern: expression(pattern, custom)?,
            glued: entry.glued.as_ref().is_some_and(|glued| *glued.get_ref()),
            proof,
        }),
        (_, Some(names), ..) => Ok(Matcher::Names { names: known_names(names)?, value: value(entry, custom)?, proof }),
        (.., Some(parser), _) if parse::by_name(parser.get_ref()).is_some() => {
            Ok(Matcher::Parser(parser.get_ref().clone()))
        }
        (.., Some(parser), _) => fault(parser.span(), "there is no parser of that name"),
        (.., Some(_)) => Ok(Matcher::Bound),
        _ => fault(at, "a rule needs a `pattern`, `names`, a `parser`, or `bound`"),
    }
}

fn only_with<T>(key: Option<&At<T>>, holds: bool, reason: &str) -> Result<(), Fault> {
    match key {
        Some(key) if !holds => fault(key.span(), reason),
        _ => Ok(()),
    }
}

/// A user's expression is compiled at once, to say where it is wrong; ours have tests, and are compiled when they are needed.
fn expression(text: &At<String>, custom: bool) -> Result<String, Fault> {
    if custom {
        compile(text.get_ref()).or_else(|reason| fault(text.span(), reason))?;
    }
    Ok(text.get_ref().clone())
}

fn value(entry: &Entry, custom: bool) -> Result<Option<String>, Fault> {
    match &entry.value {
        Some(value) => expression(value, custom).map(Some),
        None if entry.kind.get_ref() == "password" => Ok(None),
        None => fault(entry.kind.span(), "a token that is known by its name needs a `value`, or any word would be one"),
    }
}

fn known_proof(name: &At<String>) -> Result<String, Fault> {
    match proof::by_name(name.get_ref()) {
        Some(_) => Ok(name.get_ref().clone()),
        None => fault(name.span(), "there is no proof of that name"),
    }
}

fn known_names(names: &At<Vec<At<String>>>) -> Result<Vec<String>, Fault> {
    if names.get_ref().is_empty() {
        return fault(names.span(), "a rule by name needs a name");
    }
    match names.get_ref().iter().find(|name| !is_name(name.get_ref())) {
        Some(name) => fault(name.span(), NO_NAME),
        None => Ok(names.get_ref().iter().map(|name| name.get_ref().clone()).collect()),
    }
}

fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'*'))
        && name.bytes().filter(u8::is_ascii_alphanumeric).count() >= SHORTEST_LITERAL
        && name.matches('*').count() <= 1
}

fn literals(raw: Option<At<Vec<At<String>>>>, matcher: &Matcher, at: Range<usize>) -> Result<Vec<String>, Fault> {
    let needed = matches!(matcher, Matcher::Pattern { .. } | Matcher::Parser(_));
    let raw = match raw {
        Some(raw) if needed && raw.get_ref().is_empty() => {
            return fault(raw.span(), "a rule needs a literal that stands in or beside every match");
        }
        Some(raw) => raw.into_inner(),
        None if needed => return fault(at, "a rule needs `literals`, of which one stands in or beside every match"),
        None => Vec::new(),
    };
    let literals = raw.into_iter().map(|literal| match literal.get_ref().len() {
        0..SHORTEST_LITERAL => fault(literal.span(), "a literal has at least three bytes"),
        _ => Ok(literal.into_inner()),
    });
    let literals = literals.collect::<Result<Vec<_>, _>>()?;
    match matcher {
        Matcher::Names { names, .. } if !names.iter().all(|name| parse::is_anchored(name, &literals)) => {
            fault(at, "a name holds neither a common word such as TOKEN, nor a literal of the rule")
        }
        _ => Ok(literals),
    }
}

fn slug(id: &At<String>) -> Result<String, Fault> {
    let text = id.get_ref();
    let is_slug = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if is_slug && text.starts_with(|first: char| first.is_ascii_lowercase()) {
        Ok(text.clone())
    } else {
        fault(id.span(), "an id is made of lower-case letters, digits and hyphens, and begins with a letter")
    }
}

fn evidence(text: &At<String>) -> Result<Evidence, Fault> {
    use Evidence::{Checksum, Context, Field, Pattern, Structure};
    let all = [Checksum, Structure, Field, Context, Pattern];
    match all.into_iter().find(|each| each.as_str() == text.get_ref()) {
        Some(evidence) => Ok(evidence),
        None => fault(text.span(), "evidence is one of `checksum`, `structure`, `field`, `context`, `pattern`"),
    }
}

fn kind(text: &At<String>) -> Result<SecretKind, Fault> {
    match text.get_ref().as_str() {
        "token" => Ok(SecretKind::Token),
        "password" => Ok(SecretKind::Password),
        _ => fault(text.span(), "kind is `token` or `password`"),
    }
}
