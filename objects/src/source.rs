//! A local file that is sent.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::spawn_blocking;

/// A local file that is sent, and that must not change meanwhile.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    file: Arc<File>,
    pub(crate) size: u64,
    /// Nanoseconds since 1970.
    pub(crate) modified: i128,
}

impl Source {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let (size, modified) = stamp(&file)?;
        Ok(Self {
            path: path.to_owned(),
            file: file.into(),
            size,
            modified,
        })
    }

    /// Reads `length` bytes from `offset` on.
    pub(crate) async fn read(&self, offset: u64, length: u64) -> io::Result<Bytes> {
        let file = Arc::clone(&self.file);
        let read = spawn_blocking(move || {
            let too_long = |_| io::Error::from(io::ErrorKind::FileTooLarge);
            let mut bytes = vec![0; usize::try_from(length).map_err(too_long)?];
            file.read_exact_at(&mut bytes, offset)?;
            Ok(Bytes::from(bytes))
        });
        read.await.map_err(io::Error::other)?
    }

    /// Says whether the file is what it was when it was opened.
    pub(crate) fn unchanged(&self) -> io::Result<()> {
        if stamp(&self.file)? == (self.size, self.modified) {
            return Ok(());
        }
        Err(io::Error::other("it changed while it was sent"))
    }
}

fn stamp(file: &File) -> io::Result<(u64, i128)> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let modified = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
    Ok((metadata.len(), modified))
}
