//! One more process in a running container, with its streams: how people look into a build.

use std::fmt;
use std::pin::Pin;

use bollard::container::LogOutput;
use bollard::exec::{ResizeExecOptions, StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use tokio::io::AsyncWrite;

use super::answer::{call, status};
use super::{ContainerId, Docker, EngineError};

/// A process to be started; it runs as root, as a build's main process does.
#[derive(Debug, Clone)]
pub struct SessionSpec {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Variables beside those of the container.
    pub environment: Vec<(String, String)>,
    /// Whether it gets a terminal.
    pub terminal: bool,
}

/// A process that runs.
pub struct Session {
    /// The process's id at the engine.
    pub id: String,
    /// What it prints, until it ends.
    pub output: Pin<Box<dyn Stream<Item = Result<Said, EngineError>> + Send>>,
    /// What it reads; shutting it down is the end of its input.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A piece of what a process prints; a terminal has one stream only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Standard output, or the terminal.
    Output(Bytes),
    /// Standard error.
    Error(Bytes),
}

/// The engine's way to say "let go of me", moved from Ctrl-P, which shells need, to keys that nobody types.
const DETACH_KEYS: &str = "ctrl-^,ctrl-_,ctrl-^";

impl Docker {
    /// Starts a process in a container; `None` when the container is not there or does not run.
    pub async fn join(
        &self,
        container: &ContainerId,
        spec: &SessionSpec,
    ) -> Result<Option<Session>, EngineError> {
        let action = || format!("start a process in container `{}`", container.0);
        let config = ExecConfig {
            cmd: Some(spec.command.clone()),
            env: Some(
                spec.environment
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect(),
            ),
            user: Some("0".into()),
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(spec.terminal),
            detach_keys: Some(DETACH_KEYS.into()),
            ..ExecConfig::default()
        };
        let gone = |error: &bollard::errors::Error| matches!(status(error), Some(404 | 409));
        let made = match self.client().create_exec(&container.0, config).await {
            Err(error) if gone(&error) => return Ok(None),
            made => made.map_err(|error| call(action(), &error))?,
        };
        let options = StartExecOptions {
            tty: spec.terminal,
            ..StartExecOptions::default()
        };
        let started = match self.client().start_exec(&made.id, Some(options)).await {
            Err(error) if gone(&error) => return Ok(None),
            started => started.map_err(|error| call(action(), &error))?,
        };
        let StartExecResults::Attached { output, input } = started else {
            return Ok(None);
        };
        let output = output.map(|piece| match piece {
            Ok(LogOutput::StdErr { message }) => Ok(Said::Error(message)),
            Ok(
                LogOutput::StdOut { message }
                | LogOutput::StdIn { message }
                | LogOutput::Console { message },
            ) => Ok(Said::Output(message)),
            Err(error) => Err(call("read what the process prints".into(), &error)),
        });
        Ok(Some(Session {
            id: made.id,
            output: Box::pin(output),
            input,
        }))
    }

    /// Tells a process how large its terminal is. One that is over needs no size.
    pub async fn resize(&self, session: &str, columns: u16, rows: u16) {
        let size = ResizeExecOptions {
            height: rows,
            width: columns,
        };
        let _over = self.client().resize_exec(session, size).await;
    }

    /// Returns the exit code of a process that is over; `None` when its container is gone too.
    pub async fn exit_code(&self, session: &str) -> Option<i64> {
        self.client().inspect_exec(session).await.ok()?.exit_code
    }
}
