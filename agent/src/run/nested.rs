//! The container of a build: made, and where it has a Docker Engine of its own, with that engine's store and privileges.

use super::download::Creating;
use super::teller::Teller;
use super::{Build, lending};
use crate::engine::{ContainerEngine, ContainerId, ContainerSpec, EngineError, Privileges, Volume};
use crate::plan::{self, Daemon};

/// Where an engine keeps images and containers.
const STORE: &str = "/var/lib/docker";
/// The entry point of CodeBuild's curated images (reference §4.1).
const ENTRY_POINT: &str = "/usr/local/bin/dockerd-entrypoint.sh";
/// Where images have an engine's daemon.
const DAEMONS: [&str; 3] = [
    "/usr/local/bin/dockerd",
    "/usr/bin/dockerd",
    "/usr/sbin/dockerd",
];

/// The label of a volume by which it is known whose it is.
const PROJECT: &str = "understudy.project";

/// Returns the project's own store, which outlives the build.
pub(super) fn store(build: &Build) -> Volume {
    Volume {
        name: Some(format!(
            "understudy-docker-{:016x}",
            plan::fingerprint(&build.request.cache_scope)
        )),
        container: STORE.into(),
        labels: vec![(PROJECT.into(), build.request.project.clone())],
        overlay: None,
    }
}

/// Makes the container. A store that another build uses is left to it: two engines on one store destroy it.
pub(super) async fn make<'a, E: ContainerEngine>(
    spec: &mut ContainerSpec,
    engine: &'a E,
    creating: &mut Option<Creating<'a>>,
    teller: &mut Teller<'_>,
) -> Result<ContainerId, EngineError> {
    let container = create(spec, engine, creating).await?;
    let Some(store) = spec.volumes.first_mut() else {
        return Ok(container);
    };
    let Some(name) = store.name.clone() else {
        return Ok(container);
    };
    // Asked when our own container is there: of two that begin together, the later one certainly sees the other.
    let users = engine.users_of_volume(&name).await?;
    let Some(other) = users.into_iter().find(|user| *user != spec.name) else {
        return Ok(container);
    };
    teller.warn(
        format!("the Docker layers of this project are in use by `{other}`: this build begins without any"),
        "run the builds of a project one after the other, if the layers matter",
    );
    store.name = None;
    engine.remove(&container).await?;
    create(spec, engine, creating).await
}

async fn create<'a, E: ContainerEngine>(
    spec: &ContainerSpec,
    engine: &'a E,
    creating: &mut Option<Creating<'a>>,
) -> Result<ContainerId, EngineError> {
    let spec = spec.clone();
    let call = creating.insert(Box::pin(async move { engine.create(&spec).await }));
    let created = call.await;
    *creating = None;
    created
}

/// Starts the container. An engine that may not give every privilege gives those that it has.
pub(super) async fn start<'a, E: ContainerEngine>(
    container: &ContainerId,
    spec: &mut ContainerSpec,
    engine: &'a E,
    creating: &mut Option<Creating<'a>>,
    teller: &mut Teller<'_>,
) -> Result<(), EngineError> {
    match lending::start(engine, container).await {
        Err(EngineError::PrivilegesRefused { reason }) if spec.privileges == Privileges::All => {
            teller.warn(
                format!("the engine may not start a privileged container, for want of a capability of its own: this one has all others ({reason})"),
                "it is as good for Docker in the build; where something else lacks SYS_RESOURCE, run the engine with all capabilities",
            );
            spec.privileges = Privileges::Listed;
            engine.remove(container).await?;
            let container = make(spec, engine, creating, teller).await?;
            lending::start(engine, &container).await
        }
        started => started,
    }
}

/// Looks how the image brings an engine up. `curated` says that it has CodeBuild's catalogue of runtimes: the entry point
/// alone is no mark, for other images have one of that name which does something else.
pub(super) async fn daemon<E: ContainerEngine>(
    container: &ContainerId,
    curated: bool,
    image: &str,
    engine: &E,
    teller: &mut Teller<'_>,
) -> Result<Daemon, EngineError> {
    if curated && engine.has_file(container, ENTRY_POINT).await? {
        return Ok(Daemon::EntryPoint);
    }
    for path in DAEMONS {
        if engine.has_file(container, path).await? {
            return Ok(Daemon::Dockerd);
        }
    }
    teller.warn(
        format!("image `{image}` has no `dockerd`: the build is privileged, and there is no Docker in it"),
        "use an image with Docker's engine, such as CodeBuild's own; or lend the build this machine's with `--docker host`",
    );
    Ok(Daemon::Absent)
}
