//! Sources that are git repositories: real ones, over `file://` and over HTTP.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use crate::support::{GitServer, Readers, Run, git, poll, refused};

/// Shows what the build knows of its source, and hands everything back.
const SHOW: &str = "
version: 0.2
phases:
  build:
    commands:
      - echo \"version ${CODEBUILD_SOURCE_VERSION-unset}\"
      - echo \"resolved ${CODEBUILD_RESOLVED_SOURCE_VERSION-unset}\"
      - echo \"url ${CODEBUILD_SOURCE_REPO_URL-unset}\"
      - echo \"directory $CODEBUILD_SRC_DIR\"; [ \"$PWD\" = \"$CODEBUILD_SRC_DIR\" ]
      - echo \"content $(cat content)\"
artifacts: {files: '**/*'}
";

/// A bare repository with a history: on `main` `one` and `two` (tagged `v2`), on `side/branch` `three`, and as pull
/// request 7 `four`.
struct Repository {
    place: PathBuf,
    commits: [String; 4],
}

impl Repository {
    fn below(root: &Path) -> Self {
        let work = root.join("work");
        fs::create_dir_all(&work).unwrap();
        git(&work, &["init", "--quiet", "--initial-branch=main"]);
        fs::write(work.join("buildspec.yml"), SHOW).unwrap();
        let commit = |content: &str| {
            fs::write(work.join("content"), content).unwrap();
            git(&work, &["add", "--all"]);
            git(&work, &["commit", "--quiet", "--message", content]);
            git(&work, &["rev-parse", "HEAD"])
        };
        let one = commit("one");
        let two = commit("two");
        git(&work, &["tag", "--annotate", "--message", "two", "v2"]);
        git(&work, &["checkout", "--quiet", "-b", "side/branch"]);
        let three = commit("three");
        git(&work, &["checkout", "--quiet", "--detach"]);
        let four = commit("four");
        git(&work, &["update-ref", "refs/pull/7/head", &four]);
        git(&work, &["checkout", "--quiet", "main"]);
        let place = root.join("served/owner/app.git");
        fs::create_dir_all(&place).unwrap();
        git(
            &place,
            &["init", "--quiet", "--bare", "--initial-branch=main"],
        );
        let every = "+refs/*:refs/*";
        git(&place, &["fetch", "--quiet", work.to_str().unwrap(), every]);
        Self {
            place,
            commits: [one, two, three, four],
        }
    }

    fn file_url(&self) -> String {
        format!("file://{}", self.place.display())
    }

    fn server(&self, readers: Readers) -> GitServer {
        GitServer::new(self.place.ancestors().nth(2).unwrap(), readers)
    }
}

/// A build that takes nobody's own git settings.
fn build_of(url: &str) -> Run {
    Run::new()
        .source(Path::new(url))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
}

/// The commit that the build had checked out, and its branch.
fn head(run: &Run) -> (String, String) {
    let artifacts = run.artifacts();
    // Artifacts have no empty directories, and git wants this one.
    fs::create_dir_all(artifacts.join(".git/refs")).unwrap();
    let commit = git(&artifacts, &["rev-parse", "HEAD"]);
    let branch = git(&artifacts, &["rev-parse", "--abbrev-ref", "HEAD"]);
    assert_eq!(git(&artifacts, &["status", "--porcelain"]), "");
    (commit, branch)
}

fn length(run: &Run) -> String {
    git(&run.artifacts(), &["rev-list", "--count", "HEAD"])
}

// Reference §3.1, §10.1.
#[test]
fn without_a_version_the_default_branch_is_built() {
    let root = tempfile::tempdir().unwrap();
    let repository = Repository::below(root.path());
    let two = &repository.commits[1];
    let server = repository.server(Readers::All);
    for url in [repository.file_url(), server.url("owner/app.git")] {
        let run = build_of(&url);
        let outcome = run.run().ended(0);
        outcome.says("version refs/heads/main");
        outcome.says(&format!("resolved {two}"));
        outcome.says(&format!("url {url}"));
        outcome.says("content two");
        assert_eq!(outcome.result["resolvedSourceVersion"], *two);
        assert_eq!(outcome.result["source"]["location"], url);
        assert_eq!(outcome.result["projectName"], "app");
        assert_eq!(head(&run), (two.clone(), "main".to_owned()), "{url}");
        assert_eq!(length(&run), "2");
        let artifacts = run.artifacts();
        assert_eq!(git(&artifacts, &["describe", "--tags"]), "v2");
        assert_eq!(git(&artifacts, &["remote", "get-url", "origin"]), url);
    }
}

