//! HANDS: the source. Finds out what a local directory holds; it never writes there.
//!
//! [`LocalSource`] is what the workspace copies from. git is the program, through argument vectors only.

mod git;

use std::path::{Path, PathBuf};

use crate::model::SourceFiles;

/// A local directory as a source.
#[derive(Debug, Clone)]
pub struct LocalSource {
    /// The directory, absolute.
    pub directory: PathBuf,
    /// What is taken from it.
    pub files: FileList,
    /// The commit, in a git work tree that has one.
    pub resolved_version: Option<String>,
}

/// What is taken from a source directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileList {
    /// Everything below it.
    All,
    /// These paths, relative to it; some may be gone or be directories (submodules).
    Listed(Vec<PathBuf>),
}

/// Why a source cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is no such directory.
    #[error("source `{}` cannot be read: {reason}", path.display())]
    Unreadable {
        /// What was asked for.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// git is needed and failed.
    #[error("failed to list the files of `{}`: {reason}", path.display())]
    Git {
        /// The directory.
        path: PathBuf,
        /// What git said.
        reason: String,
    },
}

impl SourceError {
    /// Returns the next step.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "give a directory: `understudy run path/to/source`",
            Self::Git { .. } => "mend what git says, or take every file with `--include-ignored`",
        }
    }
}

/// Looks at a directory: the files to take and the commit.
pub async fn inspect(directory: &Path, files: SourceFiles) -> Result<LocalSource, SourceError> {
    let unreadable = |reason: String| SourceError::Unreadable {
        path: directory.to_owned(),
        reason,
    };
    let metadata = std::fs::metadata(directory).map_err(|error| unreadable(error.to_string()))?;
    if !metadata.is_dir() {
        return Err(unreadable("it is not a directory".into()));
    }
    let work_tree = git::work_tree(directory).await?;
    let list = match (files, &work_tree) {
        (SourceFiles::Tracked, Some(_)) => FileList::Listed(git::files(directory).await?),
        _ => FileList::All,
    };
    Ok(LocalSource {
        directory: directory.to_owned(),
        files: list,
        resolved_version: work_tree.and_then(|work_tree| work_tree.head),
    })
}
