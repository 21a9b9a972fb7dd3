//! The end of a pretty run: what happened, in tables, and what to do next.

use std::fmt::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, Table};
use jiff::Timestamp;

use super::failure::Failure;
use super::{bytes, coverage, duration, lines, plain_table, tests};
use crate::model::{
    BuildRecord, CacheTransfer, ImageOrigin, Phase, PhaseRecord, ReportOutcome, StatusCode,
    TestCase, Verdict,
};

/// Returns the summary, with colours; the writer strips them where they are not wanted.
pub(super) fn summary(record: &BuildRecord, failure: Option<&Failure>) -> String {
    let mut text = String::new();
    phases(&mut text, record);
    let mut facts = plain_table();
    cache(&mut facts, record);
    for image in &record.images {
        let (name, tags) = (&image.name, image.tags.join(", "));
        let size = image
            .size
            .map_or_else(String::new, |size| format!(", {}", bytes(size)));
        let how = match image.origin {
            ImageOrigin::Built => "built",
            ImageOrigin::Cache => "unchanged",
            ImageOrigin::Command => "pushed by a command",
        };
        facts.add_row([
            "image",
            &format!(
                "{name}: {}@{} ({tags}; {how}{size})",
                image.repository, image.digest
            ),
        ]);
    }
    for artifact in &record.artifacts {
        let name = artifact
            .identifier
            .as_ref()
            .map_or_else(String::new, |name| format!("{name}: "));
        let packed = artifact.packed.as_ref();
        let packed =
            packed.map_or_else(String::new, |zip| format!(", {} packed", bytes(zip.bytes)));
        let size = format!(
            "{} files, {}{packed}",
            artifact.files,
            bytes(artifact.bytes)
        );
        facts.add_row(["artifact", &format!("{name}{} ({size})", artifact.location)]);
    }
    for report in &record.reports {
        let group = &report.group;
        match &report.outcome {
            ReportOutcome::Coverage { summary, .. } => {
                let (lines, branches) = coverage(summary);
                facts.add_row([
                    "coverage",
                    &format!("{group}: lines {lines}, branches {branches}"),
                ]);
            }
            ReportOutcome::Tests {
                summary, failures, ..
            } => {
                facts.add_row(["tests", &format!("{group}: {}", tests(summary))]);
                failed_tests(&mut facts, failures);
            }
            ReportOutcome::Incomplete(message) => {
                facts.add_row(["report", &format!("{group} is INCOMPLETE: {message}")]);
            }
        }
    }
    for (name, value) in &record.exported {
        facts.add_row(["exported", &format!("{name}={value}")]);
    }
    if facts.row_count() > 0 {
        push(&mut text, format_args!("\n{}\n", lines(&facts)));
    }
    for (message, help) in &record.warnings {
        push(
            &mut text,
            format_args!("\n{}\n", warning(message, help.as_deref())),
        );
    }
    troubles(&mut text, record, failure);
    ending(&mut text, record);
    text
}

/// Returns a warning and its next step.
fn warning(message: &str, help: Option<&str>) -> String {
    let yellow = AnsiColor::Yellow.on_default().bold();
    let help = help.map_or_else(String::new, |help| format!("\n  help: {help}"));
    format!("{yellow}warning{yellow:#}: {message}{help}")
}

/// Returns how a verdict is coloured.
pub(super) fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Succeeded => AnsiColor::Green.on_default(),
        Verdict::Failed | Verdict::Fault => AnsiColor::Red.on_default().bold(),
        Verdict::TimedOut | Verdict::Stopped => AnsiColor::Yellow.on_default().bold(),
    }
}

