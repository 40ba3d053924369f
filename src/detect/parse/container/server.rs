//! Clients of artifact servers: `jfrog-cli.conf` with its list of servers and the command that writes it, and Cloudsmith's `credentials.ini`.

use std::ops::Range;

use super::form::command::words;
use super::form::json::{objects, unescaped};
use super::form::lines::Table;
use super::host::address;
use super::{Found, Text, credential};

/// How far from its address a server's object begins.
const ABOVE: usize = 1 << 10;

/// The object of one server, read from its address.
pub(super) fn jfrog(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let bytes = text.bytes;
    if bytes.get(anchor.start) == Some(&b'j') {
        return command(text, &anchor);
    }
    let head = bytes.get(anchor.start.saturating_sub(ABOVE)..anchor.start).unwrap_or_default();
    let Some(open) = memchr::memrchr(b'{', head) else {
        text.looks_at(&(anchor.start.saturating_sub(ABOVE)..anchor.end));
        return Vec::new();
    };
    let open = anchor.start - head.len() + open;
    let objects = objects(bytes, open);
    text.looks_at(&(open..objects.end + 1));
    let Some(server) = objects.all.first() else { return Vec::new() };
    // Older versions have no other address than that of the platform.
    let url = ["artifactoryUrl", "url"].iter().find_map(|name| server.text(bytes, &[*name]));
    let Some(url) = url.map(unescaped) else { return Vec::new() };
    let host = address(&url);
    let user = server.text(bytes, &["user"]);
    let password = server
        .value(bytes, &["password"])
        .and_then(|span| credential::password(span.clone(), &unescaped(bytes.get(span)?), user, host.clone()));
    let tokens = ["accessToken", "refreshToken", "artifactoryRefreshToken", "apiKey"].iter().filter_map(|name| {
        let span = server.value(bytes, &[*name])?;
        credential::token(span.clone(), bytes.get(span)?, host.clone())
    });
    password.into_iter().chain(tokens).collect()
}

/// `jf c add --url=URL --user=USER --password=PASSWORD`, or with a token.
fn command(text: &Text<'_>, anchor: &Range<usize>) -> Vec<Found> {
    let bytes = text.bytes;
    let words = words(bytes, anchor.end);
    text.looks_at(&(anchor.start..words.end + 1));
    let of = |names: &[&str]| words.option(names).and_then(|span| bytes.get(span));
    let host = of(&["--artifactory-url", "--url"]).and_then(address);
    let user = of(&["--user"]);
    let secret = |name: &str| words.option(&[name]).and_then(|span| Some((span.clone(), bytes.get(span)?)));
    let password = secret("--password").and_then(|(span, raw)| credential::password(span, raw, user, host.clone()));
    let token = |name| secret(name).and_then(|(span, raw)| credential::token(span, raw, host.clone()));
    password.into_iter().chain(["--access-token", "--apikey"].into_iter().filter_map(token)).collect()
}

/// `api_key` below `[default]`.
pub(super) fn cloudsmith(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let Some((_, table)) = Table::below(text.bytes, anchor.start) else { return Vec::new() };
    text.looks_at(&(anchor.start..table.body.end + 1));
    let read = || {
        let span = table.value(&["api_key"])?;
        let raw = text.bytes.get(span.clone())?;
        let body = raw.strip_prefix(b"csa_").unwrap_or(raw);
        let is_key = matches!(body.len(), 36 | 40) && body.iter().all(u8::is_ascii_alphanumeric);
        if is_key { credential::token(span, raw, None) } else { None }
    };
    read().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn servers() {
        table(
            jfrog,
            &["\"artifactoryUrl\"", "\"serverId\"", "jf c add", "jf config add"],
            &[
                (
                    "jf c add corp --url=https://r.invalid --user=mia --password=Kestrel-1 --interactive=false",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                (
                    "jf config add --artifactory-url https://r.invalid/a --access-token {opaque}",
                    &["- {opaque} r.invalid/a/"],
                ),
                ("jf c add corp --url=https://r.invalid --user=mia --password=$P", &[]),
                (
                    "{\"servers\": [{\"url\": \"https://r.invalid/\", \"artifactoryUrl\": \"https://r.invalid/artifactory/\", \"user\": \"mia\", \"password\": \"Kestrel-1\"}]}",
                    &["mia Kestrel-1 r.invalid/artifactory/"],
                ),
                (
                    "{\r\n\"user\": \"mia\",\r\n\"artifactoryUrl\": \"https://r.invalid/artifactory/\",\r\n\"accessToken\": \"{opaque}\",",
                    &["- {opaque} r.invalid/artifactory/"],
                ),
                ("{\"artifactoryUrl\": \"https://r.invalid/\", \"user\": \"mia\", \"password\": \"${P}\"}", &[]),
                (
                    "{\"servers\":[{\"url\":\"https://r.invalid/\",\"user\":\"mia\",\"password\":\"Kestrel-1\",\"serverId\":\"x\"}]}",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                ("{\"user\":\"mia\",\"password\":\"Kestrel-1\",\"serverId\":\"x\"}", &[]),
                ("\"artifactoryUrl\"", &[]),
            ],
        );
        table(
            cloudsmith,
            &["[default]"],
            &[
                ("[default]\napi_key={hex40}\n", &["- {hex40} -"]),
                ("# comment\r\n[default]\r\napi_key = {hex40}\r\n", &["- {hex40} -"]),
                ("[default]\napi_key=\n", &[]),
                ("[default]\nregion = x\n[other]\napi_key={hex40}\n", &[]),
            ],
        );
    }
}
