//! The Docker Engine, through its API.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use bollard::errors::Error;
use bollard::exec::StartExecOptions;
use bollard::models::ExecConfig;
use bollard::query_parameters::{
    ContainerArchiveInfoOptionsBuilder, CreateContainerOptionsBuilder,
    DownloadFromContainerOptionsBuilder, InspectContainerOptions, LogsOptionsBuilder,
    RemoveContainerOptionsBuilder, StartContainerOptions, WaitContainerOptionsBuilder,
};
use futures_util::StreamExt as _;
use jiff::Timestamp;

use super::answer::{call, causes, reason, status};
use super::spec::{
    BuildSaid, ContainerId, ContainerSpec, Exit, ImageBuild, ImageFacts, Machine, NetworkSpec,
    PullProgress, Signal,
};
use super::{
    ContainerEngine, EngineError, build, containers, convert, images, networks, pull, start,
};
use crate::model::Credentials;

/// A Docker Engine.
#[derive(Debug, Clone)]
pub struct Docker {
    client: bollard::Docker,
    address: String,
}

/// The client's only limit covers uploads and builds too; shorter ones are set call by call.
const CLIENT_TIMEOUT_SECONDS: u64 = 24 * 60 * 60;
/// An engine that does not answer within this time is not there.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

impl Docker {
    /// Returns a client for the engine at `address` (`unix://…`, `tcp://…`, `http://…`); nothing is sent yet.
    pub fn at(address: &str) -> Result<Self, EngineError> {
        let seconds = CLIENT_TIMEOUT_SECONDS;
        let version = bollard::API_DEFAULT_VERSION;
        let client = match address.split_once("://") {
            Some(("unix", _)) => bollard::Docker::connect_with_unix(address, seconds, version),
            Some(("tcp" | "http", _)) => {
                bollard::Docker::connect_with_http(address, seconds, version)
            }
            _ => {
                return Err(EngineError::Unreachable {
                    address: address.into(),
                    reason: "only unix:// and tcp:// addresses are understood".into(),
                });
            }
        };
        let client = client.map_err(|error| unreachable(address, &error))?;
        let client = client.with_request_modifier(|mut request| {
            for name in images::CREDENTIAL_HEADERS {
                let sent = request
                    .headers()
                    .get(name)
                    .and_then(|value| value.to_str().ok());
                if let Some(Ok(value)) = sent.map(|value| images::url_safe(value).parse()) {
                    request.headers_mut().insert(name, value);
                }
            }
            request
        });
        Ok(Self {
            client,
            address: address.into(),
        })
    }

    pub(super) fn client(&self) -> &bollard::Docker {
        &self.client
    }
}

impl ContainerEngine for Docker {
    async fn probe(&self) -> Result<(), EngineError> {
        let answer = tokio::time::timeout(PROBE_TIMEOUT, self.client.ping()).await;
        let answer = answer.map_err(|_elapsed| EngineError::Unreachable {
            address: self.address.clone(),
            reason: format!("no answer within {} s", PROBE_TIMEOUT.as_secs()),
        })?;
        answer
            .map(drop)
            .map_err(|error| unreachable(&self.address, &error))
    }

