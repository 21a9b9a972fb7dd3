//! The registry, asked by its own HTTP API: what a push has really left there.

use std::path::Path;
use std::process::Command;

use super::docker::{ImageName, docker};
use super::setup::dev;

/// A repository of a test's own; gone with it, at the engine and in the registry.
#[derive(Debug)]
pub(crate) struct Repository {
    name: String,
    image: ImageName,
}

impl Repository {
    /// A repository that no other process uses, in the registry that plays ECR.
    pub(crate) fn in_ecr(subject: &str) -> Self {
        Self::new(&dev("UNDERSTUDY_DEV_REGISTRY"), subject)
    }

    /// A repository that no other process uses, in the registry on the loopback, which is no ECR.
    pub(crate) fn on_loopback(subject: &str) -> Self {
        Self::new(&loopback(), subject)
    }

    /// A repository that no other process uses, in the registry on the loopback by another way to it.
    pub(crate) fn at(host: &str, subject: &str) -> Self {
        Self::new(host, subject)
    }

    fn new(host: &str, subject: &str) -> Self {
        let name = format!("tests/{subject}-{}", std::process::id());
        let image = ImageName::new(format!("{host}/{name}"));
        Self { name, image }
    }

    /// Host and name, as `docker push` takes it.
    pub(crate) fn uri(&self) -> &str {
        &self.image.repository
    }

    /// The digest that the registry answers for a tag or a digest; `None` when it has no such manifest.
    pub(crate) fn digest(&self, reference: &str) -> Option<String> {
        let headers = ask("HEAD", &format!("{}/manifests/{reference}", self.name));
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            let wanted = name.eq_ignore_ascii_case("docker-content-digest");
            wanted.then(|| value.trim().to_owned())
        };
        headers.lines().find_map(header)
    }

    /// The manifest of a tag, byte for byte.
    pub(crate) fn manifest(&self, reference: &str) -> String {
        let answer = ask("GET", &format!("{}/manifests/{reference}", self.name));
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
        body.unwrap_or_default().to_owned()
    }

    /// The tags that the registry knows.
    pub(crate) fn tags(&self) -> Vec<String> {
        let answer = ask("GET", &format!("{}/tags/list", self.name));
        let list = answer.split_once("\"tags\":[").map(|(_, rest)| rest);
        let list = list.and_then(|rest| rest.split_once(']'));
        let tags = list.map_or("", |(list, _)| list).split(',');
        tags.map(|tag| tag.trim_matches('"').to_owned())
            .filter(|tag| !tag.is_empty())
            .collect()
    }

    /// Whether the registry has never heard of it, or has forgotten all of it.
    pub(crate) fn is_empty(&self) -> bool {
        !ask("GET", &format!("{}/tags/list", self.name)).contains("\"tags\":[\"")
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        for tag in self.tags() {
            if let Some(digest) = self.digest(&tag) {
                ask("DELETE", &format!("{}/manifests/{digest}", self.name));
            }
        }
    }
}

/// Host and port of the registry on the loopback.
pub(crate) fn loopback() -> String {
    dev("UNDERSTUDY_DEV_REGISTRY_API").replace("http://", "")
}

/// Logs the Docker CLI in to the registry on the loopback; `config` is its configuration directory.
pub(crate) fn log_in(config: &Path) {
    log_in_at(config, &loopback());
}

/// The same by another way to that registry.
pub(crate) fn log_in_at(config: &Path, host: &str) {
    let (user, password) = (
        dev("UNDERSTUDY_DEV_REGISTRY_USER"),
        dev("UNDERSTUDY_DEV_REGISTRY_PASSWORD"),
    );
    let config = config.to_str().unwrap();
    docker(&[
        "--config", config, "login", "-u", &user, "-p", &password, host,
    ]);
}

/// Returns the headers and the body of an answer.
fn ask(method: &str, path: &str) -> String {
    let (user, password) = (
        dev("UNDERSTUDY_DEV_REGISTRY_USER"),
        dev("UNDERSTUDY_DEV_REGISTRY_PASSWORD"),
    );
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--include", "--user"])
        .arg(format!("{user}:{password}"));
    match method {
        "HEAD" => curl.arg("--head"),
        method => curl.args(["--request", method]),
    };
    // Without this the registry converts the manifest to an older form, which has another digest.
    curl.args([
        "--header",
        "Accept: application/vnd.docker.distribution.manifest.v2+json",
    ]);
    let url = format!("{}/v2/{path}", dev("UNDERSTUDY_DEV_REGISTRY_API"));
    let output = curl
        .arg(url)
        .output()
        .expect("curl is there; run `make up`");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
