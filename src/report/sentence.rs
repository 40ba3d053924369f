//! The one sentence about a finding that a manager understands.
//!
//! What comes in: a finding with its claims. What goes out: whose it is, what it can do, from where, until when; a bound said
//! as a bound, what was not visible said as such, what is unknown said with its reason.
//! What it must never do: say more than the claims do.

use std::fmt::Display;

use super::numbers::{count, counted, short};
use super::places::day;
use super::sanitise::Cleaner;
use super::wrap::NO_BREAK;
use crate::model::{
    Access, Administration, Claim, Evidence, Expiry, Finding, Inactive, Network, Publish, Reach, RuleSet, SecondFactor,
    SecretKind, TokenKind, Unknown, Validity,
};

/// Longer names and server words say nothing more.
const LONGEST: usize = 120;
/// Address blocks that are named; of more, the number.
const NAMED_BLOCKS: usize = 3;

/// What sentences need besides the finding.
#[derive(Clone, Copy)]
pub(super) struct Teller<'a> {
    pub(super) rules: &'a RuleSet,
    pub(super) clean: &'a Cleaner,
}

impl Teller<'_> {
    /// The whole sentence. Figures hold together by spaces that do not break (`NO_BREAK`).
    pub(super) fn sentence(self, finding: &Finding) -> String {
        let says = match (&finding.inspection.validity, &finding.inspection.access) {
            (Validity::Active, Some(access)) if self.noun(finding) == "password" => {
                format!("works, and logs in as its owner; {}", self.powers(access))
            }
            (Validity::Active, Some(access)) => self.powers(access),
            (Validity::Active, None) => "works; what it can do was not looked at".to_owned(),
            (Validity::Inactive(how), _) => format!("no longer works: {}", self.death(*how)),
            (Validity::Unknown(why), _) => {
                format!("not verified: {}; {}", self.doubt(why, finding), belief(finding.evidence))
            }
        };
        format!("{}: {says}", self.label(finding))
    }

    /// The same on one line with ordinary spaces, for machines that show it to people.
    pub(super) fn plain(self, finding: &Finding) -> String {
        self.sentence(finding).replace(NO_BREAK, " ")
    }

    /// `npm token npm_aBcD…7890 of alice at npm.corp.invalid`.
    pub(super) fn label(self, finding: &Finding) -> String {
        let credential = &finding.credential;
        let facts = self.rules.registry(&credential.registry);
        let mut out = self.line(facts.map_or(credential.registry.as_str(), |facts| &facts.name));
        out += &format!(" {}", self.noun(finding));
        if credential.secret.kind() == SecretKind::Token {
            out += &format!(" {}", credential.secret.redacted());
        }
        if let Some(user) = self.user(finding) {
            out += &format!(" of {user}");
        }
        let public = facts.and_then(|facts| facts.api.as_deref()).map(without_scheme);
        let at = match (&finding.endpoint, &finding.inspection.validity) {
            (Some(endpoint), _) => without_scheme(endpoint).to_owned(),
            (None, Validity::Unknown(Unknown::ForeignHost(_))) => String::new(),
            (None, _) if credential.self_identifying => String::new(),
            (None, _) => credential
                .hosts
                .iter()
                .map(|host| host.to_string().trim_end_matches('/').to_owned())
                .collect::<Vec<_>>()
                .join(" and "),
        };
        if !at.is_empty() && Some(at.as_str()) != public {
            out += &format!(" at {}", self.line(&at));
        }
        out
    }

    /// Whose, as far as anybody says.
    pub(super) fn user(self, finding: &Finding) -> Option<String> {
        let access = finding.inspection.access.as_ref();
        let proven = access.and_then(|access| access.identity.proven()).map(|identity| identity.user.as_str());
        proven.or(finding.credential.user.as_deref()).map(|user| self.line(user)).filter(|user| !user.is_empty())
    }

    fn noun(self, finding: &Finding) -> &'static str {
        let proven = finding.inspection.access.as_ref().and_then(|access| access.kind.proven());
        match (proven, finding.credential.secret.kind()) {
            (Some(TokenKind::Session), _) => "session token",
            (Some(TokenKind::Classic), _) => "classic token",
            (Some(TokenKind::Password), _) | (None, SecretKind::Password) => "password",
            (Some(TokenKind::Granular | TokenKind::Other(_)), _) | (None, SecretKind::Token) => "token",
        }
    }

    /// Why it is dead, in words.
    pub(super) fn death(self, how: Inactive) -> &'static str {
        match how {
            Inactive::Rejected => "the registry does not know it",
            Inactive::Revoked => "it was revoked",
            Inactive::Expired => "it has expired",
        }
    }

    /// Why nobody could tell, in words.
    pub(super) fn doubt(self, why: &Unknown, finding: &Finding) -> String {
        match why {
            Unknown::Offline => "offline".to_owned(),
            Unknown::NoHost => "nothing beside it says which registry issued it".to_owned(),
            Unknown::ForeignHost(host) => {
                let host = self.line(without_scheme(host));
                let registry = finding.credential.registry.as_str();
                let scheme = if is_this_machine(&host) { "http" } else { "https" };
                format!(
                    "{host} is not a configured endpoint (if it is yours: --endpoint{NO_BREAK}{}={scheme}://{host}/)",
                    self.line(registry)
                )
            }
            Unknown::Unsupported => "keyrake cannot ask this registry about it yet".to_owned(),
            Unknown::RateLimited => "the registry asked for fewer requests".to_owned(),
            Unknown::Unavailable(what) => format!("the registry gave no usable answer ({})", self.line(what)),
            Unknown::Refused(what) => {
                format!("the registry's answer proves nothing ({})", self.line(what))
            }
            Unknown::Deadline => "the time for verification ran out".to_owned(),
            Unknown::Interrupted => "the run was interrupted before the registry had answered".to_owned(),
        }
    }

    /// What a working credential can do.
    fn powers(self, access: &Access) -> String {
        let mut hidden = Hidden::default();
        let mut out = self.publishing(access, &mut hidden);
        let administers = administering(access);
        let publishes = !matches!(access.publish.at_most(), Some(Publish::No));
        if let Some(administers) = administers.as_deref().filter(|_| !publishes) {
            out += &format!(", but {administers}");
        }
        if publishes || administers.is_some() {
            match &access.second_factor {
                Claim::Proven(SecondFactor::NotAsked, _) => out += " without a second factor",
                Claim::Proven(SecondFactor::Asked, _) => out += ", behind a second factor",
                Claim::Bounded { .. } => out += ", perhaps without a second factor",
                Claim::NotVisible(why) => hidden.add("whether a second factor is asked for", why),
            }
        }
        match &access.network {
            Claim::Proven(network, _) => out += &format!(", {}", addresses(network)),
            Claim::Bounded { at_most, .. } => out += &format!(", perhaps {}", addresses(at_most)),
            Claim::NotVisible(why) => hidden.add("from which addresses", why),
        }
        match &access.expiry {
            Claim::Proven(Expiry::At(time), _) => out += &format!(", until {}", day(time, self.clean)),
            Claim::Proven(Expiry::Never, _) => out += ", without end",
            Claim::Bounded { at_most: Expiry::At(time), .. } => {
                out += &format!(", until {} at the latest", day(time, self.clean));
            }
            Claim::Bounded { at_most: Expiry::Never, .. } => out += ", perhaps without end",
            Claim::NotVisible(why) => hidden.add("until when", why),
        }
        if let Some(administers) = administers.filter(|_| publishes) {
            out += &format!("; {administers}");
        }
        if let Claim::NotVisible(why) = &access.administration {
            hidden.add("what it administers", why);
        }
        if let Claim::NotVisible(why) = &access.identity {
            hidden.add("whose it is", why);
        }
        out + &hidden.tell(self)
    }

    fn publishing<'a>(self, access: &'a Access, hidden: &mut Hidden<'a>) -> String {
        let reach = match &access.reach {
            Claim::NotVisible(why) => {
                if !matches!(access.publish.at_most(), Some(Publish::No)) {
                    hidden.add("which packages", why);
                }
                None
            }
            Claim::Proven(reach, _) => Some(self.packages(reach, None)),
            Claim::Bounded { at_least, at_most, .. } => Some(self.packages(at_most, Some(at_least))),
        };
        let what = |verb: &str| match &reach {
            Some(packages) => format!("{verb} {packages}"),
            None => verb.to_owned(),
        };
        match &access.publish {
            Claim::Proven(Publish::Yes, _) => what("publishes"),
            Claim::Bounded { at_most: Publish::Yes, .. } => what("may publish"),
            Claim::Proven(Publish::Stage, _) => staging("stages versions", reach.as_deref()),
            Claim::Bounded { at_most: Publish::Stage, .. } => staging("may stage versions", reach.as_deref()),
            Claim::Proven(Publish::No, _) | Claim::Bounded { at_most: Publish::No, .. } => {
                match administering(access) {
                    Some(_) => "cannot publish".to_owned(),
                    None => "reads only, cannot publish".to_owned(),
                }
            }
            Claim::NotVisible(why) => {
                hidden.add("whether it publishes", why);
                match &reach {
                    Some(packages) => format!("works; its user has {packages}"),
                    None => "works".to_owned(),
                }
            }
        }
    }

    /// `14 packages (3.1 M downloads a week)`, `up to 14 packages (the user's maximum; …)`.
    fn packages(self, most: &Reach, least: Option<&Reach>) -> String {
        let mut extra = Vec::new();
        let mut out = match (most.packages, least.map(|least| least.packages), most.biggest.as_slice()) {
            (0, _, _) => "no package so far".to_owned(),
            (1, None | Some(1), [only]) => self.line(&only.name),
            (n, None, _) => counted(n, "package"),
            (n, Some(least), _) if least == n => counted(n, "package"),
            (n, Some(least), _) => {
                extra.push("the user's maximum".to_owned());
                let from = if least == 0 { "up to".to_owned() } else { format!("{} to", count(least)) };
                format!("{from}{NO_BREAK}{}", counted(n, "package"))
            }
        };
        if let Some(downloads) = most.weekly_downloads.filter(|_| most.packages > 0) {
            let word = if downloads == 1 { "download" } else { "downloads" };
            extra.push(format!("{} {word} a week", short(downloads)));
        }
        if !extra.is_empty() {
            out += &format!(" ({})", extra.join("; "));
        }
        out
    }

    fn line(self, text: &str) -> String {
        self.clean.line(text, LONGEST)
    }
}

