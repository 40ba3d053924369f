//! keyrake finds leaked package-registry tokens in repositories and their whole history, asks the registry that issued each
//! what it can still do, and revokes it when told to.
//!
//! A scan is one walk in one direction; [`scan`] is the corridor that every stage opens onto, and no stage calls another:
//!
//! 1. [`source`] says where bytes come from: work trees, indexes, history, files, standard input. Each is pushed as a `Blob`.
//! 2. [`detect`] turns a blob into matches: one pass for literals, then patterns, checksums and the grammars of credential files.
//!    It sees bytes alone: no path, clock or network.
//! 3. [`locate`] turns offsets into lines and columns at once, and, only for blobs that matched, finds their paths and commits.
//! 4. [`verify`] asks the issuers, once for each secret, within one deadline; [`registry`] knows how each is asked.
//! 5. [`decide`] turns what is known into a severity and sets aside what is allowed.
//! 6. [`revoke`] acts, on an explicit command only, and writes down what came of it.
//! 7. [`report`] turns the run into bytes.
//!
//! [`model`] is the ground that all of them stand on, [`git`] the only room that reads repositories, [`config`] reads
//! keyrake.toml, and [`cli`] is the door.

pub mod cli;
pub mod config;
pub mod decide;
pub mod detect;
pub mod git;
pub mod locate;
pub mod model;
pub mod registry;
pub mod report;
pub mod revoke;
pub mod scan;
pub mod source;
pub mod verify;
