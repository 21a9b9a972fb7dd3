//! Where things are in a store, and the store's lock.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File, OpenOptions, rename};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use tempfile::Builder;

use crate::error::CacheError;
use crate::key::{EntryKey, Namespace};

/// The paths of a store.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(super) fn open(root: &Path) -> Result<Self, CacheError> {
        let layout = Self {
            root: root.to_owned(),
        };
        for path in [
            layout.entries(),
            layout.tmp(),
            layout.trash(),
            layout.damaged(),
        ] {
            make_private(&path).map_err(|source| CacheError::Open { path, source })?;
        }
        Ok(layout)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn entries(&self) -> PathBuf {
        self.root.join("entries")
    }

    pub(super) fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    pub(super) fn trash(&self) -> PathBuf {
        self.root.join("trash")
    }

    pub(super) fn damaged(&self) -> PathBuf {
        self.root.join("damaged")
    }

    /// Returns the directory of a namespace's entries.
    pub(super) fn namespace(&self, namespace: &Namespace) -> PathBuf {
        self.entries().join(namespace.component())
    }

    /// Returns the directory of an entry.
    pub(super) fn entry(&self, key: &EntryKey) -> PathBuf {
        self.namespace(&key.parts().namespace)
            .join(key.hash().to_string())
    }

    /// Waits until nobody changes which trees are current, and keeps it so until the lock is
    /// dropped. Every holder is done within moments.
    pub(super) fn lock_shared(&self) -> Result<File, CacheError> {
        self.lock(File::lock_shared)
    }

    /// Waits until nobody enters or changes an entry, and keeps it so until the lock is dropped.
    pub(super) fn lock_exclusive(&self) -> Result<File, CacheError> {
        self.lock(File::lock)
    }

    fn lock(&self, take: impl FnOnce(&File) -> io::Result<()>) -> Result<File, CacheError> {
        let path = self.root.join("lock");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(CacheError::lock(&path))?;
        take(&file).map_err(CacheError::lock(&path))?;
        Ok(file)
    }

    /// Moves something to the trash, under a new name.
    pub(super) fn discard(&self, path: &Path) -> Result<(), CacheError> {
        move_into(&self.trash(), path).map_err(CacheError::write(path))?;
        Ok(())
    }

    /// Moves an entry to the damaged ones, and returns where it is then.
    pub(super) fn set_aside(&self, entry: &Path) -> Result<PathBuf, CacheError> {
        move_into(&self.damaged(), entry).map_err(CacheError::write(entry))
    }
}

/// Makes a directory that only its owner can enter, and those above it.
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Renames `path` into `dir`, to its old name and a random ending.
fn move_into(dir: &Path, path: &Path) -> io::Result<PathBuf> {
    let mut name = path.file_name().unwrap_or(OsStr::new("tree")).to_owned();
    name.push("-");
    let moved = Builder::new()
        .prefix(&name)
        .rand_bytes(16)
        .make_in(dir, |to| rename(path, to))?;
    moved.into_temp_path().keep().map_err(io::Error::from)
}
