//! The files of language registries' clients.

mod bundler;
mod cabal;
mod cargo;
mod composer;
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

use super::{Found, Parser, Text, carries, credential, form, host, own, url};

/// The parsers that rules may name.
pub(super) const PARSERS: [(&str, Parser); 21] = [
    ("python-password", carries(python::parse)),
    ("cargo-credentials", carries(cargo::parse)),
    ("gem-credentials", carries(gem::parse)),
    ("bundler-config", carries(bundler::parse)),
    ("ruby-source", carries(bundler::source)),
    ("nuget-key", carries(nuget::keys)),
    ("nuget-password", carries(nuget::passwords)),
    ("maven-central-server", carries(maven::central)),
    ("maven-server", carries(maven::other)),
    ("gradle-credentials", carries(gradle::parse)),
    ("sbt-credentials", carries(sbt::parse)),
    ("leiningen-repository", carries(leiningen::parse)),
    ("composer-password", carries(composer::passwords)),
    ("composer-token", carries(composer::tokens)),
    ("hex-config", own(hex::parse)),
    ("terraform-credentials", carries(terraform::parse)),
    ("cabal-config", own(cabal::parse)),
    ("vsce-publishers", own(editor::vsce)),
    ("ovsx-publishers", own(editor::ovsx)),
    ("snap-credentials", own(snap::parse)),
    ("luarocks-config", own(cabal::luarocks)),
];
