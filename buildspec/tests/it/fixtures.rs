//! One bad file for each code, with what is said about it beside it; and files that are right.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use buildspec::{Facts, Style, kinds, render};

use crate::{codes, examine};

pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures/buildspecs")
        .join(name)
}

/// Returns the buildspecs of a folder, in the order of their names.
pub(crate) fn buildspecs(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder of fixtures");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let is_buildspec = |path: &PathBuf| path.extension().is_some_and(|ext| ext != "snap");
    paths
        .filter(is_buildspec)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

fn code_of(path: &Path) -> String {
    path.file_stem()
        .expect("a stem")
        .to_string_lossy()
        .into_owned()
}

/// Returns what is known of the project where a rule needs it.
fn facts(code: &str) -> Facts {
    Facts {
        privileged: (code == "docker.not-privileged").then_some(false),
        local_custom_cache: code == "cache.not-a-directory",
        ..Facts::default()
    }
}

#[test]
fn every_bad_file_shows_the_finding_it_is_named_for() {
    let folder = folder("invalid");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for path in buildspecs(&folder) {
        let bytes = std::fs::read(&path).expect("a fixture");
        let code = code_of(&path);
        let (text, findings) = examine(&bytes, &facts(&code));
        assert!(codes(&findings).contains(&code.as_str()), "{code}");
        let name = path.file_name().expect("a name").to_string_lossy();
        let page = render(&text, &name, &findings, Style::Plain);
        settings.bind(|| insta::assert_snapshot!(code, page));
    }
}

#[test]
fn nothing_is_said_about_good_files() {
    for path in buildspecs(&folder("valid")) {
        let bytes = std::fs::read(&path).expect("a fixture");
        let (text, findings) = examine(&bytes, &Facts::default());
        let page = render(&text, &path.to_string_lossy(), &findings, Style::Plain);
        assert_eq!(page, "");
    }
}

/// Codes that only a very large text gets; `hostile.rs` has them.
const OF_LARGE_TEXTS: [&str; 3] = ["findings.too-many", "text.too-long", "yaml.too-many-nodes"];

#[test]
fn every_code_has_a_bad_file_and_an_explanation() {
    let mut with_file: BTreeSet<_> = buildspecs(&folder("invalid"))
        .iter()
        .map(|path| code_of(path))
        .collect();
    with_file.extend(OF_LARGE_TEXTS.map(str::to_owned));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut in_source = BTreeSet::new();
    for name in ["", "tree", "reader", "check"] {
        let folder = source.join(name);
        for path in buildspecs(&folder).iter().filter(|path| path.is_file()) {
            let text = std::fs::read_to_string(path).expect("a source file");
            in_source.extend(codes_in(&text));
        }
    }
    assert_eq!(in_source, with_file);
    let explained: BTreeSet<_> = kinds().iter().map(|kind| kind.code.to_owned()).collect();
    assert_eq!(explained, with_file);
}

/// Returns the string literals of a source file that stand where a code stands.
fn codes_in(source: &str) -> Vec<String> {
    let pieces: Vec<_> = source.split('"').collect();
    let literals = pieces.windows(2).filter_map(|pair| match pair {
        [before, literal] => {
            let stands_for_code = [
                "error(", "warning(", "::new(", "_key:", "_kind:", "{", "&str =",
            ]
            .iter()
            .any(|end| before.trim_end().ends_with(end));
            (stands_for_code && is_code(literal)).then(|| (*literal).to_owned())
        }
        _ => None,
    });
    literals.collect()
}

fn is_code(literal: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    literal
        .split_once('.')
        .is_some_and(|(section, name)| is_word(section) && is_word(name))
}
