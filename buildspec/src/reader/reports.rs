//! `reports` (reference §1.7).

use super::Reader;
use super::section::Section;
use crate::document::ReportGroup;
use crate::finding::{Finding, Severity};
use crate::quote::quote;
use crate::span::Spanned;
use crate::suggest::closest;
use crate::tree::{Entry, Node, Value};

const REPORTS: Section = Section {
    name: "`reports`",
    keys: &[],
    unknown_key: "report.unknown-key",
    wrong_kind: "report.wrong-kind",
    weight: Severity::Error,
};

const REPORT: Section = Section {
    name: "a report group",
    keys: &["files", "base-directory", "discard-paths", "file-format"],
    unknown_key: "report.unknown-key",
    wrong_kind: "report.wrong-kind",
    weight: Severity::Error,
};

/// The formats of reference §8.2; their case does not count.
const FORMATS: &[&str] = &[
    "JUNITXML",
    "CUCUMBERJSON",
    "NUNITXML",
    "NUNIT3XML",
    "TESTNGXML",
    "VISUALSTUDIOTRX",
    "CLOVERXML",
    "COBERTURAXML",
    "JACOCOXML",
    "SIMPLECOV",
];

/// Reads `reports`.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Vec<ReportGroup> {
    let entries = reader.entries(&REPORTS, node);
    entries.iter().map(|entry| group(reader, entry)).collect()
}

fn group(reader: &mut Reader<'_>, entry: &Entry) -> ReportGroup {
    let name = entry.key.clone();
    let default_format = Spanned {
        value: "JUNITXML".to_owned(),
        span: name.span,
    };
    let mut group = ReportGroup {
        name,
        files: Vec::new(),
        base_directory: None,
        discard_paths: false,
        file_format: default_format,
    };
    // A value of the wrong kind has its own finding.
    let mut lacks_files = matches!(entry.value.value, Value::Map(_) | Value::Null);
    for entry in reader.inner(&REPORTS, entry) {
        match entry.key.value.as_str() {
            "files" => {
                group.files = reader.texts(&REPORT, entry);
                lacks_files = matches!(entry.value.value, Value::Null);
            }
            "base-directory" => group.base_directory = reader.text(&REPORT, entry),
            "discard-paths" => {
                group.discard_paths = reader.flag(&REPORT, entry).is_some_and(|flag| flag.value);
            }
            "file-format" => {
                // Of a format that is none, the place is kept all the same.
                group.file_format.span = entry.value.span;
                if let Some(format) = format(reader, entry) {
                    group.file_format = format;
                }
            }
            _ => reader.unknown_key(&REPORT, &entry.key),
        }
    }
    if lacks_files {
        let message = format!(
            "The report group {} has no `files`",
            quote(&group.name.value)
        );
        reader.report(
            Finding::error("report.no-files", group.name.span, message)
                .with_help("Add `files:` with the patterns of the report files"),
        );
    }
    group
}

fn format(reader: &mut Reader<'_>, entry: &Entry) -> Option<Spanned<String>> {
    let written = reader.text(&REPORT, entry)?;
    let format = written.value.trim().to_ascii_uppercase();
    if FORMATS.contains(&format.as_str()) {
        return Some(Spanned {
            value: format,
            span: written.span,
        });
    }
    let message = format!("{} is not a report format", quote(&written.value));
    let help = match closest(&format, FORMATS) {
        Some(known) => format!("Did you mean `{known}`?"),
        None => format!("The formats are {}", FORMATS.join(", ")),
    };
    reader.report(Finding::error("report.unknown-format", written.span, message).with_help(help));
    None
}
