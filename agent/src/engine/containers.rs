//! The Docker Engine's calls about containers beside their life: who uses a volume, whose memory ran out.

use std::collections::HashMap;
use std::time::Duration;

use bollard::Docker;
use bollard::models::ContainerSummaryStateEnum;
use bollard::query_parameters::{EventsOptionsBuilder, ListContainersOptionsBuilder};
use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};

use super::answer::call;
use super::{ContainerId, EngineError};

/// The engine's clock and ours need not agree to the millisecond.
const SLACK: SignedDuration = SignedDuration::from_secs(1);

pub(super) async fn users_of_volume(
    docker: &Docker,
    volume: &str,
) -> Result<Vec<String>, EngineError> {
    let filters = HashMap::from([("volume", vec![volume])]);
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&filters)
        .build();
    let found = docker.list_containers(Some(options)).await;
    let found = found.map_err(|error| call(format!("ask who uses volume `{volume}`"), &error))?;
    let over = |state: Option<ContainerSummaryStateEnum>| {
        matches!(
            state,
            Some(ContainerSummaryStateEnum::EXITED | ContainerSummaryStateEnum::DEAD)
        )
    };
    Ok(found
        .into_iter()
        .filter(|container| !over(container.state))
        .filter_map(|container| container.names?.into_iter().next())
        .map(|name| name.trim_start_matches('/').to_owned())
        .collect())
}

/// The engine keeps its last events and tells those first.
pub(super) async fn memory_ran_out(
    docker: &Docker,
    container: &ContainerId,
    since: Timestamp,
    patience: Duration,
) -> Result<bool, EngineError> {
    let filters = HashMap::from([
        ("container", vec![container.0.as_str()]),
        ("event", vec!["oom"]),
    ]);
    let since = since.saturating_sub(SLACK).unwrap_or(since);
    let options = EventsOptionsBuilder::new()
        .since(&since.as_second().to_string())
        .filters(&filters)
        .build();
    let mut events = docker.events(Some(options));
    let waited = tokio::time::timeout(patience, async {
        while let Some(event) = events.next().await {
            let event = event.map_err(|error| call("ask whether memory ran out".into(), &error))?;
            if i128::from(event.time_nano.unwrap_or(i64::MAX)) >= since.as_nanosecond() {
                return Ok(true);
            }
        }
        Ok(false)
    });
    waited.await.unwrap_or(Ok(false))
}
