//! The buildspec's cache: kept from build to build of one project, and never in a build's way (reference §7.2).

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{Outcome, Run, program};

/// Tells what the cache brought, then leaves the build's number in it.
const COUNTING: &str = "
version: 0.2
phases:
  build:
    commands:
      - mkdir -p .kept/deep
      - 'echo \"before: $(cat .kept/deep/number 2>/dev/null)\"'
      - echo $CODEBUILD_BUILD_NUMBER > .kept/deep/number
cache: {paths: ['.kept/**/*']}
";

fn counting() -> Run {
    Run::new().buildspec(COUNTING)
}

#[track_caller]
fn found(outcome: &Outcome, before: &str) {
    let line = format!("\nbefore: {before}\n");
    assert!(
        outcome.stdout.contains(&line),
        "no `before: {before}`:\n{}",
        outcome.stdout
    );
}

fn cache(outcome: &Outcome) -> &Value {
    &outcome.result["understudy"]["cache"]
}

#[test]
fn a_build_finds_what_the_last_one_of_its_project_left() {
    let run = counting();
    let first = run.run().ended(0);
    found(&first, "");
    assert_eq!(cache(&first)["missed"], "nothing was saved yet");
    assert_eq!(cache(&first)["saved"]["files"], 1);
    assert!(
        first.stdout.contains("\ncache: saved 1 files, 2 B in "),
        "{}",
        first.stdout
    );

    let second = run.run().ended(0);
    found(&second, "1");
    assert_eq!(cache(&second)["restored"]["files"], 1);
    assert_eq!(cache(&second)["restored"]["bytes"], 2);
    assert!(
        second.stdout.contains("\ncache: restored 1 files, 2 B in "),
        "{}",
        second.stdout
    );
    found(&run.run().ended(0), "2");
}

