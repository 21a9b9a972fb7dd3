//! Putting bytes and files.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use aws_sdk_s3::types::ServerSideEncryption;
use bytes::Bytes;

use crate::bucket::Bucket;
use crate::digest::Sha256Digest;
use crate::error::ObjectError;
use crate::source::Source;

/// How an object is made.
#[derive(Debug, Clone, Default)]
pub struct PutOptions {
    /// `Content-Type`; S3's own default where there is none.
    pub content_type: Option<String>,
    /// `x-amz-meta-…`, without that beginning; keys in lower case, as S3 gives them back.
    pub metadata: BTreeMap<String, String>,
    /// How S3 keeps it.
    pub encryption: Encryption,
    /// When it is made at all.
    pub condition: Condition,
    /// Where a file's upload in parts is remembered, so that a later call takes it up again (see [`Bucket::put_file`]).
    pub record: Option<PathBuf>,
}

/// How S3 encrypts an object. The bucket's default is always in force beneath.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Encryption {
    /// As the bucket says.
    #[default]
    Default,
    /// With S3's own keys: `AES256`.
    Aes256,
    /// With a key of KMS: its id, alias or ARN; `None` is the account's `aws/s3`.
    Kms(Option<String>),
}

/// When an object is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Condition {
    /// In any case: what is there is replaced.
    #[default]
    Always,
    /// If there is none of this key: `If-None-Match: *`.
    New,
    /// If the one there has this `ETag`: `If-Match`.
    Replaces(String),
}

/// What became of a put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// The object is there, with this content.
    Created(Stored),
    /// The condition did not hold, and nothing was changed. An earlier attempt of the same put may have made what is there: S3's
    /// answer may have been lost.
    Exists,
}

/// An object that was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its length in bytes.
    pub size: u64,
    /// The name of this very content, for conditions.
    pub etag: String,
    /// The SHA-256 of all of it.
    pub sha256: Sha256Digest,
}

impl Encryption {
    /// Returns the values of `x-amz-server-side-encryption` and of the key's id.
    pub(crate) fn headers(&self) -> (Option<ServerSideEncryption>, Option<String>) {
        match self {
            Self::Default => (None, None),
            Self::Aes256 => (Some(ServerSideEncryption::Aes256), None),
            Self::Kms(key) => (Some(ServerSideEncryption::AwsKms), key.clone()),
        }
    }
}

impl Condition {
    pub(crate) fn if_none_match(&self) -> Option<String> {
        (*self == Self::New).then(|| "*".to_owned())
    }

    pub(crate) fn if_match(&self) -> Option<String> {
        match self {
            Self::Replaces(etag) => Some(etag.clone()),
            Self::Always | Self::New => None,
        }
    }
}

/// How often a conditional put is repeated when somebody else's was under way, and nothing was decided.
const CONFLICTS: usize = 5;

impl Bucket {
    /// Puts bytes, in one piece.
    pub async fn put(
        &self,
        key: &str,
        bytes: Bytes,
        options: &PutOptions,
    ) -> Result<Put, ObjectError> {
        let sha256 = Sha256Digest::of(&bytes);
        let mut conflicts = 0;
        loop {
            let put = self.put_once(key, bytes.clone(), sha256, options).await;
            match put {
                Err(error) if error.is_precondition() => return Ok(Put::Exists),
                // An object that is to be replaced may be gone by now.
                Err(error) if options.condition.if_match().is_some() && error.is_absent() => {
                    return Ok(Put::Exists);
                }
                Err(error) if error.is_conflict() && conflicts < CONFLICTS => conflicts += 1,
                put => return put.map(Put::Created),
            }
        }
    }

    async fn put_once(
        &self,
        key: &str,
        bytes: Bytes,
        sha256: Sha256Digest,
        options: &PutOptions,
    ) -> Result<Stored, ObjectError> {
        let size = bytes.len() as u64;
        let (encryption, kms_key) = options.encryption.headers();
        let request = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(key)
            .body(bytes.into())
            .checksum_sha256(sha256.to_base64())
            .set_content_type(options.content_type.clone())
            .set_metadata(metadata(options))
            .set_server_side_encryption(encryption)
            .set_ssekms_key_id(kms_key)
            .set_if_none_match(options.condition.if_none_match())
            .set_if_match(options.condition.if_match());
        // The checksum is signed, and the content is what it says: signing that too would hash it twice.
        let request = request.customize().disable_payload_signing();
        let answer = request.send().await;
        let answer = answer.map_err(|error| self.error(key, &error))?;
        let etag = answer.e_tag().unwrap_or_default().to_owned();
        Ok(Stored { size, etag, sha256 })
    }

    /// Puts a file: in one piece up to [`Settings::part_size`](crate::Settings::part_size), else in parts at a time.
    ///
    /// With [`PutOptions::record`], an upload that breaks off stays at S3, and the record says how far it came: the next call
    /// with the same record and the same file asks S3 which parts are there, compares them with the file, and sends
    /// the rest. The record is gone when the object is there. Without a record, what came is taken back from S3.
    /// `progress` is told the bytes that are at S3, each time that more are.
    pub async fn put_file(
        &self,
        key: &str,
        path: &Path,
        options: &PutOptions,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Put, ObjectError> {
        let source = Source::open(path)
            .map_err(|error| ObjectError::file(&self.place(key), path, &error))?;
        if source.size > self.settings.part_size {
            return self.put_parts(key, &source, options, progress).await;
        }
        let bytes = source.read(0, source.size).await;
        let same = bytes.and_then(|bytes| source.unchanged().map(|()| bytes));
        let bytes = same.map_err(|error| ObjectError::file(&self.place(key), path, &error))?;
        if let Some(record) = &options.record {
            // It may be of a larger file that was here before.
            self.abandon(record).await?;
        }
        let put = self.put(key, bytes, options).await?;
        progress(source.size);
        Ok(put)
    }
}

pub(crate) fn metadata(options: &PutOptions) -> Option<HashMap<String, String>> {
    let pairs = options.metadata.iter();
    (!options.metadata.is_empty()).then(|| pairs.map(|(k, v)| (k.clone(), v.clone())).collect())
}
