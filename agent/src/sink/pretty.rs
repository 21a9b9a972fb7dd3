//! `-o pretty`: the run as people like to watch it. On a terminal a last line shows what runs and for how long; piped,
//! there are only lines.

use std::io::{self, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::failure::Watch;
use super::hold::{held, resumed};
use super::summary::{style, summary};
use super::{Sink, bytes, duration};
use crate::model::{
    BuildEvent, BuildRecord, CacheOrigin, CacheTransfer, CommandStarted, DockerRefusal, EventKind,
    ImageOrigin, ImagePulling, ImageStep, LayersMoved, Phase, Reference, SourceReady, StepState,
    Verdict,
};

/// Writes for people.
#[derive(Debug)]
pub struct Pretty<W> {
    out: W,
    live: Live,
    /// Output that does not end a line yet: a live line must not be drawn into it.
    open_line: String,
    /// Whether the last thing written did not end its line.
    line_is_open: bool,
    watch: Watch,
    /// How many quarters of the image on its way were told; only where there is no live line.
    pulled_quarters: u64,
    /// The build's own part of its id.
    uuid: String,
}

/// The last line of a terminal.
#[derive(Debug)]
enum Live {
    Off,
    On(ProgressBar),
}

/// How the end of the build is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A person in front of a terminal.
    Terminal,
    /// A file or another program.
    Pipe,
}

/// An unfinished line is held back up to this many bytes.
const LONGEST_OPEN: usize = 8 * 1024;

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

impl<W: Write> Pretty<W> {
    /// Returns a sink that writes to `out`, which strips styles where they are not wanted.
    pub fn new(out: W, audience: Audience) -> Self {
        let live = match audience {
            Audience::Pipe => Live::Off,
            Audience::Terminal => {
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                if let Ok(style) =
                    ProgressStyle::with_template("{spinner:.cyan} {msg} {elapsed:.dim}")
                {
                    bar.set_style(style);
                }
                bar.enable_steady_tick(Duration::from_millis(100));
                Live::On(bar)
            }
        };
        Self {
            out,
            live,
            open_line: String::new(),
            line_is_open: false,
            watch: Watch::default(),
            pulled_quarters: 0,
            uuid: String::new(),
        }
    }

    /// Writes above the live line.
    fn print(&mut self, text: &str) -> io::Result<()> {
        let out = &mut self.out;
        let mut write = || out.write_all(text.as_bytes()).and_then(|()| out.flush());
        match &self.live {
            Live::Off => write(),
            Live::On(bar) => bar.suspend(write),
        }
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        self.close_line()?;
        self.print(&format!("{text}\n"))
    }

    /// On a terminal only whole lines are written, so that the live line never breaks one; but one that does not end
    /// is not waited for.
    fn output(&mut self, text: &str) -> io::Result<()> {
        self.open_line.push_str(text);
        let end = match text.rfind('\n') {
            Some(at) => self.open_line.len() - text.len() + at + 1,
            None if matches!(self.live, Live::Off) || self.open_line.len() > LONGEST_OPEN => {
                self.open_line.len()
            }
            None => return Ok(()),
        };
        let rest = self.open_line.split_off(end);
        let whole = std::mem::replace(&mut self.open_line, rest);
        self.line_is_open = !whole.ends_with('\n');
        self.print(&whole)
    }

    fn close_line(&mut self) -> io::Result<()> {
        let rest = std::mem::take(&mut self.open_line);
        if rest.is_empty() && !self.line_is_open {
            return Ok(());
        }
        self.line_is_open = false;
        self.print(&format!("{rest}\n"))
    }

    fn show(&mut self, text: &str) {
        if let Live::On(bar) = &self.live {
            bar.reset_elapsed();
            bar.set_message(text.to_owned());
        }
    }

    fn command(&mut self, command: &CommandStarted) -> io::Result<()> {
        let first = command.text.lines().next().unwrap_or_default().to_owned();
        self.show(&format!("{} {first}", command.phase));
        let text = command.text.trim_end().replace('\n', "\n  ");
        self.line(&format!("{BOLD}${BOLD:#} {BOLD}{text}{BOLD:#}"))
    }

    fn source_ready(&mut self, source: &SourceReady) -> io::Result<()> {
        let version = source.resolved_version.as_deref().unwrap_or("no commit");
        let (files, size) = (source.files, bytes(source.bytes));
        self.note(&format!("source: {files} files, {size}, {version}"))?;
        for one in &source.secondary {
            let version = one.resolved_version.as_deref().unwrap_or("no commit");
            self.note(&format!("source {}: {version}", one.id))?;
        }
        Ok(())
    }

    fn source_progress(
        &mut self,
        id: Option<&str>,
        location: &str,
        progress: &str,
    ) -> io::Result<()> {
        let id = id.map_or_else(String::new, |id| format!(" {id}"));
        self.show(&format!("source{id}: {location} {progress}"));
        // A pipe has no use for progress; that something is fetched is news everywhere.
        if progress.is_empty() {
            return self.note(&format!("source{id}: fetching {location}"));
        }
        Ok(())
    }

