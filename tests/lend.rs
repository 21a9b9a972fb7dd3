//! AWS credentials for the build (reference §2.11): none, the caller's, or a role's.
//!
//! What is secret in a build is read from its files: in the log it would be masked.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Live, Run, Told, User, dev, docker, poll, refused};

const NETWORK: &str = "understudy-lend";
const WHO: &str = "aws sts get-caller-identity --query Arn --output text";
const ROLE: &str = "arn:aws:iam::123456789012:role/understudy-test/build";

/// A build that tells its events.
fn build(user: &User, commands: &[&str]) -> Run {
    plain(user, commands).arg("-o").arg("json")
}

/// A build on an image with the AWS CLI, of a caller with credentials. The stand-in is named to both.
fn plain(user: &User, commands: &[&str]) -> Run {
    let spec = json!({ "version": 0.2, "phases": { "build": { "commands": commands } } });
    let run = Run::new()
        .image(&dev("UNDERSTUDY_DEV_IMAGE"))
        .buildspec(&spec.to_string());
    run.env("AWS_ENDPOINT_URL", dev("UNDERSTUDY_DEV_AWS"))
        .env("AWS_ACCESS_KEY_ID", &user.key_id)
        .env("AWS_SECRET_ACCESS_KEY", &user.secret_key)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .arg("-e")
        .arg(format!(
            "AWS_ENDPOINT_URL={}",
            dev("UNDERSTUDY_DEV_AWS_FROM_BUILD")
        ))
        .arg("-e")
        .arg("AWS_EC2_METADATA_DISABLED=true")
}

/// A command that asks the endpoint as curl does, and leaves the answer's status.
fn status(arguments: &str) -> String {
    format!("curl --silent --output /dev/null --write-out '%{{http_code}}\\n' {arguments}")
}

const TOKEN: &str = "-H \"Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN\"";
const URI: &str = "\"$AWS_CONTAINER_CREDENTIALS_FULL_URI\"";

/// Leaves address and token where the test finds them, and waits to be told to go on.
const SHOW_AND_WAIT: &str = "printf '%s %s' \"$AWS_CONTAINER_CREDENTIALS_FULL_URI\" \"$AWS_CONTAINER_AUTHORIZATION_TOKEN\" > lent; touch ready; while [ ! -e go ]; do sleep 0.05; done";

/// What the build that waits was lent: address and token.
fn lent(live: &Live<'_>) -> (String, String) {
    let text = fs::read_to_string(live.written("lent")).unwrap();
    let (uri, token) = text.split_once(' ').unwrap();
    (uri.to_owned(), token.to_owned())
}

/// Waits for a file that a command leaves. What it prints may be held back, as the beginning of a secret.
#[track_caller]
fn until_there(live: &Live<'_>, name: &str) {
    poll("the command is there", || live.written(name).exists());
}

fn go_on(live: &Live<'_>) {
    live.touch("go");
}

#[test]
fn a_build_is_the_caller_where_it_is_lent_the_callers_credentials() {
    let user = User::new("caller");
    let told = Told::of(build(&user, &[WHO]).arg("--aws").run()).ended(0);
    assert_eq!(told.last().trim(), user.arn);
}

// Reference §2.11: the name of the session.
#[test]
fn a_build_is_the_role_that_it_is_lent() {
    let user = User::new("assumer");
    let told = Told::of(build(&user, &[WHO]).arg("--role-arn").arg(ROLE).run()).ended(0);
    let id = told.outcome.result["id"].as_str().unwrap();
    let (_, uuid) = id.split_once(':').unwrap();
    let session = format!("/AWSCodeBuild-{uuid}");
    let who = told.last();
    assert!(
        who.starts_with("arn:aws:sts::123456789012:assumed-role/"),
        "{who}"
    );
    assert!(who.trim().ends_with(&session), "{who}");
}

