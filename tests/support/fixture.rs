//! The application of our first user, as a repository of its own.

use std::fs;
use std::path::{Path, PathBuf};

use super::git::commit_all;
use super::setup::checkout;

/// What the application's `.gitignore` names; a developer may have it beside the sources.
const MADE: [&str; 5] = ["node_modules", "cdk.out", "coverage", "dist", ".npm"];

/// A copy of `fixtures/projects/kids-learn` with one commit.
#[derive(Debug)]
pub(crate) struct KidsLearn {
    /// The work tree; its name is the project's.
    pub(crate) directory: PathBuf,
    /// The commit.
    pub(crate) commit: String,
}

impl KidsLearn {
    /// Makes the copy below `root`.
    pub(crate) fn below(root: &Path) -> Self {
        let directory = root.join("kids-learn");
        copy(&fixture(), &directory);
        let commit = commit_all(&directory);
        Self { directory, commit }
    }
}

/// Where the application is in the checkout.
pub(crate) fn fixture() -> PathBuf {
    checkout().join("fixtures/projects/kids-learn")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if MADE.iter().any(|made| name == *made) {
            continue;
        }
        let (path, place) = (entry.path(), to.join(&name));
        if path.is_dir() {
            copy(&path, &place);
        } else {
            fs::copy(path, place).unwrap();
        }
    }
}
