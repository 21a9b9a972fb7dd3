//! CONDUCT: the only way in which a build runs (DESIGN §2).
//!
//! [`run_build`] walks the phases that `plan::transition` gives, orders and stamps events, stops, times out and tears
//! down. What a user's command does is data; only our own faults are errors, and they become `FAULT` here. It never
//! prints and never names a sink.

mod blocking;
mod cache;
mod cache_store;
mod collect;
mod commands;
mod conductor;
mod declared_images;
mod discover_reports;
mod docker_layers;
mod docker_loan;
mod download;
mod explain_miss;
mod fetch_image;
mod follow;
mod hash_files;
mod hold;
mod interrupt;
mod journal_line;
mod keep;
mod keep_report;
mod lending;
mod log;
mod memory;
mod nested;
mod obstacle;
mod phase_end;
mod preview;
mod provision;
mod push_trouble;
mod pushed;
mod read_buildspec;
mod read_reports;
mod redaction;
mod resolve;
mod restore;
mod ship;
mod sources;
mod tail;
mod teller;
#[cfg(test)]
mod tests;
mod upload;
mod values;
mod variables;
mod workspace;

use std::path::PathBuf;
use std::time::Duration;

pub use conductor::run_build;
pub use interrupt::{Interrupt, Stop};
pub use preview::{Preview, preview};
pub use workspace::{WorkspaceChoice, suited};

use crate::images::Keychain;
use crate::journal::BuildDirectory;
use crate::model::{BuildId, BuildRequest};

/// Returns the name of a build's container; fixed, so that it can be found whatever else is known of the build.
pub fn container_name(id: &BuildId) -> String {
    format!("understudy-{}", id.uuid)
}

/// The label by which what belongs to a build can be found at the engine.
pub const LABEL: &str = "understudy.build";
/// The label of what a build itself makes at an engine that it is lent. The build's own container is not among it.
pub const LENT: &str = "understudy.lent";

/// One build to run.
#[derive(Debug)]
pub struct Build {
    /// What was asked for.
    pub request: BuildRequest,
    /// The build's id.
    pub id: BuildId,
    /// The number within the project.
    pub number: u64,
    /// The build's place on disk.
    pub directory: BuildDirectory,
}

/// What a build runs in.
#[derive(Debug)]
pub struct Surroundings<'a, E> {
    /// The engine.
    pub engine: &'a E,
    /// The engine's address, as `DOCKER_HOST` has it.
    pub docker_address: String,
    /// Credentials for registries.
    pub keychain: &'a Keychain,
    /// Where directories wait for their removal.
    pub trash: PathBuf,
}

/// Whole milliseconds, as events have them.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
