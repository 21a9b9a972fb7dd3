//! The Docker CLI's `config.json`, and where it sends who asks.

use std::io::Read as _;

use indexmap::IndexMap;
use serde::Deserialize;

use super::super::registry::{HUB, host_of};
use super::{CredentialError, Keychain, decode, helper};
use crate::model::{Credentials, Login};

/// A configuration has an entry a registry.
const CONFIG_LIMIT: u64 = 4 * 1024 * 1024;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DockerConfig {
    auths: IndexMap<String, DockerAuth>,
    /// A helper for each of these registries.
    cred_helpers: IndexMap<String, String>,
    /// The helper for all others.
    creds_store: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DockerAuth {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

impl Keychain {
    /// Asks where the Docker CLI would: the registry's own helper, else the helper for all, else the file itself.
    pub(super) async fn docker(
        &self,
        registry: &str,
    ) -> Result<Option<Credentials>, CredentialError> {
        let Some(config) = self.read_config()? else {
            return Ok(None);
        };
        let own = find(&config.cred_helpers, registry);
        if let Some(name) = own.or(config.creds_store.as_ref()) {
            // Docker Hub has its address of old as its name there.
            let server = match registry {
                HUB => "https://index.docker.io/v1/",
                host => host,
            };
            let answer = helper::ask(name, server, registry, &self.helpers).await;
            let answer = answer.map_err(|reason| CredentialError::Helper {
                registry: registry.into(),
                reason,
            })?;
            if answer.is_some() {
                return Ok(answer);
            }
        }
        let Some(stored) = find(&config.auths, registry) else {
            return Ok(None);
        };
        from_file(registry, stored).map_err(|reason| self.unreadable(reason))
    }

    fn read_config(&self) -> Result<Option<DockerConfig>, CredentialError> {
        let file = match std::fs::File::open(&self.docker_config) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(|error| self.unreadable(error.to_string()))?,
        };
        let mut text = String::new();
        file.take(CONFIG_LIMIT)
            .read_to_string(&mut text)
            .map_err(|error| self.unreadable(error.to_string()))?;
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| self.unreadable(error.to_string()))
    }

    fn unreadable(&self, reason: String) -> CredentialError {
        CredentialError::DockerConfig {
            path: self.docker_config.clone(),
            reason,
        }
    }
}

/// Returns a registry's entry: its key is the host itself, or an address.
fn find<'a, T>(entries: &'a IndexMap<String, T>, registry: &str) -> Option<&'a T> {
    let exact = entries.get(registry);
    exact.or_else(|| {
        let mut entries = entries.iter();
        entries.find_map(|(key, entry)| (host_of(key) == registry).then_some(entry))
    })
}

fn from_file(registry: &str, stored: &DockerAuth) -> Result<Option<Credentials>, String> {
    let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let credentials = |login| Credentials {
        registry: registry.into(),
        login,
    };
    if let Some(token) = filled(&stored.identitytoken) {
        return Ok(Some(credentials(Login::IdentityToken(token))));
    }
    if let Some(auth) = filled(&stored.auth) {
        return decode(registry, &auth).map(Some);
    }
    let pair = filled(&stored.username).zip(filled(&stored.password));
    Ok(pair.map(|(username, password)| credentials(Login::Password { username, password })))
}
