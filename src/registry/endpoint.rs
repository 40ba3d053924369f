//! Which server a credential may be sent to.
//!
//! What comes in: the registries of the rules, the endpoints and credentials that the operator gave, and a credential with the
//! hosts that its files name. What goes out: one endpoint, or why there is none.
//!
//! What it must never do: let a host from a scanned file become an endpoint. Such a host only *selects* among the public
//! instances of the rules and the endpoints given by the operator. Nor may the operator's own credential belong to two servers.

use std::net::IpAddr;

use url::{Host, Url};

use crate::model::{BoundHost, Credential, RegistryId, RuleSet, Secret, Unknown};

/// A server that may be asked.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The registry whose API it speaks.
    pub registry: RegistryId,
    /// Base of its API; the path ends with a slash.
    pub base: Url,
    /// The registry's public instance.
    pub public: bool,
    /// Hosts that stand for it (mirrors).
    pub(crate) mirrors: Vec<String>,
    /// The owner's own credential for this server and no other.
    pub(crate) operator: Option<Secret>,
    /// The page on which an owner deletes tokens.
    pub owner_page: Option<String>,
    /// The page on which an owner changes the password.
    pub password_page: Option<String>,
}

/// Where a credential may belong.
#[derive(Clone, Debug)]
pub struct Issuers<'e> {
    /// At least one.
    pub endpoints: Vec<&'e Endpoint>,
    /// A host that its files name as well and that may not be asked. As long as it may be the issuer, no other's refusal is death.
    pub elsewhere: Option<String>,
}

/// Why an endpoint or an operator's credential was not accepted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// No rule names this registry.
    #[error("no registry is called `{0}`")]
    UnknownRegistry(RegistryId),
    /// Not encrypted, and not this machine.
    #[error("{0}: an endpoint must be https, or http on this machine")]
    NotConfidential(RegistryId),
    /// A user name or password in the address.
    #[error("{0}: an endpoint must not carry a user name or password")]
    Userinfo(RegistryId),
    /// A query or fragment in the address.
    #[error("{0}: an endpoint must not have a query or fragment")]
    Query(RegistryId),
    /// The rules name an address that cannot be used.
    #[error("{0}: the rules name no usable address")]
    Rules(RegistryId),
    /// There is no endpoint that the credential could belong to.
    #[error("{0}: an operator credential needs an endpoint")]
    NoEndpoint(RegistryId),
}

/// All servers that may be asked in a run.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// Public instances first, then the operator's in the order given.
    all: Vec<Endpoint>,
}

impl Endpoints {
    /// Takes the public instances from the rules, and what the operator gave with `--endpoint` and `--operator`.
    pub fn new(
        rules: &RuleSet,
        given: Vec<(RegistryId, Url)>,
        operators: Vec<(RegistryId, Secret)>,
    ) -> Result<Self, EndpointError> {
        let mut all = Vec::new();
        for facts in &rules.registries {
            let Some(api) = &facts.api else { continue };
            let base = Url::parse(api).map_err(|_| EndpointError::Rules(facts.id.clone()))?;
            all.push(Endpoint {
                registry: facts.id.clone(),
                base: usable(&facts.id, base)?,
                public: true,
                mirrors: facts.mirrors.iter().map(|host| host.to_ascii_lowercase()).collect(),
                operator: None,
                owner_page: facts.owner_page.clone(),
                password_page: facts.password_page.clone(),
            });
        }
        for (registry, base) in given.iter().cloned() {
            if rules.registry(&registry).is_none() {
                return Err(EndpointError::UnknownRegistry(registry));
            }
            let base = usable(&registry, base)?;
            if all.iter().any(|known| known.registry == registry && known.base == base) {
                continue;
            }
            all.push(Endpoint {
                registry,
                base,
                public: false,
                mirrors: Vec::new(),
                operator: None,
                owner_page: None,
                password_page: None,
            });
        }
        let mut endpoints = Self { all };
        for (registry, secret) in operators {
            endpoints.entrust(registry, secret, &given)?;
        }
        Ok(endpoints)
    }

    /// Every endpoint.
    pub fn iter(&self) -> impl Iterator<Item = &Endpoint> {
        self.all.iter()
    }

