//! LCOV tracefiles. CodeBuild does not read them; `understudy report` does.

use std::collections::BTreeMap;
use std::io::{BufRead, Read as _};

use super::{Coverage, ReportError};
use crate::model::CoverageSummary;

/// The longest line, in bytes; only function names are long.
const LONGEST: u64 = 1024 * 1024;

/// What one source file has: lines by number, branches by line, block and number, each with its hits.
#[derive(Default)]
struct Hits {
    lines: BTreeMap<u64, u64>,
    branches: BTreeMap<(u64, u64, u64), u64>,
}

/// Reads a tracefile; several records of one file are added up.
pub(super) fn read(input: &mut dyn BufRead, coverage: &mut Coverage) -> Result<(), ReportError> {
    let mut files: BTreeMap<String, Hits> = BTreeMap::new();
    let mut file: Option<String> = None;
    let mut line = Vec::new();
    let mut offset = 0;
    let mut is_tracefile = false;
    loop {
        line.clear();
        let read = (&mut *input)
            .take(LONGEST)
            .read_until(b'\n', &mut line)
            .map_err(|error| ReportError::Content(error.to_string()))?;
        if read == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        let (tag, rest) = text.split_once(':').unwrap_or((text, ""));
        match tag {
            "SF" => {
                is_tracefile = true;
                files.entry(rest.to_owned()).or_default();
                file = Some(rest.to_owned());
            }
            "end_of_record" => file = None,
            "DA" | "BRDA" => {
                let hits = file.as_ref().and_then(|file| files.get_mut(file));
                let taken = hits.and_then(|hits| add(tag, rest, hits));
                if taken.is_none() {
                    let reason = format!("`{tag}` is not as in a tracefile, or outside a record");
                    return Err(ReportError::Syntax { offset, reason });
                }
            }
            _ => {}
        }
        offset += read as u64;
    }
    if !is_tracefile {
        return Err(ReportError::Content("there is no `SF:` line".into()));
    }
    for (path, hits) in files {
        let count = |covered: usize, all: usize| (covered as u64, (all - covered) as u64);
        let covered = |values: &mut dyn Iterator<Item = &u64>| values.filter(|n| **n > 0).count();
        let lines = count(covered(&mut hits.lines.values()), hits.lines.len());
        let branches = count(covered(&mut hits.branches.values()), hits.branches.len());
        let summary = CoverageSummary {
            lines_covered: lines.0,
            lines_missed: lines.1,
            branches_covered: branches.0,
            branches_missed: branches.1,
        };
        coverage.add(path, summary);
    }
    Ok(())
}

/// Adds `line,hits` of a `DA`, or `line,block,branch,taken` of a `BRDA`.
fn add(tag: &str, rest: &str, hits: &mut Hits) -> Option<()> {
    let mut fields = rest.split(',');
    let line = fields.next()?.trim().parse().ok()?;
    if tag == "DA" {
        // Negative and fractional counts occur in the wild; they say whether, not how often.
        let count: f64 = fields.next()?.trim().parse().ok()?;
        let entry = hits.lines.entry(line).or_default();
        *entry = entry.saturating_add(u64::from(count > 0.0));
        return Some(());
    }
    // An `e` marks a branch of an exception.
    let block = fields.next()?.trim().trim_start_matches('e').parse().ok()?;
    let branch = fields.next()?.trim().parse().ok()?;
    let taken: u64 = match fields.next()?.trim() {
        "-" => 0,
        count => count.parse().ok()?,
    };
    let entry = hits.branches.entry((line, block, branch)).or_default();
    *entry = entry.saturating_add(taken);
    Some(())
}
