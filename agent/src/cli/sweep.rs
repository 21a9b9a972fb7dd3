//! Emptying the trash, in a process of its own: deleting a `node_modules` takes seconds that nobody should wait for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{ExitCode, Stdio};

use cache::{Budget, CacheError, Doing, LocalStore};

use super::args::SweepArgs;
use super::exit::{CliError, SUCCEEDED};
use crate::config::Settings;
use crate::engine::{ContainerEngine as _, ContainerId, Docker, EngineError, Labelled};
use crate::journal::{self, BuildDirectory, StateDirectory};
use crate::run;

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

/// Puts away what builds have left whose program was killed, and deletes what is in the trash; makes nothing where there is
/// none.
pub(super) async fn sweep(args: SweepArgs, settings: &Settings) -> Result<ExitCode, CliError> {
    // What cannot be put away keeps nobody from the rest.
    let put_away = if settings.state.join("builds").is_dir() {
        put_away(settings).await
    } else {
        Ok(())
    };
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
    put_away?;
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

/// Removes the containers and volumes of builds that no process runs any more, and moves what they worked in to the trash.
async fn put_away(settings: &Settings) -> Result<(), CliError> {
    let failed = |error: &dyn std::fmt::Display| {
        CliError::fault(error, "remove it by hand, with sudo if root owns it")
    };
    let state = StateDirectory::open(&settings.state).map_err(|error| failed(&error))?;
    // Without the engine, the next sweep does its part.
    let docker = Docker::at(&settings.docker_host);
    let found = match &docker {
        Ok(docker) => found_at(docker).await.unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let worked_in = |directory: &BuildDirectory| directory.working().iter().any(|it| it.exists());
    let builds = std::fs::read_dir(state.builds());
    let unfinished = builds
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| worked_in(&BuildDirectory::at(&entry.path())))
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut uuids: BTreeSet<String> = unfinished.collect();
    uuids.extend(found.iter().map(|found| found.value.clone()));
    // While one of these is held, nobody takes up the build.
    let mut dead = BTreeMap::new();
    for uuid in uuids {
        let directory = BuildDirectory::at(&state.build(&uuid));
        if let Some(held) = directory.take_over() {
            dead.insert(uuid, (directory, held));
        }
    }
    let mut first_failure = Ok(());
    if let Ok(docker) = &docker {
        for found in &found {
            if !dead.contains_key(&found.value) {
                continue;
            }
            let removed = match &found.what {
                Thing::Container(id) => docker.remove(id).await,
                Thing::Volume(name) => docker.remove_volume(name).await,
            };
            if let Err(error) = removed {
                // It may still be in the build's directories.
                dead.remove(&found.value);
                first_failure = first_failure.and(Err(failed(&error)));
            }
        }
    }
    for (directory, _held) in dead.into_values() {
        for part in directory.working() {
            if let Err(error) = journal::throw_away(&part, &state.trash()) {
                first_failure = first_failure.and(Err(failed(&error)));
            }
        }
    }
    first_failure
}

/// Something that a build has at the engine.
enum Thing {
    Container(ContainerId),
    Volume(String),
}

/// Lists what any build has at the engine: containers first, because they hold their volumes.
async fn found_at(docker: &Docker) -> Result<Vec<Labelled<Thing>>, EngineError> {
    let mut found = Vec::new();
    for label in [run::LABEL, run::LENT] {
        let containers = docker.containers_labelled(label).await?.into_iter();
        found.extend(containers.map(|it| Labelled {
            what: Thing::Container(it.what),
            value: it.value,
        }));
    }
    for label in [run::LABEL, run::LENT] {
        let volumes = docker.volumes_labelled(label).await?.into_iter();
        found.extend(volumes.map(|it| Labelled {
            what: Thing::Volume(it.what),
            value: it.value,
        }));
    }
    Ok(found)
}
