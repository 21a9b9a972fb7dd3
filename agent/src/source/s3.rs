//! Sources in S3, asked for with the caller's own credentials.

use std::path::{Path, PathBuf};

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::{RequestId as _, RequestIdExt as _};
use aws_sdk_s3::primitives::ByteStream;
use tokio::io::AsyncWriteExt as _;

use super::refusal::Refusal;
use super::{Fetched, Progress, SourceError};
use crate::aws::{self, causes};
use crate::model::{S3Source, SourceVersions};

/// Reads a small object, a buildspec for one; one of more than `limit` bytes is refused.
pub async fn read_object(
    place: &S3Source,
    region: &str,
    limit: u64,
) -> Result<Vec<u8>, SourceError> {
    let client = aws::s3(region).await;
    let request = client.get_object().bucket(&place.bucket).key(&place.key);
    let answer = request.send().await.map_err(|error| refused(&error))?;
    let mut body = answer.body;
    let mut content = Vec::new();
    while let Some(piece) = body.next().await {
        content.extend_from_slice(&piece.map_err(|error| interrupted(&error))?);
        if content.len() as u64 > limit {
            return Err(SourceError::Refused(Refusal::new(
                format!("`{place}` is larger than {limit} bytes"),
                "name another object",
            )));
        }
    }
    Ok(content)
}

/// Downloads an object, which is an archive, to the new file `file`.
pub async fn download_object(
    place: &S3Source,
    region: &str,
    file: &Path,
    progress: Progress<'_>,
) -> Result<Fetched, SourceError> {
    let client = aws::s3(region).await;
    let request = client.get_object().bucket(&place.bucket).key(&place.key);
    let request = request.set_version_id(place.version.clone());
    let answer = request.send().await.map_err(|error| refused(&error))?;
    let size = answer
        .content_length()
        .and_then(|size| u64::try_from(size).ok());
    write(answer.body, file, ARCHIVE_LIMIT, &mut |done| {
        progress(match size {
            Some(size) => format!("{} of {}", megabytes(done), megabytes(size)),
            None => megabytes(done),
        });
    })
    .await?;
    Ok(fetched(place))
}

/// Downloads a folder into the empty directory `target`.
pub async fn download_folder(
    place: &S3Source,
    region: &str,
    target: &Path,
    progress: Progress<'_>,
) -> Result<Fetched, SourceError> {
    let client = aws::s3(region).await;
    let listing = client
        .list_objects_v2()
        .bucket(&place.bucket)
        .prefix(&place.key);
    let mut pages = listing.into_paginator().send();
    let (mut objects, mut bytes) = (0_usize, 0_u64);
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| refused(&error))?;
        for object in page.contents() {
            let key = object.key().unwrap_or_default();
            let below = key.strip_prefix(&place.key).unwrap_or(key);
            objects += 1;
            if objects > MOST_OBJECTS {
                return Err(unusable(&format!(
                    "{place} has more than {MOST_OBJECTS} objects"
                )));
            }
            let path = file_of(below)
                .ok_or_else(|| unusable(&format!("`{key}` would lie outside of the source")))?;
            // A folder's own object is empty.
            if below.is_empty() || below.ends_with('/') {
                continue;
            }
            let file = target.join(path);
            let made = file.parent().map(std::fs::create_dir_all).transpose();
            made.map_err(|error| machine(&file, &error))?;
            let request = client.get_object().bucket(&place.bucket).key(key);
            let answer = request.send().await.map_err(|error| refused(&error))?;
            let left = ARCHIVE_LIMIT.saturating_sub(bytes);
            bytes += write(answer.body, &file, left, &mut |_| {}).await?;
            progress(format!("{objects} objects, {}", megabytes(bytes)));
        }
    }
    if objects == 0 {
        return Err(SourceError::Refused(Refusal::new(
            format!("NoSuchKey: there is nothing in {place}"),
            "correct bucket and folder: `aws s3 ls` lists what is there",
        )));
    }
    Ok(fetched(place))
}

