//! What a project asks for and a build here does not do.

use serde_json::Value;

/// Fields that change what a build does, and that are not heeded yet. What only describes a project, or concerns
/// AWS's side alone, is not among them.
const FIELDS: [&str; 10] = [
    "artifacts/type",
    "environment/certificate",
    "environment/dockerServer",
    "environment/fleet",
    "fileSystemLocations",
    "secondaryArtifacts",
    "secondarySources",
    "source/gitSubmodulesConfig",
    "sourceVersion",
    "vpcConfig",
];

/// Returns the names of the fields that say something and are not heeded, in the order of the alphabet.
pub(super) fn fields(project: &Value) -> Vec<String> {
    let says_something = |path: &&&str| {
        let value = project.pointer(&format!("/{path}"));
        match value {
            None | Some(Value::Null) => false,
            // Artifacts stay on this machine, whatever their type; a pipeline's or none lose nothing by it.
            Some(Value::String(kind)) if **path == "artifacts/type" => {
                !matches!(kind.as_str(), "NO_ARTIFACTS" | "CODEPIPELINE")
            }
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Array(items)) => !items.is_empty(),
            Some(Value::Object(fields)) => !fields.is_empty(),
            Some(Value::Bool(_) | Value::Number(_)) => true,
        }
    };
    let found = FIELDS.iter().filter(says_something);
    found.map(|path| path.replace('/', ".")).collect()
}
