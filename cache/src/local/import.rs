//! Entries that come from elsewhere, whole.

use std::path::PathBuf;

use super::LocalStore;
use super::generation::Pointer;
use super::manifest::Manifest;
use super::publish::Staging;
use super::save::Saving;
use crate::error::CacheError;
use crate::hash::ContentHash;
use crate::key::EntryKey;

/// An entry that is being made.
#[derive(Debug)]
pub(crate) struct Import {
    staging: Staging,
}

impl Import {
    /// Returns the directory that becomes the tree's.
    pub(crate) fn dir(&self) -> PathBuf {
        self.staging.new_dir()
    }

    /// Returns where the tree of the root `id` is to be made.
    pub(crate) fn root(&self, id: &str) -> Result<PathBuf, CacheError> {
        self.staging.root(id)
    }
}

impl LocalStore {
    /// Returns the name of the tree that is current for `key`, without a look at it.
    pub(crate) fn current(&self, key: &EntryKey) -> Result<Option<ContentHash>, CacheError> {
        let entry = self.layout.entry(key);
        let _still = self.layout.lock_shared()?;
        Ok(match Pointer::read(&entry)? {
            Pointer::Names(digest) if entry.join(digest.to_string()).is_dir() => Some(digest),
            _ => None,
        })
    }

    /// Begins an entry.
    pub(crate) fn import(&self) -> Result<Import, CacheError> {
        let staging = Staging::new(&self.layout)?;
        Ok(Import { staging })
    }

    /// Makes an entry that is whole the current one of `key`.
    pub(crate) fn publish(
        &self,
        import: Import,
        key: &EntryKey,
        manifest: &Manifest,
    ) -> Result<(), CacheError> {
        import.staging.write(manifest)?;
        let digest = manifest.digest();
        import
            .staging
            .publish(&self.layout, key, digest, Saving::Latest)?;
        Ok(())
    }
}
