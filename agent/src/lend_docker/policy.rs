//! DECIDE, for one call: what may go on to the engine, and as what. Pure: the request is data, and so is the answer.

use std::ops::Range;

use serde_json::{Map, Value, json};

use super::body::COMMON_NETWORKS;
use super::call::Call;
use super::routes::{self, Act, Named};
use super::rules::{At, Need, Refusal, Rule, Rules};
use super::strict_json::parse;
use crate::model::DockerPower;

/// Keys that may stand several times in a query; of all others the engine would take one, and we might take another.
const REPEATABLE: &[&str] = &["t", "extrahosts", "names", "changes", "platforms"];

/// A call that may go on, once its needs are met.
#[derive(Debug)]
pub(super) struct Lent {
    /// What is sent to the engine.
    pub(super) call: Call,
    /// What becomes of the body.
    pub(super) body: Body,
    /// What must be known first.
    pub(super) needs: Vec<Need>,
    /// What the path names, and where, when it must be the build's own.
    pub(super) named: Option<(Named, Range<usize>)>,
    /// What becomes of the answer.
    pub(super) answer: Answer,
    /// Whether the connection may become a stream.
    pub(super) upgrade: bool,
}

/// What becomes of a request's body.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body {
    /// It flows through.
    Stream,
    /// It is read whole and judged.
    Judge(Rule),
}

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It flows through.
    Stream,
    /// It is an object that loses the field that names other people's containers.
    WithoutContainers,
}

/// Decides on everything but a body.
pub(super) fn look(
    method: &str,
    path: &str,
    query: Option<&str>,
    rules: &Rules,
) -> Result<Lent, Refusal> {
    let mut call = Call::parse(path, query).map_err(Refusal::malformed)?;
    let engine = rules.powers.contains(&DockerPower::Engine);
    let Some(found) = routes::find(method, &call.parts) else {
        rules.only_with(DockerPower::Engine, format!("`{method} {}`", call.shown()))?;
        return Ok(Lent {
            call,
            body: Body::Stream,
            needs: Vec::new(),
            named: None,
            answer: Answer::Stream,
            upgrade: true,
        });
    };
    check_query(&call, found.route.query, rules)?;
    let mut lent = Lent {
        body: Body::Stream,
        needs: Vec::new(),
        named: found.named.filter(|(named, _)| *named != Named::Image),
        answer: Answer::Stream,
        upgrade: false,
        call: call.clone(),
    };
    match found.route.act {
        Act::Pass => {}
        Act::Upgrade => lent.upgrade = true,
        Act::Judge(rule) => lent.body = Body::Judge(rule),
        Act::Own if engine => {}
        Act::Own => {
            let filters = own(call.value("filters"), rules)?;
            lent.call.set("filters", filters);
        }
        Act::RemoveContainer => lent.call.set("v", "1".into()),
        Act::RemoveImage => lent
            .needs
            .push(Need::Image(call.parts.split_off(1).join("/"))),
        Act::NameImage => lent.needs.extend(named_image(&call)),
        Act::Build => lent.needs.extend(build(&mut lent.call, rules)?),
        Act::ShowNetwork if !engine => lent.answer = Answer::WithoutContainers,
        Act::ShowNetwork => {}
    }
    if call.parts == ["commit"] {
        let name = call.value("container").unwrap_or_default().to_owned();
        lent.needs.push(Need::Container {
            name,
            at: At::Query("container"),
            before: "",
            after: String::new(),
        });
    }
    // Everybody's networks can be looked at, joined and left.
    if let Some((Named::Network, at)) = &lent.named
        && method != "DELETE"
        && lent
            .call
            .parts
            .get(at.start)
            .is_some_and(|name| COMMON_NETWORKS.contains(&name.as_str()))
    {
        lent.named = None;
    }
    Ok(lent)
}

/// Judges a body; returns it as the engine may see it, and what must be known first.
pub(super) fn judge(
    rule: Rule,
    bytes: &[u8],
    rules: &Rules,
) -> Result<(Value, Vec<Need>), Refusal> {
    let body = if bytes.iter().all(u8::is_ascii_whitespace) {
        Value::Null
    } else {
        parse(bytes).map_err(Refusal::malformed)?
    };
    let mut body = match body {
        Value::Null => Map::new(),
        Value::Object(body) => body,
        _ => return Err(Refusal::malformed("the body is not an object")),
    };
    let needs = rule(&mut body, rules)?;
    Ok((Value::Object(body), needs))
}

