//! An agent that is not root: it must be able to read and to delete what a build, which is root, left behind.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;
use std::process::Command;

use crate::support::{dev, program};
use tempfile::TempDir;

/// A user and group that own nothing else: `nobody` on Debian.
const NOBODY: u32 = 65534;

const BUILDSPEC: &str = "version: 0.2
phases:
  build:
    commands:
      - mkdir -p deep/dir && echo s > deep/dir/secret && chmod 600 deep/dir/secret && chmod 700 deep
artifacts:
  files: ['deep/**/*']
cache:
  paths: ['deep/**/*']
";

/// Gives a tree to the unprivileged user.
fn give(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path());
        }
    }
}

#[test]
fn a_user_of_the_engines_group_gets_roots_files_and_leaves_none_behind() {
    let root = TempDir::new().unwrap();
    let path = |name: &str| root.path().join(name);
    fs::create_dir(path("source")).unwrap();
    fs::write(path("source/buildspec.yml"), BUILDSPEC).unwrap();
    // The program may lie where only its owner can go.
    fs::copy(program(), path("understudy")).unwrap();
    let own = fs::metadata(root.path()).unwrap().uid();
    let mut command = if own == 0 {
        give(root.path());
        let group = fs::metadata("/var/run/docker.sock").unwrap().gid();
        let mut command = Command::new("setpriv");
        command.args([
            "--reuid",
            &NOBODY.to_string(),
            "--regid",
            &NOBODY.to_string(),
        ]);
        command
            .args(["--groups", &group.to_string()])
            .arg(path("understudy"));
        command
    } else {
        Command::new(path("understudy"))
    };
    command
        .arg("run")
        .arg(path("source"))
        .args(["-i", &dev("UNDERSTUDY_DEV_BUSYBOX")]);
    command.arg("--artifacts").arg(path("artifacts"));
    command
        .env("UNDERSTUDY_HOME", path("home"))
        .env_remove("DOCKER_HOST");
    let run = |command: &mut Command| {
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{text}\n{errors}");
        text
    };
    assert!(run(&mut command).contains("cache: saved 1 files"));
    assert!(run(&mut command).contains("cache: restored 1 files"));

    let secret = fs::metadata(path("artifacts/deep/dir/secret")).unwrap();
    assert_eq!(secret.len(), 2);
    let foreign = Command::new("find")
        .arg(path("home"))
        .args(["-uid", "0"])
        .output()
        .unwrap();
    if own == 0 {
        assert_eq!(String::from_utf8_lossy(&foreign.stdout), "", "still root's");
    }
}
