//! The buildspec's cache: restored before the container starts, saved when the last phase's commands are over
//! (reference §7.2). Trouble with it is a warning, never a failed build.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use buildspec::CacheAction;
use cache::{CacheError, Fetched, Hit, Lease, MissReason, Saved, Uploaded, Verified};
use tokio::task::JoinHandle;

use super::cache_store::{Found, FromBucket, Job, Names, Part, SavedAs, in_store};
use super::teller::Teller;
use super::values::Values;
use super::workspace::Workspace;
use super::{Build, millis};
use crate::model::{CacheAccess, CacheOrigin, CacheTransfer, EventKind};
use crate::plan::{self, CachePaths, CachePlan, Plan};

/// What an entry calls the source.
const SOURCE: &str = "src";
/// Builds run as root (reference §2.4).
const HOME: &str = "/root";

/// What became of restoring.
#[derive(Debug)]
pub(super) enum Restoring {
    /// There is no `cache` block, or caching is off, or it only saves.
    NotAsked,
    /// The `key` came to nothing.
    Nameless,
    /// An answer of the store, and how long it took.
    Answered { found: Box<Found>, took: Duration },
    /// The store cannot be used.
    Failed(String),
}

/// Returns which directories a cache keeps.
pub(super) fn paths(cache: Option<&CachePlan>, source: &str) -> CachePaths {
    let paths = cache.map_or([].as_slice(), |cache| &cache.paths);
    plan::cache_paths(paths, source, HOME)
}

/// Returns the source's part of a cache; `None` when it has none.
pub(super) fn part_of_source(
    paths: &CachePaths,
    directory: PathBuf,
    layers: Option<(PathBuf, Option<PathBuf>)>,
) -> Option<Part> {
    (!paths.inside.is_empty()).then(|| Part {
        id: SOURCE.into(),
        patterns: paths.inside.clone(),
        directory,
        layers,
    })
}

/// Copies the cache into its parts. `early` is what the shell answered to [`Plan::early`].
pub(super) async fn restore(
    build: &Build,
    plan: &Plan,
    paths: &CachePaths,
    early: &Values,
    parts: Vec<Part>,
) -> Restoring {
    let job = match job(build, plan.cache.as_ref(), paths, early) {
        Ok(job) => job,
        Err(restoring) => return restoring,
    };
    in_store(move |_| {
        let start = Instant::now();
        let found = Box::new(job.restore(&parts)?);
        let took = start.elapsed();
        Ok(Restoring::Answered { found, took })
    })
    .await
    .unwrap_or_else(Restoring::Failed)
}

/// Leases what [`restore`] would copy; what came of it where that is nothing.
pub(super) async fn lease(
    build: &Build,
    cache: Option<&CachePlan>,
    paths: &CachePaths,
    early: &Values,
) -> Result<Stock, Restoring> {
    lease_of(job(build, cache, paths, early)?, Vec::new()).await
}

async fn lease_of(job: Job, before: Vec<MissReason>) -> Result<Stock, Restoring> {
    let leased = in_store(move |_| {
        let start = Instant::now();
        let (mut found, lease) = job.lease()?;
        found.misses.splice(0..0, before);
        Ok((job, found, lease, start.elapsed()))
    });
    match leased.await {
        Err(reason) => Err(Restoring::Failed(reason)),
        Ok((_, found, None, took)) => Err(Restoring::Answered {
            found: found.into(),
            took,
        }),
        Ok((job, found, Some(lease), took)) => Ok(Stock {
            job,
            found,
            entry: Arc::new(lease),
            took,
        }),
    }
}

/// An entry that is leased, and that nobody has looked at yet.
#[derive(Debug)]
pub(super) struct Stock {
    job: Job,
    found: Found,
    pub(super) entry: Arc<Lease>,
    took: Duration,
}

/// An entry that is being looked at.
pub(super) struct Checking {
    stock: Stock,
    looking: JoinHandle<Result<Verified, CacheError>>,
}

