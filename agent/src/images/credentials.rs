//! Credentials for registries: ECR by the caller's AWS credentials, others from the Docker configuration and the helpers
//! that it names.

use std::ffi::OsString;
use std::io::Read as _;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use serde::Deserialize;

use super::helper;
use super::registry::{HUB, ecr_region, host_of, registry_of};
use crate::model::{Credentials, Login};

/// Where credentials come from.
#[derive(Debug, Clone)]
pub struct Keychain {
    /// The caller's `config.json` of the Docker CLI.
    pub docker_config: PathBuf,
    /// Where credential helpers are looked for, as in `PATH`.
    pub helpers: OsString,
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
    /// The secret that a project names for its image's registry cannot be had, or is none.
    #[error(
        "failed to read the registry credentials of the project from secret `{secret}`: {reason}"
    )]
    Secret {
        /// The secret's name or ARN.
        secret: String,
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
    /// A credential helper did not do its work.
    #[error("failed to get credentials for `{registry}`: {reason}")]
    Helper {
        /// The registry's host.
        registry: String,
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
            Self::Secret { .. } => {
                "the secret has to be JSON with `username` and `password`, and you need `secretsmanager:GetSecretValue`; or `docker login` to the registry"
            }
            Self::DockerConfig { .. } => "log in again with `docker login`",
            Self::Helper { .. } => {
                "mend `credHelpers` or `credsStore` in Docker's config.json, or install the helper that it names"
            }
        }
    }
}

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

#[derive(Deserialize)]
struct Secret {
    username: String,
    password: String,
}

impl Keychain {
    /// Returns credentials for the registry of `repository`; `None` when there are none, which a public registry
    /// or one on this machine may not mind.
    pub async fn find(&self, repository: &str) -> Result<Option<Credentials>, CredentialError> {
        let registry = registry_of(repository);
        let Some(region) = ecr_region(registry) else {
            return self.docker(registry).await;
        };
        match ecr(registry, region).await {
            Ok(credentials) => Ok(Some(credentials)),
            // Without AWS credentials, a `docker login` by hand may still hold.
            Err(error) => self.docker_instead(registry, error).await,
        }
    }

    /// The same for a build image whose project names a secret (reference §11.3): a name or ARN in Secrets Manager, looked
    /// for in `region` where it does not name its own. It does not go to ECR.
    pub async fn find_by_secret(
        &self,
        image: &str,
        secret: &str,
        region: &str,
    ) -> Result<Option<Credentials>, CredentialError> {
        let registry = registry_of(image);
        if ecr_region(registry).is_some() {
            return self.find(image).await;
        }
        match by_secret(registry, secret, region).await {
            Ok(credentials) => Ok(Some(credentials)),
            Err(error) => self.docker_instead(registry, error).await,
        }
    }

    /// What Docker has for a registry, or else why the first way did not lead there.
    async fn docker_instead(
        &self,
        registry: &str,
        error: CredentialError,
    ) -> Result<Option<Credentials>, CredentialError> {
        match self.docker(registry).await {
            Ok(Some(stored)) => Ok(Some(stored)),
            _ => Err(error),
        }
    }

