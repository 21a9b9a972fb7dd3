//! What a container may have of this machine: the part of a container's configuration by which it could leave its box.

use serde_json::{Map, Value};

use super::mounts;
use super::rules::{At, Need, Refusal, Rules, canonical, object, text, texts};
use super::strict_json::says_nothing;
use crate::model::DockerPower;

/// Fields that bound a container or concern only itself.
const FREE: &[&str] = &[
    "AutoRemove",
    "BlkioDeviceReadBps",
    "BlkioDeviceReadIOps",
    "BlkioDeviceWriteBps",
    "BlkioDeviceWriteIOps",
    "BlkioWeight",
    "BlkioWeightDevice",
    "CapDrop",
    "ConsoleSize",
    "ContainerIDFile",
    "CpuCount",
    "CpuPercent",
    "CpuPeriod",
    "CpuQuota",
    "CpuRealtimePeriod",
    "CpuRealtimeRuntime",
    "CpuShares",
    "CpusetCpus",
    "CpusetMems",
    "Dns",
    "DnsOptions",
    "DnsSearch",
    "ExtraHosts",
    "GroupAdd",
    "IOMaximumBandwidth",
    "IOMaximumIOps",
    "Init",
    "KernelMemory",
    "KernelMemoryTCP",
    "Memory",
    "MemoryReservation",
    "MemorySwap",
    "MemorySwappiness",
    "NanoCpus",
    "PidsLimit",
    "PortBindings",
    "PublishAllPorts",
    "ReadonlyRootfs",
    "RestartPolicy",
    "ShmSize",
    "StorageOpt",
    "Tmpfs",
    "Ulimits",
];

/// Fields that are judged below.
const JUDGED: &[&str] = &[
    "Binds",
    "CapAdd",
    "Cgroup",
    "CgroupnsMode",
    "IpcMode",
    "Isolation",
    "Links",
    "LogConfig",
    "MaskedPaths",
    "Mounts",
    "NetworkMode",
    "PidMode",
    "ReadonlyPaths",
    "Runtime",
    "SecurityOpt",
    "UTSMode",
    "UsernsMode",
    "VolumeDriver",
    "VolumesFrom",
];

/// Fields that must say nothing: each gives a container power over its machine.
const PRIVILEGES: &[(&str, &str)] = &[
    ("Privileged", "a privileged container"),
    ("Devices", "devices of this machine"),
    ("DeviceRequests", "devices of this machine"),
    ("DeviceCgroupRules", "rules for devices"),
    ("Sysctls", "kernel settings (`--sysctl`)"),
    ("CgroupParent", "a control group of its own choice"),
    ("Capabilities", "a list of capabilities"),
    ("Annotations", "annotations for the container runtime"),
    (
        "OomKillDisable",
        "a place before others when memory runs out",
    ),
    ("OomScoreAdj", "a place before others when memory runs out"),
];

/// What the engine gives every container.
const CAPABILITIES: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

const SECURITY: &[&str] = &[
    "no-new-privileges",
    "no-new-privileges:true",
    "no-new-privileges=true",
    "no-new-privileges:false",
    "no-new-privileges=false",
    "seccomp=builtin",
    "apparmor=docker-default",
];

/// Log drivers that keep a log on this machine: others send it, with this machine's credentials.
const LOGS: &[&str] = &["", "json-file", "local", "none", "journald"];