impl Stock {
    /// Returns where the entry has what belongs into the source, if it has anything.
    pub(super) fn tree(&self) -> Result<Option<PathBuf>, String> {
        let tree = self.entry.tree(SOURCE);
        tree.map_err(|error| error.to_string())
    }

    /// Adds what it took to put the entry in its place.
    pub(super) fn also_took(&mut self, time: Duration) {
        self.took += time;
    }

    /// Begins to look, beside whatever else is done meanwhile.
    pub(super) fn check(self) -> Checking {
        let entry = Arc::clone(&self.entry);
        let looking = tokio::task::spawn_blocking(move || entry.verify());
        Checking {
            stock: self,
            looking,
        }
    }

    /// Leases the next best entry: this one is not what it should be.
    async fn next(self, reason: MissReason) -> Result<Self, Restoring> {
        let Self {
            job,
            found: Found { mut misses, .. },
            ..
        } = self;
        misses.push(reason);
        lease_of(job, misses).await
    }
}

/// What a look came to.
pub(super) enum Checked {
    /// The entry may be used.
    Whole(Restoring),
    /// It may not. There is another one that nobody has looked at yet, or none.
    Damaged(Box<Result<Stock, Restoring>>),
}

impl Checking {
    /// Waits until the whole entry was looked at.
    pub(super) async fn end(self) -> Checked {
        let start = Instant::now();
        let Self { mut stock, looking } = self;
        let verified = match looking.await {
            Ok(verified) => verified.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match verified {
            Ok(Verified::Whole(hit)) => {
                stock.found.hit = Some(hit);
                Checked::Whole(Restoring::Answered {
                    found: stock.found.into(),
                    took: stock.took + start.elapsed(),
                })
            }
            Ok(Verified::Miss(reason)) => Checked::Damaged(stock.next(reason).await.into()),
            Err(reason) => Checked::Damaged(Err(Restoring::Failed(reason)).into()),
        }
    }
}

/// Returns the cache to restore.
fn job(
    build: &Build,
    cache: Option<&CachePlan>,
    paths: &CachePaths,
    early: &Values,
) -> Result<Job, Restoring> {
    let cache = wanted(cache, CacheAction::Save).ok_or(Restoring::NotAsked)?;
    let names = Names::of(cache, early).ok_or(Restoring::Nameless)?;
    Job::new(build, paths.names(), names).ok_or(Restoring::NotAsked)
}

/// Tells what was restored, in the order of CodeBuild's log.
pub(super) fn tell_restored(
    plan: &Plan,
    paths: &CachePaths,
    restoring: &Restoring,
    teller: &mut Teller<'_>,
) {
    if let Some(cache) = &plan.cache {
        for path in &cache.paths {
            teller.tell(EventKind::CachePath { path: path.clone() });
        }
        for (path, reason) in &paths.left {
            teller.warn(
                format!("cache path `{path}` is not kept: {reason}"),
                "name a directory below the source, or one of a tool's own such as `/root/.npm`",
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

/// Saves from what the build left. Nobody may write there any more: files are shared with the store.
pub(super) async fn save(
    build: &Build,
    plan: &Plan,
    early: &Values,
    paths: &CachePaths,
    workspace: &Workspace,
    teller: &mut Teller<'_>,
) {
    let Some(cache) = wanted(plan.cache.as_ref(), CacheAction::Restore) else {
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
    let Some(job) = Job::new(build, paths.names(), names) else {
        return;
    };
    let now = teller.now().as_millisecond();
    let start = Instant::now();
    let saved = match workspace.left_parts(build, paths) {
        Err(error) => Err(error.to_string()),
        Ok((parts, open)) => {
            let entry = workspace.entry();
            in_store(move |abandoned| {
                let saved = job.save(&parts, entry.as_deref(), now, abandoned);
                drop(open);
                saved
            })
            .await
        }
    };
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
fn wanted(cache: Option<&CachePlan>, other: CacheAction) -> Option<&CachePlan> {
    let cache = cache?;
    (cache.action != Some(other)).then_some(cache)
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
