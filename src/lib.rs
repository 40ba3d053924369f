//! keyrake finds leaked package-registry tokens and says what each can still do.

pub mod detect;
pub mod model;
