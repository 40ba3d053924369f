//! What one target is, and which sources it has.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::decide::PathGlob;
use crate::decide::suppress::{self, Allowances};
use crate::git::{GitError, Known, Repo, Tip, Update};
use crate::model::Notification;
use crate::source::{
    self, Directory, Exclude, History, Sink, Source as _, SourceError, Staged, Stdin, Unpacking, Worktree,
};

use super::place::{self, Placed};

/// One target, as the user named it and as it turned out to be.
pub struct Target {
    /// As the user named it.
    pub name: String,
    what: What,
    several: bool,
}

/// The kinds of target.
#[expect(clippy::large_enum_variant, reason = "there is one a target, and nearly all are repositories")]
enum What {
    Stdin,
    /// One file, or everything below a plain directory.
    Plain(PathBuf),
    Repository {
        repo: Repo,
        /// The folder that was named, where the work tree is to be walked.
        worktree: Option<PathBuf>,
        /// The way to that folder from the top, where the paths of a repository start: `src/deep/`, empty at the top.
        below: String,
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
    /// Whether the whole history is looked through for objects that are not there.
    pub connectivity: bool,
    /// Objects larger than this many bytes are skipped.
    pub max_object_size: u64,
    /// Directories with more objects: a hook's quarantine.
    pub borrowed: Vec<PathBuf>,
}

/// Which of a repository's objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objects {
    /// None.
    None,
    /// All.
    All,
    /// What an index would commit: the repository's own, or the file that git names to a hook.
    Staged(Option<PathBuf>),
    /// What is new in these ranges.
    Ranges(Vec<String>),
    /// What a push brings.
    Push(Vec<Update>, Known),
}

