//! The buildspec's cache: restored before the container starts, saved when the last phase's commands are over
//! (reference §7.2). Trouble with it is a warning, never a failed build.

use std::path::Path;
use std::time::{Duration, Instant};

use buildspec::CacheAction;
use cache::{
    CacheError, EntryKey, Hit, KeyParts, LocalStore, MissReason, Namespace, Restored, Root, Saved,
    Saving,
};

use super::blocking::blocking;
use super::teller::Teller;
use super::{Build, millis};
use crate::model::EventKind;
use crate::plan::{CachePlan, Plan};

/// Rules for keys; another number leaves old entries alone.
const FORMAT: u32 = 1;

/// What became of restoring.
#[derive(Debug)]
pub(super) enum Restoring {
    /// There is no `cache` block, or caching is off, or it only saves.
    NotAsked,
    /// An answer of the store, and how long it took.
    Answered {
        key: String,
        answer: Restored,
        took: Duration,
    },
    /// The store cannot be used.
    Failed(String),
}

/// Restores into the build's copy of the source.
pub(super) async fn restore(build: &Build, plan: &Plan) -> Restoring {
    let Some(job) = Job::new(build, plan, CacheAction::Save) else {
        return Restoring::NotAsked;
    };
    in_store(move || {
        let start = Instant::now();
        let (store, key) = job.open()?;
        let answer = store.restore(&key, &[job.root()])?;
        Ok(Restoring::Answered {
            key: key.hash().to_string(),
            answer,
            took: start.elapsed(),
        })
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
        Restoring::NotAsked if plan.cache.is_none() => teller.tell(EventKind::CacheSkipped),
        Restoring::NotAsked => {}
        Restoring::Failed(reason) => unusable("restored", reason, teller),
        Restoring::Answered {
            key,
            answer: Restored::Hit(hit),
            took,
        } => {
            let Hit { files, bytes, .. } = *hit;
            let millis = millis(*took);
            teller.tell(EventKind::CacheRestored {
                key: key.clone(),
                files,
                bytes,
                millis,
            });
        }
        Restoring::Answered {
            key,
            answer: Restored::Miss(reason),
            ..
        } => {
            let reason = match reason {
                MissReason::Absent => "nothing was saved yet".to_owned(),
                MissReason::Damaged { what, moved_to } => {
                    let place = moved_to.as_ref().map_or_else(String::new, |place| {
                        format!("; it is kept in {}", place.display())
                    });
                    teller.warn(
                        format!("the saved cache is damaged and was not restored: {what}{place}"),
                        "nothing has to be done: this build saves a new one",
                    );
                    format!("the entry was damaged: {what}")
                }
            };
            teller.tell(EventKind::CacheMissed {
                key: key.clone(),
                reason,
            });
        }
    }
}

/// Saves from the build's copy of the source. Nobody may write there any more: files are shared with the store.
pub(super) async fn save(build: &Build, plan: &Plan, teller: &mut Teller<'_>) {
    let Some(job) = Job::new(build, plan, CacheAction::Restore) else {
        return;
    };
    let now = teller.now().as_millisecond();
    let start = Instant::now();
    let saved = in_store(move || {
        let (store, key) = job.open()?;
        let saved = store.save(&key, &[job.root()], now, Saving::Latest)?;
        Ok((key.hash().to_string(), saved))
    })
    .await;
    let millis = millis(start.elapsed());
    match saved {
        Err(reason) => unusable("saved", &reason, teller),
        Ok((key, Saved::Unchanged)) => {
            teller.tell(EventKind::CacheSaved {
                key,
                files: 0,
                bytes: 0,
                unchanged: true,
                millis,
            });
        }
        Ok((key, Saved::Stored { files, bytes, .. })) => {
            teller.tell(EventKind::CacheSaved {
                key,
                files,
                bytes,
                unchanged: false,
                millis,
            });
        }
        Ok((_, Saved::Empty)) => teller.warn(
            "nothing was saved to the cache: no file matches its paths",
            "check `cache.paths`: they are relative to the source root",
        ),
    }
}

/// One direction of one build's cache.
struct Job {
    store: std::path::PathBuf,
    scope: String,
    patterns: Vec<String>,
    source: std::path::PathBuf,
}

impl Job {
    /// `None` when there is nothing to do in this direction; `other` is the action that is the other direction alone.
    fn new(build: &Build, plan: &Plan, other: CacheAction) -> Option<Self> {
        let cache = plan
            .cache
            .as_ref()
            .filter(|cache| cache.action != Some(other))?;
        let patterns = inside(plan, cache);
        (!patterns.is_empty()).then_some(Self {
            store: build.request.cache.clone()?,
            scope: build.request.cache_scope.clone(),
            patterns,
            source: build.directory.source(),
        })
    }

    fn open(&self) -> Result<(LocalStore, EntryKey), CacheError> {
        // A classic cache has one entry a project, and other paths are another cache (reference §7.2, §7.3).
        let key = EntryKey::new(KeyParts {
            format: FORMAT,
            namespace: Namespace::new(&self.scope)?,
            parts: vec![("paths".into(), self.patterns.join("\n"))],
        });
        Ok((LocalStore::open(&self.store)?, key))
    }

    fn root(&self) -> Root<'_> {
        Root {
            id: "src",
            dir: &self.source,
            patterns: &self.patterns,
        }
    }
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