    fn phase_started(&mut self, phase: Phase) -> io::Result<()> {
        self.show(phase.name());
        match phase {
            Phase::Submitted | Phase::Queued | Phase::Finalizing | Phase::Completed => Ok(()),
            phase => {
                let cyan = AnsiColor::Cyan.on_default().bold();
                self.line(&format!("{cyan}{phase}{cyan:#}"))
            }
        }
    }

    fn phase_finished(&mut self, event: &BuildEvent) -> io::Result<()> {
        let EventKind::PhaseFinished { phase, verdict, .. } = &event.kind else {
            return Ok(());
        };
        if *verdict == Verdict::Succeeded {
            return Ok(());
        }
        let style = style(*verdict);
        self.line(&format!("{style}{phase} {verdict}{style:#}"))
    }

    fn references(&mut self, references: &[Reference]) -> io::Result<()> {
        let from = |found: &Reference| {
            let (name, store) = (&found.name, found.store.name());
            format!("{name} from {store} `{}`", found.reference)
        };
        let found: Vec<_> = references.iter().map(from).collect();
        self.note(&format!("variables: {}", found.join(", ")))
    }

    fn write(&mut self, event: &BuildEvent) -> io::Result<()> {
        match &event.kind {
            EventKind::BuildStarted(identity) => {
                self.uuid = identity.id.uuid.to_string();
                let (id, image) = (&identity.id, &identity.image);
                self.line(&format!(
                    "{BOLD}{id}{BOLD:#} build {} on {image}",
                    identity.number
                ))
            }
            EventKind::PhaseStarted { phase } => self.phase_started(*phase),
            EventKind::PhaseFinished { .. } => self.phase_finished(event),
            EventKind::PhaseRetried {
                phase, times, most, ..
            } => {
                let style = style(Verdict::TimedOut);
                self.line(&format!("{style}{phase} again, {times} of {most}{style:#}"))
            }
            EventKind::ImageMapped { .. }
            | EventKind::ImagePulling(_)
            | EventKind::ImagePulled(_)
            | EventKind::ImageStep(_)
            | EventKind::ImageBuilt { .. }
            | EventKind::ImagePushed(_) => self.image(&event.kind),
            EventKind::SourceReady(source) => self.source_ready(source),
            EventKind::SourceProgress {
                id,
                location,
                progress,
            } => self.source_progress(id.as_deref(), location, progress),
            EventKind::BuildspecFindings { text, .. } => self.line(text.trim_end()),
            EventKind::ReferencesFound { references } => self.references(references),
            EventKind::RuntimeSelected { runtime, version } => {
                self.note(&format!("runtime: {runtime} {version}"))
            }
            EventKind::RuntimesUnsupported => self.note(
                "runtime: this image has no runtimes to select; `runtime-versions` is skipped",
            ),
            EventKind::CacheRestored(_)
            | EventKind::CacheMissed { .. }
            | EventKind::CacheSaved(_)
            | EventKind::DockerLayers { .. } => self.note(&cache_note(&event.kind)),
            EventKind::CommandStarted(command) => self.command(command),
            EventKind::Output { text } => self.output(text),
            EventKind::CommandFinished { status, .. } => {
                self.close_line()?;
                if *status == 0 {
                    return Ok(());
                }
                let red = style(Verdict::Failed);
                self.line(&format!("{red}exit status {status}{red:#}"))
            }
            EventKind::CommandHeld { reason, .. } => {
                self.show("HELD");
                self.line(&held(&self.uuid, *reason))
            }
            EventKind::CommandResumed { answer, .. } => self.note(resumed(*answer)),
            EventKind::DockerRefused(refusal) => self.docker_refused(refusal),
            // Warnings come with the summary: here they would scroll away.
            EventKind::Warning { .. }
            | EventKind::ImageReady { .. }
            | EventKind::EnvironmentReady
            | EventKind::NoRuntimeSelected
            | EventKind::SourceEntered { .. }
            | EventKind::CommandsReady { .. }
            | EventKind::WorkspaceReady { .. }
            | EventKind::CacheSkipped { .. }
            | EventKind::CachePath { .. }
            | EventKind::ArtifactsSelected(_)
            | EventKind::ArtifactsDelivered(_)
            | EventKind::ReportsDiscovered(_)
            | EventKind::CoverageCollected { .. }
            | EventKind::TestsCollected { .. }
            | EventKind::ReportIncomplete { .. }
            | EventKind::VariablesExported { .. }
            | EventKind::BuildFinished { .. } => Ok(()),
        }
    }

