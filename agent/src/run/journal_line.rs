//! The driver's journal, line by line. The build can write there too, so every line is checked.

use crate::model::{HoldAnswer, Phase};

/// One line; times are the machine's uptime in seconds, where the container can see it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum JournalLine {
    Begun {
        uptime: Option<f64>,
    },
    PhaseEntered {
        phase: Phase,
    },
    CommandStarted {
        number: u32,
        uptime: Option<f64>,
    },
    DirectoryLeft {
        number: u32,
        directory: String,
    },
    CommandEnded {
        number: u32,
        status: i32,
        uptime: Option<f64>,
    },
    EarlyAsked,
    Held {
        number: u32,
        uptime: Option<f64>,
    },
    Answered {
        number: u32,
        answer: HoldAnswer,
        uptime: Option<f64>,
    },
    /// A command called `codebuild-breakpoint`.
    BreakpointReached {
        uptime: Option<f64>,
    },
    BreakpointLeft {
        uptime: Option<f64>,
    },
    PhaseLeft {
        phase: Phase,
    },
    CannotRun(Obstacle),
    TriedAgain {
        phase: Phase,
        times: u8,
    },
    StopSeen,
    StateLost,
    Over,
}

/// Why none of a phase's commands can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// The image has no such shell.
    Shell,
    /// It has no such user.
    User,
    /// It has nothing to become another user with.
    Switch,
}

impl JournalLine {
    /// Reads a line; `None` when the driver did not write it.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (tag, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (first, second) = rest.split_once(' ').unwrap_or((rest, ""));
        let phase = || Phase::from_name(first);
        let number = || first.parse::<u32>().ok();
        let line = match tag {
            "B" => Self::Begun {
                uptime: uptime(first)?,
            },
            "P" => Self::PhaseEntered { phase: phase()? },
            "C" => Self::CommandStarted {
                number: number()?,
                uptime: uptime(second)?,
            },
            "D" => Self::DirectoryLeft {
                number: number()?,
                directory: second.to_owned(),
            },
            "E" => {
                let (status, up) = second.split_once(' ').unwrap_or((second, ""));
                Self::CommandEnded {
                    number: number()?,
                    status: status.parse().ok()?,
                    uptime: uptime(up)?,
                }
            }
            "A" => Self::EarlyAsked,
            "H" => Self::Held {
                number: number()?,
                uptime: uptime(second)?,
            },
            "R" => {
                let (answer, up) = second.split_once(' ').unwrap_or((second, ""));
                Self::Answered {
                    number: number()?,
                    answer: match answer {
                        "go" => HoldAnswer::GoOn,
                        "retry" => HoldAnswer::Retry,
                        "skip" => HoldAnswer::Skip,
                        _ => return None,
                    },
                    uptime: uptime(up)?,
                }
            }
            "K" => Self::BreakpointReached {
                uptime: uptime(first)?,
            },
            "G" => Self::BreakpointLeft {
                uptime: uptime(first)?,
            },
            "Q" => Self::PhaseLeft { phase: phase()? },
            "N" => Self::CannotRun(match first {
                "shell" => Obstacle::Shell,
                "user" => Obstacle::User,
                "switch" => Obstacle::Switch,
                _ => return None,
            }),
            "T" => Self::TriedAgain {
                phase: phase()?,
                times: second.parse().ok()?,
            },
            "S" => Self::StopSeen,
            "L" => Self::StateLost,
            "X" => Self::Over,
            _ => return None,
        };
        Some(line)
    }
}

/// An empty time is one that the container cannot see; the outer `None` is a time that is none.
#[expect(
    clippy::option_option,
    reason = "three cases: no time, a time, not a time"
)]
fn uptime(text: &str) -> Option<Option<f64>> {
    match text {
        "" => Some(None),
        text => text
            .parse::<f64>()
            .ok()
            .filter(|up| up.is_finite() && *up >= 0.0)
            .map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_driver_is_read() {
        for (line, expected) in [
            ("B 1.5", JournalLine::Begun { uptime: Some(1.5) }),
            (
                "P BUILD",
                JournalLine::PhaseEntered {
                    phase: Phase::Build,
                },
            ),
            (
                "C 3 2",
                JournalLine::CommandStarted {
                    number: 3,
                    uptime: Some(2.0),
                },
            ),
            (
                "D 3 /a b",
                JournalLine::DirectoryLeft {
                    number: 3,
                    directory: "/a b".into(),
                },
            ),
            (
                "E 3 -1 2",
                JournalLine::CommandEnded {
                    number: 3,
                    status: -1,
                    uptime: Some(2.0),
                },
            ),
            (
                "Q INSTALL",
                JournalLine::PhaseLeft {
                    phase: Phase::Install,
                },
            ),
            ("A", JournalLine::EarlyAsked),
            (
                "T BUILD 2",
                JournalLine::TriedAgain {
                    phase: Phase::Build,
                    times: 2,
                },
            ),
            ("N user", JournalLine::CannotRun(Obstacle::User)),
            (
                "H 3 2.5",
                JournalLine::Held {
                    number: 3,
                    uptime: Some(2.5),
                },
            ),
            (
                "R 3 retry 2.5",
                JournalLine::Answered {
                    number: 3,
                    answer: HoldAnswer::Retry,
                    uptime: Some(2.5),
                },
            ),
            ("K 1", JournalLine::BreakpointReached { uptime: Some(1.0) }),
            ("G ", JournalLine::BreakpointLeft { uptime: None }),
            ("S", JournalLine::StopSeen),
            ("L", JournalLine::StateLost),
            ("X", JournalLine::Over),
        ] {
            assert_eq!(JournalLine::parse(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn what_the_driver_does_not_write_is_refused() {
        for line in [
            "",
            "C x 1",
            "E 3 ok 2",
            "P SOMETHING 1",
            "Z 1",
            "N luck",
            "R 3 perhaps 1",
            "H x 1",
            "T BUILD 256",
            "B nan",
            "C 99999999999 1",
        ] {
            assert_eq!(JournalLine::parse(line), None, "{line}");
        }
    }
}
