//! `--artifacts`: where they go, by what was typed and what the project says.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf, absolute};

use super::exit::CliError;
use crate::artifacts;
use crate::model::{ArtifactPlace, ArtifactPlaces, Encryption, Packaging, S3Key, S3Place};
use crate::project::{Artifacts, Project};

/// The word that means what the project says.
const PROJECT: &str = "project";
/// CodeBuild's most (reference §14).
const MOST_SECONDARY: usize = 12;
const FORMS: &str = "write `--artifacts DIR`, `FILE.zip`, `s3://bucket/path`, `project`, or `NAME=…` for a secondary artifact";

/// Returns where artifacts go; `name` is the project's or the source's.
pub(super) fn places(
    typed: &[OsString],
    project: &Project,
    name: &str,
) -> Result<ArtifactPlaces, CliError> {
    let is_pipeline = project.artifacts.is("CODEPIPELINE");
    if typed.iter().any(|one| one == PROJECT) {
        if typed.len() > 1 {
            let message = "`--artifacts project` says where all artifacts go";
            return Err(CliError::unusable(message, "leave the others out"));
        }
        return of_project(project, name);
    }
    let (mut all, mut named) = (None, Vec::new());
    for typed in typed {
        let (name, place) = split(typed);
        let place = place_of(place, project)?;
        match name {
            Some(name) if named.iter().any(|(other, _)| *other == name) => {
                return Err(twice(&format!("`{name}` has")));
            }
            Some(name) => named.push((name, place)),
            None if all.is_some() => return Err(twice("the primary artifact has")),
            None => all = Some(place),
        }
    }
    if is_pipeline && !named.is_empty() && all.is_none() {
        return Ok(ArtifactPlaces::Pipeline(named));
    }
    if let (true, Some(place @ ArtifactPlace::S3(_)), []) = (is_pipeline, &all, named.as_slice()) {
        return Ok(ArtifactPlaces::Pipeline(vec![(
            String::new(),
            place.clone(),
        )]));
    }
    Ok(match (all, named.is_empty()) {
        (None, true) if has_none(project) => ArtifactPlaces::Nowhere,
        (None, true) => ArtifactPlaces::Kept,
        (all, _) => ArtifactPlaces::Given { all, named },
    })
}

fn has_none(project: &Project) -> bool {
    project.artifacts.is("NO_ARTIFACTS") && project.secondary_artifacts.is_empty()
}

fn twice(what: &str) -> CliError {
    CliError::unusable(format!("--artifacts: {what} two places"), "give it one")
}

/// Takes `NAME=` apart from a place; a path that has an `=` itself begins with `./`.
fn split(typed: &OsStr) -> (Option<String>, &OsStr) {
    let parts = typed.to_str().and_then(|text| text.split_once('='));
    let is_name = |name: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '@');
        (1..128).contains(&name.len()) && name.chars().all(plain)
    };
    match parts {
        Some((name, place)) if is_name(name) => (Some(name.to_owned()), OsStr::new(place)),
        _ => (None, typed),
    }
}

fn place_of(typed: &OsStr, project: &Project) -> Result<ArtifactPlace, CliError> {
    if typed.is_empty() {
        return Err(CliError::unusable("--artifacts: the place is empty", FORMS));
    }
    let text = typed.to_string_lossy();
    let in_s3 = ["s3://", "arn:aws:s3:::"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix));
    if let Some(place) = in_s3 {
        let (bucket, key) = place.split_once('/').unwrap_or((place, ""));
        let is_object = project.artifacts.is("CODEPIPELINE") || is_zip(Path::new(key));
        return Ok(ArtifactPlace::S3(S3Place {
            bucket: bucket_name(bucket)?,
            key: S3Key::Given(key.to_owned()),
            packaging: if is_object {
                Packaging::Zip
            } else {
                Packaging::Files
            },
            encryption: match project.encryption_key {
                _ if project.artifacts.encryption_disabled => Encryption::Disabled,
                None => Encryption::OfBucket,
                Some(_) => kms(project),
            },
        }));
    }
    let path = absolute(Path::new(typed))
        .map_err(|error| CliError::unusable(format!("--artifacts: `{text}`: {error}"), FORMS))?;
    Ok(if is_zip(&path) {
        ArtifactPlace::Zip(path)
    } else {
        ArtifactPlace::Directory(path)
    })
}

fn is_zip(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("zip"))
}

