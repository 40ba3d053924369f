//! Whose package repository an address with a password in it is, by what stands around it: the key, its table, the element, the line.
//!
//! In: an address. Out: its credential, if the client that asks is the one whose file or command this is. Addresses that say more
//! by their host than by their place (git remotes, npm's) are read elsewhere.

use std::ops::Range;

use memchr::memmem;

use super::key::{begins_line, is_margin};
use super::url::{key_before, rest_of};
use super::{Found, Text};

/// How far above an address the table, the list or the element begins in which it stands.
const ABOVE: usize = 1 << 10;
/// How far before it its line is looked at.
const LINE: usize = 256;
/// How far above it the block of a build script begins.
const BLOCK: usize = 200;

/// A client of package repositories, and with it a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// pip and its kin.
    Python,
    Cargo,
    Composer,
    Conda,
    NuGet,
    /// Maven, Gradle, and their kin.
    Maven,
}

/// Keys whose value is an index of Python packages, wherever they stand: lower case, without signs.
const INDEXES: [&[u8]; 20] = [
    b"indexurl",
    b"extraindexurl",
    b"pipindexurl",
    b"pipextraindexurl",
    b"pipconfigsetglobalindexurl",
    b"globalindexurl",
    b"globalextraindexurl",
    b"uvindex",
    b"uvindexurl",
    b"uvextraindexurl",
    b"uvdefaultindex",
    b"uvpublishurl",
    b"defaultindex",
    b"findlinks",
    b"uvfindlinks",
    b"pipfindlinks",
    b"publishurl",
    b"repositoryurl",
    b"twinerepositoryurl",
    b"trustedindex",
];
/// Tables of TOML whose `url` is one.
const PYTHON: [&[u8]; 8] = [
    b"[[tool.uv.index",
    b"[[index",
    b"[[tool.poetry.source",
    b"[[source",
    b"[[tool.pdm.source",
    b"[package.source",
    b"[repositories.",
    b"[pypi",
];
/// Keys of conda's whose value, list or table is channels; lower case, without signs.
const CHANNELS: [&[u8]; 6] =
    [b"channels", b"channelalias", b"defaultchannels", b"customchannels", b"allowlistchannels", b"whitelistchannels"];
/// Tables of Cargo's whose `index` or `registry` is a registry's.
const CARGO: [&[u8]; 3] = [b"[registries", b"[registry]", b"[source"];
/// Elements of Maven whose `<url>` is a repository's.
const MAVEN: [&str; 4] = ["repository>", "pluginRepository>", "snapshotRepository>", "mirror>"];
/// How files of packages end.
const FILES: [&[u8]; 8] = [b".whl", b".gz", b".zip", b".tgz", b".bz2", b".xz", b".tar", b".phar"];
/// Calls of build scripts whose argument is an address.
const CALLS: [&[u8]; 6] = [b"url(", b"uri(", b"maven(", b"ivy(", b"url ", b"url = "];

/// The credential of the address that begins at the anchor, if it is a repository of this client.
pub(super) fn password(text: &Text<'_>, anchor: &Range<usize>, client: Client) -> Option<Found> {
    let userinfo = text.userinfo(anchor.end)?;
    let path = text.bytes.get(rest_of(text.bytes, userinfo.end + 1))?;
    let known = text.basic(anchor, userinfo);
    // Last, since it looks far.
    if known.is_none() || self::client(text, anchor) != Some(client) {
        return None;
    }
    let mut found = known.clone()?;
    // A lock names hundreds of files, and whoever holds this may read all of them.
    if let Some(host) = found.host.as_mut().filter(|_| is_file(path)) {
        "/".clone_into(&mut host.path);
    }
    Some(found)
}

/// Whose repository the address is; looked for once for all that ask.
pub(super) fn client(text: &Text<'_>, anchor: &Range<usize>) -> Option<Client> {
    let (known, client) = text.client.get();
    if known == anchor.start {
        return client;
    }
    let client = Place::new(text, anchor).and_then(|place| place.client());
    text.client.set((anchor.start, client));
    client
}

/// Whether it is the address of a package's file.
fn is_file(rest: &[u8]) -> bool {
    let path = rest.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default();
    FILES.iter().any(|end| path.ends_with(end))
}

/// An address with what stands before and behind it.
struct Place<'a> {
    bytes: &'a [u8],
    /// What stands above it, before it on its line, and there before its key.
    above: &'a [u8],
    line: &'a [u8],
    head: &'a [u8],
    /// Its key, as `key_before` tells it, and where that begins.
    key: Vec<u8>,
    from: usize,
    /// What follows the `@`.
    tail: &'a [u8],
    /// What ends it, and a little more.
    behind: &'a [u8],
}

