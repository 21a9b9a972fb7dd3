//! `.dockerignore`, as Docker reads it: globs from the context's root, `!` brings back, the last match decides.

use std::path::Path;

use regex::Regex;

/// The rules of one file.
#[derive(Debug, Default)]
pub(super) struct IgnoreFile {
    rules: Vec<(Regex, Effect)>,
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
            // A `#` further right is part of a name.
            let line = if line.starts_with('#') {
                ""
            } else {
                line.trim()
            };
            if line.is_empty() {
                continue;
            }
            let (pattern, effect) = match line.strip_prefix('!') {
                Some(rest) => (rest.trim(), Effect::Take),
                None => (line, Effect::Leave),
            };
            let failed = |reason: &str| format!("line {}: `{line}` {reason}", number + 1);
            if pattern.is_empty() {
                return Err(failed("brings nothing back"));
            }
            let glob = Regex::new(&expression(&clean(pattern)))
                .map_err(|_long| failed("is not a pattern"))?;
            rules.push((glob, effect));
        }
        Ok(Self { rules })
    }

    /// Returns whether a path is left out of the context. A rule that matches a directory matches all below it.
    pub(super) fn leaves_out(&self, path: &Path) -> bool {
        let mut left_out = Effect::Take;
        for (glob, effect) in &self.rules {
            // A rule that says what holds already need not be asked.
            if *effect != left_out && matches(glob, path) {
                left_out = *effect;
            }
        }
        left_out == Effect::Leave
    }
}

fn matches(glob: &Regex, path: &Path) -> bool {
    let parts = path.ancestors().filter(|part| !part.as_os_str().is_empty());
    parts
        .into_iter()
        .any(|part| glob.is_match(&part.to_string_lossy()))
}

/// Resolves `.`, `..` and doubled slashes by the text alone; the root itself is `.`, which matches no path.
fn clean(pattern: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                // Above the root there is nothing that an absolute pattern could mean.
                None if pattern.starts_with('/') => {}
                None | Some(&"..") => parts.push(".."),
                Some(_) => {
                    parts.pop();
                }
            },
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        return ".".to_owned();
    }
    parts.join("/")
}

/// Returns a pattern as a regular expression: `*` and `?` stop at slashes, `**` is any number of directories.
fn expression(pattern: &str) -> String {
    let mut expression = String::from("(?s)^");
    let mut in_class = false;
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '[' if !in_class => {
                in_class = true;
                expression.push('[');
            }
            ']' if in_class => {
                in_class = false;
                expression.push(']');
            }
            '^' | '-' if in_class => expression.push(c),
            '\\' => {
                let escaped = rest.next().unwrap_or('\\');
                expression.push_str(&regex::escape(escaped.encode_utf8(&mut [0; 4])));
            }
            '*' if !in_class => {
                if rest.next_if_eq(&'*').is_none() {
                    expression.push_str("[^/]*");
                    continue;
                }
                let _slash = rest.next_if_eq(&'/');
                let end = rest.peek().is_none();
                expression.push_str(if end { ".*" } else { "(.*/)?" });
            }
            '?' if !in_class => expression.push_str("[^/]"),
            c => expression.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    expression.push('$');
    expression
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn judged(rules: &str, cases: &[(&str, bool)]) {
        let file = IgnoreFile::parse(rules).unwrap();
        for (path, left_out) in cases {
            assert_eq!(
                file.leaves_out(Path::new(path)),
                *left_out,
                "{path} by {rules:?}"
            );
        }
    }

    #[test]
    fn patterns_start_at_the_root_and_the_last_match_decides() {
        judged(
            "# comment\nnode_modules\n**/*.log\n/docs/\n!docs/keep.md\n/\n{a,b}.txt\n",
            &[
                ("node_modules/a/b.js", true),
                ("sub/node_modules/a.js", false),
                ("sub/x.log", true),
                ("x.log", true),
                ("docs/a.md", true),
                ("docs/keep.md", false),
                ("src/a.js", false),
                ("{a,b}.txt", true),
                ("a.txt", false),
            ],
        );
        judged(
            "*.md\n!README*.md\nREADME-secret.md",
            &[
                ("a.md", true),
                ("README.md", false),
                ("README-secret.md", true),
            ],
        );
        judged("!README-secret.md\n*.md", &[("README-secret.md", true)]);
    }

    // The examples of Docker's own manual and of its matcher's tests.
    #[test]
    fn every_kind_of_pattern_matches_what_it_does_at_docker() {
        judged(
            "*/temp*",
            &[("a/temp.txt", true), ("a/b/temp", false), ("temp", false)],
        );
        judged("*/*/temp*", &[("a/b/temp.txt", true), ("a/temp", false)]);
        judged(
            "temp?",
            &[("tempa", true), ("temp", false), ("tempab", false)],
        );
        judged("**", &[("a", true), ("a/b", true)]);
        judged("**/", &[("a", true), ("a/b", true)]);
        judged(
            "dir/**",
            &[("dir/a", true), ("dir/a/b", true), ("dir", false)],
        );
        judged(
            "**/dir2/*",
            &[("dir/dir2/f", true), ("dir2/f", true), ("dir/dir2", false)],
        );
        judged("a**/b", &[("a/b", true), ("axx/y/b", true), ("ab", true)]);
        judged("a[b-d]e", &[("ace", true), ("aae", false)]);
        judged("a[^b-d]e", &[("aze", true), ("ace", false)]);
        judged("a\\*b", &[("a*b", true), ("axb", false)]);
        judged("a.|()+$b", &[("a.|()+$b", true), ("ax", false)]);
        judged("./a/../b//c", &[("b/c", true)]);
        judged("a#b\n  c  ", &[("a#b", true), ("c", true)]);
        judged("../a\n.\n/", &[("a", false), ("b", false)]);
        judged(
            "*\n!src\nsrc/*.tmp",
            &[("a", true), ("src/a", false), ("src/a.tmp", true)],
        );
    }

    #[test]
    fn a_line_that_is_no_pattern_is_named() {
        assert!(
            IgnoreFile::parse("ok\n[")
                .unwrap_err()
                .starts_with("line 2:")
        );
        assert!(
            IgnoreFile::parse("!")
                .unwrap_err()
                .contains("brings nothing back")
        );
    }
}
