//! What can cut a build short: a person, or the clock.

use std::future::pending;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// What the caller wants of a running build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// That it goes on.
    GoOn,
    /// That it ends, its commands first asked to.
    Gently,
    /// That it ends now.
    AtOnce,
}

/// Waits for a stop or for the end of the build's time.
#[derive(Debug)]
pub struct Interrupt {
    stop: watch::Receiver<Stop>,
    deadline: Option<Instant>,
}

/// Why a build is cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interruption {
    Stopped,
    TimedOut,
}

impl Interrupt {
    /// Returns an interrupt that follows what a caller sends; its clock does not run yet.
    pub fn new(stop: watch::Receiver<Stop>) -> Self {
        Self {
            stop,
            deadline: None,
        }
    }

    /// Starts the clock: CodeBuild's starts when the build leaves the queue (reference §2.10).
    pub(super) fn start(&mut self, timeout: Duration) {
        self.deadline = Some(Instant::now() + timeout);
    }

    /// Waits until the build is to be cut short.
    pub(super) async fn wait(&mut self) -> Interruption {
        let deadline = self.deadline;
        let time = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            () = at_least(&mut self.stop, Stop::Gently) => Interruption::Stopped,
            () = time => Interruption::TimedOut,
        }
    }

    /// Waits until the caller no longer wants to wait for a gentle end.
    pub(super) async fn at_once(&mut self) {
        at_least(&mut self.stop, Stop::AtOnce).await;
    }
}

async fn at_least(stop: &mut watch::Receiver<Stop>, wanted: Stop) {
    // A caller that has gone away will not stop anything.
    if stop.wait_for(|stop| *stop >= wanted).await.is_err() {
        pending::<()>().await;
    }
}