/// A pipeline's archive has at most 7 GB (reference §14).
const ARCHIVE_LIMIT: u64 = 16 * 1024 * 1024 * 1024;
/// Fetched one by one, this takes hours.
const MOST_OBJECTS: usize = 500_000;

/// CodeBuild names what S3 gave by its ARN where no version was asked for (reference §3.1); there is no commit.
fn fetched(place: &S3Source) -> Fetched {
    Fetched {
        versions: SourceVersions {
            shown: Some(place.version.clone().unwrap_or_else(|| place.arn())),
            resolved: None,
        },
        warnings: Vec::new(),
    }
}

/// Returns the path of an object below its folder; `None` when it would leave it.
fn file_of(key: &str) -> Option<PathBuf> {
    let parts: Vec<&str> = key.trim_end_matches('/').split('/').collect();
    let plain = |part: &&str| !matches!(*part, "." | "..") && !part.contains('\0');
    let whole = key.is_empty() || parts.iter().all(|part| !part.is_empty() && plain(part));
    whole.then(|| parts.iter().collect())
}

/// Writes a body to a new file and returns its length; a longer one than `limit` is refused.
async fn write(
    mut body: ByteStream,
    file: &Path,
    limit: u64,
    told: &mut (dyn FnMut(u64) + Send),
) -> Result<u64, SourceError> {
    let made = tokio::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .await;
    let mut writer = made.map_err(|error| machine(file, &error))?;
    let mut done = 0;
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| interrupted(&error))?;
        done += piece.len() as u64;
        if done > limit {
            return Err(unusable(&format!(
                "it is larger than {}",
                megabytes(ARCHIVE_LIMIT)
            )));
        }
        writer
            .write_all(&piece)
            .await
            .map_err(|error| machine(file, &error))?;
        told(done);
    }
    writer
        .flush()
        .await
        .map_err(|error| machine(file, &error))?;
    Ok(done)
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}

fn unusable(reason: &str) -> SourceError {
    SourceError::Refused(Refusal::new(
        format!("the source in S3 cannot be taken: {reason}"),
        "name another object or folder, or give the directory itself",
    ))
}

fn machine(path: &Path, error: &std::io::Error) -> SourceError {
    SourceError::Machine {
        what: format!("write `{}`", path.display()),
        reason: error.to_string(),
    }
}

fn interrupted(error: &(dyn std::error::Error + 'static)) -> SourceError {
    SourceError::Refused(Refusal::new(
        format!("the download broke off: {}", causes(error)),
        "try again",
    ))
}

/// Returns what a failure of S3 means, in CodeBuild's form (reference §2.9): code, text, status and ids.
fn refused<E>(error: &SdkError<E>) -> SourceError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let answer = error.raw_response();
    let Some((answer, code)) = answer.zip(error.code()) else {
        return SourceError::Refused(Refusal::new(
            format!("S3 cannot be asked: {}", causes(error)),
            "see that `aws s3 ls` works here: credentials (`aws sso login`, AWS_PROFILE), region and network",
        ));
    };
    let status = answer.status().as_u16();
    let message = error.message().unwrap_or("no reason given");
    let request = error.request_id().unwrap_or("none");
    let host = error.extended_request_id().unwrap_or("none");
    let help = match code {
        "NoSuchKey" | "NoSuchBucket" | "NoSuchVersion" => {
            "correct bucket, key and version: `aws s3 ls` lists what is there"
        }
        "PermanentRedirect" | "AuthorizationHeaderMalformed" => {
            "set AWS_REGION to the region of the bucket"
        }
        _ => "see that your credentials may read it: `aws s3 cp` with the same address",
    };
    SourceError::Refused(Refusal::new(
        format!(
            "{code}: {message}\n\tstatus code: {status}, request id: {request}, host id: {host} "
        ),
        help,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_of_a_folder_stays_in_it_or_is_refused() {
        assert_eq!(file_of("a/b.txt"), Some("a/b.txt".into()));
        assert!(file_of("").is_some() && file_of("a/").is_some());
        for key in ["../a", "a/../b", "/a", "a//b", ".", "a/./b"] {
            assert_eq!(file_of(key), None, "{key}");
        }
    }
}
