//! What a push brings: the refs that git tells its hooks of, each with what it stands on and what it is to stand on.
//!
//! What comes in: a hook's lines, and the repository on the side where the hook runs. What goes out: the range of what the other
//! side has not, and a notification for whatever of it is not there.

use std::collections::HashSet;

use super::error::GitError;
use super::refs::{Target, Tip, peel};
use super::repo::Repo;
use super::revision::Range;
use crate::model::{Code, Notification, ObjectId};

/// One ref of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The ref's name on the receiving side.
    pub name: String,
    /// What it stands on there; `None` where it is new.
    pub old: Option<ObjectId>,
    /// What it is to stand on; `None` where it is to go.
    pub new: Option<ObjectId>,
}

/// What the receiving side has already, as far as it can be told from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// The refs of this remote, by its name or URL, as they were when last heard of.
    Remote(String),
    /// Every ref: this is the receiving side.
    Refs,
}

impl Update {
    /// The lines of a pre-push hook: `<local ref> <local id> <remote ref> <remote id>`.
    pub fn of_pre_push(lines: &[u8]) -> Result<Vec<Self>, GitError> {
        parse(lines, |words| match words {
            [_, new, name, old] => Some((*old, *new, *name)),
            _ => None,
        })
    }

    /// The lines of a pre-receive hook: `<old id> <new id> <ref>`.
    pub fn of_pre_receive(lines: &[u8]) -> Result<Vec<Self>, GitError> {
        parse(lines, |words| match words {
            [old, new, name] => Some((*old, *new, *name)),
            _ => None,
        })
    }
}

type Words<'w> = (&'w [u8], &'w [u8], &'w [u8]);

/// `order` gives old id, new id and name.
fn parse(lines: &[u8], order: impl for<'w> Fn(&[&'w [u8]]) -> Option<Words<'w>>) -> Result<Vec<Update>, GitError> {
    let lines = lines.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty());
    lines
        .map(|(number, line)| {
            let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
            let update = order(&words)
                .and_then(|(old, new, name)| Some(Update { name: super::display(name), old: id(old)?, new: id(new)? }));
            update.ok_or(GitError::HookLine { number: number + 1 })
        })
        .collect()
}

/// An id, or nothing for the all-zero one, with which git says that a ref is not there. `None` where it is neither.
fn id(digits: &[u8]) -> Option<Option<ObjectId>> {
    let id = ObjectId::from_hex(digits)?;
    Some(Some(id).filter(|id| id.as_bytes().iter().any(|byte| *byte != 0)))
}

impl Repo {
    /// What these updates bring that the receiving side has not. A forced push leaves out what both its ends reach; an end that
    /// is not in this repository can leave nothing out.
    pub fn pushed(&self, updates: &[Update], known: &Known) -> Result<(Range, Vec<Notification>), GitError> {
        let reader = self.reader()?;
        let (mut range, mut notes, mut tags_there) = (Range::default(), Vec::new(), HashSet::new());
        let prefix = self.prefix_of(known);
        let (tips, _broken) = self.refs()?;
        let there = tips.into_iter().filter(|tip| tip.name.starts_with(&prefix)).map(|tip| (tip.tags, tip.target));
        let replaced = updates.iter().filter_map(|update| peel(&reader, update.old?).ok());
        for (tags, target) in there.chain(replaced) {
            tags_there.extend(tags);
            if let Target::Commit(commit) = target {
                range.exclude.push(commit);
            }
        }
        for update in updates {
            let Some(new) = update.new else { continue };
            match peel(&reader, new) {
                Ok((tags, target)) => {
                    range.tags.extend(tags.into_iter().filter(|tag| !tags_there.contains(tag)));
                    match target {
                        Target::Commit(commit) => range.include.push(commit),
                        Target::Tree(_) | Target::Blob(_) => range.lone.push(target),
                    }
                }
                Err(reason) => {
                    let message = format!("what is pushed there was not searched: {reason}");
                    notes.push(Notification::warning(Code::ObjectUnreadable, update.name.clone(), message));
                }
            }
        }
        Ok((range, notes))
    }

    /// All refs as they will be after these updates.
    pub fn refs_after(&self, updates: &[Update]) -> Result<(Vec<Tip>, Vec<Notification>), GitError> {
        let reader = self.reader()?;
        let (mut tips, notes) = self.refs()?;
        tips.retain(|tip| updates.iter().all(|update| update.name != tip.name));
        tips.extend(updates.iter().filter_map(|update| {
            let (tags, target) = peel(&reader, update.new?).ok()?;
            Some(Tip { name: update.name.clone(), tags, target })
        }));
        Ok((tips, notes))
    }

