//! A registry's own HTTP API: which digest a tag has, and one more tag for a manifest that is there.
//!
//! What a registry answers is bounded and checked: a manifest is what its digest says, or it is not taken.

mod auth;
mod error;
mod manifest;
mod place;
mod transport;
mod trust;

pub use error::{RegistryError, is_immutable};
pub use manifest::Manifest;

use bytes::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE};
use hyper::{Method, StatusCode};
use indexmap::IndexMap;
use serde_json::Value;

use crate::model::Credentials;
use place::Place;
use transport::{Answer, Call, Transport};

/// A manifest's most bytes at ECR, and twice what others take.
const MANIFEST_LIMIT: usize = 4 * 1024 * 1024;
/// An image's configuration has its history and labels.
const CONFIG_LIMIT: usize = 8 * 1024 * 1024;
const DIGEST: &str = "docker-content-digest";
/// What a repository can hold under a tag.
const MANIFESTS: &str = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.index.v1+json";

/// One repository in its registry.
#[derive(Debug)]
pub struct Registry {
    place: Place,
    transport: Transport,
}

impl Registry {
    /// Returns the repository of an image's name, and the tag or digest that the name has. `insecure` are the engine's own
    /// exceptions: hosts and address ranges that are spoken to without TLS. Nothing is sent yet.
    pub fn of(
        image: &str,
        credentials: Option<Credentials>,
        insecure: &[String],
    ) -> Result<(Self, String), RegistryError> {
        let (place, reference) = Place::of(image, insecure);
        let transport = Transport::new(&place, credentials)?;
        Ok((Self { place, transport }, reference))
    }

    /// Makes it give up at the first trouble: what is asked is not needed.
    pub fn be_brief(&mut self) {
        self.transport.patience = transport::Patience::Brief;
    }

    /// Returns the digest that a tag has; `None` when there is no such tag or repository.
    pub async fn digest(&mut self, reference: &str) -> Result<Option<String>, RegistryError> {
        let call = self.manifest_call(Method::HEAD, reference);
        let answer = self.transport.send(&call).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => match answer.header(DIGEST) {
                Some(digest) if manifest::is_digest(digest) => Ok(Some(digest.to_owned())),
                _ => Ok(self.manifest(reference).await?.map(|found| found.digest)),
            },
            _ => Err(self.unexpected(&call, &answer)),
        }
    }

    /// Returns the manifest of a tag or digest; `None` when there is no such tag or repository.
    pub async fn manifest(&mut self, reference: &str) -> Result<Option<Manifest>, RegistryError> {
        let call = self.manifest_call(Method::GET, reference);
        let answer = self.transport.send(&call).await?;
        match answer.status {
            StatusCode::NOT_FOUND => return Ok(None),
            StatusCode::OK => {}
            _ => return Err(self.unexpected(&call, &answer)),
        }
        let media_type = answer.header(CONTENT_TYPE.as_str());
        let found = Manifest::new(media_type.unwrap_or_default(), answer.body.clone());
        let said = answer.header(DIGEST).unwrap_or(&found.digest);
        let wanted = Some(reference).filter(|it| manifest::is_digest(it));
        if said != found.digest || wanted.is_some_and(|wanted| wanted != found.digest) {
            return Err(RegistryError::Broken {
                host: self.place.host.clone(),
                what: call.path,
                reason: format!("it is {}, and the registry says {said}", found.digest),
            });
        }
        Ok(Some(found))
    }

    /// Returns the labels of an image.
    pub async fn labels(
        &mut self,
        manifest: &Manifest,
    ) -> Result<IndexMap<String, String>, RegistryError> {
        let Some(digest) = manifest.config() else {
            return Ok(IndexMap::new());
        };
        let call = Call {
            method: Method::GET,
            path: format!("/v2/{}/blobs/{digest}", self.place.name),
            headers: Vec::new(),
            body: Bytes::new(),
            limit: CONFIG_LIMIT,
        };
        let answer = self.transport.send(&call).await?;
        if answer.status != StatusCode::OK {
            return Err(self.unexpected(&call, &answer));
        }
        let found = manifest::digest(&answer.body);
        if found != digest {
            return Err(RegistryError::Broken {
                host: self.place.host.clone(),
                what: call.path,
                reason: format!("it is {found}"),
            });
        }
        let config: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let labels = config.pointer("/config/Labels").and_then(Value::as_object);
        let labels = labels.into_iter().flatten();
        let texts = labels.filter_map(|(name, value)| {
            let value = value.as_str()?;
            Some((name.clone(), value.to_owned()))
        });
        Ok(texts.collect())
    }

    /// Gives a manifest that is there one more tag. That it has the tag already is no failure, although where tags cannot
    /// be moved they cannot be given twice either.
    pub async fn tag(&mut self, manifest: &Manifest, tag: &str) -> Result<(), RegistryError> {
        let mut call = self.manifest_call(Method::PUT, tag);
        call.headers = vec![(CONTENT_TYPE, manifest.media_type.clone())];
        call.body = manifest.bytes.clone();
        let answer = self.transport.send(&call).await?;
        if !answer.status.is_success() {
            let has = self.digest(tag).await.ok().flatten();
            if has.as_ref() == Some(&manifest.digest) {
                return Ok(());
            }
            let error = self.unexpected(&call, &answer);
            return Err(error.of_tag(&self.place.full(), tag));
        }
        // A registry that keeps another form of it has another image there.
        match answer.header(DIGEST) {
            Some(kept) if kept != manifest.digest => Err(RegistryError::Broken {
                host: self.place.host.clone(),
                what: call.path,
                reason: format!("the registry keeps it as {kept}"),
            }),
            _ => Ok(()),
        }
    }

    fn manifest_call(&self, method: Method, reference: &str) -> Call {
        Call {
            method,
            path: format!("/v2/{}/manifests/{reference}", self.place.name),
            headers: vec![(ACCEPT, MANIFESTS.to_owned())],
            body: Bytes::new(),
            limit: MANIFEST_LIMIT,
        }
    }

    fn unexpected(&self, call: &Call, answer: &Answer) -> RegistryError {
        RegistryError::Refused {
            host: self.place.host.clone(),
            what: format!("{} {}", call.method, call.path),
            status: answer.status.as_u16(),
            reason: error::reason(&answer.body),
        }
    }
}
