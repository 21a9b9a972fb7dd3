//! `understudy cache list` and `show`.

use std::path::Path;
use std::process::ExitCode;

use cache::StoredEntry;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::args::{ListArgs, ShowArgs};
use super::{find, hash, name, open, say, short, unusable};
use crate::cli::args::ReportFormat;
use crate::cli::exit::{CliError, SUCCEEDED};
use crate::sink::{bytes, lines, plain_table};

/// Lists the entries, those that were used last first.
pub(super) fn list(root: &Path, args: &ListArgs) -> Result<ExitCode, CliError> {
    let entries = match open(root)? {
        Some(store) => store.inventory().map_err(unusable)?,
        None => Vec::new(),
    };
    say(&match args.format {
        ReportFormat::Human => table(&entries),
        ReportFormat::Json => format!("{:#}\n", entries.iter().map(one).collect::<Value>()),
    });
    Ok(ExitCode::from(SUCCEEDED))
}

/// Shows one entry, with all that its key is made of.
pub(super) fn show(root: &Path, args: &ShowArgs) -> Result<ExitCode, CliError> {
    let store = open(root)?;
    let found = find(store.as_ref(), &args.key)?;
    let [entry] = found.as_slice() else {
        return Err(CliError::unusable(
            format!("`{}` means {} entries", args.key, found.len()),
            "write more of the key; `understudy cache list` lists them",
        ));
    };
    say(&match args.format {
        ReportFormat::Human => page(entry),
        ReportFormat::Json => format!("{:#}\n", one(entry)),
    });
    Ok(ExitCode::from(SUCCEEDED))
}

fn table(entries: &[StoredEntry]) -> String {
    let mut table = plain_table();
    table.set_header(["KEY", "OF", "NAME", "FILES", "SIZE", "SAVED", "USED"]);
    for entry in entries {
        table.add_row([
            short(entry),
            entry.key.parts().namespace.to_string(),
            name(entry).unwrap_or("-").to_owned(),
            files(entry),
            size(entry),
            local(entry.saved_at_unix_ms),
            used(entry),
        ]);
    }
    lines(&table) + "\n"
}

fn page(entry: &StoredEntry) -> String {
    let facts = [
        ("digest", entry.digest.to_string()),
        ("files", files(entry)),
        ("size", size(entry)),
        ("saved", local(entry.saved_at_unix_ms)),
        ("used", used(entry)),
        ("path", entry.path.display().to_string()),
    ];
    let facts = facts.map(|(name, fact)| format!("{name}: {fact}\n"));
    format!("{}\n\n{}", entry.key.explain(), facts.concat())
}

/// One entry for programs.
pub(super) fn one(entry: &StoredEntry) -> Value {
    let parts = entry.key.parts();
    let inputs = parts.parts.iter();
    let inputs = inputs.map(|(name, value)| json!({"name": name, "value": value}));
    json!({
        "key": hash(entry),
        "namespace": parts.namespace,
        "name": name(entry),
        "format": parts.format,
        "inputs": inputs.collect::<Value>(),
        "digest": entry.digest,
        "files": entry.files,
        "bytes": entry.bytes,
        "saved": stamp(entry.saved_at_unix_ms),
        "used": stamp(entry.used_at_unix_ms),
        "inUse": entry.in_use,
        "path": entry.path,
    })
}

fn files(entry: &StoredEntry) -> String {
    entry
        .files
        .map_or_else(|| "?".to_owned(), |files| files.to_string())
}

pub(super) fn size(entry: &StoredEntry) -> String {
    entry.bytes.map_or_else(|| "?".to_owned(), bytes)
}

fn used(entry: &StoredEntry) -> String {
    if entry.in_use {
        "in use".to_owned()
    } else {
        local(entry.used_at_unix_ms)
    }
}

fn stamp(millis: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(millis).ok()
}

fn local(millis: i64) -> String {
    let Some(time) = stamp(millis) else {
        return "?".to_owned();
    };
    let local = time.to_zoned(TimeZone::system());
    local.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
