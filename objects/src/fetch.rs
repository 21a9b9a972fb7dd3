//! Bytes of an object, asked for again from where they broke off.

use std::ops::Range;
use std::time::Duration;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use bytes::{Bytes, BytesMut};
use tokio::time::sleep;

use crate::bucket::{Bucket, length};
use crate::digest::Sha256Digest;
use crate::error::{Cause, ObjectError, causes};

/// Bytes that were fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The bytes.
    pub bytes: Bytes,
    /// The name of the content that they are of, for conditions.
    pub etag: String,
}

impl Bucket {
    /// Fetches an object of at most `limit` bytes; `None` when there is no such object.
    ///
    /// What comes is compared with the SHA-256 that the object was put with in one piece, where S3 kept it.
    pub async fn get(&self, key: &str, limit: u64) -> Result<Option<Fetched>, ObjectError> {
        match self.fetch(key, None, None, limit).await {
            Err(error) if error.is_absent() => Ok(None),
            fetched => fetched.map(Some),
        }
    }

    /// Fetches the bytes `range` of an object, exactly these, of the content that `etag` names if given; `None` when there is
    /// no such object. Another content is an error, [`Cause::Damaged`]. Nothing is checked but the length: the caller knows what
    /// the bytes should be.
    pub async fn get_range(
        &self,
        key: &str,
        range: Range<u64>,
        etag: Option<&str>,
    ) -> Result<Option<Fetched>, ObjectError> {
        let limit = range.end.saturating_sub(range.start);
        match self.fetch(key, Some(range), etag, limit).await {
            Err(error) if error.is_absent() => Ok(None),
            fetched => fetched.map(Some),
        }
    }

    async fn fetch(
        &self,
        key: &str,
        range: Option<Range<u64>>,
        etag: Option<&str>,
        limit: u64,
    ) -> Result<Fetched, ObjectError> {
        let (start, wanted) = match &range {
            Some(range) => (range.start, Some(limit)),
            None => (0, None),
        };
        let mut so_far = SoFar {
            etag: etag.map(str::to_owned),
            wanted,
            ..SoFar::default()
        };
        let mut failures = 0;
        loop {
            let broken = match self.ask(key, start, range.as_ref(), &so_far).await {
                Ok(answer) => self.take(key, answer, &mut so_far, limit).await,
                // The SDK has asked often enough for a beginning.
                Err(error) => return Err(error),
            };
            match broken {
                Ok(()) => break,
                Err(error) if !matches!(error.cause, Cause::Unreachable(_)) => return Err(error),
                Err(error) => {
                    failures += 1;
                    if failures == self.settings.attempts {
                        return Err(error);
                    }
                    sleep(pause(failures)).await;
                }
            }
        }
        let SoFar {
            bytes,
            etag,
            sha256,
            ..
        } = so_far;
        if sha256.is_some_and(|sha256| sha256 != Sha256Digest::of(&bytes)) {
            return Err(self.odd(key, "its content is not what its checksum says"));
        }
        Ok(Fetched {
            bytes: bytes.freeze(),
            etag: etag.unwrap_or_default(),
        })
    }

    /// Asks for what is missing of the range.
    async fn ask(
        &self,
        key: &str,
        start: u64,
        range: Option<&Range<u64>>,
        so_far: &SoFar,
    ) -> Result<GetObjectOutput, ObjectError> {
        let from = start + so_far.bytes.len() as u64;
        let wanted = match range {
            Some(range) => Some(format!("bytes={from}-{}", range.end.saturating_sub(1))),
            None => (from > 0).then(|| format!("bytes={from}-")),
        };
        let request = self.client.get_object().bucket(&self.name).key(key);
        let request = match wanted {
            Some(range) => request.range(range),
            // The SDK would check it too, but not over two answers.
            None => request.checksum_mode(aws_sdk_s3::types::ChecksumMode::Enabled),
        };
        let answer = request.set_if_match(so_far.etag.clone()).send().await;
        match answer.map_err(|error| self.error(key, &error)) {
            Err(error) if error.is_precondition() => {
                Err(self.odd(key, "another content is there by now"))
            }
            answer => answer,
        }
    }

    /// Takes what comes, until its end or until it breaks off.
    async fn take(
        &self,
        key: &str,
        mut answer: GetObjectOutput,
        so_far: &mut SoFar,
        limit: u64,
    ) -> Result<(), ObjectError> {
        let too_large = || ObjectError::new(&self.place(key), Cause::TooLarge { limit });
        let more = length(answer.content_length())
            .ok_or_else(|| self.odd(key, "the answer has no length"))?;
        let size = so_far.bytes.len() as u64 + more;
        if size > limit {
            return Err(too_large());
        }
        if *so_far.wanted.get_or_insert(size) != size {
            return Err(self.odd(key, &format!("it has {size} bytes where others were said")));
        }
        if so_far.etag.is_none() {
            so_far.etag = answer.e_tag().map(str::to_owned);
        }
        if so_far.bytes.is_empty() {
            let checksum = answer.checksum_sha256().and_then(Sha256Digest::from_base64);
            so_far.sha256 = checksum.filter(|_| answer.content_range().is_none());
        }
        let mut broken = "the answer ended early".to_owned();
        while let Some(piece) = answer.body.next().await {
            let piece = match piece {
                Ok(piece) => piece,
                Err(error) => {
                    broken = causes(&error);
                    break;
                }
            };
            if (so_far.bytes.len() + piece.len()) as u64 > size {
                return Err(too_large());
            }
            so_far.bytes.extend_from_slice(&piece);
        }
        // The SDK's own check fails behind the last byte; ours says what is wrong.
        if (so_far.bytes.len() as u64) < size {
            let cause = Cause::Unreachable(broken);
            return Err(ObjectError::new(&self.place(key), cause));
        }
        Ok(())
    }
}

/// What has come.
#[derive(Debug, Default)]
struct SoFar {
    bytes: BytesMut,
    etag: Option<String>,
    /// How many bytes there are in all, once that is known.
    wanted: Option<u64>,
    sha256: Option<Sha256Digest>,
}

/// Doubles from 100 ms to 5 s. Many hosts do not break off at one moment, so nothing is random here.
fn pause(failures: u32) -> Duration {
    Duration::from_millis(100 << failures.min(6)).min(Duration::from_secs(5))
}
