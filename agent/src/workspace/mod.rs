//! HANDS: the build's own view of the source, which is what the container sees as `CODEBUILD_SRC_DIR`.
//!
//! It is a copy, or an overlay over the source as it lies ([`Layers`]); the user's tree is only read. What a build left
//! behind is untrusted: whoever reads it goes through [`Tree`], which never leaves its root, and only after the container
//! is gone.

mod copy;
mod layers;
mod mask;
mod meet;
mod mount;
mod survey;
mod tree;
mod unpack;

pub use copy::{Copied, Wanted, WorkspaceError, copy, measure};
pub use layers::Layers;
pub use mask::{mask, resemble};
pub use meet::meet;
pub use survey::{Surveyed, survey};
pub use tree::{Found, Kind, Tree, normal};
pub use unpack::unpack_beside;
