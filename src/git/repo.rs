//! A repository and its layout: where its directories are, which format it has, what of it is missing.
//!
//! What comes in: a path. What goes out: an open repository, and a handle with which other threads open their own.
//! libgit2 refuses partial clones and refs in tables (it does not know these extensions), although it reads their objects well;
//! those are opened here by their object database alone.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use git2::{Config, ErrorCode, ObjectFormat, Odb, Repository};

use super::error::GitError;
use super::objects::Reader;
use super::pack::{self, Loose};
use super::vet::Forbidden;
use crate::model::ObjectId;

/// Extensions that change nothing about how this room reads; every other one is refused.
const HARMLESS_EXTENSIONS: [&str; 6] =
    ["noop", "objectformat", "worktreeconfig", "preciousobjects", "relativeworktrees", "partialclone"];

/// How refs may be kept.
const REF_STORAGES: [&str; 2] = ["files", "reftable"];

/// An open repository. One thread at a time; other threads open their own through [`Repo::opener`].
pub struct Repo {
    inner: Repository,
    layout: Layout,
    forbidden: Forbidden,
}

/// What another thread needs to open the same repository.
#[derive(Clone)]
pub struct Opener(Layout, Forbidden);

/// How a partial clone was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    /// The filter of its remote, as configured: `blob:none`, `tree:0`, …
    pub filter: Option<String>,
}

#[derive(Clone, Debug)]
struct Layout {
    opened: PathBuf,
    git_dir: PathBuf,
    common_dir: PathBuf,
    work_dir: Option<PathBuf>,
    format: ObjectFormat,
    by_objects_alone: bool,
    ref_tables: bool,
    /// Object directories beside its own, with those that they borrow from in turn.
    borrowed: Vec<PathBuf>,
}

impl Repo {
    /// Opens the repository at exactly this path: a work tree's top, a bare repository or a `.git` directory.
    pub fn open(path: &Path) -> Result<Self, GitError> {
        if let Some(irregular) = irregular(path) {
            let reason = format!("{} is no regular file", irregular.display());
            return Err(GitError::Broken { path: path.to_owned(), reason });
        }
        git2::opts::strict_hash_verification(false); // content is searched as it stands; damage shows as failed inflation
        match Repository::open(path) {
            Ok(inner) => {
                let layout = Layout {
                    opened: path.to_owned(),
                    git_dir: inner.path().to_owned(),
                    common_dir: inner.commondir().to_owned(),
                    work_dir: inner.workdir().map(Path::to_owned).or_else(|| beside(path, inner.path())),
                    format: inner.object_format(),
                    by_objects_alone: false,
                    ref_tables: false,
                    borrowed: Vec::new(),
                };
                Self::vetted(inner, layout)
            }
            Err(error) => Self::refused(path, &error),
        }
    }

    /// Opens the repository that this path lies in.
    pub fn discover(path: &Path) -> Result<Self, GitError> {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        absolute
            .ancestors()
            .find(|ancestor| traces(ancestor))
            .map_or_else(|| Err(GitError::NotARepository { path: path.to_owned() }), Self::open)
    }

    /// The same repository with the objects of these directories as well: what git names to a hook while pushed objects lie in
    /// quarantine. Those that are not there are left out, as git does.
    pub fn borrowing(self, directories: Vec<PathBuf>) -> Result<Self, GitError> {
        let Self { inner, mut layout, .. } = self;
        layout.borrowed = directories.into_iter().filter(|directory| directory.is_dir()).collect();
        layout.lend(&inner).map_err(|error| layout.broken(&error))?;
        Self::vetted(inner, layout)
    }

    /// A handle for other threads.
    pub fn opener(&self) -> Opener {
        Opener(self.layout.clone(), self.forbidden.clone())
    }

    /// The top of the work tree; `None` for a bare repository.
    pub fn work_dir(&self) -> Option<&Path> {
        self.layout.work_dir.as_deref()
    }

    /// Whether there is no work tree.
    pub fn is_bare(&self) -> bool {
        self.layout.work_dir.is_none()
    }

    /// This work tree's own git directory: its HEAD and index.
    pub fn git_dir(&self) -> &Path {
        &self.layout.git_dir
    }

    /// The git directory that all work trees share: objects, refs, configuration.
    pub fn common_dir(&self) -> &Path {
        &self.layout.common_dir
    }

    /// Length of an object id in bytes: 20 (SHA-1) or 32 (SHA-256).
    pub fn id_length(&self) -> usize {
        self.layout.id_length()
    }

