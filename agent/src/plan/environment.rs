//! The variables that every command sees (reference §2.8, §3).

use buildspec::BuildSpec;
use uuid::Uuid;

use super::{fingerprint, layout};
use crate::model::{BuildId, BuildRequest, BuildspecPlace};

/// What is known of a build when its container is made.
#[derive(Debug, Clone)]
pub struct BuildFacts {
    /// The build's id.
    pub id: BuildId,
    /// The number within the project.
    pub number: u64,
    /// The start, in Unix milliseconds.
    pub start_millis: i64,
    /// The commit, where there is one.
    pub resolved_version: Option<String>,
}

/// Returns name and value of every variable of the container, each name once.
///
/// Values are literal. Ranks, lowest first: our region, the buildspec, the project, the caller, and last the names
/// that CodeBuild reserves. The image's own variables rank below all of these; the engine sees to that.
pub fn environment(
    document: &BuildSpec,
    request: &BuildRequest,
    facts: &BuildFacts,
) -> Vec<(String, String)> {
    let mut variables = Variables::default();
    variables.set("AWS_DEFAULT_REGION", &request.region);
    variables.set("AWS_REGION", &request.region);
    for variable in &document.env.variables {
        variables.set(&variable.name.value, &variable.value.value);
    }
    for variable in &request.variables {
        variables.set(&variable.name, &variable.value);
    }
    reserved(&mut variables, request, facts);
    variables.0
}

fn reserved(variables: &mut Variables, request: &BuildRequest, facts: &BuildFacts) {
    let (id, region) = (&facts.id, &request.region);
    variables.set("HOME", "/root");
    variables.set("CODEBUILD_CI", "true");
    variables.set("CODEBUILD_BUILD_ARN", &id.arn(region));
    variables.set("CODEBUILD_BUILD_ID", &id.to_string());
    variables.set("CODEBUILD_BUILD_IMAGE", &request.image);
    variables.set("CODEBUILD_BUILD_NUMBER", &facts.number.to_string());
    variables.set("CODEBUILD_BUILD_SUCCEEDING", "1");
    variables.set(
        "CODEBUILD_BUILD_URL",
        &format!(
            "https://{region}.console.aws.amazon.com/codebuild/home?region={region}#/builds/{id}/view/new"
        ),
    );
    variables.set("CODEBUILD_INITIATOR", &request.initiator);
    variables.set(
        "CODEBUILD_KMS_KEY_ID",
        &format!("arn:aws:kms:{region}:000000000000:alias/aws/s3"),
    );
    variables.set("CODEBUILD_LOG_PATH", &id.uuid.to_string());
    variables.set("CODEBUILD_PROJECT_ARN", &id.project_arn(region));
    variables.set(
        "CODEBUILD_PROJECT_UUID",
        &project_uuid(&id.project).to_string(),
    );
    variables.set(
        "CODEBUILD_SRC_DIR",
        &layout::source_directory(&request.project),
    );
    variables.set("CODEBUILD_START_TIME", &facts.start_millis.to_string());
    variables.set("CODEBUILD_SOURCE_REPO_URL", "");
    if let Some(version) = &facts.resolved_version {
        variables.set("CODEBUILD_RESOLVED_SOURCE_VERSION", version);
        variables.set("CODEBUILD_SOURCE_VERSION", version);
    }
}

/// Returns the path that the log and the result name as the buildspec's place (reference §1.1).
pub fn buildspec_location(request: &BuildRequest) -> String {
    match &request.buildspec {
        BuildspecPlace::Inline(_) => format!("{}/buildspec.yml", layout::READONLY),
        BuildspecPlace::InSource { path, .. } => {
            format!("{}/{path}", layout::source_directory(&request.project))
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
