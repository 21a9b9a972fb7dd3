//! SimpleCov's `.resultset.json` (reference §8.2, §8.7).

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::mem;

use crate::input::Input;
use crate::json::{self, Handler, Key, Shape, Value};
use crate::places::{Files, OpenFile};
use crate::text::beginning;
use crate::{Coverage, ReportError};

/// Reads a report, one file's coverage at a time; what several commands say of one file is added up.
pub(crate) fn read(input: &mut Input<'_>, coverage: &mut Coverage) -> Result<(), ReportError> {
    let mut handler = SimpleCov::default();
    json::walk(input, Shape::Object, Place::Report, &mut handler)?;
    if !handler.has_coverage {
        return Err(ReportError::Content("there is no `coverage`".into()));
    }
    handler.files.finish(coverage)
}

#[derive(Default)]
struct SimpleCov {
    files: Files,
    has_coverage: bool,
    path: String,
    file: OpenFile,
    /// The number of the next line or, where branches are listed, of the next branch.
    next: u64,
    condition: u64,
    branch: u64,
}

#[derive(Clone, Copy)]
enum Place {
    Report,
    Command,
    Coverage,
    File,
    Lines,
    Line,
    Branches,
    Condition,
    Listed,
    /// How often a branch was taken.
    Taken,
}

impl Handler for SimpleCov {
    type Place = Place;

    fn inside(&mut self, place: Place, key: Key<'_>) -> Option<Place> {
        Some(match (place, key) {
            (Place::Report | Place::Command, Key::Name("coverage")) => {
                self.has_coverage = true;
                Place::Coverage
            }
            (Place::Report, Key::Name(_)) => Place::Command,
            (Place::Coverage, Key::Name(path)) => {
                beginning(path).clone_into(&mut self.path);
                self.file = OpenFile::default();
                self.next = 0;
                Place::File
            }
            // Before version 0.18 the lines stood here.
            (Place::File | Place::Lines, Key::Item) => Place::Line,
            (Place::File, Key::Name("lines")) => {
                self.next = 0;
                Place::Lines
            }
            (Place::File, Key::Name("branches")) => {
                self.next = 0;
                Place::Branches
            }
            (Place::Branches, Key::Name(condition)) => {
                self.condition = hash(0, condition);
                Place::Condition
            }
            (Place::Condition, Key::Name(branch)) => {
                self.branch = hash(self.condition, branch);
                Place::Taken
            }
            // As some formatters write it.
            (Place::Branches, Key::Item) => Place::Listed,
            (Place::Listed, Key::Name("coverage")) => {
                self.next += 1;
                self.branch = self.next;
                Place::Taken
            }
            _ => return None,
        })
    }

    fn value(&mut self, place: Place, value: Value<'_>) {
        match (place, value) {
            (Place::Line, value) => {
                self.next += 1;
                if let Value::Number(times) = value {
                    self.file.lines.mark(self.next, times > 0.0);
                }
            }
            (Place::Taken, Value::Number(times)) => {
                self.file.branches.mark(self.branch, times > 0.0);
            }
            // A branch is there, whatever is said of it.
            (Place::Taken, _) => self.file.branches.mark(self.branch, false),
            _ => {}
        }
    }

    fn end(&mut self, place: Place) {
        if let Place::File = place {
            self.files.add(&self.path, mem::take(&mut self.file));
        }
    }
}

/// Returns a key for a name within what another key stands for.
fn hash(outer: u64, name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (outer, name).hash(&mut hasher);
    // Half of what there is: a mark has a bit besides.
    hasher.finish() >> 1
}
