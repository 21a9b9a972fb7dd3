//! The buildspec's cache: restored before the container starts, saved when the last phase's commands are over
//! (reference §7.2). Trouble with it is a warning, never a failed build.

use std::path::Path;
use std::time::{Duration, Instant};

use buildspec::CacheAction;
use cache::{CacheError, Fetched, Hit, MissReason, Saved, Uploaded};

use super::blocking::blocking;
use super::cache_store::{Found, FromBucket, Job, Names, SavedAs};
use super::teller::Teller;
use super::values::Values;
use super::{Build, millis};
use crate::model::{CacheAccess, CacheOrigin, CacheTransfer, EventKind};
use crate::plan::{CachePlan, Plan};

/// What became of restoring.
#[derive(Debug)]
pub(super) enum Restoring {
    /// There is no `cache` block, or caching is off, or it only saves.
    NotAsked,
    /// The `key` came to nothing.
    Nameless,
    /// An answer of the store, and how long it took.
    Answered { found: Found, took: Duration },
    /// The store cannot be used.
    Failed(String),
}

/// Restores into the build's copy of the source. `early` is what the shell answered to [`Plan::early`].
pub(super) async fn restore(build: &Build, plan: &Plan, early: &Values) -> Restoring {
    let Some(cache) = wanted(plan, CacheAction::Save) else {
        return Restoring::NotAsked;
    };
    let Some(names) = Names::of(cache, early) else {
        return Restoring::Nameless;
    };
    let Some(job) = Job::new(build, inside(plan, cache), names) else {
        return Restoring::NotAsked;
    };
    in_store(move || {
        let start = Instant::now();
        let found = job.restore()?;
        let took = start.elapsed();
        Ok(Restoring::Answered { found, took })
    })
    .await
    .unwrap_or_else(Restoring::Failed)
}

/// Tells what was restored, in the order of CodeBuild's log.
pub(super) fn tell_restored(plan: &Plan, restoring: &Restoring, teller: &mut Teller<'_>) {
    if let Some(cache) = &plan.cache {
        for path in &cache.paths {
            teller.tell(EventKind::CachePath { path: path.clone() });
        }
        for path in outside(plan, cache) {
            teller.warn(
                format!("cache path `{path}` is outside the source and is not kept"),
                "cache a directory below the source, for example by the tool's own cache setting",
            );
        }
    }
    match restoring {
        Restoring::NotAsked => {
            let paths = plan.cache.as_ref().map(|cache| cache.paths.as_slice());
            if paths.is_none_or(<[String]>::is_empty) {
                let block = paths.is_some();
                teller.tell(EventKind::CacheSkipped { block });
            }
        }
        Restoring::Nameless => nameless(teller),
        Restoring::Failed(reason) => unusable("restored", reason, teller),
        Restoring::Answered { found, took } => tell_found(found, *took, teller),
    }
}

fn tell_found(found: &Found, took: Duration, teller: &mut Teller<'_>) {
    tell_bucket(&found.bucket, teller);
    for reason in &found.misses {
        if let MissReason::Damaged { what, moved_to } = reason {
            let place = moved_to.as_ref().map_or_else(String::new, |place| {
                format!("; it is kept in {}", place.display())
            });
            teller.warn(
                format!("the saved cache is damaged and was not restored: {what}{place}"),
                "nothing has to be done: this build saves a new one",
            );
        }
    }
    let key = &found.key;
    teller.tell(match &found.hit {
        Some(hit) => EventKind::CacheRestored(restored(found, hit, took)),
        None => EventKind::CacheMissed {
            key: key.clone(),
            reason: match found.misses.first() {
                Some(MissReason::Damaged { what, .. }) => format!("the entry was damaged: {what}"),
                Some(MissReason::Absent) | None => "nothing was saved yet".to_owned(),
            },
        },
    });
}

fn restored(found: &Found, hit: &Hit, took: Duration) -> CacheTransfer {
    let (origin, moved) = match &found.bucket.fetched {
        Some(Fetched::Fetched(transfer)) if transfer.digest == hit.digest => {
            (CacheOrigin::S3, transfer.moved)
        }
        _ => (CacheOrigin::Local, 0),
    };
    CacheTransfer {
        key: found.key.clone(),
        name: found.name.clone(),
        digest: Some(hit.digest.to_string()),
        origin,
        files: hit.files,
        bytes: hit.bytes,
        moved,
        unchanged: false,
        millis: millis(took),
    }
}

/// Tells what S3 had and could not give.
fn tell_bucket(bucket: &FromBucket, teller: &mut Teller<'_>) {
    for (what, kept) in &bucket.unusable {
        let place = kept
            .as_ref()
            .map(|place| format!("; it is kept in `{place}`"));
        let place = place.unwrap_or_default();
        teller.warn(
            format!("the cache in S3 was not restored: {what}{place}"),
            "nothing has to be done: the next build that may save makes a new one",
        );
    }
    if let Some(reason) = &bucket.trouble {
        unreachable(reason, teller);
    }
}