/// Returns where the project says.
fn of_project(project: &Project, name: &str) -> Result<ArtifactPlaces, CliError> {
    let primary = match project.artifacts.kind.as_deref() {
        Some("S3") => Some(s3_place(&project.artifacts, project, name)?),
        Some("NO_ARTIFACTS") => None,
        Some("CODEPIPELINE") => {
            return Err(CliError::unusable(
                "the project's artifacts go where its pipeline says",
                "give that place: `--artifacts s3://bucket/key`, or `--artifacts NAME=s3://bucket/key` for each of several",
            ));
        }
        _ => {
            return Err(CliError::unusable(
                "no project says where artifacts go",
                "give a project with `artifacts` by `-p FILE`; the record of a build does not say it. Or give the place",
            ));
        }
    };
    let secondary = project.secondary_artifacts.iter().map(|one| {
        let identifier = one.artifact_identifier.clone().ok_or_else(|| {
            CliError::unusable(
                "a secondary artifact of the project has no `artifactIdentifier`",
                "give it the one that the buildspec has",
            )
        })?;
        Ok((identifier, s3_place(one, project, name)?))
    });
    let secondary: Vec<_> = secondary.collect::<Result<_, CliError>>()?;
    if secondary.len() > MOST_SECONDARY {
        return Err(CliError::unusable(
            format!("the project has {} secondary artifacts", secondary.len()),
            format!("CodeBuild takes at most {MOST_SECONDARY}"),
        ));
    }
    Ok(ArtifactPlaces::Project { primary, secondary })
}

fn s3_place(
    artifacts: &Artifacts,
    project: &Project,
    name: &str,
) -> Result<ArtifactPlace, CliError> {
    let location = artifacts.location.as_deref().unwrap_or_default();
    let bucket = location.strip_prefix("arn:aws:s3:::").unwrap_or(location);
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    Ok(ArtifactPlace::S3(S3Place {
        bucket: bucket_name(bucket)?,
        key: S3Key::Project {
            path: text(&artifacts.path).unwrap_or_default(),
            build_id: artifacts.namespace_type.as_deref() == Some("BUILD_ID"),
            name: text(&artifacts.name).unwrap_or_else(|| name.to_owned()),
            overridden: artifacts.override_artifact_name,
        },
        packaging: match artifacts.packaging.as_deref() {
            Some("ZIP") => Packaging::Zip,
            _ => Packaging::Files,
        },
        encryption: if artifacts.encryption_disabled {
            Encryption::Disabled
        } else {
            kms(project)
        },
    }))
}

/// The account's own key has no name that a request needs.
fn kms(project: &Project) -> Encryption {
    let key = project.encryption_key.clone();
    Encryption::Kms(key.filter(|key| !key.ends_with("alias/aws/s3")))
}

fn bucket_name(name: &str) -> Result<String, CliError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    if (3..=63).contains(&name.len()) && name.chars().all(plain) {
        return Ok(name.to_owned());
    }
    Err(CliError::unusable(
        format!("`{name}` is not the name of a bucket"),
        "write `s3://bucket/path`, or the bucket's name or ARN as `location` in the project",
    ))
}

