//! The cases of a test report: all are counted, and those that matter are kept (reference §8.3).

use crate::text::cut;
use crate::{TestCase, TestStatus, TestSummary};

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
    retried: Vec<String>,
}

impl Tests {
    /// Tells whether a case that went this way would be kept.
    pub(crate) fn has_room(&self, status: TestStatus) -> bool {
        let kept = match status {
            TestStatus::Failed => &self.failed,
            TestStatus::Error => &self.errors,
            _ => &self.others,
        };
        kept.len() < MOST
    }

    /// Counts a case, and keeps it if there is room for it.
    pub(crate) fn push(&mut self, mut case: TestCase) {
        self.summary.add(case.status, case.duration_in_nano_seconds);
        let kept = match case.status {
            TestStatus::Failed => &mut self.failed,
            TestStatus::Error => &mut self.errors,
            _ => &mut self.others,
        };
        if kept.len() < MOST {
            cut(&mut case.name, TestCase::LONGEST_NAME);
            let groups = case.prefix.iter_mut().chain(&mut case.test_suite_name);
            groups.for_each(|name| cut(name, TestCase::LONGEST_NAME));
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

    /// Returns the full names of cases that failed and passed when they were run again, at most 500.
    pub fn retried(&self) -> &[String] {
        &self.retried
    }

    /// Counts a case that passed when it was run again, and keeps it if there is room for it.
    pub(crate) fn push_retried(&mut self, case: TestCase) {
        if self.retried.len() < MOST {
            self.retried.push(case.full_name());
        }
        self.push(case);
    }

    /// Tells whether there are more cases than are kept.
    pub fn is_truncated(&self) -> bool {
        self.summary.total() > MOST as u64
    }

    /// Adds the cases of another file.
    pub(crate) fn merge(&mut self, other: Self) {
        let Self {
            summary,
            failed,
            errors,
            others,
            retried,
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
        let room = MOST.saturating_sub(self.retried.len());
        self.retried.extend(retried.into_iter().take(room));
    }

    /// Changes the kept cases once more is known of them.
    pub(crate) fn amend(&mut self, change: impl FnMut(&mut TestCase)) {
        let failed = self.failed.iter_mut();
        failed
            .chain(&mut self.errors)
            .chain(&mut self.others)
            .for_each(change);
    }
}

/// A year is more than any test takes; beyond it the number is none.
const LONGEST: u64 = 31_536_000;

/// Returns seconds as nanoseconds; what is no time, or none that can be, is 0.
pub(crate) fn nano_seconds(seconds: Option<&str>) -> u64 {
    let text = seconds.unwrap_or_default().trim_ascii();
    decimal(text).or_else(|| odd(text)).unwrap_or_default()
}

/// Returns a plain decimal number of seconds as nanoseconds: nearly all are written so.
fn decimal(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let number = |digits: &str| {
        let is_number = digits.len() <= 9 && digits.bytes().all(|digit| digit.is_ascii_digit());
        is_number.then(|| {
            digits
                .bytes()
                .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
        })
    };
    let whole = number(whole).filter(|seconds| *seconds < LONGEST)?;
    // `fraction` has at most nine digits, so there are as many noughts behind it.
    let nanos = number(fraction)? * 10_u64.pow(9 - u32::try_from(fraction.len()).ok()?);
    Some(whole * 1_000_000_000 + nanos)
}

/// Returns any other number: with an exponent, with more digits, or as some tools write it, `1,234.5`.
fn odd(text: &str) -> Option<u64> {
    let seconds = text.replace(',', "").parse::<f64>().ok()?;
    if !(0.0..31_536_000.0).contains(&seconds) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within the range of the guard"
    )]
    let nanos = (seconds * 1e9).round() as u64;
    Some(nanos)
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
        assert_eq!(nano_seconds(Some(" 12 ")), 12_000_000_000);
        assert_eq!(nano_seconds(Some(".000000001")), 1);
        assert_eq!(nano_seconds(Some("0.0012345678901")), 1_234_568);
        assert_eq!(nano_seconds(Some("1.5e-3")), 1_500_000);
        assert_eq!(nano_seconds(Some("1,234.5")), 1_234_500_000_000);
        for none in [
            None,
            Some("NaN"),
            Some("-1"),
            Some("1e99"),
            Some("inf"),
            Some("x"),
            Some("31536000"),
        ] {
            assert_eq!(nano_seconds(none), 0, "{none:?}");
        }
    }
}
