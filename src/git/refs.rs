//! Refs: branches, tags, remotes, notes, stash, detached HEADs of every work tree.
//!
//! What comes in: a repository. What goes out: each ref with what it points to, tags peeled, and a notification for each one that
//! points to nothing. The files are read here and not by libgit2, which stops at the first broken one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Take};
use std::path::Path;

use super::display::display;
use super::error::GitError;
use super::kind::Kind;
use super::objects::Reader;
use super::reftable::{self, Value};
use super::repo::Repo;
use crate::model::{Code, Notification, ObjectId, ObjectKind};

/// No ref file is longer; anything that is, is no ref.
const LONGEST_REF: u64 = 4096;
/// Tags of tags of tags; more is a forgery.
const DEEPEST_TAG: usize = 32;
/// Directories below `refs`.
const DEEPEST_DIRECTORY: usize = 64;

/// A ref and what it points to.
#[derive(Clone, Debug)]
pub struct Tip {
    /// Full name in display form: `refs/heads/main`, or `HEAD` where it is detached.
    pub name: String,
    /// Annotated tags on the way to the target.
    pub tags: Vec<ObjectId>,
    /// What is behind the tags.
    pub target: Target,
}

/// What a ref points to in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// As nearly all do.
    Commit(ObjectId),
    /// A tree with no commit.
    Tree(ObjectId),
    /// A blob with no tree.
    Blob(ObjectId),
}

/// Where HEAD stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// On this commit.
    At(ObjectId),
    /// On this branch, which has no commit yet.
    Unborn(String),
    /// Nowhere that makes sense.
    Broken,
}

type Values = BTreeMap<Vec<u8>, Option<Value>>;

impl Tip {
    /// The commit that it points to.
    pub fn commit(&self) -> Option<ObjectId> {
        match self.target {
            Target::Commit(id) => Some(id),
            Target::Tree(_) | Target::Blob(_) => None,
        }
    }
}

impl Repo {
    /// All refs, and those that are broken.
    pub fn refs(&self) -> Result<(Vec<Tip>, Vec<Notification>), GitError> {
        let reader = self.reader()?;
        let (mut tips, mut notes) = (Vec::new(), Vec::new());
        for (name, value) in self.ref_values() {
            match value {
                Some(Value::Id(id)) => match peel(&reader, id) {
                    Ok((tags, target)) => tips.push(Tip { name: display(&name), tags, target }),
                    Err(reason) => notes.push(broken(&name, &reason)),
                },
                // It says nothing that the ref it names does not say.
                Some(Value::Symbolic(_)) => {}
                None => notes.push(broken(&name, "it holds neither an object id nor the name of a ref")),
            }
        }
        notes.extend(self.broken_tables().into_iter().map(|table| {
            let message = "this table of refs is damaged or not there: refs in it are not known";
            Notification::warning(Code::RefBroken, table, message)
        }));
        Ok((tips, notes))
    }

    /// What HEAD stands on.
    pub fn head(&self) -> Head {
        let values = self.ref_values();
        match (self.resolve_ref(&values, b"HEAD"), self.pseudo_ref("HEAD")) {
            (Some(id), _) => Head::At(id),
            (None, Some(Value::Symbolic(branch))) if !values.contains_key(&branch) => Head::Unborn(display(&branch)),
            (None, _) => Head::Broken,
        }
    }

    /// Every ref with its value, `None` where that makes no sense. Loose ones win over packed ones.
    pub(super) fn ref_values(&self) -> Values {
        if self.has_ref_tables() {
            return self.tabled_values();
        }
        let mut values = packed_refs(&self.common_dir().join("packed-refs"));
        loose_refs(&self.common_dir().join("refs"), b"refs", DEEPEST_DIRECTORY, &mut values);
        if self.git_dir() != self.common_dir() {
            loose_refs(&self.git_dir().join("refs"), b"refs", DEEPEST_DIRECTORY, &mut values);
        }
        let mut heads = vec![(b"HEAD".to_vec(), self.git_dir().join("HEAD"))];
        for entry in fs::read_dir(self.common_dir().join("worktrees")).into_iter().flatten().flatten() {
            let name = entry.file_name();
            heads.push((format!("worktrees/{}/HEAD", name.display()).into_bytes(), entry.path().join("HEAD")));
        }
        let detached = |path: &Path| read_value(path).filter(|value| matches!(value, Value::Id(_)));
        values.extend(heads.into_iter().filter_map(|(name, path)| Some((name, Some(detached(&path)?)))));
        values
    }

