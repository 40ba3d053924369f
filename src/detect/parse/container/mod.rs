//! The files and commands of container, chart and artifact registries' clients.

mod chart;
mod docker;
mod kubernetes;
mod login;
mod server;
mod service_account;

use std::ops::Range;

pub(in crate::detect::parse) use docker::old as docker_file;
pub(crate) use login::user as login_user;

use super::{Found, Parser, Section, Text, carries, credential, form, host, own};

/// The parsers that rules may name.
pub(super) const PARSERS: [(&str, Parser); 5] = [
    ("docker-config", carries(docker)),
    ("helm-repositories", carries(chart::parse)),
    ("jfrog-cli", carries(server::jfrog)),
    ("google-service-account", own(service_account::parse)),
    ("cloudsmith-credentials", carries(server::cloudsmith)),
];

/// The files and commands of all clients of container registries.
fn docker(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    match text.bytes.get(anchor.clone()).unwrap_or_default() {
        [b'.' | b'e', ..] => kubernetes::parse(text, anchor),
        literal if literal.ends_with(b"\"login\"") => login::parse(text, anchor),
        [b'"', ..] | b"identitytoken" | b"registrytoken" => docker::parse(text, anchor),
        _ => login::parse(text, anchor),
    }
}
