//! What cannot be used: arguments, project, source, buildspec, image, engine. Each gets one clear error with its next
//! step, the right exit code (DESIGN §7), and leaves nothing behind.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;

use crate::support::{ImageName, Run, docker, masked, obeying_modes, refused};

const FINE: &str = "version: 0.2\nphases: {build: {commands: ['echo ran']}}\n";

fn fine() -> Run {
    Run::new().buildspec(FINE)
}

#[test]
fn without_an_engine() {
    let help = "point DOCKER_HOST at a running engine";
    let missing = fine().env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    refused(
        &missing,
        3,
        "no Docker Engine answers at unix:///nonexistent/docker.sock",
        help,
    );
    // Nothing listens on port 1.
    let closed = fine().env("DOCKER_HOST", "tcp://127.0.0.1:1");
    let outcome = refused(
        &closed,
        3,
        "no Docker Engine answers at tcp://127.0.0.1:1",
        help,
    );
    assert_eq!(outcome.result["buildStatus"], "FAULT");
    let strange = fine().env("DOCKER_HOST", "ssh://elsewhere");
    refused(
        &strange,
        3,
        "only unix:// and tcp:// addresses are understood",
        help,
    );
}

#[test]
fn an_engine_that_never_was_asked_leaves_no_directory_of_a_build() {
    let outcome = fine()
        .env("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        .run()
        .ended(3);
    assert_eq!(outcome.builds(), [] as [std::path::PathBuf; 0]);
}

#[test]
fn a_build_that_never_had_an_image_leaves_no_working_directories() {
    let run = fine().image("127.0.0.1:1/no/such:image");
    let outcome = run.run().ended(2);
    for gone in ["src", "tmp"] {
        let place = outcome.builds()[0].join(gone);
        assert!(!place.exists(), "{} is left", place.display());
    }
}

#[test]
fn without_permission_to_use_the_engine() {
    let run = fine();
    let socket = run.root.path().join("docker.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, Permissions::from_mode(0o000)).unwrap();
    let address = format!("unix://{}", socket.display());
    let run = obeying_modes(run).env("DOCKER_HOST", &address);
    let error = format!("no permission to use the Docker Engine at {address}");
    refused(&run, 3, &error, "join the `docker` group");
}

#[test]
fn without_a_usable_image() {
    refused(
        &fine().no_image(),
        2,
        "no build image is given",
        "`-i IMAGE`",
    );
    // A registry that is not there: no name on the internet is asked for.
    let unknown = fine().image("127.0.0.1:1/no/such:image");
    let outcome = refused(
        &unknown,
        2,
        "image `127.0.0.1:1/no/such:image` cannot be found",
        "check the name",
    );
    // Reference §2.9: the code and how the message begins.
    let (code, message) = outcome.context("PROVISIONING");
    assert_eq!(code, "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE");
    let start = "Unable to pull customer's container image. CannotPullContainerError: ";
    assert!(message.starts_with(start), "{message}");
    let no_name = fine().image("Not A Name");
    refused(
        &no_name,
        2,
        "`Not A Name` is not an image's name",
        "`[registry/]name[:tag]`",
    );
}

#[test]
fn an_image_without_a_shell_is_named() {
    let image = ImageName::unique("no-shell");
    let run = fine().image(&image.repository);
    let archive = run.root.path().join("empty.tar");
    fs::write(&archive, [0; 1024]).unwrap();
    docker(&["import", archive.to_str().unwrap(), &image.repository]);
    let error = format!("image `{}` has no `sh`", image.repository);
    let outcome = refused(&run, 2, &error, "use an image with a POSIX shell");
    // Reference §2.4, §2.9: how the message begins.
    let (_, message) = outcome.context("DOWNLOAD_SOURCE");
    let start = "Build container found dead before completing the build. ";
    assert!(message.starts_with(start), "{message}");
}

// Reference §2.9: CodeBuild's own two messages.
#[test]
fn without_a_buildspec() {
    let outcome = refused(
        &Run::new(),
        2,
        "YAML file does not exist",
        "no `buildspec.yml` in",
    );
    let expected = (
        "YAML_FILE_ERROR".to_owned(),
        "YAML file does not exist".to_owned(),
    );
    assert_eq!(outcome.context("DOWNLOAD_SOURCE"), expected);

    let explicit = Run::new().arg("-b").arg("ci/build.yml");
    let outcome = refused(
        &explicit,
        2,
        "no such file or directory",
        "no `ci/build.yml` in",
    );
    let (code, message) = outcome.context("DOWNLOAD_SOURCE");
    assert_eq!(code, "YAML_FILE_ERROR");
    let directory = message.strip_prefix("stat /codebuild/output/src").unwrap();
    let rest = directory.trim_start_matches(|c: char| c.is_ascii_digit());
    assert_eq!(rest, "/src/ci/build.yml: no such file or directory");

    let outside = Run::new().arg("-b").arg("../buildspec.yml").file("x", "");
    refused(
        &outside,
        2,
        "no such file or directory",
        "relative to the source",
    );
}

#[test]
fn a_buildspec_that_is_no_yaml_is_shown_with_its_place() {
    let run = Run::new().buildspec("version: 0.2\nphases: [\n");
    let outcome = refused(&run, 2, "line 1", "buildspec.yml:2:9: ");
    let drawn = "
 --> buildspec.yml:2:9
  |
2 | phases: [
  |         ^
";
    assert!(outcome.stdout.contains(drawn), "{}", outcome.stdout);
}

#[test]
fn every_finding_of_a_buildspec_is_shown_before_the_one_error() {
    let spec = "version: 0.2\nphases:\n  build:\n    commands:\n      - echo a: b\n  biuld:\n    commands: [x]\n";
    let outcome = refused(
        &Run::new().buildspec(spec),
        2,
        "Expected Commands[0] to be of string type",
        "single quotes",
    );
    for drawn in [
        " --> buildspec.yml:5:9\n  |\n5 |       - echo a: b\n  |         ^^^^^^^^^\n",
        " --> buildspec.yml:6:3\n  |\n6 |   biuld:\n  |   ^^^^^\n",
    ] {
        assert!(
            outcome.stdout.contains(drawn),
            "no\n{drawn}in\n{}",
            outcome.stdout
        );
    }
    assert_eq!(
        outcome.stdout.matches("\nerror[").count(),
        2,
        "{}",
        outcome.stdout
    );
    assert!(!outcome.phases().contains(&"INSTALL SUCCEEDED".to_owned()));
}

// Reference §5.2, row 8: the line is for a phase whose `commands` are empty, not for commands that are no text.
#[test]
fn of_commands_that_are_no_text_the_log_does_not_say_that_there_are_none() {
    let spec = "version: 0.2\nphases:\n  build:\n    commands:\n      - echo a: b\n";
    let outcome = Run::new()
        .buildspec(spec)
        .arg("-o")
        .arg("codebuild")
        .run()
        .ended(2);
    let log = masked(&outcome.stdout);
    assert!(!log.contains("No commands found"), "{log}");
}

#[test]
fn without_a_usable_source() {
    let run = Run::new();
    let missing = run.root.path().join("missing");
    let error = format!("source `{}` cannot be read", missing.display());
    refused(&run.source(&missing), 2, &error, "give a directory");
    let run = fine();
    let file = run.source_path().join("buildspec.yml");
    let error = format!(
        "source `{}` cannot be read: it is not a directory",
        file.display()
    );
    refused(&run.source(&file), 2, &error, "give a directory");
}

#[test]
fn variables_that_cannot_be() {
    let names = "a name has letters, digits and underscores";
    for (variable, error, help) in [
        ("1A=x", "`1A` is not a variable's name", names),
        ("=x", "`` is not a variable's name", names),
        ("A-B=x", "`A-B` is not a variable's name", names),
        (
            "CODEBUILD_BUILD_ID=x",
            "`CODEBUILD_BUILD_ID` cannot be set",
            "choose another name",
        ),
    ] {
        refused(&fine().arg("-e").arg(variable), 2, error, help);
    }
    let run = fine().file("variables", "A=1\n# remark\n\n2B=3\n");
    let file = run.source_path().join("variables");
    let error = format!("{}:4: `2B` is not a variable's name", file.display());
    refused(
        &run.arg("--env-file").arg(file.to_str().unwrap()),
        2,
        &error,
        names,
    );
    let missing = fine().arg("--env-file").arg("/nonexistent");
    refused(
        &missing,
        2,
        "environment file `/nonexistent` cannot be read",
        "NAME=VALUE",
    );
}

#[test]
fn timeouts_that_cannot_be() {
    for minutes in ["0", "-1", "nan", "inf", "2161"] {
        let run = fine().arg(format!("--timeout={minutes}"));
        refused(
            &run,
            2,
            "minutes is not possible",
            "more than 0 and at most 2160 minutes",
        );
    }
    let outcome = fine().arg("--timeout=soon").run().ended(2);
    assert!(outcome.stderr.contains("'soon'"), "{}", outcome.stderr);
}

#[test]
fn project_files_that_are_none() {
    let project = |text: &str| {
        let run = fine().file("project.yml", text);
        let file = run.source_path().join("project.yml");
        run.arg("-p").arg(file.to_str().unwrap())
    };
    let misspelt = "name: demo\nimages:\n  - name: web\n    contxt: .\n    repository: r\n";
    let outcome = refused(&project(misspelt), 2, "project.yml`", "correct that line");
    for named in ["line 4 column 5", "`contxt`", "4 |     contxt: .\n"] {
        assert!(
            outcome.stderr.contains(named),
            "no {named}: {}",
            outcome.stderr
        );
    }
    let wrong_kind = project("environment:\n  image: [a, b]\n");
    let outcome = refused(&wrong_kind, 2, "project.yml`", "correct that line");
    assert!(
        outcome.stderr.contains("2 |   image: [a, b]\n"),
        "{}",
        outcome.stderr
    );
    refused(
        &project("name: a b\n"),
        2,
        "`a b` is not a project's name",
        "letters, digits",
    );
    let missing = fine().arg("-p").arg("/nonexistent.yml");
    refused(
        &missing,
        2,
        "project file `/nonexistent.yml` cannot be read",
        "create-project",
    );
}
