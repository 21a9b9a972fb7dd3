//! `docs/fidelity.md`: what CodeBuild does, fact by fact, and the test that pins each.
//!
//! A test that is named there and does not exist, and a fact that is listed twice or without a word on its test, are
//! failures here. Sources are read, nothing is built.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::checkout;

/// Crate of a test's path, and where its sources lie.
const CRATES: [(&str, &[&str]); 5] = [
    ("understudy", &["agent/src"]),
    ("buildspec", &["buildspec/src", "buildspec/tests"]),
    ("cache", &["cache/src", "cache/tests"]),
    ("reports", &["reports/src", "reports/tests"]),
    ("e2e", &["tests"]),
];

/// One row: ``| 2.4-6 | DOC | `HOME` is `/root` | `e2e::driver_surroundings::…` |``.
#[derive(Debug)]
struct Fact {
    id: String,
    pin: Pin,
}

/// What stands in the last column.
#[derive(Debug, PartialEq, Eq)]
enum Pin {
    Tests(Vec<String>),
    NotYet,
    DoesNotApply,
}

/// Reads the table; returns the facts and what is wrong with rows.
fn facts(document: &str) -> (Vec<Fact>, Vec<String>) {
    let (mut facts, mut wrong) = (Vec::new(), Vec::new());
    let mut section = String::new();
    for line in document.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            heading
                .split(' ')
                .next()
                .unwrap_or_default()
                .clone_into(&mut section);
        }
        let row = line.starts_with("| ") && !line.starts_with("| Id ");
        if !row || section.is_empty() {
            continue;
        }
        match fact(line, &section) {
            Ok(fact) => facts.push(fact),
            Err(reason) => wrong.push(format!("{reason}: {line}")),
        }
    }
    (facts, wrong)
}

fn fact(line: &str, section: &str) -> Result<Fact, String> {
    // A bar within a fact is written `\|`.
    let line = line.replace("\\|", "\u{1}");
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [id, tag, text, pin] = cells.as_slice() else {
        return Err("a row has four cells".into());
    };
    if id
        .split_once('-')
        .is_none_or(|(of, number)| of != section || number.parse::<u32>().is_err())
    {
        return Err(format!("the id is not one of section {section}"));
    }
    if !["DOC", "OBS", "DOC, OBS"].contains(tag) {
        return Err("the tag is DOC, OBS or both".into());
    }
    if text.is_empty() {
        return Err("there is no fact".into());
    }
    let reason = |prefix: &str| {
        pin.strip_prefix(prefix)
            .map(|reason| !reason.trim().is_empty())
    };
    let pin = match (reason("not yet:"), reason("does not apply:")) {
        (Some(true), _) => Pin::NotYet,
        (_, Some(true)) => Pin::DoesNotApply,
        (Some(false), _) | (_, Some(false)) => return Err("the reason is missing".into()),
        (None, None) => Pin::Tests(tests(pin)?),
    };
    Ok(Fact {
        id: (*id).to_owned(),
        pin,
    })
}

/// The backticked paths of the last column.
fn tests(pin: &str) -> Result<Vec<String>, String> {
    let tests: Vec<String> = pin
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    let between = pin.split('`').step_by(2).map(str::trim);
    if tests.is_empty() || !between.clone().all(|text| text.is_empty() || text == ",") {
        return Err("a fact has tests, or `not yet: why`, or `does not apply: why`".into());
    }
    Ok(tests)
}

/// Says why `path`, such as `e2e::driver_state::dash::a_directory_lasts`, is no test of the tree.
fn missing(root: &Path, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = path.split("::").collect();
    let name = parts.pop().unwrap_or_default();
    if parts.is_empty() {
        return Some(format!("`{path}` has no crate"));
    }
    let package = parts.remove(0);
    let Some((_, folders)) = CRATES.iter().find(|(known, _)| *known == package) else {
        return Some(format!("`{path}`: there is no crate `{package}`"));
    };
    for folder in *folders {
        for depth in (0..=parts.len()).rev() {
            let (file, inner) = parts.split_at(depth);
            let wanted = [inner, &[name]].concat().join("::");
            let mut files = source_files(&root.join(folder), file).into_iter();
            if files.any(|file| tests_of(&file).contains(&wanted)) {
                return None;
            }
        }
    }
    Some(format!("`{path}` is no test"))
}

/// Where a module's text may lie.
fn source_files(folder: &Path, module: &[&str]) -> Vec<PathBuf> {
    let place: PathBuf = folder.join(module.iter().collect::<PathBuf>());
    let mut files: Vec<PathBuf> = ["mod.rs", "main.rs", "lib.rs"]
        .map(|name| place.join(name))
        .into();
    files.push(place.with_extension("rs"));
    files.retain(|file| file.is_file());
    files
}

