//! Where each source lies inside the container, and the variables that say so (reference §3.1, §4.1, §10).

use std::path::{Path, PathBuf};

use super::layout;
use crate::model::{BuildRequest, SecondarySource, Source, SourceVersions};

/// The directories of a build's sources. No one lies within another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePlaces {
    /// The directory that holds them all, in the container.
    pub root: String,
    /// The primary source's, relative to the root; empty when it is the root.
    pub primary: PathBuf,
    /// The secondary sources': id and directory relative to the root.
    pub secondary: Vec<(String, PathBuf)>,
}

impl SourcePlaces {
    /// Returns `CODEBUILD_SRC_DIR`.
    pub fn primary_directory(&self) -> String {
        self.absolute(&self.primary)
    }

    /// Returns id and `CODEBUILD_SRC_DIR_<id>` of every secondary source.
    pub fn secondary_directories(&self) -> impl Iterator<Item = (&str, String)> {
        let secondary = self.secondary.iter();
        secondary.map(|(id, place)| (id.as_str(), self.absolute(place)))
    }

    fn absolute(&self, place: &Path) -> String {
        if place.as_os_str().is_empty() {
            return self.root.clone();
        }
        format!("{}/{}", self.root, place.display())
    }
}

/// Returns where the sources of a request lie.
///
/// A repository lies below its host and path, as CodeBuild puts those of GitHub and CodeCommit; that other hosts are
/// treated alike is [INF]. Anything else lies at the root when it is alone, and in `s3/00`, `s3/01`, … when there are
/// several, which CodeBuild does with what comes from S3 and a pipeline; that the other sources that are no repository
/// are treated alike, and repositories that would lie within one another, is [INF] too.
pub fn source_places(request: &BuildRequest) -> SourcePlaces {
    let (primary, secondary) = places(&request.source, &request.secondary_sources);
    SourcePlaces {
        root: layout::sources(&request.project),
        primary,
        secondary,
    }
}

/// Returns the variables that say where a request's sources come from and where they lie: name and value.
///
/// `versions` has the primary source's versions first, then the secondary ones' in the order of the request.
pub(super) fn source_variables(
    request: &BuildRequest,
    versions: &[SourceVersions],
) -> Vec<(String, String)> {
    let places = source_places(request);
    let name = |name: &str| name.to_owned();
    let mut variables = vec![
        (name("CODEBUILD_SRC_DIR"), places.primary_directory()),
        (name("CODEBUILD_SOURCE_REPO_URL"), repo_url(&request.source)),
    ];
    if let Some(primary) = versions.first() {
        let shown = &primary.shown;
        variables.extend(shown.clone().map(|v| (name("CODEBUILD_SOURCE_VERSION"), v)));
        let resolved = primary.resolved.clone();
        variables.extend(resolved.map(|v| (name("CODEBUILD_RESOLVED_SOURCE_VERSION"), v)));
    }
    for (id, directory) in places.secondary_directories() {
        variables.push((format!("CODEBUILD_SRC_DIR_{id}"), directory));
    }
    for (index, SecondarySource { id, source }) in request.secondary_sources.iter().enumerate() {
        variables.push((format!("CODEBUILD_SOURCE_REPO_URL_{id}"), repo_url(source)));
        let versions = versions.get(index + 1);
        let shown = versions.and_then(|versions| versions.shown.clone());
        variables.extend(shown.map(|version| (format!("CODEBUILD_SOURCE_VERSION_{id}"), version)));
    }
    variables
}

/// Returns what `CODEBUILD_SOURCE_REPO_URL` says; empty for what CodeBuild does not know.
fn repo_url(source: &Source) -> String {
    match source {
        Source::Git(git) => git.url.to_string(),
        Source::S3(s3) => s3.to_string(),
        Source::Directory(_) | Source::Archive(_) | Source::None => String::new(),
    }
}

