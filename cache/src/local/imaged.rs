//! Entries whose tree is an image that is mounted, in place of files on the disk.
//!
//! ```text
//! <store>/entries/<namespace>/<key>/<digest>/image         the file system
//! <store>/entries/<namespace>/<key>/<digest>/image.json    what the image must be
//! <store>/entries/<namespace>/<key>/<digest>/tree/         where it is mounted, while somebody has the entry
//! ```
//!
//! The mount lives as long as a lease: the first who enters the tree mounts it, the last who leaves takes it away, and
//! what a process that died has left goes with the leftovers.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::LocalStore;
use super::generation::POINTER;
use super::lease::is_held;
use super::manifest::TREE_NAME;
use super::verify::Verify;
use crate::error::CacheError;
use crate::hash::ContentHash;
use crate::image::{is_mounted, mount, mounts_below, unmount};
use crate::key::Namespace;
use crate::parallel::in_parallel;

pub(crate) const IMAGE_NAME: &str = "image";
const RECORD_NAME: &str = "image.json";
/// Some 150 bytes for each of the most packs.
const MOST_RECORD: u64 = 16 << 20;

/// What an image must be.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    /// What `lstat` said of it when it was made: any write changes it.
    stamp: Stamp,
    pieces: Vec<Piece>,
}

/// A part of an image, whose digest is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Piece {
    pub(crate) start: u64,
    pub(crate) length: u64,
    pub(crate) digest: ContentHash,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stamp {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(image: &Path) -> io::Result<Self> {
        let found = fs::symlink_metadata(image)?;
        if !found.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        Ok(Self {
            size: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }
}

/// Writes down what the image in the directory of a tree is; nobody writes to it any more.
pub(crate) fn seal(dir: &Path, pieces: Vec<Piece>) -> Result<(), CacheError> {
    let image = dir.join(IMAGE_NAME);
    let stamp = Stamp::of(&image).map_err(CacheError::read(&image))?;
    let path = dir.join(RECORD_NAME);
    let json = serde_json::to_vec(&Record { stamp, pieces }).map_err(io::Error::from);
    let written = json.and_then(|json| fs::write(&path, json));
    written.map_err(CacheError::write(&path))
}

/// Mounts the image in the directory of a tree, if it has one and nobody else has; says whether it has one.
pub(super) fn enter(dir: &Path) -> io::Result<bool> {
    let image = dir.join(IMAGE_NAME);
    let file = match File::open(&image) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => file?,
    };
    let tree = dir.join(TREE_NAME);
    // Two who enter at the same time mount it once.
    file.lock()?;
    if !is_mounted(&tree)? {
        mount(&image, &tree)?;
    }
    Ok(true)
}

/// Takes the mount away if nobody else has the tree; `lock` is the lock that the caller had on it.
pub(super) fn leave(dir: &Path, lock: &File) {
    if lock.try_lock().is_ok() {
        // What stays, because the tree was moved meanwhile, goes with the leftovers.
        unmount(&dir.join(TREE_NAME)).ok();
    }
}

/// Says what is wrong with the image in the directory of a tree.
pub(super) fn wrong_image(dir: &Path, verify: Verify) -> Result<Option<String>, CacheError> {
    let image = dir.join(IMAGE_NAME);
    let record = match read(&dir.join(RECORD_NAME)) {
        Ok(record) => record,
        Err(error) => return Ok(Some(format!("the record of its image: {error}"))),
    };
    let stamp = Stamp::of(&image).map_err(CacheError::read(&image))?;
    if verify == Verify::Shape && stamp == record.stamp {
        return Ok(None);
    }
    if stamp.size != record.stamp.size {
        return Ok(Some("its image has another size".to_owned()));
    }
    let file = File::open(&image).map_err(CacheError::read(&image))?;
    let wrong = in_parallel(&record.pieces, |piece| {
        let digest = digest_of(&file, piece.start, piece.length);
        Ok(digest.map_err(CacheError::read(&image))? != piece.digest)
    })?;
    let altered = wrong.into_iter().any(|wrong| wrong);
    Ok(altered.then(|| "its image was altered".to_owned()))
}

/// Returns the digest of a part of a file.
pub(crate) fn digest_of(file: &File, start: u64, length: u64) -> io::Result<ContentHash> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 256 << 10];
    let mut done = 0;
    while done < length {
        let most = usize::try_from(length - done).unwrap_or(usize::MAX);
        let most = most.min(buffer.len());
        let piece = buffer.get_mut(..most).unwrap_or_default();
        file.read_exact_at(piece, start + done)?;
        hasher.update(piece);
        done += most as u64;
    }
    Ok(hasher.finalize().into())
}

fn read(path: &Path) -> io::Result<Record> {
    let mut json = Vec::new();
    File::open(path)?.take(MOST_RECORD).read_to_end(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}

impl LocalStore {
    /// Returns the parts of the images that entries of a namespace have, and where they are.
    pub(crate) fn pieces(&self, namespace: &Namespace) -> Vec<(PathBuf, Piece)> {
        let Ok(entries) = fs::read_dir(self.layout.namespace(namespace)) else {
            return Vec::new();
        };
        let mut pieces = Vec::new();
        for entry in entries.flatten() {
            let tree = entry.path().join(POINTER);
            if let Ok(record) = read(&tree.join(RECORD_NAME)) {
                let image = tree.join(IMAGE_NAME);
                pieces.extend(
                    record
                        .pieces
                        .into_iter()
                        .map(|piece| (image.clone(), piece)),
                );
            }
        }
        pieces
    }

    /// Takes away the mounts of images that nobody has any more; returns how many.
    pub fn unmount_leftovers(&self) -> Result<u64, CacheError> {
        let root = self.layout.root();
        let _still = self.layout.lock_exclusive()?;
        let mut gone = 0;
        for place in mounts_below(root).map_err(CacheError::read(root))? {
            let tree = place.parent().unwrap_or(&place);
            if place.ends_with(TREE_NAME) && !is_held(tree)? {
                unmount(&place).map_err(CacheError::write(&place))?;
                gone += 1;
            }
        }
        Ok(gone)
    }
}