    /// The commits at which a shallow clone ends; empty where it is not shallow.
    pub fn shallow(&self) -> BTreeSet<ObjectId> {
        let text = fs::read(self.common_dir().join("shallow")).unwrap_or_default();
        text.split(|byte| *byte == b'\n').filter_map(|line| ObjectId::from_hex(line.trim_ascii())).collect()
    }

    /// How it is partial, where it is.
    pub fn partial(&self) -> Option<Partial> {
        let settings = settings(self.common_dir()).ok()?;
        let partial = settings.iter().any(|(name, value)| {
            name == "extensions.partialclone" || (is_remote(name, ".promisor") && value.eq_ignore_ascii_case("true"))
        });
        let filter = settings.into_iter().find(|(name, _)| is_remote(name, ".partialclonefilter"));
        partial.then(|| Partial { filter: filter.map(|(_, value)| value) })
    }

    /// The name of the remote that is configured with this URL.
    pub(super) fn remote_at(&self, url: &str) -> Option<String> {
        let settings = settings(self.common_dir()).ok()?;
        let mut urls = settings.iter().filter(|(_, value)| value == url);
        urls.find_map(|(name, _)| {
            let name = name.strip_prefix("remote.")?;
            name.strip_suffix(".pushurl").or_else(|| name.strip_suffix(".url")).map(str::to_owned)
        })
    }

    /// Access to the objects.
    pub fn reader(&self) -> Result<Reader<'_>, GitError> {
        let odb = self.inner.odb().map_err(|error| self.broken(&error))?;
        let loose = Loose::among(self.layout.object_directories());
        Ok(Reader::new(odb, loose, self.forbidden.clone()))
    }

    /// What must not be asked of libgit2.
    pub(super) fn forbidden(&self) -> &Forbidden {
        &self.forbidden
    }

    /// Whether refs are kept in tables, not in files.
    pub(super) fn has_ref_tables(&self) -> bool {
        self.layout.ref_tables
    }

    pub(super) fn format(&self) -> ObjectFormat {
        self.layout.format
    }

    pub(super) fn broken(&self, error: &git2::Error) -> GitError {
        self.layout.broken(error)
    }

    /// Object directories that it borrows from because it was told to.
    pub(super) fn borrowed(&self) -> &[PathBuf] {
        &self.layout.borrowed
    }

    fn vetted(inner: Repository, layout: Layout) -> Result<Self, GitError> {
        let forbidden = Forbidden::among(layout.object_directories(), layout.id_length());
        Ok(Self { inner, layout, forbidden })
    }

    fn refused(path: &Path, error: &git2::Error) -> Result<Self, GitError> {
        if error.code() == ErrorCode::Owner {
            return Err(GitError::ForeignOwner { path: path.to_owned() });
        }
        if !traces(path) {
            return Err(GitError::NotARepository { path: path.to_owned() });
        }
        let broken = |reason: &str| GitError::Broken { path: path.to_owned(), reason: reason.to_owned() };
        let Some((git_dir, common_dir)) = directories(path) else {
            return Err(broken(error.message()));
        };
        let settings = settings(&common_dir).map_err(|error| broken(error.message()))?;
        let extensions: Vec<(&str, &str)> = settings
            .iter()
            .filter_map(|(name, value)| name.strip_prefix("extensions.").map(|name| (name, value.as_str())))
            .collect();
        for &(name, value) in &extensions {
            let harmless = HARMLESS_EXTENSIONS.contains(&name) || name == "refstorage" && REF_STORAGES.contains(&value);
            if !harmless {
                return Err(unsupported(path, &format!("the extension '{name}'")));
            }
        }
        if !extensions.iter().any(|(name, _)| ["partialclone", "refstorage"].contains(name)) {
            return Err(broken(error.message()));
        }
        let format = match extensions.iter().find(|(name, _)| *name == "objectformat") {
            Some((_, "sha256")) => ObjectFormat::Sha256,
            _ => ObjectFormat::Sha1,
        };
        let work_dir = path.join(".git").exists().then(|| path.to_owned());
        let layout = Layout {
            opened: path.to_owned(),
            git_dir,
            common_dir,
            work_dir,
            format,
            by_objects_alone: true,
            ref_tables: extensions.contains(&("refstorage", "reftable")),
            borrowed: Vec::new(),
        };
        Self::vetted(layout.open().map_err(|error| broken(error.message()))?, layout)
    }
}

impl Opener {
    /// Opens the repository once more.
    pub fn open(&self) -> Result<Repo, GitError> {
        let Self(layout, forbidden) = self.clone();
        let inner = layout.open().map_err(|error| layout.broken(&error))?;
        Ok(Repo { inner, layout, forbidden })
    }
}