fn check_query(call: &Call, known: &str, rules: &Rules) -> Result<(), Refusal> {
    for (index, (key, value)) in call.query.iter().enumerate() {
        let known = known.split_whitespace().any(|known| known == key);
        if !known && !value.is_empty() {
            let what = format!("`{key}` of `{}`", call.shown());
            rules.only_with(DockerPower::Engine, what)?;
        }
        let mut before = call.query.iter().take(index);
        if !REPEATABLE.contains(&key.as_str()) && before.any(|(name, _)| name == key) {
            return Err(Refusal::malformed(format!(
                "`{key}` stands in the query twice"
            )));
        }
    }
    Ok(())
}

/// Adds the build's label to the filters of a list. The engine knows two forms, lists and objects, and wants one of them
/// throughout: here all become objects.
fn own(filters: Option<&str>, rules: &Rules) -> Result<String, Refusal> {
    let malformed = || Refusal::malformed("the filters are not what the engine takes");
    let filters = match filters.filter(|text| !text.trim().is_empty()) {
        None => Map::new(),
        Some(text) => match parse(text.as_bytes()).map_err(Refusal::malformed)? {
            Value::Null => Map::new(),
            Value::Object(filters) => filters,
            _ => return Err(malformed()),
        },
    };
    let mut own = Map::new();
    for (name, values) in filters {
        let values = match values {
            Value::Object(values) => values,
            Value::Array(values) => values
                .into_iter()
                .map(|value| match value {
                    Value::String(value) => Ok((value, true.into())),
                    _ => Err(malformed()),
                })
                .collect::<Result<_, _>>()?,
            _ => return Err(malformed()),
        };
        own.insert(name, Value::Object(values));
    }
    let (name, value) = &rules.label;
    let labels = own.entry("label").or_insert_with(|| json!({}));
    if let Value::Object(labels) = labels {
        labels.insert(format!("{name}={value}"), true.into());
    }
    Ok(Value::Object(own).to_string())
}

/// `repo` and `tag`, where a call gives them.
fn named_image(call: &Call) -> Option<Need> {
    let name = call.value("repo").filter(|name| !name.is_empty())?;
    let tag = call.value("tag").filter(|tag| !tag.is_empty());
    Some(Need::ImageName(match tag {
        Some(tag) => format!("{name}:{tag}"),
        None => name.to_owned(),
    }))
}

/// A build's options. What the steps of a build ask for is in the Dockerfile, which the engine confines; only these could
/// take it out of its box. Its `ADD` of a URL is made by the engine, from the engine's network, and cannot be judged here.
fn build(call: &mut Call, rules: &Rules) -> Result<Option<Need>, Refusal> {
    let (name, value) = rules.label.clone();
    let mut labels = match call.value("labels").filter(|text| !text.is_empty()) {
        None => Map::new(),
        Some(text) => match parse(text.as_bytes()).map_err(Refusal::malformed)? {
            Value::Null => Map::new(),
            Value::Object(labels) => labels,
            _ => return Err(Refusal::malformed("`labels` is not an object")),
        },
    };
    labels.insert(name, value.into());
    call.set("labels", Value::Object(labels).to_string());
    let option = |key: &str| call.value(key).unwrap_or_default();
    if !["", "[]", "null"].contains(&option("securityopt")) {
        rules.only_with(DockerPower::Privileged, "security options of a build")?;
    }
    if !option("cgroupparent").is_empty() {
        rules.only_with(DockerPower::Privileged, "a build's own control group")?;
    }
    if !["", "default"].contains(&option("isolation")) {
        rules.only_with(DockerPower::Privileged, "another isolation")?;
    }
    let mode = option("networkmode").to_owned();
    match mode.as_str() {
        "" | "default" | "bridge" | "none" => Ok(None),
        "host" => rules
            .only_with(
                DockerPower::HostNamespaces,
                "a build in this machine's own network (`--network host`)",
            )
            .map(|()| None),
        mode => Ok(Some(match mode.strip_prefix("container:") {
            Some(name) => Need::Container {
                name: name.to_owned(),
                at: At::Query("networkmode"),
                before: "container:",
                after: String::new(),
            },
            None => Need::Network(mode.to_owned()),
        })),
    }
}
