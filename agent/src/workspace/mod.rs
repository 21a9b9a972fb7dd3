//! HANDS: the build's own copy of the source, which is what the container sees as `CODEBUILD_SRC_DIR`.
//!
//! The user's tree is only read. What a build left behind is untrusted: whoever reads it goes through [`Tree`],
//! which never leaves its root, and only after the container is gone.

mod copy;
mod tree;

pub use copy::{Copied, Wanted, WorkspaceError, copy, measure};
pub use tree::{Found, Kind, Tree, normal};
