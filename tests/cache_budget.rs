//! What caches take of the disk: looked at, bounded, and never in a build's way.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{Run, SmallDisk, poll, program, refused};

/// Keeps a file of a megabyte under the key `KEY`.
const KEEPING: &str = "
version: 0.2
phases: {build: {commands: ['mkdir -p kept && head -c 1048576 /dev/urandom > kept/file']}}
cache: {key: KEY, paths: ['kept/**/*']}
";

/// Runs `understudy cache ARGUMENTS` on the cache of a run.
fn cache(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.arg("cache").args(arguments);
    command.env("UNDERSTUDY_HOME", home).env("TZ", "UTC");
    command.env_remove("UNDERSTUDY_CACHE_MAX");
    command.output().unwrap()
}

#[track_caller]
fn told(home: &Path, arguments: &[&str], code: i32) -> String {
    let output = cache(home, arguments);
    let out = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{out}{error}");
    out + &error
}

fn json(home: &Path, arguments: &[&str], code: i32) -> Value {
    let arguments = [arguments, &["--format", "json"]].concat();
    serde_json::from_str(&told(home, &arguments, code)).unwrap()
}

/// The names of the entries, those that were used last first.
fn names(home: &Path) -> Vec<String> {
    let entries = json(home, &["list"], 0);
    let entries = entries.as_array().unwrap().iter();
    entries
        .map(|entry| entry["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Runs builds that keep something under these keys, in this order.
fn kept(run: Run, keys: &[&str]) -> Run {
    let mut run = run;
    for key in keys {
        run = run.buildspec(&KEEPING.replace("KEY", key));
        run.run().ended(0);
    }
    run
}

#[test]
fn entries_are_listed_and_shown() {
    let run = kept(Run::new(), &["deps-1", "deps-2"]);
    let home = run.home();
    assert_eq!(names(&home), ["deps-2", "deps-1"]);
    let table = told(&home, &["list"], 0);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("KEY "), "{table}");
    assert!(
        lines[1].contains("deps-2") && lines[1].contains("1.0 MB"),
        "{table}"
    );
    assert!(!table.contains('\u{1b}'), "plain when piped: {table:?}");

    let entry = &json(&home, &["list"], 0)[0];
    assert_eq!(
        (&entry["files"], &entry["bytes"]),
        (&1.into(), &1_048_576.into())
    );
    let key = entry["key"].as_str().unwrap();
    let short = lines[1].split_whitespace().next().unwrap();
    assert!(key.starts_with(short) && short.len() < key.len(), "{short}");
    let page = told(&home, &["show", short], 0);
    for line in [
        "key: \"deps-2\"",
        "paths: \"kept/**/*\"",
        &format!("key: {key}"),
        "files: 1",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
    assert_eq!(json(&home, &["show", "deps-1"], 0)["name"], "deps-1");
    let unknown = told(&home, &["show", "deps"], 2);
    assert!(unknown.contains("understudy cache list"), "{unknown}");
}

#[test]
fn without_a_cache_there_is_nothing_and_nothing_is_made() {
    let run = Run::new();
    let home = run.home();
    assert_eq!(json(&home, &["list"], 0), Value::Array(Vec::new()));
    told(&home, &["verify"], 0);
    told(&home, &["prune", "--max", "1GiB"], 0);
    let unsaid = told(&home, &["prune"], 2);
    assert!(unsaid.contains("`--max SIZE`"), "{unsaid}");
    assert!(!home.exists());
}

#[test]
fn prune_removes_what_was_not_used_for_longest() {
    let run = kept(Run::new(), &["a", "b", "c", "a"]);
    let home = run.home();
    let said = json(&home, &["prune", "--max", "2.5MiB", "--dry-run"], 0);
    assert_eq!(said["removed"][0]["entry"]["name"], "b");
    assert_eq!(names(&home), ["a", "c", "b"]);
    let done = told(&home, &["prune", "--max", "2.5MiB"], 0);
    assert!(
        done.contains("REMOVED") && done.contains("before 3."),
        "{done}"
    );
    assert_eq!(names(&home), ["a", "c"]);
    told(&home, &["prune", "--older-than", "1h"], 0);
    told(&home, &["prune", "--key", "a"], 0);
    assert_eq!(names(&home), ["c"]);
    told(&home, &["prune", "--older-than", "0m"], 0);
    assert_eq!(names(&home), [""; 0]);
}

#[test]
fn a_build_leaves_no_more_than_its_budget() {
    let run = kept(
        Run::new().arg("--cache-max").arg("2.5MiB"),
        &["a", "b", "c"],
    );
    let home = run.home();
    // Its own process, in the background, brings the cache down.
    poll("two entries", || names(&home).len() == 2);
    assert_eq!(names(&home), ["c", "b"]);
}

#[test]
fn verify_finds_what_was_altered_and_sets_it_aside() {
    let run = kept(Run::new(), &["good", "bad"]);
    let home = run.home();
    assert!(told(&home, &["verify"], 0).contains("whole"));
    let entry = json(&home, &["show", "bad"], 0);
    let file = Path::new(entry["path"].as_str().unwrap()).join("current/tree/src/kept/file");
    let mut content = fs::read(&file).unwrap();
    content[1000] ^= 1;
    let modified = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&file, content).unwrap();
    let altered = fs::File::options().write(true).open(&file).unwrap();
    altered.set_modified(modified).unwrap();

    let found = json(&home, &["verify"], 3);
    let damage = found[0]["damage"].as_str().unwrap();
    assert!(
        damage.contains("`kept/file` has another content"),
        "{damage}"
    );
    let (_, place) = damage.split_once("kept in ").unwrap();
    assert!(PathBuf::from(place).exists(), "{place}");
    assert_eq!(names(&home), ["good"]);
    told(&home, &["verify"], 0);
}

#[test]
fn a_build_is_refused_where_the_disk_has_no_room() {
    let Some(disk) = SmallDisk::of_megabytes(4) else {
        return;
    };
    let run = Run::new().buildspec(&KEEPING.replace("KEY", "a"));
    let run = run.home_at(&disk.path().join("home"));
    let outcome = refused(&run, 3, "there are only 4.2 MB free", "`--min-free SIZE`");
    assert!(outcome.builds().is_empty(), "nothing was begun");
    let run = run.env("UNDERSTUDY_MIN_FREE", "1MiB");
    run.run().ended(0);
    let run = run.arg("--min-free").arg("4MiB");
    refused(
        &run,
        3,
        "is begun with 4.2 MB at least",
        "`--min-free SIZE`",
    );
}

#[test]
fn caches_make_way_where_the_disk_is_full() {
    let Some(disk) = SmallDisk::of_megabytes(16) else {
        return;
    };
    let home = disk.path().join("home");
    let run = Run::new().home_at(&home).env("UNDERSTUDY_MIN_FREE", "0");
    let run = kept(run, &["a", "b", "c"]);
    let ballast = disk.path().join("ballast");
    // To the last byte, so that there is no room for anything that helps.
    let filled = Command::new("sh")
        .args(["-c", "cat /dev/zero > \"$0\"", ballast.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(!filled.status.success(), "it ends where the disk does");
    let pruned = told(&home, &["prune", "--max", "2.5MiB"], 0);
    assert!(pruned.contains("REMOVED"), "{pruned}");
    assert_eq!(names(&home), ["c", "b"]);

    let run = run.env("UNDERSTUDY_MIN_FREE", "1.8MiB");
    let outcome = run.run().ended(0);
    let warning = "1 cache entries were removed";
    assert!(outcome.stderr.contains(warning), "{}", outcome.stderr);
}
