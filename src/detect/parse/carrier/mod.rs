//! Grammars of no registry's own: files and commands that carry credentials for many hosts.

mod curl;
mod header;
mod hosts;
mod netrc;
mod secret;

pub(super) use netrc::is_prose;

use super::container::docker_file;
use super::{Found, Read, Section, Text, credential, form, host, url};

/// Each with its anchors. What they read belongs to the registry of its host, or is left alone.
pub(super) const ALL: [(&[&str], Read); 8] = [
    (&["https://", "http://"], url::remote),
    (&["machine "], netrc::parse),
    (&["extraheader", "extraHeader"], header::parse),
    (&["curl -", "curl \\\n", "wget -", "wget http"], curl::parse),
    (&[": Basic ", "\"Basic ", "'Basic "], header::basic),
    (&["\"password\""], docker_file),
    (&["oauth_token:", "api_protocol:"], hosts::parse),
    (
        &["kind: Secret", "kind: \"Secret\"", "kind: 'Secret'", "\"kind\": \"Secret\"", "\"kind\":\"Secret\""],
        secret::parse,
    ),
];
