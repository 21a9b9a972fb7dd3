//! AWS credentials for the build: a network in which they can be asked for, and somebody who answers.

use std::sync::Arc;

use super::phase_end::PhaseEnd;
use super::variables::Variables;
use super::{Build, Surroundings};
use crate::engine::{ContainerEngine, ContainerId, EngineError, NetworkSpec};
use crate::lend::{self, LendError, Lender, Supply};
use crate::model::{LentCredentials, PhaseContext, StatusCode};

/// The network of all builds on this machine that are lent credentials: there can be but one with that gateway.
const NETWORK: &str = "understudy-lend";
/// How often a network is made that another build's end takes away at the same moment.
const ATTEMPTS: usize = 5;

/// Returns the network that a build's container is in; `None` for the engine's default one.
pub(super) fn network(build: &Build) -> Option<&'static str> {
    (build.request.credentials != LentCredentials::None).then_some(NETWORK)
}

/// Begins to lend; `None` for a build that is to have nothing.
pub(super) async fn open<E: ContainerEngine>(
    build: &Build,
    surroundings: &Surroundings<'_, E>,
) -> Result<Option<Lender>, PhaseEnd> {
    let role = match &build.request.credentials {
        LentCredentials::None => return Ok(None),
        LentCredentials::Callers => None,
        LentCredentials::Role(role) => Some(role.as_str()),
    };
    // Reference §2.11.
    let session = format!("AWSCodeBuild-{}", build.id.uuid);
    let supply = Supply::open(&build.request.owner.region, role, &session).await;
    let supply = Arc::new(supply.map_err(|error| unlent(&error))?);
    let mut last = None;
    for _ in 0..ATTEMPTS {
        surroundings.engine.make_network(&spec()).await?;
        match Lender::open(Arc::clone(&supply)).await {
            Ok(lender) => return Ok(Some(lender)),
            Err(error) => last = Some(error),
        }
    }
    let error = last.ok_or_else(|| PhaseEnd::fault("nothing was tried", "report this as a bug"))?;
    Err(unlent(&error))
}

/// Tells the build where its credentials are.
pub(super) fn announce(lender: &Lender, variables: &mut Variables) {
    variables.add("AWS_CONTAINER_CREDENTIALS_FULL_URI", lender.uri());
    variables.add_secret("AWS_CONTAINER_AUTHORIZATION_TOKEN", lender.token());
}

/// Starts a container. The network may have gone since it was made, with the end of the last build that was in it; once
/// the container runs, it stays.
pub(super) async fn start<E: ContainerEngine>(
    engine: &E,
    container: &ContainerId,
) -> Result<(), EngineError> {
    for _ in 0..ATTEMPTS {
        match engine.start(container).await {
            Err(EngineError::NetworkGone { .. }) => engine.make_network(&spec()).await?,
            other => return other,
        }
    }
    engine.start(container).await
}

/// Takes the network away, unless another build is in it.
pub(super) async fn close<E: ContainerEngine>(engine: &E) -> Result<(), EngineError> {
    engine.remove_network(NETWORK).await
}

fn spec() -> NetworkSpec {
    NetworkSpec {
        name: NETWORK.to_owned(),
        subnet: lend::SUBNET.to_owned(),
        gateway: lend::ADDRESS,
        labels: vec![("understudy.network".to_owned(), "lend".to_owned())],
    }
}

fn unlent(error: &LendError) -> PhaseEnd {
    let context = PhaseContext::new(StatusCode::ClientError, error.to_string());
    PhaseEnd::failed(context.with_help(error.help()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::scripted::Scripted;

    /// With the end of another build the network may go after it was made and before the container is in it.
    #[tokio::test]
    async fn a_network_that_goes_before_the_start_is_made_again() {
        let directory = tempfile::TempDir::new().unwrap();
        let engine = Scripted {
            network_goes: 2,
            ..Scripted::default()
        };
        engine.recording_in(directory.path());
        let container = ContainerId("c".into());
        start(&engine, &container).await.unwrap();
        assert_eq!(engine.networks_made(), 2);

        let never = Scripted {
            network_goes: u32::MAX,
            ..Scripted::default()
        };
        let error = start(&never, &container).await.unwrap_err();
        assert!(matches!(error, EngineError::NetworkGone { .. }), "{error}");
    }
}
