//! From facts to claims. Pure: everything was asked before, nothing is asked here.
//!
//! Each claim says what shows it. What was not seen is a range or "not visible", never a guess.

use jiff::Timestamp;

use super::jwt;
use super::reach::Packages;
use super::rows::{Addresses, End, Era, Organisations, Rights, Row, Scope};
use super::standing::Barrier;
use crate::model::{
    Access, Administration, Claim, Credential, Expiry, Identity, Network, Proof, Publish, Reach, SecondFactor,
    SecretKind, TokenKind,
};

/// Everything that was found out about a live credential.
#[derive(Debug)]
pub(super) struct Facts<'f> {
    pub(super) credential: &'f Credential,
    /// The registry's public instance, or a server of somebody's own.
    pub(super) public: bool,
    pub(super) user: Option<String>,
    /// What shows that it lives.
    pub(super) alive: Proof,
    pub(super) barrier: Barrier,
    pub(super) listed: Listed,
    pub(super) profile: Option<Profile>,
    /// The user's packages, where the user is known.
    pub(super) packages: Option<Packages>,
    /// Package and request where the server says that the user may publish it.
    pub(super) may_publish: Option<(String, u32)>,
}

/// What the token lists say of it.
#[derive(Debug)]
pub(super) enum Listed {
    /// This row.
    Row(Box<Row>, Proof),
    /// It is in no row of a whole list: a login's session.
    Absent(Proof),
    /// Not seen, and why.
    Unseen(String),
}

/// What the account says.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) request: u32,
    pub(super) addresses: Option<Addresses>,
    pub(super) tfa: Tfa,
}

/// The account's second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tfa {
    Off,
    /// For logins, not for writes.
    Logins,
    Writes,
    Unsaid,
}

const LIMITS_HIDDEN: &str = "the registry shows a token's limits to its owner's session only";

