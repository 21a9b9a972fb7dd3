//! Places that cannot be written, and disks that are full: found before the build where possible, told clearly
//! otherwise, and what was finished is kept.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Run, SmallDisk, obeying_modes, refused};

const FINE: &str = "
version: 0.2
phases: {build: {commands: ['echo ran', 'echo kept > a', 'head -c 3000000 /dev/zero > b']}}
artifacts: {files: [a, b]}
";

fn fine() -> Run {
    Run::new().buildspec(FINE)
}

#[test]
fn artifacts_that_have_no_place_are_refused_before_the_build() {
    let run = fine();
    let below_a_file = run.source_path().join("buildspec.yml/artifacts");
    let error = format!("`{}`: Not a directory", below_a_file.display());
    let outcome = refused(
        &run.artifacts_at(&below_a_file),
        2,
        &error,
        "`--artifacts DIR`",
    );
    assert!(!outcome.stdout.contains("ran"), "{}", outcome.stdout);

    let run = fine();
    let closed = run.root.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o555)).unwrap();
    let error = format!("`{}`: Permission denied", closed.display());
    let run = obeying_modes(run.artifacts_at(&closed));
    let outcome = refused(&run, 2, &error, "`--artifacts DIR`");
    assert!(!outcome.stdout.contains("ran"), "{}", outcome.stdout);
}

#[test]
fn a_result_that_has_no_place_is_refused_before_the_build() {
    let run = fine();
    let below_a_file = run.source_path().join("buildspec.yml/result.json");
    refused(
        &run.result_at(&below_a_file),
        2,
        "result",
        "`--result FILE`",
    );
}

#[test]
fn a_result_that_is_a_directory_is_refused_before_the_build() {
    let run = fine();
    let directory = run.root.path().join("directory");
    fs::create_dir(&directory).unwrap();
    let outcome = refused(
        &run.result_at(&directory),
        2,
        "directory",
        "`--result FILE`",
    );
    assert!(!outcome.stdout.contains("ran"), "{}", outcome.stdout);
}

#[test]
fn a_state_directory_that_cannot_be_made_is_a_fault() {
    let run = fine();
    let below_a_file = run.source_path().join("buildspec.yml/home");
    let error = format!("failed to make the directory `{}`", below_a_file.display());
    refused(&run.home_at(&below_a_file), 3, &error, "UNDERSTUDY_HOME");
}

#[test]
fn when_the_disk_of_the_log_is_full_the_build_ends_with_a_fault() {
    let run = Run::new().buildspec(
        "
version: 0.2
phases:
  build:
    commands:
      - echo first
      - yes 'a build that never ends to talk' | head -c 20000000
      - echo never
",
    );
    let Some(disk) = SmallDisk::of_megabytes(4) else {
        return;
    };
    let run = run.home_at(&disk.path().join("home"));
    let run = run.arg("--min-free").arg("0");
    let outcome = refused(
        &run,
        3,
        "log cannot be written",
        "keep builds elsewhere with UNDERSTUDY_HOME",
    );
    assert!(
        outcome.stdout.contains("No space left on device"),
        "{}",
        outcome.stdout
    );
    assert_eq!(outcome.result["buildStatus"], "FAULT");
    assert!(
        outcome.phases().contains(&"BUILD FAULT".to_owned()),
        "{:?}",
        outcome.phases()
    );
    assert!(!outcome.stdout.contains("never\n$"), "{}", outcome.stdout);
    let log = fs::read_to_string(outcome.builds()[0].join("record/log")).unwrap();
    assert!(
        log.starts_with("first\n") && log.len() > 1_000_000,
        "what was logged is kept"
    );
}

#[test]
fn when_the_disk_of_the_artifacts_is_full_those_that_fit_are_kept() {
    let run = fine();
    let Some(disk) = SmallDisk::of_megabytes(2) else {
        return;
    };
    let place = disk.path().join("artifacts");
    let error = format!(
        "failed to write artifact `{}/b`: No space left on device",
        place.display()
    );
    let outcome = refused(
        &run.artifacts_at(&place),
        3,
        &error,
        "see that the disk has room",
    );
    assert!(
        outcome
            .phases()
            .contains(&"UPLOAD_ARTIFACTS FAULT".to_owned())
    );
    let names: Vec<_> = fs::read_dir(&place)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["a"], "the whole file, and no part of the other");
    assert_eq!(fs::read_to_string(place.join("a")).unwrap(), "kept\n");
}

#[test]
fn when_the_disk_of_the_cache_is_full_the_build_goes_on_with_a_warning() {
    let run = fine();
    let Some(disk) = SmallDisk::of_megabytes(2) else {
        return;
    };
    let spec = FINE.replace("artifacts:", "cache: {paths: [b]}\nartifacts:");
    let outcome = run
        .buildspec(&spec)
        .arg("--cache")
        .arg(disk.path().to_str().unwrap())
        .run()
        .ended(0);
    assert!(
        outcome
            .stdout
            .contains("warning: the cache was not saved: "),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome.stdout.contains("`--cache off`"),
        "{}",
        outcome.stdout
    );
}
