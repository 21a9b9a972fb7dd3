//! Calls as values: what goes on to the engine, what does not, and under which power it would.

use serde_json::{Value, json};

use super::policy::{Body, Lent, judge, look};
use super::routes::Named;
use super::rules::{At, Mount, Need, Refusal, Rules};
use crate::model::DockerPower;

const ALL: [DockerPower; 4] = [
    DockerPower::Privileged,
    DockerPower::HostPaths,
    DockerPower::HostNamespaces,
    DockerPower::Engine,
];

fn rules(powers: &[DockerPower]) -> Rules {
    Rules {
        label: ("understudy.build".into(), "u".into()),
        powers: powers.to_vec(),
    }
}

fn call_with(powers: &[DockerPower], method: &str, target: &str) -> Result<Lent, Refusal> {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    look(method, path, query, &rules(powers))
}

fn call(method: &str, target: &str) -> Result<Lent, Refusal> {
    call_with(&[], method, target)
}

/// Sends a body to a call that judges it.
fn send_with(
    powers: &[DockerPower],
    target: &str,
    body: &str,
) -> Result<(Value, Vec<Need>), Refusal> {
    let lent = call_with(powers, "POST", target).unwrap();
    let Body::Judge(rule) = lent.body else {
        panic!("`{target}` judges no body");
    };
    judge(rule, body.as_bytes(), &rules(powers))
}

fn create(body: &Value) -> Result<(Value, Vec<Need>), Refusal> {
    send_with(&[], "/containers/create", &body.to_string())
}

/// Checks that a container's `HostConfig` is refused, and by this power alone allowed.
#[track_caller]
fn only_with(power: DockerPower, config: &Value) {
    let body = json!({ "Image": "i", "HostConfig": config }).to_string();
    for given in ALL {
        let judged = send_with(&[given], "/containers/create", &body);
        match judged {
            Ok(_) => assert_eq!(given, power, "{config} was allowed"),
            Err(refusal) => {
                assert_ne!(given, power, "{config}: {refusal:?}");
                assert_eq!(refusal.power, Some(power), "{config}");
                assert_eq!(refusal.status, 403, "{config}");
                let flag = format!("`--docker-allow {}`", power.name());
                assert!(refusal.message().contains(&flag), "{}", refusal.message());
            }
        }
    }
}

#[test]
fn a_container_gets_the_label_and_keeps_what_it_asked_for() {
    let asked = json!({
        "Image": "i", "Cmd": ["true"], "Labels": { "a": "b", "understudy.build": "another" },
        "HostConfig": { "AutoRemove": true, "Memory": 5, "NetworkMode": "default",
            "LogConfig": { "Type": "", "Config": {} }, "RestartPolicy": { "Name": "no" },
            "MaskedPaths": null, "CapAdd": null, "Devices": [], "Init": true },
        "NetworkingConfig": { "EndpointsConfig": {} },
    });
    let (sent, needs) = create(&asked).unwrap();
    assert_eq!(sent["Labels"], json!({ "a": "b", "understudy.build": "u" }));
    assert_eq!(sent["HostConfig"]["Memory"], 5);
    assert_eq!(sent["HostConfig"]["AutoRemove"], true);
    assert_eq!(sent["Cmd"], json!(["true"]));
    assert_eq!(needs, []);
}

#[test]
fn privileges_are_refused_however_they_are_spelled() {
    let power = DockerPower::Privileged;
    for config in [
        json!({ "Privileged": true }),
        json!({ "privileged": true }),
        json!({ "PRIVILEGED": "yes" }),
        json!({ "CapAdd": ["SYS_ADMIN"] }),
        json!({ "CapAdd": ["cap_sys_admin"] }),
        json!({ "capadd": ["ALL"] }),
        json!({ "Devices": [{ "PathOnHost": "/dev/sda" }] }),
        json!({ "DeviceRequests": [{ "Count": -1 }] }),
        json!({ "DeviceCgroupRules": ["a *:* rwm"] }),
        json!({ "SecurityOpt": ["seccomp=unconfined"] }),
        json!({ "SecurityOpt": ["apparmor:unconfined"] }),
        json!({ "SecurityOpt": ["label=disable"] }),
        json!({ "SecurityOpt": ["systempaths=unconfined"] }),
        json!({ "Sysctls": { "kernel.core_pattern": "|/x" } }),
        json!({ "CgroupParent": "/" }),
        json!({ "Runtime": "other" }),
        json!({ "MaskedPaths": [] }),
        json!({ "ReadonlyPaths": [] }),
        json!({ "Annotations": { "a": "b" } }),
    ] {
        only_with(power, &config);
    }
    let plain = json!({ "CapAdd": ["CAP_CHOWN", "net_raw"], "SecurityOpt": ["no-new-privileges"] });
    create(&json!({ "HostConfig": plain })).unwrap();
}

