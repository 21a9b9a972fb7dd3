//! For programs: one JSON object.

use serde_json::{Value, json};

use super::{Checked, counts};

/// Returns the object: `files` with their `findings`, how many there are, and what could not be read.
pub(super) fn page(checked: &[Checked], unreadable: &[String]) -> String {
    let files: Vec<Value> = checked.iter().map(file).collect();
    let (errors, warnings) = counts(checked);
    format!(
        "{:#}",
        json!({
            "files": files,
            "errors": errors,
            "warnings": warnings,
            "unreadable": unreadable,
        })
    )
}

fn file(file: &Checked) -> Value {
    let findings: Vec<Value> = file
        .placed()
        .map(|(finding, region, related)| {
            let related = related.map(|(place, label)| {
                json!({ "line": place.line, "column": place.column, "message": label })
            });
            json!({
                "code": finding.code,
                "severity": finding.severity,
                "line": region.line,
                "column": region.column,
                "endLine": region.end_line,
                "endColumn": region.end_column,
                "message": finding.message,
                "help": finding.help,
                "related": related,
                "codeBuild": finding.status.as_ref().map(|status| json!({
                    "statusCode": status.status_code,
                    "message": status.message,
                })),
            })
        })
        .collect();
    json!({ "file": file.name, "findings": findings })
}
