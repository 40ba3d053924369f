//! Standard input, or any other stream: read once, in windows, and held whole only if it is an archive.

use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::SourceError;
use super::archive::{BEGINNING, begins_like_one};
use super::visit::{Sink, Source};
use super::window::{self, Amount};
use crate::model::{Code, Notification, Origin};

/// Larger archives are searched as they are.
const MOST_HELD: u64 = 256 << 20;

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
        let amount =
            read(&mut *reader, sink).map_err(|error| SourceError::Target { path: PathBuf::from("-"), error })?;
        if amount.windows > 1 {
            let message = format!("{} bytes: searched in {} overlapping windows", amount.bytes, amount.windows);
            sink.notify(Notification::note(Code::FileWindowed, "-", message));
        }
        Ok(())
    }
}

fn read(reader: &mut dyn Read, sink: &dyn Sink) -> std::io::Result<Amount> {
    let (mut held, mut buffer) = (Vec::new(), Vec::new());
    reader.take(BEGINNING as u64).read_to_end(&mut held)?;
    if !begins_like_one(&held) {
        return window::read(&mut held.chain(reader), 0, &mut buffer, &Origin::Stdin, sink);
    }
    reader.take(MOST_HELD).read_to_end(&mut held)?;
    let expected = held.len() as u64;
    let amount = window::read(&mut held.chain(reader), expected, &mut buffer, &Origin::Stdin, sink)?;
    if amount.bytes > expected {
        let message = format!("an archive of more than {MOST_HELD} bytes: give it as a file to have it unpacked");
        sink.notify(Notification::warning(Code::ArchiveLimited, "-", message));
    } else if amount.windows > 1 {
        sink.again(&Origin::Stdin, &mut Cursor::new(held));
    }
    Ok(amount)
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
