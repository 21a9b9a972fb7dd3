//! Following a running container: its journal and its log become events, in the order in which things happened.
//!
//! The driver never waits for us. All state is in [`Follower`], so that a wait can be abandoned at any point and
//! taken up again.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;

use jiff::{SignedDuration, Timestamp};

use super::journal_line::JournalLine;
use super::log::{LogReader, Reach};
use super::tail::{Tail, Watch};
use super::teller::Teller;
use crate::engine::{EngineError, Exit};
use crate::journal::BuildDirectory;
use crate::model::EventKind;

/// The container's end, awaited.
pub(super) type Ending<'a> = Pin<Box<dyn Future<Output = Result<Exit, EngineError>> + Send + 'a>>;

/// What the follower reports next.
#[derive(Debug)]
pub(super) enum Step {
    /// The driver wrote this, and everything before it was told.
    Line(JournalLine),
    /// The container is gone and has nothing more to say.
    Ended(Exit),
}

/// Why a container cannot be followed.
#[derive(Debug, thiserror::Error)]
pub(super) enum FollowError {
    #[error("failed to read the build's log: {0}")]
    Read(#[from] io::Error),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("the build's journal is damaged: `{0}` was not written by the driver")]
    Damaged(String),
}

/// What a look at the files gave.
enum Taken {
    Step(Step),
    /// Output was told, and there is more.
    More,
    /// Nothing new.
    Nothing,
}

/// Follows one container.
pub(super) struct Follower<'a> {
    journal: Tail,
    unread: Vec<u8>,
    /// Lines in order; one that the driver did not write is a fault when its turn comes, not before.
    lines: VecDeque<Result<JournalLine, String>>,
    log: LogReader,
    watch: Watch,
    ending: Option<Ending<'a>>,
    exit: Option<Exit>,
    clock: Option<Clock>,
}

/// A driver's line is short; only a path can be long, and no path is longer than this.
const LONGEST_LINE: usize = 8 * 1024;
const PIECE: usize = 64 * 1024;

impl<'a> Follower<'a> {
    pub(super) fn new(
        directory: &BuildDirectory,
        mark: &str,
        ending: Ending<'a>,
    ) -> io::Result<Self> {
        let record = directory.record();
        Ok(Self {
            journal: Tail::open(&record.join("journal"))?,
            unread: Vec::new(),
            lines: VecDeque::new(),
            log: LogReader::open(&record.join("log"), mark)?,
            watch: Watch::new(&record),
            ending: Some(ending),
            exit: None,
            clock: None,
        })
    }

    /// Waits for the next line of the journal, telling output as it comes.
    pub(super) async fn next(&mut self, teller: &mut Teller<'_>) -> Result<Step, FollowError> {
        loop {
            // Looked at before the files: what was written before the end is then certainly seen.
            let ended = self.exit;
            // Not while lines wait for their turn: a flooded journal must not pile up here. The log comes first: a
            // command prints only when the journal has its line, so that what we have of the log by now cannot be of a
            // command of which the journal does not tell a moment later.
            let mut more = false;
            if self.lines.is_empty() {
                more = self.log.fetch(PIECE)?;
                self.read_journal()?;
            }
            match self.take(teller, ended, more)? {
                Taken::Step(step) => return Ok(step),
                // A build can print without end; whoever wants to stop it must be heard.
                Taken::More => tokio::task::yield_now().await,
                Taken::Nothing => self.wait().await?,
            }
        }
    }

    /// Returns when a line was written, by the wall clock.
    pub(super) fn time(&mut self, uptime: Option<f64>, now: Timestamp) -> Timestamp {
        let Some(uptime) = uptime else { return now };
        self.clock
            .get_or_insert(Clock { uptime, wall: now })
            .at(uptime, now)
    }

    /// Takes the first line, once the output that belongs before it was told; output comes in pieces.
    ///
    /// `more` says whether the log may have more than was read of it.
    fn take(
        &mut self,
        teller: &mut Teller<'_>,
        ended: Option<Exit>,
        more: bool,
    ) -> Result<Taken, FollowError> {
        let mut tell = |text: String| teller.tell(EventKind::Output { text });
        let line = match (self.lines.front(), ended) {
            (Some(Ok(JournalLine::CommandEnded { number, .. })), _) => {
                match self.log.until_mark(*number, PIECE, &mut tell)? {
                    Reach::More => return Ok(Taken::More),
                    // The mark comes through the pipe and may be behind the journal; after the end it will not come.
                    Reach::End if ended.is_none() => return Ok(Taken::Nothing),
                    Reach::Mark | Reach::End => self.lines.pop_front(),
                }
            }
            (Some(_), _) => self.lines.pop_front(),
            (None, Some(exit)) => {
                let more = self.log.rest(PIECE, &mut tell)?;
                return Ok(if more {
                    Taken::More
                } else {
                    Taken::Step(Step::Ended(exit))
                });
            }
            (None, None) => {
                self.log.release(&mut tell);
                return Ok(if more { Taken::More } else { Taken::Nothing });
            }
        };
        let line = line.transpose().map_err(FollowError::Damaged)?;
        Ok(line.map_or(Taken::Nothing, |line| Taken::Step(Step::Line(line))))
    }

    fn read_journal(&mut self) -> Result<(), FollowError> {
        self.journal.read(&mut self.unread, PIECE)?;
        while let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.unread.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches('\n');
            self.lines
                .push_back(JournalLine::parse(line).ok_or_else(|| line.to_owned()));
        }
        if self.unread.len() > LONGEST_LINE {
            let start: String = String::from_utf8_lossy(&self.unread)
                .chars()
                .take(80)
                .collect();
            self.unread.clear();
            self.lines.push_back(Err(format!("{start}…")));
        }
        Ok(())
    }

    async fn wait(&mut self) -> Result<(), FollowError> {
        match &mut self.ending {
            None => self.watch.changed().await,
            Some(ending) => {
                let exit = tokio::select! {
                    biased;
                    exit = ending => Some(exit),
                    () = self.watch.changed() => None,
                };
                if let Some(exit) = exit {
                    self.ending = None;
                    self.exit = Some(exit?);
                }
            }
        }
        Ok(())
    }
}

/// The driver knows uptimes, events have wall times; the first line seen ties the two together.
#[derive(Debug, Clone, Copy)]
struct Clock {
    uptime: f64,
    wall: Timestamp,
}

impl Clock {
    /// Never later than now: an uptime can be anything, the build can write it.
    fn at(self, uptime: f64, now: Timestamp) -> Timestamp {
        let since = SignedDuration::try_from_secs_f64(uptime - self.uptime);
        let time = since
            .ok()
            .and_then(|since| self.wall.checked_add(since).ok());
        time.map_or(now, |time| time.clamp(self.wall, now.max(self.wall)))
    }
}
