//! `.pypirc`, Poetry's `auth.toml`, `pdm.toml`, uv's credentials, and package indexes with a password in their URL, in `pip.conf`,
//! requirements, `pyproject.toml`, `uv.toml`, Pipfiles and on command lines.

use std::ops::Range;

use super::form::command::words;
use super::form::lines::{Table, value};
use super::host::{address, named};
use super::{Found, Section, Text, credential, url};
use crate::model::BoundHost;

/// How far a `.pypirc` is followed below its list of servers.
const REACH: usize = 4 << 10;
/// How far above a `url` its table's header may stand.
const ABOVE: usize = 256;
/// Keys whose value is a package index: lower case, without signs.
const INDEXES: [&[u8]; 18] = [
    b"indexurl",
    b"extraindexurl",
    b"pipindexurl",
    b"pipextraindexurl",
    b"pipconfigsetglobalindexurl",
    b"globalindexurl",
    b"globalextraindexurl",
    b"uvindexurl",
    b"uvextraindexurl",
    b"uvdefaultindex",
    b"uvpublishurl",
    b"defaultindex",
    b"findlinks",
    b"pipfindlinks",
    b"publishurl",
    b"repositoryurl",
    b"twinerepositoryurl",
    b"trustedindex",
];
/// Tables whose `url` is one.
const TABLES: [&[u8]; 6] =
    [b"[[tool.uv.index", b"[[index", b"[[tool.poetry.source", b"[[source", b"[[tool.pdm.source", b"[pypi"];

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    match text.bytes.get(anchor.clone()).unwrap_or_default() {
        literal if literal.ends_with(b"://") => index(text, &anchor).into_iter().collect(),
        b"[distutils]" => servers(text, anchor.start),
        b"http-basic" => http_basic(text, anchor),
        b"twine upload" => upload(text, anchor).into_iter().collect(),
        _ => table(text, anchor.start).into_iter().collect(),
    }
}

fn index(text: &Text<'_>, anchor: &Range<usize>) -> Option<Found> {
    url::keyed(text, anchor, |bytes, from, key| {
        if key == b"url" {
            text.looks_at(&(from.saturating_sub(ABOVE)..from));
        }
        is_index(bytes, from, key)
    })
}

/// Whether a URL's key says that it is a package index.
fn is_index(bytes: &[u8], from: usize, key: &[u8]) -> bool {
    if INDEXES.contains(&key) || (key == b"i" && bytes.get(from..from + 2) == Some(b"-i")) {
        return true;
    }
    if key != b"url" {
        return false;
    }
    let above = bytes.get(from.saturating_sub(ABOVE)..from).unwrap_or_default();
    let lines = above.rsplit(|byte| *byte == b'\n').map(|line| line.strip_prefix(b"+").unwrap_or(line).trim_ascii());
    let mut headers = lines.filter(|line| line.first() == Some(&b'['));
    headers.next().is_some_and(|header| TABLES.iter().any(|table| header.starts_with(table)))
}

/// The tables that `index-servers` of a `.pypirc` names.
fn servers(text: &Text<'_>, at: usize) -> Vec<Found> {
    let bytes = text.bytes;
    let mut found = Vec::new();
    let end = bytes.len().min(at.saturating_add(REACH));
    let unread = text.unread(Section::Tables, at..end);
    let below = bytes.get(unread.clone()).unwrap_or_default();
    for next in memchr::memchr_iter(b'\n', below).map(|line| line + 1) {
        // A difference has a mark before each line.
        let mark = usize::from(matches!(below.get(next), Some(b'+' | b'-' | b' ')));
        if below.get(next + mark) == Some(&b'[') {
            found.extend(table(text, unread.start + next + mark));
        }
    }
    text.looks_at(&(at..end));
    found
}

/// A table of one repository.
fn table(text: &Text<'_>, at: usize) -> Option<Found> {
    let bytes = text.bytes;
    let (name, table) = Table::below(bytes, at)?;
    text.looks_at(&(at..table.body.end + 1));
    let span = table.value(&["password", "token"])?;
    let user = table.text(&["username", "user"]);
    let url = table.text(&["repository", "url", "service"]).and_then(address);
    credential::password(span.clone(), bytes.get(span)?, user, url.or_else(|| default(name)))
}

