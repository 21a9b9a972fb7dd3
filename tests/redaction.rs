//! Secrets in what a build prints, writes and names: nothing that leaves the build's own directory has them.

use std::fs;
use std::path::Path;

use crate::support::{Kept, Outcome, Run, Told, dev};

const TOKEN: &str = "s3cr3t/T0ken+\"quoted\"";
const KEY: &str =
    "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\n9w0BAQEFAASCBKcwggSj\n-----END KEY-----";

/// Pieces of the token and of the key that nothing may have, in whatever form.
const LEAKS: [&str; 6] = [
    "s3cr3t", "T0ken", "czNjcjN0", "MIIEvQ", "9w0BAQ", "TUlJRXZR",
];

/// A build that gets the token and a name from a file and the key from the caller's environment.
fn build(buildspec: &str) -> Run {
    let run = Run::new().buildspec(buildspec);
    let file = run.root.path().join("secret.env");
    fs::write(&file, format!("TOKEN={TOKEN}\nPLACE=s3cr3t-place\n")).unwrap();
    let run = run.arg("--env-file").arg(file.to_str().unwrap());
    run.env("SIGNING_KEY", KEY).arg("-e").arg("SIGNING_KEY")
}

/// Checks all that a build told and left, but for its own directory's raw log and working files.
#[track_caller]
fn has_no_secret(outcome: &Outcome) {
    let mut told = vec![
        ("standard output", outcome.stdout.clone()),
        ("standard error", outcome.stderr.clone()),
        ("result", outcome.result.to_string()),
    ];
    assert_eq!(outcome.builds().len(), 1);
    for build in outcome.builds() {
        let journal = fs::read_to_string(build.join("events.jsonl")).unwrap();
        told.push(("journal", journal));
    }
    for (place, text) in told {
        for leak in LEAKS {
            assert!(!text.contains(leak), "{leak} in the {place}:\n{text}");
        }
    }
}

/// Prints the secrets whole, in pieces with a pause, over two commands, encoded, quoted, and in what fails.
const PRINTS: &str = r#"
version: 0.2
env:
  exported-variables: [EXPORTED]
phases:
  build:
    commands:
      - echo "whole $TOKEN end"
      - 'half=$(printf %.9s "$TOKEN"); rest=${TOKEN#"$half"}; printf "%s" "$half"; sleep 0.3; echo "$rest :pieces"'
      - printf "%s" "$half"
      - printf "%s\n" "$rest"
      - printf "%s" "$TOKEN" | base64
      - printf "user:%s" "$TOKEN" | base64
      - printf '{"token":"%s"}\n' "$(printf %s "$TOKEN" | sed 's/"/\\"/g')"
      - echo "$SIGNING_KEY"
      - echo $SIGNING_KEY
      - echo "$SIGNING_KEY" | tail -n 3
      - printf "%s" "$SIGNING_KEY" | base64
      - set -x; true "$TOKEN"; set +x
      - export -p | grep -e TOKEN -e KEY
      - export EXPORTED="value $TOKEN"
      - echo "id AKIAIOSFODNN7EXAMPLE."
      - mkdir -p "dir-$PLACE" && cd "dir-$PLACE"
      - false "typed s3cr3t/T0ken+\"quoted\""
"#;

#[test]
fn nothing_that_a_build_prints_has_a_secret_for_people() {
    let run = build(PRINTS);
    let outcome = run.run().ended(1);
    has_no_secret(&outcome);
    for shown in [
        "whole *** end",
        "*** :pieces",
        r#"{"token":"***"}"#,
        "id ***.",
    ] {
        assert!(
            outcome.stdout.contains(shown),
            "{shown}\n{}",
            outcome.stdout
        );
    }
}

// Reference §2.8 [DOC]: "***" in place of secrets and of access key ids.
#[test]
fn nothing_that_a_build_prints_has_a_secret_in_codebuilds_log() {
    let run = build(PRINTS).arg("-o").arg("codebuild");
    let outcome = run.run().ended(1);
    has_no_secret(&outcome);
    let shown = "Running command false \"typed ***\"";
    assert!(outcome.stdout.contains(shown), "{}", outcome.stdout);
}