/// What could not be seen, by reason: one refusal usually hides several things.
#[derive(Default)]
struct Hidden<'a>(Vec<(&'a str, Vec<&'static str>)>);

impl<'a> Hidden<'a> {
    fn add(&mut self, what: &'static str, why: &'a str) {
        match self.0.iter_mut().find(|(reason, _)| *reason == why) {
            Some((_, things)) => things.push(what),
            None => self.0.push((why, vec![what])),
        }
    }

    fn tell(&self, teller: Teller<'_>) -> String {
        let mut out = String::new();
        for (why, things) in &self.0 {
            out += &format!("; not visible: {}", things.join(", "));
            if !why.is_empty() {
                out += &format!(" ({})", teller.line(why));
            }
        }
        out
    }
}

/// What it administers. That it may, as far as anybody sees, is said only of what does not publish: beside "may publish" it is
/// nothing new. Nor is it of a password, which is its owner.
fn administering(access: &Access) -> Option<String> {
    let reader = matches!(access.publish.at_most(), Some(Publish::No));
    let (verb, what) = match &access.administration {
        _ if access.kind.proven() == Some(&TokenKind::Password) => return None,
        Claim::Proven(what, _) => ("administers", *what),
        Claim::Bounded { at_least, .. } if *at_least > Administration::None => ("administers", *at_least),
        Claim::Bounded { at_most, .. } if reader => ("may administer", *at_most),
        Claim::Bounded { .. } | Claim::NotVisible(_) => return None,
    };
    match what {
        Administration::None => None,
        Administration::Organisations => Some(format!("{verb} its owner's organisations")),
        Administration::Account => Some(format!("{verb} its owner's account")),
    }
}

