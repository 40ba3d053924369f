//! Variables and fields by their names, wherever they are set: shell, YAML, JSON, XML, Dockerfiles, command lines, code.
//!
//! In: the names that rules know, and a place where a word that most of them hold stands. Out: the name that stands there, and the value
//! that is set to it. Names are compared without case and separators, so that `HEX_API_KEY`, `hexApiKey` and `--hex-api-key` are one.
//! A hit costs no more than its identifier: words such as `Token` stand everywhere in code.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::Regex;

use super::key::begins_line;
use super::value::{Lines, Link, Opening, neighbour, opening};
use super::{Found, Text};
use crate::detect::decode;
use crate::detect::placeholder::{begins_as_token, is_machine_made, is_placeholder, is_placeholder_pair, is_reference};
use crate::detect::proof::Proof;
use crate::detect::rules;
use crate::model::Offline;

/// Words of which nearly every name of a credential holds one, as they are written.
pub(crate) const CORES: [&str; 16] = [
    "TOKEN", "token", "Token", "PASSW", "passw", "Passw", "API_KEY", "api_key", "apiKey", "ApiKey", "apikey",
    "api-key", "_PAT", "SECRET", "secret", "Secret",
];
/// How far a name goes on to each side of a core.
const LONGEST_NAME: usize = 64;
const LONGEST_IDENTIFIER: usize = 2 * LONGEST_NAME + 16;
/// How many words may stand before a name: `process.env.NAME`, `ORG_GRADLE_PROJECT_name`.
const LEADING_WORDS: usize = 4;
/// Passwords of people are not shorter.
const SHORTEST_PASSWORD: usize = 4;

/// The names of all rules.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// By the name's letters and digits, in lower case.
    exact: HashMap<Vec<u8>, Vec<usize>>,
    /// What stands before and after the `*`.
    open: Vec<(Vec<u8>, Vec<u8>, usize)>,
    longest: usize,
}

impl Names {
    /// Knows this name of a rule.
    pub(crate) fn add(&mut self, name: &str, rule: usize) {
        match name.split_once('*') {
            Some((before, after)) => self.open.push((plain(before.as_bytes()), plain(after.as_bytes()), rule)),
            None => {
                let name = plain(name.as_bytes());
                self.longest = self.longest.max(name.len());
                let rules = self.exact.entry(name).or_default();
                if !rules.contains(&rule) {
                    rules.push(rule);
                }
            }
        }
    }

    /// The rules that know the identifier, as it stands or without leading words; the longest name wins.
    pub(crate) fn rules(&self, identifier: &[u8]) -> &[usize] {
        let mut plain = [0; LONGEST_IDENTIFIER];
        let mut words = [0; LEADING_WORDS + 1];
        let (mut length, mut count) = (0, 1);
        for byte in identifier.iter().take(LONGEST_IDENTIFIER) {
            if byte.is_ascii_alphanumeric() {
                plain[length] = byte.to_ascii_lowercase();
                length += 1;
            } else if count < words.len() && words[count - 1] != length {
                words[count] = length;
                count += 1;
            }
        }
        words[..count].iter().find_map(|start| self.known(&plain[*start..length])).unwrap_or_default()
    }

    fn known(&self, name: &[u8]) -> Option<&[usize]> {
        let exact = self.exact.get(name).filter(|_| name.len() <= self.longest);
        exact.map(Vec::as_slice).or_else(|| {
            let fits = |(before, after, _): &&(Vec<u8>, Vec<u8>, usize)| {
                name.len() > before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
            };
            self.open.iter().find(fits).map(|(.., rule)| std::slice::from_ref(rule))
        })
    }
}

fn plain(name: &[u8]) -> Vec<u8> {
    name.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect()
}

/// Whether a name is seen by the first pass: it holds a core or one of these literals.
pub(crate) fn is_anchored(name: &str, literals: &[String]) -> bool {
    CORES.iter().any(|core| name.contains(core)) || literals.iter().any(|literal| name.contains(literal.as_str()))
}

