//! What CodeBuild calls a project, read from a file in the shape of `aws codebuild create-project`, JSON or YAML.
//!
//! Beside CodeBuild's own fields a file may declare `images` (DESIGN §6). Nothing here reads a file or decides.

use serde::Deserialize;

use crate::model::ImageDeclaration;

/// A project.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Project {
    /// The project's name.
    pub name: Option<String>,
    /// The source; only its buildspec matters here.
    pub source: Source,
    /// Image, variables, privileged mode.
    pub environment: Environment,
    /// Where the cache is kept.
    pub cache: Cache,
    /// Minutes until a build times out.
    pub timeout_in_minutes: Option<f64>,
    /// Images that are built and pushed after the commands.
    pub images: Vec<ImageDeclaration>,
}

/// `source` of a project.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Source {
    /// A path, or the buildspec itself (reference §1.1).
    pub buildspec: Option<String>,
}

/// `cache` of a project.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cache {
    /// `NO_CACHE`, `S3` or `LOCAL`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The modes of a local cache, such as `LOCAL_CUSTOM_CACHE`.
    pub modes: Vec<String>,
}

/// `environment` of a project.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Environment {
    /// The image's name.
    pub image: Option<String>,
    /// CodeBuild's environment type, such as `LINUX_CONTAINER`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// CodeBuild's compute type.
    pub compute_type: Option<String>,
    /// Whether commands may use Docker.
    pub privileged_mode: bool,
    /// The project's variables.
    pub environment_variables: Vec<EnvironmentVariable>,
}

/// A project's variable.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentVariable {
    /// The name.
    pub name: String,
    /// The value, or the reference.
    pub value: String,
    /// What the value is.
    #[serde(rename = "type", default)]
    pub kind: VariableKind,
}

/// What a project variable's value is (reference §2.8).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VariableKind {
    /// The value itself.
    #[default]
    Plaintext,
    /// The name of a Systems Manager parameter.
    ParameterStore,
    /// A Secrets Manager reference.
    SecretsManager,
}

/// A file that is no project.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ProjectError(String);

/// Reads a project; the error says line and column.
pub fn parse(text: &str) -> Result<Project, ProjectError> {
    serde_yaml::from_str(text).map_err(|error| ProjectError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_create_project_document_is_read_and_unknown_fields_are_left_alone() {
        let project = parse(
            r#"{"name":"demo","serviceRole":"arn:…","source":{"type":"NO_SOURCE","buildspec":"ci.yml"},
               "environment":{"image":"i:1","privilegedMode":true,"environmentVariables":[
                 {"name":"A","value":"1"},{"name":"S","value":"/p","type":"PARAMETER_STORE"}]},
               "images":[{"name":"web","context":".","repository":"${REPO}"}]}"#,
        )
        .unwrap();
        assert_eq!(project.name.as_deref(), Some("demo"));
        assert_eq!(
            project.environment.environment_variables[1].kind,
            VariableKind::ParameterStore
        );
        assert_eq!(project.images[0].dockerfile, "Dockerfile");
    }

    #[test]
    fn a_misspelt_image_field_is_told_with_its_line() {
        let error =
            parse("images:\n  - name: web\n    contxt: .\n    repository: r\n").unwrap_err();
        assert!(error.to_string().contains("contxt"), "{error}");
        assert!(error.to_string().contains('3'), "{error}");
    }
}
