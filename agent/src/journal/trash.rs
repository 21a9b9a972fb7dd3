//! Removal off the critical path: deleting a tree of 50,000 files takes seconds, renaming it none.

use std::fs;
use std::io;
use std::path::Path;

use super::JournalError;

/// Moves a directory to the trash; missing directories are fine.
pub fn throw_away(directory: &Path, trash: &Path) -> Result<(), JournalError> {
    let name = uuid::Uuid::new_v4().to_string();
    match fs::rename(directory, trash.join(name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(JournalError::new("move to the trash", directory)(error))
        }
        _ => Ok(()),
    }
}

/// Deletes what is in the trash. Others may do the same at the same time; what they took is not missed.
///
/// The first entry that cannot be deleted is the error; the rest is deleted all the same.
pub fn empty(trash: &Path) -> Result<(), JournalError> {
    let entries = match fs::read_dir(trash) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(JournalError::new("list", trash))?,
    };
    let mut first_failure = Ok(());
    for entry in entries.flatten() {
        let path = entry.path();
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound && first_failure.is_ok() => {
                first_failure = Err(JournalError::new("delete", &path)(error));
            }
            _ => {}
        }
    }
    first_failure
}
