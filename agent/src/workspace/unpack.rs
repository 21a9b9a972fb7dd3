//! What an image has in a directory, unpacked beside a build.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::Path;

/// Unpacks an archive that an engine made of a container's directory into the directory `root`. What is there stays, no
/// entry leaves the root, and only root keeps owners.
pub fn unpack_beside(archive: &Path, root: &Path) -> io::Result<()> {
    let mut archive = tar::Archive::new(BufReader::new(File::open(archive)?));
    archive.set_preserve_permissions(true);
    archive.set_preserve_mtime(true);
    archive.set_preserve_ownerships(nix::unistd::geteuid().is_root());
    // The mode of a directory may forbid what is to come in it.
    let mut directories = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            directories.push(entry);
            continue;
        }
        if !(kind.is_file() || kind.is_symlink() || kind.is_hard_link()) {
            continue;
        }
        let path = root.join(entry.path()?);
        if fs::symlink_metadata(&path).is_err() {
            entry.unpack_in(root)?;
        }
    }
    for mut directory in directories.into_iter().rev() {
        directory.unpack_in(root)?;
    }
    Ok(())
}
