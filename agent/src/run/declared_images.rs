//! The images that the project declares (DESIGN §6): built, pushed, pinned; and the files that name them.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::phase_end::PhaseEnd;
use super::teller::Teller;
use super::values::Values;
use super::{Surroundings, millis};
use crate::engine::{ContainerEngine, ImageBuild};
use crate::images;
use crate::model::{EventKind, ImagePushed, PhaseContext, StatusCode};
use crate::plan::{ImagePlan, Plan};
use crate::workspace::Tree;

/// Builds and pushes every declared image, in order. `scratch` takes the contexts while they are sent.
pub(super) async fn make<E: ContainerEngine>(
    plan: &Plan,
    tree: &Tree,
    values: &Values,
    scratch: &Path,
    surroundings: &Surroundings<'_, E>,
    teller: &mut Teller<'_>,
) -> Result<Vec<ImagePushed>, PhaseEnd> {
    let mut pushed = Vec::new();
    for image in &plan.images {
        pushed.push(one(image, tree, values, scratch, surroundings, teller).await?);
    }
    Ok(pushed)
}

async fn one<E: ContainerEngine>(
    image: &ImagePlan,
    tree: &Tree,
    values: &Values,
    scratch: &Path,
    surroundings: &Surroundings<'_, E>,
    teller: &mut Teller<'_>,
) -> Result<ImagePushed, PhaseEnd> {
    let engine = surroundings.engine;
    let repository = values.text(&image.repository);
    if repository.is_empty() {
        let message = format!(
            "image `{}` has no repository: the declared text is empty",
            image.name
        );
        let context = PhaseContext::new(StatusCode::ClientError, message);
        return Err(PhaseEnd::failed(
            context.with_help("set the variable that `repository` names"),
        ));
    }
    let start = Instant::now();
    let (folder, dockerfile) = (values.text(&image.context), values.text(&image.dockerfile));
    let context = images::context(tree, &folder, &dockerfile, scratch).map_err(|error| {
        let context = PhaseContext::new(StatusCode::ClientError, error.to_string());
        PhaseEnd::failed(
            context
                .with_help("correct `context` and `dockerfile` under `images` in the project file"),
        )
    })?;
    let name = format!("understudy-build:{}", uuid::Uuid::new_v4().simple());
    let build = ImageBuild {
        name: name.clone(),
        context,
        dockerfile,
    };
    let mut tell = |text: &str| {
        teller.tell(EventKind::Output {
            text: text.to_owned(),
        });
    };
    let built = engine.build(build, &mut tell).await;
    let id = built.map_err(|error| error.of_image(&image.name))?;
    teller.tell(EventKind::ImageBuilt {
        name: image.name.clone(),
        id: id.clone(),
        millis: millis(start.elapsed()),
    });
    let pushed = push(image, &repository, &id, values, surroundings, teller).await;
    // The image has its real names now, or is not wanted: the one that only we know is in the way.
    if let Err(error) = engine.untag(&name).await {
        teller.warn(
            error.to_string(),
            format!("remove it by hand: `docker rmi {name}`"),
        );
    }
    pushed
}

async fn push<E: ContainerEngine>(
    image: &ImagePlan,
    repository: &str,
    id: &str,
    values: &Values,
    surroundings: &Surroundings<'_, E>,
    teller: &mut Teller<'_>,
) -> Result<ImagePushed, PhaseEnd> {
    let start = Instant::now();
    let credentials = surroundings
        .keychain
        .find(repository)
        .await
        .map_err(|error| {
            let context = PhaseContext::new(StatusCode::ClientError, error.to_string());
            PhaseEnd::failed(context.with_help(error.help()))
        })?;
    let mut digest = String::new();
    // A tag whose variable is unset here (a commit, say, outside git) is no tag.
    let tags: Vec<String> = image
        .tags
        .iter()
        .map(|tag| values.text(tag))
        .filter(|tag| !tag.is_empty())
        .collect();
    for tag in &tags {
        digest = surroundings
            .engine
            .push(id, repository, tag, credentials.as_ref())
            .await?;
    }
    if digest.is_empty() {
        let message = format!(
            "image `{}` has no tag: every declared text is empty",
            image.name
        );
        let context = PhaseContext::new(StatusCode::ClientError, message);
        return Err(PhaseEnd::failed(
            context.with_help("declare a fixed tag such as `latest` too"),
        ));
    }
    let pushed = ImagePushed {
        name: image.name.clone(),
        repository: repository.to_owned(),
        tags,
        digest,
        millis: millis(start.elapsed()),
    };
    teller.tell(EventKind::ImagePushed(pushed.clone()));
    Ok(pushed)
}

/// Writes `imagedefinitions.json` and `imageDetail.json` to the artifact root. A file that the build wrote there stands.
pub(super) fn write_definitions(
    tree: &Tree,
    artifact_root: &Path,
    pushed: &[ImagePushed],
    teller: &mut Teller<'_>,
) -> Result<(), PhaseEnd> {
    let Some(first) = pushed.first() else {
        return Ok(());
    };
    for (name, content) in [
        (images::DEFINITIONS_FILE, images::definitions(pushed)),
        (images::DETAIL_FILE, images::detail(first)),
    ] {
        let path: PathBuf = artifact_root.join(name);
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
