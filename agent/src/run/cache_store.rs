//! One build's cache at the store: under which keys it is looked for and kept (reference §7.2, §7.3).

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cache::{
    Access, CacheError, EntryKey, Fetched, Hit, KeyParts, LayeredRoot, Lease, Leased, LocalStore,
    MissReason, Namespace, Restored, Root, Saved, Saving, Uploaded,
};

use super::Build;
use super::blocking::blocking;
use super::values::Values;
use crate::model::{BuildRequest, CacheAccess};
use crate::plan::CachePlan;
use crate::remote_cache::RemoteCache;

/// Rules for keys; another number leaves old entries alone.
const FORMAT: u32 = 1;
/// The part of an entry's key that holds what a buildspec's `key` came to.
const NAME: &str = "key";

/// Under which names a cache is looked for and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Names {
    /// There is no `key`: one entry, and each save replaces it.
    Classic,
    /// What `key` and `fallback-keys` came to. A stored key never changes.
    Keyed {
        /// The exact name.
        key: String,
        /// The beginnings of names that will do, best first.
        fallbacks: Vec<String>,
    },
}

impl Names {
    /// Returns the names of a cache; `None` when the `key` came to nothing: any build would find what that names.
    pub(super) fn of(cache: &CachePlan, early: &Values) -> Option<Self> {
        let Some(key) = &cache.key else {
            return Some(Self::Classic);
        };
        let key = early.text(key);
        let fallbacks = cache.fallback_keys.iter().map(|key| early.text(key));
        (!key.is_empty()).then(|| Self::Keyed {
            key,
            // An empty beginning is that of every name.
            fallbacks: fallbacks.filter(|prefix| !prefix.is_empty()).collect(),
        })
    }
}

/// Does work at a store on a thread of its own, which is told when nobody waits for it any more. What went wrong comes as a
/// text for a person.
pub(super) async fn in_store<T: Send + 'static>(
    work: impl FnOnce(&Arc<AtomicBool>) -> Result<T, CacheError> + Send + 'static,
) -> Result<T, String> {
    match blocking(work).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// Returns the store in S3 that is behind the local one, if there is one.
pub(super) fn remote(request: &BuildRequest) -> Option<RemoteCache> {
    let access = match request.cache_access {
        CacheAccess::ReadWrite => Access::ReadWrite,
        CacheAccess::Read | CacheAccess::Untrusted(_) => Access::Read,
    };
    let bucket = request.cache_bucket.as_ref();
    bucket.map(|bucket| RemoteCache::new(bucket, &request.owner.region, access))
}

/// A directory of the build, and what of it is cached.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Its name in an entry.
    pub(super) id: String,
    /// Globs relative to it.
    pub(super) patterns: Vec<String>,
    /// Where it is.
    pub(super) directory: PathBuf,
    /// Where it is an overlay, what was written to it, and what lies below the cache.
    pub(super) layers: Option<(PathBuf, Option<PathBuf>)>,
}

/// A cache of one build, at its store.
#[derive(Debug, Clone)]
pub(super) struct Job {
    store: PathBuf,
    /// Whose classic entries these are.
    scope: String,
    /// Whose keyed entries these are.
    namespace: String,
    /// What it is called in the buildspec.
    paths: Vec<String>,
    names: Names,
    /// The store behind that one.
    remote: Option<Arc<RemoteCache>>,
}

/// What the store had.
#[derive(Debug)]
pub(super) struct Found {
    /// The entry's key, or the one that was looked for first.
    pub(super) key: String,
    /// The name that it was saved under; `None` for a cache without one.
    pub(super) name: Option<String>,
    /// What was restored, if anything was.
    pub(super) hit: Option<Hit>,
    /// Why others were not.
    pub(super) misses: Vec<MissReason>,
    /// What the store in S3 said of them.
    pub(super) bucket: Box<FromBucket>,
}

