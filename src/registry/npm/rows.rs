//! The token list: rows of every era and server, its pages, and which row is ours.
//!
//! Field names changed over the years (`cidr_whitelist` → `cidr`, `readonly` → `permissions`), and the official client still prints
//! the old ones; both are read. A row is ours by both visible ends or by the key inside the token, never by less.

use std::collections::HashSet;

use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::Value;

use super::answers::{Reading, read, text};
use super::jwt;
use crate::model::{Secret, Unknown};
use crate::registry::client::{By, NotNext, Session};

/// More pages than an account can fill (a thousand tokens, a hundred a page) mean that the server leads us in circles.
const MOST_PAGES: usize = 50;
/// Ten times what an account can have. A server that lists more wants to see how much we can hold.
const MOST_ROWS: usize = 10_000;

/// One token as its owner's list shows it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) key: String,
    /// First and last characters: `npm_aBcD...7890`.
    pub(super) mask: String,
    pub(super) era: Era,
    pub(super) rights: Rights,
    pub(super) organisations: Organisations,
    pub(super) scopes: Vec<Scope>,
    /// `None` where the row has no such field.
    pub(super) addresses: Option<Addresses>,
    pub(super) bypass: Option<bool>,
    pub(super) end: End,
    pub(super) revoked: bool,
}

/// Which server, of which time, writes such rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Era {
    /// npm since 2022.
    Granular,
    /// npm before: the whole account.
    Classic,
    /// Verdaccio and its like.
    SelfHosted,
}

/// Until when the row says it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    At(Timestamp),
    /// None is named.
    Open,
    /// One is named, in a form that we cannot read.
    Unread,
}

/// What the row allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rights {
    Write,
    Read,
    /// Organisation matters only: no publishing.
    Organisations,
    /// The row does not say.
    Unsaid,
}

/// What the row allows of its owner's organisations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Organisations {
    Administer,
    /// Nothing, or only to look.
    Leave,
    /// The row does not say, or says two things.
    Unsaid,
}

/// What the row reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Package(String),
    /// All packages below `@name/`.
    Below(String),
    /// Members and teams of an organisation, no packages.
    Organisation,
    /// Everything, or something that we do not know.
    Everything,
}

/// An address list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Addresses {
    pub(super) blocks: Vec<IpNet>,
    /// Entries that could not be read: they restrict as well.
    pub(super) unread: usize,
}

/// What came of asking for the list.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Listing {
    /// The rows; `complete` unless pages are missing, and `gap` says why.
    Rows { rows: Vec<Row>, requests: Vec<u32>, gap: Option<String> },
    /// Not for this credential.
    Refused(u32, String),
    /// Could not be asked.
    Unclear(u32, Unknown),
}

/// Which row is ours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Own<'r> {
    Row(&'r Row),
    /// Not in the list.
    Absent,
    /// The list's forms do not tell: several rows fit, or it shows tokens in another form than ours.
    Untold,
}

