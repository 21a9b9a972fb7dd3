//! Where one artifact of a build goes: what the caller or the project says, with the names that the build gave.

use std::path::{Path, PathBuf};

use super::ArtifactPlan;
use crate::model::{ArtifactPlace, ArtifactPlaces, Encryption, Packaging, S3Key, S3Place};

/// Where one artifact goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A directory.
    Directory(PathBuf),
    /// A ZIP file.
    Zip(PathBuf),
    /// S3.
    S3(S3Target),
}

/// Where one artifact goes in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Target {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key; of several objects, what their keys begin with, without the last `/`. Empty for the whole bucket.
    pub key: String,
    /// One object, or one for each file.
    pub packaging: Packaging,
    /// How objects are encrypted.
    pub encryption: Encryption,
    /// Whether the buildspec's name replaced the project's.
    pub name_overridden: bool,
}

/// The names that a build gives its artifacts.
#[derive(Debug, Clone, Copy)]
pub struct ArtifactNames<'a> {
    /// The uuid in the build's id.
    pub build: &'a str,
    /// The buildspec's `name`, expanded.
    pub name: Option<&'a str>,
    /// The buildspec's `s3-prefix`, expanded.
    pub s3_prefix: Option<&'a str>,
    /// Where artifacts are kept for which nobody named a place.
    pub kept: &'a Path,
}

/// Where secondary artifacts are, beside the primary one.
const BESIDE: &str = "secondary-artifacts";
/// The longest key that S3 has, in bytes.
const LONGEST_KEY: usize = 1024;

/// Returns where the artifact goes that `identifier` names, `None` being the primary one; `None` when it goes nowhere. An
/// error says what the names make impossible.
pub fn destination(
    places: &ArtifactPlaces,
    identifier: Option<&str>,
    names: &ArtifactNames<'_>,
) -> Result<Option<Destination>, String> {
    let own = |list: &[(String, ArtifactPlace)]| {
        let mut fitting = list
            .iter()
            .filter(|(name, _)| Some(name.as_str()) == identifier);
        fitting.next().map(|(_, place)| place.clone())
    };
    let kept = || ArtifactPlace::Directory(names.kept.to_owned());
    let place = match (places, identifier) {
        (ArtifactPlaces::Nowhere, _) => None,
        (ArtifactPlaces::Kept, identifier) => Some(beside(&kept(), identifier)),
        (ArtifactPlaces::Given { all, named }, identifier) => Some(match (own(named), all) {
            (Some(place), _) => place,
            (None, Some(all)) => beside(all, identifier),
            (None, None) => beside(&kept(), identifier),
        }),
        (ArtifactPlaces::Project { primary, .. }, None) => primary.clone(),
        (ArtifactPlaces::Project { secondary, .. }, Some(_)) => own(secondary),
        (ArtifactPlaces::Pipeline(outputs), None) => match outputs.as_slice() {
            [(_, only)] => Some(only.clone()),
            _ => None,
        },
        (ArtifactPlaces::Pipeline(outputs), Some(_)) if outputs.len() > 1 => own(outputs),
        (ArtifactPlaces::Pipeline(_), Some(_)) => None,
    };
    place.map(|place| resolve(place, names)).transpose()
}

/// Returns what keeps the buildspec's artifacts and the places from fitting one another, if anything does.
pub fn unmatched(places: &ArtifactPlaces, artifacts: &[ArtifactPlan]) -> Option<String> {
    let known = |name: &str| {
        let mut identifiers = artifacts.iter().map(|it| it.identifier.as_deref());
        identifiers.any(|identifier| identifier == Some(name))
    };
    let lacking = |list: &[(String, ArtifactPlace)]| {
        let mut names = list.iter().map(|(name, _)| name);
        names.find(|name| !known(name)).cloned()
    };
    match places {
        ArtifactPlaces::Nowhere | ArtifactPlaces::Kept => None,
        ArtifactPlaces::Given { named, .. } => lacking(named)
            .map(|name| format!("the buildspec has no secondary artifact `{name}`")),
        ArtifactPlaces::Project { secondary, .. } => {
            let mut asked = artifacts.iter().filter_map(|it| it.identifier.as_ref());
            let unknown = asked.find(|asked| secondary.iter().all(|(name, _)| name != *asked));
            match (unknown, lacking(secondary)) {
                (Some(name), _) => {
                    Some(format!("the project has no secondary artifact `{name}`"))
                }
                (None, Some(name)) => Some(format!(
                    "the buildspec has no secondary artifact `{name}`, which the project names"
                )),
                (None, None) => None,
            }
        }
        ArtifactPlaces::Pipeline(outputs) if outputs.len() > 1 => lacking(outputs)
            .map(|name| format!("the buildspec has no secondary artifact `{name}`, which is an output artifact of the pipeline's action")),
        ArtifactPlaces::Pipeline(_) => {
            let has_primary = artifacts.iter().any(|it| it.identifier.is_none());
            (!has_primary).then(|| {
                "the buildspec has no primary artifact, which a pipeline's only output artifact is".to_owned()
            })
        }
    }
}

