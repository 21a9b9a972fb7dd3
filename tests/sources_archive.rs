//! Sources that are zip archives, none, and several at once.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::{Run, ZipFile, refused};

const SHOW: &str = "
version: 0.2
phases:
  build:
    commands:
      - echo \"directory $CODEBUILD_SRC_DIR\"; ls
      - echo \"version ${CODEBUILD_SOURCE_VERSION-unset} ${CODEBUILD_RESOLVED_SOURCE_VERSION-unset}\"
      - echo \"url <$CODEBUILD_SOURCE_REPO_URL>\"
artifacts: {files: '**/*'}
";

fn build_of(archive: &ZipFile) -> Run {
    let run = Run::new();
    let file = run.root.path().join("app.zip");
    fs::write(&file, archive.bytes()).unwrap();
    run.source(&file)
}

// Reference §10.1, §13.2: unpacked without stripping a directory; a pipeline's artifact is such an archive.
#[test]
fn an_archive_is_unpacked_with_modes_and_links() {
    let archive = ZipFile::default()
        .file("buildspec.yml", SHOW)
        .directory("deep", 0o755)
        .mode("deep/run.sh", 0o755, "#!/bin/sh\n")
        .link("link", "deep/run.sh")
        .link("outside", "../../etc/passwd")
        .link("absolute", "/etc/passwd");
    let run = build_of(&archive);
    let outcome = run.run().ended(0);
    outcome.says("buildspec.yml\ndeep\nlink");
    outcome.says("version unset unset");
    outcome.says("url <>");
    let mode = fs::metadata(run.artifacts().join("deep/run.sh")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o755);
    for link in ["outside", "absolute"] {
        let warning = format!("the link `{link}` leads out of the source");
        assert!(outcome.stdout.contains(&warning), "{}", outcome.stdout);
    }
    assert_eq!(outcome.result["projectName"], "app");
}

#[test]
fn an_archive_that_would_write_elsewhere_is_refused() {
    let good = || ZipFile::default().file("buildspec.yml", SHOW);
    for (archive, reason) in [
        (good().file("../escaped", ""), "outside of the source"),
        (good().file("a/../../escaped", ""), "outside of the source"),
        (
            good().file("/tmp/escaped-from-a-zip", ""),
            "outside of the source",
        ),
        (
            good()
                .link("way", "/tmp")
                .file("way/escaped-from-a-zip", ""),
            "which is a link",
        ),
        (
            good().file("way/escaped", "").link("way", ".."),
            "which is a link",
        ),
        (good().file("twice", "").file("twice/below", ""), "twice"),
    ] {
        let run = build_of(&archive);
        refused(&run, 2, reason, "make the archive anew");
        assert!(!Path::new("/tmp/escaped-from-a-zip").exists());
        let builds = run.home().join("builds");
        let escaped = |folder: &Path| folder.join("escaped").exists();
        let mut below = fs::read_dir(builds)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        assert!(!below.any(|build| escaped(&build)));
    }
}

#[test]
fn an_archive_that_would_fill_the_disk_is_refused_before_it_is_unpacked() {
    let bomb = (0..3).fold(ZipFile::default(), |archive, index| {
        archive.claiming(&format!("{index}"), 1 << 30)
    });
    refused(
        &build_of(&bomb),
        2,
        "would become 3221225472",
        "make the archive anew",
    );
    // One that hides its size is found out by it.
    let lying = ZipFile::default().claiming("longer", 100);
    refused(
        &build_of(&lying),
        2,
        "`longer` is damaged",
        "make the archive anew",
    );
}

#[test]
fn what_is_no_archive_is_refused() {
    let run = Run::new();
    let file = run.root.path().join("app.zip");
    fs::write(&file, "not an archive").unwrap();
    refused(
        &run.source(&file),
        2,
        "the archive cannot be unpacked",
        "make the archive anew",
    );
}

// Reference §1.1, §10.1.
#[test]
fn without_a_source_the_directory_is_empty_and_the_buildspec_must_be_given() {
    let run = Run::new().source(Path::new("none")).arg("-b").arg("-");
    let outcome = run.stdin(SHOW).arg("-o").arg("codebuild").run();
    // There is nothing that `**/*` could match.
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    assert!(
        outcome
            .stdout
            .contains("YAML location is /codebuild/readonly/buildspec.yml\n")
    );
    outcome.says("version unset unset");
    let line = outcome
        .stdout
        .lines()
        .find(|line| line.starts_with("directory "));
    assert!(line.unwrap().ends_with("/src"), "{line:?}");
    let run = Run::new().source(Path::new("none"));
    refused(
        &run,
        2,
        "without a source there is no `buildspec.yml`",
        "-b -",
    );
}

// Reference §10.2, §4.1, §5.2 row 6.
#[test]
fn twelve_secondary_sources_each_have_a_directory_of_their_own() {
    let spec = "
version: 0.2
phases:
  build:
    commands:
      - echo \"primary $CODEBUILD_SRC_DIR\"
      - for i in 1 2 3 4 5 6 7 8 9 10 11 12; do eval \"cat \\$CODEBUILD_SRC_DIR_s$i/content\"; done
      - echo \"url <$CODEBUILD_SOURCE_REPO_URL_s1> version <${CODEBUILD_SOURCE_VERSION_s1-unset}>\"
";
    let mut run = Run::new().buildspec(spec).arg("-o").arg("codebuild");
    for index in 1..=12 {
        let archive = ZipFile::default().file("content", &format!("content {index}\n"));
        let file = run.root.path().join(format!("{index}.zip"));
        fs::write(&file, archive.bytes()).unwrap();
        run = run
            .arg("--secondary-source")
            .arg(format!("s{index}={}", file.display()));
    }
    let outcome = run.run().ended(0);
    let contents: Vec<String> = (1..=12).map(|index| format!("content {index}")).collect();
    outcome.says(&contents.join("\n"));
    outcome.says("url <> version <unset>");
    for index in 1..=12 {
        let line = format!(" CODEBUILD_SRC_DIR_s{index}=/codebuild/output/src");
        let found = outcome.stdout.lines().find(|found| found.contains(&line));
        let end = format!("/src/s3/{index:02}");
        assert!(
            found.is_some_and(|found| found.ends_with(&end)),
            "{}",
            outcome.stdout
        );
    }
    assert!(
        outcome.stdout.contains("/src/s3/00\n"),
        "the primary one is 00"
    );
    let sources = outcome.result["secondarySources"].as_array().unwrap();
    assert_eq!(sources.len(), 12);
    assert_eq!(sources[11]["sourceIdentifier"], "s12");

    let run = run.arg("--secondary-source").arg("s13=none");
    refused(&run, 2, "there are 13 secondary sources", "at most 12");
}

// Reference §10.2.
#[test]
fn an_identifier_of_a_source_is_letters_digits_and_underscore() {
    let long = "x".repeat(128);
    for (id, error) in [
        ("a-b", "`a-b` is no identifier"),
        ("", "`` is no identifier"),
        (long.as_str(), "is no identifier"),
    ] {
        let run = Run::new()
            .arg("--secondary-source")
            .arg(format!("{id}=none"));
        refused(&run, 2, error, "letters, digits and underscore");
    }
    let twice = [
        "--secondary-source",
        "a=none",
        "--secondary-source",
        "a=none",
    ];
    let run = twice.into_iter().fold(Run::new(), Run::arg);
    refused(
        &run,
        2,
        "two secondary sources are called `a`",
        "of its own",
    );
}