    /// Asks where the Docker CLI would: the registry's own helper, else the helper for all, else the file itself.
    async fn docker(&self, registry: &str) -> Result<Option<Credentials>, CredentialError> {
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

/// One token opens every registry of that region which the caller may use, those of other accounts among them; so the
/// host's region decides whom to ask, and the host's account what the registry then says.
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

async fn by_secret(
    registry: &str,
    secret: &str,
    region: &str,
) -> Result<Credentials, CredentialError> {
    let failed = |reason: String| CredentialError::Secret {
        secret: secret.into(),
        reason,
    };
    let own_region = secret
        .strip_prefix("arn:")
        .and_then(|arn| arn.split(':').nth(2))
        .filter(|region| !region.is_empty());
    let config = crate::aws::config(own_region.unwrap_or(region)).await;
    let answer = aws_sdk_secretsmanager::Client::new(&config)
        .get_secret_value()
        .secret_id(secret)
        .send()
        .await
        .map_err(|error| failed(crate::aws::causes(&error)))?;
    // What the reader says of a secret's text would repeat it.
    let pair: Secret = serde_json::from_str(answer.secret_string().unwrap_or_default())
        .map_err(|_secret| failed("it is not JSON with `username` and `password`".into()))?;
    Ok(Credentials {
        registry: registry.into(),
        login: Login::Password {
            username: pair.username,
            password: pair.password,
        },
    })
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
        login: Login::Password {
            username: username.into(),
            password: password.trim_end_matches('\0').into(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn other_registries_are_looked_up_in_the_docker_configuration() {
        let keychain = Keys::new();
        let auth = STANDARD.encode("me:pass:word");
        keychain.config(&format!(
            r#"{{"auths":{{"https://127.0.0.1:5001/":{{"auth":"{auth}"}},"b.test":{{"identitytoken":"t0ken"}},
                "c.test":{{"username":"u","password":"p"}},"d.test":{{}}}}}}"#
        ));
        let found = keychain.find("127.0.0.1:5001/app").await.unwrap().unwrap();
        assert_eq!(found.login, password("me", "pass:word"));
        assert!(!format!("{found:?} {:?}", found.login).contains("pass:word"));
        let found = keychain.find("b.test/app").await.unwrap().unwrap();
        assert_eq!(found.login, Login::IdentityToken("t0ken".into()));
        let found = keychain.find("c.test/app").await.unwrap().unwrap();
        assert_eq!(found.login, password("u", "p"));
        assert_eq!(keychain.find("d.test/app").await.unwrap(), None);
        assert_eq!(keychain.find("example.com/app").await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_registrys_own_helper_is_asked_before_the_one_for_all() {
        let keychain = Keys::new();
        keychain.config(r#"{"credsStore":"all","credHelpers":{"a.test":"own"}}"#);
        let say = r#"read server; printf '{"ServerURL":"%s","Username":"NAME","Secret":"%s %s"}' "$server" "$1" "$server""#;
        keychain.helper("own", &say.replace("NAME", "own"));
        keychain.helper("all", &say.replace("NAME", "<token>"));
        let found = keychain.find("a.test/app").await.unwrap().unwrap();
        assert_eq!(found.login, password("own", "get a.test"));
        let found = keychain.find("node:20").await.unwrap().unwrap();
        let token = "get https://index.docker.io/v1/";
        assert_eq!(found.login, Login::IdentityToken(token.into()));
    }

    #[tokio::test]
    async fn a_helper_that_does_not_know_the_server_leaves_it_to_the_file() {
        let keychain = Keys::new();
        let auth = STANDARD.encode("me:word");
        keychain.config(&format!(
            r#"{{"credsStore":"all","auths":{{"a.test":{{"auth":"{auth}"}}}}}}"#
        ));
        keychain.helper(
            "all",
            "echo 'credentials not found in native keychain'; exit 1",
        );
        let found = keychain.find("a.test/app").await.unwrap().unwrap();
        assert_eq!(found.login, password("me", "word"));
        assert_eq!(keychain.find("b.test/app").await.unwrap(), None);
    }

    #[tokio::test]
    async fn helpers_that_fail_are_told_without_what_they_know() {
        let keychain = Keys::new();
        keychain.helper("broken", "echo 'the store is locked'; echo more; exit 3");
        keychain.helper("babbling", "echo '{\"Secret\":\"s3cret\"'");
        keychain.helper("endless", "exec yes");
        for (name, said) in [
            (
                "broken",
                "`docker-credential-broken` failed: the store is locked",
            ),
            ("babbling", "no credentials that can be read"),
            ("endless", "`docker-credential-endless` failed: y"),
            ("absent", "`docker-credential-absent` is not on the PATH"),
            ("../broken", "`../broken` is not a credential helper's name"),
            ("a/b", "is not a credential helper's name"),
            ("a..b", "is not a credential helper's name"),
            ("", "is not a credential helper's name"),
        ] {
            keychain.config(&format!(r#"{{"credsStore":"{name}"}}"#));
            let error = keychain.find("a.test/app").await.unwrap_err().to_string();
            assert!(error.contains(said), "{name}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    /// A keychain in a directory of its own.
    struct Keys {
        keychain: Keychain,
        directory: tempfile::TempDir,
    }

    impl std::ops::Deref for Keys {
        type Target = Keychain;
        fn deref(&self) -> &Keychain {
            &self.keychain
        }
    }

    impl Keys {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            // A relative directory on the PATH would be the source's, not the caller's.
            let mut helpers = OsString::from("relative:");
            helpers.push(directory.path());
            helpers.push(":/usr/bin:/bin");
            let docker_config = directory.path().join("config.json");
            Self {
                keychain: Keychain {
                    docker_config,
                    helpers,
                },
                directory,
            }
        }

        fn config(&self, text: &str) {
            std::fs::write(&self.keychain.docker_config, text).unwrap();
        }

        fn helper(&self, name: &str, script: &str) {
            use std::os::unix::fs::PermissionsExt as _;
            let path = self
                .directory
                .path()
                .join(format!("docker-credential-{name}"));
            std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    fn password(username: &str, password: &str) -> Login {
        Login::Password {
            username: username.into(),
            password: password.into(),
        }
    }
}
