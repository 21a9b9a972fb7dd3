//! What the shell answered when the last command was over.

use std::io;
use std::path::{Path, PathBuf};

use crate::journal::BuildDirectory;
use crate::plan::{Plan, Text, Value};
use crate::workspace::Tree;

/// A variable longer than this is data, and belongs in a file.
const VALUE_LIMIT: u64 = 1024 * 1024;

/// The answers, by their place in [`Plan::values`]; `None` for a variable that was never set, and for all when the
/// build did not come so far.
#[derive(Debug, Default)]
pub(super) struct Values(Vec<Option<String>>);

impl Values {
    /// Reads what the driver left.
    pub(super) fn read(directory: &BuildDirectory, plan: &Plan) -> io::Result<Self> {
        // Opened above `values`, which the build can replace by a link.
        let tree = Tree::open(&directory.record())?;
        let mut answers = Vec::new();
        for (index, asked) in plan.values.iter().enumerate() {
            let answer = match tree.read(&Path::new("values").join(index.to_string()), VALUE_LIMIT)
            {
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                answer => Some(String::from_utf8_lossy(&answer?).into_owned()),
            };
            answers.push(answer.and_then(|answer| decode(&answer, asked)));
        }
        Ok(Self(answers))
    }

    /// Returns a text with its variables expanded.
    pub(super) fn text(&self, text: &Text) -> String {
        match text {
            Text::Fixed(text) => text.clone(),
            Text::Asked(index) => self.get(*index).unwrap_or_default().to_owned(),
        }
    }

    /// Returns one answer.
    pub(super) fn get(&self, index: usize) -> Option<&str> {
        self.0.get(index).and_then(|answer| answer.as_deref())
    }
}

/// An answer begins with `=`; a text's ends with the line end that the here-document added.
fn decode(answer: &str, asked: &Value) -> Option<String> {
    let answer = answer.strip_prefix('=')?;
    Some(match asked {
        Value::Variable(_) => answer.to_owned(),
        Value::Text(_) => answer.strip_suffix('\n').unwrap_or(answer).to_owned(),
    })
}

/// Returns the artifact root: where a deployment looks for its files.
pub(super) fn artifact_root(plan: &Plan, values: &Values) -> PathBuf {
    let base = plan
        .artifacts
        .first()
        .and_then(|artifact| artifact.base_directory.as_ref());
    let base = base.map(|base| values.text(base)).unwrap_or_default();
    let inside = Path::new(&base)
        .strip_prefix(&plan.source_directory)
        .unwrap_or(Path::new(&base));
    crate::workspace::normal(inside).unwrap_or_default()
}
