//! An image that the engine does not have: where it can be had, who may have it, and how far it has come.

use std::time::Instant;

use super::phase_end::PhaseEnd;
use super::teller::Teller;
use super::{Surroundings, millis};
use crate::engine::{ContainerEngine, ImageFacts, PullProgress};
use crate::model::{BuildRequest, EventKind, ImagePulled, ImagePulling};
use crate::plan::{self, Curated};

/// Fetches an image, by the name that it is published under.
pub(super) async fn fetch<E: ContainerEngine>(
    request: &BuildRequest,
    surroundings: &Surroundings<'_, E>,
    teller: &mut Teller<'_>,
) -> Result<ImageFacts, PhaseEnd> {
    let (engine, image) = (surroundings.engine, &request.image);
    let published = match plan::curated(image) {
        Curated::No => image.clone(),
        Curated::Published(published) => {
            teller.tell(EventKind::ImageMapped {
                image: image.clone(),
                published: published.clone(),
            });
            if let Some(found) = engine.image(&published).await? {
                return Ok(found);
            }
            published
        }
        Curated::RecipeOnly(folder) => return Err(recipe_only(image, &folder)),
        Curated::Foreign(system) => {
            return Err(PhaseEnd::unable_to_pull(
                &format!("`{image}` is for {system}, and builds here run on Linux"),
                "give a Linux image with `-i`, or run this build in CodeBuild",
            ));
        }
    };
    let keychain = surroundings.keychain;
    let credentials = match &request.registry_credential {
        Some(secret) => {
            keychain
                .find_by_secret(&published, secret, &request.owner.region)
                .await
        }
        None => keychain.find(&published).await,
    };
    let credentials =
        credentials.map_err(|error| PhaseEnd::unable_to_pull(&error.to_string(), error.help()))?;
    let start = Instant::now();
    let mut last = PullProgress::default();
    let mut tell = |progress: PullProgress| {
        last = progress;
        teller.tell(EventKind::ImagePulling(ImagePulling {
            image: published.clone(),
            layers: progress.layers,
            layers_done: progress.layers_done,
            bytes: progress.bytes,
            size: progress.size,
        }));
    };
    engine
        .pull(&published, credentials.as_ref(), &mut tell)
        .await?;
    let found = engine.image(&published).await?.ok_or_else(|| {
        PhaseEnd::fault(
            format!("image `{published}` was pulled and is not there"),
            "look at the engine's own log, then try again",
        )
    })?;
    teller.tell(EventKind::ImagePulled(ImagePulled {
        image: published,
        layers: last.layers,
        bytes: last.bytes,
        millis: millis(start.elapsed()),
    }));
    Ok(found)
}

/// The Ubuntu images: AWS may not hand them on, only say how they are made.
fn recipe_only(image: &str, folder: &str) -> PhaseEnd {
    PhaseEnd::unable_to_pull(
        &format!("`{image}` is not on this machine, and AWS publishes only its recipe"),
        &format!(
            "build it once: `docker build -t {image} 'https://github.com/aws/aws-codebuild-docker-images.git#master:{folder}'`; or give an image of yours that name: `docker tag MINE {image}`; or use one that is published: `-i public.ecr.aws/codebuild/amazonlinux-x86_64-standard:5.0`"
        ),
    )
}
