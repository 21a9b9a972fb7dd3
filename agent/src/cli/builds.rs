//! `understudy builds` and `understudy stop`: the builds that this machine knows, and the end of one.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use super::args::{BuildsArgs, ReportFormat, StopArgs};
use super::exit::{CliError, SUCCEEDED};
use super::find::{find, unreadable};
use crate::config::Settings;
use crate::journal::{KnownBuild, StateDirectory, known_builds};
use crate::sink::{duration, lines, plain_table};

/// Lists builds, the newest first.
pub(super) fn builds(
    args: &BuildsArgs,
    settings: &Settings,
    now: Timestamp,
) -> Result<ExitCode, CliError> {
    let state = StateDirectory::open(&settings.state).map_err(unreadable)?;
    let builds = known_builds(&state, "").map_err(unreadable)?;
    let text = match args.format {
        ReportFormat::Human => table(&builds, now),
        ReportFormat::Json => {
            let builds: Vec<_> = builds.iter().map(|build| one(build, now)).collect();
            format!("{:#}\n", json!(builds))
        }
    };
    // A reader that went away has seen what it wanted.
    let _unheard = anstream::stdout().write_all(text.as_bytes());
    Ok(ExitCode::from(SUCCEEDED))
}

fn table(builds: &[KnownBuild], now: Timestamp) -> String {
    let mut table = plain_table();
    table.set_header(["BUILD", "PROJECT", "NUMBER", "STATUS", "STARTED", "TOOK"]);
    for build in builds {
        let uuid = build.id.uuid.to_string();
        let started = build.record.started.unwrap_or(now);
        let local = started.to_zoned(TimeZone::system());
        table.add_row([
            uuid.split('-').next().unwrap_or(&uuid).to_owned(),
            build.id.project.clone(),
            number(build).to_string(),
            status(build).to_owned(),
            local.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            took(build, now).map_or_else(String::new, duration),
        ]);
    }
    lines(&table) + "\n"
}

fn one(build: &KnownBuild, now: Timestamp) -> serde_json::Value {
    json!({
        "id": build.id.to_string(),
        "project": build.id.project,
        "number": number(build),
        "status": status(build),
        "started": build.record.started,
        "seconds": took(build, now).map(|took| took.as_secs()),
        "directory": build.directory.root(),
    })
}

fn number(build: &KnownBuild) -> u64 {
    let identity = build.record.identity.as_ref();
    identity.map_or(0, |identity| identity.number)
}

fn status(build: &KnownBuild) -> &'static str {
    match (build.record.status, build.agent) {
        (Some(status), _) => status.name(),
        (None, Some(_)) if build.record.held.is_some() => "HELD",
        (None, Some(_)) => "IN_PROGRESS",
        // Killed, or the machine was switched off.
        (None, None) => "LOST",
    }
}

fn took(build: &KnownBuild, now: Timestamp) -> Option<Duration> {
    let ended = match (build.record.ended, build.agent) {
        (Some(ended), _) => ended,
        (None, Some(_)) => now,
        (None, None) => return None,
    };
    Some(
        ended
            .duration_since(build.record.started?)
            .try_into()
            .unwrap_or_default(),
    )
}

/// Asks the process that runs a build to stop it, as Ctrl-C there does, and waits for its end.
pub(super) async fn stop(args: StopArgs, settings: &Settings) -> Result<ExitCode, CliError> {
    let build = find(settings, args.id.as_deref())?;
    let id = build.id.clone();
    let Some(agent) = build.agent else {
        // CodeBuild's StopBuild leaves such a build as it is (reference §2.10).
        let _unheard = writeln!(anstream::stderr(), "build {id} is over: {}", status(&build));
        return Ok(ExitCode::from(SUCCEEDED));
    };
    kill(Pid::from_raw(agent), Signal::SIGINT).map_err(|error| {
        CliError::fault(
            format!("failed to stop build {id}: process {agent}: {error}"),
            "stop it as the user who started it",
        )
    })?;
    let directory = build.directory.clone();
    let waited = tokio::task::spawn_blocking(move || directory.wait_for_agent()).await;
    if let Ok(Err(error)) = waited {
        return Err(CliError::fault(
            format!("failed to wait for the end of build {id}: {error}"),
            "it was asked to stop; `understudy builds` says how it ended",
        ));
    }
    let uuid = id.uuid.to_string();
    let ended = find(settings, Some(&uuid))?;
    let _unheard = writeln!(anstream::stderr(), "build {id} is over: {}", status(&ended));
    Ok(ExitCode::from(SUCCEEDED))
}
