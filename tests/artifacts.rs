//! Which files become artifacts, and where they land: reference §6.1 and §6.2, on files that a build made.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Outcome, Run, refused};

/// What the builds here leave behind.
const MAKE: &str = "mkdir -p out/deep/er out/.hidden my-build1 my-build2 empty; \
    for f in top.txt noext out/a.js out/b.css out/deep/c.js out/deep/er/d.js out/.env out/.hidden/e my-build1/x my-build2/y; do echo $f > $f; done";

/// A build that makes those files and then runs `commands`; `artifacts` is the section as JSON.
fn collecting(artifacts: &Value, commands: &[&str]) -> Run {
    let commands = [&[MAKE], commands].concat();
    let spec = json!({
        "version": 0.2,
        "phases": { "build": { "commands": commands } },
        "artifacts": artifacts,
    });
    Run::new().arg("-b").arg("-").stdin(&spec.to_string())
}

/// Runs it and returns what was delivered, in the order of names.
#[track_caller]
fn delivered(artifacts: &Value) -> Vec<String> {
    let run = collecting(artifacts, &[]);
    run.run().ended(0);
    listed(&run.artifacts())
}

/// Every file below a directory, relative to it.
fn listed(root: &Path) -> Vec<String> {
    let mut folders = vec![root.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else {
                files.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    files.sort();
    files
}

// Reference §6.1.
#[test]
fn globs_take_what_the_guide_says() {
    for (files, expected) in [
        (json!("top.txt"), vec!["top.txt"]),
        (json!(["out/deep/c.js"]), vec!["out/deep/c.js"]),
        (json!("out/*"), vec!["out/.env", "out/a.js", "out/b.css"]),
        (
            json!("out/**/*.js"),
            vec!["out/a.js", "out/deep/c.js", "out/deep/er/d.js"],
        ),
        (json!("out/?.[jc]s*"), vec!["out/a.js", "out/b.css"]),
        (json!("out/*.{js,css}"), vec!["out/a.js", "out/b.css"]),
        (
            json!(["out/a.js", "out/*.js", "./out/a.js"]),
            vec!["out/a.js"],
        ),
        // A sample of the guide's: every file with an extension.
        (
            json!("**.*"),
            vec![
                "out/.env",
                "out/a.js",
                "out/b.css",
                "out/deep/c.js",
                "out/deep/er/d.js",
                "top.txt",
            ],
        ),
        (json!("my-build*/*"), vec!["my-build1/x", "my-build2/y"]),
        (
            json!(["$CODEBUILD_SRC_DIR/top.txt", "${WHERE:-out}/a.js"]),
            vec!["out/a.js", "top.txt"],
        ),
    ] {
        assert_eq!(delivered(&json!({ "files": files })), expected, "{files}");
    }
}

// Reference §6.1: dot files too; directories themselves are no artifacts.
#[test]
fn everything_is_every_file_and_no_directory() {
    let all = delivered(&json!({ "files": "**/*" }));
    let expected = [
        "my-build1/x",
        "my-build2/y",
        "noext",
        "out/.env",
        "out/.hidden/e",
        "out/a.js",
        "out/b.css",
        "out/deep/c.js",
        "out/deep/er/d.js",
        "top.txt",
    ];
    assert_eq!(all, expected);
}

// Reference §6.2.
#[test]
fn a_base_directory_is_not_part_of_the_path() {
    let files = json!("**/*.js");
    let of = |base: &str| delivered(&json!({ "files": files, "base-directory": base }));
    assert_eq!(of("out"), ["a.js", "deep/c.js", "deep/er/d.js"]);
    assert_eq!(of("./out/deep/"), ["c.js", "er/d.js"]);
    assert_eq!(of("$CODEBUILD_SRC_DIR/out/deep"), ["c.js", "er/d.js"]);
    let merged = delivered(&json!({ "files": "*", "base-directory": "my-build*" }));
    assert_eq!(merged, ["x", "y"]);
}

// Reference §1.12: a variable that a command has set.
#[test]
fn a_base_directory_knows_the_variables_of_the_commands() {
    let artifacts = json!({ "files": "$NAME.js", "base-directory": "out/$PLACE" });
    let run = collecting(&artifacts, &["cd out && PLACE=deep", "export NAME=c"]);
    run.run().ended(0);
    assert_eq!(listed(&run.artifacts()), ["c.js"]);
}

// Reference §6.2: not the directory that a `cd` left behind.
#[test]
fn globs_start_at_the_source_and_not_where_the_commands_are() {
    let run = collecting(&json!({ "files": ["a.js", "top.txt"] }), &["cd out"]);
    let outcome = run.run().ended(0);
    assert_eq!(listed(&run.artifacts()), ["top.txt"]);
    let warning = "warning: artifact `a.js` is missing: the file lies at `out/a.js`; `cd out` (buildspec:1) moved there";
    assert!(outcome.stdout.contains(warning), "{}", outcome.stdout);
}

// Reference §6.2.
#[test]
fn discarded_paths_leave_base_names_and_a_clash_is_a_warning() {
    let artifacts = json!({ "files": ["out/**/*.js", "my-build1/*"], "discard-paths": "yes" });
    assert_eq!(delivered(&artifacts), ["a.js", "c.js", "d.js", "x"]);

    let artifacts = json!({ "files": ["one/same", "two/same"], "discard-paths": true });
    let run = collecting(
        &artifacts,
        &["mkdir one two; echo 1 > one/same; echo 2 > two/same"],
    );
    let outcome = run.run().ended(0);
    assert_eq!(
        fs::read_to_string(run.artifacts().join("same")).unwrap(),
        "2\n"
    );
    let warning = "warning: two files want the place `same` in the artifact; `two/same` has it, `one/same` is left out\n  help: ";
    assert!(outcome.stdout.contains(warning), "{}", outcome.stdout);
}

// Reference §1.8, §6.2.
#[test]
fn exclusions_come_after_the_files_and_are_relative_to_the_base_directory() {
    let of = |exclude: Value| {
        delivered(&json!({ "files": "**/*", "base-directory": "out", "exclude-paths": exclude }))
    };
    assert_eq!(
        of(json!("deep/**/*")),
        [".env", ".hidden/e", "a.js", "b.css"]
    );
    assert_eq!(
        of(json!(["**/.*", "**/.*/**/*", "**/er/**/*"])),
        ["a.js", "b.css", "deep/c.js"]
    );
    assert_eq!(
        of(json!("*.js")),
        [".env", ".hidden/e", "b.css", "deep/c.js", "deep/er/d.js"]
    );
}

#[test]
fn secondary_artifacts_are_beside_the_primary_one() {
    let secondary = json!({
        "scripts": { "base-directory": "out", "files": "**/*.js", "discard-paths": "yes" },
        "styles": { "files": ["out/*.css"] },
    });
    let run = collecting(
        &json!({ "files": "top.txt", "secondary-artifacts": secondary }),
        &[],
    );
    let outcome = run.run().ended(0);
    let of = |name: &str| listed(&run.artifacts().join("secondary-artifacts").join(name));
    assert_eq!(of("scripts"), ["a.js", "c.js", "d.js"]);
    assert_eq!(of("styles"), ["out/b.css"]);
    assert_eq!(
        fs::read_to_string(run.artifacts().join("top.txt")).unwrap(),
        "top.txt\n"
    );
    let named: Vec<&Value> = outcome.result["secondaryArtifacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|artifact| &artifact["artifactIdentifier"])
        .collect();
    assert_eq!(named, ["scripts", "styles"]);

    // Reference §1.8: only secondary ones are in practice allowed.
    let run = collecting(&json!({ "secondary-artifacts": secondary }), &[]);
    let outcome = run.run().ended(0);
    assert_eq!(outcome.result["artifacts"]["location"], "");
    assert_eq!(
        outcome.result["secondaryArtifacts"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn no_link_brings_files_of_this_machine() {
    let machine = tempfile::tempdir().unwrap();
    fs::write(machine.path().join("secret"), "secret").unwrap();
    let outside = machine.path().display();
    let links = format!(
        "ln -s {outside}/secret out/file; ln -s {outside} out/folder; ln -s a.js out/inside; \
         ln -s ../../../../../../../../../..{outside}/secret out/climbing; ln -s nothing out/dangling; ln -s loop out/loop"
    );
    let artifacts = json!({ "files": ["out/*", "out/folder/secret", "out/folder/*"] });
    let run = collecting(&artifacts, &[&links]);
    let outcome = run.run().ended(0);
    assert_eq!(
        listed(&run.artifacts()),
        ["out/.env", "out/a.js", "out/b.css", "out/inside"]
    );
    assert_eq!(
        fs::read_to_string(run.artifacts().join("out/inside")).unwrap(),
        "out/a.js\n"
    );
    for link in ["file", "climbing"] {
        let warning = format!("warning: `out/{link}` is not in the artifact: ");
        assert!(
            outcome.stdout.contains(&warning),
            "{link}: {}",
            outcome.stdout
        );
    }
}

#[test]
fn a_base_directory_that_is_a_link_outside_is_none() {
    let run = collecting(
        &json!({ "files": "**/*", "base-directory": "etc" }),
        &["ln -s /etc etc"],
    );
    fails(&run, "no matching base directory path found for etc");
}

// Reference §2.9.
#[test]
fn without_any_match_the_build_fails() {
    let run = collecting(
        &json!({ "files": ["*.zip", "out", "../source/top.txt", "/etc/passwd"] }),
        &[],
    );
    let outcome = fails(&run, "no matching artifact paths found");
    assert_eq!(outcome.result["artifacts"]["location"], "");
    let run = collecting(&json!({ "files": "*", "base-directory": "missing" }), &[]);
    fails(&run, "no matching base directory path found for missing");
}

#[test]
fn one_artifact_that_fails_does_not_keep_the_others_back() {
    let secondary = json!({ "none": { "files": "*.zip" }, "some": { "files": "top.txt" } });
    let run = collecting(
        &json!({ "files": "nothing", "secondary-artifacts": secondary }),
        &[],
    );
    let outcome = run.run().ended(1);
    assert_eq!(
        listed(&run.artifacts()),
        ["secondary-artifacts/some/top.txt"]
    );
    assert!(
        outcome
            .phases()
            .contains(&"UPLOAD_ARTIFACTS FAILED".to_owned())
    );
}

#[test]
fn what_an_earlier_build_delivered_stays_and_is_replaced_whole() {
    let run = collecting(&json!({ "files": "top.txt" }), &["chmod 4755 top.txt"]);
    fs::create_dir(run.artifacts()).unwrap();
    fs::write(run.artifacts().join("mine"), "mine").unwrap();
    fs::write(
        run.artifacts().join("top.txt"),
        "a longer text than the new one",
    )
    .unwrap();
    run.run().ended(0);
    assert_eq!(listed(&run.artifacts()), ["mine", "top.txt"]);
    assert_eq!(
        fs::read_to_string(run.artifacts().join("top.txt")).unwrap(),
        "top.txt\n"
    );
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(run.artifacts().join("top.txt"))
            .unwrap()
            .permissions(),
    );
    assert_eq!(mode & 0o7777, 0o755, "no set-uid from a build");
}

#[track_caller]
fn fails(run: &Run, message: &str) -> Outcome {
    let outcome = refused(run, 1, message, "");
    let expected = ("CLIENT_ERROR".to_owned(), message.to_owned());
    assert_eq!(outcome.context("UPLOAD_ARTIFACTS"), expected);
    outcome
}
