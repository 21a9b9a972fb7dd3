//! `.dockerignore`, as Docker reads it: globs from the context's root, `!` brings back, the last match decides.

use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};

/// The rules of one file.
#[derive(Debug, Default)]
pub(super) struct IgnoreFile {
    rules: Vec<(GlobMatcher, Effect)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Leave,
    Take,
}

impl IgnoreFile {
    /// Reads the rules; the error names the line that is no glob.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut rules = Vec::new();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (pattern, effect) = match line.strip_prefix('!') {
                Some(rest) => (rest.trim(), Effect::Take),
                None => (line, Effect::Leave),
            };
            let pattern = pattern.trim_start_matches("./").trim_matches('/');
            if pattern.is_empty() || pattern == "." {
                continue;
            }
            // Braces are no alternatives to Docker.
            let pattern = pattern.replace('{', "\\{").replace('}', "\\}");
            let glob = GlobBuilder::new(&pattern)
                .literal_separator(true)
                .backslash_escape(true)
                .build()
                .map_err(|error| format!("line {}: {error}", number + 1))?;
            rules.push((glob.compile_matcher(), effect));
        }
        Ok(Self { rules })
    }

    /// Returns whether a path is left out of the context. A rule that matches a directory matches all below it.
    pub(super) fn leaves_out(&self, path: &Path) -> bool {
        let matches = |glob: &GlobMatcher| path.ancestors().any(|part| glob.is_match(part));
        let last = self.rules.iter().rfind(|(glob, _)| matches(glob));
        last.is_some_and(|(_, effect)| *effect == Effect::Leave)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_start_at_the_root_and_the_last_match_decides() {
        let file = IgnoreFile::parse(
            "# comment\nnode_modules\n**/*.log\n/docs/\n!docs/keep.md\n/\n{a,b}.txt\n",
        )
        .unwrap();
        for (path, left_out) in [
            ("node_modules/a/b.js", true),
            ("sub/node_modules/a.js", false),
            ("sub/x.log", true),
            ("docs/a.md", true),
            ("docs/keep.md", false),
            ("src/a.js", false),
            ("{a,b}.txt", true),
            ("a.txt", false),
        ] {
            assert_eq!(file.leaves_out(Path::new(path)), left_out, "{path}");
        }
    }

    #[test]
    fn a_line_that_is_no_glob_is_named() {
        assert!(
            IgnoreFile::parse("ok\n[")
                .unwrap_err()
                .starts_with("line 2:")
        );
    }
}