#[test]
fn no_event_and_no_result_has_a_secret_and_the_raw_log_is_only_its_owners() {
    let run = build(PRINTS).arg("-o").arg("json");
    let told = Told::of(run.run()).ended(1);
    has_no_secret(&told.outcome);
    let exported = &told.outcome.result["exportedEnvironmentVariables"][0]["value"];
    assert_eq!(exported, "value ***");
    let (_, message) = told.outcome.context("BUILD");
    assert!(message.contains("typed ***"), "{message}");
    // The build did print it.
    assert!(String::from_utf8_lossy(&told.log).contains(TOKEN));
    let mode = |path: &Path| {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).unwrap().permissions().mode() & 0o077
    };
    assert_eq!(mode(&told.outcome.builds()[0]), 0);
}

#[test]
fn a_report_and_an_artifact_named_by_a_secret_do_not_tell_it() {
    let spec = r#"
version: 0.2
phases:
  build:
    commands:
      - mkdir out
      - 'escaped=$(printf %s "$TOKEN" | sed "s/\"/\&quot;/g")'
      - 'printf "<testsuite name=\"login\"><testcase name=\"with %s\"><failure message=\"refused %s\">token was %s</failure></testcase></testsuite>" "$escaped" "$escaped" "$escaped" > out/login.xml'
      - touch "out/$PLACE.txt"
reports:
  unit:
    files: out/*.xml
artifacts:
  files: "out/$PLACE.txt"
  name: build-$PLACE
  secondary-artifacts:
    other:
      files: "**/*"
      base-directory: out
      name: $PLACE
"#;
    let run = build(spec).arg("-o").arg("codebuild");
    let outcome = run.run().ended(0);
    has_no_secret(&outcome);
    let failure = &outcome.result["understudy"]["reports"][0]["failures"][0];
    assert_eq!(failure["name"], "with ***");
    let message = failure["message"].as_str().unwrap();
    assert!(message.contains("token was ***"), "{message}");
    let shown = "Expanding out/***.txt";
    assert!(outcome.stdout.contains(shown), "{}", outcome.stdout);
}

#[test]
fn a_secret_that_is_too_short_is_named_once_and_not_hidden() {
    let run = Run::new().buildspec(
        "version: 0.2\nphases:\n  build:\n    commands: ['echo \"port $PORT $DEBUG\"']\n",
    );
    let file = run.root.path().join("short.env");
    fs::write(&file, "PORT=8080\nDEBUG=true\nEMPTY=\n").unwrap();
    let outcome = run
        .arg("--env-file")
        .arg(file.to_str().unwrap())
        .run()
        .ended(0);
    assert!(
        outcome.stdout.contains("port 8080 true"),
        "{}",
        outcome.stdout
    );
    let warnings = outcome.result["understudy"]["warnings"].as_array().unwrap();
    let messages: Vec<_> = warnings
        .iter()
        .filter_map(|warning| warning["message"].as_str())
        .collect();
    assert_eq!(
        messages,
        ["too short to be redacted, with less than 6 bytes: `PORT`, `DEBUG`"]
    );
}

// Reference §1.4 [DOC]: values from Parameter Store and Secrets Manager are masked. They are known only when the build has begun.
#[test]
fn what_is_resolved_from_aws_is_hidden_as_well() {
    let parameter = Kept::parameter("printed", "SecureString", "s3cr3t-of-parameter");
    let secret = Kept::secret("printed", "{\"password\":\"s3cr3t/T0ken of secret\"}");
    let spec = format!(
        r#"
version: 0.2
env:
  parameter-store: {{ P: "{}" }}
  secrets-manager: {{ S: "{}:password" }}
phases:
  build:
    commands:
      - echo "p $P s $S"
      - printf "user:%s" "$S" | base64
"#,
        parameter.name, secret.name
    );
    let run = Run::new()
        .buildspec(&spec)
        .env("AWS_ENDPOINT_URL", dev("UNDERSTUDY_DEV_AWS"))
        .env("AWS_ACCESS_KEY_ID", "caller")
        .env("AWS_SECRET_ACCESS_KEY", "callers-secret-key");
    let outcome = run.run().ended(0);
    has_no_secret(&outcome);
    assert!(outcome.stdout.contains("p *** s ***"), "{}", outcome.stdout);
}
