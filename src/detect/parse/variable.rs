//! Variables with npm in their name, wherever they are set: shell, YAML, JSON, Dockerfiles, command lines, code.

use std::ops::Range;

use super::token::legacy;
use super::value::{AFTER_TOKEN, LONGEST_GAP, Lines, Opening, opening, token_up_to};
use super::{Found, Text};

const LONGEST_NAME: usize = 64;
const UUID: usize = 36;

/// A variable and where its value begins.
#[derive(Debug)]
pub(super) struct Variable {
    pub(super) value: Opening,
    /// Whether a client reads it as its setting: then it is a credential field like the one in a file.
    pub(super) is_setting: bool,
}

/// UUIDs in variables: npm's tokens of the time before 2021.
pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let variable = at(text, anchor)?;
    text.looks_up_to(variable.value.at + UUID + AFTER_TOKEN + 1);
    let (span, secret) = token_up_to(text.bytes, variable.value, UUID)?;
    let offline = legacy(&secret)?;
    Some(Found { span, secret, user: None, host: None, evidence: None, offline })
}

/// Reads the variable whose name the anchor is part of.
pub(super) fn at(text: &Text<'_>, anchor: Range<usize>) -> Option<Variable> {
    let bytes = text.bytes;
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    let left = bytes.get(..anchor.start)?.iter().rev().take(LONGEST_NAME).take_while(is_name).count();
    let right = bytes.get(anchor.end..)?.iter().take(LONGEST_NAME).take_while(is_name).count();
    let end = anchor.end + right;
    let name = bytes.get(anchor.start - left..end)?.to_ascii_uppercase();
    let names_secret = ["TOKEN", "_AUTH", "KEY", "SECRET"].iter().any(|word| name.ends_with(word.as_bytes()));
    if !names_secret || name.len() > LONGEST_NAME {
        return None;
    }
    let mut value = opening(bytes, end, Lines::Any)?;
    // Kubernetes and Compose: `- name: NPM_TOKEN`, and `value:` on the next line.
    if let Some(rest) = bytes.get(value.at..)
        && rest.get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"value"))
    {
        text.looks_up_to(value.at + 5 + LONGEST_GAP);
        value = opening(bytes, value.at + 5, Lines::AfterColon)?;
    }
    let is_setting = name.ends_with(b"YARN_NPM_AUTH_TOKEN") || name.ends_with(b"NPM_CONFIG_TOKEN");
    Some(Variable { value, is_setting })
}
