//! The `batch` block.

use super::yaml::Yaml;
use super::{Map, texts};
use crate::document::{Batch, BatchBuild, BatchBuilds, BatchEnv, BatchFanout, BatchMatrix};

/// Returns the block.
pub(super) fn batch(batch: &Batch) -> Yaml {
    let mut map = Map::default();
    map.set("fast-fail", batch.fast_fail);
    let list = |builds: &[BatchBuild]| Yaml::List(builds.iter().map(build).collect());
    match &batch.builds {
        None => {}
        Some(BatchBuilds::List(builds)) => map.put("build-list", list(builds)),
        Some(BatchBuilds::Graph(builds)) => map.put("build-graph", list(builds)),
        Some(BatchBuilds::Matrix(found)) => map.put("build-matrix", matrix(found)),
        Some(BatchBuilds::Fanout(found)) => map.put("build-fanout", fanout(found)),
    }
    Yaml::Map(map.0)
}

fn build(build: &BatchBuild) -> Yaml {
    let mut map = Map::default();
    map.text("identifier", build.identifier.as_ref());
    map.text("buildspec", build.buildspec.as_ref());
    map.texts("depend-on", &build.depend_on);
    map.set("debug-session", build.debug_session);
    map.set("ignore-failure", build.ignore_failure);
    map.map("env", env(&build.env));
    Yaml::Map(map.0)
}

fn env(env: &BatchEnv) -> Map {
    let mut map = Map::default();
    map.text("compute-type", env.compute_type.as_ref());
    map.text("fleet", env.fleet.as_ref());
    map.text("image", env.image.as_ref());
    map.flag("privileged-mode", env.privileged_mode.as_ref());
    map.text("type", env.environment_type.as_ref());
    map.variables("variables", &env.variables);
    map
}

fn matrix(matrix: &BatchMatrix) -> Yaml {
    let mut fixed = Map::default();
    fixed.set("ignore-failure", matrix.ignore_failure);
    fixed.map("env", env(&matrix.env));
    let mut axes = Map::default();
    axes.texts("compute-type", &matrix.compute_types);
    axes.texts("image", &matrix.images);
    let variables = matrix.variables.iter();
    let variables = variables.map(|(name, values)| (name.value.clone(), texts(values)));
    axes.map("variables", Map(variables.collect()));
    let mut dynamic = Map::default();
    dynamic.texts("buildspec", &matrix.buildspecs);
    dynamic.map("env", axes);
    let mut map = Map::default();
    map.map("static", fixed);
    map.map("dynamic", dynamic);
    Yaml::Map(map.0)
}

fn fanout(fanout: &BatchFanout) -> Yaml {
    let mut map = Map::default();
    if let Some(parallelism) = &fanout.parallelism {
        map.put("parallelism", Yaml::Text(parallelism.value.to_string()));
    }
    map.set("ignore-failure", fanout.ignore_failure);
    Yaml::Map(map.0)
}
