//! Reads one file of a file system: opened once, into a buffer that its thread keeps.

use std::cell::RefCell;
use std::fs::{File, FileType, Metadata};
use std::io;
use std::path::Path;

use super::visit::Sink;
use super::window::{self, Amount};
use crate::model::{Code, Notification, Origin};

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Reads a regular file. `shown` names it in notifications.
pub(super) fn scan(path: &Path, shown: &str, origin: &Origin, sink: &dyn Sink) {
    match read(path, origin, sink) {
        Ok(Outcome { amount, changed }) => {
            if amount.windows > 1 {
                let message = format!("{} bytes: searched in {} overlapping windows", amount.bytes, amount.windows);
                sink.notify(Notification::note(Code::FileWindowed, shown, message));
            }
            if changed {
                sink.notify(Notification::note(Code::FileChanged, shown, "the file changed while it was read"));
            }
        }
        Err(error) => sink.notify(Notification::warning(
            Code::FileUnreadable,
            shown,
            format!("the file cannot be read: {error}"),
        )),
    }
}

/// What to say of something that is neither file, directory nor link.
pub(super) fn special(kind: FileType, shown: &str) -> Notification {
    Notification::note(Code::FileSpecial, shown, format!("{} is not opened", kind_of(kind)))
}

struct Outcome {
    amount: Amount,
    changed: bool,
}

fn read(path: &Path, origin: &Origin, sink: &dyn Sink) -> io::Result<Outcome> {
    let mut file = File::open(path)?;
    let before = file.metadata()?;
    let amount = BUFFER.with(|buffer| match buffer.try_borrow_mut() {
        Ok(mut buffer) => window::read(&mut file, before.len(), &mut buffer, origin, sink),
        // The sink reads a file of its own on this thread.
        Err(_) => window::read(&mut file, before.len(), &mut Vec::new(), origin, sink),
    })?;
    // Some file systems made by the kernel give every file a length that means nothing, but they never change it.
    let changed = amount.bytes != before.len() && file.metadata().is_ok_and(|after| differ(&before, &after));
    Ok(Outcome { amount, changed })
}

fn differ(before: &Metadata, after: &Metadata) -> bool {
    before.len() != after.len() || before.modified().ok() != after.modified().ok()
}

#[cfg(unix)]
fn kind_of(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;

    if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_block_device() || kind.is_char_device() {
        "a device"
    } else {
        "a special file"
    }
}

#[cfg(not(unix))]
fn kind_of(_: FileType) -> &'static str {
    "a special file"
}