/// Reads the whole list.
pub(super) fn list(session: &Session<'_>, by: By<'_>) -> Listing {
    let (mut rows, mut requests, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    let mut exchange = session.get(by, "-/npm/v1/tokens?perPage=100");
    loop {
        let page = match read(&exchange) {
            Reading::Accepted(page) if page.get("objects").is_some_and(Value::is_array) => page,
            _ if !requests.is_empty() => {
                return Listing::Rows { rows, requests, gap: Some("a page of the list did not come".to_owned()) };
            }
            Reading::Accepted(_) => {
                return Listing::Unclear(
                    exchange.id,
                    Unknown::Unavailable("the token list has another form".to_owned()),
                );
            }
            Reading::Rejected => return Listing::Refused(exchange.id, "HTTP 401".to_owned()),
            Reading::CodeAsked => return Listing::Refused(exchange.id, "it asks for a one-time code".to_owned()),
            Reading::WrongAddress => return Listing::Refused(exchange.id, "not from this address".to_owned()),
            Reading::Forbidden(words) => return Listing::Refused(exchange.id, session.clean(&words)),
            Reading::Missing => return Listing::Refused(exchange.id, "the server has no token list".to_owned()),
            Reading::Unclear(unknown) => return Listing::Unclear(exchange.id, unknown),
        };
        requests.push(exchange.id);
        seen.insert(exchange.url.to_string());
        let before = rows.len();
        let objects = page.get("objects").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let left = MOST_ROWS.saturating_sub(before);
        rows.extend(objects.iter().take(left).filter_map(Row::parse));
        session.shows(&exchange, &format!("token list: {} rows", rows.len() - before));
        let next = page.pointer("/urls/next").filter(|next| !next.is_null());
        let gap = match next.map(|next| next.as_str().map(str::trim)) {
            _ if objects.len() > left => Some("the list has too many rows"),
            None | Some(Some("")) => None,
            Some(None) => Some("the list's next page has no readable address"),
            Some(_) if requests.len() >= MOST_PAGES => Some("the list has too many pages"),
            Some(Some(next)) => match session.get_next(by, &exchange, next) {
                Ok(next) if seen.contains(next.url.as_str()) => Some("the list's pages lead in a circle"),
                Ok(next) => {
                    exchange = next;
                    continue;
                }
                Err(NotNext::ForeignServer) => Some("the list's next page is on another server, which was not asked"),
                Err(NotNext::OtherPath) => Some("the list's next page is not a list, and was not asked for"),
                Err(NotNext::Unreadable) => Some("the list's next page has no readable address"),
            },
        };
        return Listing::Rows { rows, requests, gap: gap.map(str::to_owned) };
    }
}

/// Finds the row of a token.
pub(super) fn own<'r>(rows: &'r [Row], secret: &Secret) -> Own<'r> {
    let Ok(token) = std::str::from_utf8(secret.expose()) else { return Own::Untold };
    if let Some(payload) = jwt::payload(secret) {
        // A login's token has no key and is never listed; a generated one is listed by its key for as long as it lives.
        return match payload.key {
            Some(key) => rows.iter().find(|row| row.key == key).map_or(Own::Absent, Own::Row),
            None => Own::Absent,
        };
    }
    let mut fitting = rows.iter().filter(|row| ends(&row.mask).is_some_and(|(head, tail)| shows(head, tail, token)));
    match (fitting.next(), fitting.next()) {
        (Some(row), None) => Own::Row(row),
        (Some(_), Some(_)) => Own::Untold,
        (None, _) if rows.iter().all(|row| could_show(&row.mask, token)) => Own::Absent,
        (None, _) => Own::Untold,
    }
}

/// Finds the row that shows these ends.
pub(super) fn by_ends<'r>(rows: &'r [Row], head: &str, tail: &str) -> Own<'r> {
    let mut fitting = rows.iter().filter(|row| ends(&row.mask).is_some_and(|ends| same_ends(ends, (head, tail))));
    match (fitting.next(), fitting.next()) {
        (Some(row), None) => Own::Row(row),
        (Some(_), Some(_)) => Own::Untold,
        (None, _) => Own::Absent,
    }
}

/// The visible ends of a masked token: npm shows eight and four characters, Verdaccio five and five.
fn ends(mask: &str) -> Option<(&str, &str)> {
    let (head, tail) = mask.split_once("...").or_else(|| mask.split_once('…'))?;
    (head.len() + tail.len() >= 10 && tail.len() >= 4 && !tail.contains('.')).then_some((head, tail))
}

fn shows(head: &str, tail: &str, token: &str) -> bool {
    token.len() > head.len() + tail.len() && token.starts_with(head) && token.ends_with(tail)
}

fn same_ends(shown: (&str, &str), ours: (&str, &str)) -> bool {
    let agree = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a);
    let agree_back = |a: &str, b: &str| a.ends_with(b) || b.ends_with(a);
    // A report is anybody's text: with less than what a redacted form shows, it could point at any row.
    let head = ours.0.strip_prefix("npm_").unwrap_or(ours.0);
    head.len() >= 4 && ours.1.len() >= 4 && agree(shown.0, ours.0) && agree_back(shown.1, ours.1)
}

/// Whether a row with this mask could be about a token of this form at all. A server that lists its tokens in another form than it
/// hands them out says nothing about a token that is not in its list.
fn could_show(mask: &str, token: &str) -> bool {
    let form = |text: &str| ["npm_", "eyJ"].into_iter().find(|form| text.starts_with(form));
    ends(mask).is_some() && form(mask) == form(token)
}

impl Row {
    /// Reads one element of `objects`; `None` where it is no row.
    pub(super) fn parse(value: &Value) -> Option<Self> {
        let key = text(value, "key")?.to_owned();
        let permissions = value.get("permissions").and_then(Value::as_array);
        let readonly = value.get("readonly").and_then(Value::as_bool);
        let bypass = value.get("bypass_2fa").and_then(Value::as_bool);
        let granular = permissions.is_some() || bypass.is_some() || value.get("scopes").is_some();
        let self_hosted = value.get("user").is_some() || key.len() == 32;
        Some(Self {
            mask: text(value, "token").unwrap_or_default().to_owned(),
            era: match (granular, self_hosted) {
                (true, _) => Era::Granular,
                (false, true) => Era::SelfHosted,
                (false, false) => Era::Classic,
            },
            rights: Rights::parse(permissions, readonly),
            organisations: Organisations::parse(permissions, readonly),
            scopes: value.get("scopes").and_then(Value::as_array).into_iter().flatten().map(Scope::parse).collect(),
            addresses: addresses(value),
            bypass,
            end: End::parse(value),
            revoked: value.get("revoked").is_some_and(|revoked| !matches!(revoked, Value::Null | Value::Bool(false))),
            key,
        })
    }

