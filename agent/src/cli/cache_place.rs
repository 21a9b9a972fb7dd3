//! Where a build's caches are, and whether it may save to them.

use std::path::Path;

use super::args::{BuildArgs, CacheMode};
use super::exit::CliError;
use super::request::directory;
use crate::config::Settings;
use crate::model::{CacheAccess, CacheBucket, GitVersion, GitVersionKind, RequestVariable, Source};
use crate::project::{self, CacheKind};

/// A build's caches.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CachePlace {
    /// The local store; `None` is no cache.
    pub(super) local: Option<std::path::PathBuf>,
    /// The store behind it.
    pub(super) bucket: Option<CacheBucket>,
}

/// Returns where caches are: as the flag says, else as the project does.
pub(super) fn cache_place(
    flag: Option<&str>,
    project: &project::Cache,
    settings: &Settings,
) -> Result<CachePlace, CliError> {
    let of_project = || match (project.kind, project.location.as_deref()) {
        (CacheKind::S3, Some(location)) => bucket(location).map(Some),
        _ => Ok(None),
    };
    let (local, bucket) = match flag {
        Some("off") => (None, None),
        Some(text) => match text.strip_prefix("s3://") {
            Some(location) => (Some(settings.cache.clone()), Some(bucket(location)?)),
            None => (Some(directory(Path::new(text))?), None),
        },
        None => (Some(settings.cache.clone()), of_project()?),
    };
    Ok(CachePlace { local, bucket })
}

/// Reads `bucket` or `bucket/prefix`.
fn bucket(location: &str) -> Result<CacheBucket, CliError> {
    let (name, prefix) = location.split_once('/').unwrap_or((location, ""));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let is_name = (3..=63).contains(&name.len()) && name.bytes().all(plain);
    let is_prefix = prefix.len() <= 512 && !prefix.chars().any(char::is_control);
    if !is_name || !is_prefix {
        return Err(CliError::unusable(
            format!("`{location}` is no place for a cache in S3"),
            "write `--cache s3://bucket/prefix`, or `bucket/prefix` as the location of the project's cache",
        ));
    }
    Ok(CacheBucket {
        bucket: name.to_owned(),
        prefix: prefix.trim_matches('/').to_owned(),
    })
}

/// Returns what a build may do with its caches. Who may propose a change to a repository may not be one of those whose builds
/// the others trust, so a pull request's build only reads, unless the flag says otherwise.
pub(super) fn cache_access(
    args: &BuildArgs,
    source: &Source,
    variables: &[RequestVariable],
) -> CacheAccess {
    match args.cache_mode {
        Some(CacheMode::Read) => CacheAccess::Read,
        Some(CacheMode::Readwrite) => CacheAccess::ReadWrite,
        None => match untrusted(source, variables) {
            Some(what) => CacheAccess::Untrusted(what),
            None => CacheAccess::ReadWrite,
        },
    }
}

/// The variables that say what a webhook's build is of; `pr/N` is a pull request, from a fork or not (reference §3.1).
const TRIGGERS: [&str; 2] = ["CODEBUILD_WEBHOOK_TRIGGER", "CODEBUILD_SOURCE_VERSION"];

/// Returns the pull request that a source is of.
fn untrusted(source: &Source, variables: &[RequestVariable]) -> Option<String> {
    if let Source::Git(git) = source
        && let Some(version) = &git.version
        && is_pull_request(version)
    {
        return Some(version.as_str().to_owned());
    }
    let triggers = variables
        .iter()
        .filter(|variable| TRIGGERS.contains(&variable.name.as_str()));
    let mut values = triggers.map(|variable| &variable.value);
    values.find(|value| value.starts_with("pr/")).cloned()
}

fn is_pull_request(version: &GitVersion) -> bool {
    let of_host = ["refs/pull/", "refs/merge-requests/", "refs/pull-requests/"];
    match version.kind() {
        GitVersionKind::PullRequest(_) => true,
        GitVersionKind::Pinned { reference, .. } => {
            of_host.iter().any(|prefix| reference.starts_with(prefix))
        }
        _ => of_host
            .iter()
            .any(|prefix| version.as_str().starts_with(prefix)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_is_a_bucket_and_a_prefix() {
        let at = |bucket: &str, prefix: &str| CacheBucket {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        };
        assert_eq!(bucket("my-bucket").unwrap(), at("my-bucket", ""));
        assert_eq!(bucket("my-bucket/a/b/").unwrap(), at("my-bucket", "a/b"));
        for wrong in ["", "/a", "my bucket/a", "b/\u{1b}[0m"] {
            assert!(bucket(wrong).is_err(), "{wrong}");
        }
    }
}
