//! What several commands build the same way from their arguments: the detector, the endpoints, the connection.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

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

/// The value of an environment variable that holds a secret.
pub(super) fn variable(name: &str) -> Result<String> {
    match std::env::var(name) {
        Ok(value) if !value.trim().is_empty() => Ok(value.trim().to_owned()),
        Ok(_) => bail!("the environment variable {name} is empty"),
        Err(std::env::VarError::NotPresent) => bail!("the environment variable {name} is not set"),
        Err(std::env::VarError::NotUnicode(_)) => bail!("the environment variable {name} is not text"),
    }
}
