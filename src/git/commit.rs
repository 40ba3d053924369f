//! What a commit object says, read from its raw bytes: libgit2's own parser refuses commits that git accepts.

use jiff::Timestamp;

use super::error::GitError;
use super::kind::Kind;
use super::objects::Reader;
use crate::model::{Commit, ObjectId, ObjectKind};

/// The skeleton of a commit.
#[derive(Clone, Debug)]
pub(super) struct Links {
    pub(super) tree: ObjectId,
    pub(super) parents: Vec<ObjectId>,
    pub(super) time: i64,
}

impl Reader<'_> {
    /// A commit as a person knows it.
    pub fn commit(&self, id: &ObjectId) -> Result<Commit, GitError> {
        let object = self.read_as(id, Kind::Text(ObjectKind::Commit))?;
        Ok(describe(*id, object.bytes()))
    }

    pub(super) fn links(&self, id: &ObjectId) -> Result<Links, GitError> {
        let object = self.read_as(id, Kind::Text(ObjectKind::Commit))?;
        links(object.bytes()).ok_or_else(|| GitError::Object { id: *id, reason: "the commit names no tree".to_owned() })
    }
}

fn headers(commit: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let lines = commit.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
    lines.filter_map(|line| {
        let space = memchr::memchr(b' ', line)?;
        Some((line.get(..space)?, line.get(space + 1..)?))
    })
}

/// What a commit leads to; `None` where it names no tree.
pub(super) fn links(commit: &[u8]) -> Option<Links> {
    let (mut tree, mut parents, mut time) = (None, Vec::new(), 0);
    for (name, value) in headers(commit) {
        match name {
            b"tree" if tree.is_none() => tree = ObjectId::from_hex(value),
            b"parent" => parents.extend(ObjectId::from_hex(value)),
            b"committer" => {
                time = seconds(value);
                break;
            }
            _ => {}
        }
    }
    tree.map(|tree| Links { tree, parents, time })
}

fn describe(id: ObjectId, commit: &[u8]) -> Commit {
    let author = headers(commit).find(|(name, _)| *name == b"author").map(|(_, value)| value).unwrap_or_default();
    let name = author.split(|byte| *byte == b'<').next().unwrap_or_default();
    let time = Timestamp::from_second(seconds(author)).unwrap_or_default();
    Commit {
        id,
        author: text(name.trim_ascii()),
        time: time.to_string(),
        summary: text(summary(commit)),
        boundary: false,
    }
}

/// Seconds since 1970 of a signature: the number before the time zone. 0 where there is none.
fn seconds(signature: &[u8]) -> i64 {
    let after_mail = signature.rsplit(|byte| *byte == b'>').next().unwrap_or_default();
    let number = after_mail.trim_ascii_start().split(|byte| *byte == b' ').next().unwrap_or_default();
    std::str::from_utf8(number).ok().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn summary(commit: &[u8]) -> &[u8] {
    let message = memchr::memmem::find(commit, b"\n\n").and_then(|end| commit.get(end + 2..)).unwrap_or_default();
    let mut lines = message.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.find(|line| !line.is_empty()).unwrap_or_default()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "tree 1111111111111111111111111111111111111111\n\
        parent 2222222222222222222222222222222222222222\n\
        parent 3333333333333333333333333333333333333333\n\
        author Ada <a@b> <ada@example.invalid> 1700000000 +0100\n\
        committer C <c@example.invalid> 1700000001 +0000\n\
        gpgsig -----BEGIN\n tree x\n\n\
        \n  Subject line  \nsecond\n";

    #[test]
    fn a_commit_is_read() {
        let links = links(COMMIT.as_bytes()).unwrap();
        assert_eq!(links.tree.to_string(), "1".repeat(40));
        assert_eq!(links.parents.len(), 2);
        assert_eq!(links.time, 1_700_000_001);
        let commit = describe(links.tree, COMMIT.as_bytes());
        assert_eq!((commit.author.as_str(), commit.time.as_str()), ("Ada", "2023-11-14T22:13:20Z"));
        assert_eq!(commit.summary, "Subject line");
    }

    #[test]
    fn nonsense_is_no_panic() {
        for bytes in ["", "\n", "tree", "tree zz\n\n", "author", "author <<>>> 9999999999999999999 x\n\nhi", "\n\n\n\n"]
        {
            assert!(links(bytes.as_bytes()).is_none(), "{bytes:?}");
            describe(ObjectId::new(&[0; 20]).unwrap(), bytes.as_bytes());
        }
    }
}
