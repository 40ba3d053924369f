//! Path patterns in gitignore's dialect, as keyrake.toml writes them.
//!
//! What comes in: a pattern and paths in display form (`/` between parts). What goes out: yes or no.
//! What it must never do: read a directory, or mean something else on another system.

use globset::{GlobBuilder, GlobMatcher};

/// One pattern: `vendor/` is everything below a folder of that name, `*.snap` a file at any depth, `/docs/*.md` only there.
#[derive(Clone, Debug)]
pub struct PathGlob {
    source: String,
    itself: Option<GlobMatcher>,
    below: GlobMatcher,
}

/// Why a pattern means nothing.
#[derive(Debug, thiserror::Error)]
pub enum PathGlobError {
    /// Nothing is written there.
    #[error("the pattern is empty")]
    Empty,
    /// gitignore's `!`.
    #[error("a pattern cannot take back another (`!`); write a narrower one instead")]
    Negated,
    /// Not a glob.
    #[error("the pattern is no glob: {0}")]
    Syntax(String),
}

impl PathGlob {
    /// Takes a pattern.
    pub fn new(source: &str) -> Result<Self, PathGlobError> {
        let trimmed = source.trim();
        if trimmed.starts_with('!') {
            return Err(PathGlobError::Negated);
        }
        let (body, folder_only) = match trimmed.strip_suffix('/') {
            Some(body) => (body, true),
            None => (trimmed, false),
        };
        if body.is_empty() {
            return Err(PathGlobError::Empty);
        }
        let body = match body.strip_prefix('/') {
            Some(anchored) => anchored.to_owned(),
            None if body.contains('/') => body.to_owned(),
            None => format!("**/{body}"),
        };
        let itself = if folder_only { None } else { Some(compile(&body)?) };
        Ok(Self { source: source.to_owned(), itself, below: compile(&format!("{body}/**"))? })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Whether a path is meant. The empty path (a commit message, standard input) never is.
    pub fn matches(&self, path: &str) -> bool {
        let path = path.strip_prefix("./").unwrap_or(path);
        !path.is_empty() && (self.itself.as_ref().is_some_and(|glob| glob.is_match(path)) || self.below.is_match(path))
    }
}

fn compile(pattern: &str) -> Result<GlobMatcher, PathGlobError> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| PathGlobError::Syntax(error.kind().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_read_as_gitignore_reads_them() {
        let cases: [(&str, &[&str], &[&str]); 8] = [
            ("vendor/", &["vendor/a", "lib/vendor/a/b"], &["vendor", "vendors/a", "a/vendor"]),
            ("/vendor/", &["vendor/a"], &["lib/vendor/a"]),
            ("*.snap", &["a.snap", "x/y/a.snap", "a.snap/inside"], &["a.snap.txt"]),
            ("docs/*.md", &["docs/a.md", "./docs/a.md"], &["docs/x/a.md", "x/docs/a.md"]),
            ("docs/**/*.md", &["docs/a.md", "docs/x/y/a.md"], &["docs/a.txt"]),
            ("test", &["test", "a/test", "test/x", "a/test/x/y"], &["tests/x"]),
            ("**", &["a", "a/b"], &[""]),
            (r"a\*b", &["a*b"], &["axb"]),
        ];
        for (pattern, yes, no) in cases {
            let glob = PathGlob::new(pattern).unwrap();
            for path in yes {
                assert!(glob.matches(path), "{pattern} should match {path}");
            }
            for path in no {
                assert!(!glob.matches(path), "{pattern} should not match {path}");
            }
        }
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for (pattern, message) in [
            ("", "the pattern is empty"),
            (" / ", "the pattern is empty"),
            ("!keep", "a pattern cannot take back another (`!`); write a narrower one instead"),
            ("a[", "the pattern is no glob: unclosed character class; missing ']'"),
        ] {
            assert_eq!(PathGlob::new(pattern).unwrap_err().to_string(), message, "{pattern}");
        }
    }
}
