//! What a tree is, as far as `lstat` tells it, and as a manifest records it.

use nix::sys::stat::FileStat;
use nix::sys::time::TimeSpec;
use serde::{Deserialize, Serialize};

use super::name::{FolderPath, LinkTarget, Name};
use super::place::Placed;
use crate::hash::ContentHash;

/// The most files, links and folders of one entry: some twenty times a large `node_modules`.
pub(crate) const MOST_ITEMS: usize = 1_000_000;

/// The mode bits that a cache keeps. The set-user-id and set-group-id bits are dropped: they would
/// let one build leave a program in the next build, or on the host, that runs with the rights of
/// whoever restored it, and no build tool needs them.
pub(super) const KEPT_MODE: u32 = 0o1777;

/// Everything under one directory, sorted by path; the top, when anything is there, is first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Tree<F> {
    pub(crate) folders: Vec<Folder<F>>,
}

/// One directory: `F` is [`FileShape`] when it was only looked at, [`StoredFile`] once hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Folder<F> {
    pub(crate) path: FolderPath,
    pub(crate) mode: u32,
    /// Kept because npm trusts `node_modules/.package-lock.json` only when no folder is newer.
    /// Not part of the identity of a tree: folders that a checkout makes are always new.
    pub(crate) mtime: Mtime,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub(crate) files: Vec<F>,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub(crate) links: Vec<Link>,
}

/// A regular file as `lstat` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileShape {
    pub(crate) name: Name,
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) mode: u32,
    pub(crate) mtime: Mtime,
}

/// A regular file and the hash of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredFile {
    pub(crate) shape: FileShape,
    pub(crate) content: ContentHash,
}

/// A symbolic link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Link {
    pub(crate) name: Name,
    pub(crate) target: LinkTarget,
}

/// A time of modification: seconds since 1970, and nanoseconds below one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mtime(i64, u32);

impl Mtime {
    pub(super) fn of(stat: &FileStat) -> Self {
        Self(
            stat.st_mtime,
            u32::try_from(stat.st_mtime_nsec).unwrap_or_default(),
        )
    }

    /// Returns the seconds and the nanoseconds.
    pub(crate) fn parts(self) -> (i64, u32) {
        (self.0, self.1)
    }

    /// Returns the times to set: the time of the last access stays as it is.
    pub(crate) fn to_set(self) -> (TimeSpec, TimeSpec) {
        (TimeSpec::UTIME_OMIT, TimeSpec::new(self.0, self.1.into()))
    }
}

impl FileShape {
    pub(super) fn of(name: Name, stat: &FileStat) -> Self {
        Self {
            name,
            size: u64::try_from(stat.st_size).unwrap_or_default(),
            mode: stat.st_mode & KEPT_MODE,
            mtime: Mtime::of(stat),
        }
    }
}

impl<F> Folder<F> {
    /// Counts the files and links.
    pub(crate) fn items(&self) -> usize {
        self.files.len() + self.links.len()
    }
}

impl Tree<StoredFile> {
    /// Returns what placing all of it makes.
    pub(crate) fn figures(&self) -> Placed {
        let files = self.folders.iter().flat_map(|folder| &folder.files);
        Placed {
            files: self.items() as u64,
            bytes: files.map(|file| file.shape.size).sum(),
            kept: 0,
        }
    }
}

impl<F> Tree<F> {
    /// Counts the files and links.
    pub(crate) fn items(&self) -> usize {
        self.folders.iter().map(Folder::items).sum()
    }
}

impl Folder<StoredFile> {
    /// Says whether the modes and times are such as this crate records.
    pub(crate) fn has_sane_metadata(&self) -> bool {
        let files = self
            .files
            .iter()
            .map(|file| (file.shape.mode, file.shape.mtime));
        files
            .chain([(self.mode, self.mtime)])
            .all(|(mode, mtime)| mode & !KEPT_MODE == 0 && mtime.1 < 1_000_000_000)
    }
}
