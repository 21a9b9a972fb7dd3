//! The walk through the phases.

use std::time::Duration;

use jiff::Timestamp;

use super::commands::Reached;
use super::download::{self, Pending, Started};
use super::follow::FollowError;
use super::interrupt::{Interrupt, Interruption};
use super::phase_end::PhaseEnd;
use super::provision::Provisioned;
use super::teller::Teller;
use super::upload::Left;
use super::values::{Values, unread};
use super::{
    Build, Surroundings, cache, docker_layers, docker_loan, lending, memory, provision,
    push_trouble, pushed, redaction, upload,
};
use crate::engine::{ContainerEngine, EngineError};
use crate::journal::{self, EventFile};
use crate::lend::Lender;
use crate::model::{
    BuildEvent, BuildIdentity, BuildRecord, DockerAccess, EventKind, Phase, PhaseContext,
    StatusCode, Verdict,
};
use crate::plan::{Plan, transition};

/// What is said when a build's own engine does not come up.
const NO_DAEMON: &str = "Timed out trying to connect to internal docker host.";
/// Teardown is bounded: an engine that hangs must not keep the caller.
const TEARDOWN: Duration = Duration::from_secs(10);

/// Runs one build to its end and returns its record, which is the fold of the events.
///
/// `clock` is asked for every event's time. `on_event` is called for each event in order, and the build waits for it.
pub async fn run_build<E: ContainerEngine>(
    build: &Build,
    surroundings: &Surroundings<'_, E>,
    mut interrupt: Interrupt,
    clock: &(dyn Fn() -> Timestamp + Sync),
    on_event: &mut (dyn FnMut(&BuildEvent) + Send),
) -> BuildRecord {
    let mut teller = Teller::new(EventFile::open(&build.directory.events()), clock, on_event);
    teller.hide(redaction::given(&build.request));
    let mut conductor = Conductor {
        build,
        surroundings,
        lender: None,
        provisioned: None,
        pending: Pending::default(),
        started: None,
        values: Values::default(),
    };
    teller.tell(EventKind::BuildStarted(Box::new(identity(build))));
    teller.warn_of_short_secrets();
    let mut status = Verdict::Succeeded;
    let mut phase = Phase::Submitted;
    loop {
        if phase == Phase::Completed {
            conductor.tear_down(&mut teller).await;
        }
        teller.tell(EventKind::PhaseStarted { phase });
        if phase == Phase::Completed {
            break;
        }
        let end = conductor.phase(phase, &mut interrupt, &mut teller).await;
        teller.finish(phase, &end);
        status = worse(status, end.verdict);
        let on_failure = conductor.plan().and_then(|plan| {
            plan.phases
                .iter()
                .find(|planned| planned.phase == phase)?
                .on_failure
                .as_ref()
        });
        phase = transition::next(phase, end.verdict, on_failure);
    }
    teller.tell(EventKind::BuildFinished { status });
    teller.record
}

struct Conductor<'b, 'a, E> {
    build: &'b Build,
    surroundings: &'b Surroundings<'a, E>,
    /// Lends credentials while the build lasts.
    lender: Option<Lender>,
    provisioned: Option<Provisioned>,
    pending: Pending<'a>,
    started: Option<Started<'a>>,
    values: Values,
}

impl<E: ContainerEngine> Conductor<'_, '_, E> {
    /// Does a phase's work, unless it is cut short.
    async fn phase(
        &mut self,
        phase: Phase,
        interrupt: &mut Interrupt,
        teller: &mut Teller<'_>,
    ) -> PhaseEnd {
        if phase == Phase::Provisioning {
            interrupt.start(self.build.request.timeout);
        }
        if phase == Phase::Finalizing {
            // Tearing down is what a stop asks for; it is not cut short by one.
            self.tear_down(teller).await;
            return PhaseEnd::success();
        }
        let interruption = tokio::select! {
            biased;
            interruption = interrupt.wait() => interruption,
            end = self.work(phase, teller) => {
                let end = end.unwrap_or_else(|end| end);
                // A build that cannot be remembered cannot be vouched for.
                return if end.verdict == Verdict::Succeeded {
                    teller.journal_failure().unwrap_or(end)
                } else {
                    end
                };
            }
        };
        if let Some(started) = &mut self.started {
            let container = download::container(self.build);
            let (engine, directory) = (self.surroundings.engine, &self.build.directory);
            started
                .running
                .wind_down(engine, &container, directory, interrupt, teller)
                .await;
        }
        match interruption {
            Interruption::Stopped => PhaseEnd {
                verdict: Verdict::Stopped,
                contexts: Vec::new(),
            },
            Interruption::TimedOut => PhaseEnd {
                verdict: Verdict::TimedOut,
                // The trailing space is CodeBuild's (reference §2.9).
                contexts: vec![
                    PhaseContext::new(StatusCode::BuildTimedOut, "Build has timed out. ")
                        .with_help(
                            "give it more time with `--timeout MINUTES`, or find what hangs above",
                        ),
                ],
            },
        }
    }

