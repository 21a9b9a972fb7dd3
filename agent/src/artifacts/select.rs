//! Which files an artifact or a report takes (reference §6.1, §6.2).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};

use crate::workspace::{Kind, Tree, normal};

/// The rules of one selection; every text with its variables expanded.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Where the globs start: a path or a glob. The source root when not given.
    pub base_directory: Option<String>,
    /// The globs.
    pub files: Vec<String>,
    /// Globs of files that are left out again.
    pub exclude: Vec<String>,
    /// Whether every file goes to the root by its base name.
    pub discard_paths: bool,
    /// `CODEBUILD_SRC_DIR`: an absolute glob below it means the same as a relative one.
    pub source_directory: String,
}

/// What a selection found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Each file once, by its place in the artifact.
    pub files: BTreeMap<PathBuf, Selected>,
    /// How many files each glob matched, in the order of the rules.
    pub matches: Vec<(String, u64)>,
    /// Places that two files wanted under `discard-paths`; the later one has it.
    pub collisions: Vec<PathBuf>,
}

/// One selected file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// The path relative to the source root.
    pub source: PathBuf,
}

/// Why nothing can be selected.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SelectError {
    /// No directory matches; CodeBuild's words.
    #[error("no matching base directory path found for {0}")]
    NoBaseDirectory(String),
    /// A glob that is none.
    #[error("`{glob}` is not a glob: {reason}")]
    Glob {
        /// The glob.
        glob: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Applies the rules to a tree.
pub fn select(tree: &Tree, rules: &Rules) -> Result<Selection, SelectError> {
    let bases = bases(tree, rules)?;
    let exclude = exclusions(rules)?;
    let mut selection = Selection::default();
    for written in &rules.files {
        let mut count = 0;
        let glob = relative(written, rules);
        for base in &bases {
            for path in matching(tree, base, &glob, written)? {
                if exclude.is_match(&path) {
                    continue;
                }
                count += 1;
                take(&mut selection, rules, base, path);
            }
        }
        selection.matches.push((written.clone(), count));
    }
    Ok(selection)
}

fn take(selection: &mut Selection, rules: &Rules, base: &Path, path: PathBuf) {
    let source = base.join(&path);
    let place = match path.file_name() {
        Some(name) if rules.discard_paths => PathBuf::from(name),
        _ => path,
    };
    let before = selection.files.insert(
        place.clone(),
        Selected {
            source: source.clone(),
        },
    );
    if before.is_some_and(|before| before.source != source) {
        selection.collisions.push(place);
    }
}

/// The directories that the globs start in; more than one when the base directory is a glob.
fn bases(tree: &Tree, rules: &Rules) -> Result<Vec<PathBuf>, SelectError> {
    let Some(written) = &rules.base_directory else {
        return Ok(vec![PathBuf::new()]);
    };
    let base = relative(written, rules);
    let found: Vec<PathBuf> = if has_glob(&base) {
        let glob = matcher(&base, written)?;
        tree.walk(Path::new(""))
            .filter(|found| found.kind == Kind::Directory)
            .map(|found| found.path)
            .filter(|path| glob.is_match(path))
            .collect()
    } else {
        normal(Path::new(&base))
            .filter(|path| tree.is_directory(path))
            .into_iter()
            .collect()
    };
    if found.is_empty() {
        return Err(SelectError::NoBaseDirectory(written.clone()));
    }
    Ok(found)
}

/// Files and links below `base` that match, relative to it. Only the glob's fixed beginning is walked.
fn matching(
    tree: &Tree,
    base: &Path,
    glob: &str,
    written: &str,
) -> Result<Vec<PathBuf>, SelectError> {
    if !has_glob(glob) {
        let Some(path) = normal(Path::new(glob)) else {
            return Ok(Vec::new());
        };
        let found = tree.file(&base.join(&path)).is_ok();
        return Ok(found.then_some(path).into_iter().collect());
    }
    let matcher = matcher(glob, written)?;
    let fixed: PathBuf = Path::new(glob)
        .components()
        .take_while(|part| !has_glob(&part.as_os_str().to_string_lossy()))
        .collect();
    let start = base.join(&fixed);
    if !tree.is_directory(&start) {
        return Ok(Vec::new());
    }
    Ok(tree
        .files(&start)
        .map(|path| fixed.join(path))
        .filter(|path| matcher.is_match(path))
        .collect())
}

fn exclusions(rules: &Rules) -> Result<GlobSet, SelectError> {
    let failed = |glob: &str, error: &globset::Error| SelectError::Glob {
        glob: glob.into(),
        reason: error.kind().to_string(),
    };
    let mut set = GlobSetBuilder::new();
    for written in &rules.exclude {
        let glob = relative(written, rules);
        let built = builder(&glob)
            .build()
            .map_err(|error| failed(written, &error))?;
        set.add(built);
    }
    set.build().map_err(|error| failed("exclude-paths", &error))
}

fn matcher(glob: &str, written: &str) -> Result<GlobMatcher, SelectError> {
    let built = builder(glob).build().map_err(|error| SelectError::Glob {
        glob: written.into(),
        reason: error.kind().to_string(),
    })?;
    Ok(built.compile_matcher())
}

/// `*` and `?` stay within one directory and match dot files; `**` crosses (reference §6.1).
fn builder(glob: &str) -> GlobBuilder<'_> {
    let mut builder = GlobBuilder::new(glob);
    builder.literal_separator(true).backslash_escape(true);
    builder
}

