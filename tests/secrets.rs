//! Variables whose values are kept in Parameter Store and Secrets Manager, or given here in their stead; and masked
//! values on their way into the container. Reference §1.4.1, §1.4.2, §2.8, §2.9.
//!
//! What a command got is read from an artifact: a value in the log would be masked.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{
    ImageName, Kept, Live, Outcome, Run, Shell, Told, dev, docker, on_every_shell, program, refused,
};

on_every_shell! {
    masked_values_reach_commands_whole
    a_shells_own_name_among_masked_ones_stops_nothing
}

/// A build that resolves these blocks of `env`, and writes the value of every variable to a file of its name.
fn build(env: &Value, names: &[&str]) -> Run {
    asking(Run::new(), env, names)
}

fn asking(run: Run, env: &Value, names: &[&str]) -> Run {
    let keep = |name: &&str| format!("printf %s \"${name}\" > values/{name}");
    let commands: Vec<_> = ["mkdir values".to_owned()]
        .into_iter()
        .chain(names.iter().map(keep))
        .collect();
    let spec = json!({
        "version": 0.2,
        "env": env,
        "phases": { "build": { "commands": commands } },
        "artifacts": { "files": ["values/*"], "discard-paths": "yes" },
    });
    with_aws(run.buildspec(&spec.to_string()))
}

/// The caller's credentials and the stand-in.
fn with_aws(run: Run) -> Run {
    run.env("AWS_ENDPOINT_URL", dev("UNDERSTUDY_DEV_AWS"))
        .env("AWS_ACCESS_KEY_ID", "caller")
        .env("AWS_SECRET_ACCESS_KEY", "callers-secret-key")
}

/// What the build's command found in a variable.
#[track_caller]
fn value(run: &Run, name: &str) -> String {
    fs::read_to_string(run.artifacts().join(name)).unwrap()
}

#[track_caller]
fn warning(outcome: &Outcome) -> String {
    let warnings = &outcome.result["understudy"]["warnings"];
    let warnings: Vec<_> = warnings
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["message"].as_str().unwrap())
        .collect();
    warnings.join("\n")
}

// Reference §1.4.2.
#[test]
fn parameters_are_resolved_by_name_and_arn_and_decrypted() {
    let plain = Kept::parameter("plain", "String", "a b");
    let secure = Kept::parameter("secure", "SecureString", "s3cret");
    let run = build(
        &json!({ "parameter-store": { "PLAIN": plain.name, "SECURE": secure.name, "BY_ARN": secure.arn, "AGAIN": plain.name } }),
        &["PLAIN", "SECURE", "BY_ARN", "AGAIN"],
    );
    run.run().ended(0);
    assert_eq!(value(&run, "PLAIN"), "a b");
    assert_eq!(value(&run, "SECURE"), "s3cret");
    assert_eq!(value(&run, "BY_ARN"), "s3cret");
    assert_eq!(value(&run, "AGAIN"), "a b");
}

