//! Reads one file of a file system: opened once, into a buffer that its thread keeps. Of a symbolic link it reads the text, which git
//! keeps as it keeps a file, and follows nothing.

use std::cell::RefCell;
use std::fs::{self, File, FileType, Metadata};
use std::io;
use std::path::Path;

use super::visit::Sink;
use super::window::{self, Amount};
use crate::model::{Blob, Code, Notification, Origin};

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A regular file.
    Regular,
    /// A symbolic link.
    Link,
}

impl Kind {
    /// `None` for everything else.
    pub(super) fn of(kind: FileType) -> Option<Self> {
        match () {
            () if kind.is_file() => Some(Self::Regular),
            () if kind.is_symlink() => Some(Self::Link),
            () => None,
        }
    }
}

/// Reads a file or the text of a link. `shown` names it in notifications.
pub(super) fn scan(path: &Path, kind: Kind, shown: &str, origin: &Origin, sink: &dyn Sink) {
    let read = match kind {
        Kind::Regular => read(path, origin, sink),
        Kind::Link => link(path, origin, sink),
    };
    match read {
        Ok(Outcome { amount, changed }) => {
            if amount.windows > 1 {
                let message = format!("{} bytes: searched in {} overlapping windows", amount.bytes, amount.windows);
                sink.notify(Notification::note(Code::FileWindowed, shown, message));
            }
            if changed {
                sink.notify(Notification::note(Code::FileChanged, shown, "the file changed while it was read"));
            }
        }
        Err(error) => {
            sink.notify(Notification::warning(Code::FileUnreadable, shown, format!("the file cannot be read: {error}")))
        }
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

fn link(path: &Path, origin: &Origin, sink: &dyn Sink) -> io::Result<Outcome> {
    let target = fs::read_link(path)?;
    let bytes = target.as_os_str().as_encoded_bytes();
    sink.blob(Blob::whole(origin.clone(), bytes));
    Ok(Outcome { amount: Amount { bytes: bytes.len() as u64, windows: 1 }, changed: false })
}

fn read(path: &Path, origin: &Origin, sink: &dyn Sink) -> io::Result<Outcome> {
    let mut file = File::open(path)?;
    let before = file.metadata()?;
    let amount = BUFFER.with(|buffer| match buffer.try_borrow_mut() {
        Ok(mut buffer) => window::read(&mut file, before.len(), &mut buffer, origin, sink),
        // The sink reads a file of its own on this thread.
        Err(_) => window::read(&mut file, before.len(), &mut Vec::new(), origin, sink),
    })?;
    if amount.windows > 1 {
        sink.again(origin, &mut file);
    }
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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::git::Tally;
    use crate::git::fixture::Scratch;
    use crate::model::Below;
    use crate::source::collect::Collected;
    use crate::source::{OVERLAP, WINDOW};

    fn origin() -> Origin {
        Origin::File { path: "f".to_owned() }
    }

    #[test]
    fn a_large_sparse_file_is_read_in_windows() {
        #[derive(Default)]
        struct Largest(AtomicU64, AtomicU64, Collected);
        impl Sink for Largest {
            fn blob(&self, blob: Blob<'_>) -> Below {
                self.0.fetch_max(blob.bytes.len() as u64, Ordering::Relaxed);
                self.1.fetch_add(memchr::memmem::find_iter(blob.bytes, b"needle").count() as u64, Ordering::Relaxed);
                Below::Whole
            }
            fn reach(&self) -> usize {
                usize::MAX
            }

            fn tally(&self, _: Tally) {}
            fn notify(&self, notification: Notification) {
                self.2.notify(notification);
            }
        }
        let scratch = Scratch::empty();
        let mut file = File::create(scratch.file("f")).unwrap();
        file.set_len(WINDOW as u64 * 5).unwrap();
        std::io::Seek::seek(&mut file, io::SeekFrom::Start(WINDOW as u64 * 2 - 3)).unwrap();
        file.write_all(b"needle").unwrap();
        let seen = Largest::default();
        scan(&scratch.file("f"), Kind::Regular, "f", &origin(), &seen);
        assert!(seen.0.load(Ordering::Relaxed) <= (WINDOW + OVERLAP) as u64);
        assert!(seen.1.load(Ordering::Relaxed) >= 1);
        assert_eq!(seen.2.codes(), [Code::FileWindowed]);
    }

    #[test]
    fn a_file_that_grows_while_it_is_read_is_noted() {
        let scratch = Scratch::empty();
        scratch.write("f", vec![b'x'; WINDOW + 10]);
        struct Appends(std::path::PathBuf, Collected);
        impl Sink for Appends {
            fn blob(&self, _: Blob<'_>) -> Below {
                let mut file = File::options().append(true).open(&self.0).unwrap();
                file.write_all(b"more").unwrap();
                Below::Whole
            }
            fn reach(&self) -> usize {
                usize::MAX
            }

            fn tally(&self, _: Tally) {}
            fn notify(&self, notification: Notification) {
                self.1.notify(notification);
            }
        }
        let sink = Appends(scratch.file("f"), Collected::default());
        scan(&scratch.file("f"), Kind::Regular, "f", &origin(), &sink);
        assert_eq!(sink.1.codes(), [Code::FileWindowed, Code::FileChanged]);
    }

    #[test]
    fn a_file_that_is_gone_is_a_warning() {
        let seen = Collected::default();
        scan(Path::new("/nowhere/at/all"), Kind::Regular, "f", &origin(), &seen);
        assert_eq!(seen.codes(), [Code::FileUnreadable]);
    }
}
