//! A layer that hides paths of the one below it.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use nix::sys::stat::{Mode, SFlag, mknod};
use rustix::fs::{Timespec, Timestamps};

/// Makes, in the new directory `mask`, a layer that hides the `hidden` paths of the directory `source`. Its directories
/// look like those that they cover.
pub fn mask(source: &Path, hidden: &[PathBuf], mask: &Path) -> io::Result<()> {
    let mut ways: BTreeSet<&Path> = BTreeSet::from([Path::new("")]);
    for path in hidden {
        for way in path.ancestors().skip(1) {
            if !ways.insert(way) {
                break;
            }
        }
    }
    // A path sorts before those below it.
    for way in &ways {
        let place = mask.join(way);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(place)?;
    }
    for path in hidden {
        // A device 0, 0 is what overlay takes for "not here".
        mknod(&mask.join(path), SFlag::S_IFCHR, Mode::empty(), 0)?;
    }
    for way in ways.into_iter().rev() {
        resemble(&source.join(way), &mask.join(way))?;
    }
    Ok(())
}

/// Gives a directory mode, owner and time of another one.
pub fn resemble(original: &Path, directory: &Path) -> io::Result<()> {
    let metadata = fs::metadata(original)?;
    std::os::unix::fs::chown(directory, Some(metadata.uid()), Some(metadata.gid()))?;
    fs::set_permissions(directory, metadata.permissions())?;
    let time = |seconds, nanos| Timespec {
        tv_sec: seconds,
        tv_nsec: nanos,
    };
    let times = Timestamps {
        last_access: time(metadata.atime(), metadata.atime_nsec()),
        last_modification: time(metadata.mtime(), metadata.mtime_nsec()),
    };
    let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
    Ok(rustix::fs::utimensat(
        rustix::fs::CWD,
        directory,
        &times,
        flags,
    )?)
}
