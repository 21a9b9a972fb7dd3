//! Emptying the trash, in a process of its own: deleting a `node_modules` takes seconds that nobody should wait for.

use std::path::Path;
use std::process::{ExitCode, Stdio};

use cache::{Budget, CacheError, Doing, LocalStore};

use super::args::SweepArgs;
use super::exit::{CliError, SUCCEEDED};
use crate::config::Settings;
use crate::journal;

/// Starts `understudy sweep` in the background, for a build's trash and its cache's. When it cannot be started, the next
/// build tries again.
#[expect(
    clippy::disallowed_methods,
    reason = "this program itself, and nothing of the user's"
)]
pub(super) fn start(cache: Option<&Path>, cache_max: Option<u64>) {
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let mut command = std::process::Command::new(program);
    command.arg("sweep");
    if let Some(cache) = cache {
        command.arg("--cache").arg(cache);
        if let Some(max) = cache_max {
            command.arg("--cache-max").arg(max.to_string());
        }
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // A group of its own, so that the terminal's Ctrl-C and hang-up do not reach it.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let _not_started = command.spawn();
}

/// Deletes what is in the trash; makes nothing where there is none.
pub(super) async fn sweep(args: SweepArgs, settings: &Settings) -> Result<ExitCode, CliError> {
    let trash = settings.state.join("trash");
    let done = tokio::task::spawn_blocking(move || {
        let emptied = journal::empty(&trash).map_err(|error| error.to_string());
        let tidied = match &args.cache {
            Some(cache) if cache.is_dir() => {
                tidy(cache, args.cache_max).map_err(|error| error.to_string())
            }
            _ => Ok(()),
        };
        emptied.and(tidied)
    });
    let done = done
        .await
        .map_err(|error| error.to_string())
        .and_then(|done| done);
    done.map_err(|error| CliError::fault(error, "delete it by hand, with sudo if root owns it"))?;
    Ok(ExitCode::from(SUCCEEDED))
}

/// Brings a cache within its budget, and deletes its trash.
fn tidy(cache: &Path, max_bytes: Option<u64>) -> Result<(), CacheError> {
    let store = LocalStore::open(cache)?;
    if max_bytes.is_some() {
        let budget = Budget {
            max_bytes,
            ..Budget::default()
        };
        store.shrink(&budget, Doing::Really)?;
    }
    store.empty_trash().map(drop)
}
