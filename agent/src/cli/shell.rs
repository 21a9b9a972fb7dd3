//! `understudy shell` and `understudy resume`: into a running build, and on with a held one.

use std::io::Write as _;
use std::process::ExitCode;

use super::args::{ResumeArgs, ShellArgs};
use super::attach::{Ended, Terminal, attach};
use super::exit::{BUILD_FAILED, CliError, STOPPED};
use super::find::find;
use super::terminal;
use crate::config::{self, Settings};
use crate::engine::{ContainerId, Docker, Session, SessionSpec};
use crate::journal::KnownBuild;
use crate::plan::layout;
use crate::run::container_name;

/// Opens a shell, or runs a command, where the build is.
pub(super) async fn shell(args: ShellArgs, settings: &Settings) -> Result<ExitCode, CliError> {
    let build = find(settings, args.id.as_deref())?;
    let terminal = if terminal::is_interactive() {
        Terminal::Lent
    } else {
        Terminal::None
    };
    let term = config::variable("TERM").filter(|_| terminal == Terminal::Lent);
    let spec = SessionSpec {
        command: ["sh".to_owned(), layout::JOIN.to_owned()]
            .into_iter()
            .chain(args.command)
            .collect(),
        environment: term
            .map(|term| ("TERM".to_owned(), term))
            .into_iter()
            .collect(),
        terminal: terminal == Terminal::Lent,
    };
    let docker = engine(settings)?;
    let session = join(&docker, &build, &spec).await?;
    let ended = attach(&docker, session, terminal).await?;
    if terminal == Terminal::Lent {
        farewell(settings, &build, ended);
    }
    Ok(code(ended))
}

/// Lets a held build go on.
pub(super) async fn resume(args: ResumeArgs, settings: &Settings) -> Result<ExitCode, CliError> {
    let build = find(settings, args.id.as_deref())?;
    let mut command = vec![format!("{}/codebuild-resume", layout::TOOLS)];
    if args.retry {
        command.push("--retry".into());
    }
    if args.skip {
        command.push("--skip".into());
    }
    let spec = SessionSpec {
        // By the shell: an image may have it elsewhere than where the tool's first line says.
        command: ["sh".to_owned()].into_iter().chain(command).collect(),
        environment: Vec::new(),
        terminal: false,
    };
    let docker = engine(settings)?;
    let session = join(&docker, &build, &spec).await?;
    Ok(code(attach(&docker, session, Terminal::None).await?))
}

fn engine(settings: &Settings) -> Result<Docker, CliError> {
    Docker::at(&settings.docker_host).map_err(|error| CliError::fault(&error, error.help()))
}

async fn join(
    docker: &Docker,
    build: &KnownBuild,
    spec: &SessionSpec,
) -> Result<Session, CliError> {
    let id = &build.id;
    let log = build.directory.record().join("log");
    if let Some(status) = build.record.status {
        return Err(CliError::unusable(
            format!("build {id} is over: {status}; its container is gone"),
            format!(
                "its output is in {}; to look at a failure from within, run it again with `understudy run --debug`",
                log.display()
            ),
        ));
    }
    let container = ContainerId(container_name(id));
    let joined = docker.join(&container, spec).await;
    let joined = joined.map_err(|error| CliError::fault(&error, error.help()))?;
    joined.ok_or_else(|| match build.agent {
        Some(_) => CliError::unusable(
            format!("the container of build {id} does not run yet"),
            "it starts when the source is there; try again in a moment",
        ),
        None => CliError::unusable(
            format!(
                "build {id} is over: the process that ran it has ended, and its container is gone"
            ),
            format!("its output is in {}", log.display()),
        ),
    })
}

/// Says how it stands with the build, for whoever comes out of its shell.
fn farewell(settings: &Settings, build: &KnownBuild, ended: Ended) {
    let uuid = build.id.uuid.to_string();
    let text = match ended {
        Ended::Gone => "the build is over".to_owned(),
        _ => match find(settings, Some(&uuid)) {
            Ok(build) if build.record.held.is_some() => format!(
                "the build is still held: `understudy resume {short}` goes on, `understudy shell {short}` comes back",
                short = uuid.split('-').next().unwrap_or(&uuid)
            ),
            _ => return,
        },
    };
    let _unheard = writeln!(anstream::stderr(), "{text}");
}

fn code(ended: Ended) -> ExitCode {
    match ended {
        Ended::Code(code) => ExitCode::from(u8::try_from(code).unwrap_or(BUILD_FAILED)),
        Ended::Gone => ExitCode::from(BUILD_FAILED),
        Ended::LetGo => ExitCode::from(STOPPED),
    }
}