    /// What a ref's name resolves to, through symbolic refs.
    pub(super) fn resolve_ref(&self, values: &Values, name: &[u8]) -> Option<ObjectId> {
        let mut value = match name {
            // HEAD, FETCH_HEAD, MERGE_HEAD and the like.
            _ if name.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_') => {
                self.pseudo_ref(std::str::from_utf8(name).ok()?)?
            }
            _ => values.get(name)?.clone()?,
        };
        for _ in 0..DEEPEST_TAG {
            match value {
                Value::Id(id) => return Some(id),
                Value::Symbolic(next) => value = values.get(&next)?.clone()?,
            }
        }
        None
    }

    /// HEAD, ORIG_HEAD and the like, of this work tree.
    fn pseudo_ref(&self, name: &str) -> Option<Value> {
        let tabled = || reftable::read(self.git_dir(), self.id_length()).refs.remove(name.as_bytes())?;
        // FETCH_HEAD and MERGE_HEAD are files even then.
        self.has_ref_tables().then(tabled).flatten().or_else(|| read_value(&self.git_dir().join(name)))
    }

    /// The same as `ref_values` where refs are kept in tables: those that all work trees share, and each one's own.
    fn tabled_values(&self) -> Values {
        let mut values = Values::new();
        let own = std::iter::once((String::new(), self.git_dir().to_owned()));
        let others = fs::read_dir(self.common_dir().join("worktrees")).into_iter().flatten().flatten();
        let others = others.map(|entry| (format!("worktrees/{}/", entry.file_name().display()), entry.path()));
        for (prefix, git_dir) in std::iter::once((String::new(), self.common_dir().to_owned())).chain(others).chain(own)
        {
            let refs = reftable::read(&git_dir, self.id_length()).refs.into_iter();
            // Those in capitals count only where they name a commit themselves: a detached HEAD.
            let (shared, pseudo): (Vec<_>, Vec<_>) = refs.partition(|(name, _)| name.starts_with(b"refs/"));
            let is_this = git_dir == self.git_dir();
            values.extend(shared.into_iter().map(|(name, value)| ([prefix.as_bytes(), &name].concat(), value)));
            let detached = pseudo.into_iter().filter(|(name, value)| {
                name == b"HEAD" && matches!(value, Some(Value::Id(_))) && (is_this || !prefix.is_empty())
            });
            values.extend(detached.map(|(name, value)| ([prefix.as_bytes(), &name].concat(), value)));
        }
        values
    }

    fn broken_tables(&self) -> Vec<String> {
        if !self.has_ref_tables() {
            return Vec::new();
        }
        let own = Some(self.git_dir()).filter(|git_dir| *git_dir != self.common_dir());
        let directories = std::iter::once(self.common_dir()).chain(own);
        directories.flat_map(|directory| reftable::read(directory, self.id_length()).broken).collect()
    }
}

fn broken(name: &[u8], reason: &str) -> Notification {
    Notification::warning(Code::RefBroken, display(name), format!("the ref is broken: {reason}"))
}

fn packed_refs(path: &Path) -> Values {
    let text = fs::read(path).unwrap_or_default();
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let refs = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#") && !line.starts_with(b"^"));
    refs.filter_map(|line| {
        let space = memchr::memchr(b' ', line)?;
        Some((line.get(space + 1..)?.to_vec(), ObjectId::from_hex(line.get(..space)?).map(Value::Id)))
    })
    .collect()
}

fn loose_refs(directory: &Path, name: &[u8], depth: usize, values: &mut Values) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let file_name = entry.file_name();
        let name = [name, b"/", file_name.as_encoded_bytes()].concat();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 0 => loose_refs(&entry.path(), &name, depth - 1, values),
            Ok(kind) if kind.is_file() && !name.ends_with(b".lock") => {
                values.insert(name, read_value(&entry.path()));
            }
            _ => {}
        }
    }
}

