//! A file in parts: sent several at a time, taken up again where an earlier process left off, or taken back.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use futures_util::stream::{StreamExt as _, TryStreamExt as _, unfold};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;

use crate::bucket::{Bucket, length};
use crate::digest::Sha256Digest;
use crate::error::ObjectError;
use crate::put::{Put, PutOptions, Stored, metadata};
use crate::record::{Part, Record, Upload};
use crate::source::Source;

/// S3 takes no more parts, and none smaller but the last.
const MOST_PARTS: u64 = 10_000;
const LEAST_PART: u64 = 5 << 20;

/// Parts of an upload that S3 has already, by number.
type Known = HashMap<i32, Part>;

/// A part of the file, read and hashed.
struct Piece {
    number: i32,
    bytes: Bytes,
    sha256: Sha256Digest,
}

/// What became of an upload's end.
enum Completed {
    /// The object is there, with this `ETag`.
    Created(String),
    /// The condition did not hold.
    Exists,
}

impl Bucket {
    /// Puts a file in parts; see [`Bucket::put_file`].
    pub(crate) async fn put_parts(
        &self,
        key: &str,
        source: &Source,
        options: &PutOptions,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Put, ObjectError> {
        let (upload, known) = self.begin(key, source, options).await?;
        let record = options.record.as_deref();
        let mut guard = Guard {
            client: &self.client,
            upload: &upload,
            armed: record.is_none(),
        };
        let put = self.send_and_complete(&upload, &known, source, options, progress);
        let put = Box::pin(put).await;
        let over = matches!(put, Ok(Put::Exists)) || (put.is_err() && record.is_none());
        guard.armed = false;
        if over {
            let aborted = self.abort(&upload).await;
            // The failure that led here says more than one of tidying up; what stays, S3's lifecycle rule removes.
            if put.is_ok() {
                aborted?;
            }
        }
        if let (Some(record), Ok(_)) = (record, &put) {
            Record::remove(record)
                .map_err(|error| ObjectError::file(&self.place(key), record, &error))?;
        }
        put
    }

    /// Takes back from S3 what an upload that will not go on left there, and removes its record.
    pub async fn abandon(&self, record: &Path) -> Result<(), ObjectError> {
        let local = |error: io::Error| ObjectError::file(&self.place(""), record, &error);
        if let Some((upload, _)) = Record::read(record).map_err(local)?
            && upload.bucket == self.name
        {
            self.abort(&upload).await?;
        }
        Record::remove(record).map_err(local)
    }

    /// Takes up the recorded upload, if it is of this very file and S3 knows it, or begins another one.
    async fn begin(
        &self,
        key: &str,
        source: &Source,
        options: &PutOptions,
    ) -> Result<(Upload, Known), ObjectError> {
        let mut upload = Upload {
            bucket: self.name.clone(),
            key: key.to_owned(),
            id: String::new(),
            size: source.size,
            modified: source.modified,
            part_size: self
                .settings
                .part_size
                .max(LEAST_PART)
                .max(source.size.div_ceil(MOST_PARTS)),
            options: format!(
                "{:?}",
                (
                    &options.content_type,
                    &options.metadata,
                    &options.encryption
                )
            ),
        };
        if let Some(path) = &options.record {
            let read = Record::read(path);
            let read = read.map_err(|error| ObjectError::file(&self.place(key), path, &error))?;
            if let Some((earlier, parts)) = read {
                upload.id.clone_from(&earlier.id);
                if earlier != upload {
                    self.abandon(path).await?;
                } else if let Some(known) = self.listed(&upload, parts).await? {
                    return Ok((upload, known));
                }
            }
        }
        upload.id = self.create(&upload, options).await?;
        Ok((upload, Known::new()))
    }

    async fn create(&self, upload: &Upload, options: &PutOptions) -> Result<String, ObjectError> {
        let (encryption, kms_key) = options.encryption.headers();
        let request = self
            .client
            .create_multipart_upload()
            .bucket(&self.name)
            .key(&upload.key)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .set_content_type(options.content_type.clone())
            .set_metadata(metadata(options))
            .set_server_side_encryption(encryption)
            .set_ssekms_key_id(kms_key);
        let answer = request.send().await;
        let answer = answer.map_err(|error| self.error(&upload.key, &error))?;
        let id = answer.upload_id().map(str::to_owned);
        id.ok_or_else(|| self.odd(&upload.key, "the server gave its upload no id"))
    }

    /// Returns those of the recorded `parts` that S3 has too; `None` when it does not know the upload.
    async fn listed(
        &self,
        upload: &Upload,
        parts: Vec<Part>,
    ) -> Result<Option<Known>, ObjectError> {
        let request = self.client.list_parts().bucket(&self.name);
        let request = request.key(&upload.key).upload_id(&upload.id);
        let mut pages = request.into_paginator().send();
        let mut there = HashMap::new();
        while let Some(page) = pages.next().await {
            let page = match page.map_err(|error| self.error(&upload.key, &error)) {
                Err(error) if error.code() == Some("NoSuchUpload") => return Ok(None),
                page => page?,
            };
            for part in page.parts() {
                let seen = (part.e_tag().map(str::to_owned), length(part.size()));
                there.insert(part.part_number(), seen);
            }
        }
        let is_there = |part: &Part| {
            let size = upload.length_of(part.number);
            there.get(&Some(part.number)) == Some(&(Some(part.etag.clone()), Some(size)))
        };
        let known = parts.into_iter().filter(is_there);
        Ok(Some(known.map(|part| (part.number, part)).collect()))
    }

    async fn send_and_complete(
        &self,
        upload: &Upload,
        known: &Known,
        source: &Source,
        options: &PutOptions,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Put, ObjectError> {
        let local =
            |error: io::Error| ObjectError::file(&self.place(&upload.key), &source.path, &error);
        let recorded = |error: io::Error| {
            let path = options.record.as_deref().unwrap_or(&source.path);
            ObjectError::file(&self.place(&upload.key), path, &error)
        };
        let record = options.record.as_deref();
        let record = record.map(|path| Record::begin(path, upload, known.values()));
        let mut record = record.transpose().map_err(recorded)?;

        // Parts are read one after the other, because the digest of the whole needs them so, and sent side by side.
        let mut whole = Sha256::new();
        let pieces = unfold(1, |number| async move {
            let size = upload.length_of(number);
            (size > 0).then_some(())?;
            let bytes = source.read(upload.offset_of(number), size).await;
            Some((bytes.map(|bytes| (number, bytes)), number + 1))
        });
        let pieces = pieces.map(|read| {
            let (number, bytes) = read.map_err(local)?;
            whole.update(&bytes);
            let sha256 = Sha256Digest::of(&bytes);
            Ok::<_, ObjectError>(Piece {
                number,
                bytes,
                sha256,
            })
        });
        let sending = pieces.map_ok(|piece| Box::pin(self.send_piece(upload, known, piece)));
        let mut sending = Box::pin(sending.try_buffer_unordered(self.settings.parallel));
        let mut parts = Vec::new();
        let mut sent = 0;
        while let Some(part) = sending.try_next().await? {
            if let Some(record) = &mut record
                && !known.contains_key(&part.number)
            {
                record.add(&part).map_err(recorded)?;
            }
            sent += upload.length_of(part.number);
            progress(sent);
            parts.push(part);
        }
        drop(sending);
        source.unchanged().map_err(local)?;

        parts.sort_by_key(|part| part.number);
        Ok(match self.complete(upload, &parts, options).await? {
            Completed::Exists => Put::Exists,
            Completed::Created(etag) => Put::Created(Stored {
                size: upload.size,
                etag,
                sha256: Sha256Digest::end(whole),
            }),
        })
    }

    /// Sends a part, unless S3 has it.
    async fn send_piece(
        &self,
        upload: &Upload,
        known: &Known,
        piece: Piece,
    ) -> Result<Part, ObjectError> {
        let sha256 = piece.sha256.to_base64();
        if let Some(part) = known.get(&piece.number)
            && part.sha256 == sha256
        {
            return Ok(part.clone());
        }
        let request = self
            .client
            .upload_part()
            .bucket(&self.name)
            .key(&upload.key)
            .upload_id(&upload.id)
            .part_number(piece.number)
            .checksum_sha256(&sha256)
            .body(piece.bytes.into());
        // The checksum is signed, and the content is what it says: signing that too would hash it twice.
        let answer = request.customize().disable_payload_signing().send().await;
        let answer = answer.map_err(|error| self.error(&upload.key, &error))?;
        Ok(Part {
            number: piece.number,
            etag: answer.e_tag().unwrap_or_default().to_owned(),
            sha256,
        })
    }

    async fn complete(
        &self,
        upload: &Upload,
        parts: &[Part],
        options: &PutOptions,
    ) -> Result<Completed, ObjectError> {
        let list = parts.iter().map(|part| {
            let list = CompletedPart::builder().part_number(part.number);
            list.e_tag(&part.etag).checksum_sha256(&part.sha256).build()
        });
        let list = CompletedMultipartUpload::builder().set_parts(Some(list.collect()));
        let request = self
            .client
            .complete_multipart_upload()
            .bucket(&self.name)
            .key(&upload.key)
            .upload_id(&upload.id)
            .multipart_upload(list.build())
            .set_if_none_match(options.condition.if_none_match())
            .set_if_match(options.condition.if_match());
        let answer = request.send().await;
        match answer.map_err(|error| self.error(&upload.key, &error)) {
            Ok(answer) => {
                let etag = answer.e_tag().unwrap_or_default();
                Ok(Completed::Created(etag.to_owned()))
            }
            Err(error) if error.is_precondition() => Ok(Completed::Exists),
            // The first answer may have been lost on its way, and the upload be over since.
            Err(error) if error.code() == Some("NoSuchUpload") => {
                let head = self.head(&upload.key).await?;
                let ours = head.filter(|head| head.composite == composite(parts));
                ours.map(|head| Completed::Created(head.etag)).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn abort(&self, upload: &Upload) -> Result<(), ObjectError> {
        let answer = abort(&self.client, upload).send().await;
        match answer.map_err(|error| self.error(&upload.key, &error)) {
            Err(error) if error.code() != Some("NoSuchUpload") => Err(error),
            _ => Ok(()),
        }
    }
}

/// Returns the checksum that S3 makes of those of the parts.
fn composite(parts: &[Part]) -> Option<(Sha256Digest, usize)> {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(Sha256Digest::from_base64(&part.sha256)?.0);
    }
    Some((Sha256Digest::end(hasher), parts.len()))
}

fn abort(
    client: &Client,
    upload: &Upload,
) -> aws_sdk_s3::operation::abort_multipart_upload::builders::AbortMultipartUploadFluentBuilder {
    let request = client.abort_multipart_upload().bucket(&upload.bucket);
    request.key(&upload.key).upload_id(&upload.id)
}

/// Takes an upload back when its caller drops it on the way: parts that nobody will complete cost money.
struct Guard<'a> {
    client: &'a Client,
    upload: &'a Upload,
    armed: bool,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if self.armed {
            let request = abort(self.client, self.upload);
            // Nobody is left to be told; S3's lifecycle rule removes what this cannot.
            drop(runtime.spawn(async move { drop(request.send().await) }));
        }
    }
}
