//! Which files of a workspace an entry takes: the globs of a buildspec's `cache.paths`, relative to
//! the root that they belong to.
//!
//! Reference §1.9 and §6.1: `dir/*` takes the files in `dir` alone, `dir/**/*` everything below it,
//! with dot files. A pattern whose last component has no wildcard names a file or a directory; of a
//! directory everything is taken, because cache paths such as `node_modules` are meant so.

use globset::{Candidate, Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::error::CacheError;

/// A choice of files below one directory.
#[derive(Debug)]
pub(crate) enum Selection {
    /// All of them.
    Everything,
    /// Those that a pattern matches.
    Matching(Patterns),
}

/// Compiled patterns. Paths are relative to the top and have no `./` and no trailing `/`.
#[derive(Debug)]
pub(crate) struct Patterns {
    files: GlobSet,
    folders: GlobSet,
    /// For each pattern the folders before its first wildcard: nothing outside of them can match.
    starts: Vec<Vec<u8>>,
}

impl Selection {
    /// Compiles patterns; `./` before and `/` behind them are ignored.
    pub(crate) fn of(patterns: &[String]) -> Result<Self, CacheError> {
        let mut files = GlobSetBuilder::new();
        let mut folders = GlobSetBuilder::new();
        let mut starts = Vec::new();
        for pattern in patterns {
            let plain = plain(pattern)?;
            let Some(last) = plain.last() else {
                return Ok(Self::Everything);
            };
            let whole = plain.join("/");
            files.add(glob(pattern, &whole)?);
            if !has_wildcard(last) {
                let content = glob(pattern, &format!("{whole}/**"))?;
                files.add(content.clone());
                folders.add(content).add(glob(pattern, &whole)?);
            } else if *last == "**" || plain.ends_with(&["**", "*"]) {
                folders.add(glob(pattern, &whole)?);
            }
            let start = plain.iter().take_while(|component| is_literal(component));
            starts.push(start.copied().collect::<Vec<_>>().join("/").into_bytes());
        }
        let built = |set: GlobSetBuilder| {
            set.build().map_err(|error| CacheError::Pattern {
                pattern: patterns.join(", "),
                reason: error.kind().to_string(),
            })
        };
        Ok(Self::Matching(Patterns {
            files: built(files)?,
            folders: built(folders)?,
            starts,
        }))
    }

    /// Says whether the file or link at `path` is taken.
    pub(crate) fn takes_file(&self, path: &[u8]) -> bool {
        match self {
            Self::Everything => true,
            Self::Matching(patterns) => patterns
                .files
                .is_match_candidate(&Candidate::from_bytes(path)),
        }
    }

    /// Says whether the folder at `path` is taken even when nothing in it is.
    pub(crate) fn takes_folder(&self, path: &[u8]) -> bool {
        match self {
            Self::Everything => true,
            Self::Matching(patterns) => patterns
                .folders
                .is_match_candidate(&Candidate::from_bytes(path)),
        }
    }

    /// Says whether something at or below the folder at `path` may be taken.
    pub(crate) fn enters(&self, path: &[u8]) -> bool {
        match self {
            Self::Everything => true,
            Self::Matching(patterns) => patterns
                .starts
                .iter()
                .any(|start| is_within(path, start) || is_within(start, path)),
        }
    }
}

/// Cuts a pattern into components, without empty ones and without `.`.
fn plain(pattern: &str) -> Result<Vec<&str>, CacheError> {
    let refused = |reason: &str| CacheError::Pattern {
        pattern: pattern.to_owned(),
        reason: reason.to_owned(),
    };
    if pattern.is_empty() {
        return Err(refused("it is empty"));
    }
    if pattern.starts_with('/') {
        return Err(refused("it must be relative to its root"));
    }
    let components: Vec<_> = pattern
        .split('/')
        .filter(|component| !matches!(*component, "" | "."))
        .collect();
    if components.contains(&"..") {
        return Err(refused("`..` leads out of its root"));
    }
    Ok(components)
}

fn glob(pattern: &str, text: &str) -> Result<Glob, CacheError> {
    let mut builder = GlobBuilder::new(text);
    builder.literal_separator(true).backslash_escape(true);
    builder.build().map_err(|error| CacheError::Pattern {
        pattern: pattern.to_owned(),
        reason: error.kind().to_string(),
    })
}

/// Says whether a component can match more than one name; `{a,b}` lists names and is no wildcard.
fn has_wildcard(component: &str) -> bool {
    let mut characters = component.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            '*' | '?' | '[' => return true,
            _ => {}
        }
    }
    false
}

