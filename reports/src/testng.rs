//! TestNG XML (reference §8.2).

use crate::cases::Tests;
use crate::input::Input;
use crate::open_case::OpenCase;
use crate::xml::{self, Element, Handler};
use crate::{ReportError, Source};
use crate::{TestCase, TestStatus};

/// Reads a report into `tests`; methods that only configure are no tests.
pub(crate) fn read(
    input: &mut Input<'_>,
    source: Source<'_>,
    tests: &mut Tests,
) -> Result<(), ReportError> {
    let mut handler = TestNg {
        source,
        tests,
        test: None,
        class: None,
        case: OpenCase::None,
    };
    xml::walk(input, &["testng-results"], &mut handler)
}

struct TestNg<'a> {
    source: Source<'a>,
    tests: &'a mut Tests,
    test: Option<String>,
    class: Option<String>,
    case: OpenCase,
}

impl Handler for TestNg<'_> {
    fn open(&mut self, element: &Element<'_>, parent: &str) {
        match element.name() {
            "test" => self.test = element.attribute("name"),
            "class" => self.class = element.attribute("name"),
            "test-method" if element.attribute("is-config").as_deref() != Some("true") => {
                let millis = element.number("duration-ms").unwrap_or_default();
                self.case.open(TestCase {
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
            "message" => self.case.message(parent == "exception"),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        self.case.text(text);
    }

    fn close(&mut self, name: &str) {
        match name {
            "test-method" => self.case.close(self.tests),
            "message" => self.case.message(false),
            _ => {}
        }
    }
}
