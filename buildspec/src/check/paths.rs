//! Relative paths as commands and patterns name them.

use crate::quote::quote;
use crate::shell::Word;

/// No path that a kernel takes is deeper or longer.
const MOST_PARTS: usize = 256;
const LONGEST: usize = 4096;

/// Where a command's shell is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Directory {
    /// Below the source root; the root itself has no parts.
    Below(Vec<String>),
    /// A known place outside the source.
    Outside,
    /// Nobody can tell from the text.
    Unknown,
}

impl Directory {
    /// Returns where `cd` with this word leads.
    pub(super) fn enter(&self, word: Word<'_>) -> Self {
        let bare = word.raw.trim_matches('"');
        for root in ["$CODEBUILD_SRC_DIR", "${CODEBUILD_SRC_DIR}"] {
            if let Some(rest) = bare.strip_prefix(root) {
                return match rest.strip_prefix('/') {
                    Some(path) if !path.contains(['$', '`']) => Self::Below(Vec::new()).join(path),
                    None if rest.is_empty() => Self::Below(Vec::new()),
                    _ => Self::Unknown,
                };
            }
        }
        match word.literal() {
            Some(path) if path.starts_with(['/', '~']) => Self::Outside,
            Some(path) if path.contains(['*', '?', '[']) => Self::Unknown,
            Some(path) => self.join(&path),
            None => Self::Unknown,
        }
    }

    /// Returns the place that a relative path names from here.
    pub(super) fn join(&self, path: &str) -> Self {
        let Self::Below(parts) = self else {
            return Self::Unknown;
        };
        if parts.len() > MOST_PARTS || path.len() > LONGEST {
            return Self::Unknown;
        }
        let mut parts = parts.clone();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    if parts.pop().is_none() {
                        return Self::Outside;
                    }
                }
                name => parts.push(name.to_owned()),
            }
        }
        Self::Below(parts)
    }

    /// Returns the path below the source root, if that is where it is.
    pub(super) fn path(&self) -> Option<String> {
        match self {
            Self::Below(parts) => Some(parts.join("/")),
            Self::Outside | Self::Unknown => None,
        }
    }
}

/// Returns a pattern without `./` before it.
pub(super) fn without_dot(pattern: &str) -> &str {
    pattern.strip_prefix("./").unwrap_or(pattern)
}

/// Tells whether a text has parts that only the build can know.
pub(super) fn has_variables(text: &str) -> bool {
    text.contains(['$', '`', '%'])
}

/// Tells whether a pattern has wildcards.
pub(super) fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?', '[', '{'])
}

/// Tells whether a file's name says where the file lies.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with(['/', '~', '-', '&']) && !name.contains("..")
}

/// Returns why no file can match a pattern, and the way out.
pub(super) fn unreachable(pattern: &str) -> Option<(String, String)> {
    let shown = quote(pattern);
    if pattern.contains('\\') && !is_glob(pattern) && !pattern.contains('/') {
        let help = format!("Write {}", quote(&pattern.replace('\\', "/")));
        return Some((
            format!("{shown} has backslashes; paths have `/` here"),
            help,
        ));
    }
    if pattern.matches('"').count() % 2 == 1 {
        let help = format!("Write {}", quote(&pattern.replace('"', "")));
        return Some((
            format!("{shown} has a quotation mark, which belongs to the name"),
            help,
        ));
    }
    if let Some(rest) = pattern.strip_prefix("~/") {
        let help = format!("Write {}", quote(&format!("/root/{rest}")));
        return Some((
            format!("{shown} is taken as it is: only a shell expands `~`"),
            help,
        ));
    }
    if pattern.ends_with('/') {
        let help = format!("Write {}", quote(&format!("{pattern}**/*")));
        return Some((
            format!("{shown} names a directory, and patterns match files"),
            help,
        ));
    }
    None
}
