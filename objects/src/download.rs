//! A large object to a file, by ranges at a time.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;

use crate::bucket::{Bucket, Head, length};
use crate::digest::Sha256Digest;
use crate::error::{Cause, ObjectError};

/// A file that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// Its length in bytes.
    pub size: u64,
    /// The name of the content, for conditions.
    pub etag: String,
    /// The SHA-256 of all of it.
    pub sha256: Sha256Digest,
    /// What it was compared with.
    pub checked: Checked,
}

/// What a fetched file was compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// The SHA-256 that it was put with.
    Sha256,
    /// The length alone: S3 has no SHA-256 of it.
    Length,
}

impl Bucket {
    /// Fetches an object of at most `limit` bytes to the file `path`, which appears, or is replaced, when all of it is there
    /// and checked; `None` when there is no such object. An object that is replaced meanwhile is an error.
    /// `progress` is told the bytes that have come, each time that more have.
    pub async fn get_file(
        &self,
        key: &str,
        path: &Path,
        limit: u64,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Option<Downloaded>, ObjectError> {
        let Some(head) = self.head(key).await? else {
            return Ok(None);
        };
        if head.size > limit {
            return Err(ObjectError::new(
                &self.place(key),
                Cause::TooLarge { limit },
            ));
        }
        let local = |error: std::io::Error| ObjectError::file(&self.place(key), path, &error);
        let directory = path.parent().unwrap_or(Path::new("."));
        let file = NamedTempFile::new_in(directory).map_err(local)?;
        let part = self.part_of(key, &head).await?;
        self.get_ranges(key, &head, file.as_file(), path, progress)
            .await?;

        let read = file.reopen().map_err(local)?;
        let hashed = spawn_blocking(move || hash(read, part)).await;
        let (sha256, parts) = hashed
            .map_err(std::io::Error::other)
            .flatten()
            .map_err(local)?;
        let checked = match (head.sha256, head.composite) {
            (Some(whole), _) if whole == sha256 => Checked::Sha256,
            (None, Some(composite)) if composite == parts => Checked::Sha256,
            (None, None) => Checked::Length,
            _ => return Err(self.odd(key, "its content is not what its checksum says")),
        };
        file.persist(path).map_err(|error| local(error.error))?;
        Ok(Some(Downloaded {
            size: head.size,
            etag: head.etag,
            sha256,
            checked,
        }))
    }

    /// Returns the size of the parts that an object was put in; of one part when it was not.
    async fn part_of(&self, key: &str, head: &Head) -> Result<u64, ObjectError> {
        if head.composite.is_none() {
            return Ok(head.size.max(1));
        }
        let request = self.client.head_object().bucket(&self.name).key(key);
        let request = request.part_number(1).if_match(&head.etag);
        let answer = request
            .send()
            .await
            .map_err(|error| self.error(key, &error))?;
        Ok(length(answer.content_length()).unwrap_or(head.size).max(1))
    }

    async fn get_ranges(
        &self,
        key: &str,
        head: &Head,
        file: &File,
        path: &Path,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<(), ObjectError> {
        let local = |error: std::io::Error| ObjectError::file(&self.place(key), path, &error);
        let file = Arc::new(file.try_clone().map_err(local)?);
        let size = self.settings.part_size.max(1);
        let ranges = (0..head.size.div_ceil(size))
            .map(|number| number * size..((number + 1) * size).min(head.size));
        let fetches = ranges.map(|range| {
            let file = Arc::clone(&file);
            Box::pin(async move {
                let offset = range.start;
                let fetched = self.get_range(key, range, Some(&head.etag)).await?;
                let bytes = fetched
                    .ok_or_else(|| self.odd(key, "it was deleted meanwhile"))?
                    .bytes;
                let length = bytes.len() as u64;
                let written = spawn_blocking(move || file.write_all_at(&bytes, offset)).await;
                written
                    .map_err(std::io::Error::other)
                    .flatten()
                    .map_err(local)?;
                Ok::<_, ObjectError>(length)
            })
        });
        let mut fetches = iter(fetches).buffer_unordered(self.settings.parallel);
        let mut come = 0;
        while let Some(length) = fetches.try_next().await? {
            come += length;
            progress(come);
        }
        Ok(())
    }
}

/// Returns the digest of a file, and that over the digests of its parts of `part` bytes.
fn hash(mut file: File, part: u64) -> std::io::Result<(Sha256Digest, (Sha256Digest, usize))> {
    let (mut whole, mut digests, mut parts) = (Sha256::new(), Sha256::new(), 0);
    let mut buffer = vec![0; 256 << 10];
    loop {
        let (mut hasher, mut left) = (Sha256::new(), part);
        while left > 0 {
            let most = buffer
                .len()
                .min(usize::try_from(left).unwrap_or(usize::MAX));
            let length = file.read(&mut buffer[..most])?;
            if length == 0 {
                break;
            }
            hasher.update(&buffer[..length]);
            whole.update(&buffer[..length]);
            left -= length as u64;
        }
        if left == part {
            break;
        }
        digests.update(hasher.finalize());
        parts += 1;
    }
    Ok((
        Sha256Digest::end(whole),
        (Sha256Digest::end(digests), parts),
    ))
}
