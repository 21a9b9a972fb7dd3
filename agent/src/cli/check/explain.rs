//! What kinds of findings there are, and why each matters.

use std::io::Write as _;
use std::process::ExitCode;

use anstyle::AnsiColor;
use buildspec::Kind;

use crate::cli::exit::{CliError, SUCCEEDED};

/// Returns a kind of finding, or an error that names those that are near.
pub(super) fn known(code: &str) -> Result<Kind, CliError> {
    buildspec::kind(code).ok_or_else(|| {
        let section = code.split('.').next().unwrap_or_default();
        let known = buildspec::kinds().into_iter().map(|kind| kind.code);
        let near: Vec<_> = known
            .filter(|known| known.split('.').next() == Some(section))
            .collect();
        CliError::unusable(
            format!("there is no finding `{code}`"),
            if near.is_empty() {
                "`understudy check --list` shows them all".to_owned()
            } else {
                format!("there are {}", near.join(", "))
            },
        )
    })
}

/// Prints why one kind of finding matters.
pub(super) fn explain(code: &str) -> Result<ExitCode, CliError> {
    let kind = known(code)?;
    let bold = AnsiColor::White.on_default().bold();
    let _unheard = writeln!(
        anstream::stdout(),
        "{bold}{}{bold:#}: {}\n\n{}",
        kind.code,
        kind.title,
        kind.why
    );
    Ok(ExitCode::from(SUCCEEDED))
}

/// Prints every kind of finding, a line each.
pub(super) fn list() -> ExitCode {
    let kinds = buildspec::kinds();
    let width = kinds
        .iter()
        .map(|kind| kind.code.len())
        .max()
        .unwrap_or_default();
    let mut out = anstream::stdout().lock();
    for kind in kinds {
        let _unheard = writeln!(out, "{:width$}  {}", kind.code, kind.title);
    }
    ExitCode::from(SUCCEEDED)
}
