//! `understudy upload`: sends what of a build's artifacts has not arrived.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use super::args::UploadArgs;
use super::exit::{CliError, SUCCEEDED};
use super::find::{find, unreadable};
use crate::artifacts::{self, Shipment};
use crate::config::Settings;
use crate::journal::{self, BuildDirectory, KnownBuild, StateDirectory, known_builds};

/// Sends what a build has left to be sent, or each build without one.
pub(super) async fn upload(args: UploadArgs, settings: &Settings) -> Result<ExitCode, CliError> {
    let state = StateDirectory::open(&settings.state).map_err(unreadable)?;
    let builds = match args.id.as_deref() {
        Some(id) => vec![find(settings, Some(id))?],
        None => known_builds(&state, "").map_err(unreadable)?,
    };
    let mut arrived = 0;
    for build in builds {
        // One that runs sends its artifacts itself.
        if build.agent.is_some() {
            if args.id.is_some() {
                let message = format!(
                    "build {} is not over, and sends its artifacts itself",
                    build.id
                );
                return Err(CliError::unusable(message, "wait for its end"));
            }
            continue;
        }
        for place in waiting(&build.directory)? {
            send(&build, &place, &state).await?;
            arrived += 1;
        }
    }
    if arrived == 0 {
        let _unheard = writeln!(anstream::stderr(), "nothing is left to be sent");
    }
    Ok(ExitCode::from(SUCCEEDED))
}

/// Returns the directories of what has not arrived, in the order of their names.
fn waiting(directory: &BuildDirectory) -> Result<Vec<PathBuf>, CliError> {
    let uploads = directory.uploads();
    let entries = match std::fs::read_dir(&uploads) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| unreadable_upload(&uploads, &error))?,
    };
    let mut places: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    places.sort();
    Ok(places)
}

async fn send(
    build: &KnownBuild,
    place: &std::path::Path,
    state: &StateDirectory,
) -> Result<(), CliError> {
    let shipment = Shipment::read(place).map_err(|error| unreadable_upload(place, &error))?;
    // Without one, the build ended before its artifact was complete.
    let Some(shipment) = shipment else {
        return Ok(());
    };
    let objects = artifacts::send(place, &shipment).await.map_err(|error| {
        CliError::fault(
            format!("artifacts of build {}: {error}", build.id),
            format!(
                "{}; then try again: what has arrived is not sent twice",
                error.help()
            ),
        )
    })?;
    journal::throw_away(place, &state.trash()).map_err(unreadable)?;
    let _unheard = writeln!(
        anstream::stdout(),
        "{} ({objects} object{})",
        shipment.arn(),
        if objects == 1 { "" } else { "s" }
    );
    Ok(())
}

fn unreadable_upload(place: &std::path::Path, error: &std::io::Error) -> CliError {
    CliError::fault(
        format!("`{}` cannot be read: {error}", place.display()),
        "see that you can read it, or remove it if its artifacts are not wanted",
    )
}
