//! Figures for people.

use std::time::Duration;

use crate::model::{CoverageSummary, TestStatus, TestSummary};

/// Returns a size such as `1.4 MB`: powers of 1,000, as disks and registries count.
pub fn bytes(bytes: u64) -> String {
    let mut unit = "B";
    let mut tenths = u128::from(bytes) * 10;
    for larger in ["kB", "MB", "GB", "TB"] {
        if tenths < 10_000 {
            break;
        }
        tenths = (tenths + 500) / 1000;
        unit = larger;
    }
    match unit {
        "B" => format!("{bytes} B"),
        unit => format!("{}.{} {unit}", tenths / 10, tenths % 10),
    }
}

/// Returns a duration such as `0.3 s`, `12 s` or `3 min 04 s`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds >= 60 {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    } else if seconds >= 10 {
        format!("{seconds} s")
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

/// Returns `covered of all, share`, or a dash when there is nothing to cover.
pub fn coverage(summary: &CoverageSummary) -> (String, String) {
    let cell = |share: Option<f64>, covered: u64, missed: u64| match share {
        Some(share) => format!("{share:.2} % ({covered}/{})", covered + missed),
        None => "–".to_owned(),
    };
    (
        cell(
            summary.line_percentage(),
            summary.lines_covered,
            summary.lines_missed,
        ),
        cell(
            summary.branch_percentage(),
            summary.branches_covered,
            summary.branches_missed,
        ),
    )
}

/// Returns `43 tests, 41 succeeded, 2 failed`; what is not there is not named.
pub fn tests(summary: &TestSummary) -> String {
    let counts = TestStatus::ALL.iter().filter_map(|status| {
        let count = summary.count(*status);
        (count > 0).then(|| format!(", {count} {}", status.name().to_ascii_lowercase()))
    });
    let noun = if summary.total() == 1 {
        "test"
    } else {
        "tests"
    };
    format!("{} {noun}{}", summary.total(), counts.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_are_short_and_never_round_to_nothing() {
        for (size, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1_449_000, "1.4 MB"),
            (999_960_000, "1.0 GB"),
        ] {
            assert_eq!(bytes(size), text);
        }
        for (millis, text) in [
            (40, "0.0 s"),
            (9_940, "9.9 s"),
            (59_900, "59 s"),
            (184_000, "3 min 04 s"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
    }
}
