//! `on-failure` (reference §1.6.1).

use super::Reader;
use super::phases::PHASE;
use crate::document::OnFailure;
use crate::finding::Finding;
use crate::quote::quote;
use crate::span::Spanned;
use crate::suggest::closest;
use crate::tree::Entry;

/// How often a build is retried when no number is given.
const TIMES: u8 = 3;

/// The largest number of retries that can be given.
const MOST_TIMES: u8 = 100;

/// Reads `on-failure`.
pub(super) fn read(reader: &mut Reader<'_>, entry: &Entry) -> Option<Spanned<OnFailure>> {
    let written = reader.text(&PHASE, entry)?;
    let help = match parse(&written.value) {
        Ok(value) => {
            return Some(Spanned {
                value,
                span: written.span,
            });
        }
        Err(Fault::TooOften) => format!("Give a number from 0 to {MOST_TIMES}"),
        Err(Fault::NoPattern) => "Write a regular expression after the `-`, or nothing".to_owned(),
        Err(Fault::Unknown) => match closest(&written.value, &["ABORT", "CONTINUE", "RETRY"]) {
            Some(known) => format!("Did you mean `{known}`?"),
            None => "Write `ABORT`, `CONTINUE` or `RETRY-<number>-<regex>`".to_owned(),
        },
    };
    let message = format!("{} is no value for `on-failure`", quote(&written.value));
    reader.report(Finding::error("phase.on-failure", written.span, message).with_help(help));
    None
}

/// What is wrong with a value.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    Unknown,
    TooOften,
    NoPattern,
}

/// Returns what `ABORT`, `CONTINUE` or `RETRY[-<number>][-<regex>]` means.
///
/// Digits are a number only when the value ends there or a `-` follows; otherwise they begin the
/// regular expression.
fn parse(written: &str) -> Result<OnFailure, Fault> {
    let rest = match written.trim() {
        "ABORT" => return Ok(OnFailure::Abort),
        "CONTINUE" => return Ok(OnFailure::Continue),
        "RETRY" => {
            return Ok(OnFailure::Retry {
                times: TIMES,
                pattern: None,
            });
        }
        value => value.strip_prefix("RETRY-").ok_or(Fault::Unknown)?,
    };
    let (first, pattern) = match rest.split_once('-') {
        Some((first, pattern)) => (first, Some(pattern)),
        None => (rest, None),
    };
    let is_number = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
    let (times, pattern) = if is_number {
        let times = first.parse().ok().filter(|times| *times <= MOST_TIMES);
        (times.ok_or(Fault::TooOften)?, pattern)
    } else {
        (TIMES, Some(rest))
    };
    match pattern {
        Some("") => Err(Fault::NoPattern),
        pattern => Ok(OnFailure::Retry {
            times,
            pattern: pattern.map(str::to_owned),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, parse};
    use crate::document::OnFailure;

    fn assert_retry(written: &str, times: u8, pattern: Option<&str>) {
        let pattern = pattern.map(str::to_owned);
        assert_eq!(
            parse(written),
            Ok(OnFailure::Retry { times, pattern }),
            "{written}"
        );
    }

    // Reference §1.6.1.
    #[test]
    fn every_documented_form_is_read() {
        assert_eq!(parse("ABORT"), Ok(OnFailure::Abort));
        assert_eq!(parse("CONTINUE"), Ok(OnFailure::Continue));
        assert_retry("RETRY", 3, None);
        assert_retry("RETRY-0", 0, None);
        assert_retry("RETRY-100", 100, None);
        assert_retry("RETRY-.*timeout.*", 3, Some(".*timeout.*"));
        assert_retry("RETRY-5-a-b", 5, Some("a-b"));
    }

    // Reference §1.6.1: digits count only before the end or another `-`.
    #[test]
    fn digits_within_a_pattern_are_no_number() {
        assert_retry("RETRY-503 Slow Down", 3, Some("503 Slow Down"));
        assert_retry("RETRY-x-2", 3, Some("x-2"));
    }

    // Reference §1.6.1 and §14: 0 to 100.
    #[test]
    fn numbers_out_of_range_and_empty_patterns_are_refused() {
        assert_eq!(parse("RETRY-101"), Err(Fault::TooOften));
        assert_eq!(parse("RETRY-99999999999999999999-x"), Err(Fault::TooOften));
        assert_eq!(parse("RETRY-"), Err(Fault::NoPattern));
        assert_eq!(parse("RETRY-2-"), Err(Fault::NoPattern));
        assert_eq!(parse("abort"), Err(Fault::Unknown));
        assert_eq!(parse("RETRY5"), Err(Fault::Unknown));
    }
}
