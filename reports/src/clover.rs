//! Clover XML, as Clover, Istanbul and `PHPUnit` write it (reference §8.7).

use crate::CoverageSummary;
use crate::input::Input;
use crate::xml::{self, Element, Handler};
use crate::{Coverage, ReportError};

/// Reads a report.
///
/// A file's own `metrics` count (statements and conditionals); where it has none, its `line` elements do.
pub(crate) fn read(input: &mut Input<'_>, coverage: &mut Coverage) -> Result<(), ReportError> {
    let mut handler = Clover {
        coverage,
        file: None,
    };
    xml::walk(input, &["coverage"], &mut handler)
}

struct Clover<'a> {
    coverage: &'a mut Coverage,
    file: Option<OpenFile>,
}

#[derive(Default)]
struct OpenFile {
    path: String,
    metrics: Option<CoverageSummary>,
    lines: CoverageSummary,
}

impl Handler for Clover<'_> {
    fn open(&mut self, element: &Element<'_>, parent: &str) {
        match (element.name(), &mut self.file) {
            ("file", _) => {
                let path = element
                    .attribute("path")
                    .or_else(|| element.attribute("name"))
                    .unwrap_or_default();
                self.file = Some(OpenFile {
                    path,
                    ..OpenFile::default()
                });
            }
            // A class within the file has metrics of its own; only the file's direct child counts.
            ("metrics", Some(file)) if parent == "file" => file.metrics = metrics(element),
            ("line", Some(file)) => line(element, &mut file.lines),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        if name == "file"
            && let Some(file) = self.file.take()
        {
            let summary = file.metrics.unwrap_or(file.lines);
            self.coverage.add(file.path, summary);
        }
    }
}

fn metrics(element: &Element<'_>) -> Option<CoverageSummary> {
    let covered = element.number("coveredstatements")?;
    let branches_covered = element.number("coveredconditionals").unwrap_or(0);
    Some(CoverageSummary {
        lines_covered: covered,
        lines_missed: element.number("statements")?.saturating_sub(covered),
        branches_covered,
        branches_missed: element
            .number("conditionals")
            .unwrap_or(0)
            .saturating_sub(branches_covered),
    })
}

fn line(element: &Element<'_>, summary: &mut CoverageSummary) {
    if element.is("type", "cond") {
        for side in ["truecount", "falsecount"] {
            match element.number(side) {
                Some(0) | None => summary.branches_missed += 1,
                Some(_) => summary.branches_covered += 1,
            }
        }
    } else {
        match element.number("count") {
            Some(0) | None => summary.lines_missed += 1,
            Some(_) => summary.lines_covered += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Report, ReportError, read};

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

    fn coverage(content: &str) -> Result<super::Coverage, ReportError> {
        match read("CLOVERXML", "clover.xml", &mut content.as_bytes())? {
            Report::Coverage(coverage) => Ok(coverage),
            Report::Tests(_) => panic!("coverage, not tests"),
        }
    }

    // Reference §8.7.
    #[test]
    fn a_files_own_metrics_count_and_lines_only_without_them() {
        let coverage = coverage(ISTANBUL).unwrap();
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
        let error = coverage("<testsuites/>").unwrap_err();
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
            assert!(coverage(content).is_err(), "{content}");
        }
    }
}
