//! `artifacts` and `secondaryArtifacts` of a project (reference §6.3–6.5).

use serde::Deserialize;

/// One of a project's artifacts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Artifacts {
    /// `S3`, `CODEPIPELINE` or `NO_ARTIFACTS`. The record of a build has none.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The bucket: its name or its ARN.
    pub location: Option<String>,
    /// What the key begins with.
    pub path: Option<String>,
    /// `BUILD_ID` puts the build's id into the key.
    pub namespace_type: Option<String>,
    /// The key's last part; the project's name without one.
    pub name: Option<String>,
    /// `ZIP` or `NONE`.
    pub packaging: Option<String>,
    /// Whether the buildspec's name wins.
    pub override_artifact_name: bool,
    /// Whether objects are not encrypted.
    pub encryption_disabled: bool,
    /// What the buildspec calls a secondary artifact.
    pub artifact_identifier: Option<String>,
    /// What the bucket's owner may do with objects of another account: `NONE`, `READ_ONLY` or `FULL`.
    pub bucket_owner_access: Option<String>,
}

impl Artifacts {
    /// Returns whether its type is this one of CodeBuild's.
    pub fn is(&self, kind: &str) -> bool {
        self.kind.as_deref() == Some(kind)
    }
}
