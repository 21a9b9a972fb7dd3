//! What the judges share: what is allowed, what a judgement needs to know, and how a refusal sounds.

use serde_json::{Map, Value};

use super::strict_json::{self, Unknown};
use crate::model::DockerPower;

/// What holds for a build.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    /// The label of all that the build makes: name and value.
    pub(super) label: (String, String),
    /// What is not refused although it would be.
    pub(super) powers: Vec<DockerPower>,
}

impl Rules {
    /// Refuses, unless this power is given to the build.
    pub(super) fn only_with(
        &self,
        power: DockerPower,
        what: impl Into<String>,
    ) -> Result<(), Refusal> {
        if self.powers.contains(&power) {
            Ok(())
        } else {
            Err(Refusal::power(power, what))
        }
    }
}

/// Why a call is not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The HTTP status.
    pub(super) status: u16,
    /// What was refused.
    pub(super) what: String,
    /// What would allow it.
    pub(super) power: Option<DockerPower>,
}

impl Refusal {
    pub(super) fn power(power: DockerPower, what: impl Into<String>) -> Self {
        Self {
            status: 403,
            what: what.into(),
            power: Some(power),
        }
    }

    /// A body or a path that cannot be judged.
    pub(super) fn malformed(what: impl Into<String>) -> Self {
        Self {
            status: 400,
            what: what.into(),
            power: None,
        }
    }

    /// What is not the build's own is not there.
    pub(super) fn absent(what: &str, name: &str) -> Self {
        Self {
            status: 404,
            what: format!("No such {what}: {name}"),
            power: None,
        }
    }

    /// Returns what the client is told.
    pub(super) fn message(&self) -> String {
        match self.power {
            Some(power) => format!(
                "Understudy does not lend this to a build: {}; allow it with `--docker-allow {}` if you trust the build",
                self.what,
                power.name()
            ),
            None => self.what.clone(),
        }
    }
}

/// What must be asked, or made, before a call may go on, and where the answer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Need {
    /// A container of the build; its id goes between two texts.
    Container {
        name: String,
        at: At,
        before: &'static str,
        after: String,
    },
    /// A network of the build.
    Network(String),
    /// A volume of the build; one that is not there is made.
    Volume(String),
    /// A volume's name that is the build's own, or nobody's.
    VolumeName(String),
    /// An image that the build made, or a name that it gave.
    Image(String),
    /// A name that an image is about to get: the build's own from then on, if it is nobody's yet.
    ImageName(String),
    /// A path in the build's container, as the source of a mount.
    Path { path: String, at: At, mount: Mount },
}

/// A place in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum At {
    /// A JSON pointer into the body.
    Body(String),
    /// A key of the query.
    Query(&'static str),
}

/// The two forms in which a mount is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mount {
    /// `source:target:options`.
    Text { target: String, options: String },
    /// An object.
    Object,
}

/// Judges the body of a call, makes it what the engine may see, and returns what must be known besides.
pub(super) type Rule = fn(&mut Map<String, Value>, &Rules) -> Result<Vec<Need>, Refusal>;

/// Gives fields their canonical names; an unknown one that says something is refused.
pub(super) fn canonical(
    object: &mut Map<String, Value>,
    known: &[&str],
    rules: &Rules,
) -> Result<(), Refusal> {
    let before = rules
        .powers
        .contains(&DockerPower::Engine)
        .then(|| object.clone());
    match strict_json::canonical(object, known) {
        Ok(()) => Ok(()),
        // With the whole engine lent, what is not known here is its own affair.
        Err(Unknown(name)) => match before {
            Some(before) if !known.iter().any(|known| known.eq_ignore_ascii_case(&name)) => {
                keep_unknown(object, before, known)
            }
            _ => Err(Refusal::power(
                DockerPower::Engine,
                format!("the field `{name}`, which is not known or stands there twice"),
            )),
        },
    }
}

fn keep_unknown(
    object: &mut Map<String, Value>,
    before: Map<String, Value>,
    known: &[&str],
) -> Result<(), Refusal> {
    let is_known = |name: &String| known.iter().any(|known| known.eq_ignore_ascii_case(name));
    let (mut ours, theirs): (Map<_, _>, Map<_, _>) =
        before.into_iter().partition(|(name, _)| is_known(name));
    strict_json::canonical(&mut ours, known)
        .map_err(|Unknown(name)| Refusal::malformed(format!("`{name}` stands there twice")))?;
    ours.extend(theirs);
    *object = ours;
    Ok(())
}

/// Returns the objects below a field; nothing there is none.
pub(super) fn object<'a>(
    parent: &'a mut Map<String, Value>,
    name: &str,
) -> Result<Option<&'a mut Map<String, Value>>, Refusal> {
    match parent.get_mut(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(Refusal::malformed(format!("`{name}` is not an object"))),
    }
}

/// Returns a field's text; nothing there is empty.
pub(super) fn text(object: &Map<String, Value>, name: &str) -> Result<String, Refusal> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(Refusal::malformed(format!("`{name}` is not a text"))),
    }
}

/// Returns a field's texts; nothing there is none.
pub(super) fn texts(object: &Map<String, Value>, name: &str) -> Result<Vec<String>, Refusal> {
    let malformed = || Refusal::malformed(format!("`{name}` is not a list of texts"));
    match object.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(malformed))
            .collect(),
        Some(_) => Err(malformed()),
    }
}

/// Puts the build's label to those of an object.
pub(super) fn label(object: &mut Map<String, Value>, rules: &Rules) -> Result<(), Refusal> {
    let (name, value) = rules.label.clone();
    let labels = object.entry("Labels").or_insert(Value::Null);
    if labels.is_null() {
        *labels = Value::Object(Map::new());
    }
    match labels {
        Value::Object(labels) => {
            labels.insert(name, value.into());
            Ok(())
        }
        _ => Err(Refusal::malformed("`Labels` is not an object")),
    }
}
