//! What CodeBuild calls a project, read from what its API takes and gives, JSON or YAML: `create-project` input,
//! `batch-get-projects` and `batch-get-builds` output.
//!
//! Beside CodeBuild's own fields a file may declare `images`. Nothing here reads a file or decides.

mod artifacts;
mod file;
mod flag;
mod images;
mod unheeded;

use serde::Deserialize;

pub use artifacts::Artifacts;
pub use file::parse;
pub use flag::{image_flag, with_images};
pub use images::ImageFinding;

use crate::model::{ImageDeclaration, VariableKind};

/// A project.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Project {
    /// The project's name.
    pub name: Option<String>,
    /// The primary source.
    pub source: Source,
    /// Its version: a branch, tag, commit, `pr/N`, or an object's version; of a build that is run again, its commit.
    pub source_version: Option<String>,
    /// The sources beside it.
    pub secondary_sources: Vec<Source>,
    /// Their versions.
    pub secondary_source_versions: Vec<SourceVersion>,
    /// Image, variables, privileged mode.
    pub environment: Environment,
    /// Where the primary artifact goes.
    pub artifacts: Artifacts,
    /// Where the artifacts beside it go.
    pub secondary_artifacts: Vec<Artifacts>,
    /// Where the cache is kept.
    pub cache: Cache,
    /// Minutes until a build times out.
    pub timeout_in_minutes: Option<f64>,
    /// The ARN of the project or, in a replay, of the build.
    pub arn: Option<String>,
    /// The ARN of the role that its builds have in AWS.
    pub service_role: Option<String>,
    /// The key that its artifacts are encrypted with: an ARN or an alias.
    pub encryption_key: Option<String>,
    /// `PUBLIC_READ` where everybody may see its builds.
    pub project_visibility: Option<String>,
    /// What a public project is called in addresses.
    pub public_project_alias: Option<String>,
    /// Who started the build; only in a replay.
    #[serde(skip)]
    pub initiator: Option<String>,
    /// Images that are built and pushed after the commands, as they are written.
    #[serde(rename = "images")]
    declared: Vec<images::Declared>,
    /// The same, judged.
    #[serde(skip)]
    pub images: Vec<ImageDeclaration>,
    /// Fields that say something, and that a build here does not heed, such as `vpcConfig`.
    #[serde(skip)]
    pub unheeded: Vec<String>,
}

impl Project {
    /// Returns the region that the project is in, where its ARN says so.
    pub fn region(&self) -> Option<&str> {
        let region = self.arn.as_deref()?.split(':').nth(3)?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        (!region.is_empty() && region.chars().all(plain)).then_some(region)
    }

    /// Returns the account that the project is in, where its ARN or its role's says so.
    pub fn account(&self) -> Option<&str> {
        let arns = [self.arn.as_deref(), self.service_role.as_deref()];
        arns.into_iter().flatten().find_map(|arn| {
            let account = arn.strip_prefix("arn:")?.split(':').nth(3)?;
            let plain = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
            plain.then_some(account)
        })
    }

    /// Returns the project's alias in public addresses, where everybody may see its builds.
    pub fn public_alias(&self) -> Option<&str> {
        let public = self.project_visibility.as_deref() == Some("PUBLIC_READ");
        self.public_project_alias.as_deref().filter(|_| public)
    }
}

/// `source` of a project.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Source {
    /// CodeBuild's name of its type, such as `GITHUB`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Where it is: an address, or `bucket/key`.
    pub location: Option<String>,
    /// How many commits of history; 0 is all of it.
    pub git_clone_depth: Option<u32>,
    /// What becomes of submodules.
    pub git_submodules_config: GitSubmodulesConfig,
    /// The identifier of a secondary source.
    pub source_identifier: Option<String>,
    /// A path, or the buildspec itself (reference §1.1).
    pub buildspec: Option<String>,
}

/// `gitSubmodulesConfig` of a source.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GitSubmodulesConfig {
    /// Whether they are fetched.
    pub fetch_submodules: bool,
}

/// The version of a secondary source.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceVersion {
    /// Of which one.
    pub source_identifier: String,
    /// Which one.
    pub source_version: String,
}

/// `cache` of a project.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cache {
    /// Where it is.
    #[serde(rename = "type")]
    pub kind: CacheKind,
    /// `bucket/prefix` of a cache in S3.
    pub location: Option<String>,
    /// Which projects share their keyed caches.
    pub cache_namespace: Option<String>,
    /// The modes of a local cache, such as `LOCAL_CUSTOM_CACHE`.
    pub modes: Vec<String>,
}

/// Where a project's cache is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CacheKind {
    /// Nowhere, as far as the project says.
    #[default]
    NoCache,
    /// In S3.
    S3,
    /// On the build's host.
    Local,
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
    /// The secret with the credentials for the image's registry.
    pub registry_credential: Option<RegistryCredential>,
    /// CodeBuild's compute type.
    pub compute_type: Option<String>,
    /// Whether commands may use Docker.
    pub privileged_mode: bool,
    /// The project's variables.
    pub environment_variables: Vec<EnvironmentVariable>,
}

/// `registryCredential` of an environment.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistryCredential {
    /// A name or ARN in Secrets Manager.
    pub credential: String,
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

/// A file that is no project.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// It is not what the API has; the text says line and column.
    #[error("{0}")]
    Shape(String),
    /// Images are declared wrongly; at least one finding, in the order of the file.
    #[error("{} in the declared images", counted(.0.len()))]
    Images(Vec<ImageFinding>),
    /// It holds several, and none was named.
    #[error("there are {} projects, and none is named", names.len())]
    Several {
        /// The names.
        names: Vec<String>,
    },
    /// It holds others than the one that was named.
    #[error("there is no project `{wanted}`")]
    Unknown {
        /// What was asked for.
        wanted: String,
        /// The names that there are.
        names: Vec<String>,
    },
}

impl ProjectError {
    /// Returns the next step.
    pub fn help(&self) -> String {
        match self {
            Self::Shape(_) => {
                "correct that line; the fields are those of `aws codebuild create-project`, \
                               `batch-get-projects` or `batch-get-builds`"
                    .to_owned()
            }
            Self::Images(findings) => findings
                .first()
                .map_or_else(String::new, |first| first.help.clone()),
            Self::Several { names } => {
                format!("choose one with `--project-name`: {}", shown(names))
            }
            Self::Unknown { names, .. } => format!("the file has {}", shown(names)),
        }
    }
}

fn counted(findings: usize) -> String {
    let more = if findings == 1 { "" } else { "s" };
    format!("{findings} mistake{more}")
}

/// Returns the first names of a list.
fn shown(names: &[String]) -> String {
    const MOST: usize = 10;
    let more = if names.len() > MOST { ", …" } else { "" };
    let first: Vec<&str> = names.iter().take(MOST).map(String::as_str).collect();
    format!("{}{more}", first.join(", "))
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
            None,
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
        let error = parse(
            "images:\n  - name: web\n    contxt: .\n    repository: r\n",
            None,
        )
        .unwrap_err();
        assert!(error.to_string().contains("contxt"), "{error}");
        assert!(error.to_string().contains('3'), "{error}");
    }
}
