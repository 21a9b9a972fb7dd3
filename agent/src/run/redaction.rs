//! What a build must not tell: its secrets, in any form, in any event.

use indexmap::IndexSet;
use redact::{Redactor, SHORTEST};

use crate::model::{BuildRequest, Edit, EventKind, Visibility};

/// Knows the secrets of a build.
#[derive(Debug, Default)]
pub(super) struct Redaction {
    redactor: Redactor,
    /// Names of secrets that are too short to be taken out.
    short: IndexSet<String>,
    /// How many of them were named.
    named: usize,
}

impl Redaction {
    /// Learns secrets: name and value.
    pub(super) fn learn<'s>(&mut self, secrets: impl IntoIterator<Item = (&'s str, &'s str)>) {
        let mut values = Vec::new();
        for (name, value) in secrets {
            if !value.trim().is_empty() && value.trim().len() < SHORTEST {
                self.short.insert(name.to_owned());
            }
            values.push(value);
        }
        self.redactor.add(values);
    }

    /// Takes the next piece of a build's output; returns what may be told of it by now.
    pub(super) fn output(&mut self, text: &str) -> Option<String> {
        let mut out = Vec::with_capacity(text.len());
        self.redactor.push(text.as_bytes(), &mut out);
        told(out)
    }

    /// Returns what is held of the output, because something else is to be told.
    pub(super) fn rest(&mut self) -> Option<String> {
        let mut out = Vec::new();
        self.redactor.flush(&mut out);
        told(out)
    }

    /// Takes secrets out of an event's texts.
    pub(super) fn clean(&self, kind: &mut EventKind) {
        self.clean_each(|edit| kind.edit_texts(edit));
    }

    /// Takes secrets out of the texts that `edit_texts` hands over.
    pub(super) fn clean_each(&self, edit_texts: impl FnOnce(&mut Edit<'_>)) {
        edit_texts(&mut |text, longest| {
            let cut = longest.is_some_and(|longest| text.chars().count() >= longest);
            let clean = if cut {
                self.redactor.redact_cut(text)
            } else {
                self.redactor.redact(text)
            };
            if clean != *text {
                *text = clean.into_owned();
            }
        });
    }

    /// Returns the warning, once for each, that some secrets are too short, and its next step.
    pub(super) fn warning(&mut self) -> Option<(String, String)> {
        let names: Vec<&str> = self
            .short
            .iter()
            .skip(self.named)
            .map(String::as_str)
            .collect();
        if names.is_empty() {
            return None;
        }
        self.named = self.short.len();
        let message = format!(
            "too short to be redacted, with less than {SHORTEST} bytes: `{}`",
            names.join("`, `")
        );
        let help = "make what is a secret longer; give what is none with `-e NAME=VALUE`";
        Some((message, help.to_owned()))
    }
}

/// Pieces are whole characters, and so is what comes of them.
fn told(out: Vec<u8>) -> Option<String> {
    if out.is_empty() {
        return None;
    }
    let text = String::from_utf8(out);
    Some(text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// Returns the secrets that a request brings, name and value.
pub(super) fn given(request: &BuildRequest) -> impl Iterator<Item = (&str, &str)> {
    let variables = request.variables.iter();
    let masked = variables.filter(|variable| variable.visibility == Visibility::Masked);
    let named = masked.map(|variable| (variable.name.as_str(), variable.value.as_str()));
    hidden(request, named)
}

/// Leaves out those secrets that are none, because the build's own lines say them in any case: a region in an
/// environment file must not make every ARN unreadable.
pub(super) fn hidden<'s>(
    request: &BuildRequest,
    secrets: impl Iterator<Item = (&'s str, &'s str)>,
) -> impl Iterator<Item = (&'s str, &'s str)> {
    let said = [
        &request.project,
        &request.owner.region,
        &request.owner.account,
        &request.image,
        &request.initiator,
    ];
    secrets.filter(move |(_, value)| !said.iter().any(|said| said == value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{TestCase, TestStatus, TestSummary};

    fn knowing(secrets: &[(&str, &str)]) -> Redaction {
        let mut redaction = Redaction::default();
        redaction.learn(secrets.iter().copied());
        redaction
    }

    #[test]
    fn a_report_tells_nothing_of_a_secret_not_even_where_it_was_cut() {
        let redaction = knowing(&[("TOKEN", "hunter2hunter3")]);
        let mut message = "x".repeat(TestCase::LONGEST_MESSAGE - 9);
        message.push_str("hunter2hu");
        let case = TestCase {
            name: "logs in with hunter2hunter3".into(),
            prefix: Some("hunter2hunter3".into()),
            test_suite_name: Some("a hunter2hunter3 b".into()),
            status: TestStatus::Failed,
            duration_in_nano_seconds: 1,
            message: Some(message),
            test_raw_data_path: "out/hunter2hunter3.xml".into(),
        };
        let mut kind = EventKind::TestsCollected {
            group: "hunter2hunter3".into(),
            arn: "arn:aws:codebuild:report/test-hunter2hunter3:1".into(),
            format: "JUNITXML".into(),
            sources: vec!["hunter2hunter3.xml".into()],
            summary: TestSummary::default(),
            failures: vec![case],
        };
        redaction.clean(&mut kind);
        let told = serde_json::to_string(&kind).unwrap();
        assert!(!told.contains("hunter2"), "{told}");
        assert_eq!(told.matches("***").count(), 8, "{told}");
    }

    #[test]
    fn the_names_of_short_secrets_are_told_once() {
        let mut redaction = knowing(&[("A", "12345"), ("B", ""), ("C", "123456"), ("D", "x ")]);
        let (message, _) = redaction.warning().unwrap();
        assert!(message.ends_with("`A`, `D`"), "{message}");
        assert_eq!(redaction.warning(), None);
    }
}
