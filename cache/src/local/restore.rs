//! Restoring: enter, verify, copy.

use std::path::PathBuf;

use super::generation::{Current, Pointer};
use super::manifest::Manifest;
use super::usage;
use super::verify::verify;
use super::{LocalStore, Root, check_ids};
use crate::error::CacheError;
use crate::hash::ContentHash;
use crate::key::EntryKey;
use crate::tree::{Method, Placed, Placement, place};

/// What a restore found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restored {
    /// A whole entry; its files are in the workspace.
    Hit(Hit),
    /// Nothing that could be used; the workspace is as it was.
    Miss(MissReason),
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The name of the tree.
    pub digest: ContentHash,
    /// When it was saved, in milliseconds since 1970.
    pub saved_at_unix_ms: i64,
    /// How many files and links were made.
    pub files: u64,
    /// The sizes of these files together.
    pub bytes: u64,
    /// How many files and links of the entry were not made, because the workspace had something in
    /// their place.
    pub kept: u64,
}

impl Hit {
    pub(super) fn of(digest: ContentHash, manifest: &Manifest, placed: &Placed) -> Self {
        Self {
            digest,
            saved_at_unix_ms: manifest.saved_at_unix_ms,
            files: placed.files,
            bytes: placed.bytes,
            kept: placed.kept,
        }
    }
}

/// Why there was nothing to restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissReason {
    /// Nothing was saved for the key.
    Absent,
    /// What was saved is not what it should be.
    Damaged {
        /// What is wrong, as text for a person.
        what: String,
        /// Where the entry is now, to be looked at; nothing if another process replaced it first.
        moved_to: Option<PathBuf>,
    },
}

impl LocalStore {
    /// Copies the entry of `key` into the directories of the roots, and makes these if need be.
    ///
    /// The entry is verified first (see [`Self::with_verify`]); a damaged one is moved aside and is
    /// a miss. Files get the modes and times of modification that they had, and share nothing with
    /// the entry, for a build writes in place. What a directory has already stays, be it a file, a
    /// link or a directory: AWS's documents disagree about which side wins (reference §7.5), and a
    /// stale copy must not hide the source. After an error the directories are as they were.
    pub fn restore(&self, key: &EntryKey, roots: &[Root<'_>]) -> Result<Restored, CacheError> {
        check_ids(roots)?;
        let generation = match Current::enter(&self.layout, key)? {
            Current::Absent => return Ok(Restored::Miss(MissReason::Absent)),
            Current::Broken { pointer, what } => {
                let miss = self.set_aside(key, &pointer, what.to_owned())?;
                return Ok(Restored::Miss(miss));
            }
            Current::Tree(generation) => generation,
        };
        let manifest = match verify(&generation, key, self.verify)? {
            Ok(manifest) => manifest,
            Err(what) => {
                let miss = self.set_aside(key, &Pointer::Names(generation.digest), what)?;
                return Ok(Restored::Miss(miss));
            }
        };
        usage::note(&self.layout.entry(key));
        let mut parts = Vec::new();
        for root in roots {
            if let Some(tree) = manifest.tree(root.id) {
                parts.push((tree, generation.root(root.id)?, root.dir));
            }
        }
        let mut placements: Vec<Placement<'_>> = Vec::new();
        for (tree, top, dir) in &parts {
            match place(tree, top, dir, Method::Copy) {
                Ok(placement) => placements.push(placement),
                Err(error) => {
                    placements.into_iter().for_each(Placement::undo);
                    return Err(error);
                }
            }
        }
        let mut placed = Placed::default();
        for placement in &placements {
            placed.add(placement.placed());
        }
        Ok(Restored::Hit(Hit::of(
            generation.digest,
            &manifest,
            &placed,
        )))
    }

    /// Moves an entry aside if its pointer is still the one that led to the damage.
    pub(super) fn set_aside(
        &self,
        key: &EntryKey,
        pointer: &Pointer,
        what: String,
    ) -> Result<MissReason, CacheError> {
        let entry = self.layout.entry(key);
        let _still = self.layout.lock_exclusive()?;
        let moved_to = if Pointer::read(&entry)? == *pointer {
            Some(self.layout.set_aside(&entry)?)
        } else {
            None
        };
        Ok(MissReason::Damaged { what, moved_to })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{KeyParts, Namespace};
    use crate::local::Saving;

    #[test]
    fn entry_that_was_replaced_meanwhile_is_not_set_aside() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = LocalStore::open(&dir.path().join("store")).expect("a store");
        let namespace = Namespace::new("p").expect("a name");
        let key = EntryKey::new(KeyParts {
            format: 1,
            namespace,
            parts: Vec::new(),
        });
        std::fs::write(dir.path().join("file"), "content").expect("a file");
        let patterns = ["file".to_owned()];
        let root = Root {
            id: "src",
            dir: dir.path(),
            patterns: &patterns,
        };
        store
            .save(&key, &[root], 0, Saving::Latest)
            .expect("a save that works");

        let seen = Pointer::Names("0".repeat(64).parse().expect("a digest"));
        let miss = store
            .set_aside(&key, &seen, "what".into())
            .expect("a look at the entry");
        let reason = MissReason::Damaged {
            what: "what".into(),
            moved_to: None,
        };
        assert_eq!(miss, reason);
        assert!(matches!(store.restore(&key, &[root]), Ok(Restored::Hit(_))));
    }
}
