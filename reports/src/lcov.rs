//! LCOV tracefiles. CodeBuild does not read them; `understudy report` does.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead as _, Read as _};

use crate::input::Input;
use crate::places::{Files, OpenFile};
use crate::text::beginning;
use crate::window::unreadable;
use crate::{Coverage, ReportError};

/// The longest line, in bytes; only function names are long.
const LONGEST: u64 = 1024 * 1024;

/// Reads a tracefile, one record at a time; several of one file are added up.
pub(crate) fn read(input: &mut Input<'_>, coverage: &mut Coverage) -> Result<(), ReportError> {
    let mut files = Files::default();
    let mut record: Option<(String, OpenFile)> = None;
    let mut bytes = Vec::new();
    let mut number = 0;
    let mut is_tracefile = false;
    loop {
        bytes.clear();
        number += 1;
        let line = (&mut *input).take(LONGEST).read_until(b'\n', &mut bytes);
        if line.map_err(unreadable)? == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_end();
        let (tag, rest) = text.split_once(':').unwrap_or((text, ""));
        match tag {
            "SF" | "end_of_record" => {
                if let Some((path, file)) = record.take() {
                    files.add(&path, file);
                }
                if tag == "SF" {
                    is_tracefile = true;
                    record = Some((beginning(rest).to_owned(), OpenFile::default()));
                }
            }
            "DA" | "BRDA" => {
                let file = record.as_mut().map(|(_, file)| file);
                if file.and_then(|file| add(tag, rest, file)).is_none() {
                    return Err(ReportError::Syntax {
                        line: number,
                        reason: format!("`{tag}` is not as in a tracefile, or outside a record"),
                    });
                }
            }
            _ => {}
        }
    }
    if !is_tracefile {
        return Err(ReportError::Content("there is no `SF:` line".into()));
    }
    if let Some((path, file)) = record {
        files.add(&path, file);
    }
    files.finish(coverage)
}

/// Adds `line,hits` of a `DA`, or `line,block,branch,taken` of a `BRDA`.
fn add(tag: &str, rest: &str, file: &mut OpenFile) -> Option<()> {
    let mut fields = rest.split(',');
    let line: u32 = fields.next()?.trim().parse().ok()?;
    if tag == "DA" {
        // Negative and fractional counts occur in the wild; they say whether, not how often.
        let count: f64 = fields.next()?.trim().parse().ok()?;
        file.lines.mark(line.into(), count > 0.0);
        return Some(());
    }
    // An `e` marks a branch of an exception.
    let block = fields.next()?.trim().trim_start_matches('e').parse().ok()?;
    let branch = fields.next()?.trim().parse().ok()?;
    let is_taken = match fields.next()?.trim() {
        "-" => false,
        count => count.parse::<f64>().ok()? > 0.0,
    };
    file.branches.mark(key(line, block, branch), is_taken);
    Some(())
}

/// Returns a branch's key: beside that of its neighbour, as long as its numbers are as small as they should be.
fn key(line: u32, block: u64, branch: u64) -> u64 {
    if block < 1 << 12 && branch < 1 << 12 {
        return u64::from(line) << 24 | block << 12 | branch;
    }
    let mut hasher = DefaultHasher::new();
    (line, block, branch).hash(&mut hasher);
    // Above all keys that are made of small numbers; a mark has a bit besides.
    hasher.finish() >> 2 | 1 << 62
}
