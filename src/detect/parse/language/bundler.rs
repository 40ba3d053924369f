//! Bundler's settings, `BUNDLE_HOST__NAME: "user:password"`, in `.bundle/config` and variables, `bundle config HOST user:password`, and
//! gem sources with a password in their URL.

use std::ops::Range;

use super::form::command::words;
use super::form::lines::value;
use super::host::{address, is_address};
use super::{Found, Text, credential, url};
use crate::detect::parse::key::begins_line;
use crate::detect::placeholder::is_machine_made;
use crate::model::BoundHost;

const LONGEST_NAME: usize = 128;
/// Quotes, escapes and a separator.
const LONGEST_GAP: usize = 16;
/// Settings of Bundler whose names hold a word of their own behind the two signs.
const OTHERS: [&[u8]; 6] = [b"LOCAL__", b"BUILD__", b"MIRROR__", b"GEM__", b"GEMFILE__", b"PLUGINS__"];

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let found = match text.bytes.get(anchor.clone()).unwrap_or_default() {
        literal if literal.ends_with(b"://") => source(text, &anchor),
        b"BUNDLE_" => setting(text, anchor),
        _ => command(text, anchor),
    };
    found.into_iter().collect()
}

/// Gem sources: `source "https://…"` in a Gemfile, `--source`, `gem sources --add`.
fn source(text: &Text<'_>, anchor: &Range<usize>) -> Option<Found> {
    let is_source = |bytes: &[u8], from: usize, key: &[u8]| {
        let is_call = || {
            let gap = bytes.get(from + b"source".len()..anchor.start).unwrap_or_default();
            gap.iter().all(|byte| matches!(byte, b' ' | b'"' | b'\'' | b'\\'))
        };
        match key {
            b"source" if bytes.get(from..from + 2) == Some(b"--") => true,
            b"source" => (is_call() && begins_line(bytes, from)) || is_option(bytes, from),
            b"bundlemirrorhttps" | b"gemhost" | b"rubygemshost" => true,
            b"add" | b"a" => bytes.get(..from).is_some_and(|head| head.ends_with(b"gem sources ")),
            b"remote" => bytes.get(..from).is_some_and(|head| head.ends_with(b"GEM\n  ")),
            _ => false,
        }
    };
    url::keyed(text, anchor, is_source)
}

/// `gem "name", source: "https://…"`
fn is_option(bytes: &[u8], from: usize) -> bool {
    let head = bytes.get(from.saturating_sub(128)..from).unwrap_or_default();
    let line = memchr::memrchr(b'\n', head).map_or(head, |at| head.get(at + 1..).unwrap_or_default());
    line.ends_with(b", ") && line.trim_ascii_start().starts_with(b"gem ")
}

fn setting(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let rest = bytes.get(anchor.end..)?;
    let is_name = |byte: &&u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b'_';
    let length = rest.iter().take(LONGEST_NAME).take_while(is_name).count();
    let name = rest.get(..length)?;
    if OTHERS.iter().any(|other| name.starts_with(other)) {
        return None;
    }
    let host = host(name)?;
    let end = anchor.end + length;
    let is_gap = |byte: &&u8| matches!(**byte, b'"' | b' ' | b'=' | b':' | b'\\');
    let gap = rest.get(length..)?.iter().take(LONGEST_GAP).take_while(is_gap).count();
    let separator = bytes.get(end..end + gap)?.iter().rposition(|byte| matches!(byte, b'=' | b':'))?;
    let rest = bytes.get(end..bytes.len().min(end + 512))?;
    let line = end + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    text.looks_at(&(anchor.start..line + 1));
    let span = value(bytes, end + separator + 1..line)?;
    // In a shell a word ends with a space, or with the command.
    let raw = bytes.get(span.clone())?;
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b';');
    let length = raw.iter().position(is_end).unwrap_or(raw.len());
    // The quote that ends the string may have an escape of its own.
    let length = length - raw.iter().take(length).rev().take_while(|byte| **byte == b'\\').count();
    of_value(bytes, span.start..span.start + length, host)
}

fn command(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let words = words(bytes, anchor.end);
    text.looks_at(&(anchor.start..words.end + 1));
    let plain = words.plain(&["--global", "--local"]);
    let plain: Vec<_> = plain.into_iter().filter(|word| bytes.get(word.clone()) != Some(b"set")).collect();
    let [name, secret] = plain.try_into().ok()?;
    let name = bytes.get(name).filter(|name| is_address(name))?;
    of_value(bytes, secret, address(name)?)
}

