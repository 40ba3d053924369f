//! The grammars of credential files, one parser for each kind of credential.
//!
//! In: a text and the place of an anchor, a literal of the rule. Out: the credentials that belong to the anchor, if any do,
//! with user and host as their file names them. A parser may read the whole text, but what it reads around one anchor is bounded.
//! Before bytes further than `BEFORE` or `AFTER` the anchor decide whether there is a credential, it says so (`Text::looks_far` and its
//! like); what they say about one that is there, its host say, needs no saying.

mod carrier;
mod container;
mod credential;
mod form;
mod host;
mod key;
mod language;
pub(crate) mod names;
mod npm;
mod repository;
mod siblings;
mod url;
mod value;

use std::cell::{Cell, OnceCell, Ref, RefCell};
use std::ops::Range;

use crate::model::{BoundHost, Evidence, Offline};
pub(crate) use container::login_user;
pub(crate) use credential::user_name;
pub(crate) use host::address as address_of;
pub(crate) use names::is_anchored;
use repository::Client;
use siblings::Siblings;
pub(crate) use url::is_bare as is_bare_url;

/// How far before an anchor bytes may decide over it without making its text one that must be searched whole after every change.
/// Of a history what is new is searched, and every anchor that stands as near to that.
pub(crate) const BEFORE: usize = 128;
/// The same for bytes after it: values are longer than names.
pub(crate) const AFTER: usize = 256;

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

/// A grammar of files that may name hosts of other registries.
const fn carries(read: Read) -> Parser {
    Parser { read, carries: true }
}

/// A grammar of one registry's own files.
const fn own(read: Read) -> Parser {
    Parser { read, carries: false }
}

/// The parsers that rules may name.
const PARSERS: [&[(&str, Parser)]; 3] = [&npm::PARSERS, &language::PARSERS, &container::PARSERS];

/// Grammars of no registry's own, and their anchors: what they read belongs to the registry of its host, or is left alone.
pub(crate) const CARRIERS: [(&[&str], Read); 8] = carrier::ALL;

/// The parser of this name.
pub(crate) fn by_name(name: &str) -> Option<Parser> {
    PARSERS.into_iter().flatten().find(|(known, _)| *known == name).map(|(_, parser)| *parser)
}

impl Parser {
    /// Reads with one of the `CARRIERS`.
    pub(crate) fn carrier(carrier: usize, text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
        CARRIERS.get(carrier).map(|(_, read)| read(text, anchor)).unwrap_or_default()
    }
}

/// The authority of a URL: where it begins, what of it stands before the `@`, and up to where that was looked for.
struct Authority {
    at: usize,
    userinfo: (Option<Range<usize>>, usize),
}

/// A text under search, with what several anchors of it may ask for.
pub(crate) struct Text<'a> {
    /// All of it.
    pub(crate) bytes: &'a [u8],
    /// Hosts of the public npm registry.
    npm: &'a [String],
    siblings: OnceCell<Siblings>,
    /// The authority that was looked at last.
    authority: RefCell<Authority>,
    /// The credential of the address that was looked at last.
    basic: RefCell<(usize, Option<Found>)>,
    /// Whose repository the address is that was looked at last.
    client: Cell<(usize, Option<Client>)>,
    /// What is being judged.
    anchor: Cell<(usize, usize)>,
    is_far: Cell<bool>,
    /// Up to where each kind of section has been read.
    read: Cell<[usize; 5]>,
}

/// Sections that are read as a whole and may be long. Where their beginnings stand close together, each part is read for one of them.
#[derive(Clone, Copy, Debug)]
enum Section {
    /// A docker configuration in base64.
    Encoded,
    /// The tables of a `.pypirc`.
    Tables,
    /// NuGet's keys.
    Keys,
    /// A manifest of a Kubernetes secret.
    Manifest,
    /// A list of Helm's repositories.
    Repositories,
}

impl<'a> Text<'a> {
    pub(crate) fn new(bytes: &'a [u8], npm: &'a [String]) -> Self {
        Self {
            bytes,
            npm,
            siblings: OnceCell::new(),
            authority: RefCell::new(Authority { at: usize::MAX, userinfo: (None, 0) }),
            basic: RefCell::new((usize::MAX, None)),
            client: Cell::new((usize::MAX, None)),
            anchor: Cell::new((0, 0)),
            is_far: Cell::new(false),
            read: Cell::default(),
        }
    }

    /// What is said from here on of near and far is meant from here.
    pub(crate) fn anchor(&self, anchor: &Range<usize>) {
        self.anchor.set((anchor.start, anchor.end));
    }

