//! The cases of a test report: all are counted, and those that matter are kept (reference §8.3).

use crate::model::{TestCase, TestStatus, TestSummary};

/// The most cases that CodeBuild keeps of a report.
const MOST: usize = 500;

/// A test report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tests {
    /// The figures of all cases.
    pub summary: TestSummary,
    failed: Vec<TestCase>,
    errors: Vec<TestCase>,
    others: Vec<TestCase>,
}

impl Tests {
    /// Tells whether a case that went this way would be kept.
    pub(super) fn has_room(&self, status: TestStatus) -> bool {
        let kept = match status {
            TestStatus::Failed => &self.failed,
            TestStatus::Error => &self.errors,
            _ => &self.others,
        };
        kept.len() < MOST
    }

    /// Counts a case, and keeps it if there is room for it.
    pub(super) fn push(&mut self, mut case: TestCase) {
        self.summary.add(case.status, case.duration_in_nano_seconds);
        let kept = match case.status {
            TestStatus::Failed => &mut self.failed,
            TestStatus::Error => &mut self.errors,
            _ => &mut self.others,
        };
        if kept.len() < MOST {
            cut(&mut case.name, TestCase::LONGEST_NAME);
            if let Some(message) = &mut case.message {
                cut(message, TestCase::LONGEST_MESSAGE);
            }
            kept.push(case);
        }
    }

    /// Returns the cases that are kept: what failed first, then what broke, then the rest, at most 500.
    pub fn cases(&self) -> impl Iterator<Item = &TestCase> {
        let all = self.failed.iter().chain(&self.errors).chain(&self.others);
        all.take(MOST)
    }

    /// Returns the kept cases that failed or broke.
    pub fn failures(&self) -> impl Iterator<Item = &TestCase> {
        self.failed.iter().chain(&self.errors).take(MOST)
    }

    /// Tells whether there are more cases than are kept.
    pub fn is_truncated(&self) -> bool {
        self.summary.total() > MOST as u64
    }

    /// Adds the cases of another file.
    pub(super) fn merge(&mut self, other: Self) {
        let Self {
            summary,
            failed,
            errors,
            others,
        } = other;
        self.summary.merge(&summary);
        for (own, more) in [
            (&mut self.failed, failed),
            (&mut self.errors, errors),
            (&mut self.others, others),
        ] {
            let room = MOST.saturating_sub(own.len());
            own.extend(more.into_iter().take(room));
        }
    }

    /// Changes the kept cases once more is known of them.
    pub(super) fn amend(&mut self, change: impl FnMut(&mut TestCase)) {
        let failed = self.failed.iter_mut();
        failed
            .chain(&mut self.errors)
            .chain(&mut self.others)
            .for_each(change);
    }
}

/// Shortens a text to so many characters.
fn cut(text: &mut String, characters: usize) {
    if let Some((at, _)) = text.char_indices().nth(characters) {
        text.truncate(at);
    }
}

/// Returns seconds as nanoseconds; what is no time, or none that can be, is 0.
pub(super) fn nano_seconds(seconds: Option<&str>) -> u64 {
    // Some tools write 1,234.5.
    let seconds = seconds.and_then(|text| text.trim().replace(',', "").parse::<f64>().ok());
    match seconds {
        // A year is more than any test takes; beyond it the number is none.
        Some(seconds) if (0.0..31_536_000.0).contains(&seconds) => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "within the range of the guard"
            )]
            let nanos = (seconds * 1e9).round() as u64;
            nanos
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(name: &str, status: TestStatus) -> TestCase {
        TestCase {
            name: name.to_owned(),
            prefix: None,
            test_suite_name: None,
            status,
            duration_in_nano_seconds: 1,
            message: Some("é".repeat(6_000)),
            test_raw_data_path: "a.xml".to_owned(),
        }
    }

    // Reference §8.3 and §16.
    #[test]
    fn five_hundred_cases_are_kept_and_those_that_failed_come_first() {
        let mut tests = Tests::default();
        for number in 0..600 {
            tests.push(case(&format!("ok {number}"), TestStatus::Succeeded));
        }
        tests.push(case("broke", TestStatus::Error));
        tests.push(case(&"n".repeat(2_000), TestStatus::Failed));
        assert_eq!((tests.summary.total(), tests.cases().count()), (602, 500));
        assert!(tests.is_truncated());
        let first: Vec<_> = tests.cases().take(3).map(|case| case.name.len()).collect();
        assert_eq!(first, [1_000, 5, 4]);
        let message = tests.cases().next().and_then(|case| case.message.clone());
        assert_eq!(message.map(|message| message.chars().count()), Some(5_000));
    }

    #[test]
    fn times_that_are_none_count_as_nothing() {
        assert_eq!(nano_seconds(Some("0.25")), 250_000_000);
        assert_eq!(nano_seconds(Some("1,234.5")), 1_234_500_000_000);
        for none in [
            None,
            Some("NaN"),
            Some("-1"),
            Some("1e99"),
            Some("inf"),
            Some("x"),
        ] {
            assert_eq!(nano_seconds(none), 0, "{none:?}");
        }
    }
}
