//! PROVISIONING: the engine answers and the image is there.

use super::phase_end::PhaseEnd;
use super::teller::Teller;
use super::workspace::{self, WorkspaceChoice};
use super::{Build, Surroundings, fetch_image};
use crate::engine::{ContainerEngine, Platform};
use crate::model::{EventKind, Limits, PhaseContext, StatusCode};
use crate::plan;

/// What a build has when its machine is found.
pub(super) struct Provisioned {
    /// The image's content id, so that a tag that moves meanwhile changes nothing.
    pub(super) image: String,
    /// What the container may use.
    pub(super) limits: Limits,
    /// How the build gets its source and caches, as far as it depends on the engine.
    pub(super) workspace: WorkspaceChoice,
}

/// Finds the image, or fetches it, and decides what the machine gives.
pub(super) async fn provision<E: ContainerEngine>(
    build: &Build,
    surroundings: &Surroundings<'_, E>,
    teller: &mut Teller<'_>,
) -> Result<Provisioned, PhaseEnd> {
    let (engine, image) = (surroundings.engine, &build.request.image);
    engine.probe().await?;
    let found = match engine.image(image).await? {
        Some(found) => found,
        None => fetch_image::fetch(&build.request, surroundings, teller).await?,
    };
    heed_platform(image, &found.platform, engine, teller).await?;
    teller.tell(EventKind::ImageReady {
        image: image.clone(),
        id: found.id.clone(),
    });
    let limits = limits(build.request.limits, engine, teller).await?;
    let workspace = workspace::choose(build, engine, &surroundings.docker_address).await?;
    Ok(Provisioned {
        workspace,
        image: found.id,
        limits,
    })
}

/// A machine cannot give more than it has; the build runs with that, and is told.
async fn limits<E: ContainerEngine>(
    wanted: Limits,
    engine: &E,
    teller: &mut Teller<'_>,
) -> Result<Limits, PhaseEnd> {
    if wanted.is_none() {
        return Ok(wanted);
    }
    let machine = engine.machine().await?;
    let (limits, short) = plan::fit(wanted, machine.cpus, machine.memory);
    if !short.is_empty() {
        teller.warn(
            format!(
                "the build gets {}: the engine's machine has no more",
                short.join(" and ")
            ),
            "use a larger machine, or say what is enough with `--cpus` and `--memory`",
        );
    }
    Ok(limits)
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
