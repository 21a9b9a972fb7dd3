//! Which tree of an entry is current, and entering it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::imaged;
use super::layout::Layout;
use super::manifest::TREE_NAME;
use super::verify::Verify;
use crate::error::CacheError;
use crate::hash::ContentHash;
use crate::key::EntryKey;
use crate::tree::{Top, path_component};

/// The name of the link in an entry that names the current tree.
pub(super) const POINTER: &str = "current";

/// What an entry's pointer says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pointer {
    /// There is none: nothing was saved yet.
    Absent,
    /// The tree of this digest is current.
    Names(ContentHash),
    /// It is no link to a digest.
    Unreadable,
}

impl Pointer {
    /// Reads the pointer in the directory of an entry. It may change unless the store is locked.
    pub(super) fn read(entry: &Path) -> Result<Self, CacheError> {
        let path = entry.join(POINTER);
        match fs::read_link(&path) {
            Ok(target) => Ok(target
                .to_str()
                .and_then(|text| text.parse().ok())
                .map_or(Self::Unreadable, Self::Names)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::Absent),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(Self::Unreadable),
            Err(error) => Err(CacheError::read(&path)(error)),
        }
    }
}

/// What is current for a key.
#[derive(Debug)]
pub(super) enum Current {
    /// Nothing.
    Absent,
    /// A tree, which stays where it can be read for as long as this is held.
    Tree(Generation),
    /// Something that cannot even be entered.
    Broken {
        pointer: Pointer,
        what: &'static str,
    },
}

/// A tree of an entry that was entered: a shared lock keeps it from being deleted.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) digest: ContentHash,
    pub(super) dir: Top,
    lock: File,
    /// Whether its files are in an image, which is mounted for as long as somebody has it.
    pub(super) imaged: bool,
}

impl Current {
    /// Enters the current tree of `key`.
    pub(super) fn enter(layout: &Layout, key: &EntryKey) -> Result<Self, CacheError> {
        let entry = layout.entry(key);
        let _still = layout.lock_shared()?;
        let pointer = Pointer::read(&entry)?;
        let digest = match pointer {
            Pointer::Absent => return Ok(Self::Absent),
            Pointer::Names(digest) => digest,
            Pointer::Unreadable => {
                return Ok(Self::Broken {
                    pointer,
                    what: "its pointer names no tree",
                });
            }
        };
        let path = entry.join(digest.to_string());
        let dir = match Top::open(&path) {
            Ok(dir) => dir,
            Err(error) if is_missing(&error) => {
                return Ok(Self::Broken {
                    pointer,
                    what: "the tree that its pointer names is gone",
                });
            }
            Err(error) => return Err(CacheError::read(&path)(error)),
        };
        let lock = dir.to_file().map_err(CacheError::lock(&path))?;
        lock.lock_shared().map_err(CacheError::lock(&path))?;
        match imaged::enter(&path) {
            Ok(imaged) => Ok(Self::Tree(Generation {
                digest,
                dir,
                lock,
                imaged,
            })),
            Err(_) => Ok(match imaged::wrong_image(&path, Verify::Content) {
                // The entry is good: it is this process that cannot mount.
                Ok(None) => Self::Absent,
                Ok(Some(_)) | Err(_) => Self::Broken {
                    pointer,
                    what: "its image cannot be mounted",
                },
            }),
        }
    }
}

impl Generation {
    /// Returns where the trees of the roots are.
    pub(super) fn trees(&self) -> PathBuf {
        self.dir.path().join(TREE_NAME)
    }

    /// Opens the tree that was saved from the root `id`.
    pub(super) fn root(&self, id: &str) -> Result<Top, CacheError> {
        let component = path_component(id)?;
        let path = self.trees().join(&component);
        let trees = self.dir.below(TREE_NAME).map_err(CacheError::read(&path))?;
        trees.below(&component).map_err(CacheError::read(&path))
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        if self.imaged {
            imaged::leave(self.dir.path(), &self.lock);
        }
    }
}

/// Says whether an error means that something else, or nothing, is where a directory should be.
pub(super) fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