#[test]
fn modes_links_and_times_come_back() {
    let spec = "
version: 0.2
phases:
  build:
    commands:
      - |
        if [ -e .kept ]; then
          ls -l .kept/tool | cut -c1-10
          readlink .kept/link
          stat -c %Y .kept/tool
        else
          mkdir .kept && echo x > .kept/tool && chmod 750 .kept/tool && ln -s tool .kept/link
          touch -d '2001-02-03 04:05:06' .kept/tool
        fi
cache: {paths: ['.kept/*']}
";
    let run = Run::new().buildspec(spec);
    run.run().ended(0);
    let outcome = run.run().ended(0);
    assert!(
        outcome.stdout.contains("\n-rwxr-x---\ntool\n981173106\n"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn a_cache_that_did_not_change_is_not_written_again() {
    let spec = "
version: 0.2
phases: {build: {commands: ['mkdir -p .kept', '[ -e .kept/x ] || echo x > .kept/x']}}
cache: {paths: ['.kept/*']}
";
    let run = Run::new().buildspec(spec);
    run.run().ended(0);
    let outcome = run.run().ended(0);
    assert_eq!(cache(&outcome)["saved"]["unchanged"], true);
    assert!(
        outcome
            .stdout
            .contains("\ncache: unchanged, nothing to save\n"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn another_project_does_not_see_it() {
    let run = counting().file("other.yml", "name: other\n");
    let project = run.source_path().join("other.yml");
    run.run().ended(0);
    let run = run.arg("-p").arg(project.to_str().unwrap());
    let outcome = run.run().ended(0);
    found(&outcome, "");
    assert_eq!(cache(&outcome)["missed"], "nothing was saved yet");
    // A build number of its own too: reference §3.1.
    found(&run.run().ended(0), "1");
}

#[test]
fn other_paths_are_another_cache() {
    let run = counting();
    run.run().ended(0);
    let run = run.buildspec(&COUNTING.replace("'.kept/**/*'", "'.kept/**/*', '.more/*'"));
    found(&run.run().ended(0), "");
    let run = run.buildspec(COUNTING);
    found(&run.run().ended(0), "1");
}

#[test]
fn variables_in_paths_are_expanded() {
    let spec = COUNTING.replace("'.kept/**/*'", "'$PLACE/${DEEP}/*'");
    let run = Run::new()
        .buildspec(&spec)
        .arg("-e")
        .arg("PLACE=.kept")
        .arg("-e")
        .arg("DEEP=deep");
    run.run().ended(0);
    found(&run.run().ended(0), "1");
}

#[test]
fn off_means_that_nothing_is_restored_or_saved() {
    let run = counting();
    run.run().ended(0);
    let off = run.arg("--cache").arg("off");
    let outcome = off.run().ended(0);
    found(&outcome, "");
    for what in ["restored", "missed", "saved"] {
        assert_eq!(cache(&outcome)[what], Value::Null, "{what}");
    }
    assert!(!outcome.stdout.contains("cache"), "{}", outcome.stdout);
    let on = counting().source(off.source_path()).home_at(&off.home());
    found(&on.run().ended(0), "1");
}

#[test]
fn a_place_of_ones_own_is_used() {
    let run = counting();
    let place = run.root.path().join("mine");
    let run = run.arg("--cache").arg(place.to_str().unwrap());
    run.run().ended(0);
    assert!(place.join("entries").exists());
    found(&run.run().ended(0), "1");
}

#[test]
fn a_damaged_cache_is_a_warning_and_the_next_build_has_one_again() {
    let run = counting();
    run.run().ended(0);
    let file = entry(&run.home()).join(".kept/deep/number");
    fs::write(&file, "X\n").unwrap();
    let outcome = run.run().ended(0);
    found(&outcome, "");
    let warning = "\nwarning: the saved cache is damaged and was not restored: ";
    assert!(outcome.stdout.contains(warning), "{}", outcome.stdout);
    assert!(
        outcome.stdout.contains("\n  help: nothing has to be done"),
        "{}",
        outcome.stdout
    );
    found(&run.run().ended(0), "2");
}

#[test]
fn a_store_that_cannot_be_used_is_a_warning() {
    let run = counting();
    let file = run.source_path().join("buildspec.yml");
    let outcome = run
        .arg("--cache")
        .arg(file.to_str().unwrap())
        .run()
        .ended(0);
    found(&outcome, "");
    for what in ["restored", "saved"] {
        let warning = format!("\nwarning: the cache was not {what}: ");
        assert_eq!(
            outcome.stdout.matches(&warning).count(),
            1,
            "{}",
            outcome.stdout
        );
    }
}

#[test]
fn what_a_build_writes_in_place_does_not_reach_the_saved_cache() {
    let run = counting();
    run.run().ended(0);
    let spec = COUNTING
        .replace("echo $CODEBUILD_BUILD_NUMBER > ", "echo appended >> ")
        .replace("cache: {", "cache: {action: restore, ");
    let run = run.buildspec(&spec);
    found(&run.run().ended(0), "1");
    found(&run.run().ended(0), "1");
}

// Reference §7.2: the upload belongs to POST_BUILD, which runs after a failed BUILD and not after a failed INSTALL.
#[test]
fn it_is_saved_when_build_failed_and_not_when_the_build_ended_before() {
    let failing = |phase: &str| {
        let run = Run::new().buildspec(&format!(
            "
version: 0.2
phases:
  {phase}:
    commands: ['mkdir .kept', 'echo x > .kept/x', 'false']
cache: {{paths: ['.kept/*']}}
"
        ));
        cache(&run.run().ended(1))["saved"].clone()
    };
    assert_eq!(failing("build")["files"], 1);
    assert_eq!(failing("post_build")["files"], 1);
    assert_eq!(failing("install"), Value::Null);
    assert_eq!(failing("pre_build"), Value::Null);
}

// Reference §7.3.
#[test]
fn an_action_is_one_direction_only() {
    let run = counting();
    run.run().ended(0);
    let run = run.buildspec(&COUNTING.replace("cache: {", "cache: {action: save, "));
    let saving = run.run().ended(0);
    found(&saving, "");
    assert_eq!(cache(&saving)["saved"]["files"], 1);
    let run = run.buildspec(&COUNTING.replace("cache: {", "cache: {action: restore, "));
    let restoring = run.run().ended(0);
    found(&restoring, "2");
    assert_eq!(cache(&restoring)["saved"], Value::Null);
    let run = run.buildspec(COUNTING);
    found(&run.run().ended(0), "2");
}

#[test]
fn nothing_to_save_is_a_warning() {
    let spec = COUNTING.replace(".kept/**/*", "nothing/*");
    let outcome = Run::new().buildspec(&spec).run().ended(0);
    let warning = "\nwarning: nothing was saved to the cache: no file matches its paths\n  help: ";
    assert!(outcome.stdout.contains(warning), "{}", outcome.stdout);
}

// On the host, where the cache is put in place, a link of the source leads to files of this machine.
#[test]
fn restoring_does_not_write_through_a_link() {
    let machine = tempfile::tempdir().unwrap();
    let file = machine.path().join("number");
    fs::write(&file, "precious").unwrap();
    let run = counting();
    run.run().ended(0);
    fs::create_dir(run.source_path().join(".kept")).unwrap();
    symlink(machine.path(), run.source_path().join(".kept/deep")).unwrap();
    run.run();
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
}

// On the host, where the cache is saved, a link that the build made leads to files of this machine.
#[test]
fn saving_does_not_read_through_a_link() {
    let machine = tempfile::tempdir().unwrap();
    fs::write(machine.path().join("key"), "secret of this machine").unwrap();
    let spec = format!(
        "
version: 0.2
phases: {{build: {{commands: ['mkdir .kept; ln -s {0} .kept/folder; ln -s {0}/key .kept/file']}}}}
cache: {{paths: ['.kept/**/*', '.kept/folder/*', '.kept/folder/key']}}
",
        machine.path().display()
    );
    let run = Run::new().buildspec(&spec);
    assert_eq!(
        cache(&run.run().ended(0))["saved"]["bytes"],
        0,
        "two links and no content"
    );
    let mut grep = Command::new("grep");
    let found = grep
        .args(["-r", "secret of this machine"])
        .arg(run.home().join("cache"))
        .output();
    assert_eq!(String::from_utf8_lossy(&found.unwrap().stdout), "");
}

// A sweep that comes late, when a test or a person has removed the directory, must not make it anew.
#[test]
fn sweeping_what_is_gone_makes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let home = root.path().join("home");
    let mut sweep = Command::new(program());
    let status = sweep
        .arg("sweep")
        .env("UNDERSTUDY_HOME", &home)
        .status()
        .unwrap();
    assert!(status.success());
    assert!(!home.exists(), "the sweep made {}", home.display());
}

/// The one saved tree of a home, below which the source's paths are.
fn entry(home: &Path) -> PathBuf {
    let mut folders = vec![home.join("cache/entries")];
    while let Some(folder) = folders.pop() {
        for found in fs::read_dir(folder).unwrap() {
            let path = found.unwrap().path();
            if path.ends_with("tree/src") {
                return path;
            }
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            }
        }
    }
    panic!("no saved tree in {}", home.display());
}