impl Facts<'_> {
    /// All claims.
    pub(super) fn access(&self, now: Timestamp) -> Access {
        Access {
            identity: self.identity(),
            kind: self.kind(),
            publish: self.publish(),
            administration: self.administration(),
            network: self.network(),
            second_factor: self.second_factor(),
            expiry: self.expiry(now),
            reach: self.reach(),
        }
    }

    fn is_password(&self) -> bool {
        self.credential.secret.kind() == SecretKind::Password
    }

    fn identity(&self) -> Claim<Identity> {
        match &self.user {
            Some(user) => Claim::Proven(Identity { user: user.clone() }, self.alive.clone()),
            None => Claim::NotVisible("the registry did not say whose it is".to_owned()),
        }
    }

    fn kind(&self) -> Claim<TokenKind> {
        if self.is_password() {
            return Claim::Proven(TokenKind::Password, Proof::note("it signs in as a password"));
        }
        match &self.listed {
            Listed::Row(row, proof) => {
                let kind = match row.era {
                    Era::Granular => TokenKind::Granular,
                    Era::SelfHosted => TokenKind::Other("Verdaccio token".to_owned()),
                    Era::Classic => TokenKind::Classic,
                };
                Claim::Proven(kind, proof.clone())
            }
            Listed::Absent(proof) => Claim::Proven(
                TokenKind::Session,
                proof.clone().with_note("lists hold every token but those of a login, and this one is in none"),
            ),
            Listed::Unseen(why) => Claim::NotVisible(why.clone()),
        }
    }

    fn publish(&self) -> Claim<Publish> {
        if let (Listed::Row(row, proof), false) = (&self.listed, self.is_password()) {
            let proven = |publish, note: &str| Claim::Proven(publish, proof.clone().with_note(note));
            match (row.rights, row.bypass) {
                (Rights::Read, _) => return proven(Publish::No, "its row is read-only"),
                (Rights::Organisations, _) => {
                    return proven(Publish::No, "its row is for organisations only, which gives no right to publish");
                }
                (Rights::Write, Some(true)) => return proven(Publish::Yes, "its row allows writes"),
                (Rights::Write, Some(false)) => {
                    let note =
                        "its row allows writes; publishing asks for a code, putting a version into the queue does not";
                    return proven(Publish::Yes, note);
                }
                (Rights::Write, None) => {
                    return proven(Publish::Yes, "its row allows writes; the server's own rules say to which packages");
                }
                (Rights::Unsaid, _) => {}
            }
        }
        if let (Listed::Absent(proof), false) = (&self.listed, self.is_password()) {
            return Claim::Proven(Publish::Yes, proof.clone().with_note("a login's session acts as its user"));
        }
        let mut proof = self.alive.clone();
        if let Some((package, request)) = &self.may_publish {
            proof.requests.push(*request);
            proof = proof.with_note(format!(
                "its user may publish {package}; whether this credential may is not said, and it can do no more than its user"
            ));
        } else {
            proof = proof.with_note("it can do no more than its user");
        }
        Claim::Bounded { at_least: Publish::No, at_most: Publish::Yes, proof }
    }

    fn administration(&self) -> Claim<Administration> {
        let up_to_its_user = |proof: &Proof, note: &str| Claim::Bounded {
            at_least: Administration::None,
            at_most: Administration::Account,
            proof: proof.clone().with_note(note),
        };
        if self.is_password() {
            let proof = self.alive.clone().with_note("who signs in with it is its owner");
            return Claim::Proven(Administration::Account, proof);
        }
        match &self.listed {
            Listed::Row(row, proof) => self.administration_of(row, proof),
            Listed::Absent(proof) if self.public => {
                Claim::Proven(Administration::Account, proof.clone().with_note("a login's session acts as its user"))
            }
            Listed::Absent(proof) => up_to_its_user(
                proof,
                "a login's session acts as its user; what users administer is the server's own rule",
            ),
            Listed::Unseen(_) => up_to_its_user(&self.alive, "it can do no more than its user"),
        }
    }

    /// What a row allows. npm's own rules hold on npm only: there no token administers what a login does, and none that is
    /// exempt from the second factor administers anything since August 2026.
    fn administration_of(&self, row: &Row, proof: &Proof) -> Claim<Administration> {
        let granular = self.public && row.era == Era::Granular;
        let proven = |what, note: &str| Claim::Proven(what, proof.clone().with_note(note));
        let bounded = |at_least, note: &str| {
            let at_most = if granular { Administration::Organisations } else { Administration::Account };
            Claim::Bounded { at_least, at_most, proof: proof.clone().with_note(note) }
        };
        match (row.organisations, row.rights) {
            (Organisations::Leave, Rights::Read) => proven(Administration::None, "its row is read-only"),
            (Organisations::Leave, Rights::Organisations) => {
                proven(Administration::None, "its row lets it see organisations, and change none")
            }
            _ if granular && row.bypass == Some(true) => proven(
                Administration::None,
                "bypass_2fa is set, and to such tokens npm refuses every change of accounts and organisations",
            ),
            (Organisations::Leave, _) if granular => {
                proven(Administration::None, "its row gives no right to organisations, and accounts are for logins")
            }
            (Organisations::Administer, _) if granular && row.bypass == Some(false) => {
                proven(Administration::Organisations, "its row allows to change organisations; a code is asked for")
            }
            (Organisations::Administer, _) if granular => bounded(
                Administration::None,
                "its row allows to change organisations, unless bypass_2fa is set, which it does not say",
            ),
            (Organisations::Administer, _) => {
                bounded(Administration::Organisations, "its row allows to change organisations")
            }
            (Organisations::Leave | Organisations::Unsaid, _) => bounded(
                Administration::None,
                "its row does not say what it administers; it can do no more than its user",
            ),
        }
    }

    fn network(&self) -> Claim<Network> {
        let account = self.profile.as_ref().and_then(|profile| Some((profile.addresses.as_ref()?, profile.request)));
        let own = match &self.listed {
            Listed::Row(row, proof) => row.addresses.clone().map(|addresses| (addresses, proof.clone())),
            Listed::Absent(proof) => Some((Addresses::default(), proof.clone())),
            Listed::Unseen(_) if self.is_password() => Some((Addresses::default(), self.alive.clone())),
            Listed::Unseen(_) => None,
        };
        if let Some((own, proof)) = own.as_ref().filter(|(own, _)| !own.is_open()) {
            return Claim::Proven(Network::Only(own.blocks.clone()), noted(own, proof.clone()));
        }
        if let Some((account, request)) = account.filter(|(account, _)| !account.is_open()) {
            let proof = Proof::request(request).with_note("the account's own list, for all its tokens");
            return Claim::Proven(Network::Only(account.blocks.clone()), proof);
        }
        if self.barrier == Barrier::Address {
            let proof =
                self.alive.clone().with_note("an address list keeps it from working here; the list is not visible");
            return Claim::Proven(Network::Only(Vec::new()), proof);
        }
        match (own, account) {
            (Some((own, mut proof)), Some((account, request))) => {
                proof.requests.push(request);
                let wide = !own.blocks.is_empty() || !account.blocks.is_empty();
                let note =
                    if wide { "its list holds every address" } else { "neither the token nor the account has a list" };
                Claim::Proven(Network::Anywhere, proof.with_note(note))
            }
            (Some(_), None) => {
                Claim::NotVisible("it has no address list of its own; the account's is not visible".to_owned())
            }
            (None, _) => Claim::NotVisible(format!("{LIMITS_HIDDEN}; it was accepted from this address")),
        }
    }

    fn second_factor(&self) -> Claim<SecondFactor> {
        if self.barrier == Barrier::Code {
            return Claim::Proven(SecondFactor::Asked, self.alive.clone());
        }
        if let Listed::Row(row, proof) = &self.listed
            && let Some(bypass) = row.bypass
        {
            return if bypass {
                Claim::Proven(SecondFactor::NotAsked, proof.clone().with_note("bypass_2fa is set"))
            } else {
                Claim::Proven(SecondFactor::Asked, proof.clone().with_note("bypass_2fa is not set"))
            };
        }
        if self.public && matches!(&self.listed, Listed::Row(row, _) if row.era == Era::Granular) {
            // The account does not decide: without the exemption npm asks, by mail where the account has no second factor.
            return Claim::NotVisible("its row does not say whether it is exempt".to_owned());
        }
        if self.public && matches!(self.listed, Listed::Absent(_)) && !self.is_password() {
            let note =
                "a login's session is asked for a code when it writes, by mail if the account has no other factor";
            return Claim::Proven(SecondFactor::Asked, Proof::note(note));
        }
        let known = !matches!(self.listed, Listed::Unseen(_)) || !self.public;
        match &self.profile {
            Some(profile) if known || self.is_password() => {
                let proof = Proof::request(profile.request);
                match profile.tfa {
                    Tfa::Off => {
                        Claim::Proven(SecondFactor::NotAsked, proof.with_note("the account has no second factor"))
                    }
                    Tfa::Logins if !self.is_password() => Claim::Proven(
                        SecondFactor::NotAsked,
                        proof.with_note("the account asks for a code at logins only"),
                    ),
                    Tfa::Logins | Tfa::Writes => Claim::Proven(SecondFactor::Asked, proof),
                    Tfa::Unsaid => Claim::NotVisible("the account does not say".to_owned()),
                }
            }
            _ => Claim::NotVisible(LIMITS_HIDDEN.to_owned()),
        }
    }

    fn expiry(&self, now: Timestamp) -> Claim<Expiry> {
        let at = |end: Timestamp| Expiry::At(end.to_string());
        let own = jwt::payload(&self.credential.secret).and_then(|payload| payload.expires);
        if self.is_password() {
            return Claim::Proven(Expiry::Never, Proof::note("a password works until it is changed"));
        }
        if let Listed::Row(row, proof) = &self.listed {
            match (row.end, own) {
                (End::At(end), _) if end <= now => {
                    let note = "that time is over, but the registry still accepts it";
                    return Claim::Proven(at(end), proof.clone().with_note(note));
                }
                (End::At(end), _) => return Claim::Proven(at(end), proof.clone()),
                (_, Some(_)) => {}
                (End::Open, None) => {
                    return Claim::Proven(Expiry::Never, proof.clone().with_note("its row names no end"));
                }
                (End::Unread, None) => return Claim::NotVisible("its row names an end that cannot be read".to_owned()),
            }
        }
        match (own, &self.listed) {
            (Some(end), _) => Claim::Proven(at(end), Proof::note("its own text says so")),
            (None, Listed::Unseen(why)) => Claim::NotVisible(why.clone()),
            (None, _) => {
                Claim::NotVisible("a login's session ends after some hours; the registry does not say when".to_owned())
            }
        }
    }

    fn reach(&self) -> Claim<Reach> {
        let none = Packages::default();
        let packages = self.packages.as_ref().unwrap_or(&none);
        let seen_by = |proof: &Proof| {
            let mut proof = proof.clone();
            proof.requests.extend(&packages.requests);
            proof
        };
        let privacy =
            if packages.private_too { "private packages included" } else { "private packages are in no search" };
        if let Listed::Row(row, proof) = &self.listed
            && !row.scopes.is_empty()
            && row.scopes.iter().all(|scope| *scope != Scope::Everything)
        {
            let named = row.scopes.iter().filter_map(|scope| match scope {
                Scope::Package(name) => Some(name.as_str()),
                _ => None,
            });
            let scopes: Vec<&str> = row
                .scopes
                .iter()
                .filter_map(|scope| match scope {
                    Scope::Below(name) => Some(name.as_str()),
                    _ => None,
                })
                .collect();
            let at_least = packages.named(named.clone());
            if scopes.is_empty() {
                let note = match row.rights {
                    Rights::Read | Rights::Organisations => "its row names them, to read and not to publish",
                    Rights::Write | Rights::Unsaid => "its row names them",
                };
                return Claim::Proven(at_least, seen_by(proof).with_note(note));
            }
            let at_most = packages.named(named.chain(packages.in_scopes(&scopes)));
            let note = format!("its row names {} as a whole; {privacy}", shown_scopes(&scopes));
            return Claim::Bounded { at_least, at_most, proof: seen_by(proof).with_note(note) };
        }
        if !packages.says_something() {
            return Claim::NotVisible(match &self.user {
                Some(_) => {
                    "no search of the server names a package of its user; private ones are in no search".to_owned()
                }
                None => "whose it is was not visible, so neither are the packages".to_owned(),
            });
        }
        let whole = packages.all();
        match &self.listed {
            Listed::Row(row, proof) if row.rights == Rights::Write => {
                let proof =
                    seen_by(proof).with_note(format!("its row names no package: all that its user has; {privacy}"));
                Claim::Proven(whole, proof)
            }
            Listed::Absent(proof) if !self.is_password() => {
                let proof =
                    seen_by(proof).with_note(format!("a login's session reaches all that its user has; {privacy}"));
                Claim::Proven(whole, proof)
            }
            _ => {
                let proof = seen_by(&self.alive)
                    .with_note(format!("its user's packages, the most that it can reach; {privacy}"));
                Claim::Bounded { at_least: Reach::default(), at_most: whole, proof }
            }
        }
    }
}

/// The first of a row's scopes, and how many more there are: a row can hold any number of them.
fn shown_scopes(scopes: &[&str]) -> String {
    const SHOWN: usize = 5;
    let first: Vec<String> = scopes.iter().take(SHOWN).map(|scope| format!("@{scope}")).collect();
    match scopes.len().saturating_sub(SHOWN) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn noted(addresses: &Addresses, proof: Proof) -> Proof {
    match addresses.unread {
        0 if addresses.is_wide() => proof.with_note("a list this wide keeps few out"),
        0 => proof,
        unread => proof.with_note(format!("{unread} more entries of its list cannot be read")),
    }
}
