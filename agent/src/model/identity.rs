//! A build's id and ARN (reference §12.3).

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The id of a build: `<project>:<uuid>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildId {
    /// The project's name.
    pub project: String,
    /// The build's own part; also its log stream's name.
    pub uuid: Uuid,
}

impl BuildId {
    /// Returns the build's ARN in `region`, for the account that stands for "no account".
    pub fn arn(&self, region: &str) -> String {
        format!("arn:aws:codebuild:{region}:{ACCOUNT}:build/{self}")
    }

    /// Returns the project's ARN in `region`.
    pub fn project_arn(&self, region: &str) -> String {
        format!(
            "arn:aws:codebuild:{region}:{ACCOUNT}:project/{}",
            self.project
        )
    }

    /// Returns the ARN of the report that this build made for a group (reference §8.5).
    pub fn report_arn(&self, region: &str, group: &str) -> String {
        format!(
            "arn:aws:codebuild:{region}:{ACCOUNT}:report/{group}:{}",
            self.uuid
        )
    }
}

impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.project, self.uuid)
    }
}

/// Builds on one's own machine belong to no account; twelve digits keep ARNs readable by other tools.
const ACCOUNT: &str = "000000000000";
