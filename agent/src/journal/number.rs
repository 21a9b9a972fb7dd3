//! `CODEBUILD_BUILD_NUMBER`: counts a project's builds from 1.

use std::fs::File;
use std::io::{Read, Seek as _, Write as _};
use std::path::Path;

use super::JournalError;
use super::state::private_directory;

/// Returns the next number of the project whose directory is `project`; two callers never get the same.
pub fn next_number(project: &Path) -> Result<u64, JournalError> {
    private_directory(project)?;
    let path = project.join("number");
    let count = || {
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)?;
        file.lock()?;
        let mut text = String::new();
        Read::by_ref(&mut file).take(32).read_to_string(&mut text)?;
        // A damaged counter starts again: a number is for people, nothing depends on it.
        let number = text.trim().parse::<u64>().unwrap_or(0).saturating_add(1);
        file.rewind()?;
        file.set_len(0)?;
        file.write_all(number.to_string().as_bytes())?;
        Ok(number)
    };
    count().map_err(JournalError::new("count the build in", &path))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Reference §3.1: an integer, per project from 1.
    #[test]
    fn numbers_count_from_one_also_when_builds_start_together() {
        let project = tempfile::tempdir().unwrap();
        let mut numbers: Vec<u64> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| next_number(project.path()).unwrap()))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=8).collect::<Vec<u64>>());
    }
}