fn staging(verb: &str, packages: Option<&str>) -> String {
    match packages {
        Some(packages) => format!("{verb} of {packages} for their owner to approve"),
        None => format!("{verb} for their owner to approve"),
    }
}

fn addresses(network: &Network) -> String {
    match network {
        Network::Anywhere => "from any address".to_owned(),
        Network::Only(blocks) => match blocks.iter().find(|block| block.prefix_len() == 0) {
            Some(all) => format!("from any address (its list holds {all})"),
            None => format!("from {} only", blocks_named(blocks)),
        },
    }
}

fn blocks_named<T: Display>(blocks: &[T]) -> String {
    let named: Vec<String> = blocks.iter().take(NAMED_BLOCKS).map(T::to_string).collect();
    match blocks.len().saturating_sub(NAMED_BLOCKS) as u64 {
        _ if named.is_empty() => "certain addresses".to_owned(),
        0 => named.join(", "),
        more => format!("{} and {} more", named.join(", "), counted(more, "block")),
    }
}

fn belief(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Checksum => "its checksum holds",
        Evidence::Structure => "its inner structure holds",
        Evidence::Field => "it stands in a credential field",
        Evidence::Context => "words beside it name the registry",
        Evidence::Pattern => "only its shape speaks for it",
    }
}

fn without_scheme(url: &str) -> &str {
    let url = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or(url);
    url.trim_end_matches('/')
}

