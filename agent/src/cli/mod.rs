//! DOORS: the command line. Flags become a request; what comes back is printed; the process exits with a code that
//! scripts can branch on. Nothing else in the program prints or exits.

mod args;
mod artifacts;
mod attach;
mod builds;
mod cache;
mod cache_place;
mod check;
mod compute;
mod doctor;
mod exit;
mod find;
mod plan;
mod project_source;
mod report;
mod request;
mod room;
mod run;
mod shell;
mod size;
mod source;
mod stop;
mod sweep;
mod terminal;
mod upload;
mod variables;

use std::process::ExitCode;

use clap::Parser as _;

use crate::config::Settings;
use args::{Cli, Command};
pub use exit::{BUILD_FAILED, FAULT, STOPPED, SUCCEEDED, TIMED_OUT, UNUSABLE};

/// Runs the program with the process's arguments and environment.
pub async fn main() -> ExitCode {
    let cli = Cli::parse();
    let settings = Settings::from_environment();
    let done = match cli.command {
        Command::Run(args) => Box::pin(run::run(*args, &settings)).await,
        Command::Check(args) => check::check(&args),
        Command::Shell(args) => shell::shell(args, &settings).await,
        Command::Builds(args) => builds::builds(&args, &settings, run::now()),
        Command::Stop(args) => builds::stop(args, &settings).await,
        Command::Resume(args) => shell::resume(args, &settings).await,
        Command::Plan(args) => Box::pin(plan::plan(&args, &settings)).await,
        Command::Doctor => doctor::doctor(&settings).await,
        Command::Schema => Ok(plan::schema()),
        Command::Report(args) => report::report(&args, &settings),
        Command::Cache(args) => cache::cache(args, &settings).await,
        Command::Upload(args) => Box::pin(upload::upload(args, &settings)).await,
        Command::Sweep(args) => sweep::sweep(args, &settings).await,
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            error.print();
            error.code()
        }
    }
}
