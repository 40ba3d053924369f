//! Standard input, or any other stream: read once, in windows, never held whole.

use std::io::Read;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::SourceError;
use super::visit::{Sink, Source};
use super::window;
use crate::model::{Code, Notification, Origin};

/// A stream. A second visit finds it at its end.
#[derive(Debug)]
pub struct Stdin<R> {
    reader: Mutex<R>,
}

impl<R: Read> Stdin<R> {
    /// Reads from this.
    pub fn new(reader: R) -> Self {
        Self { reader: Mutex::new(reader) }
    }
}

impl<R: Read> Source for Stdin<R> {
    fn visit(&self, sink: &dyn Sink) -> Result<(), SourceError> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let amount = window::read(&mut *reader, 0, &mut Vec::new(), &Origin::Stdin, sink)
            .map_err(|error| SourceError::Target { path: PathBuf::from("-"), error })?;
        if amount.windows > 1 {
            let message = format!("{} bytes: searched in {} overlapping windows", amount.bytes, amount.windows);
            sink.notify(Notification::note(Code::FileWindowed, "-", message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::WINDOW;
    use crate::source::collect::Collected;

    #[test]
    fn a_stream_is_read_whole_or_in_windows() {
        let seen = Collected::from(&Stdin::new(&b"text"[..]));
        assert_eq!((seen.texts(), seen.codes()), (vec!["text".to_owned()], vec![]));
        let seen = Collected::from(&Stdin::new(std::io::repeat(b'x').take(WINDOW as u64 * 2)));
        assert_eq!(seen.codes(), [Code::FileWindowed]);
    }
}