/// The API takes ten names at once.
#[test]
fn more_parameters_than_one_call_takes_are_resolved() {
    let kept: Vec<_> = (0..12)
        .map(|number| Kept::parameter(&format!("many-{number}"), "String", &number.to_string()))
        .collect();
    let names: Vec<_> = (0..12).map(|number| format!("N{number}")).collect();
    let block: serde_json::Map<_, _> = names
        .iter()
        .zip(&kept)
        .map(|(name, kept)| (name.clone(), json!(kept.name)))
        .collect();
    let run = build(
        &json!({ "parameter-store": block }),
        &names.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    run.run().ended(0);
    for (number, name) in names.iter().enumerate() {
        assert_eq!(value(&run, name), number.to_string());
    }
}

// Reference §1.4.1.
#[test]
fn secrets_are_resolved_by_every_form_of_reference() {
    let secret = Kept::secret("forms", r#"{"user":"old","password":"first"}"#);
    let id = secret.change(r#"{"user":"new","password":"second: \"ü\"\nline"}"#);
    let (name, arn) = (&secret.name, &secret.arn);
    let run = build(
        &json!({ "secrets-manager": {
            "WHOLE": name,
            "KEY": format!("{name}:user"),
            "OTHER_KEY": format!("{name}:password"),
            "STAGE": format!("{name}:user:AWSPREVIOUS"),
            "WHOLE_STAGE": format!("{name}::AWSPREVIOUS"),
            "ID": format!("{name}:user::{id}"),
            "ARN": arn,
            "ARN_KEY": format!("{arn}:user"),
            "ARN_ALL": format!("{arn}:user:AWSPREVIOUS:"),
        } }),
        &[
            "WHOLE",
            "KEY",
            "OTHER_KEY",
            "STAGE",
            "WHOLE_STAGE",
            "ID",
            "ARN",
            "ARN_KEY",
            "ARN_ALL",
        ],
    );
    run.run().ended(0);
    let whole = r#"{"user":"new","password":"second: \"ü\"\nline"}"#;
    for (variable, found) in [
        ("WHOLE", whole),
        ("KEY", "new"),
        ("OTHER_KEY", "second: \"ü\"\nline"),
        ("STAGE", "old"),
        ("WHOLE_STAGE", r#"{"user":"old","password":"first"}"#),
        ("ID", "new"),
        ("ARN", whole),
        ("ARN_KEY", "new"),
        ("ARN_ALL", "old"),
    ] {
        assert_eq!(value(&run, variable), found, "{variable}");
    }
}

/// `environmentVariables` of a project have the same forms as values.
#[test]
fn references_of_a_project_are_resolved_and_shown_as_references() {
    let parameter = Kept::parameter("of-project", "String", "from-parameter");
    let secret = Kept::secret("of-project", "from-secret");
    let project = json!({ "environment": { "environmentVariables": [
        { "name": "P", "value": parameter.name, "type": "PARAMETER_STORE" },
        { "name": "S", "value": secret.name, "type": "SECRETS_MANAGER" },
    ] } });
    let run = build(&json!({ "exported-variables": ["P", "S"] }), &["P", "S"])
        .file("project.json", &project.to_string());
    let file = run.source_path().join("project.json");
    let run = run.arg("-p").arg(file.to_str().unwrap());
    let outcome = run.run().ended(0);
    assert_eq!(value(&run, "P"), "from-parameter");
    assert_eq!(value(&run, "S"), "from-secret");
    assert_eq!(
        outcome.result["environment"]["environmentVariables"],
        json!([
            { "name": "P", "value": parameter.name, "type": "PARAMETER_STORE" },
            { "name": "S", "value": secret.name, "type": "SECRETS_MANAGER" },
        ])
    );
    // Reference §2.8: what is configured on the project so is not exportable.
    assert_eq!(outcome.result["exportedEnvironmentVariables"], json!([]));
}

// Reference §2.9.
#[test]
fn a_missing_parameter_fails_download_source_by_name() {
    let run = build(
        &json!({ "parameter-store": { "KEY": "/understudy-test/none" } }),
        &["KEY"],
    );
    let outcome = refused(&run, 2, "variable `KEY`", "`--secret KEY=FILE`");
    let (code, message) = outcome.context("DOWNLOAD_SOURCE");
    assert_eq!(code, "CLIENT_ERROR");
    assert!(
        message.starts_with("Parameter does not exist: /understudy-test/none"),
        "{message}"
    );
    assert_eq!(
        outcome.phases()[3..],
        [
            "DOWNLOAD_SOURCE FAILED",
            "FINALIZING SUCCEEDED",
            "COMPLETED"
        ]
    );
}

// Reference §2.9: the code is written with spaces.
#[test]
fn a_missing_secret_fails_download_source_by_name() {
    let run = build(
        &json!({ "secrets-manager": { "KEY": "understudy-test/none:user" } }),
        &["KEY"],
    );
    let outcome = refused(&run, 2, "variable `KEY`", "`--secret KEY=FILE`");
    let (code, message) = outcome.context("DOWNLOAD_SOURCE");
    assert_eq!(code, "Secrets Manager Error");
    assert!(
        message.starts_with("ResourceNotFoundException: "),
        "{message}"
    );
    assert_eq!(outcome.phases()[3], "DOWNLOAD_SOURCE FAILED");
}

#[test]
fn what_a_secret_does_not_hold_is_said_in_words_and_without_the_secret() {
    let secret = Kept::secret("shapes", r#"{"user":"hunter2","port":5432}"#);
    let text = Kept::secret("no-json", "hunter2");
    let binary = Kept::binary_secret("binary", "aHVudGVyMg==");
    let (json, text, binary) = (&secret.name, &text.name, &binary.name);
    for (reference, reason) in [
        (format!("{json}:User"), "the secret has no key `User`"),
        (format!("{json}:port"), "is not a string"),
        (format!("{text}:user"), "the secret is no JSON object"),
        (binary.clone(), "the secret is binary"),
        (format!("{json}:user:AWSCURRENT:7f3c"), "by stage and by id"),
        (
            format!("{json}:user::7f3c:x"),
            "4 fields behind the secret's id",
        ),
    ] {
        let run = build(
            &json!({ "secrets-manager": { "KEY": reference } }),
            &["KEY"],
        );
        let outcome = refused(&run, 2, reason, "`-e KEY`");
        assert_eq!(
            outcome.context("DOWNLOAD_SOURCE").0,
            "Secrets Manager Error"
        );
        let told = format!("{}{}", outcome.stdout, outcome.result);
        assert!(
            !told.contains("hunter2") && !told.contains("5432"),
            "{told}"
        );
    }
}

#[test]
fn without_credentials_the_way_out_is_named() {
    for block in ["parameter-store", "secrets-manager"] {
        let run = build(
            &json!({ block: { "KEY": "/understudy-test/none" } }),
            &["KEY"],
        );
        let run = run
            .env("AWS_ACCESS_KEY_ID", "")
            .env("AWS_SECRET_ACCESS_KEY", "")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", "/nonexistent")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
        refused(&run, 2, "cannot be asked", "log in to AWS");
    }
}

#[test]
fn an_aws_that_does_not_answer_is_a_fault() {
    let run = build(
        &json!({ "parameter-store": { "KEY": "/understudy-test/none" } }),
        &["KEY"],
    );
    // Nothing listens on the port of "discard".
    let run = run
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("AWS_MAX_ATTEMPTS", "1");
    refused(
        &run,
        3,
        "Parameter Store does not answer",
        "AWS_ENDPOINT_URL",
    );
}

// Reference §2.8: what is overridden is not even asked for; of one name in two blocks the secret wins.
#[test]
fn a_reference_of_lower_rank_is_not_resolved() {
    let secret = Kept::secret("rank", "resolved");
    let missing = "/understudy-test/none";
    let env = json!({
        "variables": { "TWICE": "plain" },
        "parameter-store": { "BY_PROJECT": missing, "BY_CALLER": missing, "BY_REFERENCE": missing },
        "secrets-manager": { "TWICE": secret.name },
    });
    let project = json!({ "environment": { "environmentVariables": [
        { "name": "BY_PROJECT", "value": "project" },
        { "name": "BY_REFERENCE", "value": secret.name, "type": "SECRETS_MANAGER" },
        { "name": "OF_PROJECT", "value": missing, "type": "PARAMETER_STORE" },
    ] } });
    let names = [
        "TWICE",
        "BY_PROJECT",
        "BY_CALLER",
        "BY_REFERENCE",
        "OF_PROJECT",
    ];
    let run = build(&env, &names).file("project.json", &project.to_string());
    let file = run.source_path().join("project.json");
    let run = run.arg("-p").arg(file.to_str().unwrap());
    let run = run
        .arg("-e")
        .arg("BY_CALLER=caller")
        .arg("-e")
        .arg("OF_PROJECT=caller");
    let outcome = run.run().ended(0);
    let found: Vec<_> = names.iter().map(|name| value(&run, name)).collect();
    assert_eq!(
        found,
        ["resolved", "project", "caller", "resolved", "caller"]
    );
    let warning = warning(&outcome);
    for said in [
        "`BY_CALLER` (Parameter Store",
        "`OF_PROJECT` (Parameter Store",
    ] {
        assert!(warning.contains(said), "{warning}");
    }
    assert!(
        !warning.contains("BY_PROJECT"),
        "only the caller stands in for AWS: {warning}"
    );
}

#[test]
fn people_without_aws_give_values_here_and_are_told_so() {
    let env = json!({
        "parameter-store": { "A": "/app/a", "B": "/app/b" },
        "secrets-manager": { "C": "app:c", "D": "app:d" },
    });
    let run = build(&env, &["A", "B", "C", "D"])
        .file("d.txt", "two\nlines\n\n")
        .file("more.env", "C=from-file\n")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("B", "from-environment");
    let place = |name: &str| run.source_path().join(name).to_str().unwrap().to_owned();
    let (secret, file) = (format!("D={}", place("d.txt")), place("more.env"));
    let run = run.arg("-e").arg("A=typed").arg("-e").arg("B");
    let run = run.arg("--env-file").arg(file).arg("--secret").arg(secret);
    let outcome = run.run().ended(0);
    assert_eq!(value(&run, "A"), "typed");
    assert_eq!(value(&run, "B"), "from-environment");
    assert_eq!(value(&run, "C"), "from-file");
    assert_eq!(value(&run, "D"), "two\nlines\n");
    let warning = warning(&outcome);
    for said in [
        "`A` (Parameter Store `/app/a`)",
        "`B` (Parameter Store `/app/b`)",
        "`C` (Secrets Manager `app:c`)",
        "`D` (Secrets Manager `app:d`)",
    ] {
        assert!(warning.contains(said), "{warning}");
    }
}

#[test]
fn a_secrets_file_that_cannot_be_a_value_is_refused() {
    let run = || Run::new().buildspec("version: 0.2\n");
    for (argument, error) in [
        ("KEY", "`KEY` names no file"),
        ("KEY=", "`KEY=` names no file"),
        ("1KEY=x", "`1KEY` is not a variable's name"),
        ("CODEBUILD_X=x", "are reserved"),
        ("KEY=/nonexistent", "cannot be read"),
        ("KEY=/dev/zero", "is too large for a variable"),
    ] {
        refused(&run().arg("--secret").arg(argument), 2, error, "");
    }
    for (content, error) in [("a\0b", "zero byte"), (&"x".repeat(65537), "is too large")] {
        let run = run().file("value", content);
        let file = run.source_path().join("value");
        let argument = format!("KEY={}", file.display());
        refused(
            &run.arg("--secret").arg(argument),
            2,
            error,
            "at most 65536 bytes",
        );
    }
}

/// Anything that a shell could take for its own.
const HOSTILE: &str = "it's \"$HOME\" `id` \\ !\n\n  ü—日本 $(false)\t'\nEND ";

fn masked_values_reach_commands_whole(shell: Shell) {
    let run = shell.spec(json!({
        "env": { "exported-variables": ["KEY"] },
        "phases": {
            "install": { "commands": ["printf %s \"$KEY\" > first", "export KEY=changed"] },
            "build": { "commands": ["printf %s \"$KEY\" > second", "env | grep -c ^TOKEN= > exported"] },
        },
        "artifacts": { "files": ["first", "second", "exported"] },
    }));
    let run = run.file("value", HOSTILE).env("TOKEN", "token");
    let file = run.source_path().join("value");
    let run = run
        .arg("--secret")
        .arg(format!("KEY={}", file.display()))
        .arg("-e")
        .arg("TOKEN");
    Told::of(run.run()).ended(0);
    assert_eq!(value(&run, "first"), HOSTILE);
    assert_eq!(value(&run, "second"), "changed");
    assert_eq!(value(&run, "exported"), "1\n");
}

const SHELLS_OWN: &str =
    "UID=1000\nEUID=1000\nPPID=1\nIFS=x\nSHELLOPTS=braceexpand\nLINENO=x\nOTHER=there\n";

fn a_shells_own_name_among_masked_ones_stops_nothing(shell: Shell) {
    let run = shell
        .spec(json!({ "phases": { "build": { "commands": ["echo \"$OTHER\" | tr a-z A-Z"] } } }));
    own_names_stop_nothing(run);
}

/// bash ends when one of these is set.
#[test]
fn nor_does_it_where_sh_is_bash() {
    let posix = "#!/bin/bash\nexec /bin/bash --posix \"$@\"\n";
    let image = ImageName::over(
        &dev("UNDERSTUDY_DEV_IMAGE"),
        "sh-is-bash",
        &[("usr/local/bin/sh", posix)],
    );
    let run = Run::new().image(&image.repository).arg("-o").arg("json");
    let command = "test -n \"$BASH\" && echo \"$OTHER\" | tr a-z A-Z";
    let spec = json!({ "version": 0.2, "phases": { "build": { "commands": [command] } } });
    own_names_stop_nothing(run.buildspec(&spec.to_string()));
}

#[track_caller]
fn own_names_stop_nothing(run: Run) {
    let run = run.file("vars.env", SHELLS_OWN);
    let file = run.source_path().join("vars.env");
    let told = Told::of(run.arg("--env-file").arg(file.to_str().unwrap()).run()).ended(0);
    assert_eq!(told.last(), "THERE\n");
}

#[test]
fn masked_values_are_neither_in_the_containers_configuration_nor_in_what_is_told() {
    let parameter = Kept::parameter("unseen", "SecureString", "value-of-parameter");
    let secret = Kept::secret("unseen", "value-of-secret");
    let env = json!({
        "parameter-store": { "P": parameter.name },
        "secrets-manager": { "S": secret.name },
        "exported-variables": ["P", "S", "T", "F", "E", "COPY"],
    });
    let spec = json!({
        "version": 0.2,
        "env": env,
        "phases": { "build": { "commands": [
            "COPY=$S",
            "echo \"ready: ${#P} ${#S} ${#T} ${#F} ${#E}\"",
            "while [ ! -e go ]; do sleep 0.05; done",
        ] } },
        "cache": { "paths": ["unseen/*"] },
    });
    let run = with_aws(Run::new().buildspec(&spec.to_string()))
        .file("f", "value-of-file\n")
        .file("e.env", "E=value-of-env-file\n")
        .env("T", "value-of-environment")
        .arg("-o")
        .arg("json");
    let place = |name: &str| run.source_path().join(name).to_str().unwrap().to_owned();
    let (file, env_file) = (format!("F={}", place("f")), place("e.env"));
    let run = run
        .arg("-e")
        .arg("T")
        .arg("--secret")
        .arg(file)
        .arg("--env-file")
        .arg(env_file);
    // The copy of the source holds them, of course.
    let mut live = Live::start(&run);
    live.until_output("ready: 18 15 20 13 17");
    let build = live.directory("");
    let container = format!(
        "understudy-{}",
        build.file_name().unwrap().to_string_lossy()
    );
    let inspected = docker(&["inspect", &container]);
    assert!(inspected.contains("CODEBUILD_BUILD_ID="), "{inspected}");
    let given = live.directory("tmp/given.sh");
    assert_eq!(
        fs::read_to_string(given).unwrap(),
        "",
        "emptied before the first command"
    );
    live.touch("go");
    let told = live.wait().ended(0);
    let events = fs::read_to_string(build.join("events.jsonl")).unwrap();
    let result = told.outcome.result.to_string();
    let all = format!("{:?}", told.events);
    for seen in [&inspected, &events, &result, &all, &told.outcome.stderr] {
        assert!(!seen.contains("value-of-"), "{seen}");
    }
    let exported = told.outcome.result["exportedEnvironmentVariables"]
        .as_array()
        .unwrap();
    assert!(
        exported.len() == 6 && exported.iter().all(|one| one["value"] == "***"),
        "{exported:?}"
    );
}

// Reference §5.2, row 11.
#[test]
fn codebuilds_log_says_that_parameters_are_decrypted() {
    let parameter = Kept::parameter("logged", "String", "v");
    let secret = Kept::secret("logged", "v");
    let line = "Decrypting parameter store environment variables";
    let run = build(
        &json!({ "parameter-store": { "P": parameter.name } }),
        &["P"],
    )
    .arg("-o")
    .arg("codebuild");
    let outcome = run.run().ended(0);
    let lines: Vec<_> = outcome.stdout.lines().collect();
    let at = lines
        .iter()
        .position(|found| found.ends_with(line))
        .expect("the line");
    assert!(
        lines[at - 1].ends_with("Processing environment variables"),
        "{lines:?}"
    );
    let run = build(&json!({ "secrets-manager": { "S": secret.name } }), &["S"])
        .arg("-o")
        .arg("codebuild");
    assert!(!run.run().ended(0).stdout.contains(line));
}

#[test]
fn a_plan_shows_what_would_be_resolved_and_asks_nobody() {
    let run = build(
        &json!({ "parameter-store": { "P": "/app/p", "GIVEN": "/app/g" }, "secrets-manager": { "S": "app:s" } }),
        &[],
    );
    let output = planned(run.source_path(), &["-e", "GIVEN=here"]);
    let preview: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        preview["references"],
        json!([
            { "name": "P", "store": "parameterStore", "reference": "/app/p" },
            { "name": "S", "store": "secretsManager", "reference": "app:s" },
        ])
    );
    assert_eq!(preview["environment"]["P"], "***");
    assert_eq!(preview["environment"]["GIVEN"], "***");
}

#[test]
fn a_plan_refuses_what_is_no_reference() {
    let run = build(
        &json!({ "secrets-manager": { "S": "app:k:stage:id" } }),
        &[],
    );
    let output = planned(run.source_path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        error.contains("variable `S` cannot be resolved from `app:k:stage:id`"),
        "{error}"
    );
}

fn planned(source: &Path, arguments: &[&str]) -> std::process::Output {
    Command::new(program())
        .arg("plan")
        .arg(source)
        .args(["-i", "any"])
        .args(arguments)
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .output()
        .unwrap()
}

#[test]
fn a_value_that_stands_in_for_a_secret_is_hidden_however_it_is_given() {
    let spec = "
version: 0.2
env: {secrets-manager: {TOK: 'my/secret:token'}}
phases: {build: {commands: ['echo \"is $TOK\"']}}
";
    let run = Run::new()
        .buildspec(spec)
        .arg("-e")
        .arg("TOK=supersecretvalue");
    run.run().ended(0).says("is ***");
}
