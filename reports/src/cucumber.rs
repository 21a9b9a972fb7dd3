//! Cucumber JSON (reference §8.2).

use std::mem;

use crate::cases::Tests;
use crate::input::Input;
use crate::json::{self, Handler, Key, Shape, Value};
use crate::text::beginning;
use crate::{ReportError, Source, TestCase, TestStatus};

/// Reads a report into `tests`, one scenario at a time.
pub(crate) fn read(
    input: &mut Input<'_>,
    source: Source<'_>,
    tests: &mut Tests,
) -> Result<(), ReportError> {
    let mut handler = Cucumber {
        source,
        tests,
        feature: Feature::default(),
        background: Ran::default(),
        element: Element::default(),
        step: Ran::default(),
    };
    json::walk(input, Shape::List, Place::Features, &mut handler)
}

struct Cucumber<'a> {
    source: Source<'a>,
    tests: &'a mut Tests,
    feature: Feature,
    /// How the steps that run before each scenario went, until one follows.
    background: Ran,
    element: Element,
    step: Ran,
}

/// The open feature. Its name may stand behind its scenarios.
#[derive(Default)]
struct Feature {
    name: String,
    tests: Tests,
}

/// The open scenario, or the background that runs before each.
#[derive(Default)]
struct Element {
    is_background: bool,
    name: String,
    ran: Ran,
}

/// How steps and hooks went, one or several.
#[derive(Default)]
struct Ran {
    /// The worst of them, if any was run.
    status: Option<TestStatus>,
    nano_seconds: u64,
    message: Option<String>,
}

#[derive(Clone, Copy)]
enum Place {
    Features,
    Feature,
    FeatureName,
    Elements,
    Element,
    ElementName,
    ElementType,
    Steps,
    Step,
    Result,
    Status,
    Duration,
    Message,
}

impl Handler for Cucumber<'_> {
    type Place = Place;

    fn inside(&mut self, place: Place, key: Key<'_>) -> Option<Place> {
        Some(match (place, key) {
            (Place::Features, Key::Item) => {
                self.feature = Feature::default();
                self.background = Ran::default();
                Place::Feature
            }
            (Place::Feature, Key::Name("name")) => Place::FeatureName,
            (Place::Feature, Key::Name("elements")) => Place::Elements,
            (Place::Elements, Key::Item) => {
                self.element = Element::default();
                Place::Element
            }
            (Place::Element, Key::Name("name")) => Place::ElementName,
            (Place::Element, Key::Name("type")) => Place::ElementType,
            (Place::Element, Key::Name("before" | "steps" | "after")) => Place::Steps,
            (Place::Steps, Key::Item) => Place::Step,
            (Place::Step, Key::Name("result")) => {
                self.step = Ran {
                    status: Some(TestStatus::Unknown),
                    ..Ran::default()
                };
                Place::Result
            }
            (Place::Result, Key::Name("status")) => Place::Status,
            (Place::Result, Key::Name("duration")) => Place::Duration,
            (Place::Result, Key::Name("error_message")) => Place::Message,
            _ => return None,
        })
    }

    fn value(&mut self, place: Place, value: Value<'_>) {
        match (place, value) {
            (Place::FeatureName, Value::Text(text)) => {
                beginning(text).clone_into(&mut self.feature.name);
            }
            (Place::ElementName, Value::Text(text)) => {
                beginning(text).clone_into(&mut self.element.name);
            }
            (Place::ElementType, Value::Text(text)) => {
                self.element.is_background = text == "background";
            }
            (Place::Status, Value::Text(text)) => self.step.status = Some(status(text)),
            // Nanoseconds; some tools write a fraction.
            (Place::Duration, Value::Number(nanos)) => self.step.nano_seconds = whole(nanos),
            (Place::Message, Value::Text(text)) => {
                self.step.message = Some(beginning(text).to_owned());
            }
            _ => {}
        }
    }

    fn end(&mut self, place: Place) {
        match place {
            Place::Result => self.element.ran.add(mem::take(&mut self.step)),
            Place::Element => self.end_element(),
            Place::Feature => self.end_feature(),
            _ => {}
        }
    }
}

impl Cucumber<'_> {
    fn end_element(&mut self) {
        let element = mem::take(&mut self.element);
        if element.is_background {
            self.background = element.ran;
            return;
        }
        let mut ran = mem::take(&mut self.background);
        ran.add(element.ran);
        self.feature.tests.push(TestCase {
            name: element.name,
            prefix: None,
            test_suite_name: None,
            status: ran.status.unwrap_or(TestStatus::Unknown),
            duration_in_nano_seconds: ran.nano_seconds,
            message: ran.message,
            test_raw_data_path: self.source.0.to_owned(),
        });
    }

    fn end_feature(&mut self) {
        let Feature { name, mut tests } = mem::take(&mut self.feature);
        tests.amend(|case| {
            case.prefix = Some(name.clone());
            case.test_suite_name = Some(name.clone());
        });
        self.tests.merge(tests);
    }
}

impl Ran {
    /// Adds what ran after it.
    fn add(&mut self, other: Self) {
        if rank(other.status) > rank(self.status) {
            self.status = other.status;
        }
        self.nano_seconds = self.nano_seconds.saturating_add(other.nano_seconds);
        self.message = self.message.take().or(other.message);
    }
}

/// A scenario goes as the worst of its steps and hooks.
fn rank(status: Option<TestStatus>) -> u8 {
    match status {
        None => 0,
        Some(TestStatus::Succeeded) => 1,
        Some(TestStatus::Unknown) => 2,
        Some(TestStatus::Skipped) => 3,
        Some(TestStatus::Error) => 4,
        Some(TestStatus::Failed) => 5,
    }
}

fn status(name: &str) -> TestStatus {
    match name.to_ascii_lowercase().as_str() {
        "passed" => TestStatus::Succeeded,
        "failed" | "ambiguous" => TestStatus::Failed,
        "undefined" | "pending" | "skipped" => TestStatus::Skipped,
        _ => TestStatus::Unknown,
    }
}

/// Returns nanoseconds as a whole number; what is no time is 0.
fn whole(nanos: f64) -> u64 {
    if !(0.0..3.2e16).contains(&nanos) {
        return 0;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within the range of the guard"
    )]
    let whole = nanos as u64;
    whole
}
