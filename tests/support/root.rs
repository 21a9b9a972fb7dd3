//! The directory that holds everything of a test.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A directory that is gone with the test, the program's background sweep notwithstanding.
#[derive(Debug)]
pub(crate) struct Root(TempDir);

impl Root {
    /// Makes the directory.
    pub(super) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Returns whether a process that the program left behind still works here: its environment names the place.
    fn is_in_use(&self) -> bool {
        let home = format!("UNDERSTUDY_HOME={}/", self.path().display());
        let environments = fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|process| fs::read(process.path().join("environ")).ok());
        let mut variables = environments.map(|environment| {
            environment
                .split(|byte| *byte == 0)
                .any(|variable| variable.starts_with(home.as_bytes()))
        });
        variables.any(|found| found)
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        // What `understudy sweep` makes while the directory is removed would stay.
        let start = Instant::now();
        while self.is_in_use() && start.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(2));
        }
    }
}
