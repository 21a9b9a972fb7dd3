//! What a directory of this machine holds.

use std::path::{Path, PathBuf};

use super::{SourceError, work_tree};
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
    let work_tree = work_tree::work_tree(directory).await?;
    let list = match (files, &work_tree) {
        (SourceFiles::Tracked, Some(_)) => FileList::Listed(work_tree::files(directory).await?),
        _ => FileList::All,
    };
    Ok(LocalSource {
        directory: directory.to_owned(),
        files: list,
        resolved_version: work_tree.and_then(|work_tree| work_tree.head),
    })
}
