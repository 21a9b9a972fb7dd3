//! Packs on their way into a file: several at a time, each compared with its name.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use tokio::task::spawn_blocking;

use super::RemoteStore;
use super::damage::Trouble;
use super::pack::{Pack, Table};
use crate::error::CacheError;
use crate::hash::ContentHash;
use crate::key::Namespace;
use crate::local::{LocalStore, digest_of};

/// How many packs come at a time, and how many ranges of each: with the size of a range, what memory is needed for.
const PACKS: usize = 4;
const RANGES: usize = 2;
const RANGE: u64 = 8 << 20;

/// Where a pack is in the local store.
type Known = HashMap<ContentHash, (PathBuf, u64)>;

impl RemoteStore {
    /// Brings the packs into `file`, one behind the other from `start` on. What images of the local store have is copied
    /// from there. Returns how many bytes came over the network.
    pub(super) async fn bring(
        &self,
        namespace: &Namespace,
        packs: &[Pack],
        file: &Arc<File>,
        start: u64,
        local: &LocalStore,
    ) -> Result<u64, Trouble> {
        let pieces = local.pieces(namespace).into_iter();
        let known: Known = pieces
            .map(|(image, piece)| (piece.digest, (image, piece.start)))
            .collect();
        let mut end = start;
        let placed = packs.iter().map(|pack| {
            let at = end;
            end += pack.size();
            (pack, at)
        });
        let placed: Vec<_> = placed.collect();
        let brought = placed.into_iter().map(|(pack, at)| {
            let known = known.get(&pack.name).cloned();
            Box::pin(async move {
                if let Some((image, from)) = known
                    && copy(image, from, file, at, pack).await
                {
                    return Ok(0);
                }
                self.download(namespace, pack, file, at).await
            })
        });
        let moved = iter(brought).buffer_unordered(PACKS);
        moved.try_fold(0, async |sum, moved| Ok(sum + moved)).await
    }

    async fn download(
        &self,
        namespace: &Namespace,
        pack: &Pack,
        file: &Arc<File>,
        at: u64,
    ) -> Result<u64, Trouble> {
        let object = self.layout.pack(namespace, pack.name);
        let size = pack.size();
        let ranges = (0..size.div_ceil(RANGE)).map(|n| n * RANGE..((n + 1) * RANGE).min(size));
        let pieces = ranges.map(|range| {
            let object = &object;
            async move {
                let offset = range.start;
                let fetched = self.bucket.get_range(object, range, None).await;
                let fetched = fetched.map_err(|error| Trouble::of(object, error))?;
                let gone = || {
                    Trouble::Gone(format!(
                        "`{}` is not there any more",
                        self.bucket.place(object)
                    ))
                };
                Ok::<_, Trouble>((offset, fetched.ok_or_else(gone)?.bytes))
            }
        });
        // In order, because the digest needs them so.
        let mut pieces = Box::pin(iter(pieces).buffered(RANGES));
        let mut hasher = blake3::Hasher::new();
        while let Some((offset, bytes)) = pieces.try_next().await? {
            hasher = write(hasher, bytes, file, at + offset).await?;
        }
        if ContentHash::from(hasher.finalize()) != pack.name {
            return Err(Trouble::altered(
                &object,
                "its content is not what its name says",
            ));
        }
        Ok(size)
    }

    /// Fetches the table of a pack alone; `None` when it cannot be had.
    pub(super) async fn table(&self, namespace: &Namespace, pack: &Pack) -> Option<Table> {
        let object = self.layout.pack(namespace, pack.name);
        let range = pack.data..pack.size();
        let fetched = self.bucket.get_range(&object, range, None).await;
        let bytes = fetched.ok()??.bytes;
        let (digest, data) = (pack.table_digest, pack.data);
        let read = spawn_blocking(move || {
            let same = ContentHash::from(blake3::hash(&bytes)) == digest;
            same.then(|| Table::read(&bytes, data).ok()).flatten()
        });
        read.await.ok()?
    }
}

/// Hashes bytes and writes them to their place, away from the threads that serve the network.
async fn write(
    mut hasher: blake3::Hasher,
    bytes: Bytes,
    file: &Arc<File>,
    at: u64,
) -> Result<blake3::Hasher, Trouble> {
    let file = Arc::clone(file);
    let written = spawn_blocking(move || {
        hasher.update(&bytes);
        file.write_all_at(&bytes, at).map(|()| hasher)
    });
    let written = written.await.map_err(io::Error::other).flatten();
    written.map_err(|error| CacheError::pack("an image")(error).into())
}

/// Copies a pack from an image of the local store; `false` when it is not what it was.
async fn copy(image: PathBuf, from: u64, file: &Arc<File>, at: u64, pack: &Pack) -> bool {
    let (file, size, name) = (Arc::clone(file), pack.size(), pack.name);
    let copied = spawn_blocking(move || -> io::Result<bool> {
        let source = File::open(image)?;
        let mut buffer = vec![0; 1 << 20];
        let mut done = 0;
        while done < size {
            let most = usize::try_from(size - done)
                .unwrap_or(usize::MAX)
                .min(buffer.len());
            let piece = buffer.get_mut(..most).unwrap_or_default();
            source.read_exact_at(piece, from + done)?;
            file.write_all_at(piece, at + done)?;
            done += most as u64;
        }
        Ok(digest_of(&file, at, size)? == name)
    });
    matches!(copied.await, Ok(Ok(true)))
}
