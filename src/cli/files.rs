//! Files that the user asked for: written whole or not at all, and readable by the user alone.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};

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
    let there = fs::symlink_metadata(path).ok();
    let is_link = there.as_ref().is_some_and(fs::Metadata::is_symlink);
    // Those below /dev are the system's own: /dev/stdout may well lead to a file.
    if is_link && !path.starts_with("/dev") && fs::metadata(path).map_or(true, |end| end.is_file()) {
        // It may have come with the repository that was searched, and so have the paths that stand in a report.
        bail!("cannot write {}: it is a link; name the file that it leads to", path.display());
    }
    if there.is_some_and(|there| !there.is_file()) {
        // A pipe, a device, a link to one: what it is stays (moving a file onto /dev/stdout would put an end to that).
        return private()
            .create(true)
            .truncate(true)
            .open(path)
            .and_then(|mut file| file.write_all(content))
            .with_context(context);
    }
    let mut name = path.file_name().with_context(context)?.to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    private()
        .create_new(true)
        .open(&part)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&part, path))
        .inspect_err(|_| drop(fs::remove_file(&part)))
        .with_context(context)
}

#[cfg(unix)]
fn private() -> fs::OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

/// On other systems a new file takes the folder's own access list.
#[cfg(not(unix))]
fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true);
    options
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

    #[test]
    #[cfg(unix)]
    fn a_link_to_a_file_is_left_alone_and_a_device_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let refused = || write(&link, b"new").unwrap_err().to_string();
        assert!(refused().ends_with("it is a link; name the file that it leads to"), "it would be made");
        fs::write(&file, "somebody's own").unwrap();
        assert!(refused().ends_with("it is a link; name the file that it leads to"), "it would be replaced");
        assert_eq!(read(&file).unwrap(), "somebody's own");
        let null = folder.path().join("null");
        std::os::unix::fs::symlink("/dev/null", &null).unwrap();
        write(&null, b"x").unwrap();
        assert!(fs::symlink_metadata(&null).unwrap().is_symlink());
        write(Path::new("/dev/null"), b"x").unwrap();
    }
}