/// What came from the store in S3, and what did not.
#[derive(Debug, Default)]
pub(super) struct FromBucket {
    /// What was fetched, or was here in the form that S3 names.
    pub(super) fetched: Option<Fetched>,
    /// Entries that cannot be used: what is wrong, and where they are kept.
    pub(super) unusable: Vec<(String, Option<String>)>,
    /// Why S3 cannot be asked.
    pub(super) trouble: Option<String>,
}

/// What saving came to, here and in S3.
#[derive(Debug)]
pub(super) struct SavedAs {
    pub(super) key: String,
    pub(super) name: Option<String>,
    pub(super) saved: Saved,
    pub(super) uploaded: Option<Uploaded>,
    /// Why S3 cannot be asked.
    pub(super) trouble: Option<String>,
}

impl Job {
    /// `None` when the build keeps no caches, or nothing that can be kept.
    pub(super) fn new(build: &Build, paths: Vec<String>, names: Names) -> Option<Self> {
        let request = &build.request;
        (!paths.is_empty()).then_some(Self {
            store: request.cache.clone()?,
            scope: request.cache_scope.clone(),
            namespace: request
                .cache_namespace
                .as_ref()
                .unwrap_or(&request.cache_scope)
                .clone(),
            paths,
            names,
            remote: remote(request).map(Arc::new),
        })
    }

    /// Restores the entry of the exact name or, failing that, the newest that begins like the first fallback that any
    /// begins like. (Which of several is taken is not documented.)
    pub(super) fn restore(&self, parts: &[Part]) -> Result<Found, CacheError> {
        let roots: Vec<Root<'_>> = parts.iter().map(Part::root).collect();
        let (found, _copied) = self.find(|store, key| {
            Ok(match store.restore(key, &roots)? {
                Restored::Hit(hit) => Ok((Some(hit), ())),
                Restored::Miss(reason) => Err(reason),
            })
        })?;
        Ok(found)
    }

    /// Does the same without copying anything: the entry is leased. It has yet to be verified.
    pub(super) fn lease(&self) -> Result<(Found, Option<Lease>), CacheError> {
        self.find(|store, key| {
            Ok(match store.lease(key)? {
                Leased::Held(lease) => Ok((None, lease)),
                Leased::Miss(reason) => Err(reason),
            })
        })
    }

    /// Goes through the entries that will do, best first, until one can be taken.
    fn find<T>(
        &self,
        take: impl Fn(&LocalStore, &EntryKey) -> Result<Taken<T>, CacheError>,
    ) -> Result<(Found, Option<T>), CacheError> {
        let store = LocalStore::open(&self.store)?;
        let exact = self.key(match &self.names {
            Names::Classic => None,
            Names::Keyed { key, .. } => Some(key),
        })?;
        let mut found = Found {
            key: exact.hash().to_string(),
            name: None,
            hit: None,
            misses: Vec::new(),
            bucket: Box::default(),
        };
        let mut attempt = |key: &EntryKey| {
            self.bring(&store, key, &mut found.bucket);
            match take(&store, key)? {
                Ok((hit, taken)) => {
                    found.key = key.hash().to_string();
                    found.name = name_of(key);
                    found.hit = hit;
                    Ok(Some(taken))
                }
                Err(reason) => {
                    found.misses.push(reason);
                    Ok(None)
                }
            }
        };
        let mut taken = attempt(&exact)?;
        if taken.is_none() {
            for candidate in self.fallbacks(&store)? {
                taken = attempt(&candidate)?;
                if taken.is_some() {
                    break;
                }
            }
        }
        Ok((found, taken))
    }

