//! Leases: an entry that a build has mounted stays where it is, and is not removed, until the build is over.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::generation::{Current, Generation, Pointer};
use super::manifest::Manifest;
use super::restore::{Hit, MissReason};
use super::usage;
use super::verify::{read_manifest, verify};
use super::{LocalStore, layout::Layout};
use crate::error::CacheError;
use crate::hash::ContentHash;
use crate::key::EntryKey;
use crate::tree::{Top, path_component};

/// What a lease came to.
#[derive(Debug)]
pub enum Leased {
    /// There is an entry. Nobody has looked at its files yet: see [`Lease::verify`].
    Held(Lease),
    /// There is nothing that could be used.
    Miss(MissReason),
}

/// What a look at a leased entry said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// It is what its manifest says. [`Hit::kept`] is 0: nothing was copied.
    Whole(Hit),
    /// It is not, and was set aside.
    Miss(MissReason),
}

/// The current tree of an entry. While this is held, in any process, nobody deletes the tree, saves leave it at its
/// path, and [`LocalStore::is_in_use`] says so of the entry. Nobody may write below its paths.
///
/// It is a lock on an open directory: a process that dies gives its leases back.
#[derive(Debug)]
pub struct Lease {
    store: LocalStore,
    key: EntryKey,
    generation: Generation,
}

impl LocalStore {
    /// Leases the entry of `key`, in a time that does not depend on its size.
    pub fn lease(&self, key: &EntryKey) -> Result<Leased, CacheError> {
        match Current::enter(&self.layout, key)? {
            Current::Absent => Ok(Leased::Miss(MissReason::Absent)),
            Current::Broken { pointer, what } => {
                let miss = self.set_aside(key, &pointer, what.to_owned())?;
                Ok(Leased::Miss(miss))
            }
            Current::Tree(generation) => {
                usage::note(&self.layout.entry(key));
                Ok(Leased::Held(Lease {
                    store: self.clone(),
                    key: key.clone(),
                    generation,
                }))
            }
        }
    }

    /// Says whether somebody reads the entry of `key`, or has it leased.
    pub fn is_in_use(&self, key: &EntryKey) -> Result<bool, CacheError> {
        let _still = self.layout.lock_shared()?;
        in_use(&self.layout.entry(key))
    }
}

impl Lease {
    /// Returns the name of the tree.
    pub fn digest(&self) -> ContentHash {
        self.generation.digest
    }

    /// Returns the key under which the entry was found.
    pub fn key(&self) -> &EntryKey {
        &self.key
    }

    /// Returns the directory that was saved from the root `id`; `None` when the entry has nothing of it.
    pub fn tree(&self, id: &str) -> Result<Option<PathBuf>, CacheError> {
        let path = self.generation.trees().join(path_component(id)?);
        Ok(path.is_dir().then_some(path))
    }

    /// Reads the manifest; `None` when it is none, or another tree's.
    pub(crate) fn manifest(&self) -> Result<Option<Manifest>, CacheError> {
        Ok(read_manifest(&self.generation, &self.key)?.ok())
    }

    /// Opens the tree that was saved from the root `id`.
    pub(crate) fn top(&self, id: &str) -> Result<Top, CacheError> {
        self.generation.root(id)
    }

    /// Compares the tree with its manifest, as closely as the store was told to look
    /// ([`LocalStore::with_verify`]), on several threads. A tree that is not what it should be is set aside, as a
    /// restore does, and must not be used.
    pub fn verify(&self) -> Result<Verified, CacheError> {
        let digest = self.generation.digest;
        match verify(&self.generation, &self.key, self.store.verify)? {
            Ok(manifest) => Ok(Verified::Whole(Hit::of(
                digest,
                &manifest,
                &manifest.figures(),
            ))),
            Err(what) => {
                let seen = Pointer::Names(digest);
                let miss = self.store.set_aside(&self.key, &seen, what)?;
                Ok(Verified::Miss(miss))
            }
        }
    }
}

/// Says whether somebody has one of the trees of the entry in this directory. The store must be locked.
pub(super) fn in_use(entry: &Path) -> Result<bool, CacheError> {
    let names = match fs::read_dir(entry) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        names => names.map_err(CacheError::read(entry))?,
    };
    for name in names {
        let path = name.map_err(CacheError::read(entry))?.path();
        if !path.is_symlink() && is_held(&path)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Says whether somebody holds the lock of a tree.
pub(super) fn is_held(tree: &Path) -> Result<bool, CacheError> {
    let file = match File::open(tree) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => file.map_err(CacheError::read(tree))?,
    };
    match file.try_lock() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(CacheError::lock(tree)(error)),
    }
}

/// Sends trees to the trash that a save left in their entries because somebody had them; returns how many somebody
/// still has. The store must be locked exclusively.
pub(super) fn discard_superseded(layout: &Layout) -> Result<u64, CacheError> {
    let directories = |path: &Path| -> Result<Vec<PathBuf>, CacheError> {
        let names = fs::read_dir(path).map_err(CacheError::read(path))?;
        let paths = names.map(|name| name.map(|name| name.path()));
        let paths: Vec<PathBuf> = paths
            .collect::<Result<_, _>>()
            .map_err(CacheError::read(path))?;
        let is_directory = |path: &PathBuf| path.is_dir() && !path.is_symlink();
        Ok(paths.into_iter().filter(is_directory).collect())
    };
    let mut held = 0;
    for namespace in directories(&layout.entries())? {
        for entry in directories(&namespace)? {
            let Pointer::Names(current) = Pointer::read(&entry)? else {
                continue;
            };
            let current = entry.join(current.to_string());
            for tree in directories(&entry)? {
                if tree == current {
                    continue;
                }
                if is_held(&tree)? {
                    held += 1;
                } else {
                    layout.discard(&tree)?;
                }
            }
        }
    }
    Ok(held)
}