fn of_value(bytes: &[u8], span: Range<usize>, host: BoundHost) -> Option<Found> {
    let raw = bytes.get(span.clone())?;
    if memchr::memmem::find(raw, b"://").is_some() {
        return None;
    }
    match memchr::memchr(b':', raw) {
        Some(colon) => {
            let secret = span.start + colon + 1..span.end;
            let (user, pair) = (raw.get(..colon)?, bytes.get(secret.clone())?);
            // Gemfury and others take the token for the user.
            let is_token = pair == b"x-oauth-basic" && is_machine_made(user);
            let token = || credential::token(span.start..span.start + colon, user, Some(host.clone()));
            if is_token { token() } else { credential::password(secret, pair, Some(user), Some(host)) }
        }
        None => credential::token(span, raw, Some(host)),
    }
}

/// `GEMS__MY___CORP__COM` is `gems.my-corp.com`.
fn host(name: &[u8]) -> Option<BoundHost> {
    let name = std::str::from_utf8(name).ok()?;
    let host = name.replace("___", "-").replace("__", ".").to_ascii_lowercase();
    let is_host = host.contains('.') && !host.starts_with('.') && !host.ends_with('.');
    let last = host.rsplit('.').next().unwrap_or_default();
    (is_host && last.len() >= 2 && last.bytes().all(|byte| byte.is_ascii_alphabetic()))
        .then(|| address(host.as_bytes()))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn settings_and_commands() {
        table(
            parse,
            &["BUNDLE_", "bundle config"],
            &[
                ("---\nBUNDLE_GEMS__R__INVALID: \"mia:Kestrel-1\"\n", &["mia Kestrel-1 gems.r.invalid/"]),
                ("BUNDLE_MY___GEMS__INVALID: mia:Kestrel-1\r\n", &["mia Kestrel-1 my-gems.invalid/"]),
                ("export BUNDLE_GEMS__R__INVALID=mia:Kestrel-1 && x", &["mia Kestrel-1 gems.r.invalid/"]),
                ("x=`BUNDLE_GEMS__R__INVALID=mia:Kestrel-1;`", &["mia Kestrel-1 gems.r.invalid/"]),
                ("ENV BUNDLE_GEMS__R__INVALID=\"mia:Kestrel-1\"", &["mia Kestrel-1 gems.r.invalid/"]),
                ("BUNDLE_GEMS__R__INVALID={opaque}", &["- {opaque} gems.r.invalid/"]),
                ("{\"BUNDLE_GEMS__R__INVALID\": \"mia:Kestrel-1\"}", &["mia Kestrel-1 gems.r.invalid/"]),
                ("bundle config set --global gems.r.invalid mia:Kestrel-1", &["mia Kestrel-1 gems.r.invalid/"]),
                ("bundle config gems.r.invalid mia:Kestrel-1\n", &["mia Kestrel-1 gems.r.invalid/"]),
                ("bundle config gems.r.invalid $USER:$PASS\n", &[]),
                (r#"{\"BUNDLE_GEMS__R__INVALID\": \"mia:Kestrel-1\"}"#, &["mia Kestrel-1 gems.r.invalid/"]),
                (r#"x: \"BUNDLE_GEMS__R__INVALID=mia:Kestrel-1\""#, &["mia Kestrel-1 gems.r.invalid/"]),
                (r#"{"a":"bundle config gems.r.invalid mia:Kestrel-1","b":1}"#, &["mia Kestrel-1 gems.r.invalid/"]),
                ("BUNDLE_GEMS__R__INVALID: \"${CREDENTIALS}\"", &[]),
                ("BUNDLE_GEMS__R__INVALID: \"user:password\"", &[]),
                ("BUNDLE_PATH: \"vendor/bundle:x\"", &[]),
                ("BUNDLE_BUILD__NOKOGIRI__XYZ: \"--use:libraries\"", &[]),
                ("BUNDLE_MIRROR__HTTPS: \"http://mia:Kestrel-1@r.invalid\"", &[]),
            ],
        );
    }

    #[test]
    fn sources() {
        table(
            parse,
            &["https://"],
            &[
                ("source \"https://mia:Kestrel-1@r.invalid/\"", &["mia Kestrel-1 r.invalid/"]),
                ("gem \"a\", source: \"https://mia:Kestrel-1@r.invalid/\"", &["mia Kestrel-1 r.invalid/"]),
                ("f a, source: \"https://mia:Kestrel-1@r.invalid/\"", &[]),
                ("source 'https://mia:Kestrel-1@r.invalid' do", &["mia Kestrel-1 r.invalid/"]),
                ("gem install x --source https://mia:Kestrel-1@r.invalid/", &["mia Kestrel-1 r.invalid/"]),
                ("gem sources --add https://mia:Kestrel-1@r.invalid/", &["mia Kestrel-1 r.invalid/"]),
                ("GEM\n  remote: https://mia:Kestrel-1@r.invalid/\n", &["mia Kestrel-1 r.invalid/"]),
                ("source \"https://#{ENV['U']}:#{ENV['P']}@r.invalid/\"", &[]),
                ("source = \"https://mia:Kestrel-1@r.invalid/\"", &[]),
                ("remote: https://mia:Kestrel-1@r.invalid/", &[]),
            ],
        );
    }
}
