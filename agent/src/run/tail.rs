//! Files that somebody else appends to: the driver's journal and the log.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

/// Reads a growing file from where it last stopped. It is opened before the build can replace it, and stays that file.
#[derive(Debug)]
pub(super) struct Tail {
    file: File,
}

impl Tail {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: File::open(path)?,
        })
    }

    /// Appends up to `limit` new bytes to `buffer`; returns how many.
    pub(super) fn read(&mut self, buffer: &mut Vec<u8>, limit: usize) -> io::Result<usize> {
        Read::by_ref(&mut self.file)
            .take(limit as u64)
            .read_to_end(buffer)
    }
}

/// Wakes when files in a directory change.
#[derive(Debug)]
pub(super) struct Watch {
    changed: Arc<Notify>,
    /// Dropping it ends the notices. Without one, where a machine has no notices left to give, we look all the same.
    _watcher: Option<RecommendedWatcher>,
}

/// Where writes come from another kernel (an engine in a virtual machine), no notice of them arrives: look this often.
const LOOK_ANYWAY: Duration = Duration::from_millis(500);

impl Watch {
    pub(super) fn new(directory: &Path) -> Self {
        let changed = Arc::new(Notify::new());
        let heard = Arc::clone(&changed);
        // What changed does not matter, nor does a lost notice: whoever waits looks at the files.
        let watcher = notify::recommended_watcher(move |_event| heard.notify_one());
        let watching = watcher.and_then(|mut watcher| {
            watcher.watch(directory, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        Self {
            changed,
            _watcher: watching.ok(),
        }
    }

    /// Waits for a change since the last call.
    pub(super) async fn changed(&self) {
        let _timed_out = tokio::time::timeout(LOOK_ANYWAY, self.changed.notified()).await;
    }
}
