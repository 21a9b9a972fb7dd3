//! The top level (reference §1.3).

use super::section::Section;
use super::{Reader, artifacts, batch, cache, env, phases, proxy, reports};
use crate::document::{BuildSpec, Version};
use crate::finding::{ClientMessage, Finding, Severity};
use crate::quote::quote;
use crate::span::{Span, Spanned};
use crate::tree::{Entry, Node, Value};

const DOCUMENT: Section = Section {
    name: "a buildspec",
    keys: &[
        "version",
        "run-as",
        "env",
        "proxy",
        "batch",
        "phases",
        "reports",
        "artifacts",
        "cache",
        "environment_variables",
    ],
    unknown_key: "document.unknown-key",
    wrong_kind: "document.wrong-kind",
    weight: Severity::Error,
};

/// Reads the whole document.
pub(super) fn read(reader: &mut Reader<'_>, root: &Node) -> BuildSpec {
    let Value::Map(entries) = &root.value else {
        let message = format!("A buildspec must be a mapping, not {}", root.value.kind());
        reader.report(
            Finding::error("document.not-a-mapping", root.span, message)
                .with_help("Start with `version: 0.2` and `phases:`; keys end with a colon"),
        );
        return BuildSpec::default();
    };
    let start = entries.first().map_or(root.span, |entry| entry.key.span);
    let given = |name| {
        let mut values = entries.iter().filter(|entry| entry.key.value == name);
        values.any(|entry| !matches!(entry.value.value, Value::Null))
    };
    // A file for batch builds alone needs no phases, and such files run without a version.
    let is_batch_alone = given("batch") && !given("phases");
    if let Some(key) = stray_phase(entries) {
        // What is wrong with the keys that lie about now is wrong with all of them.
        reader.findings.withdraw("yaml.duplicate-key");
        let message = format!(
            "The document has lost its indentation: {} stands beside `phases`, not below it",
            quote(&key.value)
        );
        let finding = Finding::error("document.lost-indentation", key.span, message);
        reader.report(finding.with_help(
            "Indent phases by 2 spaces, `commands:` and its like by 4, and the commands by 6; \
             copy from the file itself and not from a page",
        ));
        return BuildSpec::default();
    }
    let mut document = BuildSpec {
        version: version(reader, entries, start, is_batch_alone),
        ..BuildSpec::default()
    };
    for entry in entries {
        let Entry { key, value } = entry;
        let is_given = !matches!(value.value, Value::Null);
        match key.value.as_str() {
            "version" => {}
            "run-as" => document.run_as = reader.text(&DOCUMENT, entry),
            "env" => env::read(reader, value, &mut document.env),
            "environment_variables" => {
                env::read_old(reader, entry, document.version, &mut document.env);
            }
            "proxy" => document.proxy = proxy::read(reader, value),
            "batch" => document.batch = is_given.then(|| batch::read(reader, value)),
            "phases" => document.phases = phases::read(reader, value),
            "reports" => document.reports = reports::read(reader, value),
            "artifacts" if is_given => {
                document.artifacts = Some(artifacts::read(reader, value, document.version));
            }
            "artifacts" => {}
            "cache" => document.cache = is_given.then(|| cache::read(reader, value)),
            // Elastic Beanstalk's own section, which CodeBuild passes over.
            "eb_codebuild_settings" => {}
            _ => reader.unknown_key(&DOCUMENT, key),
        }
    }
    if !given("phases") && !given("batch") {
        reader.report(
            Finding::error("phases.missing", start, "The buildspec has no `phases`")
                .with_help("Add `phases:` with `build:` and its `commands:` below it"),
        );
    }
    document
}

/// Returns the first phase that stands at the top level beside an empty `phases`.
fn stray_phase(entries: &[Entry]) -> Option<&Spanned<String>> {
    let mut phases = entries.iter().filter(|entry| entry.key.value == "phases");
    let is_empty = phases.any(|entry| matches!(entry.value.value, Value::Null));
    let is_phase = |key: &str| matches!(key, "install" | "pre_build" | "build" | "post_build");
    let mut keys = entries.iter().map(|entry| &entry.key);
    keys.find(|key| is_empty && is_phase(&key.value))
}

/// Returns the language version, which must be given.
fn version(
    reader: &mut Reader<'_>,
    entries: &[Entry],
    start: Span,
    is_batch_alone: bool,
) -> Version {
    let Some(entry) = entries.iter().find(|entry| entry.key.value == "version") else {
        let message = "The buildspec has no `version`";
        let finding = if is_batch_alone {
            Finding::warning("version.missing", start, message)
        } else {
            Finding::error("version.missing", start, message).with_status(no_version())
        };
        reader.report(finding.with_help("Add `version: 0.2` as the first line"));
        return Version::default();
    };
    let message = match &entry.value.value {
        Value::Scalar { text, .. } => match text.trim() {
            "0.1" => return Version::V0_1,
            "0.2" => return Version::V0_2,
            other => format!("The version {} does not exist", quote(other)),
        },
        other => format!("`version` must be 0.1 or 0.2, not {}", other.kind()),
    };
    reader.report(
        Finding::error("version.unsupported", entry.value.span, message)
            .with_help("Write `version: 0.2`")
            .with_status(no_version()),
    );
    Version::default()
}

/// Returns what CodeBuild's parser says when no version matches, as seen in public build logs.
fn no_version() -> ClientMessage {
    ClientMessage::yaml_file_error("wrong number of container tags, expected 1")
}
