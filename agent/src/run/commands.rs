//! The phases that run in the container: what the driver reports becomes events and verdicts.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::follow::{FollowError, Follower, Step};
use super::hold::Hold;
use super::interrupt::Interrupt;
use super::journal_line::JournalLine;
use super::memory::{self, FailedCommand};
use super::obstacle;
use super::phase_end::{FOUND_DEAD, PhaseEnd};
use super::teller::Teller;
use crate::engine::{ContainerEngine, ContainerId, Exit, Signal};
use crate::journal::BuildDirectory;
use crate::model::{
    CommandStarted, EventKind, HoldAnswer, Phase, PhaseContext, StatusCode, Verdict,
};
use crate::plan::{CommandPlan, PhasePlan, Plan, RetryPlan, failure, layout};

/// Commands that were asked to end get this long.
const GRACE: Duration = Duration::from_secs(5);
/// An engine that hangs must not keep a build that is to end.
const CALL: Duration = Duration::from_secs(2);
/// The driver gets this long when its commands were killed.
const LAST_GRACE: Duration = Duration::from_secs(2);

/// How far the driver came.
#[derive(Debug)]
pub(super) enum Reached {
    /// It left the phase.
    End(PhaseEnd),
    /// It waits for what is done with the early values. It asks once, at the end of `DOWNLOAD_SOURCE`.
    EarlyValues,
}

/// A container whose driver runs.
pub(super) struct Running<'a> {
    follower: Follower<'a>,
    commands: HashMap<u32, (Phase, CommandPlan)>,
    phases: Vec<PhasePlan>,
    shell: String,
    current: Option<u32>,
    /// The phase that the driver entered last; it enters each once.
    entered: Option<Phase>,
    /// Why the phase fails: the first reason.
    failed: Option<Failed>,
    hold: Hold,
    /// When the command that runs began.
    since: Option<Timestamp>,
    /// The first command of the phase that failed.
    pub(super) failed_command: Option<FailedCommand>,
    /// How often the phase has begun anew.
    times: u8,
    /// Whether the driver may still ask for something early.
    asks: bool,
    directory: String,
    /// Each command that left another directory behind, and which.
    pub(super) moves: Vec<(CommandPlan, String)>,
    exit: Option<Exit>,
}

impl<'a> Running<'a> {
    pub(super) fn new(plan: &Plan, debug: bool, follower: Follower<'a>) -> Self {
        let commands = plan
            .phases
            .iter()
            .flat_map(|phase| {
                let all = phase.commands.iter().chain(&phase.finally);
                all.map(|command| (command.number, (phase.phase, command.clone())))
            })
            .collect();
        Self {
            follower,
            commands,
            phases: plan.phases.clone(),
            shell: plan.shell.clone(),
            current: None,
            entered: None,
            failed: None,
            since: None,
            failed_command: None,
            times: 0,
            asks: !plan.early.is_empty(),
            hold: Hold::new(debug),
            directory: plan.source_directory.clone(),
            moves: Vec::new(),
            exit: None,
        }
    }

    /// Whether the driver has said anything yet.
    pub(super) fn has_begun(&self) -> bool {
        self.entered.is_some()
    }

    /// Follows one phase to its end, or to a point where the driver waits.
    pub(super) async fn phase(
        &mut self,
        phase: Phase,
        teller: &mut Teller<'_>,
    ) -> Result<Reached, FollowError> {
        loop {
            match self.follower.next(teller).await? {
                Step::Line(JournalLine::PhaseLeft { phase: left }) if left == phase => {
                    return Ok(Reached::End(match self.failed.take() {
                        Some(failed) => PhaseEnd::failed(failed.context),
                        None => PhaseEnd::success(),
                    }));
                }
                Step::Line(JournalLine::PhaseEntered { phase: entered })
                    if entered == phase && self.entered != Some(phase) =>
                {
                    self.entered = Some(phase);
                    self.times = 0;
                }
                Step::Line(JournalLine::EarlyAsked) if self.asks => {
                    self.asks = false;
                    return Ok(Reached::EarlyValues);
                }
                Step::Line(JournalLine::TriedAgain {
                    phase: again,
                    times,
                }) if again == phase => self.try_again(phase, times, teller)?,
                Step::Line(JournalLine::StateLost) => return Ok(Reached::End(state_lost())),
                Step::Line(JournalLine::CannotRun(obstacle)) if self.failed.is_none() => {
                    let planned = self.phases.iter().find(|planned| planned.phase == phase);
                    self.failed = planned.map(|planned| Failed {
                        context: obstacle::context(obstacle, planned, &self.shell),
                        command: None,
                    });
                }
                Step::Line(line) => self.command(phase, line, teller)?,
                Step::Ended(exit) => {
                    self.exit = Some(exit);
                    return Ok(Reached::End(died(exit)));
                }
            }
        }
    }

