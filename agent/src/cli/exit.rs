//! How the process ends: codes for scripts, and errors with a next step.

use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;

use anstyle::AnsiColor;

use crate::model::{BuildRecord, StatusCode, Verdict};

/// The build succeeded.
pub const SUCCEEDED: u8 = 0;
/// The build failed: the user's command, artifacts or an image.
pub const BUILD_FAILED: u8 = 1;
/// Arguments, buildspec or project cannot be used.
pub const UNUSABLE: u8 = 2;
/// The engine, the disk, the network or this program failed.
pub const FAULT: u8 = 3;
/// The build's time was up.
pub const TIMED_OUT: u8 = 4;
/// Somebody stopped the build; what a shell calls "interrupted".
pub const STOPPED: u8 = 130;

/// Returns the code of a finished build.
pub(super) fn code(record: &BuildRecord) -> u8 {
    match record.status {
        Some(Verdict::Succeeded) => SUCCEEDED,
        Some(Verdict::TimedOut) => TIMED_OUT,
        Some(Verdict::Stopped) => STOPPED,
        Some(Verdict::Fault) | None => FAULT,
        // CodeBuild calls these FAILED too; a script can tell a typing mistake from a failing test by the code.
        Some(Verdict::Failed) if was_unusable(record) => UNUSABLE,
        Some(Verdict::Failed) => BUILD_FAILED,
    }
}

fn was_unusable(record: &BuildRecord) -> bool {
    use crate::model::Phase::{DownloadSource, Provisioning};
    record.first_failure().is_some_and(|phase| {
        let before_commands = [Provisioning, DownloadSource].contains(&phase.phase);
        let by_command = phase
            .contexts
            .iter()
            .any(|context| context.status_code == StatusCode::CommandExecutionError);
        before_commands && !by_command
    })
}

/// An error of a door.
#[derive(Debug)]
pub(super) struct CliError {
    code: u8,
    message: String,
    help: String,
}

impl CliError {
    /// What was typed cannot be used.
    pub(super) fn unusable(message: impl fmt::Display, help: impl Into<String>) -> Self {
        Self {
            code: UNUSABLE,
            message: message.to_string(),
            help: help.into(),
        }
    }

    /// The machine does not do its part.
    pub(super) fn fault(message: impl fmt::Display, help: impl Into<String>) -> Self {
        Self {
            code: FAULT,
            message: message.to_string(),
            help: help.into(),
        }
    }

    /// Returns what is wrong.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }

    /// Prints the error to standard error.
    pub(super) fn print(&self) {
        let red = AnsiColor::Red.on_default().bold();
        let mut out = anstream::stderr().lock();
        // With standard error gone there is nobody left to tell.
        let _unheard = writeln!(
            out,
            "{red}error{red:#}: {}\n  help: {}",
            self.message, self.help
        );
    }
}
