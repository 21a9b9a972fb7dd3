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
    /// Returns the build's ARN.
    pub fn arn(&self, owner: &Owner) -> String {
        owner.arn("codebuild", &format!("build/{self}"))
    }

    /// Returns the project's ARN.
    pub fn project_arn(&self, owner: &Owner) -> String {
        owner.arn("codebuild", &format!("project/{}", self.project))
    }

    /// Returns the ARN of the report that this build made for a group (reference §8.5).
    pub fn report_arn(&self, owner: &Owner, group: &str) -> String {
        owner.arn("codebuild", &format!("report/{group}:{}", self.uuid))
    }
}

/// Whose a build is in AWS: what every ARN of it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The region.
    pub region: String,
    /// The account, twelve digits; [`NO_ACCOUNT`] where nobody says which.
    pub account: String,
}

impl Owner {
    /// Returns the ARN of something that a service keeps for the owner.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let (partition, region, account) = (self.partition(), &self.region, &self.account);
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    /// Returns the partition; a region's name tells it.
    pub fn partition(&self) -> &'static str {
        match self.region.split_once('-') {
            Some(("cn", _)) => "aws-cn",
            Some(("us", rest)) if rest.starts_with("gov-") => "aws-us-gov",
            _ => "aws",
        }
    }
}

impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.project, self.uuid)
    }
}

/// The account of builds that belong to none; twelve digits keep ARNs readable by other tools.
pub const NO_ACCOUNT: &str = "000000000000";
