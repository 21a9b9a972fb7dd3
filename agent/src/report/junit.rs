//! JUnit XML, as some hundred tools write it (reference §8.2, §8.3).

use std::io::BufRead;

use super::cases::{Tests, nano_seconds};
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
        case: None,
        outcome: None,
    };
    xml::walk(input, &["testsuite", "testsuites"], &mut handler)
}

struct JUnit<'a> {
    source: Source<'a>,
    tests: &'a mut Tests,
    /// The names of the open suites.
    suites: Vec<Option<String>>,
    case: Option<TestCase>,
    /// The open child of a case that says how it went.
    outcome: Option<TestStatus>,
}

impl Handler for JUnit<'_> {
    fn open(&mut self, element: &Element<'_>, parent: &str) {
        match element.name() {
            "testsuite" => {
                let name = element.attribute("name").filter(|name| !name.is_empty());
                self.suites.push(name);
            }
            "testcase" => {
                let time = element.attribute("time");
                self.case = Some(TestCase {
                    name: element.attribute("name").unwrap_or_default(),
                    prefix: element.attribute("classname"),
                    test_suite_name: self.suites.iter().rev().flatten().next().cloned(),
                    status: TestStatus::Succeeded,
                    duration_in_nano_seconds: nano_seconds(time.as_deref()),
                    message: None,
                    test_raw_data_path: self.source.0.to_owned(),
                });
            }
            name if parent == "testcase" => {
                let status = match name {
                    "failure" => TestStatus::Failed,
                    "error" => TestStatus::Error,
                    "skipped" => TestStatus::Skipped,
                    _ => return,
                };
                let Some(case) = &mut self.case else { return };
                if rank(status) <= rank(case.status) {
                    return;
                }
                case.status = status;
                case.message = element.attribute("message").filter(|text| !text.is_empty());
                self.outcome = Some(status);
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let (Some(_), Some(case)) = (self.outcome, &mut self.case) {
            append(&mut case.message, text);
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "testsuite" => {
                self.suites.pop();
            }
            "testcase" => {
                if let Some(mut case) = self.case.take() {
                    case.message = tidy(case.message);
                    self.tests.push(case);
                }
            }
            "failure" | "error" | "skipped" => self.outcome = None,
            _ => {}
        }
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

/// Adds a piece of text to a message, which stays within what is kept.
pub(super) fn append(message: &mut Option<String>, text: &str) {
    /// Longer than what is kept, in bytes of any alphabet.
    const ENOUGH: usize = 32 * 1024;
    let message = message.get_or_insert_default();
    if message.len() < ENOUGH {
        if !message.is_empty() && message.ends_with(|c: char| c != '\n') && text.starts_with('\n') {
            message.push('\n');
        }
        let cut = text.floor_char_boundary(ENOUGH);
        message.push_str(text.get(..cut).unwrap_or_default());
    }
}

/// Returns a message without blank ends; nothing if that is all of it.
pub(super) fn tidy(message: Option<String>) -> Option<String> {
    let message = message?;
    let bare = message.trim();
    (!bare.is_empty()).then(|| bare.to_owned())
}
