//! `.pypirc`, Poetry's `auth.toml`, `pdm.toml`, uv's credentials, the commands that upload, and package indexes with a password in their URL.

use std::ops::Range;

use super::form::command::words;
use super::form::lines::{Table, deployment, inputs, value};
use super::host::{address, is_address, named};
use super::{Client, Found, Section, Text, credential, repository};
use crate::model::BoundHost;

/// How far a `.pypirc` is followed below its list of servers, and how far away an address stands that a name stands for.
const REACH: usize = 4 << 10;

pub(super) fn parse(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    match text.bytes.get(anchor.clone()).unwrap_or_default() {
        literal if literal.ends_with(b"://") => {
            repository::password(text, &anchor, Client::Python).into_iter().collect()
        }
        b"[distutils]" => servers(text, anchor.start),
        b"http-basic" => http_basic(text, anchor),
        literal if literal.ends_with(b" publish") || literal.ends_with(b" upload") => {
            upload(text, anchor).into_iter().collect()
        }
        b"gh-action-pypi-publish" => of_inputs(text, &anchor, &inputs(text.bytes, anchor.end)).into_iter().collect(),
        b"provider: pypi" => of_inputs(text, &anchor, &deployment(text.bytes, anchor.end)).into_iter().collect(),
        _ => table(text, anchor.start).into_iter().collect(),
    }
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
    credential::password(span.clone(), bytes.get(span)?, user, url.or_else(|| default(bytes, at, name)))
}

/// The registry of a table or a command that names no address: PyPI, or what the same file says that the name stands for.
fn default(bytes: &[u8], at: usize, name: &[u8]) -> Option<BoundHost> {
    let last = name.rsplit(|byte| *byte == b'.').next().unwrap_or(name).trim_ascii();
    let last = last.strip_prefix(b"\"").and_then(|last| last.strip_suffix(b"\"")).unwrap_or(last);
    if last == b"pypi" { None } else { stands_for(bytes, at, last).or_else(|| named(last)) }
}

/// The address of `[repositories.NAME]`, or of the source with `name = "NAME"`, near this place.
fn stands_for(bytes: &[u8], at: usize, name: &[u8]) -> Option<BoundHost> {
    let around = at.saturating_sub(REACH)..bytes.len().min(at.saturating_add(REACH));
    let scope = bytes.get(around.clone())?;
    let find = |words: [&[u8]; 3]| memchr::memmem::find(scope, &words.concat()).map(|at| around.start + at);
    let table = |at| Table::below(bytes, at).and_then(|(_, table)| table.text(&["url"]));
    let source = |at: usize| {
        let head = bytes.get(around.start..at)?;
        table(around.start + memchr::memmem::rfind(head, b"[[")?)
    };
    let url = find([b"[repositories.", name, b"]"]).and_then(table);
    url.or_else(|| find([b"name = \"", name, b"\""]).and_then(source)).and_then(address)
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
        return Table::below(bytes, header).map(|(_, table)| inline(bytes, header, &table)).unwrap_or_default();
    }
    let line = head.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    if memchr::memmem::find(line, b"poetry").is_none() || bytes.get(anchor.end) != Some(&b'.') {
        return Vec::new();
    }
    let words = words(bytes, anchor.end + 1);
    text.looks_at(&(anchor.start..words.end + 1));
    let read = || {
        let [name, user, secret] = words.plain(&["--local"]).try_into().ok()?;
        credential::password(
            secret.clone(),
            bytes.get(secret)?,
            bytes.get(user),
            default(bytes, anchor.start, bytes.get(name)?),
        )
    };
    read().into_iter().collect()
}

