//! Clover XML, as Clover, Istanbul and `PHPUnit` write it (reference §8.7).

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{Coverage, ReportError};
use crate::model::{CoverageSummary, FileCoverage};

/// Reads a report.
///
/// A file's own `metrics` count (statements and conditionals); where it has none, its `line` elements do.
pub(super) fn read(content: &[u8]) -> Result<Coverage, ReportError> {
    let mut reader = Reader::from_reader(content);
    reader.config_mut().check_end_names = true;
    let mut coverage = Coverage::default();
    let mut open: Vec<String> = Vec::new();
    let mut file: Option<OpenFile> = None;
    let mut seen_root = false;
    loop {
        let at = reader.buffer_position();
        let syntax = |reason: String| ReportError::Syntax { offset: at, reason };
        match reader
            .read_event()
            .map_err(|error| syntax(error.to_string()))?
        {
            Event::Start(element) => {
                if open.is_empty() {
                    root(&element, seen_root, at)?;
                    seen_root = true;
                }
                begin(&element, &open, &mut file);
                open.push(element.name().as_ref().to_owned());
            }
            Event::Empty(element) => {
                if open.is_empty() {
                    root(&element, seen_root, at)?;
                    seen_root = true;
                }
                begin(&element, &open, &mut file);
                if element.name().as_ref() == "file" {
                    coverage.files.extend(file.take().map(OpenFile::finish));
                }
            }
            Event::End(element) => {
                open.pop();
                if element.name().as_ref() == "file" {
                    coverage.files.extend(file.take().map(OpenFile::finish));
                }
            }
            Event::Eof if !seen_root => return Err(syntax("there is no element".into())),
            Event::Eof if !open.is_empty() => return Err(syntax("the file ends too early".into())),
            Event::Eof => return Ok(coverage),
            _ => {}
        }
    }
}

fn root(element: &BytesStart<'_>, seen: bool, offset: u64) -> Result<(), ReportError> {
    if seen {
        let reason = "there is a second root element".into();
        return Err(ReportError::Syntax { offset, reason });
    }
    match element.name().as_ref() {
        "coverage" => Ok(()),
        other => Err(ReportError::Root {
            expected: "coverage",
            found: other.to_owned(),
        }),
    }
}

#[derive(Default)]
struct OpenFile {
    path: String,
    metrics: Option<CoverageSummary>,
    lines: CoverageSummary,
}

impl OpenFile {
    fn finish(self) -> FileCoverage {
        FileCoverage {
            file_path: self.path,
            summary: self.metrics.unwrap_or(self.lines),
        }
    }
}

fn begin(element: &BytesStart<'_>, open: &[String], file: &mut Option<OpenFile>) {
    match (element.name().as_ref(), &mut *file) {
        ("file", _) => {
            let path = text(element, "path")
                .or_else(|| text(element, "name"))
                .unwrap_or_default();
            *file = Some(OpenFile {
                path,
                ..OpenFile::default()
            });
        }
        // A class within the file has metrics of its own; only the file's direct child counts.
        ("metrics", Some(file)) if open.last().is_some_and(|parent| parent == "file") => {
            file.metrics = metrics(element);
        }
        ("line", Some(file)) => line(element, &mut file.lines),
        _ => {}
    }
}

fn metrics(element: &BytesStart<'_>) -> Option<CoverageSummary> {
    let covered = number(element, "coveredstatements")?;
    let branches_covered = number(element, "coveredconditionals").unwrap_or(0);
    Some(CoverageSummary {
        lines_covered: covered,
        lines_missed: number(element, "statements")?.saturating_sub(covered),
        branches_covered,
        branches_missed: number(element, "conditionals")
            .unwrap_or(0)
            .saturating_sub(branches_covered),
    })
}

fn line(element: &BytesStart<'_>, summary: &mut CoverageSummary) {
    if text(element, "type").as_deref() == Some("cond") {
        for side in ["truecount", "falsecount"] {
            match number(element, side) {
                Some(0) | None => summary.branches_missed += 1,
                Some(_) => summary.branches_covered += 1,
            }
        }
    } else {
        match number(element, "count") {
            Some(0) | None => summary.lines_missed += 1,
            Some(_) => summary.lines_covered += 1,
        }
    }
}

fn text(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = element.try_get_attribute(name).ok()??;
    let raw = attribute.value;
    Some(quick_xml::escape::unescape(&raw).map_or_else(|_| raw.to_string(), String::from))
}

fn number(element: &BytesStart<'_>, name: &str) -> Option<u64> {
    text(element, name)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISTANBUL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<coverage generated="1" clover="3.2.0"><project timestamp="1" name="All files">
  <metrics statements="9" coveredstatements="8" conditionals="4" coveredconditionals="3"/>
  <package name="src"><metrics statements="9" coveredstatements="8" conditionals="4" coveredconditionals="3"/>
    <file name="a.ts" path="/src/a &amp; b.ts">
      <metrics statements="3" coveredstatements="2" conditionals="4" coveredconditionals="3" methods="1" coveredmethods="1"/>
      <line num="1" count="0" type="stmt"/>
    </file>
    <file name="c.php"><class name="C"><metrics statements="99" coveredstatements="99"/></class>
      <line num="1" count="2" type="method"/><line num="2" count="0" type="stmt"/>
      <line num="3" type="cond" truecount="1" falsecount="0"/>
    </file>
    <file name="empty.ts"/>
  </package></project></coverage>"#;

    // Reference §8.7.
    #[test]
    fn a_files_own_metrics_count_and_lines_only_without_them() {
        let coverage = read(ISTANBUL.as_bytes()).unwrap();
        let figures: Vec<_> = coverage
            .files
            .iter()
            .map(|file| {
                let s = file.summary;
                (
                    file.file_path.as_str(),
                    [
                        s.lines_covered,
                        s.lines_missed,
                        s.branches_covered,
                        s.branches_missed,
                    ],
                )
            })
            .collect();
        assert_eq!(
            figures,
            [
                ("/src/a & b.ts", [2, 1, 3, 1]),
                ("c.php", [1, 1, 1, 1]),
                ("empty.ts", [0, 0, 0, 0])
            ]
        );
    }

    // Reference §2.9, the UPLOAD_ARTIFACTS row of a wrong root element.
    #[test]
    fn another_root_is_told_in_codebuilds_words() {
        let error = read(b"<testsuites/>").unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected element type <coverage> but have <testsuites>"
        );
    }

    #[test]
    fn cut_off_or_empty_files_are_errors() {
        for content in [
            "",
            "<coverage><project>",
            "<coverage></project>",
            "<coverage/><coverage/>",
        ] {
            assert!(
                matches!(read(content.as_bytes()), Err(ReportError::Syntax { .. })),
                "{content}"
            );
        }
    }
}
