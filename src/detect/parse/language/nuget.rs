//! `nuget.config`: `<apikeys>` and `<packageSourceCredentials>`, the `nuget` and `dotnet nuget` commands, and the JSON in which Azure's
//! credential provider takes its endpoints. Values of `Password` are encrypted, those of `ClearTextPassword` are not.

use std::ops::Range;

use memchr::memmem;

use super::form::command::words;
use super::form::json::{objects, opened};
use super::form::xml::{attribute, content, tags, unescaped};
use super::host::{address, is_address, named};
use super::{Client, Found, Section, Text, credential, repository};
use crate::model::BoundHost;

/// How far above a password its source and its user stand.
const ABOVE: usize = 512;
const BELOW: usize = 256;
/// How far the list of sources may stand from their credentials.
const SOURCES: usize = 16 << 10;
/// What Windows' encryption of data begins with, in base64.
const ENCRYPTED: &[u8] = b"AQAAANCMnd8";

/// `<apikeys>`: a key for each address.
pub(super) fn keys(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let bytes = text.bytes;
    let section = content(bytes, anchor.end, "apikeys");
    text.looks_at(&(anchor.start..section.end + 1));
    let unread = text.unread(Section::Keys, section);
    let found = tags(bytes, &unread, "<add").filter_map(|tag| {
        let span = attribute(bytes, &tag, "value")?;
        let host = attribute(bytes, &tag, "key").and_then(|key| address(bytes.get(key)?));
        let secret = bytes.get(span.clone()).filter(|secret| !secret.starts_with(ENCRYPTED))?;
        credential::token(span, secret, host)
    });
    found.collect()
}

/// Passwords of package sources.
pub(super) fn passwords(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    match text.bytes.get(anchor.clone()).unwrap_or_default() {
        b"ClearTextPassword" => clear(text, &anchor).into_iter().collect(),
        b"endpointCredentials" => endpoints(text, &anchor),
        b"https://" | b"http://" => repository::password(text, &anchor, Client::NuGet).into_iter().collect(),
        _ => command(text, &anchor).into_iter().collect(),
    }
}

fn clear(text: &Text<'_>, anchor: &Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let rest = bytes.get(anchor.end..bytes.len().min(anchor.end + ABOVE))?;
    let length = memchr::memchr(b'>', rest);
    let end = anchor.end + length.unwrap_or(rest.len());
    text.looks_at(&(anchor.start..end + 1));
    length?;
    let before = bytes.get(anchor.start.saturating_sub(ABOVE)..anchor.start)?;
    let tag = anchor.start - before.len() + memchr::memrchr(b'<', before)?..end;
    let span = attribute(bytes, &tag, "value")?;
    let section = section(bytes, &tag);
    text.looks_at(&(section.start.saturating_sub(64)..section.end));
    let user = tags(bytes, &section, "<add")
        .find(|tag| attribute(bytes, tag, "key").is_some_and(|key| is(bytes, key, b"username")))
        .and_then(|tag| attribute(bytes, &tag, "value"))
        .map(|user| unescaped(bytes.get(user).unwrap_or_default()));
    let secret = unescaped(bytes.get(span.clone())?);
    credential::password(span, &secret, user.as_deref(), source(bytes, section.start))
}

fn is(bytes: &[u8], span: Range<usize>, word: &[u8]) -> bool {
    bytes.get(span).is_some_and(|text| text.eq_ignore_ascii_case(word))
}

/// The tags beside this one, up to those of the element around.
fn section(bytes: &[u8], tag: &Range<usize>) -> Range<usize> {
    let is_add = |text: &[u8]| text.starts_with(b"<add") || text.starts_with(b"<!--");
    let floor = tag.start.saturating_sub(ABOVE);
    let head = bytes.get(floor..tag.start).unwrap_or_default();
    let starts = |at: &usize| head.get(*at..).is_some_and(|text| !is_add(text));
    let start = memchr::memrchr_iter(b'<', head).find(starts).map_or(floor, |at| floor + at);
    let tail = bytes.get(tag.end..bytes.len().min(tag.end + BELOW)).unwrap_or_default();
    let ends = |at: &usize| tail.get(*at..).is_some_and(|text| !is_add(text));
    let end = memchr::memchr_iter(b'<', tail).find(ends).unwrap_or(tail.len());
    start..tag.end + end
}

/// The address of the source whose element begins here, from the list of sources.
fn source(bytes: &[u8], element: usize) -> Option<BoundHost> {
    let rest = bytes.get(element..bytes.len().min(element + 128))?.strip_prefix(b"<")?;
    let length = rest.iter().position(|byte| matches!(byte, b'>' | b' ' | b'/' | b'\n'))?;
    // What an element's name cannot hold is written so.
    let name = String::from_utf8_lossy(rest.get(..length)?).replace("_x0020_", " ").replace("_x003a_", ":");
    let around = element.saturating_sub(SOURCES)..bytes.len().min(element + SOURCES);
    let scope = bytes.get(around.clone())?;
    let list = around.start + memmem::find(scope, b"<packageSources")?;
    let list = content(bytes, list, "packageSources");
    let is_it = |tag: &Range<usize>| attribute(bytes, tag, "key").is_some_and(|key| is(bytes, key, name.as_bytes()));
    let address = tags(bytes, &list, "<add").find(is_it).and_then(|tag| attribute(bytes, &tag, "value"));
    address.and_then(|url| super::host::address(bytes.get(url)?)).or_else(|| named(name.as_bytes()))
}

