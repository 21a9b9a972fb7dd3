//! Networks at the engine.

use std::collections::HashMap;
use std::time::Duration;

use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest};
use bollard::query_parameters::InspectNetworkOptions;

use super::EngineError;
use super::answer::{call, reason, status};
use super::spec::NetworkSpec;

/// While one build makes a network, or the engine takes the last one down, its addresses are taken and its name is not
/// known: a moment in which a second build can neither make nor find it, and which nothing tells the end of.
const ATTEMPTS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

pub(super) async fn make(client: &bollard::Docker, spec: &NetworkSpec) -> Result<(), EngineError> {
    let mut refused = String::new();
    for _ in 0..ATTEMPTS {
        if is_there(client, &spec.name).await? {
            return Ok(());
        }
        match client.create_network(request(spec)).await {
            Ok(_made) => return Ok(()),
            Err(error) => refused = reason(&error),
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(EngineError::Network {
        name: spec.name.clone(),
        subnet: spec.subnet.clone(),
        reason: refused,
    })
}

async fn is_there(client: &bollard::Docker, name: &str) -> Result<bool, EngineError> {
    match client
        .inspect_network(name, None::<InspectNetworkOptions>)
        .await
    {
        Ok(_found) => Ok(true),
        Err(error) if status(&error) == Some(404) => Ok(false),
        Err(error) => Err(call(format!("inspect network `{name}`"), &error)),
    }
}

pub(super) async fn remove(client: &bollard::Docker, name: &str) -> Result<(), EngineError> {
    match client.remove_network(name).await {
        Ok(()) => Ok(()),
        // Gone already; or another build's container is in it, whose end it is to remove it.
        Err(error) if matches!(status(&error), Some(404 | 409)) => Ok(()),
        Err(error) if reason(&error).contains("active endpoints") => Ok(()),
        Err(error) => Err(call(format!("remove network `{name}`"), &error)),
    }
}

fn request(spec: &NetworkSpec) -> NetworkCreateRequest {
    let config = IpamConfig {
        subnet: Some(spec.subnet.clone()),
        gateway: Some(spec.gateway.to_string()),
        ..IpamConfig::default()
    };
    let no_talk = ("com.docker.network.bridge.enable_icc", "false");
    NetworkCreateRequest {
        name: spec.name.clone(),
        driver: Some("bridge".into()),
        ipam: Some(Ipam {
            config: Some(vec![config]),
            ..Ipam::default()
        }),
        options: Some(HashMap::from(
            [no_talk].map(|(name, value)| (name.into(), value.into())),
        )),
        labels: Some(spec.labels.iter().cloned().collect()),
        ..NetworkCreateRequest::default()
    }
}
