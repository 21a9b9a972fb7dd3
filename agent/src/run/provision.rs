//! PROVISIONING: the engine answers and the image is there.

use super::phase_end::PhaseEnd;
use super::teller::Teller;
use super::{Build, Surroundings};
use crate::engine::ContainerEngine;
use crate::model::{DockerAccess, EventKind, PhaseContext, StatusCode};

/// Finds the image, or fetches it. Returns its content id, so that a tag that moves meanwhile changes nothing.
pub(super) async fn provision<E: ContainerEngine>(
    build: &Build,
    surroundings: &Surroundings<'_, E>,
    teller: &mut Teller<'_>,
) -> Result<String, PhaseEnd> {
    let (engine, image) = (surroundings.engine, &build.request.image);
    engine.probe().await?;
    if build.request.docker == DockerAccess::Host && surroundings.docker_socket.is_none() {
        let context = PhaseContext::new(
            StatusCode::ClientError,
            "`--docker host` needs an engine with a socket on this machine",
        );
        return Err(PhaseEnd::failed(
            context.with_help("unset DOCKER_HOST, or leave `--docker` out"),
        ));
    }
    let found = if let Some(found) = engine.image(image).await? {
        found
    } else {
        let credentials = surroundings.keychain.find(image).await.map_err(|error| {
            let context = PhaseContext::new(
                StatusCode::BuildContainerUnableToPullImage,
                format!("Unable to pull customer's container image. {error}"),
            );
            PhaseEnd::failed(context.with_help(error.help()))
        })?;
        engine.pull(image, credentials.as_ref()).await?;
        let found = engine.image(image).await?;
        found.ok_or_else(|| {
            PhaseEnd::fault(
                format!("image `{image}` was pulled and is not there"),
                "look at the engine's own log, then try again",
            )
        })?
    };
    teller.tell(EventKind::ImageReady {
        image: image.clone(),
        id: found.id.clone(),
    });
    Ok(found.id)
}
