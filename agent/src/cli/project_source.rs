//! The sources that a project names (reference §10.1, §10.2).

use std::ffi::OsStr;

use super::exit::CliError;
use super::source::{Sources, s3, s3_place, set_version, typed};
use crate::model::{SecondarySource, Source};
use crate::project::{self, Project};

/// Returns the project's primary source and those beside it, each at its version.
pub(super) fn of_project(project: &Project) -> Result<Sources, CliError> {
    let version = project.source_version.as_deref();
    let primary = of(&project.source, "the project's source", version)?;
    let mut secondary = Vec::new();
    for named in &project.secondary_sources {
        let id = named.source_identifier.clone().unwrap_or_default();
        let mut versions = project.secondary_source_versions.iter();
        let version = versions.find(|version| version.source_identifier == id);
        let version = version.map(|version| version.source_version.as_str());
        let source = of(
            named,
            &format!("the project's secondary source `{id}`"),
            version,
        )?;
        secondary.push(SecondarySource { id, source });
    }
    Ok(Sources { primary, secondary })
}

fn of(named: &project::Source, what: &str, version: Option<&str>) -> Result<Source, CliError> {
    let location = named.location.as_deref().unwrap_or_default();
    let mut source = match named.kind.as_deref() {
        Some("NO_SOURCE") => return Ok(Source::None),
        Some("S3") => {
            let place = s3(location).unwrap_or_else(|| s3_place(location));
            Source::S3(place?)
        }
        Some("CODEPIPELINE") => {
            return Err(CliError::unusable(
                format!("{what} is whatever its pipeline hands over"),
                "give the artifact itself: `understudy run s3://bucket/key.zip -p FILE`, or the directory that it was made from",
            ));
        }
        // The others are repositories: CODECOMMIT, GITHUB, GITHUB_ENTERPRISE, BITBUCKET, GITLAB, GITLAB_SELF_MANAGED.
        Some(kind) => match typed(OsStr::new(location)) {
            Ok(found @ Source::Git(_)) => found,
            _ => {
                return Err(CliError::unusable(
                    format!(
                        "{what} is of type {kind}, and `{location}` is no address of a repository"
                    ),
                    "give the source instead of `--project-source`: `understudy run https://… -p FILE`",
                ));
            }
        },
        None => {
            return Err(CliError::unusable(
                format!("{what} has no type"),
                "leave `--project-source` out to build this directory, or give the source: `understudy run SOURCE -p FILE`",
            ));
        }
    };
    if let Source::Git(git) = &mut source {
        git.depth = named.git_clone_depth.unwrap_or(0);
        git.submodules = named.git_submodules_config.fetch_submodules;
    }
    if let Some(version) = version.filter(|version| !version.is_empty()) {
        set_version(&mut source, version)?;
    }
    Ok(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(text: &str) -> Result<Sources, CliError> {
        of_project(&project::parse(text, None).unwrap())
    }

    #[test]
    fn every_type_of_source_is_taken_as_the_project_names_it() {
        let Sources { primary, secondary } = sources(
            r#"{"source": {"type": "GITHUB", "location": "https://github.com/o/r.git", "gitCloneDepth": 1,
                           "gitSubmodulesConfig": {"fetchSubmodules": true}},
                "sourceVersion": "pr/8",
                "secondarySources": [
                  {"type": "S3", "location": "bucket/key.zip", "sourceIdentifier": "zip"},
                  {"type": "CODECOMMIT", "sourceIdentifier": "cc",
                   "location": "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/r"},
                  {"type": "NO_SOURCE", "sourceIdentifier": "none"}],
                "secondarySourceVersions": [{"sourceIdentifier": "zip", "sourceVersion": "v1"}]}"#,
        )
        .unwrap();
        let Source::Git(git) = &primary else {
            panic!("{primary:?}");
        };
        assert_eq!((git.depth, git.submodules), (1, true));
        assert_eq!(primary.version(), Some("pr/8"));
        assert_eq!(primary.location(), "https://github.com/o/r.git");
        let shown: Vec<_> = secondary
            .iter()
            .map(|one| (one.id.as_str(), one.source.location(), one.source.version()))
            .collect();
        let codecommit = "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/r";
        assert_eq!(
            shown,
            [
                ("zip", "s3://bucket/key.zip".to_owned(), Some("v1")),
                ("cc", codecommit.to_owned(), None),
                ("none", "no source".to_owned(), None),
            ]
        );
    }

    #[test]
    fn a_build_is_run_again_at_the_commit_that_it_had() {
        let Sources { primary, .. } = sources(
            r#"{"builds": [{"id": "api:1", "projectName": "api", "sourceVersion": "refs/heads/main",
                "resolvedSourceVersion": "2c1f6f0c8d0b1f4e9a6d3b5c7e8f9a0b1c2d3e4f",
                "source": {"type": "GITHUB", "location": "https://github.com/o/r.git"}}]}"#,
        )
        .unwrap();
        assert_eq!(
            primary.version(),
            Some("2c1f6f0c8d0b1f4e9a6d3b5c7e8f9a0b1c2d3e4f")
        );
    }

    #[test]
    fn what_cannot_be_fetched_is_refused_with_a_way_out() {
        for (source, reason) in [
            (
                r#"{"type": "CODEPIPELINE"}"#,
                "whatever its pipeline hands over",
            ),
            (
                r#"{"type": "GITHUB", "location": "CODEBUILD_DEFAULT_WEBHOOK_SOURCE_LOCATION"}"#,
                "no address of a repository",
            ),
            (r#"{"type": "S3", "location": "x"}"#, "no place in S3"),
            (r#"{"buildspec": "ci.yml"}"#, "has no type"),
        ] {
            let text = format!(r#"{{"source": {source}}}"#);
            let error = format!("{:?}", sources(&text).unwrap_err());
            assert!(error.contains(reason), "{error}");
        }
    }
}
