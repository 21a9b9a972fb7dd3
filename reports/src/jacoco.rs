//! JaCoCo XML (reference §8.7).

use crate::CoverageSummary;
use crate::input::Input;
use crate::xml::{self, Element, Handler};
use crate::{Coverage, ReportError};

/// Reads a report: the counters of each source file.
pub(crate) fn read(input: &mut Input<'_>, coverage: &mut Coverage) -> Result<(), ReportError> {
    let mut handler = JaCoCo {
        coverage,
        package: String::new(),
        file: None,
    };
    xml::walk(input, &["report"], &mut handler)
}

struct JaCoCo<'a> {
    coverage: &'a mut Coverage,
    package: String,
    file: Option<(String, CoverageSummary)>,
}

impl Handler for JaCoCo<'_> {
    fn open(&mut self, element: &Element<'_>, parent: &str) {
        match element.name() {
            "package" => self.package = element.attribute("name").unwrap_or_default(),
            "sourcefile" => {
                let name = element.attribute("name").unwrap_or_default();
                let path = match self.package.as_str() {
                    "" => name,
                    package => format!("{package}/{name}"),
                };
                self.file = Some((path, CoverageSummary::default()));
            }
            "counter" if parent == "sourcefile" => {
                let Some((_, summary)) = &mut self.file else {
                    return;
                };
                let covered = element.number("covered").unwrap_or_default();
                let missed = element.number("missed").unwrap_or_default();
                match element.attribute("type").as_deref() {
                    Some("LINE") => {
                        summary.lines_covered = covered;
                        summary.lines_missed = missed;
                    }
                    Some("BRANCH") => {
                        summary.branches_covered = covered;
                        summary.branches_missed = missed;
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        if name == "sourcefile"
            && let Some((path, summary)) = self.file.take()
        {
            self.coverage.add(path, summary);
        }
    }
}
