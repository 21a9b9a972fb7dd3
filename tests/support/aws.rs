//! The stand-in for AWS, asked by hand: what is kept there for a test, and gone with it.

use std::process::Command;

use serde_json::{Value, json};

use super::setup::dev;

/// Something that is kept in AWS; gone with the test.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Its name, which no other process uses.
    pub(crate) name: String,
    /// Its ARN.
    pub(crate) arn: String,
    /// What takes it away: the operation and its input.
    end: (&'static str, Value),
}

impl Kept {
    /// A parameter of a type, `String` or `SecureString`.
    pub(crate) fn parameter(subject: &str, kind: &str, value: &str) -> Self {
        let name = format!("/understudy-test/{}/{subject}", std::process::id());
        ask(
            "AmazonSSM.PutParameter",
            &json!({ "Name": name, "Value": value, "Type": kind, "Overwrite": true }),
        );
        Self {
            arn: format!("arn:aws:ssm:us-east-1:123456789012:parameter{name}"),
            end: ("AmazonSSM.DeleteParameter", json!({ "Name": name })),
            name,
        }
    }

    /// A secret of text.
    pub(crate) fn secret(subject: &str, text: &str) -> Self {
        Self::new_secret(subject, &json!({ "SecretString": text }))
    }

    /// A secret of bytes, given in base64.
    pub(crate) fn binary_secret(subject: &str, base64: &str) -> Self {
        Self::new_secret(subject, &json!({ "SecretBinary": base64 }))
    }

    fn new_secret(subject: &str, content: &Value) -> Self {
        let name = format!("understudy-test/{}/{subject}", std::process::id());
        let mut input = content.clone();
        input["Name"] = json!(name);
        let made = ask("secretsmanager.CreateSecret", &input);
        let end = json!({ "SecretId": name, "ForceDeleteWithoutRecovery": true });
        Self {
            name,
            arn: made["ARN"].as_str().unwrap().to_owned(),
            end: ("secretsmanager.DeleteSecret", end),
        }
    }

    /// Gives a secret another text; returns the new version's id.
    pub(crate) fn change(&self, text: &str) -> String {
        let input = json!({ "SecretId": self.name, "SecretString": text });
        let changed = ask("secretsmanager.PutSecretValue", &input);
        changed["VersionId"].as_str().unwrap().to_owned()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // No judgement here: a panic during a panic would hide the first one.
        let _answer = post(self.end.0, &self.end.1);
    }
}

/// A user with an access key; gone with the test.
#[derive(Debug)]
pub(crate) struct User {
    /// Its ARN.
    pub(crate) arn: String,
    /// The id of its access key.
    pub(crate) key_id: String,
    /// The key itself.
    pub(crate) secret_key: String,
    name: String,
}

impl User {
    /// A user of a name that no other process uses.
    pub(crate) fn new(subject: &str) -> Self {
        let name = format!("understudy-test-{}-{subject}", std::process::id());
        let made = iam(&format!("Action=CreateUser&UserName={name}"));
        let key = iam(&format!("Action=CreateAccessKey&UserName={name}"));
        Self {
            arn: element(&made, "Arn"),
            key_id: element(&key, "AccessKeyId"),
            secret_key: element(&key, "SecretAccessKey"),
            name,
        }
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let (name, key) = (&self.name, &self.key_id);
        let _answer = iam(&format!(
            "Action=DeleteAccessKey&UserName={name}&AccessKeyId={key}"
        ));
        let _answer = iam(&format!("Action=DeleteUser&UserName={name}"));
    }
}

/// IAM speaks forms and XML.
fn iam(form: &str) -> String {
    curl("iam", &["--data", &format!("{form}&Version=2010-05-08")])
}

fn element(xml: &str, name: &str) -> String {
    let inner = xml.split_once(&format!("<{name}>")).map(|(_, rest)| rest);
    let inner = inner.and_then(|rest| rest.split_once('<'));
    inner
        .unwrap_or_else(|| panic!("no {name} in {xml}"))
        .0
        .to_owned()
}

/// Asks for an operation, `Service.Operation`, of the services that speak JSON.
#[track_caller]
pub(crate) fn ask(operation: &str, input: &Value) -> Value {
    let answer = post(operation, input);
    assert!(answer["__type"].is_null(), "{operation}: {answer}");
    answer
}

/// The same, whatever is answered.
pub(crate) fn post(operation: &str, input: &Value) -> Value {
    let service = match operation.split_once('.') {
        Some(("AmazonSSM", _)) => "ssm",
        Some((target, _)) if target.starts_with("AmazonEC2ContainerRegistry") => "ecr",
        Some((target, _)) if target.starts_with("AmazonEC2ContainerService") => "ecs",
        _ => "secretsmanager",
    };
    let text = curl(
        service,
        &[
            "--header",
            "Content-Type: application/x-amz-json-1.1",
            "--header",
            &format!("X-Amz-Target: {operation}"),
            "--data",
            &input.to_string(),
        ],
    );
    if text.trim().is_empty() {
        return Value::Null;
    }
    serde_json::from_str(&text).unwrap_or_else(|_| json!({ "__type": text }))
}

/// The stand-in reads the service and the region from the signature's scope, and checks no signature.
fn curl(service: &str, arguments: &[&str]) -> String {
    let scope = format!(
        "Authorization: AWS4-HMAC-SHA256 Credential=test/20200101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    let output = Command::new("curl")
        .arg("--silent")
        .arg(dev("UNDERSTUDY_DEV_AWS"))
        .args(["--header", &scope])
        .args(arguments)
        .output()
        .expect("curl is there; run `make up`");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