/// Says whether a component is the very name that it matches.
fn is_literal(component: &str) -> bool {
    !component.contains(['*', '?', '[', ']', '{', '}', '\\'])
}

/// Says whether `path` is `above` or below it; everything is below the empty path.
fn is_within(path: &[u8], above: &[u8]) -> bool {
    above.is_empty()
        || path
            .strip_prefix(above)
            .is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(pattern: &str) -> Selection {
        Selection::of(&[pattern.to_owned()]).expect("a good pattern")
    }

    /// Asserts which of the paths a pattern takes as files.
    fn assert_takes(pattern: &str, taken: &[&str], left: &[&str]) {
        let selection = selection(pattern);
        for path in taken {
            assert!(
                selection.takes_file(path.as_bytes()),
                "{pattern} takes {path}"
            );
        }
        for path in left {
            assert!(
                !selection.takes_file(path.as_bytes()),
                "{pattern} leaves {path}"
            );
        }
    }

    #[test]
    fn recursive_pattern_takes_everything_below() {
        // Reference §1.9 and §6.1.
        let left = ["node_modules", "node_modules2/a", "a/node_modules/b"];
        assert_takes(
            "node_modules/**/*",
            &["node_modules/a", "node_modules/.bin/b"],
            &left,
        );
        assert_takes("./node_modules/**/*", &["node_modules/a"], &left);
        assert_takes("**/*", &["a", ".env", "a/b/.c"], &[]);
        assert_takes("a/**", &["a/b", "a/b/c"], &["a", "b"]);
        assert_takes(
            "**/node_modules/**/*",
            &["node_modules/a", "x/node_modules/a/b"],
            &["x/a"],
        );
    }

    #[test]
    fn single_star_stays_in_its_directory() {
        // Reference §6.1.
        assert_takes(
            "dir/*",
            &["dir/a", "dir/.b"],
            &["dir/sub/a", "dir", "other"],
        );
        assert_takes("*.lock", &["a.lock"], &["dir/a.lock"]);
    }

    #[test]
    fn named_directory_takes_its_content() {
        let taken = ["node_modules", "node_modules/a", "node_modules/a/.b"];
        for pattern in [
            "node_modules",
            "node_modules/",
            "./node_modules",
            "././node_modules//",
        ] {
            assert_takes(pattern, &taken, &["node_modules2", "a/node_modules"]);
        }
        assert_takes(
            "pkg/*/dist",
            &["pkg/a/dist/x"],
            &["pkg/dist/x", "pkg/a/b/dist/x"],
        );
        assert_takes("{a,b}", &["a/x", "b/y/z"], &["c/x"]);
        assert_takes(r"we\*ird", &["we*ird/x"], &["weird/x"]);
        assert_takes(".", &["a", "a/b"], &[]);
    }

    #[test]
    fn only_recursive_and_named_patterns_keep_empty_folders() {
        for pattern in ["a/**/*", "a/**", "a"] {
            assert!(selection(pattern).takes_folder(b"a/b/c"), "{pattern}");
        }
        for pattern in ["a/*", "a/**/*.js"] {
            assert!(!selection(pattern).takes_folder(b"a/b"), "{pattern}");
        }
    }

    #[test]
    fn folders_that_cannot_match_are_not_entered() {
        let deep = selection("a/b/**/*");
        for path in ["", "a", "a/b", "a/b/c"] {
            assert!(deep.enters(path.as_bytes()), "{path}");
        }
        for path in ["b", "a/c", "a/bc", ".git"] {
            assert!(!deep.enters(path.as_bytes()), "{path}");
        }
        assert!(selection("x/{a,b/c}/d").enters(b"x/b/c"));
    }

    #[test]
    fn names_that_are_not_utf8_match() {
        assert!(selection("a/**/*").takes_file(b"a/\xff\xfe"));
    }

    #[test]
    fn patterns_that_leave_the_root_are_refused() {
        for pattern in ["", "/etc/passwd", "..", "a/../../b", "a/[", "a/{b", "a\\"] {
            let outcome = Selection::of(&[pattern.to_owned()]);
            assert!(
                matches!(outcome, Err(CacheError::Pattern { .. })),
                "{pattern}"
            );
        }
    }
}
