//! TestNG XML (reference §8.2).

use std::io::BufRead;

use super::cases::Tests;
use super::junit::{append, tidy};
use super::xml::{self, Element, Handler};
use super::{ReportError, Source};
use crate::model::{TestCase, TestStatus};

/// Reads a report into `tests`; methods that only configure are no tests.
pub(super) fn read(
    input: &mut dyn BufRead,
    source: Source<'_>,
    tests: &mut Tests,
) -> Result<(), ReportError> {
    let mut handler = TestNg {
        source,
        tests,
        test: None,
        class: None,
        case: None,
        in_message: false,
    };
    xml::walk(input, &["testng-results"], &mut handler)
}

struct TestNg<'a> {
    source: Source<'a>,
    tests: &'a mut Tests,
    test: Option<String>,
    class: Option<String>,
    case: Option<TestCase>,
    in_message: bool,
}

impl Handler for TestNg<'_> {
    fn open(&mut self, element: &Element<'_>, parent: &str) {
        match element.name() {
            "test" => self.test = element.attribute("name"),
            "class" => self.class = element.attribute("name"),
            "test-method" if element.attribute("is-config").as_deref() != Some("true") => {
                let millis = element.number("duration-ms").unwrap_or_default();
                self.case = Some(TestCase {
                    name: element.attribute("name").unwrap_or_default(),
                    prefix: self.class.clone(),
                    test_suite_name: self.test.clone(),
                    status: match element.attribute("status").as_deref() {
                        Some("PASS") => TestStatus::Succeeded,
                        Some("FAIL") => TestStatus::Failed,
                        Some("SKIP") => TestStatus::Skipped,
                        _ => TestStatus::Unknown,
                    },
                    duration_in_nano_seconds: millis.saturating_mul(1_000_000),
                    message: None,
                    test_raw_data_path: self.source.0.to_owned(),
                });
            }
            "message" => self.in_message = parent == "exception",
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let (true, Some(case)) = (self.in_message, &mut self.case) {
            append(&mut case.message, text);
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "test-method" => {
                if let Some(mut case) = self.case.take() {
                    case.message = tidy(case.message);
                    self.tests.push(case);
                }
            }
            "message" => self.in_message = false,
            _ => {}
        }
    }
}
