//! The shape of a buildspec for editors.

/// The JSON Schema (2020-12) of a buildspec.
///
/// It takes what [`read`](crate::read()) reads without an error, and nothing else, as far as a schema can
/// tell: unknown keys and whatever stands in `batch` are allowed, as CodeBuild allows them.
pub const SCHEMA: &str = include_str!("buildspec.schema.json");
