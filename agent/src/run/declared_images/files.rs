//! The files that a deployment reads.

use std::path::Path;

use crate::images;
use crate::model::{ImagePushed, ImageUri};
use crate::run::phase_end::PhaseEnd;
use crate::run::teller::Teller;
use crate::workspace::Tree;

/// An image in its repository, and how a deployment is to name it.
#[derive(Debug, Clone)]
pub(in crate::run) struct Made {
    pub(super) pushed: ImagePushed,
    pub(super) uri: ImageUri,
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