    /// The endpoints of a credential from a scanned file: all that its files name, since any of them may have issued it.
    pub fn resolve(&self, credential: &Credential) -> Result<Issuers<'_>, Unknown> {
        let (mut endpoints, mut elsewhere) = (Vec::<&Endpoint>::new(), None);
        for host in &credential.hosts {
            let named = self.named(credential, host);
            if named.is_empty() {
                elsewhere.get_or_insert_with(|| host.to_string());
            }
            for endpoint in named {
                if endpoints.iter().all(|known| known.base != endpoint.base) {
                    endpoints.push(endpoint);
                }
            }
        }
        endpoints.sort_by_key(|endpoint| !endpoint.public);
        match (endpoints.first(), elsewhere) {
            // Its own format names its issuer, and that one is asked.
            (Some(first), _) if first.public && credential.self_identifying => {
                Ok(Issuers { endpoints, elsewhere: None })
            }
            (Some(_), elsewhere) => Ok(Issuers { endpoints, elsewhere }),
            (None, Some(host)) => Err(Unknown::ForeignHost(host)),
            (None, None) if credential.self_identifying => {
                let mut public = self.all.iter().filter(|e| e.registry == credential.registry && e.public);
                public.next().map(Issuers::only).ok_or(Unknown::NoHost)
            }
            (None, None) => Err(Unknown::NoHost),
        }
    }

    /// The endpoints that one host of a file means: the registry's own, or else what the user gave for that host under another name:
    /// a Nexus token in `.npmrc` is for the npm server that Nexus is there. What proves its issuer goes to no other.
    fn named(&self, credential: &Credential, host: &BoundHost) -> Vec<&Endpoint> {
        let own = nearest(self.all.iter().filter(|endpoint| endpoint.registry == credential.registry), host);
        if !own.is_empty() || credential.self_identifying {
            return own;
        }
        nearest(self.all.iter().filter(|endpoint| !endpoint.public), host)
    }

    /// The endpoint of a credential that the user handed over alone: the one given with `--endpoint`, else as above; the
    /// public one if nothing else is known, because the user said which registry it belongs to.
    pub fn resolve_lone(&self, credential: &Credential) -> Result<Issuers<'_>, Unknown> {
        let of_registry = || self.all.iter().filter(|endpoint| endpoint.registry == credential.registry);
        if credential.hosts.is_empty() {
            let given = of_registry().find(|endpoint| !endpoint.public);
            let chosen = given.or_else(|| of_registry().find(|endpoint| endpoint.public));
            return chosen.map(Issuers::only).ok_or(Unknown::NoHost);
        }
        self.resolve(credential)
    }

    fn entrust(
        &mut self,
        registry: RegistryId,
        secret: Secret,
        given: &[(RegistryId, Url)],
    ) -> Result<(), EndpointError> {
        let first = given.iter().find(|(id, _)| *id == registry).map(|(_, base)| with_slash(base.clone()));
        let mut of_registry = self.all.iter_mut().filter(|endpoint| endpoint.registry == registry);
        let chosen = match first {
            Some(base) => of_registry.find(|endpoint| endpoint.base == base),
            None => of_registry.find(|endpoint| endpoint.public),
        };
        match chosen {
            Some(endpoint) => {
                endpoint.operator = Some(secret);
                Ok(())
            }
            None => Err(EndpointError::NoEndpoint(registry)),
        }
    }
}

/// Of these endpoints those that a host of a file means: the one that it stands in, by the longest path, or all that stand below it.
fn nearest<'e>(endpoints: impl Iterator<Item = &'e Endpoint>, host: &BoundHost) -> Vec<&'e Endpoint> {
    let (around, below): (Vec<&Endpoint>, Vec<&Endpoint>) = endpoints
        .filter(|endpoint| endpoint.is_named_by(host))
        .partition(|endpoint| endpoint.public || host.path.starts_with(endpoint.base.path()));
    match around.into_iter().max_by_key(|endpoint| (!endpoint.public, endpoint.base.path().len())) {
        Some(endpoint) => vec![endpoint],
        None => below,
    }
}

impl<'e> Issuers<'e> {
    /// This one and no other.
    pub(crate) fn only(endpoint: &'e Endpoint) -> Self {
        Self { endpoints: vec![endpoint], elsewhere: None }
    }
}

impl Endpoint {
    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// Whether requests may go to this URL: same scheme, host and port, and no userinfo.
    pub(crate) fn covers(&self, url: &Url) -> bool {
        url.origin() == self.base.origin() && url.username().is_empty() && url.password().is_none()
    }

    /// Whether a host that a file names means this endpoint.
    fn is_named_by(&self, bound: &BoundHost) -> bool {
        let same_port = match (bound.port, self.base.port_or_known_default()) {
            (Some(port), Some(own)) => port == own,
            (None, _) => self.base.port().is_none(),
            (Some(_), None) => false,
        };
        if self.public {
            let mirror = bound.port.is_none_or(|port| port == 443) && self.mirrors.contains(&bound.host);
            return mirror || (same_port && self.has_host(&bound.host));
        }
        // `/a/../b/` starts like `/a/` and is `/b/`.
        if bound.path.split('/').any(|part| matches!(part, "." | "..")) {
            return false;
        }
        let path = self.base.path();
        same_port && self.has_host(&bound.host) && (path.starts_with(&bound.path) || bound.path.starts_with(path))
    }

