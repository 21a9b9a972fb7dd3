//! Objects at an S3 API, through the AWS SDK.
//!
//! - [`Bucket`] puts, fetches, copies, lists and deletes objects of one bucket.
//! - [`Put`] says whether an object was made or was there; [`PutOptions`] how it is made.
//! - [`ObjectError`] names the object, S3's code and words, and the next step.
//!
//! Every byte is covered by a SHA-256: the server checks what is sent, we check what comes. What breaks off in between (a
//! cut connection, `503 SlowDown`, a server that falls silent) is asked for again, with a growing pause, a bounded number
//! of times; what is held in memory is bounded by [`Settings`]. A large file can be taken up again by a later process.
//!
//! The crate knows no build, no cache and no environment: its caller makes the client.

mod bucket;
mod digest;
mod download;
mod error;
mod fetch;
mod multipart;
mod put;
mod record;
mod source;

pub use bucket::{Bucket, Head, Listed, Settings};
pub use digest::Sha256Digest;
pub use download::{Checked, Downloaded};
pub use error::{Cause, ObjectError, Refusal};
pub use fetch::Fetched;
pub use put::{Condition, Encryption, Put, PutOptions, Stored};
