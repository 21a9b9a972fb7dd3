//! Lends the build the engine, where it was asked for, and takes it back.

use super::phase_end::PhaseEnd;
use super::teller::Teller;
use super::{Build, LENT};
use crate::engine::{Access, ContainerSpec, Mount};
use crate::lend_docker::{LentDocker, Loan, Shared};
use crate::model::DockerAccess;

/// Where the Docker CLI looks.
const SOCKET: &str = "/var/run/docker.sock";

/// Gives the container a socket of its own, whose mounts are those that the container has by now.
pub(super) fn lend(
    build: &Build,
    engine: &str,
    spec: &mut ContainerSpec,
    lent: &mut Option<LentDocker>,
    teller: &mut Teller<'_>,
) -> Result<(), PhaseEnd> {
    if build.request.docker != DockerAccess::Host {
        return Ok(());
    }
    let shared = spec
        .mounts
        .iter()
        .filter(|mount| mount.access == Access::ReadWrite);
    let loan = Loan {
        engine: engine.to_owned(),
        directory: build.directory.root().to_owned(),
        files: build.directory.lent(),
        label: (LENT.to_owned(), build.id.uuid.to_string()),
        shared: shared
            .map(|mount| Shared {
                host: mount.host.clone(),
                container: mount.container.clone(),
            })
            .collect(),
        powers: build.request.docker_allow.clone(),
    };
    let (started, heard) = LentDocker::start(loan).map_err(|error| {
        PhaseEnd::fault(
            format!("failed to make the build's Docker socket: {error}"),
            "see that the disk has room and that files can be opened (`ulimit -n`), then try again",
        )
    })?;
    teller.listen(heard);
    let started = lent.insert(started);
    spec.mounts.push(Mount {
        host: started.socket().to_owned(),
        container: SOCKET.to_owned(),
        access: Access::ReadWrite,
    });
    Ok(())
}

/// Ends the loan; what the build made with it is gone afterwards.
/// Returns whether nothing of it is left.
pub(super) async fn take_back(lent: LentDocker, build: &Build, teller: &mut Teller<'_>) -> bool {
    let ended = lent.end().await;
    let all = ended.is_ok();
    match ended {
        Ok(0) => {}
        Ok(untold) => teller.warn(
            format!("{untold} more calls to Docker were refused"),
            "the build's output says which; the first ones are told above",
        ),
        Err(reason) => teller.warn(
            format!("what the build made with Docker was not all removed: {reason}"),
            format!(
                "remove it by hand: `docker rm -f $(docker ps -aq --filter label={LENT}={})`, and networks and volumes likewise",
                build.id.uuid
            ),
        ),
    }
    all
}
