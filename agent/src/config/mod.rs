//! The caller's surroundings: the only reader of the process's environment.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// Settings that do not come from the command line.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The engine's address, from `DOCKER_HOST`.
    pub docker_host: String,
    /// Where builds are kept, from `UNDERSTUDY_HOME` or the XDG state directory.
    pub state: PathBuf,
    /// Where caches are kept, from `UNDERSTUDY_HOME` or the XDG cache directory.
    pub cache: PathBuf,
    /// How much of the disk caches may take, from `UNDERSTUDY_CACHE_MAX`.
    pub cache_max: Option<String>,
    /// How much of the disk must be free for a build, from `UNDERSTUDY_MIN_FREE`.
    pub min_free: Option<String>,
    /// The Docker CLI's `config.json`, from `DOCKER_CONFIG`.
    pub docker_config: PathBuf,
    /// Where programs are looked for, from `PATH`.
    pub programs: OsString,
    /// The region, from `AWS_REGION` or `AWS_DEFAULT_REGION`.
    pub region: String,
    /// The caller's name.
    pub user: String,
}

impl Settings {
    /// Where reports are kept unless somebody says where.
    pub fn reports(&self) -> PathBuf {
        self.state.join("reports")
    }

    /// Reads the environment.
    pub fn from_environment() -> Self {
        let home = path("HOME").unwrap_or_else(|| "/".into());
        let own = path("UNDERSTUDY_HOME");
        let state = || path("XDG_STATE_HOME").unwrap_or_else(|| home.join(".local/state"));
        let cache = || path("XDG_CACHE_HOME").unwrap_or_else(|| home.join(".cache"));
        Self {
            docker_host: text("DOCKER_HOST")
                .unwrap_or_else(|| "unix:///var/run/docker.sock".into()),
            state: own.clone().unwrap_or_else(|| state().join("understudy")),
            cache: own.map_or_else(|| cache().join("understudy"), |own| own.join("cache")),
            cache_max: text("UNDERSTUDY_CACHE_MAX"),
            min_free: text("UNDERSTUDY_MIN_FREE"),
            docker_config: path("DOCKER_CONFIG")
                .unwrap_or_else(|| home.join(".docker"))
                .join("config.json"),
            programs: path("PATH").unwrap_or_default().into_os_string(),
            region: text("AWS_REGION")
                .or_else(|| text("AWS_DEFAULT_REGION"))
                .unwrap_or_else(|| "us-east-1".into()),
            user: text("USER")
                .or_else(|| text("LOGNAME"))
                .unwrap_or_else(|| "local".into()),
        }
    }
}

/// Returns a variable of the caller's environment, empty ones included; for `-e NAME`.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the room that reads the environment"
)]
pub fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the room that reads the environment"
)]
fn text(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the room that reads the environment"
)]
fn path(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}
