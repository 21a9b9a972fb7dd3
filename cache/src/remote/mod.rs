//! A store in a bucket, for hosts that come and go. The local store is the first level: what is fetched becomes an entry there.
//!
//! ```text
//! <prefix>/v1/<namespace>/keys/<key>.json       which tree a key has; the only object that is ever replaced, but for the next
//! <prefix>/v1/<namespace>/names.json            which keys were saved, newest first: for fallbacks, which need no list
//! <prefix>/v1/<namespace>/manifests/<digest>    what a tree is, and in which packs its files are
//! <prefix>/v1/<namespace>/packs/<digest>        compressed files, a few MiB together
//! <prefix>/v1/<namespace>/damaged/…             what was not what its name says, kept to be looked at
//! ```
//!
//! - Packs and manifests are named by what they hold, and everything that comes is compared with its name. A key's
//!   object is written on a condition, so of two hosts that save one key, one wins and the other takes that as its own.
//! - A pack's data are blocks of squashfs. A host that may mount puts the packs one behind the other into a file, writes
//!   directories around them (see [`crate::image`]), and mounts it: nothing is unpacked. Others unpack.
//! - A save uploads the contents that no pack of the entry before it has. Packs that are mostly dead, small or old are made anew,
//!   so a rule that expires packs by their age never takes one that a fresh entry builds upon ([`plan`]).
//! - What is missing or altered is a miss that says what is wrong. Nothing here lists a bucket.
//!
//! `docs/cache.md` says why it is so, with figures.

mod damage;
mod entry;
mod fetch;
mod layout;
mod manifest;
mod pack;
mod plan;
mod save;
mod transfer;
mod unpack;

use objects::Bucket;

use crate::hash::ContentHash;
use layout::Layout;

/// A store below a prefix of a bucket.
#[derive(Debug, Clone)]
pub struct RemoteStore {
    bucket: Bucket,
    layout: Layout,
    access: Access,
    mounting: Mounting,
}

/// What a build may do with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing is written, not even to set something aside.
    Read,
    /// Entries are saved.
    ReadWrite,
}

/// What becomes of an entry that was fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mounting {
    /// An image that is mounted, where that works; unpacked files elsewhere.
    WherePossible,
    /// Unpacked files.
    Never,
}

/// What fetching an entry came to. Only [`Self::Fetched`] moved more than a few hundred bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// Nothing was saved for the key.
    Absent,
    /// The local store has this very tree.
    Here(ContentHash),
    /// The local store has it from now on.
    Fetched(Transfer),
    /// What was saved cannot be had any more, or is not what it should be.
    Unusable {
        /// What is wrong, for a person.
        what: String,
        /// Where it is kept to be looked at, `s3://…`; `None` for what expired, and for who may only read.
        kept: Option<String>,
    },
}

/// What saving an entry came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uploaded {
    /// The bucket had this very tree.
    Unchanged(ContentHash),
    /// The key was taken meanwhile, or before, by another tree, which stays.
    Taken(ContentHash),
    /// The bucket has it from now on.
    Stored(Transfer),
}

/// A tree that went to the bucket or came from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    /// The name of the tree.
    pub digest: ContentHash,
    /// How many files and links it has.
    pub files: u64,
    /// The sizes of its files together.
    pub bytes: u64,
    /// The bytes that went over the network.
    pub moved: u64,
    /// Of what the entry needs, the bytes that the bucket, or the local store, had already.
    pub reused: u64,
}

impl RemoteStore {
    /// Returns the store below `prefix` (without `/` at its ends; empty is the bucket itself). Nothing is asked yet.
    pub fn new(bucket: Bucket, prefix: &str, access: Access, mounting: Mounting) -> Self {
        Self {
            layout: Layout::new(prefix),
            bucket,
            access,
            mounting,
        }
    }

    /// Returns `s3://bucket/prefix`.
    pub fn place(&self) -> String {
        self.bucket.place(self.layout.prefix())
    }
}