/// The identifier around a hit: letters, digits, `_`, `-` and `.`, without the signs at its ends. `None` where it has no end.
pub(crate) fn identifier(bytes: &[u8], hit: &Range<usize>) -> Option<Range<usize>> {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'-' | b'.');
    let is_sign = |byte: &&u8| !byte.is_ascii_alphanumeric();
    let before = bytes.get(hit.start.saturating_sub(LONGEST_NAME)..hit.start)?.iter().rev().take_while(is_part).count();
    let after = bytes.get(hit.end..)?.iter().take(LONGEST_NAME).take_while(is_part).count();
    if before == LONGEST_NAME || after == LONGEST_NAME {
        return None;
    }
    let whole = hit.start - before..hit.end + after;
    let text = bytes.get(whole.clone())?;
    let signs = text.iter().take_while(is_sign).count();
    // `-Pname=value` and `-Dname=value` set properties of Gradle and of Java.
    let is_property = matches!(text.get(signs.wrapping_sub(1)..), Some([b'-', b'P' | b'D', letter, ..]) if letter.is_ascii_lowercase());
    // `\nNAME=value`: a line of a text in quotes.
    let is_escape = signs == 0
        && matches!(text, [b'n' | b'r' | b't', _, ..])
        && whole.start.checked_sub(1).and_then(|at| bytes.get(at)) == Some(&b'\\');
    let start = whole.start + signs + usize::from(is_property || is_escape);
    let end = whole.end - text.iter().rev().take_while(is_sign).count();
    (start < end).then_some(start..end)
}

/// What a rule by name asks of the value.
pub(crate) struct Value {
    text: Option<String>,
    proof: Option<Proof>,
    compiled: OnceLock<Option<Regex>>,
}

impl Value {
    /// Takes the expression of the whole value, if there is one.
    pub(crate) fn new(text: Option<&str>, proof: Option<Proof>) -> Self {
        Self { text: text.map(str::to_owned), proof, compiled: OnceLock::new() }
    }

    fn regex(&self, text: &str) -> Option<&Regex> {
        self.compiled.get_or_init(|| rules::compile(&format!(r"\A(?:{text})\z")).ok()).as_ref()
    }

    /// Reads the value of the name that stands at `name`.
    pub(crate) fn read(&self, text: &Text<'_>, name: &Range<usize>) -> Option<Found> {
        let near = opening(text.bytes, name.end, Lines::AfterColon);
        let pair = neighbour(text.bytes, name.end, near);
        let value = text.in_braces(pair.or(near)?);
        match &self.text {
            Some(shape) => self.token(text, value, shape).or_else(|| {
                // Signs that no token has.
                let clear = password(text, name, value, pair.is_some())?;
                let is_one = self.regex(shape)?.is_match(&clear.secret);
                let is_proven = self.proof.is_some_and(|proof| proof(&clear.secret).is_some());
                (is_one && is_proven).then_some(clear)
            }),
            None => password(text, name, value, pair.is_some()),
        }
    }

    fn token(&self, text: &Text<'_>, value: Opening, shape: &str) -> Option<Found> {
        let (span, raw) = text.token(value)?;
        let regex = self.regex(shape)?;
        let secret = match in_base64(&raw) {
            Some(decoded) if regex.is_match(&decoded) => decoded,
            Some(decoded) if is_reference(&decoded) || is_placeholder(&decoded) => return None,
            _ => raw,
        };
        if !regex.is_match(&secret) {
            return None;
        }
        let (mut evidence, mut offline) = (None, Offline::new());
        match self.proof {
            Some(proof) => {
                let proven = proof(&secret)?;
                (evidence, offline) = (proven.evidence, proven.offline);
            }
            None if is_placeholder(&secret) => return None,
            None => {}
        }
        Some(Found { evidence, offline, ..Found::new(span, secret) })
    }
}

/// What stands in base64, as Kubernetes has its secrets, with or without the line feed of `echo`. Text that is base64 by chance
/// decodes to nothing but letters, digits and signs once in a few thousand times where it is this long, and less often where it is longer.
pub(crate) fn in_base64(text: &[u8]) -> Option<Vec<u8>> {
    const SHORTEST: usize = 12;
    let mut decoded = decode::base64(text).filter(|_| text.len() >= SHORTEST && text.len().is_multiple_of(4))?;
    if decoded.ends_with(b"\n") {
        decoded.pop();
    }
    decoded.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ').then_some(decoded)
}

/// Text in clear that a name is set to: quoted, or the rest of a line that sets a variable, or what an element holds. Anything else may
/// be an expression of some program.
struct Clear {
    /// Where it stands.
    span: Range<usize>,
    opening: Opening,
    /// Whether it is the fallback of a variable.
    is_default: bool,
    /// Whether nothing but spaces ties it to the name, as Dockerfiles and command lines have it.
    is_spaced: bool,
}

