//! The files and commands of container, chart and artifact registries' clients.

mod chart;
mod docker;
mod kubernetes;
mod login;
mod server;
mod service_account;

use super::{Found, Parser, Text, carries, credential, form, host, own};

/// The parsers that rules may name.
pub(super) const PARSERS: [(&str, Parser); 7] = [
    ("docker-config", carries(docker::parse)),
    ("docker-secret", carries(kubernetes::parse)),
    ("docker-login", carries(login::parse)),
    ("helm-repositories", carries(chart::parse)),
    ("jfrog-cli", carries(server::jfrog)),
    ("google-service-account", own(service_account::parse)),
    ("cloudsmith-credentials", carries(server::cloudsmith)),
];
