//! Our program and its rivals as processes.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Returns the program that was built beside this one.
pub(crate) fn own_program() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let program = own.with_file_name("understudy");
    if program.exists() {
        Ok(program)
    } else {
        Err(format!(
            "no {}; build it with `cargo build --release --workspace`",
            program.display()
        ))
    }
}

/// Runs a command to a successful end.
pub(crate) fn succeed(command: &mut Command) -> Result<(), String> {
    let status = command
        .stdout(Stdio::null())
        .status()
        .map_err(|error| format!("{command:?} cannot be started: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{command:?} ended with {status}"))
    }
}
