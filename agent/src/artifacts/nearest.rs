//! What lies nearest to a pattern that matches nothing.

use std::path::{Component, Path, PathBuf};

use buildspec::nearest as nearest_name;

use super::select::{builder, has_glob, relative};
use crate::workspace::{Kind, Tree};

/// Directories full of other people's files; a file of the same name there explains nothing.
const FOREIGN: [&str; 3] = [".git", ".npm", "node_modules"];
/// More entries of a directory are not compared.
const MOST: usize = 1000;

/// What somebody may have meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nearest {
    /// A file of that very name, elsewhere.
    Elsewhere(PathBuf),
    /// A file elsewhere that the last component matches, and the pattern that would match it.
    Fits(PathBuf, String),
    /// The pattern with the name of something that is there, where one is written that is not.
    Spelt(String),
}

/// Returns what lies nearest to `pattern`, which matches nothing below `base`; paths are relative to the source root.
pub fn nearest(tree: &Tree, base: &Path, pattern: &str, source_directory: &str) -> Option<Nearest> {
    let pattern = relative(pattern, source_directory);
    let last = Path::new(&pattern).file_name()?.to_str()?;
    if !has_glob(last) {
        let same = shallowest(tree, |path| {
            path.file_name().is_some_and(|name| name == last)
        });
        if let Some(found) = same {
            return Some(Nearest::Elsewhere(found));
        }
    }
    if let Some(spelt) = spelt(tree, base, &pattern) {
        return Some(Nearest::Spelt(spelt));
    }
    // `*` alone says nothing; an ending or a beginning does.
    if !has_glob(last) || last.chars().all(|c| matches!(c, '*' | '?' | '.')) {
        return None;
    }
    let glob = builder(last).build().ok()?.compile_matcher();
    let fits = |path: &Path| path.file_name().is_some_and(|name| glob.is_match(name));
    let found = shallowest(tree, fits)?;
    let inside = found.strip_prefix(base).unwrap_or(&found);
    let better = inside.with_file_name(last).display().to_string();
    Some(Nearest::Fits(found, better))
}

/// Returns the fitting file that is nearest to the root; of several, the first by name.
fn shallowest(tree: &Tree, fits: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let is_foreign = |path: &Path| {
        path.iter()
            .any(|part| FOREIGN.iter().any(|foreign| part == *foreign))
    };
    tree.files(Path::new(""))
        .filter(|path| fits(path) && !is_foreign(path))
        .min_by_key(|path| path.components().count())
}

/// Returns the pattern with the first name that is not there replaced by one that is and looks like it.
fn spelt(tree: &Tree, base: &Path, pattern: &str) -> Option<String> {
    let mut place = base.to_owned();
    let parts: Vec<&str> = Path::new(pattern)
        .components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect::<Option<_>>()?;
    for (at, part) in parts.iter().enumerate() {
        if has_glob(part) {
            return None;
        }
        let is_last = at + 1 == parts.len();
        if !is_last && tree.is_directory(&place.join(part)) {
            place.push(part);
            continue;
        }
        let names: Vec<String> = tree
            .walk(&place)
            .filter(|found| found.path.components().count() == 1)
            .filter(|found| is_last == (found.kind != Kind::Directory))
            .filter_map(|found| found.path.to_str().map(str::to_owned))
            .take(MOST)
            .collect();
        let meant = nearest_name(part, names.iter().map(String::as_str))?;
        let mut corrected = parts.clone();
        *corrected.get_mut(at)? = meant;
        return Some(corrected.join("/"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> (tempfile::TempDir, Tree) {
        let root = tempfile::tempdir().unwrap();
        for name in [
            "a/b/wanted.json",
            "node_modules/x/wanted.json",
            "a/other.json",
            "dist/app.js",
            "target/app-1.jar",
        ] {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let tree = Tree::open(root.path()).unwrap();
        (root, tree)
    }

    fn near(pattern: &str) -> Option<Nearest> {
        nearest(&tree().1, Path::new(""), pattern, "/src")
    }

    #[test]
    fn a_missed_file_is_found_where_it_lies_but_not_among_foreign_files() {
        let found = Some(Nearest::Elsewhere("a/b/wanted.json".into()));
        assert_eq!(near("wanted.json"), found);
        assert_eq!(near("/src/out/wanted.json"), found);
        assert_eq!(near("out/none.json"), None);
    }

    #[test]
    fn a_misspelt_name_is_found_at_every_depth() {
        assert_eq!(near("dits/**/*"), Some(Nearest::Spelt("dist/**/*".into())));
        assert_eq!(
            near("Dist/app.ts"),
            Some(Nearest::Spelt("dist/app.ts".into()))
        );
        assert_eq!(
            near("a/othre.json"),
            Some(Nearest::Spelt("a/other.json".into()))
        );
        assert_eq!(near("nothing/**/*"), None);
    }

    #[test]
    fn a_glob_is_found_where_its_last_component_fits() {
        let fits = Nearest::Fits("target/app-1.jar".into(), "target/*.jar".into());
        assert_eq!(near("*.jar"), Some(fits.clone()));
        assert_eq!(near("build/libs/*.jar"), Some(fits));
        assert_eq!(near("build/*"), None);
    }
}
