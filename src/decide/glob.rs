//! Path patterns in gitignore's dialect, as keyrake.toml writes them.
//!
//! What comes in: a pattern and paths in display form (`/` between parts). What goes out: yes or no.
//! What it must never do: read a directory, or mean something else on another system.

use globset::{ErrorKind, Glob, GlobBuilder, GlobSet, GlobSetBuilder};

/// Longer patterns nest deeper than their compiler's stack.
const MAX_BYTES: usize = 1000;

/// One pattern: `vendor/` is everything below a folder of that name, `*.snap` a file at any depth, `/docs/*.md` only there.
#[derive(Clone, Debug)]
pub struct PathGlob {
    source: String,
    /// Files that are meant. Sets, because a single glob's compiler panics on what is too deep.
    set: GlobSet,
    /// Folders that are meant with all below them.
    folder: GlobSet,
}

/// Why a pattern means nothing.
#[derive(Debug, thiserror::Error)]
pub enum PathGlobError {
    /// Nothing is written there.
    #[error("the pattern is empty")]
    Empty,
    /// No path is meant by so much.
    #[error("the pattern is over {MAX_BYTES} bytes")]
    TooLong,
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
        if trimmed.len() > MAX_BYTES {
            return Err(PathGlobError::TooLong);
        }
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
        let mut set = GlobSetBuilder::new();
        if !folder_only {
            set.add(parse(&body)?);
        }
        set.add(parse(&format!("{body}/**"))?);
        let folder = GlobSetBuilder::new().add(parse(&body)?).build();
        let built = |set: Result<GlobSet, globset::Error>| set.map_err(|error| syntax(error.kind()));
        Ok(Self { source: source.to_owned(), set: built(set.build())?, folder: built(folder)? })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Whether this folder and everything below it is meant, so that nobody need look into it.
    pub fn matches_folder(&self, folder: &str) -> bool {
        let folder = folder.strip_prefix("./").unwrap_or(folder);
        !folder.is_empty() && (self.folder.is_match(folder) || self.set.is_match(folder))
    }

    /// Whether a path is meant. The empty path (a commit message, standard input) never is.
    pub fn matches(&self, path: &str) -> bool {
        let path = path.strip_prefix("./").unwrap_or(path);
        !path.is_empty() && self.set.is_match(path)
    }
}

fn parse(pattern: &str) -> Result<Glob, PathGlobError> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map_err(|error| syntax(error.kind()))
}

/// In globset's words, unless they repeat the pattern.
fn syntax(kind: &ErrorKind) -> PathGlobError {
    PathGlobError::Syntax(match kind {
        ErrorKind::Regex(_) => "it is too deep or too big".to_owned(),
        kind => kind.to_string(),
    })
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
        let nested = |depth: usize| format!("{}a{}", "{".repeat(depth), "}".repeat(depth));
        assert_eq!(PathGlob::new(&nested(100_000)).unwrap_err().to_string(), "the pattern is over 1000 bytes");
        assert_eq!(
            PathGlob::new(&nested(499)).unwrap_err().to_string(),
            "the pattern is no glob: it is too deep or too big"
        );
        for pattern in ["**/".repeat(330), "*?".repeat(490), "{a,b}".repeat(190), "[!a-z]".repeat(160)] {
            if let Ok(glob) = PathGlob::new(&pattern) {
                assert!(!glob.matches(&"a/".repeat(2000)) || pattern.starts_with("**"));
            }
        }
    }

    #[test]
    fn a_folder_is_left_out_only_with_all_below_it() {
        let cases = [("vendor/", "lib/vendor", true), ("docs/n*", "docs", false), ("docs/*", "docs", false)];
        for (pattern, folder, meant) in cases {
            assert_eq!(PathGlob::new(pattern).unwrap().matches_folder(folder), meant, "{pattern} {folder}");
        }
    }
}