/// Returns the place of a secondary artifact that goes with the primary one.
fn beside(place: &ArtifactPlace, identifier: Option<&str>) -> ArtifactPlace {
    let Some(identifier) = identifier else {
        return place.clone();
    };
    let identifier = identifier.replace('/', "_");
    match place {
        ArtifactPlace::Directory(root) => {
            ArtifactPlace::Directory(root.join(BESIDE).join(identifier))
        }
        ArtifactPlace::Zip(file) => {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            ArtifactPlace::Zip(file.with_file_name(format!("{stem}-{identifier}.zip")))
        }
        ArtifactPlace::S3(place) => {
            let given = match &place.key {
                S3Key::Given(key) => key.as_str(),
                S3Key::Project { path, .. } => path,
            };
            let key = match (place.packaging, given.strip_suffix(".zip")) {
                (Packaging::Zip, Some(stem)) => format!("{stem}-{identifier}.zip"),
                (Packaging::Zip, None) => format!("{given}-{identifier}"),
                (Packaging::Files, _) => joined(&[given, BESIDE, &identifier]),
            };
            ArtifactPlace::S3(S3Place {
                key: S3Key::Given(key),
                ..place.clone()
            })
        }
    }
}

fn resolve(place: ArtifactPlace, names: &ArtifactNames<'_>) -> Result<Destination, String> {
    let place = match place {
        ArtifactPlace::Directory(path) => return Ok(Destination::Directory(path)),
        ArtifactPlace::Zip(path) => return Ok(Destination::Zip(path)),
        ArtifactPlace::S3(place) => place,
    };
    let mut name_overridden = false;
    let key = match &place.key {
        S3Key::Given(key) => joined(&[key]),
        S3Key::Project {
            path,
            build_id,
            name,
            overridden,
        } => {
            let own = names.name.filter(|own| *overridden && !own.is_empty());
            name_overridden = own.is_some();
            let name = own.unwrap_or(name);
            let prefix = names
                .s3_prefix
                .filter(|prefix| *build_id && !prefix.is_empty());
            let build = if *build_id { names.build } else { "" };
            let key = joined(&[prefix.unwrap_or(path), build, name]);
            // Only this form has a suffix that nobody wrote (reference §6.3).
            let wants_suffix = prefix.is_some() && place.packaging == Packaging::Zip;
            if wants_suffix && key.strip_suffix(".zip").is_none() {
                key + ".zip"
            } else {
                key
            }
        }
    };
    let is_empty = key.is_empty() && place.packaging == Packaging::Zip;
    let leaves = key.split('/').any(|part| matches!(part, "." | ".."));
    if is_empty || leaves || key.len() > LONGEST_KEY || key.contains(char::is_control) {
        return Err(format!(
            "the artifact cannot be called `{}` in S3",
            key.escape_debug()
        ));
    }
    Ok(Destination::S3(S3Target {
        bucket: place.bucket,
        key,
        packaging: place.packaging,
        encryption: place.encryption,
        name_overridden,
    }))
}

