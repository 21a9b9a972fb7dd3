//! The variables under `CODEBUILD_` that a build has (reference §3).

use crate::suggest::closest;

/// Names of reference §3.1 and §3.2.
const KNOWN: &[&str] = &[
    "CODEBUILD_BATCH_BUILD_IDENTIFIER",
    "CODEBUILD_BUILD_ARN",
    "CODEBUILD_BUILD_ID",
    "CODEBUILD_BUILD_IMAGE",
    "CODEBUILD_BUILD_NUMBER",
    "CODEBUILD_BUILD_SUCCEEDING",
    "CODEBUILD_BUILD_URL",
    "CODEBUILD_INITIATOR",
    "CODEBUILD_KMS_KEY_ID",
    "CODEBUILD_PROJECT_ARN",
    "CODEBUILD_PUBLIC_BUILD_URL",
    "CODEBUILD_RESOLVED_SOURCE_VERSION",
    "CODEBUILD_SOURCE_REPO_URL",
    "CODEBUILD_SOURCE_VERSION",
    "CODEBUILD_SRC_DIR",
    "CODEBUILD_START_TIME",
    "CODEBUILD_WEBHOOK_ACTOR_ACCOUNT_ID",
    "CODEBUILD_WEBHOOK_BASE_REF",
    "CODEBUILD_WEBHOOK_EVENT",
    "CODEBUILD_WEBHOOK_HEAD_REF",
    "CODEBUILD_WEBHOOK_MERGE_COMMIT",
    "CODEBUILD_WEBHOOK_PREV_COMMIT",
    "CODEBUILD_WEBHOOK_TRIGGER",
    "CODEBUILD_WEBHOOK_LABEL",
    "CODEBUILD_WEBHOOK_RUN_ID",
    "CODEBUILD_WEBHOOK_JOB_ID",
    "CODEBUILD_WEBHOOK_WORKFLOW_NAME",
    "CODEBUILD_RUNNER_OWNER",
    "CODEBUILD_RUNNER_REPO",
    "CODEBUILD_RUNNER_REPO_DOMAIN",
    "CODEBUILD_RUNNER_WITH_BUILDSPEC",
    "CODEBUILD_CURRENT_SHARD_FILES",
    "CODEBUILD_CONFIG_AUTO_DISCOVER",
    "CODEBUILD_CONFIG_AUTO_DISCOVER_DIR",
    "CODEBUILD_LOG_PATH",
    "CODEBUILD_CI",
    "CODEBUILD_LAST_EXIT",
    "CODEBUILD_AGENT_ENDPOINT",
    "CODEBUILD_BMR_URL",
    "CODEBUILD_AUTH_TOKEN",
    "CODEBUILD_CONTAINER_NAME",
    "CODEBUILD_EXECUTION_ROLE_BUILD",
    "CODEBUILD_FE_REPORT_ENDPOINT",
    "CODEBUILD_PROJECT_UUID",
    "CODEBUILD_GOPATH",
    "CODEBUILD_VPC_AZ",
    "CODEBUILD_GPU_BUILD",
    "CODEBUILD_LOCAL_BUILD",
];

/// Names that are followed by the identifier of a secondary source.
const WITH_IDENTIFIER: &[&str] = &[
    "CODEBUILD_SRC_DIR_",
    "CODEBUILD_SOURCE_REPO_URL_",
    "CODEBUILD_SOURCE_VERSION_",
];

/// Names that do not exist and that people write all the same, with the one that is meant.
const OFTEN_MEANT: &[(&str, &str)] = &[
    ("CODEBUILD_BRANCH", "CODEBUILD_WEBHOOK_HEAD_REF"),
    ("CODEBUILD_COMMIT", "CODEBUILD_RESOLVED_SOURCE_VERSION"),
    ("CODEBUILD_COMMIT_ID", "CODEBUILD_RESOLVED_SOURCE_VERSION"),
    (
        "CODEBUILD_SOURCE_COMMIT",
        "CODEBUILD_RESOLVED_SOURCE_VERSION",
    ),
    ("CODEBUILD_PROJECT_NAME", "CODEBUILD_BUILD_ID"),
    ("CODEBUILD_PROJECT", "CODEBUILD_BUILD_ID"),
    ("CODEBUILD_BUILD_STATUS", "CODEBUILD_BUILD_SUCCEEDING"),
    ("CODEBUILD_SOURCE_DIR", "CODEBUILD_SRC_DIR"),
];

/// Returns the name that is probably meant by one under `CODEBUILD_` that no build has. An EFS location brings a name of its user's choice (§3.1), so that only a near miss is sure.
pub(super) fn meant(name: &str) -> Option<&'static str> {
    let has_identifier = WITH_IDENTIFIER
        .iter()
        .any(|prefix| name.starts_with(prefix));
    if KNOWN.contains(&name) || has_identifier {
        return None;
    }
    if let Some((_, meant)) = OFTEN_MEANT.iter().find(|(wrong, _)| *wrong == name) {
        return Some(meant);
    }
    let tail = name.strip_prefix("CODEBUILD_").unwrap_or(name);
    let tails: Vec<&'static str> = KNOWN
        .iter()
        .filter_map(|known| known.strip_prefix("CODEBUILD_"))
        .collect();
    let near = closest(tail, &tails).filter(|near| near.len() > 3);
    near.and_then(|near| {
        let mut known = KNOWN.iter().copied();
        known.find(|known| known.strip_prefix("CODEBUILD_") == Some(near))
    })
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn near_misses_are_recognised_and_other_names_are_left_alone() {
        assert_eq!(meant("CODEBUILD_SRC_DIR_Infra"), None);
        assert_eq!(meant("CODEBUILD_MY_EFS"), None);
        assert_eq!(
            meant("CODEBUILD_RESOLVED_SOURCE_VERSON"),
            Some("CODEBUILD_RESOLVED_SOURCE_VERSION")
        );
        assert_eq!(meant("CODEBUILD_SOURCE_DIR"), Some("CODEBUILD_SRC_DIR"));
    }
}
