//! HANDS: artifacts. Selects files of a build's tree and brings them where they belong.
//!
//! What is selected is decided by the buildspec's globs (reference §6.1, §6.2); the tree is untrusted.

mod deliver;
mod select;
mod stray;

pub use deliver::{DeliverError, Delivered, deliver, probe};
pub use select::{Rules, SelectError, Selected, Selection, select};
pub use stray::strays;
