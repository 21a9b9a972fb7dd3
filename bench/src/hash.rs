//! Hashing a tree.

use std::path::Path;
use std::process::Command;

use cache::{HashMemory, hash_tree};

use crate::measure::{Figure, Race};
use crate::program::succeed;
use crate::tree::{Sample, fresh, sample};

/// Every file read, because nothing is remembered. Both find the files in the kernel's memory.
pub(crate) fn cold() -> Result<Figure, String> {
    let sample = sample()?;
    race("cache.hash", "hash", 3.0, &sample).run(
        || {
            let memory = fresh("memory")?.join("memory");
            hash(&sample, &mut open(&memory)?)
        },
        || rival(&sample.root),
    )
}

/// The same again: the memory is read and knows every file.
pub(crate) fn again() -> Result<Figure, String> {
    let sample = sample()?;
    let memory = fresh("memory")?.join("memory");
    race("cache.hash.again", "hash again", 30.0, &sample).run(
        || hash(&sample, &mut open(&memory)?),
        || rival(&sample.root),
    )
}

fn race(id: &'static str, what: &str, aim: f64, sample: &Sample) -> Race {
    Race {
        id,
        work: format!("{what} {}", sample.size()),
        rival_name: "find | xargs sha256sum".to_owned(),
        aim,
        pairs: 7,
    }
}

fn open(memory: &Path) -> Result<HashMemory, String> {
    HashMemory::open(memory).map_err(|error| error.to_string())
}

fn hash(sample: &Sample, memory: &mut HashMemory) -> Result<(), String> {
    let hashed = hash_tree(&sample.root, &[".".to_owned()], memory);
    let hashed = hashed.map_err(|error| error.to_string())?;
    if hashed.files < sample.files {
        return Err(format!(
            "{} of {} files were hashed",
            hashed.files, sample.files
        ));
    }
    Ok(())
}

fn rival(root: &Path) -> Result<(), String> {
    let script = "find . -type f -print0 | xargs -0 sha256sum";
    succeed(Command::new("sh").args(["-c", script]).current_dir(root))
}