    /// Returns the entries that the fallbacks name, best first.
    fn fallbacks(&self, store: &LocalStore) -> Result<Vec<EntryKey>, CacheError> {
        let Names::Keyed { key, fallbacks } = &self.names else {
            return Ok(Vec::new());
        };
        let exact = self.key(Some(key))?;
        let entries = store.entries(&exact.parts().namespace)?;
        // Those in S3 are every host's, so they come first.
        let namespace = &exact.parts().namespace;
        let mut keys = match &self.remote {
            Some(remote) => remote.names(namespace),
            None => Vec::new(),
        };
        for entry in entries {
            let key = EntryKey::new(entry.key);
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        let named: Vec<(String, EntryKey)> = keys
            .into_iter()
            .filter_map(|entry| {
                let name = name_of(&entry)?;
                // Other paths, or other rules, are another cache.
                let same = self.key(Some(&name)).ok()? == entry && entry != exact;
                same.then_some((name, entry))
            })
            .collect();
        let like = |prefix: &String| {
            let prefix = prefix.clone();
            named
                .iter()
                .filter(move |(name, _)| name.starts_with(&prefix))
        };
        let candidates = fallbacks.iter().flat_map(like);
        Ok(candidates.map(|(_, entry)| entry.clone()).collect())
    }

    /// Has the local store have the entry that S3 has.
    fn bring(&self, store: &LocalStore, key: &EntryKey, told: &mut FromBucket) {
        let Some(remote) = &self.remote else {
            return;
        };
        match remote.fetch(key, store) {
            Some(Fetched::Unusable { what, kept }) => told.unusable.push((what, kept)),
            Some(Fetched::Absent) => {}
            fetched => told.fetched = fetched,
        }
        told.trouble = remote.trouble().map(str::to_owned);
    }

    /// Saves, at a time in milliseconds since 1970. Nobody may write to the source any more: files are shared with the
    /// store.
    pub(super) fn save(
        &self,
        parts: &[Part],
        entry: Option<&Lease>,
        now: i64,
        abandoned: &Arc<AtomicBool>,
    ) -> Result<SavedAs, CacheError> {
        let (name, saving) = match &self.names {
            Names::Classic => (None, Saving::Latest),
            Names::Keyed { key, .. } => (Some(key), Saving::Once),
        };
        let key = self.key(name)?;
        let store = LocalStore::open(&self.store)?.until(Arc::clone(abandoned));
        let layered: Option<Vec<LayeredRoot<'_>>> = parts.iter().map(Part::layered).collect();
        let saved = if let Some(roots) = layered {
            store.save_layers(&key, &roots, entry, now, saving)?
        } else {
            let roots: Vec<Root<'_>> = parts.iter().map(Part::root).collect();
            store.save(&key, &roots, now, saving)?
        };
        let waited_for = !abandoned.load(Ordering::Relaxed);
        let remote = self.remote.as_ref();
        let remote = remote.filter(|_| saved != Saved::Empty && waited_for);
        Ok(SavedAs {
            uploaded: remote.and_then(|remote| remote.save(&key, &store, saving, now)),
            trouble: remote.and_then(|remote| remote.trouble().map(str::to_owned)),
            key: key.hash().to_string(),
            name: name.cloned(),
            saved,
        })
    }

    fn key(&self, name: Option<&String>) -> Result<EntryKey, CacheError> {
        // Other paths are another cache, with a key and without one (reference §7.2, §7.3).
        let paths = [("paths".to_owned(), self.paths.join("\n"))];
        let name = name.map(|name| (NAME.to_owned(), name.clone()));
        let owner = if name.is_some() {
            &self.namespace
        } else {
            &self.scope
        };
        Ok(EntryKey::new(KeyParts {
            format: FORMAT,
            namespace: Namespace::new(owner)?,
            parts: paths.into_iter().chain(name).collect(),
        }))
    }
}

impl Part {
    fn root(&self) -> Root<'_> {
        Root {
            id: &self.id,
            dir: &self.directory,
            patterns: &self.patterns,
        }
    }

    fn layered(&self) -> Option<LayeredRoot<'_>> {
        let (upper, below) = self.layers.as_ref()?;
        Some(LayeredRoot {
            root: self.root(),
            upper,
            below: below.as_deref(),
        })
    }
}

/// An entry that was taken, and what of it is known; or why it was not.
type Taken<T> = Result<(Option<Hit>, T), MissReason>;

fn name_of(entry: &EntryKey) -> Option<String> {
    let parts = entry.parts().parts.iter();
    let mut names = parts.filter(|(part, _)| part == NAME);
    names.next().map(|(_, name)| name.clone())
}
