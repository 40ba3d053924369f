//! Refs in git's newer format: a stack of sorted tables, of which a later one outweighs those before it.
//!
//! What comes in: a git directory. What goes out: each ref with its value, and the names of tables that cannot be read. Format:
//! reftable(5). Only the blocks of refs are read; indexes and logs say nothing more. What it must never do: trust a length.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use crate::model::ObjectId;

/// Millions of refs fit; anything longer is no table.
const LONGEST_TABLE: u64 = 1 << 30;
/// How often the list is read again when tables vanish because git has just made one of several.
const TRIES: usize = 3;

/// A ref's own content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Id(ObjectId),
    Symbolic(Vec<u8>),
}

/// What a stack of tables says. A ref that was removed is not there.
#[derive(Debug, Default)]
pub(super) struct Stack {
    pub(super) refs: BTreeMap<Vec<u8>, Option<Value>>,
    /// Tables that cannot be read, at least not to the end.
    pub(super) broken: Vec<String>,
}

/// Reads all tables of a git directory; nothing where it has none.
pub(super) fn read(git_dir: &Path, id_length: usize) -> Stack {
    let directory = git_dir.join("reftable");
    let mut stack = Stack::default();
    for _ in 0..TRIES {
        stack = Stack::default();
        let Ok(list) = fs::read_to_string(directory.join("tables.list")) else { break };
        let mut vanished = false;
        for name in list.lines().filter(|name| !name.is_empty()) {
            let path = directory.join(name);
            let whole =
                is_plain(name) && bytes(&path).is_some_and(|table| add(&table, id_length, &mut stack.refs).is_some());
            if !whole {
                vanished |= !path.exists();
                stack.broken.push(format!("reftable/{name}"));
            }
        }
        if !vanished {
            break;
        }
    }
    stack.refs.retain(|_, value| *value != REMOVED);
    stack
}

/// In a table: the ref is gone, whatever earlier tables say.
const REMOVED: Option<Value> = Some(Value::Symbolic(Vec::new()));

fn is_plain(name: &str) -> bool {
    !name.contains(['/', '\\'])
}

fn bytes(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LONGEST_TABLE + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= LONGEST_TABLE).then_some(bytes)
}

/// Adds the refs of one table; `None` where it is damaged, after what could be read of it.
fn add(table: &[u8], id_length: usize, refs: &mut BTreeMap<Vec<u8>, Option<Value>>) -> Option<()> {
    let (header, footer) = match table.get(..5)? {
        b"REFT\x01" => (24, 68),
        b"REFT\x02" => (28, 72),
        _ => return None,
    };
    let end = table.len().checked_sub(footer)?;
    // The footer repeats the header: a table that is cut short has none.
    if table.get(end..)?.get(..header)? != table.get(..header)? || end < header {
        return None;
    }
    let aligned = number(table.get(5..8)?);
    let (mut start, mut first) = (0, header);
    // The header stands in the first block, and counts there.
    while start + first < end && table.get(start + first) == Some(&b'r') {
        let head = start + first;
        let length = number(table.get(head + 1..head + 4)?);
        let block = table.get(start..start.checked_add(length)?).filter(|_| start + length <= end)?;
        records(block, first + 4, id_length, refs)?;
        // Padded with zeros to its full size, unless the next one follows at once.
        let is_padded = table.get(start + length) == Some(&0);
        start += if is_padded { length.max(aligned) } else { length };
        first = 0;
    }
    Some(())
}

/// The records of a block, from `at` up to its list of restarts.
fn records(block: &[u8], at: usize, id_length: usize, refs: &mut BTreeMap<Vec<u8>, Option<Value>>) -> Option<()> {
    let count = block.len().checked_sub(2)?;
    let restarts = number(block.get(count..)?).checked_mul(3)?;
    let mut rest = block.get(at..count.checked_sub(restarts)?)?;
    let mut name: Vec<u8> = Vec::new();
    while !rest.is_empty() {
        let shared = usize::try_from(varint(&mut rest)?).ok()?;
        let length = varint(&mut rest)?;
        name.truncate(shared);
        name.extend(take(&mut rest, length >> 3)?);
        let _update = varint(&mut rest)?;
        let value = match length & 7 {
            0 => REMOVED,
            kind @ (1 | 2) => {
                let id = ObjectId::new(take(&mut rest, id_length as u64)?).map(Value::Id);
                if kind == 2 {
                    take(&mut rest, id_length as u64)?; // the same, peeled
                }
                id
            }
            3 => {
                let length = varint(&mut rest)?;
                Some(Value::Symbolic(take(&mut rest, length)?.to_vec()))
            }
            _ => return None,
        };
        refs.insert(name.clone(), value);
    }
    Some(())
}