/// Whether this host, with or without port and path, is the reader's own machine, where servers speak plain HTTP.
fn is_this_machine(host: &str) -> bool {
    let authority = host.split('/').next().unwrap_or_default();
    if authority.starts_with("[::1]") {
        return true;
    }
    let name = authority.split(':').next().unwrap_or_default();
    let is_address = name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    name == "localhost" || name.starts_with("127.") && is_address
}

#[cfg(test)]
mod tests {
    use super::super::samples::{self, proven};
    use super::*;
    use crate::model::{BoundHost, Identity, Inspection, PackageReach, Proof, Secret, Severity};

    fn said(finding: &Finding) -> String {
        let run = samples::empty();
        let clean = Cleaner::for_run(&run);
        let sentence = Teller { rules: &run.rules, clean: &clean }.plain(finding);
        sentence.replace("npm token npm_aBcD…0001", "T")
    }

    fn token(inspection: Inspection) -> Finding {
        samples::finding(samples::token("1"), Severity::High, inspection)
    }

    fn live(access: Access) -> Inspection {
        Inspection { validity: Validity::Active, proof: Proof::request(1), access: Some(access), notes: Vec::new() }
    }

    fn bounded<T>(at_least: T, at_most: T) -> Claim<T> {
        Claim::Bounded { at_least, at_most, proof: Proof::request(1) }
    }

    /// Everything proven: publishes fourteen packages, unattended, until a day.
    fn all() -> Access {
        samples::unattended().access.unwrap()
    }

