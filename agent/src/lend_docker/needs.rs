//! What a call needs before it may go on: whose a thing is, and where a mount's source lies.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::call::Call;
use super::mounts::is_name;
use super::paths::{Paths, Source};
use super::routes::Named;
use super::rules::{At, Mount, Need, Refusal, Rules};
use super::upstream::Upstream;
use crate::model::DockerPower;

/// Answers needs by asking the engine.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) rules: Rules,
    pub(super) upstream: Upstream,
    pub(super) paths: Paths,
    /// Names that the build gave to images.
    pub(super) names: Mutex<Vec<String>>,
}

impl Desk {
    /// Returns what a path must say instead of a name: a container's id, which no other container can take over.
    pub(super) async fn own(&self, named: Named, name: &str) -> Result<String, Refusal> {
        if self.rules.powers.contains(&DockerPower::Engine) {
            return Ok(name.to_owned());
        }
        match named {
            Named::Container => self.container(name).await,
            Named::Exec => {
                let exec = self
                    .inspect("exec instance", "/exec/", name, "/json")
                    .await?;
                let container = exec["ContainerID"].as_str().unwrap_or_default();
                match self.container(container).await {
                    Ok(_) => Ok(name.to_owned()),
                    Err(_) => Err(Refusal::absent("exec instance", name)),
                }
            }
            Named::Network => {
                let network = self.inspect("network", "/networks/", name, "").await?;
                if self.is_ours(&network["Labels"]) {
                    Ok(network["Id"].as_str().unwrap_or(name).to_owned())
                } else {
                    Err(Refusal {
                        status: 404,
                        what: format!("network {name} not found"),
                        power: None,
                    })
                }
            }
            Named::Volume => match self.volume(name).await? {
                Some(true) => Ok(name.to_owned()),
                _ => Err(Refusal::absent("volume", name)),
            },
            Named::Image => Ok(name.to_owned()),
        }
    }

    /// Meets one need, by writing the answer into the call or its body.
    pub(super) async fn meet(
        &self,
        need: &Need,
        call: &mut Call,
        body: &mut Value,
    ) -> Result<(), Refusal> {
        match need {
            Need::Container {
                name,
                at,
                before,
                after,
            } => {
                let id = self.own(Named::Container, name).await?;
                put(call, body, at, format!("{before}{id}{after}").into());
                Ok(())
            }
            Need::Network(name) => self.own(Named::Network, name).await.map(drop),
            Need::Volume(name) => match self.volume(name).await? {
                Some(true) => Ok(()),
                Some(false) => self.foreign("volume", name),
                None => self.make_volume(name, json!({})).await,
            },
            Need::VolumeName(name) => match self.volume(name).await? {
                Some(false) => self.foreign("volume", name),
                Some(true) | None => Ok(()),
            },
            Need::Image(name) => self.image(name).await,
            Need::ImageName(name) => {
                let name = tagged(name);
                // A name that others gave does not become the build's by being given once more.
                if self.ask(&format!("/images/{name}/json")).await?.0 == 404 {
                    let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
                    names.push(name);
                }
                Ok(())
            }
            Need::Path { path, at, mount } => self.mount(path, at, mount, call, body).await,
        }
    }

    async fn container(&self, name: &str) -> Result<String, Refusal> {
        let found = self
            .inspect("container", "/containers/", name, "/json")
            .await?;
        match found["Id"].as_str() {
            Some(id) if self.is_ours(&found["Config"]["Labels"]) => Ok(id.to_owned()),
            _ => Err(Refusal::absent("container", name)),
        }
    }

    /// Whether a volume is the build's; `None` when there is none of that name.
    async fn volume(&self, name: &str) -> Result<Option<bool>, Refusal> {
        if !is_name(name) {
            return Ok(None);
        }
        let (status, found) = self.ask(&format!("/volumes/{name}")).await?;
        let engine = self.rules.powers.contains(&DockerPower::Engine);
        Ok((status == 200).then(|| engine || self.is_ours(&found["Labels"])))
    }

    async fn make_volume(&self, name: &str, options: Value) -> Result<(), Refusal> {
        let (label, value) = &self.rules.label;
        let mut labels = serde_json::Map::new();
        labels.insert(label.clone(), value.clone().into());
        let body =
            json!({ "Name": name, "Driver": "local", "DriverOpts": options, "Labels": labels });
        let made = self.upstream.ask("POST", "/volumes/create", Some(&body));
        match made.await {
            Ok((status, _)) if status < 300 => Ok(()),
            Ok((status, answer)) => Err(Refusal {
                status,
                what: answer["message"].as_str().unwrap_or_default().to_owned(),
                power: None,
            }),
            Err(error) => Err(unreached(&error.to_string())),
        }
    }