    async fn work(&mut self, phase: Phase, teller: &mut Teller<'_>) -> Result<PhaseEnd, PhaseEnd> {
        match phase {
            Phase::Submitted | Phase::Queued | Phase::Finalizing | Phase::Completed => {}
            Phase::Provisioning => {
                let provisioned =
                    provision::provision(self.build, self.surroundings, teller).await?;
                self.provisioned = Some(provisioned);
                self.lender = Box::pin(lending::open(self.build, self.surroundings)).await?;
            }
            Phase::DownloadSource => {
                let Some(provisioned) = &self.provisioned else {
                    return Ok(PhaseEnd::success());
                };
                let download = download::download(
                    self.build,
                    self.surroundings,
                    provisioned,
                    self.lender.as_ref(),
                    &mut self.pending,
                    teller,
                );
                self.started = Some(Box::pin(download).await?);
                let end = self.follow(phase, teller).await?;
                if end.verdict != Verdict::Succeeded {
                    return Ok(self.last_words(end).await);
                }
                if let Some(started) = &self.started {
                    download::tell_ready(started, teller);
                }
            }
            Phase::Install | Phase::PreBuild | Phase::Build | Phase::PostBuild => {
                return self.commands(phase, teller).await;
            }
            Phase::UploadArtifacts => {
                let Some(started) = &self.started else {
                    return Ok(PhaseEnd::success());
                };
                let tree = started.workspace.left(self.build).map_err(|error| {
                    PhaseEnd::fault(
                        format!("failed to open what the build left behind: {error}"),
                        "see that the disk is there, then try again",
                    )
                })?;
                let left = Left {
                    build: self.build,
                    plan: &started.plan,
                    running: &started.running,
                    values: &self.values,
                    tree: &tree,
                    trash: &self.surroundings.trash,
                };
                return Ok(upload::upload(&left, self.surroundings, teller).await);
            }
        }
        Ok(PhaseEnd::success())
    }

    /// Follows a user phase; after the last one, waits for the container's end and keeps what outlives it.
    async fn commands(
        &mut self,
        phase: Phase,
        teller: &mut Teller<'_>,
    ) -> Result<PhaseEnd, PhaseEnd> {
        let end = self.follow(phase, teller).await?;
        if end.verdict == Verdict::Fault {
            return Ok(self.last_words(end).await);
        }
        let Some(started) = &mut self.started else {
            return Ok(end);
        };
        let failed = started.running.failed_command.take();
        let limit = self.provisioned.as_ref().and_then(|it| it.limits.memory);
        let container = download::container(self.build);
        let engine = self.surroundings.engine;
        let end = memory::explain(end, failed, limit, engine, &container).await;
        let directory = &self.build.directory;
        let config = started.variables.docker_config();
        let end = push_trouble::explain(end, directory, config, engine, &container).await;
        let planned = started
            .plan
            .phases
            .iter()
            .find(|planned| planned.phase == phase);
        let on_failure = planned.and_then(|planned| planned.on_failure.as_ref());
        if Phase::USER.contains(&transition::next(phase, end.verdict, on_failure)) {
            return Ok(end);
        }
        let finished = started.running.finish(teller).await.map_err(unfollowed)?;
        if finished.verdict != Verdict::Succeeded {
            return Ok(self.last_words(finished).await);
        }
        pushed::tell(directory, teller);
        self.values = Values::read(&self.build.directory, &started.plan).map_err(unread)?;
        let named = started.plan.exported.iter();
        let variables: Vec<(String, String)> = named
            .filter_map(|(name, index)| {
                let value = self.values.get(*index)?.to_owned();
                Some((name.clone(), started.variables.shown(name, value)))
            })
            .collect();
        if !variables.is_empty() {
            teller.tell(EventKind::VariablesExported { variables });
        }
        // What the build has started at a lent engine writes to the source still, and a cache shares files with it.
        let quiet = match self.pending.lent.take() {
            Some(lent) if phase == Phase::PostBuild => {
                docker_loan::take_back(lent, self.build, teller).await
            }
            lent => {
                self.pending.lent = lent;
                true
            }
        };
        if phase == Phase::PostBuild && quiet {
            let (plan, workspace) = (&started.plan, &started.workspace);
            let (early, paths) = (&started.early, &started.paths);
            cache::save(self.build, plan, early, paths, workspace, teller).await;
            docker_layers::save(self.build, teller).await;
        }
        Ok(end)
    }

