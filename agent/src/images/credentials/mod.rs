//! Credentials for registries: ECR by the caller's AWS credentials, others from the Docker configuration and the helpers
//! that it names.

mod aws;
mod docker_config;
mod helper;
mod tokens;

use std::ffi::OsString;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::registry::{ecr_region, registry_of};
use crate::model::{Credentials, Login};
use tokens::Tokens;

/// Where credentials come from.
#[derive(Debug, Clone)]
pub struct Keychain {
    /// The caller's `config.json` of the Docker CLI.
    docker_config: PathBuf,
    /// Where credential helpers are looked for, as in `PATH`.
    helpers: OsString,
    /// ECR's, while they last; in memory alone.
    tokens: Tokens,
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

impl Keychain {
    /// Returns a keychain for the Docker CLI's `config.json` and a `PATH` on which credential helpers are looked for.
    pub fn new(docker_config: PathBuf, helpers: OsString) -> Self {
        Self {
            docker_config,
            helpers,
            tokens: Tokens::default(),
        }
    }

    /// Returns credentials for the registry of `repository`; `None` when there are none, which a public registry
    /// or one on this machine may not mind.
    pub async fn find(&self, repository: &str) -> Result<Option<Credentials>, CredentialError> {
        let registry = registry_of(repository);
        let Some(region) = ecr_region(registry) else {
            return self.docker(registry).await;
        };
        if let Some(known) = self.tokens.get(registry) {
            return Ok(Some(known));
        }
        match aws::ecr(registry, region).await {
            Ok(token) => {
                self.tokens.keep(registry, &token);
                Ok(Some(token))
            }
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
        match aws::by_secret(registry, secret, region).await {
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
                keychain: Keychain::new(docker_config, helpers),
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