/// The registry of a table that names no address: PyPI, or whatever the name stands for.
fn default(name: &[u8]) -> Option<BoundHost> {
    let last = name.rsplit(|byte| *byte == b'.').next().unwrap_or(name);
    let last = last.trim_ascii().trim_ascii_end();
    let last = last.strip_prefix(b"\"").and_then(|last| last.strip_suffix(b"\"")).unwrap_or(last);
    if last == b"pypi" { None } else { named(last) }
}

/// Poetry's `[http-basic.NAME]`, `NAME = { username = …, password = … }` below `[http-basic]`, and the command that writes them.
fn http_basic(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    let bytes = text.bytes;
    let head = bytes.get(anchor.start.saturating_sub(64)..anchor.start).unwrap_or_default();
    if head.ends_with(b"[") {
        let header = anchor.start - 1;
        if let Some(found) = table(text, header) {
            return vec![found];
        }
        return Table::below(bytes, header).map(|(_, table)| inline(bytes, &table)).unwrap_or_default();
    }
    let line = head.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    if memchr::memmem::find(line, b"poetry").is_none() || bytes.get(anchor.end) != Some(&b'.') {
        return Vec::new();
    }
    let words = words(bytes, anchor.end + 1);
    text.looks_at(&(anchor.start..words.end + 1));
    let read = || {
        let [name, user, secret] = words.plain(&["--local"]).try_into().ok()?;
        credential::password(secret.clone(), bytes.get(secret)?, bytes.get(user), default(bytes.get(name)?))
    };
    read().into_iter().collect()
}

fn inline(bytes: &[u8], table: &Table<'_>) -> Vec<Found> {
    let found = table.settings().filter_map(|(name, span)| {
        let (user, secret) = (field(bytes, &span, b"username"), field(bytes, &span, b"password")?);
        credential::password(secret.clone(), bytes.get(secret)?, user.and_then(|user| bytes.get(user)), default(name))
    });
    found.collect()
}

/// A quoted value in the braces of an inline table.
fn field(bytes: &[u8], within: &Range<usize>, name: &[u8]) -> Option<Range<usize>> {
    let scope = bytes.get(within.clone())?;
    let at = memchr::memmem::find(scope, name)? + name.len();
    let equals = memchr::memchr(b'=', scope.get(at..)?)?;
    value(bytes, within.start + at + equals + 1..within.end)
}

