//! Building an image: by BuildKit where the engine has it, else by its classic builder. Both tell their steps alike.

use std::collections::HashMap;
use std::io;

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{BuildInfo, BuildInfoAux};
use bollard::query_parameters::{BuildImageOptions, BuildImageOptionsBuilder, BuilderVersion};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::mpsc::Receiver;

use super::answer::reason;
use super::build_steps::{ClassicSteps, KitSteps};
use super::{BuildSaid, Builder, EngineError, ImageBuild};

/// Builds; returns the image's id. What the base images need is here already: no registry is asked.
pub(super) async fn build(
    docker: &Docker,
    build: ImageBuild,
    on_said: &mut (dyn FnMut(BuildSaid) + Send),
) -> Result<String, EngineError> {
    let name = build.name.clone();
    let failed = |reason: String| EngineError::Build {
        image: name.clone(),
        reason,
    };
    let options = options(&build);
    let body = bollard::body_try_stream(pieces(build.context));
    let messages = docker.build_image(options, None, Some(body));
    let said = match build.builder {
        Builder::BuildKit => by_buildkit(messages, on_said).await,
        Builder::Classic => by_classic(messages, on_said).await,
    };
    said.map_err(failed)?;
    let image = docker.inspect_image(&name).await;
    let id = image.map_err(|error| failed(reason(&error)))?.id;
    id.ok_or_else(|| failed("the engine gave the image no id".into()))
}

fn options(build: &ImageBuild) -> BuildImageOptions {
    let map =
        |pairs: &[(String, String)]| -> HashMap<String, String> { pairs.iter().cloned().collect() };
    let mut options = BuildImageOptionsBuilder::new()
        .t(&build.name)
        .dockerfile(&build.dockerfile)
        .buildargs(&map(&build.args))
        .labels(&map(&build.labels))
        .target(build.target.as_deref().unwrap_or_default())
        .platform(build.platform.as_deref().unwrap_or_default())
        .rm(true)
        .forcerm(true);
    if build.builder == Builder::BuildKit {
        // An id that was used before is refused.
        let session = uuid::Uuid::new_v4().to_string();
        options = options
            .version(BuilderVersion::BuilderBuildKit)
            .session(&session);
    }
    options.build()
}

async fn by_buildkit(
    mut messages: impl Stream<Item = Result<BuildInfo, Error>> + Unpin,
    on_said: &mut (dyn FnMut(BuildSaid) + Send),
) -> Result<(), String> {
    let mut steps = KitSteps::default();
    while let Some(message) = messages.next().await {
        let message = message.map_err(|error| steps.explain(&reason(&error)))?;
        if let Some(text) = message.error_detail.and_then(|detail| detail.message) {
            return Err(steps.explain(&text));
        }
        if let Some(BuildInfoAux::BuildKit(status)) = message.aux {
            steps.heed(&status, on_said);
        }
    }
    Ok(())
}

async fn by_classic(
    mut messages: impl Stream<Item = Result<BuildInfo, Error>> + Unpin,
    on_said: &mut (dyn FnMut(BuildSaid) + Send),
) -> Result<(), String> {
    let mut steps = ClassicSteps::default();
    while let Some(message) = messages.next().await {
        let message = message.map_err(|error| steps.explain(&reason(&error), on_said))?;
        if let Some(text) = message.stream {
            steps.heed(&text, on_said);
        }
        if let Some(text) = message.error_detail.and_then(|detail| detail.message) {
            return Err(steps.explain(&text, on_said));
        }
    }
    steps.end(on_said);
    Ok(())
}

/// The context as it comes.
fn pieces(
    context: Receiver<io::Result<Bytes>>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::unfold(context, |mut context| async move {
        let piece = context.recv().await?;
        Some((piece, context))
    })
}
