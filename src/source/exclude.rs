//! What the user told us to leave out.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::walk::shown;

/// Decides about paths relative to the target, in display form; called from several threads at once. It may count what it
/// leaves out: each file or folder is asked about once, and nothing below a folder that is left out.
pub trait Exclude: Send + Sync {
    /// Whether this file, or this folder and all below it, is left out.
    fn leaves_out(&self, path: &str, is_folder: bool) -> bool;
}

/// The decision, if there is any to make: without one no path is even spelled out.
#[derive(Clone)]
pub(super) struct Excluded(pub(super) Option<Arc<dyn Exclude>>);

impl Excluded {
    pub(super) fn leaves_out(&self, relative: &Path, is_folder: bool) -> bool {
        self.0.as_ref().is_some_and(|exclude| exclude.leaves_out(&shown(relative), is_folder))
    }
}

impl fmt::Debug for Excluded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Excluded" } else { "Excluded(nothing)" })
    }
}
