//! PROVISIONING: the engine answers and the image is there.

use super::phase_end::PhaseEnd;
use super::teller::Teller;
use super::{Build, Surroundings, fetch_image};
use crate::engine::{ContainerEngine, Platform};
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
    let found = match engine.image(image).await? {
        Some(found) => found,
        None => fetch_image::fetch(&build.request, surroundings, teller).await?,
    };
    heed_platform(image, &found.platform, engine, teller).await?;
    teller.tell(EventKind::ImageReady {
        image: image.clone(),
        id: found.id.clone(),
    });
    Ok(found.id)
}

/// A Windows image cannot run here at all; one for another architecture can where the kernel emulates it.
async fn heed_platform<E: ContainerEngine>(
    image: &str,
    platform: &Platform,
    engine: &E,
    teller: &mut Teller<'_>,
) -> Result<(), PhaseEnd> {
    if platform.os == "windows" {
        let message = format!("image `{image}` is for {platform}, and builds here run on Linux");
        let context = PhaseContext::new(StatusCode::BuildContainerUnableToPullImage, message);
        return Err(PhaseEnd::failed(context.with_help(
            "give a Linux image with `-i`, or run this build in CodeBuild",
        )));
    }
    // The engine's machine is ours as a rule, and then there is nothing to ask.
    if *platform == Platform::own() {
        return Ok(());
    }
    let machine = engine.machine().await?.platform;
    if *platform != machine {
        teller.warn(
            format!("image `{image}` is for {platform}, and the engine's machine is {machine}: it runs emulated, or not at all"),
            format!("use an image for {machine}; or let the kernel emulate: `docker run --privileged --rm tonistiigi/binfmt --install {}`", platform.architecture),
        );
    }
    Ok(())
}
