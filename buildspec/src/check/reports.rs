//! `reports` (reference §1.7, §8).

use super::paths::unreachable;
use super::subject::Subject;
use crate::document::ReportGroup;
use crate::finding::{Finding, Findings};
use crate::quote::quote;

/// The most report groups of a project (§1.7, §14).
const MOST_GROUPS: usize = 5;

/// Returns the extensions that a format's files have (§8.2).
fn extensions(format: &str) -> &'static [&'static str] {
    match format {
        "CUCUMBERJSON" | "SIMPLECOV" => &["json"],
        "VISUALSTUDIOTRX" => &["trx", "xml"],
        _ => &["xml"],
    }
}

/// A pattern whose files cannot be of the group's format.
pub(super) fn wrong_extension(subject: &Subject<'_>, findings: &mut Findings) {
    const FORMATS: [(&str, &[&str]); 3] = [
        ("json", &["CUCUMBERJSON", "SIMPLECOV"]),
        ("trx", &["VISUALSTUDIOTRX"]),
        (
            "xml",
            &["JUNITXML", "CLOVERXML", "COBERTURAXML", "JACOCOXML"],
        ),
    ];
    for group in &subject.document.reports {
        if has_unknown_format(subject, group) {
            continue;
        }
        let wanted = extensions(&group.file_format.value);
        for pattern in &group.files {
            let name = pattern.value.rsplit('/').next().unwrap_or_default();
            let Some((_, extension)) = name.rsplit_once('.') else {
                continue;
            };
            let is_plain =
                !extension.is_empty() && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let lower = extension.to_ascii_lowercase();
            if !is_plain || wanted.contains(&lower.as_str()) {
                continue;
            }
            let format = &group.file_format.value;
            let message = format!(
                "{format} is read from `.{}` files, not from {}",
                wanted.join("` and `."),
                quote(&pattern.value)
            );
            let fitting = FORMATS.iter().find(|(known, _)| *known == lower);
            let help = match fitting {
                Some((_, formats)) => {
                    format!("Name the format: `file-format: {}`", formats.join("` or `"))
                }
                None => format!(
                    "CodeBuild reads no `.{extension}` files; have the tool write `.{}`",
                    wanted.first().copied().unwrap_or("xml")
                ),
            };
            findings.push(
                Finding::warning("report.wrong-extension", pattern.span, message).with_help(help),
            );
        }
    }
}

/// Tells whether a format is given that is none, which has a finding of its own.
fn has_unknown_format(subject: &Subject<'_>, group: &ReportGroup) -> bool {
    let format = &group.file_format;
    let written = subject.text.get(format.span.start..format.span.end);
    let written = written.unwrap_or_default().to_ascii_uppercase();
    format.span != group.name.span && !written.is_empty() && !written.contains(&format.value)
}

/// More report groups than a project can have.
pub(super) fn too_many(subject: &Subject<'_>, findings: &mut Findings) {
    if let Some(sixth) = subject.document.reports.get(MOST_GROUPS) {
        let count = subject.document.reports.len();
        findings.push(
            Finding::warning(
                "report.too-many",
                sixth.name.span,
                format!("There are {count} report groups; a project can have {MOST_GROUPS}"),
            )
            .with_help("Join groups of the same format"),
        );
    }
}

/// A pattern that no file can match.
pub(super) fn cannot_match(subject: &Subject<'_>, findings: &mut Findings) {
    for group in &subject.document.reports {
        for pattern in &group.files {
            if let Some((message, help)) = unreachable(&pattern.value) {
                findings.push(
                    Finding::warning("report.cannot-match", pattern.span, message).with_help(help),
                );
            }
        }
    }
}
