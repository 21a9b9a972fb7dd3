//! The buildspecs that are measured: real ones where the machine has them, else our fixtures.

use std::path::{Path, PathBuf};

/// The texts, and where they come from.
#[derive(Debug)]
pub(crate) struct Corpus {
    pub(crate) texts: Vec<String>,
    pub(crate) name: &'static str,
}

/// Reads the corpus; what is no UTF-8 is left out, because the rival takes text.
pub(crate) fn read() -> Result<Corpus, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let real = std::env::var_os("UNDERSTUDY_SHARED_DATA")
        .map_or_else(|| root.join("../../shared/data"), PathBuf::from)
        .join("buildspecs");
    let (folder, name) = if real.is_dir() {
        (real, "real buildspecs")
    } else {
        (root.join("../fixtures/buildspecs/invalid"), "fixtures")
    };
    let entries = std::fs::read_dir(&folder)
        .map_err(|error| format!("{} cannot be read: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let texts: Vec<String> = paths
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect();
    if texts.is_empty() {
        return Err(format!("there is no buildspec in {}", folder.display()));
    }
    Ok(Corpus { texts, name })
}
