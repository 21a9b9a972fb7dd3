//! TELL: what people and programs see of a build. All sinks fold or print the same events.

mod codebuild;
mod failure;
mod fanout;
mod figures;
mod hold;
mod json;
mod pretty;
mod result;
mod summary;
mod table;

use std::io;

pub use codebuild::CodeBuildLog;
pub use fanout::Fanout;
pub use figures::{bytes, coverage, duration, tests};
pub use json::JsonLines;
pub use pretty::{Audience, Pretty};
pub use result::{result, test_summary};
pub use table::{lines, plain_table};

use crate::model::{BuildEvent, BuildRecord};

/// A listener. It is called for every event in order, and the build waits for it.
pub trait Sink: Send {
    /// Returns what the sink is called when it fails.
    fn name(&self) -> &'static str;

    /// Takes one event.
    fn event(&mut self, event: &BuildEvent) -> io::Result<()>;

    /// Ends the sink; nothing follows.
    fn finish(&mut self, record: &BuildRecord) -> io::Result<()>;
}