    fn has_host(&self, host: &str) -> bool {
        let bare = |text: &str| text.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        self.base.host_str().is_some_and(|own| bare(own) == bare(host))
    }
}

/// Whether the URL's host is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

fn usable(registry: &RegistryId, base: Url) -> Result<Url, EndpointError> {
    if base.scheme() != "https" && !(base.scheme() == "http" && is_loopback(&base)) {
        return Err(EndpointError::NotConfidential(registry.clone()));
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err(EndpointError::Userinfo(registry.clone()));
    }
    if base.query().is_some() || base.fragment().is_some() {
        return Err(EndpointError::Query(registry.clone()));
    }
    Ok(with_slash(base))
}

fn with_slash(mut base: Url) -> Url {
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", base.path()));
    }
    base
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RegistryFacts;

    fn rules() -> RuleSet {
        let facts = RegistryFacts {
            id: RegistryId::new("npm"),
            name: "npm".into(),
            api: Some("https://registry.npm.invalid".into()),
            mirrors: vec!["mirror.invalid".into()],
            hosts: Vec::new(),
            owner_page: None,
            password_page: None,
            companions: Vec::new(),
            references: Vec::new(),
        };
        RuleSet { registries: vec![facts], rules: Vec::new() }
    }

    fn endpoints(given: &[&str]) -> Endpoints {
        let given = given.iter().map(|url| (RegistryId::new("npm"), Url::parse(url).unwrap())).collect();
        Endpoints::new(&rules(), given, vec![(RegistryId::new("npm"), Secret::token("op"))]).unwrap()
    }

    type Hosts<'h> = &'h [(&'h str, Option<u16>, &'h str)];

    fn credential(hosts: Hosts<'_>, self_identifying: bool) -> Credential {
        let hosts = hosts.iter().map(|(host, port, path)| BoundHost {
            host: (*host).into(),
            port: *port,
            path: (*path).into(),
        });
        Credential {
            registry: RegistryId::new("npm"),
            secret: Secret::token("t"),
            user: None,
            hosts: hosts.collect(),
            self_identifying,
        }
    }

    #[test]
    fn a_server_may_speak_for_a_registry_that_is_not_its_own() {
        let endpoints = endpoints(&["https://npm.corp.invalid/"]);
        let of = |host: &str, self_identifying: bool| {
            let credential = credential(&[(host, None, "/")], self_identifying);
            let credential = Credential { registry: RegistryId::new("nexus"), ..credential };
            endpoints.resolve(&credential).map(|issuers| issuers.endpoints[0].base.to_string())
        };
        assert_eq!(of("npm.corp.invalid", false), Ok("https://npm.corp.invalid/".to_owned()));
        assert!(of("npm.corp.invalid", true).is_err());
        // The public instance is for its own credentials only.
        assert!(of("registry.npm.invalid", false).is_err());
    }

    #[test]
    fn a_file_selects_an_endpoint_and_never_adds_one() {
        let given = ["https://npm.corp.invalid/repo/a", "http://127.0.0.1:4873/", "http://[::1]:4873/"];
        let endpoints = endpoints(&given);
        let public = "https://registry.npm.invalid/";
        let cases: [(Hosts<'_>, bool, Result<&str, Unknown>); 15] = [
            (&[], true, Ok(public)),
            (&[], false, Err(Unknown::NoHost)),
            (&[("registry.npm.invalid", None, "/")], false, Ok(public)),
            (&[("registry.npm.invalid", Some(443), "/any/")], false, Ok(public)),
            (&[("mirror.invalid", None, "/")], false, Ok(public)),
            (
                &[("registry.npm.invalid", Some(8443), "/")],
                true,
                Err(Unknown::ForeignHost("registry.npm.invalid:8443/".into())),
            ),
            (&[("evil.invalid", None, "/")], true, Err(Unknown::ForeignHost("evil.invalid/".into()))),
            (
                &[("registry.npm.invalid.evil.invalid", None, "/")],
                true,
                Err(Unknown::ForeignHost("registry.npm.invalid.evil.invalid/".into())),
            ),
            (&[("npm.corp.invalid", None, "/")], false, Ok("https://npm.corp.invalid/repo/a/")),
            (&[("npm.corp.invalid", None, "/repo/a/")], false, Ok("https://npm.corp.invalid/repo/a/")),
            (
                &[("npm.corp.invalid", None, "/repo/b/")],
                false,
                Err(Unknown::ForeignHost("npm.corp.invalid/repo/b/".into())),
            ),
            (&[("127.0.0.1", Some(4873), "/")], false, Ok("http://127.0.0.1:4873/")),
            (&[("::1", Some(4873), "/")], false, Ok("http://[::1]:4873/")),
            (&[("127.0.0.1", None, "/")], false, Err(Unknown::ForeignHost("127.0.0.1/".into()))),
            (
                &[("a.invalid", None, "/"), ("npm.corp.invalid", None, "/"), ("mirror.invalid", None, "/")],
                false,
                Ok(public),
            ),
        ];
        for (hosts, own, expected) in cases {
            let credential = credential(hosts, own);
            let got = endpoints.resolve(&credential).map(|issuers| issuers.endpoints[0].base.as_str());
            assert_eq!(got, expected, "{hosts:?}");
        }
    }

    #[test]
    fn every_endpoint_that_files_name_may_be_the_issuer() {
        let (public, corp) = ("https://registry.npm.invalid/", "https://corp.invalid/");
        let (a, b) = ("https://corp.invalid/repo/a/", "https://corp.invalid/repo/b/");
        let endpoints = endpoints(&[corp, a, b, "https://other.invalid/x/", "https://other.invalid/y/"]);
        let strange = Some("evil.invalid/".to_owned());
        let cases: [(Hosts<'_>, bool, &[&str], Option<String>); 10] = [
            (&[("mirror.invalid", None, "/"), ("corp.invalid", None, "/")], false, &[public, corp], None),
            (&[("mirror.invalid", None, "/"), ("evil.invalid", None, "/")], false, &[public], strange.clone()),
            (&[("mirror.invalid", None, "/"), ("evil.invalid", None, "/")], true, &[public], None),
            (&[("corp.invalid", None, "/"), ("evil.invalid", None, "/")], true, &[corp], strange),
            (&[("corp.invalid", None, "/repo/b/")], false, &[b], None),
            (&[("corp.invalid", None, "/repo/b/group/")], false, &[b], None),
            (&[("corp.invalid", None, "/repo/a/"), ("corp.invalid", None, "/repo/b/")], false, &[a, b], None),
            (&[("corp.invalid", None, "/repo/")], false, &[corp], None),
            (&[("other.invalid", None, "/")], false, &["https://other.invalid/x/", "https://other.invalid/y/"], None),
            (&[], true, &[public], None),
        ];
        for (hosts, own, expected, elsewhere) in cases {
            let credential = credential(hosts, own);
            let got = endpoints.resolve(&credential).unwrap();
            let bases: Vec<&str> = got.endpoints.iter().map(|endpoint| endpoint.base.as_str()).collect();
            assert_eq!((bases.as_slice(), got.elsewhere), (expected, elsewhere), "{hosts:?}");
        }
        for path in ["/x/../y/", "/x/./", "/../"] {
            let credential = credential(&[("other.invalid", None, path)], false);
            assert!(endpoints.resolve(&credential).is_err(), "{path}");
        }
    }

    #[test]
    fn a_lone_credential_goes_where_the_operator_points() {
        let alone = credential(&[], true);
        let base =
            |endpoints: &Endpoints| endpoints.resolve_lone(&alone).map(|issuers| issuers.endpoints[0].base.to_string());
        assert_eq!(base(&endpoints(&["http://127.0.0.1:4873"])).unwrap(), "http://127.0.0.1:4873/");
        assert_eq!(base(&endpoints(&[])).unwrap(), "https://registry.npm.invalid/");
    }

    #[test]
    fn the_operators_credential_belongs_to_one_endpoint() {
        for (given, owner) in [
            (&[][..], "https://registry.npm.invalid/"),
            (&["https://a.invalid", "https://b.invalid"][..], "https://a.invalid/"),
        ] {
            let endpoints = endpoints(given);
            let holders: Vec<&str> =
                endpoints.iter().filter(|e| e.operator.is_some()).map(|e| e.base.as_str()).collect();
            assert_eq!(holders, [owner]);
        }
    }

    #[test]
    fn addresses_that_cannot_be_endpoints() {
        let npm = || RegistryId::new("npm");
        for (url, error) in [
            ("http://npm.corp.invalid/", EndpointError::NotConfidential(npm())),
            ("ftp://npm.corp.invalid/", EndpointError::NotConfidential(npm())),
            ("http://localhost.evil.invalid/", EndpointError::NotConfidential(npm())),
            ("https://u:p@npm.corp.invalid/", EndpointError::Userinfo(npm())),
            ("https://npm.corp.invalid/?a", EndpointError::Query(npm())),
        ] {
            let got = Endpoints::new(&rules(), vec![(npm(), Url::parse(url).unwrap())], Vec::new());
            assert_eq!(got.unwrap_err(), error, "{url}");
        }
    }
}
