//! Hermetic git repositories: no configuration of the machine, one identity, dates that count up from a fixed one.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Where git looks for no configuration.
const NOWHERE: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };
/// 2024-01-01 00:00:00 UTC.
const FIRST_DAY: u64 = 1_704_067_200;

/// A scratch repository, gone when dropped.
pub(crate) struct Repo {
    root: TempDir,
    minutes: Cell<u64>,
}

impl Repo {
    /// An empty repository on branch `main`.
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// The same with more options of `git init`.
    pub(crate) fn with(options: &[&str]) -> Self {
        let repo = Self { root: tempfile::tempdir().expect("a temporary directory"), minutes: Cell::new(0) };
        repo.git(&[&["init", "--quiet", "--initial-branch=main"], options].concat());
        repo
    }

    /// A clone of this repository with these options of `git clone`.
    pub(crate) fn clone_with(&self, options: &[&str]) -> Self {
        let clone = Self { root: tempfile::tempdir().expect("a temporary directory"), minutes: Cell::new(0) };
        // A plain path would make git link the object files instead of transferring what the options ask for.
        let url = format!("file://{}", self.path().display());
        clone.git(&[&["clone", "--quiet"], options, &[&url, "."]].concat());
        clone
    }

    /// Its directory.
    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }

    /// A file in the work tree, with the directories above it.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.path().join(path);
        std::fs::create_dir_all(file.parent().expect("a file has a directory")).expect("directories can be made");
        std::fs::write(&file, content).expect("files can be written");
        file
    }

    /// Writes these files and commits everything; gives the commit's id.
    pub(crate) fn commit(&self, message: &str, files: &[(&str, &str)]) -> String {
        for (path, content) in files {
            self.write(path, content);
        }
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.head()
    }

    /// Removes a file and commits that.
    pub(crate) fn remove(&self, path: &str) -> String {
        self.git(&["rm", "--quiet", path]);
        self.commit(&format!("remove {path}"), &[])
    }

    /// Replaces the last commit by one with these files; the old one stays in the object database, unreachable.
    pub(crate) fn amend(&self, files: &[(&str, &str)]) -> String {
        for (path, content) in files {
            self.write(path, content);
        }
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "--amend", "--no-edit"]);
        self.git(&["reflog", "expire", "--expire=now", "--all"]);
        self.head()
    }

    /// Merges a branch, with a commit of its own.
    pub(crate) fn merge(&self, branch: &str) -> String {
        self.git(&["merge", "--quiet", "--no-ff", "--message", &format!("merge {branch}"), branch]);
        self.head()
    }

    /// The id of HEAD.
    pub(crate) fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs git; gives what it prints, trimmed.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        let (succeeded, stdout, stderr) = self.try_git(args);
        assert!(succeeded, "git {args:?}: {stderr}");
        stdout
    }

    /// Runs git; gives whether it succeeded, and what it prints on both streams, trimmed.
    pub(crate) fn try_git(&self, args: &[&str]) -> (bool, String, String) {
        self.minutes.set(self.minutes.get() + 1);
        let date = format!("{} +0000", FIRST_DAY + 60 * self.minutes.get());
        let mut command = Command::new("git");
        command.args(args).current_dir(self.path()).env_clear();
        for name in ["PATH", "SYSTEMROOT"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("HOME", self.path())
            .env("GIT_CONFIG_GLOBAL", NOWHERE)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_AUTHOR_NAME", "Ada Author")
            .env("GIT_AUTHOR_EMAIL", "ada@example.invalid")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_NAME", "Ada Author")
            .env("GIT_COMMITTER_EMAIL", "ada@example.invalid")
            .env("GIT_COMMITTER_DATE", &date);
        let output = command.output().expect("git is installed");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    }
}
