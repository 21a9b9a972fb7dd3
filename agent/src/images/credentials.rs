//! Credentials for registries: ECR by the caller's AWS credentials, others from the Docker configuration.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::model::Credentials;

/// Where credentials come from.
#[derive(Debug, Clone)]
pub struct Keychain {
    /// The caller's `config.json` of the Docker CLI.
    pub docker_config: PathBuf,
}

/// Why there are no credentials for a registry that needs them.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// ECR did not give a token.
    #[error("failed to get an authorization token for `{registry}` from ECR: {reason}")]
    Ecr {
        /// The registry's host.
        registry: String,
        /// What the SDK said, its causes included.
        reason: String,
    },
    /// The Docker configuration cannot be read.
    #[error("failed to read registry credentials from `{}`: {reason}", path.display())]
    DockerConfig {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl CredentialError {
    /// Returns the next step.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Ecr { .. } => {
                "check your AWS credentials (`aws sts get-caller-identity`) and their `ecr:GetAuthorizationToken` permission"
            }
            Self::DockerConfig { .. } => "log in again with `docker login`",
        }
    }
}

#[derive(Deserialize)]
struct DockerConfig {
    #[serde(default)]
    auths: indexmap::IndexMap<String, DockerAuth>,
}

#[derive(Deserialize)]
struct DockerAuth {
    auth: Option<String>,
}

impl Keychain {
    /// Returns credentials for the registry of `repository`; `None` when there are none, which a public registry
    /// or one on this machine may not mind.
    pub async fn find(&self, repository: &str) -> Result<Option<Credentials>, CredentialError> {
        let registry = registry_of(repository);
        let Some(region) = ecr_region(registry) else {
            return self.docker(registry);
        };
        match ecr(registry, region).await {
            Ok(credentials) => Ok(Some(credentials)),
            // Without AWS credentials, a `docker login` by hand may still hold.
            Err(error) => match self.docker(registry) {
                Ok(Some(stored)) => Ok(Some(stored)),
                _ => Err(error),
            },
        }
    }

    fn docker(&self, registry: &str) -> Result<Option<Credentials>, CredentialError> {
        let failed = |reason: String| CredentialError::DockerConfig {
            path: self.docker_config.clone(),
            reason,
        };
        let text = match std::fs::read_to_string(&self.docker_config) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|error| failed(error.to_string()))?,
        };
        let config: DockerConfig =
            serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
        let stored = config
            .auths
            .iter()
            .find(|(key, _)| host_of(key) == registry);
        let Some(auth) = stored.and_then(|(_, stored)| stored.auth.as_deref()) else {
            return Ok(None);
        };
        decode(registry, auth).map(Some).map_err(failed)
    }
}

async fn ecr(registry: &str, region: &str) -> Result<Credentials, CredentialError> {
    let failed = |reason: String| CredentialError::Ecr {
        registry: registry.into(),
        reason,
    };
    let client = aws_sdk_ecr::Client::new(&crate::aws::config(region).await);
    let answer = client
        .get_authorization_token()
        .send()
        .await
        .map_err(|error| failed(crate::aws::causes(&error)))?;
    let token = answer
        .authorization_data()
        .first()
        .and_then(|data| data.authorization_token())
        .ok_or_else(|| failed("the answer has no token".into()))?;
    decode(registry, token).map_err(failed)
}

/// Splits base64 of `user:password`.
fn decode(registry: &str, encoded: &str) -> Result<Credentials, String> {
    let decoded = STANDARD
        .decode(encoded)
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8(decoded).map_err(|error| error.to_string())?;
    let (username, password) = text
        .split_once(':')
        .ok_or_else(|| "the credentials have no password".to_owned())?;
    Ok(Credentials {
        registry: registry.into(),
        username: username.into(),
        password: password.trim_end_matches('\0').into(),
    })
}

/// Docker Hub goes by several names.
const HUB: &str = "docker.io";

/// Returns the host of an image's name: its first part when that looks like a host, else Docker Hub.
fn registry_of(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => canonical(host),
        _ => HUB,
    }
}

/// Returns the host of a key in the Docker configuration, which may be an address.
fn host_of(key: &str) -> &str {
    let host = key
        .trim_start_matches("https://")
        .trim_start_matches("http://");
    canonical(host.split('/').next().unwrap_or(host))
}

fn canonical(host: &str) -> &str {
    if ["index.docker.io", "registry-1.docker.io"].contains(&host) {
        HUB
    } else {
        host
    }
}

/// Returns the region of an ECR registry's host, `<account>.dkr.ecr.<region>.amazonaws.com[.cn]`.
fn ecr_region(host: &str) -> Option<&str> {
    let (account, rest) = host.split_once(".dkr.ecr")?;
    let rest = rest
        .strip_prefix("-fips")
        .unwrap_or(rest)
        .strip_prefix('.')?;
    let (region, domain) = rest.split_once('.')?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (is_account && ["amazonaws.com", "amazonaws.com.cn"].contains(&domain)).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ecrs_own_hosts_are_asked_for_ecr_tokens() {
        assert_eq!(
            ecr_region("123456789012.dkr.ecr.us-east-1.amazonaws.com"),
            Some("us-east-1")
        );
        assert_eq!(
            ecr_region("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com"),
            Some("us-gov-west-1")
        );
        assert_eq!(
            ecr_region("123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.test"),
            None
        );
        assert_eq!(ecr_region("ghcr.io"), None);
    }

    #[tokio::test]
    async fn other_registries_are_looked_up_in_the_docker_configuration() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let auth = STANDARD.encode("me:pass:word");
        let text = format!(r#"{{"auths":{{"https://127.0.0.1:5001/":{{"auth":"{auth}"}}}}}}"#);
        std::fs::write(file.path(), text).unwrap();
        let keychain = Keychain {
            docker_config: file.path().to_owned(),
        };
        let found = keychain.find("127.0.0.1:5001/app").await.unwrap().unwrap();
        assert_eq!(
            (found.username.as_str(), found.password.as_str()),
            ("me", "pass:word")
        );
        assert_eq!(keychain.find("example.com/app").await.unwrap(), None);
        assert!(!format!("{found:?}").contains("pass:word"));
    }

    #[test]
    fn a_password_goes_to_no_other_host_than_its_own() {
        for (image, registry) in [
            ("node:20", HUB),
            ("me/app", HUB),
            ("docker.io/me/app", "docker.io"),
            ("localhost/app", "localhost"),
            ("127.0.0.1:5001/app:1", "127.0.0.1:5001"),
        ] {
            assert_eq!(registry_of(image), registry, "{image}");
        }
        assert_eq!(host_of("https://index.docker.io/v1/"), HUB);
        assert_eq!(host_of("localhost"), "localhost");
        assert_eq!(host_of("registry"), "registry");
    }
}
