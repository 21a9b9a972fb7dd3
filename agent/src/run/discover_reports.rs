//! Report auto-discovery: reports that the buildspec does not name are found by how they begin (reference §8.8).
//!
//! The reference does not say whether a file that `reports` names is taken a second time; here it is not.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::blocking::blocking;
use super::keep_report::{Collected, take_in};
use super::teller::Teller;
use super::upload::Left;
use crate::model::{EventKind, ReportOutcome, ReportsDiscovered};
use crate::report::Group;
use crate::workspace::{Tree, normal};
use reports::Report;

/// CodeBuild's own limit.
const LIMIT: Duration = Duration::from_secs(5);
/// Where a report shows its format.
const HEAD: usize = 4096;
/// Reports end in one of these. Opening every file of a large source would cost more than it finds.
const ENDINGS: [&str; 3] = ["xml", "json", "trx"];

/// Format → the files that were read, and what they say together.
type Found = BTreeMap<&'static str, (Vec<PathBuf>, Report)>;

/// Looks for reports below `directory` and tells what they say.
pub(super) async fn discover(left: &Left<'_>, directory: &str, teller: &mut Teller<'_>) {
    let named: BTreeSet<String> = teller
        .record
        .reports
        .iter()
        .flat_map(|report| match &report.outcome {
            ReportOutcome::Coverage { sources, .. } | ReportOutcome::Tests { sources, .. } => {
                sources.as_slice()
            }
            ReportOutcome::Incomplete(_) => &[],
        })
        .cloned()
        .collect();
    let start = Instant::now();
    let tree = left.tree.again();
    let base = inside(directory, &left.plan.source_directory);
    let search = blocking(move |abandoned| {
        let is_over = || abandoned.load(Ordering::Relaxed) || start.elapsed() >= LIMIT;
        let (Ok(tree), Some(base)) = (tree, base) else {
            return Found::new();
        };
        search(&tree, &base, &named, &is_over)
    });
    // Work that panicked has found nothing; the build is not its business.
    let found = search.await.unwrap_or_default();
    let took = start.elapsed();
    let files = found.values().map(|(sources, _)| sources.len() as u64);
    teller.tell(EventKind::ReportsDiscovered(ReportsDiscovered {
        directory: directory.to_owned(),
        files: files.sum(),
        micros: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        limit_seconds: LIMIT.as_secs(),
    }));
    if took >= LIMIT {
        teller.warn(
            format!("looking for reports was ended after {} s", LIMIT.as_secs()),
            "name them in `reports`, name their directory in CODEBUILD_CONFIG_AUTO_DISCOVER_DIR, or set CODEBUILD_CONFIG_AUTO_DISCOVER to false",
        );
    }
    let request = &left.build.request;
    for (format, (files, report)) in found {
        let group = format!("{}-{format}-AutoDiscovered", request.project);
        let collected = Collected {
            group: Group::named(group, &request.owner),
            format: format.to_owned(),
            files,
            report: Ok(report),
        };
        take_in(left, collected, teller);
    }
}

/// Returns the directory relative to the source root; `None` when it leads out of it.
fn inside(directory: &str, source_directory: &str) -> Option<PathBuf> {
    let path = Path::new(directory);
    match path.strip_prefix(source_directory) {
        Ok(below) => normal(below),
        Err(_) if path.is_absolute() => None,
        Err(_) => normal(path),
    }
}

fn search(tree: &Tree, base: &Path, named: &BTreeSet<String>, is_over: &dyn Fn() -> bool) -> Found {
    let mut found = Found::new();
    if !tree.is_directory(base) {
        return found;
    }
    for path in tree.files(base).take_while(|_| !is_over()) {
        let path = base.join(path);
        let name = path.display().to_string();
        if named.contains(&name) {
            continue;
        }
        let Some((format, report)) = read(tree, &path, &name) else {
            continue;
        };
        match found.get_mut(format) {
            Some((sources, all)) => {
                sources.push(path);
                all.merge(report);
            }
            None => {
                found.insert(format, (vec![path], report));
            }
        }
    }
    found
}

/// Reads a file if it is a report; whatever keeps it from being read makes it none.
fn read(tree: &Tree, path: &Path, name: &str) -> Option<(&'static str, Report)> {
    let ending = path.extension()?.to_str()?;
    if !ENDINGS
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
    {
        return None;
    }
    let mut input = BufReader::with_capacity(HEAD, tree.file(path).ok()?);
    let format = reports::recognise(input.fill_buf().ok()?)?;
    let report = reports::read(format, name, &mut input).ok()?;
    (!report.is_empty()).then_some((format, report))
}

#[cfg(test)]
mod tests {
    use super::*;

    const JUNIT: &str = "<testsuite><testcase name=\"a\"/></testsuite>";

    #[test]
    fn nothing_is_looked_at_when_the_time_is_up() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("a.xml"), JUNIT).unwrap();
        let files = |is_over: bool| {
            let found = search(
                &Tree::open(root.path()).unwrap(),
                Path::new(""),
                &BTreeSet::new(),
                &|| is_over,
            );
            found
                .values()
                .map(|(sources, _)| sources.len())
                .sum::<usize>()
        };
        assert_eq!((files(false), files(true)), (1, 0));
    }

    #[test]
    fn the_directory_is_relative_to_the_source_and_never_outside() {
        let source = "/codebuild/output/src1/src";
        for (directory, expected) in [
            (".", Some("")),
            ("out/reports/", Some("out/reports")),
            ("/codebuild/output/src1/src/out", Some("out")),
            ("/etc", None),
            ("../..", None),
        ] {
            let expected = expected.map(PathBuf::from);
            assert_eq!(inside(directory, source), expected, "{directory}");
        }
    }
}
