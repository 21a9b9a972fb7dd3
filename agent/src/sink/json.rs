//! `-o json`: every event, one JSON object a line.

use std::io::{self, Write};

use super::Sink;
use crate::model::{BuildEvent, BuildRecord};

/// Writes events as JSON lines.
#[derive(Debug)]
pub struct JsonLines<W> {
    out: W,
}

impl<W: Write> JsonLines<W> {
    /// Returns a sink that writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write + Send> Sink for JsonLines<W> {
    fn name(&self) -> &'static str {
        "the JSON output"
    }

    fn event(&mut self, event: &BuildEvent) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.out.write_all(&line)?;
        self.out.flush()
    }

    fn finish(&mut self, _record: &BuildRecord) -> io::Result<()> {
        Ok(())
    }
}