impl Layout {
    fn open(&self) -> Result<Repository, git2::Error> {
        let repository = if self.by_objects_alone {
            let odb = Odb::new_ext(self.format)?;
            odb.add_disk_alternate(text(&self.common_dir.join("objects"))?)?;
            Repository::from_odb(odb)?
        } else {
            Repository::open(&self.opened)?
        };
        self.lend(&repository)?;
        Ok(repository)
    }

    /// Lets libgit2 read what is borrowed.
    fn lend(&self, repository: &Repository) -> Result<(), git2::Error> {
        if self.borrowed.is_empty() {
            return Ok(());
        }
        let odb = repository.odb()?;
        self.borrowed.iter().try_for_each(|directory| odb.add_disk_alternate(text(directory)?))
    }

    fn object_directories(&self) -> Vec<PathBuf> {
        pack::directories(&self.common_dir.join("objects"), &self.borrowed)
    }

    fn broken(&self, error: &git2::Error) -> GitError {
        GitError::Broken { path: self.opened.clone(), reason: error.message().to_owned() }
    }

    fn id_length(&self) -> usize {
        match self.format {
            ObjectFormat::Sha1 => 20,
            ObjectFormat::Sha256 => 32,
        }
    }
}

/// libgit2 takes paths as text only.
fn text(path: &Path) -> Result<&str, git2::Error> {
    path.to_str().ok_or_else(|| git2::Error::from_str("its path is not UTF-8"))
}

fn unsupported(path: &Path, what: &str) -> GitError {
    GitError::Unsupported { path: path.to_owned(), what: what.to_owned() }
}

/// Whether there are traces of git at this path, whole or not.
fn traces(path: &Path) -> bool {
    path.join(".git").exists()
        || (path.join("objects").is_dir() && (path.join("HEAD").is_file() || path.join("refs").is_dir()))
}

/// A file of git's own that is a pipe, to which nobody may ever write, or a device, which may have no end.
fn irregular(path: &Path) -> Option<PathBuf> {
    const OWN: [&str; 4] = ["HEAD", "commondir", "index", "config.worktree"];
    const COMMON: [&str; 6] =
        ["config", "packed-refs", "shallow", "info/exclude", "info/grafts", "objects/info/alternates"];
    let is_irregular = |path: &PathBuf| fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir());
    let first = |directory: &Path, names: &[&str]| names.iter().map(|name| directory.join(name)).find(is_irregular);
    // Where its directories are stands in files itself.
    first(path, &["HEAD", "commondir", ".git/commondir"]).or_else(|| {
        let (git_dir, common_dir) = directories(path)?;
        let packs = || {
            fs::read_dir(common_dir.join("objects/pack")).ok()?.flatten().map(|entry| entry.path()).find(is_irregular)
        };
        first(&git_dir, &OWN).or_else(|| first(&common_dir, &COMMON)).or_else(packs)
    })
}

/// Git directory and common directory, read from the files that point to them.
fn directories(path: &Path) -> Option<(PathBuf, PathBuf)> {
    let dot_git = path.join(".git");
    let git_dir = if dot_git.is_file() {
        let text = fs::read_to_string(&dot_git).ok()?;
        path.join(text.strip_prefix("gitdir:")?.trim())
    } else if dot_git.is_dir() {
        dot_git
    } else {
        path.to_owned()
    };
    let common_dir = match fs::read_to_string(git_dir.join("commondir")) {
        Ok(text) => git_dir.join(text.trim()),
        Err(_) => git_dir.clone(),
    };
    Some((git_dir, common_dir))
}

/// The repository's own settings, names in lower case as libgit2 gives them.
fn settings(common_dir: &Path) -> Result<Vec<(String, String)>, git2::Error> {
    let config = Config::open(&common_dir.join("config"))?;
    let mut settings = Vec::new();
    config.entries(None)?.for_each(|entry| {
        // A name alone means true; git2 unwraps the value that is not there.
        let value = if entry.has_value() { entry.value() } else { Ok("true") };
        if let (Ok(name), Ok(value)) = (entry.name(), value) {
            settings.push((name.to_owned(), value.to_owned()));
        }
    })?;
    Ok(settings)
}

fn is_remote(name: &str, key: &str) -> bool {
    name.starts_with("remote.") && name.ends_with(key)
}

