//! `DOWNLOAD_SOURCE`: the source, the buildspec, the plan, the cache; and the one call that starts the container.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::pin::Pin;

use buildspec::Reading;

use super::commands::Running;
use super::docker_layers::{self, KeptLayers};
use super::follow::Follower;
use super::phase_end::PhaseEnd;
use super::provision::Provisioned;
use super::read_buildspec::{read_buildspec, tell_findings, yaml_error};
use super::resolve::resolve;
use super::restore::{self, Laid, Prepared};
use super::teller::Teller;
use super::values::{Values, unread};
use super::variables::Variables;
use super::workspace::{self, Workspace};
use super::{Build, LABEL, Surroundings, cache, docker_loan, lending, nested, redaction, sources};
use crate::engine::{
    Access, ContainerEngine, ContainerId, ContainerSpec, EngineError, Mount, Privileges,
};
use crate::journal::JournalError;
use crate::lend::Lender;
use crate::lend_docker::LentDocker;
use crate::model::{BuildspecPlace, DockerAccess, EventKind, PhaseCommands, WorkspaceKind};
use crate::plan::{
    self, BuildFacts, CachePaths, Catalogue, ImageRuntimes, Plan, PlanError, RuntimePlan, layout,
};
use crate::workspace::Tree;

/// The catalogues of CodeBuild's images have 10 kB.
const CATALOGUE_LIMIT: u64 = 1024 * 1024;
/// Git's own way to be configured by variables.
const TRUST_SOURCE: [(&str, &str); 3] = [
    ("GIT_CONFIG_COUNT", "1"),
    ("GIT_CONFIG_KEY_0", "safe.directory"),
    ("GIT_CONFIG_VALUE_0", "*"),
];

/// Returns the name of a build's container; fixed, so that it can be removed whatever is known of it.
pub(super) fn container(build: &Build) -> ContainerId {
    ContainerId(super::container_name(&build.id))
}

/// A call that makes a container. It is kept when the build is cut short: the engine may have begun, and what it makes
/// must be removed.
pub(super) type Creating<'a> =
    Pin<Box<dyn Future<Output = Result<ContainerId, EngineError>> + Send + 'a>>;

/// What must be taken back also when the build is cut short.
#[derive(Default)]
pub(super) struct Pending<'a> {
    pub(super) creating: Option<Creating<'a>>,
    pub(super) lent: Option<LentDocker>,
}

/// A build whose container runs.
pub(super) struct Started<'a> {
    pub(super) plan: Plan,
    pub(super) variables: Variables,
    pub(super) running: Running<'a>,
    /// What the shell answered before INSTALL.
    pub(super) early: Values,
    /// Where the driver waits until use was made of that.
    answer: Option<File>,
    /// The source, as the container has it.
    pub(super) workspace: Workspace,
    /// What the cache keeps.
    pub(super) paths: CachePaths,
    /// What the cache had; told when the runtimes are in place, as in CodeBuild's log.
    restored: cache::Restoring,
    /// Mounted while the container is there.
    _layers: Option<KeptLayers>,
}

/// What is known of a build before its container is made.
struct Known {
    text: String,
    reading: Reading,
    variables: Variables,
    workspace: Workspace,
    /// The source as it is below the workspace.
    source: Tree,
}

/// Prepares everything and starts the container.
pub(super) async fn download<'a, E: ContainerEngine>(
    build: &Build,
    surroundings: &Surroundings<'a, E>,
    provisioned: &Provisioned,
    lender: Option<&Lender>,
    pending: &mut Pending<'a>,
    teller: &mut Teller<'_>,
) -> Result<Started<'a>, PhaseEnd> {
    let known = learn(build, surroundings, provisioned, lender, teller).await?;
    launch(build, surroundings, provisioned, known, pending, teller).await
}

