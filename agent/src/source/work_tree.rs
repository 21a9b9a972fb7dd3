//! What git knows of a directory.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::{SourceError, command};

/// A directory within a git work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WorkTree {
    /// The commit; `None` before the first one.
    pub(super) head: Option<String>,
}

/// Returns the work tree of a directory; `None` outside one, without git, and where the work tree ignores it.
pub(super) async fn work_tree(directory: &Path) -> Result<Option<WorkTree>, SourceError> {
    let inside = match git(directory, &["rev-parse", "--is-inside-work-tree"]).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        output => output.map_err(|error| failed(directory, error.to_string()))?,
    };
    if !inside.status.success() || inside.stdout.trim_ascii() != b"true" {
        let said = String::from_utf8_lossy(&inside.stderr);
        // Somebody else's repository: git refuses to look, and what it ignores would be taken unseen.
        if said.contains("dubious ownership") {
            return Err(failed(directory, said.trim().to_owned()));
        }
        return Ok(None);
    }
    let ignored = run(directory, &["check-ignore", "--quiet", "."]).await?;
    if ignored.status.success() {
        return Ok(None);
    }
    let head = run(directory, &["rev-parse", "--verify", "--quiet", "HEAD"]).await?;
    let head = head
        .status
        .success()
        .then(|| String::from_utf8_lossy(&head.stdout).trim().to_owned());
    Ok(Some(WorkTree { head }))
}

/// Returns the files that git does not ignore, tracked ones that match an ignore rule included; and `.git` itself when
/// the directory is the top of its repository, because builds ask it for versions.
pub(super) async fn files(directory: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let listed = run(
        directory,
        &[
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--deduplicate",
        ],
    )
    .await?;
    if !listed.status.success() {
        return Err(failed(
            directory,
            String::from_utf8_lossy(&listed.stderr).trim().to_owned(),
        ));
    }
    let mut files: Vec<PathBuf> = listed
        .stdout
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .map(|name| PathBuf::from(OsStr::from_bytes(name)))
        .collect();
    if directory.join(".git").exists() {
        files.push(".git".into());
    }
    Ok(files)
}

async fn run(directory: &Path, arguments: &[&str]) -> Result<Output, SourceError> {
    git(directory, arguments)
        .await
        .map_err(|error| failed(directory, error.to_string()))
}

async fn git(directory: &Path, arguments: &[&str]) -> io::Result<Output> {
    command::git(directory).args(arguments).output().await
}

fn failed(directory: &Path, reason: String) -> SourceError {
    SourceError::Git {
        path: directory.to_owned(),
        reason,
    }
}
