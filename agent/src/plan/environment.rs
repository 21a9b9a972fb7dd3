//! The variables that every command sees (reference §2.8, §3).

use std::collections::BTreeMap;

use buildspec::BuildSpec;
use uuid::Uuid;

use super::sources::source_variables;
use super::{fingerprint, is_name, layout, source_places};
use crate::model::{BuildId, BuildRequest, BuildspecPlace, Owner, SourceVersions, VariableKind};

/// What is known of a build when its container is made.
#[derive(Debug, Clone)]
pub struct BuildFacts {
    /// The build's id.
    pub id: BuildId,
    /// The number within the project.
    pub number: u64,
    /// The start, in Unix milliseconds.
    pub start_millis: i64,
    /// What is known of the sources: the primary one first, then the secondary ones in the order of the request.
    pub sources: Vec<SourceVersions>,
}

/// What the service alone knows, and what a caller who stands in for it may therefore say: the webhook or the batch
/// that a build comes from, who started it, what it builds (reference §3.1). A `*` stands for any ending.
pub const SETTABLE: [&str; 10] = [
    "CODEBUILD_BATCH_BUILD_IDENTIFIER",
    "CODEBUILD_CONFIG_*",
    "CODEBUILD_INITIATOR",
    "CODEBUILD_KMS_KEY_ID",
    "CODEBUILD_PUBLIC_BUILD_URL",
    "CODEBUILD_RESOLVED_SOURCE_VERSION",
    "CODEBUILD_RUNNER_*",
    "CODEBUILD_SOURCE_REPO_URL*",
    "CODEBUILD_SOURCE_VERSION*",
    "CODEBUILD_WEBHOOK_*",
];

/// Tells whether the caller may give a variable that CodeBuild reserves.
pub fn is_settable(name: &str) -> bool {
    SETTABLE.iter().any(|known| match known.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *known,
    })
}

/// Returns name and value of every variable of the container, each name once.
///
/// Values are literal. Ranks, lowest first: our region, the buildspec, the project, the caller, and last the names
/// that CodeBuild reserves, as far as the caller does not stand in for it. The image's own variables rank below all of
/// these; the engine sees to that. `resolved` is what became of [`super::references`], which has judged their ranks.
///
/// Names that no shell can read are handed on all the same, as CodeBuild seems to: programs find them in a container's
/// environment, and `sh` drops them. What no environment can hold is left out.
pub fn environment(
    document: &BuildSpec,
    request: &BuildRequest,
    resolved: &[(String, String)],
    facts: &BuildFacts,
) -> Vec<(String, String)> {
    let mut variables = Variables::default();
    variables.set("AWS_DEFAULT_REGION", &request.owner.region);
    variables.set("AWS_REGION", &request.owner.region);
    for variable in &document.env.variables {
        variables.set(&variable.name.value, &variable.value.value);
    }
    for variable in &request.variables {
        if variable.kind == VariableKind::Plaintext {
            variables.set(&variable.name, &variable.value);
        }
    }
    for (name, value) in resolved {
        variables.set(name, value);
    }
    let given = |name: &str| request.variables.iter().any(|given| given.name == name);
    let reserved = reserved(request, facts).into_iter();
    let reserved = reserved.map(|(name, value)| (name.to_owned(), value));
    for (name, value) in reserved.chain(source_variables(request, &facts.sources)) {
        if !(is_settable(&name) && given(&name)) {
            variables.set(&name, &value);
        }
    }
    variables.0.retain(|(name, value)| can_be_held(name, value));
    variables.0
}

/// Tells whether an environment can hold a variable at all.
pub(super) fn can_be_held(name: &str, value: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0')
}

/// Returns what becomes of variables that are not seen as they are given: message and next step.
pub(super) fn unlike_asked(document: &BuildSpec, request: &BuildRequest) -> Vec<(String, String)> {
    let of_buildspec = document.env.variables.iter();
    // Of a buildspec's names the findings tell.
    let of_buildspec = of_buildspec.map(|one| (&one.name.value, &one.value.value, true));
    let of_request = request.variables.iter();
    let of_request = of_request.map(|one| (&one.name, &one.value, is_name(&one.name)));
    let mut told = BTreeMap::new();
    for (name, value, is_told) in of_buildspec.chain(of_request) {
        let (what, help) = if !can_be_held(name, value) {
            ("is left out: no environment can hold it", OTHER_NAME)
        } else if !is_told {
            ("is not seen by the commands' shell", OTHER_NAME)
        } else if name == "HOME" && value != "/root" {
            (
                "stays `/root`, as in CodeBuild",
                "set it in a command: `export HOME=…`",
            )
        } else {
            continue;
        };
        let message = format!("the variable `{}` {what}", name.escape_debug());
        told.insert(name, (message, help.to_owned()));
    }
    told.into_values().collect()
}

