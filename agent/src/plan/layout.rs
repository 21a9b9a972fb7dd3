//! Where things are inside the container (reference §4.1).

/// The agent's own files: driver, program, tools, an inline buildspec. Mounted read-only; the first working directory.
pub const READONLY: &str = "/codebuild/readonly";
/// The state between commands: `script.sh`, `env.sh`, `dir.txt`.
pub const TMP: &str = "/codebuild/output/tmp";
/// What the driver leaves for the agent: `journal`, `log`, `values/`; and `stop`, which the agent leaves for it.
pub const RECORD: &str = "/codebuild/understudy";
/// The variables that the driver takes over and empties the file of, before anything of the user's runs.
pub const GIVEN: &str = "given.sh";
/// Below [`RECORD`]: what the shell answered before INSTALL.
pub const EARLY: &str = "early";
/// Below [`RECORD`]: what the shell answered when the last command was over.
pub const VALUES: &str = "values";
/// Below [`RECORD`]: what a build's own engine pushed.
pub const PUSHES: &str = "pushes";
/// The catalogue of runtimes in CodeBuild's images.
pub const RUNTIMES: &str = "/codebuild/image/config/runtimes.yml";
/// The build tools; CodeBuild's own are in this directory too, and it is the last on the `PATH` that its builds see.
pub const TOOLS: &str = "/codebuild/user/bin";
/// What a shell that joins the build runs.
pub const JOIN: &str = "/codebuild/readonly/join.sh";
/// Layers of images that the cache has; mounted read-only into builds whose layers are kept.
pub const KEPT_LAYERS: &str = "/codebuild/layers/kept";
/// Where such a build leaves those that it has in the end.
pub const NEW_LAYERS: &str = "/codebuild/layers/new";
/// Where `nested.sh` is, the program before the driver in a build that has a Docker Engine of its own.
pub const NESTED: &str = "/codebuild/readonly/nested.sh";
/// Where `driver.sh` is.
pub const DRIVER: &str = "/codebuild/readonly/driver.sh";

/// Returns the directory of a project's sources; where each lies in it, [`super::source_places`] says.
///
/// CodeBuild's digits change from build to build; ours only from project to project, because compilers and bundlers
/// key their caches by absolute paths.
pub fn sources(project: &str) -> String {
    format!("{}/src", go_path(project))
}

/// Returns `CODEBUILD_GOPATH` for a project: the directory that holds all its sources (reference §3.2).
pub fn go_path(project: &str) -> String {
    let digits = super::fingerprint(project) % 10_000_000_000;
    format!("/codebuild/output/src{digits}")
}
