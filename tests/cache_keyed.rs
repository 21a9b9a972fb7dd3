//! Caches with a key: found by their names, kept for ever, and shared by those who name the same (reference §7.3).

use serde_json::Value;

use crate::support::{Outcome, Run};

/// Tells what the cache brought, then leaves the build's number in it. `CACHE` is the rest of the cache block.
const COUNTING: &str = "
version: 0.2
phases:
  build:
    commands:
      - 'echo \"before: $(cat .kept/number 2>/dev/null)\"'
      - mkdir -p .kept && echo $CODEBUILD_BUILD_NUMBER > .kept/number
cache:
  paths: ['.kept/*']
  CACHE
";

fn counting(cache: &str) -> Run {
    Run::new().buildspec(&COUNTING.replace("CACHE", cache))
}

fn with(run: Run, cache: &str) -> Run {
    run.buildspec(&COUNTING.replace("CACHE", cache))
}

#[track_caller]
fn found(outcome: &Outcome, before: &str) {
    let line = format!("\nbefore: {before}\n");
    let out = &outcome.stdout;
    assert!(out.contains(&line), "no `before: {before}`:\n{out}");
}

fn cache(outcome: &Outcome) -> &Value {
    &outcome.result["understudy"]["cache"]
}

// Reference §7.3: a stored key is immutable.
#[test]
fn a_stored_key_keeps_what_was_saved_first() {
    let run = counting("key: deps-1");
    let first = run.run().ended(0);
    found(&first, "");
    assert_eq!(cache(&first)["saved"]["name"], "deps-1");
    let second = run.run().ended(0);
    found(&second, "1");
    assert_eq!(cache(&second)["restored"]["name"], "deps-1");
    assert_eq!(cache(&second)["saved"]["unchanged"], true);
    found(&run.run().ended(0), "1");
}

// Reference §7.3: `key` is shell-expanded; §1.12.
#[test]
fn a_key_is_what_the_shell_makes_of_it_before_the_first_command() {
    let run = counting("key: 'deps-$STAGE-$(cat lock | tr a-z A-Z)'")
        .file("lock", "abc")
        .arg("-e")
        .arg("STAGE=beta");
    let first = run.run().ended(0);
    assert_eq!(cache(&first)["saved"]["name"], "deps-beta-ABC");
    assert!(
        first.stdout.contains(" (deps-beta-ABC)\n"),
        "{}",
        first.stdout
    );
    found(&run.run().ended(0), "1");
    let run = run.file("lock", "other");
    let other = run.run().ended(0);
    found(&other, "");
    assert_eq!(cache(&other)["saved"]["name"], "deps-beta-OTHER");
}

// Reference §7.3: evaluated once, although the build changes what it is made from.
#[test]
fn a_key_is_evaluated_before_the_build_changes_its_inputs() {
    let spec = COUNTING
        .replace("CACHE", "key: 'lock-$(cat lock)'")
        .replace(
            "      - mkdir",
            "      - echo changed > lock\n      - mkdir",
        );
    let run = Run::new().buildspec(&spec).file("lock", "1");
    let outcome = run.run().ended(0);
    assert_eq!(cache(&outcome)["saved"]["name"], "lock-1");
}

// Reference §7.3: each fallback in order, as a prefix; the newest of several.
#[test]
fn the_newest_that_begins_like_a_fallback_is_taken_where_the_key_has_nothing() {
    let run = counting("key: npm-a");
    run.run().ended(0);
    let run = with(run, "key: npm-b");
    run.run().ended(0);
    let run = with(run, "key: pip-c");
    run.run().ended(0);

    let run = run
        .buildspec(&COUNTING.replace("CACHE", "key: npm-d\n  fallback-keys: [gone-, npm-, pip-]"));
    let outcome = run.run().ended(0);
    found(&outcome, "2");
    assert_eq!(cache(&outcome)["restored"]["name"], "npm-b");
    assert_eq!(cache(&outcome)["saved"]["name"], "npm-d");
    // Now the exact name has one.
    found(&run.run().ended(0), "4");
}

// Reference §7.3: same key with different paths is a different cache.
#[test]
fn other_paths_are_another_cache_also_for_fallbacks() {
    let run = counting("key: deps-1");
    run.run().ended(0);
    let spec = COUNTING
        .replace("CACHE", "key: deps-1\n  fallback-keys: [deps-]")
        .replace("'.kept/*'", "'.kept/*', '.more/*'");
    let run = run.buildspec(&spec);
    found(&run.run().ended(0), "");
}

// Reference §7.3: `action`.
#[test]
fn restore_never_saves_and_save_never_restores() {
    let run = counting("key: deps-1\n  action: restore");
    let outcome = run.run().ended(0);
    found(&outcome, "");
    assert_eq!(cache(&outcome)["saved"], Value::Null);
    let run = with(run, "key: deps-1\n  action: save");
    run.run().ended(0);
    let outcome = run.run().ended(0);
    found(&outcome, "");
    assert_eq!(cache(&outcome)["restored"], Value::Null);
    let run = with(run, "key: deps-1\n  action: restore");
    found(&run.run().ended(0), "2");
}

// Reference §7.3: sharing needs the same namespace; without one the scope is the project.
#[test]
fn only_projects_of_one_namespace_share() {
    let project = |name: &str, namespace: &str| {
        format!("{{name: {name}, cache: {{type: S3, cacheNamespace: {namespace}}}}}")
    };
    let run = counting("key: deps-1").file("project.yml", &project("one", "shared"));
    let file = run.source_path().join("project.yml");
    let run = run.arg("-p").arg(file.to_str().unwrap());
    run.run().ended(0);
    let run = run.file("project.yml", &project("two", "shared"));
    found(&run.run().ended(0), "1");
    let run = run.file("project.yml", &project("three", "own"));
    found(&run.run().ended(0), "");
    let run = run.file("project.yml", "{name: one}");
    found(&run.run().ended(0), "");
}

#[test]
fn a_key_that_comes_to_nothing_is_a_warning() {
    let run = counting("key: $UNSET");
    let outcome = run.run().ended(0);
    let warning = "\nwarning: the cache is not used: its `key` is empty when it is expanded\n";
    assert!(outcome.stdout.contains(warning), "{}", outcome.stdout);
    assert_eq!(cache(&outcome)["saved"], Value::Null);
}

#[test]
fn a_key_whose_command_fails_does_not_fail_the_build() {
    let run = counting("key: 'deps-$(false; echo x >&2)'");
    let outcome = run.run().ended(0);
    assert_eq!(cache(&outcome)["saved"]["name"], "deps-");
}