fn phases(text: &mut String, record: &BuildRecord) {
    let mut table = plain_table();
    for phase in record.phases.iter().filter(|phase| is_shown(phase)) {
        let Some((ended, verdict)) = phase.ended else {
            continue;
        };
        table.add_row([
            phase.phase.name(),
            verdict.name(),
            &duration(between(phase.started, ended)),
        ]);
    }
    if let Some(column) = table.column_mut(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for line in lines(&table).lines() {
        let verdict = Verdict::ALL
            .into_iter()
            .find(|verdict| line.contains(verdict.name()));
        let style = verdict.map_or_else(Style::new, style);
        push(text, format_args!("{style}{line}{style:#}\n"));
    }
}

/// The service's own phases matter only when they took time or failed.
fn is_shown(phase: &PhaseRecord) -> bool {
    let quiet = matches!(
        phase.phase,
        Phase::Submitted | Phase::Queued | Phase::Finalizing
    );
    !quiet
        || phase
            .ended
            .is_some_and(|(_, verdict)| verdict != Verdict::Succeeded)
}

fn cache(table: &mut Table, record: &BuildRecord) {
    let size = |transfer: &CacheTransfer| {
        let took = duration(Duration::from_millis(transfer.millis));
        format!(
            "{} files, {} in {took}",
            transfer.files,
            bytes(transfer.bytes)
        )
    };
    if let Some(restored) = &record.cache.restored {
        table.add_row(["cache", &format!("restored {}", size(restored))]);
    }
    if let Some(reason) = &record.cache.missed {
        table.add_row(["cache", &format!("not restored: {reason}")]);
    }
    match &record.cache.saved {
        Some(saved) if saved.unchanged => {
            table.add_row(["cache", "unchanged, nothing to save"]);
        }
        Some(saved) => {
            table.add_row(["cache", &format!("saved {}", size(saved))]);
        }
        None => {}
    }
}

/// Says why each phase that did not succeed did not.
fn troubles(text: &mut String, record: &BuildRecord, failure: Option<&Failure>) {
    let red = style(Verdict::Failed);
    for phase in &record.phases {
        for context in &phase.contexts {
            let by_command = context.status_code == StatusCode::CommandExecutionError;
            let shown = failure.filter(|failure| failure.command.phase == phase.phase);
            if let (Some(failure), true) = (shown, by_command) {
                failed_command(text, record, failure);
            } else {
                let message = context.message.trim_end();
                push(
                    text,
                    format_args!("\n{red}error{red:#}: {}: {message}\n", phase.phase),
                );
            }
            if let Some(help) = &context.help {
                push(text, format_args!("  help: {help}\n"));
            }
        }
    }
}

/// What the Docker CLI and its like say without an engine.
const NO_DAEMON: &str = "Cannot connect to the Docker daemon";

/// Repeats the end of a failed command's output: what came after it has moved it off the screen.
fn failed_command(text: &mut String, record: &BuildRecord, failure: &Failure) {
    let red = style(Verdict::Failed);
    let Failure {
        command,
        status,
        lines,
    } = failure;
    push(
        text,
        format_args!(
            "\n{red}error{red:#}: {}: exit status {status}\n",
            command.phase
        ),
    );
    let place = match (&record.source, command.line) {
        (Some(source), Some(line)) => {
            let inside = source
                .buildspec
                .strip_prefix(&format!("{}/", source.directory));
            format!("  --> {}:{line}\n", inside.unwrap_or(&source.buildspec))
        }
        _ => String::new(),
    };
    push(text, format_args!("{place}"));
    for (index, line) in command.text.trim_end().lines().enumerate() {
        push(
            text,
            format_args!("  {} {line}\n", if index == 0 { "$" } else { " " }),
        );
    }
    for line in lines {
        push(text, format_args!("  | {line}\n"));
    }
    let identity = record.identity.as_ref();
    let lacks_docker = lines.iter().any(|line| line.contains(NO_DAEMON));
    if lacks_docker && identity.is_some_and(|identity| !identity.privileged) {
        push(
            text,
            format_args!(
                "  help: a build has a Docker Engine only where you give it one: `--docker nested` or `--docker host`\n"
            ),
        );
    }
    if identity.is_some_and(|identity| !identity.debug) {
        push(
            text,
            format_args!(
                "  help: `understudy run --debug` holds the build there, and `understudy shell` opens a shell in it\n"
            ),
        );
    }
}

fn ending(text: &mut String, record: &BuildRecord) {
    let (Some(identity), Some(status)) = (&record.identity, record.status) else {
        return;
    };
    let took = match (record.started, record.ended) {
        (Some(started), Some(ended)) => duration(between(started, ended)),
        _ => String::new(),
    };
    let style = style(status);
    push(
        text,
        format_args!(
            "\n{style}{status}{style:#} {} (build {}) in {took}\n",
            identity.id, identity.number
        ),
    );
}

fn between(start: Timestamp, end: Timestamp) -> Duration {
    end.duration_since(start).unsigned_abs()
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = text.write_fmt(arguments);
}

/// The most failed tests that a summary names.
const MOST_FAILURES: usize = 5;

/// Names the first tests that failed, each with the first line of its message.
fn failed_tests(facts: &mut Table, failures: &[TestCase]) {
    for case in failures.iter().take(MOST_FAILURES) {
        let name = case.full_name();
        let message = case.message.as_deref().unwrap_or_default();
        let message = message.lines().next().unwrap_or_default();
        let colon = if message.is_empty() { "" } else { ": " };
        facts.add_row([
            "",
            &format!("{} {name}{colon}{message}", case.status.name()),
        ]);
    }
    if failures.len() > MOST_FAILURES {
        let more = failures.len() - MOST_FAILURES;
        facts.add_row(["", &format!("and {more} more")]);
    }
}