const OTHER_NAME: &str = "use letters, digits and `_` in its name, and text as its value";

/// What CodeBuild itself sets (reference §3.1, §3.2).
///
/// Some names of §3.2 stay unset on purpose, because they promise what is not there: the agent's and the report
/// endpoints and their token (`CODEBUILD_AGENT_ENDPOINT`, `_BMR_URL`, `_FE_REPORT_ENDPOINT`, `_AUTH_TOKEN`), a place
/// in ECS (`AWS_EXECUTION_ENV`, `ECS_CONTAINER_METADATA_URI`), a VPC and a GPU. `CODEBUILD_LAST_EXIT` comes with the
/// first command, and `GOPATH` from the driver, which knows the image's.
fn reserved(request: &BuildRequest, facts: &BuildFacts) -> Vec<(&'static str, String)> {
    let (id, owner) = (&facts.id, &request.owner);
    let region = &owner.region;
    let key = || owner.arn("kms", "alias/aws/s3");
    let mut variables = vec![
        ("HOME", "/root".to_owned()),
        ("CODEBUILD_CI", "true".to_owned()),
        ("CODEBUILD_BUILD_ARN", id.arn(owner)),
        ("CODEBUILD_BUILD_ID", id.to_string()),
        ("CODEBUILD_BUILD_IMAGE", request.image.clone()),
        ("CODEBUILD_BUILD_NUMBER", facts.number.to_string()),
        ("CODEBUILD_BUILD_SUCCEEDING", "1".to_owned()),
        (
            "CODEBUILD_BUILD_URL",
            format!(
                "https://{}/codebuild/home?region={region}#/builds/{id}/view/new",
                console(owner)
            ),
        ),
        ("CODEBUILD_CONTAINER_NAME", "default".to_owned()),
        ("CODEBUILD_EXECUTION_ROLE_BUILD", String::new()),
        ("CODEBUILD_GOPATH", layout::go_path(&request.project)),
        ("CODEBUILD_INITIATOR", request.initiator.clone()),
        (
            "CODEBUILD_KMS_KEY_ID",
            request.encryption_key.clone().unwrap_or_else(key),
        ),
        ("CODEBUILD_LOG_PATH", id.uuid.to_string()),
        ("CODEBUILD_PROJECT_ARN", id.project_arn(owner)),
        (
            "CODEBUILD_PROJECT_UUID",
            project_uuid(&id.project).to_string(),
        ),
        ("CODEBUILD_START_TIME", facts.start_millis.to_string()),
    ];
    if let Some(alias) = &request.public_alias {
        let uuid = id.uuid;
        variables.push((
            "CODEBUILD_PUBLIC_BUILD_URL",
            format!("https://{region}.codebuild.aws.amazon.com/project/{alias}/build/{uuid}"),
        ));
    }
    variables
}

/// Returns the console's host.
fn console(owner: &Owner) -> String {
    let region = &owner.region;
    match owner.partition() {
        "aws-cn" => format!("{region}.console.amazonaws.cn"),
        "aws-us-gov" => "console.amazonaws-us-gov.com".to_owned(),
        _ => format!("{region}.console.aws.amazon.com"),
    }
}

/// Returns the path that the log and the result name as the buildspec's place (reference §1.1).
pub fn buildspec_location(request: &BuildRequest) -> String {
    match &request.buildspec {
        BuildspecPlace::Inline(_) | BuildspecPlace::S3(_) => {
            format!("{}/buildspec.yml", layout::READONLY)
        }
        BuildspecPlace::InSource { path, .. } => {
            format!("{}/{path}", source_places(request).primary_directory())
        }
    }
}

/// A project's uuid has to be the same in every build; its name is all there is to make it from.
fn project_uuid(project: &str) -> Uuid {
    let halves = [
        fingerprint(project),
        fingerprint(&format!("{project}/uuid")),
    ]
    .map(u128::from);
    uuid::Builder::from_random_bytes(((halves[0] << 64) | halves[1]).to_be_bytes()).into_uuid()
}

#[derive(Default)]
struct Variables(Vec<(String, String)>);

impl Variables {
    fn set(&mut self, name: &str, value: &str) {
        if let Some((_, old)) = self.0.iter_mut().find(|(known, _)| known == name) {
            value.clone_into(old);
        } else {
            self.0.push((name.into(), value.into()));
        }
    }
}
