//! What several commands build the same way from their arguments: the detector, the endpoints, the connection.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use url::Url;

use crate::detect::rules;
use crate::model::{RuleSet, Secret};
use crate::scan::{Connection, Detector, Issuers, Proxy, Sending};

use super::args::{ConnectionArgs, DetectArgs};
use super::files;

/// The embedded rules, and those of `--rules DIR`.
pub(super) fn rule_set(args: &DetectArgs) -> Result<RuleSet> {
    let mut set = rules::embedded()?;
    let Some(folder) = &args.rules else { return Ok(set) };
    let context = || format!("cannot list the rules in {}", folder.display());
    let mut paths = fs::read_dir(folder)
        .with_context(context)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .with_context(context)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    if paths.is_empty() {
        bail!("no *.toml file in {}", folder.display());
    }
    for path in paths {
        let text = files::read(&path)?;
        rules::add(&mut set, &text, &path.display().to_string(), true)?;
    }
    Ok(set)
}

/// The detector for those rules.
pub(super) fn detector(args: &DetectArgs) -> Result<Detector> {
    Ok(Detector::new(rule_set(args)?)?)
}

/// Whom to ask: the public registries, the user's own servers, and with whose help; and the way to them. Whoever sets `interrupted`
/// ends the asking.
pub(super) fn issuers(
    args: &ConnectionArgs,
    sending: Sending,
    interrupted: Arc<AtomicBool>,
    rules: &RuleSet,
) -> Result<Issuers> {
    let operators = args
        .operator
        .iter()
        .map(|(registry, name)| Ok((registry.clone(), Secret::token(variable(name)?))))
        .collect::<Result<_>>()?;
    let (authorities, proxy) = match sending {
        Sending::Requests => (authorities(args)?, proxy(|name| std::env::var_os(name))?),
        Sending::Nothing | Sending::Explained => (Vec::new(), None),
    };
    let connection = Connection {
        endpoints: args.endpoint.clone(),
        operators,
        authorities,
        proxy,
        source_address: args.source_address,
        timeout: Duration::from_secs(args.timeout),
        sending,
        interrupted,
    };
    Ok(Issuers::open(connection, rules)?)
}

/// The certificates of `--ca-file` and of the environment. Where nothing is sent, none are needed.
fn authorities(args: &ConnectionArgs) -> Result<Vec<Vec<u8>>> {
    let given = args.ca_file.clone().map(|path| ("--ca-file", path));
    let inherited = std::env::var_os("SSL_CERT_FILE");
    if inherited.as_ref().is_some_and(|path| path.is_empty()) {
        bail!("the environment variable SSL_CERT_FILE is empty: let it name a file, or unset it");
    }
    given
        .into_iter()
        .chain(inherited.map(|path| ("SSL_CERT_FILE", PathBuf::from(path))))
        .map(|(name, path)| {
            fs::read(&path).with_context(|| format!("cannot read the certificates in {} ({name})", path.display()))
        })
        .collect()
}

/// The proxy of the environment, where the HTTP client does not see it by itself: of two spellings that takes the first that is set,
/// even if it is empty. One that cannot be read it leaves out in silence, and the token would travel past it. The value is not
/// shown: it may hold a password.
fn proxy(variable: impl Fn(&str) -> Option<OsString>) -> Result<Option<Proxy>> {
    let given = |name: &str| variable(name).filter(|value| !value.is_empty());
    for names in [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]] {
        let Some((name, value)) = names.iter().find_map(|name| Some((*name, given(name)?))) else { continue };
        let Some(address) = value.to_str().filter(|value| is_address(value)) else {
            bail!("the environment variable {name} is no address of a proxy: http://HOST:PORT is expected");
        };
        let is_hidden = names.iter().take_while(|other| **other != name).any(|other| variable(other).is_some());
        let except = ["NO_PROXY", "no_proxy"].iter().find_map(|name| given(name)?.into_string().ok());
        let proxy = || Proxy { address: Secret::password(with_scheme(address)), except: except.unwrap_or_default() };
        return Ok(is_hidden.then(proxy));
    }
    Ok(None)
}

fn with_scheme(address: &str) -> String {
    if address.contains("://") { address.to_owned() } else { format!("http://{address}") }
}

/// Whether the client can read it: a URL that holds nothing which it would have to escape first. The scheme may be missing.
fn is_address(value: &str) -> bool {
    const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
    let url = with_scheme(value);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@[]%/?#".contains(&byte);
    Url::parse(&url).is_ok_and(|parsed| {
        let escaped_once = url.bytes().all(plain) && url.matches('@').count() <= 1;
        SCHEMES.contains(&parsed.scheme()) && parsed.has_host() && escaped_once
    })
}

/// The value of an environment variable that holds a secret.
pub(super) fn variable(name: &str) -> Result<String> {
    match std::env::var(name) {
        Ok(value) if !value.trim().is_empty() => Ok(value.trim().to_owned()),
        Ok(_) => bail!("the environment variable {name} is empty"),
        Err(std::env::VarError::NotPresent) => bail!("the environment variable {name} is not set"),
        Err(std::env::VarError::NotUnicode(_)) => bail!("the environment variable {name} is not text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_an_address_that_the_client_reads() {
        let good =
            ["http://127.0.0.1:3128", "https://user:p%40ss@proxy.invalid", "proxy.invalid:8080", "proxy.invalid"];
        for value in good.into_iter().chain(["socks5h://127.0.0.1:1080", "http://[::1]:3128/"]) {
            assert!(is_address(value), "{value}");
        }
        for value in ["::1::", "http://", "://", "http://a b/", "/", "file:///a", "http://u:p@ss@a", "http://u:\"@a/"] {
            assert!(!is_address(value), "{value}");
        }
    }

    #[test]
    fn an_empty_variable_hides_no_proxy() {
        let seen = |given: &[(&str, &str)]| {
            let given: Vec<(String, OsString)> =
                given.iter().map(|(name, value)| ((*name).into(), value.into())).collect();
            let found = proxy(|name| given.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()));
            found.map(|found| {
                found.map(|proxy| (String::from_utf8_lossy(proxy.address.expose()).into_owned(), proxy.except))
            })
        };
        let told = |address: &str, except: &str| Some((address.to_owned(), except.to_owned()));
        let lower = ("https_proxy", "proxy.invalid:1");
        // The client sees these by itself.
        for given in [&[][..], &[lower], &[("HTTPS_PROXY", "http://a.invalid"), lower], &[("HTTPS_PROXY", "")]] {
            assert_eq!(seen(given).unwrap(), None, "{given:?}");
        }
        let hidden =
            [("HTTPS_PROXY", ""), lower, ("ALL_PROXY", "http://a.invalid"), ("NO_PROXY", ""), ("no_proxy", "b")];
        assert_eq!(seen(&hidden).unwrap(), told("http://proxy.invalid:1", "b"));
        assert_eq!(
            seen(&[("ALL_PROXY", ""), ("all_proxy", "http://c.invalid")]).unwrap(),
            told("http://c.invalid", "")
        );
        assert!(seen(&[("HTTPS_PROXY", ""), ("https_proxy", "a b")]).is_err());
    }
}
