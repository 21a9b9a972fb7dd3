//! Credentials that must never be printed.

use std::fmt;

/// What a registry is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The registry's host.
    pub registry: String,
    /// Who asks.
    pub login: Login,
}

/// How somebody is known to a registry.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
    /// By name and password.
    Password {
        /// The user.
        username: String,
        /// The password.
        password: String,
    },
    /// By a token that the registry exchanges for others, as `docker login` stores where a registry offers it.
    IdentityToken(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("registry", &self.registry)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password { .. } => "Password(…)",
            Self::IdentityToken(_) => "IdentityToken(…)",
        })
    }
}
