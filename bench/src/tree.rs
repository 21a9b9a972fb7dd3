//! The tree that caches are measured with: the `node_modules` of the demo's project, and of a web front end beside it,
//! because the project alone has half of the files that figures may be quoted of.
//!
//! Nothing is ever deleted between two runs: what is left over is moved aside. Deleting tens of thousands of files takes
//! longer than what is measured, and slows down whatever writes afterwards, so that who copies would look slower than it is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::program::succeed;

/// Where the benchmarks keep what they measure with.
const PLACE: &str = "target/bench";
/// The project whose packages are installed.
const PROJECT: &str = "fixtures/projects/kids-learn";
/// What is installed with them.
const FRONT_END: &str = "react-scripts@5.0.1";
/// The fewest files that figures may be quoted of.
const FEWEST_FILES: u64 = 30_000;

/// A directory of files, and what is in it.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// The directory that holds `node_modules` and nothing else that counts.
    pub(crate) root: PathBuf,
    /// Regular files in it.
    pub(crate) files: u64,
    /// Their sizes together.
    pub(crate) bytes: u64,
}

impl Sample {
    /// Says how large it is, for a line of the table.
    pub(crate) fn size(&self) -> String {
        format!("{} files, {} MB", self.files, self.bytes / 1_000_000)
    }
}

/// Returns the project's packages, installed once and used again by every later run. Nobody may write to them: who needs
/// a tree to change takes a [`copy`].
pub(crate) fn sample() -> Result<Sample, String> {
    let root = place()?.join("app");
    let project = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(PROJECT);
    let lock = |directory: &Path| fs::read(directory.join("package-lock.json")).ok();
    if lock(&root) != lock(&project) {
        if root.exists() {
            move_aside(&root)?;
        }
        install(&project, &root)?;
    }
    let (files, bytes) = count(&root.join("node_modules")).map_err(said(&root))?;
    if files < FEWEST_FILES {
        return Err(format!(
            "`{}` has {files} files, and figures need {FEWEST_FILES}; remove it, so that it is installed anew",
            root.display()
        ));
    }
    Ok(Sample { root, files, bytes })
}

/// Installs beside and renames at the end, so that what is there is whole. No package's script runs.
fn install(project: &Path, root: &Path) -> Result<(), String> {
    let new = fresh("installing")?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(project.join(name), new.join(name)).map_err(said(&new))?;
    }
    for what in [
        &["ci"][..],
        &["install", "--no-save", "--legacy-peer-deps", FRONT_END],
    ] {
        let quiet = ["--ignore-scripts", "--no-audit", "--no-fund"];
        let mut npm = Command::new("npm");
        npm.args(what).args(quiet).current_dir(&new);
        succeed(npm.stderr(Stdio::null()))?;
    }
    fs::rename(&new, root).map_err(said(root))
}

/// Returns a copy of a tree that may be changed, with the same modes and times.
pub(crate) fn copy(from: &Path, name: &str) -> Result<PathBuf, String> {
    let to = fresh(name)?;
    succeed(Command::new("cp").arg("-a").arg(from.join(".")).arg(&to))?;
    Ok(to)
}

/// Returns a new, empty directory on the file system of the sample.
pub(crate) fn fresh(name: &str) -> Result<PathBuf, String> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("{name}-{}-{number}", std::process::id());
    let path = place()?.join("work").join(name);
    fs::create_dir_all(&path).map_err(said(&path))?;
    Ok(path)
}

/// Moves a directory or file out of the way.
pub(crate) fn move_aside(path: &Path) -> Result<(), String> {
    let aside = fresh("aside")?.join("it");
    fs::rename(path, &aside).map_err(said(path))
}

/// Deletes everything that was moved aside or made with [`fresh`], when nothing is measured any more.
pub(crate) fn delete_all() -> Result<(), String> {
    let work = place()?.join("work");
    match fs::remove_dir_all(&work) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(said(&work)(error)),
        _ => Ok(()),
    }
}

fn place() -> Result<PathBuf, String> {
    let place = std::path::absolute(PLACE).map_err(said(Path::new(PLACE)))?;
    fs::create_dir_all(&place).map_err(said(&place))?;
    Ok(place)
}

/// Counts regular files and their bytes.
fn count(directory: &Path) -> io::Result<(u64, u64)> {
    let mut found = (0, 0);
    let mut pending = vec![directory.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                pending.push(entry.path());
            } else if kind.is_file() {
                found.0 += 1;
                found.1 += entry.metadata()?.len();
            }
        }
    }
    Ok(found)
}

/// Returns what turns a failure with `path` into a sentence.
pub(crate) fn said(path: &Path) -> impl Fn(io::Error) -> String + '_ {
    |error| format!("`{}`: {error}", path.display())
}
