//! The files that a deployment reads.

use std::path::Path;

use crate::images;
use crate::model::{ImageOrigin, ImagePushed, ImageUri};
use crate::run::phase_end::PhaseEnd;
use crate::run::teller::Teller;
use crate::workspace::Tree;

/// An image in its repository, and how a deployment is to name it.
#[derive(Debug, Clone)]
pub(in crate::run) struct Made {
    pub(super) pushed: ImagePushed,
    pub(super) uri: ImageUri,
}

/// Finds the images that commands pushed for containers that the caller named. The newest push counts.
pub(in crate::run) fn pushed_for(
    names: &[String],
    pushed: &[ImagePushed],
) -> Result<Vec<Made>, PhaseEnd> {
    let by_command = || {
        let pushed = pushed.iter().rev();
        pushed.filter(|image| image.origin == ImageOrigin::Command)
    };
    let find = |name: &String| {
        let named = by_command().find(|image| image.name == *name);
        let newest = by_command().next();
        let only = newest.filter(|it| by_command().all(|other| other.digest == it.digest));
        let found = named.or(only).ok_or_else(|| {
            let all: Vec<&str> = by_command().map(|image| image.repository.as_str()).collect();
            let all = if all.is_empty() {
                "none".to_owned()
            } else {
                format!("`{}`", all.join("`, `"))
            };
            super::refused(
                format!("no image is known for container `{name}` of --image-definitions: the commands pushed {all}"),
                "give the container the name that its repository ends with, and push with `docker push`",
            )
        })?;
        Ok(Made {
            pushed: ImagePushed {
                name: name.clone(),
                ..found.clone()
            },
            uri: ImageUri::Digest,
        })
    };
    names.iter().map(find).collect()
}

/// Writes `imagedefinitions.json` and `imageDetail.json` to the artifact root. A file that the build wrote there stands.
pub(in crate::run) fn write_files(
    tree: &Tree,
    artifact_root: &Path,
    made: &[Made],
    teller: &mut Teller<'_>,
) -> Result<(), PhaseEnd> {
    let uris: Vec<(&str, String)> = made
        .iter()
        .map(|made| {
            (
                made.pushed.name.as_str(),
                images::uri(&made.pushed, made.uri),
            )
        })
        .collect();
    let Some((_, first)) = uris.first() else {
        return Ok(());
    };
    let definitions = images::definitions(&uris);
    if definitions.len() > images::DEFINITIONS_LIMIT {
        return Err(super::refused(
            format!(
                "`{}` has {} bytes, and CodePipeline reads at most {}",
                images::DEFINITIONS_FILE,
                definitions.len(),
                images::DEFINITIONS_LIMIT
            ),
            "declare fewer images in one build",
        ));
    }
    for (name, content) in [
        (images::DEFINITIONS_FILE, definitions),
        (images::DETAIL_FILE, images::detail(first)),
    ] {
        let path = artifact_root.join(name);
        if tree.file(&path).is_ok() {
            teller.warn(
                format!(
                    "the build wrote `{}` itself, and its file stands",
                    path.display()
                ),
                "let the build not write it, if the declared images are to be in it",
            );
            continue;
        }
        tree.write(&path, content.as_bytes()).map_err(|error| {
            PhaseEnd::fault(
                format!("failed to write `{}`: {error}", path.display()),
                "see that nothing of that name is in the way and that the disk has room",
            )
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_gets_the_newest_image_of_its_name_or_the_only_one() {
        let push =
            |repository: &str, digest: &str| ImagePushed::by_command(repository, "v", digest);
        let pushed = [
            push("h/a/web", "1"),
            push("h/job", "2"),
            push("h/a/web", "3"),
        ];
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let found = pushed_for(&names(&["job", "web"]), &pushed).unwrap();
        let digests: Vec<_> = found.iter().map(|made| &*made.pushed.digest).collect();
        assert_eq!(digests, ["2", "3"]);
        let end = pushed_for(&names(&["engine"]), &pushed).unwrap_err();
        assert!(end.contexts[0].message.contains("`h/job`"), "{end:?}");
        let only = pushed_for(&names(&["engine"]), &pushed[..1]).unwrap();
        assert_eq!(only[0].pushed.name, "engine");
        assert!(pushed_for(&names(&["engine"]), &[]).is_err());
    }
}
