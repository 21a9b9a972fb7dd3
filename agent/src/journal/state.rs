//! The state directory: everything that outlives a process.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::JournalError;

/// The root of what this program keeps.
#[derive(Debug, Clone)]
pub struct StateDirectory {
    root: PathBuf,
}

impl StateDirectory {
    /// Opens, and if need be makes, the directory; only its owner can read it.
    pub fn open(root: &Path) -> Result<Self, JournalError> {
        private_directory(root)?;
        // Made now: on a full disk it could not be made when it is needed.
        private_directory(&root.join("trash"))?;
        let root = fs::canonicalize(root).map_err(JournalError::new("open", root))?;
        Ok(Self { root })
    }

    /// Where builds are, each in a directory that its uuid names.
    pub fn builds(&self) -> PathBuf {
        self.root.join("builds")
    }

    /// Where the build with this uuid is.
    pub fn build(&self, uuid: &str) -> PathBuf {
        self.builds().join(uuid)
    }

    /// Where what is remembered of a project is.
    pub fn project(&self, name: &str) -> PathBuf {
        self.root.join("projects").join(name)
    }

    /// Where directories wait for their removal.
    pub fn trash(&self) -> PathBuf {
        self.root.join("trash")
    }
}

/// Makes a directory and its parents with mode 0700.
pub(super) fn private_directory(path: &Path) -> Result<(), JournalError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(JournalError::new("make the directory", path))
}
