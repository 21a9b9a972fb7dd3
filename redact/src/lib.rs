//! Takes secrets out of a stream of bytes, whatever the pieces in which it comes.
//!
//! - [`Redactor::push`] takes a piece of the stream and gives what may be let out of it; what could still become a secret
//!   is held back, and nothing else is. [`Redactor::redact`] does the same for a text that stands alone.
//! - [`forms`] says in which ways one secret may be printed: encoded, quoted, line by line.
//! - Access key ids of AWS are taken out whoever they belong to.
//!
//! The promise: no byte of any occurrence of any form gets out, also where occurrences overlap. Each run of such bytes
//! becomes one [`MASK`]. What is promised of the stream does not depend on where it was cut.
//!
//! How: a sieve looks at a few bytes at a time, far apart, and says where a form may begin; only there an Aho-Corasick
//! automaton walks byte by byte. Time is linear in the stream, and memory in the forms.
//!
//! The crate knows no build, no file and no clock.

mod automaton;
mod base64_forms;
mod cover;
mod escapes;
mod forms;
mod key_id;
mod redactor;
mod sieve;

pub use forms::{SHORTEST, forms};
pub use redactor::{MASK, Redactor};
