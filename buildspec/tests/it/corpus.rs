//! Real buildspecs, read in place where the machine has them. They are other people's files, so none
//! of them is part of the project.

use std::path::{Path, PathBuf};

use buildspec::{Facts, Reading, Style, read_bytes, render};

/// Returns the folder of the real files, if there is one.
#[expect(
    clippy::disallowed_methods,
    reason = "only this test looks for the folder"
)]
pub(crate) fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("UNDERSTUDY_SHARED_DATA").map_or(beside, PathBuf::from);
    folder.join("buildspecs").is_dir().then_some(folder)
}

/// Returns a folder's buildspecs, in the order of their names.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of real files")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|ext| ext == "yml" || ext == "json")
        })
        .collect();
    paths.sort();
    paths
}

/// Returns the names and readings of a folder's buildspecs.
fn readings(folder: &Path) -> Vec<(String, String, Reading)> {
    let read_one = |path: &PathBuf| {
        let (text, reading) = read_bytes(&std::fs::read(path).expect("a real file"));
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        (name, text, reading)
    };
    files(folder).iter().map(read_one).collect()
}

fn refused(folder: &Path) -> Vec<String> {
    let readings = readings(folder).into_iter();
    let refused = readings.filter(|(_, _, reading)| reading.has_errors());
    refused.map(|(name, _, _)| name).collect()
}

/// Public files that are refused, each looked at: the finding and the files that have it.
const REFUSED: &[(&str, &[&str])] = &[
    // Text that is not YAML: commits that broke the build, and one template.
    (
        "yaml.syntax",
        &[
            "178.yml", "480.yml", "520.yml", "525.yml", "526.yml", "527.yml", "528.yml", "557.yml",
            "560.yml", "564.yml", "565.yml", "566.yml", "567.yml", "571.yml", "572.yml", "573.yml",
            "576.yml", "577.yml", "601.yml", "602.yml", "603.yml", "604.yml", "605.yml", "606.yml",
            "607.yml", "609.yml", "610.yml",
        ],
    ),
    // CodeBuild refuses these shapes itself (reference §1.2).
    (
        "phase.command-not-text",
        &[
            "496.yml", "497.yml", "633.yml", "634.yml", "635.yml", "636.yml", "684.yml", "710.yml",
            "711.yml", "712.yml",
        ],
    ),
    (
        "phases.unknown-name",
        &[
            "355.yml", "479.yml", "492.yml", "493.yml", "521.yml", "522.yml", "529.yml", "547.yml",
            "551.yml", "552.yml",
        ],
    ),
    (
        "phase.wrong-kind",
        &["498.yml", "530.yml", "531.yml", "532.yml"],
    ),
    ("env.wrong-kind", &["468.yml", "505.yml", "506.yml"]),
    // A version that never was, or none.
    ("version.unsupported", &["415.yml"]),
    ("version.missing", &["660.yml"]),
    // No buildspecs: an IAM policy, image settings, a date, a format before the first release.
    (
        "phases.missing",
        &[
            "373.json", "460.yml", "461.yml", "462.yml", "463.yml", "464.yml",
        ],
    ),
    ("document.not-a-mapping", &["428.yml"]),
    // A format that CodeBuild does not have (reference §8.2).
    ("report.unknown-format", &["404.yml"]),
];

#[test]
fn only_public_files_that_cannot_run_are_refused() {
    let Some(folder) = folder() else {
        println!("skipped: no real files here");
        return;
    };
    let mut expected: Vec<_> = REFUSED
        .iter()
        .flat_map(|(_, names)| names.to_vec())
        .collect();
    expected.sort_unstable();
    assert_eq!(refused(&folder.join("buildspecs")), expected);
    for (name, text, reading) in readings(&folder.join("buildspecs")) {
        let reason = REFUSED
            .iter()
            .find(|(_, names)| names.contains(&name.as_str()));
        if let Some((code, _)) = reason {
            let page = render(&text, &name, &reading.findings, Style::Plain);
            assert!(reading.findings.iter().any(|f| f.code == *code), "{page}");
        }
    }
}

