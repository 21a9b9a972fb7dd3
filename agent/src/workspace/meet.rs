//! Where a restored cache lies above a source: what of the source it must not hide.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::copy::{Wanted, WorkspaceError, copy};
use super::mask::resemble;
use super::tree::Tree;

/// Prepares the empty upper layer of a source so that a cache entry between the two hides nothing of the source, and
/// changes none of its directories: what is in both comes from the source, as it does where a cache is copied (reference
/// §7.5: the documents disagree; a stale copy must not hide the source). Only directories that are in both are looked at.
/// Returns how many files of the source had to be copied for it.
pub fn meet(source: &Tree, entry: Option<&Path>, upper: &Path) -> Result<u64, WorkspaceError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| WorkspaceError { path, source }
    };
    let mut both = Vec::new();
    let mut clashes = Vec::new();
    let mut pending: VecDeque<PathBuf> = entry.map(|_| PathBuf::new()).into_iter().collect();
    while let (Some(entry), Some(folder)) = (entry, pending.pop_front()) {
        let place = entry.join(&folder);
        for found in fs::read_dir(&place).map_err(failed(&place))? {
            let found = found.map_err(failed(&place))?;
            let path = folder.join(found.file_name());
            let Ok(own) = fs::symlink_metadata(source.path().join(&path)) else {
                continue;
            };
            let is_directory = found.file_type().map_err(failed(&place))?.is_dir();
            if own.is_dir() && is_directory {
                both.push(path.clone());
                pending.push_back(path);
            } else if fs::symlink_metadata(upper.join(&path)).is_err() {
                clashes.push(path);
            }
        }
    }
    // A path comes after those above it.
    for path in &both {
        let place = upper.join(path);
        match DirBuilder::new().mode(0o700).create(&place) {
            // Prepared for another entry, which turned out to be damaged.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(failed(&place))?,
        }
    }
    let wanted = Wanted {
        source: source.path(),
        listed: Some(&clashes),
        without: &[],
    };
    let copied = if clashes.is_empty() {
        0
    } else {
        copy(wanted, upper, &AtomicBool::new(false))?.files
    };
    for path in both.iter().rev().chain([&PathBuf::new()]) {
        let place = upper.join(path);
        resemble(&source.path().join(path), &place).map_err(failed(&place))?;
    }
    Ok(copied)
}
