//! Input that cannot be used: one clear error, one next step, nothing left behind.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use serde_json::Value;

use super::{Outcome, Run};

/// Runs a build to the one error that it must end with.
///
/// `code` is the exit code; `error` and `help` are parts of the error's text and of its next step.
#[track_caller]
pub(crate) fn refused(run: &Run, code: i32, error: &str, help: &str) -> Outcome {
    let outcome = run.run().ended(code);
    let text = format!("{}{}", outcome.stdout, outcome.stderr);
    let (_, said) = text
        .split_once("error: ")
        .unwrap_or_else(|| panic!("no error:\n{text}"));
    assert_eq!(
        text.matches("\nerror: ").count() + usize::from(text.starts_with("error: ")),
        1,
        "not one error:\n{text}"
    );
    let (message, rest) = said
        .split_once("\n  help: ")
        .unwrap_or_else(|| panic!("no next step:\n{text}"));
    let step = rest.lines().next().unwrap();
    assert!(message.contains(error), "no `{error}` in:\n{text}");
    assert!(
        step.contains(help),
        "no `{help}` in the next step of:\n{text}"
    );
    what_began_is_kept(&outcome);
    outcome
}

/// A build that began has its events on disk, to the last one.
#[track_caller]
fn what_began_is_kept(outcome: &Outcome) {
    if outcome.result.is_null() {
        return;
    }
    let builds = outcome.builds();
    let [build] = builds.as_slice() else {
        panic!("one build, not {builds:?}")
    };
    let events = fs::read_to_string(build.join("events.jsonl")).unwrap();
    let last: Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!(last["type"], "buildFinished");
    assert_eq!(last["status"], outcome.result["buildStatus"]);
}

/// Makes file modes count for the program even when root runs the tests.
pub(crate) fn obeying_modes(run: Run) -> Run {
    if is_root() {
        run.under(&["setpriv", "--bounding-set=-dac_override,-dac_read_search"])
    } else {
        run
    }
}

/// Whether these tests may mount file systems.
pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}
