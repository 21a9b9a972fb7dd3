//! What kinds of findings there are, and why each matters.

use std::io::Write as _;
use std::process::ExitCode;

use anstyle::AnsiColor;
use comfy_table::Table;
use comfy_table::presets::NOTHING;

use crate::cli::exit::{CliError, SUCCEEDED};

/// Prints why one kind of finding matters.
pub(super) fn explain(code: &str) -> Result<ExitCode, CliError> {
    let kind = buildspec::kind(code).ok_or_else(|| {
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
    })?;
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
    let mut table = Table::new();
    table.load_style(NOTHING);
    for kind in buildspec::kinds() {
        table.add_row([kind.code, kind.title]);
    }
    let _unheard = writeln!(anstream::stdout(), "{table}");
    ExitCode::from(SUCCEEDED)
}
