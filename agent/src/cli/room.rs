//! Room on the disk: a build is begun only where there is some, and caches make way for it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use cache::{Budget, Doing, LocalStore};
use nix::sys::statvfs::statvfs;

use super::args::BuildArgs;
use super::exit::CliError;
use super::size::size;
use crate::config::Settings;
use crate::journal;
use crate::sink::bytes;

/// So much must be free, unless the caller says otherwise: enough for a log and a few files, less than any build takes.
const LEAST_FREE: u64 = 256 << 20;

/// What was asked for, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// So much must be free.
    pub(super) min_free: u64,
    /// So much may the cache take.
    pub(super) cache_max: Option<u64>,
}

impl Room {
    /// Flags win over the environment.
    pub(super) fn of(args: &BuildArgs, settings: &Settings) -> Result<Self, CliError> {
        let choose = |flag, typed: &Option<String>, variable, set: &Option<String>| {
            let given = typed.as_deref().map(|text| (flag, text));
            let given = given.or(set.as_deref().map(|text| (variable, text)));
            given.map(|(from, text)| size(from, text)).transpose()
        };
        let min_free = choose(
            "--min-free",
            &args.min_free,
            "UNDERSTUDY_MIN_FREE",
            &settings.min_free,
        )?;
        let cache_max = choose(
            "--cache-max",
            &args.cache_max,
            "UNDERSTUDY_CACHE_MAX",
            &settings.cache_max,
        )?;
        Ok(Self {
            min_free: min_free.unwrap_or(LEAST_FREE),
            cache_max,
        })
    }
}

/// Sees that at least `least` bytes are free where builds are kept, and tries to see to it where caches are. Where they
/// are not, trash is deleted and then the caches that were not used for longest are removed; what was done is returned, as
/// a warning.
pub(super) fn make(
    state: &Path,
    cache: Option<&Path>,
    least: u64,
) -> Result<Option<(String, String)>, CliError> {
    let mut warning = None;
    for place in [Some(state), cache].into_iter().flatten() {
        let free = || free(place).unwrap_or(u64::MAX);
        let before = free();
        if before >= least {
            continue;
        }
        // A trash that cannot be emptied is not the trouble of this build.
        journal::empty(&state.join("trash")).ok();
        let evicted = cache.map_or(0, |cache| evict(place, cache, least, &free));
        if free() < least {
            // A build does without a cache.
            if place != state {
                continue;
            }
            return Err(CliError::fault(
                format!(
                    "there are only {} free on the disk of `{}`, and a build is begun with {} at least",
                    bytes(free()),
                    place.display(),
                    bytes(least)
                ),
                "free some, keep builds elsewhere with UNDERSTUDY_HOME, or ask for less with `--min-free SIZE`",
            ));
        }
        if evicted > 0 {
            warning = Some((
                format!(
                    "only {} were free on the disk of `{}`: {evicted} cache entries were removed, those first that were not used for longest",
                    bytes(before),
                    place.display()
                ),
                "free some, or bound the cache with `--cache-max SIZE`".to_owned(),
            ));
        }
    }
    Ok(warning)
}

/// Removes cache entries until there is room at `place`, and returns how many.
fn evict(place: &Path, cache: &Path, least: u64, free: &dyn Fn() -> u64) -> usize {
    let device = |path: &Path| existing(path, |path| fs::metadata(path)).map(|found| found.dev());
    let together = matches!((device(place), device(cache)), (Ok(one), Ok(other)) if one == other);
    if !together || !cache.is_dir() {
        return 0;
    }
    let Ok(store) = LocalStore::open(cache) else {
        return 0;
    };
    // Whatever does not work here shows in the room that is there afterwards.
    store.empty_trash().ok();
    let missing = least.saturating_sub(free());
    let Ok(takes) = store.measure() else { return 0 };
    if missing == 0 {
        return 0;
    }
    let budget = Budget {
        max_bytes: Some(takes.saturating_sub(missing)),
        ..Budget::default()
    };
    let shrunk = store.shrink(&budget, Doing::Really);
    store.empty_trash().ok();
    shrunk.map_or(0, |shrunk| shrunk.evicted.len())
}

/// Returns how many bytes an ordinary user can still write at a path.
fn free(path: &Path) -> io::Result<u64> {
    existing(path, |path| {
        let disk = statvfs(path)?;
        Ok(disk.blocks_available() * disk.fragment_size())
    })
}

/// Looks at a path, or at the nearest directory above it that is there.
fn existing<T>(path: &Path, look: impl Fn(&Path) -> io::Result<T>) -> io::Result<T> {
    let mut seen = path.ancestors().map(look);
    let found = seen
        .find(|looked| !matches!(looked, Err(error) if error.kind() == io::ErrorKind::NotFound));
    found.unwrap_or_else(|| Err(io::ErrorKind::NotFound.into()))
}