fn inline(bytes: &[u8], at: usize, table: &Table<'_>) -> Vec<Found> {
    let found = table.settings().filter_map(|(name, span)| {
        let (user, secret) = (field(bytes, &span, b"username"), field(bytes, &span, b"password")?);
        credential::password(
            secret.clone(),
            bytes.get(secret)?,
            user.and_then(|user| bytes.get(user)),
            default(bytes, at, name),
        )
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

/// What a job of CI gives to an action or a deployment.
fn of_inputs(text: &Text<'_>, anchor: &Range<usize>, inputs: &Table<'_>) -> Option<Found> {
    text.looks_at(&(anchor.start..inputs.body.end + 5));
    let span = inputs.value(&["password"])?;
    let user = inputs.text(&["user", "username"]);
    let host = inputs.text(&["repository-url", "repository_url", "server"]).and_then(address);
    credential::password(span.clone(), text.bytes.get(span)?, user, host)
}

/// `twine upload` and its kin.
fn upload(text: &Text<'_>, anchor: Range<usize>) -> Option<Found> {
    let bytes = text.bytes;
    let words = words(bytes, anchor.end);
    text.looks_at(&(anchor.start..words.end + 1));
    let secret = words.option(match bytes.get(anchor.clone())? {
        b"pdm publish" => &["-P", "--password"],
        b"hatch publish" => &["-a", "--auth"],
        b"uv publish" => &["-p", "--password", "-t", "--token"],
        _ => &["-p", "--password"],
    })?;
    let user = words.option(&["-u", "--username", "--user"]).and_then(|user| bytes.get(user));
    let url = words.option(&["--repository-url", "--publish-url"]).and_then(|url| address(bytes.get(url)?));
    let name = || {
        let name = bytes.get(words.option(&["-r", "--repository", "--repo", "--index"])?)?;
        if is_address(name) { address(name) } else { default(bytes, anchor.start, name) }
    };
    credential::password(secret.clone(), bytes.get(secret)?, user, url.or_else(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    const ANCHORS: [&str; 15] = [
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
        "poetry publish",
        "uv publish",
        "hatch publish",
        "pdm publish",
        "maturin publish",
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
                ("poetry publish --build -r corp -u mia -p Kestrel-1", &["mia Kestrel-1 corp/"]),
                ("uv publish --publish-url https://r.invalid/a -u mia -p Kestrel-1", &["mia Kestrel-1 r.invalid/a/"]),
                ("hatch publish -r https://r.invalid/ -u mia -a Kestrel-1", &["mia Kestrel-1 r.invalid/"]),
                ("pdm publish -u mia -P Kestrel-1", &["mia Kestrel-1 -"]),
                ("maturin publish -u mia --password=Kestrel-1", &["mia Kestrel-1 -"]),
                ("poetry publish -u mia -p $PASSWORD", &[]),
                ("poetry config http-basic.corp mia Kestrel-1\n", &["mia Kestrel-1 corp/"]),
                (
                    "[http-basic.corp]\nusername = \"mia\"\npassword = \"Kestrel-1\"\n[repositories.corp]\nurl = \"https://r.invalid/a\"\n",
                    &["mia Kestrel-1 r.invalid/a/"],
                ),
                (
                    "[[tool.poetry.source]]\nname = \"corp\"\nurl = \"https://r.invalid/a\"\n[http-basic]\ncorp = { username = \"mia\", password = \"Kestrel-1\" }\n",
                    &["mia Kestrel-1 r.invalid/a/"],
                ),
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
    fn jobs_of_ci() {
        table(
            parse,
            &["gh-action-pypi-publish", "provider: pypi"],
            &[
                (
                    "- uses: pypa/gh-action-pypi-publish@release/v1\n  with:\n    user: mia\n    password: Kestrel-1\n    repository-url: https://r.invalid/legacy/\n",
                    &["mia Kestrel-1 r.invalid/legacy/"],
                ),
                (
                    "deploy:\n  provider: pypi\n  user: mia\n  password: Kestrel-1\n  on:\n    tags: true\n",
                    &["mia Kestrel-1 -"],
                ),
                ("deploy:\n  - provider: pypi\n    username: mia\n    password: 'Kestrel-1'\n", &["mia Kestrel-1 -"]),
                ("deploy:\n  provider: pypi\n  user: mia\n  password:\n    secure: \"4k8z1q7m2x9c3v5bTq=\"\n", &[]),
                ("deploy:\n  provider: pypi\n  user: mia\nafter:\n  password: Kestrel-1\n", &[]),
                ("- uses: pypa/gh-action-pypi-publish@v1\n  with:\n    password: ${{ secrets.P }}\n", &[]),
                ("- uses: pypa/gh-action-pypi-publish@v1\n- uses: x\n  with:\n    password: Kestrel-1\n", &[]),
            ],
        );
    }
}
