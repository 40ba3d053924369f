//! Ranges of commits as people and hooks write them: `A..B`, `A...B`, `B`, `^A`, and the all-zero id of a ref that is not there.
//!
//! What comes in: the words. What goes out: ids of commits to include and to exclude, or an error that names the bad word.

use git2::Repository;

use super::error::GitError;
use super::objects::hex_id;
use super::repo::Repo;
use crate::model::ObjectId;

/// What `include` reaches and `exclude` does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// Tips that are in.
    pub include: Vec<ObjectId>,
    /// Tips that are out.
    pub exclude: Vec<ObjectId>,
}

impl Repo {
    /// Ranges whose union the words mean, together, as `git rev-list` understands them.
    pub fn ranges(&self, specs: &[String]) -> Result<Vec<Range>, GitError> {
        let mut all = Range::default();
        let mut symmetric = Vec::new();
        for spec in specs {
            if let Some((left, right)) = spec.split_once("...") {
                let (left, right) = (self.commit_of(left, spec)?, self.commit_of(right, spec)?);
                symmetric.push(Range { include: Vec::from_iter(right), exclude: Vec::from_iter(left) });
                symmetric.push(Range { include: Vec::from_iter(left), exclude: Vec::from_iter(right) });
            } else if let Some((left, right)) = spec.split_once("..") {
                all.exclude.extend(self.commit_of(left, spec)?);
                all.include.extend(self.commit_of(right, spec)?);
            } else if let Some(out) = spec.strip_prefix('^') {
                all.exclude.extend(self.commit_of(out, spec)?);
            } else {
                all.include.extend(self.commit_of(spec, spec)?);
            }
        }
        for range in &mut symmetric {
            range.exclude.extend(&all.exclude);
        }
        symmetric.push(all);
        Ok(symmetric.into_iter().filter(|range| !range.include.is_empty()).collect())
    }

    /// The commit that a revision names; nothing for the all-zero id, with which hooks say that a ref is not there.
    fn commit_of(&self, revision: &str, spec: &str) -> Result<Option<ObjectId>, GitError> {
        if revision.len() == self.id_length() * 2 && revision.bytes().all(|digit| digit == b'0') {
            return Ok(None);
        }
        let revision = if revision.is_empty() && spec.contains("..") { "HEAD" } else { revision };
        let repository = self.libgit2()?;
        let found = parse(repository, revision).or_else(|error| {
            self.with_base_resolved(revision).map_or(Err(error), |revision| parse(repository, &revision))
        });
        let id =
            found.map_err(|error| GitError::Revision { spec: spec.to_owned(), reason: error.message().to_owned() })?;
        Ok(Some(id))
    }

    /// The revision with its ref replaced by the ref's object id, for repositories that libgit2 knows by their objects alone.
    fn with_base_resolved(&self, revision: &str) -> Option<String> {
        let (base, steps) = revision.split_at(revision.find(['~', '^']).unwrap_or(revision.len()));
        let base = if base == "@" { "HEAD" } else { base };
        let values = self.ref_values();
        let id = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"]
            .iter()
            .find_map(|prefix| self.resolve_ref(&values, format!("{prefix}{base}").as_bytes()))?;
        Some(format!("{id}{steps}"))
    }
}

fn parse(repository: &Repository, revision: &str) -> Result<ObjectId, git2::Error> {
    let commit = repository.revparse_single(revision)?.peel_to_commit()?;
    hex_id(commit.id().to_string().as_bytes()).ok_or_else(|| git2::Error::from_str("its id is of an unknown kind"))
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
        let range =
            |include: &[ObjectId], exclude: &[ObjectId]| Range { include: include.to_vec(), exclude: exclude.to_vec() };
        let cases = [
            (vec!["HEAD~1..HEAD".to_owned()], vec![range(&[b], &[a])]),
            (vec!["HEAD~1..".to_owned()], vec![range(&[b], &[a])]),
            (vec!["v1".to_owned(), "^main^".to_owned()], vec![range(&[b], &[a])]),
            (vec!["main~1...main".to_owned()], vec![range(&[b], &[a]), range(&[a], &[b])]),
            (vec![format!("{zero}..{b}")], vec![range(&[b], &[])]),
            (vec![format!("{b}..{zero}")], vec![]),
        ];
        for (specs, expected) in cases {
            assert_eq!(repo.ranges(&specs).unwrap(), expected, "{specs:?}");
        }
        for bad in ["nowhere", "main..nowhere", "HEAD^{tree}", "", "^", "....", "--all"] {
            let error = repo.ranges(&[bad.to_owned()]).unwrap_err().to_string();
            assert!(error.contains(&format!("'{bad}'")), "{error}");
        }
    }
}