impl<'a> Place<'a> {
    fn new(text: &Text<'a>, anchor: &Range<usize>) -> Option<Self> {
        let bytes = text.bytes;
        let userinfo = text.userinfo(anchor.end)?;
        let above = bytes.get(anchor.start.saturating_sub(ABOVE)..anchor.start)?;
        let line = above.get(above.len().saturating_sub(LINE)..)?;
        let line = memchr::memrchr(b'\n', line).map_or(line, |at| line.get(at + 1..).unwrap_or_default());
        let rest = rest_of(bytes, userinfo.end + 1);
        let behind = bytes.get(rest.end..bytes.len().min(rest.end + 16))?;
        text.looks_at(&(anchor.start - above.len()..rest.end + behind.len()));
        let (key, from) = key_before(bytes, anchor.start).unwrap_or((Vec::new(), anchor.start));
        let head = bytes.get(anchor.start - line.len()..from).unwrap_or_default().trim_ascii_end();
        Some(Self { bytes, above, line, head, key, from, tail: bytes.get(rest)?, behind })
    }

    fn client(&self) -> Option<Client> {
        let readers = [Self::python, Self::cargo, Self::conda, Self::json, Self::xml, Self::script];
        readers.into_iter().find_map(|read| read(self))
    }

    fn python(&self) -> Option<Client> {
        let key = self.key.as_slice();
        let is_option = self.bytes.get(self.from..self.from + 2) == Some(b"--");
        let is_pip = || begins_line(self.bytes, self.from) || self.has_before(b"pip ") || self.has_before(b"pip3 ");
        let is_python = match key {
            b"i" | b"f" => self.bytes.get(self.from) == Some(&b'-') && is_pip(),
            b"index" => is_option,
            b"registry" => self.is_inline(b"source"),
            b"url" => self.is_in_table(&PYTHON) || self.is_locked(),
            key => INDEXES.contains(&key) || self.heading().is_some_and(|key| INDEXES.contains(&key.as_slice())),
        };
        // `UV_INDEX="corp=https://…"`, `--index corp=https://…`
        let is_named = || self.line.ends_with(b"=") && (self.has_before(b"UV_INDEX") || self.has_before(b"--index "));
        // `name @ https://…`
        let is_requirement = || {
            let name = self.line.strip_suffix(b" @ ").and_then(<[u8]>::last);
            name.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b']')
        };
        let is_wheel = || memmem::find(self.tail, b".whl").is_some();
        (is_python || is_named() || is_requirement() || is_wheel()).then_some(Client::Python)
    }

    fn cargo(&self) -> Option<Client> {
        let is_named = self.line.ends_with(b"registry+") || self.line.ends_with(b"sparse+");
        let is_cargo = is_named || (matches!(self.key.as_slice(), b"index" | b"registry") && self.is_in_table(&CARGO));
        is_cargo.then_some(Client::Cargo)
    }

    /// `channel_alias: https://…`, and the items below `channels:`.
    fn conda(&self) -> Option<Client> {
        let is_channel = |key: &[u8]| CHANNELS.contains(&key);
        let is_below = || self.heading().is_some_and(|key| is_channel(&key));
        (is_channel(&self.key) || is_below()).then_some(Client::Conda)
    }

    /// The name in the less indented line above, where the address, or its key, is the first on its line: a value of several lines, an
    /// item of a list, what a backslash joins.
    fn heading(&self) -> Option<Vec<u8>> {
        let (depth, is_item) = indent(self.line);
        if !self.head.iter().all(|byte| is_margin(*byte)) || (depth == 0 && !is_item) {
            return None;
        }
        let above = self.above.get(..self.above.len() - self.line.len())?.rsplit(|byte| *byte == b'\n').skip(1);
        let heading = above.map(<[u8]>::trim_ascii_end).find(|line| {
            let (above, item) = indent(line);
            let says = !matches!(line.get(above), None | Some(b'#' | b';'));
            says && (above < depth || (above == depth && is_item && !item))
        })?;
        let name = match heading.strip_suffix(b"\\") {
            Some(joined) => joined.trim_ascii_end().rsplit(u8::is_ascii_whitespace).next()?,
            None => heading.split(|byte| matches!(byte, b'=' | b':')).next()?,
        };
        Some(name.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect())
    }

    /// `"url"` below the sources of a Pipfile.lock, or the repositories and packages of Composer.
    fn json(&self) -> Option<Client> {
        const LISTS: [(&[u8], Client); 3] = [
            (b"\"sources\"", Client::Python),
            (b"\"repositories\"", Client::Composer),
            (b"\"dist\"", Client::Composer),
        ];
        if self.key != b"url" || self.bytes.get(self.from.wrapping_sub(1)) != Some(&b'"') {
            return None;
        }
        let nearest = LISTS.iter().filter_map(|(name, client)| Some((memmem::rfind(self.above, name)?, *client)));
        nearest.max_by_key(|(at, _)| *at).map(|(_, client)| client)
    }

    /// `<url>` of a repository, `value` in the list of package sources.
    fn xml(&self) -> Option<Client> {
        if self.line.ends_with(b"<url>") && MAVEN.iter().any(|name| self.is_open(name)) {
            return Some(Client::Maven);
        }
        (self.key == b"value" && self.is_open("packageSources>")).then_some(Client::NuGet)
    }

    /// `maven { url "…" }`, `maven("…")`, `url = uri("…")`, and sbt's `"name" at "…"`.
    fn script(&self) -> Option<Client> {
        let quoted = self.line.strip_suffix(b"\"").or_else(|| self.line.strip_suffix(b"'"))?;
        if quoted.ends_with(b"\" at ") {
            return Some(Client::Maven);
        }
        let block = self.above.get(self.above.len().saturating_sub(BLOCK)..)?;
        let is_block = || [b"maven {".as_slice(), b"maven{", b"maven(", b"ivy {"].iter().any(|name| has(block, name));
        (CALLS.iter().any(|call| quoted.ends_with(call)) && is_block()).then_some(Client::Maven)
    }

    /// Whether the nearest `[header]` above begins like one of these.
    fn is_in_table(&self, tables: &[&[u8]]) -> bool {
        let lines = self.above.rsplit(|byte| *byte == b'\n').skip(1);
        let lines = lines.map(|line| line.strip_prefix(b"+").unwrap_or(line).trim_ascii());
        let (mut header, mut is_git) = (None, false);
        for line in lines {
            is_git |= line.starts_with(b"type") && has(line, b"\"git\"");
            if line.first() == Some(&b'[') {
                header = Some(line);
                break;
            }
        }
        header.is_some_and(|header| !is_git && tables.iter().any(|table| header.starts_with(table)))
    }

    /// Whether it stands in the braces of the value of a name: `name = { key = "…" }`.
    fn is_inline(&self, name: &[u8]) -> bool {
        let outer = self.head.strip_suffix(b"{").and_then(|head| head.trim_ascii_end().strip_suffix(b"="));
        outer.is_some_and(|head| head.trim_ascii_end().ends_with(name))
    }

    /// Whether a lock tells a file of a package here, with its hash: `{ url = "…", hash = "sha256:…"`.
    fn is_locked(&self) -> bool {
        self.head.ends_with(b"{") && self.behind.starts_with(b"\", hash = ")
    }

    /// Whether an element is open here; the name ends with `>`.
    fn is_open(&self, name: &str) -> bool {
        let last = |mark: &str| memmem::rfind(self.above, [mark, name].concat().as_bytes());
        last("<").is_some_and(|open| last("</").is_none_or(|close| close < open))
    }

    fn has_before(&self, word: &[u8]) -> bool {
        has(self.line, word)
    }
}

