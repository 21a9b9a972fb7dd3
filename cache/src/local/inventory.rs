//! All that a store holds, for people who look at it and for a budget.

use std::fs;
use std::path::{Path, PathBuf};

use super::LocalStore;
use super::generation::{Current, Pointer};
use super::lease::{Verified, in_use};
use super::restore::{Hit, MissReason};
use super::summary;
use super::usage;
use super::verify::{Verify, verify};
use crate::error::CacheError;
use crate::hash::ContentHash;
use crate::key::EntryKey;

/// An entry of a store, and what is known of it without reading its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// What it depends on.
    pub key: EntryKey,
    /// The name of its tree.
    pub digest: ContentHash,
    /// When that was saved, in milliseconds since 1970.
    pub saved_at_unix_ms: i64,
    /// When it was restored or saved last, in milliseconds since 1970, by the file system's clock.
    pub used_at_unix_ms: i64,
    /// How many files and links it has; `None` for one of an earlier version.
    pub files: Option<u64>,
    /// The sizes of its files together. Entries share files, so that together they may take less of the disk.
    pub bytes: Option<u64>,
    /// Whether somebody has it mounted or restores it at this moment.
    pub in_use: bool,
    /// Where it is.
    pub path: PathBuf,
}

impl LocalStore {
    /// Lists the entries of all namespaces, those that were used last first. What cannot be understood is left out, as in
    /// [`Self::entries`].
    pub fn inventory(&self) -> Result<Vec<StoredEntry>, CacheError> {
        let _still = self.layout.lock_shared()?;
        let mut found = Vec::new();
        for namespace in folders(&self.layout.entries())? {
            for path in folders(&namespace)? {
                found.extend(entry(path)?);
            }
        }
        found.sort_by(|a, b| {
            let latest = b.used_at_unix_ms.cmp(&a.used_at_unix_ms);
            latest.then_with(|| a.path.cmp(&b.path))
        });
        Ok(found)
    }

    /// Reads every file of the entry of `key`. One that is not what its manifest says is set aside. It does not count as a
    /// use.
    pub fn examine(&self, key: &EntryKey) -> Result<Verified, CacheError> {
        let generation = match Current::enter(&self.layout, key)? {
            Current::Absent => return Ok(Verified::Miss(MissReason::Absent)),
            Current::Broken { pointer, what } => {
                let miss = self.set_aside(key, &pointer, what.to_owned())?;
                return Ok(Verified::Miss(miss));
            }
            Current::Tree(generation) => generation,
        };
        let digest = generation.digest;
        let manifest = match verify(&generation, key, Verify::Content)? {
            Ok(manifest) => manifest,
            Err(what) => {
                let miss = self.set_aside(key, &Pointer::Names(digest), what)?;
                return Ok(Verified::Miss(miss));
            }
        };
        Ok(Verified::Whole(Hit::of(
            digest,
            &manifest,
            &manifest.figures(),
        )))
    }
}

/// Looks at the entry in a directory. The store must be locked.
fn entry(path: PathBuf) -> Result<Option<StoredEntry>, CacheError> {
    let Pointer::Names(digest) = Pointer::read(&path)? else {
        return Ok(None);
    };
    let Some(summary) = summary::of(&path)? else {
        return Ok(None);
    };
    let used = fs::symlink_metadata(&path).map_err(CacheError::read(&path))?;
    let key = EntryKey::new(summary.key);
    // A key that leads elsewhere could never be restored from here.
    let home = path.file_name().and_then(|name| name.to_str());
    if home != Some(&key.hash().to_string()) {
        return Ok(None);
    }
    Ok(Some(StoredEntry {
        key,
        digest,
        saved_at_unix_ms: summary.saved_at_unix_ms,
        used_at_unix_ms: usage::last(&used),
        files: summary.files,
        bytes: summary.bytes,
        in_use: in_use(&path)?,
        path,
    }))
}

/// Lists the directories in a directory, in the order of their names.
pub(super) fn folders(dir: &Path) -> Result<Vec<PathBuf>, CacheError> {
    let mut found = Vec::new();
    for name in fs::read_dir(dir).map_err(CacheError::read(dir))? {
        let name = name.map_err(CacheError::read(dir))?;
        if name.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.push(name.path());
        }
    }
    found.sort();
    Ok(found)
}
