//! keyrake finds leaked package-registry tokens and says what each can still do.

pub mod config;
pub mod decide;
pub mod model;
pub mod report;
