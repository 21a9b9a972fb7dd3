//! CodeBuild's phases and the ways in which one ends (reference §2.1, §2.10).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A phase of a build, in the order in which CodeBuild runs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Phase {
    /// The request is accepted.
    Submitted,
    /// The build waits for capacity.
    Queued,
    /// The engine answers and the image is there.
    Provisioning,
    /// Source, buildspec, runtimes and cache.
    DownloadSource,
    /// The `install` commands.
    Install,
    /// The `pre_build` commands.
    PreBuild,
    /// The `build` commands.
    Build,
    /// The `post_build` commands and the saving of the cache.
    PostBuild,
    /// Images, artifacts and reports.
    UploadArtifacts,
    /// Tear-down.
    Finalizing,
    /// The end marker: it starts and never ends.
    Completed,
}

impl Phase {
    /// Every phase in order.
    pub const ALL: [Self; 11] = [
        Self::Submitted,
        Self::Queued,
        Self::Provisioning,
        Self::DownloadSource,
        Self::Install,
        Self::PreBuild,
        Self::Build,
        Self::PostBuild,
        Self::UploadArtifacts,
        Self::Finalizing,
        Self::Completed,
    ];

    /// The phases whose commands a buildspec gives.
    pub const USER: [Self; 4] = [Self::Install, Self::PreBuild, Self::Build, Self::PostBuild];

    /// Returns CodeBuild's name of the phase, as in `phaseType`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::Queued => "QUEUED",
            Self::Provisioning => "PROVISIONING",
            Self::DownloadSource => "DOWNLOAD_SOURCE",
            Self::Install => "INSTALL",
            Self::PreBuild => "PRE_BUILD",
            Self::Build => "BUILD",
            Self::PostBuild => "POST_BUILD",
            Self::UploadArtifacts => "UPLOAD_ARTIFACTS",
            Self::Finalizing => "FINALIZING",
            Self::Completed => "COMPLETED",
        }
    }

    /// Returns the phase with CodeBuild's name `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.name() == name)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a phase, or a build, ended; CodeBuild's `StatusType` without `IN_PROGRESS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// All went well.
    Succeeded,
    /// The user's command, artifacts or buildspec failed.
    Failed,
    /// The engine, the disk, the network or we ourselves failed.
    Fault,
    /// The build's time was up.
    TimedOut,
    /// Somebody stopped the build.
    Stopped,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 5] = [
        Self::Succeeded,
        Self::Failed,
        Self::Fault,
        Self::TimedOut,
        Self::Stopped,
    ];

    /// Returns CodeBuild's name of the status.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Fault => "FAULT",
            Self::TimedOut => "TIMED_OUT",
            Self::Stopped => "STOPPED",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Reference §2.10: the API's names, to which `IN_PROGRESS` belongs while a build runs.
    #[test]
    fn a_verdict_has_the_apis_name_wherever_it_is_written() {
        let names = ["SUCCEEDED", "FAILED", "FAULT", "TIMED_OUT", "STOPPED"];
        for (verdict, name) in Verdict::ALL.into_iter().zip(names) {
            assert_eq!(verdict.name(), name);
            assert_eq!(verdict.to_string(), name);
            assert_eq!(serde_json::to_value(verdict).unwrap(), name);
        }
    }
}
