//! Visual Studio TRX (reference §8.2).

use std::collections::{BTreeMap, BTreeSet};

use crate::cases::{Tests, nano_seconds};
use crate::input::Input;
use crate::open_case::OpenCase;
use crate::xml::{self, Element, Handler};
use crate::{ReportError, Source};
use crate::{TestCase, TestStatus};

/// The most that is remembered of definitions, in bytes; there is one for each test.
const MOST_DEFINED: usize = 8 * 1024 * 1024;

/// Reads a report into `tests`.
///
/// A result names its test by an id, and the class stands with the test's definition, often behind all
/// results. Until it is known, the id stands in the class's place.
pub(crate) fn read(
    input: &mut Input<'_>,
    source: Source<'_>,
    tests: &mut Tests,
) -> Result<(), ReportError> {
    let mut own = Tests::default();
    let mut handler = Trx {
        source,
        tests: &mut own,
        case: OpenCase::None,
        inner: 0,
        definition: None,
        classes: BTreeMap::new(),
        defined: 0,
        wanted: None,
    };
    xml::walk(input, &["TestRun"], &mut handler)?;
    let classes = handler.classes;
    own.amend(|case| {
        let id = case.prefix.take();
        case.prefix = id.and_then(|id| classes.get(&id).cloned());
    });
    tests.merge(own);
    Ok(())
}

struct Trx<'a> {
    source: Source<'a>,
    tests: &'a mut Tests,
    case: OpenCase,
    /// How many results within the open one are open: those of a data-driven test, which counts once.
    inner: usize,
    /// The id of the open test definition.
    definition: Option<String>,
    classes: BTreeMap<String, String>,
    /// The bytes of all ids and classes.
    defined: usize,
    /// The ids of the kept results, once all results are read: other definitions do not matter then.
    wanted: Option<BTreeSet<String>>,
}

impl Handler for Trx<'_> {
    fn open(&mut self, element: &Element<'_>, parent: &str) {
        match element.name() {
            name if parent == "Results" && name.ends_with("Result") => {
                let duration = element.attribute("duration");
                self.case.open(TestCase {
                    name: element.attribute("testName").unwrap_or_default(),
                    prefix: element.attribute("testId"),
                    test_suite_name: None,
                    status: status(element.attribute("outcome").as_deref()),
                    duration_in_nano_seconds: clock(duration.as_deref()),
                    message: None,
                    test_raw_data_path: self.source.0.to_owned(),
                });
            }
            name if name.ends_with("Result") => self.inner += 1,
            "Message" => self.case.message(parent == "ErrorInfo"),
            "UnitTest" => self.definition = element.attribute("id"),
            "TestMethod" => {
                let class = element.attribute("className");
                if let (Some(id), Some(class)) = (&self.definition, class)
                    && self.defined < MOST_DEFINED
                    && self.wanted.as_ref().is_none_or(|ids| ids.contains(id))
                {
                    // An old assembly-qualified name goes on behind a comma.
                    let class = class.split(',').next().unwrap_or_default();
                    let class = class.trim().to_owned();
                    self.defined += id.len() + class.len();
                    self.classes.insert(id.clone(), class);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        self.case.text(text);
    }

    fn close(&mut self, name: &str) {
        match name {
            "Message" => self.case.message(false),
            "UnitTest" => self.definition = None,
            "Results" => {
                let ids = self.tests.cases().filter_map(|case| case.prefix.clone());
                self.wanted = Some(ids.collect());
            }
            name if name.ends_with("Result") && self.inner > 0 => self.inner -= 1,
            name if name.ends_with("Result") => self.case.close(self.tests),
            _ => {}
        }
    }
}

fn status(outcome: Option<&str>) -> TestStatus {
    match outcome {
        Some("Passed" | "Completed" | "Warning" | "PassedButRunAborted") => TestStatus::Succeeded,
        Some("Failed") => TestStatus::Failed,
        Some("Error" | "Timeout" | "Aborted") => TestStatus::Error,
        Some("NotExecuted" | "NotRunnable" | "Disconnected" | "Pending") => TestStatus::Skipped,
        _ => TestStatus::Unknown,
    }
}

/// Returns `hh:mm:ss.fffffff` as nanoseconds.
fn clock(duration: Option<&str>) -> u64 {
    let mut parts = duration.unwrap_or_default().rsplit(':');
    let seconds = nano_seconds(parts.next());
    let minutes = nano_seconds(parts.next()).saturating_mul(60);
    let hours = nano_seconds(parts.next()).saturating_mul(3_600);
    seconds.saturating_add(minutes).saturating_add(hours)
}