/// `{"endpointCredentials": [{"endpoint": …, "username": …, "password": …}]}`.
fn endpoints(text: &Text<'_>, anchor: &Range<usize>) -> Vec<Found> {
    let bytes = text.bytes;
    let Some(open) = opened(bytes, anchor.end) else { return Vec::new() };
    let objects = objects(bytes, open);
    text.looks_at(&(anchor.start..objects.end + 1));
    let found = objects.all.iter().filter_map(|endpoint| {
        let span = endpoint.value(bytes, &["password"])?;
        let host = endpoint.text(bytes, &["endpoint"]).and_then(address);
        credential::password(span.clone(), bytes.get(span)?, endpoint.text(bytes, &["username"]), host)
    });
    found.collect()
}

/// `dotnet nuget add source URL -u USER -p PASSWORD`, `nuget sources add -Source URL -UserName USER -Password PASSWORD`.
fn command(text: &Text<'_>, anchor: &Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let words = words(bytes, anchor.end);
    text.looks_at(&(anchor.start..words.end + 1));
    let span = words.option(&["--password", "-Password", "-p"])?;
    let user = words.option(&["--username", "-UserName", "-u"]).and_then(|user| bytes.get(user));
    let plain = words.plain(&["--store-password-in-clear-text", "-StorePasswordInClearText"]);
    let url = words.option(&["--source", "-Source", "-s"]).into_iter().chain(plain);
    let host = url.filter_map(|url| bytes.get(url)).find(|url| is_address(url)).and_then(address);
    credential::password(span.clone(), bytes.get(span)?, user, host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    const CONFIG: &str = "<configuration>\n  <packageSources>\n    <add key=\"Corp\" value=\"https://r.invalid/v3/index.json\" />\n  </packageSources>\n  <packageSourceCredentials>\n    <Corp>\n      <add key=\"Username\" value=\"mia\" />\n      <add key=\"ClearTextPassword\" value=\"Kes&amp;trel\" />\n    </Corp>\n  </packageSourceCredentials>\n</configuration>";

    #[test]
    fn sources() {
        let anchors = ["ClearTextPassword", "endpointCredentials", "nuget add source", "nuget sources"];
        table(
            passwords,
            &anchors,
            &[
                (CONFIG, &["mia Kes&trel r.invalid/v3/index.json/"]),
                (&CONFIG.replace('\n', "\r\n"), &["mia Kes&trel r.invalid/v3/index.json/"]),
                (&CONFIG.replace("Kes&amp;trel", "%NUGET_PASSWORD%"), &[]),
                (&CONFIG.replace("ClearTextPassword", "Password"), &[]),
                (
                    "<Corp>\n <add key='ClearTextPassword' value='Kestrel-1' />\n <add key='Username' value='mia' />\n</Corp>",
                    &["mia Kestrel-1 -"],
                ),
                ("<add key=\"ClearTextPassword\" value=\"Kestrel-1\" />", &["- Kestrel-1 -"]),
                ("the ClearTextPassword of a source > x", &[]),
                (
                    "{\"endpointCredentials\": [{\"endpoint\":\"https://r.invalid/x\", \"username\":\"mia\", \"password\":\"Kestrel-1\"}]}",
                    &["mia Kestrel-1 r.invalid/x/"],
                ),
                (
                    "dotnet nuget add source https://r.invalid/x -n corp -u mia -p Kestrel-1 --store-password-in-clear-text",
                    &["mia Kestrel-1 r.invalid/x/"],
                ),
                (
                    "nuget sources add -Name corp -Source https://r.invalid/x -UserName mia -Password Kestrel-1",
                    &["mia Kestrel-1 r.invalid/x/"],
                ),
                ("dotnet nuget add source https://r.invalid/x -u mia -p ${{ secrets.P }}", &[]),
                ("dotnet nuget add source https://r.invalid/x -u mia -p %P%", &[]),
            ],
        );
    }

    #[test]
    fn api_keys() {
        table(
            keys,
            &["<apikeys"],
            &[
                (
                    "<apikeys>\n <add key=\"https://r.invalid/v3\" value=\"{uuid}\" />\n</apikeys>",
                    &["- {uuid} r.invalid/v3/"],
                ),
                ("<apikeys><add key='https://r.invalid/v3' value='AQAAANCMnd8BFdERjHoAwE4k8z1q7m' /></apikeys>", &[]),
                ("<apikeys><add key='https://r.invalid/v3' value='%KEY%' /></apikeys>", &[]),
                ("<apikeys><clear /></apikeys><add key=\"x\" value=\"{uuid}\" />", &[]),
            ],
        );
    }
}