#[test]
fn namespaces_of_the_host_are_refused() {
    for name in [
        "NetworkMode",
        "PidMode",
        "IpcMode",
        "UTSMode",
        "UsernsMode",
        "CgroupnsMode",
    ] {
        only_with(DockerPower::HostNamespaces, &json!({ name: "host" }));
    }
    let joined = json!({ "NetworkingConfig": { "EndpointsConfig": { "host": {} } } });
    let refusal = create(&joined).unwrap_err();
    assert_eq!(refusal.power, Some(DockerPower::HostNamespaces));
}

#[test]
fn namespaces_and_volumes_of_containers_are_asked_about() {
    let config = json!({ "NetworkMode": "container:a", "PidMode": "container:b", "VolumesFrom": ["c:ro", "d"] });
    let (_, needs) = create(&json!({ "HostConfig": config })).unwrap();
    let container = |name: &str, at: &str, before, after: &str| Need::Container {
        name: name.into(),
        at: At::Body(format!("/HostConfig/{at}")),
        before,
        after: after.into(),
    };
    assert_eq!(
        needs,
        [
            container("a", "NetworkMode", "container:", ""),
            container("b", "PidMode", "container:", ""),
            container("c", "VolumesFrom/0", "", ":ro"),
            container("d", "VolumesFrom/1", "", ""),
        ]
    );
}

#[test]
fn networks_are_asked_about_and_named_by_nothing_else() {
    let (sent, needs) = create(&json!({
        "HostConfig": { "NetworkMode": "mine" },
        "NetworkingConfig": { "endpointsconfig": { "mine": { "networkID": "another", "Aliases": ["a"] }, "bridge": null } },
    }))
    .unwrap();
    assert_eq!(
        needs,
        [Need::Network("mine".into()), Need::Network("mine".into())]
    );
    assert_eq!(
        sent["NetworkingConfig"]["EndpointsConfig"]["mine"],
        json!({ "Aliases": ["a"] })
    );
}

#[test]
fn sources_of_mounts_are_asked_about() {
    let config = json!({
        "Binds": ["/codebuild/x:/a:ro", "data:/b", "/c"],
        "Mounts": [
            { "Type": "bind", "source": "/d", "Target": "/e" },
            { "Type": "volume", "Source": "more", "Target": "/f" },
            { "Type": "volume", "Target": "/g" },
            { "Type": "tmpfs", "Target": "/h" },
        ],
    });
    let (_, needs) = create(&json!({ "HostConfig": config })).unwrap();
    assert_eq!(
        needs,
        [
            Need::Path {
                path: "/codebuild/x".into(),
                at: At::Body("/HostConfig/Binds/0".into()),
                mount: Mount::Text {
                    target: "/a".into(),
                    options: "ro".into()
                },
            },
            Need::Volume("data".into()),
            Need::Path {
                path: "/d".into(),
                at: At::Body("/HostConfig/Mounts/0".into()),
                mount: Mount::Object,
            },
            Need::Volume("more".into()),
        ]
    );
}

#[test]
fn mounts_that_reach_beyond_their_source_are_refused() {
    let power = DockerPower::HostPaths;
    let bind = |options: Value| json!({ "Mounts": [{ "Type": "bind", "Source": "/s", "Target": "/t", "BindOptions": options }] });
    let volume = |options: Value| json!({ "Mounts": [{ "Type": "volume", "Target": "/t", "VolumeOptions": { "DriverConfig": { "Name": "local", "Options": options } } }] });
    for config in [
        json!({ "Binds": ["/s:/t:rshared"] }),
        json!({ "Binds": ["/s:/t:ro,slave"] }),
        bind(json!({ "Propagation": "rshared" })),
        bind(json!({ "propagation": "shared" })),
        volume(json!({ "type": "none", "o": "bind", "device": "/" })),
        volume(json!({ "type": "tmpfs", "o": "bind", "device": "/" })),
        volume(json!({ "type": "tmpfs", "o": "size=1m,bind", "device": "tmpfs" })),
        volume(json!({ "type": "nfs", "device": ":/" })),
    ] {
        only_with(power, &config);
    }
    create(&json!({ "HostConfig": volume(json!({ "type": "tmpfs", "o": "size=1m", "device": "tmpfs" })) })).unwrap();
    only_with(DockerPower::Engine, &json!({ "VolumeDriver": "other" }));
    only_with(
        DockerPower::Engine,
        &json!({ "LogConfig": { "Type": "awslogs" } }),
    );
}

