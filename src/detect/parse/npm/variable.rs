//! Variables with npm in their name, wherever they are set: shell, YAML, JSON, Dockerfiles, command lines, code.

use std::ops::Range;

use super::token::legacy;
use super::value::{Lines, Opening, neighbour, opening, token_up_to};
use super::{Found, Text};
use crate::detect::decode;
use crate::model::BoundHost;

const LONGEST_NAME: usize = 64;
/// A UUID in base64, with the line feed that `echo` puts behind it.
const LONGEST: usize = 52;
/// Variables that a client reads as its setting.
const SETTINGS: [&[u8]; 3] = [b"YARN_NPM_AUTH_TOKEN", b"NPM_CONFIG_TOKEN", b"COREPACK_NPM_TOKEN"];

/// A variable and where its value begins.
#[derive(Debug)]
pub(super) struct Variable {
    pub(super) value: Opening,
    /// Whether a client reads it as its setting: then it is a credential field like the one in a file.
    pub(super) is_setting: bool,
}

/// UUIDs in variables: npm's tokens of the time before 2021.
pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    read(text, anchor).into_iter().collect()
}

fn read(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let name = anchor.start;
    let variable = at(text, anchor)?;
    let (span, secret) = token_up_to(text.bytes, variable.value, LONGEST)?;
    // As Kubernetes has its secrets.
    let secret = match secret.len() {
        48 | 52 => decode::base64(&secret)?.trim_ascii_end().to_vec(),
        _ => secret,
    };
    legacy(&secret)?;
    let host = host(text, name);
    let offline = match &host {
        Some(host) if !text.is_public(host) => super::token::format("UUID"),
        _ => legacy(&secret)?,
    };
    Some(Found { span, secret, user: None, host, evidence: None, offline })
}

/// The registry that another variable beside it names.
pub(super) fn host(text: &Text<'_>, name: usize) -> Option<BoundHost> {
    text.siblings().variable(name)
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
    let value = opening(bytes, end, Lines::Any)?;
    let value = neighbour(bytes, end, Some(value)).unwrap_or(value);
    let value = text.in_braces(value);
    Some(Variable { value, is_setting: SETTINGS.iter().any(|setting| name.ends_with(setting)) })
}
