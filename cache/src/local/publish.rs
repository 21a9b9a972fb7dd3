//! Making a new tree beside the entries, and making it the current one of its entry.

use std::fs::{self, File, rename};
use std::io::{self, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::Builder;

use super::generation::{POINTER, Pointer};
use super::layout::{Layout, make_private};
use super::lease::is_held;
use super::manifest::{self, MOST_BYTES, Manifest, TREE_NAME};
use super::save::Saving;
use super::summary::{self, Summary};
use crate::error::CacheError;
use crate::hash::ContentHash;
use crate::key::EntryKey;
use crate::tree::path_component;

/// The name of the new tree's directory while it is made.
const NEW: &str = "new";

/// A directory of one save. Its lock says that the save is under way; when the process ends, or the
/// value is dropped early, it is a leftover that [`super::LocalStore::empty_trash`] clears.
#[derive(Debug)]
pub(super) struct Staging {
    path: PathBuf,
    _lock: File,
}

/// What publishing did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Published {
    /// The new tree is the current one.
    Now,
    /// Somebody else had published the same tree in the meantime, or one that stays.
    Before,
}

impl Staging {
    pub(super) fn new(layout: &Layout) -> Result<Self, CacheError> {
        // Who clears leftovers locks the store against this, so none without a lock is seen.
        let _still = layout.lock_shared()?;
        let tmp = layout.tmp();
        let made = Builder::new()
            .prefix("save-")
            .rand_bytes(16)
            .tempdir_in(&tmp);
        let path = made.map_err(CacheError::write(&tmp))?.keep();
        let lock = File::open(&path).map_err(CacheError::lock(&path))?;
        lock.lock().map_err(CacheError::lock(&path))?;
        let trees = path.join(NEW).join(TREE_NAME);
        make_private(&trees).map_err(CacheError::write(&trees))?;
        Ok(Self { path, _lock: lock })
    }

    /// Returns the directory that becomes the tree's.
    pub(super) fn new_dir(&self) -> PathBuf {
        self.path.join(NEW)
    }

    /// Returns where the tree of the root `id` is to be made.
    pub(super) fn root(&self, id: &str) -> Result<PathBuf, CacheError> {
        Ok(self
            .path
            .join(NEW)
            .join(TREE_NAME)
            .join(path_component(id)?))
    }

    /// Writes the manifest, and brings it and the directories that lead to the trees to the disk.
    /// The files are left to the kernel: flushing each would take longer than the build saved, and
    /// after a power failure a short or missing file makes the entry a damaged one.
    pub(super) fn write(&self, manifest: &Manifest) -> Result<(), CacheError> {
        let new = self.path.join(NEW);
        let path = new.join(manifest::FILE_NAME);
        let json = serde_json::to_vec(manifest)
            .map_err(|error| CacheError::write(&path)(io::Error::from(error)))?;
        if json.len() as u64 > MOST_BYTES {
            let excess = "too many and too long names".to_owned();
            return Err(CacheError::TooLarge { path: new, excess });
        }
        let written = File::create_new(&path).and_then(|mut file| {
            file.write_all(&json)?;
            file.sync_all()
        });
        written.map_err(CacheError::write(&path))?;
        let figures = manifest.figures();
        let summary = Summary {
            key: manifest.key.clone(),
            saved_at_unix_ms: manifest.saved_at_unix_ms,
            files: Some(figures.files),
            bytes: Some(figures.bytes),
        };
        summary::write(&new, &summary)?;
        flush(&new.join(TREE_NAME))?;
        flush(&new)
    }

    /// Makes the new tree the current one of `key`, and sends those before it to the trash; or itself, when there is
    /// one that stays.
    pub(super) fn publish(
        self,
        layout: &Layout,
        key: &EntryKey,
        digest: ContentHash,
        saving: Saving,
    ) -> Result<Published, CacheError> {
        let entry = layout.entry(key);
        let (published, renamed) = {
            let _still = layout.lock_exclusive()?;
            make_private(&entry).map_err(CacheError::write(&entry))?;
            let renamed = File::open(&entry).map_err(CacheError::read(&entry))?;
            (self.swap(layout, &entry, digest, saving)?, renamed)
        };
        renamed.sync_all().map_err(CacheError::write(&entry))?;
        // The work is done: an empty directory that stays goes with the next leftovers.
        fs::remove_dir(&self.path).ok();
        Ok(published)
    }

    /// Does the renames of [`Self::publish`], while nobody else enters or changes the entry.
    fn swap(
        &self,
        layout: &Layout,
        entry: &Path,
        digest: ContentHash,
        saving: Saving,
    ) -> Result<Published, CacheError> {
        let new = self.path.join(NEW);
        let target = entry.join(digest.to_string());
        let stays = match Pointer::read(entry)? {
            Pointer::Names(current) => {
                (current == digest || saving == Saving::Once)
                    && entry.join(current.to_string()).is_dir()
            }
            Pointer::Absent | Pointer::Unreadable => false,
        };
        if stays {
            layout.discard(&new)?;
            return Ok(Published::Before);
        }
        let names = fs::read_dir(entry).map_err(CacheError::read(entry))?;
        let old = names
            .map(|item| item.map(|item| item.path()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(CacheError::read(entry))?;
        let pointer = entry.join(POINTER);
        let beside = self.path.join(POINTER);
        // A leftover of a save that was killed between these steps may have the new tree's name.
        let is_there = old.contains(&target);
        if is_there && is_held(&target)? {
            // An older tree that somebody has leased keeps its path, and is the same.
            layout.discard(&new)?;
        } else {
            if is_there {
                layout.discard(&target)?;
            }
            rename(&new, &target).map_err(CacheError::write(&target))?;
        }
        symlink(digest.to_string(), &beside).map_err(CacheError::write(&beside))?;
        if pointer.is_dir() && !pointer.is_symlink() {
            layout.discard(&pointer)?;
        }
        rename(&beside, &pointer).map_err(CacheError::write(&pointer))?;
        for path in old
            .iter()
            .filter(|path| **path != pointer && **path != target)
        {
            if !is_held(path)? {
                layout.discard(path)?;
            }
        }
        Ok(Published::Now)
    }
}

/// Brings the names in a directory to the disk.
fn flush(dir: &Path) -> Result<(), CacheError> {
    match File::open(dir).and_then(|dir| dir.sync_all()) {
        // An image that is mounted there has nothing to flush.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        flushed => flushed.map_err(CacheError::write(dir)),
    }
}