// The engine takes fields of `HostConfig` from the top, too, where there is no `HostConfig`.
#[test]
fn a_container_hides_nothing_beside_its_configuration() {
    for body in [
        json!({ "Privileged": true }),
        json!({ "Binds": ["/:/host"] }),
        json!({ "binds": ["/:/host"], "HostConfig": null }),
        json!({ "HostConfig": { "Unheard": { "of": 1 } } }),
    ] {
        let refusal = create(&body).unwrap_err();
        assert_eq!(refusal.power, Some(DockerPower::Engine), "{body}");
    }
    for text in [
        r#"{"HostConfig": {}, "hostconfig": {"Privileged": true}}"#,
        r#"{"HostConfig": {"Binds": [], "Binds": ["/:/host"]}}"#,
        r#"{"HostConfig": {"Privileged": false, "privileged": true}}"#,
        "[]",
        "{",
    ] {
        assert!(
            send_with(&[], "/containers/create", text).is_err(),
            "{text}"
        );
        assert!(
            send_with(&ALL, "/containers/create", text).is_err(),
            "{text}"
        );
    }
    let (sent, _) = create(&json!({ "Image": "i" })).unwrap();
    assert_eq!(
        sent["HostConfig"],
        json!({}),
        "it must not be taken from the top"
    );
}