fn places(
    primary: &Source,
    secondary_sources: &[SecondarySource],
) -> (PathBuf, Vec<(String, PathBuf)>) {
    let alone = secondary_sources.is_empty();
    let primary = match repository(primary) {
        Some(place) => place,
        None if alone => PathBuf::new(),
        None => numbered(0),
    };
    let mut taken = vec![primary.clone()];
    let mut secondary = Vec::new();
    for (index, one) in secondary_sources.iter().enumerate() {
        let free = |place: &PathBuf| {
            let apart = |other: &PathBuf| !other.starts_with(place) && !place.starts_with(other);
            taken.iter().all(apart)
        };
        let place = repository(&one.source).filter(free);
        let place = place.unwrap_or_else(|| numbered(index + 1));
        taken.push(place.clone());
        secondary.push((one.id.clone(), place));
    }
    (primary, secondary)
}

fn numbered(index: usize) -> PathBuf {
    format!("s3/{index:02}").into()
}

/// Returns host and path of a repository, where they make a plain path.
fn repository(source: &Source) -> Option<PathBuf> {
    let Source::Git(git) = source else {
        return None;
    };
    let host = git.url.host()?;
    let place = Path::new(host).join(git.url.path().trim_start_matches('~'));
    let plain = |part: &std::ffi::OsStr| {
        part.to_str().is_some_and(|part| {
            !part.starts_with('.')
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        })
    };
    // `s3` is where the numbered ones lie.
    (place.iter().all(plain) && place.iter().count() > 1 && host != "s3").then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GitSource, GitUrl};

    fn git(url: &str) -> Source {
        Source::Git(GitSource {
            url: GitUrl::parse(url).unwrap(),
            version: None,
            depth: 0,
            submodules: false,
        })
    }

    fn lie(primary: &Source, secondary: Vec<Source>) -> (String, Vec<String>) {
        let named = secondary.into_iter().enumerate();
        let named: Vec<SecondarySource> = named
            .map(|(index, source)| SecondarySource {
                id: format!("s{index}"),
                source,
            })
            .collect();
        let (primary, secondary) = places(primary, &named);
        let shown = |place: &Path| place.display().to_string();
        let secondary = secondary.iter().map(|(_, place)| shown(place));
        (shown(&primary), secondary.collect())
    }

    // Reference §4.1.
    #[test]
    fn a_source_that_is_no_repository_is_the_root_itself_when_it_is_alone() {
        for source in [
            Source::None,
            Source::Archive("/a.zip".into()),
            git("file:///srv/r.git"),
        ] {
            assert_eq!(lie(&source, vec![]), (String::new(), vec![]));
        }
    }

    // Reference §4.1.
    #[test]
    fn repositories_lie_below_host_and_path() {
        for (url, place) in [
            ("https://github.com/o/r.git", "github.com/o/r"),
            ("git@github.com:o/r.git", "github.com/o/r"),
            (
                "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/r",
                "git-codecommit.eu-west-1.amazonaws.com/v1/repos/r",
            ),
            (
                "http://127.0.0.1:8080/group/sub/r.git",
                "127.0.0.1/group/sub/r",
            ),
            ("https://example.com/o/../r", ""),
            ("https://example.com/.hidden/r", ""),
            ("https://example.com/a%20b/r", ""),
        ] {
            assert_eq!(lie(&git(url), vec![]).0, place, "{url}");
        }
    }

    // Reference §4.1: `00` is the primary one.
    #[test]
    fn several_sources_are_numbered_and_repositories_keep_their_place() {
        let (primary, secondary) = lie(
            &Source::Archive("/a.zip".into()),
            vec![
                Source::Archive("/b.zip".into()),
                git("https://github.com/o/r"),
                Source::None,
            ],
        );
        assert_eq!(primary, "s3/00");
        assert_eq!(secondary, ["s3/01", "github.com/o/r", "s3/03"]);
    }

    #[test]
    fn no_source_lies_within_another() {
        let url = "https://github.com/o/r";
        let (primary, secondary) = lie(
            &git(url),
            vec![
                git(url),
                git("https://github.com/o/r/more"),
                git("git@s3:x/y"),
            ],
        );
        assert_eq!(primary, "github.com/o/r");
        assert_eq!(secondary, ["s3/01", "s3/02", "s3/03"]);
    }
}
