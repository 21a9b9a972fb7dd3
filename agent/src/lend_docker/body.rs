//! The bodies of calls that make something: one judge each.

use serde_json::{Map, Value};

pub(super) use super::rules::Rule;
use super::rules::{At, Need, Refusal, Rules, canonical, label, object, text};
use super::strict_json::says_nothing;
use super::{host_config, mounts};
use crate::model::DockerPower;

/// The engine reads fields of `HostConfig` here too, when there is no `HostConfig`: none of those is known.
const CONFIG: &[&str] = &[
    "Hostname",
    "Domainname",
    "User",
    "AttachStdin",
    "AttachStdout",
    "AttachStderr",
    "ExposedPorts",
    "Tty",
    "OpenStdin",
    "StdinOnce",
    "Env",
    "Cmd",
    "Healthcheck",
    "ArgsEscaped",
    "Image",
    "Volumes",
    "WorkingDir",
    "Entrypoint",
    "NetworkDisabled",
    "MacAddress",
    "OnBuild",
    "Labels",
    "StopSignal",
    "StopTimeout",
    "Shell",
    "HostConfig",
    "NetworkingConfig",
];
const ENDPOINT: &[&str] = &[
    "IPAMConfig",
    "Links",
    "Aliases",
    "NetworkID",
    "EndpointID",
    "Gateway",
    "IPAddress",
    "IPPrefixLen",
    "IPv6Gateway",
    "GlobalIPv6Address",
    "GlobalIPv6PrefixLen",
    "MacAddress",
    "DriverOpts",
    "DNSNames",
    "GwPriority",
];
const NETWORK: &[&str] = &[
    "Name",
    "CheckDuplicate",
    "Driver",
    "Scope",
    "EnableIPv4",
    "EnableIPv6",
    "IPAM",
    "Internal",
    "Attachable",
    "Ingress",
    "ConfigOnly",
    "ConfigFrom",
    "Options",
    "Labels",
];
/// What a bridge may be told; its name could be that of one which is there.
const BRIDGE: &[&str] = &[
    "com.docker.network.driver.mtu",
    "com.docker.network.enable_ipv6",
    "com.docker.network.bridge.enable_icc",
    "com.docker.network.bridge.enable_ip_masquerade",
];
const EXEC: &[&str] = &[
    "User",
    "Privileged",
    "Tty",
    "ConsoleSize",
    "AttachStdin",
    "AttachStdout",
    "AttachStderr",
    "Detach",
    "DetachKeys",
    "Env",
    "WorkingDir",
    "Cmd",
];

/// Networks that are everybody's and that a container may be in.
pub(super) const COMMON_NETWORKS: &[&str] = &["bridge", "default", "none"];

/// `POST /containers/create`.
pub(super) fn create(body: &mut Map<String, Value>, rules: &Rules) -> Result<Vec<Need>, Refusal> {
    canonical(body, CONFIG, rules)?;
    label(body, rules)?;
    let mut needs = Vec::new();
    if object(body, "HostConfig")?.is_none() {
        body.insert("HostConfig".into(), Value::Object(Map::new()));
    }
    if let Some(config) = object(body, "HostConfig")? {
        needs.extend(host_config::judge(config, rules)?);
    }
    if let Some(networking) = object(body, "NetworkingConfig")? {
        canonical(networking, &["EndpointsConfig"], rules)?;
        if let Some(endpoints) = object(networking, "EndpointsConfig")? {
            for (network, settings) in endpoints {
                needs.extend(joined(network, rules)?);
                endpoint(settings, rules)?;
            }
        }
    }
    Ok(needs)
}

/// Old clients send a configuration with `start`; the container has one already.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the shape that all judges of bodies have"
)]
pub(super) fn nothing(body: &mut Map<String, Value>, _rules: &Rules) -> Result<Vec<Need>, Refusal> {
    body.clear();
    Ok(Vec::new())
}

