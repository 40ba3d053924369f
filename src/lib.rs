//! keyrake finds leaked package-registry tokens and says what each can still do.

pub mod config;
pub mod decide;
pub mod detect;
pub mod git;
pub mod locate;
pub mod model;
pub mod registry;
pub mod report;
pub mod revoke;
pub mod source;
pub mod verify;