/// Whole examples of the user guide that are refused, each looked at.
const REFUSED_EXAMPLES: &[&str] = &[
    // `build:` stands beside an empty `phases:` instead of below it.
    "build-spec-ref.15.yml",
    // A buildspec as an escaped text, with one escape too many or too few.
    "build-spec-ref.17.yml",
    // The syntax itself, with placeholders for values.
    "build-spec-ref.2.yml",
    // One line is indented by a single space.
    "codepipeline-guide.troubleshooting.1.yml",
    "old-2018-03-02.build-spec-ref.8.yml",
    // A footnote mark behind a command; a quote that never ends.
    "old-2018-06-08.sample-windows.18.yml",
    "old-2018-08-15.sample-buildspec-artifact-naming.3.yml",
    "old-2018-10-02.build-spec-ref.11.yml",
    // `name: name: …`.
    "old-2019-03-07.build-spec-ref.11.yml",
    "old-2019-05-07.build-spec-ref.12.yml",
    "old-2019-05-07.build-spec-ref.14.yml",
    "old-2019-09-04.build-spec-ref.14.yml",
    "old-2019-12-03.build-spec-ref.1.yml",
    "old-2019-12-03.build-spec-ref.14.yml",
    // `phases` is indented below `version: 0.2`.
    "old-2019-12-03.sample-test-report-cli.5.yml",
    "old-2020-02-14.build-spec-ref.2.yml",
    "old-2020-06-01.sample-test-report-cli.5.yml",
    "old-2020-07-01.build-spec-ref.13.yml",
    "old-2020-07-01.build-spec-ref.2.yml",
    "old-2020-09-14.build-spec-ref.15.yml",
    "old-2020-09-14.build-spec-ref.2.yml",
    "old-2020-11-05.build-spec-ref.2.yml",
    // The file of another service, CodeDeploy.
    "sample-codedeploy.4.yml",
    "sample-test-report-cli.5.yml",
];

#[test]
fn only_examples_that_cannot_run_are_refused() {
    let Some(folder) = folder() else {
        println!("skipped: no real files here");
        return;
    };
    let mut examples = refused(&folder.join("guide-examples"));
    examples.retain(|name| !name.ends_with(".fragment.yml"));
    assert_eq!(examples, REFUSED_EXAMPLES);
    let bad = [
        "batch-build-buildspec.build-fanout.INVALID-YAML.yml",
        "build-spec-ref.secondary-artifacts.BAD-INDENT.yml",
    ];
    assert_eq!(refused(&folder.join("guide-examples/current")), bad);
}

/// What is expected of every real file: the findings, or nothing. Each line was looked at in its file.
const EXPECTED: &str = include_str!("../../../fixtures/buildspecs/real-files.tsv");

/// Returns what is found in the real files, a line for each file that has findings.
fn found(folder: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for name in [
        "kids-learn",
        "buildspecs",
        "guide-examples",
        "guide-examples/current",
    ] {
        for (file, text, reading) in readings(&folder.join(name)) {
            let reading = reading.checked(&text, &Facts::default());
            let findings = reading.findings.iter();
            let findings: Vec<String> = findings
                .map(|finding| format!("{}:{}", finding.span.position(&text).line, finding.code))
                .collect();
            if !findings.is_empty() {
                lines.push(format!("{name}/{file}\t{}", findings.join(" ")));
            }
        }
    }
    lines
}

#[test]
fn every_real_file_has_the_findings_that_it_was_seen_to_deserve() {
    let Some(folder) = folder() else {
        println!("skipped: no real files here");
        return;
    };
    let found = found(&folder);
    let expected: Vec<&str> = EXPECTED
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    let unexpected: Vec<_> = found
        .iter()
        .filter(|line| !expected.contains(&line.as_str()))
        .collect();
    let missed: Vec<_> = expected
        .iter()
        .filter(|line| !found.iter().any(|found| found == *line))
        .collect();
    assert!(
        unexpected.is_empty() && missed.is_empty(),
        "look at each in its file, then change the table:\nfound {unexpected:#?}\nexpected {missed:#?}"
    );
}

// The `cd` that hides `imagedefinitions.json` from ECS.
#[test]
fn the_drift_of_our_first_users_file_is_found_at_its_cd() {
    let Some(folder) = folder() else {
        println!("skipped: no real files here");
        return;
    };
    let bytes = std::fs::read(folder.join("kids-learn/buildspec-app.yml")).expect("the file");
    let (text, findings) = crate::examine(&bytes, &Facts::default());
    let [drift] = findings.as_slice() else {
        panic!("one finding: {findings:?}")
    };
    let line = text.lines().nth(drift.span.position(&text).line - 1);
    assert_eq!(drift.code, "directory.drift");
    assert_eq!(
        line.map(str::trim),
        Some("- cd src/fargate/adaptive-engine")
    );
    let pasted = folder.join("cdk/app/verbatim-from-document/buildspec-app.yml");
    let (_, findings) =
        crate::examine(&std::fs::read(pasted).expect("the file"), &Facts::default());
    assert_eq!(crate::codes(&findings), ["document.lost-indentation"]);
}