// Reference §10.1: branch, tag, commit, `pr/N`, refs, and `<ref>^{<commit>}`.
#[test]
fn every_form_of_a_version_is_fetched_with_and_without_history() {
    let root = tempfile::tempdir().unwrap();
    let repository = Repository::below(root.path());
    let server = repository.server(Readers::All);
    let [one, two, three, four] = &repository.commits;
    let short = three.get(..9).unwrap();
    let pinned = format!("refs/heads/side/branch^{{{one}}}");
    let cases: [(&str, &str, &str, &str); 9] = [
        ("side/branch", "three", three, "side/branch"),
        ("refs/heads/side/branch", "three", three, "side/branch"),
        ("v2", "two", two, "HEAD"),
        ("refs/tags/v2", "two", two, "HEAD"),
        ("pr/7", "four", four, "HEAD"),
        ("refs/pull/7/head", "four", four, "HEAD"),
        (one, "one", one, "HEAD"),
        (short, "three", three, "HEAD"),
        (&pinned, "one", one, "HEAD"),
    ];
    for (version, content, commit, branch) in cases {
        for depth in ["0", "1"] {
            let run = build_of(&server.url("owner/app.git"))
                .arg("--source-version")
                .arg(version)
                .arg("--git-depth")
                .arg(depth);
            let outcome = run.run().ended(0);
            outcome.says(&format!("content {content}"));
            outcome.says(&format!("version {version}"));
            outcome.says(&format!("resolved {commit}"));
            let expected = (commit.to_owned(), branch.to_owned());
            assert_eq!(head(&run), expected, "{version} at depth {depth}");
        }
    }
}

// Reference §10.1, §16 row 17: 0 and more than 25 are the whole history.
#[test]
fn the_depth_cuts_the_history_and_what_is_too_deep_does_not() {
    let root = tempfile::tempdir().unwrap();
    let repository = Repository::below(root.path());
    let url = repository.server(Readers::All).url("owner/app.git");
    for (depth, commits) in [("1", "1"), ("2", "2"), ("5", "3"), ("26", "3"), ("0", "3")] {
        let run = build_of(&url)
            .arg("--source-version")
            .arg("side/branch")
            .arg("--git-depth")
            .arg(depth);
        run.run().ended(0);
        assert_eq!(length(&run), commits, "depth {depth}");
    }
    let run = build_of(&url).arg("--git-depth").arg("1");
    run.run().ended(0);
    assert_eq!(length(&run), "1");
}

// Reference §4.1: host and path, as for GitHub and CodeCommit.
#[test]
fn a_repository_lies_below_its_host_and_path() {
    let root = tempfile::tempdir().unwrap();
    let repository = Repository::below(root.path());
    let server = repository.server(Readers::All);
    let run = build_of(&server.url("owner/app.git"))
        .arg("-o")
        .arg("codebuild");
    let outcome = run.run().ended(0);
    let line = outcome
        .stdout
        .lines()
        .find(|line| line.starts_with("directory "));
    assert!(
        line.unwrap().ends_with("/src/127.0.0.1/owner/app"),
        "{line:?}"
    );
    let directory = line.unwrap().trim_start_matches("directory ");
    for agent in [
        format!(" CODEBUILD_SRC_DIR={directory}\n"),
        format!(" YAML location is {directory}/buildspec.yml\n"),
        format!(" Moving to directory {directory}\n"),
    ] {
        assert!(
            outcome.stdout.contains(&agent),
            "no `{agent}`: {}",
            outcome.stdout
        );
    }
    let run = build_of(&repository.file_url());
    let outcome = run.run().ended(0);
    let line = outcome
        .stdout
        .lines()
        .find(|line| line.starts_with("directory "));
    assert!(line.unwrap().ends_with("/src"), "{line:?}");
}

#[test]
fn submodules_are_fetched_when_asked_for() {
    let root = tempfile::tempdir().unwrap();
    let repository = Repository::below(root.path());
    let server = repository.server(Readers::All);
    let work = root.path().join("work");
    let outer = root.path().join("served/owner/outer.git");
    // A relative address is the usual one among the repositories of one owner.
    git(
        &work,
        &[
            "config",
            "remote.origin.url",
            &server.url("owner/outer.git"),
        ],
    );
    git(
        &work,
        &["submodule", "--quiet", "add", "../app.git", "inner"],
    );
    git(
        &work,
        &["commit", "--quiet", "--message", "with a submodule"],
    );
    git(
        root.path(),
        &[
            "clone",
            "--quiet",
            "--bare",
            "work",
            outer.to_str().unwrap(),
        ],
    );
    for (flag, there) in [(None, false), (Some("--submodules"), true)] {
        let run = build_of(&server.url("owner/outer.git"));
        let run = flag.into_iter().fold(run, Run::arg);
        run.run().ended(0);
        let content = fs::read_to_string(run.artifacts().join("inner/content"));
        assert_eq!(content.is_ok(), there, "{flag:?}");
    }
}

