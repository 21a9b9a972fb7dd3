//! A process in a container and the caller's own streams, put together.

use std::future::pending;
use std::io::{self, Write as _};

use futures_util::StreamExt as _;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::Receiver;

use super::exit::CliError;
use super::stop::Signals;
use super::terminal::{self, Raw};
use crate::engine::{Docker, Said, Session};

/// How a joined process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// With this exit code.
    Code(i64),
    /// With its container.
    Gone,
    /// The caller let go of it.
    LetGo,
}

/// Whose terminal the process has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Terminal {
    /// The caller's.
    Lent,
    /// It has none, and reads what is piped in.
    None,
}

/// Passes everything on, both ways, until the process is over.
pub(super) async fn attach(
    docker: &Docker,
    session: Session,
    terminal: Terminal,
) -> Result<Ended, CliError> {
    let Session {
        id,
        mut output,
        input,
    } = session;
    let deaf = |error| CliError::fault(error, "try again; the process cannot listen for signals");
    let mut windows = signal(SignalKind::window_change()).map_err(deaf)?;
    // A terminal must be given back, so signals may no longer end this process; without one, they may.
    let (mut signals, _raw) = match terminal {
        Terminal::None => (None, None),
        Terminal::Lent => (
            Some(Signals::listen().map_err(deaf)?),
            Some(Raw::enter().map_err(|error| {
                CliError::fault(
                    format!("failed to take the terminal: {error}"),
                    "run one command instead: `understudy shell ID -- COMMAND`",
                )
            })?),
        ),
    };
    let resize = async || {
        if let (Terminal::Lent, Some((columns, rows))) = (terminal, terminal::size()) {
            docker.resize(&id, columns, rows).await;
        }
    };
    resize().await;
    let feed = feed(input, terminal::input());
    tokio::pin!(feed);
    let mut heard = false;
    loop {
        tokio::select! {
            said = output.next() => {
                match said {
                    None => break,
                    Some(Err(error)) => return Err(CliError::fault(&error, error.help())),
                    Some(Ok(said)) => pass_on(said)?,
                }
                // The first size may have come before there was a terminal to take it.
                if !std::mem::replace(&mut heard, true) {
                    resize().await;
                }
            }
            never = &mut feed => match never {},
            _ = windows.recv() => resize().await,
            () = heard_signal(&mut signals) => return Ok(Ended::LetGo),
        }
    }
    Ok(docker.exit_code(&id).await.map_or(Ended::Gone, Ended::Code))
}

async fn heard_signal(signals: &mut Option<Signals>) {
    match signals {
        Some(signals) => signals.next().await,
        None => pending().await,
    }
}

/// Gives the process what the caller gives, and then the end of it.
async fn feed(
    mut input: impl AsyncWrite + Unpin,
    mut given: Receiver<Vec<u8>>,
) -> std::convert::Infallible {
    while let Some(piece) = given.recv().await {
        // One that does not read any more is waited for by its output.
        if input.write_all(&piece).await.is_err() {
            break;
        }
    }
    let _over = input.shutdown().await;
    pending().await
}

fn pass_on(said: Said) -> Result<(), CliError> {
    let written = match said {
        Said::Output(bytes) => {
            let mut out = io::stdout().lock();
            out.write_all(&bytes).and_then(|()| out.flush())
        }
        Said::Error(bytes) => io::stderr().lock().write_all(&bytes),
    };
    written.map_err(|error| {
        CliError::fault(
            format!("failed to print: {error}"),
            "see that the other end of the pipe reads on",
        )
    })
}
