//! The application of our first user: `buildspec-app.yml` to the letter, without and with a cache, without and with a
//! declared image.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{
    KidsLearn, Outcome, Repository, Run, checkout, dev, docker, fixture, program,
};

const APP: &str = "deployments/buildspec-app.yml";
/// Where the `cd` of its BUILD leaves the phase after it.
const ENGINE: &str = "src/fargate/adaptive-engine";
const DEFINITIONS: &str = "imagedefinitions.json";

/// Tests what the cache already holds: no `npm ci`, only what is asked about.
const COVERAGE: &str = "
version: 0.2
phases:
  install: {runtime-versions: {nodejs: 20}}
  build: {commands: [npm run test -- --ci --coverage]}
artifacts: {files: coverage/clover.xml}
cache: {paths: ['.npm/**/*', 'node_modules/**/*']}
";

#[test]
fn the_whole_application_is_built_and_a_second_build_takes_its_packages_from_the_cache() {
    let repository = Repository::in_ecr("kids-learn");
    let app = || builder(&repository).arg("-b").arg(APP);
    let run = named(app());
    let sources = KidsLearn::below(run.root.path());
    let run = run.source(&sources.directory);

    let first = run.run().ended(0);
    it_succeeded(&first, &sources.commit);
    assert_eq!(
        first.result["understudy"]["cache"]["missed"],
        "nothing was saved yet"
    );
    let files = first.result["understudy"]["cache"]["saved"]["files"]
        .as_u64()
        .unwrap();
    assert!(
        files > 10_000,
        "the cache holds packages and the npm cache: {files} files"
    );
    it_left_the_definitions_where_codebuild_would(&first, &run.artifacts());
    it_pushed(&repository, &sources.commit);
    the_service_starts(&format!("{}:{}", repository.uri(), sources.commit));

    // In the same home, but to another place: what the first build delivered must not be taken for the second's.
    let home = run.home();
    let second = app()
        .source(&sources.directory)
        .home_at(&home)
        .arg("-p")
        .arg(sources.directory.join("project.yml").to_str().unwrap())
        // With this npm fails rather than download anything.
        .arg("-e")
        .arg("npm_config_offline=true");
    let outcome = second.run().ended(0);
    it_succeeded(&outcome, &sources.commit);
    let restored = &outcome.result["understudy"]["cache"]["restored"];
    assert_eq!(restored["files"], files, "all that was saved is restored");
    let told = format!("cache: restored {files} files");
    assert!(
        outcome.stdout.contains(&told),
        "no `{told}`:\n{}",
        outcome.stdout
    );
    it_delivered_the_declared_image(&outcome, &second.artifacts(), &repository);

    let measured = named(builder(&repository))
        .source(&sources.directory)
        .home_at(&home)
        .arg("-b")
        .arg("-")
        .stdin(COVERAGE);
    let cover = measured.run().ended(0);
    assert_eq!(
        cover.result["understudy"]["cache"]["restored"]["files"],
        restored_after(&outcome)
    );
    the_figures_are_those_of_the_report(
        &outcome,
        &measured.artifacts().join("coverage/clover.xml"),
    );
}

#[test]
fn the_buildspecs_are_those_of_the_user_to_the_letter() {
    let shared = env::var_os("UNDERSTUDY_SHARED_DATA")
        .map_or_else(|| checkout().join("../shared/data"), PathBuf::from);
    let theirs = shared.join("kids-learn");
    if !theirs.exists() {
        println!("skipped: no {} on this machine", theirs.display());
        return;
    }
    for name in ["buildspec-app.yml", "buildspec-migrate.yml"] {
        let ours = fs::read(fixture().join("deployments").join(name)).unwrap();
        assert_eq!(ours, fs::read(theirs.join(name)).unwrap(), "{name}");
    }
}

/// Gives a build the project's name and nothing else of it: caches belong to a named project.
fn named(run: Run) -> Run {
    let file = run.root.path().join("named.yml");
    fs::write(&file, "name: kids-learn\n").unwrap();
    run.arg("-p").arg(file.to_str().unwrap())
}

