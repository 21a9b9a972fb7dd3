//! Report files of other people, read in place where the machine has them, against figures that were not made by
//! running our parsers.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use reports::Report;

/// Path and figures of each file, found by reading the files and by parsers of another language.
const EXPECTED: &str = include_str!("../../fixtures/reports/real-files.tsv");

/// Name and figures of a small file of each format.
const OWN: &str = include_str!("../../fixtures/reports/own.tsv");

/// Returns the folder of the real files, if there is one.
#[expect(
    clippy::disallowed_methods,
    reason = "only this test looks for the folder"
)]
fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("UNDERSTUDY_SHARED_DATA").map_or(beside, PathBuf::from);
    let folder = folder.join("reports");
    folder.is_dir().then_some(folder)
}

#[expect(
    clippy::panic,
    reason = "a table with another folder is a mistake of the table"
)]
fn format(path: &str) -> &'static str {
    match path.split('/').next().expect("a folder") {
        "junit" => "JUNITXML",
        "cucumber" => "CUCUMBERJSON",
        "nunit2" => "NUNITXML",
        "nunit3" => "NUNIT3XML",
        "testng" => "TESTNGXML",
        "trx" => "VISUALSTUDIOTRX",
        "clover" => "CLOVERXML",
        "cobertura" => "COBERTURAXML",
        "jacoco" => "JACOCOXML",
        "simplecov" => "SIMPLECOV",
        "lcov" => "LCOV",
        other => panic!("no format for {other}"),
    }
}

/// Returns a report's figures in the words of the table.
fn figures(report: &Report) -> String {
    match report {
        Report::Tests(tests) => {
            let s = &tests.summary;
            format!(
                "tests total={} ok={} failed={} error={} skipped={} unknown={}",
                s.total(),
                s.succeeded,
                s.failed,
                s.error,
                s.skipped,
                s.unknown
            )
        }
        Report::Coverage(coverage) => {
            let s = coverage.summary();
            format!(
                "lines {}/{} branches {}/{} files={}",
                s.lines_covered,
                s.lines_missed,
                s.branches_covered,
                s.branches_missed,
                coverage.files.len()
            )
        }
    }
}

#[test]
fn a_small_report_of_every_format_has_the_figures_that_stand_in_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/reports/own");
    let mut seen = Vec::new();
    for line in OWN.lines().filter(|line| !line.starts_with('#')) {
        let (name, expected) = line.split_once('\t').expect("two columns");
        let format = format(name.split('.').next().expect("a name"));
        let file = File::open(folder.join(name)).expect("a file beside the table");
        let read = reports::read(format, name, &mut BufReader::new(file)).expect(name);
        assert_eq!(figures(&read), expected, "{name}");
        if let Report::Tests(tests) = read {
            let failed = tests.failures().next().expect(name);
            assert!(failed.name.to_lowercase().contains("refunds"), "{failed:?}");
            assert_eq!(failed.message.as_deref(), Some("expected 3"), "{name}");
        }
        seen.push(format);
    }
    seen.sort_unstable();
    let mut all = reports::FORMATS;
    all.sort_unstable();
    assert_eq!(seen, all, "a file each");
}

#[test]
fn every_real_report_has_the_figures_that_were_counted() {
    let Some(folder) = folder() else {
        println!("skipped: no real files here");
        return;
    };
    let mut wrong = Vec::new();
    for line in EXPECTED.lines().filter(|line| !line.starts_with('#')) {
        let (path, expected) = line.split_once('\t').expect("two columns");
        let file = File::open(folder.join(path)).expect("a real file");
        let read = reports::read(format(path), path, &mut BufReader::new(file));
        let found = match &read {
            Ok(report) => figures(report),
            Err(_) => "unreadable".to_owned(),
        };
        if found != expected {
            wrong.push(format!(
                "{path}\n  counted {expected}\n  read    {found} {:?}",
                read.err()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_format_of_every_real_report_is_seen() {
    let Some(folder) = folder() else {
        println!("skipped: no real files here");
        return;
    };
    let mut wrong = Vec::new();
    for line in EXPECTED.lines().filter(|line| !line.starts_with('#')) {
        let (path, _) = line.split_once('\t').expect("two columns");
        let bytes = std::fs::read(folder.join(path)).expect("a real file");
        let head = bytes.get(..64 * 1024).unwrap_or(&bytes);
        let seen = reports::detect(head);
        if seen != Some(format(path)) {
            wrong.push(format!("{path}: {seen:?}"));
        }
    }
    assert_eq!(wrong, [] as [String; 0]);
}

// The two lists stand apart because a report's reader knows no buildspec.
#[test]
fn every_format_that_a_buildspec_may_name_is_read_here_and_lcov_besides() {
    let text = "version: 0.2\nphases:\n  build:\n    commands: [\"true\"]\n\
                reports:\n  unit:\n    files: a.xml\n    file-format: none-of-them\n";
    let findings = buildspec::read(text).findings;
    let unknown = findings
        .iter()
        .find(|finding| finding.code == "report.unknown-format")
        .expect("a finding");
    let (known, ours) = reports::FORMATS.split_at(reports::FORMATS.len() - 1);
    let help = format!("The formats are {}", known.join(", "));
    assert_eq!(unknown.help.as_deref(), Some(help.as_str()));
    assert_eq!(ours, ["LCOV"]);
}