fn upload(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let words = words(bytes, anchor.end);
    text.looks_at(&(anchor.start..words.end + 1));
    let secret = words.option(&["-p", "--password"])?;
    let user = words.option(&["-u", "--username"]).and_then(|user| bytes.get(user));
    let url = words.option(&["--repository-url"]).and_then(|url| address(bytes.get(url)?));
    let name = words.option(&["-r", "--repository"]).and_then(|name| default(bytes.get(name)?));
    credential::password(secret.clone(), bytes.get(secret)?, user, url.or(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    const ANCHORS: [&str; 10] = [
        "https://",
        "http://",
        "[distutils]",
        "[pypi",
        "[testpypi",
        "[http-basic",
        "http-basic",
        "[repository",
        "[[credential]]",
        "twine upload",
    ];

    #[test]
    fn pypirc() {
        table(
            parse,
            &ANCHORS,
            &[
                ("[pypi]\nusername = mia\npassword = Kestrel-1\n", &["mia Kestrel-1 -"]),
                ("[pypi]\r\nusername: mia\r\npassword: Kestrel-1\r\n", &["mia Kestrel-1 -"]),
                ("# [pypi]\n# username = mia\n# password = Kestrel-1 # mine\n", &["mia Kestrel-1 -"]),
                ("[pypi]\npassword=Kes,tre;l\n", &["- Kes,tre;l -"]),
                ("[testpypi]\nusername = mia\npassword = Kestrel-1", &["mia Kestrel-1 testpypi/"]),
                (
                    "[distutils]\nindex-servers =\n  pypi\n  corp\n\n[pypi]\nusername = mia\npassword = Heron-22\n\n[corp]\nrepository: https://r.invalid/simple/\nusername: tom\npassword: Heron-33\n",
                    &["mia Heron-22 -", "tom Heron-33 r.invalid/simple/"],
                ),
                ("[pypi]\nusername = __token__\npassword = ${T}\n", &[]),
                ("[pypi]\nusername = mia\npassword = <your password>\n", &[]),
                ("[pypi]\nusername = mia\n\n[other]\npassword = Kestrel-1\n", &[]),
                ("[pypi]\nusername = username\npassword = password\n", &[]),
                ("see a[pypi]\npassword = Kestrel-1\n", &[]),
            ],
        );
    }

    #[test]
    fn poetry_pdm_uv_and_twine() {
        table(
            parse,
            &ANCHORS,
            &[
                ("[http-basic.corp]\nusername = \"mia\"\npassword = \"Kestrel-1\"\n", &["mia Kestrel-1 corp/"]),
                (
                    "[http-basic]\ncorp = { username = \"mia\", password = \"Kestrel-1\" }\npypi = {username='tom',password='Heron-22'}\n",
                    &["mia Kestrel-1 corp/", "tom Heron-22 -"],
                ),
                ("poetry config http-basic.corp mia Kestrel-1\n", &["mia Kestrel-1 corp/"]),
                ("poetry config http-basic.corp mia $PASSWORD\n", &[]),
                ("[repository.pypi]\nusername = \"mia\"\npassword = \"Kestrel-1\"\n", &["mia Kestrel-1 -"]),
                (
                    "[[credential]]\nservice = \"https://r.invalid/simple\"\nusername = \"mia\"\nscheme = \"basic\"\npassword = \"Kestrel-1\"\n",
                    &["mia Kestrel-1 r.invalid/simple/"],
                ),
                (
                    "twine upload -u mia -p Kestrel-1 --repository-url https://r.invalid/ dist/*",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                ("twine upload -u mia -p Kestrel-1 dist/*", &["mia Kestrel-1 -"]),
                ("twine upload -u mia -p \"$P\" dist/*", &[]),
            ],
        );
    }

    #[test]
    fn indexes() {
        table(
            parse,
            &ANCHORS,
            &[
                ("--index-url https://mia:Kestrel-1@r.invalid/simple", &["mia Kestrel-1 r.invalid/simple/"]),
                ("--extra-index-url=https://mia:Kestrel-1@r.invalid/simple", &["mia Kestrel-1 r.invalid/simple/"]),
                ("pip install -i https://mia:Kestrel-1@r.invalid/simple x", &["mia Kestrel-1 r.invalid/simple/"]),
                ("[global]\nindex-url = https://mia:Kestrel-1@r.invalid/simple", &["mia Kestrel-1 r.invalid/simple/"]),
                ("PIP_EXTRA_INDEX_URL: \"https://mia:Kestrel-1@r.invalid/\"", &["mia Kestrel-1 r.invalid/"]),
                (
                    "[[tool.uv.index]]\nname = \"c\"\nurl = \"https://mia:Kestrel-1@r.invalid/\"",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                (
                    "[[source]]\nverify_ssl = true\nurl = \"https://mia:Kestrel-1@r.invalid/\"",
                    &["mia Kestrel-1 r.invalid/"],
                ),
                (
                    "--index-url https://4k8z1q7m2x9c3v5bTq@r.invalid/simple",
                    &["- 4k8z1q7m2x9c3v5bTq r.invalid/simple/"],
                ),
                ("--index-url https://${USER}:${PASS}@r.invalid/simple", &[]),
                ("--index-url https://user:password@r.invalid/simple", &[]),
                ("[database]\nurl = \"https://mia:Kestrel-1@r.invalid/\"", &[]),
                ("see https://mia:Kestrel-1@r.invalid/", &[]),
            ],
        );
    }
}