fn unreachable(reason: &str, teller: &mut Teller<'_>) {
    teller.warn(
        format!("the cache in S3 is not used: {reason}"),
        "mend that, or keep caches on this machine alone with `--cache DIR`",
    );
}

/// Saves from the build's copy of the source. Nobody may write there any more: files are shared with the store.
pub(super) async fn save(build: &Build, plan: &Plan, early: &Values, teller: &mut Teller<'_>) {
    let Some(cache) = wanted(plan, CacheAction::Restore) else {
        return;
    };
    match &build.request.cache_access {
        CacheAccess::ReadWrite => {}
        CacheAccess::Read => return,
        CacheAccess::Untrusted(what) => {
            return teller.warn(
                format!("the cache is not saved, because anybody may have written `{what}`"),
                "`--cache-mode readwrite` saves it all the same, `--cache-mode read` says that this is meant",
            );
        }
    }
    let Some(names) = Names::of(cache, early) else {
        // Otherwise it was told when nothing was restored.
        if cache.action == Some(CacheAction::Save) {
            nameless(teller);
        }
        return;
    };
    let Some(job) = Job::new(build, inside(plan, cache), names) else {
        return;
    };
    let now = teller.now().as_millisecond();
    let start = Instant::now();
    let saved = in_store(move || job.save(now)).await;
    let millis = millis(start.elapsed());
    let saved = match saved {
        Err(reason) => return unusable("saved", &reason, teller),
        Ok(saved) => saved,
    };
    if let Some(reason) = &saved.trouble {
        unreachable(reason, teller);
    }
    match transfer(saved, millis) {
        Some(transfer) => teller.tell(EventKind::CacheSaved(transfer)),
        None => teller.warn(
            "nothing was saved to the cache: no file matches its paths",
            "check `cache.paths`: they are relative to the source root",
        ),
    }
}

/// Returns what saving came to; `None` when there was nothing to save.
fn transfer(saved: SavedAs, millis: u64) -> Option<CacheTransfer> {
    let mut transfer = CacheTransfer {
        key: saved.key,
        name: saved.name,
        digest: None,
        origin: CacheOrigin::Local,
        files: 0,
        bytes: 0,
        moved: 0,
        unchanged: true,
        millis,
    };
    match saved.saved {
        Saved::Empty => return None,
        Saved::Unchanged => {}
        Saved::Stored {
            digest,
            files,
            bytes,
            ..
        } => {
            transfer.digest = Some(digest.to_string());
            (transfer.files, transfer.bytes, transfer.unchanged) = (files, bytes, false);
        }
    }
    match saved.uploaded {
        Some(Uploaded::Stored(stored)) => {
            transfer.digest = Some(stored.digest.to_string());
            (transfer.files, transfer.bytes) = (stored.files, stored.bytes);
            (transfer.origin, transfer.moved) = (CacheOrigin::S3, stored.moved);
            transfer.unchanged = false;
        }
        // Another host's is everybody's from now on.
        Some(Uploaded::Taken(digest) | Uploaded::Unchanged(digest)) => {
            transfer.digest = Some(digest.to_string());
            transfer.origin = CacheOrigin::S3;
            transfer.unchanged = true;
        }
        None => {}
    }
    Some(transfer)
}

/// The cache, unless it only goes the `other` way.
fn wanted(plan: &Plan, other: CacheAction) -> Option<&CachePlan> {
    let cache = plan.cache.as_ref()?;
    (cache.action != Some(other)).then_some(cache)
}

/// The patterns below the source root, relative to it.
fn inside(plan: &Plan, cache: &CachePlan) -> Vec<String> {
    let relative = |path: &String| match Path::new(path).strip_prefix(&plan.source_directory) {
        Ok(below) => Some(below.to_string_lossy().into_owned()),
        Err(_) => (!is_outside(path)).then(|| path.clone()),
    };
    cache
        .paths
        .iter()
        .filter_map(relative)
        .filter(|path| !path.is_empty())
        .collect()
}

fn outside<'a>(plan: &'a Plan, cache: &'a CachePlan) -> impl Iterator<Item = &'a String> {
    cache.paths.iter().filter(|path| {
        is_outside(path) && !Path::new(path.as_str()).starts_with(&plan.source_directory)
    })
}

fn is_outside(path: &str) -> bool {
    path.starts_with(['/', '~'])
}

fn nameless(teller: &mut Teller<'_>) {
    teller.warn(
        "the cache is not used: its `key` is empty when it is expanded",
        "see that its variables are set, and that its commands print something, before INSTALL",
    );
}

fn unusable(what: &str, reason: &str, teller: &mut Teller<'_>) {
    teller.warn(
        format!("the cache was not {what}: {reason}"),
        "mend that, choose another place with `--cache DIR`, or turn it off with `--cache off`",
    );
}

async fn in_store<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CacheError> + Send + 'static,
) -> Result<T, String> {
    match blocking(|_abandoned| work()).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}
