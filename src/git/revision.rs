//! Ranges of commits as people and hooks write them: `A..B`, `A...B`, `B`, `^A`, and the all-zero id of a ref that is not there.
//!
//! What comes in: the words. What goes out: ids of commits to include and to exclude, or an error that names the bad word.

use std::collections::HashSet;

use super::error::GitError;
use super::objects::Reader;
use super::refs::{Target, peel};
use super::repo::Repo;
use crate::model::ObjectId;

/// What `include` reaches and `exclude` does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// Tips that are in.
    pub include: Vec<ObjectId>,
    /// Tips that are out.
    pub exclude: Vec<ObjectId>,
    /// Annotated tags that were named on the way to what is in.
    pub tags: Vec<ObjectId>,
    /// Trees and blobs that are in by themselves.
    pub lone: Vec<Target>,
}

/// What a revision names.
#[derive(Clone, Debug)]
struct Named {
    commit: ObjectId,
    /// Annotated tags on the way to it.
    tags: Vec<ObjectId>,
}

impl Range {
    fn between(from: Option<Named>, to: Option<Named>) -> Self {
        let mut range = Self::default();
        let tags_out: Vec<ObjectId> = range.leave_out(from).collect();
        range.take_in(to);
        range.tags.retain(|tag| !tags_out.contains(tag));
        range
    }

    fn take_in(&mut self, named: Option<Named>) {
        if let Some(Named { commit, tags }) = named {
            self.include.push(commit);
            self.tags.extend(tags);
        }
    }

    /// Gives the tags that are out with it.
    fn leave_out(&mut self, named: Option<Named>) -> impl Iterator<Item = ObjectId> + use<> {
        self.exclude.extend(named.as_ref().map(|named| named.commit));
        named.into_iter().flat_map(|named| named.tags)
    }
}

impl Repo {
    /// Ranges whose union the words mean, together, as `git rev-list` understands them.
    pub fn ranges(&self, specs: &[String]) -> Result<Vec<Range>, GitError> {
        let mut all = Range::default();
        let mut symmetric = Vec::new();
        let mut tags_out = HashSet::new();
        for spec in specs {
            if let Some((left, right)) = spec.split_once("...") {
                let (left, right) = (self.named_by(left, spec)?, self.named_by(right, spec)?);
                symmetric.push(Range::between(left.clone(), right.clone()));
                symmetric.push(Range::between(right, left));
            } else if let Some((left, right)) = spec.split_once("..") {
                tags_out.extend(all.leave_out(self.named_by(left, spec)?));
                all.take_in(self.named_by(right, spec)?);
            } else if let Some(out) = spec.strip_prefix('^') {
                tags_out.extend(all.leave_out(self.named_by(out, spec)?));
            } else {
                all.take_in(self.named_by(spec, spec)?);
            }
        }
        for range in &mut symmetric {
            range.exclude.extend(&all.exclude);
        }
        symmetric.push(all);
        symmetric.iter_mut().for_each(|range| range.tags.retain(|tag| !tags_out.contains(tag)));
        Ok(symmetric.into_iter().filter(|range| !range.include.is_empty()).collect())
    }

    /// What a revision names; nothing for the all-zero id, with which hooks say that a ref is not there.
    fn named_by(&self, revision: &str, spec: &str) -> Result<Option<Named>, GitError> {
        if revision.len() == self.id_length() * 2 && revision.bytes().all(|digit| digit == b'0') {
            return Ok(None);
        }
        let revision = if revision.is_empty() && spec.contains("..") { "HEAD" } else { revision };
        let found = self.resolve(revision);
        found.map(Some).map_err(|reason| GitError::Revision { spec: spec.to_owned(), reason })
    }

    /// What `base~2^{commit}^` names. libgit2 could tell, but reads objects on the way that it may not survive.
    fn resolve(&self, revision: &str) -> Result<Named, String> {
        let reader = self.reader().map_err(|error| error.to_string())?;
        let (base, steps) = revision.split_at(revision.find(['~', '^']).unwrap_or(revision.len()));
        if revision.split_once(':').is_some_and(|(commit, _)| !commit.is_empty()) {
            return Err("a path in a commit names a tree or a blob, not a commit".to_owned());
        }
        if base.contains(['{', ':']) {
            return Err("reflogs and searches are not understood here; give a branch, tag or commit".to_owned());
        }
        let id = self.named(base, &reader).ok_or("there is no such branch, tag or commit")?;
        if !reader.contains(&id) {
            return Err(format!("the object {id} is not in this repository"));
        }
        let (mut tags, target) = peel(&reader, id)?;
        let mut commit = match target {
            Target::Commit(commit) => commit,
            Target::Tree(_) => return Err("it names a tree, not a commit".to_owned()),
            Target::Blob(_) => return Err("it names a blob, not a commit".to_owned()),
        };
        if let Some(kind) = ["tree", "blob"].into_iter().find(|kind| steps.ends_with(&format!("^{{{kind}}}"))) {
            return Err(format!("it names a {kind}, not a commit"));
        }
        for step in parse_steps(steps).ok_or("what follows the name is not understood")? {
            commit = self.parent(&reader, commit, step)?;
        }
        if !steps.is_empty() {
            tags.clear(); // from the commit on, or said so
        }
        Ok(Named { commit, tags })
    }

