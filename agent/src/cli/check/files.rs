//! Which files are checked: those that are named, and the buildspecs of directories.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::cli::exit::CliError;

/// More than this is no buildspec; the reader says so when it sees that there is more.
const LIMIT: u64 = 8 * 1024 * 1024;

/// Directories full of other people's files.
const FOREIGN: [&str; 4] = [".git", "node_modules", "vendor", "target"];

/// Returns the files to check, directories replaced by the buildspecs below them; an error for a directory
/// that has none.
pub(super) fn find(given: &[PathBuf]) -> Vec<Result<PathBuf, CliError>> {
    let mut files = Vec::new();
    for path in given {
        if !path.is_dir() {
            files.push(Ok(path.clone()));
            continue;
        }
        let found = below(path);
        if found.is_empty() {
            files.push(Err(CliError::unusable(
                format!("there is no buildspec below `{}`", path.display()),
                "name the file; in directories, files called `*buildspec*.yml` are looked for",
            )));
        }
        files.extend(found);
    }
    files
}

fn below(directory: &Path) -> Vec<Result<PathBuf, CliError>> {
    let walk = WalkDir::new(directory).sort_by_file_name().into_iter();
    let own = walk.filter_entry(|entry| {
        let name = entry.file_name().to_string_lossy();
        entry.depth() == 0 || !FOREIGN.contains(&name.as_ref())
    });
    own.filter_map(|entry| match entry {
        Ok(entry) if entry.file_type().is_file() && is_buildspec(entry.path()) => {
            Some(Ok(entry.into_path()))
        }
        Ok(_) => None,
        Err(error) => Some(Err(CliError::unusable(
            format!("a directory cannot be read: {error}"),
            "make it readable, or name the files",
        ))),
    })
    .collect()
}

/// Tells whether a file's name says that it is a buildspec.
fn is_buildspec(path: &Path) -> bool {
    let has_extension = path.extension().is_some_and(|extension| {
        ["yml", "yaml", "json"]
            .iter()
            .any(|known| extension == *known)
    });
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    has_extension && stem.to_ascii_lowercase().contains("buildspec")
}

/// Returns a file's name for people and its bytes; `-` is standard input.
pub(super) fn read(path: &Path) -> Result<(String, Vec<u8>), CliError> {
    let mut bytes = Vec::new();
    let is_input = path == Path::new("-");
    let read = if is_input {
        io::stdin().take(LIMIT).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LIMIT).read_to_end(&mut bytes))
    };
    let name = if is_input {
        "stdin".to_owned()
    } else {
        path.strip_prefix("./")
            .unwrap_or(path)
            .display()
            .to_string()
    };
    read.map(|_length| (name, bytes)).map_err(|error| {
        CliError::unusable(
            format!("`{}` cannot be read: {error}", path.display()),
            "give a buildspec's path, a directory, or `-` for standard input",
        )
    })
}
