//! What is at an engine that carries a label: how a later process finds what an earlier one left.

use std::collections::HashMap;

use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListVolumesOptionsBuilder, RemoveVolumeOptions,
};

use super::answer::{call, status};
use super::{ContainerId, Docker, EngineError};

/// Something at the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled<T> {
    /// What it is.
    pub what: T,
    /// The label's value.
    pub value: String,
}

impl Docker {
    /// Lists the containers that carry a label, running or not.
    pub async fn containers_labelled(
        &self,
        label: &str,
    ) -> Result<Vec<Labelled<ContainerId>>, EngineError> {
        let filters = HashMap::from([("label", vec![label])]);
        let options = ListContainersOptionsBuilder::new()
            .all(true)
            .filters(&filters)
            .build();
        let found = self.client().list_containers(Some(options)).await;
        let found = found.map_err(|error| call("list containers".into(), &error))?;
        let labelled = |id: Option<String>, labels: Option<HashMap<String, String>>| {
            Some(Labelled {
                what: ContainerId(id?),
                value: labels?.remove(label)?,
            })
        };
        Ok(found
            .into_iter()
            .filter_map(|container| labelled(container.id, container.labels))
            .collect())
    }

    /// Lists the volumes that carry a label.
    pub async fn volumes_labelled(
        &self,
        label: &str,
    ) -> Result<Vec<Labelled<String>>, EngineError> {
        let filters = HashMap::from([("label", vec![label])]);
        let options = ListVolumesOptionsBuilder::new().filters(&filters).build();
        let found = self.client().list_volumes(Some(options)).await;
        let found = found.map_err(|error| call("list volumes".into(), &error))?;
        let volumes = found.volumes.unwrap_or_default().into_iter();
        Ok(volumes
            .filter_map(|mut volume| {
                Some(Labelled {
                    what: volume.name,
                    value: volume.labels.remove(label)?,
                })
            })
            .collect())
    }

    /// Removes a volume, unless it is gone or a container has it.
    pub async fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        match self
            .client()
            .remove_volume(name, None::<RemoveVolumeOptions>)
            .await
        {
            Ok(()) => Ok(()),
            Err(error) if matches!(status(&error), Some(404 | 409)) => Ok(()),
            Err(error) => Err(call(format!("remove volume `{name}`"), &error)),
        }
    }
}