/// Brings the sources, reads the buildspec and resolves the variables.
async fn learn<E: ContainerEngine>(
    build: &Build,
    surroundings: &Surroundings<'_, E>,
    provisioned: &Provisioned,
    lender: Option<&Lender>,
    teller: &mut Teller<'_>,
) -> Result<Known, PhaseEnd> {
    let (brought, workspace) =
        workspace::make(build, &provisioned.workspace, &surroundings.trash, teller).await?;
    let source = workspace.before(build).map_err(unreadable)?;
    let (text, reading) = read_buildspec(&build.request, &source).await?;
    sources::tell(build, &brought, &reading, teller);
    tell_findings(&build.request, &text, &reading, teller)?;

    let facts = BuildFacts {
        id: build.id.clone(),
        number: build.number,
        start_millis: teller
            .record
            .started
            .map_or(0, jiff::Timestamp::as_millisecond),
        sources: brought.versions,
    };
    teller.tell(EventKind::EnvironmentReady);
    let mut variables = resolve(&reading.document, &build.request, &facts, teller).await?;
    if let Some(lender) = lender {
        lending::announce(lender, &mut variables);
        teller.hide(lender.secrets());
    }
    teller.hide(redaction::hidden(&build.request, variables.secrets()));
    teller.warn_of_short_secrets();
    Ok(Known {
        text,
        reading,
        variables,
        workspace,
        source,
    })
}

/// Makes the container, with all that it reads, and starts it.
async fn launch<'a, E: ContainerEngine>(
    build: &Build,
    surroundings: &Surroundings<'a, E>,
    provisioned: &Provisioned,
    known: Known,
    pending: &mut Pending<'a>,
    teller: &mut Teller<'_>,
) -> Result<Started<'a>, PhaseEnd> {
    let Known {
        text,
        reading,
        variables,
        mut workspace,
        source,
    } = known;
    let mark = uuid::Uuid::new_v4().simple().to_string();
    let owner = build.directory.owner().unwrap_or_default();
    let shell = reading.document.env.shell.as_ref();
    let shell = shell.map_or("sh", |shell| &shell.value);
    let arguments = [&mark, shell, &owner];
    let configured = configured(&variables, &owner);
    let layers = docker_layers::fetch(build, teller).await;
    let mut spec = container_spec(build, provisioned, &workspace, configured, arguments);
    let kept = layers.as_ref().map(|layers| layers.mounts(build));
    spec.mounts.extend(kept.into_iter().flatten());
    let engine = surroundings.engine;
    let document = (&reading.document, &variables);
    let prepared = restore::prepare(
        build,
        provisioned,
        document,
        (&mut workspace, source),
        (engine, &mut pending.creating),
        teller,
    );
    let Prepared { paths, early, laid } = Box::pin(prepared).await?;
    let others = spec.volumes.len();
    workspace.mount(build, &mut spec)?;
    let (address, lent) = (&surroundings.docker_address, &mut pending.lent);
    docker_loan::lend(build, address, &mut spec, lent, teller)?;
    let mut container = nested::make(&mut spec, engine, &mut pending.creating, teller).await?;
    let catalogue = catalogue(engine, &container).await?;
    let mut plan = decided(
        build,
        (&text, &reading),
        &variables,
        catalogue.as_ref(),
        teller,
    )?;
    if early.is_some() {
        plan.early.clear();
    }
    let early = early.unwrap_or_default();
    let answer = (!plan.early.is_empty())
        .then(|| build.directory.open_answer())
        .transpose()?;
    write_scripts(build, &plan)?;
    write_texts(build, &text, &workspace, &variables)?;
    // By name: the container may be made anew before it starts.
    let waited = self::container(build);
    let ending = Box::pin(async move { engine.wait(&waited).await });
    let follower = Follower::new(&build.directory, &mark, ending).map_err(unopened)?;
    if build.request.docker == DockerAccess::Nested {
        write_nested(build, &container, catalogue.is_some(), engine, teller).await?;
    }
    let restored = match laid {
        Laid::Nothing(restoring) => restoring,
        Laid::Later if answer.is_some() => cache::Restoring::NotAsked,
        Laid::Later => {
            let parts = workspace.bare_parts(build, &paths);
            cache::restore(build, &plan, &paths, &early, parts).await
        }
        Laid::Entry(checking) => {
            let (restored, changed) = restore::checked(*checking, &mut workspace).await?;
            if changed {
                // Made anew, with other layers: nobody was in it yet.
                engine.remove(&container).await?;
                spec.volumes.truncate(others);
                workspace.mount(build, &mut spec)?;
                container = nested::make(&mut spec, engine, &mut pending.creating, teller).await?;
            }
            restored
        }
    };
    nested::start(&container, &mut spec, engine, &mut pending.creating, teller)
        .await
        .map_err(|error| error.of_image(&build.request.image))?;
    let running = Running::new(&plan, build.request.debug, follower);
    tell_runtimes(&plan, teller);
    Ok(Started {
        plan,
        variables,
        running,
        early,
        answer,
        restored,
        workspace,
        paths,
        _layers: layers,
    })
}