#[test]
fn without_a_word_a_build_has_nothing_of_the_callers() {
    let user = User::new("none");
    let names = "env | grep ^AWS_ | cut -d= -f1 | sort | tr '\\n' ' '";
    let told = Told::of(build(&user, &[names, WHO]).run()).ended(1);
    let outputs = told.outputs();
    assert!(
        !outputs[0].contains("CREDENTIALS") && !outputs[0].contains("KEY"),
        "{outputs:?}"
    );
    assert!(
        outputs[1].contains("Unable to locate credentials"),
        "{outputs:?}"
    );
}

#[test]
fn only_one_path_is_served_and_only_for_the_token() {
    let user = User::new("token");
    let commands = [
        status(&format!("{TOKEN} {URI}")),
        status(URI),
        status(&format!("-H 'Authorization: wrong' {URI}")),
        status(&format!(
            "-H \"Authorization: ${{AWS_CONTAINER_AUTHORIZATION_TOKEN}}x\" {URI}"
        )),
        status(&format!("-X POST {TOKEN} {URI}")),
        status(&format!(
            "{TOKEN} \"${{AWS_CONTAINER_CREDENTIALS_FULL_URI%/*}}\""
        )),
        // More than a head may have.
        status(&format!(
            "-H \"X: $(head -c 20000 /dev/zero | tr '\\0' x)\" {TOKEN} {URI}"
        )),
    ];
    let commands: Vec<_> = commands.iter().map(String::as_str).collect();
    let told = Told::of(build(&user, &commands).arg("--aws").run()).ended(0);
    assert_eq!(
        told.outputs(),
        [
            "200\n", "401\n", "401\n", "401\n", "404\n", "404\n", "431\n"
        ]
    );
}

#[test]
fn the_token_is_only_good_in_the_builds_network() {
    let user = User::new("elsewhere");
    let run = build(&user, &[SHOW_AND_WAIT]).arg("--aws");
    let live = Live::start(&run);
    until_there(&live, "ready");
    let (uri, token) = lent(&live);
    let header = format!("Authorization: {token}");
    let ask = |network: &str| {
        let image = dev("UNDERSTUDY_DEV_IMAGE");
        let mut command = Command::new("docker");
        command.args([
            "run",
            "--rm",
            "--network",
            network,
            &image,
            "curl",
            "--silent",
        ]);
        let answer = command
            .args(["--max-time", "10", "-H", &header, &uri])
            .output()
            .unwrap();
        String::from_utf8_lossy(&answer.stdout).into_owned()
    };
    assert!(ask(NETWORK).contains(&user.key_id), "the token is good");
    assert_eq!(ask("bridge"), "");
    assert_eq!(ask("host"), "");
    go_on(&live);
    live.wait().ended(0);
}

#[test]
fn nothing_that_is_lent_is_told_or_configured() {
    let user = User::new("unseen");
    let print = format!("echo $AWS_CONTAINER_AUTHORIZATION_TOKEN; curl --silent {TOKEN} {URI}");
    let run = build(&user, &[SHOW_AND_WAIT, &print, WHO]).arg("--aws");
    let live = Live::start(&run);
    until_there(&live, "ready");
    let (uri, token) = lent(&live);
    let build = live.directory("");
    let container = format!(
        "understudy-{}",
        build.file_name().unwrap().to_string_lossy()
    );
    let inspected = docker(&["inspect", &container]);
    assert!(
        inspected.contains(&uri),
        "the address is no secret: {inspected}"
    );
    go_on(&live);
    let told = live.wait().ended(0);
    let events = fs::read_to_string(build.join("events.jsonl")).unwrap();
    let (result, all) = (
        told.outcome.result.to_string(),
        format!("{:?}", told.events),
    );
    for seen in [&inspected, &events, &result, &all, &told.outcome.stderr] {
        for secret in [&token, &user.key_id, &user.secret_key] {
            assert!(!seen.contains(secret.as_str()), "{secret} in {seen}");
        }
    }
}

