//! JUnit XML, as some hundred tools write it (reference §8.2, §8.3).

use std::io::BufRead;

use super::cases::Tests;
use super::open_case::{append, tidy};
use super::xml::{self, Element, Handler};
use super::{ReportError, Source};
use crate::model::{TestCase, TestStatus};

/// Reads a report into `tests`.
pub(super) fn read(
    input: &mut dyn BufRead,
    source: Source<'_>,
    tests: &mut Tests,
) -> Result<(), ReportError> {
    let mut handler = JUnit {
        source,
        tests,
        suites: Vec::new(),
        attributes: String::new(),
        case: None,
        in_outcome: false,
    };
    xml::walk(input, &["testsuite", "testsuites"], &mut handler)
}

struct JUnit<'a> {
    source: Source<'a>,
    tests: &'a mut Tests,
    /// The names of the open suites.
    suites: Vec<Option<String>>,
    /// The open case's attributes: most cases are only counted, so they are read when it is known which are kept.
    attributes: String,
    /// How the open case went so far, and why.
    case: Option<(TestStatus, Option<String>)>,
    /// Whether a child is open that says how the case went.
    in_outcome: bool,
}

impl Handler for JUnit<'_> {
    fn open(&mut self, element: &Element<'_>, parent: &str) {
        match element.name() {
            "testsuite" => {
                let name = element.attribute("name").filter(|name| !name.is_empty());
                self.suites.push(name);
            }
            "testcase" => {
                self.attributes.clear();
                self.attributes.push_str(element.attributes());
                self.case = Some((TestStatus::Succeeded, None));
            }
            name if parent == "testcase" => {
                let status = match name {
                    "failure" => TestStatus::Failed,
                    "error" => TestStatus::Error,
                    "skipped" => TestStatus::Skipped,
                    _ => return,
                };
                let Some(case) = &mut self.case else { return };
                if rank(status) <= rank(case.0) {
                    return;
                }
                let message = element.attribute("message").filter(|text| !text.is_empty());
                *case = (status, message);
                self.in_outcome = true;
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let (true, Some((_, message))) = (self.in_outcome, &mut self.case) {
            append(message, text);
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "testsuite" => {
                self.suites.pop();
            }
            "testcase" => {
                if let Some((status, message)) = self.case.take() {
                    self.take(status, message);
                }
            }
            "failure" | "error" | "skipped" => self.in_outcome = false,
            _ => {}
        }
    }
}

impl JUnit<'_> {
    /// Takes in the case that has ended.
    fn take(&mut self, status: TestStatus, message: Option<String>) {
        let element = Element::kept(&self.attributes);
        let duration_in_nano_seconds = element.seconds("time");
        if !self.tests.has_room(status) {
            self.tests.summary.add(status, duration_in_nano_seconds);
            return;
        }
        self.tests.push(TestCase {
            name: element.attribute("name").unwrap_or_default(),
            prefix: element.attribute("classname"),
            test_suite_name: self.suites.iter().rev().flatten().next().cloned(),
            status,
            duration_in_nano_seconds,
            message: tidy(message),
            test_raw_data_path: self.source.0.to_owned(),
        });
    }
}

/// Of several children the worst says how a case went.
fn rank(status: TestStatus) -> u8 {
    match status {
        TestStatus::Succeeded | TestStatus::Unknown => 0,
        TestStatus::Skipped => 1,
        TestStatus::Error => 2,
        TestStatus::Failed => 3,
    }
}
