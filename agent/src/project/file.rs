//! The shapes in which a project comes, and the choice of one.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Environment, Project, ProjectError, Source, SourceVersion, images, unheeded};

/// The output of `batch-get-projects`.
#[derive(Deserialize)]
struct Projects {
    projects: Vec<Project>,
}

/// The output of `create-project` and `update-project`.
#[derive(Deserialize)]
struct Created {
    project: Project,
}

/// The output of `batch-get-builds`.
#[derive(Deserialize)]
struct Builds {
    builds: Vec<Build>,
}

/// A build that was, with all that its project had then.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Build {
    id: Option<String>,
    project_name: Option<String>,
    #[serde(default)]
    source: Source,
    source_version: Option<String>,
    resolved_source_version: Option<String>,
    #[serde(default)]
    secondary_sources: Vec<Source>,
    #[serde(default)]
    secondary_source_versions: Vec<SourceVersion>,
    #[serde(default)]
    environment: Environment,
    #[serde(default)]
    cache: super::Cache,
    timeout_in_minutes: Option<f64>,
    arn: Option<String>,
    service_role: Option<String>,
    encryption_key: Option<String>,
    initiator: Option<String>,
}

impl From<Build> for Project {
    fn from(build: Build) -> Self {
        Self {
            name: build.project_name,
            // A branch has moved on since; an object's version and a pipeline's artifact have no commit.
            source_version: build.resolved_source_version.or(build.source_version),
            source: build.source,
            secondary_sources: build.secondary_sources,
            secondary_source_versions: build.secondary_source_versions,
            environment: build.environment,
            cache: build.cache,
            timeout_in_minutes: build.timeout_in_minutes,
            arn: build.arn,
            service_role: build.service_role,
            encryption_key: build.encryption_key,
            initiator: build.initiator,
            ..Self::default()
        }
    }
}

/// Reads a project, or the one called `wanted` of several; of builds, `wanted` may also be an id. An error says
/// line and column.
pub fn parse(text: &str, wanted: Option<&str>) -> Result<Project, ProjectError> {
    let value: serde_json::Value = read(text)?;
    // What stands at the top tells the shape.
    let has = |key: &str| value.get(key).is_some_and(|value| !value.is_null());
    let (candidates, values): (Vec<(Vec<String>, Project)>, _) = if has("projects") {
        let found: Projects = read(text)?;
        let named = found.projects.into_iter();
        let named = named.map(|project| (project.name.clone().into_iter().collect(), project));
        (named.collect(), value["projects"].as_array().cloned())
    } else if has("builds") {
        let found: Builds = read(text)?;
        let named = found.builds.into_iter().map(|build| {
            let names = [build.id.clone(), build.project_name.clone()];
            (names.into_iter().flatten().collect(), build.into())
        });
        (named.collect(), value["builds"].as_array().cloned())
    } else {
        let (project, value) = if has("project") {
            (read::<Created>(text)?.project, value["project"].clone())
        } else {
            (read(text)?, value)
        };
        let names = project.name.clone().into_iter().collect();
        (vec![(names, project)], Some(vec![value]))
    };
    let at = choose(&candidates, wanted)?;
    let values = values.unwrap_or_default();
    let chosen = candidates.into_iter().nth(at);
    let (_, mut project) = chosen.ok_or(ProjectError::Several { names: Vec::new() })?;
    project.images = images::judge(&project.declared).map_err(ProjectError::Images)?;
    project.unheeded = values.get(at).map_or_else(Vec::new, unheeded::fields);
    Ok(project)
}

/// Returns the place of the one that is meant.
fn choose(
    candidates: &[(Vec<String>, Project)],
    wanted: Option<&str>,
) -> Result<usize, ProjectError> {
    let names = || {
        let first = candidates.iter().filter_map(|(names, _)| names.first());
        first.cloned().collect()
    };
    match (wanted, candidates) {
        (None, [_]) => Ok(0),
        (None, _) => Err(ProjectError::Several { names: names() }),
        (Some(wanted), _) => {
            let is_meant = |(names, _): &(Vec<String>, Project)| names.iter().any(|n| n == wanted);
            candidates
                .iter()
                .position(is_meant)
                .ok_or_else(|| ProjectError::Unknown {
                    wanted: wanted.to_owned(),
                    names: names(),
                })
        }
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, ProjectError> {
    serde_yaml::from_str(text).map_err(|error| ProjectError::Shape(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#"{"projects": [
        {"name": "api", "environment": {"image": "i:1", "type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL"},
         "source": {"type": "GITHUB", "buildspec": "ci.yml"}, "artifacts": {"type": "NO_ARTIFACTS"}, "arn": "arn:x"},
        {"name": "web", "environment": {"image": "i:2"}, "vpcConfig": {"vpcId": "vpc-1"}, "secondarySources": [],
         "fileSystemLocations": [{"identifier": "efs"}]}]}"#;

    #[test]
    fn one_of_several_projects_is_chosen_by_its_name() {
        let web = parse(TWO, Some("web")).unwrap();
        assert_eq!(web.environment.image.as_deref(), Some("i:2"));
        let several = parse(TWO, None).unwrap_err();
        assert_eq!(
            several.to_string(),
            "there are 2 projects, and none is named"
        );
        assert!(several.help().contains("api, web"), "{}", several.help());
        let unknown = parse(TWO, Some("wbe")).unwrap_err();
        assert!(unknown.help().contains("api, web"), "{}", unknown.help());
    }

    #[test]
    fn fields_that_are_not_heeded_are_named_and_empty_ones_are_not() {
        let web = parse(TWO, Some("web")).unwrap();
        assert_eq!(web.unheeded, ["fileSystemLocations", "vpcConfig"]);
        assert_eq!(parse(TWO, Some("api")).unwrap().unheeded, [] as [&str; 0]);
    }

    // Replay of one build: reference §12.6.
    #[test]
    fn a_build_that_was_is_read_as_its_project() {
        let text = r#"{"builds": [{"id": "api:1", "projectName": "api", "timeoutInMinutes": 7,
            "environment": {"image": "i:1", "privilegedMode": true}, "source": {"buildspec": "ci.yml"}}]}"#;
        let project = parse(text, None).unwrap();
        assert_eq!(project.name.as_deref(), Some("api"));
        assert_eq!(project.timeout_in_minutes, Some(7.0));
        assert!(project.environment.privileged_mode);
        assert!(parse(text, Some("api:1")).is_ok());
    }

    #[test]
    fn what_create_project_answers_is_read() {
        let project = parse(
            "project:\n  name: api\n  environment: {image: 'i:1'}\n",
            None,
        )
        .unwrap();
        assert_eq!(project.environment.image.as_deref(), Some("i:1"));
    }
}
