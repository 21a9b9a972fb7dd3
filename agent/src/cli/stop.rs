//! Signals become what the build understands: the first asks it to stop, the second does not wait.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::run::Stop;

/// Listens for SIGINT, SIGTERM and SIGHUP.
pub(super) struct Signals {
    signals: [Signal; 3],
}

impl Signals {
    /// Starts to listen; from now on these signals no longer end the process.
    pub(super) fn listen() -> io::Result<Self> {
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ];
        let [interrupt, terminate, hangup] = kinds.map(signal);
        Ok(Self {
            signals: [interrupt?, terminate?, hangup?],
        })
    }

    /// Passes signals on for ever.
    pub(super) async fn forward(mut self, stop: watch::Sender<Stop>) -> std::convert::Infallible {
        loop {
            self.next().await;
            let next = match *stop.borrow() {
                Stop::GoOn => Stop::Gently,
                Stop::Gently | Stop::AtOnce => Stop::AtOnce,
            };
            stop.send_replace(next);
        }
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
