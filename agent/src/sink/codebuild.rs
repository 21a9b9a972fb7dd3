//! `-o codebuild`: the lines that CodeBuild writes (reference §5), so that scripts which read those keep working.

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Sink;
use crate::model::{
    ArtifactsSelected, BuildEvent, BuildRecord, EventKind, ImageOrigin, ImagePushed, Phase,
    Reference, ReportsDiscovered, SecondaryReady, SourceReady, Store,
};

/// Writes CodeBuild's log.
#[derive(Debug)]
pub struct CodeBuildLog<W> {
    out: W,
    /// The text of the command that runs: a failure repeats it.
    command: String,
    /// Whether the last output did not end its line.
    line_is_open: bool,
}

impl<W: Write> CodeBuildLog<W> {
    /// Returns a sink that writes to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            command: String::new(),
            line_is_open: false,
        }
    }

    fn line(&mut self, time: Timestamp, text: &str) -> io::Result<()> {
        // Only the output of a command that never ended can leave a line open.
        if std::mem::take(&mut self.line_is_open) {
            writeln!(self.out)?;
        }
        let time = time
            .to_zoned(TimeZone::UTC)
            .strftime("%Y/%m/%d %H:%M:%S.%6f");
        writeln!(self.out, "[Container] {time} {text}")
    }

    fn artifacts(&mut self, time: Timestamp, selected: &ArtifactsSelected) -> io::Result<()> {
        if let Some(identifier) = &selected.identifier {
            self.line(
                time,
                &format!("Preparing to copy secondary artifacts {identifier}"),
            )?;
        }
        let base = &selected.base_directory;
        self.line(time, &format!("Expanding base directory path: {base}"))?;
        self.line(time, "Assembling file list")?;
        self.line(time, &format!("Expanding {base}"))?;
        self.line(
            time,
            &format!("Expanding file paths for base directory {base}"),
        )?;
        self.line(time, "Assembling file list")?;
        for pattern in &selected.patterns {
            self.line(time, &format!("Expanding {}", pattern.pattern))?;
            if pattern.files == 0 {
                self.line(
                    time,
                    &format!("Skipping invalid file path {}", pattern.pattern),
                )?;
            }
        }
        if selected.files > 0 {
            self.line(time, &format!("Found {} file(s)", selected.files))?;
        }
        Ok(())
    }

    /// Of Secrets Manager CodeBuild's log has no word.
    fn references(&mut self, time: Timestamp, references: &[Reference]) -> io::Result<()> {
        let mut stores = references.iter().map(|found| found.store);
        if !stores.any(|store| store == Store::ParameterStore) {
            return Ok(());
        }
        self.line(time, "Decrypting parameter store environment variables")
    }

    /// Reference §5.3: the two spaces are CodeBuild's.
    fn discovered(&mut self, time: Timestamp, found: &ReportsDiscovered) -> io::Result<()> {
        let base = &found.directory;
        let limit = found.limit_seconds;
        let result = match found.files {
            0 => "No matching auto-discover report paths found".to_owned(),
            files => format!("Found {files} file(s)"),
        };
        let (seconds, micros) = (found.micros / 1_000_000, found.micros % 1_000_000);
        for line in [
            format!("Set report auto-discover timeout to {limit} seconds"),
            format!("Expanding base directory path:  {base}"),
            "Assembling file list".to_owned(),
            format!("Expanding {base}"),
            format!("Expanding file paths for base directory {base}"),
            "Assembling file list".to_owned(),
            "Expanding **/*".to_owned(),
            result,
            format!("Report auto-discover file discovery took {seconds}.{micros:06} seconds"),
        ] {
            self.line(time, &line)?;
        }
        Ok(())
    }

    fn source_ready(&mut self, time: Timestamp, source: &SourceReady) -> io::Result<()> {
        self.line(time, &format!("CODEBUILD_SRC_DIR={}", source.directory))?;
        for SecondaryReady { id, directory, .. } in &source.secondary {
            self.line(time, &format!("CODEBUILD_SRC_DIR_{id}={directory}"))?;
        }
        self.line(time, &format!("YAML location is {}", source.buildspec))?;
        for phase in &source.empty_phases {
            let name = phase.name().to_lowercase();
            self.line(time, &format!("No commands found for phase name: {name}"))?;
        }
        Ok(())
    }

    fn write(&mut self, event: &BuildEvent) -> io::Result<()> {
        let time = event.time;
        match &event.kind {
            EventKind::PhaseStarted { phase } => self.phase_started(time, *phase),
            EventKind::SourceReady(source) => self.source_ready(time, source),
            EventKind::EnvironmentReady => self.line(time, "Processing environment variables"),
            EventKind::ReferencesFound { references } => self.references(time, references),
            EventKind::RuntimeSelected { runtime, version } => self.line(
                time,
                &format!("Selecting '{runtime}' runtime version '{version}' based on manual selections..."),
            ),
            EventKind::NoRuntimeSelected => {
                self.line(time, "No runtime version selected in buildspec.")
            }
            EventKind::RuntimesUnsupported => self.line(
                time,
                "Skipping install of runtimes. Runtime version selection is not supported by this build image",
            ),
            EventKind::SourceEntered { directory } => {
                self.line(time, &format!("Moving to directory {directory}"))
            }
            EventKind::CacheSkipped { block } => {
                if !block {
                    self.line(time, "Cache is not defined in the buildspec")?;
                }
                self.line(time, "Skip cache due to: no paths specified to be cached")
            }
            EventKind::CachePath { path } => {
                self.line(time, &format!("Expanded cache path {path}"))
            }
            // CodeBuild's words for a cache that was there, wherever ours lies: scripts ask these lines whether it was.
            EventKind::CacheRestored(_) => {
                self.line(time, "Downloading S3 cache...")?;
                self.line(time, "Unarchiving cache...")
            }
            EventKind::CommandsReady { phases } => {
                self.line(time, "Registering with agent")?;
                self.line(time, &format!("Phases found in YAML: {}", phases.len()))?;
                for found in phases {
                    self.line(time, &format!(" {}: {} commands", found.phase, found.commands))?;
                }
                Ok(())
            }
            EventKind::CommandStarted(command) => {
                self.command.clone_from(&command.text);
                self.line(time, &format!("Running command {}", command.text))
            }
            EventKind::Output { text } => {
                self.line_is_open = !text.ends_with('\n');
                self.out.write_all(text.as_bytes())
            }
            EventKind::CommandFinished { status, .. } => self.command_finished(time, *status),
            EventKind::CacheSaved(_) => self.line(time, "Uploading S3 cache..."),
            EventKind::ArtifactsSelected(selected) => self.artifacts(time, selected),
            EventKind::ReportsDiscovered(found) => self.discovered(time, found),
            EventKind::PhaseFinished { .. } => self.phase_finished(event),
            // Not CodeBuild's: the wording is ours, the prefix is kept (reference §5.3).
            // CodeBuild's log has no word on what it accepts.
            EventKind::BuildspecFindings { errors: 0, .. } => Ok(()),
            EventKind::BuildspecFindings { text, .. } => writeln!(self.out, "{text}"),
            EventKind::CoverageCollected { group, summary, .. } => {
                let (lines, branches) = super::coverage(summary);
                self.line(time, &format!("Report {group}: lines {lines}, branches {branches}"))
            }
            EventKind::TestsCollected { group, summary, .. } => {
                self.line(time, &format!("Report {group}: {}", super::tests(summary)))
            }
            EventKind::ReportIncomplete { group, message } => {
                self.line(time, &format!("[{group}: [{message}]]"))
            }
            EventKind::ImagePushed(image) => {
                self.line(time, &pushed(image))
            }
            EventKind::PhaseRetried { phase, times, most, context } => {
                let code = context.status_code.name();
                self.line(time, &format!("Phase context status code: {code} Message: {}", context.message))?;
                self.line(time, &format!("Retrying phase {phase} ({times} of {most})"))
            }
            // Only `--debug` holds, and then somebody reads this.
            EventKind::CommandHeld { .. } => self.line(
                time,
                "Build is held; get in with `understudy shell`, go on with `understudy resume`",
            ),
            EventKind::CommandResumed { .. } => self.line(time, "Build goes on"),
            EventKind::Warning { message, help } => {
                let help = help.as_ref().map_or_else(String::new, |help| format!(" ({help})"));
                self.line(time, &format!("Warning: {message}{help}"))
            }
            EventKind::BuildStarted(_)
            | EventKind::ImageMapped { .. }
            | EventKind::ImagePulling(_)
            | EventKind::ImagePulled(_)
            | EventKind::SourceProgress { .. }
            | EventKind::ImageReady { .. }
            | EventKind::CacheMissed { .. }
            | EventKind::DockerRefused(_)
            | EventKind::ImageStep(_)
            | EventKind::ImageBuilt { .. }
            | EventKind::ArtifactsDelivered(_)
            | EventKind::VariablesExported { .. }
            | EventKind::DockerLayers { .. }
            | EventKind::WorkspaceReady { .. }
            | EventKind::BuildFinished { .. } => Ok(()),
        }
    }

    fn phase_started(&mut self, time: Timestamp, phase: Phase) -> io::Result<()> {
        match phase {
            Phase::DownloadSource => {
                self.line(time, "Running on CodeBuild On-demand")?;
                self.line(time, "Waiting for agent ping")?;
                self.line(time, "Waiting for DOWNLOAD_SOURCE")?;
                self.line(time, "Phase is DOWNLOAD_SOURCE")
            }
            Phase::Install | Phase::PreBuild | Phase::Build | Phase::PostBuild => {
                self.line(time, &format!("Entering phase {phase}"))
            }
            _ => Ok(()),
        }
    }

    /// An empty line follows every command's output, also where there is none (reference §5.1).
    fn command_finished(&mut self, time: Timestamp, status: i32) -> io::Result<()> {
        self.line_is_open = false;
        writeln!(self.out)?;
        if status == 0 {
            return Ok(());
        }
        let text = format!(
            "Command did not exit successfully {} exit status {status}",
            self.command
        );
        self.line(time, &text)
    }

    fn phase_finished(&mut self, event: &BuildEvent) -> io::Result<()> {
        let EventKind::PhaseFinished {
            phase,
            verdict,
            contexts,
        } = &event.kind
        else {
            return Ok(());
        };
        // The service's own phases print nothing (reference §5.2, row 31), unless they end the build.
        let service = matches!(
            phase,
            Phase::Submitted | Phase::Queued | Phase::Provisioning | Phase::Finalizing
        );
        if service && contexts.is_empty() {
            return Ok(());
        }
        self.line(
            event.time,
            &format!("Phase complete: {phase} State: {verdict}"),
        )?;
        if contexts.is_empty() {
            return self.line(event.time, "Phase context status code:  Message: ");
        }
        for context in contexts {
            let code = context.status_code.name();
            let message = &context.message;
            self.line(
                event.time,
                &format!("Phase context status code: {code} Message: {message}"),
            )?;
        }
        Ok(())
    }
}

impl<W: Write + Send> Sink for CodeBuildLog<W> {
    fn name(&self) -> &'static str {
        "the CodeBuild log"
    }

    fn event(&mut self, event: &BuildEvent) -> io::Result<()> {
        self.write(event)?;
        self.out.flush()
    }

    fn finish(&mut self, _record: &BuildRecord) -> io::Result<()> {
        self.out.flush()
    }
}
fn pushed(image: &ImagePushed) -> String {
    let verb = match image.origin {
        ImageOrigin::Built | ImageOrigin::Command => "Pushed",
        ImageOrigin::Cache => "Tagged unchanged",
    };
    format!("{verb} image {}@{}", image.repository, image.digest)
}
