//! What the tests stand on: the binary in a clean environment, hermetic repositories, minted secrets, and servers.

pub(crate) mod beds;
pub(crate) mod client;
pub(crate) mod keyrake;
pub(crate) mod mint;
pub(crate) mod mitm;
pub(crate) mod repo;
pub(crate) mod script;
pub(crate) mod verdaccio;
