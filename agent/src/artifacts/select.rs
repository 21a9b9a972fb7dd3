//! Which files an artifact or a report takes (reference §6.1, §6.2).

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};
use indexmap::IndexMap;

use crate::workspace::{Kind, Tree, normal};

/// The rules of one selection; every text with its variables expanded.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Where the globs start: a path or a glob. The source root when not given.
    pub base_directory: Option<String>,
    /// The globs.
    pub files: Vec<String>,
    /// Globs of files that are left out again, relative to where the others start.
    pub exclude: Vec<String>,
    /// Whether every file goes to the root by its base name.
    pub discard_paths: bool,
    /// Whether links that stay within the artifact are kept as links, instead of what they lead to.
    pub keep_links: bool,
    /// `CODEBUILD_SRC_DIR`: an absolute glob below it means the same as a relative one.
    pub source_directory: String,
}

/// What a selection found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Each file once, by its place in the artifact, in the order of the places' bytes, whatever order the file system has.
    pub files: IndexMap<PathBuf, Selected>,
    /// How many files each glob matched, in the order of the rules.
    pub matches: Vec<(String, u64)>,
    /// Places that several files wanted.
    pub collisions: Vec<Collision>,
}

/// One selected file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// The path relative to the source root.
    pub source: PathBuf,
    /// Where it points, for a link that is kept as one.
    pub link: Option<PathBuf>,
}

/// Two files that want one place, because paths are discarded or several base directories are merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collision {
    /// The place in the artifact.
    pub place: PathBuf,
    /// The file that is not in the artifact.
    pub loser: PathBuf,
    /// The file that has the place.
    pub winner: PathBuf,
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
        let glob = relative(written, &rules.source_directory);
        for base in &bases {
            for (path, kind) in matching(tree, base, &glob, written)? {
                if !exclude.is_empty() && exclude.is_match(&path) {
                    continue;
                }
                count += 1;
                take(&mut selection, tree, rules, base, path, kind);
            }
        }
        selection.matches.push((written.clone(), count));
    }
    // Walks are in order within a directory, so that little is left to do.
    selection
        .files
        .sort_by(|one, _, other, _| one.as_os_str().as_bytes().cmp(other.as_os_str().as_bytes()));
    Ok(selection)
}

fn take(
    selection: &mut Selection,
    tree: &Tree,
    rules: &Rules,
    base: &Path,
    path: PathBuf,
    kind: Kind,
) {
    let source = if base.as_os_str().is_empty() {
        path.clone()
    } else {
        base.join(&path)
    };
    // Without its path a link would lead elsewhere.
    let link = (kind == Kind::Link && rules.keep_links && !rules.discard_paths)
        .then(|| tree.link_target(&source).ok())
        .flatten()
        .filter(|target| stays_within(&path, target));
    let place = match path.file_name() {
        Some(name) if rules.discard_paths => PathBuf::from(name),
        _ => path,
    };
    let selected = Selected { source, link };
    let (at, before) = selection.files.insert_full(place, selected);
    let Some(before) = before else { return };
    if let Some((place, now)) = selection.files.get_index(at)
        && before.source != now.source
    {
        selection.collisions.push(Collision {
            place: place.clone(),
            loser: before.source,
            winner: now.source.clone(),
        });
    }
}

/// Returns whether a link at `place` stays within the artifact wherever that is unpacked.
///
/// It may climb at its beginning only: behind a name, which may be a link itself, `..` leads who knows where. As every
/// kept link obeys this, none leads out, not even by way of another.
fn stays_within(place: &Path, target: &Path) -> bool {
    let depth = place.components().count().saturating_sub(1);
    let climbs = target
        .components()
        .take_while(|part| matches!(part, Component::ParentDir | Component::CurDir))
        .filter(|part| *part == Component::ParentDir)
        .count();
    let rest = target
        .components()
        .skip_while(|part| matches!(part, Component::ParentDir | Component::CurDir));
    climbs <= depth
        && rest
            .into_iter()
            .all(|part| matches!(part, Component::Normal(_)))
}