/// A build that cannot hand over its artifacts is not worth running.
pub(super) fn probe(places: &ArtifactPlaces) -> Result<(), CliError> {
    for place in places.all() {
        let (folder, file): (&Path, Option<&PathBuf>) = match place {
            ArtifactPlace::Directory(path) => (path, None),
            ArtifactPlace::Zip(path) => (path.parent().unwrap_or(path), Some(path)),
            ArtifactPlace::S3(_) => continue,
        };
        artifacts::probe(folder).map_err(|error| {
            CliError::unusable(
                error,
                "give a directory that you can write to with `--artifacts DIR`",
            )
        })?;
        if let Some(file) = file.filter(|file| file.is_dir()) {
            return Err(CliError::unusable(
                format!(
                    "`{}` is a directory, and no ZIP can take its place",
                    file.display()
                ),
                "remove it, or give another name with `--artifacts FILE.zip`",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project;

    fn of(project: &str, typed: &[&str]) -> Result<ArtifactPlaces, String> {
        let project = project::parse(project, None).unwrap();
        let typed: Vec<OsString> = typed.iter().map(OsString::from).collect();
        places(&typed, &project, "demo").map_err(|error| error.message().to_owned())
    }

    const S3: &str = r#"{"name": "demo", "encryptionKey": "arn:aws:kms:us-east-1:111122223333:alias/aws/s3",
        "artifacts": {"type": "S3", "location": "arn:aws:s3:::bucket", "path": "p", "namespaceType": "BUILD_ID",
                      "packaging": "ZIP", "overrideArtifactName": true},
        "secondaryArtifacts": [{"type": "S3", "location": "other", "artifactIdentifier": "a", "encryptionDisabled": true}]}"#;

    #[test]
    fn a_project_says_all_of_a_place() {
        let ArtifactPlaces::Project { primary, secondary } = of(S3, &["project"]).unwrap() else {
            panic!("not the project's");
        };
        let expected = S3Place {
            bucket: "bucket".into(),
            key: S3Key::Project {
                path: "p".into(),
                build_id: true,
                name: "demo".into(),
                overridden: true,
            },
            packaging: Packaging::Zip,
            encryption: Encryption::Kms(None),
        };
        assert_eq!(primary, Some(ArtifactPlace::S3(expected)));
        let [(name, ArtifactPlace::S3(place))] = secondary.as_slice() else {
            panic!("{secondary:?}");
        };
        assert_eq!((name.as_str(), place.bucket.as_str()), ("a", "other"));
        assert_eq!(place.encryption, Encryption::Disabled);
        assert_eq!(place.packaging, Packaging::Files);
    }

    #[test]
    fn a_project_sends_nothing_away_unless_it_is_asked_to() {
        assert_eq!(of(S3, &[]).unwrap(), ArtifactPlaces::Kept);
        let none = r#"{"artifacts": {"type": "NO_ARTIFACTS"}}"#;
        assert_eq!(of(none, &[]).unwrap(), ArtifactPlaces::Nowhere);
        assert!(matches!(
            of(none, &["/out"]).unwrap(),
            ArtifactPlaces::Given { .. }
        ));
    }

    // Reference §6.4.
    #[test]
    fn the_outputs_of_a_pipelines_action_are_zip_objects_of_the_keys_that_it_gave() {
        let project =
            r#"{"artifacts": {"type": "CODEPIPELINE"}, "encryptionKey": "arn:aws:kms:r:a:key/1"}"#;
        let places = of(
            project,
            &["A=s3://bucket/pipe/A/x1", "B=s3://bucket/pipe/B/x2"],
        )
        .unwrap();
        let ArtifactPlaces::Pipeline(outputs) = &places else {
            panic!("{places:?}");
        };
        let names: Vec<&str> = outputs.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["A", "B"]);
        let (_, ArtifactPlace::S3(place)) = &outputs[0] else {
            panic!("{outputs:?}");
        };
        assert_eq!(place.key, S3Key::Given("pipe/A/x1".into()));
        assert_eq!(place.packaging, Packaging::Zip);
        assert_eq!(
            place.encryption,
            Encryption::Kms(Some("arn:aws:kms:r:a:key/1".into()))
        );
        assert!(
            matches!(of(project, &["s3://bucket/k"]).unwrap(), ArtifactPlaces::Pipeline(one) if one.len() == 1)
        );
    }

    #[test]
    fn what_is_typed_is_a_directory_a_zip_or_a_place_in_s3() {
        let typed = ["/out", "a=/a.zip", "b=s3://bucket/x", "./c=d"];
        let places = of("{}", &typed[..3]).unwrap();
        let ArtifactPlaces::Given { all, named } = places else {
            panic!("{places:?}");
        };
        assert_eq!(all, Some(ArtifactPlace::Directory("/out".into())));
        assert_eq!(named[0], ("a".into(), ArtifactPlace::Zip("/a.zip".into())));
        let ArtifactPlace::S3(place) = &named[1].1 else {
            panic!("{named:?}");
        };
        assert_eq!(
            (place.packaging, &place.encryption),
            (Packaging::Files, &Encryption::OfBucket)
        );
        assert!(
            matches!(of("{}", &typed[3..]).unwrap(), ArtifactPlaces::Given { all: Some(_), named } if named.is_empty())
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (project, typed, reason) in [
            ("{}", vec!["project"], "no project says"),
            (S3, vec!["project", "/out"], "all artifacts"),
            ("{}", vec!["/a", "/b"], "two places"),
            ("{}", vec!["a=/a", "a=/b"], "two places"),
            ("{}", vec!["s3://B/x"], "not the name of a bucket"),
            ("{}", vec![""], "empty"),
            (
                r#"{"artifacts": {"type": "CODEPIPELINE"}}"#,
                vec!["project"],
                "pipeline",
            ),
        ] {
            let refused = of(project, &typed).unwrap_err();
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
