//! Cucumber JSON (reference §8.2).

use std::io::BufRead;

use serde::Deserialize;
use serde::de::{Deserializer as _, SeqAccess, Visitor};

use super::cases::Tests;
use super::{ReportError, Source};
use crate::model::{TestCase, TestStatus};

#[derive(Deserialize)]
struct Feature {
    #[serde(default)]
    name: String,
    #[serde(default)]
    elements: Vec<Element>,
}

/// A scenario, or the background that runs before each.
#[derive(Deserialize)]
struct Element {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    before: Vec<Step>,
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(default)]
    after: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    result: Option<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    status: Option<String>,
    /// Nanoseconds; some tools write a fraction.
    duration: Option<f64>,
    error_message: Option<String>,
}

/// Reads a report into `tests`, one feature at a time.
pub(super) fn read(
    input: &mut dyn BufRead,
    source: Source<'_>,
    tests: &mut Tests,
) -> Result<(), ReportError> {
    let mut deserializer = serde_json::Deserializer::from_reader(input);
    let failed = |error: serde_json::Error| ReportError::Content(error.to_string());
    let features = Features { source, tests };
    deserializer.deserialize_seq(features).map_err(failed)?;
    deserializer.end().map_err(failed)
}

/// Takes the features of the list in as they come.
struct Features<'a> {
    source: Source<'a>,
    tests: &'a mut Tests,
}

impl<'de> Visitor<'de> for Features<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a list of features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(feature) = list.next_element::<Feature>()? {
            take(feature, self.source, self.tests);
        }
        Ok(())
    }
}

fn take(feature: Feature, source: Source<'_>, tests: &mut Tests) {
    let mut background: Vec<Step> = Vec::new();
    for element in feature.elements {
        let own = element
            .before
            .into_iter()
            .chain(element.steps)
            .chain(element.after);
        if element.kind == "background" {
            background = own.collect();
            continue;
        }
        let steps = background.drain(..).chain(own);
        let outcomes: Vec<Outcome> = steps.filter_map(|step| step.result).collect();
        let message = outcomes
            .iter()
            .find_map(|outcome| outcome.error_message.clone());
        let nanos = outcomes
            .iter()
            .filter_map(|outcome| outcome.duration)
            .map(whole);
        tests.push(TestCase {
            name: element.name,
            prefix: Some(feature.name.clone()),
            test_suite_name: Some(feature.name.clone()),
            status: status(&outcomes),
            duration_in_nano_seconds: nanos.fold(0, u64::saturating_add),
            message,
            test_raw_data_path: source.0.to_owned(),
        });
    }
}

/// Returns how a scenario went: the worst of its steps and hooks.
fn status(outcomes: &[Outcome]) -> TestStatus {
    let has = |names: &[&str]| {
        outcomes.iter().any(|outcome| {
            let status = outcome.status.as_deref().unwrap_or_default();
            names.iter().any(|name| status.eq_ignore_ascii_case(name))
        })
    };
    let is_passed = |outcome: &Outcome| {
        let status = outcome.status.as_deref().unwrap_or_default();
        status.eq_ignore_ascii_case("passed")
    };
    if has(&["failed", "ambiguous"]) {
        TestStatus::Failed
    } else if has(&["undefined", "pending", "skipped"]) {
        TestStatus::Skipped
    } else if !outcomes.is_empty() && outcomes.iter().all(is_passed) {
        TestStatus::Succeeded
    } else {
        TestStatus::Unknown
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
