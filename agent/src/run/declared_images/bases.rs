//! The images that an image is made from: which digest each has today, and that the engine has just that one.

use super::make::Work;
use super::refused;
use crate::engine::{ContainerEngine, EngineError, ImageFacts};
use crate::images::{self, BaseImage, Context, Registry};
use crate::run::phase_end::PhaseEnd;

/// A base image as it is today.
#[derive(Debug, Clone)]
pub(super) struct Base {
    image: BaseImage,
    /// Its digest at its registry, or where there is none, the engine's id; `None` when neither has it.
    pub(super) digest: Option<String>,
    /// Whether the engine has that.
    at_engine: bool,
}

impl Base {
    /// Name and digest; `None` when it has none.
    pub(super) fn pinned(&self) -> Option<(String, String)> {
        let platform = self.image.platform.as_deref().unwrap_or_default();
        let name = format!("{} {platform}", self.image.name);
        Some((name, self.digest.clone()?))
    }
}

impl<E: ContainerEngine> Work<'_, E> {
    /// Looks for the base images of a context; `None` where only its builder can know them.
    pub(super) async fn bases(&self, context: &Context) -> Result<Option<Vec<Base>>, PhaseEnd> {
        let found = images::base_images(context.text(), &self.wanted.args, &self.platform());
        let Ok(found) = found else {
            return Ok(None);
        };
        let mut bases = Vec::new();
        for image in found {
            bases.push(self.base(image).await?);
        }
        Ok(Some(bases))
    }

    /// What the image is built for.
    pub(super) fn platform(&self) -> String {
        let declared = self.wanted.platform.clone();
        declared.unwrap_or_else(|| self.machine.platform.to_string())
    }

    async fn base(&self, image: BaseImage) -> Result<Base, PhaseEnd> {
        let local = match self.surroundings.engine.image(&image.name).await {
            // Its builder will say what is wrong with the name.
            Err(EngineError::ImageName { .. }) => None,
            found => found?,
        };
        if let Some(digest) = image.digest() {
            let digest = Some(digest.to_owned());
            let at_engine = local.is_some();
            return Ok(Base {
                image,
                digest,
                at_engine,
            });
        }
        // One that was never in a registry has no other digest than its own.
        if let Some(local) = local.as_ref().filter(|local| local.digests.is_empty()) {
            let digest = Some(local.id.clone());
            return Ok(Base {
                image,
                digest,
                at_engine: true,
            });
        }
        let there = self.digest_in_registry(&image.name).await;
        let at_engine = |digest: &str| {
            let known = local.iter().flat_map(|local| &local.digests);
            known
                .into_iter()
                .any(|known| known.ends_with(&format!("@{digest}")))
        };
        Ok(match (&there, &local) {
            (Some(digest), _) => Base {
                at_engine: at_engine(digest),
                digest: Some(digest.clone()),
                image,
            },
            // A registry that cannot be asked changes nothing for who has the image.
            (None, Some(ImageFacts { id, .. })) => Base {
                digest: Some(id.clone()),
                at_engine: true,
                image,
            },
            (None, None) => Base {
                digest: None,
                at_engine: false,
                image,
            },
        })
    }

    async fn digest_in_registry(&self, image: &str) -> Option<String> {
        let credentials = self.surroundings.keychain.find(image).await.ok()?;
        let insecure = &self.machine.insecure_registries;
        let (mut registry, reference) = Registry::of(image, credentials, insecure).ok()?;
        registry.be_brief();
        registry.digest(&reference).await.ok()?
    }

    /// Fetches the base images that the engine lacks or has in another version, so that the build itself asks no registry.
    /// One for another platform than the engine's own is left to the builder.
    pub(super) async fn fetch_bases(&self, bases: &[Base]) -> Result<(), PhaseEnd> {
        if self.wanted.platform.is_some() {
            return Ok(());
        }
        let missing = bases.iter().filter(|base| !base.at_engine);
        for base in missing.filter(|base| base.image.platform.is_none()) {
            self.pull(&base.image.name).await?;
        }
        Ok(())
    }

    /// Whether the engine has these very bases, so that what it builds is made from them: a tag may have moved meanwhile, and
    /// the builder takes what is there of another platform's image.
    pub(super) async fn has(&self, bases: &[Base]) -> Result<bool, PhaseEnd> {
        for base in bases.iter().filter(|base| !base.at_engine) {
            let Some(digest) = &base.digest else {
                return Ok(false);
            };
            let end = format!("@{digest}");
            let found = self.surroundings.engine.image(&base.image.name).await?;
            if !found.is_some_and(|it| it.digests.iter().any(|known| known.ends_with(&end))) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn pull(&self, base: &str) -> Result<(), PhaseEnd> {
        let credentials = self.surroundings.keychain.find(base).await;
        let credentials = credentials.map_err(|error| refused(error.to_string(), error.help()))?;
        let pulled = self
            .surroundings
            .engine
            .pull(base, credentials.as_ref(), &mut |_progress| {})
            .await;
        match pulled {
            Err(
                EngineError::ImageNotFound { reason, .. } | EngineError::ImageName { reason, .. },
            ) => Err(refused(
                format!(
                    "image `{}` is made from `{base}`, which cannot be had: {reason}",
                    self.wanted.name
                ),
                "check its name in the Dockerfile, and log in to its registry",
            )),
            pulled => Ok(pulled?),
        }
    }
}
