//! `understudy cache prune`.

use std::path::Path;
use std::process::ExitCode;

use cache::{Budget, Doing, Evicted, LocalStore, Removal, Shrunk};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::args::PruneArgs;
use super::show::{one, size};
use super::{find, name, open, say, short, unusable};
use crate::cli::args::ReportFormat;
use crate::cli::exit::{CliError, SUCCEEDED};
use crate::cli::size::{age, size as size_of};
use crate::sink::{bytes, lines, plain_table};

/// Removes entries, and empties the trash. `max` is the budget that the environment names.
pub(super) fn prune(
    root: &Path,
    args: &PruneArgs,
    max: Option<&str>,
    now: Timestamp,
) -> Result<ExitCode, CliError> {
    let doing = if args.dry_run {
        Doing::DryRun
    } else {
        Doing::Really
    };
    let budget = budget(args, max, now)?;
    let store = open(root)?;
    let shrunk = match (&args.key, &store) {
        (Some(key), store) => by_key(store.as_ref(), key, doing)?,
        (None, Some(store)) => store.shrink(&budget, doing).map_err(unusable)?,
        (None, None) => Shrunk::default(),
    };
    if let (Some(store), Doing::Really) = (&store, doing) {
        store.empty_trash().map_err(unusable)?;
    }
    say(&match args.format {
        ReportFormat::Human => human(&shrunk, doing),
        ReportFormat::Json => machine(&shrunk, doing),
    });
    Ok(ExitCode::from(SUCCEEDED))
}

/// What was asked for. A budget that is nobody's would remove all or nothing.
fn budget(args: &PruneArgs, max: Option<&str>, now: Timestamp) -> Result<Budget, CliError> {
    let asked = args.max.as_deref().map(|max| ("--max", max));
    let from_environment = max.filter(|_| args.older_than.is_none() && args.key.is_none());
    let max = asked.or(from_environment.map(|max| ("UNDERSTUDY_CACHE_MAX", max)));
    if max.is_none() && args.older_than.is_none() && args.key.is_none() {
        return Err(CliError::unusable(
            "it is not said what should go",
            "give `--max SIZE`, `--older-than AGE` or `--key KEY`, or set UNDERSTUDY_CACHE_MAX",
        ));
    }
    let older = args.older_than.as_deref();
    let older = older.map(|text| age("--older-than", text)).transpose()?;
    Ok(Budget {
        max_bytes: max.map(|(from, text)| size_of(from, text)).transpose()?,
        unused_since_unix_ms: older.map(|age| now.as_millisecond().saturating_sub(age)),
    })
}

fn by_key(store: Option<&LocalStore>, key: &str, doing: Doing) -> Result<Shrunk, CliError> {
    let mut shrunk = Shrunk::default();
    let found = find(store, key)?;
    let Some(store) = store else {
        return Ok(shrunk);
    };
    shrunk.before = store.measure().map_err(unusable)?;
    for entry in found {
        let removal = match doing {
            Doing::Really => store.remove(&entry.key).map_err(unusable)?,
            Doing::DryRun if entry.in_use => Removal::InUse,
            Doing::DryRun => Removal::Done,
        };
        match removal {
            Removal::InUse => shrunk.busy += 1,
            Removal::Absent => {}
            Removal::Done => shrunk.evicted.push(Evicted {
                bytes: entry.bytes.unwrap_or_default(),
                entry: Some(entry),
            }),
        }
    }
    shrunk.after = store.measure().map_err(unusable)?;
    Ok(shrunk)
}

fn human(shrunk: &Shrunk, doing: Doing) -> String {
    let mut blocks = Vec::new();
    if !shrunk.evicted.is_empty() {
        blocks.push(table(&shrunk.evicted, doing));
    }
    if shrunk.busy > 0 {
        blocks.push(format!("{} in use, and left", shrunk.busy));
    }
    let takes = match doing {
        Doing::Really => "the cache takes",
        Doing::DryRun => "the cache would take",
    };
    let (before, after) = (bytes(shrunk.before), bytes(shrunk.after));
    blocks.push(format!("{takes} {after} of the disk, before {before}"));
    blocks.join("\n") + "\n"
}

fn table(evicted: &[Evicted], doing: Doing) -> String {
    let mut table = plain_table();
    let header = match doing {
        Doing::Really => "REMOVED",
        Doing::DryRun => "WOULD GO",
    };
    table.set_header([header, "OF", "NAME", "SIZE"]);
    for Evicted {
        entry,
        bytes: taken,
    } in evicted
    {
        let cells = match entry {
            Some(entry) => [
                short(entry),
                entry.key.parts().namespace.to_string(),
                name(entry).unwrap_or("-").to_owned(),
                size(entry),
            ],
            None => ["(damaged)", "-", "-", &bytes(*taken)].map(str::to_owned),
        };
        table.add_row(cells);
    }
    lines(&table)
}

fn machine(shrunk: &Shrunk, doing: Doing) -> String {
    let removed = shrunk.evicted.iter().map(|evicted| {
        let entry = evicted.entry.as_ref().map(one);
        json!({"entry": entry, "diskBytes": evicted.bytes})
    });
    let told = json!({
        "dryRun": doing == Doing::DryRun,
        "removed": removed.collect::<Value>(),
        "inUse": shrunk.busy,
        "diskBytesBefore": shrunk.before,
        "diskBytesAfter": shrunk.after,
    });
    format!("{told:#}\n")
}
