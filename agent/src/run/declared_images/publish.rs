//! A built image, brought into its repository under its tags.

use super::make::Work;
use super::refused;
use crate::engine::ContainerEngine;
use crate::model::{EventKind, ImageOrigin, ImagePushed};
use crate::run::millis;
use crate::run::phase_end::PhaseEnd;
use crate::run::teller::Teller;

impl<E: ContainerEngine> Work<'_, E> {
    /// Pushes an image of the engine's.
    pub(super) async fn publish(
        &self,
        id: &str,
        teller: &mut Teller<'_>,
    ) -> Result<ImagePushed, PhaseEnd> {
        let repository = &self.wanted.repository;
        let credentials = self.surroundings.keychain.find(repository).await;
        let credentials = credentials.map_err(|error| refused(error.to_string(), error.help()))?;
        let mut digest = String::new();
        for tag in &self.wanted.tags {
            digest = self
                .surroundings
                .engine
                .push(id, repository, tag, credentials.as_ref())
                .await?;
        }
        self.await_scan(&digest, teller).await?;
        let pushed = ImagePushed {
            name: self.wanted.name.clone(),
            repository: repository.clone(),
            tags: self.wanted.tags.clone(),
            digest,
            size: None,
            origin: ImageOrigin::Built,
            millis: millis(self.start.elapsed()),
        };
        teller.tell(EventKind::ImagePushed(pushed.clone()));
        Ok(pushed)
    }
}
