//! `on-failure: RETRY`: which failures let a phase begin anew (reference §1.6.1).
//!
//! CodeBuild says that it retries the build, and not whether as a new one; here the phase runs again in place. The error
//! message of a failed command is its text and its status, so that all messages are known before the first command runs:
//! the plan lists which of them match, and the driver has no need of a regular expression.

use buildspec::{OnFailure, Spanned};
use regex::Regex;
use serde::Serialize;

use super::{CommandPlan, PlanError, failure};

/// How often and for which failures a phase begins anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RetryPlan {
    /// At most this often.
    pub times: u8,
    /// The failures that are worth it, in the order of the commands.
    pub worth: Vec<Worth>,
}

/// A command's failures that are worth another try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Worth {
    /// The command's number.
    pub command: u32,
    /// Its statuses; `None` for every one.
    pub statuses: Option<Vec<u8>>,
}

impl RetryPlan {
    /// Tells whether a failure lets the phase begin anew.
    pub fn is_worth(&self, command: u32, status: i32) -> bool {
        let mut worth = self.worth.iter();
        worth.any(|worth| {
            let statuses = worth.statuses.as_ref();
            worth.command == command
                && statuses.is_none_or(|all| all.iter().any(|one| i32::from(*one) == status))
        })
    }
}

/// Returns what a phase's `on-failure` asks for; `None` where it asks for no retry. `text` is the buildspec's.
pub(super) fn retry<'a>(
    text: &str,
    on_failure: Option<&Spanned<OnFailure>>,
    commands: impl Iterator<Item = &'a CommandPlan>,
) -> Result<Option<RetryPlan>, PlanError> {
    let Some(Spanned {
        value: OnFailure::Retry { times, pattern },
        span,
    }) = on_failure
    else {
        return Ok(None);
    };
    let pattern = pattern.as_deref().map(Regex::new).transpose();
    let pattern = pattern.map_err(|error| PlanError::Pattern {
        line: span.position(text).line,
        // The crate draws the pattern over several lines; what is wrong with it stands in the last.
        reason: error.to_string().lines().last().unwrap_or_default().into(),
    })?;
    let worth = commands.filter_map(|command| {
        let statuses = match &pattern {
            None => None,
            Some(pattern) => statuses(pattern, &command.text)?,
        };
        Some(Worth {
            command: command.number,
            statuses,
        })
    });
    Ok(Some(RetryPlan {
        times: *times,
        worth: worth.collect(),
    }))
}

/// Returns the statuses whose message matches; the outer `None` is for no status at all, the inner for every one.
#[expect(
    clippy::option_option,
    reason = "three cases: none, all, and these; the middle one is what the plan holds"
)]
fn statuses(pattern: &Regex, command: &str) -> Option<Option<Vec<u8>>> {
    let matches =
        |status: &u8| pattern.is_match(&failure(command, &format!("exit status {status}")));
    let found: Vec<u8> = (1..=u8::MAX).filter(matches).collect();
    match found.len() {
        0 => None,
        ALL => Some(None),
        _ => Some(Some(found)),
    }
}

/// A shell's statuses but for success.
const ALL: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(times: u8, pattern: Option<&str>, texts: &[&str]) -> Result<RetryPlan, PlanError> {
        let commands: Vec<CommandPlan> = (1..)
            .zip(texts)
            .map(|(number, text)| CommandPlan {
                number,
                text: (*text).to_owned(),
                line: None,
                version: None,
            })
            .collect();
        let pattern = pattern.map(str::to_owned);
        let on_failure = Spanned {
            value: OnFailure::Retry { times, pattern },
            span: buildspec::Span::default(),
        };
        retry("", Some(&on_failure), commands.iter()).map(Option::unwrap)
    }

    #[test]
    fn without_a_pattern_every_failure_is_worth_a_try() {
        let plan = planned(3, None, &["a", "b"]).unwrap();
        assert!(plan.is_worth(1, 1) && plan.is_worth(2, 255));
        assert!(!plan.is_worth(3, 1));
    }

    // Reference §1.6.1: only when the error message matches, somewhere in it.
    #[test]
    fn a_pattern_is_looked_for_in_every_message_that_can_come() {
        let of = |pattern: &str| planned(3, Some(pattern), &["curl x", "make\n"]).unwrap();
        let curl = of("curl");
        assert!(curl.is_worth(1, 7) && !curl.is_worth(2, 7));
        let status = of("exit status (1|13.)$");
        for command in [1, 2] {
            let worth = (1..=255).filter(|status_| status.is_worth(command, *status_));
            assert_eq!(
                worth.collect::<Vec<_>>(),
                [1, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139]
            );
        }
        assert_eq!(
            of("^Error while")
                .worth
                .iter()
                .filter(|one| one.statuses.is_none())
                .count(),
            2
        );
        assert_eq!(of("never").worth, []);
        // As in RE2, a dot is no line end.
        assert!(!of("make.\\. Reason").is_worth(2, 1));
    }

    #[test]
    fn a_pattern_that_is_none_is_named_with_its_fault() {
        let error = planned(3, Some("(a"), &["a"]).unwrap_err().to_string();
        assert!(error.contains("unclosed group"), "{error}");
    }
}
