//! What one target is, and which sources it has.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::decide::PathGlob;
use crate::decide::suppress::Allowances;
use crate::git::{GitError, Repo};
use crate::source::{self, Directory, Exclude, History, Sink, Source as _, SourceError, Staged, Stdin, Worktree};

/// One target, as the user named it and as it turned out to be.
pub struct Target {
    /// As the user named it.
    pub name: String,
    what: What,
    /// What stands before the paths of its locations, so that those of several targets can be told apart.
    pub(super) prefix: String,
}

/// The kinds of target.
enum What {
    Stdin,
    /// One file, or everything below a plain directory.
    Plain(PathBuf),
    Repository {
        repo: Repo,
        /// The part of the work tree to walk.
        worktree: Option<PathBuf>,
        selection: Selection,
    },
}

/// Which parts of a repository.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The work tree.
    pub worktree: bool,
    /// Files of the work tree that git ignores, too.
    pub ignored: bool,
    /// Which objects.
    pub objects: Objects,
    /// Objects larger than this many bytes are skipped.
    pub max_object_size: u64,
}

/// Which of a repository's objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objects {
    /// None.
    None,
    /// All.
    All,
    /// What the index would commit.
    Staged,
    /// What is new in these ranges.
    Ranges(Vec<String>),
}

/// Why a target cannot be searched as asked.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// It cannot be opened at all.
    #[error("cannot open it: {0}")]
    Open(#[from] std::io::Error),
    /// It is a repository, but a broken one.
    #[error(transparent)]
    Git(#[from] GitError),
    /// There is no history where one was asked for.
    #[error("not a git repository, so it has no index and no history")]
    NoRepository,
    /// Standard input was asked for history.
    #[error("standard input has no index and no history")]
    Stdin,
    /// Nothing is left to search.
    #[error("a bare repository has no work tree, so without its history there is nothing to search")]
    Nothing,
}

impl Target {
    /// Looks at what is there. `several` says that there are other targets.
    pub fn open(path: &Path, selection: &Selection, several: bool) -> Result<Self, TargetError> {
        let name = path.display().to_string();
        let what = What::open(path, selection)?;
        let prefix = match &what {
            What::Plain(path) if path.is_dir() && several => folder_prefix(&name),
            What::Repository { .. } if several => folder_prefix(&name),
            What::Stdin | What::Plain(_) | What::Repository { .. } => String::new(),
        };
        Ok(Self { name, what, prefix })
    }

    /// The folder in which a configuration of the target's own would lie.
    pub fn folder(&self) -> Option<&Path> {
        match &self.what {
            What::Plain(path) if path.is_dir() => Some(path),
            What::Repository { repo, .. } => repo.work_dir(),
            What::Plain(_) | What::Stdin => None,
        }
    }

    /// Whether all that the target has is searched.
    pub(super) fn is_whole(&self) -> bool {
        match &self.what {
            What::Repository { repo, worktree, selection } => {
                selection.objects == Objects::All && (worktree.is_some() || repo.is_bare())
            }
            What::Plain(path) => path.is_dir(),
            What::Stdin => false,
        }
    }

    /// The repository, if it is one.
    pub(super) fn repo(&self) -> Option<&Repo> {
        match &self.what {
            What::Repository { repo, .. } => Some(repo),
            What::Stdin | What::Plain(_) => None,
        }
    }

    /// Hands everything of it to the sink.
    pub(super) fn visit(&self, exclude: &Arc<Excludes>, sink: &dyn Sink) -> Result<(), SourceError> {
        match &self.what {
            What::Stdin => Stdin::new(std::io::stdin().lock()).visit(sink),
            What::Plain(path) => Directory::new(path, exclude.asked()).visit(sink),
            What::Repository { repo, worktree, selection } => {
                if let Some(path) = worktree {
                    Worktree::new(path, selection.ignored, exclude.asked()).visit(sink)?;
                }
                let largest = selection.max_object_size;
                match &selection.objects {
                    Objects::None => Ok(()),
                    Objects::All => History::new(repo).max_object_size(largest).visit(sink),
                    Objects::Staged => Staged::new(repo).max_object_size(largest).visit(sink),
                    Objects::Ranges(specs) => {
                        source::Range::new(repo, specs.clone()).max_object_size(largest).visit(sink)
                    }
                }
            }
        }
    }
}

impl What {
    fn open(path: &Path, selection: &Selection) -> Result<Self, TargetError> {
        let only_history = !selection.worktree && selection.objects != Objects::None;
        if path == Path::new("-") {
            return if only_history { Err(TargetError::Stdin) } else { Ok(Self::Stdin) };
        }
        let is_folder = std::fs::metadata(path)?.is_dir();
        let repo = match if is_folder { Repo::discover(path).map(Some) } else { Ok(None) } {
            Err(GitError::NotARepository { .. }) => None,
            other => other?,
        };
        let Some(repo) = repo else {
            return if only_history { Err(TargetError::NoRepository) } else { Ok(Self::Plain(path.to_owned())) };
        };
        let worktree = (selection.worktree && !repo.is_bare()).then(|| path.to_owned());
        if worktree.is_none() && selection.objects == Objects::None {
            return Err(TargetError::Nothing);
        }
        Ok(Self::Repository { repo, worktree, selection: selection.clone() })
    }
}

fn folder_prefix(name: &str) -> String {
    let name: String = name.chars().map(|c| if std::path::is_separator(c) { '/' } else { c }).collect();
    format!("{}/", name.trim_end_matches('/'))
}

/// The paths that configurations leave out, with how many files and folders each pattern left unopened.
pub(super) struct Excludes(Vec<(PathGlob, AtomicU64)>);

impl Excludes {
    /// Those of every configuration.
    pub(super) fn new(layers: &[Allowances]) -> Self {
        let globs = layers.iter().flat_map(|layer| &layer.excludes).map(|exclude| exclude.path.clone());
        Self(globs.map(|glob| (glob, AtomicU64::new(0))).collect())
    }

    /// For a source: nothing where there is nothing to ask.
    fn asked(self: &Arc<Self>) -> Option<Arc<dyn Exclude>> {
        (!self.0.is_empty()).then(|| Arc::clone(self) as Arc<dyn Exclude>)
    }

    /// How much a pattern left unopened.
    pub(super) fn count(&self, pattern: &str) -> u64 {
        let same = self.0.iter().filter(|(glob, _)| glob.as_str() == pattern);
        same.map(|(_, count)| count.load(Ordering::Relaxed)).sum()
    }
}

impl Exclude for Excludes {
    fn leaves_out(&self, path: &str, is_folder: bool) -> bool {
        let fits = self.0.iter().find(|(glob, _)| glob.matches(path) || is_folder && glob.matches_folder(path));
        if let Some((_, count)) = fits {
            count.fetch_add(1, Ordering::Relaxed);
        }
        fits.is_some()
    }
}
