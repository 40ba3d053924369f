//! How every source hands on what it reads.

use super::SourceError;
use super::archive::Content;
use crate::git::{Stop, Tally};
use crate::model::{Below, Blob, Notification, Origin};

/// Takes what a source reads; called from several threads at once.
pub trait Sink: Sync {
    /// Content to be searched. Its bytes are gone when this returns. Says how whatever was made from it is to be searched.
    fn blob(&self, blob: Blob<'_>) -> Below;

    /// Content of which the windows were handed on, once more as a whole: somebody may have to read it in another order.
    fn again(&self, _origin: &Origin, _content: &mut dyn Content) {}

    /// How far around what is new the sink has to look; `usize::MAX` for everything whole.
    fn reach(&self) -> usize;

    /// How much of the history has been gone through since the last time: objects without anything new are not handed on as blobs.
    fn tally(&self, tally: Tally);

    /// Something that could not be read, or is worth knowing.
    fn notify(&self, notification: Notification);

    /// Whether to stop, and why. Sources ask between two inputs, and leave the rest when told so; the sink knows then that
    /// there was a rest.
    fn stop(&self) -> Option<Stop> {
        None
    }
}

/// Somewhere that bytes come from.
pub trait Source {
    /// Hands everything to the sink. An error means that nothing at all could be read; whatever concerns one input is a notification.
    fn visit(&self, sink: &dyn Sink) -> Result<(), SourceError>;
}