impl Clear {
    /// Reads what begins at the opening. `is_pair`: the name is a value, too, and this one stands beside it.
    fn read(text: &Text<'_>, name: &Range<usize>, opening: Opening, is_pair: bool) -> Option<Self> {
        let bytes = text.bytes;
        let mut span = text.clear(opening)?;
        text.looks_up_to(span.end + 2);
        let element = element(bytes, name, &span);
        span.end = element.unwrap_or(span.end);
        let is_default = is_default(bytes, name, &span);
        span.end -= usize::from(is_default);
        let head = bytes.get(..name.start).unwrap_or_default();
        // Only YAML has both without quotes, on two lines.
        let is_pair = is_pair && matches!(bytes.get(name.end), Some(b'\n' | b'\r' | b'\\'));
        let is_option = head.ends_with(b"--");
        let is_set = opening.quote.is_some()
            || is_default
            || element.is_some()
            || is_pair
            || (opening.link == Link::Assigned
                && (sets_variable(bytes, name) || is_option || in_quotes(bytes, name, &span)));
        let is_spaced = opening.quote.is_some() || head.ends_with(b"ENV ") || is_option;
        let is_tied = is_set || (opening.link == Link::Space && is_spaced);
        let is_type = opening.quote.is_none() && is_type(bytes.get(span.clone())?);
        (is_tied && !is_type).then_some(Self { span, opening, is_default, is_spaced })
    }
}

/// A password in clear.
fn password(text: &Text<'_>, name: &Range<usize>, value: Opening, is_pair: bool) -> Option<Found> {
    let clear = Clear::read(text, name, value, is_pair)?;
    let raw = text.bytes.get(clear.span.clone())?;
    let secret = in_base64(raw).unwrap_or_else(|| raw.to_vec());
    let is_word = |byte: &u8| {
        byte.is_ascii_graphic() && !matches!(byte, b'(' | b')' | b'{' | b'}' | b'[' | b']' | b';' | b'<' | b'>')
    };
    let is_machine = || secret.iter().any(u8::is_ascii_digit) || secret.iter().any(u8::is_ascii_punctuation);
    // What people write as a fallback stands in for a secret more often than it is one.
    if (clear.is_default && !is_machine_made(&secret))
        || (clear.opening.link < Link::Assigned && !(clear.is_spaced && is_machine()))
        || secret.len() < SHORTEST_PASSWORD
        || !secret.iter().all(is_word)
        || is_reference(&secret)
        || is_placeholder(&secret)
        || is_placeholder_pair(b"", &secret)
        || begins_as_token(&secret)
    {
        return None;
    }
    Some(Found::new(clear.span, secret))
}

/// What a variable that holds no secret is set to: a user's name, an address.
pub(crate) fn setting<'t>(text: &Text<'t>, name: &Range<usize>) -> Option<&'t [u8]> {
    let near = opening(text.bytes, name.end, Lines::AfterColon);
    let pair = neighbour(text.bytes, name.end, near);
    let value = text.in_braces(pair.or(near)?);
    let clear = Clear::read(text, name, value, pair.is_some())?;
    let setting = text.bytes.get(clear.span)?;
    let is_expression = |byte: &u8| matches!(byte, b'(' | b')' | b'{' | b'}' | b'[' | b']' | b'<' | b'>' | b';');
    let is_told = clear.opening.link >= Link::Assigned || (clear.opening.link == Link::Space && clear.is_spaced);
    // Quay's `$oauthtoken` is a user, too.
    let name = setting.strip_prefix(b"$").unwrap_or(setting);
    let is_stand_in = is_placeholder_pair(b"-", name) || begins_as_token(setting);
    let is_plain = setting.iter().all(u8::is_ascii_graphic) && !setting.iter().any(is_expression);
    (is_told && is_plain && !is_stand_in).then_some(setting)
}

/// `${NAME:-value}`: the span ends with the brace.
fn is_default(bytes: &[u8], name: &Range<usize>, span: &Range<usize>) -> bool {
    bytes.get(..name.start).is_some_and(|head| head.ends_with(b"${"))
        && matches!(bytes.get(name.end..span.start), Some(b":-" | b"-" | b":=" | b"="))
        && bytes.get(span.clone()).is_some_and(|value| value.ends_with(b"}"))
}

/// Where the value of `<name>value</` ends.
fn element(bytes: &[u8], name: &Range<usize>, span: &Range<usize>) -> Option<usize> {
    let is_opened = bytes.get(..name.start)?.ends_with(b"<") && bytes.get(name.end..span.start)? == b">";
    let length = memchr::memmem::find(bytes.get(span.clone()).filter(|_| is_opened)?, b"</")?;
    Some(span.start + length)
}

