//! The command that failed, with the end of what it said: what people look for when a build is over.

use std::collections::VecDeque;

use crate::model::{CommandStarted, EventKind, HoldAnswer};

/// Enough to see an error message, few enough to stay on the screen.
const LINES: usize = 12;
/// A line longer than this is cut: progress bars and minified code explain nothing.
const WIDTH: usize = 400;

/// Watches commands and remembers the first that failed.
#[derive(Debug, Default)]
pub(super) struct Watch {
    current: Option<CommandStarted>,
    lines: VecDeque<String>,
    open: String,
    returned: bool,
    failed: Option<Failure>,
}

/// A failed command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) command: CommandStarted,
    pub(super) status: i32,
    /// The last lines of its output.
    pub(super) lines: Vec<String>,
}

impl Watch {
    pub(super) fn event(&mut self, kind: &EventKind) {
        match kind {
            EventKind::CommandStarted(command) => {
                *self = Self {
                    current: Some(command.clone()),
                    failed: self.failed.take(),
                    ..Self::default()
                };
            }
            // What failed then is made good, or fails again.
            EventKind::PhaseRetried { phase, .. } => {
                self.failed = self.failed.take().filter(|old| old.command.phase != *phase);
            }
            EventKind::Output { text } => self.output(text),
            EventKind::CommandFinished { status, .. } if *status != 0 && self.failed.is_none() => {
                let rest = std::mem::take(&mut self.open);
                if !rest.is_empty() {
                    self.push(&rest);
                }
                self.failed = self.current.take().map(|command| Failure {
                    command,
                    status: *status,
                    lines: self.lines.drain(..).collect(),
                });
            }
            // It runs again, or counts as a success.
            EventKind::CommandResumed { number, answer } if *answer != HoldAnswer::GoOn => {
                self.failed
                    .take_if(|failure| failure.command.number == *number);
            }
            _ => {}
        }
    }

    /// Returns the first command that failed.
    pub(super) fn failure(&self) -> Option<&Failure> {
        self.failed.as_ref()
    }

    fn output(&mut self, text: &str) {
        let mut pieces = text.split('\n');
        if let Some(first) = pieces.next() {
            self.extend_open(first);
        }
        for piece in pieces {
            let line = std::mem::take(&mut self.open);
            self.push(&line);
            self.extend_open(piece);
        }
    }

    fn extend_open(&mut self, piece: &str) {
        for (index, segment) in piece.split('\r').enumerate() {
            // A carriage return lets what follows overwrite the line; alone it changes nothing.
            self.returned |= index > 0;
            if segment.is_empty() {
                continue;
            }
            if std::mem::take(&mut self.returned) {
                self.open.clear();
            }
            let room = WIDTH.saturating_sub(self.open.chars().count());
            self.open.extend(segment.chars().take(room));
        }
    }

    fn push(&mut self, line: &str) {
        self.returned = false;
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Phase;

    fn told(watch: &mut Watch, text: &str, output: &[&str], status: i32) {
        let command = CommandStarted {
            number: 1,
            phase: Phase::Build,
            text: text.into(),
            line: Some(7),
        };
        watch.event(&EventKind::CommandStarted(command));
        for piece in output {
            watch.event(&EventKind::Output {
                text: (*piece).to_owned(),
            });
        }
        watch.event(&EventKind::CommandFinished {
            number: 1,
            status,
            directory: "/".into(),
        });
    }

    #[test]
    fn the_first_failing_command_is_kept_with_the_end_of_its_output() {
        let mut watch = Watch::default();
        told(&mut watch, "fine", &["before\n"], 0);
        let many: Vec<String> = (0..30).map(|line| format!("line {line}")).collect();
        let many = many.join("\n") + "\n";
        told(
            &mut watch,
            "broken",
            &[&many, "10%\r", "100%\r", "done\r\nla", "st"],
            3,
        );
        told(&mut watch, "later", &["after\n"], 1);
        let failure = watch.failure().unwrap();
        assert_eq!(
            (failure.command.text.as_str(), failure.status),
            ("broken", 3)
        );
        assert_eq!(failure.lines.len(), LINES);
        let end: Vec<&str> = failure
            .lines
            .iter()
            .rev()
            .take(3)
            .map(String::as_str)
            .collect();
        assert_eq!(end, ["last", "done", "line 29"]);
    }

    #[test]
    fn a_line_without_an_end_does_not_grow_for_ever() {
        let mut watch = Watch::default();
        let wide = "x".repeat(10_000);
        told(&mut watch, "wide", &[&wide, &wide], 1);
        assert_eq!(watch.failure().unwrap().lines[0].len(), WIDTH);
    }
}