fn read_value(path: &Path) -> Option<Value> {
    let mut text = Vec::new();
    let mut file: Take<File> = File::open(path).ok()?.take(LONGEST_REF);
    file.read_to_end(&mut text).ok()?;
    match text.strip_prefix(b"ref:") {
        Some(name) => Some(Value::Symbolic(name.trim_ascii().to_vec())),
        // FETCH_HEAD says more behind the id.
        None => text.split(u8::is_ascii_whitespace).next().and_then(ObjectId::from_hex).map(Value::Id),
    }
}

pub(super) fn peel(reader: &Reader<'_>, mut id: ObjectId) -> Result<(Vec<ObjectId>, Target), String> {
    let mut tags = Vec::new();
    while tags.len() < DEEPEST_TAG {
        match reader.header(&id).map_err(|error| error.to_string())?.0 {
            Kind::Text(ObjectKind::Commit) => return Ok((tags, Target::Commit(id))),
            Kind::Text(ObjectKind::Blob) => return Ok((tags, Target::Blob(id))),
            Kind::Tree => return Ok((tags, Target::Tree(id))),
            Kind::Text(ObjectKind::Tag) => {
                let tag = reader.read(&id).map_err(|error| error.to_string())?;
                tags.push(id);
                let target =
                    tag.bytes().strip_prefix(b"object ").and_then(|rest| rest.split(|byte| *byte == b'\n').next());
                id = target.and_then(ObjectId::from_hex).ok_or_else(|| format!("the tag {id} names no object"))?;
            }
            Kind::Unknown | Kind::Damaged => break,
        }
    }
    Err(format!("{id} leads nowhere"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::Scratch;

    fn names(scratch: &Scratch) -> (Vec<String>, Vec<String>) {
        let (tips, notes) = scratch.open().refs().unwrap();
        (tips.into_iter().map(|tip| tip.name).collect(), notes.into_iter().map(|note| note.place).collect())
    }

    #[test]
    fn tips_are_peeled_and_broken_ones_named() {
        let scratch = Scratch::repository();
        scratch.write("a", "a");
        let first = scratch.commit("first");
        scratch.git(&["tag", "light"]);
        scratch.git(&["tag", "-m", "inner", "inner"]);
        scratch.git(&["tag", "-m", "outer", "outer", "inner"]);
        scratch.git(&["tag", "tree", "HEAD^{tree}"]);
        scratch.git(&["tag", "blob", "HEAD:a"]);
        scratch.git(&["notes", "add", "-m", "note"]);
        scratch.git(&["pack-refs", "--all"]);
        let (tips, notes) = scratch.open().refs().unwrap();
        assert!(notes.is_empty());
        let tip = |name: &str| tips.iter().find(|tip| tip.name == name).unwrap();
        assert_eq!(tip("refs/heads/main").target, Target::Commit(first));
        assert_eq!(tip("refs/tags/light").tags, []);
        assert_eq!(tip("refs/tags/outer").tags, [scratch.id("outer"), scratch.id("inner")]);
        assert_eq!(tip("refs/tags/outer").commit(), Some(first));
        assert!(matches!(tip("refs/tags/tree").target, Target::Tree(_)));
        assert!(matches!(tip("refs/tags/blob").target, Target::Blob(_)));
        tip("refs/notes/commits");
        assert!(!tips.iter().any(|tip| tip.name == "HEAD"));

        scratch.write(".git/refs/heads/garbage", "garbage\n");
        scratch.write(".git/refs/heads/gone", "1".repeat(40));
        scratch.write(".git/refs/heads/sub/empty", "");
        let (_, broken) = names(&scratch);
        assert_eq!(broken, ["refs/heads/garbage", "refs/heads/gone", "refs/heads/sub/empty"]);
    }

    #[test]
    fn head_is_on_a_commit_or_unborn_or_broken() {
        let scratch = Scratch::repository();
        assert_eq!(scratch.open().head(), Head::Unborn("refs/heads/main".to_owned()));
        let first = scratch.commit("first");
        assert_eq!(scratch.open().head(), Head::At(first));
        scratch.git(&["checkout", "-q", "--detach"]);
        scratch.git(&["worktree", "add", "-q", "--detach", "other"]);
        assert_eq!(names(&scratch).0, ["HEAD", "refs/heads/main", "worktrees/other/HEAD"]);
        scratch.git(&["checkout", "-q", "main"]);
        scratch.write(".git/refs/heads/main", "nonsense");
        assert_eq!(scratch.open().head(), Head::Broken);
    }
}