#[test]
fn a_start_takes_no_configuration() {
    let sent = send_with(&[], "/containers/c/start", r#"{"Privileged": true}"#).unwrap();
    assert_eq!(sent, (json!({}), vec![]));
    assert!(call("POST", "/v1.23/containers/c/start").is_err());
}

#[test]
fn an_exec_has_no_privileges() {
    let exec = |body: &str| send_with(&[], "/containers/c/exec", body);
    exec(r#"{"Cmd": ["sh"], "AttachStdin": true, "Privileged": false}"#).unwrap();
    for body in [r#"{"Privileged": true}"#, r#"{"privileged": 1}"#] {
        let refusal = exec(body).unwrap_err();
        assert_eq!(refusal.power, Some(DockerPower::Privileged));
    }
}

#[test]
fn networks_are_bridges_of_the_builds_own() {
    let network = |body: Value| send_with(&[], "/networks/create", &body.to_string());
    let (sent, _) = network(
        json!({ "Name": "n", "Driver": "bridge", "IPAM": { "Driver": "default", "Config": [] } }),
    )
    .unwrap();
    assert_eq!(sent["Labels"], json!({ "understudy.build": "u" }));
    for body in [
        json!({ "Driver": "host" }),
        json!({ "Driver": "macvlan", "Options": { "parent": "eth0" } }),
        json!({ "Options": { "com.docker.network.bridge.name": "docker0" } }),
        json!({ "Scope": "swarm" }),
        json!({ "ConfigFrom": { "Network": "x" } }),
        json!({ "IPAM": { "Driver": "other" } }),
        json!({ "IPAM": { "Config": [{ "Subnet": "169.254.170.0/24" }] } }),
    ] {
        let refusal = network(body.clone()).unwrap_err();
        assert_eq!(refusal.power, Some(DockerPower::HostNamespaces), "{body}");
    }
}

#[test]
fn volumes_mount_nothing_else() {
    let volume = |body: Value| send_with(&[], "/volumes/create", &body.to_string());
    let (sent, needs) = volume(json!({ "Name": "v", "Driver": "local" })).unwrap();
    assert_eq!(sent["Labels"], json!({ "understudy.build": "u" }));
    assert_eq!(needs, [Need::VolumeName("v".into())]);
    let bind = json!({ "driveropts": { "type": "none", "o": "bind", "device": "/etc" } });
    let refusal = volume(bind).unwrap_err();
    assert_eq!(refusal.power, Some(DockerPower::HostPaths));
}

#[test]
fn lists_show_what_carries_the_label() {
    for (target, filters) in [
        (
            "/containers/json?all=1",
            json!({ "label": { "understudy.build=u": true } }),
        ),
        (
            "/v1.41/events?filters=%7B%22type%22%3A%7B%22container%22%3Atrue%7D%7D",
            json!({ "type": { "container": true }, "label": { "understudy.build=u": true } }),
        ),
        (
            "/networks?filters=%7B%22label%22%3A%5B%22a%22%5D%7D",
            json!({ "label": { "a": true, "understudy.build=u": true } }),
        ),
    ] {
        let lent = call("GET", target).unwrap();
        let sent: Value = serde_json::from_str(lent.call.value("filters").unwrap()).unwrap();
        assert_eq!(sent, filters, "{target}");
    }
    for target in [
        "/containers/prune",
        "/networks/prune",
        "/volumes/prune",
        "/images/prune",
    ] {
        assert!(
            call("POST", target)
                .unwrap()
                .call
                .value("filters")
                .unwrap()
                .contains("understudy.build=u")
        );
    }
    for filters in [
        "filters=%5B%5D",
        "filters=x",
        "filters=%7B%22label%22%3A1%7D",
        "filters=%7B%7D&filters=%7B%7D",
    ] {
        assert!(
            call("GET", &format!("/containers/json?{filters}")).is_err(),
            "{filters}"
        );
    }
}

#[test]
fn a_build_carries_the_label_and_stays_in_its_box() {
    let lent = call(
        "POST",
        "/v1.41/build?t=a&t=b&labels=%7B%22x%22%3A%22y%22%7D&networkmode=default&version=2",
    )
    .unwrap();
    let labels: Value = serde_json::from_str(lent.call.value("labels").unwrap()).unwrap();
    assert_eq!(labels, json!({ "x": "y", "understudy.build": "u" }));
    for (query, power) in [
        ("networkmode=host", DockerPower::HostNamespaces),
        ("cgroupparent=x", DockerPower::Privileged),
        (
            "securityopt=%5B%22seccomp%3Dunconfined%22%5D",
            DockerPower::Privileged,
        ),
        ("entitlements=security.insecure", DockerPower::Engine),
    ] {
        let refusal = call("POST", &format!("/build?{query}")).unwrap_err();
        assert_eq!(refusal.power, Some(power), "{query}");
        assert!(call_with(&[power], "POST", &format!("/build?{query}")).is_ok());
    }
    assert!(call("POST", "/build?networkmode=default&networkmode=host").is_err());
    assert_eq!(
        call("POST", "/build?networkmode=mine").unwrap().needs,
        [Need::Network("mine".into())]
    );
}

#[test]
fn what_belongs_to_others_is_asked_about() {
    for (method, target, named) in [
        ("GET", "/containers/c/json", Named::Container),
        ("POST", "/containers/c/exec", Named::Container),
        ("PUT", "/containers/c/archive?path=/", Named::Container),
        ("DELETE", "/containers/c?force=1", Named::Container),
        ("POST", "/exec/e/start", Named::Exec),
        ("DELETE", "/networks/n", Named::Network),
        ("DELETE", "/networks/bridge", Named::Network),
        ("GET", "/networks/host", Named::Network),
        ("DELETE", "/volumes/v", Named::Volume),
    ] {
        let lent = call(method, target).unwrap();
        assert_eq!(
            lent.named.map(|(named, _)| named),
            Some(named),
            "{method} {target}"
        );
    }
    assert_eq!(call("GET", "/networks/bridge").unwrap().named, None);
    let removal = call("DELETE", "/images/a/b:1").unwrap();
    assert_eq!(removal.needs, [Need::Image("a/b:1".into())]);
    let tag = call("POST", "/images/x/tag?repo=a&tag=1").unwrap();
    assert_eq!(tag.needs, [Need::ImageName("a:1".into())]);
}

#[test]
fn what_is_not_in_the_table_needs_the_whole_engine() {
    for (method, target) in [
        ("POST", "/swarm/init"),
        ("POST", "/containers/c/update"),
        ("POST", "/build/prune"),
        ("GET", "/system/df"),
        ("POST", "/containers/c/start?checkpoint=x"),
        ("GET", "/unheard/of"),
    ] {
        let refusal = call(method, target).unwrap_err();
        assert_eq!(refusal.power, Some(DockerPower::Engine), "{target}");
        assert!(call_with(&[DockerPower::Engine], method, target).is_ok());
    }
    let refusal = call("POST", "/swarm/init").unwrap_err();
    assert_eq!(
        refusal.message(),
        "Understudy does not lend this to a build: `POST /swarm/init`; allow it with `--docker-allow engine` if you trust the build"
    );
}
