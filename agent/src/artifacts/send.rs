//! Bringing a shipment to S3: what has not arrived, several files at a time.

use std::path::{Path, PathBuf};

use futures_util::stream::{StreamExt as _, iter};
use objects::{Bucket, Cause, Encryption, ObjectError, PutOptions, Settings};

use super::shipment::{Piece, Sealing, Sent, Shipment};
use crate::aws;

/// How many files are on their way at a time. Large ones go in parts, several of each.
const AT_A_TIME: usize = 4;

/// Why not all of it has arrived. What has is remembered.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// S3 does not take it, or there is nothing to ask it with.
    #[error("{0}")]
    Object(#[from] ObjectError),
    /// The directory of the shipment cannot be read or written.
    #[error("`{}`: {source}", path.display())]
    Disk {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl SendError {
    /// Returns the next step.
    pub fn help(&self) -> String {
        match self {
            Self::Object(error) => error.help(),
            Self::Disk { .. } => "see that the disk is there and has room (`df -h`)".to_owned(),
        }
    }

    /// Returns whether the caller can mend it: names, permissions, credentials.
    pub fn is_callers(&self) -> bool {
        let Self::Object(error) = self else {
            return false;
        };
        match &error.cause {
            Cause::Refused(refusal) => refusal.status < 500,
            Cause::NoCredentials(_) => true,
            _ => false,
        }
    }
}

/// Sends what of the shipment in `directory` has not arrived; returns how many objects it is in all.
///
/// May be called again after an error, also by another process: files that arrived are not sent again, nor the parts of a
/// large one.
pub async fn send(directory: &Path, shipment: &Shipment) -> Result<usize, SendError> {
    let disk = |source| SendError::Disk {
        path: directory.to_owned(),
        source,
    };
    let pieces = shipment.pieces(directory).map_err(disk)?;
    let mut sent = Sent::open(directory).map_err(disk)?;
    let client = aws::s3(&shipment.region).await;
    let bucket = Bucket::new(&client, &shipment.bucket, Settings::default());
    let missing: Vec<(usize, &Piece)> = pieces
        .iter()
        .enumerate()
        .filter(|(_, piece)| !sent.has(&piece.key))
        .collect();
    let put = |(number, piece)| put(&bucket, shipment, directory, number, piece);
    let mut arriving = iter(missing).map(put).buffer_unordered(AT_A_TIME);
    while let Some(arrived) = arriving.next().await {
        sent.add(arrived?).map_err(disk)?;
    }
    Ok(pieces.len())
}

async fn put<'a>(
    bucket: &Bucket,
    shipment: &Shipment,
    directory: &Path,
    number: usize,
    piece: &'a Piece,
) -> Result<&'a str, ObjectError> {
    let guessed = mime_guess::from_path(&piece.path).first_raw();
    let content_type = Some("application/zip").filter(|_| shipment.zip);
    let options = PutOptions {
        content_type: content_type.or(guessed).map(str::to_owned),
        metadata: shipment.metadata.clone(),
        encryption: match &shipment.encryption {
            Sealing::OfBucket => Encryption::Default,
            Sealing::Kms(key) => Encryption::Kms(key.clone()),
        },
        record: Some(directory.join(format!("record-{number}"))),
        ..PutOptions::default()
    };
    bucket
        .put_file(&piece.key, &piece.path, &options, &|_bytes| {})
        .await?;
    Ok(&piece.key)
}
