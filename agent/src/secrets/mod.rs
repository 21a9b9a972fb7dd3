//! HANDS: variables whose values are kept in Parameter Store and Secrets Manager, fetched with the caller's
//! credentials (reference §1.4.1, §1.4.2). Nothing is decided here: what is asked for is fetched, each thing once.

mod error;
mod parameters;
mod secrets_manager;

pub use error::{SecretError, Trouble};

use crate::aws;
use crate::model::{Reference, Store};

/// Fetches every value. Returns each variable's name with its value, in the order of `references`; the first that
/// cannot be had is the error.
pub async fn resolve(
    references: &[Reference],
    region: &str,
) -> Result<Vec<(String, String)>, SecretError> {
    if references.is_empty() {
        return Ok(Vec::new());
    }
    let config = aws::config(region).await;
    let of = |store: Store| -> Vec<&Reference> {
        let mine = references.iter().filter(|found| found.store == store);
        mine.collect()
    };
    let parameters = parameters::fetch(&config, &of(Store::ParameterStore)).await?;
    let secrets = secrets_manager::fetch(&config, &of(Store::SecretsManager)).await?;
    let mut found: Vec<(String, String)> = parameters.into_iter().chain(secrets).collect();
    found.sort_by_key(|(name, _)| references.iter().position(|one| one.name == *name));
    Ok(found)
}
