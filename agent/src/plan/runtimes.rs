//! `runtime-versions` against the image's catalogue (reference §4.3, §4.4).

use std::cmp::Ordering;

use indexmap::IndexMap;
use serde::Deserialize;

/// The image's `runtimes.yml`.
#[derive(Debug, Clone, Deserialize)]
pub struct Catalogue {
    runtimes: IndexMap<String, Runtime>,
}

#[derive(Debug, Clone, Deserialize)]
struct Runtime {
    // Keys stay as written: `1.20` is not `1.2`.
    versions: IndexMap<String, Version>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Version {
    #[serde(default)]
    requires: IndexMap<String, Vec<String>>,
    #[serde(default)]
    commands: Vec<String>,
}

/// A runtime that will be selected, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// For example `nodejs`.
    pub runtime: String,
    /// The catalogue's version, or the version asked for when the `default` template installs it.
    pub version: String,
    /// The commands that switch to it.
    pub commands: Vec<String>,
    /// Whether the commands expect the version in `$VERSION`.
    pub from_template: bool,
}

/// Why a selection is not possible, in CodeBuild's words (reference §2.9).
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RuntimeError {
    /// No such runtime.
    #[error("Unknown runtime named '{name}'. This build image has the following runtimes: {}", known.join(", "))]
    UnknownRuntime {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No such version.
    #[error("Unknown runtime version named '{version}' of {runtime}. This build image has the following versions: {}", known.join(", "))]
    UnknownVersion {
        /// The runtime.
        runtime: String,
        /// What was asked for.
        version: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Two selections need different versions of one runtime.
    #[error("Runtime {runtime} {version} requires {other} {}, but {other} {chosen} was selected", accepted.join(" or "))]
    Conflict {
        /// The runtime that requires.
        runtime: String,
        /// Its version.
        version: String,
        /// The runtime that is required.
        other: String,
        /// The versions that would do.
        accepted: Vec<String>,
        /// The version that was chosen.
        chosen: String,
    },
}

impl Catalogue {
    /// Reads a catalogue; the text comes from the image and may be anything.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_yaml::from_str(text).map_err(|error| error.to_string())
    }

    /// Chooses for every (runtime, version) asked for, required runtimes first.
    pub fn select(&self, wanted: &[(String, String)]) -> Result<Vec<Selection>, RuntimeError> {
        let mut selected: Vec<Selection> = Vec::new();
        for (runtime, version) in wanted {
            let (selection, requires) = self.resolve(runtime, version)?;
            for (other, accepted) in requires {
                let chosen = wanted.iter().find(|(name, _)| name == other);
                match chosen {
                    None => {
                        // The first accepted version is added of itself (reference §4.4, point 7).
                        if let Some(first) = accepted.first()
                            && !selected.iter().any(|done| done.runtime == *other)
                        {
                            selected.push(self.resolve(other, first)?.0);
                        }
                    }
                    Some((_, asked)) => {
                        let chosen = self.resolve(other, asked)?.0.version;
                        if !accepted.contains(&chosen) {
                            return Err(RuntimeError::Conflict {
                                runtime: runtime.clone(),
                                version: selection.version,
                                other: other.clone(),
                                accepted: accepted.clone(),
                                chosen,
                            });
                        }
                    }
                }
            }
            if !selected
                .iter()
                .any(|done| done.runtime == selection.runtime)
            {
                selected.push(selection);
            }
        }
        Ok(selected)
    }

    fn resolve(
        &self,
        name: &str,
        asked: &str,
    ) -> Result<(Selection, &IndexMap<String, Vec<String>>), RuntimeError> {
        let runtime = self
            .runtimes
            .get(name)
            .ok_or_else(|| RuntimeError::UnknownRuntime {
                name: name.into(),
                known: self.runtimes.keys().cloned().collect(),
            })?;
        let listed = || runtime.versions.iter().filter(|(key, _)| *key != TEMPLATE);
        let prefix = asked.strip_suffix(".x").unwrap_or(asked);
        let found = listed().find(|(key, _)| *key == asked).or_else(|| {
            listed()
                .filter(|(key, _)| asked == "latest" || *key == prefix || below(key, prefix))
                .max_by(|(one, _), (other, _)| compare(one, other))
        });
        let (version, entry, from_template) = match (found, runtime.versions.get(TEMPLATE)) {
            (Some((key, entry)), _) => (key.as_str(), entry, false),
            (None, Some(template)) => (asked, template, true),
            (None, None) => {
                return Err(RuntimeError::UnknownVersion {
                    runtime: name.into(),
                    version: asked.into(),
                    known: listed().map(|(key, _)| key.clone()).collect(),
                });
            }
        };
        let selection = Selection {
            runtime: name.into(),
            version: version.into(),
            commands: entry.commands.clone(),
            from_template,
        };
        Ok((selection, &entry.requires))
    }
}

/// The catalogue's entry for versions that are not baked in.
const TEMPLATE: &str = "default";

fn below(key: &str, prefix: &str) -> bool {
    key.strip_prefix(prefix)
        .is_some_and(|rest| rest.starts_with('.'))
}

/// Compares `3.9` below `3.10`, `corretto8` below `corretto17`.
fn compare(one: &str, other: &str) -> Ordering {
    let parts = |text: &str| -> Vec<u64> {
        text.split(|character: char| !character.is_ascii_digit())
            .filter_map(|digits| digits.parse().ok())
            .collect()
    };
    parts(one).cmp(&parts(other)).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CATALOGUE: &str = "version: 0.1
runtimes:
  android:
    versions:
      29: {requires: {java: [corretto8]}, commands: [echo android]}
  java:
    versions:
      corretto17: {commands: [echo 17]}
      corretto8: {commands: [echo 8]}
  python:
    versions:
      3.9: {commands: [echo 3.9]}
      3.10: {commands: [echo 3.10]}
  nodejs:
    versions:
      20: {commands: [n 20]}
      22: {commands: [n 22]}
      default: {commands: [n $VERSION]}
";

    fn select(wanted: &[(&str, &str)]) -> Result<Vec<(String, String, bool)>, RuntimeError> {
        let wanted: Vec<_> = wanted
            .iter()
            .map(|(a, b)| (a.to_string(), b.to_string()))
            .collect();
        Ok(Catalogue::parse(CATALOGUE)
            .unwrap()
            .select(&wanted)?
            .into_iter()
            .map(|chosen| (chosen.runtime, chosen.version, chosen.from_template))
            .collect())
    }

    // Reference §4.4, point 4.
    #[test]
    fn versions_resolve_exactly_then_by_prefix_then_latest_then_by_template() {
        for (asked, version, template) in [
            ("20", "20", false),
            ("22.x", "22", false),
            ("latest", "22", false),
            ("18.1.0", "18.1.0", true),
        ] {
            assert_eq!(
                select(&[("nodejs", asked)]).unwrap(),
                [("nodejs".to_string(), version.to_string(), template)]
            );
        }
        assert_eq!(select(&[("python", "3.x")]).unwrap()[0].1, "3.10");
        assert_eq!(select(&[("python", "3.10")]).unwrap()[0].1, "3.10");
        assert_eq!(select(&[("java", "latest")]).unwrap()[0].1, "corretto17");
    }

    // Reference §2.9.
    #[test]
    fn unknown_names_are_told_in_codebuilds_words() {
        assert_eq!(
            select(&[("rust", "1")]).unwrap_err().to_string(),
            "Unknown runtime named 'rust'. This build image has the following runtimes: android, java, python, nodejs"
        );
        assert_eq!(
            select(&[("python", "2.7")]).unwrap_err().to_string(),
            "Unknown runtime version named '2.7' of python. This build image has the following versions: 3.9, 3.10"
        );
    }

    // Reference §4.4, point 7.
    #[test]
    fn a_required_runtime_is_added_and_a_wrong_one_refused() {
        let chosen = select(&[("android", "29")]).unwrap();
        assert_eq!(chosen[0].0, "java");
        assert_eq!(chosen[0].1, "corretto8");
        assert!(matches!(
            select(&[("android", "29"), ("java", "corretto17")]),
            Err(RuntimeError::Conflict { .. })
        ));
    }
}