fn take<'t>(rest: &mut &'t [u8], length: u64) -> Option<&'t [u8]> {
    let (taken, behind) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = behind;
    Some(taken)
}

/// As the distances in packs: seven bits a byte, the most significant first, and no two ways to say the same.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    loop {
        let byte = *take(rest, 1)?.first()?;
        value = value.checked_add(u64::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
        value = value.checked_add(1)?.checked_mul(128)?;
    }
}

fn number(big_endian: &[u8]) -> usize {
    big_endian.iter().fold(0, |value, byte| value << 8 | usize::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::Scratch;
    use crate::git::{Head, Repo};

    fn listed(scratch: &Scratch) -> Vec<String> {
        let (tips, notes) = scratch.open().refs().unwrap();
        assert!(notes.is_empty(), "{notes:?}");
        tips.into_iter().map(|tip| tip.name).collect()
    }

    fn expected(scratch: &Scratch) -> Vec<String> {
        let names = scratch.git(&["for-each-ref", "--format=%(if)%(symref)%(then)%(else)%(refname)%(end)"]);
        names.lines().filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn refs_in_tables_are_those_that_git_lists() {
        for format in ["sha1", "sha256"] {
            let scratch = Scratch::with(&["--ref-format=reftable", &format!("--object-format={format}")]);
            assert_eq!(scratch.open().head(), Head::Unborn("refs/heads/main".to_owned()));
            scratch.write("a", "a");
            let first = scratch.commit("first");
            scratch.git(&["tag", "-m", "annotated", "v1"]);
            scratch.git(&["notes", "add", "-m", "note"]);
            scratch.git(&["symbolic-ref", "refs/heads/other", "refs/heads/main"]);
            // More than a block, and more than a table.
            let updates: String = (0..3000).map(|number| format!("create refs/tags/t{number} {first}\n")).collect();
            scratch.write("updates", updates);
            let update = format!("git update-ref --stdin < {}", scratch.file("updates").display());
            scratch.git(&["-c", &format!("alias.x=!{update}"), "x"]);
            scratch.git(&["tag", "-d", "t7"]);
            assert_eq!(listed(&scratch), expected(&scratch), "{format}");
            assert_eq!(scratch.open().head(), Head::At(first));
            scratch.git(&["-c", "reftable.blockSize=1024", "pack-refs"]);
            scratch.git(&["branch", "later"]);
            assert_eq!(listed(&scratch), expected(&scratch), "{format}, packed");
            assert!(!listed(&scratch).contains(&"refs/tags/t7".to_owned()));

            scratch.git(&["worktree", "add", "-q", "--detach", "tree"]);
            let tree = Repo::open(&scratch.file("tree")).unwrap();
            assert_eq!(tree.head(), Head::At(first));
            assert!(tree.refs().unwrap().0.iter().any(|tip| tip.name == "HEAD"));
            assert!(listed(&scratch).contains(&"worktrees/tree/HEAD".to_owned()));
            let range = scratch.open().ranges(&["v1".to_owned(), "^later".to_owned()]).unwrap();
            assert_eq!((range[0].include.clone(), range[0].tags.len()), (vec![first], 1));
            scratch.git(&["checkout", "-q", "--detach"]);
            assert!(listed(&scratch).contains(&"HEAD".to_owned()));
        }
    }

    #[test]
    fn damage_anywhere_is_told_or_harmless() {
        let scratch = Scratch::with(&["--ref-format=reftable"]);
        scratch.commit("first");
        scratch.git(&["tag", "-m", "annotated", "v1"]);
        scratch.git(&["pack-refs"]);
        let list = fs::read_to_string(scratch.file(".git/reftable/tables.list")).unwrap();
        let table = fs::read(scratch.file(".git/reftable").join(list.trim())).unwrap();
        for at in 0..table.len() {
            assert!(add(&table[..at], 20, &mut BTreeMap::new()).is_none(), "cut at {at}");
            for flip in [0x01, 0x80, 0xff] {
                let mut table = table.clone();
                table[at] ^= flip;
                let _ = add(&table, 20, &mut BTreeMap::new());
            }
        }
        let path = scratch.file(".git/reftable").join(list.trim());
        fs::remove_file(&path).unwrap();
        let (_, notes) = scratch.open().refs().unwrap();
        assert!(notes[0].place.starts_with("reftable/"), "{notes:?}");
        scratch.write(".git/reftable/tables.list", "../../secret\n");
        assert_eq!(read(&scratch.file(".git"), 20).broken, ["reftable/../../secret"]);
    }
}
