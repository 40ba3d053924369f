//! A git work tree as git sees it: tracked and untracked files, hidden ones too, without what git ignores.
//!
//! What comes in: the target (a work tree or a directory in one). What goes out: its files, origin `Worktree`. Submodules and nested
//! repositories are entered; `.git` never is. Files that are tracked although they match an ignore pattern are read as well.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use globset::GlobSet;

use super::exclude::Exclude;
use super::quota::Quota;
use super::visit::{Sink, Source};
use super::{SourceError, file, tracked, walk};
use crate::model::Origin;

/// The files of a work tree.
#[derive(Debug)]
pub struct Worktree {
    target: PathBuf,
    ignored: bool,
    exclude: Arc<Exclude>,
}

impl Worktree {
    /// `target` is a work tree or a directory in one; `ignored` reads what git ignores as well; `exclude` holds patterns over paths
    /// relative to the target.
    pub fn new(target: impl Into<PathBuf>, ignored: bool, exclude: Option<GlobSet>) -> Self {
        Self { target: target.into(), ignored, exclude: Arc::new(Exclude::new(exclude)) }
    }

    /// How many files and directories the patterns left out in the visits so far.
    pub fn excluded(&self) -> u64 {
        self.exclude.count()
    }
}

impl Source for Worktree {
    fn visit(&self, sink: &dyn Sink) -> Result<(), SourceError> {
        let sink = &Quota::new(sink);
        std::fs::read_dir(&self.target).map_err(|error| SourceError::Target { path: self.target.clone(), error })?;
        let (visited, repositories) = (Visited::default(), Arc::new(Mutex::new(vec![self.target.clone()])));
        let mut walker = walk::everything(&self.target);
        if !self.ignored {
            walker.parents(true).git_ignore(true).git_exclude(true).git_global(true);
        }
        let (root, exclude, nested) = (self.target.clone(), Arc::clone(&self.exclude), Arc::clone(&repositories));
        walker.filter_entry(move |entry| {
            if entry.file_name() == ".git" {
                if entry.depth() > 1
                    && let Some(parent) = entry.path().parent()
                {
                    nested.lock().unwrap_or_else(PoisonError::into_inner).push(parent.to_owned());
                }
                return false;
            }
            entry.depth() == 0 || !exclude.leaves_out(entry.path().strip_prefix(&root).unwrap_or(entry.path()))
        });
        let scan = |path: &Path, relative: &Path| {
            let shown = walk::shown(relative);
            file::scan(path, &shown, &Origin::Worktree { path: shown.clone() }, sink);
        };
        walk::files(&walker, &self.target, sink, &|path, relative| {
            if !self.ignored {
                visited.add(relative);
            }
            scan(path, relative);
        });
        if !self.ignored {
            let repositories = std::mem::take(&mut *repositories.lock().unwrap_or_else(PoisonError::into_inner));
            for repository in repositories {
                tracked::files(&repository, &self.target, sink, &mut |path, relative| {
                    if visited.add(relative) && !self.leaves_out_any_part(relative) {
                        scan(path, relative);
                    }
                });
            }
        }
        Ok(())
    }
}

impl Worktree {
    fn leaves_out_any_part(&self, relative: &Path) -> bool {
        relative.ancestors().filter(|part| !part.as_os_str().is_empty()).any(|part| self.exclude.leaves_out(part))
    }
}

/// Which files were read: hashes of their paths, so that a million of them cost megabytes and not hundreds.
#[derive(Default)]
struct Visited {
    hasher: RandomState,
    /// Several sets, so that threads seldom wait for each other.
    shards: [Mutex<HashSet<u64>>; 16],
}

impl Visited {
    /// Whether it is new.
    fn add(&self, relative: &Path) -> bool {
        let hash = self.hasher.hash_one(relative.as_os_str());
        let shard = usize::try_from(hash % 16).unwrap_or_default();
        self.shards.get(shard).is_none_or(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).insert(hash))
    }
}