/// The work tree of a repository whose configuration denies that there is one: the folder in which its `.git` lies was opened.
fn beside(opened: &Path, git_dir: &Path) -> Option<PathBuf> {
    let dot_git = opened.join(".git").canonicalize().ok()?;
    git_dir
        .canonicalize()
        .is_ok_and(|git_dir| git_dir == dot_git && dot_git.ends_with(".git"))
        .then(|| opened.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::Scratch;

    #[test]
    #[cfg(unix)]
    fn pipes_and_devices_are_not_opened() {
        for name in
            ["HEAD", "config", "index", "packed-refs", "shallow", "objects/info/alternates", "objects/pack/pack-1.idx"]
        {
            let scratch = Scratch::repository();
            scratch.write("a", "a");
            scratch.commit("first");
            let file = scratch.file(&format!(".git/{name}"));
            let _ = fs::remove_file(&file);
            std::os::unix::fs::symlink("/dev/zero", file).unwrap();
            assert!(matches!(Repo::open(scratch.path()), Err(GitError::Broken { .. })), "{name}");
        }
    }

    #[test]
    fn every_kind_of_repository_opens() {
        let scratch = Scratch::repository();
        scratch.write("a", "a");
        scratch.commit("first");
        scratch.git(&["clone", "-q", "--bare", ".", "bare.git"]);
        scratch.git(&["worktree", "add", "-q", "tree"]);
        scratch.git(&["clone", "-q", ".", "outer"]);
        scratch.git_in(&scratch.file("outer"), &["submodule", "--quiet", "add", "../bare.git", "sub"]);
        let cases = [(".", false), (".git", false), ("bare.git", true), ("tree", false), ("outer/sub", false)];
        scratch.git(&["clone", "-q", ".", "denied"]);
        scratch.git_in(&scratch.file("denied"), &["config", "core.bare", "true"]);
        let cases = cases.into_iter().chain([("denied", false), ("denied/.git", true)]);
        for (path, bare) in cases {
            let repo = Repo::open(&scratch.file(path)).unwrap();
            let again = repo.opener().open().unwrap();
            assert_eq!((repo.is_bare(), again.git_dir()), (bare, repo.git_dir()), "{path}");
            assert_eq!(repo.list_objects().0.len(), again.list_objects().0.len());
            assert!(!repo.refs().unwrap().0.is_empty(), "{path}");
        }
        fs::create_dir_all(scratch.file("deep/er")).unwrap();
        let found = Repo::discover(&scratch.file("deep/er")).unwrap();
        assert_eq!(found.work_dir().unwrap().canonicalize().unwrap(), scratch.path().canonicalize().unwrap());
    }

    #[test]
    fn nothing_broken_and_unsupported_are_told_apart() {
        let scratch = Scratch::empty();
        let name = |result: Result<Repo, GitError>| result.err().unwrap().to_string();
        assert!(matches!(Repo::open(scratch.path()), Err(GitError::NotARepository { .. })));
        fs::create_dir(scratch.file(".git")).unwrap();
        assert!(matches!(Repo::open(scratch.path()), Err(GitError::Broken { .. })));
        assert!(matches!(Repo::discover(scratch.path()), Err(GitError::Broken { .. })));

        let scratch = Scratch::repository();
        scratch.write(".git/config", "[core\n");
        assert!(matches!(Repo::open(scratch.path()), Err(GitError::Broken { .. })));
        scratch.write(".git/config", "[core]\nrepositoryformatversion = 1\n[extensions]\nsomethingNew = 1\n");
        assert!(name(Repo::open(scratch.path())).contains("the extension 'somethingnew'"));
        scratch.write(".git/config", "[core]\nbare\nx\n[remote \"o\"]\npromisor\n");
        assert_eq!(Repo::open(scratch.path()).unwrap().partial(), Some(Partial { filter: None }), "values left out");
        scratch.write(".git/config", "[core]\nrepositoryformatversion = 1\n[extensions]\nrefStorage = slate\n");
        assert!(name(Repo::open(scratch.path())).contains("the extension 'refstorage'"));
    }

    #[test]
    #[cfg(unix)]
    fn a_repository_of_another_user_is_named_as_one() {
        let scratch = Scratch::repository();
        let mine = std::os::unix::fs::chown(scratch.file(".git"), Some(12_345), None)
            .and_then(|()| std::os::unix::fs::chown(scratch.path(), Some(12_345), None));
        if mine.is_err() {
            return; // only root may give files away
        }
        let error = Repo::open(scratch.path()).err().unwrap();
        assert!(matches!(error, GitError::ForeignOwner { .. }), "{error}");
        assert!(error.to_string().contains("safe.directory"));
    }
}
