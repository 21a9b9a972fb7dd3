//! One image after the other: what it is made from, built, pushed.

use std::time::Instant;

use super::bases::Base;
use super::files::Made;
use super::refused;
use super::wanted::Wanted;
use crate::engine::{BuildSaid, Builder, ContainerEngine, ImageBuild, Machine};
use crate::images::{self, Context, ContextFor, KEY_LABEL, KeyParts};
use crate::model::{EventKind, ImageCache, ImagePushed, ImageStep, Source};
use crate::run::blocking::blocking;
use crate::run::phase_end::PhaseEnd;
use crate::run::teller::Teller;
use crate::run::upload::Left;
use crate::run::{Surroundings, millis};

const CONTEXT_HELP: &str =
    "correct `context` and `dockerfile` under `images` in the project file, or of `--image-build`";

/// Builds and pushes every declared image, in order.
pub(in crate::run) async fn make<E: ContainerEngine>(
    left: &Left<'_>,
    surroundings: &Surroundings<'_, E>,
    teller: &mut Teller<'_>,
) -> Result<Vec<Made>, PhaseEnd> {
    let mut made = Vec::new();
    if left.plan.images.is_empty() {
        return Ok(made);
    }
    let machine = surroundings.engine.machine().await?;
    for plan in &left.plan.images {
        let work = Work {
            left,
            wanted: Wanted::new(plan, left.values)?,
            machine: &machine,
            surroundings,
            start: Instant::now(),
        };
        let pushed = Box::pin(work.make(teller)).await?;
        made.push(Made {
            pushed,
            uri: work.wanted.uri,
        });
    }
    Ok(made)
}

/// The work on one image.
pub(super) struct Work<'a, E> {
    left: &'a Left<'a>,
    pub(super) wanted: Wanted,
    pub(super) machine: &'a Machine,
    pub(super) surroundings: &'a Surroundings<'a, E>,
    pub(super) start: Instant,
}

impl<E: ContainerEngine> Work<'_, E> {
    async fn make(&self, teller: &mut Teller<'_>) -> Result<ImagePushed, PhaseEnd> {
        let context = self.gather().await?;
        let mut registry = self.registry().await?;
        self.create_repository(teller).await?;
        let bases = self.bases(&context).await?;
        let key = self.key(&context, bases.as_deref()).await?;
        if let Some(key) = &key
            && let Some(reused) = self.reuse(&mut registry, key, teller).await?
        {
            return Ok(reused);
        }
        let bases = bases.unwrap_or_default();
        self.fetch_bases(&bases).await?;
        // Made from other bases than the key says, the image must not be found under it.
        let key = if self.has(&bases).await? { key } else { None };
        let name = format!("understudy-build:{}", uuid::Uuid::new_v4().simple());
        let id = self.build(context, &name, key.as_deref(), teller).await?;
        teller.tell(EventKind::ImageBuilt {
            name: self.wanted.name.clone(),
            id: id.clone(),
            millis: millis(self.start.elapsed()),
        });
        let publish = self.publish(&id, &mut registry, key.as_deref(), teller);
        let pushed = publish.await;
        // The image has its real names now, or is not wanted: the one that only we know is in the way.
        if let Err(error) = self.surroundings.engine.untag(&name).await {
            teller.warn(
                error.to_string(),
                format!("remove it by hand: `docker rmi {name}`"),
            );
        }
        pushed
    }

    /// A context can have very many files.
    async fn gather(&self) -> Result<Context, PhaseEnd> {
        let wanted = &self.wanted;
        let root = self.left.tree.path().to_owned();
        let (context, dockerfile) = (wanted.context.clone(), wanted.dockerfile.clone());
        let gather = move |_: &_| Context::gather(&root, &context, &dockerfile);
        let gathered = blocking(gather).await;
        let gathered = gathered.map_err(|error| self.unread(&error))?;
        gathered.map_err(|error| refused(error.to_string(), CONTEXT_HELP))
    }

    fn unread(&self, error: &tokio::task::JoinError) -> PhaseEnd {
        let name = &self.wanted.name;
        PhaseEnd::fault(
            format!("failed to read the context of image `{name}`: {error}"),
            "report this as a bug",
        )
    }

    /// What the image is made from; `None` when it is to be built in any case, or when that cannot be known.
    async fn key(
        &self,
        context: &Context,
        bases: Option<&[Base]>,
    ) -> Result<Option<String>, PhaseEnd> {
        let bases: Option<Vec<_>> = match (self.left.build.request.image_cache, bases) {
            (ImageCache::Off, _) | (_, None) => return Ok(None),
            (ImageCache::On, Some(bases)) => bases.iter().map(Base::pinned).collect(),
        };
        let Some(bases) = bases else {
            return Ok(None);
        };
        let read = context.clone();
        let hash = blocking(move |_: &_| read.hash()).await;
        let hash = hash.map_err(|error| self.unread(&error))?;
        let hash = hash.map_err(|error| refused(error.to_string(), CONTEXT_HELP))?;
        let wanted = &self.wanted;
        Ok(Some(images::content_key(&KeyParts {
            context: &hash,
            dockerfile: (&context.dockerfile(), context.text()),
            args: &wanted.args,
            target: wanted.target.as_deref(),
            platform: &self.platform(),
            labels: &wanted.labels,
            bases: &bases,
        })))
    }

    async fn build(
        &self,
        context: Context,
        name: &str,
        key: Option<&str>,
        teller: &mut Teller<'_>,
    ) -> Result<String, PhaseEnd> {
        let wanted = &self.wanted;
        let builder = self.machine.builder;
        let dockerfile = context.dockerfile();
        let context = context.send(match builder {
            Builder::Classic => ContextFor::Classic,
            Builder::BuildKit => ContextFor::BuildKit,
        });
        let build = ImageBuild {
            builder,
            name: name.to_owned(),
            context,
            dockerfile,
            args: wanted.args.clone(),
            target: wanted.target.clone(),
            platform: wanted.platform.clone(),
            labels: self.labels(key, teller),
        };
        let mut tell = |said: BuildSaid| {
            teller.tell(match said {
                BuildSaid::Output(text) => EventKind::Output { text },
                BuildSaid::Step(step, state) => EventKind::ImageStep(ImageStep {
                    image: wanted.name.clone(),
                    step,
                    state,
                }),
            });
        };
        let built = self.surroundings.engine.build(build, &mut tell).await;
        Ok(built.map_err(|error| error.of_image(&wanted.name))?)
    }

    /// What OCI has names for, and what was declared, which wins.
    fn labels(&self, key: Option<&str>, teller: &Teller<'_>) -> Vec<(String, String)> {
        let created = teller.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut labels = vec![("org.opencontainers.image.created".to_owned(), created)];
        // A directory of this machine means nothing elsewhere.
        if let Source::Git(git) = &self.left.build.request.source {
            let source = git.url.to_string();
            labels.push(("org.opencontainers.image.source".to_owned(), source));
        }
        let source = teller.record.source.as_ref();
        if let Some(revision) = source.and_then(|source| source.resolved_version.clone()) {
            labels.push(("org.opencontainers.image.revision".to_owned(), revision));
        }
        for (name, value) in &self.wanted.labels {
            labels.retain(|(known, _)| known != name);
            labels.push((name.clone(), value.clone()));
        }
        if let Some(key) = key {
            labels.push((KEY_LABEL.to_owned(), key.to_owned()));
        }
        labels
    }
}