    /// Whether its time is over.
    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        matches!(self.end, End::At(end) if end <= now)
    }
}

impl End {
    fn parse(value: &Value) -> Self {
        match ["expiry", "expires"].iter().filter_map(|key| value.get(key)).find(|end| !end.is_null()) {
            None => Self::Open,
            Some(end) => end.as_str().and_then(|end| end.parse().ok()).map_or(Self::Unread, Self::At),
        }
    }
}

impl Rights {
    fn parse(permissions: Option<&Vec<Value>>, readonly: Option<bool>) -> Self {
        if readonly == Some(true) {
            return Self::Read;
        }
        let Some(permissions) = permissions.filter(|permissions| !permissions.is_empty()) else {
            return if readonly == Some(false) { Self::Write } else { Self::Unsaid };
        };
        let of = |name: &str, action: Option<&str>| {
            permissions.iter().any(|permission| {
                text(permission, "name") == Some(name) && (action.is_none() || text(permission, "action") == action)
            })
        };
        if of("package", Some("write")) {
            Self::Write
        } else if permissions.iter().all(|p| matches!(text(p, "name"), Some("package" | "org"))) {
            if of("package", None) && permissions.iter().all(|p| matches!(text(p, "action"), Some("read" | "write"))) {
                Self::Read
            } else if of("package", None) {
                Self::Unsaid
            } else {
                Self::Organisations
            }
        } else {
            Self::Unsaid
        }
    }
}

impl Organisations {
    fn parse(permissions: Option<&Vec<Value>>, readonly: Option<bool>) -> Self {
        let readonly = readonly == Some(true);
        let Some(permissions) = permissions.filter(|permissions| !permissions.is_empty()) else {
            return if readonly { Self::Leave } else { Self::Unsaid };
        };
        let of = |permission: &Value| match (text(permission, "name"), text(permission, "action")) {
            (Some("package"), _) | (Some("org"), Some("read")) => Self::Leave,
            (Some("org"), Some("write")) if !readonly => Self::Administer,
            _ => Self::Unsaid,
        };
        let all: Vec<Self> = permissions.iter().map(of).collect();
        [Self::Administer, Self::Unsaid].into_iter().find(|one| all.contains(one)).unwrap_or(Self::Leave)
    }
}

impl Scope {
    fn parse(value: &Value) -> Self {
        let name = text(value, "name").unwrap_or("*");
        match text(value, "type") {
            _ if name == "*" => Self::Everything,
            Some("package") => Self::Package(name.to_owned()),
            Some("scope") => Self::Below(name.trim_start_matches('@').to_owned()),
            Some("org") => Self::Organisation,
            _ => Self::Everything,
        }
    }
}

/// The address list of a row or of a profile; `None` where there is no such field.
pub(super) fn addresses(value: &Value) -> Option<Addresses> {
    let fields: Vec<&Value> = ["cidr", "cidr_whitelist"].iter().filter_map(|key| value.get(key)).collect();
    if fields.is_empty() {
        return None;
    }
    let (mut addresses, mut known) = (Addresses::default(), HashSet::new());
    for entry in fields.into_iter().flat_map(entries) {
        match entry.as_str().map(str::trim).and_then(block) {
            Some(block) if !known.insert(block) => {}
            Some(block) => addresses.blocks.push(block),
            None => addresses.unread += 1,
        }
    }
    Some(addresses)
}

/// A list of texts, one text, or nothing; anything else counts as one entry that cannot be read.
fn entries(field: &Value) -> Vec<&Value> {
    match field {
        Value::Null | Value::Bool(false) => Vec::new(),
        Value::String(text) if text.trim().is_empty() => Vec::new(),
        Value::Array(entries) => entries.iter().collect(),
        other => vec![other],
    }
}

fn block(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from)).map(|net| net.trunc())
}

impl Addresses {
    /// A block this wide keeps few out: people are told to write 0.0.0.0/0 where a list is asked for, and some write less.
    const WIDE: u8 = 8;

    /// Whether it keeps nobody out: it is empty, or its blocks together hold every address.
    pub(super) fn is_open(&self) -> bool {
        let everything = || IpNet::aggregate(&self.blocks).iter().any(|block| block.prefix_len() == 0);
        (self.blocks.is_empty() && self.unread == 0) || everything()
    }

