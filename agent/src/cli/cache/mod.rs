//! `understudy cache`: what the caches hold, and getting rid of it.

mod args;
mod prune;
mod show;
mod verify;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use cache::{CacheError, LocalStore, StoredEntry};

pub(super) use args::{CacheArgs, EXAMPLES};

use super::exit::CliError;
use crate::config::Settings;
use args::CacheCommand;

/// How many digits of a key are shown: enough to tell some thousand entries apart.
const KEY_DIGITS: usize = 12;
/// The part of a key that holds what a buildspec's `key` came to.
const NAME: &str = "key";

/// Does what was asked for.
pub(super) async fn cache(args: CacheArgs, settings: &Settings) -> Result<ExitCode, CliError> {
    let root = args.cache.unwrap_or_else(|| settings.cache.clone());
    let max = settings.cache_max.clone();
    let now = super::run::now();
    let done = tokio::task::spawn_blocking(move || match args.command {
        CacheCommand::List(list) => show::list(&root, &list),
        CacheCommand::Show(one) => show::show(&root, &one),
        CacheCommand::Prune(prune) => prune::prune(&root, &prune, max.as_deref(), now),
        CacheCommand::Verify(verify) => verify::verify(&root, &verify),
    });
    done.await
        .unwrap_or_else(|error| Err(CliError::fault(error, "report this as a bug")))
}

/// Opens the store; `None` where nothing was ever kept, and nothing is made there.
fn open(root: &Path) -> Result<Option<LocalStore>, CliError> {
    match root.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        _ => LocalStore::open(root).map(Some).map_err(unusable),
    }
}

/// Returns the entries that `key` means: those whose key begins with it, or whose name it is; at least one.
fn find(store: Option<&LocalStore>, key: &str) -> Result<Vec<StoredEntry>, CliError> {
    let mut entries = match store {
        Some(store) => store.inventory().map_err(unusable)?,
        None => Vec::new(),
    };
    let begins = |entry: &StoredEntry| !key.is_empty() && hash(entry).starts_with(key);
    entries.retain(|entry| begins(entry) || name(entry) == Some(key));
    if entries.is_empty() {
        return Err(CliError::unusable(
            format!("no cache entry is known by `{key}`"),
            "`understudy cache list` lists those that are",
        ));
    }
    Ok(entries)
}

fn hash(entry: &StoredEntry) -> String {
    entry.key.hash().to_string()
}

fn short(entry: &StoredEntry) -> String {
    hash(entry).chars().take(KEY_DIGITS).collect()
}

/// Returns what the buildspec's `key` came to.
fn name(entry: &StoredEntry) -> Option<&str> {
    let mut parts = entry.key.parts().parts.iter();
    parts
        .find(|(part, _)| part == NAME)
        .map(|(_, name)| name.as_str())
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn unusable(error: CacheError) -> CliError {
    CliError::fault(
        format!("failed to {error}"),
        "see that the directory is yours and its disk is there, or name another with `--cache DIR`",
    )
}

/// Prints to standard output. A reader that went away has seen what it wanted.
fn say(text: &str) {
    let _unheard = anstream::stdout().write_all(text.as_bytes());
}
