//! NUnit 2 and NUnit 3 XML (reference §8.2, §8.3).

use crate::cases::Tests;
use crate::input::Input;
use crate::open_case::OpenCase;
use crate::xml::{self, Element, Handler};
use crate::{ReportError, Source};
use crate::{TestCase, TestStatus};

/// Reads a report of NUnit 2 into `tests`.
pub(crate) fn read_2(
    input: &mut Input<'_>,
    source: Source<'_>,
    tests: &mut Tests,
) -> Result<(), ReportError> {
    let mut handler = NUnit::new(Dialect::Two, source, tests);
    xml::walk(input, &["test-results"], &mut handler)
}

/// Reads a report of NUnit 3 into `tests`.
pub(crate) fn read_3(
    input: &mut Input<'_>,
    source: Source<'_>,
    tests: &mut Tests,
) -> Result<(), ReportError> {
    let mut handler = NUnit::new(Dialect::Three, source, tests);
    xml::walk(input, &["test-run"], &mut handler)
}

#[derive(Clone, Copy)]
enum Dialect {
    Two,
    Three,
}

struct NUnit<'a> {
    dialect: Dialect,
    source: Source<'a>,
    tests: &'a mut Tests,
    suites: Vec<Option<String>>,
    case: OpenCase,
}

impl<'a> NUnit<'a> {
    fn new(dialect: Dialect, source: Source<'a>, tests: &'a mut Tests) -> Self {
        Self {
            dialect,
            source,
            tests,
            suites: Vec::new(),
            case: OpenCase::None,
        }
    }

    fn case(&self, element: &Element<'_>) -> TestCase {
        let name = element.attribute("name").unwrap_or_default();
        let (name, prefix, status, time) = match self.dialect {
            Dialect::Two => {
                // The full name; what stands before its last part is the fixture (§8.3).
                let end = name.find(['(', '"']).unwrap_or(name.len());
                let before = name.get(..end).unwrap_or_default();
                let prefix = before.rsplit_once('.').map(|(prefix, _)| prefix.to_owned());
                (name, prefix, status_2(element), "time")
            }
            Dialect::Three => {
                let full = element.attribute("fullname").unwrap_or(name);
                let prefix = element.attribute("classname");
                (full, prefix, status_3(element), "duration")
            }
        };
        TestCase {
            name,
            prefix,
            test_suite_name: self.suites.iter().rev().flatten().next().cloned(),
            status,
            duration_in_nano_seconds: element.seconds(time),
            message: None,
            test_raw_data_path: self.source.0.to_owned(),
        }
    }
}

impl Handler for NUnit<'_> {
    fn open(&mut self, element: &Element<'_>, parent: &str) {
        match element.name() {
            "test-suite" => self.suites.push(element.attribute("name")),
            "test-case" => self.case.open(self.case(element)),
            "message" => self.case.message(matches!(parent, "failure" | "reason")),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        self.case.text(text);
    }

    fn close(&mut self, name: &str) {
        match name {
            "test-suite" => {
                self.suites.pop();
            }
            "test-case" => self.case.close(self.tests),
            "message" => self.case.message(false),
            _ => {}
        }
    }
}

fn status_2(element: &Element<'_>) -> TestStatus {
    let given = |name| {
        element
            .attribute(name)
            .map(|text: String| text.to_ascii_lowercase())
    };
    if let Some(result) = given("result") {
        return match result.as_str() {
            "success" => TestStatus::Succeeded,
            "failure" => TestStatus::Failed,
            "error" => TestStatus::Error,
            "ignored" | "skipped" | "notrunnable" => TestStatus::Skipped,
            _ => TestStatus::Unknown,
        };
    }
    match (given("executed").as_deref(), given("success").as_deref()) {
        (Some("false"), _) => TestStatus::Skipped,
        (_, Some("true")) => TestStatus::Succeeded,
        (_, Some("false")) => TestStatus::Failed,
        _ => TestStatus::Unknown,
    }
}

fn status_3(element: &Element<'_>) -> TestStatus {
    let label = element.attribute("label");
    match element.attribute("result").as_deref() {
        Some("Passed" | "Warning") => TestStatus::Succeeded,
        Some("Failed") if label.as_deref() == Some("Error") => TestStatus::Error,
        Some("Failed") => TestStatus::Failed,
        Some("Skipped") => TestStatus::Skipped,
        _ => TestStatus::Unknown,
    }
}
