//! Credentials that AWS gives: ECR's own, and those that a secret keeps.

use serde::Deserialize;

use super::{CredentialError, decode};
use crate::model::{Credentials, Login};

#[derive(Deserialize)]
struct Secret {
    username: String,
    password: String,
}

/// One token opens every registry of that region which the caller may use, those of other accounts among them; so the
/// host's region decides whom to ask, and the host's account what the registry then says.
pub(super) async fn ecr(registry: &str, region: &str) -> Result<Credentials, CredentialError> {
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
    let data = answer.authorization_data().first();
    let token = data.and_then(|data| data.authorization_token());
    let token = token.ok_or_else(|| failed("the answer has no token".into()))?;
    decode(registry, token).map_err(failed)
}

pub(super) async fn by_secret(
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
