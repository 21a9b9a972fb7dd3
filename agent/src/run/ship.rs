//! Artifacts on their way to S3.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::collect::client_error;
use super::phase_end::PhaseEnd;
use super::teller::Teller;
use super::upload::Left;
use crate::artifacts::{self, Sealing, Shipment};
use crate::journal;
use crate::model::{ArtifactsDelivered, Encryption, Packaging};
use crate::plan::S3Target;

/// Makes the directory in which an artifact is put together and kept until all of it has arrived.
pub(super) fn place(left: &Left<'_>, identifier: Option<&str>) -> Result<PathBuf, PhaseEnd> {
    let name = match identifier {
        None => "primary".to_owned(),
        Some(identifier) => format!("secondary-{}", identifier.replace('/', "_")),
    };
    let place = left.build.directory.uploads().join(name);
    std::fs::create_dir_all(&place).map_err(|error| {
        PhaseEnd::fault(
            format!("failed to make `{}`: {error}", place.display()),
            "see that the disk has room (`df -h`)",
        )
    })?;
    Ok(place)
}

/// Sends what lies there to S3 and returns its ARN.
pub(super) async fn ship(
    left: &Left<'_>,
    artifact: &ArtifactsDelivered,
    target: S3Target,
    teller: &mut Teller<'_>,
) -> Result<String, PhaseEnd> {
    let build = left.build;
    let place = place(left, artifact.identifier.as_deref())?;
    // Reference §6.3.
    let arn = build.id.arn(&build.request.owner);
    let mut metadata = BTreeMap::from([("codebuild-buildarn".to_owned(), arn)]);
    if let Some(zip) = &artifact.packed {
        metadata.insert("codebuild-content-md5".to_owned(), zip.md5sum.clone());
        metadata.insert("codebuild-content-sha256".to_owned(), zip.sha256sum.clone());
    }
    let shipment = Shipment {
        region: build.request.owner.region.clone(),
        bucket: target.bucket,
        key: target.key,
        zip: target.packaging == Packaging::Zip,
        encryption: match target.encryption {
            Encryption::OfBucket | Encryption::Disabled => Sealing::OfBucket,
            Encryption::Kms(key) => Sealing::Kms(key),
        },
        metadata,
    };
    shipment.write(&place).map_err(|error| {
        PhaseEnd::fault(
            format!("failed to write to `{}`: {error}", place.display()),
            "see that the disk has room (`df -h`)",
        )
    })?;
    artifacts::send(&place, &shipment).await.map_err(|error| {
        // CodeBuild's words (reference §2.9).
        let message = format!("Failed to upload artifacts: {error}");
        let help = format!(
            "{}; then `understudy upload {}` sends what has not arrived: it is kept in `{}`",
            error.help(),
            build.id.uuid,
            place.display()
        );
        if error.is_callers() {
            client_error(message, help)
        } else {
            PhaseEnd::fault(message, help)
        }
    })?;
    if let Err(error) = journal::throw_away(&place, left.trash) {
        teller.warn(error.to_string(), "remove it by hand");
    }
    Ok(shipment.arn())
}
