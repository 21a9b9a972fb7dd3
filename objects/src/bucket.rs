//! A bucket, and the requests about objects that move no content.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::StalledStreamProtectionConfig;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::types::ChecksumMode;

use crate::digest::Sha256Digest;
use crate::error::{Cause, ObjectError};

/// How much is sent and held at a time, and how long is waited.
#[derive(Debug, Clone)]
pub struct Settings {
    /// A larger file goes in parts of this many bytes, at least 5 MiB, which is the least that S3 takes.
    pub part_size: u64,
    /// How many parts or ranges are on their way at a time. With one more in hand, they are what memory is needed for.
    pub parallel: usize,
    /// How often a request is made at most.
    pub attempts: u32,
    /// How long one attempt at a request may take, and how long a stream may stand still.
    pub patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            part_size: 8 << 20,
            parallel: 4,
            attempts: 6,
            patience: Duration::from_secs(90),
        }
    }
}

/// A bucket at an S3 API. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bucket {
    pub(crate) client: Client,
    pub(crate) name: String,
    pub(crate) settings: Settings,
}

/// What is known of an object without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its length in bytes.
    pub size: u64,
    /// The name of this very content, for conditions.
    pub etag: String,
    /// The SHA-256 that it was put with, where it was put in one piece and S3 kept it.
    pub sha256: Option<Sha256Digest>,
    /// The SHA-256 over the digests of its parts and their number, where it was put in parts and S3 kept it.
    pub composite: Option<(Sha256Digest, usize)>,
}

/// An object of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Its length in bytes.
    pub size: u64,
    /// When it was last written, in seconds since 1970.
    pub modified: i64,
}

impl Bucket {
    /// Returns the bucket `name`, asked through `client` with its credentials, region and endpoint. Nothing is sent yet.
    pub fn new(client: &Client, name: &str, settings: Settings) -> Self {
        let patience = settings.patience;
        let retry = RetryConfig::standard()
            .with_max_attempts(settings.attempts)
            .with_initial_backoff(Duration::from_millis(200))
            .with_max_backoff(Duration::from_secs(8));
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(patience.min(Duration::from_secs(5)))
            .operation_attempt_timeout(patience);
        let stalls = StalledStreamProtectionConfig::enabled().grace_period(patience);
        let config = client.config().to_builder();
        let config = config
            .retry_config(retry)
            .timeout_config(timeouts.build())
            .stalled_stream_protection(stalls.build());
        Self {
            client: Client::from_conf(config.build()),
            name: name.to_owned(),
            settings,
        }
    }

    /// Returns the bucket's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns `s3://bucket/key`.
    pub fn place(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }

    /// Asks for an object's size and checksums; `None` when there is no such object.
    pub async fn head(&self, key: &str) -> Result<Option<Head>, ObjectError> {
        let request = self.client.head_object().bucket(&self.name).key(key);
        let answer = request.checksum_mode(ChecksumMode::Enabled).send().await;
        let answer = match answer.map_err(|error| self.error(key, &error)) {
            Err(error) if error.is_absent() => return Ok(None),
            answer => answer?,
        };
        let checksum = answer.checksum_sha256();
        Ok(Some(Head {
            size: length(answer.content_length())
                .ok_or_else(|| self.odd(key, "the answer has no length"))?,
            etag: answer.e_tag().unwrap_or_default().to_owned(),
            sha256: checksum.and_then(Sha256Digest::from_base64),
            composite: checksum.and_then(composite),
        }))
    }

    /// Deletes an object; one that is not there is well deleted.
    pub async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        let request = self.client.delete_object().bucket(&self.name).key(key);
        let answer = request
            .send()
            .await
            .map_err(|error| self.error(key, &error));
        match answer {
            Err(error) if !error.is_absent() => Err(error),
            _ => Ok(()),
        }
    }

    /// Copies an object of at most 5 GB within the bucket, at the server; `false` when there is no such object.
    pub async fn copy(&self, from: &str, to: &str) -> Result<bool, ObjectError> {
        let request = self.client.copy_object().bucket(&self.name).key(to);
        let request = request.copy_source(format!("{}/{}", self.name, escape(from)));
        let answer = request.send().await;
        match answer.map_err(|error| self.error(from, &error)) {
            Err(error) if error.is_absent() => Ok(false),
            answer => answer.map(|_| true),
        }
    }

    /// Lists the objects whose keys begin with `prefix`, in the order of their keys, at most `most` of them.
    pub async fn list(&self, prefix: &str, most: usize) -> Result<Vec<Listed>, ObjectError> {
        let request = self.client.list_objects_v2().bucket(&self.name);
        let mut pages = request.prefix(prefix).into_paginator().send();
        let mut listed = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.error(prefix, &error))?;
            for object in page.contents() {
                if listed.len() == most {
                    return Ok(listed);
                }
                listed.push(Listed {
                    key: object.key().unwrap_or_default().to_owned(),
                    size: length(object.size()).unwrap_or_default(),
                    modified: object
                        .last_modified()
                        .map_or(0, aws_sdk_s3::primitives::DateTime::secs),
                });
            }
        }
        Ok(listed)
    }

    /// Reads the SDK's error about `key`.
    pub(crate) fn error<E>(&self, key: &str, error: &aws_sdk_s3::error::SdkError<E>) -> ObjectError
    where
        E: aws_sdk_s3::error::ProvideErrorMetadata + std::error::Error + 'static,
    {
        ObjectError::of_sdk(&self.place(key), error)
    }

    /// Returns the error of an answer that no S3 API gives.
    pub(crate) fn odd(&self, key: &str, what: &str) -> ObjectError {
        ObjectError::new(&self.place(key), Cause::Damaged(what.to_owned()))
    }
}

/// Reads a length, which is never negative.
pub(crate) fn length(given: Option<i64>) -> Option<u64> {
    given.and_then(|length| u64::try_from(length).ok())
}

/// Reads `<base64>-<parts>`.
fn composite(text: &str) -> Option<(Sha256Digest, usize)> {
    let (digest, parts) = text.rsplit_once('-')?;
    Some((Sha256Digest::from_base64(digest)?, parts.parse().ok()?))
}

/// A copy's source is an address, in which all but plain letters are escaped.
fn escape(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    key.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_of_parts_is_told_from_that_of_a_whole() {
        let digest = Sha256Digest::of(b"x");
        let text = digest.to_base64();
        assert_eq!(composite(&format!("{text}-3")), Some((digest, 3)));
        assert_eq!(composite(&text), None);
        assert_eq!(composite("-3"), None);
    }

    #[test]
    fn source_of_a_copy_is_escaped() {
        assert_eq!(escape("a b/ü+%"), "a%20b/%C3%BC%2B%25");
    }
}
