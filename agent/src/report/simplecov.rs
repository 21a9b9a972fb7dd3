//! SimpleCov's `.resultset.json` (reference §8.2, §8.7).

use std::collections::BTreeMap;
use std::io::BufRead;

use serde::Deserialize;
use serde_json::Value;

use super::{Coverage, ReportError};
use crate::model::CoverageSummary;

/// The coverage of one file by one command.
#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    /// Since version 0.18.
    Named {
        lines: Vec<Value>,
        #[serde(default)]
        branches: Branches,
    },
    /// As some formatters write it.
    Listed {
        lines: Vec<Value>,
        branches: Vec<Branch>,
    },
    /// Before.
    Bare(Vec<Value>),
}

/// Condition → branch → hits.
type Branches = BTreeMap<String, BTreeMap<String, Value>>;

#[derive(Deserialize)]
struct Branch {
    coverage: Value,
}

#[derive(Deserialize)]
struct Command {
    coverage: BTreeMap<String, File>,
}

/// Hits of each line, `None` where there is nothing to run, and of each branch.
#[derive(Default)]
struct Hits {
    lines: Vec<Option<u64>>,
    branches: BTreeMap<(String, String), u64>,
}

/// Reads a report; what several commands say of one file is added up.
pub(super) fn read(input: &mut dyn BufRead, coverage: &mut Coverage) -> Result<(), ReportError> {
    let failed = |error: serde_json::Error| ReportError::Content(error.to_string());
    let root: BTreeMap<String, Value> = serde_json::from_reader(input).map_err(failed)?;
    let mut files: BTreeMap<String, Hits> = BTreeMap::new();
    let commands: Vec<Value> = if root.contains_key("coverage") {
        vec![Value::Object(root.into_iter().collect())]
    } else {
        root.into_values().collect()
    };
    for command in commands {
        let command: Command = serde_json::from_value(command).map_err(failed)?;
        for (path, file) in command.coverage {
            let hits = files.entry(path).or_default();
            let (lines, branches) = match file {
                File::Named { lines, branches } => (lines, branches),
                File::Bare(lines) => (lines, Branches::new()),
                File::Listed { lines, branches } => {
                    let ways = branches.into_iter().map(|branch| branch.coverage);
                    let ways = ways.enumerate();
                    let ways = ways.map(|(number, count)| (number.to_string(), count));
                    (lines, Branches::from([(String::new(), ways.collect())]))
                }
            };
            add(hits, &lines, branches);
        }
    }
    for (path, hits) in files {
        let mut summary = CoverageSummary::default();
        for count in hits.lines.into_iter().flatten() {
            match count {
                0 => summary.lines_missed += 1,
                _ => summary.lines_covered += 1,
            }
        }
        for count in hits.branches.into_values() {
            match count {
                0 => summary.branches_missed += 1,
                _ => summary.branches_covered += 1,
            }
        }
        coverage.add(path, summary);
    }
    Ok(())
}

fn add(hits: &mut Hits, lines: &[Value], branches: Branches) {
    if hits.lines.len() < lines.len() {
        hits.lines.resize(lines.len(), None);
    }
    for (known, count) in hits.lines.iter_mut().zip(lines) {
        if let Some(count) = count.as_u64() {
            *known = Some(known.unwrap_or_default().saturating_add(count));
        }
    }
    for (condition, ways) in branches {
        for (branch, count) in ways {
            let entry = hits
                .branches
                .entry((condition.clone(), branch))
                .or_default();
            *entry = entry.saturating_add(count.as_u64().unwrap_or_default());
        }
    }
}