/// Judges a container's `HostConfig`.
pub(super) fn judge(config: &mut Map<String, Value>, rules: &Rules) -> Result<Vec<Need>, Refusal> {
    let privileges: Vec<&str> = PRIVILEGES.iter().map(|(name, _)| *name).collect();
    canonical(config, &[FREE, JUDGED, &privileges].concat(), rules)?;
    privileged(config, rules)?;
    let mut needs = Vec::new();
    namespaces(config, rules, &mut needs)?;
    for (index, from) in texts(config, "VolumesFrom")?.into_iter().enumerate() {
        let (name, mode) = from
            .split_once(':')
            .map_or((from.as_str(), ""), |(name, mode)| (name, mode));
        let after = if mode.is_empty() {
            String::new()
        } else {
            format!(":{mode}")
        };
        needs.push(container(name, &format!("/VolumesFrom/{index}"), "", after));
    }
    for (index, link) in texts(config, "Links")?.into_iter().enumerate() {
        let (name, alias) = link.split_once(':').unwrap_or((&link, &link));
        let at = &format!("/Links/{index}");
        needs.push(container(
            name.trim_start_matches('/'),
            at,
            "",
            format!(":{alias}"),
        ));
    }
    if !["", "local"].contains(&text(config, "VolumeDriver")?.as_str()) {
        rules.only_with(DockerPower::Engine, "a volume driver other than `local`")?;
    }
    if let Some(log) = object(config, "LogConfig")? {
        canonical(log, &["Type", "Config"], rules)?;
        let driver = text(log, "Type")?;
        if !LOGS.contains(&driver.as_str()) {
            rules.only_with(DockerPower::Engine, format!("the log driver `{driver}`"))?;
        }
    }
    needs.extend(mounts::judge(config, rules)?);
    Ok(needs)
}

fn privileged(config: &Map<String, Value>, rules: &Rules) -> Result<(), Refusal> {
    let needs = |what: String| rules.only_with(DockerPower::Privileged, what);
    for (name, what) in PRIVILEGES {
        if !config.get(*name).is_none_or(says_nothing) {
            needs(format!("{what} (`{name}`)"))?;
        }
    }
    // An empty list masks nothing.
    for name in ["MaskedPaths", "ReadonlyPaths"] {
        if !config.get(name).is_none_or(Value::is_null) {
            needs(format!("unmasked paths of the kernel (`{name}`)"))?;
        }
    }
    for capability in texts(config, "CapAdd")? {
        let name = capability.to_ascii_uppercase();
        if !CAPABILITIES.contains(&name.trim_start_matches("CAP_")) {
            needs(format!("the capability `{capability}`"))?;
        }
    }
    for option in texts(config, "SecurityOpt")? {
        if !SECURITY.contains(&option.as_str()) {
            // A whole seccomp profile may stand here.
            let shown: String = option.chars().take(60).collect();
            needs(format!("the security option `{shown}`"))?;
        }
    }
    if !["", "runc"].contains(&text(config, "Runtime")?.as_str()) {
        needs("another container runtime".to_owned())?;
    }
    if !["", "default"].contains(&text(config, "Isolation")?.as_str()) {
        needs("another isolation".to_owned())?;
    }
    Ok(())
}

/// The namespaces that a container may have beside its own: none, or those of a container of this build.
fn namespaces(
    config: &Map<String, Value>,
    rules: &Rules,
    needs: &mut Vec<Need>,
) -> Result<(), Refusal> {
    for (name, own) in [
        ("NetworkMode", &["", "default", "bridge", "none"] as &[&str]),
        ("PidMode", &["", "private"]),
        ("IpcMode", &["", "none", "private", "shareable"]),
        ("UTSMode", &[""]),
        ("UsernsMode", &[""]),
        ("CgroupnsMode", &["", "private"]),
        ("Cgroup", &[""]),
    ] {
        let mode = text(config, name)?;
        if own.contains(&mode.as_str()) {
            continue;
        }
        if let Some(of) = mode.strip_prefix("container:") {
            needs.push(container(
                of,
                &format!("/{name}"),
                "container:",
                String::new(),
            ));
        } else if name == "NetworkMode" && mode != "host" {
            needs.push(Need::Network(mode));
        } else {
            rules.only_with(
                DockerPower::HostNamespaces,
                format!("`{mode}` as a container's `{name}`"),
            )?;
        }
    }
    Ok(())
}

fn container(name: &str, at: &str, before: &'static str, after: String) -> Need {
    Need::Container {
        name: name.to_owned(),
        at: At::Body(format!("/HostConfig{at}")),
        before,
        after,
    }
}
