//! `settings.xml`: `<server>` with `<username>` and `<password>`, a key's `<passphrase>`, or headers with a token. `{…}` is encrypted.

use std::ops::Range;

use memchr::memmem;

use super::form::xml::{content, element, unescaped};
use super::host::{address, named};
use super::{Found, Text, credential};
use crate::model::BoundHost;

/// How far from the server the repository with its id is looked for.
const REACH: usize = 32 << 10;
/// How far around the id its address stands.
const AROUND: usize = 512;
/// What the servers of Maven Central are called in manuals and files.
const CENTRAL: [&[u8]; 6] = [b"central", b"ossrh", b"sonatype", b"maven-central", b"mavencentral", b"oss.sonatype"];

/// Servers of Maven Central.
pub(super) fn central(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    server(text, &anchor, true)
}

/// Servers of other repositories.
pub(super) fn other(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    server(text, &anchor, false)
}

fn server(text: &Text<'_>, anchor: &Range<usize>, is_central: bool) -> Vec<Found> {
    let bytes = text.bytes;
    let server = content(bytes, anchor.end, "server>");
    let id = element(bytes, &server, "id").and_then(|id| bytes.get(id)).unwrap_or_default();
    text.looks_at(&(anchor.start..server.end + 1));
    if CENTRAL.iter().any(|name| id.to_ascii_lowercase().starts_with(name)) != is_central {
        return Vec::new();
    }
    let user = element(bytes, &server, "username").and_then(|user| bytes.get(user));
    let secrets = ["password", "passphrase"].into_iter().filter_map(|name| element(bytes, &server, name));
    let secrets = secrets.map(|span| (span, user)).chain(header(bytes, &server).map(|span| (span, None)));
    let found = secrets.filter_map(|(span, user)| {
        let secret = unescaped(bytes.get(span.clone())?);
        credential::password(span, &secret, user, None)
    });
    let mut found: Vec<Found> = found.collect();
    if let Some(host) = found.first().and_then(|_| host(bytes, id, &server, is_central)) {
        found.iter_mut().for_each(|found| found.host = Some(host.clone()));
    }
    found
}

/// `<property><name>Authorization</name><value>Bearer …</value></property>`
fn header(bytes: &[u8], server: &Range<usize>) -> Option<Range<usize>> {
    let scope = bytes.get(server.clone())?;
    let at = server.start + memmem::find(scope, b"<httpHeaders>")?;
    let span = element(bytes, &(at..server.end), "value")?;
    let value = bytes.get(span.clone())?;
    let scheme = value.iter().position(|byte| *byte == b' ').map_or(0, |at| at + 1);
    (value.len() - scheme >= 16).then_some(span.start + scheme..span.end)
}

/// The address of the repository with this id; else the id.
fn host(bytes: &[u8], id: &[u8], server: &Range<usize>, is_central: bool) -> Option<BoundHost> {
    let around = server.start.saturating_sub(REACH)..bytes.len().min(server.end.saturating_add(REACH));
    let scope = bytes.get(around.clone())?;
    let tag = [b"<id>", id, b"</id>"].concat();
    let places = memmem::find_iter(scope, &tag).map(|at| around.start + at).filter(|at| !server.contains(at));
    let url = places.take(8).find_map(|at| {
        let end = bytes.len().min(at + AROUND);
        let rest = bytes.get(at..end)?;
        let end = at + memmem::find(rest, b"<id>").filter(|at| *at > 0).unwrap_or(rest.len());
        let end = memmem::find(bytes.get(at + tag.len()..end)?, b"<id>").map_or(end, |next| at + tag.len() + next);
        address(bytes.get(element(bytes, &(at..end), "url")?)?)
    });
    url.or_else(|| if is_central { None } else { named(id) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    #[test]
    fn servers() {
        let server = "<servers>\n  <server>\n    <id>corp</id>\n    <username>mia</username>\n    <password>Kes&lt;trel</password>\n  </server>\n</servers>\n";
        let profile = "<profile><repositories><repository>\n <id>corp</id>\n <url>https://r.invalid/m2/</url></repository></repositories></profile>";
        table(
            other,
            &["<server>"],
            &[
                (server, &["mia Kes<trel corp/"]),
                (&server.replace('\n', "\r\n"), &["mia Kes<trel corp/"]),
                (&format!("{server}{profile}"), &["mia Kes<trel r.invalid/m2/"]),
                (&server.replace("Kes&lt;trel", "{COQLCE6DU6GtcS5P=}"), &[]),
                (&server.replace("Kes&lt;trel", "${env.PASSWORD}"), &[]),
                (&server.replace("Kes&lt;trel", ""), &[]),
                (&server.replace("corp", "central"), &[]),
                (
                    "<server><id>corp</id><username>mia</username><password>Kestrel-1</password>",
                    &["mia Kestrel-1 corp/"],
                ),
                (
                    "<server><id>corp</id><privateKey>k</privateKey><passphrase>Kestrel-1</passphrase></server>",
                    &["- Kestrel-1 corp/"],
                ),
                (
                    "<server><id>corp</id><configuration><httpHeaders><property><name>Authorization</name><value>Bearer {opaque}</value></property></httpHeaders></configuration></server>",
                    &["- {opaque} corp/"],
                ),
                ("<server>\n<host>x</host>\n</server>", &[]),
            ],
        );
        table(
            central,
            &["<server>"],
            &[
                (&server.replace("corp", "ossrh"), &["mia Kes<trel -"]),
                (&server.replace("corp", "central"), &["mia Kes<trel -"]),
                (server, &[]),
            ],
        );
    }
}
