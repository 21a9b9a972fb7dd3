//! The events on disk.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use nix::fcntl::{FallocateFlags, fallocate};

use super::JournalError;
use crate::model::BuildEvent;

/// The events of most builds, without their output, in bytes.
const ROOM: i64 = 32 * 1024;

/// Appends events to a file, one JSON object a line, each line in one write.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: File,
}

impl EventFile {
    /// Opens the file for appending.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let file = File::options().create(true).append(true).open(path);
        let file = file.map_err(JournalError::new("open", path))?;
        // A build that fills the disk must still be able to say how it ended. Not every file system keeps room.
        let _kept = fallocate(&file, FallocateFlags::FALLOC_FL_KEEP_SIZE, 0, ROOM);
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Appends one event.
    pub fn append(&mut self, event: &BuildEvent) -> Result<(), JournalError> {
        let line = serde_json::to_string(event).map_err(std::io::Error::from);
        line.and_then(|line| self.file.write_all(format!("{line}\n").as_bytes()))
            .map_err(JournalError::new("append to", &self.path))
    }
}