    fn named(&self, base: &str, reader: &Reader<'_>) -> Option<ObjectId> {
        if let Some(id) = ObjectId::from_hex(base.as_bytes()).filter(|id| id.as_bytes().len() == self.id_length()) {
            return Some(id);
        }
        let base = if base == "@" { "HEAD" } else { base };
        let values = self.ref_values();
        let candidates =
            ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"].map(|prefix| format!("{prefix}{base}"));
        let remote_head = format!("refs/remotes/{base}/HEAD");
        let named = candidates.iter().chain([&remote_head]).find_map(|name| self.resolve_ref(&values, name.as_bytes()));
        named.or_else(|| {
            // An abbreviated id, alone or as `git describe` writes it.
            let digits = base.rsplit_once("-g").map_or(base, |(_, digits)| digits);
            let is_prefix = digits.len() >= SHORTEST_PREFIX && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            is_prefix.then(|| reader.by_prefix(digits, self.format())).flatten()
        })
    }

    fn parent(&self, reader: &Reader<'_>, commit: ObjectId, step: Step) -> Result<ObjectId, String> {
        let (number, times) = match step {
            Step::Parent(0) => return Ok(commit),
            Step::Parent(number) => (number - 1, 1),
            Step::Back(times) => (0, times),
        };
        let (mut commit, shallow) = (commit, self.shallow());
        for _ in 0..times {
            let links = reader.links(&commit).map_err(|error| error.to_string())?;
            let parents = if shallow.contains(&commit) { Vec::new() } else { links.parents };
            commit = *parents.get(number).ok_or_else(|| format!("{commit} has no such parent"))?;
        }
        Ok(commit)
    }
}

/// git's own minimum.
const SHORTEST_PREFIX: usize = 4;

enum Step {
    /// `^n`
    Parent(usize),
    /// `~n`
    Back(usize),
}

fn parse_steps(mut text: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    while let Some(sign) = text.chars().next() {
        let rest = text.get(1..)?;
        if let Some(rest) = rest.strip_prefix("{commit}").or_else(|| rest.strip_prefix("{}")).filter(|_| sign == '^') {
            text = rest;
            continue;
        }
        let (number, rest) = rest.split_at(rest.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(rest.len()));
        let number = if number.is_empty() { 1 } else { number.parse().ok()? };
        steps.push(match sign {
            '^' => Step::Parent(number),
            '~' => Step::Back(number),
            _ => return None,
        });
        text = rest;
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::Scratch;

    #[test]
    fn ranges_are_understood_as_git_does() {
        let scratch = Scratch::repository();
        let a = scratch.commit("a");
        let b = scratch.commit("b");
        scratch.git(&["tag", "-m", "release", "v1"]);
        let repo = scratch.open();
        let zero = "0".repeat(40);
        let range = |include: &[ObjectId], exclude: &[ObjectId]| Range {
            include: include.to_vec(),
            exclude: exclude.to_vec(),
            ..Range::default()
        };
        let tag = scratch.id("v1");
        let tagged = |range: Range| Range { tags: vec![tag], ..range };
        let cases = [
            (vec!["HEAD~1..HEAD".to_owned()], vec![range(&[b], &[a])]),
            (vec!["HEAD~1..".to_owned()], vec![range(&[b], &[a])]),
            (vec!["v1".to_owned(), "^main^".to_owned()], vec![tagged(range(&[b], &[a]))]),
            (vec!["v1".to_owned(), "^v1".to_owned()], vec![range(&[b], &[b])]),
            (vec!["main~1...main".to_owned()], vec![range(&[b], &[a]), range(&[a], &[b])]),
            (vec!["v1^{}~0^^{commit}..@".to_owned()], vec![range(&[b], &[a])]),
            (vec![format!("{}..release-3-g{}", a.short(), b.short())], vec![range(&[b], &[a])]),
            (vec![format!("{zero}..{b}")], vec![range(&[b], &[])]),
            (vec![format!("{b}..{zero}")], vec![]),
        ];
        for (specs, expected) in cases {
            assert_eq!(repo.ranges(&specs).unwrap(), expected, "{specs:?}");
        }
        for bad in [
            "nowhere",
            "main..nowhere",
            "HEAD^{tree}",
            "",
            "^",
            "....",
            "--all",
            "HEAD~9",
            "HEAD^2",
            "v1:a",
            "HEAD~é",
            "main@{1}",
        ] {
            let error = repo.ranges(&[bad.to_owned()]).unwrap_err().to_string();
            assert!(error.contains(&format!("'{bad}'")), "{error}");
        }
    }

    #[test]
    fn what_names_no_commit_is_called_what_it_names() {
        let scratch = Scratch::repository();
        scratch.write("d/a", "a");
        let commit = scratch.commit("a");
        for (tag, object) in [("tree", "HEAD:d"), ("blob", "HEAD:d/a"), ("commit", "HEAD")] {
            scratch.git(&["tag", tag, object]);
            scratch.git(&["tag", "-m", "annotated", &format!("annotated-{tag}"), object]);
        }
        let repo = scratch.open();
        let nowhere = "1".repeat(40);
        let (path, tree, blob) = (
            "a path in a commit names a tree or a blob, not a commit",
            "it names a tree, not a commit",
            "it names a blob, not a commit",
        );
        let searched = "reflogs and searches are not understood here; give a branch, tag or commit";
        let missing = format!("the object {nowhere} is not in this repository");
        for (revision, expected) in [
            ("main:d", path),
            ("main~0:d/a", path),
            ("tree", tree),
            ("annotated-tree", tree),
            ("tree~1", tree),
            ("blob", blob),
            ("annotated-blob", blob),
            ("main^{tree}", tree),
            ("main~0^{blob}", blob),
            (":/a", searched),
            ("main@{1}", searched),
            (&nowhere, &missing),
        ] {
            let error = repo.ranges(&[revision.to_owned()]).unwrap_err().to_string();
            assert_eq!(error, format!("cannot resolve the revision '{revision}': {expected}"));
        }
        let range = Range { include: vec![commit], tags: vec![scratch.id("annotated-commit")], ..Range::default() };
        assert_eq!(repo.ranges(&["annotated-commit".to_owned()]).unwrap(), [range]);
    }
}
