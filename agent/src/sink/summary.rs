//! The end of a pretty run: what happened, in tables, and what to do next.

use std::fmt::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use jiff::Timestamp;

use super::{bytes, coverage, duration};
use crate::model::{BuildRecord, CacheTransfer, Phase, PhaseRecord, ReportOutcome, Verdict};

/// Returns the summary, with colours; the writer strips them where they are not wanted.
pub(super) fn summary(record: &BuildRecord) -> String {
    let mut text = String::new();
    phases(&mut text, record);
    let mut facts = plain_table();
    cache(&mut facts, record);
    for image in &record.images {
        let tags = image.tags.join(", ");
        facts.add_row(["image", &image.name, &format!("{}@{}", image.repository, image.digest), &tags]);
    }
    for artifact in &record.artifacts {
        let name = artifact.identifier.as_deref().unwrap_or("primary");
        let size = format!("{} files, {}", artifact.files, bytes(artifact.bytes));
        facts.add_row(["artifact", name, &artifact.location, &size]);
    }
    for report in &record.reports {
        match &report.outcome {
            ReportOutcome::Coverage { summary, .. } => {
                let (lines, branches) = coverage(summary);
                facts.add_row([
                    "coverage",
                    &report.group,
                    &format!("lines {lines}"),
                    &format!("branches {branches}"),
                ]);
            }
            ReportOutcome::Incomplete(message) => {
                facts.add_row(["report", &report.group, "INCOMPLETE", message]);
            }
        }
    }
    if facts.row_count() > 0 {
        push(&mut text, format_args!("\n{facts}\n"));
    }
    for (message, help) in &record.warnings {
        push(&mut text, format_args!("{}\n", warning(message, help.as_deref())));
    }
    ending(&mut text, record);
    text
}

/// Returns a warning and its next step.
pub(super) fn warning(message: &str, help: Option<&str>) -> String {
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
        let Some((ended, verdict)) = phase.ended else { continue };
        table.add_row([phase.phase.name(), verdict.name(), &duration(between(phase.started, ended))]);
    }
    if let Some(column) = table.column_mut(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for line in table.to_string().lines() {
        let verdict = Verdict::ALL.into_iter().find(|verdict| line.contains(verdict.name()));
        let style = verdict.map_or_else(Style::new, style);
        push(text, format_args!("{style}{line}{style:#}\n"));
    }
}

/// The service's own phases matter only when they took time or failed.
fn is_shown(phase: &PhaseRecord) -> bool {
    let quiet = matches!(phase.phase, Phase::Submitted | Phase::Queued | Phase::Finalizing);
    !quiet || phase.ended.is_some_and(|(_, verdict)| verdict != Verdict::Succeeded)
}

fn cache(table: &mut Table, record: &BuildRecord) {
    let size = |transfer: &CacheTransfer| {
        let took = duration(Duration::from_millis(transfer.millis));
        format!("{} files, {} in {took}", transfer.files, bytes(transfer.bytes))
    };
    if let Some(restored) = &record.cache.restored {
        table.add_row(["cache", "restored", &size(restored), ""]);
    }
    if let Some(reason) = &record.cache.missed {
        table.add_row(["cache", "not restored", reason, ""]);
    }
    match &record.cache.saved {
        Some(saved) if saved.unchanged => {
            table.add_row(["cache", "unchanged", "nothing to save", ""]);
        }
        Some(saved) => {
            table.add_row(["cache", "saved", &size(saved), ""]);
        }
        None => {}
    }
}

fn ending(text: &mut String, record: &BuildRecord) {
    if let Some(failure) = record.first_failure() {
        for context in &failure.contexts {
            let red = style(Verdict::Failed);
            let message = context.message.trim_end();
            push(text, format_args!("\n{red}error{red:#}: {}: {message}\n", failure.phase));
            if let Some(help) = &context.help {
                push(text, format_args!("  help: {help}\n"));
            }
        }
    }
    let (Some(identity), Some(status)) = (&record.identity, record.status) else { return };
    let took = match (record.started, record.ended) {
        (Some(started), Some(ended)) => duration(between(started, ended)),
        _ => String::new(),
    };
    let style = style(status);
    push(
        text,
        format_args!("\n{style}{status}{style:#} {} (build {}) in {took}\n", identity.id, identity.number),
    );
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table
}

fn between(start: Timestamp, end: Timestamp) -> Duration {
    end.duration_since(start).unsigned_abs()
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = text.write_fmt(arguments);
}
