//! Parameter Store: `GetParameters`, ten names a call.

use aws_config::SdkConfig;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::Parameter;

use super::SecretError;
use crate::model::Reference;

/// The API takes no more names at once.
const MOST_NAMES: usize = 10;

/// Fetches parameters, decrypted; each once, however many variables ask for it.
pub(super) async fn fetch(
    config: &SdkConfig,
    wanted: &[&Reference],
) -> Result<Vec<(String, String)>, SecretError> {
    let mut distinct: Vec<&Reference> = Vec::new();
    for one in wanted {
        if !distinct
            .iter()
            .any(|known| known.reference == one.reference)
        {
            distinct.push(one);
        }
    }
    let mut values: Vec<(&str, String)> = Vec::new();
    let client = Client::new(config);
    for batch in distinct.chunks(MOST_NAMES) {
        let names = batch.iter().map(|one| one.reference.clone()).collect();
        let call = client
            .get_parameters()
            .set_names(Some(names))
            .with_decryption(true);
        let answer = match (call.send().await, batch.first()) {
            (Ok(answer), _) => answer,
            (Err(error), Some(first)) => return Err(SecretError::of_call(first, &error)),
            (Err(_), None) => continue,
        };
        for one in batch {
            let mut parameters = answer.parameters().iter();
            let found = parameters.find(|found| is_called(found, &one.reference));
            let value = found.and_then(Parameter::value).ok_or_else(|| {
                let reason = format!("Parameter does not exist: {}", one.reference);
                SecretError::refused(one, reason)
            })?;
            values.push((&one.reference, value.to_owned()));
        }
    }
    let of = |one: &&Reference| {
        let (_, value) = values.iter().find(|(known, _)| *known == one.reference)?;
        Some((one.name.clone(), value.clone()))
    };
    Ok(wanted.iter().filter_map(of).collect())
}

/// A parameter is asked for by name or ARN, perhaps with a version or label behind it, which the answer has apart.
fn is_called(found: &Parameter, asked: &str) -> bool {
    let selectors = [
        String::new(),
        found.selector().unwrap_or_default().to_owned(),
        format!(":{}", found.version()),
    ];
    let mut names = [found.name(), found.arn()].into_iter().flatten();
    names.any(|name| {
        let rest = asked.strip_prefix(name).filter(|_| !name.is_empty());
        rest.is_some_and(|rest| selectors.iter().any(|selector| rest == selector))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_known_by_name_arn_and_selector() {
        let arn = "arn:aws:ssm:us-east-1:123456789012:parameter/app/key";
        let found = Parameter::builder()
            .name("/app/key")
            .arn(arn)
            .selector(":live")
            .version(3)
            .build();
        for asked in [
            "/app/key",
            "/app/key:3",
            "/app/key:live",
            arn,
            &format!("{arn}:3"),
        ] {
            assert!(is_called(&found, asked), "{asked}");
        }
        for asked in ["/app/key2", "/app/key:2", "/app", "app/key"] {
            assert!(!is_called(&found, asked), "{asked}");
        }
    }
}
