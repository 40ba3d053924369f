//! The files of language registries' clients.

mod bundler;
mod cabal;
mod cargo;
mod composer;
mod dart;
mod editor;
mod gem;
mod gradle;
mod hex;
mod leiningen;
mod maven;
mod nuget;
mod python;
mod sbt;
mod snap;
mod terraform;

use std::ops::Range;

use super::repository::{self, Client};
use super::{Found, Parser, Section, Text, carries, credential, form, host, own, url};

/// The parsers that rules may name.
pub(super) const PARSERS: [(&str, Parser); 20] = [
    ("python-password", carries(python::parse)),
    ("cargo-credentials", carries(cargo::parse)),
    ("cargo-source", carries(|text, anchor| repository::password(text, &anchor, Client::Cargo).into_iter().collect())),
    ("conda-channel", carries(|text, anchor| repository::password(text, &anchor, Client::Conda).into_iter().collect())),
    ("gem-credentials", carries(gem::parse)),
    ("bundler-config", carries(bundler::parse)),
    ("nuget-key", carries(nuget::keys)),
    ("nuget-password", carries(nuget::passwords)),
    ("maven-central-server", carries(maven::central)),
    ("maven-repository", carries(maven_repository)),
    ("composer-password", carries(composer::passwords)),
    ("composer-token", carries(composer::tokens)),
    ("hex-config", own(hex::parse)),
    ("pub-tokens", carries(dart::parse)),
    ("terraform-credentials", carries(terraform::parse)),
    ("cabal-config", own(cabal::parse)),
    ("vsce-publishers", own(editor::vsce)),
    ("ovsx-publishers", own(editor::ovsx)),
    ("snap-credentials", own(snap::parse)),
    ("luarocks-config", own(cabal::luarocks)),
];

/// The files of all clients of Maven's repositories.
fn maven_repository(text: &Text<'_>, anchor: Range<usize>) -> Vec<Found> {
    match text.bytes.get(anchor.clone()).unwrap_or_default() {
        b"<server>" => maven::other(text, anchor),
        b"https://" | b"http://" => repository::password(text, &anchor, Client::Maven).into_iter().collect(),
        [b':', ..] => leiningen::parse(text, anchor),
        b"Credentials(" | [b'r', ..] => sbt::parse(text, anchor),
        _ => gradle::parse(text, anchor),
    }
}