/// Every test of a file, with the modules that it lies in within the file.
fn tests_of(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let mut tests = Vec::new();
    let mut modules: Vec<(usize, String)> = Vec::new();
    let mut marked = false;
    // While within `on_every_shell! { … }`: the shells that each name there is run on.
    let mut shells: &[&str] = &[];
    for line in text.lines() {
        let code = line.trim_start();
        let depth = line.len() - code.len();
        if !shells.is_empty() {
            if code.starts_with('}') {
                shells = &[];
            } else {
                let names = code.split_whitespace();
                tests.extend(
                    names.flat_map(|name| shells.iter().map(move |s| format!("{s}::{name}"))),
                );
            }
        } else if code.starts_with("on_every_shell! {") {
            shells = &["dash", "ash", "bash"];
        } else if code.starts_with("on_every_driver! {") {
            shells = &["dash", "ash"];
        } else if let Some(name) = code
            .strip_prefix("mod ")
            .and_then(|rest| rest.strip_suffix(" {"))
        {
            modules.push((depth, name.to_owned()));
        } else if code == "}" && modules.last().is_some_and(|(of, _)| *of == depth) {
            modules.pop();
        } else if code.starts_with("#[test]") || code.starts_with("#[tokio::test") {
            marked = true;
        } else if let Some(name) = function(code)
            && std::mem::take(&mut marked)
        {
            let within = modules.iter().map(|(_, module)| module.as_str());
            let path: Vec<&str> = within.chain([name]).collect();
            tests.push(path.join("::"));
        }
    }
    tests
}

/// The name of the function that a line begins.
fn function(code: &str) -> Option<&str> {
    let rest = code.strip_prefix("async ").unwrap_or(code);
    let rest = rest.strip_prefix("fn ")?;
    rest.split(['(', '<']).next()
}

fn document() -> String {
    fs::read_to_string(checkout().join("docs/fidelity.md")).unwrap()
}

fn read() -> Vec<Fact> {
    let (facts, wrong) = facts(&document());
    assert_eq!(
        wrong,
        [] as [String; 0],
        "mend these rows of docs/fidelity.md"
    );
    facts
}

#[test]
fn every_fact_is_listed_once_and_in_its_place() {
    let mut last: BTreeMap<String, u32> = BTreeMap::new();
    for fact in read() {
        let (section, number) = fact.id.split_once('-').unwrap();
        let before = last.entry(section.to_owned()).or_default();
        *before += 1;
        assert_eq!(
            number,
            before.to_string(),
            "the ids of a section of docs/fidelity.md count from 1; see {}",
            fact.id
        );
    }
    assert!(last.len() > 30, "sections are missing: {last:?}");
}

#[test]
fn every_test_that_a_fact_names_exists() {
    let root = checkout();
    let mut wrong = Vec::new();
    for fact in read() {
        if let Pin::Tests(tests) = fact.pin {
            let missing = tests.iter().filter_map(|test| missing(&root, test));
            wrong.extend(missing.map(|reason| format!("{}: {reason}", fact.id)));
        }
    }
    assert_eq!(
        wrong,
        [] as [String; 0],
        "name a test that is there, or say `not yet: why`"
    );
}

/// Of the facts that apply, so many in a hundred are pinned at least; it only grows.
const PINNED: usize = 91;

#[test]
fn most_facts_are_pinned() {
    let facts = read();
    let count = |wanted: fn(&Pin) -> bool| facts.iter().filter(|fact| wanted(&fact.pin)).count();
    let pinned = count(|pin| matches!(pin, Pin::Tests(_)));
    let open = count(|pin| *pin == Pin::NotYet);
    let foreign = count(|pin| *pin == Pin::DoesNotApply);
    let apply = pinned + open;
    let percent = pinned * 100 / apply;
    println!(
        "{pinned} of the {apply} facts that apply are pinned ({percent} %); {open} are not yet, and {foreign} do not apply"
    );
    assert!(percent >= PINNED, "{percent} % of the facts are pinned");
}

#[test]
fn planted_mistakes_are_found() {
    let root = checkout();
    for path in [
        "e2e::smoke::no_such_test",
        // A helper, not a test.
        "e2e::phases::failing",
        // A test, in another place.
        "e2e::smoke::a_failing_install_ends_the_build",
        "understudy::plan::transition::every_phase_and_verdict_leads_where_the_table_says",
        // Not on this shell, and not without one.
        "e2e::driver_output::bash::carriage_returns_are_told_as_they_are",
        "e2e::driver_output::carriage_returns_are_told_as_they_are",
        "no_crate::x",
        "x",
    ] {
        assert!(missing(&root, path).is_some(), "{path} was not missed");
    }
    for path in [
        "e2e::fidelity::planted_mistakes_are_found",
        "e2e::driver_output::ash::carriage_returns_are_told_as_they_are",
        "understudy::plan::transition::tests::every_phase_and_verdict_leads_where_the_table_says",
        "understudy::run::tests::output_and_commands_come_in_the_order_of_the_journal",
        "reports::real::every_real_report_has_the_figures_that_were_counted",
        "buildspec::it::the_default_document_is_version_0_2",
        "buildspec::it::hostile::any_bytes_are_survived",
        "cache::store::round_trip::each_root_comes_back_to_its_own_directory",
    ] {
        assert_eq!(missing(&root, path), None);
    }
    for row in [
        "| 1.2-1 | DOC | x | |",
        "| 1.2-1 | DOC | x | not yet: |",
        "| 1.2-1 | DOC | x | soon |",
        "| 1.2-1 | DOC | x | `e2e::a::b` and more |",
        "| 1.3-1 | DOC | x | `e2e::a::b` |",
        "| 1.2-x | DOC | x | `e2e::a::b` |",
        "| 1.2-1 | INF | x | `e2e::a::b` |",
        "| 1.2-1 | DOC | | `e2e::a::b` |",
        "| 1.2-1 | DOC | x |",
    ] {
        assert!(fact(row, "1.2").is_err(), "{row}");
    }
}
