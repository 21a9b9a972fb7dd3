//! Saving from a workspace that was an overlay over an entry.

use std::io;
use std::path::Path;

use super::lease::Lease;
use super::save::{Origins, Saved, Saving};
use super::{LocalStore, Root, check_ids};
use crate::error::CacheError;
use crate::key::EntryKey;
use crate::tree::{Selection, Top, is_touched, list};

/// A directory of a workspace that is an overlay.
#[derive(Debug, Clone, Copy)]
pub struct LayeredRoot<'a> {
    /// The merged directory, as a build left it.
    pub root: Root<'a>,
    /// The layer that took the build's writes. It is read as it lies on the disk, with overlay's own marks in it.
    pub upper: &'a Path,
    /// What lies below both the upper layer and the entry, such as a source, if there is anything.
    pub below: Option<&'a Path>,
}

impl LocalStore {
    /// Saves as [`Self::save`] does, from a workspace in which `entry`, if there was one, lay below the upper layers.
    ///
    /// Where the build changed nothing that the patterns choose, only the upper layers are looked at. Otherwise a file
    /// that is new or changed is linked from the upper layer, and one that did not change from the entry.
    pub fn save_layers(
        &self,
        key: &EntryKey,
        roots: &[LayeredRoot<'_>],
        entry: Option<&Lease>,
        saved_at_unix_ms: i64,
        saving: Saving,
    ) -> Result<Saved, CacheError> {
        let plain: Vec<Root<'_>> = roots.iter().map(|root| root.root).collect();
        check_ids(&plain)?;
        if let Some(entry) = entry
            && entry.key() == key
            && self.is_current(entry)?
            && !is_any_touched(roots)?
        {
            return Ok(Saved::Unchanged);
        }
        let mut origins = Vec::new();
        for root in roots {
            let tree = match entry {
                Some(entry) => entry.tree(root.root.id)?,
                None => None,
            };
            origins.push(Origins {
                id: root.root.id,
                upper: open(root.upper)?,
                entry: tree.as_deref().map(open).transpose()?,
            });
        }
        self.save_from(key, &plain, (&origins, entry), saved_at_unix_ms, saving)
    }
}

fn open(path: &Path) -> Result<Top, CacheError> {
    Top::open(path).map_err(CacheError::read(path))
}

/// Says whether what is to be saved can be anything but the entry.
fn is_any_touched(roots: &[LayeredRoot<'_>]) -> Result<bool, CacheError> {
    for LayeredRoot { root, upper, below } in roots {
        let selection = Selection::of(root.patterns)?;
        if is_touched(&open(upper)?, &selection)? {
            return Ok(true);
        }
        if let Some(below) = below {
            let top = match Top::open(below) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                top => top.map_err(CacheError::read(below))?,
            };
            if !list(&top, &selection)?.tree.folders.is_empty() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
