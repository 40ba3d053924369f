//! The grammars of credential files, one parser for each kind of credential.
//!
//! In: a text and the place of an anchor, a literal of the rule. Out: the credentials that belong to the anchor, if any do,
//! with user and host as their file names them. A parser may read the whole text, but what it reads around one anchor is bounded.
//! Before bytes further than `NEAR` from the anchor decide whether there is a credential, it says so (`Text::looks_far` and its
//! like); what they say about one that is there, its host say, needs no saying.

mod bunfig;
mod host;
mod jwt;
mod key;
pub(crate) mod names;
mod password;
mod pnpm;
mod registry_token;
mod service_account;
mod siblings;
mod snap;
mod token;
mod unknown;
mod url;
mod value;
mod variable;
mod yarn;

use std::cell::{Cell, OnceCell};
use std::ops::Range;

use crate::model::{BoundHost, Evidence, Offline};
pub(crate) use names::is_anchored;
use siblings::Siblings;

/// How far from an anchor bytes may decide over it without making its text one that must be searched whole after every change.
pub(crate) const NEAR: usize = 520;

/// Reads the credentials that an anchor belongs to: mostly none, several where the anchor is the head of a table.
type Read = fn(&Text<'_>, Range<usize>) -> Vec<Found>;

/// One grammar.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parser {
    /// Reads around an anchor.
    pub(crate) read: Read,
    /// Whether a file of this grammar carries credentials of other registries too: they go to the rule of the host's registry.
    pub(crate) carries: bool,
}

/// A grammar of one registry's own files.
const fn own(read: Read) -> Parser {
    Parser { read, carries: false }
}

/// The parsers that rules may name.
const PARSERS: &[(&str, Parser)] = &[
    ("google-service-account", own(service_account::parse)),
    ("npm-unknown-token", own(unknown::parse)),
    ("npm-registry-token", own(registry_token::parse)),
    ("npm-legacy-token", own(variable::parse)),
    ("npm-registry-password", own(password::parse)),
    ("snap-credentials", own(snap::parse)),
];

/// Grammars of no registry's own, and their anchors: what they read belongs to the registry of its host, or is left alone.
pub(crate) const CARRIERS: [(&[&str], Read); 0] = [];

/// The parser of this name.
pub(crate) fn by_name(name: &str) -> Option<Parser> {
    PARSERS.iter().find(|(known, _)| *known == name).map(|(_, parser)| *parser)
}

impl Parser {
    /// Reads with one of the `CARRIERS`.
    pub(crate) fn carrier(carrier: usize, text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
        CARRIERS.get(carrier).map(|(_, read)| read(text, anchor)).unwrap_or_default()
    }
}

/// A text under search, with what several anchors of it may ask for.
pub(crate) struct Text<'a> {
    /// All of it.
    pub(crate) bytes: &'a [u8],
    /// Hosts of the public npm registry.
    npm: &'a [String],
    siblings: OnceCell<Siblings>,
    /// What is being judged.
    anchor: Cell<(usize, usize)>,
    is_far: Cell<bool>,
}

impl<'a> Text<'a> {
    pub(crate) fn new(bytes: &'a [u8], npm: &'a [String]) -> Self {
        Self { bytes, npm, siblings: OnceCell::new(), anchor: Cell::new((0, 0)), is_far: Cell::new(false) }
    }

    /// What is said from here on of near and far is meant from here.
    pub(crate) fn anchor(&self, anchor: &Range<usize>) {
        self.anchor.set((anchor.start, anchor.end));
    }

    /// Bytes anywhere decide over the anchor.
    pub(crate) fn looks_far(&self) {
        self.is_far.set(true);
    }

    /// These bytes decide over the anchor; those further than `near` from it are far.
    pub(crate) fn looks_at(&self, range: &Range<usize>, near: usize) {
        let (start, end) = self.anchor.get();
        if range.start.saturating_add(near) < start || range.end > end.saturating_add(near) {
            self.looks_far();
        }
    }

    /// Whether far bytes have decided over any anchor.
    pub(crate) fn is_far(&self) -> bool {
        self.is_far.get()
    }

    fn looks_up_to(&self, end: usize) {
        self.looks_at(&(self.anchor.get().0..end), NEAR);
    }

    /// The token that begins at the opening.
    fn token(&self, opening: value::Opening) -> Option<(Range<usize>, Vec<u8>)> {
        self.looks_up_to(value::token_end(self.bytes, opening));
        value::token(self.bytes, opening)
    }

    /// What stands in the braces of a variable, if one begins at the opening; else the opening itself.
    fn in_braces(&self, opening: value::Opening) -> value::Opening {
        self.looks_up_to(value::fallback_end(self.bytes, opening));
        value::fallback(self.bytes, opening).unwrap_or(opening)
    }

    /// Whether a host is the public npm registry's own.
    fn is_public(&self, host: &BoundHost) -> bool {
        self.npm.contains(&host.host)
    }

    /// The settings that other lines of the text hold; read once, and only when a credential asks.
    fn siblings(&self) -> &Siblings {
        self.siblings.get_or_init(|| Siblings::read(self.bytes))
    }
}

/// Whether the bytes beside a hit show that it leads to nothing, and would do so without the escapes of a quoted string: the
/// scheme of a URL with nobody in it, a part of a longer word. Almost all hits are of these.
pub(crate) fn leads_nowhere(bytes: &[u8], hit: &Range<usize>) -> bool {
    url::is_bare(bytes, hit) || password::is_part_of_word(bytes, hit)
}

/// A credential as its file has it.
#[derive(Debug)]
pub(crate) struct Found {
    /// Where the secret stands, as written.
    pub(crate) span: Range<usize>,
    /// The secret, decoded.
    pub(crate) secret: Vec<u8>,
    /// Its user.
    pub(crate) user: Option<String>,
    /// Its host.
    pub(crate) host: Option<BoundHost>,
    /// Where it differs from the rule's.
    pub(crate) evidence: Option<Evidence>,
    /// What it says of itself.
    pub(crate) offline: Offline,
}

impl Found {
    /// A secret of which nothing else is known.
    pub(crate) fn new(span: Range<usize>, secret: Vec<u8>) -> Self {
        Self { span, secret, user: None, host: None, evidence: None, offline: Offline::new() }
    }
}

/// The host that a registry's address names, as the hosts of credentials are written.
pub(crate) fn host_of(address: &str) -> Option<String> {
    let rest = address.split_once("//").map_or(address, |(_, rest)| rest);
    host::bound(rest.as_bytes(), host::Scheme::Unknown).map(|bound| bound.host)
}
