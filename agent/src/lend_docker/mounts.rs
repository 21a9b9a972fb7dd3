//! What a container may have mounted: volumes of the build, and directories of the build's own container.

use serde_json::{Map, Value};

use super::rules::{At, Mount, Need, Refusal, Rules, canonical, object, text, texts};
use super::strict_json::says_nothing;
use crate::model::DockerPower;

const MOUNT: &[&str] = &[
    "Type",
    "Source",
    "Target",
    "ReadOnly",
    "Consistency",
    "BindOptions",
    "VolumeOptions",
    "TmpfsOptions",
    "ImageOptions",
];
const BIND: &[&str] = &[
    "Propagation",
    "NonRecursive",
    "CreateMountpoint",
    "ReadOnlyNonRecursive",
    "ReadOnlyForceRecursive",
];
const VOLUME: &[&str] = &["NoCopy", "Labels", "DriverConfig", "Subpath"];
/// What may stand behind the second colon. A mount that is shared would reach back to where it came from.
const OPTIONS: &[&str] = &[
    "ro",
    "rw",
    "z",
    "Z",
    "nocopy",
    "cached",
    "delegated",
    "consistent",
    "default",
    "private",
    "rprivate",
];

/// Judges `Binds` and `Mounts`.
pub(super) fn judge(config: &mut Map<String, Value>, rules: &Rules) -> Result<Vec<Need>, Refusal> {
    let mut needs = Vec::new();
    for (index, bind) in texts(config, "Binds")?.iter().enumerate() {
        needs.extend(bind_text(bind, index, rules)?);
    }
    match config.get_mut("Mounts") {
        None | Some(Value::Null) => {}
        Some(Value::Array(mounts)) => {
            for (index, mount) in mounts.iter_mut().enumerate() {
                let mount = mount
                    .as_object_mut()
                    .ok_or_else(|| Refusal::malformed("a mount is not an object"))?;
                needs.extend(mount_object(mount, index, rules)?);
            }
        }
        Some(_) => return Err(Refusal::malformed("`Mounts` is not a list")),
    }
    Ok(needs)
}

/// `source:target[:options]`, or the target of a volume without a name.
fn bind_text(bind: &str, index: usize, rules: &Rules) -> Result<Option<Need>, Refusal> {
    let pieces: Vec<&str> = bind.split(':').collect();
    let (source, target, options) = match pieces.as_slice() {
        [_] => return Ok(None),
        [source, target] => (*source, *target, ""),
        [source, target, options] => (*source, *target, *options),
        _ => return Err(Refusal::malformed(format!("`{bind}` is not a mount"))),
    };
    for option in options.split(',').filter(|option| !option.is_empty()) {
        if !OPTIONS.contains(&option) {
            rules.only_with(
                DockerPower::HostPaths,
                format!("the mount option `{option}`"),
            )?;
        }
    }
    if source.starts_with('/') {
        return Ok(Some(Need::Path {
            path: source.to_owned(),
            at: At::Body(format!("/HostConfig/Binds/{index}")),
            mount: Mount::Text {
                target: target.to_owned(),
                options: options.to_owned(),
            },
        }));
    }
    volume(source).map(Some)
}

fn mount_object(
    mount: &mut Map<String, Value>,
    index: usize,
    rules: &Rules,
) -> Result<Option<Need>, Refusal> {
    canonical(mount, MOUNT, rules)?;
    let source = text(mount, "Source")?;
    match text(mount, "Type")?.as_str() {
        "tmpfs" | "image" => Ok(None),
        "bind" => {
            if let Some(options) = object(mount, "BindOptions")? {
                canonical(options, BIND, rules)?;
                let propagation = text(options, "Propagation")?;
                if !["", "private", "rprivate"].contains(&propagation.as_str()) {
                    rules.only_with(
                        DockerPower::HostPaths,
                        format!("a mount that is `{propagation}`"),
                    )?;
                }
            }
            let at = At::Body(format!("/HostConfig/Mounts/{index}"));
            Ok(Some(Need::Path {
                path: source,
                at,
                mount: Mount::Object,
            }))
        }
        "volume" => {
            if let Some(options) = object(mount, "VolumeOptions")? {
                canonical(options, VOLUME, rules)?;
                if let Some(driver) = object(options, "DriverConfig")? {
                    canonical(driver, &["Name", "Options"], rules)?;
                    let name = text(driver, "Name")?;
                    judge_driver(&name, driver.get("Options"), rules)?;
                }
                // A volume without a name goes with its container; one with a name has the label by then.
            }
            if source.is_empty() {
                return Ok(None);
            }
            volume(&source).map(Some)
        }
        other => Err(Refusal::power(
            DockerPower::HostPaths,
            format!("a mount of type `{other}`"),
        )),
    }
}

fn volume(name: &str) -> Result<Need, Refusal> {
    if is_name(name) {
        Ok(Need::Volume(name.to_owned()))
    } else {
        Err(Refusal::malformed(format!(
            "`{name}` is neither an absolute path nor a volume's name"
        )))
    }
}

/// What the engine takes for a name.
pub(super) fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphanumeric())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || "_.-".contains(letter))
}

/// A volume's driver can mount anything that this machine can: only memory is lent.
pub(super) fn judge_driver(
    name: &str,
    options: Option<&Value>,
    rules: &Rules,
) -> Result<(), Refusal> {
    if !["", "local"].contains(&name) {
        rules.only_with(DockerPower::Engine, format!("the volume driver `{name}`"))?;
    }
    match options {
        Some(options) if !says_nothing(options) && !is_memory(options) => rules.only_with(
            DockerPower::HostPaths,
            "a volume that mounts something else",
        ),
        _ => Ok(()),
    }
}

fn is_memory(options: &Value) -> bool {
    let Some(options) = options.as_object() else {
        return false;
    };
    let is = |name: &str| options.get(name).and_then(Value::as_str);
    let plain = |option: &str| {
        let key = option.split('=').next().unwrap_or_default();
        [
            "size",
            "uid",
            "gid",
            "mode",
            "nr_inodes",
            "noexec",
            "nosuid",
            "nodev",
            "ro",
            "rw",
        ]
        .contains(&key)
    };
    is("type") == Some("tmpfs")
        && is("device") == Some("tmpfs")
        && is("o").is_none_or(|list| list.split(',').all(plain))
        && options
            .keys()
            .all(|key| ["type", "device", "o"].contains(&key.as_str()))
}
