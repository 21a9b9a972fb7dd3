//! `understudy doctor`: what this machine offers to builds, and what they will not have.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use super::exit::{CliError, FAULT, SUCCEEDED};
use crate::config::Settings;
use crate::engine::{ContainerEngine as _, Docker, EngineError};
use crate::model::WorkspaceKind;
use crate::run;
use crate::sink::bytes;

/// Prints what was found. What keeps builds from running is said, and is the exit code's reason.
pub(super) async fn doctor(settings: &Settings) -> Result<ExitCode, CliError> {
    let mut lines = vec![("docker", settings.docker_host.clone())];
    let examined = examine(settings, &mut lines).await;
    for (name, place) in [
        ("state", settings.state.clone()),
        ("trash", settings.state.join("trash")),
        ("cache", settings.cache.clone()),
    ] {
        lines.push((name, format!("{}, {}", place.display(), room(&place))));
    }
    print(&lines);
    match examined {
        Ok(()) => Ok(ExitCode::from(SUCCEEDED)),
        Err(error) => {
            CliError::fault(&error, error.help()).print();
            Ok(ExitCode::from(FAULT))
        }
    }
}

async fn examine(
    settings: &Settings,
    lines: &mut Vec<(&'static str, String)>,
) -> Result<(), EngineError> {
    let docker = Docker::at(&settings.docker_host)?;
    docker.probe().await?;
    let machine = docker.machine().await?;
    lines.push((
        "engine",
        format!(
            "Docker {} on {} ({}), {} processors, {}",
            machine.version,
            machine.system,
            machine.platform,
            machine.cpus,
            bytes(machine.memory)
        ),
    ));
    let choice = run::suited(&docker, &settings.docker_host).await?;
    let kind = match choice.kind {
        WorkspaceKind::Layers => "layers: source and caches are mounted, whatever their size",
        WorkspaceKind::Copy => "copy: source and caches are copied",
    };
    lines.push(("workspace", format!("{kind} ({})", choice.reason)));
    Ok(())
}

/// Says how much room there is where a directory is, or will be made.
fn room(place: &Path) -> String {
    let mut above = place.ancestors();
    let there = above.find_map(|path| rustix::fs::statvfs(path).ok());
    there.map_or_else(
        || "and the disk does not say what is free".to_owned(),
        |disk| {
            format!(
                "{} free",
                bytes(disk.f_bavail.saturating_mul(disk.f_frsize))
            )
        },
    )
}

fn print(lines: &[(&str, String)]) {
    for (name, value) in lines {
        let _unheard = writeln!(anstream::stdout(), "{name:<10} {value}");
    }
}