/// Puts everything on disk that the container reads: the plan is known, and nobody has to be there while it runs.
fn write_scripts(build: &Build, plan: &Plan) -> Result<(), JournalError> {
    for (name, script) in plan::SCRIPTS {
        build.directory.write_readonly(name, script)?;
    }
    for (name, tool) in plan::TOOLS {
        build.directory.write_tool(name, tool)?;
    }
    if build.request.debug {
        build.directory.make_holdable()?;
    }
    build
        .directory
        .write_readonly("program.sh", &plan::program(plan))?;
    Ok(())
}

/// Writes the program that brings up the build's own engine.
async fn write_nested<E: ContainerEngine>(
    build: &Build,
    container: &ContainerId,
    is_curated: bool,
    engine: &E,
    teller: &mut Teller<'_>,
) -> Result<(), PhaseEnd> {
    let image = &build.request.image;
    let daemon = nested::daemon(container, is_curated, image, engine, teller).await?;
    let program = plan::nested(daemon);
    Ok(build.directory.write_readonly("nested.sh", &program)?)
}

/// Decides what the build does, and tells what is to be known of it.
fn decided(
    build: &Build,
    (text, reading): (&str, &Reading),
    variables: &Variables,
    catalogue: Option<&Catalogue>,
    teller: &mut Teller<'_>,
) -> Result<Plan, PhaseEnd> {
    let runtimes = catalogue.map_or(ImageRuntimes::None, ImageRuntimes::Catalogue);
    let (document, request) = (&reading.document, &build.request);
    let plan = plan::decide(text, document, request, variables.all(), runtimes);
    let plan = plan.map_err(|error| unplannable(&error))?;
    for (message, help) in &plan.warnings {
        teller.warn(message, help);
    }
    Ok(plan)
}

