//! A repository in ECR: made where there is none, and what its scans found.

use aws_sdk_ecr::Client;
use aws_sdk_ecr::operation::create_repository::CreateRepositoryError;
use aws_sdk_ecr::operation::describe_image_scan_findings::DescribeImageScanFindingsError;
use aws_sdk_ecr::operation::start_image_scan::StartImageScanError;
use aws_sdk_ecr::types::{
    EncryptionConfiguration, EncryptionType, ImageIdentifier, ImageScanningConfiguration,
    ImageTagMutability, ScanStatus,
};
use serde_json::json;

use super::registry::{ecr_account, ecr_region, registry_of};
use crate::model::{RepositoryWish, Severity};

/// A repository in ECR.
#[derive(Debug)]
pub struct EcrRepository {
    client: Client,
    account: String,
    /// The name within its registry.
    name: String,
}

/// Whether a repository was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// It was.
    Made,
    /// It was there.
    Existed,
}

/// What is known of an image's scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scan {
    /// It is not over.
    Pending,
    /// Nobody has asked for one.
    None,
    /// It is over: how many findings of each severity.
    Found(Vec<(Severity, u64)>),
    /// It cannot be done, in ECR's words.
    Impossible(String),
}

/// A call to ECR that failed.
#[derive(Debug, thiserror::Error)]
#[error("failed to {action} repository `{repository}` in ECR: {reason}")]
pub struct EcrError {
    action: &'static str,
    repository: String,
    reason: String,
    permission: &'static str,
}

impl EcrError {
    /// Returns the next step.
    pub fn help(&self) -> String {
        format!(
            "check your AWS credentials (`aws sts get-caller-identity`) and their {} permission",
            self.permission
        )
    }
}

