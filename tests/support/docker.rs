//! The engine, as its command line sees it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::setup::dev;

/// Runs the Docker CLI and returns what it printed, without the space around it.
#[track_caller]
pub(crate) fn docker(arguments: &[&str]) -> String {
    let output = run(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker {arguments:?}: {error}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// An image name of a test; the image and every tag of the same repository are gone with it.
#[derive(Debug)]
pub(crate) struct ImageName {
    /// Repository without tag.
    pub(crate) repository: String,
}

impl ImageName {
    /// A name that no other process uses.
    pub(crate) fn unique(subject: &str) -> Self {
        Self::new(format!("understudy-test/{subject}-{}", std::process::id()))
    }

    /// An image of busybox and these files, which anyone may execute.
    pub(crate) fn holding(subject: &str, files: &[(&str, &str)]) -> Self {
        Self::over(&dev("UNDERSTUDY_DEV_BUSYBOX"), subject, files)
    }

    /// An image of another one and these files, which anyone may execute.
    pub(crate) fn over(base: &str, subject: &str, files: &[(&str, &str)]) -> Self {
        let image = Self::unique(subject);
        let context = TempDir::new().unwrap();
        for (name, text) in files {
            let path = context.path().join("root").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        }
        fs::write(
            context.path().join("Dockerfile"),
            format!("FROM {base}\nCOPY root /\n"),
        )
        .unwrap();
        let context = context.path().to_str().unwrap();
        docker(&["build", "--quiet", "--tag", &image.repository, context]);
        image
    }

    /// This very name.
    pub(crate) fn new(repository: String) -> Self {
        Self { repository }
    }

    /// The tags that the engine knows.
    pub(crate) fn tags(&self) -> Vec<String> {
        let filter = format!("reference={}", self.repository);
        let output = run(&["images", "--format", "{{.Tag}}", "--filter", &filter]);
        let tags = String::from_utf8_lossy(&output.stdout).into_owned();
        tags.lines().map(str::to_owned).collect()
    }
}

impl Drop for ImageName {
    fn drop(&mut self) {
        // No judgement here: a panic during a panic would hide the first one.
        for tag in self.tags() {
            let name = format!("{}:{tag}", self.repository);
            let _removed = run(&["rmi", "--force", &name]);
        }
        // One whose tags went to another image has only its digest left.
        let filter = format!("reference={}", self.repository);
        let left = run(&["images", "--quiet", "--no-trunc", "--filter", &filter]);
        for id in String::from_utf8_lossy(&left.stdout).lines() {
            let _removed = run(&["rmi", "--force", id]);
        }
    }
}

fn run(arguments: &[&str]) -> Output {
    let output = Command::new("docker").args(arguments).output();
    output.expect("the Docker CLI is there; run `make up`")
}
