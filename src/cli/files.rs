//! Files that the user asked for: written whole or not at all, and readable by the user alone.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};

/// Largest configuration, rule, baseline or report that is read.
const LARGEST: u64 = 256 << 20;

/// Reads a text file that the user named.
pub(super) fn read(path: &Path) -> Result<String> {
    let mut text = String::new();
    fs::File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text))
        .with_context(|| format!("cannot read {}", path.display()))?;
    anyhow::ensure!(text.len() as u64 <= LARGEST, "{} is longer than {LARGEST} bytes", path.display());
    Ok(text)
}

/// Writes beside the file first and moves the result there, so that no reader ever sees half of it.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<()> {
    let context = || format!("cannot write {}", path.display());
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return fs::OpenOptions::new() // a pipe or a device, /dev/stdout say: there is nothing to replace
            .write(true)
            .open(path)
            .and_then(|mut file| file.write_all(content))
            .with_context(context);
    }
    let mut name = path.file_name().with_context(context)?.to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    create(&part)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&part, path))
        .inspect_err(|_| drop(fs::remove_file(&part)))
        .with_context(context)
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// On other systems a new file takes the folder's own access list.
#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        write(&path, b"one, the longer one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        std::fs::write(&path, [0xff]).unwrap();
        assert!(read(&path).unwrap_err().to_string().starts_with("cannot read"));
        let error = write(&folder.path().join("no/such/folder"), b"x").unwrap_err();
        assert!(error.to_string().starts_with("cannot write"));
    }
}