/// Why a target cannot be searched as asked.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// It cannot be opened at all.
    #[error("cannot open it")]
    Open(#[from] std::io::Error),
    /// It is a repository, but none that can be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// It is a broken one, whose files are there all the same.
    #[error("{0}; --no-history searches its files as those of a plain folder")]
    Broken(GitError),
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
        Ok(Self { name: path.display().to_string(), what: What::open(path, selection)?, several })
    }

    /// What stands before the paths of its locations, so that those of several targets can be told apart.
    pub(super) fn prefix(&self) -> String {
        match &self.what {
            What::Plain(path) if self.several && path.is_dir() => place::prefix(&self.name, ""),
            What::Repository { below, .. } if self.several => place::prefix(&self.name, below),
            What::Stdin | What::Plain(_) | What::Repository { .. } => String::new(),
        }
    }

    /// A notification about its history, told apart from those of other targets.
    pub(super) fn noted(&self, notification: Notification) -> Notification {
        place::noted(&self.before_notes(), notification)
    }

    fn before_notes(&self) -> String {
        if self.several { format!("{}: ", self.name) } else { String::new() }
    }

    /// What the configurations leave out of it.
    pub(super) fn excludes(&self, layers: &[Allowances], index: usize) -> Arc<Excludes> {
        let below = match &self.what {
            What::Repository { below, .. } => below.clone(),
            What::Plain(_) | What::Stdin => String::new(),
        };
        Arc::new(Excludes::new(layers.iter().filter(|layer| layer.reaches(index)), below))
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
            What::Repository { repo, worktree, below, selection } => {
                selection.objects == Objects::All && (worktree.is_some() && below.is_empty() || repo.is_bare())
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

    /// The refs of its repository: where it is about to receive a push, as they will be then.
    pub(super) fn refs(&self) -> Result<Vec<Tip>, GitError> {
        let What::Repository { repo, selection, .. } = &self.what else { return Ok(Vec::new()) };
        let (tips, _broken) = match &selection.objects {
            Objects::Push(updates, Known::Refs) => repo.refs_after(updates)?,
            _ => repo.refs()?,
        };
        Ok(tips)
    }

    /// Hands everything of it to the sink, members of archives too.
    pub(super) fn visit(&self, exclude: &Arc<Excludes>, sink: &dyn Sink) -> Result<(), SourceError> {
        match &self.what {
            What::Stdin => Stdin::new(std::io::stdin().lock()).visit(&Unpacking::new(sink)),
            What::Plain(path) => {
                let sink = &Placed { sink, paths: "", notes: self.prefix(), histories: true };
                Directory::new(path, exclude.asked()).visit(&Unpacking::new(sink))
            }
            What::Repository { repo, worktree, below, selection } => {
                if let Some(path) = worktree {
                    let histories = selection.objects != Objects::None;
                    let sink = &Placed { sink, paths: below, notes: self.prefix() + below, histories };
                    let worktree = Worktree::new(path, selection.ignored, exclude.asked());
                    worktree.git_directory(place::is_git_directory(path, repo)).visit(&Unpacking::new(sink))?;
                }
                let sink = &Placed { sink, paths: "", notes: self.before_notes(), histories: true };
                let sink = &Unpacking::new(sink);
                let largest = selection.max_object_size;
                match &selection.objects {
                    Objects::None => Ok(()),
                    Objects::All => {
                        let history = History::new(repo).max_object_size(largest).connectivity(selection.connectivity);
                        history.visit(sink)
                    }
                    Objects::Staged(index) => {
                        let staged = Staged::new(repo).max_object_size(largest);
                        match index {
                            Some(index) => staged.index_file(index).visit(sink),
                            None => staged.visit(sink),
                        }
                    }
                    Objects::Push(updates, known) => {
                        let pushed = source::Range::pushed(repo, updates.clone(), known.clone());
                        pushed.max_object_size(largest).visit(sink)
                    }
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
        let found = if is_folder { place::repository(path) } else { Ok(None) };
        let repo = match found {
            // Nothing of git was asked for but what it ignores, and without it nothing is ignored.
            Err(GitError::Broken { .. }) if selection.objects == Objects::None => None,
            Err(error @ GitError::Broken { .. }) if selection.worktree => return Err(TargetError::Broken(error)),
            other => other?,
        };
        let Some(mut repo) = repo else {
            return if only_history { Err(TargetError::NoRepository) } else { Ok(Self::Plain(path.to_owned())) };
        };
        let worktree = (selection.worktree && !repo.is_bare()).then(|| path.to_owned());
        if worktree.is_none() && selection.objects == Objects::None {
            return Err(TargetError::Nothing);
        }
        if !selection.borrowed.is_empty() {
            repo = repo.borrowing(selection.borrowed.clone())?;
        }
        let below = place::below(path, &repo);
        Ok(Self::Repository { repo, worktree, below, selection: selection.clone() })
    }
}

/// The paths that configurations leave out of one target, with how many files and folders each entry left unopened.
pub(super) struct Excludes {
    below: String,
    entries: Vec<Left>,
}

struct Left {
    glob: PathGlob,
    /// Where it is written: file and line.
    place: String,
    count: AtomicU64,
}

impl Excludes {
    fn new<'a>(layers: impl Iterator<Item = &'a Allowances>, below: String) -> Self {
        let left = |exclude: &suppress::Exclude| Left {
            glob: exclude.path.clone(),
            place: exclude.place.clone(),
            count: AtomicU64::new(0),
        };
        Self { below, entries: layers.flat_map(|layer| &layer.excludes).map(left).collect() }
    }

    /// For a source: nothing where there is nothing to ask.
    fn asked(self: &Arc<Self>) -> Option<Arc<dyn Exclude>> {
        (!self.entries.is_empty()).then(|| Arc::clone(self) as Arc<dyn Exclude>)
    }

    /// How much the entry that is written there left unopened.
    pub(super) fn count(&self, place: &str) -> u64 {
        let same = self.entries.iter().filter(|left| left.place == place);
        same.map(|left| left.count.load(Ordering::Relaxed)).sum()
    }
}

impl Exclude for Excludes {
    fn leaves_out(&self, path: &str, is_folder: bool) -> bool {
        let path = format!("{}{path}", self.below);
        let fits = |left: &&Left| left.glob.matches(&path) || is_folder && left.glob.matches_folder(&path);
        let fitting = self.entries.iter().find(fits);
        if let Some(left) = fitting {
            left.count.fetch_add(1, Ordering::Relaxed);
        }
        fitting.is_some()
    }
}