    #[test]
    fn every_claim_has_its_words() {
        let only = |blocks: &[&str]| Network::Only(blocks.iter().map(|block| block.parse().unwrap()).collect());
        let few = |packages| Reach { packages, ..Reach::default() };
        let one = Reach {
            biggest: vec![PackageReach { name: "left-padding".to_owned(), weekly_downloads: Some(1) }],
            weekly_downloads: Some(1),
            ..few(1)
        };
        let cases = [
            (
                Access { reach: proven(one, 1), expiry: proven(Expiry::Never, 1), ..all() },
                "publishes left-padding (1 download a week) without a second factor, from any address, without end",
            ),
            (
                Access { reach: proven(few(0), 1), second_factor: proven(SecondFactor::Asked, 1), ..all() },
                "publishes no package so far, behind a second factor, from any address, until 2027-01-12",
            ),
            (
                Access { reach: bounded(few(2), few(1400)), network: proven(only(&["10.0.0.0/8"]), 1), ..all() },
                "publishes 2 to 1,400 packages (the user's maximum) without a second factor, from 10.0.0.0/8 only, until 2027-01-12",
            ),
            (
                Access {
                    reach: Claim::NotVisible("refused".to_owned()),
                    second_factor: bounded(SecondFactor::Asked, SecondFactor::NotAsked),
                    network: bounded(only(&["10.0.0.0/8"]), Network::Anywhere),
                    expiry: bounded(Expiry::At("2027-01-01T00:00:00Z".to_owned()), Expiry::Never),
                    ..all()
                },
                "publishes, perhaps without a second factor, perhaps from any address, perhaps without end; not visible: which packages (refused)",
            ),
            (
                Access {
                    publish: proven(Publish::Stage, 1),
                    network: proven(only(&["10.0.0.0/8", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"]), 1),
                    expiry: bounded(Expiry::At(String::new()), Expiry::At("2027-02-01".to_owned())),
                    ..all()
                },
                "stages versions of 14 packages (3.1 M downloads a week) for their owner to approve without a second factor, from 10.0.0.0/8, 192.0.2.0/24, 198.51.100.0/24 and 1 block more only, until 2027-02-01 at the latest",
            ),
            (
                Access {
                    publish: bounded(Publish::No, Publish::Stage),
                    reach: Claim::NotVisible(String::new()),
                    network: proven(only(&[]), 1),
                    ..all()
                },
                "may stage versions for their owner to approve without a second factor, from certain addresses only, until 2027-01-12; not visible: which packages",
            ),
            (
                Access { publish: proven(Publish::No, 1), network: proven(only(&["0.0.0.0/0"]), 1), ..all() },
                "reads only, cannot publish, from any address (its list holds 0.0.0.0/0), until 2027-01-12",
            ),
            (
                Access {
                    publish: proven(Publish::No, 1),
                    administration: proven(Administration::Organisations, 1),
                    second_factor: proven(SecondFactor::Asked, 1),
                    ..all()
                },
                "cannot publish, but administers its owner's organisations, behind a second factor, from any address, until 2027-01-12",
            ),
            (
                Access {
                    publish: proven(Publish::No, 1),
                    administration: bounded(Administration::None, Administration::Account),
                    ..all()
                },
                "cannot publish, but may administer its owner's account without a second factor, from any address, until 2027-01-12",
            ),
            (
                Access {
                    publish: proven(Publish::No, 1),
                    administration: Claim::NotVisible("refused".to_owned()),
                    ..all()
                },
                "reads only, cannot publish, from any address, until 2027-01-12; not visible: what it administers (refused)",
            ),
            (
                Access { administration: proven(Administration::Account, 1), ..all() },
                "publishes 14 packages (3.1 M downloads a week) without a second factor, from any address, until 2027-01-12; administers its owner's account",
            ),
            (
                Access { administration: bounded(Administration::Organisations, Administration::Account), ..all() },
                "publishes 14 packages (3.1 M downloads a week) without a second factor, from any address, until 2027-01-12; administers its owner's organisations",
            ),
            (
                Access { administration: bounded(Administration::None, Administration::Account), ..all() },
                "publishes 14 packages (3.1 M downloads a week) without a second factor, from any address, until 2027-01-12",
            ),
            (
                Access { publish: Claim::NotVisible("refused".to_owned()), ..all() },
                "works; its user has 14 packages (3.1 M downloads a week) without a second factor, from any address, until 2027-01-12; not visible: whether it publishes (refused)",
            ),
        ];
        for (access, expected) in cases {
            assert_eq!(said(&token(live(access))), format!("T of alice: {expected}"));
        }
        assert_eq!(
            said(&token(live(Access::not_visible("refused")))),
            "T: works; not visible: which packages, whether it publishes, whether a second factor is asked for, from \
             which addresses, until when, what it administers, whose it is (refused)"
        );
        assert_eq!(
            said(&token(Inspection { access: None, ..live(all()) })),
            "T: works; what it can do was not looked at"
        );
    }

    #[test]
    fn every_doubt_and_every_death_has_its_words() {
        let cases = [
            (Unknown::Offline, "offline"),
            (Unknown::NoHost, "nothing beside it says which registry issued it"),
            (
                Unknown::ForeignHost("npm.corp.invalid/".to_owned()),
                "npm.corp.invalid is not a configured endpoint (if it is yours: --endpoint npm=https://npm.corp.invalid/)",
            ),
            (
                Unknown::ForeignHost("127.0.0.1:4873/npm/".to_owned()),
                "127.0.0.1:4873/npm is not a configured endpoint (if it is yours: --endpoint npm=http://127.0.0.1:4873/npm/)",
            ),
            (Unknown::Unsupported, "keyrake cannot ask this registry about it yet"),
            (Unknown::RateLimited, "the registry asked for fewer requests"),
            (Unknown::Unavailable("503".to_owned()), "the registry gave no usable answer (503)"),
            (Unknown::Refused("403".to_owned()), "the registry's answer proves nothing (403)"),
            (Unknown::Deadline, "the time for verification ran out"),
            (Unknown::Interrupted, "the run was interrupted before the registry had answered"),
        ];
        for (why, expected) in cases {
            let finding = token(samples::unknown(why));
            assert_eq!(said(&finding), format!("T: not verified: {expected}; its checksum holds"));
        }
        for (how, expected) in [
            (Inactive::Rejected, "the registry does not know it"),
            (Inactive::Revoked, "it was revoked"),
            (Inactive::Expired, "it has expired"),
        ] {
            let finding = token(Inspection::inactive(how, Proof::request(1)));
            assert_eq!(said(&finding), format!("T: no longer works: {expected}"));
        }
    }

    #[test]
    fn this_machine_is_told_from_others() {
        for host in ["localhost", "localhost:4873", "127.0.0.1", "127.8.0.1:1/npm", "[::1]", "[::1]:4873/npm"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["localhost.evil.invalid", "127.0.0.1.evil.invalid:80", "10.0.0.1:4873", "[fe80::1]", "", "["] {
            assert!(!is_this_machine(host), "{host}");
        }
    }

    #[test]
    fn a_label_says_what_whose_and_where() {
        let host = |host: &str| BoundHost { host: host.to_owned(), port: None, path: "/".to_owned() };
        let plain = || token(samples::unknown(Unknown::Offline));
        let with = |change: &dyn Fn(&mut Finding)| {
            let mut finding = plain();
            change(&mut finding);
            finding
        };
        let kind = |kind| live(Access { kind: proven(kind, 1), ..Access::not_visible("refused") });
        let password = Secret::password("correct horse");
        let cases = [
            (plain(), "T"),
            (with(&|finding| finding.endpoint = Some("https://registry.invalid/".to_owned())), "T"),
            (with(&|finding| finding.endpoint = Some("http://127.0.0.1:4873/".to_owned())), "T at 127.0.0.1:4873"),
            (with(&|finding| finding.credential.user = Some("alice".to_owned())), "T of alice"),
            (
                with(&|finding| {
                    finding.endpoint = None;
                    finding.credential.self_identifying = false;
                    finding.credential.hosts = [host("a.invalid"), host("b.invalid")].into();
                }),
                "T at a.invalid and b.invalid",
            ),
            (token(kind(TokenKind::Session)), "npm session token npm_aBcD…0001"),
            (token(kind(TokenKind::Classic)), "npm classic token npm_aBcD…0001"),
            (samples::finding(password, Severity::Medium, samples::unknown(Unknown::Offline)), "npm password"),
        ];
        for (finding, expected) in cases {
            assert_eq!(said(&finding).split(": ").next(), Some(expected));
        }
    }

    #[test]
    fn a_working_password_logs_in() {
        let access = Access {
            identity: proven(Identity { user: "alice".to_owned() }, 1),
            kind: proven(TokenKind::Password, 1),
            administration: proven(Administration::Account, 1),
            reach: proven(Reach { packages: 3, ..Reach::default() }, 1),
            publish: bounded(Publish::No, Publish::Yes),
            ..Access::not_visible("")
        };
        let finding = samples::finding(Secret::password("correct horse"), Severity::Critical, live(access));
        assert_eq!(
            said(&finding),
            "npm password of alice: works, and logs in as its owner; may publish 3 packages; not visible: whether a \
             second factor is asked for, from which addresses, until when"
        );
    }
}
