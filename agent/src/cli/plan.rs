//! `understudy plan` and `understudy schema`: what would be done, and what a buildspec may be.

use std::io::Write as _;
use std::process::ExitCode;

use super::args::PlanArgs;
use super::exit::{CliError, SUCCEEDED};
use super::request::{Asked, request};
use crate::config::Settings;
use crate::run;

/// Prints what `run` would do, as JSON. Findings and warnings go to standard error.
pub(super) async fn plan(args: &PlanArgs, settings: &Settings) -> Result<ExitCode, CliError> {
    let Asked { request, warnings } = request(&args.build, settings)?;
    let preview = run::preview(&request).await.map_err(|context| {
        let help = context
            .help
            .unwrap_or_else(|| "`understudy check` shows every finding of a buildspec".to_owned());
        CliError::unusable(context.message, help)
    })?;
    let planned = preview.plan.warnings.iter().cloned();
    for (message, help) in warnings.into_iter().chain(planned) {
        let _unheard = writeln!(anstream::stderr(), "warning: {message}\n  help: {help}");
    }
    if !preview.findings.is_empty() {
        let _unheard = writeln!(anstream::stderr(), "{}", preview.findings.trim_end());
    }
    let text = serde_json::to_string_pretty(&preview).map_err(|error| {
        CliError::fault(
            format!("failed to write the plan: {error}"),
            "report this as a bug",
        )
    })?;
    // A reader that went away has seen what it wanted.
    let _unheard = writeln!(anstream::stdout(), "{text}");
    Ok(ExitCode::from(SUCCEEDED))
}

/// Prints the JSON Schema of a buildspec.
pub(super) fn schema() -> ExitCode {
    let _unheard = writeln!(anstream::stdout(), "{}", buildspec::SCHEMA.trim_end());
    ExitCode::from(SUCCEEDED)
}
