//! The layers of images that a build's own Docker Engine has, kept in the cache: for hosts that come and go, whose engines
//! begin without any.
//!
//! What is kept is what `docker save` writes of all images, those between the steps of a build among them, unpacked. Read
//! back in one piece, it has the chain of parents by which `docker build` finds its steps again.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cache::{
    CacheError, EntryKey, Hit, KeyParts, Lease, Leased, LocalStore, MissReason, Namespace, Root,
    Saved, Saving, Verified,
};

use super::cache_store::{self, in_store};
use super::teller::Teller;
use super::{Build, millis};
use crate::engine::{Access, Mount};
use crate::model::{CacheAccess, DockerAccess, EventKind, LayersMoved};
use crate::plan::layout;

/// Rules for keys; another number leaves old entries alone.
const FORMAT: u32 = 1;
/// The only root of an entry.
const ROOT: &str = "docker";

/// What of the cache a build has mounted; it stays there for as long as this is held.
#[derive(Debug)]
pub(super) struct KeptLayers {
    /// Nothing when there was none.
    lease: Option<Lease>,
}

/// Makes room for the layers of this build, and looks for those of an earlier one; `None` when they are not kept.
pub(super) async fn fetch(build: &Build, teller: &mut Teller<'_>) -> Option<KeptLayers> {
    let store = wanted(build)?;
    let made = make_room(build);
    let scope = build.request.cache_scope.clone();
    let remote = cache_store::remote(&build.request);
    let start = Instant::now();
    let leased = in_store(move |_| {
        let (store, key) = (LocalStore::open(&store)?, key(&scope)?);
        // Whatever S3 has, and says, it is the local store's entry that counts.
        let trouble = remote.and_then(|remote| {
            remote.fetch(&key, &store);
            remote.trouble().map(str::to_owned)
        });
        Ok((lease(&store, &key)?, trouble))
    });
    let leased = leased.await.map(|(found, trouble)| {
        unreachable(trouble.as_deref(), teller);
        found
    });
    let leased = made.map_err(|error| error.to_string()).and(leased);
    match leased {
        Err(reason) => {
            unusable("restored", &reason, teller);
            None
        }
        Ok(Found::Nothing) => Some(KeptLayers { lease: None }),
        Ok(Found::Damaged(what)) => {
            teller.warn(
                format!("the saved Docker layers are damaged and were not restored: {what}"),
                "nothing has to be done: this build saves new ones",
            );
            Some(KeptLayers { lease: None })
        }
        Ok(Found::Whole(lease, hit)) => {
            tell(
                LayersMoved::Restored,
                lease.key(),
                hit.bytes,
                start.elapsed(),
                teller,
            );
            Some(KeptLayers {
                lease: Some(*lease),
            })
        }
    }
}

impl KeptLayers {
    /// Returns what is mounted: where new layers go, and those that were kept.
    pub(super) fn mounts(&self, build: &Build) -> Vec<Mount> {
        let kept = self.lease.as_ref();
        let kept = kept.and_then(|lease| lease.tree(ROOT).ok().flatten());
        let kept = kept.map(|host| (host, layout::KEPT_LAYERS, Access::ReadOnly));
        let new = may_save(build).then(|| {
            let layers = build.directory.layers();
            (layers, layout::NEW_LAYERS, Access::ReadWrite)
        });
        let mounts = [new, kept].into_iter().flatten();
        mounts
            .map(|(host, container, access)| Mount {
                host,
                container: container.to_owned(),
                access,
            })
            .collect()
    }
}

/// Saves what the engine left. Nobody may write there any more: files are shared with the store.
pub(super) async fn save(build: &Build, teller: &mut Teller<'_>) {
    let Some(store) = wanted(build).filter(|_| may_save(build)) else {
        return;
    };
    let remote = cache_store::remote(&build.request);
    let scope = build.request.cache_scope.clone();
    let layers = build.directory.layers();
    let now = teller.now().as_millisecond();
    let start = Instant::now();
    let saved = in_store(move |abandoned| {
        let key = key(&scope)?;
        let root = Root {
            id: ROOT,
            dir: &layers,
            patterns: &[".".to_owned()],
        };
        let store = LocalStore::open(&store)?.until(Arc::clone(abandoned));
        let saved = store.save(&key, &[root], now, Saving::Latest)?;
        let trouble = remote.filter(|_| saved != Saved::Empty).and_then(|remote| {
            remote.save(&key, &store, Saving::Latest, now);
            remote.trouble().map(str::to_owned)
        });
        Ok((key, saved, trouble))
    });
    let saved = saved.await.map(|(key, saved, trouble)| {
        unreachable(trouble.as_deref(), teller);
        (key, saved)
    });
    match saved {
        Err(reason) => unusable("saved", &reason, teller),
        // The engine has no other images than those that were kept.
        Ok((key, Saved::Empty | Saved::Unchanged)) => {
            tell(LayersMoved::Unchanged, &key, 0, start.elapsed(), teller);
        }
        Ok((key, Saved::Stored { bytes, .. })) => {
            tell(LayersMoved::Saved, &key, bytes, start.elapsed(), teller);
        }
    }
}

enum Found {
    Nothing,
    Damaged(String),
    Whole(Box<Lease>, Hit),
}

fn lease(store: &LocalStore, key: &EntryKey) -> Result<Found, CacheError> {
    let miss = |reason| match reason {
        MissReason::Absent => Found::Nothing,
        MissReason::Damaged { what, .. } => Found::Damaged(what),
    };
    Ok(match store.lease(key)? {
        Leased::Miss(reason) => miss(reason),
        Leased::Held(lease) => match lease.verify()? {
            Verified::Miss(reason) => miss(reason),
            Verified::Whole(hit) => Found::Whole(Box::new(lease), hit),
        },
    })
}

/// Layers are a project's, and a machine's of one kind.
fn key(scope: &str) -> Result<EntryKey, CacheError> {
    let parts = [("docker", "layers"), ("machine", std::env::consts::ARCH)];
    let parts = parts.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(EntryKey::new(KeyParts {
        format: FORMAT,
        namespace: Namespace::new(scope)?,
        parts: parts.to_vec(),
    }))
}

fn wanted(build: &Build) -> Option<std::path::PathBuf> {
    let request = &build.request;
    let wanted = request.docker_cache && request.docker == DockerAccess::Nested;
    request.cache.clone().filter(|_| wanted)
}

/// Layers that anybody may have written are not handed on.
fn may_save(build: &Build) -> bool {
    build.request.cache_access == CacheAccess::ReadWrite
}

/// The container's root need not be ours.
fn make_room(build: &Build) -> std::io::Result<()> {
    let layers = build.directory.layers();
    fs::create_dir_all(&layers)?;
    fs::set_permissions(&layers, fs::Permissions::from_mode(0o777))
}

fn tell(moved: LayersMoved, key: &EntryKey, bytes: u64, took: Duration, teller: &mut Teller<'_>) {
    teller.tell(EventKind::DockerLayers {
        moved,
        key: key.hash().to_string(),
        bytes,
        millis: millis(took),
    });
}

fn unreachable(trouble: Option<&str>, teller: &mut Teller<'_>) {
    if let Some(reason) = trouble {
        teller.warn(
            format!("the cache in S3 is not used for Docker layers: {reason}"),
            "mend that, or keep caches on this machine alone with `--cache DIR`",
        );
    }
}

fn unusable(what: &str, reason: &str, teller: &mut Teller<'_>) {
    teller.warn(
        format!("the Docker layers were not {what}: {reason}"),
        "mend that, choose another place with `--cache DIR`, or leave `--docker-cache` away",
    );
}