/// `"NAME=value"`: the quotes hold nothing else.
fn in_quotes(bytes: &[u8], name: &Range<usize>, span: &Range<usize>) -> bool {
    let before = name.start.checked_sub(1).and_then(|at| bytes.get(at));
    let after = bytes.get(span.end..).unwrap_or_default();
    matches!(before, Some(b'"' | b'\''))
        && bytes.get(name.end..span.start) == Some(b"=")
        && (after.first() == before || after.starts_with(b"\\"))
}

/// Words that stand behind a name where programs and schemas declare it.
fn is_type(word: &[u8]) -> bool {
    const TYPES: [&[u8]; 20] = [
        b"any",
        b"bool",
        b"boolean",
        b"bytes",
        b"char",
        b"false",
        b"none",
        b"null",
        b"number",
        b"object",
        b"optional",
        b"required",
        b"secret",
        b"secretstr",
        b"secretstring",
        b"str",
        b"string",
        b"text",
        b"true",
        b"undefined",
    ];
    let word = word.strip_suffix(b",").unwrap_or(word);
    let word = word.strip_suffix(b"?").unwrap_or(word);
    TYPES.iter().any(|each| word.eq_ignore_ascii_case(each))
}

/// Whether the name begins a line, or stands behind a word that sets variables.
fn sets_variable(bytes: &[u8], name: &Range<usize>) -> bool {
    const WORDS: [&[u8]; 8] = [b"export ", b"set ", b"ENV ", b"ARG ", b"-e ", b"--env ", b"env:", b"-D"];
    let head = bytes.get(..name.start).unwrap_or_default();
    begins_line(bytes, name.start)
        || WORDS.iter().any(|word| head.ends_with(word))
        || head.ends_with(b"\\n")
        || head.strip_suffix(b"\"").is_some_and(|head| head.ends_with(b"set "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_in_every_spelling() {
        let mut names = Names::default();
        for (name, rule) in
            [("HEX_API_KEY", 0), ("TF_TOKEN_*", 1), ("CARGO_REGISTRIES_*_TOKEN", 2), ("gradle.publish.key", 3)]
        {
            names.add(name, rule);
        }
        for (identifier, rule) in [
            ("HEX_API_KEY", Some(0)),
            ("hexApiKey", Some(0)),
            ("--hex-api-key", Some(0)),
            ("process.env.HEX_API_KEY", Some(0)),
            ("ORG_GRADLE_PROJECT_hexApiKey", Some(0)),
            ("HEX_API_KEY_ID", None),
            ("a_b_c_d_e_HEX_API_KEY", None),
            ("TF_TOKEN_app_terraform_io", Some(1)),
            ("TF_TOKEN_", None),
            ("CARGO_REGISTRIES_MY_REG_TOKEN", Some(2)),
            ("GRADLE_PUBLISH_KEY", Some(3)),
            ("token", None),
        ] {
            assert_eq!(names.rules(identifier.as_bytes()).first().copied(), rule, "{identifier}");
        }
    }

    #[test]
    fn base64_of_text_is_told_from_other_words() {
        for (text, expected) in [
            ("S2VzdHJlbC1hYmNkZWZn", Some("Kestrel-abcdefg")),
            ("S2VzdHJlbC1hYmNkZQo=", Some("Kestrel-abcde")),
            ("JHtNWV9UT0tFTn0=", Some("${MY_TOKEN}")),
            ("Kestrel-abcdefgh", None),
            ("a2VzdHJl", None),
            ("", None),
        ] {
            assert_eq!(in_base64(text.as_bytes()).as_deref(), expected.map(str::as_bytes), "{text}");
        }
    }

    #[test]
    fn identifiers_have_ends() {
        for (text, expected) in [
            ("a = process.env.X_TOKEN || 'x'", Some("process.env.X_TOKEN")),
            ("--x-TOKEN y", Some("x-TOKEN")),
            ("the TOKEN.", Some("TOKEN")),
            ("-Pmy.TOKEN=y", Some("my.TOKEN")),
            ("a=b\\nX_TOKEN=y", Some("X_TOKEN")),
            ("n_TOKEN=y", Some("n_TOKEN")),
            ("-PTOKEN=y", Some("PTOKEN")),
            ("TOKEN", Some("TOKEN")),
        ] {
            let at = text.find("TOKEN").unwrap();
            let found = identifier(text.as_bytes(), &(at..at + 5)).map(|range| &text[range]);
            assert_eq!(found, expected, "{text}");
        }
        let long = "x".repeat(80) + "TOKEN";
        assert_eq!(identifier(long.as_bytes(), &(80..85)), None);
    }
}
