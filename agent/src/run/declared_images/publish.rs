//! An image, brought into its repository under its tags: one that was built is pushed, one that the repository has already
//! only gets the tags.

use std::time::Duration;

use super::make::Work;
use super::refused;
use crate::engine::{ContainerEngine, EngineError};
use crate::images::{self, KEY_LABEL, Manifest, Registry, RegistryError};
use crate::model::{EventKind, ImageOrigin, ImagePushed};
use crate::run::millis;
use crate::run::phase_end::PhaseEnd;
use crate::run::teller::Teller;

/// The pauses between attempts to push.
const PAUSES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(12),
];
/// What engines and registries say of troubles that pass.
const PASSING: [&str; 14] = [
    "429",
    "toomanyrequests",
    "too many requests",
    "rate exceeded",
    "500",
    "502",
    "503",
    "504",
    "internal server error",
    "unavailable",
    "timeout",
    "eof",
    "connection reset",
    "broken pipe",
];

impl<E: ContainerEngine> Work<'_, E> {
    /// Opens the image's repository. Nothing is asked yet.
    pub(super) async fn registry(&self) -> Result<Registry, PhaseEnd> {
        let repository = &self.wanted.repository;
        let credentials = self.surroundings.keychain.find(repository).await;
        let credentials = credentials.map_err(|error| refused(error.to_string(), error.help()))?;
        let insecure = &self.machine.insecure_registries;
        let (registry, _) = Registry::of(repository, credentials, insecure)
            .map_err(|error| registry_end(&error))?;
        Ok(registry)
    }

    /// Gives the image of a key its tags, where the repository has it.
    pub(super) async fn reuse(
        &self,
        registry: &mut Registry,
        key: &str,
        teller: &mut Teller<'_>,
    ) -> Result<Option<ImagePushed>, PhaseEnd> {
        let found = match find(registry, key).await {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(None),
            Err(error) if error.is_unauthorized() => {
                let (repository, tag) = (&self.wanted.repository, self.first_tag());
                let message = format!("failed to push `{repository}:{tag}`: unauthorized: {error}");
                return Err(refused(message, error.help()));
            }
            Err(error) => {
                teller.warn(
                    format!("image `{}` is built, because its repository cannot be asked whether it has it: {error}", self.wanted.name),
                    error.help(),
                );
                return Ok(None);
            }
        };
        self.await_scan(&found.digest, teller).await?;
        for tag in &self.wanted.tags {
            match registry.tag(&found, tag).await {
                Ok(()) => {}
                // A part of it is gone.
                Err(RegistryError::Refused {
                    status: 400 | 404, ..
                }) => return Ok(None),
                Err(error) => return Err(registry_end(&error)),
            }
        }
        Ok(Some(self.tell(
            &found.digest,
            found.size(),
            ImageOrigin::Cache,
            teller,
        )))
    }

    /// Pushes an image of the engine's, and gives it its tags there.
    pub(super) async fn publish(
        &self,
        id: &str,
        registry: &mut Registry,
        key: Option<&str>,
        teller: &mut Teller<'_>,
    ) -> Result<ImagePushed, PhaseEnd> {
        let key_tag = key.map(images::key_tag);
        let declared = self.first_tag();
        // What is not judged yet must not have a tag that somebody deploys.
        let unjudged = format!("understudy-unjudged-{}", uuid::Uuid::new_v4().simple());
        let first = match (&key_tag, self.wanted.fail_on) {
            (Some(tag), Some(_)) => tag.as_str(),
            (None, Some(_)) => unjudged.as_str(),
            (_, None) => declared,
        };
        let digest = self.push(id, first, teller).await?;
        self.await_scan(&digest, teller).await?;
        let rest: Vec<&String> = self
            .wanted
            .tags
            .iter()
            .filter(|tag| *tag != first)
            .collect();
        let size = match registry.manifest(&digest).await.ok().flatten() {
            Some(manifest) => {
                self.tag_rest(registry, &manifest, &rest).await?;
                if let Some(tag) = key_tag.as_ref().filter(|tag| *tag != first) {
                    self.keep(registry, &manifest, tag, teller).await;
                }
                manifest.size()
            }
            // The engine has its own way to the registry, which may lead there where ours does not.
            None => self.push_rest(id, first, &digest, &rest, teller).await?,
        };
        Ok(self.tell(&digest, size, ImageOrigin::Built, teller))
    }

    async fn tag_rest(
        &self,
        registry: &mut Registry,
        manifest: &Manifest,
        tags: &[&String],
    ) -> Result<(), PhaseEnd> {
        for tag in tags {
            let tagged = registry.tag(manifest, tag).await;
            tagged.map_err(|error| registry_end(&error))?;
        }
        Ok(())
    }

    /// Keeps an image under its key; only the next build would miss it.
    async fn keep(
        &self,
        registry: &mut Registry,
        manifest: &Manifest,
        tag: &str,
        teller: &mut Teller<'_>,
    ) {
        if let Err(error) = registry.tag(manifest, tag).await {
            let name = &self.wanted.name;
            teller.warn(
                format!("image `{name}` will be built again next time: {error}"),
                error.help(),
            );
        }
    }

    /// Pushes under further tags; the size is not known then.
    async fn push_rest(
        &self,
        id: &str,
        first: &str,
        digest: &str,
        tags: &[&String],
        teller: &mut Teller<'_>,
    ) -> Result<Option<u64>, PhaseEnd> {
        for tag in tags {
            let again = self.push(id, tag, teller).await?;
            if again != digest {
                let repository = &self.wanted.repository;
                return Err(refused(
                    format!(
                        "`{repository}:{tag}` has digest {again}, and `{repository}:{first}` has {digest}, of one image"
                    ),
                    "try again; if it stays so, ask who runs the registry",
                ));
            }
        }
        Ok(None)
    }

    fn first_tag(&self) -> &str {
        self.wanted.tags.first().map_or("latest", String::as_str)
    }

    /// Pushes under one tag, again where that can help; each attempt has credentials of its own.
    async fn push(&self, id: &str, tag: &str, teller: &mut Teller<'_>) -> Result<String, PhaseEnd> {
        let repository = &self.wanted.repository;
        let mut pauses = PAUSES.iter();
        loop {
            let credentials = self.surroundings.keychain.find(repository).await;
            let credentials =
                credentials.map_err(|error| refused(error.to_string(), error.help()))?;
            let engine = self.surroundings.engine;
            let pushed = engine.push(id, repository, tag, credentials.as_ref()).await;
            let reason = match pushed {
                Err(EngineError::Push { reason, .. }) => reason,
                pushed => return Ok(pushed?),
            };
            if images::is_immutable(&reason) {
                return Err(registry_end(&RegistryError::TagTaken {
                    repository: repository.clone(),
                    tag: tag.to_owned(),
                }));
            }
            let Some(pause) = pauses.next().filter(|_| is_passing(&reason)) else {
                let image = format!("{repository}:{tag}");
                return Err(EngineError::Push { image, reason }.into());
            };
            let seconds = pause.as_secs();
            teller.warn(
                format!("`{repository}:{tag}` was not taken: {reason}; once more in {seconds} s"),
                "nothing to do if it succeeds",
            );
            tokio::time::sleep(*pause).await;
        }
    }

    fn tell(
        &self,
        digest: &str,
        size: Option<u64>,
        origin: ImageOrigin,
        teller: &mut Teller<'_>,
    ) -> ImagePushed {
        let pushed = ImagePushed {
            name: self.wanted.name.clone(),
            repository: self.wanted.repository.clone(),
            tags: self.wanted.tags.clone(),
            digest: digest.to_owned(),
            size,
            origin,
            millis: millis(self.start.elapsed()),
        };
        teller.tell(EventKind::ImagePushed(pushed.clone()));
        pushed
    }
}

/// Returns the image of a key. A tag alone proves nothing: the image itself has to say that it was built for the key.
async fn find(registry: &mut Registry, key: &str) -> Result<Option<Manifest>, RegistryError> {
    let Some(found) = registry.manifest(&images::key_tag(key)).await? else {
        return Ok(None);
    };
    let labels = registry.labels(&found).await?;
    let is_its_own = labels.get(KEY_LABEL).is_some_and(|label| label == key);
    Ok(is_its_own.then_some(found))
}

fn is_passing(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    // A registry that is not there at all is not waited for.
    !reason.contains("connection refused") && PASSING.iter().any(|word| reason.contains(word))
}

fn registry_end(error: &RegistryError) -> PhaseEnd {
    refused(error.to_string(), error.help())
}
