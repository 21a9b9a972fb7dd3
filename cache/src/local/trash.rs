//! Deleting what nobody needs, away from the path of any build.

use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::LocalStore;
use super::layout::Layout;
use super::lease::discard_superseded;
use crate::error::CacheError;

/// What emptying the trash did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Emptied {
    /// How many trees were deleted.
    pub deleted: u64,
    /// How many were left for the next time, because somebody reads or deletes them.
    pub busy: u64,
}

/// What a look at something to be deleted said.
enum Claim {
    /// It is ours for as long as the lock is held.
    Ours(File),
    /// Somebody is in it.
    Busy,
    /// Somebody else has deleted it.
    Gone,
}

impl LocalStore {
    /// Deletes old trees, and what saves that were killed have left. This may take seconds for each
    /// tree. It can be killed and called again, and several processes may call it at a time.
    pub fn empty_trash(&self) -> Result<Emptied, CacheError> {
        self.unmount_leftovers()?;
        let mut emptied = Emptied {
            deleted: 0,
            busy: discard_leftovers(&self.layout)?,
        };
        for path in children(&self.layout.trash())? {
            match claim(&path)? {
                Claim::Ours(_lock) => {
                    delete(&path)?;
                    emptied.deleted += 1;
                }
                Claim::Busy => emptied.busy += 1,
                Claim::Gone => {}
            }
        }
        Ok(emptied)
    }
}

/// Moves what has no live owner to the trash: from `tmp`, and older trees; returns how many of these somebody has.
fn discard_leftovers(layout: &Layout) -> Result<u64, CacheError> {
    let _still = layout.lock_exclusive()?;
    for path in children(&layout.tmp())? {
        if let Claim::Ours(_lock) = claim(&path)? {
            layout.discard(&path)?;
        }
    }
    discard_superseded(layout)
}

fn children(dir: &Path) -> Result<Vec<PathBuf>, CacheError> {
    let entries = fs::read_dir(dir).map_err(CacheError::read(dir))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    paths
        .collect::<Result<_, _>>()
        .map_err(CacheError::read(dir))
}

/// Takes the exclusive lock of a tree, or of whatever else lies about.
fn claim(path: &Path) -> Result<Claim, CacheError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Claim::Gone),
        file => file.map_err(CacheError::read(path))?,
    };
    match file.try_lock() {
        Ok(()) if is_deleted(&file) => Ok(Claim::Gone),
        Ok(()) => Ok(Claim::Ours(file)),
        Err(TryLockError::WouldBlock) => Ok(Claim::Busy),
        Err(TryLockError::Error(error)) => Err(CacheError::lock(path)(error)),
    }
}

/// Says whether something has no name any more: its lock was free because it was deleted.
fn is_deleted(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.nlink() == 0)
}

/// Deletes a tree that nobody else will. No link is followed.
pub(super) fn delete(path: &Path) -> Result<(), CacheError> {
    let deleted = match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            // A tree may have directories that their owner may not write, as Go's modules do.
            unlock_folders(path).and_then(|()| fs::remove_dir_all(path))
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => fs::remove_file(path),
        deleted => deleted,
    };
    match deleted {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        deleted => deleted.map_err(CacheError::write(path)),
    }
}

/// Lets the owner write to every directory of a tree.
fn unlock_folders(path: &Path) -> io::Result<()> {
    let mut pending = vec![path.to_owned()];
    while let Some(folder) = pending.pop() {
        fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                pending.push(entry.path());
            }
        }
    }
    Ok(())
}