// A repository that somebody else wrote must neither read this machine's files nor run a program here.
#[test]
fn a_submodule_cannot_come_from_this_machine_or_run_a_program() {
    let root = tempfile::tempdir().unwrap();
    let repository = Repository::below(root.path());
    let server = repository.server(Readers::All);
    let work = root.path().join("work");
    let ran = root.path().join("ran");
    let program = format!("ext::sh -c touch% {}", ran.display());
    let commit = &repository.commits[0];
    for (index, url) in [repository.file_url(), program].iter().enumerate() {
        let modules = format!("[submodule \"inner\"]\n\tpath = inner\n\turl = {url}\n");
        fs::write(work.join(".gitmodules"), modules).unwrap();
        git(&work, &["add", ".gitmodules"]);
        let entry = format!("160000,{commit},inner");
        git(&work, &["update-index", "--add", "--cacheinfo", &entry]);
        git(&work, &["commit", "--quiet", "--message", "hostile"]);
        let name = format!("owner/hostile{index}.git");
        let place = root.path().join("served").join(&name);
        git(
            root.path(),
            &[
                "clone",
                "--quiet",
                "--bare",
                "work",
                place.to_str().unwrap(),
            ],
        );
        let run = build_of(&server.url(&name)).arg("--submodules");
        refused(&run, 2, "not allowed", "HTTPS");
    }
    assert!(!ran.exists());
}

// Reference §2.9.
#[test]
fn a_repository_behind_a_password_needs_one() {
    let root = tempfile::tempdir().unwrap();
    let repository = Repository::below(root.path());
    // `reader:open sesame`, as a browser would send it.
    let server = repository.server(Readers::Only("cmVhZGVyOm9wZW4gc2VzYW1l"));
    let asked = || {
        build_of(&server.url("owner/app.git"))
            .arg("--source-version")
            .arg("main")
    };
    let message = "authentication required for primary source and source version main";
    let outcome = refused(&asked(), 2, message, "git ls-remote");
    assert_eq!(
        outcome.context("DOWNLOAD_SOURCE"),
        ("CLIENT_ERROR".to_owned(), message.to_owned())
    );
    let run = build_of(&server.url_with("reader:wrong", "owner/app.git"));
    let outcome = refused(
        &run,
        2,
        "authentication required for primary source",
        "git ls-remote",
    );
    assert!(!outcome.stdout.contains("wrong"), "{}", outcome.stdout);

    // The caller's own helper is asked.
    let helper = root.path().join("gitconfig");
    let script = "!f() { echo username=reader; echo 'password=open sesame'; }; f";
    let file = helper.to_str().unwrap();
    git(
        root.path(),
        &["config", "--file", file, "credential.helper", script],
    );
    asked().env("GIT_CONFIG_GLOBAL", file).run().ended(0);

    let server = repository.server(Readers::None);
    let run = build_of(&server.url("owner/app.git"));
    refused(
        &run,
        2,
        "authorization failed for primary source",
        "right to read",
    );
}

#[test]
fn credentials_of_an_address_are_used_and_left_nowhere() {
    let root = tempfile::tempdir().unwrap();
    let repository = Repository::below(root.path());
    let server = repository.server(Readers::Only("cmVhZGVyOm9wZW4gc2VzYW1l"));
    let url = server.url_with("reader:open%20sesame", "owner/app.git");
    for output in ["pretty", "codebuild", "json"] {
        let run = build_of(&url).arg("-o").arg(output);
        let outcome = run.run().ended(0);
        if output != "json" {
            outcome.says(&format!("url {}", server.url("owner/app.git")));
        }
        let shown = [
            outcome.stdout.clone(),
            outcome.stderr.clone(),
            outcome.result.to_string(),
        ];
        assert!(
            shown.iter().all(|text| !text.contains("sesame")),
            "{output}"
        );
        for place in [run.artifacts(), run.home()] {
            let mut grep = std::process::Command::new("grep");
            let found = grep.args(["-ral", "sesame"]).arg(&place).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&found.stdout), "", "{output}");
        }
    }
}

// Reference §2.9.
#[test]
fn what_a_host_does_not_have_is_told_in_codebuilds_words() {
    let root = tempfile::tempdir().unwrap();
    let repository = Repository::below(root.path());
    let server = repository.server(Readers::All);
    for url in [server.url("owner/app.git"), repository.file_url()] {
        for version in [
            "no-such-branch",
            "pr/99",
            "refs/heads/nope",
            "0123456789abcdef0123456789abcdef01234567",
            "0123abcd",
        ] {
            let run = build_of(&url).arg("--source-version").arg(version);
            let message =
                format!("reference not found for primary source and source version {version}");
            refused(&run, 2, &message, "git ls-remote");
        }
    }
    for url in [
        server.url("owner/none.git"),
        format!("{}-none", repository.file_url()),
    ] {
        let message = "repository not found for primary source";
        refused(&build_of(&url), 2, message, "correct the address");
    }
    // Nobody listens on a port that was just given back.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let run = build_of(&format!("http://127.0.0.1:{port}/r.git"));
    refused(&run, 2, "Git clone failed: Unable to access", "by hand");
}

