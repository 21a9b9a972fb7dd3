//! The build tools on the PATH: `codebuild-glob-search` and `codebuild-hash-files`, on each shell.

use serde_json::json;

use crate::support::{Shell, Told, on_every_shell};

on_every_shell! {
    files_are_found_as_artifacts_are
    files_are_searched_for_in_the_working_directory
    a_hash_covers_the_content_of_all_files
    the_tools_are_on_the_path_and_cannot_be_changed
}

/// Names that a shell could trip over, and places where globs differ.
const NAMES: [&str; 18] = [
    "top.js",
    ".env",
    ".hid/z.js",
    "a b/x y.js",
    "src/a.js",
    "src/b.ts",
    "src/-dash.js",
    "src/[odd].js",
    "src/back\\slash.js",
    "src/new\nline.js",
    "src/$HOME.js",
    "src/*.js",
    "src/deep/b.js",
    "src/deep/er/c.ts",
    "src/deep/src/d.js",
    "src/Zürich.js",
    "deep",
    "src/..two.js",
];

const GLOBS: [&str; 22] = [
    "**/*",
    "**",
    "*",
    "*.js",
    "src/*",
    "src/**",
    "src/**/*.js",
    "**/deep/*",
    "**/src/**/*.js",
    "./src/a.js",
    "src/{deep,.}/*.{js,ts}",
    "{top,nix}.js",
    "src/[ab].*",
    "src/[!ab].*",
    "src/?.js",
    "src/\\[odd\\].js",
    "src/\\*.js",
    "src/deep",
    "missing/**",
    "a b/*",
    "**/**/*.ts",
    "{src/{deep,nix}/b,top}.js",
];

/// A build whose source has these files.
fn with_names(shell: Shell, command: &str) -> Told {
    let mut run = shell.spec(json!({
        "phases": { "build": { "commands": [command] } },
        "artifacts": { "files": GLOBS },
    }));
    for name in NAMES {
        run = run.file(name, name);
    }
    std::os::unix::fs::symlink("nowhere", run.source_path().join("src/link.js")).unwrap();
    std::os::unix::fs::symlink("deep", run.source_path().join("src/link")).unwrap();
    Told::of(run.run()).ended(0)
}

// Reference §6.1 and §8.8: the same globs, so the same files.
fn files_are_found_as_artifacts_are(shell: Shell) {
    let searches: Vec<_> = GLOBS
        .iter()
        .map(|glob| format!("codebuild-glob-search '{glob}' 2>/dev/null | tr '\\n' '~'; echo"))
        .collect();
    let told = with_names(shell, &searches.join("\n"));
    let output = told.last();
    let lines: Vec<_> = output.lines().collect();
    // A name with a line end would count twice.
    let found: Vec<_> = lines
        .iter()
        .map(|line| line.replace("new~line", "new line").matches('~').count())
        .collect();
    let selected: Vec<_> = told
        .of_type("artifactsSelected")
        .flat_map(|event| event["patterns"].as_array().unwrap())
        .map(|pattern| usize::try_from(pattern["files"].as_u64().unwrap()).unwrap())
        .collect();
    let differ: Vec<_> = GLOBS
        .iter()
        .zip(found.iter().zip(&selected).zip(&lines))
        .filter(|(_, ((found, selected), _))| found != selected)
        .collect();
    assert!(differ.is_empty(), "{differ:#?}");
    assert_eq!(selected.len(), GLOBS.len());
    assert_eq!(lines[2], "buildspec.yml~deep~top.js~.env~");
    assert_eq!(lines[12], "src/a.js~src/b.ts~");
    assert_eq!(lines[21], "src/deep/b.js~top.js~");
}

// The guide: relative to the working directory, one a line, a message when there is none.
fn files_are_searched_for_in_the_working_directory(shell: Shell) {
    let told = with_names(
        shell,
        "cd src\ncodebuild-glob-search 'deep/**' \"$PWD/a.js\" a.js\ncodebuild-glob-search '*.none' || echo failed\n\
         codebuild-glob-search '*.none' 2>&1 >/dev/null",
    );
    let expected = "a.js\ndeep/b.js\ndeep/er/c.ts\ndeep/src/d.js\n";
    let no_files = "codebuild-glob-search: no files found for: *.none\n";
    assert_eq!(told.last(), format!("{expected}{no_files}{no_files}"));
}

// Reference §7.4: every file's hash, sorted by path, hashed; nothing without a match.
fn a_hash_covers_the_content_of_all_files(shell: Shell) {
    let told = with_names(
        shell,
        "cd src\n\
         codebuild-hash-files top.js\n\
         cd ..; sha256sum top.js | cut -d' ' -f1 | sha256sum | cut -d' ' -f1\n\
         codebuild-hash-files '**/*.js'\n\
         codebuild-glob-search 'src/deep/**' | while read -r f; do sha256sum \"$f\" | cut -d' ' -f1; done | sha256sum | cut -d' ' -f1\n\
         codebuild-hash-files 'src/deep/**' 'src/deep/*'\n\
         echo more >>src/a.js; codebuild-hash-files '**/*.js'\n\
         codebuild-hash-files none 2>/dev/null; echo $?",
    );
    let output = told.last();
    let lines: Vec<_> = output.lines().collect();
    assert_eq!(lines.len(), 7, "{output}");
    assert_eq!(lines[0], lines[1]);
    assert_eq!(lines[3], lines[4]);
    assert_ne!(lines[2], lines[5], "the content has changed");
    assert_eq!(lines[6], "0");
    assert!(lines[..6].iter().all(|line| line.len() == 64), "{output}");
}

// The last place of public `env` dumps shows: `…:/sbin:/bin:/codebuild/user/bin`.
fn the_tools_are_on_the_path_and_cannot_be_changed(shell: Shell) {
    let told = shell.succeeds(&[
        "echo $PATH",
        "echo $PATH; (: >>/codebuild/user/bin/codebuild-resume) 2>/dev/null || echo kept",
    ]);
    for output in told.outputs() {
        let path = output.lines().next().unwrap();
        assert!(path.ends_with(":/codebuild/user/bin"), "{path}");
        assert_eq!(path.matches("/codebuild/user/bin").count(), 1, "{path}");
    }
    assert!(told.last().ends_with("kept\n"));
}

// Reference §2.8: values are literal.
#[test]
fn a_path_that_the_buildspec_gives_stays_what_it_is() {
    for (path, status) in [("/bin", "127"), ("/bin:/codebuild/user/bin", "0")] {
        let run = Shell::Ash.spec(json!({
            "env": { "variables": { "PATH": path } },
            "phases": { "build": { "commands": ["echo $PATH; codebuild-glob-search buildspec.yml >/dev/null 2>&1; echo $?"] } },
        }));
        let told = Told::of(run.run()).ended(0);
        assert_eq!(told.last(), format!("{path}\n{status}\n"));
    }
}

// Busybox would find its own without any PATH.
#[test]
fn an_image_without_sha256_is_told_so() {
    let told = Shell::Dash
        .succeeds(&["PATH=/codebuild/user/bin; codebuild-hash-files buildspec.yml || echo $?"]);
    let output = told.last();
    assert!(
        output.contains("has no sha256sum") && output.ends_with("1\n"),
        "{output}"
    );
}
