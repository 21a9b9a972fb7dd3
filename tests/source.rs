//! What of a local directory a build gets, and that it gets a copy: the user's own files are never written.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use crate::support::{Run, commit_all, git};

/// Hands everything back, so that the test can look at it.
const ALL: &str = "
version: 0.2
phases: {build: {commands: ['echo \"commit: ${CODEBUILD_RESOLVED_SOURCE_VERSION-unset}\"']}}
artifacts: {files: '**/*'}
";

/// A build of a directory whose buildspec is not in it.
fn all() -> Run {
    Run::new().arg("-b").arg("-").stdin(ALL)
}

/// The files that the build had, but for git's own.
fn taken(run: &Run) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = tree(&run.artifacts())
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    names.retain(|path| !path.starts_with(".git"));
    names
}

/// Everything below a directory that is no directory, with what a change would change.
fn tree(root: &Path) -> Vec<(PathBuf, String)> {
    let mut folders = vec![root.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let facts = fs::symlink_metadata(&path).unwrap();
            if facts.is_dir() {
                folders.push(path.clone());
            }
            let (mode, size) = (facts.mode(), facts.size());
            let times = (
                facts.mtime(),
                facts.mtime_nsec(),
                facts.ctime(),
                facts.ctime_nsec(),
            );
            let facts_text = format!("{mode:o} {size} {times:?}");
            if !facts.is_dir() {
                found.push((path.strip_prefix(root).unwrap().to_owned(), facts_text));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn in_a_work_tree_what_git_ignores_is_left_out() {
    let run = all()
        .file(".gitignore", "*.log\nmade/\n")
        .file("tracked", "")
        .file("gone", "")
        .file("kept.log", "")
        .file("deep/tracked", "");
    let top = run.source_path();
    git(top, &["init", "--quiet"]);
    git(top, &["add", "--force", "kept.log"]);
    let commit = commit_all(top);
    let run = run
        .file("untracked", "")
        .file("a.log", "")
        .file("deep/b.log", "")
        .file("made/c", "");
    fs::remove_file(run.source_path().join("gone")).unwrap();
    let outcome = run.run().ended(0);
    let names = [
        ".gitignore",
        "deep/tracked",
        "kept.log",
        "tracked",
        "untracked",
    ];
    assert_eq!(taken(&run), names.map(PathBuf::from));
    outcome.says(&format!("commit: {commit}"));
    assert_eq!(outcome.result["resolvedSourceVersion"], commit);
    assert!(
        run.artifacts().join(".git/HEAD").exists(),
        "builds ask git for versions"
    );

    let run = run.arg("--include-ignored");
    run.run().ended(0);
    let names = [
        ".gitignore",
        "a.log",
        "deep/b.log",
        "deep/tracked",
        "kept.log",
        "made/c",
        "tracked",
        "untracked",
    ];
    assert_eq!(taken(&run), names.map(PathBuf::from));
}

#[test]
fn of_a_work_tree_only_the_directory_itself_is_taken() {
    let run = all()
        .file(".gitignore", "*.log\n")
        .file("app/a", "")
        .file("app/b.log", "")
        .file("other", "");
    let commit = commit_all(run.source_path());
    let app = run.source_path().join("app");
    let run = run.source(&app);
    let outcome = run.run().ended(0);
    assert_eq!(taken(&run), [PathBuf::from("a")]);
    outcome.says(&format!("commit: {commit}"));
    assert!(!run.artifacts().join(".git").exists());
}

#[test]
fn a_directory_that_git_ignores_is_taken_whole() {
    let run = all()
        .file(".gitignore", "made/\n*.log\n")
        .file("made/app/a", "")
        .file("made/app/b.log", "");
    commit_all(run.source_path());
    let made = run.source_path().join("made/app");
    let run = run.source(&made);
    let outcome = run.run().ended(0);
    assert_eq!(taken(&run), ["a", "b.log"].map(PathBuf::from));
    outcome.says("commit: unset");
}

#[test]
fn without_git_everything_is_taken_and_there_is_no_commit() {
    let run = all().file(".gitignore", "*.log\n").file("a.log", "");
    let outcome = run.run().ended(0);
    assert_eq!(taken(&run), [".gitignore", "a.log"].map(PathBuf::from));
    outcome.says("commit: unset");
    assert!(outcome.result["resolvedSourceVersion"].is_null());
}

#[test]
fn before_the_first_commit_there_is_no_commit() {
    let run = all()
        .file(".gitignore", "*.log\n")
        .file("a.log", "")
        .file("b", "");
    git(run.source_path(), &["init", "--quiet"]);
    run.run().ended(0).says("commit: unset");
    assert_eq!(taken(&run), [".gitignore", "b"].map(PathBuf::from));
}

#[test]
fn a_repository_within_the_repository_is_taken_too() {
    let run = all().file("a", "").file("inner/b", "");
    commit_all(&run.source_path().join("inner"));
    git(run.source_path(), &["init", "--quiet"]);
    git(run.source_path(), &["add", "a"]);
    run.run().ended(0);
    assert!(
        taken(&run).contains(&PathBuf::from("inner/b")),
        "{:?}",
        taken(&run)
    );
}

#[test]
fn any_name_is_taken_as_it_is() {
    let bytes = OsStr::from_bytes(b"not \xff text");
    let names = [
        "*?[a]{b}",
        "-dash",
        "a\nline",
        "back\\slash",
        "quo'te\"",
        "two  spaces ",
        "ü",
    ];
    for in_git in [false, true] {
        let run = names.iter().fold(all(), |run, name| run.file(name, name));
        fs::write(run.source_path().join(bytes), "bytes").unwrap();
        if in_git {
            commit_all(run.source_path());
        }
        run.run().ended(0);
        let mut expected: Vec<PathBuf> = names.iter().map(PathBuf::from).collect();
        expected.push(bytes.into());
        expected.sort();
        assert_eq!(taken(&run), expected, "in git: {in_git}");
        assert_eq!(fs::read(run.artifacts().join(bytes)).unwrap(), b"bytes");
    }
}

/// Links of a source, as a build is to see them.
fn linked(command: &str) -> Run {
    let run = Run::new()
        .buildspec(&format!(
            "version: 0.2\nphases: {{build: {{commands: ['{command}']}}}}\n"
        ))
        .file("folder/file", "content");
    symlink("folder/file", run.source_path().join("to-file")).unwrap();
    run
}

#[test]
fn links_stay_links_in_git_and_outside() {
    for in_git in [false, true] {
        let run = linked("readlink to-file; readlink to-folder; cat to-folder/file");
        symlink("folder", run.source_path().join("to-folder")).unwrap();
        if in_git {
            commit_all(run.source_path());
        }
        run.run().ended(0).says("folder/file\nfolder\ncontent");
    }
}

#[test]
fn a_link_that_leads_nowhere_is_taken_as_it_is() {
    for in_git in [false, true] {
        let run = linked("readlink dangling");
        symlink("/nonexistent/target", run.source_path().join("dangling")).unwrap();
        if in_git {
            commit_all(run.source_path());
        }
        run.run().ended(0).says("/nonexistent/target");
    }
}

#[test]
fn what_a_link_leads_to_is_not_written_and_not_read() {
    for in_git in [false, true] {
        let run = linked("[ -L outside ] && ! [ -e outside ] && echo closed");
        let outside = run.root.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("precious"), "precious").unwrap();
        symlink(&outside, run.source_path().join("outside")).unwrap();
        if in_git {
            commit_all(run.source_path());
        }
        let before = tree(&outside);
        let outcome = run.run();
        assert_eq!(
            fs::read_to_string(outside.join("precious")).unwrap(),
            "precious",
            "in git: {in_git}"
        );
        assert_eq!(tree(&outside), before, "in git: {in_git}");
        outcome.ended(0).says("closed");
    }
}

#[test]
fn a_tracked_folder_that_became_a_link_does_not_open_what_it_leads_to() {
    let run = linked("echo ran");
    let outside = run.root.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("file"), "precious").unwrap();
    commit_all(run.source_path());
    fs::remove_dir_all(run.source_path().join("folder")).unwrap();
    symlink(&outside, run.source_path().join("folder")).unwrap();
    let before = tree(&outside);
    let outcome = run.run();
    assert_eq!(
        fs::read_to_string(outside.join("file")).unwrap(),
        "precious"
    );
    assert_eq!(tree(&outside), before);
    outcome.ended(0).says("ran");
}

#[test]
fn sockets_and_pipes_are_left_out_and_modes_are_kept() {
    let spec = "version: 0.2\nphases: {build: {commands: ['./run.sh', 'ls']}}\n";
    let run = Run::new()
        .buildspec(spec)
        .file("run.sh", "#!/bin/sh\necho executed\n");
    let top = run.source_path();
    fs::set_permissions(top.join("run.sh"), Permissions::from_mode(0o755)).unwrap();
    let _socket = UnixListener::bind(top.join("socket")).unwrap();
    let mut pipe = std::process::Command::new("mkfifo");
    assert!(pipe.arg(top.join("pipe")).status().unwrap().success());
    let outcome = run.run().ended(0);
    outcome.says("executed");
    outcome.says("$ ls\nbuildspec.yml\nrun.sh");
}

#[test]
fn the_users_tree_is_never_written() {
    let spec = "
version: 0.2
phases:
  build:
    commands:
      - echo more >> kept; echo new > new; mkdir -p folder/more; chmod 777 folder
      - rm -rf removed .git; mv moved elsewhere; touch -t 200001010000 kept
artifacts: {files: '**/*'}
cache: {paths: ['folder/**/*']}
";
    for in_git in [false, true] {
        let run = Run::new()
            .buildspec(spec)
            .file("kept", "")
            .file("moved", "")
            .file("removed/deep/file", "")
            .file("folder/file", "");
        if in_git {
            commit_all(run.source_path());
        }
        let before = tree(run.source_path());
        run.run().ended(0);
        run.run().ended(0);
        assert_eq!(tree(run.source_path()), before, "in git: {in_git}");
        assert!(!run.artifacts().join("removed").exists());
        assert_eq!(
            fs::read_to_string(run.artifacts().join("kept")).unwrap(),
            "more\n"
        );
    }
}