/// The directories that the globs start in; more than one when the base directory is a glob.
fn bases(tree: &Tree, rules: &Rules) -> Result<Vec<PathBuf>, SelectError> {
    let Some(written) = &rules.base_directory else {
        return Ok(vec![PathBuf::new()]);
    };
    let base = relative(written, &rules.source_directory);
    let found: Vec<PathBuf> = if has_glob(&base) {
        let glob = matcher(&base, written)?;
        let fixed = fixed_beginning(&base);
        tree.walk(&fixed)
            .filter(|found| found.kind == Kind::Directory)
            .map(|found| fixed.join(found.path))
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

/// Files and links below `base` that match, relative to it. Only what is below the glob's fixed beginning is walked.
fn matching(
    tree: &Tree,
    base: &Path,
    glob: &str,
    written: &str,
) -> Result<Vec<(PathBuf, Kind)>, SelectError> {
    if !has_glob(glob) {
        let Some(path) = normal(Path::new(glob)) else {
            return Ok(Vec::new());
        };
        let at = base.join(&path);
        let kind = if tree.link_target(&at).is_ok() {
            Some(Kind::Link)
        } else {
            tree.file(&at).is_ok().then_some(Kind::File)
        };
        return Ok(kind.map(|kind| (path, kind)).into_iter().collect());
    }
    let matcher = matcher(glob, written)?;
    let fixed = fixed_beginning(glob);
    let start = base.join(&fixed);
    if !tree.is_directory(&start) {
        return Ok(Vec::new());
    }
    let is_all = glob == "**/*";
    let at_root = fixed.as_os_str().is_empty();
    Ok(tree
        .walk(&start)
        .filter(|found| found.kind != Kind::Directory)
        .map(|found| {
            let path = found.path;
            let path = if at_root { path } else { fixed.join(path) };
            (path, found.kind)
        })
        .filter(|(path, _)| is_all || matcher.is_match(path))
        .collect())
}

/// Returns the components of a glob before the first that is one.
fn fixed_beginning(glob: &str) -> PathBuf {
    Path::new(glob)
        .components()
        .take_while(|part| !has_glob(&part.as_os_str().to_string_lossy()))
        .collect()
}

fn exclusions(rules: &Rules) -> Result<GlobSet, SelectError> {
    let failed = |glob: &str, error: &globset::Error| SelectError::Glob {
        glob: glob.into(),
        reason: error.kind().to_string(),
    };
    let mut set = GlobSetBuilder::new();
    for written in &rules.exclude {
        let glob = relative(written, &rules.source_directory);
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
pub(super) fn builder(glob: &str) -> GlobBuilder<'_> {
    let mut builder = GlobBuilder::new(glob);
    builder.literal_separator(true).backslash_escape(true);
    builder
}

/// Globs match paths as walks give them: without `./`, a trailing `/`, or the source directory itself.
pub(super) fn relative(written: &str, source_directory: &str) -> String {
    let inside = match written.strip_prefix(source_directory) {
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

pub(super) fn has_glob(text: &str) -> bool {
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
    fn places_that_two_files_want_are_named_with_both() {
        let rules = Rules {
            base_directory: Some("my-build*".into()),
            discard_paths: true,
            ..files(&["*"])
        };
        let (root, tree) = tree();
        std::fs::write(root.path().join("my-build2/x"), "").unwrap();
        let selection = select(&tree, &rules).unwrap();
        let collision = Collision {
            place: "x".into(),
            loser: "my-build1/x".into(),
            winner: "my-build2/x".into(),
        };
        assert_eq!(selection.collisions, [collision]);
        let twice = select(&tree, &files(&["top.txt", "*.txt"])).unwrap();
        assert_eq!(twice.collisions, [], "one file that two globs match");
    }

    #[test]
    fn places_are_in_the_order_of_their_bytes() {
        let (_root, tree) = tree();
        let selection = select(&tree, &files(&["top.txt", "out/a.js", "**/*"])).unwrap();
        let places: Vec<_> = selection.files.keys().map(|it| it.as_os_str()).collect();
        let mut sorted = places.clone();
        sorted.sort_by_key(|place| place.as_bytes().to_vec());
        assert_eq!(places, sorted);
        assert_eq!(places.len(), 7);
    }

    #[test]
    fn names_that_are_not_utf_8_are_matched_by_their_bytes() {
        use std::ffi::OsStr;
        let (root, tree) = tree();
        let name = OsStr::from_bytes(b"out/caf\xe9.js");
        std::fs::write(root.path().join(name), "").unwrap();
        for glob in ["**/*", "out/*.js", "out/caf?.js"] {
            let selection = select(&tree, &files(&[glob])).unwrap();
            assert!(selection.files.contains_key(Path::new(name)), "{glob}");
        }
    }

    #[test]
    fn links_are_kept_only_when_they_stay_within_the_artifact() {
        let (root, tree) = tree();
        let link = |target: &str, name: &str| {
            std::os::unix::fs::symlink(target, root.path().join(name)).unwrap();
        };
        let targets = [
            ("out/sibling", "a.js", true),
            ("out/up", "../top.txt", true),
            ("out/deep/folder", "./../deep", true),
            ("out/dangling", "nothing", true),
            ("out/root", "..", true),
            ("out/climbing", "../../x", false),
            ("out/absolute", "/etc/passwd", false),
            ("out/twisted", "deep/../a.js", false),
            ("out/up-behind", "root/../x", false),
        ];
        for (name, target, _) in targets {
            link(target, name);
        }
        let rules = Rules {
            keep_links: true,
            ..files(&["out/**/*", "out/dangling"])
        };
        let selection = select(&tree, &rules).unwrap();
        for (name, target, kept) in targets {
            let link = selection.files[Path::new(name)].link.as_deref();
            assert_eq!(link, kept.then_some(Path::new(target)), "{name}");
        }
        let rules = Rules {
            base_directory: Some("out".into()),
            ..rules
        };
        let rules = Rules {
            files: vec!["*".into()],
            ..rules
        };
        let selection = select(&tree, &rules).unwrap();
        assert_eq!(
            selection.files[Path::new("up")].link,
            None,
            "it would leave the artifact"
        );
        assert!(selection.files[Path::new("sibling")].link.is_some());
        let rules = Rules {
            discard_paths: true,
            ..rules
        };
        let selection = select(&tree, &rules).unwrap();
        assert_eq!(selection.files[Path::new("sibling")].link, None);
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
