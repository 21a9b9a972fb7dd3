//! When an entry was used last, and how much of the disk it takes.
//!
//! The last use of an entry is its directory's time of modification: a restore sets it, and so does whatever renames a
//! tree into the directory. It needs no file of its own, and no clock but the file system's.

use std::collections::HashSet;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nix::sys::stat::futimens;
use nix::sys::time::TimeSpec;

use crate::error::CacheError;
use crate::parallel::walk_in_parallel;

/// What the file system counts in, whatever its block size is.
const BLOCK: u64 = 512;

/// Notes that an entry is used now. A store that cannot be written is used all the same.
pub(super) fn note(entry: &Path) {
    let noted = File::open(entry)
        .and_then(|dir| Ok(futimens(&dir, &TimeSpec::UTIME_OMIT, &TimeSpec::UTIME_NOW)?));
    noted.ok();
}

/// Returns when an entry was used last, in milliseconds since 1970.
pub(super) fn last(entry: &Metadata) -> i64 {
    entry.mtime() * 1_000 + entry.mtime_nsec() / 1_000_000
}

/// Adds up what trees take of the disk. A file that several of them share counts for the first one.
#[derive(Debug, Default)]
pub(super) struct Meter {
    shared: Mutex<HashSet<(u64, u64)>>,
}

impl Meter {
    /// Returns how many bytes of the disk only `tree`, and none of those measured before, takes. What is gone or cannot be
    /// looked at takes nothing.
    pub(super) fn measure(&self, tree: &Path) -> Result<u64, CacheError> {
        let folders = walk_in_parallel(tree.to_owned(), |folder, more: &mut Vec<PathBuf>| {
            Ok(self.folder(&folder, more).unwrap_or_default())
        })?;
        Ok(folders.into_iter().sum())
    }

    fn folder(&self, folder: &Path, more: &mut Vec<PathBuf>) -> io::Result<u64> {
        let own = fs::symlink_metadata(folder)?;
        let mut bytes = own.blocks() * BLOCK;
        for entry in fs::read_dir(folder)? {
            let Ok(entry) = entry else { continue };
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                // What is mounted there takes no room here.
                if entry.metadata().is_ok_and(|found| found.dev() == own.dev()) {
                    more.push(entry.path());
                }
            } else if let Ok(metadata) = entry.metadata() {
                bytes += self.own(&metadata);
            }
        }
        Ok(bytes)
    }

    fn own(&self, file: &Metadata) -> u64 {
        let counted = file.nlink() > 1 && {
            let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            !shared.insert((file.dev(), file.ino()))
        };
        if counted { 0 } else { file.blocks() * BLOCK }
    }
}
