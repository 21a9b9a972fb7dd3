//! Secrets Manager: `GetSecretValue`, one call a version of a secret, whatever its keys are used for.

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use buildspec::{SecretReference, SecretVersion};
use serde_json::Value;

use super::SecretError;
use crate::model::Reference;

/// What tells one version of a secret from another.
type Key = (String, SecretVersion);

/// Fetches secrets, each version once, and takes out the keys that are asked for.
pub(super) async fn fetch(
    config: &SdkConfig,
    wanted: &[&Reference],
) -> Result<Vec<(String, String)>, SecretError> {
    let client = Client::new(config);
    let mut fetched: Vec<(Key, String)> = Vec::new();
    let mut values = Vec::new();
    for one in wanted {
        let parsed = SecretReference::parse(&one.reference)
            .map_err(|error| SecretError::unusable(one, error.to_string()))?;
        let key = (parsed.id, parsed.version);
        let known = fetched.iter().find(|(known, _)| *known == key);
        let text = if let Some((_, text)) = known {
            text.clone()
        } else {
            let text = secret(&client, &key, one).await?;
            fetched.push((key, text.clone()));
            text
        };
        let value = match parsed.json_key {
            None => text,
            Some(json_key) => {
                member(&text, &json_key).map_err(|reason| SecretError::unusable(one, reason))?
            }
        };
        if value.contains('\0') {
            return Err(SecretError::unusable(
                one,
                "the secret has a zero byte, which no variable can hold",
            ));
        }
        values.push((one.name.clone(), value));
    }
    Ok(values)
}

async fn secret(
    client: &Client,
    (id, version): &Key,
    one: &Reference,
) -> Result<String, SecretError> {
    let call = client.get_secret_value().secret_id(id);
    let call = match version {
        SecretVersion::Current => call,
        SecretVersion::Stage(stage) => call.version_stage(stage),
        SecretVersion::Id(id) => call.version_id(id),
    };
    let answer = call
        .send()
        .await
        .map_err(|error| SecretError::of_call(one, &error))?;
    let text = answer.secret_string.ok_or_else(|| {
        SecretError::unusable(one, "the secret is binary, and a variable holds text")
    })?;
    Ok(text)
}

/// Returns the text under a key of a JSON object. The secret itself is in no message.
fn member(text: &str, key: &str) -> Result<String, String> {
    let parsed = serde_json::from_str::<Value>(text);
    let Ok(Value::Object(object)) = parsed else {
        return Err(format!(
            "the secret is no JSON object, so it has no key `{key}`"
        ));
    };
    match object.get(key) {
        Some(Value::String(value)) => Ok(value.clone()),
        Some(_) => Err(format!(
            "the value under the secret's key `{key}` is not a string"
        )),
        None => Err(format!("the secret has no key `{key}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_out_of_a_json_object_and_must_be_text() {
        let secret = r#"{"user":"me","port":5432,"größe":"ü\n","nested":{"user":"you"}}"#;
        assert_eq!(member(secret, "user").as_deref(), Ok("me"));
        assert_eq!(member(secret, "größe").as_deref(), Ok("ü\n"));
        for (text, key, reason) in [
            (secret, "port", "is not a string"),
            (secret, "nested", "is not a string"),
            (secret, "User", "has no key `User`"),
            ("just-a-password", "user", "is no JSON object"),
            ("[\"user\"]", "user", "is no JSON object"),
        ] {
            let error = member(text, key).unwrap_err();
            assert!(error.contains(reason), "{error}");
            assert!(
                !error.contains("password") && !error.contains("5432"),
                "{error}"
            );
        }
    }
}