    /// The build can write this line too, and a try that is none would hide a failure.
    fn try_again(
        &mut self,
        phase: Phase,
        times: u8,
        teller: &mut Teller<'_>,
    ) -> Result<(), FollowError> {
        let planned = self.phases.iter().find(|planned| planned.phase == phase);
        let retry = planned.and_then(|planned| planned.retry.as_ref());
        let failed = self.failed.take();
        match (retry, failed) {
            (Some(retry), Some(failed))
                if self.current.is_none()
                    && self.times < retry.times
                    && times == self.times + 1
                    && failed.is_worth(retry) =>
            {
                self.times = times;
                self.failed_command = None;
                teller.tell(EventKind::PhaseRetried {
                    phase,
                    times,
                    most: retry.times,
                    context: failed.context,
                });
                Ok(())
            }
            _ => Err(damaged(&format!("T {phase} {times}"))),
        }
    }

    /// Follows the driver to its end, after the last phase.
    pub(super) async fn finish(
        &mut self,
        teller: &mut Teller<'_>,
    ) -> Result<PhaseEnd, FollowError> {
        let mut over = false;
        while self.exit.is_none() {
            match self.follower.next(teller).await? {
                Step::Line(JournalLine::Over) => over = true,
                Step::Line(_) => {}
                Step::Ended(exit) => self.exit = Some(exit),
            }
        }
        match self.exit {
            // The program may be over and its output lost all the same.
            Some(exit) if !over || exit.status != 0 => Ok(died(exit)),
            _ => Ok(PhaseEnd::success()),
        }
    }

    /// Ends the commands: first they are asked to, then, when the caller's patience or the grace is over, killed. The
    /// driver survives both, so that it can leave the log and the files in order.
    pub(super) async fn wind_down<E: ContainerEngine>(
        &mut self,
        engine: &E,
        container: &ContainerId,
        directory: &BuildDirectory,
        interrupt: &mut Interrupt,
        teller: &mut Teller<'_>,
    ) {
        // When a call fails, the container is removed a moment later all the same.
        let _unwritten = directory.request_stop();
        let _unheard = tokio::time::timeout(CALL, engine.signal(container, Signal::Term)).await;
        tokio::select! {
            ended = tokio::time::timeout(GRACE, self.drain(teller)) => if ended.is_ok() {
                return;
            },
            () = interrupt.at_once() => {}
        }
        let _unheard = tokio::time::timeout(CALL, engine.signal(container, Signal::Kill)).await;
        let _removed_anyway = tokio::time::timeout(LAST_GRACE, self.drain(teller)).await;
    }

    /// Follows the container to its end, whatever it still says.
    async fn drain(&mut self, teller: &mut Teller<'_>) {
        while let Ok(Step::Line(line)) = self.follower.next(teller).await {
            if let JournalLine::CommandEnded {
                number,
                status,
                uptime,
            } = line
            {
                self.ended(number, status, uptime, teller);
            }
        }
    }

    fn command(
        &mut self,
        phase: Phase,
        line: JournalLine,
        teller: &mut Teller<'_>,
    ) -> Result<(), FollowError> {
        match line {
            JournalLine::Begun { uptime } => {
                let now = teller.now();
                self.follower.time(uptime, now);
            }
            JournalLine::CommandStarted { number, uptime } => {
                let known = self
                    .commands
                    .get(&number)
                    .filter(|(owner, _)| *owner == phase);
                let Some((_, command)) = known else {
                    return Err(damaged(&format!("C {number}")));
                };
                let started = CommandStarted {
                    number,
                    phase,
                    text: command.text.clone(),
                    line: command.line,
                };
                self.current = Some(number);
                self.hold.started();
                let time = self.follower.time(uptime, teller.now());
                self.since = Some(time);
                teller.tell_at(time, EventKind::CommandStarted(started));
            }
            JournalLine::DirectoryLeft { number, directory } if self.current == Some(number) => {
                if let Some((_, command)) = self.commands.get(&number) {
                    self.moves.push((command.clone(), directory.clone()));
                }
                self.directory = directory;
            }
            JournalLine::CommandEnded {
                number,
                status,
                uptime,
            } if self.current == Some(number) => {
                self.ended(number, status, uptime, teller);
            }
            other => return self.hold(&other, teller),
        }
        Ok(())
    }

