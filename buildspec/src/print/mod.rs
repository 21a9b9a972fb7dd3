//! Document to text: one canonical way of writing what was understood.

mod batch;
mod yaml;

use crate::document::{
    Artifacts, BuildSpec, Cache, CacheAction, Env, OnFailure, Phase, ReportGroup, Variable, Version,
};
use crate::span::Spanned;
use yaml::Yaml;

/// Returns a document as YAML text, which [`read`](crate::read()) reads as the same document.
///
/// Sections and keys come in the order of the guide; what has its default is left out. Comments,
/// anchors and what could not be understood are gone.
pub fn print(document: &BuildSpec) -> String {
    let mut top = Map::default();
    top.put(
        "version",
        Yaml::Bare(match document.version {
            Version::V0_1 => "0.1",
            Version::V0_2 => "0.2",
        }),
    );
    top.text("run-as", document.run_as.as_ref());
    top.map("env", env(&document.env));
    let mut proxy = Map::default();
    proxy.flag("upload-artifacts", document.proxy.upload_artifacts.as_ref());
    proxy.flag("logs", document.proxy.logs.as_ref());
    top.map("proxy", proxy);
    if let Some(batch) = &document.batch {
        top.put("batch", batch::batch(batch));
    }
    top.map("phases", phases(document));
    let reports = document.reports.iter();
    let reports = reports.map(|group| (group.name.value.clone(), report(group)));
    top.map("reports", Map(reports.collect()));
    if let Some(found) = &document.artifacts {
        top.put("artifacts", artifacts(found));
    }
    if let Some(found) = &document.cache {
        top.put("cache", cache(found));
    }
    if document.batch.is_none() && !top.has("phases") {
        top.put("phases", Yaml::Map(Vec::new()));
    }
    yaml::emit(&Yaml::Map(top.0))
}

/// A mapping on the way.
#[derive(Debug, Default)]
struct Map(Vec<(String, Yaml)>);

impl Map {
    fn put(&mut self, key: &str, value: Yaml) {
        self.0.push((key.to_owned(), value));
    }

    fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(known, _)| known == key)
    }

    fn text(&mut self, key: &str, value: Option<&Spanned<String>>) {
        if let Some(value) = value {
            self.put(key, Yaml::Text(value.value.clone()));
        }
    }

    fn flag(&mut self, key: &str, value: Option<&Spanned<bool>>) {
        if let Some(value) = value {
            self.put(key, Yaml::Bare(if value.value { "yes" } else { "no" }));
        }
    }

    fn set(&mut self, key: &str, is_set: bool) {
        if is_set {
            self.put(key, Yaml::Bare("yes"));
        }
    }

    fn texts(&mut self, key: &str, values: &[Spanned<String>]) {
        if !values.is_empty() {
            self.put(key, texts(values));
        }
    }

    fn variables(&mut self, key: &str, variables: &[Variable]) {
        let pairs = variables.iter().map(|variable| {
            let value = Yaml::Text(variable.value.value.clone());
            (variable.name.value.clone(), value)
        });
        self.map(key, Self(pairs.collect()));
    }

    fn map(&mut self, key: &str, map: Self) {
        if !map.0.is_empty() {
            self.put(key, Yaml::Map(map.0));
        }
    }
}

fn texts(values: &[Spanned<String>]) -> Yaml {
    let values = values.iter().map(|value| Yaml::Text(value.value.clone()));
    Yaml::List(values.collect())
}

fn env(env: &Env) -> Map {
    let mut map = Map::default();
    map.text("shell", env.shell.as_ref());
    map.variables("variables", &env.variables);
    map.variables("parameter-store", &env.parameter_store);
    map.variables("secrets-manager", &env.secrets_manager);
    map.texts("exported-variables", &env.exported_variables);
    map.flag("git-credential-helper", env.git_credential_helper.as_ref());
    map
}

fn phases(document: &BuildSpec) -> Map {
    let phases = &document.phases;
    let mut map = Map::default();
    for (name, found) in [
        ("install", &phases.install),
        ("pre_build", &phases.pre_build),
        ("build", &phases.build),
        ("post_build", &phases.post_build),
    ] {
        if let Some(found) = found {
            map.put(name, phase(found));
        }
    }
    map
}

fn phase(phase: &Phase) -> Yaml {
    let mut map = Map::default();
    map.text("run-as", phase.run_as.as_ref());
    if let Some(on_failure) = &phase.on_failure {
        map.put("on-failure", Yaml::Text(written(&on_failure.value)));
    }
    map.variables("runtime-versions", &phase.runtime_versions);
    map.texts("commands", &phase.commands);
    map.texts("finally", &phase.finally);
    Yaml::Map(map.0)
}

fn written(on_failure: &OnFailure) -> String {
    match on_failure {
        OnFailure::Abort => "ABORT".to_owned(),
        OnFailure::Continue => "CONTINUE".to_owned(),
        OnFailure::Retry { times, pattern } => match pattern {
            Some(pattern) => format!("RETRY-{times}-{pattern}"),
            None => format!("RETRY-{times}"),
        },
    }
}

fn report(group: &ReportGroup) -> Yaml {
    let mut map = Map::default();
    map.texts("files", &group.files);
    map.text("base-directory", group.base_directory.as_ref());
    map.set("discard-paths", group.discard_paths);
    map.text("file-format", Some(&group.file_format));
    Yaml::Map(map.0)
}

fn artifacts(artifacts: &Artifacts) -> Yaml {
    let mut map = Map::default();
    map.texts("files", &artifacts.files);
    map.text("name", artifacts.name.as_ref());
    map.set("discard-paths", artifacts.discard_paths);
    map.text("base-directory", artifacts.base_directory.as_ref());
    map.texts("exclude-paths", &artifacts.exclude_paths);
    map.set("enable-symlinks", artifacts.enable_symlinks);
    map.text("s3-prefix", artifacts.s3_prefix.as_ref());
    let secondary = artifacts.secondary.iter();
    let secondary = secondary.map(|(id, found)| (id.value.clone(), self::artifacts(found)));
    map.map("secondary-artifacts", Map(secondary.collect()));
    Yaml::Map(map.0)
}

fn cache(cache: &Cache) -> Yaml {
    let mut map = Map::default();
    map.text("key", cache.key.as_ref());
    map.texts("fallback-keys", &cache.fallback_keys);
    if let Some(action) = &cache.action {
        map.put(
            "action",
            Yaml::Bare(match action.value {
                CacheAction::Restore => "restore",
                CacheAction::Save => "save",
            }),
        );
    }
    map.texts("paths", &cache.paths);
    Yaml::Map(map.0)
}