    fn image(&mut self, kind: &EventKind) -> io::Result<()> {
        match kind {
            EventKind::ImageMapped { image, published } => {
                self.note(&format!("image: {image} is published as {published}"))
            }
            EventKind::ImagePulling(progress) => self.pulling(progress),
            EventKind::ImagePulled(pulled) => {
                let took = duration(Duration::from_millis(pulled.millis));
                let (image, layers, size) = (&pulled.image, pulled.layers, bytes(pulled.bytes));
                self.note(&format!(
                    "image: pulled {image}, {layers} layers, {size} in {took}"
                ))
            }
            EventKind::ImageBuilt { name, id, millis } => {
                let took = duration(Duration::from_millis(*millis));
                self.note(&format!("image: built {name} {id} in {took}"))
            }
            EventKind::ImageStep(step) => self.image_step(step),
            EventKind::ImagePushed(image) => {
                let (repository, digest) = (&image.repository, &image.digest);
                let uri = format!("{repository}@{digest}");
                self.note(&match image.origin {
                    ImageOrigin::Built | ImageOrigin::Command => format!("image: pushed {uri}"),
                    ImageOrigin::Cache => format!("image: unchanged {uri}"),
                })
            }
            _ => Ok(()),
        }
    }

    /// A step is news when it begins; what the engine need not do is told, so that a cache that works is seen to.
    fn image_step(&mut self, step: &ImageStep) -> io::Result<()> {
        let ImageStep { image, step, state } = step;
        self.show(&format!("image {image}: {step}"));
        match state {
            StepState::Started => self.note(&format!("image {image}: {step}")),
            StepState::Cached => self.note(&format!("image {image}: {step} (cached)")),
            StepState::Failed => self.note(&format!("image {image}: {step} (failed)")),
            StepState::Done => Ok(()),
        }
    }

    /// On a terminal the live line shows how far an image has come; elsewhere a line a quarter of the way is enough.
    fn pulling(&mut self, progress: &ImagePulling) -> io::Result<()> {
        let ImagePulling {
            image,
            layers,
            layers_done,
            ..
        } = progress;
        let (some, all) = (bytes(progress.bytes), bytes(progress.size));
        let text = format!("pulling {image}: {layers_done} of {layers} layers, {some} of {all}");
        if let Live::On(bar) = &self.live {
            bar.set_message(text);
            return Ok(());
        }
        let quarters = progress.bytes.saturating_mul(4).checked_div(progress.size);
        let quarters = quarters.unwrap_or(0);
        if quarters <= self.pulled_quarters || quarters == 4 {
            return Ok(());
        }
        self.pulled_quarters = quarters;
        self.note(&format!("image: {text}"))
    }

    fn docker_refused(&mut self, refusal: &DockerRefusal) -> io::Result<()> {
        let allow = refusal
            .allow
            .as_ref()
            .map_or_else(String::new, |power| format!(" (--docker-allow {power})"));
        let yellow = AnsiColor::Yellow.on_default();
        self.line(&format!(
            "{yellow}docker: refused {}: {}{allow}{yellow:#}",
            refusal.call, refusal.reason
        ))
    }

    fn note(&mut self, text: &str) -> io::Result<()> {
        self.line(&format!("{DIM}{text}{DIM:#}"))
    }
}

impl<W: Write + Send> Sink for Pretty<W> {
    fn name(&self) -> &'static str {
        "the console"
    }

    fn event(&mut self, event: &BuildEvent) -> io::Result<()> {
        self.watch.event(&event.kind);
        self.write(event)
    }

    fn finish(&mut self, record: &BuildRecord) -> io::Result<()> {
        self.close_line()?;
        if let Live::On(bar) = &self.live {
            bar.finish_and_clear();
        }
        self.out
            .write_all(format!("\n{}", summary(record, self.watch.failure())).as_bytes())?;
        self.out.flush()
    }
}

/// What is told of the cache; its name where it has one.
fn cache_note(kind: &EventKind) -> String {
    let moved = |verb: &str, transfer: &CacheTransfer| {
        let took = duration(Duration::from_millis(transfer.millis));
        let (files, size) = (transfer.files, bytes(transfer.bytes));
        let network = match (transfer.origin, transfer.moved) {
            (CacheOrigin::Local, _) => String::new(),
            (CacheOrigin::S3, moved) => format!(", {} over the network", bytes(moved)),
        };
        let name = transfer.name.as_ref().map(|name| format!(" ({name})"));
        let name = name.unwrap_or_default();
        format!("cache: {verb} {files} files, {size}{network} in {took}{name}")
    };
    match kind {
        EventKind::CacheRestored(transfer) => moved("restored", transfer),
        EventKind::DockerLayers {
            moved: LayersMoved::Unchanged,
            ..
        } => "docker layers: unchanged, nothing to save".to_owned(),
        EventKind::DockerLayers {
            moved,
            bytes: size,
            millis,
            ..
        } => {
            let took = duration(Duration::from_millis(*millis));
            let verb = match moved {
                LayersMoved::Restored => "restored",
                LayersMoved::Saved | LayersMoved::Unchanged => "saved",
            };
            format!("docker layers: {verb} {} in {took}", bytes(*size))
        }
        EventKind::CacheMissed { reason, .. } => format!("cache: none, {reason}"),
        EventKind::CacheSaved(CacheTransfer {
            name: Some(name),
            unchanged: true,
            ..
        }) => format!("cache: `{name}` is kept already, and what a key names is not replaced"),
        EventKind::CacheSaved(transfer) if transfer.unchanged => {
            "cache: unchanged, nothing to save".to_owned()
        }
        EventKind::CacheSaved(transfer) => moved("saved", transfer),
        _ => String::new(),
    }
}
