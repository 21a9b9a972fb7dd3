//! Saving: list, hash what is new, compare, link, publish.

use std::io;
use std::sync::atomic::Ordering;

use super::generation::{Current, Pointer};
use super::lease::Lease;
use super::manifest::{Manifest, SavedRoot};
use super::publish::{Published, Staging};
use super::verify::read_manifest;
use super::{LocalStore, Root, check_ids};
use crate::error::CacheError;
use crate::hash::ContentHash;
use crate::key::EntryKey;
use crate::tree::{Layer, Listing, MOST_ITEMS, Method, Selection, Top, hash_files, list, place};

/// Whether an entry may get another tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saving {
    /// It gets the tree that is saved last, as a cache without a key does (reference §7.2).
    Latest,
    /// It keeps its first tree: a stored key is immutable (reference §7.3).
    Once,
}

/// What a save did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// Nothing: the entry has this very tree already, or keeps the one that it has.
    Unchanged,
    /// Nothing: no file and no link matches. An entry that is there stays.
    Empty,
    /// The entry has a new tree.
    Stored {
        /// The name of the tree.
        digest: ContentHash,
        /// How many files and links it holds.
        files: u64,
        /// The sizes of its files together.
        bytes: u64,
        /// How many pipes, sockets and devices were chosen and left out.
        skipped: u64,
    },
}

/// The layers of a root that is an overlay.
pub(super) struct Origins<'a> {
    pub(super) id: &'a str,
    pub(super) upper: Top,
    /// What the leased entry has of the root.
    pub(super) entry: Option<Top>,
}

/// A root of the workspace that exists, and what a save takes of it.
struct Found<'a> {
    id: &'a str,
    top: Top,
    listing: Listing,
}

impl LocalStore {
    /// Saves what the patterns of the roots choose as the entry of `key`, at a time given in
    /// milliseconds since 1970. A root whose directory is missing has nothing to save.
    ///
    /// The entry shares its files with the workspace by hard links where it can. So when this is
    /// called, **the workspace must be given up: no process writes to its files any more**, neither
    /// during the save nor later. (A file that is written all the same makes the entry
    /// [damaged](super::MissReason::Damaged): its time of modification tells.)
    ///
    /// Whoever is killed in here leaves the old entry; of two who save at a time, one entry stays.
    pub fn save(
        &self,
        key: &EntryKey,
        roots: &[Root<'_>],
        saved_at_unix_ms: i64,
        saving: Saving,
    ) -> Result<Saved, CacheError> {
        check_ids(roots)?;
        self.save_from(key, roots, (&[], None), saved_at_unix_ms, saving)
    }

    /// Saves what lies in the roots. Where a root is an overlay, its files are linked from the layers in `origins`, and
    /// copied where none has them. What is in `entry` and looks the same is not read again.
    pub(super) fn save_from(
        &self,
        key: &EntryKey,
        roots: &[Root<'_>],
        (origins, entry): (&[Origins<'_>], Option<&Lease>),
        saved_at_unix_ms: i64,
        saving: Saving,
    ) -> Result<Saved, CacheError> {
        let before = self.saved_before(key)?;
        if saving == Saving::Once && before.is_some() {
            return Ok(Saved::Unchanged);
        }
        let found = find(roots)?;
        let files = found
            .iter()
            .map(|root| root.listing.tree.items())
            .sum::<usize>() as u64;
        if files == 0 {
            return Ok(Saved::Empty);
        }
        let current = before.as_ref().map(|(digest, _)| *digest);
        let leased = match entry {
            Some(entry) if current != Some(entry.digest()) => entry.manifest()?,
            _ => None,
        };
        let older = before.as_ref().map(|(_, manifest)| manifest);
        // What the entry below the workspace has; it is the current one unless a save has come between.
        let lower = leased.as_ref().or(older.filter(|_| entry.is_some()));
        let known = |id| lower.or(older).and_then(|manifest| manifest.tree(id));
        let mut tops = Vec::new();
        let mut saved = Vec::new();
        let mut skipped = 0;
        for Found { id, top, listing } in found {
            let tree = hash_files(listing.tree, &top, known(id))?;
            saved.push(SavedRoot {
                id: id.to_owned(),
                tree,
            });
            tops.push((id, top));
            skipped += listing.skipped;
        }
        let manifest = Manifest::new(key.parts(), saved_at_unix_ms, saved);
        let digest = manifest.digest();
        if current == Some(digest) {
            return Ok(Saved::Unchanged);
        }
        let staging = Staging::new(&self.layout)?;
        let mut bytes = 0;
        for (id, top) in &tops {
            if let Some(tree) = manifest.tree(id) {
                let origins = origins.iter().filter(|origins| origins.id == *id);
                let layers: Vec<Layer<'_>> = origins
                    .flat_map(|Origins { upper, entry, .. }| {
                        let tree = lower.and_then(|manifest| manifest.tree(id));
                        let entry = entry.as_ref().filter(|_| tree.is_some());
                        let entry = entry.map(|top| Layer { top, tree });
                        [Layer {
                            top: upper,
                            tree: None,
                        }]
                        .into_iter()
                        .chain(entry)
                    })
                    .collect();
                let placement = place(tree, top, &staging.root(id)?, Method::Link(&layers))?;
                bytes += placement.placed().bytes;
            }
        }
        staging.write(&manifest)?;
        if let Some(abandoned) = &self.abandoned
            && abandoned.load(Ordering::Relaxed)
        {
            return Err(CacheError::Abandoned);
        }
        match staging.publish(&self.layout, key, digest, saving)? {
            Published::Now => Ok(Saved::Stored {
                digest,
                files,
                bytes,
                skipped,
            }),
            Published::Before => Ok(Saved::Unchanged),
        }
    }

    /// Says whether a save since the lease has made another tree the current one.
    pub(super) fn is_current(&self, entry: &Lease) -> Result<bool, CacheError> {
        let _still = self.layout.lock_shared()?;
        let pointer = Pointer::read(&self.layout.entry(entry.key()))?;
        Ok(pointer == Pointer::Names(entry.digest()))
    }

    /// Returns the manifest of the current tree and its digest, if there is a good one.
    fn saved_before(&self, key: &EntryKey) -> Result<Option<(ContentHash, Manifest)>, CacheError> {
        let Current::Tree(generation) = Current::enter(&self.layout, key)? else {
            return Ok(None);
        };
        let manifest = read_manifest(&generation, key)?.ok();
        Ok(manifest.map(|manifest| (generation.digest, manifest)))
    }
}

/// Lists the roots that are there and have anything to save.
fn find<'a>(roots: &[Root<'a>]) -> Result<Vec<Found<'a>>, CacheError> {
    let mut found = Vec::new();
    let mut count = 0;
    for root in roots {
        let selection = Selection::of(root.patterns)?;
        let top = match Top::open(root.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            top => top.map_err(CacheError::read(root.dir))?,
        };
        let listing = list(&top, &selection)?;
        if listing.tree.folders.is_empty() {
            continue;
        }
        count += listing.tree.folders.len() + listing.tree.items();
        if count > MOST_ITEMS {
            let excess = format!("more than {MOST_ITEMS} files and folders");
            return Err(CacheError::TooLarge {
                path: root.dir.to_owned(),
                excess,
            });
        }
        found.push(Found {
            id: root.id,
            top,
            listing,
        });
    }
    Ok(found)
}
