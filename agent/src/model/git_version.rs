//! A version of a git repository, as `sourceVersion` names it (reference §10.1).

use std::fmt;

/// A version that was asked for: its text, and what it can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitVersion {
    text: String,
    kind: GitVersionKind,
}

/// What a version can be, as far as its text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitVersionKind {
    /// A whole commit id.
    Commit,
    /// The beginning of a commit id, unless there is a branch or tag of that name.
    ShortCommit,
    /// A branch or a tag.
    Name,
    /// `pr/N`.
    PullRequest(u64),
    /// `refs/…`, whole.
    Ref,
    /// `<ref>^{<commit>}`: this commit, of that ref alone.
    Pinned {
        /// The ref, whole.
        reference: String,
        /// The commit id, whole.
        commit: String,
    },
}

/// Far beyond what a file system lets a ref's name be.
const LONGEST: usize = 1024;

impl GitVersion {
    /// Reads a version; `None` for what git would refuse, or take for an option or an expression.
    pub fn parse(text: &str) -> Option<Self> {
        let kind = if let Some((reference, commit)) = pinned(text) {
            GitVersionKind::Pinned { reference, commit }
        } else if !is_ref_name(text) {
            return None;
        } else if let Some(number) = text.strip_prefix("pr/").and_then(|n| n.parse().ok()) {
            GitVersionKind::PullRequest(number)
        } else if text.starts_with("refs/") {
            GitVersionKind::Ref
        } else if is_commit(text) {
            GitVersionKind::Commit
        } else if is_hex(text) && (4..64).contains(&text.len()) {
            GitVersionKind::ShortCommit
        } else {
            GitVersionKind::Name
        };
        Some(Self {
            text: text.to_owned(),
            kind,
        })
    }

    /// Returns the text as given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns what it can be.
    pub fn kind(&self) -> &GitVersionKind {
        &self.kind
    }
}

impl fmt::Display for GitVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn pinned(text: &str) -> Option<(String, String)> {
    let (reference, commit) = text.strip_suffix('}')?.split_once("^{")?;
    let whole = reference.starts_with("refs/") && is_ref_name(reference) && is_commit(commit);
    whole.then(|| (reference.to_owned(), commit.to_owned()))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// SHA-1 has 40 digits, SHA-256 has 64.
fn is_commit(text: &str) -> bool {
    is_hex(text) && [40, 64].contains(&text.len())
}

/// The rules of `git check-ref-format --allow-onelevel`, and no dash at the beginning of a part: a branch's name becomes
/// an argument of its own.
fn is_ref_name(text: &str) -> bool {
    let bad = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with(['.', '-'])
            && !part.ends_with('.')
            && part.strip_suffix(".lock").is_none()
    };
    (1..=LONGEST).contains(&text.len())
        && text != "@"
        && !text.contains("..")
        && !text.contains("@{")
        && !text.contains(bad)
        && text.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

    fn kind(text: &str) -> Option<GitVersionKind> {
        GitVersion::parse(text).map(|version| version.kind().clone())
    }

    // Reference §10.1.
    #[test]
    fn every_form_of_a_version_is_told_apart() {
        assert_eq!(kind(SHA), Some(GitVersionKind::Commit));
        assert_eq!(kind("0123abc"), Some(GitVersionKind::ShortCommit));
        assert_eq!(kind("main"), Some(GitVersionKind::Name));
        assert_eq!(kind("release/1.x"), Some(GitVersionKind::Name));
        assert_eq!(kind("pr/8"), Some(GitVersionKind::PullRequest(8)));
        assert_eq!(kind("pr/eight"), Some(GitVersionKind::Name));
        assert_eq!(kind("refs/pull/1/head"), Some(GitVersionKind::Ref));
        let pinned = GitVersionKind::Pinned {
            reference: "refs/heads/main".into(),
            commit: SHA.into(),
        };
        assert_eq!(kind(&format!("refs/heads/main^{{{SHA}}}")), Some(pinned));
    }

    #[test]
    fn what_git_would_not_take_for_a_name_is_no_version() {
        for text in [
            "",
            "-x",
            "refs/heads/-x",
            "--upload-pack=id",
            "a b",
            "a..b",
            "a:b",
            "a^",
            "a~1",
            "a*",
            "/a",
            "a/",
            "a//b",
            "a/.b",
            "a.lock",
            "a@{1}",
            "@",
            "main\n",
            "refs/heads/main^{abc}",
        ] {
            assert_eq!(kind(text), None, "{text:?}");
        }
    }
}