    /// Bytes anywhere decide over the anchor.
    pub(crate) fn looks_far(&self) {
        self.is_far.set(true);
    }

    /// These bytes decide over the anchor, and some of them may be far.
    pub(crate) fn looks_at(&self, range: &Range<usize>) {
        let (start, end) = self.anchor.get();
        if range.start.saturating_add(BEFORE) < start || range.end > end.saturating_add(AFTER) {
            self.looks_far();
        }
    }

    /// What stands before the `@` of the authority that begins at `at`; read once for all that ask.
    fn userinfo(&self, at: usize) -> Option<Range<usize>> {
        let mut known = self.authority.borrow_mut();
        if known.at != at {
            *known = Authority { at, userinfo: url::userinfo(self.bytes, at) };
        }
        let (userinfo, looked) = known.userinfo.clone();
        self.looks_up_to(looked);
        userinfo
    }

    /// The credential of the address that begins at the anchor, with this before its `@`; read once for all that ask.
    fn basic(&self, anchor: &Range<usize>, userinfo: Range<usize>) -> Ref<'_, Option<Found>> {
        if self.basic.borrow().0 != anchor.start {
            let read = url::userinfo_of(self, anchor, userinfo);
            *self.basic.borrow_mut() = (anchor.start, read);
        }
        Ref::map(self.basic.borrow(), |(_, found)| found)
    }

    /// Whether far bytes have decided over any anchor.
    pub(crate) fn is_far(&self) -> bool {
        self.is_far.get()
    }

    /// What of a section has not been read for a beginning before this one; from now on it counts as read.
    fn unread(&self, kind: Section, section: Range<usize>) -> Range<usize> {
        let mut read = self.read.get();
        let Some(done) = read.get_mut(kind as usize) else { return section };
        if section.start < *done {
            // Who does not see the beginning before this one reads all of it.
            self.looks_far();
        }
        let unread = section.start.max(*done).min(section.end)..section.end;
        *done = section.end.max(*done);
        self.read.set(read);
        unread
    }

    fn looks_up_to(&self, end: usize) {
        self.looks_at(&(self.anchor.get().0..end));
    }

    /// The token that begins at the opening.
    fn token(&self, opening: value::Opening) -> Option<(Range<usize>, Vec<u8>)> {
        self.looks_up_to(value::token_end(self.bytes, opening));
        value::token(self.bytes, opening)
    }

    /// The text that begins at the opening and may hold any character.
    fn clear(&self, opening: value::Opening) -> Option<Range<usize>> {
        let span = value::clear(self.bytes, opening);
        self.looks_up_to(span.as_ref().map_or(opening.at + value::LONGEST_CLEAR, |span| span.end + 1));
        span
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

/// Whether the bytes beside a hit show that it leads to nothing, and would do so without the escapes of a quoted string: a part of a
/// longer word.
pub(crate) fn leads_nowhere(text: &Text<'_>, hit: &Range<usize>) -> bool {
    npm::is_part_of_word(text.bytes, hit) || carrier::is_prose(text.bytes, hit)
}

/// A credential as its file has it.
#[derive(Clone, Debug)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::mint;

    /// Reads at every anchor of each text; what is found is told as `user secret host`, placeholders filled in both.
    pub(super) fn table(read: Read, anchors: &[&str], cases: &[(&str, &[&str])]) {
        for (text, expected) in cases {
            let both = mint::fill(&[*text, &expected.join("\n")].join("\u{1}"), 1);
            let (text, expected) = both.split_once('\u{1}').unwrap();
            let mut found: Vec<(usize, String)> = Vec::new();
            let inner = Text::new(text.as_bytes(), &[]);
            for anchor in anchors {
                for (at, _) in text.match_indices(anchor) {
                    inner.anchor(&(at..at + anchor.len()));
                    found.extend(read(&inner, at..at + anchor.len()).into_iter().map(|found| told(text, &found)));
                }
            }
            found.sort();
            found.dedup();
            let found: Vec<String> = found.into_iter().map(|(_, found)| found).collect();
            assert_eq!(found, expected.lines().collect::<Vec<_>>(), "in {text}");
        }
    }

    fn told(text: &str, found: &Found) -> (usize, String) {
        assert!(found.span.start < found.span.end && found.span.end <= text.len(), "{found:?} in {text}");
        let user = found.user.as_deref().unwrap_or("-");
        let host = found.host.as_ref().map_or("-".to_owned(), ToString::to_string);
        (found.span.start, format!("{user} {} {host}", String::from_utf8_lossy(&found.secret)))
    }
}
