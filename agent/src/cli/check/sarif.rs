//! For code scanning: SARIF 2.1.0.

use std::collections::BTreeMap;

use buildspec::{Finding, Severity};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};

use super::{Checked, Region};

/// What a path in a URI reference may not hold as it is (RFC 3986, `pchar` and `/`).
const NOT_IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Returns the log: one run with the rules that were met, and a result for each finding.
pub(super) fn page(checked: &[Checked]) -> String {
    let all = checked.iter().flat_map(|file| &file.findings);
    let met: BTreeMap<&str, Severity> = all.map(|found| (found.code, found.severity)).collect();
    let rules: Vec<Value> = met
        .iter()
        .map(|(code, weight)| rule(code, *weight))
        .collect();
    let codes: Vec<&str> = met.keys().copied().collect();
    let mut results = Vec::new();
    for file in checked {
        for (finding, region, related) in file.placed() {
            let index = codes.iter().position(|code| *code == finding.code);
            results.push(result(&file.name, finding, region, related, index));
        }
    }
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "understudy",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            // Columns count characters, not the UTF-16 units that SARIF takes for granted.
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}")
}

fn rule(code: &str, severity: Severity) -> Value {
    let kind = buildspec::kind(code);
    let (title, why) = kind.map_or((code, code), |kind| (kind.title, kind.why));
    json!({
        "id": code,
        "shortDescription": { "text": title },
        "fullDescription": { "text": why },
        "help": { "text": why },
        "defaultConfiguration": { "level": severity.name() },
    })
}

fn result(
    name: &str,
    finding: &Finding,
    region: Region,
    related: Option<(Region, &str)>,
    index: Option<usize>,
) -> Value {
    let mut text = finding.message.clone();
    let answer = finding.status.as_ref().map(|status| &status.message);
    for more in finding.help.iter().chain(answer) {
        let end = if text.ends_with(['.', '?', '!']) {
            " "
        } else {
            ". "
        };
        text.push_str(end);
        text.push_str(more);
    }
    let mut result = json!({
        "ruleId": finding.code,
        "level": finding.severity.name(),
        "message": { "text": text },
        "locations": [{ "physicalLocation": location(name, region) }],
    });
    if let Some(index) = index {
        result["ruleIndex"] = json!(index);
    }
    if let Some((region, label)) = related {
        result["relatedLocations"] = json!([{
            "message": { "text": label },
            "physicalLocation": location(name, region),
        }]);
    }
    result
}

fn location(name: &str, region: Region) -> Value {
    let uri = utf8_percent_encode(name, NOT_IN_PATH).to_string();
    json!({
        "artifactLocation": { "uri": uri },
        "region": {
            "startLine": region.line,
            "startColumn": region.column,
            "endLine": region.end_line,
            "endColumn": region.end_column,
        },
    })
}
