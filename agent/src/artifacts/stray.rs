//! Where the files lie that a pattern missed.

use std::path::{Path, PathBuf};

use crate::workspace::Tree;

/// Directories full of other people's files; a file of the same name there explains nothing.
const FOREIGN: [&str; 3] = [".git", ".npm", "node_modules"];
/// A handful is an explanation, more is noise.
const AT_MOST: usize = 3;

/// Returns files elsewhere in the tree that have the file name of `pattern`, nearest to the root first.
///
/// Only a fixed name says enough to be looked for: `dist/app.zip` does, `dist/*` does not.
pub fn strays(tree: &Tree, pattern: &str) -> Vec<PathBuf> {
    let name = match Path::new(pattern).file_name() {
        Some(name) if !name.to_string_lossy().contains(['*', '?', '[', '{']) => name.to_owned(),
        _ => return Vec::new(),
    };
    let mut found: Vec<PathBuf> = tree
        .files(Path::new(""))
        .filter(|path| path.file_name() == Some(&name))
        .filter(|path| {
            !path
                .iter()
                .any(|part| FOREIGN.iter().any(|foreign| part == *foreign))
        })
        .collect();
    found.sort_by_key(|path| (path.components().count(), path.clone()));
    found.truncate(AT_MOST);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_file_is_found_where_it_lies_but_not_among_foreign_files() {
        let root = tempfile::tempdir().unwrap();
        for name in [
            "a/b/wanted.json",
            "node_modules/x/wanted.json",
            "a/other.json",
        ] {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let tree = Tree::open(root.path()).unwrap();
        assert_eq!(
            strays(&tree, "wanted.json"),
            [PathBuf::from("a/b/wanted.json")]
        );
        assert_eq!(strays(&tree, "out/*.json"), [] as [PathBuf; 0]);
    }
}
