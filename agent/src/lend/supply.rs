//! The credentials that are lent: the caller's, or those of a role; asked for anew before they end.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use tokio::sync::Mutex;

use super::LendError;
use crate::aws;

/// Credentials without an end are told to last this long: SDKs want to know when to ask again.
const WITHOUT_END: Duration = Duration::from_hours(1);

/// Where lent credentials come from.
#[derive(Debug)]
pub struct Supply {
    provider: SharedCredentialsProvider,
    role: Option<String>,
    /// Has the clock.
    config: SdkConfig,
    /// Held while new ones are asked for, so that many askers are one.
    current: Mutex<Option<Held>>,
}

#[derive(Debug, Clone)]
struct Held {
    credentials: Credentials,
    /// From here on better ones are asked for: a quarter of their life before they end, in which SDKs ask again.
    stale: Option<SystemTime>,
}

impl Supply {
    /// Returns the caller's credentials in `region`, or those of a role that they assume, and has asked for them once.
    pub async fn open(
        region: &str,
        role: Option<&str>,
        session_name: &str,
    ) -> Result<Self, LendError> {
        let config = aws::config(region).await;
        let none = || LendError::Credentials("the SDK has no place to look for any".to_owned());
        let provider = match role {
            None => config.credentials_provider().ok_or_else(none)?,
            Some(role) => assume(&config, role, session_name).await,
        };
        let supply = Self {
            provider,
            role: role.map(str::to_owned),
            config,
            current: Mutex::default(),
        };
        supply.current().await?;
        Ok(supply)
    }

    /// Returns credentials that have not ended. When better ones cannot be had, those that still last are good enough.
    pub async fn current(&self) -> Result<Credentials, LendError> {
        let mut current = self.current.lock().await;
        let now = self.now();
        if let Some(held) = &*current
            && held.stale.is_none_or(|stale| now < stale)
        {
            return Ok(held.credentials.clone());
        }
        match (self.provider.provide_credentials().await, &*current) {
            (Ok(credentials), _) => {
                let stale = credentials.expiry().map(|end| {
                    let life = end.duration_since(now).unwrap_or_default();
                    now + life * 3 / 4
                });
                let held = current.insert(Held { credentials, stale });
                Ok(held.credentials.clone())
            }
            (Err(_), Some(held)) if held.credentials.expiry().is_some_and(|end| now < end) => {
                Ok(held.credentials.clone())
            }
            (Err(error), _) => Err(self.failed(&error)),
        }
    }

    /// Returns when credentials end, or when they are to be asked for again.
    pub(super) fn end(&self, credentials: &Credentials) -> SystemTime {
        let later = || self.now() + WITHOUT_END;
        credentials.expiry().unwrap_or_else(later)
    }

    fn now(&self) -> SystemTime {
        self.config.time_source().unwrap_or_default().now()
    }

    fn failed(&self, error: &dyn std::error::Error) -> LendError {
        let reason = aws::causes(error);
        match self.role.clone() {
            None => LendError::Credentials(reason),
            Some(role) => LendError::Role { role, reason },
        }
    }
}

async fn assume(config: &SdkConfig, role: &str, session_name: &str) -> SharedCredentialsProvider {
    let provider = AssumeRoleProvider::builder(role)
        .session_name(session_name)
        .configure(config);
    SharedCredentialsProvider::new(provider.build().await)
}
