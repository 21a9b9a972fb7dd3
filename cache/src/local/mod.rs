//! A store of unpacked trees on one local file system.
//!
//! ```text
//! <store>/entries/<namespace>/<key>/current -> <digest>        what a restore reads
//! <store>/entries/<namespace>/<key>/<digest>/manifest.json     what the tree must be
//! <store>/entries/<namespace>/<key>/<digest>/key.json          what the entry depends on, for lists
//! <store>/entries/<namespace>/<key>/<digest>/tree/<root>/...   the files, ready to be mounted
//! <store>/tmp/...        saves under way, and those that a crash left
//! <store>/trash/...      old trees on their way out: deleting is slow, so nobody waits for it
//! <store>/damaged/...    entries that were not what their manifest says, kept to be looked at
//! <store>/lock           held for moments: shared to enter an entry, exclusive to change which is
//! ```
//!
//! What holds at every moment, whoever is killed:
//! - A tree below `entries` is complete before it gets there (it is made in `tmp` and renamed) and
//!   never changes afterwards.
//! - Who reads a tree has a shared lock on its directory. It may be renamed meanwhile (to `trash`,
//!   to `damaged`), which open directories do not notice, but [`LocalStore::empty_trash`] leaves it
//!   until the lock is gone. Savers and readers never wait for each other's copying.
//! - A save leaves an older tree in its entry for as long as somebody has it: who mounts a tree needs its path. What
//!   was left goes with the next leftovers.
//! - The time of modification of an entry's directory is when the entry was used last: see `usage`.
//! - A save holds an exclusive lock on its directory in `tmp`; without one, it is a leftover.
//!
//! The store's directory is for its owner alone, and what is in it apart from the trees is trusted.

mod budget;
mod generation;
mod imaged;
mod import;
mod inventory;
mod layered;
mod layout;
mod lease;
mod manifest;
mod publish;
mod restore;
mod save;
mod summary;
mod trash;
mod usage;
mod verify;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub use budget::{Budget, Doing, Evicted, Removal, Shrunk};
pub(crate) use imaged::{IMAGE_NAME, Piece, digest_of, seal};
pub(crate) use import::Import;
pub use inventory::StoredEntry;
pub use layered::LayeredRoot;
pub use lease::{Lease, Leased, Verified};
pub(crate) use manifest::{Manifest, SavedRoot};
pub use restore::{Hit, MissReason, Restored};
pub use save::{Saved, Saving};
pub use summary::Summary;
pub use trash::Emptied;
pub use verify::Verify;

use crate::error::CacheError;
use crate::tree::path_component;
use layout::Layout;

/// A store of unpacked trees in a directory of a local file system.
#[derive(Debug, Clone)]
pub struct LocalStore {
    layout: Layout,
    verify: Verify,
    abandoned: Option<Arc<AtomicBool>>,
}

/// A directory of a workspace, and what of it belongs to an entry.
#[derive(Debug, Clone, Copy)]
pub struct Root<'a> {
    /// The name of the directory in the entry: the same at save and at restore, wherever the
    /// workspace is; for example `src`, or `root-.npm`.
    pub id: &'a str,
    /// Where it is. The last component may not be a symbolic link; the directories above it must
    /// not be in the hands of a build.
    pub dir: &'a Path,
    /// What a save takes: globs relative to `dir`, as in a buildspec's `cache.paths` (reference
    /// §1.9). A restore ignores them and gives back all that was saved under the id.
    pub patterns: &'a [String],
}

impl LocalStore {
    /// Opens the store in the directory `root`, and makes what is missing of it.
    pub fn open(root: &Path) -> Result<Self, CacheError> {
        Ok(Self {
            layout: Layout::open(root)?,
            verify: Verify::default(),
            abandoned: None,
        })
    }

    /// Sets how closely a restore looks at an entry before it copies anything.
    #[must_use]
    pub fn with_verify(self, verify: Verify) -> Self {
        Self { verify, ..self }
    }

    /// Has a save come to nothing once the flag is true: whoever set it may take away what is being saved, and a part of
    /// it must not be published as the whole.
    #[must_use]
    pub fn until(self, abandoned: Arc<AtomicBool>) -> Self {
        let abandoned = Some(abandoned);
        Self { abandoned, ..self }
    }
}

/// Checks that the ids of roots are usable and different.
fn check_ids(roots: &[Root<'_>]) -> Result<(), CacheError> {
    for (index, root) in roots.iter().enumerate() {
        path_component(root.id)?;
        if roots.iter().take(index).any(|other| other.id == root.id) {
            return Err(CacheError::RepeatedRoot {
                id: root.id.to_owned(),
            });
        }
    }
    Ok(())
}