    /// Whether it lets in a great part of the internet all the same.
    pub(super) fn is_wide(&self) -> bool {
        const PRIVATE: [&str; 2] = ["10.0.0.0/8", "127.0.0.0/8"];
        let private = |block: &IpNet| PRIVATE.contains(&block.to_string().as_str());
        self.blocks.iter().any(|block| block.prefix_len() <= Self::WIDE && block.addr().is_ipv4() && !private(block))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(value: &Value) -> Row {
        Row::parse(value).unwrap()
    }

    #[test]
    fn rows_of_each_era() {
        let granular = row(&json!({"name": "publish_token", "key": "5b5f3e0e-0000-4000-8000-000000000000",
            "token": "npm_NYn6...jCq0", "expiry": "2026-02-03T20:06:18.920Z", "cidr": [], "bypass_2fa": true, "revoked": null,
            "permissions": [{"name": "package", "action": "write"}], "scopes": [{"name": "a_test_package", "type": "package"}],
            "unknown": {"a": 1}}));
        assert_eq!((granular.era, granular.rights, granular.bypass), (Era::Granular, Rights::Write, Some(true)));
        assert_eq!(granular.scopes, [Scope::Package("a_test_package".into())]);
        assert_eq!(granular.addresses, Some(Addresses::default()));
        assert!(!granular.revoked && granular.is_expired("2026-02-03T20:06:19Z".parse().unwrap()));
        assert!(!granular.is_expired("2026-02-03T20:06:18Z".parse().unwrap()));

        let classic = row(&json!({"key": "a".repeat(128), "token": "[REDACTED]", "readonly": true,
            "cidr_whitelist": ["10.1.2.3/24"], "created": "x"}));
        assert_eq!((classic.era, classic.rights, classic.bypass), (Era::Classic, Rights::Read, None));
        assert_eq!(classic.addresses.unwrap().blocks, ["10.1.2.0/24".parse().unwrap()]);

        let verdaccio =
            row(&json!({"user": "alice", "token": "eyJhb...VmVUs", "key": "0".repeat(32), "cidr": ["127.0.0.2/32"],
            "readonly": false}));
        assert_eq!((verdaccio.era, verdaccio.rights, verdaccio.end), (Era::SelfHosted, Rights::Write, End::Open));

        assert!(row(&json!({"key": "k", "revoked": "2026-01-01T00:00:00Z"})).revoked);
        assert_eq!(row(&json!({"key": "k", "expires": "soon"})).end, End::Unread);
        for no_row in [json!({}), json!({"key": ""}), json!(null), json!([1]), json!({"key": 1})] {
            assert_eq!(Row::parse(&no_row), None);
        }
    }

    #[test]
    fn rights() {
        let package = |action: &str| json!({"name": "package", "action": action});
        let org = json!({"name": "org", "action": "write"});
        for (permissions, readonly, expected) in [
            (json!([package("write")]), None, Rights::Write),
            (json!([package("write")]), Some(true), Rights::Read),
            (json!([package("read")]), None, Rights::Read),
            (json!([package("read"), org]), Some(false), Rights::Read),
            (json!([package("read"), package("write")]), None, Rights::Write),
            (json!([org]), None, Rights::Organisations),
            (json!([package("admin")]), None, Rights::Unsaid),
            (json!([{"name": "galaxy", "action": "read"}]), None, Rights::Unsaid),
            (json!([]), None, Rights::Unsaid),
            (json!(null), Some(false), Rights::Write),
            (json!(null), None, Rights::Unsaid),
        ] {
            assert_eq!(Rights::parse(permissions.as_array(), readonly), expected, "{permissions} {readonly:?}");
        }
    }

    #[test]
    fn organisations() {
        let package = json!({"name": "package", "action": "write"});
        let org = |action: &str| json!({"name": "org", "action": action});
        for (permissions, readonly, expected) in [
            (json!([org("write")]), None, Organisations::Administer),
            (json!([package, org("write")]), Some(false), Organisations::Administer),
            (json!([{"name": "galaxy", "action": "read"}, org("write")]), None, Organisations::Administer),
            (json!([package]), None, Organisations::Leave),
            (json!([package, org("read")]), None, Organisations::Leave),
            (json!([package]), Some(true), Organisations::Leave),
            (json!(null), Some(true), Organisations::Leave),
            (json!([org("write")]), Some(true), Organisations::Unsaid),
            (json!([org("own")]), None, Organisations::Unsaid),
            (json!([package, {"name": "galaxy", "action": "read"}]), None, Organisations::Unsaid),
            (json!(["org"]), None, Organisations::Unsaid),
            (json!([]), None, Organisations::Unsaid),
            (json!(null), Some(false), Organisations::Unsaid),
            (json!(null), None, Organisations::Unsaid),
        ] {
            let got = Organisations::parse(permissions.as_array(), readonly);
            assert_eq!(got, expected, "{permissions} {readonly:?}");
        }
    }

    #[test]
    fn scopes() {
        for (value, expected) in [
            (json!({"type": "package", "name": "@a/b"}), Scope::Package("@a/b".into())),
            (json!({"type": "scope", "name": "@a"}), Scope::Below("a".into())),
            (json!({"type": "org", "name": "a"}), Scope::Organisation),
            (json!({"type": "package", "name": "*"}), Scope::Everything),
            (json!({"type": "galaxy", "name": "a"}), Scope::Everything),
            (json!("a"), Scope::Everything),
        ] {
            assert_eq!(Scope::parse(&value), expected);
        }
    }

    #[test]
    fn address_lists() {
        for (value, open) in [
            (json!({"cidr": null}), Some(true)),
            (json!({"cidr": []}), Some(true)),
            (json!({"cidr": [], "cidr_whitelist": null}), Some(true)),
            (json!({"cidr_whitelist": ["0.0.0.0/0"]}), Some(true)),
            (json!({"cidr": ["0.0.0.0/1", "128.0.0.0/1"]}), Some(true)),
            (json!({"cidr": ["192.0.2.1", "::/0"]}), Some(true)),
            (json!({"cidr": ["0.0.0.0/1"]}), Some(false)),
            (json!({"cidr": ["10.0.0.0/8"]}), Some(false)),
            (json!({"cidr": null, "cidr_whitelist": ["10.0.0.1"]}), Some(false)),
            (json!({"cidr": ["what"]}), Some(false)),
            (json!({"cidr": 7}), Some(false)),
            (json!({}), None),
        ] {
            assert_eq!(addresses(&value).map(|addresses| addresses.is_open()), open, "{value}");
        }
    }

    #[test]
    fn a_row_is_ours_by_both_ends_or_by_key() {
        let token = Secret::token(["npm", "_", &"aBcD".repeat(8), "7890"].concat());
        let masked = |masks: &[&str]| -> Vec<Row> {
            let masked = masks.iter().map(|mask| row(&json!({"key": format!("key of {mask}"), "token": mask})));
            masked.collect()
        };
        let found = |masks: &[&str]| match own(&masked(masks), &token) {
            Own::Row(row) => row.mask.clone(),
            Own::Absent => "absent".into(),
            Own::Untold => "untold".into(),
        };
        assert_eq!(found(&["npm_zzzz...7890", "npm_aBcD...7890"]), "npm_aBcD...7890");
        assert_eq!(found(&["npm_aBcD…7890"]), "npm_aBcD…7890");
        assert_eq!(found(&["npm_aBcD...7891", "npm_aBcE...7890"]), "absent");
        assert_eq!(found(&[]), "absent");
        for untold in [&["npm_aBcD...7890", "npm_aBcD...7890"][..], &["npm_aB"], &["[REDACTED]"], &["eyJhb...VmVUs"]] {
            assert_eq!(found(untold), "untold");
        }
        let keyed = jwt::token(&json!({"token": {"key": "key of b"}}));
        let rows = [row(&json!({"key": "key of a"})), row(&json!({"key": "key of b"}))];
        assert_eq!(own(&rows, &keyed), Own::Row(&rows[1]));
        assert_eq!(own(&rows[..1], &keyed), Own::Absent);
        assert_eq!(own(&rows, &jwt::token(&json!({}))), Own::Absent);
    }

    #[test]
    fn ends_from_a_report() {
        let rows = [
            row(&json!({"key": "a", "token": "npm_aBcD...7890"})),
            row(&json!({"key": "b", "token": "eyJhb...VmVUs"})),
        ];
        assert_eq!(by_ends(&rows, "npm_aBcD", "7890"), Own::Row(&rows[0]));
        assert_eq!(by_ends(&rows, "eyJh", "mVUs"), Own::Row(&rows[1]));
        assert_eq!(by_ends(&rows, "npm_aBcE", "7890"), Own::Absent);
        for (head, tail) in
            [("", ""), ("n", "7890"), ("npm_", "7890"), ("npm_aBc", "7890"), ("npm_aBcD", "890"), ("eyJ", "VmVUs")]
        {
            assert_eq!(by_ends(&rows, head, tail), Own::Absent, "{head} {tail}");
        }
    }
}
