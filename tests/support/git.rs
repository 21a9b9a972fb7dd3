//! Work trees for tests.

use std::path::Path;
use std::process::Command;

/// Runs git in a directory and returns what it printed, without the space around it.
#[track_caller]
pub(crate) fn git(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.arg("-C").arg(directory);
    // The caller's own settings (signing, hooks, ignored files) must not reach a test.
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null");
    command.args([
        "-c",
        "user.name=tester",
        "-c",
        "user.email=tester@example.com",
    ]);
    let output = command
        .args(arguments)
        .output()
        .expect("git is there; run `make up`");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {error}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Makes a repository of a directory and commits what is in it; returns the commit.
#[track_caller]
pub(crate) fn commit_all(directory: &Path) -> String {
    git(directory, &["init", "--quiet"]);
    git(directory, &["add", "--all"]);
    git(
        directory,
        &["commit", "--quiet", "--allow-empty", "--message", "all"],
    );
    git(directory, &["rev-parse", "HEAD"])
}
