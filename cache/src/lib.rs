//! Build caches: content keys, and stores of immutable file trees.
//!
//! - [`KeyParts`] says what an entry depends on; [`EntryKey`] is its hash, and can [explain] itself.
//! - [`LocalStore`] keeps unpacked trees on one file system and gives them back, verified.
//! - [`hash_tree`] hashes a directory, and with a [`HashMemory`] reads only what changed since.
//! - [`Root`] names a directory of a workspace and the globs that choose from it.
//!
//! - [`RemoteStore`] keeps entries in a bucket, and makes them entries of a local store again.
//!
//! The crate knows no buildspec and no container, and it reads no clock and no environment. All but
//! the remote store is synchronous: an asynchronous caller wraps a call in `spawn_blocking`.
//! A miss is a value, not an error; an error never leaves a half-written entry behind.
//!
//! [explain]: EntryKey::explain

mod error;
mod hash;
mod hashed;
mod image;
mod key;
mod local;
mod parallel;
mod remote;
mod tree;

pub use error::CacheError;
pub use hash::{ContentHash, NotAHash};
pub use hashed::{HashMemory, TreeHash, hash_tree};
pub use key::{EntryKey, KeyParts, Namespace};
pub use local::{
    Budget, Doing, Emptied, Evicted, Hit, LayeredRoot, Lease, Leased, LocalStore, MissReason,
    Removal, Restored, Root, Saved, Saving, Shrunk, StoredEntry, Summary, Verified, Verify,
};
pub use remote::{Access, Fetched, Mounting, RemoteStore, Transfer, Uploaded};
