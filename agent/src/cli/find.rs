//! Which build is meant: by its id, its uuid, the beginning of that, or none at all.

use super::exit::CliError;
use crate::config::Settings;
use crate::journal::{JournalError, KnownBuild, StateDirectory, known_builds};

/// Returns the build that `id` means; without one, the newest that is held, else the newest that runs.
pub(super) fn find(settings: &Settings, id: Option<&str>) -> Result<KnownBuild, CliError> {
    let state = StateDirectory::open(&settings.state).map_err(unreadable)?;
    let Some(id) = id else {
        return newest(known_builds(&state, "").map_err(unreadable)?);
    };
    let (project, uuid) = match id.rsplit_once(':') {
        Some((project, uuid)) => (Some(project), uuid),
        None => (None, id),
    };
    let uuid = uuid.to_ascii_lowercase();
    let mut fitting = known_builds(&state, &uuid).map_err(unreadable)?;
    fitting.retain(|build| project.is_none_or(|project| build.id.project == project));
    let found = fitting.len();
    match (fitting.pop(), found) {
        (Some(build), 1) if !uuid.is_empty() => Ok(build),
        (None, _) => Err(CliError::unusable(
            format!("no build is known by `{id}`"),
            "`understudy builds` lists those that are; ids are kept below UNDERSTUDY_HOME",
        )),
        (Some(_), found) => Err(CliError::unusable(
            format!("`{id}` means {found} builds"),
            "write more of the id; `understudy builds` lists them",
        )),
    }
}

fn newest(mut builds: Vec<KnownBuild>) -> Result<KnownBuild, CliError> {
    builds.retain(|build| build.record.status.is_none() && build.agent.is_some());
    // They come newest first, and a stable sort leaves them so.
    builds.sort_by_key(|build| build.record.held.is_none());
    builds.into_iter().next().ok_or_else(|| {
        CliError::unusable(
            "no build is running",
            "start one that waits where a command fails: `understudy run --debug …`",
        )
    })
}

pub(super) fn unreadable(error: JournalError) -> CliError {
    CliError::fault(
        error,
        "see that you can read it, or name another place with UNDERSTUDY_HOME",
    )
}
