//! Files that somebody else appends to: the driver's journal and the log.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

/// Reads a growing file from where it last stopped.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    file: Option<File>,
}

impl Tail {
    /// The file may not exist yet.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    /// Appends up to `limit` new bytes to `buffer`; returns how many.
    pub(super) fn read(&mut self, buffer: &mut Vec<u8>, limit: usize) -> io::Result<usize> {
        if self.file.is_none() {
            match File::open(&self.path) {
                Ok(file) => self.file = Some(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
                Err(error) => return Err(error),
            }
        }
        match &self.file {
            Some(file) => file.take(limit as u64).read_to_end(buffer),
            None => Ok(0),
        }
    }
}

/// Wakes when files in a directory change.
#[derive(Debug)]
pub(super) struct Watch {
    changed: Arc<Notify>,
    /// Dropping it ends the notices.
    _watcher: RecommendedWatcher,
}

/// Where writes come from another kernel (an engine in a virtual machine), no notice of them arrives: look this often.
const LOOK_ANYWAY: Duration = Duration::from_millis(500);

impl Watch {
    pub(super) fn new(directory: &Path) -> Result<Self, notify::Error> {
        let changed = Arc::new(Notify::new());
        let heard = Arc::clone(&changed);
        // What changed does not matter, nor does a lost notice: whoever waits looks at the files.
        let mut watcher = notify::recommended_watcher(move |_event| heard.notify_one())?;
        watcher.watch(directory, RecursiveMode::NonRecursive)?;
        Ok(Self {
            changed,
            _watcher: watcher,
        })
    }

    /// Waits for a change since the last call.
    pub(super) async fn changed(&self) {
        let _timed_out = tokio::time::timeout(LOOK_ANYWAY, self.changed.notified()).await;
    }
}