    async fn image(&self, name: &str) -> Result<(), Refusal> {
        let named = {
            let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            names.contains(&tagged(name))
        };
        if named || self.rules.powers.contains(&DockerPower::Engine) {
            return Ok(());
        }
        let (status, found) = self.ask(&format!("/images/{name}/json")).await?;
        if status != 200 {
            return Err(Refusal::absent("image", name));
        }
        if self.is_ours(&found["Config"]["Labels"]) {
            return Ok(());
        }
        let what = format!("removing image `{name}`, which this build neither made nor named");
        Err(Refusal::power(DockerPower::Engine, what))
    }

    async fn mount(
        &self,
        path: &str,
        at: &At,
        mount: &Mount,
        call: &mut Call,
        body: &mut Value,
    ) -> Result<(), Refusal> {
        let missing_is_made = matches!(mount, Mount::Text { .. });
        let source = self.paths.find(path, missing_is_made, &self.rules.powers)?;
        let name = match &source {
            Source::Path(path) => path,
            Source::Held { volume, device } => {
                let options = json!({ "type": "none", "o": "bind", "device": device });
                self.make_volume(volume, options).await?;
                volume
            }
        };
        let held = matches!(source, Source::Held { .. });
        match mount {
            Mount::Text { target, options } => {
                if name.contains(':') {
                    return Err(Refusal::malformed(format!(
                        "`{name}` cannot be mounted with `-v`, because of its colon; use `--mount`"
                    )));
                }
                // Volumes know fewer options, and would be filled with what the image has there.
                let mut options: Vec<&str> = options
                    .split(',')
                    .filter(|option| !option.is_empty())
                    .filter(|option| !held || ["ro", "rw", "z", "Z"].contains(option))
                    .collect();
                if held {
                    options.push("nocopy");
                }
                let mut text = format!("{name}:{target}");
                if !options.is_empty() {
                    text = format!("{text}:{}", options.join(","));
                }
                put(call, body, at, text.into());
            }
            Mount::Object => {
                if let At::Body(pointer) = at
                    && let Some(object) = body.pointer_mut(pointer).and_then(Value::as_object_mut)
                {
                    object.insert("Source".into(), name.clone().into());
                    if held {
                        object.insert("Type".into(), "volume".into());
                        object.remove("BindOptions");
                        object.insert("VolumeOptions".into(), json!({ "NoCopy": true }));
                    }
                }
            }
        }
        Ok(())
    }

    /// Looks at something that is known by a name or an id.
    async fn inspect(
        &self,
        what: &str,
        before: &str,
        name: &str,
        after: &str,
    ) -> Result<Value, Refusal> {
        if is_name(name)
            && let (200, found) = self.ask(&format!("{before}{name}{after}")).await?
        {
            return Ok(found);
        }
        Err(Refusal::absent(what, name))
    }

    async fn ask(&self, target: &str) -> Result<(u16, Value), Refusal> {
        let asked = self.upstream.ask("GET", target, None).await;
        asked.map_err(|error| unreached(&error.to_string()))
    }

    fn is_ours(&self, labels: &Value) -> bool {
        let (name, value) = &self.rules.label;
        labels.get(name).and_then(Value::as_str) == Some(value)
    }

    fn foreign(&self, what: &str, name: &str) -> Result<(), Refusal> {
        self.rules.only_with(
            DockerPower::Engine,
            format!("the {what} `{name}`, which is not of this build"),
        )
    }
}

pub(super) fn unreached(reason: &str) -> Refusal {
    Refusal {
        status: 502,
        what: format!("the Docker Engine does not answer: {reason}"),
        power: None,
    }
}

fn put(call: &mut Call, body: &mut Value, at: &At, value: Value) {
    match at {
        At::Query(key) => call.set(key, value.as_str().unwrap_or_default().to_owned()),
        At::Body(pointer) => {
            if let Some(place) = body.pointer_mut(pointer) {
                *place = value;
            }
        }
    }
}

/// A name without a tag means `latest`.
fn tagged(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains([':', '@']) {
        name.to_owned()
    } else {
        format!("{name}:latest")
    }
}