/// How far a line is indented, with the mark that a difference puts before it, and whether it is an item of a list.
fn indent(line: &[u8]) -> (usize, bool) {
    let depth = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'+')).count();
    (depth, line.get(depth..).is_some_and(|rest| rest.starts_with(b"- ")))
}

fn has(text: &[u8], word: &[u8]) -> bool {
    memmem::find(text, word).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::parse::tests::table;

    const ANCHORS: [&str; 2] = ["https://", "http://"];
    /// What the address is in each text, behind whatever stands before it.
    const URL: &str = "https://mia:Kestrel-1@r.invalid/a";

    fn clients(text: &str) -> Vec<Client> {
        let text = text.replace('~', URL);
        let inner = Text::new(text.as_bytes(), &[]);
        let places = text.match_indices("https://").map(|(at, _)| at..at + "https://".len());
        places
            .filter_map(|anchor| {
                inner.anchor(&anchor);
                client(&inner, &anchor)
            })
            .collect()
    }

    #[test]
    fn addresses_of_python() {
        for text in [
            "--index-url ~",
            "--extra-index-url=~",
            "pip install -i ~ x",
            "-i ~\n",
            "-f ~\n",
            "pip install -f ~ x",
            "--index ~",
            "[global]\nindex-url = ~",
            "PIP_EXTRA_INDEX_URL: \"~\"",
            "[[tool.uv.index]]\nname = \"c\"\nurl = \"~\"",
            "[[source]]\nverify_ssl = true\nurl = \"~\"",
            "[package.source]\ntype = \"legacy\"\nurl = \"~\"\nreference = \"c\"",
            "[repositories.corp]\nurl = \"~\"",
            "source = { registry = \"~\" }",
            "+source = { registry = \"~\" }",
            "sdist = { url = \"~.tar.gz\", hash = \"sha256:00\" }",
            "wheels = [\n    { url = \"~-1-py3-none-any.whl\", hash = \"sha256:00\" },",
            "    {url = \"~.tar.gz\", hash = \"sha256:00\"},",
            "{\"_meta\": {\"sources\": [\n{\n\"name\": \"c\",\n\"url\": \"~\"}]}}",
            "a @ ~.zip",
            "a[b] @ ~.zip",
            "see ~/a-1-py3-none-any.whl",
            "[global]\nextra-index-url =\n    ~",
            "[install]\r\nfind-links =\r\n  # a comment\r\n\r\n    ~\r\n",
            "index-url = https://r.invalid/\n  ~",
            "+[global]\n+extra-index-url =\n+    ~",
            "RUN pip install --extra-index-url \\\n  ~",
            "UV_INDEX=\"corp=~\"",
            "UV_INDEX: corp=~",
            "uv sync --index corp=~",
        ] {
            assert_eq!(clients(text), [Client::Python], "{text}");
        }
    }

    #[test]
    fn addresses_of_other_clients() {
        for (text, expected) in [
            ("source = \"registry+~\"", Client::Cargo),
            ("[registries.corp]\nindex = \"sparse+~\"", Client::Cargo),
            ("[registries.corp]\nindex = \"~\"", Client::Cargo),
            ("[registries]\ncorp = { index = \"~\" }", Client::Cargo),
            ("[source.corp]\nregistry = \"~\"", Client::Cargo),
            ("channel_alias: ~", Client::Conda),
            ("name: a\nchannels:\n  - defaults\n  - ~\ndependencies:", Client::Conda),
            ("channels:\n- defaults\n- ~", Client::Conda),
            ("custom_channels:\n  corp: ~", Client::Conda),
            ("conda config --add channels ~", Client::Conda),
            ("\"repositories\": [\n{\"type\": \"composer\", \"url\": \"~\"}]", Client::Composer),
            ("\"dist\": {\n\"type\": \"zip\",\n\"url\": \"~\"", Client::Composer),
            ("<packageSources>\n<add key=\"corp\" value=\"~\" />", Client::NuGet),
            ("<repository>\n<id>c</id>\n<url>~</url>", Client::Maven),
            ("<mirror><url>~</url>", Client::Maven),
            ("<distributionManagement><snapshotRepository><url>~</url>", Client::Maven),
            ("maven { url \"~\" }", Client::Maven),
            ("maven {\n  name = 'c'\n  url = uri('~')\n}", Client::Maven),
            ("maven(\"~\")", Client::Maven),
            ("maven {\n  setUrl(\"x\")\n  url = \"~\"\n}", Client::Maven),
            ("resolvers += \"corp\" at \"~\"", Client::Maven),
        ] {
            assert_eq!(clients(text), [expected], "{text}");
        }
    }

    #[test]
    fn other_addresses() {
        for text in [
            "registry=~",
            "[install]\nregistry = \"~\"",
            "[database]\nurl = \"~\"",
            "extra-index-url =\n~",
            "extra-index-url =\nother =\n    ~",
            "channels:\n  - defaults\nother:\n  - ~",
            "channels:\n  corp:\n    - ~",
            "[package.source]\ntype = \"git\"\nurl = \"~\"",
            "curl -i ~",
            "curl -f ~",
            "pipeline: curl -i ~",
            "see ~",
            "git clone ~",
            "\"url\": \"~\"",
            "<scm><url>~</url></scm>",
            "<repository><id>c</id></repository><url>~</url>",
            "<add key=\"x\" value=\"~\" />",
            "<packageSources></packageSources><add key=\"x\" value=\"~\" />",
            "url = \"~\"",
            "mail mia @ home, see ~",
            "--index-url https://r.invalid/a",
        ] {
            assert_eq!(clients(text), [], "{text}");
        }
    }

    #[test]
    fn credentials() {
        fn python(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
            password(text, &anchor, Client::Python).into_iter().collect()
        }
        table(
            python,
            &ANCHORS,
            &[
                ("--index-url https://mia:Kestrel-1@r.invalid/simple", &["mia Kestrel-1 r.invalid/simple/"]),
                ("-i http://mia:Kes%40trel@r.invalid:8080/simple", &["mia Kes@trel r.invalid:8080/simple/"]),
                ("--index-url https://4k8z1q7m2x9c3v5bTq@r.invalid/a", &["- 4k8z1q7m2x9c3v5bTq r.invalid/a/"]),
                ("--index-url https://${USER}:${PASS}@r.invalid/simple", &[]),
                ("--index-url https://user:password@r.invalid/simple", &[]),
                ("maven { url \"https://mia:Kestrel-1@r.invalid/\" }", &[]),
                ("a @ https://mia:Kestrel-1@r.invalid/f/a-1.zip#sha256=00", &["mia Kestrel-1 r.invalid/"]),
            ],
        );
    }
}
