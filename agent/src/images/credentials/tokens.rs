//! ECR's tokens, each kept for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::model::Credentials;

/// A token lasts twelve hours, or as long as the session that asked for it, of which nothing is said. So long is safe, and
/// several images of a build need one call.
const KEPT: Duration = Duration::from_mins(30);

/// Tokens by their registry's host, and when each was given; in memory alone.
#[derive(Debug, Clone, Default)]
pub(super) struct Tokens(Arc<Mutex<HashMap<String, (Credentials, Instant)>>>);

impl Tokens {
    /// Returns the token of a registry, if it is new enough.
    pub(super) fn get(&self, registry: &str) -> Option<Credentials> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (credentials, given) = known.get(registry)?;
        (given.elapsed() < KEPT).then(|| credentials.clone())
    }

    /// Keeps a token that was given now.
    pub(super) fn keep(&self, registry: &str, credentials: &Credentials) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(registry.to_owned(), (credentials.clone(), Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Login;

    #[tokio::test(start_paused = true)]
    async fn a_token_is_asked_for_again_long_before_its_end() {
        let tokens = Tokens::default();
        let credentials = Credentials {
            registry: "r".into(),
            login: Login::IdentityToken("t".into()),
        };
        tokens.keep("r", &credentials);
        assert_eq!(tokens.get("r"), Some(credentials));
        assert_eq!(tokens.get("other"), None);
        tokio::time::advance(KEPT).await;
        assert_eq!(tokens.get("r"), None);
    }
}