    /// The lines of a build that somebody debugs. Those of the driver must fit; a breakpoint's come from the build.
    fn hold(&mut self, line: &JournalLine, teller: &mut Teller<'_>) -> Result<(), FollowError> {
        let no = || damaged(&format!("{line:?}"));
        let (told, uptime) = match *line {
            JournalLine::Held { number, uptime } => {
                (Some(self.hold.held(number).ok_or_else(no)?), uptime)
            }
            JournalLine::Answered {
                number,
                answer,
                uptime,
            } => {
                let told = self.hold.answered(number, answer).ok_or_else(no)?;
                // What the command comes to is decided anew, or is a success.
                if answer != HoldAnswer::GoOn
                    && self
                        .failed
                        .as_ref()
                        .and_then(|failed| failed.command)
                        .is_some_and(|(by, _)| by == number)
                {
                    self.failed = None;
                }
                (Some(told), uptime)
            }
            JournalLine::BreakpointReached { uptime } if self.hold != Hold::Off => {
                (self.hold.breakpoint(self.current), uptime)
            }
            JournalLine::BreakpointLeft { uptime } if self.hold != Hold::Off => {
                (self.hold.breakpoint_left(), uptime)
            }
            _ => return Err(no()),
        };
        if let Some(told) = told {
            let time = self.follower.time(uptime, teller.now());
            teller.tell_at(time, told);
        }
        Ok(())
    }

    fn ended(&mut self, number: u32, status: i32, uptime: Option<f64>, teller: &mut Teller<'_>) {
        self.current = None;
        let time = self.follower.time(uptime, teller.now());
        let directory = self.directory.clone();
        if let Some(left) = self.hold.ended(number, status) {
            teller.tell_at(time, left);
        }
        teller.tell_at(
            time,
            EventKind::CommandFinished {
                number,
                status,
                directory,
            },
        );
        if status != 0
            && self.failed.is_none()
            && let Some((_, command)) = self.commands.get(&number)
        {
            let message = failure(&command.text, &format!("exit status {status}"));
            self.failed = Some(Failed {
                context: PhaseContext::new(StatusCode::CommandExecutionError, message),
                command: Some((number, status)),
            });
            self.failed_command = self.since.map(|since| FailedCommand { status, since });
        }
    }
}

/// Why the phase will have failed, unless it begins anew.
struct Failed {
    context: PhaseContext,
    /// Number and status of the command; `None` where none could run.
    command: Option<(u32, i32)>,
}

impl Failed {
    fn is_worth(&self, retry: &RetryPlan) -> bool {
        self.command
            .is_some_and(|(number, status)| retry.is_worth(number, status))
    }
}

fn damaged(line: &str) -> FollowError {
    FollowError::Damaged(line.to_owned())
}

/// The build removed what carries directory and variables from one command to the next.
fn state_lost() -> PhaseEnd {
    PhaseEnd::fault(
        format!(
            "the build removed its own state in {}; no further command can run",
            layout::TMP
        ),
        "look for a command that deletes files below /codebuild",
    )
}

/// What the driver exits with when its log cannot be written: `EX_IOERR`.
const LOG_LOST: i64 = 74;

/// The container is gone before the driver was done.
fn died(exit: Exit) -> PhaseEnd {
    if exit.out_of_memory {
        // CodeBuild's own words (reference §2.9).
        let message = format!(
            "{FOUND_DEAD} Build container died because it was out of memory, or the Docker image is not supported. ErrorCode: 500"
        );
        let context =
            PhaseContext::new(StatusCode::ClientError, message).with_help(memory::help(None));
        return PhaseEnd {
            verdict: Verdict::Failed,
            contexts: vec![context],
        };
    }
    if exit.status == LOG_LOST {
        return PhaseEnd::fault(
            "the build's log cannot be written",
            "free space on the disk that holds it, or keep builds elsewhere with UNDERSTUDY_HOME",
        );
    }
    PhaseEnd::fault(
        format!(
            "{FOUND_DEAD} Its main process ended with status {}",
            exit.status
        ),
        "look for what killed it: a command that kills every process, `docker rm`, or the kernel (`dmesg`)",
    )
}