impl EcrRepository {
    /// Returns the repository of a name with its host; `None` when that host is not ECR's.
    pub async fn of(repository: &str) -> Option<Self> {
        let host = registry_of(repository);
        let (region, account) = (ecr_region(host)?, ecr_account(host)?);
        let (_, name) = repository.split_once('/')?;
        Some(Self {
            client: Client::new(&crate::aws::config(region).await),
            account: account.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Makes it, unless it is there; one that is there is left as it is.
    pub async fn create(&self, wish: &RepositoryWish) -> Result<Creation, EcrError> {
        let failed = |reason: String| self.error("make", "`ecr:CreateRepository`", reason);
        let encryption = EncryptionConfiguration::builder()
            .encryption_type(match &wish.kms_key {
                None => EncryptionType::Aes256,
                Some(_) => EncryptionType::Kms,
            })
            .set_kms_key(wish.kms_key.clone())
            .build()
            .map_err(|error| failed(error.to_string()))?;
        let mutability = if wish.immutable {
            ImageTagMutability::Immutable
        } else {
            ImageTagMutability::Mutable
        };
        let scanning = ImageScanningConfiguration::builder()
            .scan_on_push(wish.scan_on_push)
            .build();
        let made = self
            .client
            .create_repository()
            .registry_id(&self.account)
            .repository_name(&self.name)
            .image_tag_mutability(mutability)
            .image_scanning_configuration(scanning)
            .encryption_configuration(encryption)
            .send()
            .await;
        if let Err(error) = made {
            let service = error.as_service_error();
            if service.is_some_and(CreateRepositoryError::is_repository_already_exists_exception) {
                return Ok(Creation::Existed);
            }
            return Err(failed(crate::aws::causes(&error)));
        }
        if let Some(policy) = policy(wish) {
            let kept = self
                .client
                .put_lifecycle_policy()
                .registry_id(&self.account)
                .repository_name(&self.name)
                .lifecycle_policy_text(policy)
                .send()
                .await;
            kept.map_err(|error| {
                let reason = crate::aws::causes(&error);
                self.error(
                    "set the lifecycle policy of",
                    "`ecr:PutLifecyclePolicy`",
                    reason,
                )
            })?;
        }
        Ok(Creation::Made)
    }

    /// Asks for the scan of an image, by its digest.
    pub async fn scan(&self, digest: &str) -> Result<Scan, EcrError> {
        let answer = self
            .client
            .describe_image_scan_findings()
            .registry_id(&self.account)
            .repository_name(&self.name)
            .image_id(image_id(digest))
            .max_results(1)
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let service = error.as_service_error();
                if service.is_some_and(DescribeImageScanFindingsError::is_scan_not_found_exception)
                {
                    return Ok(Scan::None);
                }
                let reason = crate::aws::causes(&error);
                return Err(self.error(
                    "read the scan of an image in",
                    "`ecr:DescribeImageScanFindings`",
                    reason,
                ));
            }
        };
        let status = answer.image_scan_status();
        let status = status.and_then(|status| status.status());
        let findings = answer.image_scan_findings();
        let counts = findings.and_then(|findings| findings.finding_severity_counts());
        Ok(match status {
            // A continuous scan never ends; what it has found by now counts.
            Some(ScanStatus::Complete | ScanStatus::Active) => match findings {
                None if status == Some(&ScanStatus::Active) => Scan::Pending,
                _ => Scan::Found(
                    counts
                        .into_iter()
                        .flatten()
                        .filter_map(|(severity, count)| {
                            let severity = Severity::of_word(severity.as_str())?;
                            Some((severity, u64::try_from(*count).unwrap_or(0)))
                        })
                        .collect(),
                ),
            },
            None | Some(ScanStatus::InProgress | ScanStatus::Pending) => Scan::Pending,
            Some(other) => Scan::Impossible(other.as_str().to_owned()),
        })
    }

    /// Asks for a scan where none was made on push. That there was one today is no failure.
    pub async fn start_scan(&self, digest: &str) -> Result<(), EcrError> {
        let started = self
            .client
            .start_image_scan()
            .registry_id(&self.account)
            .repository_name(&self.name)
            .image_id(image_id(digest))
            .send()
            .await;
        match started {
            Err(error)
                if !error
                    .as_service_error()
                    .is_some_and(StartImageScanError::is_limit_exceeded_exception) =>
            {
                let reason = crate::aws::causes(&error);
                Err(self.error("scan an image in", "`ecr:StartImageScan`", reason))
            }
            _ => Ok(()),
        }
    }

    fn error(&self, action: &'static str, permission: &'static str, reason: String) -> EcrError {
        EcrError {
            action,
            repository: self.name.clone(),
            reason,
            permission,
        }
    }
}

fn image_id(digest: &str) -> ImageIdentifier {
    ImageIdentifier::builder().image_digest(digest).build()
}

/// Returns the lifecycle policy of a wish; `None` when everything is kept.
fn policy(wish: &RepositoryWish) -> Option<String> {
    let expire = json!({ "type": "expire" });
    let mut rules = Vec::new();
    // A rule for untagged images has to come before one for any.
    if let Some(days) = wish.untagged_days {
        rules.push(json!({
            "rulePriority": 1,
            "description": format!("Images without a tag go after {days} days"),
            "selection": { "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days },
            "action": expire,
        }));
    }
    if let Some(keep) = wish.keep {
        rules.push(json!({
            "rulePriority": 2,
            "description": format!("The newest {keep} images are kept"),
            "selection": { "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": keep },
            "action": expire,
        }));
    }
    (!rules.is_empty()).then(|| json!({ "rules": rules }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifecycle_is_a_policy_and_none_is_none() {
        let wish = RepositoryWish {
            keep: Some(10),
            untagged_days: Some(7),
            ..RepositoryWish::usual()
        };
        let policy: serde_json::Value = serde_json::from_str(&policy(&wish).unwrap()).unwrap();
        assert_eq!(policy["rules"][0]["selection"]["tagStatus"], "untagged");
        assert_eq!(policy["rules"][1]["selection"]["countNumber"], 10);
        assert_eq!(super::policy(&RepositoryWish::usual()), None);
    }
}