/// Globs match paths as walks give them: without `./`, a trailing `/`, or the source directory itself.
fn relative(written: &str, rules: &Rules) -> String {
    let inside = match written.strip_prefix(&rules.source_directory) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => written,
    };
    let mut glob = inside.trim_start_matches('/');
    while let Some(rest) = glob.strip_prefix("./") {
        glob = rest;
    }
    match glob.trim_end_matches('/') {
        "." => String::new(),
        glob => glob.split('/').map(crossing).collect::<Vec<_>>().join("/"),
    }
}

/// The guide means every file by `**.*`, at every depth; a matcher takes `**` for that only as a whole component
/// (reference §6.1).
fn crossing(component: &str) -> String {
    match component.strip_prefix("**") {
        Some(rest) if !rest.is_empty() => format!("**/*{}", rest.trim_start_matches('*')),
        _ => component.to_owned(),
    }
}

fn has_glob(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> (tempfile::TempDir, Tree) {
        let root = tempfile::tempdir().unwrap();
        for name in [
            "top.txt",
            ".env",
            "out/a.js",
            "out/.hidden",
            "out/deep/b.js",
            "my-build1/x",
            "my-build2/y",
        ] {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        }
        let tree = Tree::open(root.path()).unwrap();
        (root, tree)
    }

    fn places(rules: &Rules) -> Vec<String> {
        let (_root, tree) = tree();
        let selection = select(&tree, rules).unwrap();
        selection
            .files
            .keys()
            .map(|path| path.display().to_string())
            .collect()
    }

    fn files(globs: &[&str]) -> Rules {
        Rules {
            files: globs.iter().map(ToString::to_string).collect(),
            source_directory: "/codebuild/output/src1/src".into(),
            ..Rules::default()
        }
    }

    // Reference §6.1.
    #[test]
    fn globs_match_as_the_guide_says() {
        assert_eq!(places(&files(&["top.txt"])), ["top.txt"]);
        assert_eq!(places(&files(&["out/*"])), ["out/.hidden", "out/a.js"]);
        assert_eq!(
            places(&files(&["out/**/*"])),
            ["out/.hidden", "out/a.js", "out/deep/b.js"]
        );
        assert_eq!(places(&files(&["**/*"])).len(), 7);
        assert_eq!(
            places(&files(&["out"])),
            [] as [&str; 0],
            "a bare directory is not expanded"
        );
        assert_eq!(
            places(&files(&[
                "./out/a.js",
                "/codebuild/output/src1/src/top.txt"
            ])),
            ["out/a.js", "top.txt"]
        );
        assert_eq!(
            places(&files(&["../etc/passwd", "/etc/passwd"])),
            [] as [&str; 0]
        );
    }

    // Reference §6.2.
    #[test]
    fn a_base_directory_is_left_out_of_the_paths_and_may_be_a_glob() {
        let rules = Rules {
            base_directory: Some("out".into()),
            ..files(&["**/*"])
        };
        assert_eq!(places(&rules), [".hidden", "a.js", "deep/b.js"]);
        let rules = Rules {
            base_directory: Some("my-build*".into()),
            ..files(&["*"])
        };
        assert_eq!(places(&rules), ["x", "y"]);
        let (_root, tree) = tree();
        let rules = Rules {
            base_directory: Some("none".into()),
            ..files(&["*"])
        };
        assert_eq!(
            select(&tree, &rules).unwrap_err().to_string(),
            "no matching base directory path found for none"
        );
    }

    // Reference §6.2.
    #[test]
    fn paths_are_discarded_and_exclusions_come_last() {
        let rules = Rules {
            discard_paths: true,
            ..files(&["out/**/*.js"])
        };
        assert_eq!(places(&rules), ["a.js", "b.js"]);
        let rules = Rules {
            exclude: vec!["**/.*".into()],
            ..files(&["**/*"])
        };
        assert!(
            !places(&rules)
                .iter()
                .any(|place| place.contains("/.") || place.starts_with('.'))
        );
    }

    #[test]
    fn every_glob_says_how_many_files_it_matched() {
        let (_root, tree) = tree();
        let selection = select(&tree, &files(&["out/a.js", "missing"])).unwrap();
        assert_eq!(
            selection.matches,
            [("out/a.js".to_string(), 1), ("missing".into(), 0)]
        );
    }
}
