//! A push of a command that its registry refused for want of a login: which host, and which hosts the build knows.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use serde_json::Value;

use super::phase_end::PhaseEnd;
use crate::engine::{ContainerEngine, ContainerId};
use crate::images;
use crate::journal::BuildDirectory;
use crate::model::Verdict;
use crate::workspace::Tree;

/// So much of the output's end is looked at, in bytes.
const TAIL: u64 = 64 * 1024;
/// A configuration has an entry a registry.
const CONFIG_LIMIT: u64 = 256 * 1024;
/// What is said before a push.
const PUSH: &str = "The push refers to repository [";
/// What a refusal looks like.
const REFUSALS: [&str; 4] = [
    "no basic auth credentials",
    "denied: ",
    "unauthorized: ",
    "authorization token has expired",
];

/// Says so in a failed phase's context when the last thing that its command said was such a refusal. `config` is the
/// directory of the build's Docker configuration.
pub(super) async fn explain<E: ContainerEngine>(
    mut end: PhaseEnd,
    directory: &BuildDirectory,
    config: &str,
    engine: &E,
    container: &ContainerId,
) -> PhaseEnd {
    if end.verdict != Verdict::Failed || end.contexts.is_empty() {
        return end;
    }
    // An output that cannot be read changes nothing: the command failed.
    let output = tail(&directory.record(), Path::new("log")).unwrap_or_default();
    let Some(repository) = refused(&output) else {
        return end;
    };
    let path = format!("{}/config.json", config.trim_end_matches('/'));
    let file = engine.read_file(container, &path, CONFIG_LIMIT).await;
    let file = file.ok().flatten();
    if let Some(context) = end.contexts.first_mut() {
        context.help = Some(help(repository, &path, file.as_deref()));
    }
    end
}

/// The build can put anything in the file's place: a pipe that nobody writes to, or a link to another file.
fn tail(record: &Path, name: &Path) -> io::Result<String> {
    let mut file = Tree::open(record)?.file(name)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the repository of the last push, when it was refused.
fn refused(output: &str) -> Option<&str> {
    let (_, last) = output.rsplit_once(PUSH)?;
    let (repository, rest) = last.split_once(']')?;
    let is_refusal = |line: &str| REFUSALS.iter().any(|words| line.contains(words));
    rest.lines().any(is_refusal).then_some(repository)
}

fn help(repository: &str, path: &str, config: Option<&[u8]>) -> String {
    let host = images::registry_of(repository);
    let login = if images::ecr_region(host).is_some() {
        format!(
            "`aws ecr get-login-password | docker login --username AWS --password-stdin {host}` in this build, with the region and the account that the host names"
        )
    } else {
        format!("`docker login {host}` in this build")
    };
    let Some(config) = config else {
        return format!(
            "`{host}` refused the push, and the build has no `{path}`: log in first, {login}"
        );
    };
    let hosts = hosts(config);
    if hosts.is_empty() {
        return format!(
            "`{host}` refused the push, and `{path}` has no login at all: log in first, {login}"
        );
    }
    let known = hosts.join("`, `");
    if hosts.iter().any(|known| known == host) {
        return format!(
            "`{host}` refused the login that `{path}` has for it (logins: `{known}`): see that it is not out of date and may push to `{repository}`, or log in again, {login}"
        );
    }
    format!(
        "the push went to `{host}`, and `{path}` has logins only for `{known}`: log in to the host of the image's name, {login}, or push to the one that there is a login for"
    )
}

/// Returns the hosts of the logins in a configuration.
fn hosts(config: &[u8]) -> Vec<String> {
    let config: Value = serde_json::from_slice(config).unwrap_or_default();
    let keys = |name: &str| {
        let entries = config.get(name).and_then(Value::as_object);
        let keys = entries
            .into_iter()
            .flat_map(|entries| entries.keys().cloned());
        keys.collect::<Vec<_>>()
    };
    let mut hosts: Vec<String> = Vec::new();
    for key in keys("auths").into_iter().chain(keys("credHelpers")) {
        let host = images::host_of(&key).to_owned();
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "The push refers to repository [a.test/one]\nv1: digest: sha256:ab size: 1\nThe push refers to repository [123456789012.dkr.ecr.eu-west-1.amazonaws.com/web]\nab: Preparing\nno basic auth credentials\n";

    #[test]
    fn the_host_of_the_push_is_compared_with_those_that_have_logins() {
        let repository = refused(OUTPUT).unwrap();
        let config = br#"{"auths":{"123456789012.dkr.ecr.us-east-1.amazonaws.com":{},"https://b.test/v2/":{}}}"#;
        let help = help(repository, "/root/.docker/config.json", Some(config));
        assert!(help.starts_with("the push went to `123456789012.dkr.ecr.eu-west-1.amazonaws.com`, and `/root/.docker/config.json` has logins only for `123456789012.dkr.ecr.us-east-1.amazonaws.com`, `b.test`"), "{help}");
        assert!(super::help(repository, "/c", None).contains("the build has no `/c`"));
        assert!(super::help("b.test/web", "/c", Some(config)).contains("refused the login"));
        assert!(super::help("me/web", "/c", Some(b"{}")).contains("no login at all"));
        // Docker keeps the login at Docker Hub under this name.
        let hub = br#"{"auths":{"https://index.docker.io/v1/":{}}}"#;
        assert!(super::help("me/web", "/c", Some(hub)).contains("refused the login"));
    }

    #[test]
    fn an_output_without_a_refused_push_is_left_alone() {
        assert_eq!(refused("permission denied: x"), None);
        assert_eq!(
            refused("The push refers to repository [a/b]\nv1: digest: sha256:ab size: 1\n"),
            None
        );
        let (before, _) = OUTPUT.split_once("no basic").unwrap();
        assert_eq!(refused(before), None);
    }
}
