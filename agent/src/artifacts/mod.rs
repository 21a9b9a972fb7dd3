//! HANDS: artifacts. Selects files of a build's tree and brings them where they belong.
//!
//! What is selected is decided by the buildspec's globs (reference §6.1, §6.2); the tree is untrusted.

mod deliver;
mod nearest;
mod pack;
mod select;
mod send;
mod shipment;
mod sums;

pub use deliver::{DeliverError, Delivered, deliver, probe};
pub use nearest::{Nearest, nearest};
pub use pack::pack;
pub use select::{Collision, Rules, SelectError, Selected, Selection, select};
pub use send::{SendError, send};
pub use shipment::{Sealing, Shipment, content};
pub use sums::{Sums, sums};