    /// Follows the container through a phase. Without a container there is nothing to follow.
    async fn follow(
        &mut self,
        phase: Phase,
        teller: &mut Teller<'_>,
    ) -> Result<PhaseEnd, PhaseEnd> {
        let Some(started) = &mut self.started else {
            return Ok(PhaseEnd::success());
        };
        loop {
            let reached = started.running.phase(phase, teller).await;
            match reached.map_err(unfollowed)? {
                Reached::End(end) => return Ok(end),
                Reached::EarlyValues => {
                    download::answer(self.build, self.surroundings.engine, started).await?;
                }
            }
        }
    }

    /// Adds what the main process said on its own account to a fault.
    async fn last_words(&self, mut end: PhaseEnd) -> PhaseEnd {
        let container = download::container(self.build);
        if end.verdict == Verdict::Fault
            && let Ok(words) = self.surroundings.engine.last_words(&container).await
            && let (Some(context), false) = (end.contexts.first_mut(), words.is_empty())
        {
            // The image's own entry point gave up on its daemon, in these words (reference §4.2).
            if self.build.request.docker == DockerAccess::Nested && words.contains(NO_DAEMON) {
                return PhaseEnd::failed(
                    PhaseContext::new(StatusCode::ClientError, format!("{NO_DAEMON} {}", words.replace(NO_DAEMON, "").trim()))
                        .with_help("mend what its daemon complains of; or lend the build this machine's engine with `--docker host`, or none"),
                );
            }
            // A program that the kernel could not even begin.
            let command_ran = self
                .started
                .as_ref()
                .is_some_and(|it| it.running.has_begun());
            if !command_ran && let Some(error) = EngineError::of_last_words(&words) {
                return error.of_image(&self.build.request.image).into();
            }
            context.message = format!("{}: {words}", context.message);
        }
        end
    }

    fn plan(&self) -> Option<&Plan> {
        self.started.as_ref().map(|started| &started.plan)
    }

    /// Removes the container and puts the working directories away; safe to call twice.
    async fn tear_down(&mut self, teller: &mut Teller<'_>) {
        if self.provisioned.take().is_some() {
            self.remove_container(teller).await;
            self.stop_lending(teller).await;
        }
        if let Some(lent) = self.pending.lent.take() {
            let _told = docker_loan::take_back(lent, self.build, teller).await;
        }
        let directory = &self.build.directory;
        for directory in directory.working() {
            if let Err(error) = journal::throw_away(&directory, &self.surroundings.trash) {
                teller.warn(error.to_string(), "remove it by hand");
            }
        }
    }

    async fn stop_lending(&mut self, teller: &mut Teller<'_>) {
        drop(self.lender.take());
        if lending::network(self.build).is_none() {
            return;
        }
        let closing = lending::close(self.surroundings.engine);
        if let Ok(Err(error)) = tokio::time::timeout(TEARDOWN, closing).await {
            teller.warn(error.to_string(), error.help());
        }
    }

    /// By name, because a container whose making was cut short has no id that we know.
    async fn remove_container(&mut self, teller: &mut Teller<'_>) {
        if let Some(creating) = self.pending.creating.take() {
            // Whatever became of it, there is nothing to remove before it is over.
            let _over = tokio::time::timeout(TEARDOWN, creating).await;
        }
        let container = download::container(self.build);
        let removal = self.surroundings.engine.remove(&container);
        let message = match tokio::time::timeout(TEARDOWN, removal).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => {
                format!(
                    "the engine did not remove container `{}` in time",
                    container.0
                )
            }
        };
        teller.warn(
            message,
            format!("remove it by hand: `docker rm -f {}`", container.0),
        );
    }
}

/// An unreadable or forged journal is our fault to report, whoever wrote it.
fn unfollowed(error: FollowError) -> PhaseEnd {
    match error {
        FollowError::Engine(error) => error.into(),
        other => PhaseEnd::fault(
            other.to_string(),
            "look whether the build writes to /codebuild/understudy, and whether the disk has room",
        ),
    }
}

/// What cut a build short says more about it than what failed before: a stop most, then the clock, then a fault.
fn worse(one: Verdict, other: Verdict) -> Verdict {
    let weight = |verdict| match verdict {
        Verdict::Succeeded => 0,
        Verdict::Failed => 1,
        Verdict::Fault => 2,
        Verdict::TimedOut => 3,
        Verdict::Stopped => 4,
    };
    if weight(other) > weight(one) {
        other
    } else {
        one
    }
}

fn identity(build: &Build) -> BuildIdentity {
    let request = &build.request;
    BuildIdentity {
        id: build.id.clone(),
        number: build.number,
        owner: request.owner.clone(),
        initiator: request.initiator.clone(),
        image: request.image.clone(),
        compute_type: request.compute_type.clone(),
        source: request.source.identity(None),
        secondary_sources: request
            .secondary_sources
            .iter()
            .map(|one| one.source.identity(Some(&one.id)))
            .collect(),
        timeout_minutes: request.timeout.as_secs().div_ceil(60),
        privileged: request.docker != DockerAccess::None,
        debug: request.debug,
        variables: request.shown_variables(),
    }
}
