//! What can be typed after `understudy cache`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::args::ReportFormat;

pub(in crate::cli) const EXAMPLES: &str = "Examples:
  understudy cache list                              what is there, and when it was used
  understudy cache show 1a2b3c4d                     what an entry depends on
  understudy cache prune --max 20GiB                 what was not used for longest goes
  understudy cache prune --older-than 30d --dry-run  say what would go
  understudy cache verify                            read every file; set damaged entries aside

Exit codes: 0 done, 2 unusable arguments or no such entry, 3 the store cannot be used; `verify`: 3 an entry was damaged";

#[derive(Debug, Args)]
pub(in crate::cli) struct CacheArgs {
    #[command(subcommand)]
    pub(super) command: CacheCommand,

    /// Where the caches are kept [default: the user's cache directory].
    #[arg(long, value_name = "DIR", global = true)]
    pub(super) cache: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum CacheCommand {
    /// List the entries, those that were used last first.
    List(ListArgs),
    /// Show an entry: what its key is made of, its size, when it was saved and used.
    Show(ShowArgs),
    /// Remove entries, but never one that a build has.
    ///
    /// Without an option, the cache is brought down to `UNDERSTUDY_CACHE_MAX`.
    Prune(PruneArgs),
    /// Read every file of entries, and set aside those that are not what was saved.
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = ReportFormat::Human)]
    pub(super) format: ReportFormat,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The entry: the beginning of its key, or the name that the buildspec's `key` came to.
    #[arg(value_name = "KEY")]
    pub(super) key: String,

    /// How it is printed.
    #[arg(long, value_enum, default_value_t = ReportFormat::Human)]
    pub(super) format: ReportFormat,
}

#[derive(Debug, Args)]
pub(super) struct PruneArgs {
    /// Leave at most this much on the disk, such as 20GiB; what was not used for longest goes first.
    #[arg(long, value_name = "SIZE")]
    pub(super) max: Option<String>,

    /// Remove what was not used for so long, such as 12h, 7d or 2w.
    #[arg(long, value_name = "AGE")]
    pub(super) older_than: Option<String>,

    /// Remove this entry: the beginning of its key, or its name.
    #[arg(long, value_name = "KEY", conflicts_with_all = ["max", "older_than"])]
    pub(super) key: Option<String>,

    /// Only say what would be removed.
    #[arg(long)]
    pub(super) dry_run: bool,

    /// How it is printed.
    #[arg(long, value_enum, default_value_t = ReportFormat::Human)]
    pub(super) format: ReportFormat,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The entries [default: all].
    #[arg(value_name = "KEY")]
    pub(super) keys: Vec<String>,

    /// How it is printed.
    #[arg(long, value_enum, default_value_t = ReportFormat::Human)]
    pub(super) format: ReportFormat,
}
