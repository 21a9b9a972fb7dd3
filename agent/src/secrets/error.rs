//! Why a variable cannot be resolved, and what to do about it.

use std::error::Error;

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};

use crate::aws;
use crate::model::{Reference, Store};

/// A variable that cannot be resolved.
#[derive(Debug, thiserror::Error)]
#[error("{reason} (variable `{}` of `{}`)", wanted.name, wanted.reference)]
pub struct SecretError {
    /// Which one.
    pub wanted: Reference,
    /// Why, in AWS's words where it was AWS that refused.
    pub reason: String,
    /// What kind of trouble it is.
    pub trouble: Trouble,
}

/// What kind of trouble keeps a value away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It is not there, or not there for this caller.
    Refused,
    /// It is there and no text that a variable could hold.
    Unusable,
    /// The caller has no credentials, or none that AWS takes.
    Credentials,
    /// Nobody answers.
    Network,
}

impl SecretError {
    pub(super) fn refused(wanted: &Reference, reason: impl Into<String>) -> Self {
        Self::new(wanted, reason.into(), Trouble::Refused)
    }

    pub(super) fn unusable(wanted: &Reference, reason: impl Into<String>) -> Self {
        Self::new(wanted, reason.into(), Trouble::Unusable)
    }

    fn new(wanted: &Reference, reason: String, trouble: Trouble) -> Self {
        let wanted = wanted.clone();
        Self {
            wanted,
            reason,
            trouble,
        }
    }

    /// Returns the error of a call. AWS's refusals are `Code: message`, as CodeBuild shows them (reference §2.9).
    pub(super) fn of_call<E, R>(wanted: &Reference, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        if let Some(refusal) = error.as_service_error() {
            let code = refusal.code().unwrap_or("UnknownError");
            let message = refusal.message().unwrap_or("no reason is given");
            let trouble = match code {
                "ExpiredTokenException"
                | "UnrecognizedClientException"
                | "InvalidSignatureException" => Trouble::Credentials,
                _ => Trouble::Refused,
            };
            return Self::new(wanted, format!("{code}: {message}"), trouble);
        }
        let network = match error {
            SdkError::TimeoutError(_) | SdkError::ResponseError(_) => true,
            SdkError::DispatchFailure(failure) => failure.is_io() || failure.is_timeout(),
            _ => false,
        };
        let store = wanted.store.name();
        let (trouble, what) = if network {
            (Trouble::Network, "does not answer")
        } else {
            (Trouble::Credentials, "cannot be asked")
        };
        Self::new(
            wanted,
            format!("{store} {what}: {}", aws::causes(error)),
            trouble,
        )
    }

    /// Returns the next step.
    pub fn help(&self) -> String {
        let name = &self.wanted.name;
        let step = match (self.trouble, self.wanted.store) {
            (Trouble::Refused, Store::ParameterStore) => {
                "check the parameter's name and region, and that you may read it (`ssm:GetParameters`)"
            }
            (Trouble::Refused, Store::SecretsManager) => {
                "check the secret's name and region, and that you may read it (`secretsmanager:GetSecretValue`)"
            }
            (Trouble::Unusable, _) => "correct the reference or what is kept there",
            (Trouble::Credentials, _) => {
                "log in to AWS (`aws sts get-caller-identity` must work; AWS_PROFILE chooses a profile)"
            }
            (Trouble::Network, _) => "see that AWS can be reached from here, or AWS_ENDPOINT_URL",
        };
        format!(
            "{step}; or give the value here: `--secret {name}=FILE`, or `-e {name}` with your own variable"
        )
    }
}
