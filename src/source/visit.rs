//! How every source hands on what it reads.

use super::SourceError;
use crate::model::{Blob, Notification};

/// Takes what a source reads; called from several threads at once.
pub trait Sink: Sync {
    /// Content to be searched. Its bytes are gone when this returns.
    fn blob(&self, blob: Blob<'_>);

    /// Something that could not be read, or is worth knowing.
    fn notify(&self, notification: Notification);
}

/// Somewhere that bytes come from.
pub trait Source {
    /// Hands everything to the sink. An error means that nothing at all could be read; whatever concerns one input is a notification.
    fn visit(&self, sink: &dyn Sink) -> Result<(), SourceError>;
}
