//! The variables of a build: how many there are, which of them are secrets, and how each kind reaches the commands.

use crate::model::{BuildRequest, Visibility};
use crate::plan;

/// Names that a shell sets for itself, whatever its environment says, and some of which it refuses to be set. What is
/// given for them is no secret that a command could use.
const SHELLS_OWN: [&str; 8] = [
    "BASHOPTS",
    "BASH_VERSINFO",
    "EUID",
    "IFS",
    "LINENO",
    "PPID",
    "SHELLOPTS",
    "UID",
];

/// The variables that every command of a build sees.
#[derive(Debug)]
pub(super) struct Variables {
    /// All of them, each name once.
    all: Vec<(String, String)>,
    /// The names of those that must not be seen.
    masked: Vec<String>,
}

impl Variables {
    /// Returns the variables of an environment. Masked are those that are `kept` in AWS, wherever their values came from,
    /// and those of the request whose values came from where secrets are kept.
    pub(super) fn new(
        environment: Vec<(String, String)>,
        kept: &[&str],
        request: &BuildRequest,
    ) -> Self {
        let is_masked = |name: &String| {
            let given = request.variables.iter().rfind(|known| known.name == *name);
            kept.contains(&name.as_str())
                || given.is_some_and(|known| known.visibility == Visibility::Masked)
        };
        let names = environment.iter().map(|(name, _)| name.clone());
        let masked = names.filter(is_masked).collect();
        Self {
            all: environment,
            masked,
        }
    }

    /// Returns all of them, name and value.
    pub(super) fn all(&self) -> &[(String, String)] {
        &self.all
    }

    /// Returns name and value of every secret of the build. They are known before the container starts, and no event,
    /// no log and no container configuration may show them.
    pub(super) fn secrets(&self) -> impl Iterator<Item = (&str, &str)> {
        let masked = self.all.iter().filter(|(name, _)| self.is_masked(name));
        masked.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the directory of the build's Docker configuration.
    pub(super) fn docker_config(&self) -> &str {
        let named = self.all.iter().find(|(name, _)| name == "DOCKER_CONFIG");
        named.map_or("/root/.docker", |(_, directory)| directory)
    }

    /// Adds a variable of the build's surroundings.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.all.retain(|(known, _)| known != name);
        self.all.push((name.to_owned(), value.to_owned()));
    }

    /// The same for one that must not be seen.
    pub(super) fn add_secret(&mut self, name: &str, value: &str) {
        self.add(name, value);
        self.masked.push(name.to_owned());
    }

    /// Returns those that may stand in the container's configuration, which everybody at the engine can read.
    pub(super) fn configured(&self) -> Vec<(String, String)> {
        let open = |name: &str| !self.is_masked(name) || SHELLS_OWN.contains(&name);
        let variables = self.all.iter().filter(|(name, _)| open(name));
        variables.cloned().collect()
    }

    /// Returns what the driver sources: the rest of them. A name that no shell can export cannot be carried that way,
    /// and no shell could read it either.
    pub(super) fn given(&self) -> String {
        let carried = self
            .secrets()
            .filter(|(name, _)| plan::is_name(name) && !SHELLS_OWN.contains(name));
        let carried: Vec<_> = carried
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        plan::given(&carried)
    }

    /// Returns all of them, with three stars for what must not be seen.
    pub(super) fn hidden(self) -> Vec<(String, String)> {
        let masked = self.masked;
        let hide = |(name, value): (String, String)| {
            let value = if masked.contains(&name) {
                "***".to_owned()
            } else {
                value
            };
            (name, value)
        };
        self.all.into_iter().map(hide).collect()
    }

    /// Returns what an event may show of a value: nothing of a secret's.
    pub(super) fn shown(&self, name: &str, value: String) -> String {
        let is_secret = self.is_masked(name)
            || self
                .secrets()
                .any(|(_, secret)| secret == value && !secret.is_empty());
        if is_secret {
            return "***".to_owned();
        }
        value
    }

    fn is_masked(&self, name: &str) -> bool {
        self.masked.iter().any(|known| known == name)
    }
}
