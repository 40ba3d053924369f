//! keyrake finds leaked package-registry tokens and says what each can still do.

pub mod model;
pub mod registry;
pub mod revoke;
pub mod verify;