/// `POST /containers/{id}/exec`.
pub(super) fn exec(body: &mut Map<String, Value>, rules: &Rules) -> Result<Vec<Need>, Refusal> {
    canonical(body, EXEC, rules)?;
    if !body.get("Privileged").is_none_or(says_nothing) {
        rules.only_with(DockerPower::Privileged, "a privileged `docker exec`")?;
    }
    Ok(Vec::new())
}

/// `POST /networks/create`.
pub(super) fn network(body: &mut Map<String, Value>, rules: &Rules) -> Result<Vec<Need>, Refusal> {
    canonical(body, NETWORK, rules)?;
    label(body, rules)?;
    let of_the_host = |what: String| rules.only_with(DockerPower::HostNamespaces, what);
    let driver = text(body, "Driver")?;
    if !["", "default", "bridge"].contains(&driver.as_str()) {
        of_the_host(format!("the network driver `{driver}`"))?;
    }
    if !["", "local"].contains(&text(body, "Scope")?.as_str()) {
        of_the_host("a network beyond this machine".to_owned())?;
    }
    for name in ["Ingress", "ConfigOnly", "ConfigFrom"] {
        if !body.get(name).is_none_or(says_nothing) {
            of_the_host(format!("a network with `{name}`"))?;
        }
    }
    if let Some(options) = object(body, "Options")? {
        for name in options.keys() {
            if !BRIDGE.contains(&name.as_str()) {
                of_the_host(format!("the network option `{name}`"))?;
            }
        }
    }
    if let Some(ipam) = object(body, "IPAM")? {
        canonical(ipam, &["Driver", "Options", "Config"], rules)?;
        if !["", "default"].contains(&text(ipam, "Driver")?.as_str())
            || !ipam.get("Options").is_none_or(says_nothing)
        {
            of_the_host("another address management".to_owned())?;
        }
        // A range that the machine or another build's network has would take their traffic.
        if !ipam.get("Config").is_none_or(says_nothing) {
            of_the_host("an address range of its own choice".to_owned())?;
        }
    }
    Ok(Vec::new())
}

/// `POST /networks/{id}/connect` and `disconnect`.
pub(super) fn connect(body: &mut Map<String, Value>, rules: &Rules) -> Result<Vec<Need>, Refusal> {
    canonical(body, &["Container", "EndpointConfig", "Force"], rules)?;
    if let Some(settings) = body.get_mut("EndpointConfig") {
        endpoint(settings, rules)?;
    }
    Ok(vec![Need::Container {
        name: text(body, "Container")?,
        at: At::Body("/Container".into()),
        before: "",
        after: String::new(),
    }])
}

/// `POST /volumes/create`.
pub(super) fn volume(body: &mut Map<String, Value>, rules: &Rules) -> Result<Vec<Need>, Refusal> {
    canonical(body, &["Name", "Driver", "DriverOpts", "Labels"], rules)?;
    label(body, rules)?;
    mounts::judge_driver(&text(body, "Driver")?, body.get("DriverOpts"), rules)?;
    let name = text(body, "Name")?;
    Ok(if name.is_empty() {
        Vec::new()
    } else {
        vec![Need::VolumeName(name)]
    })
}

/// A network that a container is to be in.
fn joined(network: &str, rules: &Rules) -> Result<Option<Need>, Refusal> {
    if COMMON_NETWORKS.contains(&network) {
        return Ok(None);
    }
    if network == "host" {
        rules.only_with(DockerPower::HostNamespaces, "this machine's own network")?;
        return Ok(None);
    }
    Ok(Some(Need::Network(network.to_owned())))
}

fn endpoint(settings: &mut Value, rules: &Rules) -> Result<(), Refusal> {
    let settings = match settings {
        Value::Null => return Ok(()),
        Value::Object(settings) => settings,
        _ => {
            return Err(Refusal::malformed(
                "an endpoint's settings are not an object",
            ));
        }
    };
    canonical(settings, ENDPOINT, rules)?;
    // The engine would prefer this to the network's name, which is what was judged.
    settings.remove("NetworkID");
    if !settings.get("DriverOpts").is_none_or(says_nothing) {
        rules.only_with(DockerPower::Privileged, "options for a network's driver")?;
    }
    Ok(())
}