/// Joins what is there of a key; a name may be `/` alone.
fn joined(parts: &[&str]) -> String {
    let parts = parts.iter().map(|part| part.trim_matches('/'));
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILD: &str = "11111111-2222-3333-4444-555555555555";

    fn s3(key: S3Key, packaging: Packaging) -> ArtifactPlace {
        ArtifactPlace::S3(S3Place {
            bucket: "bucket".into(),
            key,
            packaging,
            encryption: Encryption::OfBucket,
        })
    }

    fn names<'a>(name: Option<&'a str>, s3_prefix: Option<&'a str>) -> ArtifactNames<'a> {
        ArtifactNames {
            build: BUILD,
            name,
            s3_prefix,
            kept: Path::new("/kept"),
        }
    }

    /// The key of a project's primary artifact.
    fn key(
        path: &str,
        build_id: bool,
        name: &str,
        packaging: Packaging,
        names: &ArtifactNames<'_>,
    ) -> Result<String, String> {
        let key = S3Key::Project {
            path: path.into(),
            build_id,
            name: name.into(),
            overridden: names.name.is_some(),
        };
        let places = ArtifactPlaces::Project {
            primary: Some(s3(key, packaging)),
            secondary: Vec::new(),
        };
        match destination(&places, None, names)? {
            Some(Destination::S3(target)) => Ok(target.key),
            other => Err(format!("{other:?}")),
        }
    }

    // Reference §6.3.
    #[test]
    fn a_projects_keys_are_put_together_as_codebuild_does() {
        use Packaging::{Files, Zip};
        let plain = names(None, None);
        let of = |path, build_id, name, packaging| key(path, build_id, name, packaging, &plain);
        assert_eq!(of("P", false, "N", Zip).unwrap(), "P/N");
        assert_eq!(of("P", true, "N", Zip).unwrap(), format!("P/{BUILD}/N"));
        assert_eq!(of("", false, "/", Files).unwrap(), "");
        assert_eq!(of("P", true, "/", Files).unwrap(), format!("P/{BUILD}"));
        assert_eq!(of("/P/Q/", false, "N.zip", Zip).unwrap(), "P/Q/N.zip");
        let prefixed = names(None, Some("X"));
        let zip = key("P", true, "N", Zip, &prefixed).unwrap();
        assert_eq!(zip, format!("X/{BUILD}/N.zip"));
        assert_eq!(key("P", false, "N", Zip, &prefixed).unwrap(), "P/N");
        let own = names(Some("v1/app-2026"), None);
        assert_eq!(key("P", false, "N", Files, &own).unwrap(), "P/v1/app-2026");
    }

    #[test]
    fn a_name_that_leaves_its_place_is_refused() {
        for name in ["../other", "a/./b", "a\nb"] {
            let own = names(Some(name), None);
            let refused = key("P", false, "N", Packaging::Files, &own).unwrap_err();
            assert!(refused.contains("cannot be called"), "{refused}");
        }
        assert!(key("", false, "/", Packaging::Zip, &names(None, None)).is_err());
    }

    fn paths(places: &ArtifactPlaces, identifier: Option<&str>) -> Option<String> {
        let found = destination(places, identifier, &names(None, None)).unwrap();
        found.map(|found| match found {
            Destination::Directory(path) | Destination::Zip(path) => path.display().to_string(),
            Destination::S3(target) => format!("{}/{}", target.bucket, target.key),
        })
    }

    #[test]
    fn secondary_artifacts_go_with_the_primary_one_or_to_their_own_place() {
        let given = |all: ArtifactPlace| ArtifactPlaces::Given {
            all: Some(all),
            named: vec![("own".into(), ArtifactPlace::Directory("/own".into()))],
        };
        let of = |all: ArtifactPlace| {
            [None, Some("a"), Some("own")].map(|it| paths(&given(all.clone()), it).unwrap())
        };
        let directory = of(ArtifactPlace::Directory("/out".into()));
        assert_eq!(directory, ["/out", "/out/secondary-artifacts/a", "/own"]);
        let zip = of(ArtifactPlace::Zip("/out.zip".into()));
        assert_eq!(zip, ["/out.zip", "/out-a.zip", "/own"]);
        let key = |key: &str| S3Key::Given(key.into());
        let files = of(s3(key("p"), Packaging::Files));
        assert_eq!(
            files,
            ["bucket/p", "bucket/p/secondary-artifacts/a", "/own"]
        );
        let object = of(s3(key("p/o.zip"), Packaging::Zip));
        assert_eq!(object, ["bucket/p/o.zip", "bucket/p/o-a.zip", "/own"]);
        assert_eq!(paths(&ArtifactPlaces::Kept, None).unwrap(), "/kept");
        assert_eq!(paths(&ArtifactPlaces::Nowhere, None), None);
    }

    fn plan(identifiers: &[Option<&str>]) -> Vec<ArtifactPlan> {
        let one = |identifier: Option<&str>| ArtifactPlan {
            identifier: identifier.map(str::to_owned),
            base_directory: None,
            files: Vec::new(),
            exclude: Vec::new(),
            discard_paths: false,
            enable_symlinks: false,
            name: None,
            s3_prefix: None,
        };
        identifiers.iter().copied().map(one).collect()
    }

    // Reference §6.4.
    #[test]
    fn one_output_of_a_pipeline_is_the_primary_artifact_and_several_are_the_secondary_ones() {
        let place = |name: &str| {
            (
                name.to_owned(),
                ArtifactPlace::Zip(format!("/{name}").into()),
            )
        };
        let one = ArtifactPlaces::Pipeline(vec![place("Out")]);
        assert_eq!(paths(&one, None).unwrap(), "/Out");
        assert_eq!(paths(&one, Some("a")), None);
        assert_eq!(unmatched(&one, &plan(&[None, Some("a")])), None);
        let two = ArtifactPlaces::Pipeline(vec![place("a"), place("b")]);
        assert_eq!(paths(&two, None), None);
        assert_eq!(paths(&two, Some("b")).unwrap(), "/b");
        assert_eq!(
            unmatched(&two, &plan(&[None, Some("a"), Some("b"), Some("c")])),
            None
        );
        let lacking = unmatched(&two, &plan(&[None, Some("a")])).unwrap();
        assert!(lacking.contains("`b`"), "{lacking}");
        assert!(unmatched(&one, &plan(&[Some("a")])).is_some());
    }

    // Reference §6.5.
    #[test]
    fn a_projects_secondary_artifacts_are_those_of_the_buildspec() {
        let places = ArtifactPlaces::Project {
            primary: None,
            secondary: vec![("a".into(), ArtifactPlace::Zip("/a".into()))],
        };
        assert_eq!(unmatched(&places, &plan(&[None, Some("a")])), None);
        let unknown = unmatched(&places, &plan(&[Some("a"), Some("b")])).unwrap();
        assert!(unknown.contains("the project has no secondary artifact `b`"));
        let lacking = unmatched(&places, &plan(&[None])).unwrap();
        assert!(lacking.contains("the buildspec has no secondary artifact `a`"));
        assert_eq!(
            paths(&places, None),
            None,
            "the project has no primary artifact"
        );
    }
}
