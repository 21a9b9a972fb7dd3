//! `understudy run`.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;

use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

use super::args::{Output, RunArgs};
use super::artifacts;
use super::exit::{self, CliError};
use super::request::{Asked, request};
use super::room::{self, Room};
use super::stop::Signals;
use super::sweep;
use crate::config::Settings;
use crate::engine::Docker;
use crate::images::Keychain;
use crate::journal::{BuildDirectory, JournalError, StateDirectory, next_number};
use crate::model::{BuildId, BuildRecord};
use crate::plan;
use crate::run::{Build, Interrupt, Stop, Surroundings, run_build};
use crate::sink::{self, Audience, CodeBuildLog, Fanout, JsonLines, Pretty};

/// Runs one build and tells about it.
pub(super) async fn run(args: RunArgs, settings: &Settings) -> Result<ExitCode, CliError> {
    let Asked {
        mut request,
        warnings,
    } = request(&args.build, settings)?;
    request.debug = args.debug;
    artifacts::probe(&request.artifacts)?;
    if let Some(file) = &args.result {
        probe_result(file)?;
    }
    let room = Room::of(&args.build, settings)?;
    let made = room::make(&settings.state, request.cache.as_deref(), room.min_free)?;
    for (message, help) in warnings.into_iter().chain(made) {
        warn(&message, &help);
    }
    let docker =
        Docker::at(&settings.docker_host).map_err(|error| CliError::fault(&error, error.help()))?;
    let (state, build) = place(settings, request)?;
    let keychain = Keychain::new(settings.docker_config.clone(), settings.programs.clone());
    let surroundings = Surroundings {
        engine: &docker,
        docker_address: settings.docker_host.clone(),
        keychain: &keychain,
        trash: state.trash(),
    };
    let (stop, heard) = watch::channel(Stop::GoOn);
    let signals = Signals::listen().map_err(|error| {
        CliError::fault(error, "try again; the process cannot listen for signals")
    })?;
    let mut sinks = sinks(args.output);
    let mut on_event = |event: &crate::model::BuildEvent| sinks.event(event);
    let record = tokio::select! {
        record = run_build(&build, &surroundings, Interrupt::new(heard), &now, &mut on_event) => record,
        never = signals.forward(stop) => match never {},
    };
    for (name, error) in sinks.finish(&record) {
        warn(
            &format!("{name} stopped: {error}"),
            "the build itself is not affected",
        );
    }
    let written = args
        .result
        .as_deref()
        .map(|file| write_result(file, &record))
        .transpose();
    sweep::start(build.request.cache.as_deref(), room.cache_max);
    written?;
    Ok(ExitCode::from(exit::code(&record)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the door is where the clock is read"
)]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

fn place(
    settings: &Settings,
    request: crate::model::BuildRequest,
) -> Result<(StateDirectory, Build), CliError> {
    let failed = |error: JournalError| {
        CliError::fault(
            error,
            "free space there, or keep builds elsewhere with UNDERSTUDY_HOME",
        )
    };
    let state = StateDirectory::open(&settings.state).map_err(failed)?;
    let number = next_number(&state.project(&request.project)).map_err(failed)?;
    let id = BuildId {
        project: request.project.clone(),
        uuid: Uuid::new_v4(),
    };
    let places = plan::source_places(&request);
    let directory = BuildDirectory::create(&state.build(&id.uuid.to_string()), &places.primary)
        .map_err(failed)?;
    Ok((
        state,
        Build {
            request,
            id,
            number,
            directory,
        },
    ))
}

fn sinks(output: Output) -> Fanout {
    let mut sinks = Fanout::default();
    match output {
        Output::Pretty => {
            // The live line is drawn on standard error, the rest on standard output: both must be a terminal.
            let terminal = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
            let audience = if terminal {
                Audience::Terminal
            } else {
                Audience::Pipe
            };
            sinks.add(Pretty::new(anstream::stdout(), audience));
        }
        Output::Codebuild => sinks.add(CodeBuildLog::new(std::io::stdout())),
        Output::Json => sinks.add(JsonLines::new(std::io::stdout())),
    }
    sinks
}

/// A result that cannot be written is not worth waiting for.
fn probe_result(file: &Path) -> Result<(), CliError> {
    let unusable = |reason: &dyn std::fmt::Display| {
        CliError::unusable(
            format!(
                "the result cannot be written to `{}`: {reason}",
                file.display()
            ),
            "give a file in a directory that you can write to with `--result FILE`",
        )
    };
    if file.is_dir() {
        return Err(unusable(&"it is a directory"));
    }
    tempfile::NamedTempFile::new_in(folder_of(file))
        .map(drop)
        .map_err(|error| unusable(&error))
}

fn folder_of(file: &Path) -> &Path {
    let parent = file
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

fn write_result(file: &Path, record: &BuildRecord) -> Result<(), CliError> {
    let text = format!("{:#}\n", sink::result(record));
    let write = || {
        let beside = tempfile::NamedTempFile::new_in(folder_of(file))?;
        std::fs::write(beside.path(), text)?;
        beside.persist(file).map_err(|error| error.error)
    };
    write().map(drop).map_err(|error| {
        CliError::fault(
            format!(
                "failed to write the result to `{}`: {error}",
                file.display()
            ),
            "the build is over; its events are kept in the state directory",
        )
    })
}

fn warn(message: &str, help: &str) {
    use std::io::Write as _;
    let yellow = anstyle::AnsiColor::Yellow.on_default().bold();
    // With standard error gone there is nobody left to tell.
    let _unheard = writeln!(
        anstream::stderr(),
        "{yellow}warning{yellow:#}: {message}\n  help: {help}"
    );
}
