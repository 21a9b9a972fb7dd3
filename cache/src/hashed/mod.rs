//! The hash of everything below a directory, without reading again what was read before.
//!
//! - [`hash_tree`] looks at each file once, on several threads, and reads those that the memory does not know.
//! - [`HashMemory`] is what is known of files: which content a file of this inode, size and times had.

mod memory;
mod tree;

pub use memory::HashMemory;
pub use tree::{TreeHash, hash_tree};