    /// With what the names of refs begin that tell what the receiving side has.
    fn prefix_of(&self, known: &Known) -> String {
        match known {
            Known::Refs => String::new(),
            Known::Remote(remote) => {
                let name = self.remote_at(remote).unwrap_or_else(|| remote.clone());
                format!("refs/remotes/{name}/")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::Scratch;

    #[test]
    fn lines_are_read_as_git_writes_them() {
        let (one, two, zero) = ("1".repeat(40), "2".repeat(40), "0".repeat(40));
        let id = |digits: &str| ObjectId::from_hex(digits.as_bytes());
        let update = |name: &str, old, new| Update { name: name.to_owned(), old, new };
        let text =
            format!("refs/heads/a {one} refs/heads/b {two}\n(delete) {zero} refs/heads/c {two}\nHEAD {one} d {zero}");
        assert_eq!(
            Update::of_pre_push(text.as_bytes()).unwrap(),
            [
                update("refs/heads/b", id(&two), id(&one)),
                update("refs/heads/c", id(&two), None),
                update("d", None, id(&one))
            ]
        );
        let text = format!("{zero} {one} refs/heads/\u{e9}\n\n{one} {zero} t\n");
        assert_eq!(
            Update::of_pre_receive(text.as_bytes()).unwrap(),
            [update("refs/heads/\u{e9}", None, id(&one)), update("t", id(&one), None)]
        );
        assert!(Update::of_pre_push(b"").unwrap().is_empty());
        for bad in ["x", &format!("{one} {two}"), &format!("{one} x refs/heads/a"), &format!("{one} {two} a b")] {
            let error = Update::of_pre_receive(format!("\n{bad}\n").as_bytes()).unwrap_err();
            assert!(error.to_string().contains("line 2"), "{error}");
        }
    }

    /// The names of the commits that are in, of those that are out, and how many tags and lone objects there are.
    fn pushed(scratch: &Scratch, known: Known, updates: &[(&str, Option<&str>, Option<&str>)]) -> [Vec<String>; 3] {
        let id = |revision: &Option<&str>| revision.map(|revision| scratch.id(revision));
        let updates: Vec<Update> = updates
            .iter()
            .map(|(name, old, new)| Update { name: (*name).to_owned(), old: id(old), new: id(new) })
            .collect();
        let (range, notes) = scratch.open().pushed(&updates, &known).unwrap();
        assert!(notes.is_empty(), "{notes:?}");
        let subject = |id: &ObjectId| scratch.git(&["log", "-1", "--format=%s", &id.to_string()]);
        let mut exclude: Vec<String> = range.exclude.iter().map(subject).collect();
        exclude.sort();
        exclude.dedup();
        let rest = vec![range.tags.len().to_string(), range.lone.len().to_string()];
        [range.include.iter().map(subject).collect(), exclude, rest]
    }

    #[test]
    fn a_push_brings_what_the_other_side_has_not() {
        let scratch = Scratch::repository();
        scratch.write("f", "f");
        for message in ["a", "b", "c"] {
            scratch.commit(message);
        }
        scratch.git(&["tag", "-m", "annotated", "v1"]);
        scratch.git(&["tag", "tree", "HEAD^{tree}"]);
        scratch.git(&["update-ref", "refs/remotes/origin/main", "HEAD~2"]);
        scratch.git(&["update-ref", "refs/remotes/other/main", "HEAD~1"]);
        scratch.git(&["config", "remote.other.url", "https://o.invalid/x"]);
        let to = |remote: &str| Known::Remote(remote.to_owned());
        let cases: [(Known, &[_], [&[&str]; 3]); 7] = [
            (to("origin"), &[("refs/heads/new", None, Some("HEAD"))], [&["c"], &["a"], &["0", "0"]]),
            (to("origin"), &[("refs/heads/main", Some("HEAD~1"), Some("HEAD"))], [&["c"], &["a", "b"], &["0", "0"]]),
            (to("https://o.invalid/x"), &[("refs/tags/v1", None, Some("v1"))], [&["c"], &["b"], &["1", "0"]]),
            (to("nowhere"), &[("refs/tags/tree", None, Some("tree"))], [&[], &[], &["0", "1"]]),
            (to("origin"), &[("refs/heads/main", Some("HEAD"), None)], [&[], &["a", "c"], &["0", "0"]]),
            (to("nowhere"), &[("refs/tags/v1", Some("v1"), Some("v1"))], [&["c"], &["c"], &["0", "0"]]),
            (Known::Refs, &[("refs/heads/x", None, Some("HEAD~1"))], [&["b"], &["a", "b", "c"], &["0", "0"]]),
        ];
        for (known, updates, expected) in cases {
            assert_eq!(pushed(&scratch, known, updates), expected.map(<[&str]>::to_vec), "{updates:?}");
        }
    }

    #[test]
    fn what_is_not_there_is_told() {
        let scratch = Scratch::repository();
        scratch.commit("a");
        let gone = ObjectId::new(&[7; 20]);
        let updates = [
            Update { name: "refs/heads/a".to_owned(), old: gone, new: Some(scratch.id("HEAD")) },
            Update { name: "refs/heads/b".to_owned(), old: None, new: gone },
        ];
        let (range, notes) = scratch.open().pushed(&updates, &Known::Remote("origin".to_owned())).unwrap();
        assert_eq!((range.include, range.exclude), (vec![scratch.id("HEAD")], vec![]));
        assert_eq!(notes.iter().map(|note| note.place.as_str()).collect::<Vec<_>>(), ["refs/heads/b"]);
    }
}
