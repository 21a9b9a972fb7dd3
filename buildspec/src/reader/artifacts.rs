//! `artifacts` and its secondary artifacts (reference §1.8).

use super::Reader;
use super::section::{Section, lacks};
use crate::document::{Artifacts, Version};
use crate::finding::{Finding, Severity};
use crate::quote::quote;
use crate::tree::{Entry, Node, Value};

const ARTIFACTS: Section = Section {
    name: "`artifacts`",
    keys: &[
        "files",
        "name",
        "discard-paths",
        "base-directory",
        "exclude-paths",
        "enable-symlinks",
        "s3-prefix",
        "secondary-artifacts",
        "type",
    ],
    unknown_key: "artifacts.unknown-key",
    wrong_kind: "artifacts.wrong-kind",
    weight: Severity::Error,
};

const SECONDARY: Section = Section {
    name: "a secondary artifact",
    keys: &[
        "files",
        "name",
        "discard-paths",
        "base-directory",
        "exclude-paths",
        "enable-symlinks",
        "s3-prefix",
    ],
    unknown_key: "artifacts.unknown-key",
    wrong_kind: "artifacts.wrong-kind",
    weight: Severity::Error,
};

/// The way out where `files` is missing.
const NO_FILES: &str = "Add `files:` with patterns, such as `'**/*'`";

/// Reads `artifacts`.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node, version: Version) -> Artifacts {
    let mut artifacts = Artifacts::default();
    for entry in reader.entries(&ARTIFACTS, node) {
        match entry.key.value.as_str() {
            "secondary-artifacts" => {
                for entry in reader.inner(&ARTIFACTS, entry) {
                    let secondary = secondary(reader, entry);
                    artifacts.secondary.push((entry.key.clone(), secondary));
                }
            }
            "type" => {
                if version == Version::V0_2 {
                    let message = "`type` in `artifacts` does nothing since version 0.2";
                    let finding = Finding::warning("artifacts.type", entry.key.span, message);
                    reader.report(finding.with_help("Delete it; the project says the type"));
                }
            }
            _ => field(reader, &ARTIFACTS, entry, &mut artifacts),
        }
    }
    // A value of the wrong kind has its own finding.
    let lacks_files = match &node.value {
        // `{}` says that nothing is wanted.
        Value::Map(entries) => !entries.is_empty() && lacks(entries, "files"),
        _ => false,
    };
    if lacks_files && artifacts.secondary.is_empty() {
        let finding = Finding::warning(
            "artifacts.no-files",
            node.span,
            "`artifacts` names no `files`, so nothing is uploaded",
        );
        reader.report(finding.with_help(NO_FILES));
    }
    artifacts
}

fn secondary(reader: &mut Reader<'_>, entry: &Entry) -> Artifacts {
    let mut artifacts = Artifacts::default();
    let entries = reader.inner(&ARTIFACTS, entry);
    for entry in entries {
        field(reader, &SECONDARY, entry, &mut artifacts);
    }
    let is_mapping = matches!(entry.value.value, Value::Map(_) | Value::Null);
    if is_mapping && lacks(entries, "files") {
        let message = format!(
            "The secondary artifact {} names no `files`",
            quote(&entry.key.value)
        );
        let finding = Finding::warning("artifacts.no-files", entry.key.span, message);
        reader.report(finding.with_help(NO_FILES));
    }
    artifacts
}

/// Reads a key that primary and secondary artifacts share.
fn field(reader: &mut Reader<'_>, section: &Section, entry: &Entry, artifacts: &mut Artifacts) {
    match entry.key.value.as_str() {
        "files" => artifacts.files = reader.texts(section, entry),
        "exclude-paths" => artifacts.exclude_paths = reader.texts(section, entry),
        "name" => artifacts.name = reader.text(section, entry),
        "base-directory" => artifacts.base_directory = reader.text(section, entry),
        "s3-prefix" => artifacts.s3_prefix = reader.text(section, entry),
        "discard-paths" => {
            artifacts.discard_paths = reader.flag(section, entry).is_some_and(|flag| flag.value);
        }
        "enable-symlinks" => {
            artifacts.enable_symlinks = reader.flag(section, entry).is_some_and(|flag| flag.value);
        }
        _ => reader.unknown_key(section, &entry.key),
    }
}
