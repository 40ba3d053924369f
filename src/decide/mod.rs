//! Stage 5: facts become severity and action. Pure.
//!
//! What comes in: findings with what their issuers said, the allowances of the configuration, the baseline file's text.
//! What goes out: fingerprints, severities with their grounds, findings set aside and by what, the baseline's next text.
//! What it must never do: ask a network, a clock or git; hide anything without saying what hid it.

pub mod baseline;
mod fingerprint;
mod glob;
pub mod policy;
mod scope;
pub mod suppress;

pub use fingerprint::{fingerprint, is_fingerprint};
pub use glob::{PathGlob, PathGlobError};
pub use scope::Scope;
