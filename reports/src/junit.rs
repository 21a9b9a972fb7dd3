//! JUnit XML, as some hundred tools write it (reference §8.2, §8.3).

use crate::cases::Tests;
use crate::input::Input;
use crate::text::{append, tidy};
use crate::xml::{self, Element, Handler};
use crate::{ReportError, Source, TestCase, TestStatus};

/// Reads a report into `tests`.
pub(crate) fn read(
    input: &mut Input<'_>,
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
    /// How the open case went so far.
    case: Option<Outcome>,
    /// Whether a child is open that says why the case went so.
    in_outcome: bool,
}

/// How a case went, and why: in an attribute, in a text, or in both.
#[derive(Default)]
struct Outcome {
    told: Told,
    message: Option<String>,
    text: Option<String>,
}

/// What the children of a case tell. Of several the worst counts; a later one weighs more here.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    #[default]
    Nothing,
    /// It failed, and passed when it was run again, as Maven's Surefire writes it.
    Retried,
    Skipped,
    Error,
    Failure,
}

impl Told {
    fn status(self) -> TestStatus {
        match self {
            Self::Nothing | Self::Retried => TestStatus::Succeeded,
            Self::Skipped => TestStatus::Skipped,
            Self::Error => TestStatus::Error,
            Self::Failure => TestStatus::Failed,
        }
    }
}

impl Handler for JUnit<'_> {
    fn open(&mut self, element: &Element<'_>, parent: &str) {
        match element.name() {
            "testcase" => {
                self.attributes.clear();
                self.attributes.push_str(element.attributes());
                self.case = Some(Outcome::default());
            }
            "testsuite" => {
                let name = element.attribute("name").filter(|name| !name.is_empty());
                self.suites.push(name);
            }
            name if parent == "testcase" => self.open_outcome(name, element),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let (true, Some(case)) = (self.in_outcome, &mut self.case) {
            append(&mut case.text, text);
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "testcase" => {
                if let Some(outcome) = self.case.take() {
                    self.take(outcome);
                }
            }
            "testsuite" => {
                self.suites.pop();
            }
            "failure" | "error" | "skipped" | "flakyFailure" | "flakyError" => {
                self.in_outcome = false;
            }
            _ => {}
        }
    }
}

impl JUnit<'_> {
    fn open_outcome(&mut self, name: &str, element: &Element<'_>) {
        let told = match name {
            "failure" => Told::Failure,
            "error" => Told::Error,
            "skipped" => Told::Skipped,
            "flakyFailure" | "flakyError" => Told::Retried,
            _ => return,
        };
        let Some(case) = &mut self.case else { return };
        if told <= case.told {
            return;
        }
        *case = Outcome {
            told,
            ..Outcome::default()
        };
        // Beyond the cases that are kept nobody will read why.
        if self.tests.has_room(told.status()) {
            case.message = element.attribute("message");
            self.in_outcome = true;
        }
    }

    /// Takes in the case that has ended.
    fn take(&mut self, outcome: Outcome) {
        let element = Element::kept(&self.attributes);
        let duration_in_nano_seconds = element.seconds("time");
        let status = outcome.told.status();
        let is_retried = outcome.told == Told::Retried;
        if !is_retried && !self.tests.has_room(status) {
            self.tests.summary.add(status, duration_in_nano_seconds);
            return;
        }
        let case = TestCase {
            name: element.attribute("name").unwrap_or_default(),
            prefix: element.attribute("classname"),
            test_suite_name: self.suites.iter().rev().flatten().next().cloned(),
            status,
            duration_in_nano_seconds,
            message: outcome.message(),
            test_raw_data_path: self.source.0.to_owned(),
        };
        if is_retried {
            self.tests.push_retried(case);
        } else {
            self.tests.push(case);
        }
    }
}

impl Outcome {
    /// Returns why: most tools write the attribute at the beginning of the text once more.
    fn message(self) -> Option<String> {
        match (tidy(self.message), tidy(self.text)) {
            (Some(message), Some(text)) if !text.contains(&message) => {
                Some(format!("{message}\n{text}"))
            }
            (_, Some(text)) => Some(text),
            (message, None) => message,
        }
    }
}