/// A build with everything that the user's project gives it: Docker, a repository, the AWS APIs.
fn builder(repository: &Repository) -> Run {
    let aws = dev("UNDERSTUDY_DEV_AWS_FROM_BUILD");
    Run::new()
        .image(&dev("UNDERSTUDY_DEV_IMAGE"))
        .arg("--docker")
        .arg("host")
        .arg("-e")
        .arg(format!("ECR_REPO_URI={}", repository.uri()))
        .arg("-e")
        .arg(format!("AWS_ENDPOINT_URL={aws}"))
        .arg("-e")
        .arg("AWS_ACCESS_KEY_ID")
        .arg("-e")
        .arg("AWS_SECRET_ACCESS_KEY")
        .env("AWS_ENDPOINT_URL", dev("UNDERSTUDY_DEV_AWS"))
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
}

fn it_succeeded(outcome: &Outcome, commit: &str) {
    assert_eq!(outcome.result["buildStatus"], "SUCCEEDED");
    assert_eq!(outcome.result["resolvedSourceVersion"], commit);
    let phases = [
        "SUBMITTED SUCCEEDED",
        "QUEUED SUCCEEDED",
        "PROVISIONING SUCCEEDED",
        "DOWNLOAD_SOURCE SUCCEEDED",
        "INSTALL SUCCEEDED",
        "PRE_BUILD SUCCEEDED",
        "BUILD SUCCEEDED",
        "POST_BUILD SUCCEEDED",
        "UPLOAD_ARTIFACTS SUCCEEDED",
        "FINALIZING SUCCEEDED",
        "COMPLETED",
    ];
    assert_eq!(outcome.phases(), phases);
    let chosen = json!([{ "runtime": "nodejs", "version": "20" }]);
    assert_eq!(outcome.result["understudy"]["runtimes"], chosen);
    assert!(
        outcome.stdout.contains("\nruntime: nodejs 20\n"),
        "{}",
        outcome.stdout
    );
    let (lines, branches) = coverage(outcome);
    let row = outcome
        .stdout
        .lines()
        .find(|line| line.trim_start().starts_with("coverage "));
    let row = row.expect("the summary shows the coverage");
    assert!(
        row.contains(&lines) && row.contains(&branches),
        "{lines}, {branches}: {row}"
    );
}

/// The result's figures as the screen shows them.
fn coverage(outcome: &Outcome) -> (String, String) {
    let report = &outcome.result["understudy"]["reports"][0];
    assert_eq!(report["name"], "kids-learn-unit-test-reports");
    assert_eq!(report["format"], "CLOVERXML");
    let of = |what: &str| {
        let figure = |name: &str| report["codeCoverageSummary"][name].clone();
        let covered = figure(&format!("{what}sCovered").replace("chs", "ches"))
            .as_u64()
            .unwrap();
        let missed = figure(&format!("{what}sMissed").replace("chs", "ches"))
            .as_u64()
            .unwrap();
        let share = figure(&format!("{what}CoveragePercentage"))
            .as_f64()
            .unwrap();
        format!("{share:.2} % ({covered}/{})", covered + missed)
    };
    (of("line"), of("branch"))
}

/// Reference §2.2.1 and §6.2: the `cd` lasts, and a pattern that matches nothing is only skipped; but we say so.
fn it_left_the_definitions_where_codebuild_would(outcome: &Outcome, artifacts: &Path) {
    assert!(
        !artifacts.join(DEFINITIONS).exists(),
        "CodeBuild would not find it either"
    );
    the_cloud_assembly_is_in(artifacts);
    let line = fs::read_to_string(fixture().join(APP)).unwrap();
    let line = line
        .lines()
        .position(|line| line.ends_with(&format!("- cd {ENGINE}")))
        .unwrap()
        + 1;
    let warnings = outcome.result["understudy"]["warnings"].as_array().unwrap();
    let mut messages = warnings.iter().filter_map(|one| one["message"].as_str());
    let warning = messages.find(|one| one.contains(DEFINITIONS)).unwrap();
    for part in [
        format!("`{DEFINITIONS}`"),
        format!("`{ENGINE}/{DEFINITIONS}`"),
        format!("`cd {ENGINE}`"),
        format!("{APP}:{line}"),
    ] {
        assert!(warning.contains(&part), "no {part} in: {warning}");
    }
    let told = format!("warning: {warning}\n  help: ");
    assert_eq!(
        outcome.stdout.matches(&told).count(),
        1,
        "{}",
        outcome.stdout
    );
}