#[test]
fn an_empty_repository_has_no_default_branch() {
    let root = tempfile::tempdir().unwrap();
    git(root.path(), &["init", "--quiet", "--bare", "empty.git"]);
    let run = build_of(&format!("file://{}/empty.git", root.path().display()));
    refused(
        &run,
        2,
        "reference not found for primary source",
        "default branch",
    );
}

#[test]
fn a_version_or_an_address_that_git_would_take_for_something_else_is_refused() {
    let url = "https://example.com/o/r.git";
    for version in ["--upload-pack=id", "-x", "a..b", "main^", "a b"] {
        let run = build_of(url).arg(format!("--source-version={version}"));
        refused(
            &run,
            2,
            &format!("`{version}` is no version"),
            "name a branch",
        );
    }
    for url in [
        "ext::sh -c id",
        "https://user:hunter2@/x",
        "ftp://example.com/r",
    ] {
        let outcome = refused(&build_of(url), 2, "is no source that can be fetched", "git");
        assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
    }
}

#[test]
fn a_host_that_never_answers_is_left_when_the_time_is_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/owner/app.git", silent.local_addr().unwrap());
    let run = build_of(&url).arg("--timeout").arg("0.05");
    run.run().ended(4);
    let speaks_to_it = || {
        let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        let mut lines = processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
        lines.any(|line| String::from_utf8_lossy(&line).contains(&url))
    };
    poll("git and its transport are gone", || !speaks_to_it());
}

// Reference §3.1, §4.1.
#[test]
fn a_secondary_repository_has_its_own_address_version_and_place() {
    let root = tempfile::tempdir().unwrap();
    let repository = Repository::below(root.path());
    let url = repository.server(Readers::All).url("owner/app.git");
    let spec = "version: 0.2
phases: {build: {commands: ['echo \"$CODEBUILD_SOURCE_REPO_URL_lib $CODEBUILD_SOURCE_VERSION_lib\"; echo \"$CODEBUILD_SRC_DIR_lib\"']}}
";
    let run = Run::new()
        .buildspec(spec)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .arg("--secondary-source")
        .arg(format!("lib={url}"))
        .arg("--secondary-source-version")
        .arg("lib=side/branch");
    let outcome = run.run().ended(0);
    outcome.says(&format!("{url} side/branch"));
    assert!(
        outcome.stdout.contains("/src/127.0.0.1/owner/app\n"),
        "{}",
        outcome.stdout
    );
}

// Reference §3.1, §10.2: what the project says, a secondary source and both versions included.
#[test]
fn a_projects_own_sources_are_built_when_asked_for() {
    let root = tempfile::tempdir().unwrap();
    let repository = Repository::below(root.path());
    let one = &repository.commits[0];
    let url = repository.file_url();
    let buildspec = serde_json::json!({
        "version": 0.2,
        "phases": { "build": { "commands": [
            "cat content; echo",
            "echo \"lib $CODEBUILD_SOURCE_REPO_URL_lib $CODEBUILD_SOURCE_VERSION_lib\"",
            "cat $CODEBUILD_SRC_DIR_lib/content; echo",
        ] } },
        "artifacts": { "files": "**/*" },
    });
    let project = serde_json::json!({
        "name": "demo",
        "source": {
            "type": "GITHUB_ENTERPRISE", "location": url, "gitCloneDepth": 1, "buildspec": buildspec.to_string(),
        },
        "sourceVersion": one,
        "secondarySources": [{ "type": "GITHUB", "location": url, "sourceIdentifier": "lib" }],
        "secondarySourceVersions": [{ "sourceIdentifier": "lib", "sourceVersion": "side/branch" }],
    });
    let run = build_of("unused").no_source();
    let file = run.root.path().join("project.json");
    fs::write(&file, project.to_string()).unwrap();
    let run = run
        .arg("--project-source")
        .arg("-p")
        .arg(file.to_str().unwrap());
    let outcome = run.run().ended(0);
    outcome.says("one");
    outcome.says(&format!("lib {url} side/branch"));
    outcome.says("three");
    assert_eq!(outcome.result["resolvedSourceVersion"], *one);
    assert_eq!(head(&run).0, *one);
    assert_eq!(length(&run), "1");
    assert!(
        !outcome.stderr.contains("is not heeded"),
        "{}",
        outcome.stderr
    );
}
