//! A disk that is soon full.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::refusal::is_root;

/// A file system in memory; unmounted with the test.
#[derive(Debug)]
pub(crate) struct SmallDisk {
    place: TempDir,
}

impl SmallDisk {
    /// Mounts one. `None`, and a printed line, where the tests may not mount.
    pub(crate) fn of_megabytes(megabytes: u32) -> Option<Self> {
        if !is_root() {
            println!("skipped: only root can mount a small disk");
            return None;
        }
        let place = TempDir::new().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"]);
        assert!(
            mount.arg(place.path()).status().unwrap().success(),
            "mounting failed"
        );
        Some(Self { place })
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> &Path {
        self.place.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the program's own sweeping in the background may still be at it.
        let unmount = Command::new("umount")
            .arg("--lazy")
            .arg(self.path())
            .status();
        assert!(
            unmount.is_ok_and(|status| status.success()),
            "unmounting failed"
        );
    }
}