/// Writes a program that gives other credentials each time, and counts; they last as long as given.
fn process(folder: &Path, seconds: u32) -> String {
    let counter = folder.join("counter");
    fs::write(&counter, "").unwrap();
    let program = folder.join("credentials");
    let counter = counter.display();
    let text = format!(
        "#!/bin/sh\necho >> {counter}\n\
         printf '{{\"Version\":1,\"AccessKeyId\":\"KEY%s\",\"SecretAccessKey\":\"secret\",\"SessionToken\":\"session\",\"Expiration\":\"%s\"}}' \
         $(wc -l < {counter}) $(date -u -d '+{seconds} seconds' +%Y-%m-%dT%H:%M:%SZ)\n"
    );
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let config = folder.join("config");
    let text = format!(
        "[profile short]\ncredential_process = {}\n",
        program.display()
    );
    fs::write(&config, text).unwrap();
    config.to_str().unwrap().to_owned()
}

/// Runs a build whose caller has the credentials of that program; returns it, and what the endpoint answered each time.
fn lent_by_process(seconds: u32, commands: &[&str]) -> (Run, Vec<Value>) {
    let user = User::new(&format!("process-{seconds}"));
    let ask = format!("ask() {{ curl --silent {TOKEN} {URI}; }}; mkdir -p answers");
    let commands: Vec<_> = commands
        .iter()
        .map(|command| format!("{ask}; {command}"))
        .collect();
    let run = build(
        &user,
        &commands.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let config = process(run.root.path(), seconds);
    let run = run
        .env("AWS_ACCESS_KEY_ID", "")
        .env("AWS_SECRET_ACCESS_KEY", "")
        .env("AWS_CONFIG_FILE", config)
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .env("AWS_PROFILE", "short")
        .arg("--aws");
    let live = Live::start(&run);
    until_there(&live, "asked");
    let mut answers: Vec<_> = fs::read_dir(live.written("answers"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    answers.sort();
    let answers = answers
        .iter()
        .map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
        .collect();
    go_on(&live);
    live.wait().ended(0);
    (run, answers)
}

const WAIT: &str = "touch asked; while [ ! -e go ]; do sleep 0.05; done";

#[test]
fn credentials_that_end_are_replaced_while_the_build_runs() {
    let change = "ask > answers/1; cp answers/1 answers/2; while grep -q KEY1 answers/2; do sleep 0.1; ask > answers/2; done";
    let (_run, answers) = lent_by_process(6, &[change, WAIT]);
    assert_eq!(answers[0]["AccessKeyId"], "KEY1");
    assert_eq!(answers[1]["AccessKeyId"], "KEY2");
    assert!(
        answers[0]["Expiration"].as_str() < answers[1]["Expiration"].as_str(),
        "{answers:?}"
    );
}

#[test]
fn credentials_that_last_are_asked_for_once() {
    let (run, answers) =
        lent_by_process(3600, &["for n in 1 2 3; do ask > answers/$n; done", WAIT]);
    assert_eq!(answers.len(), 3);
    for answer in &answers {
        assert_eq!(answer["AccessKeyId"], "KEY1");
        assert_eq!(answer["SecretAccessKey"], "secret");
        assert_eq!(answer["Token"], "session");
    }
    let asked = fs::read_to_string(run.root.path().join("counter")).unwrap();
    assert_eq!(asked.lines().count(), 1);
}

#[test]
fn two_builds_at_once_are_each_lent_their_own() {
    let (one, other) = (User::new("one"), User::new("other"));
    let commands = [SHOW_AND_WAIT, WHO];
    let (first_run, second_run) = (
        build(&one, &commands).arg("--aws"),
        build(&other, &commands).arg("--aws"),
    );
    let (first, second) = (Live::start(&first_run), Live::start(&second_run));
    until_there(&first, "ready");
    until_there(&second, "ready");
    let ((first_uri, _), (second_uri, second_token)) = (lent(&first), lent(&second));
    assert_ne!(first_uri, second_uri);
    let header = format!("Authorization: {second_token}");
    let image = dev("UNDERSTUDY_DEV_IMAGE");
    let answer = docker(&[
        "run",
        "--rm",
        "--network",
        NETWORK,
        &image,
        "curl",
        "--silent",
        "-H",
        &header,
        &first_uri,
    ]);
    assert!(answer.contains("not that of this build"), "{answer}");
    go_on(&first);
    assert_eq!(first.wait().ended(0).last().trim(), one.arn);
    // The network that the first build leaves is the second's too.
    go_on(&second);
    assert_eq!(second.wait().ended(0).last().trim(), other.arn);
    poll(
        "the network is gone, or another test's build is in it",
        || {
            let found = Command::new("docker")
                .args([
                    "network",
                    "inspect",
                    NETWORK,
                    "--format",
                    "{{len .Containers}}",
                ])
                .output()
                .unwrap();
            !found.status.success() || String::from_utf8_lossy(&found.stdout).trim() != "0"
        },
    );
}

#[test]
fn containers_of_two_builds_do_not_reach_each_other() {
    let user = User::new("apart");
    let serve = "hostname -i > address; python3 -m http.server 8000 >/dev/null 2>&1 & touch ready; while [ ! -e go ]; do sleep 0.05; done";
    let run = build(&user, &[serve]).arg("--aws");
    let live = Live::start(&run);
    until_there(&live, "ready");
    let address = fs::read_to_string(live.written("address")).unwrap();
    let url = format!("http://{}:8000/", address.trim());
    let from_host = || {
        Command::new("curl")
            .args(["--silent", "--max-time", "5", &url])
            .output()
            .unwrap()
    };
    poll("the server answers", || from_host().status.success());
    let image = dev("UNDERSTUDY_DEV_IMAGE");
    let mut other = Command::new("docker");
    other.args([
        "run",
        "--rm",
        "--network",
        NETWORK,
        &image,
        "curl",
        "--silent",
        "--max-time",
        "2",
        &url,
    ]);
    assert!(
        !other.output().unwrap().status.success(),
        "one build reached the other"
    );
    go_on(&live);
    live.wait().ended(0);
}

#[test]
fn without_credentials_there_is_nothing_to_lend() {
    let user = User::new("nothing");
    let run = plain(&user, &[WHO])
        .env("AWS_ACCESS_KEY_ID", "")
        .env("AWS_SECRET_ACCESS_KEY", "")
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .arg("--aws");
    let outcome = refused(
        &run,
        2,
        "the AWS credentials that the build is to be lent cannot be had",
        "log in to AWS",
    );
    assert_eq!(outcome.context("PROVISIONING").0, "CLIENT_ERROR");
}

#[test]
fn a_role_that_cannot_be_assumed_is_named() {
    let user = User::new("refused");
    let run = || plain(&user, &[WHO]);
    // Nothing listens on the port of "discard".
    let dead = run()
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("AWS_MAX_ATTEMPTS", "1");
    let outcome = refused(
        &dead.arg("--role-arn").arg(ROLE),
        2,
        &format!("role `{ROLE}` cannot be assumed"),
        "sts:AssumeRole",
    );
    assert_eq!(outcome.context("PROVISIONING").0, "CLIENT_ERROR");
    refused(
        &run().arg("--role-arn").arg("build"),
        2,
        "`build` is not a role's ARN",
        "arn:aws:iam::ACCOUNT:role/NAME",
    );
}

/// As with an engine in a virtual machine: the network's address is not here.
#[test]
fn where_the_address_cannot_be_listened_at_the_way_out_is_named() {
    let user = User::new("far");
    let run = plain(&user, &[WHO]).arg("--aws").under(&[
        "unshare",
        "--net",
        "sh",
        "-c",
        "ip link set lo up; exec \"$@\"",
        "sh",
    ]);
    let outcome = refused(
        &run,
        2,
        "169.254.170.2 is no address of this machine",
        "`-e AWS_ACCESS_KEY_ID",
    );
    assert!(
        outcome.stdout.contains("-e AWS_SESSION_TOKEN`"),
        "{}",
        outcome.stdout
    );
    assert_eq!(outcome.phases()[2], "PROVISIONING FAILED");
}
