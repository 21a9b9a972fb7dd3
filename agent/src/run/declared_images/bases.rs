//! The images that an image is made from: at the engine before the build, so that the build itself asks no registry.

use super::make::Work;
use super::refused;
use crate::engine::{ContainerEngine, EngineError};
use crate::images::{self, BaseImage, Context};
use crate::run::phase_end::PhaseEnd;

impl<E: ContainerEngine> Work<'_, E> {
    /// Fetches the base images that the engine lacks. One that its builder alone can know is left to it, and so is one
    /// for another platform than the engine's own.
    pub(super) async fn fetch_bases(&self, context: &Context) -> Result<(), PhaseEnd> {
        if self.wanted.platform.is_some() {
            return Ok(());
        }
        let bases = self.bases(context).unwrap_or_default();
        for base in bases.iter().filter(|base| base.platform.is_none()) {
            if self.surroundings.engine.image(&base.name).await?.is_none() {
                self.pull(&base.name).await?;
            }
        }
        Ok(())
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

    /// Returns the base images of a context; `None` where only its builder can know them.
    fn bases(&self, context: &Context) -> Option<Vec<BaseImage>> {
        let own = self.machine.platform.to_string();
        let platform = self.wanted.platform.as_deref().unwrap_or(&own);
        images::base_images(context.text(), &self.wanted.args, platform).ok()
    }
}
