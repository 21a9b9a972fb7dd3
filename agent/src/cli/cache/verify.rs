//! `understudy cache verify`.

use std::path::Path;
use std::process::ExitCode;

use cache::{LocalStore, MissReason, StoredEntry, Verified};
use serde_json::{Value, json};

use super::args::VerifyArgs;
use super::show::{one, size};
use super::{find, name, open, say, short, unusable};
use crate::cli::args::ReportFormat;
use crate::cli::exit::{CliError, FAULT, SUCCEEDED};
use crate::sink::{lines, plain_table};

/// An entry, and what is wrong with it.
type Looked = (StoredEntry, Option<String>);

/// Reads the files of entries. One that is damaged is set aside, and is a fault of the disk.
pub(super) fn verify(root: &Path, args: &VerifyArgs) -> Result<ExitCode, CliError> {
    let store = open(root)?;
    let mut entries = Vec::new();
    for key in &args.keys {
        entries.extend(find(store.as_ref(), key)?);
    }
    if let (Some(store), true) = (&store, args.keys.is_empty()) {
        entries = store.inventory().map_err(unusable)?;
    }
    let mut looked = Vec::new();
    if let Some(store) = &store {
        for entry in entries {
            looked.extend(look(store, entry)?);
        }
    }
    say(&match args.format {
        ReportFormat::Human => human(&looked),
        ReportFormat::Json => {
            let told = looked.iter().map(|(entry, wrong)| {
                let mut told = one(entry);
                told["damage"] = json!(wrong);
                told
            });
            format!("{:#}\n", told.collect::<Value>())
        }
    });
    let damaged = looked.iter().any(|(_, wrong)| wrong.is_some());
    Ok(ExitCode::from(if damaged { FAULT } else { SUCCEEDED }))
}

/// `None` for an entry that is gone meanwhile.
fn look(store: &LocalStore, entry: StoredEntry) -> Result<Option<Looked>, CliError> {
    let wrong = match store.examine(&entry.key).map_err(unusable)? {
        Verified::Whole(_) => None,
        Verified::Miss(MissReason::Absent) => return Ok(None),
        Verified::Miss(MissReason::Damaged { what, moved_to }) => {
            let place = moved_to.map_or_else(String::new, |place| {
                format!("; it is kept in {}", place.display())
            });
            Some(format!("{what}{place}"))
        }
    };
    Ok(Some((entry, wrong)))
}

fn human(looked: &[Looked]) -> String {
    let mut table = plain_table();
    table.set_header(["KEY", "OF", "NAME", "SIZE", "FOUND"]);
    for (entry, wrong) in looked {
        table.add_row([
            short(entry),
            entry.key.parts().namespace.to_string(),
            name(entry).unwrap_or("-").to_owned(),
            size(entry),
            wrong
                .as_ref()
                .map_or_else(|| "whole".to_owned(), |wrong| format!("DAMAGED: {wrong}")),
        ]);
    }
    lines(&table) + "\n"
}
