//! What several commands build the same way from their arguments: the detector, the endpoints, the connection.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use url::Url;

use crate::detect::rules;
use crate::model::{RuleSet, Secret};
use crate::scan::{Connection, Detector, Issuers, Sending};

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

/// Whom to ask: the public registries, the user's own servers, and with whose help; and the way to them.
pub(super) fn issuers(args: &ConnectionArgs, sending: Sending, rules: &RuleSet) -> Result<Issuers> {
    let operators = args
        .operator
        .iter()
        .map(|(registry, name)| Ok((registry.clone(), Secret::token(variable(name)?))))
        .collect::<Result<_>>()?;
    let authorities = if sending == Sending::Requests { authorities(args)? } else { Vec::new() };
    if sending == Sending::Requests {
        proxy()?;
    }
    let connection = Connection {
        endpoints: args.endpoint.clone(),
        operators,
        authorities,
        source_address: args.source_address,
        timeout: Duration::from_secs(args.timeout),
        sending,
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

/// The proxy of the environment. One that cannot be read the HTTP client leaves out in silence, and the token would travel
/// past it. The value is not shown: it may hold a password.
fn proxy() -> Result<()> {
    // The client's own order. Of two spellings the first that is set counts, even if it is empty.
    for names in [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]] {
        let Some((name, value)) = names.iter().find_map(|name| Some((*name, std::env::var_os(name)?))) else {
            continue;
        };
        match value.to_str() {
            Some("") => {}
            Some(value) if is_address(value) => break,
            _ => bail!("the environment variable {name} is no address of a proxy: http://HOST:PORT is expected"),
        }
    }
    Ok(())
}

/// Whether the client can read it: a URL that holds nothing which it would have to escape first. The scheme may be missing.
fn is_address(value: &str) -> bool {
    const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
    let url = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
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
}
