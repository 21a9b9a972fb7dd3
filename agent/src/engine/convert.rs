//! Our words into the Engine API's: pure, so that mounts, variables and limits are tested as values.

use std::collections::HashMap;

use bollard::auth::DockerCredentials;
use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigCgroupnsModeEnum, HostConfigLogConfig, ImageInspect,
    Mount, MountType, MountVolumeOptions, MountVolumeOptionsDriverConfig, SystemInfo,
    SystemVersion,
};

use super::spec::{
    self, Access, Builder, ContainerSpec, ImageFacts, Machine, Platform, Privileges, Root, Volume,
};
use crate::model::{Credentials, Login};

/// Returns the body of a create call.
pub(super) fn create_body(spec: &ContainerSpec) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        entrypoint: Some(spec.command.clone()),
        cmd: Some(Vec::new()),
        env: Some(
            spec.environment
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
        ),
        working_dir: Some(spec.working_directory.clone()),
        // Builds run as root, whatever the image says (reference §2.4).
        user: Some("0".into()),
        labels: Some(spec.labels.iter().cloned().collect::<HashMap<_, _>>()),
        tty: Some(false),
        open_stdin: Some(false),
        host_config: Some(HostConfig {
            network_mode: spec.network.clone(),
            mounts: Some(
                spec.mounts
                    .iter()
                    .map(mount)
                    .chain(spec.volumes.iter().map(volume))
                    .collect(),
            ),
            // Output goes to our own log; what is left for the engine's is the driver's last words.
            log_config: Some(HostConfigLogConfig {
                typ: Some("json-file".into()),
                config: Some(HashMap::from([
                    ("max-size".into(), "1m".into()),
                    ("max-file".into(), "1".into()),
                ])),
            }),
            nano_cpus: signed(spec.limits.millicpus.map(|it| it.saturating_mul(1_000_000))),
            memory: signed(spec.limits.memory),
            // The limit counts memory and swap together: what CodeBuild gives is memory.
            memory_swap: signed(spec.limits.memory),
            ..privileges(spec.privileges)
        }),
        ..ContainerCreateBody::default()
    }
}

fn signed(amount: Option<u64>) -> Option<i64> {
    amount.map(|amount| i64::try_from(amount).unwrap_or(i64::MAX))
}

/// What is in the list is what `privileged` means to an engine, but for the one capability.
fn privileges(privileges: Privileges) -> HostConfig {
    let texts = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect());
    match privileges {
        Privileges::Ordinary => HostConfig::default(),
        Privileges::All => HostConfig {
            privileged: Some(true),
            ..HostConfig::default()
        },
        Privileges::Listed => HostConfig {
            cap_add: texts(&["ALL"]),
            cap_drop: texts(&["SYS_RESOURCE"]),
            security_opt: texts(&["seccomp=unconfined", "apparmor=unconfined"]),
            masked_paths: Some(Vec::new()),
            readonly_paths: Some(Vec::new()),
            device_cgroup_rules: texts(&["a *:* rwm"]),
            cgroupns_mode: Some(HostConfigCgroupnsModeEnum::PRIVATE),
            ..HostConfig::default()
        },
    }
}