fn the_cloud_assembly_is_in(artifacts: &Path) {
    let manifest = fs::read(artifacts.join("cdk.out/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let of_kind = |kind: &str| {
        let all = manifest["artifacts"].as_object().unwrap().values();
        all.filter(|artifact| artifact["type"] == kind).count()
    };
    assert!(of_kind("aws:cloudformation:stack") >= 2, "{manifest}");
}

/// The commands' own push, by the registry's own word.
fn it_pushed(repository: &Repository, commit: &str) {
    let digest = repository
        .digest(commit)
        .expect("the commit's tag is in the registry");
    assert!(digest.starts_with("sha256:"), "{digest}");
    assert_eq!(repository.digest("latest").as_ref(), Some(&digest));
}

/// DESIGN §6: what the project file declares is built, pushed, pinned, and named where ECS looks for it.
fn it_delivered_the_declared_image(outcome: &Outcome, artifacts: &Path, repository: &Repository) {
    the_cloud_assembly_is_in(artifacts);
    let definitions = fs::read(artifacts.join(DEFINITIONS)).unwrap();
    let definitions: Value = serde_json::from_slice(&definitions).unwrap();
    let image = &outcome.result["understudy"]["images"][0];
    let digest = image["digest"].as_str().unwrap();
    let uri = format!("{}@{digest}", repository.uri());
    assert_eq!(
        definitions,
        json!([{ "name": "adaptive-engine", "imageUri": uri }])
    );
    assert_eq!(
        repository.digest(digest).as_deref(),
        Some(digest),
        "the registry has it"
    );
    assert_eq!(repository.digest("latest").as_deref(), Some(digest));
    assert_eq!(image["repository"], repository.uri());
    // What the machine lacks may be warned of; the definitions are where they belong.
    let warnings = outcome.result["understudy"]["warnings"].to_string();
    assert!(!warnings.contains(DEFINITIONS), "{warnings}");
    let names = docker(&["image", "inspect", "--format", "{{.RepoTags}}", &uri]);
    assert!(
        !names.contains("understudy-build"),
        "the name that only we know is gone: {names}"
    );
}

fn restored_after(outcome: &Outcome) -> Value {
    outcome.result["understudy"]["cache"]["saved"]["files"].clone()
}

/// `understudy report` reads the same file to the same figures, as JSON and for people.
fn the_figures_are_those_of_the_report(outcome: &Outcome, clover: &Path) {
    let report = |format: &str| {
        let mut command = Command::new(program());
        command.args(["report", "--format", format]).arg(clover);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let machine: Value = serde_json::from_str(&report("json")).unwrap();
    let ours = &outcome.result["understudy"]["reports"][0]["codeCoverageSummary"];
    assert_eq!(&machine["summary"], ours);
    let (lines, branches) = coverage(outcome);
    let human = report("human");
    let all = human
        .lines()
        .find(|line| line.trim_start().starts_with("all files"))
        .unwrap();
    assert!(
        all.contains(&lines) && all.contains(&branches),
        "{lines}, {branches}: {all}"
    );
    // jest counts by itself, and printed it into the log.
    let (share, counts) = lines.split_once(" % (").unwrap();
    let jests = format!(
        "Lines        : {share}% ( {} )",
        counts.trim_end_matches(')')
    );
    assert!(
        outcome.stdout.contains(&jests),
        "no `{jests}`:\n{}",
        outcome.stdout
    );
}

/// The pushed image is a service that answers.
fn the_service_starts(image: &str) {
    let name = format!("understudy-test-engine-{}", std::process::id());
    let mut service = Command::new("docker")
        .args(["run", "--rm", "--name", &name, image])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(service.stdout.take().unwrap()).lines();
    let ready = told.any(|line| line.is_ok_and(|line| line.contains("listens on port 8080")));
    let ask = "fetch('http://127.0.0.1:8080/health').then(async (a) => console.log(a.status, await a.text()))";
    let answer = Command::new("docker")
        .args(["exec", &name, "node", "-e", ask])
        .output();
    docker(&["rm", "--force", &name]);
    service.wait().unwrap();
    assert!(ready, "the service did not start");
    let answer = String::from_utf8(answer.unwrap().stdout).unwrap();
    assert!(answer.starts_with("200 {\"status\":\"ok\""), "{answer}");
}
