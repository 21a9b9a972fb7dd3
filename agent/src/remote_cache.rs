//! HANDS: the store of caches in S3 that is behind the local one. What is asked here blocks.

use std::sync::OnceLock;

use cache::{
    Access, CacheError, EntryKey, Fetched, LocalStore, Mounting, Namespace, RemoteStore, Saving,
    Uploaded,
};
use objects::{Bucket, Settings};
use tokio::runtime::Handle;

use crate::aws;
use crate::model::CacheBucket;

/// A store in S3. Once it cannot be asked, it is not asked again: a build does not wait twice for the same trouble.
#[derive(Debug)]
pub struct RemoteCache {
    bucket: CacheBucket,
    region: String,
    access: Access,
    runtime: Handle,
    store: OnceLock<RemoteStore>,
    trouble: OnceLock<String>,
}

impl RemoteCache {
    /// Returns the store at a place. Nothing is asked yet. Must be called on a runtime.
    pub fn new(bucket: &CacheBucket, region: &str, access: Access) -> Self {
        Self {
            bucket: bucket.clone(),
            region: region.to_owned(),
            access,
            runtime: Handle::current(),
            store: OnceLock::new(),
            trouble: OnceLock::new(),
        }
    }

    /// Returns why the store cannot be used, once that is known.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.get().map(String::as_str)
    }

    /// Makes the entry of `key` one of the local store; `None` when S3 cannot be asked.
    pub fn fetch(&self, key: &EntryKey, local: &LocalStore) -> Option<Fetched> {
        self.asked(|store| self.runtime.block_on(store.fetch(key, local)))
    }

    /// Returns the keys of a namespace, newest first; none when S3 cannot be asked.
    pub fn names(&self, namespace: &Namespace) -> Vec<EntryKey> {
        let names = self.asked(|store| self.runtime.block_on(store.names(namespace)));
        names.unwrap_or_default()
    }

    /// Saves the local store's entry of `key`, at a time in milliseconds since 1970; `None` when there is none, or when S3
    /// cannot be asked.
    pub fn save(
        &self,
        key: &EntryKey,
        local: &LocalStore,
        saving: Saving,
        now: i64,
    ) -> Option<Uploaded> {
        let saved = self.asked(|store| self.runtime.block_on(store.save(key, local, saving, now)));
        saved.flatten()
    }

    fn asked<T>(&self, ask: impl FnOnce(&RemoteStore) -> Result<T, CacheError>) -> Option<T> {
        if self.trouble.get().is_some() {
            return None;
        }
        match ask(self.store.get_or_init(|| self.open())) {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.trouble.get_or_init(|| aws::causes(&error));
                None
            }
        }
    }

    fn open(&self) -> RemoteStore {
        let client = self.runtime.block_on(aws::s3(&self.region));
        let bucket = Bucket::new(&client, &self.bucket.bucket, Settings::default());
        RemoteStore::new(
            bucket,
            &self.bucket.prefix,
            self.access,
            Mounting::WherePossible,
        )
    }
}