fn volume(volume: &Volume) -> Mount {
    Mount {
        typ: Some(MountType::VOLUME),
        source: volume.name.clone(),
        target: Some(volume.container.clone()),
        volume_options: Some(MountVolumeOptions {
            labels: Some(volume.labels.iter().cloned().collect()),
            // What the image has at the place is the caller's to bring, also where the overlay is empty.
            no_copy: volume.overlay.as_ref().map(|_| true),
            driver_config: volume.overlay.as_ref().map(|options| {
                let option = |name: &str, value: &str| (name.to_owned(), value.to_owned());
                MountVolumeOptionsDriverConfig {
                    name: Some("local".into()),
                    options: Some(HashMap::from([
                        option("type", "overlay"),
                        option("device", "overlay"),
                        option("o", options),
                    ])),
                }
            }),
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    }
}

/// Returns credentials as the engine wants them.
pub(super) fn credentials(credentials: &Credentials) -> DockerCredentials {
    let registry = DockerCredentials {
        serveraddress: Some(match credentials.registry.as_str() {
            // Newer engines hand credentials only to the server that they name, and Docker Hub has this name there.
            "docker.io" => "https://index.docker.io/v1/".to_owned(),
            host => host.to_owned(),
        }),
        ..DockerCredentials::default()
    };
    match &credentials.login {
        Login::Password { username, password } => DockerCredentials {
            username: Some(username.clone()),
            password: Some(password.clone()),
            ..registry
        },
        Login::IdentityToken(token) => DockerCredentials {
            identitytoken: Some(token.clone()),
            ..registry
        },
    }
}

/// Returns what is to be known of an image.
pub(super) fn image_facts(image: ImageInspect) -> ImageFacts {
    ImageFacts {
        id: image.id.unwrap_or_default(),
        platform: platform(image.os, image.architecture),
        digests: image.repo_digests.unwrap_or_default(),
    }
}

/// Returns what is to be known of an engine's machine; what it does not say is 0.
pub(super) fn machine(info: &SystemInfo, version: &SystemVersion) -> Machine {
    let amount = |value: Option<i64>| u64::try_from(value.unwrap_or(0)).unwrap_or(0);
    Machine {
        platform: platform(info.os_type.clone(), info.architecture.clone()),
        cpus: amount(info.ncpu),
        memory: amount(info.mem_total),
        builder: builder(version),
        insecure_registries: insecure_registries(info),
        version: info.server_version.clone().unwrap_or_default(),
        system: info.operating_system.clone().unwrap_or_default(),
        root: root(info.security_options.as_deref().unwrap_or_default()),
    }
}

fn root(options: &[String]) -> Root {
    let has = |name: &str| {
        let mut fields = options.iter().flat_map(|option| option.split(','));
        fields.any(|field| field.strip_prefix("name=") == Some(name))
    };
    if has("rootless") {
        Root::Rootless
    } else if has("userns") {
        Root::Mapped
    } else {
        Root::Machine
    }
}

/// BuildKit has been part of the engine since API 1.39. What answers to the same API without being Docker has none.
fn builder(version: &SystemVersion) -> Builder {
    let api = version.api_version.as_deref().unwrap_or_default();
    let (major, minor) = api.split_once('.').unwrap_or_default();
    let api = (major.parse().unwrap_or(0), minor.parse().unwrap_or(0));
    let mut components = version.components.iter().flatten();
    let is_docker = components.any(|component| component.name == "Engine");
    let on_linux = version.os.as_deref() == Some("linux");
    if api >= (1, 39) && is_docker && on_linux {
        Builder::BuildKit
    } else {
        Builder::Classic
    }
}

fn insecure_registries(info: &SystemInfo) -> Vec<String> {
    let Some(config) = &info.registry_config else {
        return Vec::new();
    };
    let ranges = config.insecure_registry_cidrs.iter().flatten().cloned();
    let hosts = config.index_configs.iter().flatten();
    let hosts = hosts.filter(|(_, index)| index.secure == Some(false));
    let mut all: Vec<String> = ranges.chain(hosts.map(|(host, _)| host.clone())).collect();
    all.sort();
    all
}

/// An engine calls its machine what the kernel calls it; images have names of their own.
fn platform(os: Option<String>, architecture: Option<String>) -> Platform {
    let architecture = architecture.unwrap_or_default();
    Platform {
        os: os.unwrap_or_default(),
        architecture: match architecture.as_str() {
            "x86_64" => "amd64".to_owned(),
            "aarch64" => "arm64".to_owned(),
            _ => architecture,
        },
    }
}

/// Splits an image's name from its tag or digest, and not at a registry's port.
pub(super) fn split_tag(name: &str) -> (&str, &str) {
    if let Some(pinned) = name.split_once('@') {
        return pinned;
    }
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (name, "latest"),
    }
}

fn mount(mount: &spec::Mount) -> Mount {
    Mount {
        typ: Some(MountType::BIND),
        source: Some(mount.host.to_string_lossy().into_owned()),
        target: Some(mount.container.clone()),
        read_only: Some(mount.access == Access::ReadOnly),
        ..Mount::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Limits;

    #[test]
    fn a_registrys_port_is_not_a_tag() {
        assert_eq!(
            split_tag("127.0.0.1:5001/app"),
            ("127.0.0.1:5001/app", "latest")
        );
        assert_eq!(
            split_tag("127.0.0.1:5001/app:v1"),
            ("127.0.0.1:5001/app", "v1")
        );
        assert_eq!(split_tag("app"), ("app", "latest"));
        assert_eq!(
            split_tag("host:1/app@sha256:ab"),
            ("host:1/app", "sha256:ab")
        );
    }

    #[test]
    fn an_engine_says_whose_root_it_runs_as() {
        let options = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let plain = ["name=apparmor", "name=seccomp,profile=default"];
        assert_eq!(root(&options(&plain)), Root::Machine);
        assert_eq!(root(&options(&["name=rootless"])), Root::Rootless);
        assert_eq!(root(&options(&["name=userns"])), Root::Mapped);
    }

    // Reference §2.4: root, even when the image has another USER; §2.2.2: stdin is not a terminal.
    #[test]
    fn a_build_runs_as_root_without_a_terminal() {
        let body = create_body(&ContainerSpec {
            name: "n".into(),
            image: "i".into(),
            command: vec!["sh".into()],
            environment: vec![("A".into(), "$PATH".into())],
            working_directory: "/".into(),
            mounts: vec![spec::Mount {
                host: "/h".into(),
                container: "/c".into(),
                access: Access::ReadOnly,
            }],
            volumes: vec![Volume {
                name: None,
                container: "/v".into(),
                labels: Vec::new(),
                overlay: None,
            }],
            privileges: Privileges::Listed,
            limits: Limits {
                millicpus: Some(1500),
                memory: Some(1 << 30),
            },
            labels: Vec::new(),
            network: None,
        });
        assert_eq!(body.user.as_deref(), Some("0"));
        assert_eq!(body.tty, Some(false));
        assert_eq!(body.env, Some(vec!["A=$PATH".into()]));
        let host = body.host_config.unwrap();
        assert_eq!(host.nano_cpus, Some(1_500_000_000));
        assert_eq!(
            (host.memory, host.memory_swap),
            (Some(1 << 30), Some(1 << 30))
        );
        assert_eq!(host.privileged, None);
        assert_eq!(host.cap_drop, Some(vec!["SYS_RESOURCE".to_owned()]));
        let mounts = host.mounts.unwrap();
        assert_eq!(mounts[0].read_only, Some(true));
        assert_eq!(
            (&mounts[1].source, mounts[1].typ),
            (&None, Some(MountType::VOLUME))
        );
    }
}
