//! What the shell answered, before INSTALL and when the last command was over.

use std::io;
use std::path::{Path, PathBuf};

use super::phase_end::PhaseEnd;
use crate::journal::BuildDirectory;
use crate::plan::{Plan, Text, Value, layout};
use crate::workspace::Tree;

/// A variable longer than this is data, and belongs in a file.
const VALUE_LIMIT: u64 = 1024 * 1024;

/// The answers to one list of questions, by their place in it; `None` for a variable that was never set, and for all
/// when the build did not come so far.
#[derive(Debug, Default)]
pub(super) struct Values(Vec<Option<String>>);

impl Values {
    /// Answers that are certain without a shell.
    pub(super) fn known(answers: Vec<String>) -> Self {
        Self(answers.into_iter().map(Some).collect())
    }

    /// Reads what the driver left in answer to [`Plan::early`].
    pub(super) fn read_early(directory: &BuildDirectory, plan: &Plan) -> io::Result<Self> {
        Self::read_from(directory, layout::EARLY, &plan.early)
    }

    /// Reads what the driver left in answer to [`Plan::values`].
    pub(super) fn read(directory: &BuildDirectory, plan: &Plan) -> io::Result<Self> {
        Self::read_from(directory, layout::VALUES, &plan.values)
    }

    fn read_from(directory: &BuildDirectory, folder: &str, asked: &[Value]) -> io::Result<Self> {
        // Opened above the folder, which the build can replace by a link.
        let tree = Tree::open(&directory.record())?;
        let mut answers = Vec::new();
        for (index, asked) in asked.iter().enumerate() {
            let answer = match tree.read(&Path::new(folder).join(index.to_string()), VALUE_LIMIT) {
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

/// The answers are not where the driver leaves them.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
pub(super) fn unread(error: io::Error) -> PhaseEnd {
    PhaseEnd::fault(
        format!("failed to read the values that the build left: {error}"),
        "look whether the build removed files below /codebuild",
    )
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
