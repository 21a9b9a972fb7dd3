//! HANDS: what a report group keeps. Each build's report lies there in the shape of CodeBuild's API, beside its raw files; what
//! changed over the builds is told from that.

mod change;
mod kept;
mod store;

pub use change::{Changes, Flaky, Point, WINDOW, changes, points};
pub use kept::{ApiCoverage, Group, KeptCase, KeptCoverage, KeptReport, Maker, Origin, Outcome};
pub use store::{Draft, Entry, MOST_KEPT, ReportStore, StoreError};
