//! Why no credentials can be lent, and what to do about it.

use std::io;

use super::ADDRESS;

/// Why no credentials can be lent.
#[derive(Debug, thiserror::Error)]
pub enum LendError {
    /// There are none.
    #[error("the AWS credentials that the build is to be lent cannot be had: {0}")]
    Credentials(String),
    /// A role cannot be assumed.
    #[error("role `{role}` cannot be assumed for the build: {reason}")]
    Role {
        /// Its ARN.
        role: String,
        /// Why not.
        reason: String,
    },
    /// Nobody can listen where containers look for their credentials.
    #[error(
        "AWS credentials cannot be lent: {ADDRESS} is no address of this machine that can be listened at: {0}"
    )]
    Address(#[source] io::Error),
}

impl LendError {
    /// Returns the next step.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Credentials(_) => {
                "log in to AWS (`aws sts get-caller-identity` must work; AWS_PROFILE chooses a profile), or leave `--aws` out"
            }
            Self::Role { .. } => {
                "check the ARN, that your credentials may assume the role (`sts:AssumeRole`), and that its trust policy names you"
            }
            Self::Address(_) => {
                "`--aws` needs a Docker Engine on this machine itself, not in a virtual machine or elsewhere; give the build keys of its own instead: `-e AWS_ACCESS_KEY_ID -e AWS_SECRET_ACCESS_KEY -e AWS_SESSION_TOKEN`"
            }
        }
    }
}