/// Returns what stands in the container's configuration.
fn configured(variables: &Variables, owner: &str) -> Vec<(String, String)> {
    let mut configured = variables.configured();
    if !owner.is_empty() {
        // The source is the caller's and the commands are root's: git would refuse to look at it.
        configured.extend(TRUST_SOURCE.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    configured
}

/// The rest of what the container reads.
fn write_texts(
    build: &Build,
    buildspec: &str,
    workspace: &Workspace,
    variables: &Variables,
) -> Result<(), JournalError> {
    let kept: String = workspace
        .kept_directories()
        .flat_map(|directory| [directory, "\n"])
        .collect();
    if !kept.is_empty() {
        build.directory.write_readonly("kept", &kept)?;
    }
    if !matches!(build.request.buildspec, BuildspecPlace::InSource { .. }) {
        build.directory.write_readonly("buildspec.yml", buildspec)?;
    }
    build.directory.write_given(&variables.given())
}

/// Makes use of what the shell answered before INSTALL, and lets the driver go on.
pub(super) async fn answer<E: ContainerEngine>(
    build: &Build,
    engine: &E,
    started: &mut Started<'_>,
) -> Result<(), PhaseEnd> {
    started.early = Values::read_early(&build.directory, &started.plan).map_err(unread)?;
    let (workspace, paths, plan) = (&started.workspace, &started.paths, &started.plan);
    let parts = match workspace.kind() {
        WorkspaceKind::Copy => Some(workspace.bare_parts(build, paths)),
        WorkspaceKind::Layers => {
            let (container, directory) = (container(build), &plan.source_directory);
            let parts = workspace.mounted_parts(&container, directory, paths, engine);
            parts.await?
        }
    };
    started.restored = if let Some(parts) = parts {
        cache::restore(build, plan, paths, &started.early, parts).await
    } else {
        let reason = "the engine does not say where the source is mounted";
        cache::Restoring::Failed(reason.into())
    };
    let gone = started
        .answer
        .take()
        .map(|mut pipe| pipe.write_all(b"go\n").map(|()| pipe));
    // Kept open: closed before the driver reads, it would be empty.
    started.answer = gone.transpose().map_err(unread)?;
    Ok(())
}

/// Tells what is ready when the runtimes' own commands are over.
pub(super) fn tell_ready(started: &Started<'_>, teller: &mut Teller<'_>) {
    let plan = &started.plan;
    teller.tell(EventKind::SourceEntered {
        directory: plan.source_directory.clone(),
    });
    cache::tell_restored(plan, &started.paths, &started.restored, teller);
    let phases = plan
        .named_phases
        .iter()
        .map(|(phase, commands)| PhaseCommands {
            phase: *phase,
            commands: *commands,
        })
        .collect();
    teller.tell(EventKind::CommandsReady { phases });
}

fn container_spec(
    build: &Build,
    provisioned: &Provisioned,
    workspace: &Workspace,
    environment: Vec<(String, String)>,
    arguments: [&str; 3],
) -> ContainerSpec {
    let directory = &build.directory;
    let mount = |host: PathBuf, container: &str, access| Mount {
        host,
        container: container.to_owned(),
        access,
    };
    let sources = layout::sources(&build.request.project);
    let mut mounts = vec![
        mount(directory.readonly(), layout::READONLY, Access::ReadOnly),
        mount(directory.tools(), layout::TOOLS, Access::ReadOnly),
        mount(directory.tmp(), layout::TMP, Access::ReadWrite),
        mount(directory.record(), layout::RECORD, Access::ReadWrite),
    ];
    if workspace.needs_directory(build) {
        mounts.push(mount(directory.sources(), &sources, Access::ReadWrite));
    }
    // A PATH that the build sets may lead nowhere; the image's own is looked through.
    let sh = if environment.iter().any(|(name, _)| name == "PATH") {
        "/bin/sh"
    } else {
        "sh"
    };
    let is_nested = build.request.docker == DockerAccess::Nested;
    let program = if is_nested {
        layout::NESTED
    } else {
        layout::DRIVER
    };
    let command = [sh, program]
        .into_iter()
        .chain(arguments)
        .map(str::to_owned)
        .collect();
    ContainerSpec {
        name: container(build).0,
        image: provisioned.image.clone(),
        command,
        environment,
        working_directory: layout::READONLY.to_owned(),
        mounts,
        volumes: is_nested
            .then(|| nested::store(build))
            .into_iter()
            .collect(),
        privileges: if is_nested {
            Privileges::All
        } else {
            Privileges::Ordinary
        },
        limits: provisioned.limits,
        labels: vec![(LABEL.to_owned(), build.id.uuid.to_string())],
        network: lending::network(build).map(str::to_owned),
    }
}

async fn catalogue<E: ContainerEngine>(
    engine: &E,
    container: &ContainerId,
) -> Result<Option<Catalogue>, PhaseEnd> {
    let Some(bytes) = engine
        .read_file(container, layout::RUNTIMES, CATALOGUE_LIMIT)
        .await?
    else {
        return Ok(None);
    };
    Catalogue::parse(&String::from_utf8_lossy(&bytes))
        .map(Some)
        .map_err(|error| {
            PhaseEnd::failed(
                yaml_error(format!("the image's `{}`: {error}", layout::RUNTIMES))
                    .with_help("mend the file in the image, or use another image"),
            )
        })
}

fn tell_runtimes(plan: &Plan, teller: &mut Teller<'_>) {
    match &plan.runtimes {
        RuntimePlan::Selected(chosen) => {
            for (runtime, version) in chosen {
                teller.tell(EventKind::RuntimeSelected {
                    runtime: runtime.clone(),
                    version: version.clone(),
                });
            }
        }
        RuntimePlan::NoneAsked => teller.tell(EventKind::NoRuntimeSelected),
        RuntimePlan::Unsupported => teller.tell(EventKind::RuntimesUnsupported),
        RuntimePlan::NotInPlay | RuntimePlan::Asked(_) => {}
    }
}

pub(super) fn unplannable(error: &PlanError) -> PhaseEnd {
    let help = match error {
        PlanError::Runtime(_) => "choose one of those in `runtime-versions`, or another image",
        PlanError::Pattern { .. } => {
            "mend the pattern; its dialect is RE2's, and it is looked for anywhere in the message"
        }
        PlanError::Unsupported { .. } => "do that, or run this build in CodeBuild",
    };
    PhaseEnd::failed(yaml_error(error.to_string()).with_help(help))
}

fn unopened(error: impl std::fmt::Display) -> PhaseEnd {
    PhaseEnd::fault(
        format!("failed to open the build's log: {error}"),
        "raise the limit of open files (`ulimit -n`)",
    )
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn unreadable(error: std::io::Error) -> PhaseEnd {
    PhaseEnd::fault(
        format!("failed to open the build's copy of the source: {error}"),
        "see that the disk is there and has room (`df -h`), then try again",
    )
}