    async fn image(&self, name: &str) -> Result<Option<ImageFacts>, EngineError> {
        match self.client.inspect_image(name).await {
            Ok(image) => Ok(Some(convert::image_facts(image))),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) if status(&error) == Some(400) => Err(EngineError::ImageName {
                image: name.into(),
                reason: reason(&error),
            }),
            Err(error) => Err(call(format!("inspect image `{name}`"), &error)),
        }
    }

    async fn machine(&self) -> Result<Machine, EngineError> {
        let action = "ask the engine for its machine";
        let info = self.client.info().await;
        let info = info.map_err(|error| call(action.into(), &error))?;
        let version = self.client.version().await;
        let version = version.map_err(|error| call(action.into(), &error))?;
        Ok(convert::machine(&info, &version))
    }

    async fn pull(
        &self,
        name: &str,
        credentials: Option<&Credentials>,
        on_progress: &mut (dyn FnMut(PullProgress) + Send),
    ) -> Result<(), EngineError> {
        pull::pull(&self.client, name, credentials, on_progress).await
    }

    async fn make_network(&self, spec: &NetworkSpec) -> Result<(), EngineError> {
        networks::make(&self.client, spec).await
    }

    async fn remove_network(&self, name: &str) -> Result<(), EngineError> {
        networks::remove(&self.client, name).await
    }

    async fn create(&self, spec: &ContainerSpec) -> Result<ContainerId, EngineError> {
        let options = CreateContainerOptionsBuilder::new()
            .name(&spec.name)
            .build();
        let made = self
            .client
            .create_container(Some(options), convert::create_body(spec))
            .await;
        made.map(|answer| ContainerId(answer.id)).map_err(|error| {
            start::refusal(&reason(&error))
                .unwrap_or_else(|| call(format!("create container `{}`", spec.name), &error))
        })
    }

    async fn read_file(
        &self,
        container: &ContainerId,
        path: &str,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, EngineError> {
        let action = || format!("read `{path}` of the container");
        let options = DownloadFromContainerOptionsBuilder::new()
            .path(path)
            .build();
        let mut stream = self
            .client
            .download_from_container(&container.0, Some(options));
        let mut archive = Vec::new();
        // A tar has a header, padding and two empty blocks beside the file.
        let bound = usize::try_from(limit)
            .unwrap_or(usize::MAX)
            .saturating_add(8 * 1024);
        while let Some(chunk) = stream.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) if status(&error) == Some(404) => return Ok(None),
                Err(error) => return Err(call(action(), &error)),
            };
            archive.extend_from_slice(&chunk);
            if archive.len() > bound {
                let reason = format!("it is larger than {limit} bytes");
                return Err(EngineError::Call {
                    action: action(),
                    reason,
                });
            }
        }
        images::single_file(&archive).map_err(|error| EngineError::Call {
            action: action(),
            reason: error.to_string(),
        })
    }

    async fn copy_out(
        &self,
        container: &ContainerId,
        path: &str,
        into: &mut File,
        limit: u64,
    ) -> Result<(), EngineError> {
        let failed = |reason: String| EngineError::Call {
            action: format!("copy `{path}` out of the image"),
            reason,
        };
        let options = DownloadFromContainerOptionsBuilder::new()
            .path(path)
            .build();
        let mut stream = self
            .client
            .download_from_container(&container.0, Some(options));
        let mut length = 0_u64;
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| failed(reason(&error)))?;
            length = length.saturating_add(chunk.len() as u64);
            if length > limit {
                return Err(failed(format!(
                    "the image has more than {limit} bytes there"
                )));
            }
            into.write_all(&chunk)
                .map_err(|error| failed(error.to_string()))?;
        }
        Ok(())
    }

    async fn has_file(&self, container: &ContainerId, path: &str) -> Result<bool, EngineError> {
        let options = ContainerArchiveInfoOptionsBuilder::new().path(path).build();
        let seen = self
            .client
            .get_container_archive_info(&container.0, Some(options))
            .await;
        match seen {
            Ok(_facts) => Ok(true),
            Err(error) if status(&error) == Some(404) => Ok(false),
            Err(error) => Err(call(format!("look for `{path}` in the container"), &error)),
        }
    }

    async fn users_of_volume(&self, volume: &str) -> Result<Vec<String>, EngineError> {
        containers::users_of_volume(&self.client, volume).await
    }

    async fn place_of_mount(
        &self,
        container: &ContainerId,
        path: &str,
    ) -> Result<Option<PathBuf>, EngineError> {
        let seen = self
            .client
            .inspect_container(&container.0, None::<InspectContainerOptions>);
        let action = || format!("ask where `{path}` of the container is");
        let mounts = seen.await.map_err(|error| call(action(), &error))?.mounts;
        let mut mounts = mounts.into_iter().flatten();
        let mount = mounts.find(|mount| mount.destination.as_deref() == Some(path));
        Ok(mount.and_then(|mount| mount.source).map(PathBuf::from))
    }

    async fn memory_ran_out(
        &self,
        container: &ContainerId,
        since: Timestamp,
        patience: Duration,
    ) -> Result<bool, EngineError> {
        containers::memory_ran_out(&self.client, container, since, patience).await
    }

    async fn start(&self, container: &ContainerId) -> Result<(), EngineError> {
        let started = self
            .client
            .start_container(&container.0, None::<StartContainerOptions>)
            .await;
        started.map_err(|error| {
            let reason = reason(&error);
            start::refusal(&reason).unwrap_or_else(|| EngineError::Call {
                action: "start the build container".into(),
                reason,
            })
        })
    }

    async fn wait(&self, container: &ContainerId) -> Result<Exit, EngineError> {
        let action = "wait for the build container";
        let options = WaitContainerOptionsBuilder::new()
            .condition("not-running")
            .build();
        let mut answers = self.client.wait_container(&container.0, Some(options));
        let status = match answers.next().await {
            Some(Ok(answer)) => answer.status_code,
            // The client turns every other status than 0 into an error.
            Some(Err(Error::DockerContainerWaitError { code, .. })) => code,
            Some(Err(error)) => return Err(call(action.into(), &error)),
            None => {
                let reason = "the engine closed the connection".into();
                return Err(EngineError::Call {
                    action: action.into(),
                    reason,
                });
            }
        };
        let seen = self
            .client
            .inspect_container(&container.0, None::<InspectContainerOptions>);
        let state = seen
            .await
            .map_err(|error| call(action.into(), &error))?
            .state;
        Ok(Exit {
            status,
            out_of_memory: state.and_then(|state| state.oom_killed).unwrap_or(false),
        })
    }

    async fn signal(&self, container: &ContainerId, signal: Signal) -> Result<(), EngineError> {
        let name = match signal {
            Signal::Term => "TERM",
            Signal::Kill => "KILL",
        };
        let action = || format!("send {name} to the build's processes");
        // `-1` is every process but the container's main one and the sender.
        let config = ExecConfig {
            cmd: Some(vec!["sh".into(), "-c".into(), format!("kill -{name} -1")]),
            user: Some("0".into()),
            ..ExecConfig::default()
        };
        let exec = self.client.create_exec(&container.0, config).await;
        let exec = exec.map_err(|error| call(action(), &error))?;
        let options = StartExecOptions {
            detach: true,
            ..StartExecOptions::default()
        };
        let started = self.client.start_exec(&exec.id, Some(options)).await;
        started.map(drop).map_err(|error| call(action(), &error))
    }

    async fn last_words(&self, container: &ContainerId) -> Result<String, EngineError> {
        let options = LogsOptionsBuilder::new()
            .stdout(true)
            .stderr(true)
            .tail("20")
            .build();
        let mut stream = self.client.logs(&container.0, Some(options));
        let mut words = String::new();
        while let Some(line) = stream.next().await {
            let line =
                line.map_err(|error| call("read the container's last words".into(), &error))?;
            words.push_str(&line.to_string());
            if words.len() > 8 * 1024 {
                break;
            }
        }
        Ok(words.trim_end().to_owned())
    }

    async fn remove(&self, container: &ContainerId) -> Result<(), EngineError> {
        let options = RemoveContainerOptionsBuilder::new()
            .force(true)
            .v(true)
            .build();
        match self
            .client
            .remove_container(&container.0, Some(options))
            .await
        {
            Ok(()) => Ok(()),
            // Gone already, or on its way: both are what we want.
            Err(error) if matches!(status(&error), Some(404 | 409)) => Ok(()),
            Err(error) => Err(call(format!("remove container {}", container.0), &error)),
        }
    }

    async fn build(
        &self,
        build: ImageBuild,
        on_said: &mut (dyn FnMut(BuildSaid) + Send),
    ) -> Result<String, EngineError> {
        build::build(&self.client, build, on_said).await
    }

    async fn untag(&self, name: &str) -> Result<(), EngineError> {
        images::untag(&self.client, name).await
    }

    async fn push(
        &self,
        id: &str,
        repository: &str,
        tag: &str,
        credentials: Option<&Credentials>,
    ) -> Result<String, EngineError> {
        images::push(&self.client, id, repository, tag, credentials).await
    }
}

fn unreachable(address: &str, error: &Error) -> EngineError {
    let reason = causes(error);
    if reason.contains("Permission denied") {
        return EngineError::NotPermitted {
            address: address.into(),
        };
    }
    EngineError::Unreachable {
        address: address.into(),
        reason,
    }
}
